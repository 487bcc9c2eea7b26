"""Arithmetic in texts: angles of programs, and formulas of parameters."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NUMBER = re.compile(NUMBER)
_TOKEN = re.compile(rf"\s*(?:({NUMBER})|(\w+)|(\*\*|[-+*/()]))")
_CONSTANTS = {"pi": math.pi}
_POWER = "**"
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "asin": math.asin, "acos": math.acos,
    "atan": math.atan, "exp": math.exp, "log": math.log, "sqrt": math.sqrt, "abs": abs,
    "sign": lambda value: float((value > 0) - (value < 0)), "conj": float,
    _POWER: math.pow,
}  # fmt: skip
_NO_VALUE = (ValueError, ArithmeticError, TypeError, RecursionError)


def evaluate(text: str, values: Mapping[str, float] = _CONSTANTS) -> float | None:
    """Value of an expression of numbers, pi, + - * / and parentheses; None if it is not one.

    Args:
        text: the expression.
        values: of other names; with angles among them the result may be an angle.
    """
    return _finite(text, values, {})


def evaluate_formula(text: str, values: Mapping[str, float]) -> float | None:
    """Value of a formula, which may use powers and functions, too; None if it has none."""
    return _finite(text, values, _FUNCTIONS)


def build_formula(
    text: str, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]
) -> Any:
    """What a formula is of values that are no numbers.

    Args:
        text: a formula that has values.
        values: for its names; they need the operators of numbers.
        functions: for the names of all functions, and `**`.
    """
    return _Expression(text, values, functions).whole()


def _finite(
    text: str, values: Mapping[str, float], functions: Mapping[str, Callable[..., Any]]
) -> float | None:
    try:
        if _NUMBER.fullmatch(text):
            value = float(text)
        else:
            value = _Expression(text, values, functions).whole()
        return value if math.isfinite(value) else None
    except _NO_VALUE:
        return None


class _Expression:
    """Recursive descent over sum, product, sign, power and atom."""

    def __init__(
        self, text: str, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]
    ) -> None:
        self.values = values
        self.functions = functions
        self.powers = (_POWER,) if _POWER in functions else ()
        self.tokens: list[str] = []
        position = 0
        text = text.rstrip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if not found:
                raise ValueError(text)
            self.tokens.append(found[0].strip())
            position = found.end()
        self.position = 0

    def whole(self) -> Any:
        result = self.sum()
        if self.position != len(self.tokens):
            raise ValueError
        return result

    def take(self, *wanted: str) -> str | None:
        if self.position < len(self.tokens) and self.tokens[self.position] in wanted:
            self.position += 1
            return self.tokens[self.position - 1]
        return None

    def sum(self) -> Any:
        result = self.product()
        while sign := self.take("+", "-"):
            term = self.product()
            result = result + term if sign == "+" else result - term
        return result

    def product(self) -> Any:
        result = self.signed()
        while sign := self.take("*", "/"):
            factor = self.signed()
            result = result * factor if sign == "*" else result / factor
        return result

    def signed(self) -> Any:
        if sign := self.take("+", "-"):
            return self.signed() if sign == "+" else -self.signed()
        base = self.atom()
        if self.take(*self.powers):
            return self.functions[_POWER](base, self.signed())
        return base

    def atom(self) -> Any:
        if self.take("("):
            return self.closed()
        if self.position == len(self.tokens):
            raise ValueError
        word = self.tokens[self.position]
        self.position += 1
        if word in self.functions and self.take("("):
            return self.functions[word](self.closed())
        if word in _CONSTANTS:
            return _CONSTANTS[word]
        return self.values[word] if word in self.values else float(word)

    def closed(self) -> Any:
        result = self.sum()
        if not self.take(")"):
            raise ValueError
        return result
