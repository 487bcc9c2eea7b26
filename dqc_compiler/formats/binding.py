"""Values of parameters: what a user gives by name, and what formulas make of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

from dqc_compiler.diagnostics.core import CompilerError, Diagnostic
from dqc_compiler.diagnostics.usage import (
    BadParameterValue,
    BoundAlready,
    FormulaWithoutValue,
    UnknownParameter,
)
from dqc_compiler.formats.expressions import evaluate_formula
from dqc_compiler.ir.angles import Parameter


def bind_parameters(
    parameters: Sequence[Parameter], given: Mapping[str, float]
) -> tuple[Parameter, ...]:
    """Parameters with more values; those of formulas follow as soon as they can.

    Args:
        parameters: of a circuit.
        given: values of its own parameters, by their names or identifiers.

    Raises:
        CompilerError: for each value that is not finite (DQC542), or whose parameter there is not
            (DQC541) or has one already (DQC543); or if a formula has no value (DQC544).
    """
    own = {p.identifier: p for p in parameters if p.formula is None}
    own |= {p.name: p for p in own.values()}  # names come first
    problems: list[Diagnostic] = []
    values: dict[str, float] = {}
    for name, value in given.items():
        parameter = own.get(name)
        if parameter is None:
            known = ", ".join(dict.fromkeys(p.name for p in own.values())) or "none"
            problems.append(UnknownParameter(name=name, known=known))
        elif parameter.value is not None or parameter.identifier in values:
            problems.append(BoundAlready(name=parameter.name))
        elif not isfinite(value):
            problems.append(BadParameterValue(name=parameter.name, found=str(value)))
        else:
            values[parameter.identifier] = float(value)
    if problems:
        raise CompilerError(*problems)
    return with_formulas([parameter.bound(values) for parameter in parameters])


def with_formulas(parameters: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """Parameters with the values of formulas that follow from those of the others.

    Raises:
        CompilerError: if a formula has no finite value (DQC544).
    """
    rows = list(parameters)
    missing = {p.identifier for p in rows if p.value is None and p.formula is None}
    values = {p.identifier: p.value for p in rows if p.value is not None and p.formula is None}
    return tuple([_evaluated(parameter, values, missing) for parameter in rows])


def _evaluated(
    parameter: Parameter, values: Mapping[str, float], missing: Iterable[str]
) -> Parameter:
    if parameter.formula is None:
        return parameter
    if any(re.search(rf"\b{name}\b", parameter.formula) for name in missing):
        return parameter
    value = evaluate_formula(parameter.formula, values)
    if value is None:
        raise CompilerError(FormulaWithoutValue(formula=parameter.formula))
    return parameter._replace(value=value)
