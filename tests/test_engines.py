"""Search engines: where they place qubits and gates, what they do with degenerate input."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqc_compiler import Network, engines
from dqc_compiler.bundles import save_bundle
from dqc_compiler.costs.ebits import pairs
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.diagnostics.usage import EngineNotInstalled
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.ir import Placement, SegmentGraph
from dqc_compiler.passes import partition_hypergraph
from dqc_compiler.passes.cover import Cover
from dqc_compiler.passes.fuse import Fuse
from dqc_compiler.passes.host_at_hub import HostAtHub
from dqc_compiler.passes.partition_hub import PartitionHub
from dqc_compiler.passes.partition_hypergraph import _Hypergraph, _repair
from dqc_compiler.passes.partition_metis import PartitionMetis
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.segment import Segment
from dqc_compiler.pipeline import Options, compile_circuit
from dqc_compiler.portfolio import Place
from tests.strategies import circuits, make_circuit, make_network, networks, static_placements
from tests.test_placements import quick, random_circuit

BENCHMARKS = Path(__file__).parents[1] / "benchmarks" / "circuits"

NAMES = tuple(engines.STARTS)


def start(name: str, graph: SegmentGraph, data: tuple[int, ...], seed: int = 0) -> Placement:
    """What an engine makes of a network without limits on comm qubits."""
    if name in engines.PACKAGES:
        pytest.importorskip(engines.PACKAGES[name])
    return engines.make(name, network=make_network(data, None), seed=seed).run(graph)


def all_pairs(qubits: int) -> SegmentGraph:
    """One segment per qubit, and a gate between every two."""
    rows = [("cz", pair) for pair in itertools.combinations(range(qubits), 2)]
    return Segment().run(make_circuit(qubits, rows))


# -- the table --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_names_are_those_of_the_table(name: str) -> None:
    assert engines.make(name, network=make_network((1, 1), None), seed=0).name == name


def test_everything_that_is_installed_takes_part() -> None:
    pytest.importorskip("mtkahypar")
    assert engines.choose("auto") == engines.Chosen(used=engines.CHOICES[1:])


def test_a_missing_package_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mtkahypar", None)
    chosen = engines.choose("auto")
    assert chosen.used == tuple(name for name in engines.CHOICES[1:] if name != "hypergraph")
    assert chosen.not_installed == ("hypergraph",)
    network = make_network((2, 2), 2)
    ring = make_circuit(4, [("cz", (q, (q + 1) % 4)) for q in range(4)])
    assert compile_circuit(ring, network).engines.not_installed == ("hypergraph",)
    # Homes that follow the gates do better than what it would begin with.
    assert compile_circuit(random_circuit(4, 8, seed=1), network).engines.not_installed == ()


def test_a_missing_package_is_an_error_if_the_engine_was_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "mtkahypar", None)
    network, options = make_network((2, 2), 2), Options(engine="hypergraph")
    with pytest.raises(CompilerError) as error:
        compile_circuit(random_circuit(4, 8, seed=1), network, options=options)
    assert isinstance(error.value.diagnostics[0], EngineNotInstalled)
    assert error.value.exit_code == 2


@pytest.mark.parametrize("preset", ["fast", "balanced"])
@pytest.mark.parametrize("name", engines.CHOICES)
def test_programs_of_every_engine_are_verified_and_reported(
    name: str, preset: str, tmp_path: object
) -> None:
    if name in engines.PACKAGES:
        pytest.importorskip(engines.PACKAGES[name])
    circuit = random_circuit(8, 24, seed=2)
    options = Options(engine=name, preset=preset)  # type: ignore[arg-type]
    result = compile_circuit(circuit, make_network((3, 3, 3), 2), options=options)
    report = save_bundle(result, f"{tmp_path}/out").report
    assert report.verdict.equivalent
    used = {"auto": ("contiguous", "metis", "hub", "sliced"), "sliced": ("metis", "sliced")}
    assert report.engines.used == used.get(name, (name,))


def test_every_engine_is_used_where_gates_pack() -> None:
    ring = make_circuit(6, [("cz", (q, (q + 1) % 6)) for q in range(6)])
    network = make_network((3, 3), 2)
    used = compile_circuit(ring, network).engines.used
    assert used == tuple(name for name in engines.choose("auto").used if name != "sliced")
    used = compile_circuit(ring, network, options=Options(preset="fast")).engines.used
    assert used == ("contiguous", "metis", "hub")


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no engine 'ising'"):
        engines.choose("ising")


# -- every engine -----------------------------------------------------------------------------


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
@pytest.mark.parametrize("name", NAMES)
def test_capacities_are_kept(name: str, gates: int, data: tuple[int, ...]) -> None:
    placement = start(name, Segment().run(random_circuit(12, gates, seed=1)), data)
    placement.verify()
    assert placement.is_static
    assert pairs(placement) == 0 or gates > 0


@pytest.mark.parametrize("name", NAMES)
def test_circuit_without_qubits(name: str) -> None:
    start(name, Segment().run(make_circuit(0, [])), (1, 1)).verify()


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_start(name: str) -> None:
    graph = Segment().run(random_circuit(20, 200, seed=3))
    for seed in (0, 5):
        runs = [start(name, graph, (7, 7, 7), seed) for _ in range(2)]
        assert runs[0].segment_home.tolist() == runs[1].segment_home.tolist()
        assert runs[0].gate_host.tolist() == runs[1].gate_host.tolist()


@pytest.mark.parametrize("name", ["metis", "hypergraph"])
def test_another_seed_is_another_start(name: str) -> None:
    graph = Segment().run(random_circuit(20, 200, seed=3))
    found = {tuple(start(name, graph, (5,) * 4, seed).start_home.tolist()) for seed in range(4)}
    assert len(found) > 1


@pytest.mark.parametrize("name", ["hub", "hypergraph"])
def test_gates_between_all_qubits_are_executed_at_a_hub(name: str) -> None:
    """With the pair cover every two nodes need as many copies as a node has qubits."""
    graph = all_pairs(12)
    placement = start(name, graph, (3, 3, 3, 3))
    assert pairs(start("contiguous", graph, (3, 3, 3, 3))) == 18
    assert pairs(placement) == 9
    assert len(set(placement.gate_host.tolist())) <= 4


# -- hub --------------------------------------------------------------------------------------


def test_the_busiest_qubits_live_at_the_hub() -> None:
    """Qubits 2 and 5 have a new segment at every gate."""
    rows: list[tuple[object, ...]] = []
    for other in (0, 1, 3, 4):
        rows += [("cz", (2, other)), ("h", (2,)), ("cz", (5, other)), ("h", (5,))]
    graph = Segment().run(make_circuit(6, rows))
    placement = PartitionHub(network=make_network((1, 2, 1, 2), None)).run(graph)
    assert placement.start_home.tolist() == [0, 2, 1, 3, 3, 1]


@quick
@given(st.data())
def test_a_hub_never_loses(data: st.DataObject) -> None:
    graph = Segment().run(data.draw(circuits(max_qubits=6, max_operations=40)))
    network = data.draw(networks(graph.wires))
    given_hosts = data.draw(static_placements(graph, network))
    for placement in (given_hosts, Cover().run(given_hosts)):
        found = HostAtHub().run(placement)
        found.verify()
        assert pairs(found) <= pairs(placement)
        assert found.segment_home.tolist() == placement.segment_home.tolist()
        moved = set(found.gate_host[found.gate_host != placement.gate_host].tolist())
        assert len(moved) <= 1
        assert all(network.nodes[hub].comm_qubits != 1 for hub in moved)


def test_gates_that_a_hub_does_not_help_stay_where_they_are() -> None:
    """Nodes 0 and 1 share one gate; nodes 2, 3 and 4 share all that they can."""
    rows = [("cz", (0, 1)), *(("cz", (a, b)) for a in (2, 3, 4, 5) for b in (6, 7))]
    rows += [("cz", (2, 4)), ("cz", (2, 5)), ("cz", (3, 4)), ("cz", (3, 5))]
    graph = Segment().run(make_circuit(8, rows))
    homes = np.array([0, 1, 2, 2, 3, 3, 4, 4], np.int32)
    static = Placement.static(graph, make_network((1, 1, 2, 2, 2), None), homes)
    covered = Cover().run(static)
    found = HostAtHub().run(covered)
    assert pairs(covered) == 7
    assert pairs(found) == 5
    assert len(set(found.gate_host[1:].tolist())) == 1
    assert found.gate_host[0] == covered.gate_host[0]


# -- hypergraph -------------------------------------------------------------------------------


def test_gates_of_one_pair_of_segments_are_one_vertex() -> None:
    rows = [("cz", (0, 1)), ("cp", (1, 0), (0.3,)), ("h", (0,)), ("cz", (0, 1)), ("cz", (1, 2))]
    hypergraph = _Hypergraph.of(Segment().run(make_circuit(4, rows)))
    assert hypergraph.edges == 3
    assert hypergraph.edge_of_gate.tolist() == [0, 0, 1, 2]
    # Segments: two of qubit 0, one of qubit 1 with all gates, one of qubit 2; qubit 3 has no gate.
    assert hypergraph.hyperedges(np.arange(7)) == [[0, 4], [0, 5], [1, 4, 5, 6], [2, 6]]


@quick
@given(st.data())
def test_what_the_partition_cuts_is_what_its_placement_costs(data: st.DataObject) -> None:
    graph = Segment().run(data.draw(circuits(max_qubits=6, max_operations=40)))
    network = data.draw(networks(graph.wires))
    k = len(network.nodes)
    hypergraph = _Hypergraph.of(graph)
    vertices = graph.wires + hypergraph.edges
    drawn = data.draw(st.lists(st.integers(0, k - 1), min_size=vertices, max_size=vertices))
    limits = np.array([node.data_qubits for node in network.nodes], np.int64)
    parts = _repair(hypergraph, np.array(drawn, np.int32), limits)
    placement = Placement(
        graph,
        network,
        parts[graph.segment_wire],
        parts[graph.wires :][hypergraph.edge_of_gate],
    )
    placement.verify()  # the repair has made it fit
    if graph.gates:
        cut = sum(len(set(parts[pins])) - 1 for pins in hypergraph.hyperedges(np.arange(vertices)))
        assert cut == pairs(placement)


def test_repair_moves_what_has_least_to_lose() -> None:
    """Qubit 2 has no gate, so it makes room."""
    hypergraph = _Hypergraph.of(Segment().run(make_circuit(3, [("cz", (0, 1))])))
    parts = _repair(hypergraph, np.zeros(4, np.int32), np.array([2, 5]))
    assert parts.tolist() == [0, 0, 1, 0]


def test_a_wrong_answer_of_the_library_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mtkahypar")
    library = partition_hypergraph._library()

    class Stranger:
        """Says that every vertex is in a part which does not exist."""

        context_from_preset = library.context_from_preset

        def create_hypergraph(self, *_: object) -> Stranger:
            return self

        def partition(self, _: object) -> Stranger:
            return self

        def block_id(self, _: int) -> int:
            return 7

    monkeypatch.setattr(partition_hypergraph, "_library", Stranger)
    with pytest.raises(ValueError, match="not one of the nodes"):
        start("hypergraph", all_pairs(4), (2, 2))


def test_hypergraph_finds_hosts_that_metis_cannot() -> None:
    """Homes of METIS and gates at their operands' homes cost twice as much."""
    pytest.importorskip("mtkahypar")
    graph = all_pairs(16)
    network = make_network((4, 4, 4, 4), None)
    metis = Cover().run(PartitionMetis(network=network).run(graph))
    assert pairs(metis) == 24
    assert pairs(start("hypergraph", graph, (4, 4, 4, 4))) == 12


@pytest.mark.parametrize("comm", [None, 2])
def test_more_effort_never_gives_a_dearer_program(comm: int | None) -> None:
    """With a better start than those of `fast` the floor was another one: 37 pairs, and not 33."""
    circuit = read_circuit(BENCHMARKS / "pauli_16.qasm")
    graph = Segment().run(Fuse().run(circuit).circuit)
    network = Network.all_to_all(nodes=4, data_qubits=5, comm_qubits=comm)
    fast, balanced = (
        PlanVisits().pairs(Place(network=network, preset=preset).run(graph))
        for preset in ("fast", "balanced")
    )
    assert balanced <= fast
