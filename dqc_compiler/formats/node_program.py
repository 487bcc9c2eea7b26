"""Load a node's program as a Qiskit circuit, and write such a circuit as the same text again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path
from typing import NoReturn

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Clbit, IfElseOp, Parameter, Qubit

from dqc_compiler.diagnostics import CompilerError, Place
from dqc_compiler.diagnostics.usage import NoNodeProgram
from dqc_compiler.diagnostics.verify import MalformedProgram
from dqc_compiler.formats.circuit_out import node_circuit
from dqc_compiler.formats.circuit_parameters import ParameterTable
from dqc_compiler.formats.circuit_text import read_circuit_text
from dqc_compiler.formats.flat_qasm import FlatProgram, read_flat_qasm
from dqc_compiler.formats.qasm_text import Heading, header, statement_text
from dqc_compiler.ir import ABSENT, Statement
from dqc_compiler.ir.circuit import ONE_QUBIT_GATES, TWO_QUBIT_GATES

_SIZES = {
    **{name: (1, angles) for name, angles in ONE_QUBIT_GATES.items()},
    **{name: (2, angles) for name, angles in TWO_QUBIT_GATES.items()},
}
"""Gate -> how many qubits and angles it has."""

_QUBIT_REGISTERS = ("data", "comm")


def load_program(program: str | os.PathLike[str]) -> QuantumCircuit:
    """The program of one node, of the dialect "dqc-program 1", as a Qiskit circuit.

    Registers are those of the program, and its statements the circuit's instructions in the same
    order. Half a pair is the opaque instruction `dqc_epr` on a comm qubit, whose parameters are the
    link and the pair. The circuit's name is the node's; `metadata` has `node`, `circuit` (the name
    of the one that was distributed), `links` (those of the node, with the nodes at their ends) and
    `channels` (sender and receivers of each), and if there are any `inputs`, the names of the
    parameters in the order of the program.

    Args:
        program: the text, or the path of the file; a string of several lines is a text.

    Raises:
        CompilerError: if the file cannot be read, or is no such program (DQC401, DQC402).
    """
    if isinstance(program, str) and "\n" in program:
        text, source = program, "<program>"
    else:
        read = read_circuit_text(Path(program))
        text, source = read.text, read.name
    found = read_flat_qasm(text, source=source)
    heading = Heading.find(text)
    if heading is None:
        _malformed(source, 'the comment "dqc-program 1: node ... of ..." is missing')
    for name in found.qubit_registers:
        if name not in _QUBIT_REGISTERS:
            _malformed(source, f"qubits are in data and comm, not in {name}")
    for name in found.bit_registers:
        if name != "out" and "_to_" not in name:
            _malformed(source, f"bits are in out and channels, not in {name}")
    numbers = dict(zip(found.bit_registers, range(len(found.bit_registers)), strict=True))
    return node_circuit(
        heading,
        found.qubit_registers,
        {numbers[name]: (name, size) for name, size in found.bit_registers.items()},
        _rows(found, numbers),
        found.inputs,
    )


def _malformed(source: str, reason: str) -> NoReturn:
    raise CompilerError(MalformedProgram(place=Place(file=source), reason=reason))


def _rows(program: FlatProgram, numbers: dict[str, int]) -> Iterator[Statement]:
    registers = program.qubit_registers.items()
    cells = {
        bit: cell for cell, bit in enumerate((n, i) for n, size in registers for i in range(size))
    }
    for row in program.statements:
        is_pair = row.name == "dqc_epr"
        link, pair = map(int, row.parameters) if is_pair else (ABSENT, ABSENT)
        yield Statement(
            node=0,
            name=row.name,
            qubits=tuple([cells[bit] for bit in row.qubits]),
            parameters=() if is_pair else row.parameters,
            writes=None if row.writes is None else (numbers[row.writes[0]], row.writes[1]),
            condition=tuple((numbers[name], i, value) for name, i, value in row.condition),
            link=link,
            pair=pair,
        )


def dump_program(circuit: QuantumCircuit) -> str:
    """The text of a circuit of `load_program` or `Result.programs`, in "dqc-program 1".

    What the compiler has written comes out byte by byte as it was. The instructions may have been
    changed, as long as the dialect has them.

    Raises:
        CompilerError: if the circuit is no program of a node (DQC571).
    """
    try:
        heading = Heading.from_metadata(circuit.metadata)
    except (KeyError, TypeError, ValueError):
        _refuse(circuit, "its metadata do not say whose program it is")
    registers = (*circuit.qregs, *circuit.cregs)
    names = {
        bit: f"{register.name}[{index}]"
        for register in registers
        for index, bit in enumerate(register)
    }
    count = circuit.num_qubits + circuit.num_clbits
    if not len(names) == count == sum(register.size for register in registers):
        _refuse(circuit, "it has bits outside of registers, or in several")
    used: set[str] = set()
    lines: list[str] = []
    inputs = _inputs(circuit)
    table = ParameterTable([register.name for register in registers], inputs)
    for row in circuit.data:
        for text, name in _statements(circuit, row, names, table, ()):
            lines.append(text)
            used.add(name)
    if any(p.formula is not None for p in table.parameters):
        _refuse(circuit, "an angle is a sum of multiples of parameters, not another function")
    declarations = [f"input float[64] {p.identifier};" for p in table.parameters]
    declarations += [f"qubit[{register.size}] {register.name};" for register in circuit.qregs]
    declarations += [f"bit[{register.size}] {register.name};" for register in circuit.cregs]
    found = "\n".join([*header([str(heading)], used), *declarations, *lines]) + "\n"
    try:
        load_program(found)
    except CompilerError as error:
        _refuse(circuit, error.diagnostics[0].message_text)
    return found


def _inputs(circuit: QuantumCircuit) -> list[Parameter]:
    """The circuit's parameters in the order of its program, and then what has been added."""
    listed = {name: place for place, name in enumerate(circuit.metadata.get("inputs", ()))}
    return sorted(circuit.parameters, key=lambda p: (listed.get(p.name, len(listed)), p.name))


def _refuse(circuit: QuantumCircuit, reason: str) -> NoReturn:
    raise CompilerError(NoNodeProgram(name=str(circuit.name), reason=reason))


def _statements(
    circuit: QuantumCircuit,
    row: CircuitInstruction,
    names: dict[Qubit | Clbit, str],
    table: ParameterTable,
    condition: tuple[tuple[str, bool], ...],
) -> Iterator[tuple[str, str]]:
    """The text of each statement that an instruction stands for, and what it uses."""
    operation = row.operation
    if isinstance(operation, IfElseOp):
        bit, value = operation.condition if isinstance(operation.condition, tuple) else (None, 0)
        if not isinstance(bit, Clbit) or len(operation.blocks) != 1:
            _refuse(circuit, "a condition is one bit, and there is no else")
        body = operation.blocks[0]
        inner = {
            own: names[outer]
            for own, outer in zip(
                (*body.qubits, *body.clbits), (*row.qubits, *row.clbits), strict=True
            )
        }
        for each in body.data:
            literal = (names[bit], bool(value))
            yield from _statements(circuit, each, inner, table, (*condition, literal))
        return
    name, qubits = operation.name, [names[qubit] for qubit in row.qubits]
    if name == "dqc_epr":
        if len(qubits) != 1 or condition:
            _refuse(circuit, "dqc_epr is half a pair, on one qubit, outside of any if")
        numbers = _numbers(circuit, name, operation.params)
        if len(numbers) != 2 or any(value % 1 for value in numbers):
            _refuse(circuit, "dqc_epr names link and pair, and its numbers are natural")
        link, pair = map(int, numbers)  # files of Qiskit make them floats
        yield f"dqc_epr({link}, {pair}) {qubits[0]};", name
        return
    if name == "delay" and operation.unit != "ns":
        _refuse(circuit, f"a delay is in ns, not in {operation.unit}")
    is_known = name in ("measure", "reset", "barrier", "delay")
    if not is_known and _SIZES.get(name) != (len(qubits), len(operation.params)):
        _refuse(circuit, f"the dialect has no instruction {name} on {len(qubits)} qubits")
    target = names[row.clbits[0]] if name == "measure" else None
    if name in ONE_QUBIT_GATES or name in TWO_QUBIT_GATES:
        try:
            parameters: Sequence[float] = table.angles(name, operation.params)
        except CompilerError as error:
            _refuse(circuit, error.diagnostics[0].message_text)
    else:
        parameters = _numbers(circuit, name, () if name == "barrier" else operation.params)
    yield statement_text(name, qubits, parameters, target=target, condition=condition), name


def _numbers(circuit: QuantumCircuit, name: str, parameters: Sequence[object]) -> list[float]:
    try:
        values = [float(value) for value in parameters]  # type: ignore[arg-type]
    except TypeError:
        values = [float("nan")]
    if not all(map(isfinite, values)):
        _refuse(circuit, f"a parameter of {name} is no number")
    return values
