"""Made networks: which nodes have links, what every node and link gets, what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqc_compiler import Network, ir, topologies
from dqc_compiler.diagnostics import CompilerError

SIZE: dict[str, Any] = {"data_qubits": 3, "comm_qubits": 2}


def graph_of(network: ir.Network) -> networkx.Graph:
    """The graph of a network, by names."""
    network.verify()
    names = [node.name for node in network.nodes]
    graph = networkx.Graph()
    graph.add_nodes_from(names)
    graph.add_edges_from((names[a], names[b]) for a, b in (link.between for link in network.links))
    assert networkx.is_connected(graph)
    return graph


def ends(topology: str, **parameters: Any) -> list[tuple[int, int]]:
    network = Network.make(topology, **{**SIZE, **parameters})
    return [link.between for link in network.links]


def names(network: ir.Network) -> str:
    return " ".join(node.name for node in network.nodes)


def code(topology: str, **parameters: Any) -> str:
    with pytest.raises(CompilerError) as caught:
        Network.make(topology, **{**SIZE, **parameters})
    assert caught.value.exit_code == 2
    (diagnostic,) = caught.value.diagnostics
    assert str(diagnostic)
    return diagnostic.code


# --- The graphs ---------------------------------------------------------------------------------


def test_links_of_small_networks_are_the_documented_ones() -> None:
    assert ends("line", nodes=4) == [(0, 1), (1, 2), (2, 3)]
    assert ends("line", nodes=1) == []
    assert ends("ring", nodes=4) == [(0, 1), (0, 3), (1, 2), (2, 3)]
    assert ends("star", nodes=4) == [(0, 1), (0, 2), (0, 3)]
    assert ends("all-to-all", nodes=3) == [(0, 1), (0, 2), (1, 2)]
    rows_of_three = [(0, 1), (0, 3), (1, 2), (1, 4), (2, 5), (3, 4), (4, 5)]
    assert ends("grid", shape=(2, 3)) == ends("grid", nodes=6) == rows_of_three
    assert ends("grid", shape=(3, 2)) == [(0, 1), (0, 2), (1, 3), (2, 3), (2, 4), (3, 5), (4, 5)]
    binary = [(0, 1), (0, 2), (1, 3), (1, 4), (2, 5), (2, 6)]
    assert ends("tree", depth=2) == ends("tree", nodes=7) == binary
    assert ends("tree", depth=2, branching=2, nodes=7) == binary
    assert ends("tree", nodes=6, branching=3) == [(0, 1), (0, 2), (0, 3), (1, 4), (1, 5)]
    assert ends("tree", depth=0) == []


@pytest.mark.parametrize(("rows", "columns"), [(3, 3), (3, 5), (5, 4)])
def test_a_torus_is_a_product_of_two_rings(rows: int, columns: int) -> None:
    found = set(ends("torus", shape=(rows, columns)))
    expected = set()
    for row in range(rows):
        for column in range(columns):
            here = row * columns + column
            right = row * columns + (column + 1) % columns
            below = (row + 1) % rows * columns + column
            expected |= {(min(here, other), max(here, other)) for other in (right, below)}
    assert found == expected
    assert len(found) == 2 * rows * columns


def test_a_lattice_of_so_many_nodes_is_as_square_as_possible() -> None:
    for nodes, shape in ((12, (3, 4)), (16, (4, 4)), (10, (2, 5)), (4, (2, 2))):
        assert ends("grid", nodes=nodes) == ends("grid", shape=shape)
    assert ends("torus", nodes=18) == ends("torus", shape=(3, 6))


def test_the_centre_of_a_star_can_be_a_switch() -> None:
    network = Network.make("star", nodes=3, centre="repeater", **SIZE, repeater_comm_qubits=5)
    assert names(network) == "n0 n1 n2 r0"
    assert network.nodes[3] == ir.Node(name="r0", kind="repeater", data_qubits=0, comm_qubits=5)
    assert [link.between for link in network.links] == [(0, 3), (1, 3), (2, 3)]


@pytest.mark.parametrize("ports", [2, 4, 6])
def test_a_fat_tree_has_full_bisection(ports: int) -> None:
    network = Network.make("fat-tree", ports=ports, **SIZE)
    graph = graph_of(network)
    hosts = [node.name for node in network.nodes if node.kind == "qpu"]
    switches = [node.name for node in network.nodes if node.kind == "repeater"]
    assert len(hosts) == ports**3 // 4
    assert len(switches) == 5 * ports**2 // 4
    assert {graph.degree(host) for host in hosts} == {1}
    assert {graph.degree(switch) for switch in switches} == {ports}
    # Every half of the hosts can send to the other half at full rate.
    networkx.set_edge_attributes(graph, 1, "capacity")
    graph.add_edges_from(("source", host) for host in hosts[: len(hosts) // 2])
    graph.add_edges_from((host, "sink") for host in hosts[len(hosts) // 2 :])
    assert networkx.maximum_flow_value(graph, "source", "sink") == len(hosts) // 2


@pytest.mark.parametrize(("nodes", "ports"), [(1, 2), (2, 2), (3, 4), (5, 4), (16, 4), (17, 6)])
def test_a_fat_tree_of_so_many_hosts_has_the_smallest_switches(nodes: int, ports: int) -> None:
    network = Network.make("fat-tree", nodes=nodes, **SIZE)
    graph = graph_of(network)
    assert sum(node.kind == "qpu" for node in network.nodes) == nodes
    assert sum(node.kind == "repeater" for node in network.nodes) == 5 * ports**2 // 4
    attached = [graph.degree(f"r{switch}") - ports // 2 for switch in range(ports**2 // 2)]
    assert max(attached) - min(attached) <= 1  # evenly spread
    assert sum(attached) == nodes
    under = [min(graph[f"n{host}"]) for host in range(nodes)]
    assert under == sorted(under, key=lambda name: int(name[1:]))  # in order


def test_a_fat_tree_may_have_room_for_more() -> None:
    network = Network.make("fat-tree", nodes=5, ports=6, **SIZE)
    assert len(network.nodes) == 5 + 45


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_random_regular_networks_are_regular_and_connected(data: st.DataObject) -> None:
    nodes = data.draw(st.integers(3, 30), label="nodes")
    degree = data.draw(st.integers(2, nodes - 1).filter(lambda d: d * nodes % 2 == 0), label="d")
    seed = data.draw(st.integers(0, 2**31 - 1), label="seed")
    network = Network.make("random-regular", nodes=nodes, degree=degree, seed=seed, **SIZE)
    assert {count for _, count in graph_of(network).degree} == {degree}
    again = Network.make("random-regular", nodes=nodes, degree=degree, seed=seed, **SIZE)
    assert again == network


def test_seeds_change_random_networks_and_the_default_degree_exists() -> None:
    drawn = {tuple(ends("random-regular", nodes=12, seed=seed)) for seed in range(9)}
    assert len(drawn) > 6
    for nodes, degree in ((1, 0), (2, 1), (3, 2), (4, 3), (5, 4), (6, 3), (7, 4), (200, 3)):
        assert len(ends("random-regular", nodes=nodes)) == nodes * degree // 2
    assert len(ends("random-regular", nodes=150, degree=2)) == 150  # mostly not connected at once


def test_a_thousand_nodes_are_made() -> None:
    for topology in topologies.TOPOLOGIES:
        if topology not in ("all-to-all",):
            graph_of(Network.make(topology, nodes=1000, **SIZE))


def test_networks_do_not_depend_on_hashes() -> None:
    program = (
        "from dqc_compiler import Network, topologies\n"
        "for topology in topologies.TOPOLOGIES:\n"
        "    made = Network.make(topology, nodes=12, data_qubits=1, comm_qubits=1)\n"
        "    print(made)\n"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1
    assert next(iter(texts)).count(b"\n") == len(topologies.TOPOLOGIES)


# --- Repeaters on links, and values -------------------------------------------------------------


def test_repeaters_on_links_are_chains_in_place_of_them() -> None:
    network = Network.make("ring", nodes=3, repeaters_per_link=2, repeater_comm_qubits=None, **SIZE)
    assert names(network) == "n0 n1 n2 r0 r1 r2 r3 r4 r5"
    assert [link.between for link in network.links] == [
        *((0, 3), (3, 4), (4, 1)),
        *((0, 5), (5, 6), (6, 2)),
        *((1, 7), (7, 8), (8, 2)),
    ]
    assert network.nodes[4] == ir.Node(name="r1", kind="repeater", data_qubits=0, comm_qubits=None)
    assert ends("star", nodes=2, centre="repeater", repeaters_per_link=1) == [
        *((0, 3), (3, 2)),
        *((1, 4), (4, 2)),
    ]
    assert ends("line", nodes=1, repeaters_per_link=3) == []


def test_every_value_reaches_all_nodes_or_all_links() -> None:
    of_nodes = {"gate_1q_ns": 1.5, "gate_2q_ns": 2.5, "measure_ns": 3.5, "t2_us": 4.5}
    of_links = {
        "attempt_ns": 5.5,
        "success_probability": 0.25,
        "fidelity": 0.75,
        "channels": 3,
        "latency_ns": 6.5,
        "cutoff_us": 7.5,
    }
    network = Network.make(
        "line",
        nodes=2,
        repeaters_per_link=1,
        **SIZE,
        **of_nodes,
        **of_links,  # type: ignore[arg-type]
    )
    for node in network.nodes:
        assert {name: getattr(node, name) for name in of_nodes} == of_nodes
    for link in network.links:
        assert {name: getattr(link, name) for name in of_links} == of_links
    whole = Network.make("line", nodes=2, **SIZE, fidelity=1, gate_1q_ns=0, cutoff_us=None)
    assert isinstance(whole.links[0].fidelity, float)
    assert whole.links[0] == ir.Link(between=(0, 1), fidelity=1.0)


@pytest.mark.parametrize("topology", topologies.TOPOLOGIES)
@pytest.mark.parametrize("ending", ["toml", "json"])
def test_made_networks_are_valid_files(topology: str, ending: str, tmp_path: Any) -> None:
    network = Network.make(topology, nodes=12, **SIZE, repeaters_per_link=1)
    network.write(tmp_path / f"net.{ending}")
    assert Network.read(tmp_path / f"net.{ending}") == network


# --- What is refused ----------------------------------------------------------------------------


def test_all_parameters_are_known_and_no_other() -> None:
    used = {name for topology in topologies.TOPOLOGIES.values() for name in topology.parameters}
    assert used == set(topologies.PARAMETERS)
    with pytest.raises(TypeError, match="'noodles'"):
        Network.make("line", noodles=3, **SIZE)
    for name, topology in topologies.TOPOLOGIES.items():
        assert code(name) == "DQC523"
        for parameter in set(topologies.PARAMETERS) - set(topology.parameters):
            assert code(name, nodes=4, **{parameter: 1}) == "DQC522"
    assert code("hypercube", nodes=4) == "DQC524"


@pytest.mark.parametrize("topology", topologies.TOPOLOGIES)
@pytest.mark.parametrize("nodes", [0, -1, 1001, 2.5, True, "3"])
def test_numbers_of_nodes_that_are_none(topology: str, nodes: Any) -> None:
    assert code(topology, nodes=nodes) == "DQC503"


@pytest.mark.parametrize(
    ("topology", "parameters"),
    [
        ("ring", {"nodes": 1}),
        ("ring", {"nodes": 2}),
        ("star", {"nodes": 1}),
        ("star", {"nodes": 3, "centre": "hub"}),
        ("grid", {"nodes": 7}),
        ("grid", {"nodes": 2}),
        ("grid", {"nodes": 7, "shape": (2, 3)}),
        ("grid", {"shape": 6}),
        ("grid", {"shape": (1, 2, 3)}),
        ("torus", {"shape": (2, 5)}),
        ("torus", {"shape": (5, 2)}),
        ("torus", {"nodes": 8}),
        ("torus", {"nodes": 12, "shape": (3, 3)}),
        ("tree", {"nodes": 8, "depth": 2}),
        ("tree", {"nodes": 8, "depth": 200}),
        ("tree", {"depth": 9}),
        ("tree", {"depth": 4, "branching": 6}),
        ("fat-tree", {"ports": 3}),
        ("fat-tree", {"ports": 4, "nodes": 17}),
        ("fat-tree", {"ports": 90, "nodes": 17}),
        ("random-regular", {"nodes": 5, "degree": 3}),
        ("random-regular", {"nodes": 4, "degree": 4}),
        ("random-regular", {"nodes": 4, "degree": 1}),
        ("random-regular", {"nodes": 4, "degree": 0}),
        ("all-to-all", {"nodes": 200, "repeaters_per_link": 1}),
    ],
)
def test_impossible_topologies(topology: str, parameters: dict[str, Any]) -> None:
    assert code(topology, **parameters) == "DQC521"


@pytest.mark.parametrize(
    ("topology", "parameters"),
    [
        ("grid", {"shape": (0, 3)}),
        ("grid", {"shape": (3, 2.0)}),
        ("grid", {"shape": (40, 40)}),
        ("torus", {"shape": (1001, 3)}),
        ("tree", {"depth": -1}),
        ("tree", {"nodes": 3, "branching": 1}),
        ("fat-tree", {"ports": 0}),
        ("fat-tree", {"ports": 16}),
        ("random-regular", {"nodes": 4, "degree": 2.0}),
        ("random-regular", {"nodes": 4, "seed": -1}),
        ("line", {"nodes": 2, "repeaters_per_link": -1}),
        ("line", {"nodes": 2, "repeater_comm_qubits": 1}),
        ("line", {"nodes": 2, "comm_qubits": 0}),
        ("line", {"nodes": 2, "data_qubits": 1.5}),
        ("line", {"nodes": 2, "data_qubits": None}),
    ],
)
def test_numbers_out_of_range(topology: str, parameters: dict[str, Any]) -> None:
    assert code(topology, **parameters) == "DQC503"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fidelity", 0.5),
        ("fidelity", float("nan")),
        ("success_probability", 0),
        ("channels", 1.5),
        ("latency_ns", -1),
        ("gate_1q_ns", "fast"),
        ("t2_us", 0),
        ("cutoff_us", float("inf")),
    ],
)
def test_values_that_no_file_may_have(name: str, value: Any) -> None:
    assert code("line", nodes=2, **{name: value}) == "DQC207"


def test_all_wrong_values_of_links_are_shown() -> None:
    with pytest.raises(CompilerError) as caught:
        Network.make("line", nodes=2, **SIZE, fidelity=2, channels=0)
    shown = str(caught.value)
    assert "fidelity must be a number above 0.5, at most 1, not 2" in shown
    assert "channels must be a whole number" in shown
