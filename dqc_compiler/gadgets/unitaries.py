"""What the gates of the vocabulary are, exactly: rotations, two-body rotations and phases."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import atan2, pi
from typing import NamedTuple

from dqc_compiler.gadgets.frames import (
    IDENTITY,
    PAULI_VECTOR,
    Quaternion,
    gate_rotation,
    multiply,
    rotation,
)
from dqc_compiler.gadgets.gates import GATE_AXES
from dqc_compiler.ir import Operation

Run = tuple[Operation, ...]
"""Gates in program order."""

_PHASE: dict[str, float] = {  # of a gate without angles, relative to its rotation
    "id": 0.0, "x": pi / 2, "y": pi / 2, "z": pi / 2, "h": pi / 2, "s": pi / 4, "sdg": -pi / 4,
    "t": pi / 8, "tdg": -pi / 8, "sx": pi / 4, "sxdg": -pi / 4, "rx": 0.0, "ry": 0.0, "rz": 0.0,
}  # fmt: skip


def one_qubit_phase(name: str, parameters: tuple[float, ...]) -> float:
    """The phase by which a one-qubit gate differs from its rotation `frames.gate_rotation`."""
    if name == "p":
        return parameters[0] / 2
    if name == "u":
        return (parameters[1] + parameters[2]) / 2
    return _PHASE[name]


def phase_of(run: Iterable[Operation]) -> float:
    """The phase by which one-qubit gates on one qubit differ from their rotations."""
    return sum(one_qubit_phase(gate.name, gate.parameters) for gate in run)


def product_of(run: Iterable[Operation], start: Quaternion = IDENTITY) -> Quaternion:
    """The rotation `start`, and then one-qubit gates on one qubit."""
    for gate in run:
        start = multiply(gate_rotation(gate.name, gate.parameters), start)
    return start


def sign_phase(wanted: Quaternion, found: Quaternion) -> float:
    """The phase, 0 or pi, between two quaternions of the same rotation."""
    return 0.0 if sum(a * b for a, b in zip(wanted, found, strict=True)) > 0 else pi


def rotation_angle(turn: Quaternion) -> float:
    """The angle of a rotation about the X, Y or Z axis."""
    return 2 * atan2(turn[1] + turn[2] + turn[3], turn[0])


class Interaction(NamedTuple):
    """e^(i phase) exp(-i angle/2 P(x)Q), with rotations by `first` about P and `second` about Q."""

    p: str
    q: str
    angle: float
    first: float
    second: float
    phase: float


@lru_cache(maxsize=65536)
def interaction(name: str, parameters: tuple[float, ...]) -> Interaction:
    """The form of a two-qubit gate of `GATE_AXES`; angles in radians."""
    p, q = GATE_AXES[name]
    if name in ("cx", "cy", "cz"):
        return Interaction(p, q, -pi / 2, pi / 2, pi / 2, pi / 4)
    angle = parameters[0]
    if name == "cp":
        return Interaction(p, q, -angle / 2, angle / 2, angle / 2, angle / 4)
    if name in ("crx", "cry", "crz"):
        return Interaction(p, q, -angle / 2, 0.0, angle / 2, 0.0)
    return Interaction(p, q, angle, 0.0, 0.0, 0.0)


class Controlled(NamedTuple):
    """A unitary of two qubits that leaves the eigenvectors of a Pauli P on the first one alone.

    e^(i phase) (rotation by `angle` about P on the first qubit), and on the second the rotation
    `plus` or `minus`, by the eigenvalue of P. Quaternions keep their sign: it is part of the phase.
    """

    plus: Quaternion = IDENTITY
    minus: Quaternion = IDENTITY
    angle: float = 0.0
    phase: float = 0.0

    def then(self, operation: Operation, first: int) -> Controlled:
        """Append an unconditional gate; `first` is the number of the first qubit.

        The gate's axis on the first qubit must be P.
        """
        name, parameters = operation.name, operation.parameters
        if len(operation.qubits) == 1:
            turn = gate_rotation(name, parameters)
            phase = self.phase + one_qubit_phase(name, parameters)
            if operation.qubits[0] == first:
                angle = self.angle + rotation_angle(turn)
                return Controlled(self.plus, self.minus, angle, phase)
            plus, minus = multiply(turn, self.plus), multiply(turn, self.minus)
            return Controlled(plus, minus, self.angle, phase)
        gate = interaction(name, parameters)
        axis, own, other = gate.q, gate.first, gate.second
        if operation.qubits[0] != first:
            axis, own, other = gate.p, gate.second, gate.first
        vector = PAULI_VECTOR[axis]
        return Controlled(
            multiply(rotation(vector, other + gate.angle), self.plus),
            multiply(rotation(vector, other - gate.angle), self.minus),
            self.angle + own,
            self.phase + gate.phase,
        )
