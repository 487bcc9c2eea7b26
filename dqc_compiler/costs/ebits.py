"""The price of a placement in e-bits: the one objective of the compiler."""

from __future__ import annotations

import numpy as np

from dqc_compiler.costs.embedding import joins
from dqc_compiler.costs.routes import find_routing
from dqc_compiler.costs.trees import SpreadTrees, spread
from dqc_compiler.ir import Placement
from dqc_compiler.ir.arrays import Int64


def presences(placement: Placement) -> Int64:
    """Where each segment has to be present away from its home: (v, 2) rows (segment, node).

    A node is present for a segment if it hosts one of the segment's gates or is the home of the
    wire's next segment. Rows are distinct and sorted.
    """
    graph, home = placement.graph, placement.segment_home
    later = np.setdiff1d(np.arange(graph.segments), graph.wire_segments[:-1])  # not a wire's first
    segment = np.concatenate([graph.gate_segments.reshape(-1), later - 1]).astype(np.int64)
    node = np.concatenate([np.repeat(placement.gate_host, 2), home[later]]).astype(np.int64)
    rows = np.stack([segment, node], axis=1)
    distinct: Int64 = np.unique(rows[node != home[segment]], axis=0)
    return distinct


def pairs(placement: Placement) -> int:
    """Number of pairs that the placement costs with room for all copies.

    The sum over all segments of what it takes to be present at its home, at the hosts of its gates
    and at the home of the wire's next segment: one pair per node but the home where every two
    processors share a link, otherwise one per link of a Steiner tree. Under a budget of comm qubits
    a copy may have to be opened twice, which `RemotePlan.pairs` counts. A visit that an embedded
    segment joins to an earlier one is free.
    """
    found = presences(placement)
    if find_routing(placement.network).is_flat:
        return len(found) - sum(1 for _ in joins(placement))
    return spread(placement, found).pairs


def trees(placement: Placement) -> SpreadTrees:
    """The tree along which the copies of each segment are opened, none where all is flat."""
    found = presences(placement)
    if find_routing(placement.network).is_flat:
        found = found[:0]
    return spread(placement, found)
