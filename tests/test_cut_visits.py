"""Copies do not outlive the cutoffs of their links, and what cannot be helped is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dqc_compiler.costs.lifetimes import planned_ages
from dqc_compiler.ir import Network, Placement, RemotePlan, Schedule, StepKind
from dqc_compiler.passes.cut_visits import CutVisits
from dqc_compiler.passes.insert_gadgets import InsertGadgets
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.schedule import ListSchedule
from dqc_compiler.passes.segment import Segment
from dqc_compiler.planning import MeetCutoffs
from tests.oracle import assert_same_action, coins
from tests.strategies import (
    circuits,
    make_circuit,
    make_network,
    make_placement,
    sparse_networks,
    static_placements,
)
from tests.test_routes import network_of


def scheduled(plan: RemotePlan) -> Schedule:
    return ListSchedule(most_runs=1).run(InsertGadgets().run(plan))


def with_cutoff(network: Network, cutoff_us: float | None) -> Network:
    return replace(
        network, links=tuple(replace(link, cutoff_us=cutoff_us) for link in network.links)
    )


def packet(network: Network, home: int, host: int, delay_us: float) -> Placement:
    """A qubit whose copy serves three gates with another one that waits in between."""
    wait = ("delay", (1,), (1000.0 * delay_us,))
    rows = [("cz", (0, 1)), wait, ("cz", (0, 1)), wait, ("cz", (0, 1))]
    graph = Segment().run(make_circuit(2, rows))
    return make_placement(graph, network, [home, host], [host] * 3)


def test_operations_without_statements_have_no_time() -> None:
    rows = [("cz", (0, 1)), ("delay", (1,), (100_000.0,)), ("cz", (0, 1)), ("swap", (0, 1))]
    network = with_cutoff(make_network((1, 1), 2, success_probability=0.5), 60.0)
    graph = Segment().run(make_circuit(2, rows))
    placement = make_placement(graph, network, [0, 1], [1, 1])
    plan = MeetCutoffs().run(PlanVisits().run(placement))
    plan.verify()
    assert plan.pairs == 2


@pytest.mark.parametrize(("cutoff_us", "pairs"), [(None, 1), (500.0, 1), (150.0, 2), (60.0, 3)])
def test_a_copy_is_opened_as_often_as_its_cutoff_asks_for(
    cutoff_us: float | None, pairs: int
) -> None:
    network = with_cutoff(make_network((1, 1), 2, success_probability=0.5), cutoff_us)
    plan = MeetCutoffs().run(PlanVisits().run(packet(network, 0, 1, delay_us=100.0)))
    plan.verify()
    schedule = scheduled(plan)
    assert plan.pairs == schedule.program.pairs == pairs
    assert schedule.violations.copies == 0
    for _, age in planned_ages(schedule)[1]:
        assert age.cutoff_ns is None or age.planned_ns <= age.cutoff_ns


def test_a_copy_beyond_another_node_is_opened_all_the_way_again() -> None:
    network = with_cutoff(network_of("qqq", [(0, 1), (1, 2)], comm=3), 60.0)
    fast = tuple(replace(link, success_probability=0.5) for link in network.links)
    network = replace(network, links=fast)
    before = PlanVisits().run(packet(network, 0, 2, delay_us=100.0))
    assert before.pairs == 2
    plan = MeetCutoffs().run(before)
    plan.verify()
    assert plan.pairs == 6
    assert scheduled(plan).violations.copies == 0


def test_a_copy_that_waits_for_its_only_gate_stays_and_is_counted() -> None:
    """The partner is a copy as well, whose pair takes longer than the cutoff."""
    network = make_network((1, 1, 1), 2)
    slow = replace(network.links[2], success_probability=0.001)
    network = with_cutoff(replace(network, links=(*network.links[:2], slow)), 50.0)
    graph = Segment().run(make_circuit(3, [("cz", (0, 1))]))
    placement = make_placement(graph, network, [0, 1, 2], [2])
    plan = PlanVisits().run(placement)
    if plan.pairs == 2:  # hosted at the third node
        late = scheduled(plan).violations
        assert MeetCutoffs().run(plan).pairs == 2
        assert late.copies_with_cutoff == 2


def test_without_cutoffs_nothing_changes() -> None:
    plan = PlanVisits().run(packet(make_network((1, 1), 2), 0, 1, delay_us=1000.0))
    assert MeetCutoffs().run(plan) is plan
    assert CutVisits(scheduled(plan)).run(plan) is plan


@settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.data(), st.integers(0, 2**32), st.sampled_from((1.0, 20.0, 120.0)))
def test_cut_programs_are_right(data: st.DataObject, seed: int, cutoff_us: float) -> None:
    """Whatever is cut, on whatever network: plans keep their rules and programs their action."""
    circuit = data.draw(circuits())
    graph = Segment().run(circuit)
    network = with_cutoff(data.draw(sparse_networks(graph.wires)), cutoff_us)
    placement = data.draw(static_placements(graph, network))
    plan = PlanVisits().run(placement)
    assume(plan.pairs > 0)
    cut = CutVisits(scheduled(plan)).run(plan)
    cut.verify()
    assert cut.pairs >= plan.pairs
    program = InsertGadgets().run(cut)
    program.verify()
    assert program.pairs == cut.pairs
    assert_same_action(circuit, program, coins(seed), seed=seed)
    assert (cut.kind == StepKind.OPERATION).sum() == (plan.kind == StepKind.OPERATION).sum()
