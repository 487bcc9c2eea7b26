"""Files and texts: how they are found, what is looked at, and where every operation came from."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import openqasm3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, qasm2, qasm3
from qiskit.quantum_info import Operator, Statevector
from qiskit_aer import AerSimulator

from dqc_compiler.diagnostics.core import CompilerError, Diagnostic
from dqc_compiler.formats.circuit_in import circuit_from_qiskit, read_circuit
from dqc_compiler.formats.circuit_text import CircuitText
from dqc_compiler.formats.qasm3_statements import parse_statements
from dqc_compiler.ir import Circuit
from tests.circuit_oracle import assert_same_on_all_outcomes, assert_same_unitary, rebuilt
from tests.growth import growth

EXAMPLES = Path(__file__).parents[1] / "examples"
HEAD_2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
HEAD_3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'


def read(text: str) -> Circuit:
    circuit = read_circuit("case.qasm", text=text)
    circuit.verify()
    return circuit


def names(circuit: Circuit) -> list[str]:
    return [row.name for row in circuit.operations()]


def problem(source: str | Path, text: str | None = None) -> Diagnostic:
    with pytest.raises(CompilerError) as caught:
        read_circuit(source, text=text)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


# Lines


def lines(text: str) -> list[tuple[str, int]]:
    return [(row.name, row.line) for row in read(text).operations()]


def test_lines_of_openqasm_2() -> None:
    text = """// first line
OPENQASM 2.0; include "qelib1.inc";

gate pair a, b { h a;
  cx a, b; }
qreg q[3]; qreg r[3];
creg c[3];
h q[0]; x q[1]; // both here
cx q,
   r;
pair q[0], r[0];
;;
barrier q, r;
rx(sin(pi / 2) * (1 + 2)) r;
reset q;
measure q -> c;
if (c == 3) x q;
measure r[1] -> c[0];
"""
    assert lines(text) == [
        ("h", 8), ("x", 8), ("cx", 9), ("cx", 9), ("cx", 9), ("h", 11), ("cx", 11), ("barrier", 13),
        ("rx", 14), ("rx", 14), ("rx", 14), ("reset", 15), ("reset", 15), ("reset", 15),
        ("measure", 16), ("measure", 16), ("measure", 16), ("x", 17), ("x", 17), ("x", 17),
        ("measure", 18),
    ]  # fmt: skip


def test_lines_of_openqasm_3() -> None:
    text = """OPENQASM 3.0; include "stdgates.inc"; /* a
comment */
gate pair a, b { h a;
  cx a, b; }
qubit[2] q; bit[2] c;
h q[0]; x
  q[1]; // both here
pair q[0], q[1];
c[0] = measure q[0];
if (c[0]) {
  x q[0];
  for int i in [0:1] {
    y q[i];
  }
} else
  z q[0];
ctrl @ x
  q[0], q[1];
c = measure q;
"""
    assert lines(text) == [
        ("h", 6), ("x", 6), ("h", 8), ("cx", 8), ("measure", 9), ("x", 11), ("y", 13), ("y", 13),
        ("z", 16), ("cx", 17), ("measure", 19), ("measure", 19),
    ]  # fmt: skip


@pytest.mark.parametrize(("head", "qubits"), [(HEAD_2, "qreg q[2];"), (HEAD_3, "qubit[2] q;")])
def test_included_operations_have_the_line_of_the_include(
    tmp_path: Path, head: str, qubits: str
) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "gates.inc").write_text("gate twice a { h a; h a; }\n\n")
    (tmp_path / "body.inc").write_text('include "parts/gates.inc";\n\ntwice q[0];\nx q[1];\n')
    main = tmp_path / "main.qasm"
    main.write_text(f'{head}{qubits}\n\ninclude "body.inc";\ntwice q[1];\n')
    rows = [(row.name, row.line) for row in read_circuit(main).operations()]
    assert rows == [("h", 5), ("h", 5), ("x", 5), ("h", 6), ("h", 6)]


# Gates of files


def test_own_definition_of_a_gate_counts() -> None:
    text = """OPENQASM 2.0;
        gate h a { U(0, 0, pi) a; }
        gate rzz(t) a, b { U(0, 0, t) a; CX a, b; }
        qreg q[2]; h q[0]; rzz(0.5) q[0], q[1];"""
    circuit = read(text)
    assert names(circuit) == ["u", "u", "cx"]
    assert_same_unitary(circuit, qasm2.loads(text))


def test_extra_gates_of_openqasm_2() -> None:
    calls = """u0(1) q[0]; u(0.1,0.2,0.3) q[0]; p(0.1) q[1]; sx q[0]; sxdg q[1]; swap q[0],q[1];
        cswap q[0],q[1],q[2]; crx(0.1) q[0],q[1]; cry(0.2) q[1],q[2]; cp(0.3) q[0],q[2];
        csx q[0],q[1]; cu(0.1,0.2,0.3,0.4) q[0],q[1]; rxx(0.4) q[0],q[1]; rzz(0.5) q[1],q[2];
        rccx q[0],q[1],q[2]; c3x q[0],q[1],q[2],q[3]; c4x q[0],q[1],q[2],q[3],q[4];
        rx(asin(0.5)+acos(0.1)*atan(2)) q[0]; cu3(0.1,0.2,0.3) q[0],q[1]; ch q[1],q[0];"""
    text = f"{HEAD_2}qreg q[5];\n{calls}"
    original = qasm2.loads(
        text,
        custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS,
        custom_classical=qasm2.LEGACY_CUSTOM_CLASSICAL,
    )
    assert_same_unitary(read(text), original)


def test_constants_functions_and_operators_of_openqasm_3() -> None:
    text = f"""{HEAD_3}
        const int n = 3; const float step = pi / 2 ** n; const angle turn = -2 * step;
        qubit[n + 1] q;
        for uint i in [0:2:n] {{ rx(sin(step) + i * turn) q[i]; }}
        for int i in [n:-1:1] {{ rz(i % 2 + sqrt(2) * exp(0.1)) q[i - 1]; }}
        ry(arccos(0.5) * tau / euler) q[-1];"""
    angles = [row.parameters[0] for row in read(text).operations()]
    step = math.pi / 8
    rz = math.sqrt(2) * math.exp(0.1)
    assert angles == pytest.approx(
        [math.sin(step), math.sin(step) - 4 * step, 1 + rz, rz, 1 + rz,
         math.acos(0.5) * math.tau / math.e]
    )  # fmt: skip


def test_physical_qubits() -> None:
    circuit = read(f"{HEAD_3}bit[2] c; h $0; cx $0, $2; c[0] = measure $2;")
    assert circuit.qubits == ("_bit0", "_bit1", "_bit2")
    assert [row.qubits for row in circuit.operations()] == [(0,), (0, 2), (2,)]


def test_names_of_registers_and_scalars() -> None:
    circuit = read(f"{HEAD_3}qubit[1] Alice; qubit bob; bit[2] Out; bit flag; h Alice; h bob;")
    assert circuit.qubits == ("Alice[0]", "_bit0")
    assert circuit.clbits == ("Out[0]", "Out[1]", "_bit0")


def test_name_of_the_circuit(tmp_path: Path) -> None:
    path = tmp_path / "my circuit\n.v2.qasm"
    path.write_text(f"{HEAD_3}qubit q; h q;")
    circuit = read_circuit(str(path))
    assert circuit.name == "my circuit_.v2"
    assert circuit.source == str(path)
    assert circuit_from_qiskit(QuantumCircuit(1, name="bell")).name == "bell"


# Versions and encodings


@pytest.mark.parametrize(
    "text",
    [
        "OPENQASM 2;\nqreg q[1];\nU(0,0,1) q[0];",
        "// note\n\n  OPENQASM  2.0 ;qreg q[1]; U(0,0,1) q[0];",
        "qreg q[1];\nU(0,0,1) q[0];",
        'include "qelib1.inc";\nqreg q[1];\nu1(1) q[0];',
        "OPENQASM 3;\nqubit[1] q;\nU(0,0,1) q[0];",
        "/* note */ OPENQASM 3.1;\nqubit[1] q; U(0,0,1) q[0];",
        "qubit[1] q;\nU(0,0,1) q[0];",
        'include "stdgates.inc";\nqubit[1] q; p(1) q[0];',
        "OPENQASM 3.0;\r\nqubit[1] q;\r\nU(0,0,1) q[0];\r\n",
        "\ufeffOPENQASM 3.0;\nqubit[1] q;\nU(0,0,1) q[0];",
    ],
)
def test_which_language(text: str, tmp_path: Path) -> None:
    path = tmp_path / "case.qasm"
    path.write_bytes(text.encode())
    for circuit in (read(text), read_circuit(path)):
        assert circuit.qubits == ("q[0]",)
        original = QuantumCircuit(1)
        original.p(1, 0)
        assert_same_unitary(circuit, original)


def test_comments_with_any_letters() -> None:
    assert names(read(f"// Schrödinger 猫\n{HEAD_3}qubit q; // ↑\nh q;")) == ["h"]


# What is refused before parsing


def test_paths_that_are_not_files(tmp_path: Path) -> None:
    assert problem(tmp_path / "missing.qasm").code == "DQC101"
    assert problem("null\0character").code == "DQC101"
    assert problem(tmp_path).code == "DQC102"
    file = tmp_path / "file.qasm"
    file.write_text("OPENQASM 3.0;")
    assert problem(file / "below").code == "DQC101"
    pipe = tmp_path / "pipe.qasm"
    os.mkfifo(pipe)
    assert problem(pipe).code == "DQC102"
    loop = tmp_path / "loop.qasm"
    loop.symlink_to(loop)
    assert problem(loop).code == "DQC103"
    assert all(problem(path).exit_code == 2 for path in (tmp_path, pipe, loop))


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for root")
def test_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "case.qasm"
    path.write_text("OPENQASM 3.0;")
    path.chmod(0)
    assert problem(path).code == "DQC103"


def test_sizes_beyond_the_limit_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.qasm"
    with path.open("wb") as file:
        file.truncate(300 * 2**20)
    assert problem(path).code == "DQC105"


@pytest.mark.parametrize("head", ["", "// a comment\n", HEAD_2, HEAD_3])
@pytest.mark.parametrize("word", [b"lorem ipsum ", b"\x00\x01", b"\xff\xfe", b"{ ", b"( "])
def test_much_junk_is_refused_fast_and_with_little_memory(
    tmp_path: Path, head: str, word: bytes
) -> None:
    size = 4 * 2**20
    path = tmp_path / "junk.qasm"
    path.write_bytes(head.encode() + word * (size // len(word)))
    read(f"{HEAD_2}qreg q[1];")  # so that the parsers are loaded
    read(f"{HEAD_3}qubit q;")
    tracemalloc.start()
    found = problem(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.exit_code in (1, 2)
    # Without a version line the first bytes decide; otherwise a parser has to look at the text.
    assert peak < (64 * 2**20 if head.startswith("OPENQASM") else size)


# Includes


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    (tmp_path / "secret.inc").write_text("gate secret a { h a; }\n")
    directory = tmp_path / "circuits"
    directory.mkdir()
    (directory / "link.inc").symlink_to(tmp_path / "secret.inc")
    (directory / "linked").symlink_to(tmp_path, target_is_directory=True)
    (directory / "loop.inc").symlink_to(directory / "loop.inc")
    return directory


@pytest.mark.parametrize("head", [HEAD_2 + "qreg q[1];\n", HEAD_3 + "qubit[1] q;\n"])
@pytest.mark.parametrize(
    "file", ["../secret.inc", "{top}/secret.inc", "link.inc", "linked/secret.inc", "loop.inc"]
)
def test_includes_that_lead_out_are_refused(outside: Path, head: str, file: str) -> None:
    path = outside / "main.qasm"
    path.write_text(f'{head}include "{file.format(top=outside.parent)}";\nsecret q[0];\n')
    found = problem(path)
    assert (found.code, found.exit_code) == ("DQC113", 2)
    assert found.place is not None
    assert found.place.line == 4


@pytest.mark.parametrize("head", [HEAD_2 + "qreg q[1];\n", HEAD_3 + "qubit[1] q;\n"])
def test_includes_of_standard_input(head: str) -> None:
    assert problem("<stdin>", f'{head}include "gates.inc";\n').code == "DQC113"
    assert len(read(f"{head}h q[0];")) == 1


def test_includes_in_comments_and_strings_do_nothing() -> None:
    assert len(read(f'// include "a.inc";\n{HEAD_2}qreg q[1]; // include "b.inc";\nh q[0];')) == 1
    text = f'{HEAD_3}/* include "a.inc"; */ qubit[1] q;\nh q[0];'
    assert len(read(text)) == 1


def test_link_to_a_circuit_includes_from_the_directory_of_the_link(tmp_path: Path) -> None:
    for name, gate in (("here", "h"), ("there", "x")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "gates.inc").write_text(f"gate mine a {{ {gate} a; }}\n")
    real = tmp_path / "there" / "main.qasm"
    real.write_text(f'{HEAD_2}include "gates.inc";\nqreg q[1];\nmine q[0];\n')
    link = tmp_path / "here" / "link.qasm"
    link.symlink_to(real)
    assert names(read_circuit(real)) == ["x"]
    assert names(read_circuit(link)) == ["h"]


def test_many_includes_are_refused(tmp_path: Path) -> None:
    for level in range(12):
        following = f'include "level{level + 1}.inc";\n' * 2 if level < 11 else "x q[0];\n"
        (tmp_path / f"level{level}.inc").write_text(following)
    path = tmp_path / "main.qasm"
    path.write_text(f'{HEAD_2}qreg q[1];\ninclude "level0.inc";\n')
    assert problem(path).code == "DQC147"
    path.write_text(f'{HEAD_3}qubit[1] q;\ninclude "level0.inc";\n')
    assert problem(path).code == "DQC147"


# The two ways of parsing OpenQASM 3


STATEMENTS = [
    "x q[0];", "rx(0.5) q[0];", "rx(-pi/4) q[1];", "U(1, .5, 2e-1) q[0];", "cx q[0],q[1];",
    "cx q , r ;", "c[0] = measure q[1];", "c = measure q;", "measure q[0] -> c[0];", "reset q[0];",
    "barrier q[0], q[1];", "if (c[0]) { x q[0]; }", "if(c==2){x q[0];rz(0.1) q[1];}",
    "if (!c[1]) { }", "if (c[0] == false) {\n x q[0];\n y q[1]; }", "if (!c == 1) { x q[0]; }",
    "if (d) { if (c[0]) { x q[0]; } }", "if (true) { x q[0]; }", "if (c[1]) { barrier q; }",
    "if (c[0]) x q[0]; else y q[0];",
    "if (c[0]) { x q[0]; } else { y q[0]; }", "for int i in {0, 1} x q[i];",
    "for int i in {0, 1} x q[0];", "for int i in [0:1] { x q[i]; y q[0]; }", "ctrl @ x q[0], q[1];",
    "gphase(0.3);", "let a = q[0:1];", "qubit[3] r;", "bit[2] d;", "qreg s[3];",
    "gate g(t) a, b { rx(t) a; cx a, b; }", "box { x q[0]; }", "rx((1 + 2) * 3) q[0];",
    "x(0) q[0];",
    "@note a; b { c\nx q[0];", "pragma some; thing {\nx q[0];", "// x q[0];\n", "/* x; { */",
    "switch (c) { case 0 { x q[0]; } default { y q[1]; } }", "delay[5ns] q[0];", "end;",
    "const float f = 2 * pi;", "rz(f + 1) q[0];", "\n\n", "θ q[0];", "while (c[0]) { x q[0]; }",
    "def f(qubit a) -> bit { return measure a; }", "array[int[8], 2] m = {1, 2};", "x\tq [ 0 ] ;",
]  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(STATEMENTS), max_size=8), st.sampled_from(["\n", " ", "\n  "]))
def test_statements_are_those_of_the_reference_parser(parts: list[str], separator: str) -> None:
    if any(part.startswith(("@", "pragma")) for part in parts):
        separator = "\n"
    text = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n' + separator.join(parts) + "\n"
    found = list(parse_statements(CircuitText("case.qasm", text)))
    wanted = openqasm3.parse(text).statements
    assert found == wanted
    assert [statement.span.start_line for statement in found] == [
        statement.span.start_line for statement in wanted
    ]


@pytest.mark.parametrize("seed", range(4))
def test_what_qiskit_writes_can_be_read(seed: int) -> None:
    random = np.random.default_rng(seed)
    original = QuantumCircuit(4, global_phase=0.0)
    for _ in range(40):
        a, b, c = random.permutation(4)[:3].tolist()
        angle = float(random.choice([math.pi / 2, 0.1, -1.3]))
        match random.integers(6):
            case 0:
                original.cx(a, b)
            case 1:
                original.rzz(angle, a, b)
            case 2:
                original.u(angle, 1, 2, c)
            case 3:
                original.ccx(a, b, c)
            case 4:
                original.sxdg(a)
            case _:
                original.cp(angle, b, c)
    wanted = Operator(original)
    for text in (qasm2.dumps(original), qasm3.dumps(original)):
        circuit = read(text)
        assert Operator(rebuilt(circuit)).equiv(wanted)
        rzz = sum(entry.name == "rzz" for entry in original.data)
        assert names(circuit).count("rzz") == rzz


def test_large_flat_programs_take_time_in_proportion() -> None:
    def read_gates(count: int) -> None:
        gates = "\n".join(
            f"cx q[{i % 50}], q[{(i + 7) % 50}];\nrz({i}.5) q[{i % 50}];" for i in range(count)
        )
        assert len(read(f"{HEAD_3}qubit[50] q;\n{gates}\n")) == 2 * count

    assert growth(read_gates, 800) < 1.4


# Examples and start-up


def test_example_of_the_fourier_transform() -> None:
    circuit = read_circuit(EXAMPLES / "qft_16.qasm")
    circuit.verify()
    assert circuit.two_qubit_gates == 120
    gates = QuantumCircuit(16)
    for row in circuit.operations():
        if row.name != "measure":
            getattr(gates, row.name)(*row.parameters, *row.qubits)
    state = Statevector(gates.reverse_bits()).data  # c[0] is the highest digit of the result
    wanted = np.exp(2j * np.pi * 11 * np.arange(2**16) / 2**16) / 2**8
    assert abs(state - wanted).max() < 1e-9


def test_example_of_the_adder() -> None:
    circuit = read_circuit(EXAMPLES / "adder_8.qasm")
    circuit.verify()
    replayed = QuantumCircuit(18, 9)
    for row in circuit.operations():
        operands = row.qubits if row.clbit is None else (*row.qubits, row.clbit)
        getattr(replayed, row.name)(*row.parameters, *operands)
    assert circuit.clbits == (*(f"sum[{i}]" for i in range(8)), "overflow[0]")
    counts = AerSimulator().run(replayed, shots=2).result().get_counts()
    assert [int(digits, 2) for digits in counts] == [77 + 181]


def test_example_of_feed_forward() -> None:
    path = EXAMPLES / "feed_forward.qasm"
    circuit = read_circuit(path)
    circuit.verify()
    assert_same_on_all_outcomes(circuit, qasm3.load(path))


def test_qiskit_is_imported_only_when_it_is_needed() -> None:
    code = (
        "import sys, dqc_compiler.formats.circuit_in;"
        "sys.exit(any(name in sys.modules for name in ('qiskit', 'openqasm3', 'scipy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
