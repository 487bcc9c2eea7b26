"""Every unitary operation of Qiskit as rows over the IR's vocabulary.

A gate on two qubits is kept as few two-qubit factors as it has; a larger one is replaced by its
definition, again and again.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import (
    Barrier,
    CircuitError,
    CircuitInstruction,
    Operation,
)
from qiskit.circuit.library import UnitaryGate
from qiskit.exceptions import QiskitError

from dqc_compiler.diagnostics.circuit import (
    CircuitTooLong,
    InvalidStatement,
    OpaqueOperation,
    UnboundParameter,
)
from dqc_compiler.diagnostics.core import CompilerError
from dqc_compiler.formats.circuit_parameters import ParameterTable, unbound_names
from dqc_compiler.formats.circuit_rows import (
    SWAP,
    Expansion,
    Row,
    general_rotation,
    pair_matrix,
    rotation,
    two_qubit_count,
)
from dqc_compiler.formats.circuit_two_qubit import synthesize_one, synthesize_two
from dqc_compiler.ir.angles import parameters_of
from dqc_compiler.ir.circuit import ONE_QUBIT_GATES, TWO_QUBIT_GATES

MAX_OPERATIONS = 2_000_000
_LARGEST_MATRIX = 10  # qubits of an operation that is known by its matrix only

_ROTATION_NAMES = {"u1": "p", "cu1": "cp"} | {
    name: name for name in ("p", "rx", "ry", "rz", "cp", "crx", "cry", "crz")
} | {name: name for name in ("rxx", "ryy", "rzz", "rzx")}  # fmt: skip
_FIXED_NAMES = {name for name, count in (ONE_QUBIT_GATES | TWO_QUBIT_GATES).items() if count == 0}
_CNOT_THRICE = (Row("cx", (0, 1)), Row("cx", (1, 0)), Row("cx", (0, 1)))


@dataclass
class _Frame:
    """A gate whose definition is being followed: the instructions left, and the rows so far."""

    key: Hashable
    operation: Operation
    instructions: list[CircuitInstruction]
    indices: dict[Any, int]
    phase: float
    rows: list[Row] = field(default_factory=list)
    next: int = 0

    def add(self, expansion: Expansion, qubits: list[int]) -> None:
        """Append what the next instruction became."""
        if len(self.rows) + len(expansion.rows) > MAX_OPERATIONS:
            raise CompilerError(CircuitTooLong(limit=MAX_OPERATIONS, what="operations"))
        if qubits == list(range(len(qubits))):
            self.rows.extend(expansion.rows)
        else:
            self.rows.extend(
                Row(row.name, tuple([qubits[q] for q in row.qubits]), row.parameters)
                for row in expansion.rows
            )
        self.phase += expansion.phase
        self.next += 1


class GateExpander:
    """Rewrites unitary operations over the IR's vocabulary, each kind of gate once.

    Args:
        table: the parameters of the circuit.
        swap_is_free: whether `swap` is part of the vocabulary; under a condition it is not,
            because exchanging two qubits is a relabelling only if it always happens.
    """

    def __init__(self, table: ParameterTable, *, swap_is_free: bool) -> None:
        self._table = table
        self._swap_is_free = swap_is_free
        self._known: dict[Hashable, Expansion] = {}
        self._kept: list[Operation] = []  # operations whose `id` is a key must stay alive

    def expand(self, instruction: CircuitInstruction) -> Expansion:
        """Rows on local qubits 0, 1, ... in the order of the instruction's operands.

        Raises:
            CompilerError: a parameter is not a finite number, the operation has no definition, or
                it is too long when written out.
        """
        known = self._lookup(instruction)
        if known is not None:
            return known
        # An explicit stack: definitions may be nested deeper than Python's.
        stack = [self._open(instruction)]
        while True:
            frame = stack[-1]
            if frame.next < len(frame.instructions):
                inner = frame.instructions[frame.next]
                known = self._lookup(inner)
                if known is None:
                    stack.append(self._open(inner))
                else:
                    frame.add(known, [frame.indices[qubit] for qubit in inner.qubits])
                continue
            result = self._closed(frame)
            self._known[frame.key] = result
            stack.pop()
            if not stack:
                return result
            inner = stack[-1].instructions[stack[-1].next]
            stack[-1].add(result, [stack[-1].indices[qubit] for qubit in inner.qubits])

    def _lookup(self, instruction: CircuitInstruction) -> Expansion | None:
        if not instruction.is_standard_gate():
            return self._special(instruction)
        name = instruction.name
        if name in _FIXED_NAMES:
            return self._fixed(name)
        parameters = self._table.angles(name, instruction.params)
        known = self._known.get((name, parameters)) or _direct(name, parameters)
        if known is not None:
            self._known[name, parameters] = known
        return known

    def _fixed(self, name: str) -> Expansion:
        if name == "swap" and not self._swap_is_free:
            return Expansion(_CNOT_THRICE)
        return Expansion((Row(name, (0, 1) if name in TWO_QUBIT_GATES else (0,)),))

    def _special(self, instruction: CircuitInstruction) -> Expansion | None:
        operation = instruction.operation
        if isinstance(operation, Barrier):
            return Expansion((Row("barrier", tuple(range(len(instruction.qubits)))),))
        if isinstance(operation, UnitaryGate) and operation.num_qubits <= 2:
            return self._from_matrix(operation)
        return self._known.get(self._key(instruction))

    def _from_matrix(self, operation: UnitaryGate) -> Expansion | None:
        matrix = operation.to_matrix()
        key = matrix.tobytes()
        if key not in self._known:
            found = (
                synthesize_one(matrix)
                if operation.num_qubits == 1
                else synthesize_two(SWAP @ matrix @ SWAP, swap_is_free=self._swap_is_free)
            )
            if found is None:
                return None
            self._known[key] = found
        return self._known[key]

    def _open(self, instruction: CircuitInstruction) -> _Frame:
        operation = instruction.operation
        self._kept.append(operation)
        definition = _definition(operation)
        if instruction.clbits or definition.num_clbits:
            raise CompilerError(OpaqueOperation(name=operation.name))
        (phase,) = self._table.angles(operation.name, [definition.global_phase])
        return _Frame(
            key=self._key(instruction),
            operation=operation,
            instructions=list(definition.data),
            indices={qubit: index for index, qubit in enumerate(definition.qubits)},
            phase=phase,
        )

    def _closed(self, frame: _Frame) -> Expansion:
        rows = tuple(frame.rows)
        if frame.operation.num_qubits != 2:
            return Expansion(rows, frame.phase)
        rows, phase = _without_conjugation(rows)
        phase += frame.phase
        count = two_qubit_count(rows, swap_is_free=self._swap_is_free)
        if count > 1 and not parameters_of(angle for row in rows for angle in row.parameters):
            found = synthesize_two(pair_matrix(rows), swap_is_free=self._swap_is_free)
            # On a tie the definition stays: it is what the user wrote, and its axes may well be
            # those of the neighbouring gates.
            if found and two_qubit_count(found.rows, swap_is_free=self._swap_is_free) < count:
                return Expansion(found.rows, found.phase + phase)
        return Expansion(rows, phase)

    def _key(self, instruction: CircuitInstruction) -> Hashable:
        """What identifies a gate: its kind and parameters where these decide, else the object."""
        if instruction.is_standard_gate():
            return (instruction.name, self._table.angles(instruction.name, instruction.params))
        operation = instruction.operation
        kind = getattr(operation, "base_class", type(operation))
        if kind.__module__.startswith("qiskit.circuit.library.standard_gates."):
            state = getattr(operation, "ctrl_state", None)
            return (kind, operation.num_qubits, state, tuple(operation.params))
        # An object that exactly the calls of one gate declaration in a file share: names may repeat
        # between gates that a program puts together. Qiskit's OpenQASM 2 gates carry the tuple of
        # the gates that were known to their declaration.
        declaration = getattr(operation, "declaration", None) or getattr(operation, "_gates", None)
        return id(operation) if not declaration else (id(declaration), *operation.params)


def _direct(name: str, parameters: tuple[float, ...]) -> Expansion | None:
    """Gates of Qiskit's library that are single gates of the vocabulary under some name."""
    if name in _ROTATION_NAMES:
        return rotation(_ROTATION_NAMES[name], parameters[0])
    if name in ("u", "u3"):
        return general_rotation(*parameters)
    if name == "u2":
        return general_rotation(math.pi / 2, *parameters)
    if name == "r":
        theta, phi = parameters
        return general_rotation(theta, phi - math.pi / 2, math.pi / 2 - phi)
    if name in ("cs", "csdg"):
        return rotation("cp", math.pi / 2 if name == "cs" else -math.pi / 2)
    if name == "global_phase":
        return Expansion((), parameters[0])
    return None


def _definition(operation: Operation) -> QuantumCircuit:
    """A circuit that does what an operation does, in simpler terms."""
    try:
        definition = getattr(operation, "definition", None)
    except (QiskitError, ValueError, ZeroDivisionError, OverflowError, TypeError) as error:
        names = {name for value in operation.params for name in unbound_names(value)}
        if names:
            raise CompilerError(UnboundParameter(name=", ".join(sorted(names)))) from error
        reason = getattr(error, "message", error)
        problem = f"{operation.name} cannot be evaluated: {reason}"
        raise CompilerError(InvalidStatement(problem=problem)) from error
    return definition if definition is not None else _synthesized(operation)


def _synthesized(operation: Operation) -> QuantumCircuit:
    """Qiskit's high-level synthesis for operations that have no definition of their own."""
    from qiskit.quantum_info import Operator  # noqa: PLC0415  heavy, and seldom needed
    from qiskit.transpiler.passes import HighLevelSynthesis  # noqa: PLC0415

    circuit = QuantumCircuit(operation.num_qubits, operation.num_clbits)
    opaque = CompilerError(OpaqueOperation(name=operation.name))
    try:
        circuit.append(operation, circuit.qubits, circuit.clbits)
        result = HighLevelSynthesis(qubits_initially_zero=False)(circuit)
        if [entry.name for entry in result.data] != [operation.name]:
            return result
        if operation.num_qubits > _LARGEST_MATRIX or operation.num_clbits:
            raise opaque
        result = QuantumCircuit(operation.num_qubits)
        result.append(UnitaryGate(Operator(operation)), result.qubits)
    except (QiskitError, CircuitError) as error:
        raise opaque from error
    return result


def _without_conjugation(rows: tuple[Row, ...]) -> tuple[tuple[Row, ...], float]:
    """Two-qubit rotations that are written as a rotation between two `cx`, as what they are.

    This is how files define `rzz`; replacing it here is exact, the general way is numerical.
    """
    result: list[Row] = []
    phase = 0.0
    for row in rows:
        middle = result[-1] if len(result) > 1 else None
        if (
            middle is None
            or row.name != "cx"
            or result[-2] != row
            or middle.name not in ("rz", "p")
            or middle.qubits != row.qubits[1:]
        ):
            result.append(row)
            continue
        del result[-2:]
        expansion = rotation("rzz", middle.parameters[0])
        result.extend(expansion.rows)
        phase += expansion.phase + (middle.parameters[0] / 2 if middle.name == "p" else 0.0)
    return tuple(result), phase
