"""Turn homes and hosts into a global sequence that fits every node's memory at every moment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from dqc_compiler.costs import ebits
from dqc_compiler.costs.routes import find_routing
from dqc_compiler.costs.walks import WINDOW, budgets_of, walk_problem
from dqc_compiler.ir import Placement, RemotePlan
from dqc_compiler.ir.arrays import Int32


@dataclass(frozen=True)
class PlanVisits:
    """Placement to remote plan: one walk through the circuit that respects every node's memory.

    Operations that commute as they are written may change places: what needs no pair is executed
    first, and among the gates that do, the one whose copies can serve most of their gates at once.
    A copy is opened right before the first gate that needs it and closed right after the last.
    When the next gadget does not fit, copies at the node are closed, furthest next use first
    (Belady's rule), and opened again later: each visit costs one pair. What always remains is
    open, gate, close, which fits with one comm qubit per node; that is the termination argument.

    Where nodes are not all linked, copies are opened along the Steiner tree of their segment, from
    neighbour to neighbour, and a copy that only passes a node lasts until nothing beyond it is
    needed. Nodes that are passed keep two comm qubits free of roots, so that the shortest way from
    the root is always open.

    A root moves right before the first gate of the segment that wants it elsewhere, earlier if a
    copy is there anyway or others need its place. If the new home has no room, the root stays where
    it is for that segment and visits instead.
    """

    name: ClassVar[str] = "plan-visits"
    window: int = WINDOW

    def run(self, placement: Placement) -> RemotePlan:
        """Walk the circuit once."""
        routes = find_routing(placement.network).routes
        return RemotePlan.from_table(placement, routes, self._cheapest(placement)[0])

    def pairs(self, placement: Placement) -> int:
        """The price of the plan, without the plan."""
        nodes = placement.network.nodes
        last = placement.segment_home[placement.graph.wire_segments[1:] - 1]
        is_room = np.bincount(last, minlength=len(nodes)) <= [node.data_qubits for node in nodes]
        if is_room.all() and not placement.network.is_limited:
            return ebits.pairs(placement)  # which is attained, as a test shows
        return self._cheapest(placement)[1]

    def _cheapest(self, placement: Placement) -> tuple[Int32, int]:
        return _cheapest_walk(placement, self.window)


@lru_cache(maxsize=4)  # the price of a candidate is asked for before its plan
def _cheapest_walk(placement: Placement, window: int) -> tuple[Int32, int]:
    """The best of the walks that use all comm qubits, or fewer: steps and price; ties to fewest."""
    walks = [_walked(placement, comm, window) for comm in budgets_of(placement)]
    return min(walks, key=lambda walk: walk[1])


def _walked(placement: Placement, comm: list[int | None], window: int) -> tuple[Int32, int]:
    from dqc_compiler.kernels.visits import plan_visits  # noqa: PLC0415 (numba: 0.5 s)

    problem = walk_problem(placement, comm, window=window)
    steps, pairs = plan_visits(problem, placement.segment_home.astype(np.int64))
    return steps, pairs
