"""Two interactions of the same two qubits as one: the arithmetic of the pass `fuse`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import takewhile

from dqc_compiler.gadgets.fusing_forms import (
    Fusion,
    Merger,
    Sides,
    candidates,
    finished,
    last_of,
    merged,
)
from dqc_compiler.gadgets.lifting import depends, lifted
from dqc_compiler.gadgets.spelling import ROTATIONS
from dqc_compiler.gadgets.unitaries import Run, interaction
from dqc_compiler.ir import Angle, Operation


@lru_cache(maxsize=16384)
def fuse_gates(letter: str, gates: Run, sides: Sides) -> Fusion | None:
    """Replace gates that are all about one axis on qubit 0 by at most one, and rotations.

    None if that has angles that are not affine in the parameters; never None for gates that are
    about one axis on qubit 1, too.

    Args:
        letter: the axis, "X", "Y" or "Z".
        gates: what is to be replaced, on the qubits 0 and 1.
        sides: one-qubit gates that may be replaced, too, where that saves gates.
    """
    if depends(gates, *sides.before, *sides.after):
        forms = _lifted_candidates(letter, gates, sides)
        return min(forms, key=lambda form: form.cost, default=None)
    best = min(candidates(letter, gates, sides), key=lambda form: form.cost)
    return finished(best, gates, sides)


@lru_cache(maxsize=16384)
def merge_run(run: Run) -> Merger | None:
    """One-qubit gates on qubit 0 as at most one.

    None if it has angles that are not affine in the parameters.
    """
    if depends(run):
        return next(iter(lifted(lambda runs: [merged(runs[0])], (run,), lambda _: run)), None)
    return merged(run)


def _lifted_candidates(letter: str, gates: Run, sides: Sides) -> Iterator[Fusion]:
    """All forms; those on each side that stand in the way of others are left alone, too."""
    for kept in dict.fromkeys((sides, _without_parameters(sides), Sides())):

        def replaced(form: Fusion, kept: Sides = kept) -> Run:
            before = zip(kept.before, form.before, strict=True)
            after = zip(kept.after, form.after, strict=True)
            return (
                *(gate for run, count in before for gate in last_of(run, count)),
                *gates,
                *(gate for run, count in after for gate in run[:count]),
            )

        yield from lifted(
            lambda runs: _all_finished(letter, runs), (gates, *kept.before, *kept.after), replaced
        )
    yield from _summed(letter, gates)


def _all_finished(letter: str, runs: Sequence[Run]) -> list[Fusion]:
    gates, sides = runs[0], Sides((runs[1], runs[2]), (runs[3], runs[4]))
    return [finished(form, gates, sides) for form in candidates(letter, gates, sides)]


def _without_parameters(sides: Sides) -> Sides:
    """The gates up to the first that depends on parameters."""

    def cut(run: Iterable[Operation]) -> Run:
        return tuple(takewhile(lambda gate: not depends((gate,)), run))

    first, second = sides.before
    before = cut(reversed(first))[::-1], cut(reversed(second))[::-1]
    return Sides(before, (cut(sides.after[0]), cut(sides.after[1])))


def _summed(letter: str, gates: Run) -> Iterator[Fusion]:
    """Gates about the same two axes, by the sums of their angles: whatever these are."""
    forms = [interaction(gate.name, gate.parameters) for gate in gates if len(gate.qubits) == 2]
    sides = [gate.qubits == (0, 1) for gate in gates]
    partners = {form.q if own else form.p for form, own in zip(forms, sides, strict=False)}
    angle: float = sum(form.angle for form in forms)
    if len(forms) < len(gates) or len(partners) > 1 or not isinstance(angle, Angle):
        return
    (partner,) = partners
    is_named = letter + partner in ROTATIONS
    pair = letter + partner if is_named else partner + letter
    both = list(zip(forms, sides, strict=True))
    turns = (
        sum(form.first if own else form.second for form, own in both),
        sum(form.second if own else form.first for form, own in both),
    )
    outputs = [Operation(ROTATIONS[pair], (0, 1) if is_named else (1, 0), (angle,))]
    outputs += [
        Operation(f"r{axis.lower()}", (qubit,), (turn,))
        for qubit, (axis, turn) in enumerate(zip((letter, partner), turns, strict=True))
        if turn != 0.0
    ]
    yield Fusion(tuple(outputs), (0, 0), (0, 0), partner, sum(form.phase for form in forms))
