"""The exact mode: against brute force, known optima, and what searches find."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqc_compiler.costs.bounds import lower_bound_pairs
from dqc_compiler.costs.bounds_spreading import spreading_bound
from dqc_compiler.costs.ebits import pairs
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.interruption import Patience
from dqc_compiler.ir import Circuit, Network, Node, Placement, SegmentGraph
from dqc_compiler.passes.cover import Cover
from dqc_compiler.passes.exact import (
    Exact,
    improve_exactly,
    is_proven_optimal,
    prove,
    solve_exactly,
)
from dqc_compiler.passes.insert_gadgets import InsertGadgets
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.search_presences import SearchPresences
from dqc_compiler.passes.segment import Segment
from dqc_compiler.pipeline import compile_circuit
from dqc_compiler.portfolio import Place
from tests.strategies import circuits, make_circuit, make_network, networks

quick = settings(max_examples=25, deadline=None, derandomize=True)


def random_circuit(qubits: int, gates: int, seed: int) -> Circuit:
    choose = random.Random(seed)
    rows: list[tuple[object, ...]] = []
    for _ in range(gates):
        rows.append(("cx", tuple(choose.sample(range(qubits), 2))))
        rows.append(("h", (choose.randrange(qubits),)))
    return make_circuit(qubits, rows)


@cache
def occupants(graph: SegmentGraph) -> list[list[list[int]]]:
    """For the start and then for every layer, the segments whose home may count, of every wire.

    Written anew from the definition: gates in a row on one pair of wires are a block, blocks run
    as soon as possible; a wire is at a segment's home from its first gate's block to that of its
    last one, and before the first segment's and after the last one's; in between at either.
    """
    clock = [0] * graph.wires
    together: dict[int, int] = {}
    busy: dict[int, list[int]] = defaultdict(list)
    for (a, b), segments in zip(
        graph.gate_wires.tolist(), graph.gate_segments.tolist(), strict=True
    ):
        if together.get(a) != b or together.get(b) != a:
            clock[a] = clock[b] = max(clock[a], clock[b]) + 1
            for wire, partner in ((a, b), (b, a)):
                together[wire] = partner
        for segment in segments:
            busy[segment].append(clock[a])
    for first in graph.wire_segments[:-1].tolist():
        busy[first].append(0)

    def possible(layer: int, segments: range) -> list[int]:
        begun = [s for s in segments if busy[s] and min(busy[s]) <= layer]
        is_over = max(busy[begun[-1]]) < layer and begun[-1] + 1 < segments.stop
        return [begun[-1], begun[-1] + 1] if is_over else [begun[-1]]

    wires = [range(low, high) for low, high in itertools.pairwise(graph.wire_segments.tolist())]
    return [
        [possible(layer, segments) for segments in wires]
        for layer in range(max(clock, default=0) + 1)
    ]


def keeps_capacities(graph: SegmentGraph, network: Network, homes: tuple[int, ...]) -> bool:
    """Whether wires can go from segment to segment with room for all of them in every layer."""
    reached: set[tuple[int, ...]] | None = None
    for layer in occupants(graph):
        fitting = {
            at
            for at in itertools.product(*layer)
            if all(
                [homes[segment] for segment in at].count(index) <= node.data_qubits
                for index, node in enumerate(network.nodes)
            )
        }
        if reached is not None:
            fitting = {
                at
                for at in fitting
                if any(all(a <= b for a, b in zip(was, at, strict=True)) for was in reached)
            }
        if not fitting:
            return False
        reached = fitting
    return True


def fewest_pairs(graph: SegmentGraph, network: Network, *, is_static: bool = False) -> int:
    """All homes and all hosts of pairs of segments, priced from the definition."""
    nodes = range(len(network.nodes))
    edges = sorted({tuple(sorted(pair)) for pair in graph.gate_segments.tolist()})
    wire = graph.segment_wire.tolist()
    best = None
    for homes in itertools.product(nodes, repeat=graph.segments):
        if is_static and any(
            homes[s] != homes[s + 1] for s in range(len(wire) - 1) if wire[s] == wire[s + 1]
        ):
            continue
        if not keeps_capacities(graph, network, homes):
            continue
        for hosts in itertools.product(nodes, repeat=len(edges)):
            present = defaultdict(set)
            for segment in range(graph.segments):
                present[segment].add(homes[segment])
                if segment and wire[segment - 1] == wire[segment]:
                    present[segment - 1].add(homes[segment])
            for edge, host in zip(edges, hosts, strict=True):
                for segment in edge:
                    present[segment].add(host)
            price = sum(len(found) - 1 for found in present.values())
            best = price if best is None else min(best, price)
    assert best is not None
    return best


@pytest.mark.parametrize("is_static", [False, True])
@pytest.mark.parametrize("data", [(2, 1), (2, 2), (1, 1, 1), (2, 1, 0)])
@pytest.mark.parametrize("seed", range(5))
def test_optimum_is_that_of_brute_force(data: tuple[int, ...], seed: int, is_static: bool) -> None:
    gates = 4 if len(data) == 2 else 3
    graph = Segment().run(random_circuit(3, gates, seed))
    network = make_network(data, None)
    solution = solve_exactly(graph, network, is_static=is_static)
    assert solution.is_optimal
    assert pairs(solution.placement) == solution.lower_bound
    assert solution.lower_bound == fewest_pairs(graph, network, is_static=is_static)


@quick
@given(st.data())
def test_solutions_are_valid_and_no_search_beats_them(data: st.DataObject) -> None:
    circuit = data.draw(circuits(max_operations=14))
    graph = Segment().run(circuit)
    network = data.draw(networks(graph.wires, comm=(None,)))
    moving = solve_exactly(graph, network, time_limit=20)
    static = solve_exactly(graph, network, time_limit=20, is_static=True)
    for placement, bound, is_optimal in (moving, static):
        assert is_optimal
        assert pairs(placement) == bound
        placement.verify()
        assert keeps_capacities(graph, network, tuple(placement.segment_home.tolist()))
        assert pairs(placement) <= pairs(Cover().run(placement))
        proven = lower_bound_pairs(placement)
        assert proven is None or proven.allows(bound)
        program = InsertGadgets().run(PlanVisits().run(placement))
        assert program.pairs == bound
    assert static.placement.is_static
    assert moving.lower_bound <= static.lower_bound
    assert spreading_bound(graph, network, is_static=False, time_limit=20) <= moving.lower_bound
    assert spreading_bound(graph, network, is_static=True, time_limit=20) <= static.lower_bound
    compiled = compile_circuit(circuit, network)
    if compiled.placement.graph.gates == graph.gates:  # nothing was fused
        assert moving.lower_bound <= compiled.program.pairs


# -- known optima -----------------------------------------------------------------------------


def ghz(qubits: int) -> Circuit:
    return make_circuit(qubits, [("h", (0,)), *(("cx", (q, q + 1)) for q in range(qubits - 1))])


@pytest.mark.parametrize("nodes", [2, 3, 4])
def test_ghz_needs_one_pair_less_than_nodes(nodes: int) -> None:
    graph = Segment().run(ghz(8))
    solution = solve_exactly(graph, make_network([-(-8 // nodes)] * nodes, None))
    assert solution[1:] == (nodes - 1, True)


def test_fourier_transform_of_four_qubits_on_two_nodes() -> None:
    rows: list[tuple[object, ...]] = []
    for q in range(4):
        rows.append(("h", (q,)))
        rows += [("cp", (p, q), (np.pi / 2 ** (p - q),)) for p in range(q + 1, 4)]
    graph = Segment().run(make_circuit(4, rows))
    assert solve_exactly(graph, make_network((2, 2), None)).lower_bound == 2


def test_a_hub_at_a_third_node() -> None:
    """All six gates between four qubits on four nodes: three copies at one of them, not four."""
    rows = [("cz", pair) for pair in itertools.combinations(range(4), 2)]
    graph = Segment().run(make_circuit(4, rows))
    solution = solve_exactly(graph, make_network((1,) * 4, None))
    assert solution.lower_bound == 3
    # Hosts at homes only: two of the three qubits that are copied are needed at each other's home.
    assert pairs(Cover().run(solution.placement)) > 3


def alternating(rounds: int) -> Circuit:
    """Qubit 1 works with qubit 0 for some rounds, then with qubit 2: each time about a new axis."""
    rows: list[tuple[object, ...]] = []
    for partner in (0, 2):
        for _ in range(rounds):
            rows += [("cz", (1, partner)), ("h", (1,)), ("h", (partner,))]
    return make_circuit(3, rows)


def test_moving_pays_where_it_should() -> None:
    graph = Segment().run(alternating(4))
    network = make_network((2, 2), None)
    assert solve_exactly(graph, network, is_static=True).lower_bound == 4
    moving = solve_exactly(graph, network)
    assert moving.lower_bound == 1
    assert not moving.placement.is_static


def test_moving_needs_room() -> None:
    """Qubits 0 and 2 change places, and the last gate of qubit 0 is executed from afar."""
    graph = Segment().run(alternating(4))
    assert solve_exactly(graph, make_network((2, 1), None)).lower_bound == 3
    static = solve_exactly(graph, make_network((1, 1, 1), None), is_static=True)
    assert static.lower_bound == 8


def test_idle_qubits_change_places_before_they_have_to() -> None:
    """Qubit 0 has to be with qubit 4 long before qubit 3, which makes room, has to be elsewhere."""
    rows: list[tuple[object, ...]] = []
    for pair, rounds in (((0, 1), 4), ((3, 4), 4), ((1, 2), 4), ((0, 4), 4), ((3, 1), 4)):
        for _ in range(rounds):
            rows += [("cz", pair), *(("h", (q,)) for q in pair)]
    graph = Segment().run(make_circuit(6, rows))
    network = make_network((3, 3), None)
    solution = solve_exactly(graph, network)
    assert solution[1:] == (2, True)
    wire, number = graph.segment_wire, np.arange(graph.segments)
    busy = graph.gate_segments[(graph.gate_wires == [0, 4]).all(axis=1), 0].min()
    room = graph.gate_segments[(graph.gate_wires == [3, 1]).all(axis=1), 0].min()
    at_1 = ((wire == 0) & (number >= busy)) | ((wire == 3) & (number < room)) | (wire >= 4)
    homes = tuple(at_1.astype(int).tolist())
    assert keeps_capacities(graph, network, homes)
    early = [[homes[max(options)] for options in layer] for layer in occupants(graph)]
    late = [[homes[min(options)] for options in layer] for layer in occupants(graph)]
    assert all(at.count(0) == 3 for at in early)
    assert not all(at.count(0) == 3 for at in late)
    found = SearchPresences().run(trivially_placed(graph, network))
    assert pairs(found) == 2


def test_spreading_bound_of_a_clique() -> None:
    """Six qubits, all pairs, three nodes of two: some qubit of every pair of nodes is copied."""
    rows = [("cz", pair) for pair in itertools.combinations(range(6), 2)]
    graph = Segment().run(make_circuit(6, rows))
    network = make_network((2, 2, 2), None)
    bound = spreading_bound(graph, network, is_static=False, time_limit=20)
    # The least of it: prices of 1/2 each are too little for one wire's four distances of one.
    assert bound == 3
    assert solve_exactly(graph, network).lower_bound >= bound
    assert spreading_bound(graph, make_network((6,), None), is_static=False, time_limit=20) == 0


# -- proofs -----------------------------------------------------------------------------------


def layers(qubits: int, edges: list[tuple[int, int]], count: int) -> Circuit:
    rows: list[tuple[object, ...]] = []
    for layer in range(count):
        rows += [("rzz", edge, (0.4 + layer,)) for edge in edges]
        rows += [("rx", (q,), (0.7 + layer,)) for q in range(qubits)]
    return make_circuit(qubits, rows)


@quick
@given(st.data())
def test_what_is_proven_is_no_more_than_the_optimum(data: st.DataObject) -> None:
    graph = Segment().run(data.draw(circuits(max_operations=14)))
    network = data.draw(networks(graph.wires, comm=(None,), spare=0))
    start = Cover().run(trivially_placed(graph, network))
    optimum = solve_exactly(graph, network, time_limit=20)
    bound = prove(start, time_limit=20)
    assert bound.scope == "every placement"
    assert bound.value <= optimum.lower_bound
    improved = improve_exactly(start)
    assert pairs(improved.placement) == improved.lower_bound == optimum.lower_bound
    assert is_proven_optimal(improved.placement)
    assert is_proven_optimal(start) == (pairs(start) == optimum.lower_bound)


def test_layers_are_proven_one_by_one() -> None:
    """Two rings on four nodes of three qubits each: four pairs per layer, though not by cliques."""
    ring = [(q, (q + 1) % 12) for q in range(12)]
    graph = Segment().run(layers(12, ring, 3))
    network = make_network((3,) * 4, None)
    placement = Cover().run(trivially_placed(graph, network))
    bound = prove(placement, time_limit=60)
    assert bound.method == "presence program of each window"
    assert pairs(placement) == bound.value == 12


def test_large_circuits_are_proven_by_cliques_only() -> None:
    everyone = list(itertools.combinations(range(24), 2))
    graph = Segment().run(layers(24, everyone, 3))
    placement = Cover().run(trivially_placed(graph, make_network((12, 12), None)))
    assert pairs(placement) == 36
    assert is_proven_optimal(placement)
    assert prove(placement, time_limit=1).method == "cliques of wires"
    ring = [(q, (q + 1) % 200) for q in range(200)]
    graph = Segment().run(layers(200, ring, 1))
    placement = Cover().run(trivially_placed(graph, make_network((100, 100), None)))
    assert pairs(placement) == 2
    assert not is_proven_optimal(placement)
    assert improve_exactly(placement).placement is placement


def test_the_best_preset_solves_small_circuits() -> None:
    """And stops then: without it, its rounds would go on to the time limit."""
    graph = Segment().run(random_circuit(8, 20, 2))
    network = make_network((4, 4), None)
    placement = Place(network=network, preset="best", patience=Patience(500.0)).run(graph)
    assert pairs(placement) == improve_exactly(placement).lower_bound


# -- limits -----------------------------------------------------------------------------------


def trivially_placed(graph: SegmentGraph, network: Network) -> Placement:
    homes = np.repeat(np.arange(len(network.nodes)), [node.data_qubits for node in network.nodes])[
        : graph.wires
    ]
    return Placement.static(graph, network, homes.astype(np.int32))


def test_a_known_optimum_is_confirmed_and_returned() -> None:
    graph = Segment().run(random_circuit(6, 14, 3))
    network = make_network((3, 3), None)
    best = solve_exactly(graph, network)
    again = solve_exactly(graph, network, known=best.placement)
    assert again.placement is best.placement
    assert again[1:] == best[1:]
    worse = trivially_placed(graph, network)
    assert pairs(worse) > best.lower_bound
    improved = solve_exactly(graph, network, known=worse)
    assert improved[1:] == best[1:]
    assert pairs(improved.placement) == best.lower_bound


@pytest.mark.parametrize("with_known", [False, True])
def test_without_time_a_valid_placement_and_a_true_bound_remain(with_known: bool) -> None:
    graph = Segment().run(random_circuit(8, 25, 1))
    network = make_network((3, 3, 3), None)
    known = Cover().run(trivially_placed(graph, network)) if with_known else None
    solution = solve_exactly(graph, network, time_limit=0.0, known=known)
    solution.placement.verify()
    assert not solution.is_optimal
    assert solution.lower_bound < pairs(solution.placement)
    if known is not None:
        assert pairs(solution.placement) <= pairs(known)


@pytest.mark.parametrize(
    ("qubits", "rows", "data", "price"),
    [
        (0, [], (1, 1), 0),
        (3, [], (1, 2), 0),  # no gates
        (3, [("cz", (0, 1)), ("cz", (1, 2))], (3,), 0),  # one node
        (3, [("cz", (0, 1)), ("cz", (1, 2))], (1, 0, 3), 0),  # everything fits one node
        (2, [("cz", (0, 1))], (1,) * 6, 1),  # more nodes than qubits
        (2, [("cz", (0, 1))], (0, 1, 0, 1), 1),  # nodes without data qubits
    ],
)
def test_degenerate_inputs(
    qubits: int, rows: list[tuple[object, ...]], data: tuple[int, ...], price: int
) -> None:
    graph = Segment().run(make_circuit(qubits, rows))
    network = make_network(data, None)
    for is_static in (False, True):
        placement = Exact(network=network, is_static=is_static).run(graph)
        placement.verify()
        assert pairs(placement) == price


def test_a_repeater_is_nobodys_home_or_host() -> None:
    full = make_network((1, 1, 0), None)
    relay = Node(name="n2", kind="repeater", data_qubits=0, comm_qubits=2)
    network = Network((*full.nodes[:2], relay), full.links)
    graph = Segment().run(make_circuit(2, [("cz", (0, 1)), ("h", (0,)), ("cz", (0, 1))]))
    placement = Exact(network=network).run(graph)
    assert pairs(placement) == 1
    assert 2 not in {*placement.segment_home.tolist(), *placement.gate_host.tolist()}


def test_a_circuit_that_does_not_fit_is_refused() -> None:
    graph = Segment().run(random_circuit(4, 3, 0))
    with pytest.raises(CompilerError, match="DQC217"):
        Exact(network=make_network((1, 2), None)).run(graph)
