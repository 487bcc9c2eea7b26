"""Networks as Qiskit targets: what a target says, and which targets are networks."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Instruction
from qiskit.providers import BackendV2
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import InstructionProperties, Target

from dqc_compiler import Network, ir
from dqc_compiler.costs import time
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.formats import network_target
from dqc_compiler.ir.circuit import ONE_QUBIT_GATES, TWO_QUBIT_GATES
from tests.errors.cases_target import MISTAKES, made_elsewhere
from tests.test_network_file import networks

LAB = Network(
    (
        ir.Node(name="alice", data_qubits=2, comm_qubits=1, gate_1q_ns=10, gate_2q_ns=70),
        ir.Node(name="relay", kind="repeater", data_qubits=0, comm_qubits=2, t2_us=50),
        ir.Node(name="bob", data_qubits=1, comm_qubits=None, measure_ns=300, gate_2q_ns=0),
    ),
    (
        ir.Link(between=(1, 0), fidelity=0.75, attempt_ns=2000, success_probability=0.5),
        ir.Link(between=(1, 2), fidelity=1.0, channels=4, latency_ns=7, cutoff_us=9),
    ),
)
"""Qubits: alice has data 0 and 1, comm 2; relay comm 3 and 4; bob data 5, comm 6."""


def code(action: Callable[[], object]) -> str:
    with pytest.raises(CompilerError) as caught:
        action()
    assert caught.value.exit_code == 2
    return caught.value.diagnostics[0].code


# --- From a network to a target -----------------------------------------------------------------


def test_qubits_are_data_then_comm_of_each_node_in_order() -> None:
    backend = LAB.to_backend()
    assert isinstance(backend, BackendV2)
    assert backend.network is LAB
    assert backend.num_qubits == 7
    assert [(list(own.data), list(own.comm)) for own in backend.node_qubits] == [
        ([0, 1], [2]),
        ([], [3, 4]),
        ([5], [6]),
    ]
    t2 = [properties.t2 for properties in backend.target.qubit_properties]
    assert t2 == pytest.approx([200e-6] * 3 + [50e-6] * 2 + [200e-6] * 2)


def test_gates_are_inside_of_nodes_with_their_durations() -> None:
    target = LAB.to_backend().target
    inside = {(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (3, 4), (4, 3), (5, 6), (6, 5)}
    for name in TWO_QUBIT_GATES.keys() - {"rzy"}:  # Qiskit has no rzy
        assert set(target[name]) == inside
        times = 3 if name == "swap" else 1
        durations = [target[name][pair].duration for pair in ((0, 2), (4, 3), (5, 6))]
        assert durations == pytest.approx([70e-9 * times, 100e-9 * times, 0])
    for name in ONE_QUBIT_GATES:
        assert set(target[name]) == {(qubit,) for qubit in range(7)}
        assert target[name][1,].duration == pytest.approx(10e-9)
    assert target["measure"][6,].duration == pytest.approx(300e-9)
    assert target["measure"][0,].duration == pytest.approx(500e-9)
    assert target["reset"][0,].duration == pytest.approx(510e-9)
    assert target.instruction_supported("delay", (6,))
    assert target.instruction_supported("if_else", (0, 1))
    assert "rzy" not in target.operation_names


def test_links_are_instructions_on_comm_qubits() -> None:
    entries = LAB.to_backend().target["dqc_epr"]
    assert set(entries) == {(3, 2), (4, 2), (3, 6), (4, 6)}
    assert entries[3, 2].duration == pytest.approx(4e-6)
    assert entries[4, 2].error == pytest.approx(0.25)
    assert entries[4, 6].duration == pytest.approx(100e-6)
    assert entries[3, 6].error == 0


def test_durations_are_those_of_the_schedule() -> None:
    node = LAB.nodes[0]
    for name in (*ONE_QUBIT_GATES, *TWO_QUBIT_GATES, "measure", "reset"):
        assert network_target._duration_ns(node, name) == time._gate_ns(node, name)


def test_a_node_without_limit_has_a_comm_qubit_for_each_of_its_links() -> None:
    network = Network.make("star", nodes=5, data_qubits=1, comm_qubits=None)
    assert [len(own.comm) for own in network.to_backend().node_qubits] == [4, 1, 1, 1, 1]
    alone = Network.make("line", nodes=1, data_qubits=1, comm_qubits=None)
    assert alone.to_backend().num_qubits == 2
    assert Network.from_target(alone.to_backend().target) == alone


def test_a_circuit_is_transpiled_inside_of_a_node() -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.ch(0, 1)
    circuit.measure([0, 1], [0, 1])
    backend = LAB.to_backend()
    made = transpile(circuit, backend, initial_layout=[0, 1], optimization_level=0)
    used = {made.find_bit(bit).index for row in made.data for bit in row.qubits}
    assert used == {0, 1}
    assert {row.operation.name for row in made.data} <= set(backend.operation_names)


def test_a_network_runs_nothing_and_targets_have_a_size() -> None:
    assert code(lambda: LAB.to_backend().run(QuantumCircuit(1))) == "DQC224"
    for data_qubits in (0, 10_000):
        network = Network.make("line", nodes=1, data_qubits=data_qubits, comm_qubits=0)
        assert code(network.to_backend) == "DQC221"


# --- And back -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "through",
    [lambda target: target, copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))],
    ids=["itself", "copy", "deepcopy", "pickle"],
)
def test_a_network_comes_back_without_loss(through: Callable[[Target], Target]) -> None:
    assert Network.from_target(through(LAB.to_backend().target)) == LAB


@settings(max_examples=40, deadline=None)
@given(network=networks(most_qubits=3))
def test_every_network_comes_back_without_loss(network: Network) -> None:
    found = Network.from_target(network.to_backend().target)
    assert found == network
    assert type(found) is Network


@pytest.mark.parametrize(
    ("name", "qubits", "properties"),
    [
        ("dqc_epr", (3, 2), InstructionProperties(duration=5e-6, error=0.25)),
        ("dqc_epr", (3, 2), InstructionProperties(duration=4e-6, error=0.2)),
        ("dqc_epr", (3, 2), None),
        ("cz", (0, 1), InstructionProperties(duration=1e-9)),
        ("measure", (6,), InstructionProperties(duration=1e-9)),
    ],
)
def test_instructions_that_contradict_the_description_are_refused(
    name: str, qubits: tuple[int, ...], properties: InstructionProperties | None
) -> None:
    target = LAB.to_backend().target
    target.update_instruction_properties(name, qubits, properties)
    assert code(lambda: Network.from_target(target)) == "DQC223"


def test_what_a_network_does_not_say_may_be_added_to_its_target() -> None:
    target = LAB.to_backend().target
    target.update_instruction_properties(
        "cz", (0, 1), InstructionProperties(duration=70e-9, error=0.01)
    )
    target.add_instruction(Instruction("mine", 1, 0, []), {(0,): None})
    assert Network.from_target(target) == LAB


def test_another_description_is_compared_with_the_instructions() -> None:
    target = LAB.to_backend().target
    target.description = Network(LAB.nodes, LAB.links[::-1]).to_backend().target.description
    assert [link.fidelity for link in Network.from_target(target).links] == [1.0, 0.75]
    target.description = '{"schema": 1}'
    assert code(lambda: Network.from_target(target)) == "DQC209"


# --- Targets that were made elsewhere -----------------------------------------------------------


def test_the_instructions_alone_say_what_a_target_can_say() -> None:
    target = LAB.to_backend().target
    target.description = "three processors in my laboratory"
    found = Network.from_target(target)
    nodes = [(node.name, node.kind, node.data_qubits, node.comm_qubits) for node in found.nodes]
    assert nodes == [("n0", "qpu", 2, 1), ("n1", "repeater", 0, 2), ("n2", "qpu", 1, 1)]
    keys = ("gate_1q_ns", "gate_2q_ns", "measure_ns", "t2_us")
    for node, expected in zip(found.nodes, LAB.nodes, strict=True):
        assert [getattr(node, k) for k in keys] == [getattr(expected, k) for k in keys]
    assert found.links == (
        ir.Link(between=(0, 1), fidelity=0.75, attempt_ns=4000, success_probability=1),
        ir.Link(between=(1, 2), fidelity=1.0, attempt_ns=100_000, success_probability=1),
    )


def test_a_small_target_made_elsewhere() -> None:
    """Names of gates are free, slow gates count, what is not said is the default."""
    target = made_elsewhere()
    found = Network.from_target(target)
    assert found.nodes == (
        ir.Node(name="n0", data_qubits=1, comm_qubits=1, gate_1q_ns=40, gate_2q_ns=90, t2_us=30),
        ir.Node(name="n1", data_qubits=1, comm_qubits=1),
    )
    assert found.links == (ir.Link(between=(0, 1)),)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_targets_that_are_no_network(mistake: str) -> None:
    expected, make = MISTAKES[mistake]
    assert code(lambda: Network.from_target(make())) == expected


def test_devices_are_no_networks() -> None:
    target = GenericBackendV2(4, seed=1).target
    assert code(lambda: Network.from_target(target)) == "DQC222"
    assert code(lambda: Network.from_target(Target())) == "DQC222"


def test_values_of_a_target_are_checked_as_those_of_a_file() -> None:
    def with_link(**values: Any) -> Target:
        return made_elsewhere({(1, 2): InstructionProperties(**values)})

    assert Network.from_target(with_link(duration=2e-6)).links[0].mean_generation_ns == 2000
    assert Network.from_target(with_link(error=0.1)).links[0].fidelity == 0.9
    for values in ({"duration": 0.0}, {"error": 0.6}, {"error": float("nan")}, {"duration": -1.0}):
        assert code(lambda values=values: Network.from_target(with_link(**values))) == "DQC207"
