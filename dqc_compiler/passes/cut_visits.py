"""Close copies before they get too old, and open them again."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

import numpy as np
import rustworkx as rx

from dqc_compiler.costs.lifetimes import ROUNDING_NS, planned_ages
from dqc_compiler.ir import ABSENT, RemotePlan, Schedule, Step, StepKind
from dqc_compiler.ir.arrays import Int64


@dataclass(slots=True)
class _Visit:
    """A copy of a wire at a node: the steps that open, use and close it, by their positions."""

    opening: int
    uses: list[int] = field(default_factory=list)
    closing: int = ABSENT


class _Reading:
    """What the steps of a plan do to copies, roots and the nodes' cells."""

    def __init__(self, plan: RemotePlan) -> None:
        graph = plan.placement.graph
        self.steps = list(plan.steps())
        self.wires_of = {
            operation: tuple(wires)
            for operation, wires in zip(
                graph.gate_operation.tolist(), graph.gate_wires.tolist(), strict=True
            )
        }
        self.start = plan.placement.start_home.tolist()
        self.cells = [node.cells for node in plan.placement.network.nodes]
        self.routes = {(nodes[0], nodes[-1]): i for i, (nodes, _) in enumerate(plan.routes)}
        self.neighbours: rx.PyDiGraph[int, float] = rx.PyDiGraph()
        self.neighbours.add_nodes_from(range(len(self.cells)))
        for nodes, links in plan.routes:
            self.neighbours.add_edge(nodes[0], nodes[-1], float(len(links)))
        self.known_ways: dict[tuple[int, int], list[int]] = {}
        self.visit_of: dict[int, _Visit] = {}  # position of the opening -> visit
        self.visits_at: dict[tuple[int, int], list[_Visit]] = defaultdict(list)
        self.gadgets: list[int] = []  # position of every step that is one
        self.moves: dict[int, list[tuple[int, int]]] = defaultdict(list)  # wire -> (step, node)
        self.changes: dict[int, list[tuple[int, int]]] = defaultdict(list)  # node -> (step, cells)
        self.known_load: dict[int, Int64] = {}
        self._read()

    def _read(self) -> None:
        live: dict[tuple[int, int], _Visit] = {}
        for index, step in enumerate(self.steps):
            if step.kind is StepKind.OPERATION:
                for wire in self.wires_of.get(step.operation, ()):
                    if (wire, step.host) in live:
                        live[wire, step.host].uses.append(index)
                continue
            self.gadgets.append(index)
            if step.kind is StepKind.OPEN:
                if (step.wire, step.source) in live:
                    live[step.wire, step.source].uses.append(index)
                live[step.wire, step.target] = self.visit_of[index] = _Visit(index)
                self.visits_at[step.wire, step.target].append(self.visit_of[index])
                self.changes[step.target].append((index, 1))
                continue
            is_move = step.kind is StepKind.MOVE
            visit = live.pop((step.wire, step.target if is_move else step.source))
            visit.closing = index
            self.changes[step.source].append((index, -1))
            if is_move:
                visit.uses.append(index)
                self.moves[step.wire].append((index, step.target))

    def root(self, wire: int, index: int) -> int:
        """The root's node before a step."""
        moves = self.moves[wire]
        place = bisect_right(moves, (index - 1, len(self.steps)))
        return moves[place - 1][1] if place else self.start[wire]

    def load(self, node: int, index: int) -> int:
        """Cells that are taken at a node before a step."""
        if node not in self.known_load:
            load = np.zeros(len(self.steps) + 1, dtype=np.int64)
            load[0] = self.start.count(node)
            for step, more in self.changes[node]:
                load[step + 1] += more
            self.known_load[node] = np.cumsum(load)
        return int(self.known_load[node][index])

    def opening(self, wire: int, node: int, index: int) -> list[Step]:
        """Steps that open a copy before another step; none if that is not possible.

        Copies that only pass nodes on the way are closed at once.
        """
        root = self.root(wire, index)
        way = [] if root == node else self.way(root, node)
        passed = way[1:-1]
        for place in way[:-1]:
            needed = 2 if place in passed else 1
            if self.load(place, index) + needed > self.cells[place]:
                return []
        if any(self.is_present(wire, place, index) for place in passed):
            return []  # for how long is not clear: that visit may be cut as well
        steps = [
            Step(StepKind.OPEN, wire=wire, source=a, target=b, route=self.routes[a, b])
            for a, b in pairwise(way)
        ]
        return steps + [Step(StepKind.CLOSE, wire=wire, source=place) for place in passed]

    def is_present(self, wire: int, node: int, index: int) -> bool:
        """Whether a wire has a copy at a node before a step."""
        visits = self.visits_at[wire, node]
        return any(visit.opening < index <= visit.closing for visit in visits)

    def way(self, root: int, node: int) -> list[int]:
        """Neighbours from a node to another one, as few as possible; empty if there is no way."""
        if (root, node) not in self.known_ways:
            paths = rx.dijkstra_shortest_paths(
                self.neighbours, root, target=node, weight_fn=lambda links: links
            )
            self.known_ways[root, node] = list(paths[node]) if node in paths else []
        return self.known_ways[root, node]


@dataclass(slots=True)
class _Edits:
    """Steps to be added behind and before others, and to be left out, by their positions."""

    behind: dict[int, list[Step]] = field(default_factory=lambda: defaultdict(list))
    before: dict[int, list[Step]] = field(default_factory=lambda: defaultdict(list))
    dropped: set[int] = field(default_factory=set)

    def applied(self, steps: list[Step]) -> list[Step]:
        edited: list[Step] = []
        for index, step in enumerate(steps):
            edited += self.before.get(index, ())
            if index not in self.dropped:
                edited.append(step)
            edited += self.behind.get(index, ())
        return edited


@dataclass(frozen=True)
class CutVisits:
    """Remote plan to remote plan: visits that the schedule plans to live too long are cut.

    A copy has to be closed before the least `cutoff_us` of the links that it came over. Where it
    would not, it is closed after the last use that is in time and opened again right before the
    next one, from the root, which takes the pairs of another visit. That is only done where there
    is a cell for every new half at that moment; a copy whose single use comes too late stays as it
    is. Both show in the violations that the schedule counts.
    """

    name: ClassVar[str] = "cut-visits"
    schedule: Schedule  # of this plan's program
    share: float = 1.0  # of the cutoffs that is to be used; opening again takes time of its own

    def run(self, plan: RemotePlan) -> RemotePlan:
        """Cut; the plan itself if no copy is too old or none can be helped."""
        _, copies = planned_ages(self.schedule)
        late = {
            copy.gadget: age.cutoff_ns
            for copy, age in copies
            if age.cutoff_ns is not None and age.planned_ns > age.cutoff_ns + ROUNDING_NS
        }
        if not late:
            return plan
        reading, ends = _Reading(plan), self._ends(plan)
        edits = _Edits()
        for gadget, limit in late.items():
            visit = reading.visit_of[reading.gadgets[gadget]]
            self._cut(reading, visit, ends, limit * self.share, edits)
        return RemotePlan.from_steps(plan.placement, plan.routes, edits.applied(reading.steps))

    def _ends(self, plan: RemotePlan) -> list[float]:
        """When each step is planned to be over, (n,) ns."""
        program = self.schedule.program
        over = self.schedule.start_ns + self.schedule.duration_ns
        # Some operations have no statement: exchanges are none, and some conditions never hold.
        of_operation = np.zeros(len(plan.placement.graph.circuit))
        of_gadget = np.zeros(len(program.gadget_kind))
        for column, table in ((program.operation, of_operation), (program.gadget, of_gadget)):
            rows = column != ABSENT
            np.maximum.at(table, column[rows], over[rows])
        gadgets = iter(of_gadget.tolist())
        return [
            float(of_operation[operation]) if kind == StepKind.OPERATION else next(gadgets)
            for kind, operation in zip(plan.kind.tolist(), plan.operation.tolist(), strict=True)
        ]

    def _cut(
        self, reading: _Reading, visit: _Visit, ends: list[float], limit: float, edits: _Edits
    ) -> None:
        opening = reading.steps[visit.opening]
        since, last = ends[visit.opening], ABSENT
        close = Step(StepKind.CLOSE, wire=opening.wire, source=opening.target)
        for use in visit.uses:
            if last != ABSENT and ends[use] > since + limit:
                again = reading.opening(opening.wire, opening.target, use)
                if again:
                    edits.behind[last].append(close)
                    edits.before[use] += again
                    since = ends[use]  # it is opened right before
            last = use
        # A copy that waits for nothing but to be closed need not wait.
        is_closed = reading.steps[visit.closing].kind is StepKind.CLOSE
        if last != ABSENT and is_closed and last + 1 < visit.closing:
            edits.behind[last].append(close)
            edits.dropped.add(visit.closing)
