"""Engine: one node hosts the gates between all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dqc_compiler.costs.ebits import pairs
from dqc_compiler.ir import Network, Placement, SegmentGraph
from dqc_compiler.passes.cover import Cover
from dqc_compiler.passes.host_at_hub import HostAtHub
from dqc_compiler.passes.partition_contiguous import PartitionContiguous
from dqc_compiler.passes.partition_hub import PartitionHub
from dqc_compiler.passes.partition_metis import PartitionMetis


@dataclass(frozen=True)
class Hub:
    """For gates that pack: with all of them at one node a segment costs one pair at most.

    Which homes suit a hub differs: the circuit's order for a Fourier transform, the busiest
    qubits at the hub for gates between all qubits, METIS where a hub is of little use.
    """

    name: ClassVar[str] = "hub"
    network: Network
    seed: int = 0

    def run(self, graph: SegmentGraph) -> Placement:
        """Static homes, every gate at an operand's home or at the hub."""
        homes = (
            PartitionContiguous(network=self.network).run(graph),
            PartitionHub(network=self.network).run(graph),
            PartitionMetis(network=self.network, seed=self.seed).run(graph),
        )
        return min((HostAtHub().run(Cover().run(start)) for start in homes), key=pairs)
