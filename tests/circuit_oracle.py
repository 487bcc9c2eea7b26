"""What circuits do, on every measurement outcome: Qiskit's and the compiler's, side by side.

Gate matrices and the meaning of classical expressions come from Qiskit's documentation and objects,
not from the package.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import CASE_DEFAULT, ClassicalRegister, Clbit, Gate
from qiskit.circuit.classical import expr, types
from qiskit.circuit.library import UnitaryGate, get_standard_gate_name_mapping
from qiskit.quantum_info import Operator

from dqc_compiler.ir import Circuit

STANDARD = {
    name: gate for name, gate in get_standard_gate_name_mapping().items() if isinstance(gate, Gate)
}


def rebuilt(circuit: Circuit) -> QuantumCircuit:
    """A table without conditions as a Qiskit circuit, global phase included."""
    result = QuantumCircuit(len(circuit.qubits), global_phase=circuit.global_phase)
    for row in circuit.operations():
        assert not row.condition
        if row.name != "barrier":
            result.append(vocabulary_gate(row.name, row.parameters), row.qubits)
    return result


def vocabulary_gate(name: str, parameters: Sequence[float]) -> Gate:
    """The Qiskit gate that an operation of the vocabulary stands for."""
    if name != "rzy":
        return STANDARD[name].base_class(*parameters)
    turned = QuantumCircuit(2)
    turned.sdg(1)
    turned.rzx(parameters[0], 0, 1)
    turned.s(1)
    return UnitaryGate(Operator(turned))


def assert_same_unitary(
    circuit: Circuit, original: QuantumCircuit, *, margin: float = 1e-9
) -> None:
    """Both are the same matrix, global phase included."""
    found, wanted = Operator(rebuilt(circuit)).data, Operator(original).data
    assert abs(found - wanted).max() < margin


class Run:
    """One run with the outcome of every measurement and reset given: a Kraus operator and bits."""

    def __init__(self, qubits: int, clbits: int, outcomes: Iterator[int]) -> None:
        self.tensor = np.eye(2**qubits, dtype=complex).reshape((2,) * qubits + (-1,))
        self.bits = [0] * clbits
        self._outcomes = outcomes

    def gate(self, gate: Any, qubits: Sequence[int]) -> None:
        count = len(qubits)
        matrix = Operator(gate).data.reshape((2,) * (2 * count))
        # Qiskit's matrices have the last operand as the highest digit.
        axes = list(reversed(qubits))
        moved = np.tensordot(matrix, self.tensor, axes=(range(count, 2 * count), axes))
        self.tensor = np.moveaxis(moved, range(count), axes)

    def measure(self, qubit: int) -> int:
        outcome = next(self._outcomes)
        other = [slice(None)] * self.tensor.ndim
        other[qubit] = 1 - outcome
        self.tensor = self.tensor.copy()
        self.tensor[tuple(other)] = 0
        return outcome

    def reset(self, qubit: int) -> None:
        if self.measure(qubit):
            self.gate(STANDARD["x"], [qubit])


def run_table(circuit: Circuit, outcomes: Sequence[int]) -> Run:
    """Run a table of the compiler."""
    run = Run(len(circuit.qubits), len(circuit.clbits), iter(outcomes))
    for row in circuit.operations():
        if any(run.bits[bit] != value for bit, value in row.condition):
            continue
        if row.name == "measure":
            run.bits[row.clbit] = run.measure(row.qubits[0])
        elif row.name == "reset":
            run.reset(row.qubits[0])
        elif row.name not in ("barrier", "delay"):
            run.gate(vocabulary_gate(row.name, row.parameters), row.qubits)
    return run


def run_qiskit(circuit: QuantumCircuit, outcomes: Sequence[int]) -> Run:
    """Run a Qiskit circuit with control flow."""
    run = Run(circuit.num_qubits, circuit.num_clbits, iter(outcomes))
    run_on(run, circuit)
    return run


def run_on(run: Run, circuit: QuantumCircuit) -> None:
    """Go on with a run."""
    _run_block(run, circuit, range(circuit.num_qubits), range(circuit.num_clbits))


def _run_block(
    run: Run, circuit: QuantumCircuit, qubits: Sequence[int], clbits: Sequence[int]
) -> None:
    for entry in circuit.data:
        operation = entry.operation
        own_qubits = [qubits[circuit.find_bit(qubit).index] for qubit in entry.qubits]
        own_clbits = [clbits[circuit.find_bit(clbit).index] for clbit in entry.clbits]

        def read(clbit: Clbit) -> int:
            return run.bits[clbits[circuit.find_bit(clbit).index]]

        if operation.name == "measure":
            run.bits[own_clbits[0]] = run.measure(own_qubits[0])
        elif operation.name == "reset":
            run.reset(own_qubits[0])
        elif operation.name == "if_else":
            chosen = 0 if _holds(operation.condition, read) else 1
            if chosen < len(operation.blocks):
                _run_block(run, operation.blocks[chosen], own_qubits, own_clbits)
        elif operation.name == "switch_case":
            value = _value(operation.target, read)
            for values, block in operation.cases_specifier():
                if any(case is CASE_DEFAULT or case == value for case in values):
                    _run_block(run, block, own_qubits, own_clbits)
                    break
        elif operation.name == "for_loop":
            values, parameter, block = operation.params
            for value in values:
                bound = block.assign_parameters({parameter: value}) if parameter else block
                _run_block(run, bound, own_qubits, own_clbits)
        elif operation.name == "box":
            _run_block(run, operation.blocks[0], own_qubits, own_clbits)
        elif isinstance(operation, Gate) or operation.name in ("clifford", "annotated"):
            run.gate(operation, own_qubits)
        elif operation.name not in ("barrier", "delay"):
            _run_block(run, operation.definition, own_qubits, own_clbits)


def _holds(condition: Any, read: Callable[[Clbit], int]) -> bool:
    if isinstance(condition, expr.Expr):
        return bool(_value(condition, read))
    target, value = condition
    return _value(target, read) == int(value)


def _value(node: Any, read: Callable[[Clbit], int]) -> int:
    if isinstance(node, Clbit):
        return read(node)
    if isinstance(node, ClassicalRegister):
        return sum(read(clbit) << i for i, clbit in enumerate(node))
    if isinstance(node, expr.Var):
        return _value(node.var, read)
    if isinstance(node, expr.Value):
        return int(node.value)
    if isinstance(node, expr.Cast):
        value = _value(node.operand, read)
        return int(value != 0) if isinstance(node.type, types.Bool) else value % 2**node.type.width
    if isinstance(node, expr.Index):
        return _value(node.target, read) >> _value(node.index, read) & 1
    if isinstance(node, expr.Unary):
        value = _value(node.operand, read)
        width = node.type.width if isinstance(node.type, types.Uint) else 1
        return 2**width - 1 - value
    left, right = _value(node.left, read), _value(node.right, read)
    return int(
        {
            "BIT_AND": left & right,
            "BIT_OR": left | right,
            "BIT_XOR": left ^ right,
            "LOGIC_AND": left and right,
            "LOGIC_OR": left or right,
            "EQUAL": left == right,
            "NOT_EQUAL": left != right,
            "LESS": left < right,
            "LESS_EQUAL": left <= right,
            "GREATER": left > right,
            "GREATER_EQUAL": left >= right,
        }[node.op.name]
    )


def assert_same_on_all_outcomes(circuit: Circuit, original: QuantumCircuit) -> None:
    """Same classical bits and, up to a phase, same Kraus operator for every outcome."""
    events = sum(row.name in ("measure", "reset") for row in circuit.operations())
    assert events <= 8, "too many outcomes for a quick test"
    for outcomes in itertools.product((0, 1), repeat=events):
        found, wanted = run_table(circuit, outcomes), run_qiskit(original, outcomes)
        assert found.bits == wanted.bits
        overlap = np.vdot(found.tensor, wanted.tensor)
        phase = overlap / abs(overlap) if abs(overlap) > 1e-9 else 1.0
        assert abs(found.tensor * phase - wanted.tensor).max() < 1e-9, outcomes
