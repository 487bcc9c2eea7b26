"""Let copies live on through embedded segments: two visits become one, and a pair is saved."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from typing import ClassVar, NamedTuple

import numpy as np

from dqc_compiler.costs.embedding import chains
from dqc_compiler.ir import RemotePlan, Step, StepKind
from dqc_compiler.ir.arrays import Int32


@dataclass(slots=True, eq=False)
class _Visit:
    """A copy of a wire from before step `start` to behind step `end`, and whose gates it served."""

    start: int
    end: int
    opening: Step
    closing: Step
    segments: set[int] = field(default_factory=set)


class _Embedded(NamedTuple):
    """An embedded gate: its step, and the segment (of another wire) of its other operand."""

    step: int
    partner: int


class _Wire:
    """What happens to a wire in a plan, in order."""

    def __init__(self, node: int) -> None:
        self.nodes = [node]  # where its root is
        self.moves: list[int] = []  # the steps in between
        self.steps: list[int] = []  # of its two-qubit gates
        self.segments: list[int] = []  # theirs
        self.embedded: list[_Embedded] = []

    def root(self, step: int) -> int:
        return self.nodes[bisect_left(self.moves, step)]

    def moves_between(self, start: int, end: int) -> bool:
        return bisect_left(self.moves, start) != bisect_left(self.moves, end)

    def is_only_in(self, segment: int, start: int, end: int) -> bool:
        """Whether all gates strictly between two steps are of one segment, at one home."""
        first, last = bisect_left(self.steps, start + 1), bisect_left(self.steps, end)
        uses = self.segments[first:last]
        return all(s == segment for s in uses) and not self.moves_between(start, end)


_Stretch = tuple[int, int, int]
"""A node, and the first and one behind the last step in which it has one more qubit."""


class _Joiner:
    """The visits of a plan, and the load of its nodes."""

    def __init__(self, plan: RemotePlan) -> None:
        self.placement, self.routes = plan.placement, plan.routes
        graph, network = plan.placement.graph, plan.placement.network
        self.steps = list(plan.steps())
        self.wires = [_Wire(node) for node in plan.placement.start_home.tolist()]
        self.visits: dict[tuple[int, int], list[_Visit]] = defaultdict(list)
        self.cells = [node.cells for node in network.nodes]
        self.changes: list[list[tuple[int, int]]] = [[] for _ in self.cells]  # (step, cells more)
        self.halves: list[list[int]] = [[] for _ in self.cells]  # steps at which a node sends one
        self.load: dict[int, Int32] = {}  # node -> cells in use after each step, where needed
        self.gate_of = {op: gate for gate, op in enumerate(graph.gate_operation.tolist())}
        self.pairs: list[list[int]] = graph.gate_segments.tolist()
        self.wire_of: list[int] = graph.segment_wire.tolist()
        self._replay()

    def _replay(self) -> None:
        embedded = frozenset(self.placement.embedded)
        for index, step in enumerate(self.steps):
            if step.kind is StepKind.OPERATION:
                if step.operation in self.gate_of:
                    self._serve(index, step, embedded)
            elif step.kind is StepKind.OPEN:
                self.changes[step.target].append((index, 1))
                self.halves[step.source].append(index)
                visit = _Visit(index, len(self.steps), step, step)
                self.visits[step.wire, step.target].append(visit)
            else:
                self.changes[step.source].append((index, -1))
                is_move = step.kind is StepKind.MOVE
                visit = self.visits[step.wire, step.target if is_move else step.source][-1]
                visit.end, visit.closing = index, step
                if is_move:
                    self.wires[step.wire].moves.append(index)
                    self.wires[step.wire].nodes.append(step.target)

    def _serve(self, index: int, step: Step, embedded: frozenset[int]) -> None:
        pair = self.pairs[self.gate_of[step.operation]]
        for segment, other in (pair, reversed(pair)):
            wire = self.wires[self.wire_of[segment]]
            wire.steps.append(index)
            wire.segments.append(segment)
            if wire.nodes[-1] != step.host:
                self.visits[self.wire_of[segment], step.host][-1].segments.add(segment)
            if segment in embedded:
                wire.embedded.append(_Embedded(index, other))

    def run(self) -> RemotePlan:
        for chain in chains(self.placement):
            index = self.wire_of[chain[0]]
            for node in range(len(self.cells)):
                self._join_all(index, node, frozenset(chain))
        rows = sorted(self._rows(), key=lambda row: row[:3])
        return RemotePlan.from_steps(self.placement, self.routes, [step for *_, step in rows])

    def _rows(self) -> Iterator[tuple[int, int, int, Step]]:
        """Steps behind what they are sorted by; copies open before a gate and close behind it."""
        for index, step in enumerate(self.steps):
            if step.kind is StepKind.OPERATION:
                yield index, 1, 0, step
        for number, visits in enumerate(self.visits.values()):
            for visit in visits:
                yield visit.start, 0, number, visit.opening
                yield visit.end, 2, number, visit.closing

    def _join_all(self, index: int, node: int, chain: frozenset[int]) -> None:
        visits = self.visits.get((index, node), [])
        kept: list[_Visit] = visits[:1]
        for second in visits[1:]:
            first = kept[-1]
            if first.segments & chain and second.segments & chain:
                wider = self._wider(self.wires[index], node, first, second)
                if wider is not None and self._fits(node, first, second, wider):
                    for visit, (start, end) in wider.items():
                        visit.start, visit.end = start, end
                    first.end, first.closing = second.end, second.closing
                    first.segments |= second.segments
                    continue
            kept.append(second)
        if visits:
            self.visits[index, node] = kept

    def _wider(
        self, wire: _Wire, node: int, first: _Visit, second: _Visit
    ) -> dict[_Visit, tuple[int, int]] | None:
        """How the partners' visits at the node have to grow; None if that is not enough."""
        if first.closing.kind is not StepKind.CLOSE or wire.moves_between(first.end, second.start):
            return None
        wider: dict[_Visit, tuple[int, int]] = {}
        for gate in wire.embedded:
            if not first.end < gate.step < second.start:
                continue
            if self.steps[gate.step].host != wire.root(gate.step):
                return None
            partner = self.wires[self.wire_of[gate.partner]]
            if partner.root(gate.step) == node:
                continue
            found = self._widened(gate, node, wider)
            if found is None:
                return None
            wider |= found
        return wider

    def _widened(
        self, gate: _Embedded, node: int, wider: dict[_Visit, tuple[int, int]]
    ) -> dict[_Visit, tuple[int, int]] | None:
        """The partner's visit at the node that covers a gate, after growing if it can."""
        index = self.wire_of[gate.partner]
        partner = self.wires[index]
        best: dict[_Visit, tuple[int, int]] | None = None
        least = len(self.steps)
        for visit in self.visits.get((index, node), []):
            start, end = wider.get(visit, (visit.start, visit.end))
            if start <= gate.step <= end:
                return {}
            if gate.partner not in visit.segments:
                continue
            if gate.step < start:
                growth, is_free = start - gate.step, (gate.step, start)
            elif visit.closing.kind is StepKind.CLOSE:
                growth, is_free = gate.step - end, (end, gate.step)
            else:
                continue
            if growth < least and partner.is_only_in(gate.partner, *is_free):
                least, best = growth, {visit: (min(start, gate.step), max(end, gate.step))}
        return best

    def _fits(
        self, node: int, first: _Visit, second: _Visit, wider: dict[_Visit, tuple[int, int]]
    ) -> bool:
        """Take the cells for a join, unless a node has too few."""
        stretches: list[_Stretch] = [(node, first.end, second.start)]
        for visit, (start, end) in wider.items():
            stretches += [(node, start - 1, visit.start), (node, visit.end, end + 1)]
            if start < visit.start:
                stretches.append((visit.opening.source, start - 1, start))
        taken = [
            (self._load(place)[max(start, 0) : end], self.cells[place])
            for place, start, end in stretches
            if self.cells[place] != inf
        ]
        for load, _ in taken:
            np.add(load, 1, out=load)
        is_room = all((load <= cells).all() for load, cells in taken)
        if not is_room:
            for load, _ in taken:
                np.subtract(load, 1, out=load)
        return is_room

    def _load(self, node: int) -> Int32:
        """Cells in use at a node after every step, with the half of a pair that it sends."""
        if node not in self.load:
            load = np.zeros(len(self.steps), dtype=np.int32)
            for index, more in self.changes[node]:
                load[index] += more
            np.cumsum(load, out=load)
            load += int((self.placement.start_home == node).sum())
            load[self.halves[node]] += 1
            self.load[node] = load
        return self.load[node]


@dataclass(frozen=True)
class JoinVisits:
    """Remote plan to remote plan: the visits around embedded segments are joined where they can be.

    Two visits of a wire at one node that serve segments around embedded ones become one, if at
    every embedded gate in between the other qubit has a member at that node. A copy of it that
    serves other gates of the same segment there is opened earlier or closed later for that. All
    within every node's memory; what does not fit stays two visits. Operations keep their order.
    """

    name: ClassVar[str] = "join-visits"

    def run(self, plan: RemotePlan) -> RemotePlan:
        """Join what can be joined; the plan itself if its placement embeds nothing."""
        if not plan.placement.embedded:
            return plan
        return _Joiner(plan).run()
