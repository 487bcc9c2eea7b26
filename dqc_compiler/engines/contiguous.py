"""Engine: the circuit's order of qubits, and the fewest copies for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dqc_compiler.ir import Network, Placement, SegmentGraph
from dqc_compiler.passes.cover import Cover
from dqc_compiler.passes.partition_contiguous import PartitionContiguous


@dataclass(frozen=True)
class Contiguous:
    """Neighbours in the circuit's order live together. The same for every seed."""

    name: ClassVar[str] = "contiguous"
    network: Network
    seed: int = 0

    def run(self, graph: SegmentGraph) -> Placement:
        """Static homes, every gate at an operand's home."""
        return Cover().run(PartitionContiguous(network=self.network).run(graph))
