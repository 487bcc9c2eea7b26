"""Several ways to a placement, all judged by the pairs that will be emitted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from dqc_compiler.ir import Network, Placement, SegmentGraph
from dqc_compiler.passes.burst import Burst
from dqc_compiler.passes.cover import Cover
from dqc_compiler.passes.partition_contiguous import PartitionContiguous
from dqc_compiler.passes.partition_metis import PartitionMetis
from dqc_compiler.passes.partition_sliced import PartitionSliced
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.refine import Refine
from dqc_compiler.passes.search_presences import SearchPresences

Preset = Literal["fast", "balanced"]

_BURST_WINDOWS = (8, 64)  # gates; no single window is best, and more than two gain little
_SLICED_DECAYS = (0.2, 0.3)
# Where wires get a new segment at nearly every gate, copies serve one gate each and qubits had
# better follow their gates.
_GATES_PER_SEGMENT_THAT_PACK = 2.0
_MOST_WIRES_SLICED = 256  # its tables are wires x wires, filled anew in every layer


@dataclass(frozen=True)
class Place:
    """Segment graph to placement: the cheapest of a preset's candidates.

    `fast`: METIS and the contiguous order, refined with static homes. `balanced`: both also
    searched with homes that move, and for circuits that do not pack, homes that follow the gates.
    Where comm qubits are limited, hosts that make short visits compete for every choice of homes:
    fewest copies is the wrong goal there, because they stay open for long. The plan, which knows
    every visit, decides; ties go to the earlier candidate.
    """

    name: ClassVar[str] = "place"
    network: Network
    seed: int = 0
    preset: Preset = "balanced"

    def run(self, graph: SegmentGraph) -> Placement:
        """Try all candidates."""
        return min(self.candidates(graph), key=lambda placement: PlanVisits().run(placement).pairs)

    def candidates(self, graph: SegmentGraph) -> Iterator[Placement]:
        """All placements that compete."""
        for homes in self._searched(graph):
            yield homes
            if homes.is_static:
                yield Cover().run(homes)
            if any(node.comm_qubits is not None for node in self.network.nodes):
                for window in _BURST_WINDOWS:
                    yield Burst(window=window).run(homes)

    def _searched(self, graph: SegmentGraph) -> Iterator[Placement]:
        starts = (
            PartitionContiguous(network=self.network).run(graph),
            PartitionMetis(network=self.network, seed=self.seed).run(graph),
        )
        for number, start in enumerate(starts):
            covered = Cover().run(start)
            refined = Refine(seed=2 * self.seed + number).run(covered)
            yield from (start, covered, refined)
            if self.preset != "fast":
                yield SearchPresences(seed=2 * self.seed + number).run(refined)
        if self.preset != "fast" and self._is_worth_slicing(graph):
            for decay in _SLICED_DECAYS:
                sliced = Cover().run(PartitionSliced(seed=self.seed, decay=decay).run(starts[1]))
                yield SearchPresences(seed=self.seed, hot=0.15, cold=0.08).run(sliced)

    def _is_worth_slicing(self, graph: SegmentGraph) -> bool:
        gates_per_segment = 2 * graph.gates / graph.segments
        return (
            graph.wires <= _MOST_WIRES_SLICED and gates_per_segment < _GATES_PER_SEGMENT_THAT_PACK
        )
