"""Several ways to a placement, all judged by the pairs that will be emitted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from time import monotonic
from typing import ClassVar, Literal, NamedTuple

from dqc_compiler.ir import Network, Placement, SegmentGraph
from dqc_compiler.passes.burst import Burst
from dqc_compiler.passes.cover import Cover
from dqc_compiler.passes.exact import improve_exactly
from dqc_compiler.passes.partition_contiguous import PartitionContiguous
from dqc_compiler.passes.partition_metis import PartitionMetis
from dqc_compiler.passes.partition_sliced import PartitionSliced
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.refine import Refine
from dqc_compiler.passes.search_presences import SearchPresences

Preset = Literal["fast", "balanced", "best"]

_BURST_WINDOWS = (8, 64)  # gates; no single window is best, and more than two gain little
_SLICED_DECAYS = (0.2, 0.3)
# Where wires get a new segment at nearly every gate, copies serve one gate each and qubits had
# better follow their gates.
_GATES_PER_SEGMENT_THAT_PACK = 2.0
_MOST_WIRES_SLICED = 256  # its tables are wires x wires, filled anew in every layer
_ROUND_EFFORT = 4.0  # work of a search in a round of `best`, relative to one of `balanced`


class _Planned(NamedTuple):
    """A candidate and the pairs that its programs will consume."""

    placement: Placement
    price: int


@dataclass(frozen=True)
class Place:
    """Segment graph to placement: the cheapest of a preset's candidates.

    `fast`: METIS and the contiguous order, refined with static homes. `balanced`: both also
    searched with homes that move, and for circuits that do not pack, homes that follow the gates.
    `best`: after that, rounds of longer searches from other starts, on all cores.
    Where comm qubits are limited, hosts that make short visits compete for every choice of homes:
    fewest copies is the wrong goal there, because they stay open for long. The plan, which knows
    every visit, decides; ties go to the earlier candidate.

    Candidates come in a fixed order, those of `fast` first, and only after these the clock is
    looked at: `fast` is the floor under every time limit. Without a limit, or with one that is not
    reached, equal seeds and rounds give equal placements.
    """

    name: ClassVar[str] = "place"
    network: Network
    seed: int = 0
    preset: Preset = "balanced"
    time_limit: float | None = None  # seconds
    rounds: int | None = None  # of `best`; without it and a limit, one per core

    def run(self, graph: SegmentGraph) -> Placement:
        """The cheapest candidate."""
        deadline = float("inf") if self.time_limit is None else monotonic() + self.time_limit
        best = min(self._planned(self._refined(graph)), key=lambda planned: planned.price)
        further: list[Callable[[], Iterator[Placement]]] = []
        proven = [0]  # prices below which no placement can be
        if self.preset != "fast":
            further.append(lambda: self._searched(graph))
        if self.preset == "best":
            further.append(lambda: self._proven(best.placement, deadline, proven))
            further.append(lambda: self._rounds(graph, best.placement, deadline))
        for source in further:
            for planned in self._planned(source()):
                best = min(best, planned, key=lambda planned: planned.price)
                if monotonic() > deadline or best.price <= max(proven):
                    return best.placement
        return best.placement

    def _planned(self, homes: Iterator[Placement]) -> Iterator[_Planned]:
        """Candidates with their price: every choice of homes with every choice of hosts."""
        for placement in homes:
            for candidate in self._with_hosts(placement):
                yield _Planned(candidate, PlanVisits().pairs(candidate))

    def _with_hosts(self, homes: Placement) -> Iterator[Placement]:
        yield homes
        if homes.is_static:
            yield Cover().run(homes)
        if any(node.comm_qubits is not None for node in self.network.nodes):
            for window in _BURST_WINDOWS:
                yield Burst(window=window).run(homes)

    def _refined(self, graph: SegmentGraph) -> Iterator[Placement]:
        """Static homes."""
        for number, start in enumerate(self.starts(graph)):
            covered = Cover().run(start)
            yield from (start, covered)
            yield Refine(seed=2 * self.seed + number).run(covered)

    def starts(self, graph: SegmentGraph) -> tuple[Placement, ...]:
        """The partitions that everything begins with."""
        return (
            PartitionContiguous(network=self.network).run(graph),
            PartitionMetis(network=self.network, seed=self.seed).run(graph),
        )

    def _searched(self, graph: SegmentGraph) -> Iterator[Placement]:
        """Homes that move, or follow the gates."""
        for number, start in enumerate(self.starts(graph)):
            yield SearchPresences(seed=2 * self.seed + number).run(Cover().run(start))
        if self._is_worth_slicing(graph):
            for decay in _SLICED_DECAYS:
                yield self._followed(graph, decay, self.seed, 1.0)

    def _followed(self, graph: SegmentGraph, decay: float, seed: int, effort: float) -> Placement:
        """Homes that follow the gates, then a search that is too cold to lose them again."""
        start = PartitionMetis(network=self.network, seed=seed).run(graph)
        sliced = Cover().run(PartitionSliced(seed=seed, decay=decay).run(start))
        return SearchPresences(seed=seed, hot=0.15, cold=0.08, effort=effort).run(sliced)

    def _proven(self, best: Placement, deadline: float, proven: list[int]) -> Iterator[Placement]:
        """The optimum if the circuit is small; a lower bound in any case."""
        limit = None if deadline == float("inf") else max(0.0, deadline - monotonic())
        solution = improve_exactly(best, time_limit=limit)
        proven.append(solution.lower_bound)
        yield solution.placement

    def _rounds(self, graph: SegmentGraph, best: Placement, deadline: float) -> Iterator[Placement]:
        """Candidates of further rounds, in order, computed on all cores by spawned processes."""
        cores = os.cpu_count() or 1
        rounds = self.rounds
        if rounds is None:
            rounds = cores if self.time_limit is None else 1_000_000
        with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
            for first in range(0, rounds, cores):
                if monotonic() > deadline:
                    return
                numbers = range(first, min(rounds, first + cores))
                tasks = [pool.submit(self.round, graph, best, number) for number in numbers]
                for task in tasks:
                    yield task.result()

    def round(self, graph: SegmentGraph, best: Placement, number: int) -> Placement:
        """One longer search: from another METIS start, from the best so far, or sliced."""
        seed = 1 + self.seed * 1_000_003 + number
        if number % 3 == 2 and self._is_worth_slicing(graph):
            return self._followed(graph, 0.1 + 0.05 * (number % 9), seed, _ROUND_EFFORT)
        if number % 3 == 1:
            return SearchPresences(seed=seed, hot=0.3, effort=_ROUND_EFFORT).run(best)
        start = Cover().run(PartitionMetis(network=self.network, seed=seed).run(graph))
        return SearchPresences(seed=seed, effort=_ROUND_EFFORT).run(start)

    def _is_worth_slicing(self, graph: SegmentGraph) -> bool:
        gates_per_segment = 2 * graph.gates / graph.segments
        return (
            graph.wires <= _MOST_WIRES_SLICED and gates_per_segment < _GATES_PER_SEGMENT_THAT_PACK
        )
