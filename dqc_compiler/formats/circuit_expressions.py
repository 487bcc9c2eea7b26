"""Angles of the IR as expressions of Qiskit's parameters."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from qiskit.circuit import Parameter as QiskitParameter
from qiskit.circuit import ParameterExpression

from dqc_compiler.formats.expressions import build_formula
from dqc_compiler.ir.angles import Angle, Parameter


def _method(name: str, of_numbers: Callable[[float], float]) -> Callable[[Any], Any]:
    def apply(value: Any) -> Any:
        is_symbolic = isinstance(value, ParameterExpression)
        return getattr(value, name)() if is_symbolic else of_numbers(value)

    return apply


def _sign(value: float) -> float:
    return float((value > 0) - (value < 0))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sin": _method("sin", math.sin), "cos": _method("cos", math.cos),
    "tan": _method("tan", math.tan), "asin": _method("arcsin", math.asin),
    "acos": _method("arccos", math.acos), "atan": _method("arctan", math.atan),
    "exp": _method("exp", math.exp), "log": _method("log", math.log),
    "sqrt": lambda value: value**0.5, "abs": abs, "sign": _method("sign", _sign),
    "conj": _method("conjugate", float), "**": operator.pow,
}  # fmt: skip


class Expressions:
    """What angles are in a Qiskit circuit.

    Args:
        parameters: of the program.
        own: Qiskit's parameters to use, by name; others are made.
    """

    def __init__(
        self, parameters: Iterable[Parameter], own: Mapping[str, QiskitParameter] | None = None
    ) -> None:
        own = own or {}
        rows = list(parameters)
        self._of: dict[str, Any] = {
            p.identifier: own.get(p.name) or QiskitParameter(p.name)
            for p in rows
            if p.formula is None
        }
        given = {p.identifier: p.value for p in rows if p.value is not None}
        for p in rows:
            if p.formula is not None:
                self._of[p.identifier] = build_formula(p.formula, {**self._of, **given}, _FUNCTIONS)
        self._known: dict[Angle, Any] = {}

    def of(self, angle: float) -> Any:
        """A number, or an expression."""
        if not isinstance(angle, Angle):
            return angle
        if angle not in self._known:
            self._known[angle] = self._made(angle)
        return self._known[angle]

    def all_of(self, angles: Iterable[float]) -> list[Any]:
        """Numbers and expressions."""
        return [self.of(angle) for angle in angles]

    def _made(self, angle: Angle) -> Any:
        parts = [
            self._of[name] if factor == 1 else factor * self._of[name]
            for name, factor in angle.terms
        ]
        total = sum(parts[1:], start=parts[0])
        return total + angle.constant if angle.constant else total
