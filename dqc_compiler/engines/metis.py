"""Engine: METIS on the interaction graph, and the fewest copies for its homes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dqc_compiler.ir import Network, Placement, SegmentGraph
from dqc_compiler.passes.cover import Cover
from dqc_compiler.passes.partition_metis import PartitionMetis


@dataclass(frozen=True)
class Metis:
    """Qubits that interact much live together. The one that scales furthest."""

    name: ClassVar[str] = "metis"
    network: Network
    seed: int = 0

    def run(self, graph: SegmentGraph) -> Placement:
        """Static homes, every gate at an operand's home."""
        return Cover().run(PartitionMetis(network=self.network, seed=self.seed).run(graph))
