"""Qiskit targets that are not clearly networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from qiskit import QuantumCircuit
from qiskit.circuit import Delay, Instruction, Parameter
from qiskit.circuit.library import CXGate, CZGate, RZGate, SXGate
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from dqc_compiler.formats.network_file import Network
from tests.errors.refusal import refusal

Entries = Mapping[tuple[int, ...] | None, InstructionProperties | None]


def made_elsewhere(
    links: Entries | None = None, gates: Entries | None = None, qubits: int = 4
) -> Target:
    """Two nodes, qubits 0 and 1, 2 and 3, with a link between 1 and 2, unless other entries say."""
    times = [QubitProperties(t2=30e-6), QubitProperties(t2=50e-6)]
    target = Target(
        num_qubits=qubits, qubit_properties=[*times, *[QubitProperties()] * (qubits - 2)]
    )
    target.add_instruction(SXGate(), {(0,): InstructionProperties(40e-9), (1,): None})
    target.add_instruction(RZGate(Parameter("a")), {(0,): InstructionProperties(0.0)})
    target.add_instruction(Delay(Parameter("t")), {(0,): InstructionProperties(1.0)})
    two = {(1, 0): InstructionProperties(90e-9), (2, 3): None} if gates is None else gates
    target.add_instruction(CZGate(), two)
    target.add_instruction(
        Instruction("dqc_epr", 2, 0, []), {(1, 2): None} if links is None else links
    )
    return target


def no_links() -> Target:
    target = Target(num_qubits=2)
    target.add_instruction(CXGate(), {(0, 1): None})
    return target


def contradiction() -> Target:
    target = Network.all_to_all(nodes=2, data_qubits=1, comm_qubits=1).to_backend().target
    properties = InstructionProperties(duration=1e-6, error=0.03)
    target.update_instruction_properties("dqc_epr", (1, 3), properties)
    return target


def larger() -> Target:
    target = Network.all_to_all(nodes=2, data_qubits=1, comm_qubits=1).to_backend().target
    other = Network.all_to_all(nodes=2, data_qubits=2, comm_qubits=1).to_backend().target
    target.description = other.description
    return target


_FAST, _SLOW = InstructionProperties(1e-6), InstructionProperties(2e-6)
_ALL = dict.fromkeys([(0, 1), (1, 2), (0, 2)])
MISTAKES: dict[str, tuple[str, Callable[[], Target]]] = {
    "no_links": ("DQC222", no_links),
    "contradiction": ("DQC223", contradiction),
    "other_number_of_qubits": ("DQC223", larger),
    "links_everywhere": ("DQC223", partial(made_elsewhere, {None: None})),
    "gates_everywhere": ("DQC223", partial(made_elsewhere, gates={None: None})),
    "link_inside_a_node": ("DQC223", partial(made_elsewhere, {(1, 2): None, (0, 1): None})),
    "two_values_of_a_link": (
        "DQC223",
        partial(made_elsewhere, {(1, 2): _FAST, (2, 1): _SLOW}),
    ),
    "half_of_a_link": (
        "DQC223",
        partial(made_elsewhere, {(0, 2): None, (1, 3): None}),
    ),
    "line_inside_a_node": (
        "DQC223",
        partial(made_elsewhere, {(2, 3): None}, {(0, 1): None, (1, 2): None}),
    ),
    "fidelity_of_a_target": (
        "DQC207",
        partial(made_elsewhere, {(1, 2): InstructionProperties(error=0.7)}),
    ),
    "qubit_without_a_node": ("DQC215", partial(made_elsewhere, qubits=5)),
}
"""Case -> the code of the problem, and a target that has it."""


def read(make: Callable[[], Target], _directory: Path) -> str:
    return refusal(lambda: Network.from_target(make()))


def run(_directory: Path) -> str:
    network = Network.all_to_all(nodes=2, data_qubits=1, comm_qubits=1)
    return refusal(lambda: network.to_backend().run(QuantumCircuit(1)))


def too_large(_directory: Path) -> str:
    network = Network.make("line", nodes=1, data_qubits=10_000, comm_qubits=0)
    return refusal(network.to_backend)


CASES: dict[str, Callable[[Path], str]] = {
    case: partial(read, make) for case, (_, make) in MISTAKES.items()
}
CASES |= {"run": run, "too_large": too_large}
