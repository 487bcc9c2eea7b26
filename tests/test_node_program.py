"""Node programs as Qiskit circuits: nothing is lost on the way there and back."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qpy
from qiskit.circuit import IfElseOp, Instruction, Parameter
from qiskit.circuit.library import HGate
from qiskit.transpiler import PassManager
from qiskit.transpiler.passes import InverseCancellation

from dqc_compiler import (
    Network,
    Objective,
    Options,
    Result,
    compile_circuit,
    dump_program,
    load_program,
)
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.formats.qasm_text import program_texts
from dqc_compiler.ir import Circuit
from tests.strategies import circuits, make_network

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks" / "circuits"
DIALECT = (ROOT / "docs" / "reference" / "qasm-dialect.md").read_text()

TEXT = """\
OPENQASM 3.0;
include "stdgates.inc";
// dqc-program 1: node alice of "x of "y"; link 0 = a-b"; link 0 = alice-bob; link 3 = r-alice
gate dqc_epr(link, pair) q { h q; }
gate sxdg q { s q; h q; s q; }
gate rzy(t) a, b { rx(pi/2) b; cx a, b; rz(t) b; cx a, b; rx(-pi/2) b; }
qubit[2] data;
qubit[1] comm;
bit[1] alice_to_bob__carol;
bit[2] out;
bit[1] bob_to_alice;
U(0.1, -pi/2, 3*pi/4) data[0];
sxdg data[1];
reset comm[0];
dqc_epr(3, 12345) comm[0];
rzy(1e-17) comm[0], data[1];
alice_to_bob__carol[0] = measure comm[0];
if (bob_to_alice[0]) { z data[0]; }
if (bob_to_alice[0] == false) { if (alice_to_bob__carol[0]) { rzy(0.5) data[1], data[0]; } }
delay[12.5ns] data[1];
barrier data[0], comm[0];
out[1] = measure data[1];
"""


def assert_kept(result: Result) -> None:
    """Programs, circuits and the files of a bundle are three forms of the same."""
    texts = program_texts(result.program)
    names = [node.name for node in result.network.nodes]
    assert list(result.programs) == names
    for name, text in zip(names, texts, strict=True):
        found = load_program(text)
        assert dump_program(found) == text
        assert dump_program(result.programs[name]) == text
        assert found == result.programs[name]
        assert (found.name, found.metadata) == (name, result.programs[name].metadata)
        assert found.metadata["circuit"] == result.program.name


# -- there and back ----------------------------------------------------------------------------


def test_every_statement_of_the_dialect_is_kept() -> None:
    found = load_program(TEXT)
    assert dump_program(found) == TEXT
    assert found.name == "alice"
    assert found.metadata == {
        "dqc_program": 1,
        "node": "alice",
        "circuit": 'x of "y"; link 0 = a-b',
        "links": [
            {"link": 0, "between": ["alice", "bob"]},
            {"link": 3, "between": ["r", "alice"]},
        ],
        "channels": {
            "alice_to_bob__carol": {"from": "alice", "to": ["bob", "carol"]},
            "bob_to_alice": {"from": "bob", "to": ["alice"]},
        },
    }
    assert [(each.name, each.size) for each in found.qregs] == [("data", 2), ("comm", 1)]
    names = [row.operation.name for row in found.data]
    assert names[:5] == ["u", "sxdg", "reset", "dqc_epr", "rzy"]
    half = found.data[3].operation
    assert half.params == [3, 12345]
    assert half.definition is None


@pytest.mark.parametrize("circuit", ["qftns_16", "qaoa3reg_16", "mqt_ae_16", "rca_32", "uccsd_8"])
@pytest.mark.parametrize("topology", ["all-to-all", "line", "star"])
def test_programs_of_circuits_and_networks_are_kept(circuit: str, topology: str) -> None:
    extra: dict[str, Any] = {"centre": "repeater"} if topology == "star" else {}
    network = Network.make(topology, nodes=4, data_qubits=8, comm_qubits=2, **extra)
    options = Options(preset="fast", minimize=Objective.parse("ebits"))
    assert_kept(compile_circuit(BENCHMARKS / f"{circuit}.qasm", network, options=options))


def test_programs_with_purified_pairs_over_repeaters_are_kept() -> None:
    network = Network.make(
        "line",
        nodes=2,
        data_qubits=4,
        comm_qubits=3,
        repeaters_per_link=1,
        repeater_comm_qubits=4,
        fidelity=0.9,
        t2_us=1e6,
    )
    options = Options(preset="fast", minimize=Objective.parse("fidelity"))
    result = compile_circuit(BENCHMARKS / "uccsd_8.qasm", network, options=options)
    assert result.plan.purified.any()
    assert {node.kind for node in network.nodes} == {"qpu", "repeater"}
    assert_kept(result)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(circuits(max_operations=25, clbits=3), st.integers(1, 2))
def test_programs_of_random_circuits_are_kept(circuit: Circuit, comm: int) -> None:
    network = make_network([2, 2, len(circuit.qubits)], comm)
    assert_kept(compile_circuit(circuit, network, options=Options(preset="fast")))


def test_programs_of_the_reference_are_kept() -> None:
    texts = re.findall(
        r"^```qasm file=\w+\.\w+\.qasm\n(.*?)^```$", DIALECT, re.DOTALL | re.MULTILINE
    )
    programs = [text for text in texts if "// dqc-program 1" in text]
    assert len(programs) > 8
    for text in programs:
        assert dump_program(load_program(text)) == text


def test_files_of_a_bundle_are_loaded(tmp_path: Path) -> None:
    network = Network.make("line", nodes=2, data_qubits=8, comm_qubits=1)
    result = compile_circuit(ROOT / "examples" / "qft_16.qasm", network)
    result.save(tmp_path / "out")
    for name, circuit in result.programs.items():
        path = tmp_path / "out" / "nodes" / f"{name}.qasm"
        assert load_program(path) == load_program(str(path)) == circuit
        assert dump_program(circuit) == path.read_text()


def test_other_spellings_come_out_as_the_compiler_writes_them() -> None:
    spelled = (
        TEXT.replace("delay", "barrier; delay")
        .replace("\n", "\n\n")
        .replace("z data[0]; }", "z data[0]; x data[1]; }")
    )
    plain = dump_program(load_program(spelled))
    assert "if (bob_to_alice[0]) { x data[1]; }\n" in plain
    assert "barrier data[0], data[1], comm[0];\n" in plain
    assert dump_program(load_program(plain)) == plain


# -- what users do with them -------------------------------------------------------------------


def test_a_file_of_qiskit_keeps_the_program() -> None:
    text = TEXT.replace("delay[12.5ns] data[1];\n", "")  # Qiskit loads delays in dt only
    file = io.BytesIO()
    qpy.dump(load_program(text), file)
    file.seek(0)
    assert dump_program(qpy.load(file)[0]) == text
    assert json.loads(json.dumps(load_program(TEXT).metadata)) == load_program(TEXT).metadata


def test_an_optimised_program_is_a_program_still() -> None:
    text = TEXT.replace("sxdg data[1];\n", "").replace("gate sxdg q { s q; h q; s q; }\n", "")
    longer = text.replace("delay[12", "h data[0];\nh data[0];\nh comm[0];\nh comm[0];\ndelay[12")
    manager = PassManager([InverseCancellation([HGate()])])
    assert dump_program(manager.run(load_program(longer))).count("\n") == text.count("\n")


def changed(change: str) -> QuantumCircuit:
    circuit = load_program(TEXT)
    bit = circuit.clbits[0]
    if change == "no metadata":
        circuit.metadata = {}
    elif change == "another version":
        circuit.metadata["dqc_program"] = 2
    elif change == "a name of two lines":
        circuit.metadata["circuit"] = "a\nb"
    elif change == "a register of its own":
        circuit.add_register(QuantumRegister(1, "mine"))
    elif change == "a bit of its own":
        circuit.add_register(ClassicalRegister(1, "mine"))
    elif change == "loose qubits":
        circuit.add_bits([type(circuit.qubits[0])()])
    elif change == "a shared bit":
        circuit.add_register(ClassicalRegister(bits=[bit], name="x_to_y"))
    elif change == "an unknown gate":
        circuit.ccx(0, 1, 2)
    elif change == "an else":
        with circuit.if_test((bit, 1)) as otherwise:
            circuit.x(0)
        with otherwise:
            circuit.y(0)
    elif change == "a register as condition":
        with circuit.if_test((circuit.cregs[1], 2)):
            circuit.x(0)
    elif change == "a measurement in an if":
        with circuit.if_test((bit, 1)):
            circuit.measure(0, 1)
    elif change == "a pair in an if":
        body = QuantumCircuit(circuit.qubits[:1], [bit])
        body.append(Instruction("dqc_epr", 1, 0, [0, 1]), [0])
        circuit.append(IfElseOp((bit, 1), body), [0], [0])
    elif change == "half a number":
        circuit.append(Instruction("dqc_epr", 1, 0, [0, 0.5]), [0])
    elif change == "a delay without time":
        circuit.delay(3, 0, unit="dt")
    elif change == "a pair as a whole":
        circuit.append(Instruction("dqc_epr", 2, 0, [0, 1]), [0, 1])
    else:
        assert change == "an open parameter"
        circuit.delay(Parameter("t"), 0, unit="ns")
    return circuit


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("no metadata", "its metadata do not say whose program it is"),
        ("another version", "its metadata do not say whose program it is"),
        ("a name of two lines", "its metadata do not say whose program it is"),
        ("a register of its own", "qubits are in data and comm, not in mine"),
        ("a bit of its own", "bits are in out and channels, not in mine"),
        ("loose qubits", "it has bits outside of registers"),
        ("a shared bit", "it has bits outside of registers, or in several"),
        ("an unknown gate", "the dialect has no instruction ccx on 3 qubits"),
        ("an else", "there is no else"),
        ("a register as condition", "a condition is one bit"),
        ("a measurement in an if", "the body of an if holds gates only"),
        ("a pair in an if", "outside of any if"),
        ("half a number", "its numbers are natural"),
        ("a delay without time", "a delay is in ns, not in dt"),
        ("a pair as a whole", "half a pair, on one qubit"),
        ("an open parameter", "a parameter of delay is no number"),
    ],
)
def test_a_circuit_that_is_no_program_is_refused(change: str, words: str) -> None:
    with pytest.raises(CompilerError, match="DQC571") as error:
        dump_program(changed(change))
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((" data", " date"), "DQC401"),
        (("// dqc-program 1", "// dqc-program 2"), "DQC401"),
        (("bit[2] out", "bit[2] end"), "DQC401"),
        (("alice_to_bob__carol", "mine"), "DQC401"),
        (("{ h q; }", "{ x q; }"), "DQC402"),
        (("OPENQASM 3.0", "OPENQASM 2.0"), "DQC401"),
    ],
)
def test_a_text_that_is_no_program_is_refused(change: tuple[str, str], code: str) -> None:
    text = TEXT.replace(*change)
    if change[0] == "bit[2] out":
        text = text.replace("out[", "end[")
    if code == "DQC402":
        text = text.replace("gate sxdg q { s q; h q; s q; }", "gate sxdg q { s q; }")
    with pytest.raises(CompilerError) as error:
        load_program(text)
    assert error.value.diagnostics[0].code == code


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(CompilerError, match=r"no\.qasm"):
        load_program("no.qasm")
