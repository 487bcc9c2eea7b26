"""What each gate of the vocabulary is: a rotation, or a two-body rotation with local ones."""

from __future__ import annotations

from functools import lru_cache
from math import pi
from typing import NamedTuple

from dqc_compiler.verify.rotations import (
    HADAMARD,
    IDENTITY,
    Quaternion,
    Vector,
    X,
    Y,
    Z,
    about,
    half_turn,
    multiply,
)


class TwoBody(NamedTuple):
    """exp(-i angle/2 P(x)Q) with rotations by `first` about P and by `second` about Q.

    The three factors commute. P and Q are the physical axes on the gate's first and second qubit;
    `locals` are the two rotations.
    """

    p: Vector
    q: Vector
    angle: float
    first: float
    second: float
    locals: tuple[Quaternion, Quaternion]


def _two_body(p: Vector, q: Vector, angle: float, first: float, second: float) -> TwoBody:
    return TwoBody(p, q, angle, first, second, (about(p, first), about(q, second)))


_ANGLE_TOLERANCE = 1e-9
_FIXED: dict[str, Quaternion] = {
    "id": IDENTITY,
    "x": half_turn(X),
    "y": half_turn(Y),
    "z": half_turn(Z),
    "h": HADAMARD,
    "s": about(Z, pi / 2),
    "sdg": about(Z, -pi / 2),
    "t": about(Z, pi / 4),
    "tdg": about(Z, -pi / 4),
    "sx": about(X, pi / 2),
    "sxdg": about(X, -pi / 2),
}
_AXIS: dict[str, Vector] = {"rx": X, "ry": Y, "rz": Z, "p": Z}
_CONTROLLED: dict[str, Vector] = {"cx": X, "cy": Y, "cz": Z}
_CONTROLLED_ROTATION: dict[str, Vector] = {"crx": X, "cry": Y, "crz": Z}
_COUPLING: dict[str, tuple[Vector, Vector]] = {
    "rxx": (X, X),
    "ryy": (Y, Y),
    "rzz": (Z, Z),
    "rzx": (Z, X),
    "rzy": (Z, Y),
}


@lru_cache(maxsize=65536)
def rotation(name: str, parameters: tuple[float, ...]) -> Quaternion:
    """The rotation of a one-qubit gate; angles in radians."""
    if not parameters:
        return _FIXED[name]
    if name == "u":
        theta, phi, lam = parameters
        return multiply(about(Z, phi), multiply(about(Y, theta), about(Z, lam)))
    return about(_AXIS[name], parameters[0])


@lru_cache(maxsize=65536)
def two_body(name: str, parameters: tuple[float, ...]) -> TwoBody:
    """The form of a two-qubit gate other than `swap`; angles in radians."""
    if name in _CONTROLLED:
        return _two_body(Z, _CONTROLLED[name], -pi / 2, pi / 2, pi / 2)
    angle = parameters[0]
    if name == "cp":
        return _two_body(Z, Z, -angle / 2, angle / 2, angle / 2)
    if name in _CONTROLLED_ROTATION:
        return _two_body(Z, _CONTROLLED_ROTATION[name], -angle / 2, 0.0, angle / 2)
    p, q = _COUPLING[name]
    return _two_body(p, q, angle, 0.0, 0.0)


def exchanged(gate: TwoBody) -> TwoBody:
    """The same gate with its qubits in the other order."""
    p, q, angle, first, second, (own, other) = gate
    return TwoBody(q, p, angle, second, first, (other, own))


def after_controlled(gate: TwoBody) -> tuple[Quaternion, Quaternion] | None:
    """The local rotations that make the gate out of the controlled Pauli C(P, Q).

    C(P, Q) applies Q where P is -1, which is the same as P where Q is -1. None if the gate is not
    of that kind.
    """
    turns = (gate.angle + pi / 2) / pi
    if abs(turns - round(turns)) * pi > _ANGLE_TOLERANCE:
        return None
    extra = round(turns) % 2 * pi - pi / 2
    return about(gate.p, gate.first + extra), about(gate.q, gate.second + extra)
