"""What the walk that plans visits is told of a placement, and what its plan costs."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dqc_compiler.costs import ebits
from dqc_compiler.costs.routes import find_routing
from dqc_compiler.costs.trees import ChangingTrees
from dqc_compiler.ir import ABSENT, Placement, Routing, SegmentGraph
from dqc_compiler.ir.arrays import Int32, Int64

if TYPE_CHECKING:
    from dqc_compiler.kernels.visits import Problem

_UNLIMITED = 1 << 40  # cells of a node with unlimited comm qubits
_MOST_GATES_WALKED_OFTEN = 30_000
_CAPS = (1, 2, 4)  # comm qubits per node of further walks, where nodes have more
_LEAST_TO_PASS = 2  # where pairs pass nodes, that hold two halves then
WINDOW = 256  # ready operations that compete; circuits with more at a time gain little by more


class _Order(NamedTuple):
    """The circuit as the kernel wants it: what has to come before what, int64 throughout."""

    first_operand: Int64
    operand_wire: Int64
    operand_level: Int64
    gate_of: Int64
    gate_operation: Int64
    gate_segments: Int64
    first_gate: Int64
    segment_gates: Int64
    wire_segments: Int64
    segment_wire: Int64


@lru_cache(maxsize=4)  # a search plans many placements of one graph
def _order(graph: SegmentGraph) -> _Order:
    circuit = graph.circuit
    count = np.diff(circuit.operand_start)
    wire, level = graph.operand_wire.astype(np.int64), graph.operand_level.astype(np.int64)
    # Everything that writes or reads a classical bit stays in order: it shares one more wire.
    is_classical = (circuit.clbit != ABSENT) | (np.diff(circuit.condition_start) > 0)
    classical = np.flatnonzero(is_classical)
    at = circuit.operand_start[classical + 1]
    gate_of = np.full(len(circuit), ABSENT, dtype=np.int64)
    gate_of[graph.gate_operation] = np.arange(graph.gates)
    segments = graph.gate_segments.reshape(-1)
    return _Order(
        first_operand=np.concatenate(([0], np.cumsum(count + is_classical))).astype(np.int64),
        operand_wire=np.insert(wire, at, graph.wires),
        operand_level=np.insert(level, at, np.arange(len(classical))),
        gate_of=gate_of,
        gate_operation=graph.gate_operation.astype(np.int64),
        gate_segments=graph.gate_segments.astype(np.int64),
        first_gate=_starts(segments, graph.segments),
        segment_gates=np.argsort(segments, kind="stable").astype(np.int64) // 2,
        wire_segments=graph.wire_segments.astype(np.int64),
        segment_wire=graph.segment_wire.astype(np.int64),
    )


def _starts(keys: Int32, count: int) -> Int64:
    """Where the entries of each key start in a list sorted by key, (count + 1,)."""
    return np.concatenate(([0], np.cumsum(np.bincount(keys, minlength=count)))).astype(np.int64)


def walk_problem(placement: Placement, comm: list[int | None], *, window: int) -> Problem:
    """What the kernel is told of a placement whose nodes use so many comm qubits each."""
    from dqc_compiler.kernels.visits import Problem  # noqa: PLC0415 (numba: 0.5 s)

    network, routing = placement.network, find_routing(placement.network)
    spread = ebits.trees(placement)
    data = np.array([node.data_qubits for node in network.nodes], dtype=np.int64)
    return Problem(
        **_order(placement.graph)._asdict(),
        gate_host=placement.gate_host.astype(np.int64),
        data=data,
        cells=data + [_UNLIMITED if count is None else count for count in comm],
        route=routing.route.copy(),  # the kernel takes no read-only arrays
        distance=routing.distance.copy(),
        towards=routing.towards.copy(),
        parent=spread.parent,
        tree_of=spread.of_segment,
        is_flat=routing.is_flat,
        window=window,
        reserve=1 + np.isin(np.arange(len(data)), _passed(routing)),
        is_limited=any(
            count is not None and node.kind == "qpu"
            for node, count in zip(network.nodes, comm, strict=True)
        ),
    )


def _passed(routing: Routing) -> Int64:
    """Nodes on the way from one to another."""
    is_reached = (routing.towards >= 0) & (routing.towards != np.arange(len(routing.towards)))
    return np.unique(routing.towards[is_reached])


def _least(comm: int | None, cap: int) -> int | None:
    return cap if comm is None else min(comm, cap)


def budgets_of(placement: Placement) -> list[list[int | None]]:
    """Comm qubits per node of the walks of which the best is taken: all of them, or fewer.

    Tighter memory makes other choices, which are sometimes better ones. Large circuits are walked
    once, with all comm qubits: seconds for a per cent.
    """
    most = [node.comm_qubits for node in placement.network.nodes]
    budgets = [most]
    if placement.network.is_limited and placement.graph.gates <= _MOST_GATES_WALKED_OFTEN:
        least = 1 if find_routing(placement.network).is_flat else _LEAST_TO_PASS
        caps = [cap for cap in _CAPS if cap >= least]
        budgets = [*([_least(comm, cap) for comm in most] for cap in caps), most]
    return [comm for i, comm in enumerate(budgets) if comm not in budgets[:i]]


class Pricing:
    """The pairs of the plan for homes and hosts that change.

    Attributes:
        home: (s,) of each segment, to be changed at will.
        host: (g,) of each gate, likewise.
    """

    def __init__(self, placement: Placement, comm: list[int | None]) -> None:
        from dqc_compiler.kernels.visits import pricer  # noqa: PLC0415 (numba: 0.5 s)

        problem = walk_problem(placement, comm, window=WINDOW)
        self.home: Int64 = placement.segment_home.astype(np.int64)
        self.host: Int64 = problem.gate_host
        self._trees = None
        if not problem.is_flat:
            self._trees = ChangingTrees(placement, self.home, self.host, problem.tree_of)
            problem = problem._replace(parent=self._trees.parent)
        self._price = pricer(problem, self.home)

    def changed(self, segments: Iterable[int]) -> None:
        """Tell which segments have another home, successor's home or gate's host than before."""
        if self._trees is not None:
            self._trees.grow(segments)

    def price(self) -> int | None:
        """The pairs; None if the end homes have no room, or the plan gets far too long."""
        found: int | None = self._price()
        return found


def cheapest_pricing(placement: Placement) -> tuple[Pricing, int]:
    """With the budget whose walk is the cheapest now, and what that costs."""
    pricings = [Pricing(placement, comm) for comm in budgets_of(placement)]
    prices = [pricing.price() for pricing in pricings]
    least = min(price for price in prices if price is not None)
    return pricings[prices.index(least)], least
