"""Improve homes and hosts together, over time: teleports, hubs and packets in one search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dqc_compiler.costs.capacity import capacities
from dqc_compiler.costs.layers import find_blocks, find_moments
from dqc_compiler.costs.routes import find_routing, may_branch
from dqc_compiler.ir import Placement, SegmentGraph
from dqc_compiler.ir.arrays import Int64, frozen, offsets

_EXCESS_PRICE = 0.5  # e-bits per wire and layer above a capacity; 1 froze exchanges, 0.2 lost them
MOST_NODES = 64
"""Processors of a network that is searched over: presences are bits of a mask."""
_WORK_PER_GATE, _MOST_WORK = 12_000, 3_000_000  # 0.1 s; twice as much gained 0.5 %
_MOST_GATES_IN_ORDER = 20_000  # each may be a layer, of which tables are as long
# With more wires than this there is more to gain: 64 of them took 3 % fewer pairs with three times
# the work.
_FEW_WIRES, _MOST_TIMES = 32, 5.0


def _most_work(graph: SegmentGraph, *, is_static: bool) -> float:
    times = 1.0 if is_static else (graph.wires / _FEW_WIRES) ** 1.5
    return min(_WORK_PER_GATE * graph.gates, _MOST_WORK * min(max(times, 1.0), _MOST_TIMES))


def _neighbours(graph: SegmentGraph) -> tuple[Int64, Int64]:
    """CSR of the segments that share a gate with each segment."""
    edges = np.unique(np.sort(graph.gate_segments, axis=1), axis=0).astype(np.int64)
    both = np.concatenate((edges, edges[:, ::-1]))
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    first = offsets(np.bincount(both[:, 0], minlength=graph.segments).tolist())
    return np.ascontiguousarray(both[:, 1]), first.astype(np.int64)


def _presences(graph: SegmentGraph, home: Int64, host: Int64) -> Int64:
    """Where each segment is present under homes (s,) and hosts (g,), (s,) bit masks."""
    mask = np.left_shift(1, home)
    at_host = np.left_shift(1, host)
    for side in (0, 1):
        np.bitwise_or.at(mask, graph.gate_segments[:, side], at_host)
    has_next = np.diff(graph.segment_wire, append=-1) == 0
    mask[has_next] |= np.left_shift(1, home[np.flatnonzero(has_next) + 1])
    return mask


def _hosts(graph: SegmentGraph, mask: Int64, home: Int64) -> Int64:
    """A host per gate among the common nodes of its segments: a home if possible."""
    segments = graph.gate_segments
    common = mask[segments[:, 0]] & mask[segments[:, 1]]
    lowest = np.log2((common & -common).view(np.uint64).astype(np.float64)).astype(np.int64)
    first, second = home[segments[:, 0]], home[segments[:, 1]]
    hosts = np.where(common >> second & 1, second, lowest)
    return np.where(common >> first & 1, first, hosts)


@dataclass(frozen=True)
class SearchPresences:
    """Placement to placement, never worse than the given one for unlimited comm qubits.

    Segments are priced by the nodes where they are present, or the Steiner trees that join these.

    Capacities hold in every layer of blocks (`costs.layers`), if every wire changes its home at the
    right moment between two gates; exchanges inside a layer happen one after the other in the
    program and use comm qubits for the moment. Blocks are executed as soon as possible, or in
    program order: on full nodes, qubits that change places can do so in one of them and not in the
    other, and neither is better in general.
    """

    name: ClassVar[str] = "search-presences"
    seed: int = 0
    effort: float = 1.0  # multiplies the work
    hot: float = 0.45
    cold: float = 0.1
    is_static: bool = False
    in_program_order: bool = False  # not heeded above some size
    far_price: float = 0.0  # e-bits per gate at a third node: what it costs where memory is short

    def run(self, placement: Placement) -> Placement:
        """The best placement seen."""
        graph, network = placement.graph, placement.network
        qpus = np.flatnonzero([node.kind == "qpu" for node in network.nodes])
        if graph.gates == 0 or not 2 <= len(qpus) <= MOST_NODES:
            return placement
        from dqc_compiler.kernels.presence import search_presences  # noqa: PLC0415 (numba)

        blocks = find_blocks(graph)
        if self.in_program_order and graph.gates <= _MOST_GATES_IN_ORDER:
            blocks = blocks.one_by_one()
        moments = find_moments(graph, blocks)
        neighbour, first_neighbour = _neighbours(graph)
        number = np.zeros(len(network.nodes), dtype=np.int64)  # repeaters have none
        number[qpus] = np.arange(len(qpus))
        home = number[placement.segment_home]
        mask, home, _, price = search_presences(
            neighbour,
            first_neighbour,
            graph.wire_segments.astype(np.int64),
            graph.segment_wire.astype(np.int64),
            moments.earliest,
            moments.latest,
            moments.layers,
            capacities(network)[qpus],
            _presences(graph, home, number[placement.gate_host]),
            home,
            find_routing(network).distance[np.ix_(qpus, qpus)],
            may_branch(network)[qpus],
            self.is_static,
            int(self.effort * _most_work(graph, is_static=self.is_static)),
            self.hot * network.price_unit,
            self.cold * network.price_unit,
            _EXCESS_PRICE * network.price_unit,
            self.far_price * network.price_unit,
            int(np.random.SeedSequence(self.seed).generate_state(1, np.uint64)[0]) | 1,
        )
        if price < 0:
            return placement
        return Placement(
            graph=graph,
            network=network,
            segment_home=frozen(qpus[home], np.int32),
            gate_host=frozen(qpus[_hosts(graph, mask, home)], np.int32),
        )
