"""Schmidt ranks of Clifford circuits, from the rank of their tableau over GF(2)."""

from __future__ import annotations

from collections.abc import Iterable
from math import pi

import numpy as np

from dqc_compiler.costs.bounds_form import (
    TOLERANCE,
    Form,
    NotCoveredError,
    Vector,
    is_multiple,
    parallel,
)
from dqc_compiler.costs.bounds_sides import Sides

_MOST_WIRES = 1000  # the time for a rank grows with the cube
_MOST_GATES = 5_000  # 0.2 s

_Letter = tuple[int, int]  # (has an X part, has a Z part)
_LETTERS: tuple[_Letter, ...] = ((0, 1), (1, 0), (1, 1))


class CliffordCircuit:
    """A circuit that is Clifford up to one-qubit gates at the start and at the end of each wire.

    A wire's axes need not be Paulis: it is enough that they are one orthogonal frame, since a
    one-qubit gate at the start turns them into Z, X and Y and changes no Schmidt rank. So T gates
    between gates of one axis, or rotations at the start, do no harm.

    Row 2i or 2i + 1 of the tableau is the image of X or Z of wire i; `x[w]` and `z[w]` hold, as the
    bits of one integer, which images have an X or Z part on wire w. Signs play no role.
    """

    def __init__(self, form: Form) -> None:
        """Build the tableau.

        Raises:
            NotCoveredError: if the circuit is of another kind, or too large.
        """
        if form.graph.wires > _MOST_WIRES or len(form.gates) > _MOST_GATES:
            raise NotCoveredError("the tableau takes too long")
        self.x = [1 << (2 * wire) for wire in range(form.graph.wires)]
        self.z = [2 << (2 * wire) for wire in range(form.graph.wires)]
        segments, measured = _letters(form)
        wires = form.graph.segment_wire.tolist()
        for gate in form.gates:
            if not all(is_multiple(angle, pi / 2) for angle in (gate.angle, *gate.own)):
                raise NotCoveredError("an angle is not a multiple of pi/2")
            factors = [(wires[s], segments[s]) for s in gate.segments]
            turns = [(factors, gate.angle)]
            turns += [([factor], angle) for factor, angle in zip(factors, gate.own, strict=True)]
            for turned, angle in turns:
                if not is_multiple(angle, pi):  # half turns are Paulis, which change signs only
                    self._quarter_turn(turned)
        self.measured = measured

    @property
    def work(self) -> int:
        """Steps for one cut: additions of two vectors, a hundred times faster than most steps."""
        return len(self.x) ** 2 // 20

    def _anticommuting(self, wire: int, letter: _Letter) -> int:
        return (self.z[wire] if letter[0] else 0) ^ (self.x[wire] if letter[1] else 0)

    def _quarter_turn(self, factors: list[tuple[int, _Letter]]) -> None:
        """Every image that anticommutes with the product of the factors is multiplied by it."""
        turned = 0
        for wire, letter in factors:
            turned ^= self._anticommuting(wire, letter)
        for wire, (has_x, has_z) in factors:
            self.x[wire] ^= turned if has_x else 0
            self.z[wire] ^= turned if has_z else 0

    def log_rank(self, sides: Sides) -> int:
        """log2 of the Schmidt rank across a cut.

        The circuit applied to halves of Bell pairs gives a stabilizer state; a measured wire is
        projected, which keeps the stabilizers that commute with the measured Pauli. A stabilizer
        state with generators G has entropy rank(G restricted to A) - |A| on a set A of qubits, and
        all its Schmidt coefficients are equal.
        """
        others = sum(3 << (2 * wire) for wire in np.flatnonzero(~sides.starts).tolist())
        inside = [w for w in np.flatnonzero(sides.ends).tolist() if w not in self.measured]
        columns = [column for wire in inside for column in (self.x[wire], self.z[wire])]
        columns += [self._anticommuting(wire, letter) for wire, letter in self.measured.items()]
        rank = gf2_rank(column & others for column in columns)
        return rank - len(self.measured) + int(sides.starts.sum()) - len(inside)


def gf2_rank(vectors: Iterable[int]) -> int:
    """Rank over GF(2) of vectors given as the bits of integers."""
    basis: dict[int, int] = {}  # by the highest bit
    for vector in vectors:
        rest = vector
        while rest:
            top = rest.bit_length()
            if top not in basis:
                basis[top] = rest
                break
            rest ^= basis[top]
    return len(basis)


def _letters(form: Form) -> tuple[dict[int, _Letter], dict[int, _Letter]]:
    """The Pauli of every segment with gates, and of every measured wire."""
    frames: dict[int, list[Vector]] = {}
    axes = form.graph.segment_axis.tolist()
    wires = form.graph.segment_wire.tolist()
    used = sorted({segment for gate in form.gates for segment in gate.segments})
    segments = {s: _letter(frames.setdefault(wires[s], []), tuple(axes[s])) for s in used}
    measured = {
        wire: _letter(frames.setdefault(wire, []), axis) for wire, axis in form.measured.items()
    }
    return segments, measured


def _letter(frame: list[Vector], axis: Vector) -> _Letter:
    """Which axis of the wire's frame this is; the frame grows by the first two."""
    for letter, known in zip(_LETTERS, frame, strict=False):
        if parallel(axis, known):
            return letter
    if len(frame) == 3 or (frame and abs(np.dot(frame[0], axis)) > TOLERANCE):
        raise NotCoveredError("the axes of a wire are not one orthogonal frame")
    frame.append(axis)
    if len(frame) == 2:
        x, y, z = np.cross(frame[0], frame[1]).tolist()
        frame.append((x, y, z))
    return _LETTERS[min(len(frame), 2) - 1]
