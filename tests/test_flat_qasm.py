"""The reader of the flat subset, against other parsers and against what it has to refuse."""

from __future__ import annotations

from math import pi

import openqasm3
import pytest
from qiskit import qasm3
from qiskit.quantum_info import Operator

from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.formats.flat_qasm import (
    FlatProgram,
    FlatStatement,
    circuit_from_flat,
    evaluate,
    read_flat_qasm,
)
from dqc_compiler.formats.gate_definitions import GATE_DEFINITIONS
from dqc_compiler.ir.circuit import ONE_QUBIT_GATES, TWO_QUBIT_GATES
from tests.growth import growth
from tests.mutations_oracle import matrix

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
DEFINITIONS = "\n".join(GATE_DEFINITIONS.values()) + "\n"


def read(body: str) -> FlatProgram:
    return read_flat_qasm(HEAD + body, source="file.qasm")


def test_statements_with_registers_conditions_and_lines() -> None:
    program = read(
        "qubit[2] data;\nqubit[1] comm;\nbit[2] out;\nbit[1] a_to_b;\n"
        "h data[0];\n"
        "if (a_to_b[0]) { if (out[1] == false) { x data[1]; } }\n"
        "out[1] = measure data[1];\n"
        "reset comm[0];\n"
    )
    assert program.qubit_registers == {"data": 2, "comm": 1}
    assert program.bit_registers == {"out": 2, "a_to_b": 1}
    assert program.statements == (
        FlatStatement("h", (("data", 0),), line=7),
        FlatStatement(
            "x",
            (("data", 1),),
            condition=(("a_to_b", 0, True), ("out", 1, False)),
            line=8,
        ),
        FlatStatement("measure", (("data", 1),), writes=("out", 1), line=9),
        FlatStatement("reset", (("comm", 0),), line=10),
    )


def test_white_space_and_comments_do_not_matter() -> None:
    tight = read("qubit[2] q;bit b;cp(pi/2)q[0],q[1];if(b){x q[0];z q[1];}")
    loose = read(
        "qubit [2] q ; // two\nbit b;\n/* a\nlong one */ cp ( pi\n/ 2 )\n q[0] ,\n q [1];\n"
        "if ( b ) {\n  x q[0];\n  z q[1];\n}\n"
    )
    without_lines = [
        [row._replace(line=0) for row in program.statements] for program in (tight, loose)
    ]
    assert without_lines[0] == without_lines[1]
    assert [row.line for row in loose.statements] == [6, 11, 12]


def test_scalars_and_whole_registers() -> None:
    program = read("qubit a;\nqubit[2] q;\nbit c;\nreset q;\nbarrier q, a;\nc = measure a;\n")
    assert [row.name for row in program.statements] == ["reset", "reset", "barrier", "measure"]
    assert program.statements[2].qubits == (("q", 0), ("q", 1), ("a", 0))
    assert program.statements[3].writes == ("c", 0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("pi", pi),
        ("-pi/2", -pi / 2),
        ("3*pi/4", 3 * pi / 4),
        ("2 - -(1 + .5)*4e-1", 2 + 1.5 * 0.4),
        ("1/(1 - 1)", None),
        ("1e999", None),
        ("2 +", None),
        ("", None),
        ("theta", None),
        ("2 3", None),
        ("(" * 5000, None),
    ],
)
def test_expressions(text: str, value: float | None) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize("name", sorted(ONE_QUBIT_GATES | TWO_QUBIT_GATES))
def test_gates_mean_what_qiskit_reads(name: str) -> None:
    parameters = (0.3, -1.2, 2.1)[: (ONE_QUBIT_GATES | TWO_QUBIT_GATES)[name]]
    angles = f"({', '.join(map(str, parameters))})" if parameters else ""
    operands = "q[0], q[1]" if name in TWO_QUBIT_GATES else "q[0]"
    word = "U" if name == "u" else name
    definition = GATE_DEFINITIONS.get(name, "")
    text = f"{HEAD}{definition}\nqubit[2] q;\n{word}{angles} {operands};\n"
    row = read_flat_qasm(text, source="x").statements[0]
    assert (row.name, row.parameters) == (name, parameters)
    ours = matrix(row.name, row.parameters)
    n = len(row.qubits)
    wanted = Operator(ours.transpose(*range(n)[::-1], *range(n, 2 * n)[::-1]).reshape(2**n, -1))
    if n == 1:
        wanted = Operator([[1, 0], [0, 1]]).tensor(wanted)
    assert Operator(qasm3.loads(text)).equiv(wanted)


def test_the_reference_parser_counts_the_same_statements() -> None:
    body = (
        f"{DEFINITIONS}qubit[3] data;\nqubit[1] comm;\nbit[2] out;\nh data[0];\n"
        "rzz(0.1) data[0], data[1];\nreset comm[0];\ndqc_epr(0, 3) comm[0];\n"
        "out[0] = measure comm[0];\nif (out[0]) { x data[2]; }\nbarrier data[0], data[1];\n"
        "delay[20ns] data[0];\n"
    )
    theirs = openqasm3.parse(HEAD + body).statements
    # The include, the definitions and three registers are not statements for us.
    assert len(theirs) - 1 - len(GATE_DEFINITIONS) - 3 == len(read(body).statements)


def test_a_program_becomes_a_circuit() -> None:
    program = read("qubit[2] q;\nqubit r;\nbit[1] c;\nc[0] = measure r;\nif (c[0]) { x q[1]; }\n")
    circuit = circuit_from_flat(program, name="small")
    circuit.verify()
    assert circuit.qubits == ("q[0]", "q[1]", "r[0]")
    rows = list(circuit.operations())
    assert (rows[0].qubits, rows[0].clbit) == ((2,), 0)
    assert (rows[1].qubits, rows[1].condition) == ((1,), ((0, True),))


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("qubit[1] q;\nfoo q[0];\n", 4, "not defined"),
        ("qubit[1] q;\nrzz(0.1) q[0], q[0];\n", 4, "not defined"),
        ("qubit[2] q;\ncx q[0], q[0];\n", 4, "twice"),
        ("qubit[2] q;\ncx q[0];\n", 4, "wrong number"),
        ("qubit[2] q;\nrx q[0];\n", 4, "wrong number"),
        ("qubit[2] q;\nx q[2];\n", 4, "there is no q[2]"),
        ("qubit[2] q;\nx p[0];\n", 4, "there is no p[0]"),
        ("qubit[2] q;\nx q;\n", 4, "there is no q"),
        ("qubit[2] q;\nrx(one) q[0];\n", 4, "not a number"),
        ("qubit[2] q;\nqubit[2] q;\n", 4, "declared twice"),
        ("qubit[0] q;\n", 3, "empty"),
        ("qubit[1] q;\nbit b;\nif (b) { reset q[0]; }\n", 5, "gates only"),
        ("qubit[1] q;\nbit b;\nif (b) { b = measure q[0]; }\n", 5, "gates only"),
        ("qubit[1] q;\nbit b;\nif (b == 1) { x q[0]; }\n", 5, "one bit"),
        ("qubit[2] q;\nbit b;\nif (b) { swap q[0], q[1]; }\n", 5, "outside of any if"),
        ("qubit[1] q;\nbit b;\nif (b) x q[0];\n", 5, "not a statement"),
        ("qubit[1] q;\nbit b;\nif (b) { x q[0]; }\nelse { z q[0]; }\n", 6, "open a block"),
        ("qubit[1] q;\nbit b;\nif (b) { x q[0];\n", 5, "not closed"),
        ("qubit[1] q;\nx q[0]; }\n", 4, "no block"),
        ("qubit[1] q;\nx q[0]\n", 4, "ends inside"),
        ("input float[64] t;\n", 3, "the name of something else"),
        ("input float[64] w;\nqubit[1] w;\n", 4, "declared twice"),
        ("input int w;\n", 3, "input float[64] name;"),
        ("input float[64] w;\nqubit[1] q;\nrz(w*w) q[0];\n", 5, "not a number"),
        ("input float[64] w;\nqubit[1] q;\nrz(1/w) q[0];\n", 5, "not a number"),
        ("input float[64] w;\nqubit[1] q;\ndelay[w ns] q[0];\n", 5, "takes a number"),
        ("qubit[1] q;\nlet a = q;\n", 4, "not a statement"),
        ("qubit[1] q;\ngate mine a { x a; }\n", 4, "cannot be defined"),
        ("qubit[1] q;\ngate x a { z a; }\n", 4, "cannot be defined"),
        ("qubit[1] q;\ndelay[5us] q[0];\n", 4, "not a statement"),
    ],
)
def test_refused(body: str, line: int, words: str) -> None:
    with pytest.raises(CompilerError) as caught:
        read(body)
    diagnostic = caught.value.diagnostics[0]
    assert diagnostic.code == "DQC401"
    assert words in diagnostic.message_text
    assert diagnostic.place is not None
    assert (diagnostic.place.file, diagnostic.place.line) == ("file.qasm", line)


@pytest.mark.parametrize("text", ["", "\n", "qubit q;\n", "OPENQASM 2.0;\n", "\0\0"])
def test_refused_without_the_version(text: str) -> None:
    with pytest.raises(CompilerError):
        read_flat_qasm(text, source="file.qasm")


def test_gates_need_the_include() -> None:
    with pytest.raises(CompilerError):
        read_flat_qasm("OPENQASM 3.0;\nqubit q;\nh q;\n", source="file.qasm")


@pytest.mark.parametrize("name", sorted(GATE_DEFINITIONS))
def test_definitions_may_be_written_differently(name: str) -> None:
    definition = GATE_DEFINITIONS[name]
    spread = definition.replace("{", "{\n").replace(";", ";\n").replace("(t)", " (angle)")
    if "(angle)" in spread:
        spread = spread.replace("(t)", "(angle)").replace("rz(t)", "rz(angle)")
        spread = spread.replace("rz (angle)", "rz(angle)")
    assert read(spread + "\nqubit q;\n").statements == ()


@pytest.mark.parametrize(
    "definition",
    [
        "gate dqc_epr(link, pair) q { }",
        "gate dqc_epr(link, pair) q { x q; }",
        "gate dqc_epr(link) q { h q; }",
        "gate sxdg q { sx q; }",
        "gate rzz(t) a, b { cx a, b; rz(-t) b; cx a, b; }",
        "gate rzz(t) a, b { cx a, b; rz(t) a; cx a, b; }",
        "gate rzz(t) a, b { cx a, b; rz(0.7310585) b; cx a, b; }",
        "gate rzx(t) a, b { h a; cx a, b; rz(t) b; cx a, b; h a; }",
        "gate rxx(t) a, b { ryy(t) a, b; }",
        "gate rxx(t) a, a { h a; }",
        "gate rzz(t) a, b { cx a, c; }",
    ],
)
def test_a_redefined_gate_is_refused(definition: str) -> None:
    with pytest.raises(CompilerError) as caught:
        read(definition + "\nqubit q;\n")
    assert caught.value.diagnostics[0].code == "DQC402"


def test_pairs_have_natural_numbers_and_no_condition() -> None:
    head = f"{GATE_DEFINITIONS['dqc_epr']}\nqubit[1] comm;\nbit b;\n"
    for statement in ("dqc_epr(0.5, 1) comm[0];", "if (b) { dqc_epr(0, 1) comm[0]; }"):
        with pytest.raises(CompilerError):
            read(head + statement)


def test_reading_takes_time_in_proportion() -> None:
    rows = ["h data[0];", "rz(0.25) data[1];", "cx data[0], comm[1];", "if (out[1]) { x data[0]; }"]
    head = HEAD + "qubit[2] data;\nqubit[2] comm;\nbit[2] out;\n"

    def read_rows(repeats: int) -> None:
        text = head + "\n".join(rows * repeats)
        assert len(read_flat_qasm(text, source="big.qasm").statements) == 4 * repeats

    assert growth(read_rows, 2_000) < 1.4
