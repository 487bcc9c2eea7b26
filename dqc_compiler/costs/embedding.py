"""Copies that survive a change of axis, and the pairs which that saves.

Copies of a qubit follow the axis N of a segment. A controlled Pauli about an axis M orthogonal to N
exchanges the eigenvectors of N, under the control of the gate's other qubit. If all copies are
exchanged under the same control, by members of the other qubit at their nodes, they go on as
copies. So a segment can be *embedded*: its gates act on the root and on all copies, and one visit
serves the segments around it, if these have the same axis.

Source: Wu et al., arXiv:2212.12688, section on embedding; restated for axes and several copies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from math import pi, remainder
from typing import NamedTuple

import numpy as np

from dqc_compiler.ir import Operation, Placement, SegmentGraph

_SAME_AXIS = 1e-9
_SAME_ANGLE = 1e-9


class Gap(NamedTuple):
    """Segments of one wire, `before` and `behind` about one axis and those between orthogonal.

    Each gate of the segments between is a controlled Pauli, and nothing but gates comes between.
    """

    before: int
    behind: int

    @property
    def segments(self) -> range:
        """What is to be embedded."""
        return range(self.before + 1, self.behind)


class Join(NamedTuple):
    """One visit at `node` that serves both segments of a wire."""

    before: int
    behind: int
    node: int


@lru_cache(maxsize=4)  # the search asks, and whoever bounds the price
def find_gaps(graph: SegmentGraph) -> tuple[Gap, ...]:
    """All gaps, in order of their first segments; linear in the circuit but for long gaps."""
    can_embed, is_cut = _survey(graph)
    axes = graph.segment_axis
    gaps = []
    for before in range(graph.segments):
        behind = before + 1
        end = int(graph.wire_segments[graph.segment_wire[before] + 1])
        while behind < end and not is_cut[behind] and can_embed[behind]:
            if abs(float(axes[before] @ axes[behind])) > _SAME_AXIS:
                break
            behind += 1
        if before + 1 < behind < end and not is_cut[behind]:
            gap = axes[before] - axes[behind], axes[before] + axes[behind]
            if min(float(np.abs(vector).max()) for vector in gap) < _SAME_AXIS:
                gaps.append(Gap(before, behind))
    return tuple(gaps)


def _survey(graph: SegmentGraph) -> tuple[list[bool], list[bool]]:
    """For each segment: whether its gates can be embedded; whether something cuts it off.

    A measurement, a reset and a gate under a condition cut a segment off from the one before it.
    """
    can_embed, is_cut = [True] * graph.segments, [False] * graph.segments
    last = graph.wire_segments[1:].tolist()
    following = graph.wire_segments[:-1].tolist()  # the segment of the next gate, or one more
    start, wires = graph.circuit.operand_start.tolist(), graph.operand_wire.tolist()
    gate_of = {operation: gate for gate, operation in enumerate(graph.gate_operation.tolist())}
    segments = graph.gate_segments.tolist()
    for index, row in enumerate(graph.circuit.operations()):
        gate = gate_of.get(index)
        for side in range(2) if gate is not None else ():
            segment = segments[gate][side]
            following[wires[start[index] + side]] = segment + 1
            if row.condition or not is_controlled_pauli(row, side):
                can_embed[segment] = False
        if row.condition or row.name in ("measure", "reset"):
            for wire in wires[start[index] : start[index + 1]]:
                if following[wire] < last[wire]:
                    is_cut[following[wire]] = True
    return can_embed, is_cut


def is_controlled_pauli(row: Operation, side: int) -> bool:
    """Whether a two-qubit gate is C(P, Q), up to a rotation of the operand that is not `side`."""
    if row.name in ("cx", "cy", "cz"):
        return True
    if row.name not in ("cp", "crx", "cry", "crz"):
        return False
    # A controlled half turn lacks a phase, which is a rotation of its control.
    is_whole = row.name == "cp" or side == 1
    return is_whole and abs(remainder(row.parameters[0] - pi, 2 * pi)) < _SAME_ANGLE


class Visits:
    """Where segments are present because of gates; what the rest is asked about."""

    def __init__(self, placement: Placement) -> None:
        self.placement = placement
        self.home: list[int] = placement.segment_home.tolist()
        self.hosts: dict[int, set[int]] = defaultdict(set)
        self.gates: dict[int, list[int]] = defaultdict(list)
        self.pairs: list[list[int]] = placement.graph.gate_segments.tolist()
        hosts = placement.gate_host.tolist()
        for gate, (pair, host) in enumerate(zip(self.pairs, hosts, strict=True)):
            for segment in pair:
                self.gates[segment].append(gate)
                self.hosts[segment].add(host)

    def survivors(self, segments: range) -> set[int] | None:
        """Nodes where a copy survives these segments of a wire; None if all do."""
        found: set[int] | None = None
        for segment in segments:
            for gate in self.gates[segment]:
                first, second = self.pairs[gate]
                partner = second if first == segment else first
                present = self.hosts[partner] | {self.home[partner]}
                found = present if found is None else found & present
        return found


def joins(placement: Placement) -> Iterator[Join]:
    """The pairs that a placement saves, each with the visits that are one because of it."""
    if not placement.embedded:
        return
    visits = Visits(placement)
    for chain in chains(placement):
        latest: dict[int, int] = {}  # node -> segment of the chain that its open copy served last
        for before, segment in zip((None, *chain), chain, strict=False):
            if before is not None:
                alive = visits.survivors(range(before + 1, segment))
                latest = {n: s for n, s in latest.items() if alive is None or n in alive}
            for node in sorted(visits.hosts[segment] - {visits.home[segment]}):
                if node in latest:
                    yield Join(latest[node], segment, node)
                latest[node] = segment


def chains(placement: Placement) -> list[list[int]]:
    """Segments of a wire that share their copies, in order: those around embedded ones."""
    found: list[list[int]] = []
    chosen = set(placement.embedded)
    for segment in placement.embedded:
        if segment - 1 not in chosen and not (found and found[-1][-1] == segment - 1):
            found.append([segment - 1])
        if segment + 1 not in chosen:
            found[-1].append(segment + 1)
    return found
