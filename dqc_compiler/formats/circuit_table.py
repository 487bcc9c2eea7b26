"""The flat sequence of a circuit's instructions as operations of the IR."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qiskit.circuit import Barrier, Delay, Measure, Reset

from dqc_compiler.diagnostics.circuit import (
    CircuitTooLong,
    ConditionalOperation,
    DelayWithoutUnit,
    InvalidStatement,
    UnboundParameter,
)
from dqc_compiler.diagnostics.core import CompilerError
from dqc_compiler.formats.circuit_control_flow import ControlFlow, Step
from dqc_compiler.formats.circuit_gates import MAX_OPERATIONS, GateExpander
from dqc_compiler.formats.circuit_parameters import ParameterTable, finite_numbers, unbound_names
from dqc_compiler.ir import Operation

_NANOSECONDS = {"s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1.0, "ps": 1e-3}


def table_rows(flow: ControlFlow, table: ParameterTable) -> tuple[list[Operation], float]:
    """The operations of a circuit in order, and its global phase.

    Raises:
        CompilerError: something cannot be written over the vocabulary. Its diagnostics have no
            place; the statement is the one that `flow.line` says.
    """
    always = GateExpander(table, swap_is_free=True)
    sometimes = GateExpander(table, swap_is_free=False)
    rows: list[Operation] = []
    phase = 0.0
    for step in flow.steps():
        write = _STATEMENTS.get(getattr(step.operation, "base_class", None))
        if write is not None:
            rows.extend(write(step))
        else:
            phase += _add_gates(rows, step, sometimes if step.cube else always)
        if len(rows) > MAX_OPERATIONS:
            raise CompilerError(CircuitTooLong(limit=MAX_OPERATIONS, what="operations"))
    return rows, phase + flow.phase


def _add_gates(rows: list[Operation], step: Step, expander: GateExpander) -> float:
    """Append what a gate becomes; returns the phase that it adds to the whole circuit."""
    expansion = expander.expand(step.instruction)
    qubits = step.qubits
    for name, local, parameters in expansion.rows:
        operands = tuple([qubits[q] for q in local])
        if name != "barrier":
            rows.append(Operation(name, operands, parameters, None, step.cube, step.line))
        elif not step.cube:
            rows.append(Operation(name, operands, line=step.line))
    # The phase of a conditional gate differs between outcomes, where it cannot be observed.
    return 0.0 if step.cube else expansion.phase


def _measure(step: Step) -> list[Operation]:
    _check_unconditional(step, "a measurement")
    (qubit,), (clbit,) = step.qubits, step.clbits
    return [Operation("measure", (qubit,), clbit=clbit, line=step.line)]


def _reset(step: Step) -> list[Operation]:
    _check_unconditional(step, "a reset")
    return [Operation("reset", tuple(step.qubits), line=step.line)]


def _barrier(step: Step) -> list[Operation]:
    # What it orders under a condition is ordered by the condition's own place already.
    if step.cube or not step.qubits:
        return []
    return [Operation("barrier", tuple(step.qubits), line=step.line)]


def _delay(step: Step) -> list[Operation]:
    _check_unconditional(step, "a delay")
    unit, duration = step.operation.unit, step.operation.duration
    if names := unbound_names(duration):
        raise CompilerError(UnboundParameter(name=", ".join(names)))
    if unit not in _NANOSECONDS:
        how = "in samples (dt)" if unit == "dt" else "as an expression"
        raise CompilerError(DelayWithoutUnit(how=how))
    (number,) = finite_numbers("delay", [duration])
    if number < 0:
        raise CompilerError(InvalidStatement(problem="a delay cannot be negative"))
    return [Operation("delay", tuple(step.qubits), (number * _NANOSECONDS[unit],), line=step.line)]


def _check_unconditional(step: Step, operation: str) -> None:
    if step.cube:
        raise CompilerError(ConditionalOperation(operation=operation))


_STATEMENTS: dict[Any, Callable[[Step], list[Operation]]] = {
    Measure: _measure,
    Reset: _reset,
    Barrier: _barrier,
    Delay: _delay,
}
"""By type, because a file may give these names to gates of its own."""
