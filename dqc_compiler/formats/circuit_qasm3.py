"""OpenQASM 3 into a flat Qiskit circuit, with the line and the condition of every instruction.

Builds on the public importer's visitor. Loops, branches and constants are worked out here while the
syntax tree is walked, because only here the lines are known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from openqasm3 import ast
from qiskit import QuantumCircuit
from qiskit.circuit import (
    ClassicalRegister,
    Clbit,
    Parameter,
    ParameterExpression,
    QuantumRegister,
    Qubit,
)
from qiskit.exceptions import QiskitError
from qiskit_qasm3_import import ConversionError, types
from qiskit_qasm3_import.converter import ConvertVisitor
from qiskit_qasm3_import.data import Scope, Symbol
from qiskit_qasm3_import.state import GateScope, LocalScope

from dqc_compiler.diagnostics.circuit import (
    CircuitTooLong,
    DelayWithoutUnit,
    InvalidStatement,
    UnboundParameter,
    UndefinedName,
    UnsupportedConstruct,
    UnsupportedStatement,
)
from dqc_compiler.diagnostics.core import CompilerError, Place
from dqc_compiler.formats.circuit_conditions import (
    ALWAYS,
    NEVER,
    Condition,
    Cube,
    Word,
    bit,
    both,
    either,
    equal,
    negation,
    not_zero,
)
from dqc_compiler.formats.circuit_control_flow import loop_passes
from dqc_compiler.formats.circuit_gates import MAX_OPERATIONS
from dqc_compiler.formats.circuit_parameters import unbound_names
from dqc_compiler.formats.circuit_powers import power_of
from dqc_compiler.formats.circuit_text import (
    MAX_BITS,
    MAX_INCLUDES,
    CircuitText,
    Parsed,
    located,
    read_included_text,
)
from dqc_compiler.formats.qasm3_gates import NOT_BOUND, Declaration
from dqc_compiler.formats.qasm3_statements import parse_statements
from dqc_compiler.formats.qasm3_values import NoValueError, Resolver, is_number, word_of

STANDARD_INCLUDE = "stdgates.inc"

_REFUSED: dict[type, str] = {
    ast.WhileLoop: "a while loop",
    ast.BreakStatement: "a break statement",
    ast.ContinueStatement: "a continue statement",
    ast.EndStatement: "an end statement",
    ast.SubroutineDefinition: "a subroutine",
    ast.ReturnStatement: "a subroutine",
    ast.ExternDeclaration: "an extern function",
    ast.ClassicalAssignment: "an assignment",
    ast.ExpressionStatement: "a statement that only computes a value",
    ast.CalibrationStatement: "a calibration",
    ast.CalibrationDefinition: "a calibration",
    ast.CalibrationGrammarDeclaration: "a calibration",
    ast.Pragma: "a pragma",
}
_SCALARS: dict[type, Any] = {
    ast.IntType: types.Int(const=True),
    ast.UintType: types.Uint(const=True),
    ast.FloatType: types.Float(const=True),
    ast.AngleType: types.Angle(const=True),
    ast.BoolType: types.Bool(const=True),
}
_INPUTS: dict[type, Any] = {ast.FloatType: types.Float(), ast.AngleType: types.Angle()}
_MESSAGE = re.compile(r"(?:(\d+),(\d+): )?(.*)", re.DOTALL)
_UNDEFINED = re.compile(r"gate '(.*)' is not defined\.|Undefined symbol '(.*)'\.")
_TRIAL_ANGLE = 0.7
_LIMIT = re.compile(r"support|only global declarations")


def parse_qasm3(source: CircuitText) -> Parsed:
    """Parse OpenQASM 3.

    Returns:
        The circuit without control flow.

    Raises:
        CompilerError: the text is not a valid program, or uses what cannot be distributed.
    """
    visitor = _Visitor(source)
    circuit = visitor.convert(ast.Program(statements=[])).circuit
    return Parsed(circuit, visitor.lines, visitor.cubes, visitor.inputs)


class _Visitor(ConvertVisitor):
    """Appends instructions to one circuit and logs where each came from."""

    def __init__(self, source: CircuitText) -> None:
        super().__init__()
        self.lines: list[int] = []
        self.cubes: list[Cube] = []
        self.inputs: list[Parameter] = []
        self._source = source
        self._include_line = 0
        self._open_files: tuple[str, ...] = ()
        self._circuit = QuantumCircuit()
        self._cube: Cube = ()
        self._written: set[int] = set()
        self._includes = 0
        self._passes = 0
        self._is_trial = False  # the angles are made up: values need not exist for them

    # Statements

    def visit_Program(self, node: ast.Program, context: Any) -> Any:  # noqa: ARG002, N802
        """All statements of the source; they are parsed as they are needed."""
        self._circuit = context.circuit
        return self._run(parse_statements(self._source), context)

    def _run(self, statements: Iterator[ast.Statement], context: Any) -> Any:
        for statement in statements:
            context = self.visit(statement, context)
        return context

    def visit(self, node: ast.QASMNode, context: Any = None) -> Any:
        """Visit a node; problems that have no place yet get that of the innermost statement."""
        if not isinstance(node, ast.Statement | ast.Pragma):
            return super().visit(node, context)
        if type(node) in _REFUSED:
            self._refuse(node, UnsupportedConstruct(construct=_REFUSED[type(node)]))
        try:
            result = super().visit(node, context)
        except CompilerError as error:
            raise located(error, self._place(node)) from error
        except NoValueError as error:
            if self._is_trial:
                raise
            self._refuse_reworded(node, error)
        except ConversionError as error:
            self._refuse_reworded(node, error)
        except (QiskitError, ArithmeticError, LookupError, ValueError) as error:
            if self._is_trial and isinstance(error, ArithmeticError | ValueError):
                raise NoValueError(_sentence(error)) from error
            self._refuse(node, InvalidStatement(problem=_sentence(error)))
        self._log(node)
        return result

    def _log(self, node: ast.QASMNode) -> None:
        """Note where the instructions come from that a statement has just appended."""
        known = len(self.lines)
        new = len(self._circuit.data) - known
        if not new:  # also while a gate definition is read, which has a circuit of its own
            return
        self.lines.extend([self._include_line or _line(node)] * new)
        self.cubes.extend([self._cube] * new)
        if known + new > MAX_OPERATIONS:
            self._refuse(node, CircuitTooLong(limit=MAX_OPERATIONS, what="operations"))
        if isinstance(node, ast.QuantumMeasurementStatement | ast.ClassicalDeclaration):
            for instruction in self._circuit.data[known:]:
                self._written.update(self._circuit.find_bit(b).index for b in instruction.clbits)

    def _place(self, node: ast.QASMNode) -> Place:
        if node.span is None:
            return Place(file=self._source.name)
        span = node.span
        width = (
            span.end_column - span.start_column + 1 if span.end_line == span.start_line else None
        )
        return self._source.place(span.start_line, span.start_column + 1, width=width)

    def _refuse(self, node: ast.QASMNode, diagnostic: Any) -> NoReturn:
        raise located(CompilerError(diagnostic), self._place(node))

    def _refuse_reworded(self, node: ast.QASMNode, error: ConversionError) -> NoReturn:
        match = _MESSAGE.fullmatch(error.message)
        assert match is not None  # the pattern takes any text
        line, column, problem = match.groups()
        place = self._source.place(int(line), int(column) + 1) if line else self._place(node)
        undefined = _UNDEFINED.fullmatch(problem)
        if undefined:
            name = undefined.group(1) or undefined.group(2)
            standard = f'include "{STANDARD_INCLUDE}";'
            raise CompilerError(UndefinedName(place=place, name=name, standard=standard)) from error
        if _LIMIT.search(problem):
            problem = problem.rstrip(".")
            raise CompilerError(UnsupportedStatement(place=place, problem=problem)) from error
        raise CompilerError(InvalidStatement(place=place, problem=problem)) from error

    # Declarations

    def visit_Include(self, node: ast.Include, context: Any) -> Any:  # noqa: N802
        """The standard gates, or the statements of a file beside the circuit."""
        if node.filename == STANDARD_INCLUDE:
            return super().visit_Include(node, context)
        if node.filename in self._open_files:
            raise ConversionError(f"{node.filename} includes itself", node)
        self._includes += 1
        if self._includes > MAX_INCLUDES:
            raise CompilerError(CircuitTooLong(limit=MAX_INCLUDES, what="included files"))
        outer, outer_line, outer_files = self._source, self._include_line, self._open_files
        inner = read_included_text(outer, node.filename, standard=STANDARD_INCLUDE)
        self._source = inner
        self._include_line = outer_line or _line(node)
        self._open_files = (*outer_files, node.filename)
        context = self._run(parse_statements(inner), context)
        self._source, self._include_line, self._open_files = outer, outer_line, outer_files
        return context

    def visit_QubitDeclaration(self, node: ast.QubitDeclaration, context: Any) -> Any:  # noqa: N802
        """A qubit or a register, under the name that the file gives it."""
        context.addressing_mode.set_virtual_mode(node)
        name = node.qubit.name
        if node.size is None:
            data: Any = Qubit()
            context.circuit.add_bits([data])
            kind: Any = types.Qubit()
        else:
            data = QuantumRegister(self._size(node.size, context), name)
            context.circuit.add_register(data)
            kind = types.QubitArray(data.size)
        self._define(Symbol(name, data, kind, Scope.GLOBAL, node), context)
        return context

    def visit_ClassicalDeclaration(self, node: ast.ClassicalDeclaration, context: Any) -> Any:  # noqa: N802
        """A bit or a register, under the name that the file gives it, and its measurement."""
        if not isinstance(node.type, ast.BitType):
            raise CompilerError(UnsupportedConstruct(construct="a classical variable"))
        if context.scope is not Scope.GLOBAL:
            raise CompilerError(UnsupportedConstruct(construct="a bit declared inside a block"))
        name = node.identifier.name
        if node.type.size is None:
            data: Any = Clbit()
            context.circuit.add_bits([data])
            kind: Any = types.Bit()
        else:
            data = ClassicalRegister(self._size(node.type.size, context), name)
            context.circuit.add_register(data)
            kind = types.BitArray(data.size)
        self._define(Symbol(name, data, kind, Scope.GLOBAL, node), context)
        if isinstance(node.init_expression, ast.QuantumMeasurement):
            qubit: Any = node.init_expression.qubit
            context.circuit.measure(self._resolve_qarg(qubit, context), data)
        elif node.init_expression is not None:
            raise CompilerError(UnsupportedConstruct(construct="an initial value of a bit"))
        return context

    def _define(self, symbol: Symbol, context: Any) -> None:
        known = context.symbol_table.get(symbol.name)
        if known is not None and known.scope in (symbol.scope, Scope.BUILTIN):
            kind = "a gate" if isinstance(known.type, types.Gate) else "something else"
            raise ConversionError(f"the name {symbol.name} already belongs to {kind}")
        context.symbol_table.insert(symbol)

    def _size(self, node: ast.Expression, context: Any) -> int:
        size = self._resolve_constant_int(node, context)
        if size < 1:
            raise ConversionError("a register needs at least one bit", node)
        if context.circuit.num_qubits + context.circuit.num_clbits + size > MAX_BITS:
            raise CompilerError(CircuitTooLong(limit=MAX_BITS, what="bits"))
        return int(size)

    def visit_ConstantDeclaration(self, node: ast.ConstantDeclaration, context: Any) -> Any:  # noqa: N802
        """A named number."""
        kind = _SCALARS.get(type(node.type))
        self._demand_number(node.init_expression, context)
        value, found = self._resolve_generic(node.init_expression, context, strict=False)
        if kind is None or not (is_number(found) or isinstance(found, types.Bool)):
            raise CompilerError(UnsupportedConstruct(construct="a constant of this type"))
        if isinstance(kind, types.Int | types.Uint):
            value = int(value)
        self._define(Symbol(node.identifier.name, value, kind, context.scope, node), context)
        return context

    def visit_IODeclaration(self, node: ast.IODeclaration, context: Any) -> Any:  # noqa: N802
        """Inputs are parameters, outputs are classical variables."""
        if node.io_identifier is not ast.IOKeyword.input:
            raise CompilerError(UnsupportedConstruct(construct="an output variable"))
        kind = _INPUTS.get(type(node.type))
        if kind is None:
            construct = "an input that is neither a float nor an angle"
            raise CompilerError(UnsupportedConstruct(construct=construct))
        name = node.identifier.name
        self.inputs.append(Parameter(name))
        self._define(Symbol(name, self.inputs[-1], kind, Scope.GLOBAL, node), context)
        return context

    def visit_QuantumGateDefinition(  # noqa: N802
        self, node: ast.QuantumGateDefinition, context: Any
    ) -> Any:
        """A gate of the file's own: with symbols for its angles, or where that fails, per call."""
        source = self._source

        def evaluate(angles: Sequence[Any]) -> QuantumCircuit:
            return self._evaluated(node, angles, source, context)

        try:
            super().visit_QuantumGateDefinition(node, context)
        except (CompilerError, *NOT_BOUND):
            self._try_body(node, evaluate)
            made = Declaration(node, None, evaluate)
            sizes = len(node.arguments), len(node.qubits)
            return self._define_gate(node.name.name, made, *sizes, node, context)
        symbol = context.symbol_table.get(node.name.name, node)
        symbol.data = Declaration(node, symbol.data._definition, evaluate)
        return context

    def _try_body(
        self,
        node: ast.QuantumGateDefinition,
        evaluate: Callable[[Sequence[Any]], QuantumCircuit],
    ) -> None:
        """Find what is wrong with a body whatever the angles of a call are."""
        before, self._is_trial = self._is_trial, True
        try:
            evaluate([_TRIAL_ANGLE / (k + 1) for k in range(len(node.arguments))])
        except NoValueError:
            pass  # for these angles
        finally:
            self._is_trial = before

    def _evaluated(
        self,
        node: ast.QuantumGateDefinition,
        angles: Sequence[Any],
        source: CircuitText,
        context: Any,
    ) -> QuantumCircuit:
        """The body of a gate of the file for these angles, as its place in the file sees names."""
        table = context.symbol_table
        before = self._source, self._cube
        self._source, self._cube = source, ()
        inner_scopes = [table.pop() for _ in range(len(table) - 1)]
        try:
            with GateScope(context) as inner:
                bits = [Qubit() for _ in node.qubits]
                inner.circuit.add_bits(bits)
                values: list[Any] = [*angles, *bits]
                kinds: list[Any] = [
                    types.Float(const=not isinstance(angle, ParameterExpression))
                    for angle in angles
                ]
                kinds += [types.Qubit()] * len(bits)
                names = [name.name for name in (*node.arguments, *node.qubits)]
                symbols: Any = inner.symbol_table
                for name, value, kind in zip(names, values, kinds, strict=True):
                    symbols.insert(Symbol(name, value, kind, Scope.GATE, node))
                for statement in node.body:
                    self.visit(statement, inner)
            return inner.circuit
        finally:
            for scope in reversed(inner_scopes):
                table.push(scope)
            self._source, self._cube = before

    # Operations

    def visit_QuantumGate(self, node: ast.QuantumGate, context: Any) -> Any:  # noqa: N802
        """A gate call, once the number of its angles and operands is known to be right."""
        symbol = context.symbol_table.get(node.name.name, node)
        if symbol is not None:
            if not isinstance(symbol.type, types.Gate):
                raise ConversionError(f"{symbol.name} is not a gate", node)
            angles, qubits = _signature(symbol.type)
            _check_count("parameters", symbol.name, angles, len(node.arguments))
            if not node.modifiers:
                _check_count("qubits", symbol.name, qubits, len(node.qubits))
        return super().visit_QuantumGate(node, context)

    def _apply_gate_modifier(self, modifier: Any, gate: Any, context: Any) -> Any:
        try:
            return self._modified(modifier, gate, context)
        except TypeError as error:  # Qiskit's, about a gate whose matrix it would need
            names = sorted({name for value in gate.params for name in unbound_names(value)})
            if not names:
                raise
            raise CompilerError(UnboundParameter(name=", ".join(names))) from error

    def _modified(self, modifier: Any, gate: Any, context: Any) -> Any:
        if modifier.modifier is ast.GateModifierName.pow and modifier.argument is not None:
            return power_of(gate, self._resolve_constant_float(modifier.argument, context))
        return super()._apply_gate_modifier(modifier, gate, context)

    def visit_QuantumPhase(self, node: ast.QuantumPhase, context: Any) -> Any:  # noqa: N802
        """A global phase; under a condition it cannot be observed."""
        if self._cube and not node.qubits:
            return context
        return super().visit_QuantumPhase(node, context)

    def visit_QuantumMeasurementStatement(  # noqa: N802
        self, node: ast.QuantumMeasurementStatement, context: Any
    ) -> Any:
        """A measurement into bits."""
        if node.target is None:
            raise ConversionError("a measurement needs a classical bit for its result")
        return super().visit_QuantumMeasurementStatement(node, context)

    # Blocks

    def visit_CompoundStatement(self, node: ast.CompoundStatement, context: Any) -> Any:  # noqa: N802
        """A block in braces."""
        return self._block(node.statements, context)

    def visit_Box(self, node: ast.Box, context: Any) -> Any:  # noqa: N802
        """A box is what it contains: its duration is a wish about one device."""
        return self._block(node.body, context)

    def visit_ForInLoop(self, node: ast.ForInLoop, context: Any) -> Any:  # noqa: N802
        """The body for each value, with the loop variable as a constant."""
        if not isinstance(node.type, ast.IntType | ast.UintType):
            raise ConversionError(
                "loop variables of other types than int and uint are not supported"
            )
        self._demand_number(node.set_declaration, context)
        values, kind = self._resolve_generic(node.set_declaration, context, strict=True)
        if isinstance(kind, types.Range):
            if values.start is None or values.stop is None:
                raise ConversionError("the range of a loop needs a start and an end")
            values = range(values.start, values.stop, values.step or 1)
        elif not isinstance(kind, types.Sequence):
            raise ConversionError("a loop over this is not supported")
        self._passes += loop_passes(values)
        if self._passes > MAX_OPERATIONS:
            raise CompilerError(CircuitTooLong(limit=MAX_OPERATIONS, what="loop passes"))
        for value in values:
            variable = Symbol(node.identifier.name, value, types.Int(const=True), Scope.LOCAL, node)
            self._block(node.block, context, variable=variable)
        return context

    def visit_BranchingStatement(self, node: ast.BranchingStatement, context: Any) -> Any:  # noqa: N802
        """The body under each case of the condition, the other body under each other case."""
        condition = not_zero(self._word(node.condition, context))
        self._branch(condition, node.if_block, context)
        if node.else_block:
            self._branch(negation(condition), node.else_block, context)
        return context

    def visit_SwitchStatement(self, node: ast.SwitchStatement, context: Any) -> Any:  # noqa: N802
        """Each body under the values of its case."""
        target = self._word(node.target, context)
        remaining = ALWAYS
        for values, block in node.cases:
            chosen = NEVER
            for value in values:
                is_value = equal(target, self._word(value, context))
                chosen = either(chosen, both(remaining, is_value))
            self._branch(chosen, block.statements, context)
            remaining = both(remaining, negation(chosen))
        if node.default is not None:
            self._branch(remaining, node.default.statements, context)
        return context

    def _branch(
        self, condition: Condition, statements: Sequence[ast.Statement], context: Any
    ) -> None:
        outer = self._cube
        for cube in both((outer,), condition):
            self._cube = cube
            self._block(statements, context)
        self._cube = outer

    def _block(
        self,
        statements: Sequence[ast.Statement],
        context: Any,
        *,
        variable: Symbol | None = None,
    ) -> Any:
        scope: Any = LocalScope(context)
        with scope as inner:
            if variable is not None:
                inner.symbol_table.insert(variable)
            for statement in statements:
                self.visit(statement, inner)
        return context

    # Values

    def _demand_number(self, node: Any, context: Any) -> None:
        """Refuse an expression whose value is needed now if it depends on a parameter."""
        if isinstance(node, list | tuple):
            for item in node:
                self._demand_number(item, context)
        elif isinstance(node, ast.Identifier):
            symbol = context.symbol_table.get(node.name, node)
            if symbol is not None and isinstance(symbol.data, ParameterExpression):
                names = sorted(parameter.name for parameter in symbol.data.parameters)
                raise CompilerError(UnboundParameter(name=", ".join(names)))
        elif isinstance(node, ast.QASMNode):
            self._demand_number(list(vars(node).values()), context)

    def _resolve_constant_int(self, node: ast.Expression, context: Any) -> Any:
        self._demand_number(node, context)
        return super()._resolve_constant_int(node, context)

    def _resolve_constant_float(self, node: ast.Expression, context: Any) -> Any:
        self._demand_number(node, context)
        return super()._resolve_constant_float(node, context)

    def _resolve_generic(self, node: Any, context: Any, strict: bool) -> Any:
        return Resolver(context, strict).resolve(node)

    def _resolve_constant_duration(self, node: ast.Expression, context: Any) -> Any:
        self._demand_number(node, context)
        value, unit = super()._resolve_constant_duration(node, context)
        if unit == "dt":
            raise CompilerError(DelayWithoutUnit(how="in samples (dt)"))
        return value, unit

    def _word(self, node: ast.Expression, context: Any) -> Word:
        self._demand_number(node, context)
        return word_of(
            node, lambda value: self._resolve_generic(value, context, strict=True), self._bit
        )

    def _bit(self, clbit: Clbit) -> Condition:
        index = self._circuit.find_bit(clbit).index
        # Classical bits start as 0, and which ones have been measured is known: nothing is
        # measured under a condition.
        return bit(index) if index in self._written else NEVER


def _line(node: ast.QASMNode) -> int:
    return node.span.start_line if node.span else 0


def _check_count(what: str, name: str, wanted: int, given: int) -> None:
    if wanted != given:
        raise ConversionError(f"the number of {what} of {name} is {wanted}, not {given}")


def _signature(kind: Any) -> tuple[int, int]:
    """Number of angles and of qubits of a gate; the importer's own `U` has lists of them."""
    angles, qubits = kind.n_classical, kind.n_quantum
    return (angles, qubits) if isinstance(angles, int) else (len(angles), len(qubits))


def _sentence(error: Exception) -> str:
    text = str(getattr(error, "message", error)).strip("'\"").rstrip(".")
    return text[:1].lower() + text[1:] if text else type(error).__name__
