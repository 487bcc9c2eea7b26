"""Values and conditions of OpenQASM 3 expressions."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from itertools import zip_longest
from typing import Any

from openqasm3 import ast
from qiskit.circuit import CircuitError, Clbit, ParameterExpression
from qiskit_qasm3_import import ConversionError, types
from qiskit_qasm3_import.expression import ValueResolver

from dqc_compiler.diagnostics.circuit import UnsupportedCondition
from dqc_compiler.diagnostics.core import CompilerError
from dqc_compiler.formats.circuit_conditions import (
    NEVER,
    Condition,
    Word,
    both,
    either,
    equal,
    exactly_one,
    less,
    negation,
    not_zero,
    word,
)

Connective = Callable[[Word, Word], Word]

POWER = "\u01a5ow"
"""What the function pow is called in the syntax tree: in the grammar the word is a modifier."""

_FUNCTIONS: dict[str, tuple[int, Callable[..., float]]] = {
    "sin": (1, math.sin), "cos": (1, math.cos), "tan": (1, math.tan), "arcsin": (1, math.asin),
    "arccos": (1, math.acos), "arctan": (1, math.atan), "exp": (1, math.exp), "log": (1, math.log),
    "sqrt": (1, math.sqrt), "floor": (1, math.floor), "ceiling": (1, math.ceil),
    "mod": (2, operator.mod), POWER: (2, math.pow),
}  # fmt: skip
"""Name -> number of arguments, and what it computes."""

# Angles times angles are no angles in the language's types, but gates are called with numbers.
_OF_PARAMETERS = {"*": operator.mul, "/": operator.truediv, "**": operator.pow}


class NoValueError(ConversionError):
    """A function is not defined for the numbers that it was given."""


class Resolver(ValueResolver):
    """Values of expressions, with the functions of the language and checked indices."""

    def __init__(self, context: Any, strict: bool = True) -> None:
        super().__init__(context, strict)
        self._seen: dict[int, Any] = {}  # id of a node -> value and type

    def visit(self, node: ast.QASMNode, context: None = None) -> Any:
        """Each part once: otherwise parts of parts would be visited twice at every level."""
        if id(node) not in self._seen:
            self._seen[id(node)] = super().visit(node, context)
        return self._seen[id(node)]

    def visit_FunctionCall(self, node: ast.FunctionCall) -> Any:  # noqa: N802
        """A function of constants, or of the parameters of the gate that is being defined."""
        key = node.name.name
        name = "pow" if key == POWER else key
        if key not in _FUNCTIONS:
            raise ConversionError(f"the function '{name}' is not supported", node)
        count, function = _FUNCTIONS[key]
        if len(node.arguments) != count:
            words = f"the number of arguments of {name} is {count}, not {len(node.arguments)}"
            raise ConversionError(words, node)
        values = [self.visit(argument) for argument in node.arguments]
        inner = values[0][0]
        if isinstance(inner, ParameterExpression) and (name == "sqrt" or hasattr(inner, name)):
            value = inner**0.5 if name == "sqrt" else getattr(inner, name)()
            return value, _of_parameters(values[0][1])
        if key == POWER and any(isinstance(value, ParameterExpression) for value, _ in values):
            (base, base_type), (exponent, exponent_type) = values
            return base**exponent, _of_parameters(base_type, exponent_type)
        if not all(is_number(kind) for _, kind in values):
            raise ConversionError("functions of anything but constants are not supported", node)
        numbers = [value for value, _ in values]
        try:
            return float(function(*numbers)), types.Float(const=True)
        except (ValueError, ArithmeticError) as error:
            words = f"{name}({', '.join(f'{number:g}' for number in numbers)}) has no finite value"
            raise NoValueError(words, node) from error

    def visit_BinaryExpression(self, node: ast.BinaryExpression) -> Any:  # noqa: N802
        """Arithmetic; remainders of constants only."""
        if node.op.name not in ("**", "%", "*", "/"):
            return super().visit_BinaryExpression(node)
        (left, left_type), (right, right_type) = self.visit(node.lhs), self.visit(node.rhs)
        are_angles = _is_angle(left_type) and _is_angle(right_type)
        is_of_parameters = any(isinstance(side, ParameterExpression) for side in (left, right))
        if is_of_parameters and are_angles and node.op.name in _OF_PARAMETERS:
            return _OF_PARAMETERS[node.op.name](left, right), _of_parameters(left_type, right_type)
        if node.op.name in ("*", "/"):
            return super().visit_BinaryExpression(node)
        if not (is_number(left_type) and is_number(right_type)):
            raise ConversionError(f"'{node.op.name}' of anything but constants is not supported")
        value = math.pow(left, right) if node.op.name == "**" else left % right
        if isinstance(left, int) and isinstance(right, int) and value == int(value):
            return int(value), types.Int(const=True)
        return value, types.Float(const=True)

    def visit_RangeDefinition(self, node: ast.RangeDefinition) -> Any:  # noqa: N802
        """A range whose ends and step are constant integers."""
        for part in (node.start, node.end, node.step):
            kind = types.Int(const=True) if part is None else self.visit(part)[1]
            if not (isinstance(kind, types.Int | types.Uint) and kind.const):
                raise ConversionError("the ends of a range must be constant integers", node)
        return super().visit_RangeDefinition(node)

    def _index_collection(
        self, collection: Any, collection_type: Any, indexer: Any, base: Any
    ) -> Any:
        try:
            return super()._index_collection(collection, collection_type, indexer, base)
        except (IndexError, CircuitError):
            message = f"an index is outside of 0 to {len(collection) - 1}"
            raise ConversionError(message, base) from None


def word_of(
    node: ast.Expression,
    resolve: Callable[[ast.Expression], tuple[Any, Any]],
    read: Callable[[Clbit], Condition],
) -> Word:
    """A classical expression as its binary digits; a Boolean has one.

    Args:
        node: the expression.
        resolve: value and type of an expression without operators of conditions.
        read: when a bit is 1.

    Raises:
        CompilerError: without a place: the expression is no condition, or has too many cases.
    """
    if isinstance(node, ast.UnaryExpression) and node.op.name in ("!", "~"):
        operand = word_of(node.expression, resolve, read)
        if node.op.name == "!":
            return (negation(not_zero(operand)),)
        return tuple(negation(digit) for digit in operand)
    if isinstance(node, ast.BinaryExpression) and node.op.name in _CONNECTIVES:
        left, right = word_of(node.lhs, resolve, read), word_of(node.rhs, resolve, read)
        return _CONNECTIVES[node.op.name](left, right)
    if isinstance(node, ast.Cast):
        if isinstance(node.type, ast.BoolType):
            return (not_zero(word_of(node.argument, resolve, read)),)
        if isinstance(node.type, ast.IntType | ast.UintType | ast.BitType):
            return word_of(node.argument, resolve, read)
    value, kind = resolve(node)
    if isinstance(kind, types.Bit):
        return (read(value),)
    if isinstance(kind, types.BitArray):
        return tuple(read(clbit) for clbit in value)
    if not (isinstance(kind, types.Bool | types.Int | types.Uint) and kind.const):
        raise CompilerError(UnsupportedCondition(part=f"a value of type {kind.pretty()}"))
    if value < 0:
        raise CompilerError(UnsupportedCondition(part="a negative number"))
    return word(int(value))


def _is_angle(kind: Any) -> bool:
    return isinstance(kind, types.Int | types.Uint | types.Float | types.Angle)


def _of_parameters(*kinds: Any) -> Any:
    """The type of what depends on parameters: an angle if it is made of one, otherwise a float."""
    is_angle = any(isinstance(kind, types.Angle) for kind in kinds)
    return types.Angle() if is_angle else types.Float()


def is_number(kind: Any) -> bool:
    """Whether a type is that of a constant number."""
    return isinstance(kind, types.Int | types.Uint | types.Float | types.Angle) and kind.const


def _digitwise(operation: Callable[[Condition, Condition], Condition]) -> Connective:
    def apply(left: Word, right: Word) -> Word:
        return tuple(operation(a, b) for a, b in zip_longest(left, right, fillvalue=NEVER))

    return apply


_CONNECTIVES: dict[str, Connective] = {
    "&&": lambda a, b: (both(not_zero(a), not_zero(b)),),
    "||": lambda a, b: (either(not_zero(a), not_zero(b)),),
    "&": _digitwise(both),
    "|": _digitwise(either),
    "^": _digitwise(exactly_one),
    "==": lambda a, b: (equal(a, b),),
    "!=": lambda a, b: (negation(equal(a, b)),),
    "<": lambda a, b: (less(a, b),),
    ">": lambda a, b: (less(b, a),),
    "<=": lambda a, b: (negation(less(b, a)),),
    ">=": lambda a, b: (negation(less(a, b)),),
}
