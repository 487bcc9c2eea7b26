"""Circuits with parameters: compiled once, proven for all values, and bound later."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import networkx as nx
import numpy as np
import openqasm3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, qasm3, transpile
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import XXPlusYYGate, efficient_su2

from dqc_compiler import (
    CompilerError,
    Network,
    Options,
    Result,
    bind_bundle,
    cli,
    compile_circuit,
    dump_program,
    load_program,
)
from dqc_compiler.bundles import save_bundle, verify_bundle, verify_result
from dqc_compiler.cli_terminal import execute
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.formats.flat_qasm import read_flat_qasm
from dqc_compiler.formats.manifest import Manifest
from dqc_compiler.formats.qasm_text import circuit_text, program_texts
from dqc_compiler.formats.rewrites import make_rewrites
from dqc_compiler.gadgets.fusing import fuse_gates, merge_run
from dqc_compiler.gadgets.fusing_forms import Sides
from dqc_compiler.ir import Angle, Circuit, Operation
from dqc_compiler.ir.angles import evaluated
from dqc_compiler.passes.fuse import Fuse
from dqc_compiler.verify import verify_directory
from dqc_compiler.verify.canonical import circuit_form
from dqc_compiler.verify.compare import first_difference
from dqc_compiler.verify.record import read_record
from dqc_compiler.verify.rewriting import replay
from tests.circuit_oracle import assert_same_unitary, rebuilt
from tests.oracle import assert_same_action, coins
from tests.strategies import (
    PARAMETERS,
    networks,
    parametrised_circuits,
    sparse_networks,
)

FAST = Options(preset="fast")
TWO = Network.all_to_all(nodes=2, data_qubits=2, comm_qubits=2)
THETA, PHI = Angle.of("theta"), Angle.of("phi")
VALUES = {"theta": 0.31, "phi": -2.4}


def values_of(circuit: Circuit, seed: int = 0) -> dict[str, float]:
    random = Random(seed)
    return {name: random.uniform(-4, 4) for name in circuit.free_parameters}


def dynamic() -> QuantumCircuit:
    """Gates of many kinds, a derived parameter, a condition, and a phase."""
    theta, phi = Parameter("θ"), Parameter("phi")
    circuit = QuantumCircuit(4, 1, global_phase=theta / 2)
    circuit.h(range(4))
    circuit.cry(theta, 0, 2)
    circuit.cx(1, 3)
    circuit.rz(2 * phi, 3)
    circuit.cx(1, 3)
    circuit.append(XXPlusYYGate(theta, phi), [1, 2])
    circuit.cu(theta, phi, 0.3, theta, 1, 3)
    circuit.ryy(phi / 3, 0, 3)
    circuit.crx(theta * phi.sin(), 2, 3)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.rx(theta - phi, 3)
        circuit.rzz(phi, 1, 3)
    circuit.cp(2 * theta, 1, 2)
    return circuit


def qaoa(qubits: int, layers: int, seed: int) -> QuantumCircuit:
    gamma, beta = ParameterVector("gamma", layers), ParameterVector("beta", layers)
    circuit = QuantumCircuit(qubits)
    circuit.h(range(qubits))
    for layer in range(layers):
        for a, b in nx.random_regular_graph(3, qubits, seed=seed).edges:
            circuit.cx(a, b)
            circuit.rz(2 * gamma[layer], b)
            circuit.cx(a, b)
        circuit.rx(2 * beta[layer], range(qubits))
    return circuit


# Resynthesis


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(parametrised_circuits(max_operations=40, clbits=2), st.integers(0, 5))
def test_fused_circuits_are_equal_for_other_values(circuit: Circuit, seed: int) -> None:
    result = Fuse().run(circuit)
    result.verify()
    values = dict.fromkeys(PARAMETERS, 0.0) | values_of(circuit, seed)
    logical = read_flat_qasm(circuit_text(result.circuit), source="logical.qasm", values=values)
    steps = read_record(make_rewrites(result).text(), logical, values)
    found, wanted = replay(circuit.bound(values), steps), result.circuit.bound(values)
    forms = circuit_form(found), circuit_form(wanted)
    assert first_difference(*forms, circuit.qubits, circuit.clbits) is None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(parametrised_circuits(max_qubits=3, max_operations=30), st.integers(0, 5))
def test_fusing_keeps_the_global_phase(circuit: Circuit, seed: int) -> None:
    values = values_of(circuit, seed)
    fused = Fuse().run(circuit).circuit.bound(values)
    rows = [row for row in circuit.operations() if row.name not in ("barrier",)]
    plain = Circuit.from_operations("x", circuit.qubits, [], rows).bound(values)
    assert_same_unitary(fused, rebuilt(plain))


def test_two_cx_around_a_rotation_become_one_gate() -> None:
    rows = (
        Operation("cx", (0, 1)),
        Operation("rz", (1,), (2 * THETA,)),
        Operation("cx", (0, 1)),
    )
    # Both are about X of the target; the rotation between them is on the control's side here.
    fusion = fuse_gates("Z", rows, Sides())
    assert fusion is not None
    assert fusion.outputs == (Operation("rzz", (0, 1), (2 * THETA,)),)


def test_what_is_not_affine_is_left_alone() -> None:
    z, x, y = (
        Operation(f"r{axis}", (0,), (angle,))
        for axis, angle in zip("zxy", (THETA, THETA, PHI), strict=True)
    )
    assert merge_run((z, y)) is not None  # the gate `u` has these angles
    assert merge_run((x, y)) is None
    between = tuple(row._replace(qubits=(1,)) for row in (z, y))
    gates = (Operation("cx", (0, 1)), *between, Operation("cx", (0, 1)))
    assert fuse_gates("Z", gates, Sides()) is None


@pytest.mark.parametrize("factor", [1.0, 1e7, 1e-9])
def test_angles_about_the_same_axes_are_always_added(factor: float) -> None:
    gates = (
        Operation("rzx", (0, 1), (factor * THETA,)),
        Operation("crx", (0, 1), (0.25 * PHI + 0.3,)),
        Operation("rzx", (0, 1), (0.1 * THETA,)),
    )
    fusion = fuse_gates("Z", gates, Sides())
    assert fusion is not None
    assert sum(len(gate.qubits) == 2 for gate in fusion.outputs) == 1
    for values in (VALUES, {"theta": 1.0, "phi": 2.0}):
        total = sum(evaluated(g.parameters[0], values) for g in gates if g.name == "rzx")
        (found,) = (g for g in fusion.outputs if len(g.qubits) == 2)
        half = evaluated(gates[1].parameters[0], values) / 2
        assert evaluated(found.parameters[0], values) == pytest.approx(total - half, rel=1e-9)


# Costs


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("preset", ["fast", "balanced"])
def test_parameters_cost_as_many_pairs_as_numbers(seed: int, preset: str) -> None:
    circuit = qaoa(12, 2, seed)
    network = Network.all_to_all(nodes=3, data_qubits=4, comm_qubits=2)
    random = Random(seed)
    with_numbers = circuit.assign_parameters([random.uniform(0.2, 1.3) for _ in range(4)])
    options = Options(preset=preset, verify="off")
    found, wanted = (
        compile_circuit(each, network, options=options) for each in (circuit, with_numbers)
    )
    assert found.logical.two_qubit_gates == wanted.logical.two_qubit_gates == 36
    assert found.program.pairs == wanted.program.pairs
    assert [s.name for s in found.program.statements()] == [
        s.name for s in wanted.program.statements()
    ]


def test_a_basis_change_by_a_parameter_that_is_undone_is_seen_through() -> None:
    theta = Parameter("theta")
    circuit = QuantumCircuit(3)
    circuit.cz(0, 1)
    circuit.ry(theta, 0)
    circuit.z(1)
    circuit.ry(-theta, 0)
    circuit.cz(0, 2)
    network = Network.all_to_all(nodes=2, data_qubits=2, comm_qubits=2)
    result = compile_circuit(circuit, network, options=FAST)
    assert result.program.pairs == 1
    assert verify_result(result).equivalent is True


# Compiling and binding


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_bound_programs_are_the_bound_circuit(data: st.DataObject) -> None:
    circuit = data.draw(parametrised_circuits(max_operations=20, clbits=2))
    kinds = data.draw(st.sampled_from((networks, sparse_networks)))
    network = data.draw(kinds(len(circuit.qubits)))
    result = compile_circuit(circuit, network, options=FAST)
    verdict = verify_result(result)
    assert verdict.equivalent is True
    assert ("generic" in verdict.checks[2].detail) == bool(circuit.parameters)
    values = values_of(circuit)
    bound = result.bind(values)
    assert verify_result(bound).equivalent is True
    assert_same_action(bound.logical, bound.program, coins(1))


def test_binding_a_result_changes_numbers_only() -> None:
    result = compile_circuit(dynamic(), TWO, options=FAST)
    bound = result.bind({"θ": 0.4, "phi": 1.3})
    assert not bound.program.angles
    assert not bound.logical.angles
    assert bound.placement.graph.circuit is bound.logical
    assert bound.schedule.program is bound.program
    assert [row._replace(parameters=()) for row in bound.program.statements()] == [
        row._replace(parameters=()) for row in result.program.statements()
    ]
    derived = {p.formula: p.value for p in bound.original.parameters if p.formula}
    assert derived == {"theta*sin(phi)": pytest.approx(0.4 * np.sin(1.3))}


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"x": 1.0}, ValueError, "no parameter x; .*θ"),
        ({"phi": float("inf")}, ValueError, "phi cannot be inf"),
        ({"phi": "1"}, TypeError, "phi has to be a finite number, not '1'"),
        ({"phi": True}, TypeError, "not True"),
        ({1: 1.0}, TypeError, "a name or a Parameter, not 1"),
    ],
)
def test_values_that_a_result_refuses(given: dict[str, float], kind: type, words: str) -> None:
    result = compile_circuit(dynamic(), TWO, options=FAST)
    with pytest.raises(kind, match=words):
        result.bind(given)
    with pytest.raises(ValueError, match="bound already"):
        result.bind({"phi": 1.0}).bind({"phi": 1.0})


# Bundles


@pytest.fixture(scope="module")
def compiled() -> Result:
    return compile_circuit(dynamic(), TWO, options=FAST)


@pytest.fixture
def bundle(compiled: Result, tmp_path: Path) -> Path:
    save_bundle(compiled, tmp_path / "bundle")
    return tmp_path / "bundle"


def files_of(directory: Path) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): path.read_text()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name not in ("manifest.json", "report.json")
    }


def test_every_file_of_a_bundle_is_read_by_others(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    assert manifest["parameters"] == {
        "theta": {"name": "θ", "formula": None, "value": None},
        "phi": {"name": "phi", "formula": None, "value": None},
        "derived_0": {"name": "derived_0", "formula": "theta*sin(phi)", "value": None},
    }
    programs = sorted(bundle.rglob("*.qasm"))
    assert len(programs) == 3
    for path in programs:
        text = path.read_text()
        assert openqasm3.parse(text).statements
        inputs = re.findall(r"^input float\[64\] (\w+);$", text, re.MULTILINE)
        assert {p.name for p in qasm3.loads(text).parameters} == set(inputs)
        assert set(read_flat_qasm(text, source=path.name).inputs) == set(inputs)
        assert set(inputs) <= set(manifest["parameters"])
        for name in inputs:  # and none is declared that is not used
            assert len(re.findall(rf"\b{name}\b", text)) > 1


def test_simulation_and_other_provers_take_generic_values_too() -> None:
    result = compile_circuit(qaoa(4, 1, 0), TWO, options=Options(preset="fast", verify="all"))
    passed = {check.name: check.passed for check in verify_result(result).checks}
    assert all(passed[name] for name in ("symbolic", "rewriting", "all outcomes", "simulation"))
    assert passed["zx"] is not False


def test_a_bound_bundle_is_that_of_the_bound_result(
    compiled: Result, bundle: Path, tmp_path: Path
) -> None:
    values = {"θ": 0.4, "phi": -1.3}
    save_bundle(compiled.bind(values), tmp_path / "wanted")
    bind_bundle(bundle, values, tmp_path / "found")
    assert files_of(tmp_path / "found") == files_of(tmp_path / "wanted")
    bind_bundle(bundle, {"theta": 0.4}, tmp_path / "half")
    assert "input float[64] phi;" in (tmp_path / "half" / "logical.qasm").read_text()
    assert "theta" not in (tmp_path / "half" / "logical.qasm").read_text()
    bind_bundle(tmp_path / "half", {"phi": -1.3}, tmp_path / "again")
    assert files_of(tmp_path / "again") == files_of(tmp_path / "wanted")


def test_bound_bundles_are_verified_against_the_original(bundle: Path, tmp_path: Path) -> None:
    original = dynamic()
    for name, values in (("half", {"phi": 0.9}), ("whole", {"θ": 0.4, "phi": 0.9})):
        bind_bundle(bundle, values, tmp_path / name)
        assert verify_bundle(tmp_path / name, read_circuit(original)).equivalent is True
        bound = read_circuit(original.assign_parameters(values))
        if name == "whole":
            assert verify_bundle(tmp_path / name, bound).equivalent is True
    other = read_circuit(original.assign_parameters({"θ": 0.4, "phi": 0.9001}))
    assert verify_bundle(tmp_path / "whole", other).equivalent is False
    # A circuit without parameters cannot say what the inputs are.
    assert verify_bundle(tmp_path / "half", other).equivalent is False
    assert verify_bundle(bundle, other).equivalent is False


def test_the_fidelity_is_that_of_generic_values(bundle: Path, tmp_path: Path) -> None:
    original = read_circuit(dynamic())
    bind_bundle(bundle, {"θ": 0.0, "phi": 0.0}, tmp_path / "bound")
    assert verify_bundle(tmp_path / "bound", original).equivalent is True
    report = json.loads((bundle / "report.json").read_text())
    assert report["assumptions"][-1].startswith("fidelity and bounds: parameters")
    report["fidelity"] += 0.2
    (bundle / "report.json").write_text(json.dumps(report))
    checks = {check.name: check for check in verify_bundle(bundle, original).checks}
    assert checks["figures"].passed is False
    assert "in a simulation" in checks["figures"].detail


def test_binding_needs_no_compiler(bundle: Path, tmp_path: Path) -> None:
    arguments = ["bind", str(bundle), "θ=pi/4", "phi=-1e-3", "-o", str(tmp_path / "bound")]
    code = (
        "import sys\nfrom dqc_compiler import cli\nfrom dqc_compiler.cli_terminal import execute\n"
        f"assert execute(cli.dqc, 'dqc', {arguments!r}) == 0\n"
        "for name in ('pipeline', 'passes.', 'kernels', 'gadgets', 'costs'):\n"
        "    assert not any(m.startswith(f'dqc_compiler.{name}') for m in sys.modules), name\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "bound" / "manifest.json").read_text())
    values = [entry["value"] for entry in manifest["parameters"].values()]
    assert values[:2] == [np.pi / 4, -1e-3]
    assert manifest["verdict"]["equivalent"] is True
    assert manifest["verdict"]["checks"][-1]["name"] == "binding"


def test_long_lists_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    save_bundle(compile_circuit(efficient_su2(4, reps=2), TWO, options=FAST), "ansatz.dqc")
    values = [f"θ[{i}]=0.1" for i in range(10)]
    assert execute(cli.dqc, "dqc", ["bind", "ansatz.dqc", *values]) == 0
    bound, left, where = capsys.readouterr().out.splitlines()
    assert bound.endswith("θ[7] = 0.1, ... (10)")
    assert left.endswith("... (14)")
    assert where.split() == ["bundle", "ansatz.bound.dqc"]
    assert (tmp_path / "ansatz.bound.dqc" / "manifest.json").exists()


def test_nothing_is_written_if_a_value_is_refused(bundle: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(CompilerError, match="there is no parameter psi"):
        bind_bundle(bundle, {"psi": 1.0, "phi": 2.0}, tmp_path / "bound")
    with pytest.raises(CompilerError, match="DQC31"):
        bind_bundle(bundle, {"phi": 2.0}, bundle)
    assert sorted(tmp_path.rglob("*")) == before


# Mutations


def edit(path: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    def apply(bundle: Path) -> None:
        text = (bundle / path).read_text()
        changed = change(text)
        assert changed != text
        (bundle / path).write_text(changed)

    return apply


def _in_gates(pattern: str, replacement: str) -> Callable[[str], str]:
    """Change the first gate, after the declarations, in which a pattern occurs."""

    def change(text: str) -> str:
        head, body = text.split("qubit[", maxsplit=1)
        return f"{head}qubit[{re.sub(pattern, replacement, body, count=1)}"

    return change


MUTATIONS = {
    "frozen": _in_gates(r"\((-?)theta", rf"(\g<1>{float(Angle.of('theta'))!r}"),
    "sign": _in_gates(r"\(theta", "(-theta"),
    "exchanged": _in_gates(r"\btheta\b", "phi"),
    "coefficient": _in_gates(r"\btheta\b", "1.001*theta"),
    "constant": _in_gates(r"\btheta\b", "theta + 0.001"),
    "without": _in_gates(r"\(-?theta[^)]*\)", "(0.5)"),
    "derived": _in_gates(r"\bderived_0\b", "theta"),
    "undeclared": lambda text: re.sub(r"input float\[64\] theta;\n", "", text),
    "another": lambda text: text.replace("theta", "theta2"),
}


def files_with(bundle: Path, word: str) -> list[str]:
    return [path for path, text in files_of(bundle).items() if word in text]


@pytest.mark.parametrize("name", MUTATIONS)
def test_wrong_angles_are_noticed(bundle: Path, name: str) -> None:
    manifest = Manifest.model_validate_json((bundle / "manifest.json").read_text())
    original = read_circuit(dynamic())
    assert verify_directory(bundle, original, manifest).equivalent is True
    word = "derived_0" if name == "derived" else "theta"
    tried = 0
    for path in (p for p in files_with(bundle, word) if p.endswith(".qasm")):
        text = (bundle / path).read_text()
        changed = MUTATIONS[name](text)
        if changed == text:
            continue
        tried += 1
        (bundle / path).write_text(changed)
        verdict = verify_directory(bundle, original, manifest)
        if path == "logical.qasm":  # the programs are right, and that can be seen without it
            assert {check.name: check.passed for check in verdict.checks}["symbolic"] is None
        else:
            assert verdict.equivalent is False, path
        (bundle / path).write_text(text)
    assert tried >= 2


def test_wrong_rewrites_are_noticed(bundle: Path) -> None:
    manifest = Manifest.model_validate_json((bundle / "manifest.json").read_text())
    path = bundle / "rewrites.json"
    text = path.read_text()
    changed = text.replace("rzz(2*phi)", "rzz(2*theta)", 1)
    assert changed != text
    path.write_text(changed)
    verdict = verify_directory(bundle, read_circuit(dynamic()), manifest)
    passed = {check.name: check.passed for check in verdict.checks}
    assert (passed["symbolic"], passed["rewriting"]) == (True, None)


@pytest.mark.parametrize(
    "change",
    [
        {"derived_0": {"name": "derived_0", "formula": "theta*cos(phi)"}},
        {"theta": {"name": "phi", "formula": None}},
        {"theta": {"name": "θ", "formula": None, "value": 0.4}},
        {"more": {"name": "more", "formula": None}},
    ],
)
def test_a_manifest_with_other_parameters_is_noticed(
    bundle: Path, change: dict[str, dict[str, object]]
) -> None:
    content = json.loads((bundle / "manifest.json").read_text())
    content["parameters"] |= change
    manifest = Manifest.model_validate_json(json.dumps(content))
    assert verify_directory(bundle, read_circuit(dynamic()), manifest).equivalent is False


def test_a_wrong_value_of_a_formula_is_noticed(bundle: Path, tmp_path: Path) -> None:
    bind_bundle(bundle, {"θ": 0.4, "phi": 0.9}, tmp_path / "bound")
    content = json.loads((tmp_path / "bound" / "manifest.json").read_text())
    content["parameters"]["derived_0"]["value"] += 1e-3
    manifest = Manifest.model_validate_json(json.dumps(content))
    verdict = verify_directory(tmp_path / "bound", read_circuit(dynamic()), manifest)
    assert verdict.equivalent is False
    assert "formula" in verdict.checks[0].detail


# Qiskit


def test_circuits_for_qiskit_have_its_parameters(compiled: Result) -> None:
    whole = compiled.circuit
    assert {p.name for p in whole.parameters} == {"θ", "phi"}
    assert not whole.assign_parameters({"θ": 0.4, "phi": 0.9}).parameters
    for name, text in zip(compiled.programs, program_texts(compiled.program), strict=True):
        inputs = re.findall(r"^input float\[64\] (\w+);$", text, re.MULTILINE)
        program = compiled.programs[name]
        assert {p.name for p in program.parameters} == set(inputs)
        assert dump_program(program) == text
        assert dump_program(load_program(text)) == text
        bound = compiled.bind({"θ": 0.4, "phi": 0.9})
        values = {p.identifier: p.value for p in bound.program.parameters}
        given = {name: values[name] for name in inputs}
        assert not program.assign_parameters(given).parameters


def test_programs_may_be_changed_within_affine_angles(compiled: Result) -> None:
    program = next(each for each in compiled.programs.values() if each.parameters).copy()
    new = Parameter("ω[1]")
    program.rz(2 * new + 0.5, 0)
    text = dump_program(program)
    assert "input float[64] omega_1;" in text
    assert "rz(2*omega_1 + 0.5) data[0];" in text
    program.rz(new**2, 0)
    with pytest.raises(CompilerError, match="multiples of parameters"):
        dump_program(program)


def test_circuits_for_qiskit_are_those_of_the_bound_result(compiled: Result) -> None:
    values = {"θ": 0.4, "phi": 0.9}
    found = compiled.circuit.assign_parameters(values)
    wanted = compiled.bind(values).circuit
    assert found.global_phase == pytest.approx(wanted.global_phase)
    for a, b in zip(found.data, wanted.data, strict=True):
        assert a.operation.name == b.operation.name
        if a.operation.name != "if_else":
            numbers = [float(p) for p in a.operation.params]
            assert numbers == pytest.approx([float(p) for p in b.operation.params])


@pytest.mark.parametrize("level", [0, 1, 2])
def test_the_transpiler_keeps_the_objects(level: int) -> None:
    circuit = efficient_su2(4, reps=1)
    network = Network.all_to_all(nodes=2, data_qubits=2, comm_qubits=1)
    found = transpile(
        circuit,
        network.to_backend(),
        init_method="dqc",
        layout_method="dqc",
        optimization_level=level,
    )
    assert set(found.parameters) == set(circuit.parameters)
    values = {parameter: 0.1 * i for i, parameter in enumerate(circuit.parameters)}
    assert not found.assign_parameters(values).parameters


def test_small_multiples_are_no_angles_of_nothing() -> None:
    """At a generic point 1e-10 times a parameter is below what counts as 0 there."""
    circuit = QuantumCircuit(2)
    w = Parameter("w")
    for _ in range(2):
        circuit.cz(0, 1)
        circuit.rx(1e-10 * w, 0)
    circuit.cz(0, 1)
    network = Network.all_to_all(nodes=2, data_qubits=1, comm_qubits=1)
    result = compile_circuit(circuit, network, options=FAST)
    assert [p.formula is not None for p in result.original.parameters] == [False, True]
    bound = result.bind({"w": 7e9})
    verdict = verify_result(bound)
    assert verdict.equivalent is True
    assert_same_action(read_circuit(circuit.assign_parameters({w: 7e9})), bound.program, coins(1))


def test_parameters_of_gates_that_are_never_executed_are_there() -> None:
    circuit = QuantumCircuit(2, 1)
    circuit.rx(Parameter("q"), 0)
    with circuit.if_test((0, 1)):
        circuit.rx(Parameter("p"), 1)
    result = compile_circuit(circuit, TWO, options=FAST)
    assert not result.bind(dict.fromkeys(circuit.parameters, 0.3)).program.angles


def test_inputs_keep_their_names_in_node_programs() -> None:
    """Identifiers end in an underscore where another parameter, or a register, has the name."""
    circuit = QuantumCircuit(2)
    for wire, name in enumerate(("θ", "theta")):
        circuit.rx(Parameter(name), wire)
    circuit.cx(0, 1)
    network = Network.all_to_all(nodes=2, data_qubits=1, comm_qubits=1)
    result = compile_circuit(circuit, network, options=FAST)
    for program, text in zip(result.programs.values(), program_texts(result.program), strict=True):
        assert dump_program(program) == text
        assert dump_program(load_program(text)) == text


def test_angles_of_any_size_are_verified() -> None:
    circuit = QuantumCircuit(2)
    circuit.cx(0, 1)
    circuit.rx(1e15, 0)
    circuit.cx(0, 1)
    network = Network.all_to_all(nodes=2, data_qubits=1, comm_qubits=1)
    assert verify_result(compile_circuit(circuit, network, options=FAST)).equivalent is True
