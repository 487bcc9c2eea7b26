"""Measurement, reset, branches and loops mean the same in the table as in Qiskit."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm3
from qiskit.circuit import Clbit, Parameter, Qubit
from qiskit.circuit.classical import expr, types
from qiskit.circuit.library import Initialize
from qiskit_aer import AerSimulator

from dqc_compiler.diagnostics.core import CompilerError, Diagnostic
from dqc_compiler.formats.circuit_conditions import (
    ALWAYS,
    MAX_CUBES,
    NEVER,
    Condition,
    bit,
    both,
    either,
    equal,
    exactly_one,
    less,
    negation,
    not_zero,
    word,
)
from dqc_compiler.formats.circuit_in import circuit_from_qiskit, read_circuit
from dqc_compiler.ir import Circuit
from tests.circuit_oracle import assert_same_on_all_outcomes

BITS = 4


def measured(*, clbits: int = 3) -> QuantumCircuit:
    """Three entangled qubits, the first `clbits` of three bits written."""
    circuit = QuantumCircuit(QuantumRegister(3, "q"), ClassicalRegister(3, "c"))
    circuit.h([0, 1, 2])
    circuit.cry(0.7, 0, 1)
    for index in range(clbits):
        circuit.measure(index, index)
        circuit.rx(0.4 + index, index)
    return circuit


def read(original: QuantumCircuit) -> Circuit:
    circuit = circuit_from_qiskit(original)
    circuit.verify()
    written: set[int] = set()
    for row in circuit.operations():
        assert {index for index, _ in row.condition} <= written
        if row.clbit is not None:
            written.add(row.clbit)
    return circuit


def problem(source: QuantumCircuit | str) -> Diagnostic:
    text = source if isinstance(source, str) else None
    with pytest.raises(CompilerError) as caught:
        read_circuit(source if text is None else "case.qasm", text=text)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


def holds(condition: Condition, values: tuple[bool, ...]) -> bool:
    matching = [cube for cube in condition if all(values[i] == value for i, value in cube)]
    assert len(matching) <= 1, "cubes overlap"
    return bool(matching)


Formula = tuple[Condition, Callable[[tuple[bool, ...]], bool]]


def formulas() -> st.SearchStrategy[Formula]:
    leaves = st.integers(0, BITS - 1).map(lambda i: (bit(i), lambda values: values[i]))

    def extend(inner: st.SearchStrategy[Formula]) -> st.SearchStrategy[Formula]:
        pairs = st.tuples(inner, inner)
        return st.one_of(
            inner.map(lambda f: (negation(f[0]), lambda v: not f[1](v))),
            pairs.map(lambda p: (both(p[0][0], p[1][0]), lambda v: p[0][1](v) and p[1][1](v))),
            pairs.map(lambda p: (either(p[0][0], p[1][0]), lambda v: p[0][1](v) or p[1][1](v))),
            pairs.map(
                lambda p: (exactly_one(p[0][0], p[1][0]), lambda v: p[0][1](v) != p[1][1](v))
            ),
        )

    return st.recursive(leaves, extend, max_leaves=8)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(formulas())
def test_conditions_are_disjoint_cases_of_the_formula(formula: Formula) -> None:
    condition, meaning = formula
    for values in itertools.product((False, True), repeat=BITS):
        assert holds(condition, values) == meaning(values)


@pytest.mark.parametrize(("first", "second"), list(itertools.product(range(4), repeat=2)))
def test_words_compare_like_integers(first: int, second: int) -> None:
    a = tuple(bit(i) for i in range(first))
    b = tuple(bit(first + i) for i in range(second))
    for values in itertools.product((False, True), repeat=first + second):
        x = sum(value << i for i, value in enumerate(values[:first]))
        y = sum(value << i for i, value in enumerate(values[first:]))
        assert holds(equal(a, b), values) == (x == y)
        assert holds(less(a, b), values) == (x < y)
        assert holds(less(a, word(2)), values) == (x < 2)
        assert holds(not_zero(a), values) == (x != 0)


def test_sure_conditions_are_simple() -> None:
    assert either(bit(0), negation(bit(0))) == ALWAYS
    assert both(bit(0), negation(bit(0))) == NEVER
    assert either(bit(0), both(negation(bit(0)), bit(1))) != ALWAYS
    assert negation(equal(tuple(map(bit, range(60))), word(5)))


def conditions(original: QuantumCircuit) -> dict[str, object]:
    register = original.cregs[0]
    c0, c1, c2 = register
    value = expr.lift(5, types.Uint(3))
    return {
        "bit": (c0, True),
        "negated bit": (c1, False),
        "register": (register, 5),
        "register out of range": (register, 9),
        "lifted": expr.lift(c2),
        "not": expr.logic_not(c0),
        "and": expr.logic_and(c0, c1),
        "or": expr.logic_or(c0, expr.logic_and(c1, c2)),
        "xor": expr.bit_xor(c0, c1),
        "bit or": expr.bit_or(c0, c2),
        "equal": expr.equal(register, 3),
        "not equal": expr.not_equal(register, 3),
        "less": expr.less(register, 5),
        "less equal": expr.less_equal(register, 5),
        "greater": expr.greater(register, 2),
        "greater equal": expr.greater_equal(register, 2),
        "mask": expr.equal(expr.bit_and(register, value), 4),
        "complement": expr.equal(expr.bit_not(register), 2),
        "index": expr.index(register, 1),
        "cast": expr.cast(register, types.Bool()),
        "constant": expr.lift(True),
    }


@pytest.mark.parametrize("name", sorted(conditions(measured())))
def test_if_and_else(name: str) -> None:
    original = measured()
    condition = conditions(original)[name]
    with original.if_test(condition) as else_:
        original.x(0)
        original.iswap(1, 2)
    with else_:
        original.ry(0.3, 2)
        original.swap(0, 1)
    assert_same_on_all_outcomes(read(original), original)


def test_nested_branches() -> None:
    original = measured()
    c0, c1, c2 = original.cregs[0]
    with original.if_test((c0, True)):
        original.h(0)
        with original.if_test(expr.logic_or(c1, c2)) as else_:
            original.x(1)
        with else_:
            with original.if_test((c0, False)):
                original.y(2)
            original.cz(0, 2)
    assert_same_on_all_outcomes(read(original), original)


@pytest.mark.parametrize("on_bit", [False, True])
def test_switch(on_bit: bool) -> None:
    original = measured()
    target = original.cregs[0][1] if on_bit else original.cregs[0]
    with original.switch(target) as case:
        with case(0):
            original.x(0)
        with case(1) if on_bit else case(1, 6):
            original.h(1)
        if not on_bit:
            with case(case.DEFAULT):
                original.ry(0.2, 2)
    assert_same_on_all_outcomes(read(original), original)


def test_loops_boxes_and_subroutines() -> None:
    original = measured(clbits=1)
    angle = Parameter("k")
    with original.for_loop((0, 1, 2), angle):
        original.rx(0.3 * angle, 1)
        original.h(0)
        with original.if_test((original.cregs[0], 1)):
            original.rz(angle, 0)
    with original.for_loop(range(2)), original.box():
        original.cx(1, 2)
    inner = QuantumCircuit(2, 1, global_phase=0.3)
    inner.h(0)
    inner.measure(0, 0)
    inner.cx(0, 1)
    inner.reset(0)
    original.append(inner.to_instruction(), [2, 0], [1])
    original.append(Initialize([0.6, 0.8j]), [1])
    assert_same_on_all_outcomes(read(original), original)


@st.composite
def dynamic_circuits(draw: st.DrawFn) -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(3, "q"), ClassicalRegister(3, "c"))
    events = 0
    for _ in range(draw(st.integers(3, 12))):
        kind = draw(st.sampled_from(["gate", "gate", "measure", "reset", "if", "if"]))
        order = draw(st.permutations(range(3)))
        if kind == "gate":
            circuit.ry(0.7, order[0])
            circuit.cx(order[1], order[2])
        elif kind == "measure" and events < 5:
            circuit.measure(order[0], draw(st.integers(0, 2)))
            events += 1
        elif kind == "reset" and events < 5:
            circuit.reset(order[0])
            events += 1
        elif kind == "if":
            formula = draw(st.sampled_from(sorted(conditions(circuit))))
            with circuit.if_test(conditions(circuit)[formula]) as else_:
                circuit.h(order[0])
            with else_:
                circuit.dcx(order[0], order[2])
    return circuit


@settings(max_examples=40, deadline=None, derandomize=True)
@given(dynamic_circuits())
def test_random_dynamic_circuits(original: QuantumCircuit) -> None:
    assert_same_on_all_outcomes(read(original), original)


def test_what_was_never_measured_is_zero() -> None:
    original = measured(clbits=1)
    c0, c1, _ = original.cregs[0]
    with original.if_test((c1, True)):
        original.x(0)
    with original.if_test((original.cregs[0], 1)):
        original.y(0)
    with original.if_test(expr.logic_and(expr.logic_not(c1), c0)):
        original.z(0)
    rows = [row for row in read(original).operations() if row.condition]
    assert [(row.name, row.condition) for row in rows] == [
        ("y", ((0, True),)), ("z", ((0, True),)),
    ]  # fmt: skip


def test_a_conditional_swap_is_not_a_relabelling() -> None:
    original = measured()
    with original.if_test((original.cregs[0][0], True)):
        original.swap(0, 1)
        original.barrier()
    names = [row.name for row in read(original).operations() if row.condition]
    assert names == ["cx", "cx", "cx"]


def test_phase_of_conditional_gates_is_dropped_and_others_kept() -> None:
    original = measured()
    with original.if_test((original.cregs[0][0], True)):
        original.rz(2 * 3.141592653589793, 0)
        original.global_phase += 0.0
    with original.box():
        original.append(QuantumCircuit(1, global_phase=0.25).to_gate(), [0])
    assert read(original).global_phase == pytest.approx(0.25)


@pytest.mark.parametrize(
    "condition",
    [
        "c == 2", "c[0]", "!c[1]", "~c[1]", "c[0] == true", "c[0] == false", "c[0] != true",
        "c[0] == 1", "true == c[0]", "c[0] && !c[1]", "c[0] || c[1]", "(c[0] ^ c[1]) == 1",
        "c != 1", "c < 2", "c >= 1", "c & 2 == 2", "c == \"10\"", "bool(c[1])", "int(c) > 1",
        "c[0] == c[1]", "c[0] != c[1]", "c[0:1] == 3", "true", "!(c == 1)", "d", "c | 1 == 3",
    ],
)  # fmt: skip
def test_conditions_of_openqasm_3(condition: str) -> None:
    """Meaning by evaluation: OpenQASM 3's operators on a and b are C's, bit 0 is the lowest."""
    text = f"""OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; bit[2] c; bit d; h q;
        c[0] = measure q[0]; c[1] = measure q[1]; d = measure q[2];
        if ({condition}) {{ x q[0]; }} else {{ y q[0]; }}"""
    circuit = read_circuit("case.qasm", text=text)
    circuit.verify()
    for values in itertools.product((0, 1), repeat=3):
        applied = [
            row.name
            for row in circuit.operations()
            if row.name in "xy" and all(values[bit] == value for bit, value in row.condition)
        ]
        assert applied == ["x" if _meaning(condition, *values) else "y"], values


def _meaning(condition: str, c0: int, c1: int, d: int) -> bool:
    table = {
        "c == 2": c1 and not c0, "c[0]": c0, "!c[1]": not c1, "~c[1]": not c1, "d": d,
        "c[0] == true": c0, "c[0] == false": not c0, "c[0] != true": not c0, "c[0] == 1": c0,
        "true == c[0]": c0, "c[0] && !c[1]": c0 and not c1, "c[0] || c[1]": c0 or c1,
        "(c[0] ^ c[1]) == 1": c0 != c1, "c != 1": not (c0 and not c1), "c < 2": not c1,
        "c >= 1": c0 or c1, "c & 2 == 2": c0 + 2 * c1 & (2 == 2), 'c == "10"': c1 and not c0,
        "bool(c[1])": c1, "int(c) > 1": c1, "c[0] == c[1]": c0 == c1, "c[0] != c[1]": c0 != c1,
        "c[0:1] == 3": c0 and c1, "true": True, "!(c == 1)": not (c0 and not c1),
        "c | 1 == 3": c0 + 2 * c1 | (1 == 3),
    }  # fmt: skip
    return bool(table[condition])


PROGRAM = """
OPENQASM 3.0;
include "stdgates.inc";
gate pair(t) a, b { h a; cx a, b; rz(t) b; cx a, b; }
gate two(s, t) a, b { pair(s + t) a, b; pair(2 * s) b, a; }
qubit[3] q;
qubit extra;
bit[2] c;
bit d;
two(0.1, pi / 8) q[0], q[1];
two(0.2, pi / 8) q[1], q[2];
ctrl @ pair(0.3) extra, q[0], q[1];
negctrl(2) @ x q[0], q[1], extra;
inv @ two(0.1, 0.2) q[0], extra;
pow(0.5) @ x q[0];
pow(2) @ s q[1];
ctrl @ gphase(0.4) q[2];
gphase(-0.7);
U(0.1, 0.2, 0.3) q;
u2(0.1, 0.2) q[0];
c[0] = measure q[0];
d = measure extra;
if (c == 1) { x q[1]; if (!d) { rx(pi / 2) q; } } else { z q[1]; }
for int i in [0:2] { rx(0.1 * i) q[1]; }
for uint i in {0, 2} { rz(i * pi / 4) q[1]; h q[2]; }
let both = q[0:1] ++ q[2:2];
ry(0.3) both;
c[1] = measure both[2];
if (d) y q[0];
reset extra;
barrier q;
box { cx q[0], extra; }
"""


def test_program_as_the_public_importer_reads_it() -> None:
    circuit = read_circuit("program.qasm", text=PROGRAM)
    circuit.verify()
    assert_same_on_all_outcomes(circuit, qasm3.loads(PROGRAM))


@pytest.mark.parametrize("statement", ["measure q[0] -> c[0];", "reset q[0];", "delay[5ns] q[0];"])
def test_only_gates_may_be_conditional(statement: str) -> None:
    head = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nc[1] = measure q[1];\n'
    found = problem(f"{head}if (c[1]) {{\n  {statement}\n}}\n")
    assert (found.code, found.exit_code) == ("DQC142", 1)
    assert found.place is not None
    assert found.place.line == 7
    assert not problem_free_conditions(f"{head}if (c[0]) {{ {statement} }}")
    assert problem_free_conditions(f"{head}if (true) {{ {statement} }}")


def problem_free_conditions(text: str) -> int:
    """Statements after the first measurement, none of which has a condition."""
    rows = list(read_circuit("case.qasm", text=text).operations())[1:]
    assert not any(row.condition for row in rows)
    return len(rows)


def test_conditional_measurement_in_openqasm_2_is_refused_with_its_line() -> None:
    text = """OPENQASM 2.0;
        include "qelib1.inc";
        qreg q[2]; creg c[1]; creg d[1];
        measure q[0] -> c[0];
        if (c == 1) x q[1];
        if (c == 1) measure q[1] -> d[0];
    """
    found = problem(text)
    assert found.code == "DQC142"
    assert found.place is not None
    assert found.place.line == 6


def test_too_many_cases_are_refused() -> None:
    original = QuantumCircuit(QuantumRegister(1, "q"))
    first, second = ClassicalRegister(8, "a"), ClassicalRegister(8, "b")
    original.add_register(first, second)
    for index in range(16):
        original.measure(0, index)
    with original.if_test(expr.equal(first, second)):
        original.x(0)
    found = problem(original)
    assert (found.code, found.exit_code) == ("DQC143", 1)
    assert str(MAX_CUBES) in found.message_text


def refused_circuits() -> dict[str, QuantumCircuit]:
    found = {}
    found["DQC141 while"] = measured()
    with found["DQC141 while"].while_loop((found["DQC141 while"].clbits[0], True)):
        found["DQC141 while"].h(0)
    found["DQC141 break"] = measured()
    with found["DQC141 break"].for_loop(range(3)):
        found["DQC141 break"].break_loop()
    found["DQC141 store"] = measured()
    found["DQC141 store"].add_var("v", expr.lift(True))
    found["DQC144 variable"] = QuantumCircuit(1)
    variable = found["DQC144 variable"].add_input("v", types.Bool())
    with found["DQC144 variable"].if_test(variable):
        found["DQC144 variable"].x(0)
    found["DQC145 samples"] = measured()
    found["DQC145 samples"].delay(100, 0, unit="dt")
    found["DQC140 parameter"] = measured()
    found["DQC140 parameter"].delay(Parameter("theta"), 0, unit="ns")
    found["DQC116 infinite"] = measured()
    found["DQC116 infinite"].rx(float("inf"), 0)
    found["DQC115 empty"] = QuantumCircuit()
    return found


@pytest.mark.parametrize("name", sorted(refused_circuits()))
def test_qiskit_circuits_that_are_refused(name: str) -> None:
    assert problem(refused_circuits()[name]).code == name.split(maxsplit=1)[0]


def test_delays_become_nanoseconds() -> None:
    original = QuantumCircuit(1)
    original.delay(2, 0, unit="us")
    original.delay(3.5, 0, unit="ns")
    original.delay(1, 0, unit="ms")
    rows = circuit_from_qiskit(original).operations()
    assert [row.parameters for row in rows] == [(2000.0,), (3.5,), (1e6,)]


def test_names_of_bits() -> None:
    loose = [Qubit(), Clbit(), Qubit(), Clbit()]
    shared = QuantumRegister(2, "data")
    original = QuantumCircuit(loose[:1], shared, loose[1:2], ClassicalRegister(1, "C"), loose[2:])
    original.add_register(QuantumRegister(name="again", bits=list(shared)))
    circuit = circuit_from_qiskit(original)
    assert circuit.qubits == ("_bit0", "data[0]", "data[1]", "_bit1")
    assert circuit.clbits == ("_bit0", "C[0]", "_bit1")


def test_teleport_of_a_one_in_aer_and_here() -> None:
    text = """OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; bit[3] c; x q[0];
        h q[1]; cx q[1], q[2]; cx q[0], q[1]; h q[0];
        c[0] = measure q[0]; c[1] = measure q[1];
        if (c[1]) { x q[2]; } if (c[0]) { z q[2]; } c[2] = measure q[2];"""
    original = qasm3.loads(text)
    circuit = read_circuit("teleport.qasm", text=text)
    replayed = QuantumCircuit(3, 3)
    for row in circuit.operations():
        if row.name == "measure":
            replayed.measure(row.qubits[0], row.clbit)
            continue
        body = QuantumCircuit(3, 3)
        getattr(body, row.name)(*row.qubits)
        for index, value in row.condition:
            outer = QuantumCircuit(3, 3)
            outer.if_test((index, value), body, range(3), range(3))
            body = outer
        replayed.compose(body, inplace=True)
    simulator = AerSimulator(seed_simulator=7)
    for program in (original, replayed):
        counts = simulator.run(program, shots=200).result().get_counts()
        assert {key[0] for key in counts} == {"1"}
        assert len(counts) == 4
