"""Several ways to a placement, all judged by the pairs that will be emitted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from typing import ClassVar, NamedTuple

from dqc_compiler import engines
from dqc_compiler.ahead import made_ahead
from dqc_compiler.costs import ebits
from dqc_compiler.costs.routes import find_routing
from dqc_compiler.interruption import Patience
from dqc_compiler.ir import Network, Placement, SegmentGraph
from dqc_compiler.ir.arrays import Int32
from dqc_compiler.options import Preset
from dqc_compiler.passes.assign_nodes import AssignNodes
from dqc_compiler.passes.cover import Cover
from dqc_compiler.passes.embed import Embed
from dqc_compiler.passes.exact import improve_exactly
from dqc_compiler.passes.partition_metis import PartitionMetis
from dqc_compiler.passes.partition_sliced import PartitionSliced
from dqc_compiler.passes.polish_visits import PolishVisits
from dqc_compiler.passes.refine import Refine
from dqc_compiler.passes.search_presences import MOST_NODES, SearchPresences
from dqc_compiler.planning import Valuation
from dqc_compiler.workers import Workers

_SLICED_DECAYS = (0.2, 0.3)
_QUICK_PROPOSALS = 30  # per wire that may move, where homes follow the gates with `fast`
# Where wires get a new segment at nearly every gate, copies serve one gate each and qubits had
# better follow their gates.
_GATES_PER_SEGMENT_THAT_PACK = 2.0
_MOST_WIRES_SLICED = 256  # it has a table of wires x wires
_MOST_GATES_IN_HYPERGRAPH = 10_000  # two seconds; METIS takes a tenth of that
# What a gate at a third node costs where memory is short, in e-bits. No single price is best; with
# one comm qubit dear ones are, with four cheap ones help some circuits.
_FAR_PRICES = (0.5, 1.0, 0.2, 0.5, 0.05)
_FAST_STARTS = ("contiguous", "metis", "hub")  # 10 ms; the hypergraph takes as long as the search
# First and last temperatures in e-bits. No start is best at all circuits, nor is a temperature:
# both of them on two starts find more than one of them on four.
_HOT, _WARM = (0.45, 0.1), (0.2, 0.08)
_OTHER_SEED = 7  # a number that no start has
_AGAIN_HOT, _AGAIN_EFFORT = (0.2, 0.45), 1.5  # of the searches that go on from the best one
_FLOOR_EFFORT = 0.7  # of the search with static homes
# All of them know the best of the rounds before; with the number of cores, that would differ from
# machine to machine.
_ROUNDS_AT_ONCE = 4
_ROUND_EFFORT = 4.0  # work of a search in a round of `best`, relative to one of `balanced`


class _Candidate(NamedTuple):
    """A placement, and how it was searched for."""

    placement: Placement
    far_price: float = 0.0  # of gates at third nodes
    in_program_order: bool = False


_Call = Callable[[], _Candidate]


def _search(search: SearchPresences, start: Placement) -> _Candidate:
    return _Candidate(search.run(start), search.far_price, search.in_program_order)


class _Found:
    """The best candidate so far: the one whose programs cost least."""

    def __init__(self, candidates: Iterator[_Candidate], valuation: Valuation) -> None:
        self.valuation = valuation
        self.cost = self.latest = inf  # of the best and of the latest candidate
        self.least = 0.0  # of placements that embed nothing, with gates as soon as possible
        for candidate in candidates:
            self.offer(candidate)

    def offer(self, candidate: _Candidate) -> None:
        """Take a candidate if it is cheaper; ties go to the earlier one."""
        self.latest = self.valuation.cost(candidate.placement)
        if self.latest < self.cost:
            self.cost, self.best = self.latest, candidate


@dataclass(frozen=True)
class Place:
    """Segment graph to placement: the cheapest of a preset's candidates.

    `fast`: the cheapest start, refined with static homes, and for circuits that do not pack homes
    that follow the gates. `balanced`: starts searched with homes that move, on all cores, and from
    the best of these a longer search. `best`: after that, the optimum of small circuits, and rounds
    of longer searches from other starts.
    Where comm qubits are limited, the plan decides, which knows every visit; and if memory turns
    out to be short, searches in which gates at third nodes are dear compete, and the cheapest
    placement is changed under the price of its plan. At the end segments of the cheapest placement
    are embedded, and of the cheapest one of `fast`, where qubits that stay leave more to be gained.

    Candidates come in a fixed order, those of `fast` first, and only after these the patience may
    end: `fast` is the floor under every time limit and interruption. Without a limit, or with one
    that is not reached, equal seeds and rounds give equal placements.
    """

    name: ClassVar[str] = "place"
    network: Network
    valuation: Valuation | None = None  # what is best; None: the fewest pairs
    seed: int = 0
    preset: Preset = "balanced"
    patience: Patience = field(default_factory=Patience)
    rounds: int | None = None  # of `best`; without it and a limit, one per core
    engine: str = engines.AUTO  # one of `engines.choices()`
    homes: Int32 | None = None  # of the wires, if the circuit was written for them: the only start

    def run(self, graph: SegmentGraph) -> Placement:
        """The cheapest candidate."""
        self.patience.begin()
        starts = self.starts(graph)
        found = _Found(self._floor(starts), self._valuation)
        static = found.best
        if self._is_worth_slicing(starts[0].graph):
            found.offer(self._followed_quickly(starts[0]))
        for candidate in self.patience.limits(self._further(starts, found)):
            found.offer(candidate)
            if found.cost <= found.least:
                break
        unembedded = (found.best,) if static is found.best else (found.best, static)
        for candidate in self.patience.limits(self._embedded(unembedded)):
            found.offer(candidate)
        return found.best.placement

    @property
    def _valuation(self) -> Valuation:
        return self.valuation or Valuation(self.network)

    # Starts

    def starts(self, graph: SegmentGraph) -> tuple[Placement, ...]:
        """The placements that everything begins with, with static homes."""
        if self.homes is not None:  # twice, to be searched at both temperatures
            return (Cover().run(Placement.static(graph, self.network, self.homes)),) * 2
        return tuple(self._start(name, graph, self.seed) for name in self._static(graph))

    def _static(self, graph: SegmentGraph) -> tuple[str, ...]:
        """Names of the engines with static homes; those that follow the gates begin with METIS."""
        used = engines.choose(self.engine).used
        if self.engine == engines.AUTO and self._begins_quickly(graph):
            used = _FAST_STARTS
        if self.engine == engines.AUTO and graph.gates > _MOST_GATES_IN_HYPERGRAPH:
            used = tuple(name for name in used if name != "hypergraph")
        return tuple(name for name in used if name != engines.SLICED) or ("metis",)

    def _begins_quickly(self, graph: SegmentGraph) -> bool:
        """Whether slow engines are left out.

        Where homes had better follow the gates, what that finds is soon cheaper than any start.
        """
        return self.preset == "fast" or (
            self.preset == "balanced" and self._is_worth_slicing(graph)
        )

    def _start(self, name: str, graph: SegmentGraph, seed: int) -> Placement:
        start = engines.make(name, network=self.network, seed=seed).run(graph)
        return AssignNodes().run(start)

    def engines_used(self, graph: SegmentGraph) -> engines.Chosen:
        """The engines whose starts take part, given time enough, and those that are missing."""
        is_sliced = self._is_worth_slicing(graph)
        used = self._static(graph) + ((engines.SLICED,) if is_sliced else ())
        missing = engines.choose(self.engine).not_installed
        if self._begins_quickly(graph):
            missing = ()
        if self.homes is not None:
            used, missing = ("regroup", *used[len(self._static(graph)) :]), ()
        return engines.Chosen(used, missing)

    # Candidates

    def _floor(self, starts: tuple[Placement, ...]) -> Iterator[_Candidate]:
        """Static homes: the cheapest start, as it is and refined; first of those of `fast`."""
        graph = starts[0].graph
        first = starts
        if self.homes is None and self.engine == engines.AUTO:
            named = zip(self._static(graph), starts, strict=True)
            first = tuple(start for name, start in named if name in _FAST_STARTS)
        for start in dict.fromkeys(min(each, key=ebits.pairs) for each in (first, starts)):
            yield from self._refined(start)
        if not self._valuation.objective.is_pairs:
            yield self._fewest_pairs(graph, "fast")

    def _fewest_pairs(self, graph: SegmentGraph, preset: Preset) -> _Candidate:
        """What would be taken if only pairs counted, along the ways with the fewest links.

        The search knows another objective as prices of links alone, and not how long qubits wait:
        better but slower links once took more pairs and left a third of the fidelity.
        """
        seconds = None if self.patience.seconds is None else self.patience.seconds_left
        plain = replace(
            self,
            network=replace(self.network, link_prices=(), price_unit=1),
            valuation=None,
            preset=preset,
            rounds=None,
            patience=Patience(seconds, self.patience.interruption),
        )
        return _Candidate(plain.run(graph))

    def _refined(self, start: Placement) -> Iterator[_Candidate]:
        yield _Candidate(start)
        qpus = sum(node.kind == "qpu" for node in self.network.nodes)
        if find_routing(self.network).is_flat or qpus > MOST_NODES:
            yield _Candidate(Refine(seed=self.seed).run(start))
        else:  # the search by presences is slower, but knows distances
            search = SearchPresences(seed=self.seed, is_static=True, effort=_FLOOR_EFFORT)
            yield _Candidate(search.run(Cover().run(start)))
        if self.network.is_limited:
            yield _Candidate(Refine(seed=self.seed, hosts_at_home=True).run(Cover().run(start)))

    def _further(self, starts: tuple[Placement, ...], found: _Found) -> Iterator[_Candidate]:
        """What the presets above `fast` add."""
        graph = starts[0].graph
        if self.preset == "fast":
            return
        followed = tuple(self._followed(graph))
        static = (*starts[:2], starts[0]) if followed else starts  # others gain nothing there
        # Searches with far gates are worth their time also with room for all copies: they end
        # elsewhere. Whether there is too little room is not known before the first searches.
        others = () if followed else tuple(self._elsewhere(starts))
        has_room = self._valuation.is_plain and not self.network.is_limited
        is_short = False
        for candidate in made_ahead(
            (*self._searched(static), *followed, *(others if has_room else ()))
        ):
            yield candidate
            is_short = is_short or self._is_short(candidate, found)
        if is_short:
            yield from made_ahead(self._near(starts))
        elif not has_room:
            yield from made_ahead(others)
        yield from made_ahead(tuple(self._again(found.best)))
        if is_short and self._valuation.is_plain:
            polish = PolishVisits(seed=self.seed)
            yield found.best._replace(placement=polish.run(found.best.placement))
        if not self._valuation.objective.is_pairs:
            yield self._fewest_pairs(graph, "balanced")
        if self.preset == "best":
            if self._valuation.is_plain and find_routing(self.network).is_flat:
                yield self._solved(found)
            yield from self._rounds(graph, found)

    def _is_short(self, candidate: _Candidate, found: _Found) -> bool:
        """Whether memory or cutoffs make the latest candidate dearer than it could be."""
        if self._valuation.is_plain:
            return found.latest > ebits.pairs(candidate.placement)
        return True

    def _seed(self, number: int) -> int:
        return (len(engines.STARTS) + 1) * self.seed + number

    def _searched(self, starts: tuple[Placement, ...]) -> Iterator[_Call]:
        """Homes that move."""
        for number, start in enumerate(starts):
            hot, cold = _WARM if number % 2 else _HOT
            search = SearchPresences(
                seed=self._seed(number),
                hot=hot,
                cold=cold,
                in_program_order=number == 2,
            )
            yield partial(_search, search, start)

    def _elsewhere(self, starts: tuple[Placement, ...]) -> Iterator[_Call]:
        """Homes that move, with gates at third nodes at a price."""
        for number, start in enumerate(starts[:2]):
            search = SearchPresences(
                seed=self._seed(_OTHER_SEED + number),
                far_price=_FAR_PRICES[0],
                in_program_order=number == 0,
            )
            yield partial(_search, search, start)

    def _again(self, best: _Candidate) -> Iterator[_Call]:
        """Two searches that go on from the best one."""
        for number, hot in enumerate(_AGAIN_HOT):
            search = SearchPresences(
                seed=self._seed(len(engines.STARTS)) + number * _OTHER_SEED,
                hot=hot,
                effort=_AGAIN_EFFORT,
                far_price=best.far_price,
                in_program_order=best.in_program_order,
            )
            yield partial(_search, search, best.placement)

    def _near(self, starts: tuple[Placement, ...]) -> Iterator[_Call]:
        """Homes that move, with gates at third nodes at several prices, from the starts in turn."""
        for number, far_price in enumerate(_FAR_PRICES):
            search = SearchPresences(
                seed=self._seed(number),
                far_price=far_price,
                in_program_order=number % 2 == 1,
            )
            yield partial(_search, search, starts[number % len(starts)])

    def _followed(self, graph: SegmentGraph) -> Iterator[_Call]:
        """Homes that follow the gates, by a short or a longer look ahead."""
        if self._is_worth_slicing(graph):
            yield partial(self._follow, graph, _SLICED_DECAYS, self.seed)

    def _followed_quickly(self, start: Placement) -> _Candidate:
        """Homes that follow the gates, with a third of the tries and nothing after it."""
        sliced = PartitionSliced(seed=self.seed, proposals=_QUICK_PROPOSALS)
        return _Candidate(Cover().run(sliced.run(start)))

    def _follow(
        self, graph: SegmentGraph, decays: tuple[float, ...], seed: int, effort: float = 1.0
    ) -> _Candidate:
        """Homes that follow the gates, then a search that is too cold to lose them again."""
        start = AssignNodes().run(PartitionMetis(network=self.network, seed=seed).run(graph))
        slicings = (PartitionSliced(seed=seed, decay=decay) for decay in decays)
        sliced = min((Cover().run(each.run(start)) for each in slicings), key=ebits.pairs)
        return _search(SearchPresences(seed=seed, hot=0.15, cold=0.08, effort=effort), sliced)

    def _embedded(self, candidates: tuple[_Candidate, ...]) -> Iterator[_Candidate]:
        """Candidates whose copies survive changes of axis, as far as there are any."""
        if self.preset == "fast" or not find_routing(self.network).is_flat:
            return
        effort = _ROUND_EFFORT if self.preset == "best" else 1.0
        for candidate in candidates:
            placement = Embed(seed=self.seed, effort=effort).run(candidate.placement)
            if placement.embedded:
                yield candidate._replace(placement=placement)

    def _is_worth_slicing(self, graph: SegmentGraph) -> bool:
        if self.engine != engines.AUTO:
            return self.engine == engines.SLICED
        gates_per_segment = 2 * graph.gates / graph.segments
        return (
            graph.wires <= _MOST_WIRES_SLICED and gates_per_segment < _GATES_PER_SEGMENT_THAT_PACK
        )

    # The preset `best`

    def _solved(self, found: _Found) -> _Candidate:
        """The optimum if the circuit is small; a lower bound in any case."""
        seconds = self.patience.seconds_left
        limit = None if seconds == float("inf") else seconds
        solution = improve_exactly(found.best.placement, time_limit=limit)
        found.least = solution.lower_bound
        return _Candidate(solution.placement)

    def _rounds(self, graph: SegmentGraph, found: _Found) -> Iterator[_Candidate]:
        """Candidates of further rounds, in order, computed on all cores by spawned processes."""
        cores = os.cpu_count() or 1
        rounds, at_once = self.rounds, _ROUNDS_AT_ONCE
        if rounds is None:  # then the machine decides anyway what is found
            rounds, at_once = (cores if self.patience.seconds is None else 1_000_000), cores
        with Workers(min(cores, at_once)) as workers:
            for first in range(0, rounds, at_once):
                if self.patience.is_over():
                    return
                numbers = range(first, min(rounds, first + at_once))
                calls = [(graph, found.best, number) for number in numbers]
                yield from workers.results(self.round, calls, self.patience)

    def round(self, graph: SegmentGraph, best: _Candidate, number: int) -> _Candidate:
        """One longer search: from another start, from the best so far, or sliced.

        Where comm qubits are limited, every other one prices the visits of the best so far.
        """
        seed = 1 + self.seed * 1_000_003 + number
        if self.network.is_limited and self._valuation.is_plain:
            number, is_other = divmod(number, 2)
            if not is_other:
                polish = PolishVisits(seed=seed, effort=_ROUND_EFFORT)
                return best._replace(placement=polish.run(best.placement))
        prices = (0.0, *_FAR_PRICES) if self.network.is_limited else (0.0,)
        far_price = prices[number % len(prices)]
        if number % 3 == 2 and self._is_worth_slicing(graph):
            decay = 0.1 + 0.05 * (number % 9)
            return self._follow(graph, (decay,), seed, _ROUND_EFFORT)
        if number % 3 == 1:
            search = SearchPresences(
                seed=seed,
                hot=0.3,
                effort=_ROUND_EFFORT,
                far_price=best.far_price,
                in_program_order=best.in_program_order,
            )
            return _search(search, best.placement)
        names = self._static(graph)
        start = self._start(names[-1 - number // 3 % len(names)], graph, seed)
        search = SearchPresences(
            seed=seed,
            effort=_ROUND_EFFORT,
            far_price=far_price,
            in_program_order=number % 2 == 1,
        )
        return _search(search, start)
