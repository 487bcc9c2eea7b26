"""From a placement to the plan that is emitted, and what that is worth."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import exp, inf, log
from typing import ClassVar

from dqc_compiler.costs.error_frames import pair_fidelities
from dqc_compiler.costs.prices import EBITS, Objective, average_loss, average_time_ns
from dqc_compiler.ir import Network, Placement, RemotePlan, Schedule
from dqc_compiler.passes.cut_visits import CutVisits
from dqc_compiler.passes.insert_gadgets import InsertGadgets
from dqc_compiler.passes.join_visits import JoinVisits
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.purify import Purify
from dqc_compiler.passes.schedule import ListSchedule
from dqc_compiler.passes.spread_routes import SpreadRoutes

_MOST_ROUNDS_OF_CUTS = 8
_LATE_PRICE = 4.0  # average pairs, for a copy that outlives its cutoff in spite of all cuts


@dataclass(frozen=True)
class JoinAndGiveBack:
    """Join visits, and give the data qubits back that `costs.routes.open_passages` has taken.

    They counted as comm qubits while the plan was made. In the programs they are data qubits, which
    start empty and take what has to wait in a node until a pair has passed.
    """

    network: Network  # as the user has described it
    name: ClassVar[str] = JoinVisits.name

    def run(self, plan: RemotePlan) -> RemotePlan:
        """Join, and change nothing else."""
        joined = JoinVisits().run(plan)
        return replace(joined, placement=replace(joined.placement, network=self.network))


def writer(objective: Objective) -> InsertGadgets:
    """Writes programs in which all comm qubits take turns where time counts."""
    return InsertGadgets(in_turn=inf) if objective.makespan else InsertGadgets()


@dataclass(frozen=True)
class Realise:
    """Placement to remote plan: visits over routes that are free, joined, within the cutoffs.

    Routes are chosen while the placement's network still says what links cost.
    """

    network: Network  # as the user has described it
    objective: Objective = EBITS

    def run(self, placement: Placement) -> RemotePlan:
        """The plan as it is emitted."""
        plan = SpreadRoutes().run(PlanVisits().run(placement))
        return MeetCutoffs(self.objective).run(JoinAndGiveBack(self.network).run(plan))


@dataclass(frozen=True)
class MeetCutoffs:
    """Cut the visits that live too long, and schedule again, as long as there are any.

    Each round reserves more of the cutoff for the time that opening again takes. Of all rounds the
    one with the smallest share of copies that are too old is kept, and of equal ones the cheapest.
    """

    objective: Objective = EBITS
    name: ClassVar[str] = CutVisits.name

    def run(self, plan: RemotePlan) -> RemotePlan:
        """The plan itself where no link has a cutoff."""
        if not _has_cutoffs(plan.placement.network):
            return plan
        best, least = plan, (inf, 0)
        for number in range(_MOST_ROUNDS_OF_CUTS):
            schedule = _scheduled(plan, self.objective)
            late = schedule.violations
            found = late.copies / max(1, late.copies_with_cutoff), plan.pairs
            if found < least:
                best, least = plan, found
            if late.copies == 0:
                break
            again = CutVisits(schedule, share=0.9**number).run(plan)
            if len(again) == len(plan):
                break
            plan = again
        return best


def _has_cutoffs(network: Network) -> bool:
    return any(link.cutoff_us is not None for link in network.links)


def _scheduled(plan: RemotePlan, objective: Objective) -> Schedule:
    """The planned times alone."""
    return ListSchedule(most_runs=1).run(writer(objective).run(plan))


@dataclass(frozen=True)
class Valuation:
    """What a placement costs, the less the better; each term in average pairs.

    Where only pairs count and copies may live as long as they like, that is the price of the plan.
    Otherwise the program is written and scheduled, and its real times and errors count.
    """

    network: Network  # as the user has described it
    objective: Objective = field(default=EBITS)

    @property
    def is_plain(self) -> bool:
        """Whether the pairs of the plan are all that counts."""
        return self.objective.is_pairs and not _has_cutoffs(self.network)

    def cost(self, placement: Placement) -> float:
        """The objective of what is emitted for a placement."""
        if self.is_plain:
            if not placement.embedded:
                return PlanVisits().pairs(placement)
            return JoinVisits().run(PlanVisits().run(placement)).pairs
        return self.purified(Realise(self.network, self.objective).run(placement))[1]

    def purified(self, plan: RemotePlan) -> tuple[RemotePlan, float]:
        """A plan, its pairs purified where the fidelity counts and that pays, and what it costs.

        A pair that is purified waits for the second one, and all that comes later waits with it. So
        the programs are written and scheduled both ways.
        """
        choices = [plan]
        if self.objective.fidelity:
            choices.append(Purify(self.objective.pair_price(self.network)).run(plan))
            if not choices[1].purified.any():
                del choices[1]
        costs = [self.cost_of(_scheduled(each, self.objective)) for each in choices]
        best = costs.index(min(costs))
        return choices[best], costs[best]

    def cost_of(self, schedule: Schedule) -> float:
        """The objective of programs and their planned times."""
        objective = self.objective
        cost = objective.ebits * schedule.program.pairs
        cost += _LATE_PRICE * schedule.violations.copies
        if objective.makespan:
            makespan = schedule.planned_makespan_ns / average_time_ns(self.network)
            cost += objective.makespan * makespan
        if objective.fidelity:
            cost += objective.fidelity * self._loss(schedule) / average_loss(self.network)
        return cost

    def _loss(self, schedule: Schedule) -> float:
        """-log of the probability that no error happens, to pairs, copies or qubits that wait.

        Smooth and without random numbers, unlike the estimate that is reported.
        """
        _, gadgets = pair_fidelities(schedule)
        nodes = self.network.nodes
        decays = [
            exp(-schedule.planned_makespan_ns / (1000.0 * nodes[node].t2_us))
            for node, _ in schedule.program.start.tolist()
        ]
        return -sum(map(log, gadgets)) - sum(log((1.0 + decay) / 2.0) for decay in decays)


@dataclass(frozen=True)
class PurifyIfWorth:
    """Purify the pairs of a plan by the price of the objective, if that makes it cheaper."""

    valuation: Valuation
    name: ClassVar[str] = Purify.name

    def run(self, plan: RemotePlan) -> RemotePlan:
        """The plan with or without purified pairs."""
        return self.valuation.purified(plan)[0]
