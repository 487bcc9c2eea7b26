"""Any unitary on one or two qubits, in as few two-qubit factors exp(-i t/2 P(x)Q) as it has.

Source: canonical (Weyl) decomposition of two-qubit gates, Kraus and Cirac 2001 and Zhang et al.
2003, as computed by Qiskit. A gate of operator-Schmidt rank 2 has one factor, `iswap` has one
beside a relabelling, a general gate has three.
"""

from __future__ import annotations

import cmath
import math
from typing import NamedTuple

import numpy as np
from qiskit.synthesis import TwoQubitWeylDecomposition

from dqc_compiler.formats.circuit_rows import (
    FIXED_ONE_QUBIT_GATES,
    PAULIS,
    SWAP,
    Expansion,
    Matrix,
    Row,
    gate_matrix,
    pair_matrix,
    two_qubit_count,
)
from dqc_compiler.ir.circuit import TWO_QUBIT_GATES

_ZERO = 1e-12  # canonical coordinates come out with errors of a few 1e-14
_EXACT = 1e-10  # largest entry by which the rows may miss the matrix


def synthesize_one(matrix: Matrix) -> Expansion:
    """A unitary (2, 2) as at most one gate on qubit 0."""
    rows = _one_qubit(matrix, 0)
    total = gate_matrix(rows[0].name, rows[0].parameters) if rows else np.eye(2)
    return Expansion(rows, cmath.phase(np.vdot(total, matrix)))


def synthesize_two(matrix: Matrix, *, swap_is_free: bool) -> Expansion | None:
    """A unitary (4, 4), first qubit as the high digit, in the fewest two-qubit factors.

    Args:
        matrix: the unitary; what it lacks to be one is corrected.
        swap_is_free: whether a `swap` may be used, which then counts as nothing.

    Returns:
        The rows, or None if they would miss the matrix by more than 1e-10.
    """
    left, _, right = np.linalg.svd(matrix)
    unitary = left @ right
    candidates = [_factors(unitary)]
    if swap_is_free:
        candidates.append([Row("swap", (0, 1)), *_factors(unitary @ SWAP)])
    rows = min(candidates, key=lambda rows: two_qubit_count(rows, swap_is_free=swap_is_free))
    total = pair_matrix(rows)
    phase = cmath.phase(np.vdot(total, unitary))
    if abs(total * cmath.exp(1j * phase) - unitary).max() > _EXACT:
        return None
    return Expansion(tuple(rows), phase)


class _Frame(NamedTuple):
    """A Pauli letter and the rotation that turns it into the axis that is meant."""

    letter: str
    turn: Matrix
    sign: float
    is_turned: bool


def _factors(unitary: Matrix) -> list[Row]:
    weyl = TwoQubitWeylDecomposition(unitary, fidelity=None)
    after = (weyl.K1l, weyl.K1r)
    before = (weyl.K2l, weyl.K2r)
    angles = {"X": -2 * weyl.a, "Y": -2 * weyl.b, "Z": -2 * weyl.c}
    angles = {letter: angle for letter, angle in angles.items() if abs(angle) > _ZERO}
    # The inner gates are pulled through: each factor gets the axes that it has in the circuit.
    outer = [k1 @ k2 for k1, k2 in zip(after, before, strict=True)]
    frames = {
        letter: [_frame(k2.conj().T @ PAULIS[letter] @ k2) for k2 in before] for letter in angles
    }
    if len(angles) == 1:
        letter, angle = angles.popitem()
        return _single_factor(angle, frames[letter], outer)
    if all(_has_name(pair) for pair in frames.values()):
        rows = [_rotation(angles[letter], pair) for letter, pair in frames.items()]
        return [*rows, *_one_qubit(outer[0], 0), *_one_qubit(outer[1], 1)]
    return [
        *_one_qubit(before[0], 0),
        *_one_qubit(before[1], 1),
        *(Row(f"r{letter}{letter}".lower(), (0, 1), (angle,)) for letter, angle in angles.items()),
        *_one_qubit(after[0], 0),
        *_one_qubit(after[1], 1),
    ]


def _single_factor(angle: float, frames: list[_Frame], outer: list[Matrix]) -> list[Row]:
    """exp(-i angle/2 P(x)Q) for the axes of two frames, and then a one-qubit gate on each qubit."""
    if {frame.letter for frame in frames} == {"X", "Y"}:  # has no name of its own
        frames = [_turned_to_x(frame) if frame.letter == "Y" else frame for frame in frames]
    gate = _rotation(angle, frames)
    half_turns = [np.eye(2, dtype=complex)] * 2
    if gate.name[1] == "z" and abs(abs(gate.parameters[0]) - math.pi / 2) < _ZERO:
        # A controlled Pauli, so that Clifford circuits keep looking like ones.
        quarter = math.copysign(math.pi / 2, gate.parameters[0])
        half_turns = [gate_matrix("r" + frame.letter.lower(), [quarter]) for frame in frames]
        gate = Row("c" + gate.name[2], gate.qubits)
    rows: list[Row] = []
    for qubit, frame in enumerate(frames):
        rows.extend(_one_qubit(frame.turn.conj().T, qubit))
    rows.append(gate)
    for qubit, frame in enumerate(frames):
        rows.extend(_one_qubit(outer[qubit] @ frame.turn @ half_turns[qubit], qubit))
    return rows


def _rotation(angle: float, frames: list[_Frame]) -> Row:
    """The rotation about two Pauli letters, whichever way round it has a name."""
    first, second = (frame.letter.lower() for frame in frames)
    signed = angle * frames[0].sign * frames[1].sign
    if f"r{first}{second}" in TWO_QUBIT_GATES:
        return Row(f"r{first}{second}", (0, 1), (signed,))
    return Row(f"r{second}{first}", (1, 0), (signed,))


def _has_name(frames: list[_Frame]) -> bool:
    letters = {frame.letter for frame in frames}
    return letters != {"X", "Y"} and not any(frame.is_turned for frame in frames)


def _frame(axis: Matrix) -> _Frame:
    """The axis as plus or minus a Pauli matrix if it is one, otherwise as a turned Z."""
    for letter, pauli in PAULIS.items():
        component = float(np.vdot(pauli, axis).real) / 2
        if abs(abs(component) - 1) < _ZERO and abs(component * pauli - axis).max() < 10 * _ZERO:
            return _Frame(letter, np.eye(2, dtype=complex), math.copysign(1.0, component), False)
    polar = math.atan2(abs(axis[1, 0]), axis[0, 0].real)
    return _Frame("Z", gate_matrix("u", [polar, cmath.phase(axis[1, 0]), 0.0]), 1.0, True)


def _turned_to_x(frame: _Frame) -> _Frame:
    return _Frame("X", gate_matrix("s"), frame.sign, True)  # S X S^-1 is Y


def _one_qubit(matrix: Matrix, qubit: int) -> tuple[Row, ...]:
    """A unitary (2, 2) up to its phase: nothing, a named gate, `p` or `u`."""
    if _same_but_phase(matrix, np.eye(2)):
        return ()
    for name in FIXED_ONE_QUBIT_GATES:
        if _same_but_phase(matrix, gate_matrix(name)):
            return (Row(name, (qubit,)),)
    if abs(matrix[1, 0]) < _ZERO:
        return (Row("p", (qubit,), (_tidy(cmath.phase(matrix[1, 1] / matrix[0, 0])),)),)
    theta = 2 * math.atan2(abs(matrix[1, 0]), abs(matrix[0, 0]))
    if abs(matrix[0, 0]) < _ZERO:  # only the difference of phi and lambda has an effect
        lam = cmath.phase(-matrix[0, 1] / matrix[1, 0])
        return (Row("u", (qubit,), (math.pi, 0.0, _tidy(lam))),)
    phi = cmath.phase(matrix[1, 0] / matrix[0, 0])
    # The second angle follows from the two larger entries: a quotient of the smaller ones is noise.
    if abs(matrix[0, 0]) > abs(matrix[1, 0]):
        lam = cmath.phase(matrix[1, 1] / matrix[0, 0]) - phi
    else:
        lam = phi - cmath.phase(-matrix[1, 0] / matrix[0, 1])
    return (Row("u", (qubit,), (_tidy(theta), _tidy(phi), _tidy(lam))),)


def _same_but_phase(first: Matrix, second: Matrix) -> bool:
    overlap = np.vdot(second, first)
    if abs(overlap) < 1:
        return False
    return bool(abs(first - overlap / abs(overlap) * second).max() < _ZERO)


def _tidy(angle: float) -> float:
    """Between -pi and pi, and exactly a multiple of pi/4 where it is one but for rounding."""
    angle = math.remainder(angle, math.tau)
    eighths = round(angle / (math.pi / 4))
    exact = eighths * math.pi / 4
    return exact if abs(angle - exact) < _ZERO else angle
