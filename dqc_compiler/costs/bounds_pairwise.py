"""Schmidt ranks of circuits in which, across a cut, every wire has two segments at most."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from dqc_compiler.costs.bounds_form import Form, NotCoveredError, parallel
from dqc_compiler.costs.bounds_sides import Sides, log2_ceil
from dqc_compiler.costs.bounds_weights import EQUAL, Weights, weight_rank
from dqc_compiler.ir.arrays import Float64

_MOST_WIRES = 512  # a table of wires x wires is searched
_MOST_PAIRS = 20_000  # of segments; each cut looks at all of them


@dataclass
class _Kept:
    """The pairs of segments that a cut cannot do without, as rows of `PairwiseCircuit.pairs`.

    `fixed` are the segments whose value is known from the outcome of a measurement.
    """

    rows: list[int]
    fixed: set[int]


class PairwiseCircuit:
    """Two-body rotations, their angles summed up for each pair of segments.

    Write the circuit's tensor as a sum over one bit per segment, the eigenvalue of its axis: each
    gate is a weight between two bits, and so is each change of axis from a segment of a wire to the
    next. The bit of a wire's first segment is its start, that of its last one its end. So with two
    segments per wire at most there is no sum left, and the rank across a cut is that of a matrix
    of products of weights between bits inside and bits outside (`bounds_weights`).

    Gates that one side can do at the very start or at the very end change no rank and are left out,
    so that wires may have more segments, as long as two are left.
    """

    def __init__(self, form: Form) -> None:
        """Sum the angles.

        Raises:
            NotCoveredError: if the circuit is too large.
        """
        graph = form.graph
        if graph.wires > _MOST_WIRES:
            raise NotCoveredError("too many wires")
        angle: dict[tuple[int, int], float] = {}
        for gate in form.gates:
            s, t = sorted(gate.segments)
            angle[s, t] = angle.get((s, t), 0.0) + gate.angle
        if len(angle) > _MOST_PAIRS:
            raise NotCoveredError("too many pairs of segments")
        self.form = form
        self.pairs = list(angle)
        self.angle = list(angle.values())
        self.wire: list[int] = graph.segment_wire.tolist()
        self.axis: Float64 = graph.segment_axis

    @property
    def work(self) -> int:
        """Steps for one cut."""
        return 4 * len(self.pairs) + self.form.graph.wires

    def log_rank(self, sides: Sides) -> int | None:
        """A lower bound on log2 of the Schmidt rank across a cut, rounded up.

        None if the cut leaves a wire with three segments, or with two and a measurement of
        another axis: then the tensor is a sum of such products.
        """
        kept = self._kept(sides)
        segments: list[list[int]] = [[] for _ in range(self.form.graph.wires)]
        for row in kept.rows:
            for segment in self.pairs[row]:
                if segment not in kept.fixed and segment not in segments[self.wire[segment]]:
                    segments[self.wire[segment]].append(segment)
        inside: dict[int, bool] = {}
        common = 0
        changes: list[tuple[int, int]] = []
        for wire, own in enumerate(segments):
            is_measured = wire in self.form.measured
            if len(own) > (1 if is_measured else 2):
                return None
            own.sort()
            start, end = bool(sides.starts[wire]), bool(sides.ends[wire])
            if len(own) == 2:
                inside[own[0]], inside[own[1]] = start, end
                changes.append((own[0], own[1]))
            elif is_measured or start == end:
                inside |= dict.fromkeys(own, start)
            else:  # one bit on both sides: its two values are blocks of equal rank
                common += 1
        return common + log2_ceil(weight_rank(self._weights(kept, inside, changes)))

    def _kept(self, sides: Sides) -> _Kept:
        """What is left when each side has done what it can at the start and at the end.

        A gate can be brought to the start if no gate that stays belongs to an earlier segment of
        its wires: those of its own segments commute with it. A product of rotations of single
        wires belongs to both sides. A segment about the axis that is measured next is known.
        """
        starts, ends = sides.starts.tolist(), sides.ends.tolist()
        kept = _Kept(list(range(len(self.pairs))), set())
        before = -1
        while len(kept.rows) + len(kept.fixed) != before:
            before = len(kept.rows) + len(kept.fixed)
            kept.rows = self._stripped(kept, starts, is_start=True)
            kept.rows = self._stripped(kept, ends, is_start=False)[::-1]
            kept.fixed |= self._known(kept)
        return kept

    def _stripped(self, kept: _Kept, side: list[bool], *, is_start: bool) -> list[int]:
        """The rows that stay, in the order in which they were looked at."""
        limit: dict[int, int] = {}  # wire -> its earliest (latest) segment with a gate that stays
        stays = []
        for row in kept.rows if is_start else kept.rows[::-1]:
            pair = self.pairs[row]
            wires = [self.wire[segment] for segment in pair]
            is_free = all(
                (segment <= limit.get(wire, segment))
                if is_start
                else segment >= limit.get(wire, segment)
                and (wire not in self.form.measured or segment in kept.fixed)
                for segment, wire in zip(pair, wires, strict=True)
            )
            if is_free and (side[wires[0]] == side[wires[1]] or self._is_local(row, kept)):
                continue
            stays.append(row)
            for segment, wire in zip(pair, wires, strict=True):
                limit.setdefault(wire, segment)
        return stays

    def _is_local(self, row: int, kept: _Kept) -> bool:
        turns = self.angle[row] / np.pi
        is_pauli = abs(turns - round(turns)) * np.pi < EQUAL
        return is_pauli or not kept.fixed.isdisjoint(self.pairs[row])

    def _known(self, kept: _Kept) -> set[int]:
        last: dict[int, int] = {}
        for row in kept.rows:
            for segment in self.pairs[row]:
                if self.wire[segment] in self.form.measured and segment not in kept.fixed:
                    last[self.wire[segment]] = max(segment, last.get(self.wire[segment], -1))
        return {
            segment
            for wire, segment in last.items()
            if parallel(self.form.measured[wire], tuple(self.axis[segment].tolist()))
        }

    def _weights(
        self, kept: _Kept, inside: dict[int, bool], changes: list[tuple[int, int]]
    ) -> Weights:
        place: dict[int, int] = {}
        count = {True: 0, False: 0}
        for segment, is_inside in inside.items():
            place[segment] = count[is_inside]
            count[is_inside] += 1
        phase, modulus = np.zeros((2, count[True], count[False]))
        for row in kept.rows:
            s, t = self.pairs[row]
            if s in place and t in place and inside[s] != inside[t]:
                a, b = (s, t) if inside[s] else (t, s)
                # exp(-i angle/2 v w) with signs v = 1 - 2x and w = 1 - 2y
                phase[place[a], place[b]] -= 2 * self.angle[row]
        for s, t in changes:
            if inside[s] != inside[t]:
                a, b = (s, t) if inside[s] else (t, s)
                # The quotient of the products of the diagonals of a unitary: negative and real.
                cosine = float(self.axis[s] @ self.axis[t])
                phase[place[a], place[b]] += np.pi
                modulus[place[a], place[b]] += log((1 + cosine) / (1 - cosine))
        return Weights.of(phase, modulus)
