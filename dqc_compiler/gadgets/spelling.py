"""From a rotation to the gate that people would write for it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import atan2, hypot, pi, remainder
from typing import NamedTuple

from dqc_compiler.gadgets.frames import PAULI_VECTOR, Quaternion, Vector, gate_rotation
from dqc_compiler.gadgets.unitaries import rotation_angle

NO_ANGLE = 1e-11
"""Angles below this (radians) are rounding: products of a few rotations are exact to 1e-14."""

_DENOMINATORS = (1, 2, 3, 4, 6, 8, 16, 32, 64)
_COMMON_DENOMINATOR = 192
ROUNDING = 1e-13
"""Angles that differ by less (radians) are the same number."""

_BY_TURN: dict[str, dict[int, str]] = {  # angle in units of pi/4
    "X": {4: "x", 2: "sx", -2: "sxdg"},
    "Y": {4: "y"},
    "Z": {4: "z", 2: "s", -2: "sdg", 1: "t", -1: "tdg"},
}

Gate = tuple[str, tuple[float, ...]]
"""Name and angles."""


@lru_cache(maxsize=65536)
def clean(angle: float) -> float:
    """The multiple of pi by a small fraction that `angle` is up to rounding, or `angle` itself."""
    if not is_zero(angle, pi / _COMMON_DENOMINATOR):
        return angle
    for denominator in _DENOMINATORS:
        exact = round(angle * denominator / pi) * pi / denominator
        if abs(exact - angle) < ROUNDING:
            return exact
    return angle


def is_zero(angle: float, period: float) -> bool:
    """Whether `angle` is a multiple of `period`."""
    return abs(remainder(angle, period)) < NO_ANGLE


def sign_along(axis: Vector, pauli: str, *, weight: float = 1.0) -> int:
    """+1 or -1 if a unit vector is plus or minus a Pauli axis, 0 otherwise.

    A rotation by a small angle says little about its axis, and it matters little: `weight` is the
    sine of the angle.
    """
    component = sum(a * b for a, b in zip(axis, PAULI_VECTOR[pauli], strict=True))
    sign = 1 if component > 0 else -1
    gap = max(abs(a - sign * b) for a, b in zip(axis, PAULI_VECTOR[pauli], strict=True))
    return sign if gap * weight < NO_ANGLE else 0


def is_about(turn: Quaternion, pauli: str) -> bool:
    """Whether a rotation is one about the axis `pauli`, so that it commutes with it."""
    x, y, z = PAULI_VECTOR[pauli]
    return abs(turn[1]) * (1 - x) + abs(turn[2]) * (1 - y) + abs(turn[3]) * (1 - z) < NO_ANGLE


def spell_rotation(pauli: str, angle: float, *, as_phase: bool) -> list[Gate]:
    """A rotation about a Pauli axis as at most one gate, up to phase.

    Args:
        pauli: "X", "Y" or "Z".
        angle: radians.
        as_phase: write `p` for an angle about Z without a name of its own, not `rz`.
    """
    if is_zero(angle, 2 * pi):
        return []
    angle = clean(remainder(angle, 2 * pi))
    turns = round(angle * 4 / pi)
    name = _BY_TURN[pauli].get(4 if turns == -4 else turns)
    if name is not None and abs(angle - turns * pi / 4) < NO_ANGLE:
        return [(name, ())]
    return [("p" if as_phase and pauli == "Z" else f"r{pauli.lower()}", (angle,))]


def spell_local(turn: Quaternion, *, as_phase: bool) -> list[Gate]:
    """Any rotation as at most one gate, up to phase; `u` if there is no other name."""
    for pauli in "ZXY":
        if is_about(turn, pauli):
            return spell_rotation(pauli, rotation_angle(turn), as_phase=as_phase)
    w, x, y, z = turn
    if _near(turn, gate_rotation("h", ())):
        return [("h", ())]
    theta = 2 * atan2(hypot(x, y), hypot(w, z))
    half_sum, half_difference = atan2(z, w), atan2(-x, y)
    return [
        ("u", (clean(theta), clean(half_sum + half_difference), clean(half_sum - half_difference)))
    ]


def _near(a: Quaternion, b: Quaternion) -> bool:
    sign = 1 if a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3] > 0 else -1
    return all(abs(s - sign * t) < NO_ANGLE for s, t in zip(a, b, strict=True))


class Spelling(NamedTuple):
    """A two-qubit gate, and the rotations about its axes that are missing beside it."""

    gate: Gate
    is_swapped: bool  # the gate's first qubit is the second one
    first: float
    second: float


_TURNS = (0, -1, 1)  # of pi: exp(-i pi/2 P(x)Q) is a half turn of each qubit
ROTATIONS = {"XX": "rxx", "YY": "ryy", "ZZ": "rzz", "ZX": "rzx", "ZY": "rzy"}
"""Axes of both qubits -> gate of one angle."""

PARTNERS: dict[str, str] = {"Z": "ZXY", "X": "ZX", "Y": "ZY"}
"""Axis on one qubit -> axes on the other for which the vocabulary has a gate, preferred first."""


def spellings(p: str, q: str, angle: float, first: float, second: float) -> Iterator[Spelling]:
    """All gates for exp(-i angle/2 P(x)Q) with rotations about P and Q, preferred ones first.

    Args:
        p: axis on the first qubit.
        q: axis on the second qubit, one of `PARTNERS[p]`.
        angle: radians, not a multiple of pi.
        first: angle of the rotation about P.
        second: angle of the rotation about Q.
    """
    controls = [False] * (p == "Z") + [True] * (q == "Z" and p != "Z")
    if is_zero(angle - pi / 2, pi):
        half_turns = round((angle + pi / 2) / pi) * pi - pi / 2
        for swapped in controls:
            name = "c" + (p if swapped else q).lower()
            yield Spelling((name, ()), swapped, first + half_turns, second + half_turns)
    if p == q == "Z":
        phase = clean(remainder(-2 * angle, 2 * pi))
        half_turns = round((angle + phase / 2) / pi) * pi - phase / 2
        yield Spelling(("cp", (phase,)), False, first + half_turns, second + half_turns)
    for turns in _TURNS:
        part = clean(remainder(angle - turns * pi, 4 * pi))
        swapped = p + q not in ROTATIONS
        name = ROTATIONS[q + p if swapped else p + q]
        yield Spelling((name, (part,)), swapped, first + turns * pi, second + turns * pi)
    for swapped in [False] * (p == "Z") + [True] * (q == "Z"):
        name = "cr" + (p if swapped else q).lower()
        for turns in _TURNS:
            part = clean(remainder(-2 * (angle - turns * pi), 4 * pi))
            own, other = turns * pi, turns * pi - part / 2
            rest = (first + other, second + own) if swapped else (first + own, second + other)
            yield Spelling((name, (part,)), swapped, *rest)


def best_spelling(
    p: str, q: str, angle: float, first: float, second: float, *, free: str = ""
) -> Spelling:
    """The gate that leaves the fewest rotations beside it; the arguments are as for `spellings`.

    Args:
        p: axis on the first qubit.
        q: axis on the second qubit.
        angle: of the interaction.
        first: angle on the first qubit.
        second: angle on the second qubit.
        free: the qubit, "first" or "second", where a rotation costs no gate.
    """
    best, best_cost = None, (3, 3)
    for spelling in spellings(p, q, angle, first, second):
        is_left = not is_zero(spelling.first, 2 * pi), not is_zero(spelling.second, 2 * pi)
        rest = is_left[0] + is_left[1]
        if not rest:
            return spelling
        cost = rest - (is_left[0] if free == "first" else is_left[1] if free else 0), rest
        if cost < best_cost:
            best, best_cost = spelling, cost
    assert best is not None
    return best


def half_turn(pauli: str, axis: Vector) -> tuple[Quaternion, int]:
    """The half turn that exchanges a unit vector and a Pauli axis or its opposite, and which."""
    px, py, pz = PAULI_VECTOR[pauli]
    # Of the two the nearer one: between opposite vectors no line is half-way.
    sign = 1 if axis[0] * px + axis[1] * py + axis[2] * pz > 0 else -1
    x, y, z = axis[0] + sign * px, axis[1] + sign * py, axis[2] + sign * pz
    length = hypot(x, y, z)
    return (0.0, x / length, y / length, z / length), sign
