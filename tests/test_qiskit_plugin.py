"""The stages of Qiskit's transpiler: what they make of circuits, and what they refuse."""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
from random import Random
from typing import Any

import numpy as np
import pytest
import qiskit
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm3
from qiskit.circuit import Clbit, Parameter, Qubit
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector
from qiskit.transpiler import TranspilerError, generate_preset_pass_manager
from qiskit.transpiler.preset_passmanagers.plugin import list_stage_plugins
from qiskit.utils import should_run_in_parallel

import dqc_compiler
from dqc_compiler import Network, Options, compile_circuit
from dqc_compiler.formats.network_target import NetworkBackend
from dqc_compiler.formats.qasm_text import program_texts
from tests.circuit_oracle import Run, run_on, run_qiskit

LEVELS = (0, 1, 2, 3)
NETWORKS = (
    Network.make("all-to-all", nodes=2, data_qubits=2, comm_qubits=1),
    Network.make("line", nodes=3, data_qubits=2, comm_qubits=2),
    Network.make("line", nodes=4, data_qubits=1, comm_qubits=2),
    Network.make("all-to-all", nodes=4, data_qubits=1, comm_qubits=1),
    Network.make("star", nodes=3, data_qubits=2, comm_qubits=2, centre="repeater"),
)
LINE = NETWORKS[1]
STAGES = {"init_method": "dqc", "layout_method": "dqc"}


def on(backend: NetworkBackend, circuits: Any, level: int = 2, **arguments: Any) -> Any:
    """What a user writes."""
    return qiskit.transpile(circuits, backend, optimization_level=level, **{**STAGES, **arguments})


class Drawn(Run):
    """A run from |0...0> with outcomes drawn at random."""

    def __init__(self, circuit: QuantumCircuit, seed: int) -> None:
        super().__init__(0, circuit.num_clbits, iter(()))
        self.tensor = np.zeros((2,) * circuit.num_qubits + (1,), dtype=complex)
        self.tensor[(0,) * self.tensor.ndim] = 1
        self.random = Random(seed)

    def measure(self, qubit: int) -> int:
        ones = np.linalg.norm(np.take(self.tensor, 1, axis=qubit)) ** 2
        outcome = int(self.random.random() < ones)
        self._outcomes = iter([outcome])
        super().measure(qubit)
        self.tensor /= np.linalg.norm(self.tensor)
        return outcome


def random_circuit(random: Random, qubits: int) -> QuantumCircuit:
    """Gates of one to three qubits, some of them under the outcome of a measurement."""
    circuit = QuantumCircuit(
        QuantumRegister(qubits, "work"), ClassicalRegister(3, "early"), ClassicalRegister(qubits)
    )
    known = 0
    for _ in range(random.randint(4, 14)):
        a, b, c = (random.sample(range(qubits), 3) + [0] * 3)[:3]
        angle = random.uniform(-3, 3)
        kind = random.choice(["one", "two", "two", "three", "measure", "if"])
        if kind == "one":
            getattr(circuit, random.choice(["h", "t", "sx", "sdg", "y"]))(a)
        elif kind == "two":
            name = random.choice(["cx", "cz", "swap", "ecr", "iswap", "cp", "ryy", "crx"])
            angles = [angle] if name in ("cp", "ryy", "crx") else []
            getattr(circuit, name)(*angles, a, b)
        elif kind == "three":
            circuit.ccx(a, b, c)
        elif kind == "measure" and known < 3:
            circuit.measure(a, known)
            known += 1
        elif kind == "if" and known:
            bit = random.randrange(known)
            with circuit.if_test((circuit.clbits[bit], random.randint(0, 1))):
                circuit.rx(angle, a)
                circuit.cz(a, b)
    if random.random() < 0.5:
        circuit.measure(range(qubits), range(3, 3 + qubits))
    return circuit


def outcomes_of(circuit: QuantumCircuit, bits: list[int]) -> list[int]:
    """The outcomes in the order of the measurements, each of which has a bit of its own."""
    return [
        bits[circuit.find_bit(entry.clbits[0]).index]
        for entry in circuit.data
        if entry.operation.name == "measure"
    ]


def assert_same(circuit: QuantumCircuit, out: QuantumCircuit, seed: int) -> None:
    """In a run with random outcomes, the states are equal where the layout says."""
    run = Drawn(out, seed)
    run_on(run, out)
    assert out.clbits[: circuit.num_clbits] == circuit.clbits
    wanted = run_qiskit(circuit, outcomes_of(circuit, run.bits))
    assert wanted.bits == run.bits[: circuit.num_clbits]
    state = wanted.tensor.reshape((-1, 2**circuit.num_qubits))[:, 0]
    norm = np.linalg.norm(state)
    assert norm > 1e-6, "an outcome that the circuit cannot have"
    ends = out.layout.final_index_layout()
    found = np.moveaxis(run.tensor, ends, range(len(ends))).reshape((len(state), -1))
    assert np.linalg.norm(state.conj() @ found) / norm == pytest.approx(1, abs=1e-7)


def is_same(circuit: QuantumCircuit, out: QuantumCircuit, seed: int) -> bool:
    with contextlib.suppress(AssertionError):
        assert_same(circuit, out, seed)
        return True
    return False


def assert_local(out: QuantumCircuit, backend: NetworkBackend) -> None:
    """Nothing but `dqc_epr` is on qubits of several nodes, and that is on a link."""
    node_of = {q: n for n, own in enumerate(backend.node_qubits) for q in own.all}

    def check(circuit: QuantumCircuit, physical: list[int]) -> None:
        for entry in circuit.data:
            qubits = tuple(physical[circuit.find_bit(qubit).index] for qubit in entry.qubits)
            name = entry.operation.name
            for block in getattr(entry.operation, "blocks", ()):
                check(block, list(qubits))
            if name in ("barrier", "if_else"):
                continue
            assert backend.target.instruction_supported(name, qubits), (name, qubits)
            assert name == "dqc_epr" or len({node_of[qubit] for qubit in qubits}) == 1

    assert out.num_qubits == backend.num_qubits
    check(out, list(range(out.num_qubits)))


def ghz() -> QuantumCircuit:
    circuit = QuantumCircuit(5, 5)
    circuit.h(0)
    for qubit in range(4):
        circuit.cx(qubit, qubit + 1)
    return circuit


def test_the_stages_are_installed() -> None:
    assert "dqc" in list_stage_plugins("init"), "install the package again: pip install -e ."
    assert "dqc" in list_stage_plugins("layout")


@pytest.mark.parametrize("level", LEVELS)
def test_random_circuits_stay_the_same(level: int) -> None:
    random = Random(level)
    managers = []
    for network in NETWORKS:
        backend = network.to_backend(options=Options(preset="fast", seed=level))
        manager = generate_preset_pass_manager(level, backend, **STAGES)
        managers.append((network, backend, manager))
    for number in range(50):
        network, backend, manager = managers[number % len(managers)]
        circuit = random_circuit(random, random.randint(3, network.data_qubits))
        out = manager.run(circuit)
        assert_local(out, backend)
        assert_same(circuit, out, number)


def test_the_check_notices_a_missing_correction() -> None:
    circuit = ghz()
    out = on(LINE.to_backend(), circuit)
    corrections = [i for i, entry in enumerate(out.data) if entry.operation.name == "if_else"]
    assert len(corrections) == 4
    for index in corrections:
        broken = out.copy_empty_like()
        broken._layout = out.layout
        for entry in (*out.data[:index], *out.data[index + 1 :]):
            broken.append(entry)
        runs = [is_same(circuit, broken, seed) for seed in range(8)]
        assert False in runs


def test_pairs_are_those_of_the_compiler() -> None:
    random = Random(7)
    for seed, network in enumerate(NETWORKS):
        options = Options(preset="fast", seed=seed)
        circuit = random_circuit(random, network.data_qubits)
        wanted = compile_circuit(circuit, network, options=options).program.pairs
        for level in LEVELS:
            out = on(network.to_backend(options=options), circuit, level)
            assert out.count_ops().get("dqc_epr", 0) == wanted


@pytest.mark.parametrize("level", LEVELS)
def test_no_pass_of_qiskit_chooses_a_layout_or_moves_qubits(level: int) -> None:
    ran: list[str] = []
    manager = generate_preset_pass_manager(level, LINE.to_backend(), **STAGES)
    manager.run(ghz(), callback=lambda **found: ran.append(type(found["pass_"]).__name__))
    assert {"Distribute", "PinQubits", "CheckMap"} <= set(ran)
    others = ("Layout", "Swap", "Permutations")
    assert [name for name in ran if name.endswith(others)] == ["ApplyLayout"]


def test_options_of_the_backend_are_used() -> None:
    manager = generate_preset_pass_manager(
        1, LINE.to_backend(options=Options(preset="fast", seed=5)), **STAGES
    )
    manager.run(ghz())
    result = manager.property_set["dqc_result"]
    assert result.options == Options(preset="fast", seed=5)


def test_options_travel_with_the_target() -> None:
    target = pickle.loads(pickle.dumps(LINE.to_backend(options=Options(seed=5)).target))
    assert (target.network, target.options) == (LINE, Options(seed=5))
    assert_same(ghz(), qiskit.transpile(ghz(), target=target, **STAGES), 1)


@pytest.mark.parametrize("level", [0, 1])  # at higher ones Qiskit draws lots between equal gates
def test_one_call_does_the_same(level: int) -> None:
    out = dqc_compiler.transpile(ghz(), LINE, optimization_level=level)
    assert out == on(LINE.to_backend(), ghz(), level)
    assert_same(ghz(), dqc_compiler.transpile([ghz()], LINE)[0], level)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_list_in_several_processes() -> None:
    circuits = [random_circuit(Random(seed), 4) for seed in range(3)]
    for number, circuit in enumerate(circuits):
        circuit.name = f"number {number}"
    backend = LINE.to_backend(options=Options(preset="fast"))
    with should_run_in_parallel.override(True):
        outs = on(backend, circuits, num_processes=2)
        with pytest.raises(TranspilerError, match=r"error\[DQC217") as caught:
            on(backend, [*circuits, QuantumCircuit(7)], num_processes=2)
    assert caught.value.diagnostics[0].code == "DQC217"
    assert [out.name for out in outs] == ["number 0", "number 1", "number 2"]
    for seed, (circuit, out) in enumerate(zip(circuits, outs, strict=True)):
        assert_local(out, backend)
        assert_same(circuit, out, seed)


def test_loops_and_switches_are_written_out() -> None:
    circuit = QuantumCircuit(3, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.for_loop(range(3)):
        circuit.cx(0, 1)
    with circuit.switch(circuit.clbits[0]) as case:
        with case(0):
            circuit.x(2)
        with case(1):
            circuit.h(2)
    for level in LEVELS:
        out = dqc_compiler.transpile(circuit, NETWORKS[2], optimization_level=level)
        for seed in range(4):
            assert_same(circuit, out, seed)


def test_names_metadata_and_bits_are_kept() -> None:
    one, other = QuantumRegister(2, "ancilla"), QuantumRegister(1, "b")
    bits = ClassicalRegister(2, "n0_to_n1")
    circuit = QuantumCircuit(
        one, other, [Qubit(), Clbit()], bits, name="mine", metadata={"run": 3}, global_phase=0.25
    )
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.cx(2, 3)
    circuit.measure([2, 3], [2, 0])
    out = on(NETWORKS[2].to_backend(), circuit)
    assert (out.name, out.metadata) == ("mine", {"run": 3})
    assert out.clbits[:3] == circuit.clbits
    assert out.cregs[0] == bits
    assert len({register.name for register in out.cregs}) == len(out.cregs)
    virtual = out.layout.initial_layout.get_virtual_bits()
    assert set(circuit.qubits) <= set(virtual)
    assert [virtual[qubit] for qubit in circuit.qubits] == out.layout.initial_index_layout(
        filter_ancillas=True
    )
    assert_same(circuit, out, 1)


@pytest.mark.parametrize("level", LEVELS)
def test_the_global_phase_is_exact_on_one_node(level: int) -> None:
    backend = Network.all_to_all(nodes=1, data_qubits=2, comm_qubits=1).to_backend()
    circuit = QuantumCircuit(2, global_phase=0.7)
    circuit.rz(0.3, 0)
    circuit.iswap(0, 1)
    circuit.crx(0.4, 0, 1)
    found = Operator.from_circuit(on(backend, circuit, level)).data
    assert abs(found[:4, :4] - Operator(circuit).data).max() < 1e-9


def test_an_observable_follows_the_qubits() -> None:
    circuit = QuantumCircuit(3)
    circuit.rx(0.4, 0)
    circuit.cx(0, 1)
    circuit.ry(0.9, 2)
    circuit.cz(1, 2)
    out = on(NETWORKS[3].to_backend(), circuit)
    run = Drawn(out, 3)
    run_on(run, out)
    state = Statevector(np.transpose(run.tensor[..., 0]).reshape(-1))
    observable = SparsePauliOp(["ZIX", "XZZ", "IYY"], [0.3, 1.0, 0.5])
    wanted = Statevector(circuit).expectation_value(observable)
    found = state.expectation_value(observable.apply_layout(out.layout))
    assert found == pytest.approx(wanted)


def test_it_runs_in_aer() -> None:
    aer = pytest.importorskip("qiskit_aer")
    circuit = ghz()
    circuit.measure(range(5), range(5))
    out = on(LINE.to_backend(), circuit, 3)
    simulator = aer.AerSimulator(seed_simulator=1)
    for runnable in (
        out.decompose("dqc_epr"),
        compile_circuit(circuit, LINE).circuit.decompose("dqc_epr"),
        qiskit.transpile(out, simulator, optimization_level=0),
    ):
        counts = simulator.run(runnable, shots=100).result().get_counts()
        assert {key.split()[-1] for key in counts} == {"00000", "11111"}


def test_a_delay_and_a_barrier_go_through() -> None:
    circuit = QuantumCircuit(4, 1)
    circuit.h(0)
    circuit.delay(100, 0, unit="ns")
    circuit.barrier()
    circuit.cx(0, 3)
    circuit.measure(3, 0)
    for level in LEVELS:
        assert_same(circuit, on(NETWORKS[2].to_backend(), circuit, level), level)


def test_bits_that_are_written_again() -> None:
    circuit = QuantumCircuit(3, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(2, 0)
    out = on(NETWORKS[2].to_backend(), circuit)
    run = Drawn(out, 1)
    run_on(run, out)
    assert run.bits[0] == 0
    place = out.layout.final_index_layout()[1]
    assert np.linalg.norm(np.take(run.tensor, 1, axis=place)) == pytest.approx(1)


def test_unlimited_comm_qubits_are_those_of_the_target() -> None:
    network = Network.make("star", nodes=4, data_qubits=1, comm_qubits=None)
    backend = network.to_backend()
    circuit = random_circuit(Random(5), 4)
    out = on(backend, circuit)
    assert_local(out, backend)
    assert_same(circuit, out, 5)


def test_a_circuit_of_a_result_has_registers_of_nodes() -> None:
    circuit = ghz()
    circuit.measure(range(5), range(5))
    found = compile_circuit(circuit, LINE).circuit
    assert [register.name for register in found.cregs][:1] == ["c"]
    assert {register.name for register in found.qregs} == {
        f"{node}_{kind}" for node in ("n0", "n1", "n2") for kind in ("data", "comm")
    }


def test_programs_are_those_of_the_files() -> None:
    circuit = random_circuit(Random(2), 4)
    for network in NETWORKS[1:]:
        result = compile_circuit(circuit, network, options=Options(preset="fast"))
        found = result.programs
        assert list(found) == [node.name for node in network.nodes]
        for text, program in zip(program_texts(result.program), found.values(), strict=True):
            loaded = qasm3.loads(text)
            assert loaded.qregs == program.qregs
            assert set(loaded.cregs) == set(program.cregs)
            assert rows(loaded) == rows(program)


def rows(circuit: QuantumCircuit) -> list[object]:
    """What each instruction is, and on which qubits and bits."""
    return [
        (
            entry.operation.name,
            [circuit.find_bit(bit).registers for bit in (*entry.qubits, *entry.clbits)],
            [
                rows(value) if isinstance(value, QuantumCircuit) else value
                for value in entry.operation.params
            ],
        )
        for entry in circuit.data
    ]


def test_registers_that_share_bits() -> None:
    bits = ClassicalRegister(4, "c")
    part = ClassicalRegister(name="part", bits=[Clbit(), bits[1], Clbit()])
    circuit = QuantumCircuit(QuantumRegister(3, "q"), bits, part)
    circuit.h(0)
    circuit.cx(0, 2)
    circuit.measure([0, 2], [part[0], bits[1]])
    assert_same(circuit, on(NETWORKS[2].to_backend(), circuit), 1)
    found = compile_circuit(circuit, NETWORKS[2]).circuit
    assert [(r.name, r.size) for r in found.cregs][:3] == [("c", 4), ("part", 1), ("part_", 1)]


def unbound() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.delay(Parameter("a"), 0, unit="ns")
    return circuit


def conditional_measurement() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.measure(0, 0)
    return circuit


@pytest.mark.parametrize(
    ("circuit", "code"),
    [(QuantumCircuit(7), "DQC217"), (unbound(), "DQC1"), (conditional_measurement(), "DQC1")],
)
def test_circuits_that_are_refused(circuit: QuantumCircuit, code: str) -> None:
    for action in (
        lambda: on(LINE.to_backend(), circuit),
        lambda: dqc_compiler.transpile(circuit, LINE),
    ):
        with pytest.raises(TranspilerError, match=rf"error\[{code}") as caught:
            action()
        assert caught.value.diagnostics[0].code.startswith(code)
        assert "\n" in str(caught.value)
        again = pickle.loads(pickle.dumps(caught.value))
        assert again.diagnostics == caught.value.diagnostics


@pytest.mark.parametrize(
    ("backend", "arguments", "code"),
    [
        (GenericBackendV2(8, control_flow=True), {}, "DQC531"),
        (LINE.to_backend(), {"layout_method": None}, "DQC532"),
        (LINE.to_backend(), {"layout_method": "trivial"}, "DQC532"),
        (LINE.to_backend(), {"init_method": None}, "DQC532"),
        (LINE.to_backend(), {"initial_layout": [4, 3, 2, 1, 0]}, "DQC533"),
    ],
)
def test_calls_that_are_refused(backend: Any, arguments: dict[str, Any], code: str) -> None:
    for level in LEVELS:
        with pytest.raises(TranspilerError, match=rf"error\[{code}"):
            on(backend, ghz(), level, **arguments)


@pytest.mark.filterwarnings("ignore:Providing `coupling_map`")
def test_arguments_that_hide_the_network_are_refused() -> None:
    line = [[i, i + 1] for i in range(11)]
    with pytest.raises(TranspilerError, match=r"error\[DQC531"):
        on(LINE.to_backend(), ghz(), coupling_map=line)


def test_the_module_of_the_stages_is_light() -> None:
    script = """
import sys
import qiskit, qiskit.transpiler.preset_passmanagers.plugin
before = set(sys.modules)
import dqc_compiler.qiskit_plugin
print(sorted(set(sys.modules) - before))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "['dqc_compiler', 'dqc_compiler.qiskit_plugin']"


def test_a_transpilation_that_does_not_use_the_stages_imports_no_compiler() -> None:
    script = """
import sys
from qiskit import QuantumCircuit, transpile
circuit = QuantumCircuit(2)
circuit.cx(0, 1)
transpile(circuit, basis_gates=["u", "cz"])
print(sorted(name for name in sys.modules if name.split(".")[0] == "dqc_compiler"))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "['dqc_compiler', 'dqc_compiler.qiskit_plugin']"
