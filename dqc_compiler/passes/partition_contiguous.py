"""A first home for every qubit: neighbours in the circuit's order live together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dqc_compiler.costs.capacity import level_shares
from dqc_compiler.ir import Network, Placement, SegmentGraph


@dataclass(frozen=True)
class PartitionContiguous:
    """Segment graph to placement: wires in their order, node after node.

    People number qubits so that neighbours interact; for the quantum Fourier transform this start
    is the best static one that is known, and a cut that METIS does not find.
    """

    name: ClassVar[str] = "partition-contiguous"
    network: Network

    def run(self, graph: SegmentGraph) -> Placement:
        """Place every wire; the network has room for them."""
        shares = level_shares(self.network, graph.wires)
        homes = np.repeat(np.arange(len(shares)), shares).astype(np.int32)
        return Placement.static(graph, self.network, homes)
