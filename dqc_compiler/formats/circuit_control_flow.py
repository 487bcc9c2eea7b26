"""Qiskit's control flow as a flat sequence of instructions under conditions."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from qiskit import QuantumCircuit
from qiskit.circuit import (
    CASE_DEFAULT,
    Barrier,
    BoxOp,
    CircuitInstruction,
    ClassicalRegister,
    Clbit,
    ControlFlowOp,
    Delay,
    ForLoopOp,
    Gate,
    IfElseOp,
    Instruction,
    Measure,
    Reset,
    Store,
    SwitchCaseOp,
)
from qiskit.circuit.classical import expr, types

from dqc_compiler.diagnostics.circuit import (
    CircuitTooLong,
    UnsupportedCondition,
    UnsupportedConstruct,
)
from dqc_compiler.diagnostics.core import CompilerError
from dqc_compiler.formats.circuit_conditions import (
    ALWAYS,
    NEVER,
    Condition,
    Cube,
    Word,
    bit,
    both,
    constant,
    either,
    equal,
    exactly_one,
    less,
    negation,
    not_zero,
    word,
)
from dqc_compiler.formats.circuit_gates import MAX_OPERATIONS
from dqc_compiler.formats.circuit_parameters import ParameterTable

_PRIMITIVES = (Measure, Reset, Barrier, Delay)
_REFUSED = {
    "while_loop": "a while loop",
    "break_loop": "a break statement",
    "continue_loop": "a continue statement",
}


class Step(NamedTuple):
    """One instruction of the flat sequence; qubits and clbits are indices into the circuit.

    `operation` is left out for standard gates, because Qiskit would have to make it first.
    """

    instruction: CircuitInstruction
    operation: Any
    qubits: Sequence[int]
    clbits: Sequence[int]
    cube: Cube
    line: int


class _Bits(NamedTuple):
    """What the bits of a circuit, or of a block inside it, are in the outermost circuit."""

    qubits: Mapping[Any, int]
    clbits: Mapping[Clbit, int]


class ControlFlow:
    """Writes out loops, branches and boxes.

    Args:
        circuit: the circuit.
        table: its parameters.
        lines: the source line of each of its instructions, if known.
        cubes: the case in which each of its instructions happens, if that is not always.

    Attributes:
        phase: global phase of everything that is not under a condition.
        line: line of the statement that is being written out, 0 if unknown.
    """

    def __init__(
        self,
        circuit: QuantumCircuit,
        table: ParameterTable,
        *,
        lines: Sequence[int] = (),
        cubes: Sequence[Cube] = (),
    ) -> None:
        self._circuit = circuit
        self._table = table
        self._lines = lines
        self._cubes = cubes
        self._written: set[int] = set()
        self._passes = 0
        self.phase = 0.0
        self.line = 0

    def steps(self) -> Iterator[Step]:
        """The instructions in program order, each with its condition.

        Raises:
            CompilerError: a construct or a condition that cannot be written out.
        """
        bits = _Bits(
            {qubit: index for index, qubit in enumerate(self._circuit.qubits)},
            {clbit: index for index, clbit in enumerate(self._circuit.clbits)},
        )
        self.phase += self._table.angles("gphase", [self._circuit.global_phase])[0]
        for position, instruction in enumerate(self._circuit.data):
            if self._lines:
                self.line = self._lines[position]
            cube = self._cubes[position] if self._cubes else ()
            yield from self._steps(instruction, bits, cube)

    def _block(self, circuit: QuantumCircuit, bits: _Bits, cube: Cube) -> Iterator[Step]:
        if not cube:
            self.phase += self._table.angles("gphase", [circuit.global_phase])[0]
        for instruction in circuit.data:
            yield from self._steps(instruction, bits, cube)

    def _steps(self, instruction: CircuitInstruction, bits: _Bits, cube: Cube) -> Iterator[Step]:
        qubits = [bits.qubits[qubit] for qubit in instruction.qubits]
        clbits = [bits.clbits[clbit] for clbit in instruction.clbits]
        operation: Any = None if instruction.is_standard_gate() else instruction.operation
        if operation is not None and operation.name in _REFUSED:
            raise CompilerError(UnsupportedConstruct(construct=_REFUSED[operation.name]))
        if isinstance(operation, ControlFlowOp):
            yield from self._control_flow(operation, qubits, clbits, bits, cube)
        elif isinstance(operation, Store):
            raise CompilerError(UnsupportedConstruct(construct="a classical variable"))
        elif _is_subroutine(operation):
            inner = operation.definition
            yield from self._block(inner, _inner_bits(inner, qubits, clbits), cube)
        else:
            if isinstance(operation, Measure):
                self._written.update(clbits)
            yield Step(instruction, operation, qubits, clbits, cube, self.line)

    def _control_flow(
        self,
        operation: ControlFlowOp,
        qubits: Sequence[int],
        clbits: Sequence[int],
        bits: _Bits,
        cube: Cube,
    ) -> Iterator[Step]:
        if isinstance(operation, ForLoopOp):
            blocks = self._iterated(operation)
        elif isinstance(operation, BoxOp):
            blocks = iter([(ALWAYS, operation.blocks[0])])
        elif isinstance(operation, IfElseOp):
            blocks = iter(self._branches(operation, bits))
        elif isinstance(operation, SwitchCaseOp):
            blocks = iter(self._cases(operation, bits))
        else:
            raise CompilerError(UnsupportedConstruct(construct=f"the operation {operation.name}"))
        for condition, block in blocks:
            inner = _inner_bits(block, qubits, clbits)
            for inner_cube in both((cube,), condition):
                yield from self._block(block, inner, inner_cube)

    def _iterated(self, operation: ForLoopOp) -> Iterator[tuple[Condition, QuantumCircuit]]:
        values, parameter, block = operation.params
        self._passes += loop_passes(values)
        if self._passes > MAX_OPERATIONS:
            raise CompilerError(CircuitTooLong(limit=MAX_OPERATIONS, what="loop passes"))
        for value in values:
            bound = parameter is not None and parameter in block.parameters
            yield ALWAYS, block.assign_parameters({parameter: value}) if bound else block

    def _branches(self, operation: IfElseOp, bits: _Bits) -> list[tuple[Condition, QuantumCircuit]]:
        condition = self._condition(operation.condition, bits)
        branches = [(condition, operation.blocks[0])]
        if len(operation.blocks) > 1:
            branches.append((negation(condition), operation.blocks[1]))
        return branches

    def _cases(
        self, operation: SwitchCaseOp, bits: _Bits
    ) -> list[tuple[Condition, QuantumCircuit]]:
        target = self._word(operation.target, bits)
        cases = []
        remaining = ALWAYS
        for values, block in operation.cases_specifier():
            chosen = NEVER
            for value in values:
                is_value = ALWAYS if value is CASE_DEFAULT else equal(target, word(int(value)))
                chosen = either(chosen, both(remaining, is_value))
            cases.append((chosen, block))
            remaining = both(remaining, negation(chosen))
        return cases

    def _bit(self, clbit: Clbit, bits: _Bits) -> Condition:
        index = bits.clbits[clbit]
        # Classical bits start as 0, and which ones have been measured is known: nothing is
        # measured under a condition.
        return bit(index) if index in self._written else NEVER

    def _condition(self, condition: Any, bits: _Bits) -> Condition:
        if isinstance(condition, expr.Expr):
            return not_zero(self._value(condition, bits))
        target, value = condition
        if value < 0:
            return NEVER
        return equal(self._word(target, bits), word(int(value)))

    def _word(self, target: Any, bits: _Bits) -> Word:
        if isinstance(target, Clbit):
            return (self._bit(target, bits),)
        if isinstance(target, ClassicalRegister):
            return tuple(self._bit(clbit, bits) for clbit in target)
        return self._value(target, bits)

    def _value(self, node: expr.Expr, bits: _Bits) -> Word:
        """An expression as its binary digits; a Boolean has one."""
        if isinstance(node, expr.Var) and isinstance(node.var, Clbit | ClassicalRegister):
            return self._word(node.var, bits)
        if isinstance(node, expr.Value) and isinstance(node.value, int):
            return word(int(node.value), digits=_width(node))
        if isinstance(node, expr.Cast) and isinstance(node.type, types.Bool | types.Uint):
            inner = self._value(node.operand, bits)
            return (not_zero(inner),) if isinstance(node.type, types.Bool) else _cut(inner, node)
        if isinstance(node, expr.Index) and isinstance(node.index, expr.Value):
            digits = self._value(node.target, bits)
            index = node.index.value
            return (digits[index] if index < len(digits) else NEVER,)
        if isinstance(node, expr.Unary):
            return self._unary(node, bits)
        if isinstance(node, expr.Binary):
            return self._binary(node, bits)
        kind = "a classical variable" if isinstance(node, expr.Var) else type(node).__name__.lower()
        raise CompilerError(UnsupportedCondition(part=kind))

    def _unary(self, node: expr.Unary, bits: _Bits) -> Word:
        operand = self._value(node.operand, bits)
        if node.op is expr.Unary.Op.LOGIC_NOT:
            return (negation(not_zero(operand)),)
        if node.op is expr.Unary.Op.BIT_NOT:
            return tuple(negation(digit) for digit in operand)
        raise CompilerError(UnsupportedCondition(part=f"the operator {node.op.name}"))

    def _binary(self, node: expr.Binary, bits: _Bits) -> Word:
        left, right = self._value(node.left, bits), self._value(node.right, bits)
        operator = expr.Binary.Op
        match node.op:
            case operator.BIT_AND | operator.LOGIC_AND:
                return tuple(both(a, b) for a, b in zip(left, right, strict=True))
            case operator.BIT_OR | operator.LOGIC_OR:
                return tuple(either(a, b) for a, b in zip(left, right, strict=True))
            case operator.BIT_XOR:
                return tuple(exactly_one(a, b) for a, b in zip(left, right, strict=True))
            case operator.EQUAL:
                return (equal(left, right),)
            case operator.NOT_EQUAL:
                return (negation(equal(left, right)),)
            case operator.LESS:
                return (less(left, right),)
            case operator.GREATER:
                return (less(right, left),)
            case operator.LESS_EQUAL:
                return (negation(less(right, left)),)
            case operator.GREATER_EQUAL:
                return (negation(less(left, right)),)
        raise CompilerError(UnsupportedCondition(part=f"the operator {node.op.name}"))


def loop_passes(values: Sequence[int]) -> int:
    """Length of a range or tuple, also of ranges that are longer than Python can count."""
    try:
        return len(values)
    except OverflowError:
        return sys.maxsize


def _is_subroutine(operation: Any) -> bool:
    """Whether an operation is a block of instructions that need not be unitary."""
    if not isinstance(operation, Instruction) or isinstance(operation, Gate):
        return False
    return not isinstance(operation, _PRIMITIVES) and operation.definition is not None


def _inner_bits(block: QuantumCircuit, qubits: Sequence[int], clbits: Sequence[int]) -> _Bits:
    return _Bits(
        dict(zip(block.qubits, qubits, strict=True)), dict(zip(block.clbits, clbits, strict=True))
    )


def _width(node: expr.Expr) -> int:
    return int(node.type.width) if isinstance(node.type, types.Uint) else 1


def _cut(digits: Word, node: expr.Expr) -> Word:
    width = _width(node)
    return (*digits, *[constant(value=False)] * (width - len(digits)))[:width]
