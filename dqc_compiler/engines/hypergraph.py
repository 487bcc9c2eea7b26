"""Engine: Mt-KaHyPar on the segment hypergraph; needs the package mtkahypar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dqc_compiler.ir import Network, Placement, SegmentGraph
from dqc_compiler.passes.partition_hypergraph import PartitionHypergraph


@dataclass(frozen=True)
class Hypergraph:
    """Homes and hosts at once, a host at any node. The cheapest start of all, as a rule."""

    name: ClassVar[str] = "hypergraph"
    network: Network
    seed: int = 0

    def run(self, graph: SegmentGraph) -> Placement:
        """Static homes, every gate at any node."""
        return PartitionHypergraph(network=self.network, seed=self.seed).run(graph)
