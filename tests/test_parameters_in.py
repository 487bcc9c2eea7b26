"""Parameters of circuits that are read: what they become, and where numbers are asked for."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import PauliEvolutionGate, RXGate, UGate, efficient_su2, zz_feature_map
from qiskit.quantum_info import SparsePauliOp

from dqc_compiler import CompilerError
from dqc_compiler.formats.binding import bind_parameters
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.ir import Angle, Circuit
from tests.circuit_oracle import STANDARD, assert_same_unitary

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
VALUES = (0.7, -1.9, 2.4, 0.3)
SYMBOLIC = sorted(name for name, gate in STANDARD.items() if gate.params)


def read(text: str) -> Circuit:
    circuit = read_circuit("test.qasm", text=HEAD + text)
    circuit.verify()
    return circuit


def bound(circuit: Circuit, values: dict[str, float]) -> Circuit:
    parameters = bind_parameters(circuit.parameters, values)
    return circuit.bound({p.identifier: p.value for p in parameters if p.value is not None})


def assert_bound_alike(original: QuantumCircuit, margin: float = 1e-9) -> Circuit:
    """Values put into what was read give the same matrix, phase included, as Qiskit's own."""
    circuit = read_circuit(original)
    circuit.verify()
    values = {p: 0.4 + 0.37 * i for i, p in enumerate(original.parameters)}
    found = bound(circuit, {p.name: value for p, value in values.items()})
    assert not found.angles
    assert_same_unitary(found, original.assign_parameters(values), margin=margin)
    return circuit


@pytest.mark.parametrize("name", SYMBOLIC)
def test_standard_gates(name: str) -> None:
    count = len(STANDARD[name].params)
    parameters = [Parameter(f"a{i}") for i in range(count)]
    original = QuantumCircuit(4)
    gate = STANDARD[name].base_class(*parameters)
    original.append(gate, [3, 1, 2, 0][: gate.num_qubits])
    assert_bound_alike(original)


@pytest.mark.parametrize("name", ["rx", "ry", "rz", "p", "u", "rzz"])
@pytest.mark.parametrize("controls", [1, 2])
def test_controlled_gates(name: str, controls: int) -> None:
    gate = (
        STANDARD[name]
        .base_class(*[Parameter(f"a{i}") for i in range(len(STANDARD[name].params))])
        .control(controls, ctrl_state=0, annotated=False)
    )
    original = QuantumCircuit(4)
    original.append(gate, range(gate.num_qubits))
    assert_bound_alike(original)


@pytest.mark.parametrize(
    "make",
    [
        lambda: efficient_su2(3, reps=1),
        lambda: zz_feature_map(3, reps=1),  # products of parameters
        lambda: RXGate(Parameter("a")).power(3).definition,
        lambda: UGate(*ParameterVector("v", 3)).control(1).inverse().definition,
    ],
)
def test_circuits_of_the_library(make) -> None:
    assert_bound_alike(make())


def test_evolution_and_global_phase() -> None:
    time, shift = Parameter("time"), Parameter("shift")
    original = QuantumCircuit(3, global_phase=shift - 0.2)
    original.append(PauliEvolutionGate(SparsePauliOp(["ZZI", "IXX"], [1, 0.5]), time), range(3))
    circuit = assert_bound_alike(original.decompose())
    assert [row.name for row in circuit.operations()] == ["rzz", "rxx"]
    assert circuit.global_phase == Angle.of("shift") - 0.2


def test_names_become_identifiers() -> None:
    names = [
        "θ",
        "\N{GREEK SMALL LETTER GAMMA}[0]",
        "x",
        "data",
        "a_to_b",
        "q",
        "1st",
        "π²",
        "theta",
    ]
    original = QuantumCircuit(1)
    for name in names:
        original.rz(Parameter(name), 0)
    circuit = read_circuit(original)
    assert [p.name for p in circuit.parameters] == names
    assert [p.identifier for p in circuit.parameters] == [
        "theta", "gamma_0", "x_", "data_", "a_to_b__", "q_", "_1st", "pi_", "theta_",
    ]  # fmt: skip


def test_expressions_of_openqasm() -> None:
    circuit = read(
        "input float theta;\ninput float[64] phi;\ninput angle[32] a;\nqubit[2] q;\n"
        "rz(pi/2*theta - 0.5*phi + 1) q[0];\nrz(2*a/3 + pi) q[0];\ncp(-theta/2) q[0], q[1];\n"
        "rz(theta - theta) q[0];\nrx(theta*phi) q[0];\nrx(phi*theta) q[0];\n"
        "ry(sin(theta) + 1) q[0];\nry(pow(phi, 2)) q[0];\n"
    )
    theta, phi, a = (Angle.of(name) for name in ("theta", "phi", "a"))
    found = [row.parameters[0] for row in circuit.operations()]
    assert found[:3] == [math.pi / 2 * theta - 0.5 * phi + 1, found[1], -theta / 2]
    assert found[1].at({"a": 1.0}) == pytest.approx(2 / 3 + math.pi)
    assert found[3:] == [Angle.of(f"derived_{i}") for i in (0, 0, 1, 2)]
    formulas = [p.formula for p in circuit.parameters if p.formula]
    assert [p.name for p in circuit.parameters if not p.formula] == ["theta", "phi", "a"]
    for formula, value in zip(formulas, (0.6, math.sin(2) + 1, 0.09), strict=True):
        assert formula.count("theta") + formula.count("phi") > 0
        values = bind_parameters(circuit.parameters, {"theta": 2.0, "phi": 0.3})
        assert [p.value for p in values if p.formula == formula] == [pytest.approx(value)]
    assert a not in found


def test_unused_inputs_are_parameters() -> None:
    circuit = read("input float unused;\nqubit q;\nx q;\n")
    assert circuit.free_parameters == ("unused",)


def test_gates_of_the_file() -> None:
    """Names of their own parameters do not matter, nor does the order in which they are sorted."""
    circuit = read(
        "input float a;\ninput float b;\nqubit[2] q;\n"
        "gate g(b, a) x, y { rz(b + 1) x; cx x, y; rx(a/2 + b) y; gphase(a); }\n"
        "gate h2(a) x, y { g(a, 2*a) y, x; inv @ g(1, a) x, y; }\n"
        "g(a, b) q[0], q[1];\nh2(b - a) q[0], q[1];\npow(-2) @ h2(a) q[0], q[1];\n"
    )
    values = {"a": 0.7, "b": -1.1}
    with_numbers = read(
        "const float a = 0.7;\nconst float b = -1.1;\nqubit[2] q;\n"
        "gate g(b, a) x, y { rz(b + 1) x; cx x, y; rx(a/2 + b) y; gphase(a); }\n"
        "gate h2(a) x, y { g(a, 2*a) y, x; inv @ g(1, a) x, y; }\n"
        "g(a, b) q[0], q[1];\nh2(b - a) q[0], q[1];\ninv @ h2(a) q[0], q[1];\n"
        "inv @ h2(a) q[0], q[1];\n"
    )
    found, wanted = bound(circuit, values), with_numbers
    wanted_circuit = QuantumCircuit(2, global_phase=wanted.global_phase)
    for row in wanted.operations():
        wanted_circuit.append(STANDARD[row.name].base_class(*row.parameters), row.qubits)
    assert_same_unitary(found, wanted_circuit)


def test_conditional_gates_and_loops() -> None:
    circuit = read(
        "input float w;\nqubit[2] q;\nbit c;\nc = measure q[0];\nif (c) { rx(w) q[1]; }\n"
        "for int i in [1:3] { rz(i*w) q[1]; }\n"
    )
    rows = list(circuit.operations())
    w = Angle.of("w")
    assert rows[1].condition == ((0, True),)
    assert [row.parameters[0] for row in rows[1:]] == [w, w, 2 * w, 3 * w]


@pytest.mark.parametrize(
    "text",
    [
        "delay[w*1ns] q[0];",
        "if (w > 1) { x q[0]; }",
        "for int i in [0:w] { x q[0]; }",
        "pow(w) @ x q[0];",
        "pow(0.5) @ g(w) q[0];",
        "pow(100000) @ g(w) q[0];",
        "ctrl(w) @ x q[0], q[1];",
        "const float e = 2*w;",
        "bit[w] c;",
    ],
)
def test_where_a_number_is_needed(text: str) -> None:
    with pytest.raises(CompilerError) as caught:
        read(f"input float w;\nqubit[2] q;\ngate g(a) b {{ rx(a) b; h b; }}\n{text}\n")
    (problem,) = caught.value.diagnostics
    assert problem.code == "DQC140"
    assert problem.place is not None
    assert problem.place.line == 6
    assert problem.name == "w"


def test_delays_of_qiskit_need_numbers() -> None:
    for unit in ("ns", "dt"):
        circuit = QuantumCircuit(1)
        circuit.delay(Parameter("t"), 0, unit)
        with pytest.raises(CompilerError) as caught:
            read_circuit(circuit)
        assert caught.value.diagnostics[0].code == "DQC140"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"c": 1.0}, "DQC541"),
        ({"a": math.inf}, "DQC542"),
        ({"a": 1.0, "θ": 1.0, "theta": 2.0}, "DQC543"),
        ({"a": 0.0}, "DQC544"),
    ],
)
def test_values_that_are_refused(given: dict[str, float], code: str) -> None:
    a = Parameter("a")
    circuit = QuantumCircuit(1)
    circuit.rx(1 / a, 0)
    circuit.rx(Parameter("θ"), 0)
    with pytest.raises(CompilerError) as caught:
        bind_parameters(read_circuit(circuit).parameters, given)
    assert [problem.code for problem in caught.value.diagnostics] == [code]


def test_a_bundled_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "x.qasm"
    file.write_text(HEAD + "input float s1;\nqubit q;\nrx(s1) q;\n")
    assert read_circuit(file).free_parameters == ("s1",)
