"""Parameters of Qiskit circuits as those of the IR, and expressions of them as angles."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from qiskit.circuit import Parameter as QiskitParameter
from qiskit.circuit import ParameterExpression
from qiskit.exceptions import QiskitError

from dqc_compiler.diagnostics.circuit import NonFiniteParameter, UnboundParameter
from dqc_compiler.diagnostics.core import CompilerError
from dqc_compiler.formats.expressions import evaluate_formula
from dqc_compiler.formats.qasm_text import RESERVED
from dqc_compiler.ir.angles import Angle, Parameter, is_fair

_PLACEHOLDER = re.compile(r"_dqc(\d+)_")
_FORMULA_TOLERANCE = 1e-9
_NO_NUMBER = (QiskitError, TypeError, ValueError, ArithmeticError, RuntimeError)


def unbound_names(value: Any) -> list[str]:
    """Names of the parameters in what may be an expression of Qiskit's."""
    if not isinstance(value, ParameterExpression):
        return []
    return sorted(parameter.name for parameter in value.parameters)


def finite_numbers(name: str, parameters: Iterable[Any]) -> tuple[float, ...]:
    """The parameters of an operation that needs numbers, as floats.

    Raises:
        CompilerError: a parameter has no value, or is not finite.
    """
    values = []
    for parameter in parameters:
        if names := unbound_names(parameter):
            raise CompilerError(UnboundParameter(name=", ".join(names)))
        try:
            value = float(parameter)
        except (TypeError, ValueError, OverflowError):  # complex, or an integer beyond all floats
            value = math.nan
        if not math.isfinite(value):
            raise CompilerError(NonFiniteParameter(gate=name, value=str(parameter)[:40]))
        values.append(value)
    return tuple(values)


class ParameterTable:
    """The parameters of a circuit, and what depends on them.

    Args:
        taken: names that identifiers must not be: those of registers.
        declared: parameters that the circuit has even if nothing depends on them, in order.
    """

    def __init__(self, taken: Iterable[str] = (), declared: Iterable[QiskitParameter] = ()) -> None:
        self._taken = set(taken)
        self._free: dict[QiskitParameter, Parameter] = {}
        self._derived: dict[str, Parameter] = {}
        self._known: dict[ParameterExpression, float] = {}
        self.declare(declared)

    def declare(self, parameters: Iterable[QiskitParameter]) -> None:
        """Parameters that the circuit has, whether anything depends on them or not."""
        for parameter in parameters:
            self._identifier(parameter)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Those of the circuit in order of appearance, then those that formulas define."""
        return (*self._free.values(), *self._derived.values())

    def angles(self, name: str, parameters: Iterable[Any]) -> tuple[float, ...]:
        """The parameters of a gate as floats, angles where they depend on parameters.

        Raises:
            CompilerError: a parameter is not a finite number at all.
        """
        return tuple([self._angle(name, parameter) for parameter in parameters])

    def _angle(self, name: str, value: Any) -> float:
        if not isinstance(value, ParameterExpression) or not value.parameters:
            return finite_numbers(name, [value])[0]
        if value not in self._known:
            self._known[value] = self._affine(name, value)
        return self._known[value]

    def _affine(self, name: str, value: ParameterExpression) -> float:
        parameters = sorted(value.parameters, key=lambda parameter: parameter.name)
        own = [Angle.of(self._identifier(parameter)) for parameter in parameters]
        try:
            slopes = [value.gradient(parameter) for parameter in parameters]
            constant = value.bind(dict.fromkeys(parameters, 0.0)).numeric()
        except _NO_NUMBER:  # no derivative, or no value at 0
            return self._derived_angle(value)
        if not all(isinstance(slope, int | float) for slope in slopes):
            return self._derived_angle(value)
        (total,) = finite_numbers(name, [constant])
        factors = finite_numbers(name, slopes)
        if not all(is_fair(factor) for factor in factors):
            return self._derived_angle(value)
        for slope, angle in zip(factors, own, strict=True):
            total = total + slope * angle
        return total

    def _derived_angle(self, value: ParameterExpression) -> float:
        """A new parameter for what is not affine in those of the circuit."""
        formula = self._formula(value)
        if formula not in self._derived:
            identifier = self._free_identifier(f"derived_{len(self._derived)}")
            self._derived[formula] = Parameter(identifier, identifier, formula)
        return Angle.of(self._derived[formula].identifier)

    def _formula(self, value: ParameterExpression) -> str:
        order = sorted(value.parameters, key=lambda parameter: parameter.name)
        names = [self._identifier(parameter) for parameter in order]
        numbered = {p: QiskitParameter(f"_dqc{i}_") for i, p in enumerate(order)}
        text = _PLACEHOLDER.sub(lambda found: names[int(found[1])], str(value.subs(numbered)))
        # Near 1, where all functions but one have a value, and none has a special one.
        sample = {name: 0.7 + 0.2 / (i + 2) for i, name in enumerate(names)}
        try:
            wanted = float(value.bind(dict(zip(order, sample.values(), strict=True))).numeric())
        except _NO_NUMBER:
            wanted = math.nan
        found = evaluate_formula(text, sample)
        if found is None or not abs(found - wanted) <= _FORMULA_TOLERANCE * max(1, abs(wanted)):
            raise CompilerError(UnboundParameter(name=", ".join(unbound_names(value))))
        return text

    def _identifier(self, parameter: QiskitParameter) -> str:
        if parameter not in self._free:
            identifier = self._free_identifier(_as_identifier(parameter.name))
            self._free[parameter] = Parameter(identifier, parameter.name)
        return self._free[parameter].identifier

    def _free_identifier(self, name: str) -> str:
        # Channels are called so, and no node has a name that ends in two underscores.
        found = f"{name}__" if "_to_" in name else name
        while found in self._taken or found in RESERVED:
            found += "_"
        self._taken.add(found)
        return found


def _as_identifier(name: str) -> str:
    """A name as a word of letters, digits and underscores: `θ[0]` is `theta_0`; words stay."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return name
    spelled = "".join(map(_spelled, name))
    word = re.sub(r"[^A-Za-z0-9_]+", "_", spelled).strip("_") or "parameter"
    return f"_{word}" if word[0].isdigit() else word


def _spelled(letter: str) -> str:
    """Greek letters by their names."""
    name = unicodedata.name(letter, "")
    return name.split()[3].lower() if re.match(r"GREEK \w+ LETTER \w+", name) else letter
