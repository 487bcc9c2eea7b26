"""Several ways to a placement, all judged by the pairs that will be emitted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Literal, NamedTuple

from dqc_compiler import engines
from dqc_compiler.interruption import Patience
from dqc_compiler.ir import Network, Placement, SegmentGraph
from dqc_compiler.passes.burst import Burst
from dqc_compiler.passes.cover import Cover
from dqc_compiler.passes.partition_metis import PartitionMetis
from dqc_compiler.passes.partition_sliced import PartitionSliced
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.refine import Refine
from dqc_compiler.passes.search_presences import SearchPresences
from dqc_compiler.workers import Workers

Preset = Literal["fast", "balanced", "best"]

_BURST_WINDOWS = (8, 64)  # gates; no single window is best, and more than two gain little
_SLICED_DECAYS = (0.2, 0.3)
# Where wires get a new segment at nearly every gate, copies serve one gate each and qubits had
# better follow their gates.
_GATES_PER_SEGMENT_THAT_PACK = 2.0
_MOST_WIRES_SLICED = 256  # its tables are wires x wires, filled anew in every layer
_MOST_GATES_IN_HYPERGRAPH = 10_000  # two seconds; METIS takes a tenth of that
_ROUND_EFFORT = 4.0  # work of a search in a round of `best`, relative to one of `balanced`


class _Planned(NamedTuple):
    """A candidate and the pairs that its programs will consume."""

    placement: Placement
    price: int


@dataclass(frozen=True)
class Place:
    """Segment graph to placement: the cheapest of a preset's candidates.

    `fast`: the starts of all engines, refined with static homes. `balanced`: all also searched
    with homes that move, and for circuits that do not pack, homes that follow the gates. `best`:
    after that, rounds of longer searches from other starts, on all cores.
    Where comm qubits are limited, hosts that make short visits compete for every choice of homes:
    fewest copies is the wrong goal there, because they stay open for long. The plan, which knows
    every visit, decides; ties go to the earlier candidate.

    Candidates come in a fixed order, those of `fast` first, and only after these the patience may
    end: `fast` is the floor under every time limit and interruption. Without a limit, or with one
    that is not reached, equal seeds and rounds give equal placements.
    """

    name: ClassVar[str] = "place"
    network: Network
    seed: int = 0
    preset: Preset = "balanced"
    patience: Patience = field(default_factory=Patience)
    rounds: int | None = None  # of `best`; without it and a limit, one per core
    engine: str = engines.AUTO  # one of `engines.CHOICES`

    def run(self, graph: SegmentGraph) -> Placement:
        """The cheapest candidate."""
        self.patience.begin()
        starts = self.starts(graph)
        best = min(self._planned(self._refined(starts)), key=lambda planned: planned.price)
        further: list[Callable[[], Iterator[Placement]]] = []
        if self.preset != "fast":
            further.append(lambda: self._searched(graph, starts))
        if self.preset == "best":
            further.append(lambda: self._rounds(graph, best.placement))
        for source in further:
            for planned in self.patience.limits(self._planned(source())):
                best = min(best, planned, key=lambda planned: planned.price)
                if best.price == 0:
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

    def _refined(self, starts: tuple[Placement, ...]) -> Iterator[Placement]:
        """Static homes."""
        for number, start in enumerate(starts):
            yield Placement.static(start.graph, start.network, start.start_home)
            yield start
            yield Refine(seed=len(engines.STARTS) * self.seed + number).run(start)

    def starts(self, graph: SegmentGraph) -> tuple[Placement, ...]:
        """The placements that everything begins with, with static homes."""
        return tuple(self._start(name, graph, self.seed) for name in self._static(graph))

    def _static(self, graph: SegmentGraph) -> tuple[str, ...]:
        """Names of the engines with static homes; those that follow the gates begin with METIS."""
        used = engines.choose(self.engine).used
        if self.engine == engines.AUTO and graph.gates > _MOST_GATES_IN_HYPERGRAPH:
            used = tuple(name for name in used if name != "hypergraph")
        return tuple(name for name in used if name in engines.STARTS) or ("metis",)

    def _start(self, name: str, graph: SegmentGraph, seed: int) -> Placement:
        return engines.make(name, network=self.network, seed=seed).run(graph)

    def engines_used(self, graph: SegmentGraph) -> engines.Chosen:
        """The engines whose starts take part, given time enough, and those that are missing."""
        chosen = engines.choose(self.engine)
        is_sliced = self.preset != "fast" and self._is_worth_slicing(graph)
        used = self._static(graph) + ((engines.SLICED,) if is_sliced else ())
        return engines.Chosen(used, chosen.not_installed)

    def _searched(self, graph: SegmentGraph, starts: tuple[Placement, ...]) -> Iterator[Placement]:
        """Homes that move, or follow the gates."""
        for number, start in enumerate(starts):
            yield SearchPresences(seed=len(engines.STARTS) * self.seed + number).run(start)
        if self._is_worth_slicing(graph):
            for decay in _SLICED_DECAYS:
                yield self._followed(graph, decay, self.seed, 1.0)

    def _followed(self, graph: SegmentGraph, decay: float, seed: int, effort: float) -> Placement:
        """Homes that follow the gates, then a search that is too cold to lose them again."""
        start = PartitionMetis(network=self.network, seed=seed).run(graph)
        sliced = Cover().run(PartitionSliced(seed=seed, decay=decay).run(start))
        return SearchPresences(seed=seed, hot=0.15, cold=0.08, effort=effort).run(sliced)

    def _rounds(self, graph: SegmentGraph, best: Placement) -> Iterator[Placement]:
        """Candidates of further rounds, in order, computed on all cores by spawned processes."""
        cores = os.cpu_count() or 1
        rounds = self.rounds
        if rounds is None:
            rounds = cores if self.patience.seconds is None else 1_000_000
        with Workers(cores) as workers:
            for first in range(0, rounds, cores):
                if self.patience.is_over():
                    return
                numbers = range(first, min(rounds, first + cores))
                calls = [(graph, best, number) for number in numbers]
                yield from workers.results(self.round, calls, self.patience)

    def round(self, graph: SegmentGraph, best: Placement, number: int) -> Placement:
        """One longer search: from another start, from the best so far, or sliced."""
        seed = 1 + self.seed * 1_000_003 + number
        if number % 3 == 2 and self._is_worth_slicing(graph):
            return self._followed(graph, 0.1 + 0.05 * (number % 9), seed, _ROUND_EFFORT)
        if number % 3 == 1:
            return SearchPresences(seed=seed, hot=0.3, effort=_ROUND_EFFORT).run(best)
        names = self._static(graph)
        start = self._start(names[-1 - number // 3 % len(names)], graph, seed)
        return SearchPresences(seed=seed, effort=_ROUND_EFFORT).run(start)

    def _is_worth_slicing(self, graph: SegmentGraph) -> bool:
        if self.engine != engines.AUTO:
            return self.engine == engines.SLICED
        gates_per_segment = 2 * graph.gates / graph.segments
        return (
            graph.wires <= _MOST_WIRES_SLICED and gates_per_segment < _GATES_PER_SEGMENT_THAT_PACK
        )
