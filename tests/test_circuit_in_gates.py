"""The reader keeps every unitary, and keeps it in as few two-qubit gates as it has."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import (
    AnnotatedOperation,
    ControlModifier,
    Gate,
    InverseModifier,
    PowerModifier,
    QuantumRegister,
)
from qiskit.circuit.library import (
    C4XGate,
    CU3Gate,
    CXGate,
    DiagonalGate,
    HGate,
    LinearFunction,
    MCPhaseGate,
    MCXGate,
    PauliEvolutionGate,
    PauliGate,
    PermutationGate,
    QFTGate,
    StatePreparation,
    UnitaryGate,
    XGate,
    iSwapGate,
)
from qiskit.quantum_info import Clifford, Operator, SparsePauliOp, random_unitary

from dqc_compiler.diagnostics.core import CompilerError
from dqc_compiler.formats import circuit_gates
from dqc_compiler.formats.circuit_in import circuit_from_qiskit, read_circuit
from dqc_compiler.formats.circuit_powers import power_of
from dqc_compiler.ir import Circuit
from dqc_compiler.ir.circuit import TWO_QUBIT_GATES
from tests.circuit_oracle import STANDARD, assert_same_unitary, rebuilt

ANGLES = (0.7, -1.9, 2.4, 0.3)


def of_gate(gate: object, qubits: int) -> tuple[Circuit, QuantumCircuit]:
    original = QuantumCircuit(qubits)
    original.append(gate, range(qubits))
    circuit = circuit_from_qiskit(original)
    circuit.verify()
    return circuit, original


def factors(circuit: Circuit) -> int:
    """Two-qubit gates that are not mere relabellings."""
    names = [row.name for row in circuit.operations()]
    return sum(name in TWO_QUBIT_GATES and name != "swap" for name in names)


@pytest.mark.parametrize("name", sorted(STANDARD))
def test_standard_gates(name: str) -> None:
    kind = STANDARD[name].base_class
    gate = kind(*ANGLES[: len(STANDARD[name].params)])
    original = QuantumCircuit(5)
    original.append(gate, [4, 1, 3, 0][: gate.num_qubits])
    circuit = circuit_from_qiskit(original)
    circuit.verify()
    assert_same_unitary(circuit, original)
    if gate.num_qubits == 1:
        assert len(circuit) == 1


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("cx", 1), ("ch", 1), ("cs", 1), ("csdg", 1), ("csx", 1), ("cu", 1), ("cu1", 1),
        ("cu3", 1), ("ecr", 1), ("rxx", 1), ("rzx", 1), ("cry", 1), ("swap", 0), ("iswap", 1),
        ("dcx", 1), ("xx_plus_yy", 2), ("xx_minus_yy", 2), ("ccx", 6),
    ],
)  # fmt: skip
def test_two_qubit_gates_of_standard_gates(name: str, count: int) -> None:
    gate = STANDARD[name].base_class(*ANGLES[: len(STANDARD[name].params)])
    circuit, _ = of_gate(gate, gate.num_qubits)
    assert factors(circuit) == count


@pytest.mark.parametrize("control_state", [0, 1])
@pytest.mark.parametrize("name", ["x", "h", "sx", "rx", "u", "u1", "y"])
def test_controlled_gates_have_one_factor(name: str, control_state: int) -> None:
    base = STANDARD[name].base_class(*ANGLES[: len(STANDARD[name].params)])
    circuit, original = of_gate(base.control(1, ctrl_state=control_state), 2)
    assert_same_unitary(circuit, original)
    assert factors(circuit) == 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("qubits", [1, 2, 3])
def test_random_unitaries(qubits: int, seed: int) -> None:
    circuit, original = of_gate(UnitaryGate(random_unitary(2**qubits, seed=seed)), qubits)
    assert_same_unitary(circuit, original)
    if qubits == 2:
        assert factors(circuit) == 3


COORDINATES = st.sampled_from([0.0, math.pi / 4, math.pi / 8, 1e-7, -0.3, 1.1])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.tuples(COORDINATES, COORDINATES, COORDINATES), st.integers(0, 2**16))
def test_every_class_of_two_qubit_unitaries(
    coordinates: tuple[float, float, float], seed: int
) -> None:
    core = QuantumCircuit(2)
    for name, angle in zip(("rxx", "ryy", "rzz"), coordinates, strict=True):
        getattr(core, name)(2 * angle, 0, 1)
    local = [random_unitary(2, seed=seed + i) for i in range(4)]
    before, after = local[0].tensor(local[1]), local[2].tensor(local[3])
    unitary = after @ Operator(core) @ before
    circuit, original = of_gate(UnitaryGate(unitary), 2)
    assert_same_unitary(circuit, original)
    assert factors(circuit) <= sum(angle != 0 for angle in coordinates)


def big_operations() -> dict[str, tuple[object, int]]:
    shift = np.array([[1, 1, 0], [0, 1, 0], [0, 1, 1]], dtype=bool)
    spins = SparsePauliOp(["ZZI", "IXX", "YIY"], [0.3, 0.7, -0.2])
    inner = QuantumCircuit(3, name="inner", global_phase=0.4)
    inner.h(0)
    inner.ccx(0, 1, 2)
    inner.cp(0.3, 2, 0)
    clifford = QuantumCircuit(3)
    clifford.h(0)
    clifford.cx(0, 1)
    clifford.s(1)
    clifford.cx(1, 2)
    modified = AnnotatedOperation(inner.to_gate(), [InverseModifier(), ControlModifier(1, 0)])
    return {
        "qft": (QFTGate(4), 4),
        "evolution": (PauliEvolutionGate(spins, 0.5), 3),
        "mcx": (MCXGate(4), 5),
        "c4x": (C4XGate(), 5),
        "mcphase": (MCPhaseGate(0.4, 3), 4),
        "permutation": (PermutationGate([2, 0, 1]), 3),
        "diagonal": (DiagonalGate(list(np.exp(1j * np.arange(8)))), 3),
        "pauli": (PauliGate("XYZ"), 3),
        "linear": (LinearFunction(shift), 3),
        "circuit": (inner.to_gate(), 3),
        "controlled circuit": (inner.to_gate().control(1), 4),
        "annotated": (modified, 4),
        "power": (AnnotatedOperation(XGate(), [PowerModifier(0.3)]), 1),
        "clifford": (Clifford(clifford), 3),
        "open control": (MCXGate(3, ctrl_state=2), 4),
    }


@pytest.mark.parametrize("name", sorted(big_operations()))
def test_larger_operations(name: str) -> None:
    operation, qubits = big_operations()[name]
    circuit, original = of_gate(operation, qubits)
    if name == "evolution":  # defined by its Trotter formula, not by the exponential
        original = operation.definition
    if name in ("linear", "clifford"):  # Qiskit defines these up to a phase only
        assert Operator(rebuilt(circuit)).equiv(Operator(original))
    else:
        assert_same_unitary(circuit, original)


def test_permutation_costs_nothing() -> None:
    circuit, _ = of_gate(PermutationGate([2, 0, 1]), 3)
    assert {row.name for row in circuit.operations()} == {"swap"}


def test_state_preparation_gives_the_state() -> None:
    wanted = np.array([0.1, 0.7j, -0.3, 0.2, 0.4, -0.1j, 0.2, 0.0])
    wanted = wanted / np.linalg.norm(wanted)
    circuit, original = of_gate(StatePreparation(wanted), 3)
    assert_same_unitary(circuit, original)
    assert abs(Operator(rebuilt(circuit)).data[:, 0] - wanted).max() < 1e-9


NAMES_1 = ["h", "x", "sx", "t", "rx", "rz", "u", "p", "r"]
NAMES_2 = ["cx", "cz", "cp", "rzz", "swap", "iswap", "cu", "ecr", "xx_plus_yy"]


@st.composite
def unitary_circuits(draw: st.DrawFn) -> QuantumCircuit:
    size = draw(st.integers(2, 4))
    circuit = QuantumCircuit(size, global_phase=draw(st.sampled_from([0.0, 0.9])))
    for _ in range(draw(st.integers(1, 12))):
        name = draw(st.sampled_from(NAMES_1 + NAMES_2 + ["ccx"] * (size > 2)))
        kind = STANDARD[name]
        angles = [draw(st.sampled_from([0.0, math.pi / 2, math.pi, -3 * math.pi, 4 * math.pi, 0.4]))
                  for _ in kind.params]  # fmt: skip
        order = draw(st.permutations(range(size)))
        circuit.append(kind.base_class(*angles), order[: kind.num_qubits])
    if draw(st.booleans()):
        wrapped = QuantumCircuit(size)
        wrapped.append(circuit.to_gate(), draw(st.permutations(range(size))))
        return wrapped
    return circuit


@settings(max_examples=60, deadline=None, derandomize=True)
@given(unitary_circuits())
def test_random_circuits(original: QuantumCircuit) -> None:
    circuit = circuit_from_qiskit(original)
    circuit.verify()
    assert_same_unitary(circuit, original)


@pytest.mark.parametrize("turns", [-2, -1, 0, 1, 2, 3])
@pytest.mark.parametrize("name", ["p", "rx", "ry", "rz", "cp", "crx", "crz", "rxx", "rzz", "rzx"])
def test_multiples_of_a_turn_need_no_two_qubit_gate(name: str, turns: int) -> None:
    kind = STANDARD[name]
    circuit, original = of_gate(kind.base_class(turns * math.tau), kind.num_qubits)
    assert_same_unitary(circuit, original)
    assert factors(circuit) == 0
    assert len(circuit) <= 1


@pytest.mark.parametrize("half_turns", [-3, -1, 1, 3, 5])
@pytest.mark.parametrize("name", ["rxx", "ryy", "rzz", "rzx"])
def test_half_turns_of_pairs_are_paulis(name: str, half_turns: int) -> None:
    circuit, original = of_gate(STANDARD[name].base_class(half_turns * math.pi), 2)
    assert_same_unitary(circuit, original)
    assert factors(circuit) == 0


def test_tiny_angles_are_not_multiples_of_a_turn() -> None:
    circuit, _ = of_gate(STANDARD["cp"].base_class(math.pi / 2**62), 2)
    assert [row.parameters for row in circuit.operations()] == [(math.pi / 2**62,)]


def test_definition_with_as_few_gates_is_kept() -> None:
    body = QuantumCircuit(2, name="mine")
    body.h(1)
    body.cx(0, 1)
    body.t(1)
    circuit, _ = of_gate(body.to_gate(), 2)
    assert [row.name for row in circuit.operations()] == ["h", "cx", "t"]


def test_rotation_written_with_cnots_is_one_exact_gate() -> None:
    body = QuantumCircuit(2, name="mine")
    body.cx(1, 0)
    body.p(0.1, 0)
    body.cx(1, 0)
    circuit, original = of_gate(body.to_gate(), 2)
    assert [(row.name, row.parameters) for row in circuit.operations()] == [("rzz", (0.1,))]
    assert_same_unitary(circuit, original)


def test_gates_of_the_same_name_are_not_confused() -> None:
    original = QuantumCircuit(1)
    for angle in (0.1, 0.2):
        body = QuantumCircuit(1, name="mine")
        body.rx(angle, 0)
        original.append(body.to_gate(), [0])
    gate = Gate("h", 1, [])
    gate.definition = QuantumCircuit(1)
    gate.definition.y(0)
    original.append(gate, [0])
    circuit = circuit_from_qiskit(original)
    assert [(row.name, row.parameters) for row in circuit.operations()] == [
        ("rx", (0.1,)), ("rx", (0.2,)), ("y", ()),
    ]  # fmt: skip


def wave(x: float, w: float) -> Gate:
    circuit = QuantumCircuit(1, name="wave")
    circuit.rx(x, 0)
    circuit.rz(w, 0)
    return circuit.to_gate()


def braid(t: float, s: float) -> Gate:
    circuit = QuantumCircuit(2, name="braid")
    circuit.append(wave(t + s, s), [0])
    circuit.append(wave(s, 2 * t).inverse(), [1])
    circuit.append(wave(s, t).control(), [0, 1])
    return circuit.to_gate()


def test_calls_of_one_gate_keep_their_own_angles_in_their_own_order() -> None:
    """Angles are positional, may be unused, and bind anew in every call and at every level."""
    text = """OPENQASM 3.0;
        include "stdgates.inc";
        gate wave(x, w) a { rx(x) a; rz(w) a; }
        gate braid(t, unused, s) a, b {
          wave(t + s, s) a; inv @ wave(s, 2 * t) b; ctrl @ wave(s, t) a, b;
        }
        qubit[3] q;
        braid(0.3, 0.9, 0.7) q[0], q[1];
        braid(0.4, 0.9, 0.6) q[1], q[2];
        ctrl @ braid(1.4, 0.9, 0.5) q[1], q[2], q[0];
        inv @ braid(0.1, 0.9, 0.2) q[2], q[1];
        pow(2) @ braid(1.1, 0.9, 2.3) q[0], q[1];
    """
    original = QuantumCircuit(3)
    original.append(braid(0.3, 0.7), [0, 1])
    original.append(braid(0.4, 0.6), [1, 2])
    original.append(braid(1.4, 0.5).control(), [1, 2, 0])
    original.append(braid(0.1, 0.2).inverse(), [2, 1])
    original.append(braid(1.1, 2.3), [0, 1])
    original.append(braid(1.1, 2.3), [0, 1])
    assert_same_unitary(read_circuit("calls.qasm", text=text), original)


def test_angles_of_a_gate_may_be_functions_and_products_of_its_parameters() -> None:
    text = """OPENQASM 3.0;
        include "stdgates.inc";
        gate inner(a, b) q { rx(sqrt(a) * b) q; rz(sin(a / b) - arctan(b) ** 2) q; }
        gate outer(t) p, q { inner(exp(t), t * t) p; ctrl @ inner(t, cos(t)) p, q; }
        qubit[2] q;
        outer(0.3) q[0], q[1];
        outer(0.7) q[1], q[0];
    """

    def inner(a: float, b: float) -> Gate:
        return wave(math.sqrt(a) * b, math.sin(a / b) - math.atan(b) ** 2)

    original = QuantumCircuit(2)
    for t, first, second in ((0.3, 0, 1), (0.7, 1, 0)):
        original.append(inner(math.exp(t), t * t), [first])
        original.append(inner(t, math.cos(t)).control(), [first, second])
    assert_same_unitary(read_circuit("functions.qasm", text=text), original)


def test_angles_that_only_numbers_have() -> None:
    """Remainders, rounding and powers have no form with symbols: their gates are made per call."""
    text = """OPENQASM 3.0;
        include "stdgates.inc";
        const float k = 2.5;
        gate inner(a, b) q { rx(mod(a, k) * floor(b)) q; rz(pow(a, 2) % b - ceiling(a)) q; }
        gate outer(t) p, q {
            inner(t + 3, exp(t)) p;
            pow(t) @ ctrl @ inner(t, 2) p, q;
            inv @ inner(sqrt(t), t * t) q;
            gphase(mod(t, 0.1));
        }
        gate unused(t) q { rx(arcsin(t + 7)) q; }
        qubit[3] q;
        bit[1] c;
        for int k in [0:1] { outer(1.3) q[k], q[2]; }
        negctrl @ outer(0.7) q[1], q[2], q[0];
    """

    def inner(a: float, b: float) -> Gate:
        return wave(a % 2.5 * math.floor(b), a**2 % b - math.ceil(a))

    def outer(t: float) -> Gate:
        made = QuantumCircuit(2, global_phase=t % 0.1)
        made.append(inner(t + 3, math.exp(t)), [0])
        made.append(inner(t, 2).control(annotated=False).power(t), [0, 1])
        made.append(inner(math.sqrt(t), t * t).inverse(), [1])
        return made.to_gate()

    original = QuantumCircuit(3)
    original.append(outer(1.3), [0, 2])
    original.append(outer(1.3), [1, 2])
    original.append(outer(0.7).control(ctrl_state=0, annotated=False), [1, 2, 0])
    assert_same_unitary(read_circuit("numbers.qasm", text=text), original)


def test_the_function_pow_and_the_modifier() -> None:
    text = """OPENQASM 3.0;
        include "stdgates.inc";
        qubit q;
        pow(pow(2, 3)) @ rx(pow(0.5, 2)) q;
        pow (3) @ pow( (1 + 1) ) @ rz(1 - pow(pow(2, 2), -1)) q;
    """
    original = QuantumCircuit(1)
    original.rx(8 * 0.25, 0)
    original.rz(6 * 0.75, 0)
    assert_same_unitary(read_circuit("pow.qasm", text=text), original)


def test_a_global_phase_of_a_gate_counts_under_a_condition() -> None:
    """It is observed there, unlike one of the program; also if the gate is made for the call."""
    text = """OPENQASM 3.0;
        include "stdgates.inc";
        gate turn(t) q { gphase(mod(t, 2)); }
        qubit[2] q;
        bit c;
        c = measure q[0];
        if (c) { ctrl @ turn(2.5) q[0], q[1]; }
    """
    rows = list(read_circuit("phase.qasm", text=text).operations())
    assert [(row.name, row.parameters) for row in rows[1:]] == [("p", (0.5,))]


@pytest.mark.parametrize("exponent", [10**9, -(10**9), 10**9 + 1, 10**20 + 3, 5e8])
@pytest.mark.parametrize("name", ["h", "s", "t", "sx", "swap", "cx", "ccx", "ch"])
def test_large_powers_of_gates_without_angles_are_exact(name: str, exponent: float) -> None:
    gate = STANDARD[name].base_class()
    powered = QuantumCircuit(gate.num_qubits)
    powered.append(power_of(gate, exponent), range(gate.num_qubits))
    expected = Operator(gate).power(int(exponent) % 8)
    assert abs(Operator(powered).data - expected.data).max() < 1e-12


def test_large_powers_of_other_gates_are_unitary() -> None:
    inner = wave(0.3, 0.4)
    matrix = np.linalg.matrix_power(Operator(inner).data, 4000)
    assert abs(Operator(power_of(inner, 4000)).data - matrix).max() < 1e-11
    huge = Operator(power_of(inner, 10**9))
    assert huge.is_unitary(atol=1e-13)
    step = Operator(power_of(inner, 10**9 - 1)).compose(inner)
    assert abs(huge.data - step.data).max() < 1e-6  # phases are known to 1e-16


def test_warnings_of_other_packages_are_kept_off() -> None:
    """SciPy has two about how Qiskit computes the matrix of an evolution; here they are errors."""
    inner = QuantumCircuit(4)
    inner.append(PauliEvolutionGate(SparsePauliOp(["XXYZ", "ZZII"]), 0.3), range(4))
    circuit = QuantumCircuit(4)
    circuit.append(inner.to_gate().power(0.5, annotated=True), range(4))
    expected = PauliEvolutionGate(SparsePauliOp(["XXYZ", "ZZII"]), 0.15).definition
    assert_same_unitary(read_circuit(circuit), expected)


def test_gates_nested_deeper_than_python_recurses() -> None:
    gate: Gate = HGate()
    for level in range(3000):
        body = QuantumCircuit(QuantumRegister(1), name=f"level{level}")
        body._append(gate, [body.qubits[0]], [])
        gate = Gate(f"level{level}", 1, [])
        gate.definition = body
    original = QuantumCircuit(1)
    original._append(gate, [original.qubits[0]], [])
    assert [row.name for row in circuit_from_qiskit(original).operations()] == ["h"]


def test_gates_that_double_at_every_level_are_refused() -> None:
    levels = [f"gate g{i} a {{ g{i - 1} a; g{i - 1} a; }}" for i in range(1, 50)]
    text = "\n".join(
        ["OPENQASM 2.0;", 'include "qelib1.inc";', "gate g0 a { h a; }", *levels,
         "qreg q[1];", "g49 q[0];"]
    )  # fmt: skip
    with pytest.raises(CompilerError) as caught:
        read_circuit("bomb.qasm", text=text)
    (problem,) = caught.value.diagnostics
    assert problem.code == "DQC147"
    assert problem.place is not None
    assert problem.place.line == 54


def test_opaque_gates_are_refused() -> None:
    original = QuantumCircuit(2)
    original.append(Gate("mystery", 2, []), [0, 1])
    with pytest.raises(CompilerError, match="mystery is not defined"):
        circuit_from_qiskit(original)


def test_barriers_inside_gates_stay() -> None:
    body = QuantumCircuit(2, name="mine")
    body.h(0)
    body.barrier()
    body.cx(0, 1)
    gate = Gate("mine", 2, [])
    gate.definition = body
    circuit, _ = of_gate(gate, 2)
    assert [row.name for row in circuit.operations()] == ["h", "barrier", "cx"]


def test_nearly_unitary_matrices() -> None:
    matrix = np.array(random_unitary(4, seed=3).data)
    circuit, _ = of_gate(UnitaryGate(np.round(matrix, 9)), 2)
    assert abs(Operator(rebuilt(circuit)).data - matrix).max() < 1e-8


def test_same_gate_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    real = circuit_gates.synthesize_two

    def counted(matrix: np.ndarray, *, swap_is_free: bool) -> object:
        calls.append(1)
        return real(matrix, swap_is_free=swap_is_free)

    monkeypatch.setattr(circuit_gates, "synthesize_two", counted)
    original = QuantumCircuit(3)
    for _ in range(5):
        for qubits in ([0, 1], [1, 2]):
            original.append(CU3Gate(0.1, 0.2, 0.3), qubits)
            original.append(iSwapGate(), qubits)
    circuit_from_qiskit(original)
    assert len(calls) == 2


def test_open_controls_are_seen() -> None:
    circuit, original = of_gate(CXGate(ctrl_state=0), 2)
    assert_same_unitary(circuit, original)
