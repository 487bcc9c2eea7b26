"""Write the steps of a plan as statements of the nodes' programs, with every gadget's corrections."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from dqc_compiler.gadgets.frames import (
    IDENTITY,
    PAULI_VECTOR,
    Quaternion,
    Vector,
    gate_rotation,
    inverse,
    multiply,
    parallel,
    pauli_letter,
    rotate,
)
from dqc_compiler.gadgets.gates import GATE_AXES, at_host
from dqc_compiler.gadgets.primitives import close_copy, close_root, couple, leave_z_form, receive
from dqc_compiler.ir import (
    ABSENT,
    DistributedProgram,
    GadgetKind,
    Operation,
    Register,
    RemotePlan,
    Statement,
    Step,
    StepKind,
)
from dqc_compiler.ir.arrays import frozen

_OUT: tuple[int, ...] = ()  # the receivers of a bit of `out`: none


@dataclass(slots=True)
class _Bit:
    """A classical bit before it has its place in a register."""

    sender: int
    receivers: tuple[int, ...] | None  # None until it is known who reads the bit


@dataclass(slots=True)
class _Copy:
    """A live copy: its cell, and the sign with which its Z follows the axis of its class."""

    cell: int
    sign: int
    gadget: int


@dataclass(slots=True)
class _Wire:
    """A logical qubit while the program is written."""

    node: int
    cell: int
    frame: Quaternion = IDENTITY
    axis: Vector = PAULI_VECTOR["Z"]  # of its copies and owed corrections, in the initial frame
    copies: dict[int, _Copy] = field(default_factory=dict)
    owed: list[int] = field(default_factory=list)  # bits whose phase correction the root owes

    def physical_axis(self) -> Vector:
        """The axis as the root's qubit has it now."""
        return rotate(self.frame, self.axis)


@dataclass(slots=True)
class _Row:
    """A statement whose bits have no place in a register yet."""

    node: int
    name: str
    qubits: tuple[int, ...]
    parameters: tuple[float, ...] = ()
    writes: int | None = None
    condition: tuple[tuple[int, bool], ...] = ()
    link: int = ABSENT
    pair: int = ABSENT
    operation: int = ABSENT
    gadget: int = ABSENT


class _Memory:
    """The cells of one node: which are free, and who holds the rest."""

    def __init__(self, data_qubits: int, comm_qubits: int | None) -> None:
        self.data_qubits = data_qubits
        self.comm_limit = comm_qubits
        self.free_data = list(range(data_qubits - 1, -1, -1))  # lowest cell on top
        # First in, first out: the cell that has rested longest can start a new pair earliest.
        self.free_comm: deque[int] = deque()
        self.comm_cells = 0
        self.peak_comm = 0
        self.data_used = 0

    def is_comm(self, cell: int) -> bool:
        return cell >= self.data_qubits

    def take_data(self) -> int | None:
        if not self.free_data:
            return None
        cell = self.free_data.pop()
        self.data_used = max(self.data_used, cell + 1)
        return cell

    def take_comm(self) -> int | None:
        if not self.free_comm:
            if self.comm_limit is not None and self.comm_cells >= self.comm_limit:
                return None
            self.free_comm.append(self.data_qubits + self.comm_cells)
            self.comm_cells += 1
        cell = self.free_comm.popleft()
        self.peak_comm = max(self.peak_comm, self.comm_cells - len(self.free_comm))
        return cell

    def release(self, cell: int) -> None:
        if self.is_comm(cell):
            self.free_comm.append(cell)
        else:
            self.free_data.append(cell)
            self.free_data.sort(reverse=True)


class _Writer:
    """Walks the plan once and writes statements in global order."""

    def __init__(self, plan: RemotePlan) -> None:
        self.plan = plan
        self.graph = plan.placement.graph
        self.network = plan.placement.network
        self.circuit = self.graph.circuit
        self.operations = list(self.circuit.operations())
        self.memory = [_Memory(n.data_qubits, n.comm_qubits) for n in self.network.nodes]
        self.rows: list[_Row] = []
        self.bits: list[_Bit] = []
        self.gadgets: list[tuple[GadgetKind, int]] = []
        self.served: list[int] = []
        self.pairs = 0
        self.operands = _operands(plan)
        self.readers = _readers(plan, self.operations, self.operands)
        self.upcoming = _upcoming_segments(plan)
        self.written: dict[int, dict[int, int]] = {}  # clbit -> {node: bit that it reads there}
        self.out: dict[int, int] = {}  # clbit -> bit of `out` of its last measurement
        self.wires = [
            _Wire(node, self._data_cell(node)) for node in plan.placement.start_home.tolist()
        ]
        self.start = [(wire.node, wire.cell) for wire in self.wires]

    def run(self) -> DistributedProgram:
        for step in self.plan.steps():
            if step.kind is StepKind.OPERATION:
                self._operation(step)
            elif step.kind is StepKind.OPEN:
                self._open(step)
            elif step.kind is StepKind.CLOSE:
                self._close(step)
            else:
                self._move(step)
        for wire in self.wires:
            self._settle(wire)
        return self._program()

    # -- rows -------------------------------------------------------------------------------

    def _emit(self, node: int, name: str, *qubits: int, gadget: int = ABSENT) -> None:
        self.rows.append(_Row(node, name, qubits, gadget=gadget))

    def _emit_all(
        self, node: int, statements: list[tuple[str, tuple[int, ...]]], gadget: int
    ) -> None:
        for name, qubits in statements:
            self._emit(node, name, *qubits, gadget=gadget)

    def _measure(self, node: int, cell: int, bit: int, *, gadget: int, operation: int) -> None:
        self.rows.append(
            _Row(node, "measure", (cell,), writes=bit, gadget=gadget, operation=operation)
        )

    def _new_bit(self, sender: int, receivers: tuple[int, ...] | None) -> int:
        self.bits.append(_Bit(sender, receivers))
        return len(self.bits) - 1

    def _new_gadget(self, kind: GadgetKind, wire: int) -> int:
        self.gadgets.append((kind, wire))
        self.served.append(0)
        return len(self.gadgets) - 1

    # -- cells ------------------------------------------------------------------------------

    def _data_cell(self, node: int) -> int:
        cell = self.memory[node].take_data()
        if cell is None:
            raise ValueError(f"more qubits start at node {node} than it has data qubits")
        return cell

    def _comm_cell(self, node: int) -> int:
        """A free comm qubit; a copy in one makes room by moving to a free data qubit."""
        cell = self.memory[node].take_comm()
        if cell is None:
            self._store_a_copy(node)
            cell = self.memory[node].take_comm()
        if cell is None:
            raise ValueError(f"the plan opens a pair at node {node}, which has no free comm qubit")
        return cell

    def _store_a_copy(self, node: int) -> None:
        memory = self.memory[node]
        for wire in self.wires:
            copy = wire.copies.get(node)
            if copy is not None and memory.is_comm(copy.cell):
                data = memory.take_data()
                if data is None:
                    return
                self._emit(node, "swap", copy.cell, data)
                memory.release(copy.cell)
                copy.cell = data
                return

    def _settle(self, wire: _Wire) -> None:
        """Pay what the wire owes and bring its root from a comm qubit to a data qubit."""
        self._pay(wire)
        self._store_root(wire)
        if self.memory[wire.node].is_comm(wire.cell):
            raise ValueError("a qubit ends in a comm qubit")

    def _store_root(self, wire: _Wire) -> None:
        memory = self.memory[wire.node]
        data = memory.take_data() if memory.is_comm(wire.cell) else None
        if data is not None:
            self._emit(wire.node, "swap", wire.cell, data)
            memory.release(wire.cell)
            wire.cell = data

    # -- corrections ------------------------------------------------------------------------

    def _pay(self, wire: _Wire) -> None:
        """Apply the owed phase corrections: the axis' Pauli at the root, once per bit."""
        if not wire.owed:
            return
        letter = pauli_letter(wire.physical_axis())
        if letter is None:
            raise ValueError("a correction is due while its axis is not a Pauli")
        for bit in wire.owed:
            self.bits[bit].receivers = (wire.node,)
            self.rows.append(
                _Row(wire.node, letter[0].lower(), (wire.cell,), condition=((bit, True),))
            )
        wire.owed.clear()

    def _pay_unless_along(self, wire: _Wire, axis: Vector) -> None:
        if wire.owed and not parallel(wire.axis, axis):
            self._pay(wire)

    # -- steps ------------------------------------------------------------------------------

    def _operation(self, step: Step) -> None:
        row = self.operations[step.operation]
        condition = self._condition(row, step)
        if condition is None:
            return  # waits for a bit that is never written, which is 0
        wires = [self.wires[w] for w in self.operands[step.operation]]
        if row.name == "barrier":
            self._barrier(wires)
        elif row.name == "measure":
            self._logical_measure(step.operation, row, wires[0])
        elif row.name == "reset":
            self._logical_reset(step.operation, wires[0])
        elif row.name in GATE_AXES:
            self._gate(step, row, wires, condition)
        elif row.name != "swap":  # a relabelling: the wires already follow it
            self._rotation(step.operation, row, wires[0], condition)

    def _condition(self, row: Operation, step: Step) -> tuple[tuple[int, bool], ...] | None:
        """The condition on bits as read at the executing node; None if it can never hold."""
        if not row.condition:
            return ()
        node = step.host
        if node == ABSENT:
            node = self.wires[self.operands[step.operation][0]].node
        bits: list[tuple[int, bool]] = []
        for clbit, value in row.condition:
            if clbit in self.written:
                bits.append((self.written[clbit][node], value))
            elif value:
                return None
        return tuple(bits)

    def _barrier(self, wires: list[_Wire]) -> None:
        for node in range(len(self.memory)):
            cells = [wire.cell for wire in wires if wire.node == node]
            if cells:
                self._emit(node, "barrier", *cells)

    def _logical_measure(self, operation: int, row: Operation, wire: _Wire) -> None:
        assert row.clbit is not None
        self._pay(wire)
        node = wire.node
        out = self._new_bit(node, _OUT)
        self._measure(node, wire.cell, out, gadget=ABSENT, operation=operation)
        elsewhere = tuple(sorted(self.readers.get(operation, set()) - {node}))
        self.out[row.clbit] = out
        self.written[row.clbit] = {node: out}
        if elsewhere:
            sent = self._new_bit(node, elsewhere)
            self._measure(node, wire.cell, sent, gadget=ABSENT, operation=operation)
            self.written[row.clbit] |= dict.fromkeys(elsewhere, sent)

    def _logical_reset(self, operation: int, wire: _Wire) -> None:
        self._pay(wire)
        self.rows.append(_Row(wire.node, "reset", (wire.cell,), operation=operation))
        wire.frame = IDENTITY

    def _rotation(
        self,
        operation: int,
        row: Operation,
        wire: _Wire,
        condition: tuple[tuple[int, bool], ...],
    ) -> None:
        """A one-qubit gate (or delay) at the root; its copies, if any, follow by themselves."""
        if row.name != "delay":
            turn = gate_rotation(row.name, row.parameters)
            if condition:
                self._pay(wire)
            else:
                frame = multiply(turn, wire.frame)
                # Corrections wait while they stay Paulis: the messages then have more time.
                is_last_chance = pauli_letter(rotate(frame, wire.axis)) is None
                if wire.owed and is_last_chance and pauli_letter(wire.physical_axis()):
                    self._pay(wire)
                wire.frame = frame
        self.rows.append(
            _Row(
                wire.node,
                row.name,
                (wire.cell,),
                row.parameters,
                condition=condition,
                operation=operation,
            )
        )

    def _gate(
        self,
        step: Step,
        row: Operation,
        wires: list[_Wire],
        condition: tuple[tuple[int, bool], ...],
    ) -> None:
        members: list[int] = []
        is_copy: list[bool] = []
        for index in self.operands[step.operation]:
            self.upcoming[index].popleft()
        for wire, pauli in zip(wires, GATE_AXES[row.name], strict=True):
            axis = rotate(inverse(wire.frame), PAULI_VECTOR[pauli])
            is_copy.append(wire.node != step.host)
            if wire.node == step.host:
                self._pay_unless_along(wire, axis)
                members.append(wire.cell)
            else:
                members.append(self._member(wire, step.host, axis))
        name, exchanged = at_host(row.name, (is_copy[0], is_copy[1]))
        self.rows.append(
            _Row(
                step.host,
                name,
                tuple(reversed(members)) if exchanged else tuple(members),
                row.parameters,
                condition=condition,
                operation=step.operation,
            )
        )

    def _member(self, wire: _Wire, host: int, axis: Vector) -> int:
        """The cell of the copy at the host, its Z turned to point along `axis`."""
        copy = wire.copies[host]
        sign = parallel(axis, wire.axis)
        if sign == 0:
            raise ValueError("a gate uses a copy along another axis than the copy's")
        if sign != copy.sign:
            self._emit(host, "x", copy.cell)
            copy.sign = sign
        self.served[copy.gadget] += 1
        return copy.cell

    def _open(self, step: Step) -> None:
        wire = self.wires[step.wire]
        gadget = self._new_gadget(GadgetKind.OPEN, step.wire)
        here, there = self._new_pair(step, gadget)
        bit = self._new_bit(step.source, (step.target,))
        if step.source == wire.node:
            letter, sign = self._bind(step.wire)
            coupled = couple(wire.cell, here, letter)
        else:
            copy = wire.copies[step.source]
            letter, sign = "Z", copy.sign
            coupled = couple(copy.cell, here, letter)
        self._emit_all(step.source, coupled, gadget)
        self._measure(step.source, here, bit, gadget=gadget, operation=ABSENT)
        self.memory[step.source].release(here)
        self._emit_all(step.target, receive(there, letter), gadget)
        self.rows.append(_Row(step.target, "x", (there,), condition=((bit, True),), gadget=gadget))
        wire.copies[step.target] = _Copy(there, sign, gadget)

    def _new_pair(self, step: Step, gadget: int) -> tuple[int, int]:
        here, there = self._comm_cell(step.source), self._comm_cell(step.target)
        ends = ((step.source, here), (step.target, there))
        for node, cell in ends:
            self._emit(node, "reset", cell, gadget=gadget)
        for node, cell in ends:
            self.rows.append(
                _Row(node, "dqc_epr", (cell,), link=step.link, pair=self.pairs, gadget=gadget)
            )
        self.pairs += 1
        return here, there

    def _bind(self, index: int) -> tuple[str, int]:
        """The Pauli along which the root is copied, and its sign with respect to the wire's axis.

        A wire with copies is bound to their axis; otherwise it takes the one of its next gates.
        """
        wire = self.wires[index]
        if not wire.copies:
            axis = self._next_axis(index)
            self._pay_unless_along(wire, axis)
            wire.axis = wire.axis if wire.owed else axis
        letter = pauli_letter(wire.physical_axis())
        if letter is None:
            raise ValueError("a copy is opened while the axis of its class is not a Pauli")
        return letter

    def _next_axis(self, index: int) -> Vector:
        """Axis of the wire's next gates if it is a Pauli at this moment, otherwise Z as it is now."""
        wire = self.wires[index]
        if self.upcoming[index]:
            x, y, z = self.graph.segment_axis[self.upcoming[index][0]].tolist()
            if pauli_letter(rotate(wire.frame, (x, y, z))):
                return (x, y, z)
        return rotate(inverse(wire.frame), PAULI_VECTOR["Z"])

    def _close(self, step: Step) -> None:
        wire = self.wires[step.wire]
        copy = wire.copies.pop(step.source)
        gadget = self._new_gadget(GadgetKind.CLOSE, step.wire)
        bit = self._new_bit(step.source, None)
        self._emit_all(step.source, close_copy(copy.cell), gadget)
        self._measure(step.source, copy.cell, bit, gadget=gadget, operation=ABSENT)
        self._release(step.source, copy.cell)
        wire.owed.append(bit)

    def _move(self, step: Step) -> None:
        wire = self.wires[step.wire]
        if any(self.bits[bit].sender == step.target for bit in wire.owed):
            self._pay(wire)  # a bit of the new home itself has no channel to travel on
        letter = pauli_letter(wire.physical_axis())
        if letter is None:
            raise ValueError("a root is closed while the axis of its class is not a Pauli")
        copy = wire.copies.pop(step.target)
        gadget = self._new_gadget(GadgetKind.MOVE, step.wire)
        bit = self._new_bit(step.source, None)
        self._emit_all(step.source, close_root(wire.cell, letter[0]), gadget)
        self._measure(step.source, wire.cell, bit, gadget=gadget, operation=ABSENT)
        old_node, old_cell = wire.node, wire.cell
        is_flipped = copy.sign != letter[1]
        self._emit_all(
            step.target, leave_z_form(copy.cell, letter[0], is_flipped=is_flipped), gadget
        )
        wire.node, wire.cell = step.target, copy.cell
        wire.owed.append(bit)
        self._store_root(wire)
        self._release(old_node, old_cell)

    def _release(self, node: int, cell: int) -> None:
        """Free a cell; a root that waits in a comm qubit takes a data qubit at once."""
        self.memory[node].release(cell)
        if self.memory[node].is_comm(cell):
            return
        for wire in self.wires:
            if wire.node == node and self.memory[node].is_comm(wire.cell):
                self._store_root(wire)
                return

    # -- result -----------------------------------------------------------------------------

    def _program(self) -> DistributedProgram:
        registers, places = _place_bits(self.bits, self.rows)
        statements = [
            Statement(
                row.node,
                row.name,
                row.qubits,
                row.parameters,
                None if row.writes is None else places[row.writes],
                tuple((*places[bit], value) for bit, value in row.condition),
                row.link,
                row.pair,
                row.operation,
                row.gadget,
            )
            for row in self._renumbered()
        ]
        end = [self.wires[w] for w in self.graph.end_wire.tolist()]
        clbits = [
            (self.bits[self.out[c]].sender, places[self.out[c]][1])
            if c in self.out
            else (ABSENT, ABSENT)
            for c in range(len(self.circuit.clbits))
        ]
        return DistributedProgram(
            network=self.network,
            name=self.circuit.name,
            qubits=self.circuit.qubits,
            clbit_names=self.circuit.clbits,
            registers=registers,
            **DistributedProgram.columns(statements),
            gadget_kind=frozen([kind for kind, _ in self.gadgets], np.int8),
            gadget_wire=frozen([wire for _, wire in self.gadgets], np.int32),
            served=frozen(self.served, np.int32),
            data_qubits=frozen([m.data_used for m in self.memory], np.int32),
            comm_qubits=frozen([m.comm_cells for m in self.memory], np.int32),
            peak_comm=frozen([m.peak_comm for m in self.memory], np.int32),
            start=frozen(self.start, np.int32, columns=2),
            end=frozen([(wire.node, wire.cell) for wire in end], np.int32, columns=2),
            clbits=frozen(clbits, np.int32, columns=2),
        )

    def _renumbered(self) -> list[_Row]:
        """Rows with comm cells counted from the data qubits that are declared, not owned."""
        for row in self.rows:
            memory = self.memory[row.node]
            row.qubits = tuple(
                q - memory.data_qubits + memory.data_used if memory.is_comm(q) else q
                for q in row.qubits
            )
        return self.rows


def _operands(plan: RemotePlan) -> list[list[int]]:
    """Wires of every operation."""
    start = plan.placement.graph.circuit.operand_start.tolist()
    wires = plan.placement.graph.operand_wire.tolist()
    return [wires[a:b] for a, b in zip(start[:-1], start[1:], strict=True)]


def _upcoming_segments(plan: RemotePlan) -> list[deque[int]]:
    """For each wire, the segment of every gate that is still to come."""
    graph = plan.placement.graph
    upcoming: list[deque[int]] = [deque() for _ in range(graph.wires)]
    wire = graph.segment_wire.tolist()
    for pair in graph.gate_segments.tolist():
        for segment in pair:
            upcoming[wire[segment]].append(segment)
    return upcoming


def _readers(
    plan: RemotePlan, operations: list[Operation], operands: list[list[int]]
) -> dict[int, set[int]]:
    """For each measurement, the nodes that execute something conditional on its bit."""
    root = plan.placement.start_home.tolist()
    writer: dict[int, int] = {}
    readers: dict[int, set[int]] = {}
    for step in plan.steps():
        if step.kind is StepKind.MOVE:
            root[step.wire] = step.target
        if step.kind is not StepKind.OPERATION:
            continue
        row = operations[step.operation]
        if row.clbit is not None:
            writer[row.clbit] = step.operation
            readers[step.operation] = set()
        for clbit, _ in row.condition:
            if clbit in writer:
                here = root[operands[step.operation][0]] if step.host == ABSENT else step.host
                readers[writer[clbit]].add(here)
    return readers


def _place_bits(
    bits: list[_Bit], rows: list[_Row]
) -> tuple[tuple[Register, ...], list[tuple[int, int]]]:
    """Registers in order of sender and receivers; indices in each in order of writing."""
    written = [row.writes for row in rows if row.writes is not None]
    keys = sorted({(bits[b].sender, bits[b].receivers or _OUT) for b in written})
    number = {key: i for i, key in enumerate(keys)}
    sizes = [0] * len(keys)
    places = [(ABSENT, ABSENT)] * len(bits)
    for bit in written:
        register = number[bits[bit].sender, bits[bit].receivers or _OUT]
        places[bit] = (register, sizes[register])
        sizes[register] += 1
    registers = (
        Register(sender, receivers, size)
        for (sender, receivers), size in zip(keys, sizes, strict=True)
    )
    return tuple(registers), places


@dataclass(frozen=True)
class InsertGadgets:
    """Remote plan to distributed program.

    Every open, close and change of home becomes its gadget, whatever the axis of the segment. The
    writer follows each wire's frame, so it knows the Pauli that the axis is at the root when a
    gadget needs it, and each copy's sign, so that an X-type gate on the root costs one `x` at a
    copy that is used again. Phase corrections wait at the root until an operation that they do not
    commute with.
    """

    name: ClassVar[str] = "insert-gadgets"

    def run(self, plan: RemotePlan) -> DistributedProgram:
        """Write the statements; linear in the number of steps.

        Raises:
            ValueError: if the plan breaks one of its own rules (see `RemotePlan.verify`).
        """
        return _Writer(plan).run()
