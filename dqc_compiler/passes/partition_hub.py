"""A first home for every qubit: the busiest ones together at a hub."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dqc_compiler.costs.capacity import capacities
from dqc_compiler.ir import Network, Placement, SegmentGraph


@dataclass(frozen=True)
class PartitionHub:
    """Segment graph to placement: one node full of busy wires, the others in the circuit's order.

    If every remote gate is executed at one node, each segment that does not live there costs one
    pair. So the hub is the largest node, and it takes the wires with most segments.
    """

    name: ClassVar[str] = "partition-hub"
    network: Network

    def run(self, graph: SegmentGraph) -> Placement:
        """Place every wire; the network has room for them."""
        room = capacities(self.network)
        hub = int(np.argmax(room))
        busy_segments = np.unique(graph.gate_segments)
        segments = np.bincount(graph.segment_wire[busy_segments], minlength=graph.wires)
        inside = np.argsort(-segments, kind="stable")[: room[hub]]
        homes = np.full(graph.wires, hub, dtype=np.int32)
        outside = np.setdiff1d(np.arange(graph.wires), inside)
        room[hub] = 0
        shares = room * len(outside) // max(1, int(room.sum()))
        for node in np.argsort(-room, kind="stable")[: len(outside) - int(shares.sum())]:
            shares[node] += 1
        homes[outside] = np.repeat(np.arange(len(room)), shares)
        return Placement.static(graph, self.network, homes)
