"""From circuit to proof on every topology, with plans, programs and schedules as they come."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dqc_compiler.bundles import save_bundle, verify_bundle, verify_result
from dqc_compiler.costs.prices import Objective
from dqc_compiler.formats.network_file import Network
from dqc_compiler.ir import Circuit, Link, Node, StepKind
from dqc_compiler.pipeline import Options, Result, compile_circuit
from dqc_compiler.planning import Valuation
from tests.strategies import circuits, make_circuit, networks, sparse_networks

NETWORKS: dict[str, dict[str, Any]] = {
    "one node": {"kind": "all-to-all", "nodes": 1, "data_qubits": 6},
    "line": {"nodes": 4},
    "line through repeaters": {"kind": "line", "nodes": 3, "repeaters_per_link": 1},
    "line through long chains": {
        "kind": "line",
        "nodes": 2,
        "data_qubits": 3,
        "repeaters_per_link": 3,
    },
    "ring with one comm qubit": {"kind": "ring", "nodes": 4, "comm_qubits": 1},
    "star around a processor": {"kind": "star", "nodes": 4},
    "star around a switch": {"kind": "star", "nodes": 4, "centre": "repeater"},
    "grid": {"shape": (2, 2)},
    "torus": {"shape": (3, 3), "data_qubits": 1},
    "tree": {"kind": "tree", "nodes": 5},
    "fat tree": {"kind": "fat-tree", "nodes": 6},
    "cutoffs": {"kind": "line", "nodes": 3, "cutoff_us": 150.0, "success_probability": 0.05},
    "cutoffs through repeaters": {
        "kind": "line",
        "nodes": 3,
        "repeaters_per_link": 1,
        "cutoff_us": 60.0,
        "success_probability": 0.05,
    },
}
OBJECTIVES = ("ebits", "makespan", "fidelity")


def made(name: str) -> Network:
    parameters = {"data_qubits": 2, "comm_qubits": 2} | NETWORKS[name]
    return Network.make(parameters.pop("kind", name), **parameters)


def axes(qubits: int) -> Circuit:
    """Gates about all axes between all qubits, and measurements whose bits are read elsewhere."""
    rows: list[tuple[object, ...]] = []
    for number, name in enumerate(("cz", "cx", "cy", "cp")):
        for a in range(qubits):
            b = (a + number + 1) % qubits
            if a != b:
                rows.append((name, (a, b), (0.3,) if name == "cp" else ()))
        rows += [(("h", "s", "sx", "t")[number], (q,)) for q in range(0, qubits, 2)]
    rows += [("measure", (0,), (), 0), ("x", (qubits - 1,), (), None, ((0, True),))]
    return make_circuit(qubits, rows, clbits=1)


def assert_proven(result: Result) -> None:
    verdict = verify_result(result)
    failed = [f"{check.name}: {check.detail}" for check in verdict.checks if check.passed is False]
    assert not failed
    assert verdict.equivalent is True
    assert "symbolic" in {check.name for check in verdict.checks if check.passed}
    assert result.plan.pairs == result.program.pairs


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_topology_compiles_to_proven_programs(name: str, objective: str) -> None:
    options = Options(preset="fast", minimize=Objective.parse(objective))
    assert_proven(compile_circuit(axes(6), made(name), options=options))


@settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.data())
def test_random_circuits_on_random_networks_are_proven(data: st.DataObject) -> None:
    circuit = data.draw(circuits(max_qubits=5, max_operations=30, clbits=2))
    network = data.draw(sparse_networks(len(circuit.qubits)))
    assert_proven(compile_circuit(circuit, network, options=Options(preset="fast")))


def unpackable(seed: int, *, qubits: int, blocks: int) -> Circuit:
    """Blocks of gates about random axes on random pairs."""
    choose = random.Random(seed)
    rows: list[tuple[object, ...]] = []
    for _ in range(blocks):
        a, b = choose.sample(range(qubits), 2)
        rows += [("u", (q,), tuple(choose.uniform(0, 3) for _ in range(3))) for q in (a, b)]
        rows += [("cx", (a, b)), ("ry", (b,), (choose.uniform(0, 3),)), ("cx", (b, a))]
    return make_circuit(qubits, rows)


@pytest.mark.parametrize("seed", range(4))
def test_qubits_that_move_beyond_their_neighbours_are_proven(seed: int) -> None:
    """Gates that do not pack, so that qubits follow them, over copies that only pass."""
    network = Network.make("line", nodes=4, data_qubits=4, comm_qubits=None)
    result = compile_circuit(unpackable(seed, qubits=12, blocks=60), network)
    moves = [step for step in result.plan.steps() if step.kind is StepKind.MOVE]
    assert any(abs(step.source - step.target) > 1 for step in moves)
    assert_proven(result)


@pytest.mark.parametrize("seed", range(4))
def test_qubits_that_move_through_repeaters_are_proven(seed: int) -> None:
    """The sender may close its root before the repeaters have done anything."""
    network = Network.make(
        "line", nodes=3, data_qubits=4, comm_qubits=2, repeaters_per_link=1 + seed % 2
    )
    result = compile_circuit(unpackable(seed, qubits=8, blocks=40), network)
    assert any(step.kind is StepKind.MOVE for step in result.plan.steps())
    assert_proven(result)


@settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.data())
def test_what_is_saved_is_verified_again(data: st.DataObject) -> None:
    """With the figures of the report, which saving does not look at."""
    circuit = data.draw(circuits(max_qubits=5, max_operations=40))
    kinds = data.draw(st.sampled_from((networks, sparse_networks)))
    network = data.draw(kinds(len(circuit.qubits)))
    with TemporaryDirectory() as directory:
        save_bundle(compile_circuit(circuit, network), Path(directory) / "out")
        verdict = verify_bundle(Path(directory) / "out", circuit)
    assert not [check.detail for check in verdict.checks if check.passed is False]


@pytest.mark.parametrize("probability", [0.99, 0.999, 0.9999, 1.0])
def test_runs_that_are_rarely_longer_than_planned(probability: float) -> None:
    """Of the few runs of the verifier none may be longer, of the many of the compiler some are."""
    network = Network.make(
        "all-to-all",
        nodes=2,
        data_qubits=2,
        comm_qubits=1,
        success_probability=probability,
    )
    circuit = make_circuit(4, [("h", (0,)), *(("cx", (0, other)) for other in (1, 2, 3))])
    assert_proven(compile_circuit(circuit, network))


def test_another_objective_never_loses_to_the_fewest_pairs() -> None:
    """A good link that is slow: with more pairs over it every qubit waits longer."""
    nodes = [Node(name=name, data_qubits=2, comm_qubits=2, t2_us=100.0) for name in "abc"]
    slow = {"success_probability": 0.005, "fidelity": 0.999}
    fast = {"success_probability": 0.9, "fidelity": 0.97}
    links = (
        Link(between=(0, 1), **fast),
        Link(between=(1, 2), **fast),
        Link(between=(0, 2), **slow),
    )
    network = Network(nodes=tuple(nodes), links=links)
    valuation = Valuation(network, Objective(fidelity=1.0))
    for seed in range(4):
        circuit = unpackable(seed, qubits=6, blocks=10)
        for preset in ("fast", "balanced"):
            plain, other = (
                compile_circuit(
                    circuit,
                    network,
                    options=Options(preset=preset, minimize=Objective.parse(objective)),
                )
                for objective in ("ebits", "fidelity")
            )
            cost, least = (valuation.cost_of(each.schedule) for each in (plain, other))
            assert least <= cost + 1e-9
