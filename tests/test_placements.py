"""The passes that choose homes and hosts: capacities, degenerate input, exact optima."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqc_compiler.costs.ebits import pairs
from dqc_compiler.ir import Circuit, Network, Placement
from dqc_compiler.passes.cover import Cover, minimum_vertex_cover
from dqc_compiler.passes.partition_contiguous import PartitionContiguous
from dqc_compiler.passes.partition_metis import PartitionMetis, interaction_graph
from dqc_compiler.passes.partition_sliced import PartitionSliced
from dqc_compiler.passes.refine import Refine
from dqc_compiler.passes.search_presences import SearchPresences
from dqc_compiler.passes.segment import Segment
from tests.strategies import circuits, make_circuit, make_network, networks, static_placements

quick = settings(max_examples=60, deadline=None, derandomize=True)


def random_circuit(qubits: int, gates: int, seed: int) -> Circuit:
    choose = random.Random(seed)
    rows: list[tuple[object, ...]] = []
    for _ in range(gates):
        rows.append(("cx", tuple(choose.sample(range(qubits), 2))))
        rows.append(("h", (choose.randrange(qubits),)))
    return make_circuit(qubits, rows)


# -- partitions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        (12,),  # one node
        (4, 4, 4),  # exactly full
        (1, 2, 3, 6),  # heterogeneous and exactly full
        (11, 1),
        (0, 6, 0, 6),  # nodes without data qubits
        (1,) * 12,
        (1,) * 20,  # more nodes than qubits
        (100, 100),
    ],
)
@pytest.mark.parametrize("gates", [0, 1, 200])
@pytest.mark.parametrize("partition", [PartitionMetis, PartitionContiguous])
def test_partitions_keep_capacities(
    data: tuple[int, ...],
    gates: int,
    partition: type[PartitionMetis] | type[PartitionContiguous],
) -> None:
    graph = Segment().run(random_circuit(12, gates, seed=1))
    placement = partition(network=make_network(data, 2)).run(graph)
    placement.verify()
    assert placement.is_static


def test_circuit_without_qubits_is_placed() -> None:
    graph = Segment().run(make_circuit(0, []))
    PartitionMetis(network=make_network((1, 1), 1)).run(graph).verify()


def test_metis_finds_two_clusters() -> None:
    """Two dense halves, scattered over the numbering, and one gate between them."""
    halves = ([0, 3, 4, 7], [1, 2, 5, 6])
    rows = [
        row
        for half in halves
        for a, b in itertools.combinations(half, 2)
        for row in (("cz", (a, b)), ("h", (a,)), ("h", (b,)))
    ]
    graph = Segment().run(make_circuit(8, [*rows, ("cz", (0, 1))]))
    homes = PartitionMetis(network=make_network((4, 4), 2)).run(graph).start_home
    assert {frozenset(np.flatnonzero(homes == node).tolist()) for node in (0, 1)} == {
        frozenset(half) for half in halves
    }


def test_same_seed_same_partition() -> None:
    graph = Segment().run(random_circuit(20, 200, seed=3))
    network = make_network((7, 7, 7), 2)
    runs = [PartitionMetis(network=network, seed=5).run(graph) for _ in range(2)]
    assert runs[0].segment_home.tolist() == runs[1].segment_home.tolist()


def test_interaction_graph_counts_pairs_of_segments() -> None:
    """Two gates that share both segments need one copy, so they count once."""
    rows = [("cz", (0, 1)), ("cp", (1, 0), (0.3,)), ("h", (0,)), ("cz", (0, 1)), ("cz", (1, 2))]
    adjacency = interaction_graph(Segment().run(make_circuit(3, rows))).toarray()
    assert adjacency.tolist() == [[0, 2, 0], [2, 0, 1], [0, 1, 0]]


# -- cover ------------------------------------------------------------------------------------

edges = st.lists(st.tuples(st.integers(0, 4), st.integers(10, 14)), min_size=1, max_size=12)


@given(edges)
def test_vertex_cover_is_minimal(chosen: list[tuple[int, int]]) -> None:
    left, right = (np.array(column, np.int32) for column in zip(*chosen, strict=True))
    cover_left, cover_right = minimum_vertex_cover(left, right)
    assert all(a in cover_left or b in cover_right for a, b in chosen)
    vertices = sorted({v for pair in chosen for v in pair})
    best = next(
        size
        for size in range(len(vertices) + 1)
        for cover in itertools.combinations(vertices, size)
        if all(a in cover or b in cover for a, b in chosen)
    )
    assert len(cover_left) + len(cover_right) == best


def with_hosts(placement: Placement, hosts: tuple[int, ...]) -> Placement:
    return Placement(
        placement.graph, placement.network, placement.segment_home, np.array(hosts, np.int32)
    )


@quick
@given(st.data())
def test_cover_is_minimal_among_hosts_at_the_operands_homes(data: st.DataObject) -> None:
    graph = Segment().run(data.draw(circuits(max_operations=14)))
    network = data.draw(networks(graph.wires))
    placement = data.draw(static_placements(graph, network))
    homes = placement.segment_home[graph.gate_segments].tolist()
    choices = [sorted(set(pair)) for pair in homes]
    best = min(pairs(with_hosts(placement, hosts)) for hosts in itertools.product(*choices))
    covered = Cover().run(placement)
    covered.verify()
    assert all(host in pair for host, pair in zip(covered.gate_host.tolist(), homes, strict=True))
    assert pairs(covered) == best


def test_hosts_of_local_gates_and_of_no_gates() -> None:
    network = make_network((3, 3), 1)
    for rows in ([], [("cz", (0, 1))]):
        graph = Segment().run(make_circuit(2, rows))
        placement = Placement.static(graph, network, np.zeros(2, np.int32))
        assert pairs(Cover().run(placement)) == 0


# -- searching --------------------------------------------------------------------------------


def brute_force(placement: Placement) -> int:
    """The fewest pairs of any static homes and hosts."""
    graph, network = placement.graph, placement.network
    nodes = range(len(network.nodes))
    best = pairs(placement)
    for homes in itertools.product(nodes, repeat=graph.wires):
        if any(homes.count(i) > node.data_qubits for i, node in enumerate(network.nodes)):
            continue
        static = Placement.static(graph, network, np.array(homes, np.int32))
        for hosts in itertools.product(nodes, repeat=graph.gates):
            best = min(best, pairs(with_hosts(static, hosts)))
    return best


@pytest.mark.parametrize("seed", range(4))
def test_refinement_finds_the_optimum_of_small_circuits(seed: int) -> None:
    graph = Segment().run(random_circuit(4, 5, seed))
    network = make_network((2, 2, 1), None)
    start = PartitionContiguous(network=network).run(graph)
    refined = Refine(seed=seed).run(start)
    refined.verify()
    assert pairs(refined) == brute_force(start)


@quick
@given(st.data())
def test_refinement_never_loses_and_respects_memory(data: st.DataObject) -> None:
    graph = Segment().run(data.draw(circuits(max_qubits=6, max_operations=40)))
    network: Network = data.draw(networks(graph.wires, comm=(1, 2)))
    placement = Cover().run(PartitionMetis(network=network).run(graph))
    refined = Refine(seed=1).run(placement)
    refined.verify()
    assert refined.is_static
    assert pairs(refined) <= pairs(placement)
    homes = refined.segment_home[graph.gate_segments].tolist()
    for host, pair in zip(refined.gate_host.tolist(), homes, strict=True):
        assert host in pair or network.nodes[host].comm_qubits != 1


@quick
@given(st.data(), st.booleans())
def test_presence_search_never_loses(data: st.DataObject, is_static: bool) -> None:
    graph = Segment().run(data.draw(circuits(max_qubits=6, max_operations=40)))
    network = data.draw(networks(graph.wires))
    start = Cover().run(PartitionMetis(network=network).run(graph))
    found = SearchPresences(effort=0.02, is_static=is_static).run(start)
    found.verify()
    assert pairs(found) <= pairs(start)
    assert found.is_static or not is_static
    ends_within_data(found)


@quick
@given(st.data())
def test_sliced_homes_end_within_the_data_qubits(data: st.DataObject) -> None:
    graph = Segment().run(data.draw(circuits(max_qubits=6, max_operations=40)))
    network = data.draw(networks(graph.wires))
    sliced = PartitionSliced(proposals=20).run(PartitionContiguous(network=network).run(graph))
    sliced.verify()
    ends_within_data(sliced)


def ends_within_data(placement: Placement) -> None:
    ends = placement.segment_home[placement.graph.wire_segments[1:] - 1].tolist()
    for index, node in enumerate(placement.network.nodes):
        assert ends.count(index) <= node.data_qubits


def test_presence_search_moves_a_qubit_that_follows_its_gates() -> None:
    """Two runs of gates with partners at two nodes, in which no two gates share a segment."""
    run = [row for _ in range(4) for row in (("cz", (0, 1)), ("h", (0,)), ("h", (1,)))]
    there = [(name, tuple(2 if q == 1 else q for q in qubits)) for name, qubits in run]
    graph = Segment().run(make_circuit(3, [*run, *there]))
    network = make_network((2, 2), None)
    start = Placement.static(graph, network, np.array([0, 0, 1], np.int32))
    assert pairs(Cover().run(start)) == 4
    assert pairs(SearchPresences().run(start)) == 1
