"""Write a distributed program as Qiskit circuits: one over the qubits of all nodes, or one each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import pi

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import (
    Barrier,
    CircuitInstruction,
    Clbit,
    Delay,
    Gate,
    IfElseOp,
    Instruction,
    Measure,
    Qubit,
    Reset,
)
from qiskit.circuit.library import get_standard_gate_name_mapping

from dqc_compiler.formats.circuit_expressions import Expressions
from dqc_compiler.formats.qasm_text import Heading, links_at
from dqc_compiler.ir import ABSENT, DistributedProgram, Parameter, Statement
from dqc_compiler.ir.angles import parameters_of

_INDEXED = re.compile(r"(.+)\[\d+\]\Z")
_Bits = dict[tuple[int, int], Clbit]
"""The bit of every (register, index) of a program."""

_GATES = get_standard_gate_name_mapping()


def pair_instruction() -> Instruction:
    """The instruction `dqc_epr`: two qubits that have just been reset become a Bell pair.

    It is opaque to Qiskit's passes, and `circuit.decompose("dqc_epr")` replaces it by gates.
    """
    found = Instruction("dqc_epr", 2, 0, [])
    body = QuantumCircuit(2)
    body.h(0)
    body.cx(0, 1)
    found.definition = body
    return found


def program_circuit(program: DistributedProgram, *, global_phase: float = 0.0) -> QuantumCircuit:
    """All node programs as one circuit.

    Its quantum registers are `<node>_data` and `<node>_comm` as far as nodes use them, its
    classical ones those of the circuit and then the channels. See `append_program`.
    """
    expressions = Expressions(program.parameters)
    circuit = QuantumCircuit(name=program.name, global_phase=expressions.of(global_phase))
    add_clbits(circuit, program.clbit_names)
    qubits: list[list[Qubit]] = []
    for node, data, comm in zip(
        program.network.nodes,
        program.data_qubits.tolist(),
        program.comm_qubits.tolist(),
        strict=True,
    ):
        qubits.append([])
        for kind, size in (("data", data), ("comm", comm)):
            if size:
                name = free_name(circuit, f"{node.name}_{kind}")
                circuit.add_register(QuantumRegister(size, name))
                qubits[-1] += circuit.qregs[-1]
    append_program(circuit, program, qubits, list(circuit.clbits), expressions)
    return circuit


def add_clbits(circuit: QuantumCircuit, names: Sequence[str]) -> None:
    """Add registers, and loose bits, so that these are the names of the circuit's bits."""
    start = 0
    while start < len(names):
        found = _INDEXED.match(names[start])
        if found is None:
            circuit.add_bits([Clbit()])
            start += 1
            continue
        size = 1
        while start + size < len(names) and names[start + size] == f"{found[1]}[{size}]":
            size += 1
        circuit.add_register(ClassicalRegister(size, free_name(circuit, found[1])))
        start += size


def free_name(circuit: QuantumCircuit, name: str) -> str:
    """The name, with as many underscores as make it no register's name in the circuit."""
    taken = {register.name for register in (*circuit.qregs, *circuit.cregs)}
    while name in taken:
        name += "_"
    return name


def append_program(
    circuit: QuantumCircuit,
    program: DistributedProgram,
    qubits: Sequence[Sequence[Qubit]],
    clbits: Sequence[Clbit],
    expressions: Expressions,
) -> None:
    """Append all statements in global order.

    Args:
        circuit: that has these qubits and bits; a register is added to it for each channel, and
            one `<node>_out` for each node's measurements that are overwritten later.
        program: what is appended.
        qubits: of each node, one for each cell.
        clbits: one for each classical bit of the program's circuit; where it is written for the
            last time, the measurement goes there.
        expressions: of the program's parameters.
    """
    bits = _add_registers(circuit, program, clbits)
    pair = pair_instruction()
    halves: dict[tuple[int, int], Qubit] = {}
    for row in program.statements():
        where = [qubits[row.node][cell] for cell in row.qubits]
        if row.name == "dqc_epr":
            other = halves.pop((row.link, row.pair), None)
            if other is None:
                halves[row.link, row.pair] = where[0]
                continue
            # The target has the instruction from the first end of the link to the second.
            ends = [other, where[0]]
            if row.node == program.network.links[row.link].between[0]:
                ends.reverse()
            circuit.append(pair, ends)
        else:
            _append(circuit, row, where, bits, expressions)


def node_circuits(program: DistributedProgram) -> dict[str, QuantumCircuit]:
    """The program of each node, by its name: see `node_circuit`."""
    rows: list[list[Statement]] = [[] for _ in program.network.nodes]
    for row in program.statements():
        rows[row.node].append(row)
    inputs = [parameters_of(angle for row in own for angle in row.parameters) for own in rows]
    inputs = [[p.identifier for p in program.parameters if p.identifier in own] for own in inputs]
    circuits = {}
    for index, node in enumerate(program.network.nodes):
        sizes = {"data": program.data_qubits[index], "comm": program.comm_qubits[index]}
        registers = {
            number: (program.register_name(number), entry.size)
            for number, entry in enumerate(program.registers)
            if entry.size and index in (entry.sender, *entry.receivers)
        }
        circuits[node.name] = node_circuit(
            Heading(node.name, program.name, links_at(program)[index]),
            {name: int(size) for name, size in sizes.items() if size},
            registers,
            rows[index],
            inputs[index],
        )
    return circuits


def node_circuit(
    heading: Heading,
    qubits: Mapping[str, int],
    bits: Mapping[int, tuple[str, int]],
    rows: Iterable[Statement],
    inputs: Sequence[str] = (),
) -> QuantumCircuit:
    """The program of one node, with the registers of its OpenQASM 3 text.

    Half a pair is the opaque instruction `dqc_epr` on one comm qubit, whose parameters are the
    link and the pair. The channels from other nodes are never written.

    Args:
        heading: what the program says of itself; the circuit's name and metadata.
        qubits: sizes of the registers of qubits, by name.
        bits: name and size of the classical registers, by the number that statements call them.
        rows: the statements, whose cells count all qubits.
        inputs: names of the parameters that their angles depend on.
    """
    expressions = Expressions(Parameter(name, name) for name in inputs)
    circuit = QuantumCircuit(name=heading.node)
    for name, size in qubits.items():
        circuit.add_register(QuantumRegister(size, name))
    found: _Bits = {}
    for number, (name, size) in bits.items():
        circuit.add_register(ClassicalRegister(size, name))
        found |= {(number, i): bit for i, bit in enumerate(circuit.cregs[-1])}
    circuit.metadata = heading.metadata([name for name, _ in bits.values()])
    if inputs:  # Qiskit sorts them
        circuit.metadata["inputs"] = [*inputs]
    for row in rows:
        where = [circuit.qubits[cell] for cell in row.qubits]
        if row.name == "dqc_epr":
            circuit.append(Instruction("dqc_epr", 1, 0, [row.link, row.pair]), where)
        elif row.name == "rzy":
            circuit.append(_conditional(row, _rzy(row, expressions), where, found))
        else:
            _append(circuit, row, where, found, expressions)
    return circuit


def _append(
    circuit: QuantumCircuit,
    row: Statement,
    qubits: list[Qubit],
    bits: _Bits,
    expressions: Expressions,
) -> None:
    """Append any other statement."""
    if row.writes is not None:
        circuit.append(Measure(), qubits, [bits[row.writes]])
        return
    for operation, operands in _operations(row, qubits, expressions):
        circuit.append(_conditional(row, operation, operands, bits))


def _add_registers(
    circuit: QuantumCircuit, program: DistributedProgram, clbits: Sequence[Clbit]
) -> _Bits:
    """The bits of the program, the last ones that are written being those of the circuit."""
    out = {
        entry.sender: number
        for number, entry in enumerate(program.registers)
        if not entry.receivers
    }
    found = {
        (out[node], index): clbits[bit]
        for bit, (node, index) in enumerate(program.clbits.tolist())
        if node != ABSENT
    }
    for number, entry in enumerate(program.registers):
        missing = [(number, i) for i in range(entry.size) if (number, i) not in found]
        if not missing:
            continue
        name = program.register_name(number)
        if not entry.receivers:
            name = f"{program.network.nodes[entry.sender].name}_{name}"
        circuit.add_register(ClassicalRegister(len(missing), free_name(circuit, name)))
        found |= dict(zip(missing, circuit.cregs[-1], strict=True))
    return found


def _operations(
    row: Statement, qubits: list[Qubit], expressions: Expressions
) -> Iterator[tuple[Instruction, list[Qubit]]]:
    if row.name == "reset":
        yield Reset(), qubits
    elif row.name == "barrier":
        yield Barrier(len(qubits)), qubits
    elif row.name == "delay":
        yield Delay(row.parameters[0], "ns"), qubits
    elif row.name == "rzy":  # which Qiskit does not have
        yield _GATES["rx"].base_class(pi / 2), qubits[1:]
        yield _GATES["rzz"].base_class(*expressions.all_of(row.parameters)), qubits
        yield _GATES["rx"].base_class(-pi / 2), qubits[1:]
    else:
        yield _GATES[row.name].base_class(*expressions.all_of(row.parameters)), qubits


def _rzy(row: Statement, expressions: Expressions) -> Gate:
    """exp(-i angle/2 Z(x)Y), by its name: Qiskit has no such gate."""
    gate = Gate("rzy", 2, expressions.all_of(row.parameters))
    gate.definition = QuantumCircuit(2)
    for operation, qubits in _operations(row, gate.definition.qubits, expressions):
        gate.definition.append(operation, qubits)
    return gate


def _conditional(
    row: Statement,
    operation: Instruction,
    qubits: list[Qubit],
    bits: _Bits,
) -> CircuitInstruction:
    """The operation inside of an `if` for each literal of the condition."""
    instruction = CircuitInstruction(operation, qubits)
    inner: list[Clbit] = []
    for register, index, value in reversed(row.condition):
        bit = bits[register, index]
        body = QuantumCircuit(qubits, inner)
        body.append(instruction)
        inner = list(dict.fromkeys([bit, *inner]))
        body.add_bits([each for each in inner if each not in body.clbits])
        instruction = CircuitInstruction(
            IfElseOp((bit, int(value)), body, None), qubits, body.clbits
        )
    return instruction
