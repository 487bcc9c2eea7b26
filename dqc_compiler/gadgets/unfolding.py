"""A two-qubit gate between one-qubit gates, written about another axis."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from dqc_compiler.gadgets.frames import (
    PAULI_VECTOR,
    inverse,
    multiply,
    rotate,
    rotation,
)
from dqc_compiler.gadgets.lifting import depends, lifted
from dqc_compiler.gadgets.spelling import (
    PARTNERS,
    best_spelling,
    is_about,
    sign_along,
    spell_local,
    spell_rotation,
)
from dqc_compiler.gadgets.unitaries import (
    Controlled,
    Interaction,
    Run,
    interaction,
    phase_of,
    product_of,
    rotation_angle,
    sign_phase,
)
from dqc_compiler.ir import Operation


class Unfolding(NamedTuple):
    """The gate about its new axis, and one-qubit gates; `phase` is what they lack."""

    outputs: Run
    phase: float
    is_commuting: bool  # whether what is left on qubit 0 commutes with the gate


def unfold(
    letter: str, before: Run, gate: Operation, after: Run, *, forwards: bool
) -> Unfolding | None:
    """Move the one-qubit gates on one side of a gate to its other side: `h x h` becomes `z`.

    Args:
        letter: the new axis on qubit 0. The gates that are moved must turn it into plus or minus
            the gate's axis, or the other way round.
        before: gates on qubit 0.
        gate: on the qubits 0 and 1.
        after: gates on qubit 0.
        forwards: move those before the gate; otherwise those after it.

    Returns:
        The form with few gates, None if the axes do not fit or have no gate, or angles would not
        be affine in the parameters.
    """
    if depends(before, (gate,), after):

        def made(runs: Sequence[Run]) -> list[Unfolding]:
            found = unfold(letter, runs[0], runs[1][0], runs[2], forwards=forwards)
            return [] if found is None else [found]

        runs = (before, (gate,), after)
        return next(iter(lifted(made, runs, lambda _: (*before, gate, *after))), None)
    form = interaction(gate.name, gate.parameters)
    if gate.qubits[0] == 1:
        form = form._replace(p=form.q, q=form.p, first=form.second, second=form.first)
    return _unfold(letter, before, form, after, forwards=forwards)


@lru_cache(maxsize=16384)
def _unfold(
    letter: str, before: Run, form: Interaction, after: Run, *, forwards: bool
) -> Unfolding | None:
    turn = product_of(before) if forwards else inverse(product_of(after))
    sign = sign_along(rotate(turn, PAULI_VECTOR[letter]), form.p)
    if not sign or form.q not in PARTNERS[letter]:
        return None
    letter_axis, partner = PAULI_VECTOR[letter], PAULI_VECTOR[form.q]
    moved = (*before, *after)
    rest = product_of(moved)
    wanted = Controlled(
        rotation(partner, form.second + sign * form.angle),
        rotation(partner, form.second - sign * form.angle),
        sign * form.first,
        form.phase + phase_of(moved),
    )
    is_commuting = is_about(rest, letter)
    spelling = best_spelling(
        letter,
        form.q,
        sign * form.angle,
        wanted.angle + (rotation_angle(rest) if is_commuting else 0.0),
        form.second,
        free="" if is_commuting else "first",
    )
    as_phase = any(row.name == "p" for row in moved)
    beside = spell_rotation(form.q, spelling.second, as_phase=as_phase)
    gates = (
        Operation(spelling.gate[0], (1, 0) if spelling.is_swapped else (0, 1), spelling.gate[1]),
        *(Operation(name, (1,), parameters) for name, parameters in beside),
    )
    found = Controlled()
    for gate in gates:
        found = found.then(gate, 0)
    signs = sign_phase(wanted.plus, found.plus), sign_phase(wanted.minus, found.minus)
    missing = rotation(letter_axis, wanted.angle - found.angle + signs[1] - signs[0])
    whole = multiply(rest, missing) if forwards else multiply(missing, rest)
    left = tuple(
        Operation(name, (0,), parameters)
        for name, parameters in spell_local(whole, as_phase=as_phase)
    )
    phase = wanted.phase - found.phase + sum(signs) / 2
    phase += sign_phase(whole, product_of(left)) - phase_of(left)
    return Unfolding((*gates, *left) if forwards else (*left, *gates), phase, is_commuting)
