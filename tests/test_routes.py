"""Ways of pairs: routes between neighbours, what they cost, and which nodes let them pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqc_compiler.costs.ebits import pairs
from dqc_compiler.costs.prices import EBITS, Objective, priced
from dqc_compiler.costs.routes import find_routing, open_passages, unreachable
from dqc_compiler.costs.trees import spread
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.diagnostics.placement import NoPassage
from dqc_compiler.ir import Link, Network, Node, Route
from dqc_compiler.passes.segment import Segment
from tests.strategies import make_circuit, make_network, make_placement, sparse_networks


def network_of(
    kinds: str,
    links: Sequence[tuple[int, int]],
    *,
    comm: int | None = 2,
    data: int = 2,
) -> Network:
    """Nodes by letters: `q` a processor, `r` a repeater with two comm qubits."""
    nodes = tuple(
        Node(name=f"n{i}", data_qubits=data, comm_qubits=comm)
        if kind == "q"
        else Node(name=f"r{i}", kind="repeater", data_qubits=0, comm_qubits=2)
        for i, kind in enumerate(kinds)
    )
    network = Network(nodes, tuple(Link(between=pair) for pair in links))
    network.verify()
    return network


def route(network: Network, a: int, b: int) -> Route | None:
    routing = find_routing(network)
    number = int(routing.route[a, b])
    return None if number < 0 else routes_of(network)[number]


def routes_of(network: Network) -> tuple[Route, ...]:
    return find_routing(network).routes


def test_every_two_linked_nodes_are_neighbours() -> None:
    network = make_network((1, 1, 1), 1)
    assert find_routing(network).is_flat
    assert route(network, 2, 0) == Route((2, 0), (1,))
    assert len(routes_of(network)) == 6


def test_repeaters_make_neighbours_of_distant_processors() -> None:
    network = network_of("qrrq", [(0, 1), (1, 2), (2, 3)])
    assert route(network, 0, 3) == Route((0, 1, 2, 3), (0, 1, 2))
    assert route(network, 3, 0) == Route((3, 2, 1, 0), (2, 1, 0))
    assert find_routing(network).distance[0, 3] == 3
    assert not find_routing(network).is_flat


def test_processors_on_the_way_are_passed_from_copy_to_copy() -> None:
    network = network_of("qqq", [(0, 1), (1, 2)])
    routing = find_routing(network)
    assert route(network, 0, 2) is None
    assert routing.distance[0, 2] == 2
    assert routing.towards[0, 2] == 1
    assert routing.towards[2, 0] == 1


def test_the_shorter_way_wins_and_then_the_faster_one() -> None:
    network = network_of("qrqr", [(0, 1), (1, 2), (0, 3), (3, 2)])
    slow = [replace(link, success_probability=0.001) for link in network.links]
    network = replace(network, links=(slow[0], *network.links[1:]))
    assert route(network, 0, 2) == Route((0, 3, 2), (2, 3))
    network = replace(network, links=(*network.links[1:2], slow[0], *slow[2:]))
    assert route(network, 0, 2) == Route((0, 1, 2), (1, 0))
    direct = Link(between=(0, 2), success_probability=1e-6)
    network = replace(network, links=(*network.links, direct))
    assert route(network, 0, 2) == Route((0, 2), (4,))


def test_a_node_with_one_comm_qubit_lends_a_data_qubit() -> None:
    network = network_of("qqq", [(0, 1), (1, 2)], comm=1)
    assert unreachable(network) == [(0, 2)]
    opened = open_passages(network, 5)
    assert [(n.data_qubits, n.comm_qubits) for n in opened.nodes] == [(2, 1), (1, 2), (2, 1)]
    assert [n.cells for n in opened.nodes] == [n.cells for n in network.nodes]
    assert unreachable(opened) == []


def test_no_more_nodes_lend_than_need_to() -> None:
    """A ring of four: one node in the middle of the way between two is enough for both."""
    ring = network_of("qqqq", [(0, 1), (1, 2), (2, 3), (0, 3)], comm=1)
    opened = open_passages(ring, 6)
    assert sum(node.comm_qubits == 2 for node in opened.nodes) == 2
    assert open_passages(make_network((2, 2, 2), 1), 6) == make_network((2, 2, 2), 1)


def test_several_full_nodes_in_a_row() -> None:
    line = network_of("qqqqq", [(i, i + 1) for i in range(4)], comm=1)
    opened = open_passages(line, 7)
    assert [node.comm_qubits for node in opened.nodes] == [1, 2, 2, 2, 1]


@pytest.mark.parametrize(("comm", "data", "qubits"), [(1, 2, 6), (1, 1, 3)])
def test_a_full_node_that_cannot_be_passed_is_named(comm: int, data: int, qubits: int) -> None:
    network = network_of("qqq", [(0, 1), (1, 2)], comm=comm, data=data)
    with pytest.raises(CompilerError) as caught:
        open_passages(network, qubits)
    assert caught.value.diagnostics == (NoPassage(first="n0", second="n2", node="n1"),)


def test_the_node_that_is_named_lies_between_the_two() -> None:
    ring = network_of("qqqq", [(0, 1), (1, 2), (2, 3), (0, 3)], comm=1, data=1)
    with pytest.raises(CompilerError) as caught:
        open_passages(ring, 4)
    (problem,) = caught.value.diagnostics
    assert isinstance(problem, NoPassage)
    assert problem.node not in (problem.first, problem.second)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.data())
def test_distances_are_those_of_the_graph(data: st.DataObject) -> None:
    """Against networkx, which knows nothing of routes and neighbours."""
    network = data.draw(sparse_networks(4))
    routing = find_routing(network)
    qpus = [i for i, node in enumerate(network.nodes) if node.kind == "qpu"]

    def may_pass(node: int) -> bool:
        comm = network.nodes[node].comm_qubits
        return comm is None or comm >= 2

    for a in qpus:
        for b in qpus:
            inner = [n for n in range(len(network.nodes)) if n in (a, b) or may_pass(n)]
            graph = nx.Graph(link.between for link in network.links).subgraph(inner)
            assert routing.distance[a, b] == nx.shortest_path_length(graph, a, b)
    for nodes, links in routing.routes:
        assert all(network.nodes[n].kind == "repeater" for n in nodes[1:-1])
        for hop, link in zip(pairwise(nodes), links, strict=True):
            assert set(network.links[link].between) == set(hop)


# -- prices ------------------------------------------------------------------------------------


def star_placement(network: Network, hosts: Sequence[int]) -> int:
    """Price of a qubit at node 0 whose gates are hosted elsewhere, by qubits that live there."""
    rows = [("cz", (0, i + 1)) for i in range(len(hosts))]
    graph = Segment().run(make_circuit(len(hosts) + 1, rows))
    return pairs(make_placement(graph, network, [0, *hosts], hosts))


def test_copies_share_the_links_of_a_tree() -> None:
    line = network_of("qqqq", [(0, 1), (1, 2), (2, 3)])
    assert star_placement(line, [3]) == 3
    assert star_placement(line, [3, 2, 1]) == 3
    star = network_of("qqqq", [(1, 0), (1, 2), (1, 3)])
    assert star_placement(star, [2, 3]) == 3  # both by way of node 1
    switch = network_of("qrqq", [(1, 0), (1, 2), (1, 3)])
    assert star_placement(switch, [2, 3]) == 4  # a repeater only swaps


def test_the_tree_says_where_each_copy_comes_from() -> None:
    network = network_of("qqqq", [(1, 0), (1, 2), (1, 3)])
    graph = Segment().run(make_circuit(3, [("cz", (0, 1)), ("cz", (0, 2))]))
    placement = make_placement(graph, network, [0, 2, 3], [2, 3])
    found = spread(placement, np.array([[0, 2], [0, 3]]))
    assert found.pairs == 3
    assert found.parent[found.of_segment[0]].tolist() == [-1, 0, 1, 1]


@pytest.mark.parametrize(
    ("text", "objective"),
    [
        ("ebits", EBITS),
        ("makespan", Objective(makespan=1.0)),
        ("fidelity", Objective(fidelity=1.0)),
        ("ebits=1,makespan=0.5", Objective(ebits=1.0, makespan=0.5)),
        (" makespan = 2 , fidelity", Objective(makespan=2.0, fidelity=1.0)),
    ],
)
def test_objectives_are_read_and_written(text: str, objective: Objective) -> None:
    assert Objective.parse(text) == objective
    assert Objective.parse(str(objective)) == objective


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "'' is none of ebits, makespan, fidelity"),
        ("time", "'time' is none of"),
        ("ebits=x", "'x', is not a number"),
        ("ebits=-1", "not negative"),
        ("ebits=nan", "finite"),
        ("ebits=0", "above 0"),
        ("ebits,ebits", "two weights"),
    ],
)
def test_wrong_objectives_are_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Objective.parse(text)


def test_an_objective_changes_the_way() -> None:
    """One slow link of low fidelity against two good ones."""
    network = network_of("qrq", [(0, 1), (1, 2), (0, 2)])
    poor = replace(network.links[2], success_probability=0.001, fidelity=0.9)
    network = replace(network, links=(*network.links[:2], poor))
    assert route(network, 0, 2) == Route((0, 2), (2,))
    for objective in (Objective(makespan=1.0), Objective(fidelity=1.0)):
        assert route(priced(network, objective), 0, 2) == Route((0, 1, 2), (0, 1))
    mix = Objective(ebits=100.0, makespan=1.0)
    assert route(priced(network, mix), 0, 2) == Route((0, 2), (2,))
    assert priced(network, EBITS) is network


def test_equal_links_cost_one_unit_whatever_counts() -> None:
    network = priced(network_of("qqq", [(0, 1), (1, 2)]), Objective(makespan=1.0, fidelity=3.0))
    assert set(network.link_prices) == {network.price_unit}
    assert find_routing(network).distance[0, 2] == 2 * network.price_unit
