"""Read a circuit: OpenQASM 2, OpenQASM 3 or a Qiskit circuit, into the compiler's own table.

Everything is written over the vocabulary of the IR. Loops and branches are written out, so that
what remains are gates under conjunctions of classical bits, measurements, resets, barriers and
delays, each with the line it came from.
"""

from __future__ import annotations

import math
import os
import re
import reprlib
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dqc_compiler.diagnostics.circuit import NestedTooDeeply, NoQubits
from dqc_compiler.diagnostics.core import CompilerError, Place
from dqc_compiler.formats.circuit_text import (
    CircuitText,
    Parsed,
    given_circuit_text,
    language_version,
    located,
    read_circuit_text,
)
from dqc_compiler.formats.qasm_text import register_names
from dqc_compiler.ir import Circuit
from dqc_compiler.ir.angles import wrapped

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def read_circuit(
    source: str | os.PathLike[str] | QuantumCircuit, *, text: str | None = None
) -> Circuit:
    """Read a circuit.

    Args:
        source: path of an OpenQASM 2 or 3 file, or a Qiskit circuit.
        text: source text to read instead of a file; `source` is then only what messages call it.

    Returns:
        The circuit over the IR's vocabulary. Qubits and bits are named like "q[0]", those outside
        of any register "_bit0", "_bit1" and so on in their order, qubits and bits separately.
        Every condition reads only bits that have been measured before.

    Raises:
        CompilerError: the text is not a circuit, or uses what cannot be distributed.
        TypeError: `source` is neither a path nor a circuit.
    """
    if not isinstance(source, str | os.PathLike):
        return circuit_from_qiskit(_checked(source))
    path = Path(source)
    origin = read_circuit_text(path) if text is None else given_circuit_text(str(source), text)
    name = _printable(path.stem)
    parse = _parser(language_version(origin))
    try:
        parsed = parse(origin)
    except RecursionError as error:
        place = Place(file=origin.name)
        raise CompilerError(NestedTooDeeply(place=place)) from error
    if not parsed.circuit.num_qubits:
        raise CompilerError(NoQubits(place=Place(file=origin.name)))
    return _circuit_from(parsed, name=name, source=origin)


def _checked(given: object) -> QuantumCircuit:
    from qiskit import QuantumCircuit  # noqa: PLC0415  imported anyway if it is one

    if not isinstance(given, QuantumCircuit):
        kinds = "the path of an OpenQASM file, a Qiskit QuantumCircuit or a Circuit"
        raise TypeError(f"a circuit has to be {kinds}, not {reprlib.repr(given)}")
    return given


def circuit_from_qiskit(circuit: QuantumCircuit) -> Circuit:
    """Write a Qiskit circuit, which may contain control flow, over the IR's vocabulary.

    Raises:
        CompilerError: the circuit has no qubits, or uses what cannot be distributed.
    """
    if not circuit.num_qubits:
        raise CompilerError(NoQubits())
    parsed = Parsed(circuit, [], [], [])
    return _circuit_from(parsed, name=_printable(circuit.name or "circuit"))


def _circuit_from(parsed: Parsed, *, name: str, source: CircuitText | None = None) -> Circuit:
    """A circuit over the IR's vocabulary; lines count in the source."""
    from dqc_compiler.formats.circuit_control_flow import ControlFlow  # noqa: PLC0415  needs Qiskit
    from dqc_compiler.formats.circuit_parameters import (  # noqa: PLC0415  needs Qiskit
        ParameterTable,
    )
    from dqc_compiler.formats.circuit_table import table_rows  # noqa: PLC0415  needs Qiskit

    circuit = parsed.circuit
    qubits, clbits = _names(circuit, circuit.qubits), _names(circuit, circuit.clbits)
    table = ParameterTable(register_names(qubits, clbits), parsed.inputs)
    flow = ControlFlow(circuit, table, lines=parsed.lines, cubes=parsed.cubes)
    try:
        with warnings.catch_warnings():
            # Qiskit computes with sparse matrices of a kind that SciPy says it could do better.
            warnings.filterwarnings("ignore", module=r"scipy\.")
            rows, phase = table_rows(flow, table)
            table.declare(circuit.parameters)  # of gates that are never executed, too
    except CompilerError as error:
        raise located(error, source.place(flow.line) if source else None) from error
    except RecursionError as error:
        place = source.place(flow.line) if source else None
        raise CompilerError(NestedTooDeeply(place=place)) from error
    return Circuit.from_operations(
        name,
        qubits,
        clbits,
        rows,
        parameters=table.parameters,
        global_phase=wrapped(phase, math.tau),
        source=source.name if source else None,
    )


def _parser(version: int) -> Callable[[CircuitText], Parsed]:
    if version == 2:
        from dqc_compiler.formats.circuit_qasm2 import parse_qasm2  # noqa: PLC0415  needs Qiskit

        return parse_qasm2
    from dqc_compiler.formats.circuit_qasm3 import parse_qasm3  # noqa: PLC0415  needs Qiskit

    return parse_qasm3


def _names(circuit: QuantumCircuit, bits: Sequence[Any]) -> list[str]:
    names: list[str] = []
    loose = 0
    for bit in bits:
        registers = circuit.find_bit(bit).registers
        if registers:
            register, index = registers[0]
            names.append(f"{register.name}[{index}]")
        else:
            names.append(f"_bit{loose}")
            loose += 1
    return names


def _printable(name: str) -> str:
    """A name that fits on one line of a text file."""
    return re.sub(r"[^\w.+ -]", "_", name).strip() or "circuit"
