"""Whether the body of a gate definition implements the gate that its name stands for.

A body may be written in many ways, so it is judged by what it does: its matrix, at a few generic
angles, against the matrix of the gate, up to a global phase.
"""

from __future__ import annotations

import re
from cmath import exp
from collections.abc import Sequence
from math import cos, pi, sin

Matrix = list[list[complex]]

_APPLICATION = re.compile(r"([A-Za-z_]\w*)\s*(?:\(([^()]*)\)\s*|\s)([\w\s,]+)\Z")
_ANGLES = (0.7310585, -2.0943911, 5.1)  # generic: no two gates of the vocabulary agree at all three
_TOLERANCE = 1e-9
_PAULI: dict[str, Matrix] = {
    "I": [[1, 0], [0, 1]],
    "X": [[0, 1], [1, 0]],
    "Y": [[0, -1j], [1j, 0]],
    "Z": [[1, 0], [0, -1]],
}
_AXES = {"rxx": "XX", "ryy": "YY", "rzz": "ZZ", "rzx": "ZX", "rzy": "ZY"}


def implements(
    name: str, parameters: Sequence[str], qubits: Sequence[str], body: Sequence[str]
) -> bool:
    """Whether `gate name(parameters) qubits { body }` is the gate called `name`.

    Args:
        name: `dqc_epr`, `u`, `sxdg`, `rxx`, `ryy`, `rzz`, `rzx` or `rzy`.
        parameters: names of the formal parameters.
        qubits: names of the formal qubits.
        body: the statements, without their semicolons.
    """
    if name == "dqc_epr":
        # Opaque: the body only keeps optimisers from removing the gate.
        return len(parameters) == 2 and len(qubits) == 1 and body == [f"h {qubits[0]}"]
    arity = (3, 1) if name == "u" else (0, 1) if name == "sxdg" else (1, 2)
    if (len(set(parameters)), len(set(qubits))) != arity:
        return False
    for k in range(len(_ANGLES)):
        angles = [_ANGLES[(k + i) % len(_ANGLES)] for i in range(len(parameters))]
        actual = _body_matrix(dict(zip(parameters, angles, strict=True)), qubits, body)
        if actual is None or not _equal_up_to_phase(actual, _gate_matrix(name, angles)):
            return False
    return True


def _rotation(axes: str, angle: float) -> Matrix:
    """exp(-i angle/2 P) or exp(-i angle/2 P(x)Q)."""
    product = _PAULI[axes[0]]
    for axis in axes[1:]:
        product = _tensor(product, _PAULI[axis])
    size = range(len(product))
    c, s = cos(angle / 2), -1j * sin(angle / 2)
    return [[c * (i == j) + s * product[i][j] for j in size] for i in size]


def _gate_matrix(name: str, angles: Sequence[float]) -> Matrix:
    if name == "sxdg":
        return _rotation("X", -pi / 2)
    if name == "u":
        theta, phi, lam = angles
        return _times(_rotation("Z", phi), _times(_rotation("Y", theta), _rotation("Z", lam)))
    return _rotation(_AXES[name], angles[0])


def _standard_matrix(name: str, angles: Sequence[float]) -> Matrix | None:
    """Gates of stdgates.inc that a body may use, up to global phase."""
    fixed = {"x": "X", "y": "Y", "z": "Z"}
    phases = {"s": pi / 2, "sdg": -pi / 2, "t": pi / 4, "tdg": -pi / 4}
    if name in fixed and not angles:
        return _PAULI[fixed[name]]
    if name in phases and not angles:
        return _rotation("Z", phases[name])
    if name == "h" and not angles:
        return [[1 / 2**0.5, 1 / 2**0.5], [1 / 2**0.5, -1 / 2**0.5]]
    if name == "sx" and not angles:
        return _rotation("X", pi / 2)
    if name in ("rx", "ry", "rz", "p") and len(angles) == 1:
        return _rotation({"rx": "X", "ry": "Y"}.get(name, "Z"), angles[0])
    if name == "U" and len(angles) == 3:
        return _gate_matrix("u", angles)
    if name in ("cx", "cy", "cz") and not angles:
        pauli = _PAULI[name[1].upper()]
        return [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, *pauli[0]], [0, 0, *pauli[1]]]
    if name == "cp" and len(angles) == 1:
        diagonal = [1, 1, 1, exp(1j * angles[0])]
        return [[diagonal[i] * (i == j) for j in range(4)] for i in range(4)]
    return None


def _body_matrix(
    values: dict[str, float], qubits: Sequence[str], body: Sequence[str]
) -> Matrix | None:
    size = 2 ** len(qubits)
    total: Matrix = [[complex(i == j) for j in range(size)] for i in range(size)]
    for statement in body:
        found = _APPLICATION.match(statement)
        if not found:
            return None
        angles = [_angle(part, values) for part in (found[2] or "").split(",") if part.strip()]
        operands = [part.strip() for part in found[3].split(",")]
        if None in angles or not set(operands) <= set(qubits):
            return None
        gate = _standard_matrix(found[1], [angle for angle in angles if angle is not None])
        if gate is None or len(gate) != 2 ** len(operands) or len(set(operands)) != len(operands):
            return None
        total = _times(_embed(gate, operands, qubits), total)
    return total


def _angle(text: str, values: dict[str, float]) -> float | None:
    """A product or quotient of signed numbers, pi and parameters, as definitions need it."""
    result = 1.0
    for operator, part in re.findall(r"([*/]?)([^*/]+)", text):
        word = part.strip()
        sign = -1.0 if word.startswith("-") else 1.0
        word = word.removeprefix("-").strip()
        value = pi if word == "pi" else values.get(word)
        if value is None:
            try:
                value = float(word)
            except ValueError:
                return None
        if operator == "/" and value == 0:
            return None
        result = result / (sign * value) if operator == "/" else result * sign * value
    return result


def _embed(gate: Matrix, operands: Sequence[str], qubits: Sequence[str]) -> Matrix:
    if list(operands) == list(qubits):
        return gate
    if len(operands) == 1:
        first = operands[0] == qubits[0]
        return _tensor(gate, _PAULI["I"]) if first else _tensor(_PAULI["I"], gate)
    exchange = (0, 2, 1, 3)
    return [[gate[i][j] for j in exchange] for i in exchange]


def _tensor(a: Matrix, b: Matrix) -> Matrix:
    return [[x * y for x in row for y in other] for row in a for other in b]


def _times(a: Matrix, b: Matrix) -> Matrix:
    size = range(len(a))
    return [[sum((a[i][k] * b[k][j] for k in size), 0j) for j in size] for i in size]


def _equal_up_to_phase(a: Matrix, b: Matrix) -> bool:
    overlap = sum(
        (
            complex(y).conjugate() * x
            for r, q in zip(a, b, strict=True)
            for x, y in zip(r, q, strict=True)
        ),
        0j,
    )
    return abs(abs(overlap) - len(a)) < _TOLERANCE
