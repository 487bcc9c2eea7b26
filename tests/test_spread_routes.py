"""Which chain of repeaters each pair takes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from dqc_compiler.costs.prices import Objective, priced
from dqc_compiler.formats.network_file import Network
from dqc_compiler.ir import Link, RemotePlan, Route, StepKind
from dqc_compiler.passes.insert_gadgets import InsertGadgets
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.schedule import ListSchedule
from dqc_compiler.passes.segment import Segment
from dqc_compiler.passes.spread_routes import SpreadRoutes
from dqc_compiler.pipeline import Options, compile_circuit
from tests.oracle import assert_same_action, coins
from tests.strategies import make_circuit, make_placement
from tests.test_routes import network_of

# 0 and 1 are joined by two chains of repeaters of two links each, 2 and 3, and by a longer one.
TWO_WAYS = [(0, 2), (2, 1), (0, 3), (3, 1), (0, 4), (4, 5), (5, 1)]


def plan_on(network: Network, copies: int) -> RemotePlan:
    """So many copies from node 0 to node 1, one after the other."""
    rows: list[tuple[object, ...]] = []
    for _ in range(copies):
        rows += [("cz", (0, 1)), ("h", (0,)), ("h", (1,))]
    graph = Segment().run(make_circuit(2, rows))
    homes = [0 if wire == 0 else 1 for wire in graph.segment_wire.tolist()]
    return PlanVisits().run(make_placement(graph, network, homes, [1] * graph.gates))


def routes_taken(plan: RemotePlan) -> Counter[Route]:
    opened = plan.route[plan.kind == StepKind.OPEN].tolist()
    return Counter(plan.routes[number] for number in opened)


def test_equal_ways_share_the_pairs() -> None:
    network = network_of("qqrrrr", TWO_WAYS)
    plan = plan_on(network, 6)
    assert len(routes_taken(plan)) == 1
    spread = SpreadRoutes().run(plan)
    spread.verify()
    assert spread.pairs == plan.pairs == 12
    assert sorted(routes_taken(spread).values()) == [3, 3]
    assert all(len(route.links) == 2 for route in routes_taken(spread))


def test_a_faster_way_takes_more_of_them() -> None:
    network = network_of("qqrrrr", TWO_WAYS)
    fast = [replace(link, success_probability=0.05) for link in network.links[:2]]
    network = replace(network, links=(*fast, *network.links[2:]))
    taken = routes_taken(SpreadRoutes().run(plan_on(network, 12)))
    assert taken[Route((0, 2, 1), (0, 1))] == 10
    assert taken[Route((0, 3, 1), (2, 3))] == 2


def test_detours_are_taken_only_if_asked_for() -> None:
    network = network_of("qqrrrr", TWO_WAYS)
    spread = SpreadRoutes(detour=1).run(plan_on(network, 6))
    spread.verify()
    assert sorted(len(route.links) for route in routes_taken(spread).elements()) == [
        *[2] * 4,
        *[3] * 2,
    ]
    assert spread.pairs == 14


def test_memory_of_repeaters_counts() -> None:
    """Two links lead to each of two repeaters; the one with more comm qubits is passed more."""
    network = network_of("qqrrrr", TWO_WAYS)
    channels = [replace(link, channels=100) for link in network.links]
    wide = replace(network.nodes[3], comm_qubits=6)
    nodes = (*network.nodes[:3], wide, *network.nodes[4:])
    network = replace(network, nodes=nodes, links=tuple(channels))
    taken = routes_taken(SpreadRoutes().run(plan_on(network, 8)))
    assert taken[Route((0, 3, 1), (2, 3))] == 6


def test_a_way_that_the_objective_avoids_is_not_taken() -> None:
    """The direct link has fewer links than the way through the repeater, but spoils every pair."""
    network = network_of("qqr", [(0, 1), (0, 2), (2, 1)])
    poor = replace(network.links[0], fidelity=0.7)
    network = replace(network, links=(poor, *network.links[1:]))
    plan = plan_on(priced(network, Objective(fidelity=1.0)), 6)
    around = Route((0, 2, 1), (1, 2))
    assert set(routes_taken(plan)) == {around}
    assert set(routes_taken(SpreadRoutes().run(plan))) == {around}
    program = compile_circuit(
        make_circuit(4, [("cz", (0, 2)), ("cz", (1, 3)), ("cz", (0, 3)), ("cz", (1, 2))]),
        network,
        options=Options(preset="fast", minimize=Objective(fidelity=1.0)),
    ).program
    assert 0 not in program.link.tolist()


def test_without_repeaters_nothing_changes() -> None:
    plan = plan_on(network_of("qq", [(0, 1)]), 3)
    assert SpreadRoutes().run(plan) is plan


@pytest.mark.parametrize("seed", range(3))
def test_programs_over_several_ways_are_right_and_faster(seed: int) -> None:
    network = network_of("qqrrrr", TWO_WAYS, comm=4)
    rows = [("cz", (0, 1)), ("h", (0,)), ("h", (1,))] * 2
    circuit = make_circuit(2, rows)
    graph = Segment().run(circuit)
    homes = [0 if wire == 0 else 1 for wire in graph.segment_wire.tolist()]
    plan = PlanVisits().run(make_placement(graph, network, homes, [1] * graph.gates))
    program = InsertGadgets().run(SpreadRoutes().run(plan))
    assert_same_action(circuit, program, coins(seed), seed=seed)
    slow = ListSchedule().run(InsertGadgets().run(plan))
    assert ListSchedule().run(program).makespan.mean < 0.9 * slow.makespan.mean


def test_links_that_do_not_lead_there_are_left_alone() -> None:
    network = network_of("qqr", [(0, 1)])
    network = replace(network, links=(*network.links, Link(between=(0, 2))))
    plan = plan_on(network, 2)
    assert SpreadRoutes(detour=5).run(plan).pairs == plan.pairs
