"""Two interactions of the same two qubits as one, without parameters: the forms that there are.

Let g1 and g2 be about the same Pauli P on qubit 0, with any rotation B of qubit 1 between them.
Where P is +1 or -1, they turn qubit 1 by U+ or U-. With W = U+ U-^-1, a rotation by 2a about some
axis m, U+- = exp(-+i a/2 m) V for one rotation V: a single interaction about P and m, after V.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations, product, takewhile
from math import atan2, hypot, pi, sin
from typing import NamedTuple

from dqc_compiler.gadgets.frames import (
    IDENTITY,
    PAULI_VECTOR,
    Quaternion,
    Vector,
    gate_rotation,
    inverse,
    multiply,
    rotate,
    rotation,
)
from dqc_compiler.gadgets.spelling import (
    NO_ANGLE,
    PARTNERS,
    ROUNDING,
    best_spelling,
    half_turn,
    is_about,
    sign_along,
    spell_local,
    spell_rotation,
)
from dqc_compiler.gadgets.unitaries import (
    Controlled,
    Run,
    phase_of,
    product_of,
    rotation_angle,
    sign_phase,
)
from dqc_compiler.ir import Operation

_MOST_ANGLES = 8
"""So many angles of the inputs are compared with those of the outputs."""


class Sides(NamedTuple):
    """The one-qubit gates right before and right after a place, on the qubits 0 and 1."""

    before: tuple[Run, Run] = ((), ())
    after: tuple[Run, Run] = ((), ())


class Fusion(NamedTuple):
    """What replaces gates on the qubits 0 and 1.

    `before` and `after` say how many gates on either side of the place are replaced as well, those
    nearest to it, for both qubits; `phase` is what the outputs lack. `letter` is the axis of the
    new two-qubit gate on qubit 1, None if none is left.
    """

    outputs: Run
    before: tuple[int, int]
    after: tuple[int, int]
    letter: str | None
    phase: float = 0.0

    @property
    def cost(self) -> tuple[int, int]:
        """What is minimised: the one-qubit gates that are added, then the gates that are lost."""
        replaced = sum(self.before) + sum(self.after)
        return len(self.outputs) - (self.letter is not None) - replaced, replaced


def candidates(letter: str, gates: Run, sides: Sides) -> list[Fusion]:
    """All forms of gates without parameters, without their phases; see `fusing.fuse_gates`."""
    unitary = Controlled()
    for gate in gates:
        unitary = unitary.then(gate, 0)
    quotient = multiply(unitary.plus, inverse(unitary.minus))
    sine = hypot(*quotient[1:])
    as_phase = any(gate.name in ("p", "cp") for gate in gates)
    found: list[Fusion] = []
    if sine < NO_ANGLE:
        # Opposite signs of U+ and U- are the Pauli P.
        angle = unitary.angle + (pi if quotient[0] < 0 else 0.0)
        found += _without_gate(letter, angle, unitary.plus, sides, as_phase=as_phase)
    else:
        axis: Vector = (quotient[1] / sine, quotient[2] / sine, quotient[3] / sine)
        angle = atan2(sine, quotient[0])
        for split in _splits(letter, axis, angle, unitary.plus):
            found += _with_gate(letter, unitary.angle, split, sides, as_phase=as_phase)
    return found


def finished(form: Fusion, gates: Run, sides: Sides) -> Fusion:
    """A form with its phase."""
    form = form._replace(outputs=_without_rounding(form.outputs, gates))
    return form._replace(phase=_missing_phase(gates, form, sides))


def _without_rounding(outputs: Run, gates: Run) -> Run:
    """The outputs with the angles that people expect: those of the inputs, twice, half, or sums."""
    angles = [angle for gate in gates for angle in gate.parameters][:_MOST_ANGLES]
    known = [factor * angle for angle in angles for factor in (1, -1, 2, -2, 0.5, -0.5)]
    known += [a + sign * b for a, b in combinations(angles, 2) for sign in (1, -1)]

    def nearest(angle: float) -> float:
        return next((value for value in known if abs(value - angle) < ROUNDING), angle)

    return tuple(
        [gate._replace(parameters=tuple(map(nearest, gate.parameters))) for gate in outputs]
    )


class _Split(NamedTuple):
    """On qubit 1: the rotation `before`, the interaction, the rotation `after`."""

    before: Quaternion
    letter: str
    angle: float
    after: Quaternion


def _splits(letter: str, axis: Vector, angle: float, plus: Quaternion) -> Iterator[_Split]:
    """Ways to write an interaction about `letter` and `axis` after a rotation.

    The rotation follows from U+, here `plus`. If the axis is replaced by a Pauli axis that is equal
    up to rounding, the rotation must follow from that one: near a multiple of pi, an axis is known
    much less exactly than U+.
    """
    found, sine = False, sin(angle)
    first = multiply(rotation(axis, -angle), plus)
    earlier_axis = rotate(inverse(first), axis)
    for partner in PARTNERS[letter]:
        vector = PAULI_VECTOR[partner]
        if sign := sign_along(axis, partner, weight=sine):
            found = True
            rest = multiply(rotation(vector, -sign * angle), plus)
            yield _Split(rest, partner, sign * angle, IDENTITY)
            if is_about(rest, partner):
                continue  # it may stand on either side
        if sign := sign_along(earlier_axis, partner, weight=sine):
            found = True
            rest = multiply(plus, rotation(vector, -sign * angle))
            yield _Split(IDENTITY, partner, sign * angle, rest)
    for partner in "" if found else PARTNERS[letter]:
        turn, sign = half_turn(partner, axis)
        yield _Split(multiply(inverse(turn), first), partner, sign * angle, turn)
        turn, sign = half_turn(partner, earlier_axis)
        yield _Split(turn, partner, sign * angle, multiply(first, inverse(turn)))


def _nearest(run: Iterable[Operation], letter: str) -> int:
    """How many gates of a run, from its start, are rotations about an axis."""
    commuting = takewhile(lambda g: is_about(gate_rotation(g.name, g.parameters), letter), run)
    return sum(1 for _ in commuting)


def last_of(run: Run, count: int) -> Run:
    """The gates at the end of a run."""
    return run[len(run) - count :]


class _Side(NamedTuple):
    """Rotations about one axis next to the place: how many are taken, and their angle."""

    before: int
    after: int
    angle: float


def _sides_about(letter: str, before: Run, after: Run) -> list[_Side]:
    """Take none of them, or all of them."""
    count = _nearest(reversed(before), letter), _nearest(after, letter)
    sides = [_Side(0, 0, 0.0)]
    if any(count):
        turn = product_of((*last_of(before, count[0]), *after[: count[1]]))
        sides.append(_Side(*count, rotation_angle(turn)))
    return sides


def _rotations(qubit: int, letter: str, angle: float, *, as_phase: bool) -> list[Operation]:
    return [
        Operation(name, (qubit,), parameters)
        for name, parameters in spell_rotation(letter, angle, as_phase=as_phase)
    ]


def _locals(turn: Quaternion, *, as_phase: bool) -> list[Operation]:
    return [
        Operation(name, (1,), parameters)
        for name, parameters in spell_local(turn, as_phase=as_phase)
    ]


def _without_gate(
    letter: str, angle: float, turn: Quaternion, sides: Sides, *, as_phase: bool
) -> Iterator[Fusion]:
    """The interaction has vanished: a rotation about `letter` by `angle`, and `turn` on qubit 1."""
    before, after = sides.before[1], sides.after[1]
    takes = {(0, 0), (len(before), len(after))}
    takes |= {(_nearest(reversed(before), pauli), _nearest(after, pauli)) for pauli in "XYZ"}
    for own, (first, last) in product(
        _sides_about(letter, sides.before[0], sides.after[0]), sorted(takes)
    ):
        whole = product_of(after[:last], multiply(turn, product_of(last_of(before, first))))
        outputs = [
            *_rotations(0, letter, angle + own.angle, as_phase=as_phase),
            *_locals(whole, as_phase=as_phase),
        ]
        yield Fusion(tuple(outputs), (own.before, first), (own.after, last), None)


def _with_gate(
    letter: str, angle: float, split: _Split, sides: Sides, *, as_phase: bool
) -> Iterator[Fusion]:
    """One two-qubit gate; `angle` of the rotation about `letter` on qubit 0."""
    before, after = sides.before[1], sides.after[1]
    first, last = split.before, split.after
    taken = [0, 0]
    # A rotation that does not commute with the gate merges with all its neighbours.
    if not is_about(first, split.letter):
        taken[0] = len(before)
        first = multiply(first, product_of(before))
        before = ()
    if not is_about(last, split.letter):
        taken[1] = len(after)
        last = product_of(after, last)
        after = ()
    inner = 0.0  # about the gate's axis on qubit 1
    if is_about(first, split.letter):
        inner, first = rotation_angle(first), IDENTITY
    if is_about(last, split.letter):
        inner, last = inner + rotation_angle(last), IDENTITY
    is_free = not first == last == IDENTITY
    for own, other in product(
        _sides_about(letter, sides.before[0], sides.after[0]),
        _sides_about(split.letter, before, after),
    ):
        spelling = best_spelling(
            letter,
            split.letter,
            split.angle,
            angle + own.angle,
            inner + other.angle,
            free="second" if is_free else "",
        )
        qubits = (1, 0) if spelling.is_swapped else (0, 1)
        rest = rotation(PAULI_VECTOR[split.letter], spelling.second)
        beside: list[Operation] = []
        left, right = first, last
        if last != IDENTITY:
            right = multiply(last, rest)
        elif first != IDENTITY:
            left = multiply(rest, first)
        else:
            beside = _rotations(1, split.letter, spelling.second, as_phase=as_phase)
        outputs = [
            *_locals(left, as_phase=as_phase),
            Operation(spelling.gate[0], qubits, spelling.gate[1]),
            *_rotations(0, letter, spelling.first, as_phase=as_phase),
            *beside,
            *_locals(right, as_phase=as_phase),
        ]
        yield Fusion(
            tuple(outputs),
            (own.before, taken[0] + other.before),
            (own.after, taken[1] + other.after),
            split.letter,
        )


def _missing_phase(gates: Run, fusion: Fusion, sides: Sides) -> float:
    """The phase of the inputs relative to that of the outputs."""
    wanted, found = Controlled(), Controlled()
    for gate in (*last_of(sides.before[1], fusion.before[1]), *gates):
        wanted = wanted.then(gate, 0)
    for gate in last_of(sides.before[0], fusion.before[0]):  # these commute with everything
        wanted = wanted.then(gate, 0)
    for run, count in zip(sides.after, fusion.after, strict=True):
        for gate in run[:count]:
            wanted = wanted.then(gate, 0)
    for gate in fusion.outputs:
        found = found.then(gate, 0)
    half_angle = (wanted.angle - found.angle) / 2
    return wanted.phase - found.phase - half_angle + sign_phase(wanted.plus, found.plus)


class Merger(NamedTuple):
    """At most one gate for several on qubit 0, and the phase that it lacks."""

    outputs: Run
    phase: float


def merged(run: Run) -> Merger:
    """One-qubit gates without parameters as at most one."""
    as_phase = any(gate.name == "p" for gate in run)
    whole = product_of(run)
    outputs = tuple(
        Operation(name, (0,), parameters)
        for name, parameters in spell_local(whole, as_phase=as_phase)
    )
    found = product_of(outputs)
    return Merger(outputs, phase_of(run) - phase_of(outputs) + sign_phase(whole, found))
