"""Rows of gates on a few qubits over the IR's vocabulary, and their matrices."""

from __future__ import annotations

import cmath
import math
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dqc_compiler.ir.circuit import TWO_QUBIT_GATES

Matrix = npt.NDArray[Any]  # of complex numbers

PAULIS: dict[str, Matrix] = {
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]], dtype=complex),
    "Z": np.array([[1, 0], [0, -1]], dtype=complex),
}
SWAP: Matrix = np.eye(4, dtype=complex)[[0, 2, 1, 3]]
_SQRT_X = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
_FIXED: dict[str, Matrix] = {
    "id": np.eye(2, dtype=complex),
    "x": PAULIS["X"],
    "y": PAULIS["Y"],
    "z": PAULIS["Z"],
    "h": (PAULIS["X"] + PAULIS["Z"]) / math.sqrt(2),
    "s": np.diag([1, 1j]),
    "sdg": np.diag([1, -1j]),
    "t": np.diag([1, cmath.exp(0.25j * math.pi)]),
    "tdg": np.diag([1, cmath.exp(-0.25j * math.pi)]),
    "sx": _SQRT_X,
    "sxdg": _SQRT_X.conj(),
    "swap": SWAP,
}
FIXED_ONE_QUBIT_GATES = tuple(name for name in _FIXED if name not in ("id", "swap"))

TINY = 4 * sys.float_info.epsilon  # of an angle relative to itself: what rounding may have left


class Row(NamedTuple):
    """A gate, or a barrier, on local qubits."""

    name: str
    qubits: tuple[int, ...]
    parameters: tuple[float, ...] = ()


class Expansion(NamedTuple):
    """Rows that together do what one gate does, up to the factor exp(i phase)."""

    rows: tuple[Row, ...]
    phase: float = 0.0


def is_multiple(angle: float, period: float) -> bool:
    """Whether `angle` is a multiple of `period` but for rounding.

    The margin is relative: an angle of 1e-18 is not zero, because a circuit may mean it.
    """
    return abs(math.remainder(angle, period)) <= TINY * abs(angle)


def rotation(name: str, angle: float) -> Expansion:
    """A gate of one angle on qubits 0 (and 1), without two-qubit gates where none is needed.

    Multiples of a half turn are left out or become Pauli gates.
    """
    if name in ("p", "cp"):
        qubits = (0,) if name == "p" else (0, 1)
        return Expansion(() if is_multiple(angle, math.tau) else (Row(name, qubits, (angle,)),))
    if name in ("crx", "cry", "crz"):
        if not is_multiple(angle, math.tau):
            return Expansion((Row(name, (0, 1), (angle,)),))
        return Expansion(() if is_multiple(angle, 2 * math.tau) else (Row("z", (0,)),))
    if is_multiple(angle, math.tau):
        return Expansion((), 0.0 if is_multiple(angle, 2 * math.tau) else math.pi)
    if len(name) == 3 and is_multiple(angle, math.pi):
        paulis = tuple(Row(letter, (qubit,)) for qubit, letter in enumerate(name[1:]))
        return Expansion(paulis, -math.pi / 2 * math.sin(angle / 2))
    return Expansion((Row(name, tuple(range(len(name) - 1)), (angle,)),))


def general_rotation(theta: float, phi: float, lam: float) -> Expansion:
    """The gate `u` on qubit 0, left out where it does nothing."""
    if is_multiple(theta, math.tau) and is_multiple(phi + lam, math.tau):
        return Expansion((), 0.0 if is_multiple(theta, 2 * math.tau) else math.pi)
    return Expansion((Row("u", (0,), (theta, phi, lam)),))


def two_qubit_count(rows: Sequence[Row], *, swap_is_free: bool) -> int:
    """Two-qubit gates; a swap counts as none where it is a relabelling, otherwise as three."""
    return sum(
        (0 if swap_is_free else 3) if row.name == "swap" else row.name in TWO_QUBIT_GATES
        for row in rows
    )


def gate_matrix(name: str, parameters: Sequence[float] = ()) -> Matrix:
    """Matrix (2, 2), or (4, 4) with the first operand as the high digit of the index."""
    if name in _FIXED:
        return _FIXED[name]
    if name == "u":
        return _u_matrix(*parameters)
    if name in ("cx", "cy", "cz"):
        return _controlled(PAULIS[name[1].upper()])
    angle = parameters[0]
    if name == "p":
        return np.diag([1, cmath.exp(1j * angle)])
    if name == "cp":
        return np.diag([1, 1, 1, cmath.exp(1j * angle)])
    if name in ("crx", "cry", "crz"):
        return _controlled(_exponential(PAULIS[name[2].upper()], angle))
    if len(name) == 3:
        paulis = np.kron(PAULIS[name[1].upper()], PAULIS[name[2].upper()])
        return _exponential(paulis, angle)
    return _exponential(PAULIS[name[1].upper()], angle)


def pair_matrix(rows: Sequence[Row]) -> Matrix:
    """Matrix (4, 4) of rows on the qubits 0 and 1; barriers do nothing."""
    result: Matrix = np.eye(4, dtype=complex)
    for row in rows:
        if row.name == "barrier":
            continue
        matrix = gate_matrix(row.name, row.parameters)
        if row.qubits == (0,):
            matrix = np.kron(matrix, _FIXED["id"])
        elif row.qubits == (1,):
            matrix = np.kron(_FIXED["id"], matrix)
        elif row.qubits == (1, 0):
            matrix = SWAP @ matrix @ SWAP
        result = matrix @ result
    return result


def _exponential(pauli: Matrix, angle: float) -> Matrix:
    identity: Matrix = np.eye(len(pauli), dtype=complex)
    return math.cos(angle / 2) * identity - 1j * math.sin(angle / 2) * pauli


def _controlled(matrix: Matrix) -> Matrix:
    result: Matrix = np.eye(4, dtype=complex)
    result[2:, 2:] = matrix
    return result


def _u_matrix(theta: float, phi: float, lam: float) -> Matrix:
    cos, sin = math.cos(theta / 2), math.sin(theta / 2)
    return np.array(
        [
            [cos, -cmath.exp(1j * lam) * sin],
            [cmath.exp(1j * phi) * sin, cmath.exp(1j * (phi + lam)) * cos],
        ]
    )
