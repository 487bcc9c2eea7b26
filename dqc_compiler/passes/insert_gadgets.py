"""Write the steps of a plan as statements of the nodes' programs, with all corrections."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

import numpy as np

from dqc_compiler.costs.fidelity import bbpssw, chain
from dqc_compiler.costs.occupancy import peak_comm
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
from dqc_compiler.gadgets.memory import IN_TURN, NodeMemory
from dqc_compiler.gadgets.pairs import PairMaker
from dqc_compiler.gadgets.primitives import (
    close_copy,
    close_root,
    couple,
    couple_turned,
    follow,
    leave_z_form,
    receive,
)
from dqc_compiler.gadgets.tape import Row, Tape
from dqc_compiler.ir import (
    ABSENT,
    DistributedProgram,
    GadgetKind,
    Operation,
    RemotePlan,
    Step,
    StepKind,
)
from dqc_compiler.ir.arrays import frozen

_Condition = tuple[tuple[int, bool], ...]


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

    def pauli_now(self, axis: Vector) -> tuple[str, int] | None:
        """The Pauli, with sign, that `axis` is at the root's qubit at this moment, if it is one."""
        return pauli_letter(rotate(self.frame, axis))

    def axis_of(self, pauli: str) -> Vector:
        """The axis in the initial frame that `pauli` is at this moment."""
        return rotate(inverse(self.frame), PAULI_VECTOR[pauli])


class _Writer:
    """Walks the plan once and writes statements in global order."""

    def __init__(self, plan: RemotePlan, in_turn: float) -> None:
        self.graph = plan.placement.graph
        self.network = plan.placement.network
        self.circuit = self.graph.circuit
        self.steps = list(plan.steps())
        self.routes = plan.routes
        self.operations = list(self.circuit.operations())
        self.operands = _operands(plan)
        self.memory = [
            NodeMemory(node.data_qubits, node.comm_qubits, in_turn=in_turn)
            for node in self.network.nodes
        ]
        self.tape = Tape()
        self.gadgets: list[tuple[GadgetKind, int]] = []
        self.served: list[int] = []
        self.remote: set[int] = set()  # operations that use a copy
        self.purified: list[tuple[float, float]] = []  # success probability, fidelity
        self.pairs = PairMaker(self.tape, self.memory, take_comm=self._comm_cell)
        self.embedded = _embedded_operations(plan)
        self.readers = self._readers(plan.placement.start_home.tolist())
        self.upcoming = _upcoming_segments(plan)
        self.out: dict[int, int] = {}  # clbit -> bit of `out` that holds it
        self.readable: dict[int, dict[int, int]] = {}  # clbit -> {node: bit that it reads there}
        self.wires = [
            _Wire(node, self._start_cell(node)) for node in plan.placement.start_home.tolist()
        ]
        self.start = [(wire.node, wire.cell) for wire in self.wires]

    def run(self) -> DistributedProgram:
        for step in self.steps:
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

    # -- operations of the circuit ------------------------------------------------------------

    def _operation(self, step: Step) -> None:
        row = self.operations[step.operation]
        if row.name in GATE_AXES:  # also if it turns out never to be executed
            for index in self.operands[step.operation]:
                self.upcoming[index].popleft()
        condition = self._condition(row, step)
        if condition is None:
            return
        wires = [self.wires[w] for w in self.operands[step.operation]]
        if row.name == "barrier":
            self._barrier(wires)
        elif row.name == "measure":
            self._measure(step.operation, row, wires[0])
        elif row.name == "reset":
            self._reset(step.operation, wires[0])
        elif row.name in GATE_AXES:
            self._gate(step, row, wires, condition)
        elif row.name != "swap":  # a relabelling: the wires already follow it
            self._at_root(step.operation, row, wires[0], condition)

    def _condition(self, row: Operation, step: Step) -> _Condition | None:
        """The condition on bits as read at the executing node; None if it can never hold.

        A classical bit that nobody has written yet is 0.
        """
        if not row.condition:
            return ()
        node = self._executing_node(step, [wire.node for wire in self.wires])
        bits: list[tuple[int, bool]] = []
        for clbit, value in row.condition:
            if clbit in self.readable:
                bits.append((self.readable[clbit][node], value))
            elif value:
                return None
        return tuple(bits)

    def _executing_node(self, step: Step, roots: list[int]) -> int:
        return roots[self.operands[step.operation][0]] if step.host == ABSENT else step.host

    def _readers(self, roots: list[int]) -> dict[int, set[int]]:
        """For each measurement, the nodes that execute something conditional on its bit."""
        roots = list(roots)
        writer: dict[int, int] = {}
        readers: dict[int, set[int]] = {}
        for step in self.steps:
            if step.kind is StepKind.MOVE:
                roots[step.wire] = step.target
            if step.kind is not StepKind.OPERATION:
                continue
            row = self.operations[step.operation]
            if row.clbit is not None:
                writer[row.clbit] = step.operation
                readers[step.operation] = set()
            for clbit, _ in row.condition:
                if clbit in writer:
                    readers[writer[clbit]].add(self._executing_node(step, roots))
        return readers

    def _barrier(self, wires: list[_Wire]) -> None:
        for node in range(len(self.memory)):
            cells = [wire.cell for wire in wires if wire.node == node]
            if cells:
                self.tape.gate(node, "barrier", *cells)

    def _measure(self, operation: int, row: Operation, wire: _Wire) -> None:
        """Into `out`; and at once a second time into a channel if another node needs the bit."""
        assert row.clbit is not None
        self._pay(wire)
        node = wire.node
        out = self.tape.measure(node, wire.cell, operation=operation)
        self.out[row.clbit] = out
        self.readable[row.clbit] = {node: out}
        elsewhere = tuple(sorted(self.readers[operation] - {node}))
        if elsewhere:
            sent = self.tape.measure(node, wire.cell, elsewhere, operation=operation)
            self.readable[row.clbit] |= dict.fromkeys(elsewhere, sent)

    def _reset(self, operation: int, wire: _Wire) -> None:
        self._pay(wire)
        self.tape.rows.append(Row(wire.node, "reset", (wire.cell,), operation=operation))
        wire.frame = IDENTITY

    def _at_root(self, operation: int, row: Operation, wire: _Wire, condition: _Condition) -> None:
        """A one-qubit gate or a delay at the root; its copies, if any, follow by themselves."""
        if row.condition:  # ends a segment, even if its bits are known to be 0
            self._pay(wire)
        elif row.name != "delay":
            self._turn(wire, multiply(gate_rotation(row.name, row.parameters), wire.frame))
        if row.condition and row.name == "id":
            return  # it does nothing, and in a program it would be read as a herald
        self.tape.rows.append(
            Row(
                wire.node,
                row.name,
                (wire.cell,),
                row.parameters,
                condition=condition,
                operation=operation,
            )
        )

    def _turn(self, wire: _Wire, frame: Quaternion) -> None:
        """Give the wire its new frame; what it owes is paid while the axis is still a Pauli.

        Corrections wait otherwise: the later they are due, the less a message delays the program.
        """
        stays_pauli = pauli_letter(rotate(frame, wire.axis)) is not None
        if wire.owed and not stays_pauli and wire.pauli_now(wire.axis) is not None:
            self._pay(wire)
        wire.frame = frame

    def _gate(self, step: Step, row: Operation, wires: list[_Wire], condition: _Condition) -> None:
        members: list[int] = []
        for wire, pauli in zip(wires, GATE_AXES[row.name], strict=True):
            axis = wire.axis_of(pauli)
            if wire.node == step.host:
                self._pay_unless_along(wire, axis)
                members.append(wire.cell)
            else:
                members.append(self._copy_along(wire, step, step.host, axis))
        first_is_copy, second_is_copy = (wire.node != step.host for wire in wires)
        name, is_exchanged = at_host(row.name, (first_is_copy, second_is_copy))
        self.tape.rows.append(
            Row(
                step.host,
                name,
                tuple(reversed(members)) if is_exchanged else tuple(members),
                row.parameters,
                condition=condition,
                operation=step.operation,
            )
        )
        paulis = GATE_AXES[row.name]
        for side in (0, 1):
            self._follow(step, wires[side], paulis[side], wires[1 - side], paulis[1 - side])

    def _follow(
        self, step: Step, wire: _Wire, pauli: str, partner: _Wire, partner_pauli: str
    ) -> None:
        """An embedded gate: the copies follow a gate that their root has gone through."""
        if not wire.copies or parallel(wire.axis, wire.axis_of(pauli)):
            return
        if step.operation not in self.embedded:
            raise ValueError("a gate does not commute with the axis of the open copies")
        for node, copy in sorted(wire.copies.items()):
            if partner.node == node:
                cell, letter = partner.cell, partner_pauli
            elif node in partner.copies:
                cell = self._copy_along(partner, step, node, partner.axis_of(partner_pauli))
                letter = "Z"
            else:
                raise ValueError("a copy is open where an embedded gate does not reach it")
            for name, qubits in follow(copy.cell, cell, letter):
                self.tape.rows.append(Row(node, name, qubits, operation=step.operation))

    def _copy_along(self, wire: _Wire, step: Step, host: int, axis: Vector) -> int:
        """The cell of the copy at the host, its Z turned to point along `axis`."""
        copy = wire.copies[host]
        sign = parallel(axis, wire.axis)
        if sign == 0:
            raise ValueError("a gate uses a copy along another axis than the copy's")
        if sign != copy.sign:
            self.tape.gate(host, "x", copy.cell)
            copy.sign = sign
        self.served[copy.gadget] += 1
        self.remote.add(step.operation)
        return copy.cell

    # -- gadgets ------------------------------------------------------------------------------

    def _open(self, step: Step) -> None:
        wire = self.wires[step.wire]
        gadget = self._new_gadget(GadgetKind.OPEN, step.wire)
        is_root = step.source == wire.node
        letter, sign = self._bind(step.wire) if is_root else ("Z", wire.copies[step.source].sign)
        here, there = self._halves(step, gadget)
        # Not before: a copy may have made room for the new half.
        member = wire.cell if is_root else wire.copies[step.source].cell
        is_swapped = len(self.routes[step.route].links) > 1
        gates = (couple_turned if is_swapped else couple)(member, here, letter)
        self.tape.gates(step.source, gates, gadget=gadget)
        bit = self.tape.measure(step.source, here, (step.target,), gadget=gadget)
        self.memory[step.source].release(here)
        if not is_swapped:
            self.tape.gates(step.target, receive(there, letter), gadget=gadget)
        self.tape.correct(step.target, "x", there, bit, gadget=gadget)
        wire.copies[step.target] = _Copy(there, sign, gadget)

    def _halves(self, step: Step, gadget: int) -> tuple[int, int]:
        """The cells of a pair for a gadget at both ends of its route."""
        route = self.routes[step.route]
        if not step.purified:
            return self.pairs.make(route, gadget)
        links = [self.network.links[link] for link in route.links]
        fidelity, success = bbpssw(chain(links).i)
        self.purified.append((success, fidelity))
        return self.pairs.make_purified(
            route, gadget, self._new_gadget(GadgetKind.PURIFY, step.wire)
        )

    def _bind(self, index: int) -> tuple[str, int]:
        """The Pauli along which the root is copied, and its sign with respect to the wire's axis.

        A wire with copies is bound to their axis; otherwise it takes the one of its next gates.
        """
        wire = self.wires[index]
        if not wire.copies:
            axis = self._next_axis(index)
            self._pay_unless_along(wire, axis)
            wire.axis = wire.axis if wire.owed else axis
        return self._bound_pauli(wire)

    def _next_axis(self, index: int) -> Vector:
        """Axis of the wire's next gates if it is a Pauli at this moment, otherwise Z's."""
        wire = self.wires[index]
        if self.upcoming[index]:
            x, y, z = self.graph.segment_axis[self.upcoming[index][0]].tolist()
            if wire.pauli_now((x, y, z)):
                return (x, y, z)
        return wire.axis_of("Z")

    def _bound_pauli(self, wire: _Wire) -> tuple[str, int]:
        letter = wire.pauli_now(wire.axis)
        if letter is None:
            raise ValueError("a gadget acts on a root while the axis of its class is not a Pauli")
        return letter

    def _close(self, step: Step) -> None:
        wire = self.wires[step.wire]
        copy = wire.copies.pop(step.source)
        gadget = self._new_gadget(GadgetKind.CLOSE, step.wire)
        self.tape.gates(step.source, close_copy(copy.cell), gadget=gadget)
        wire.owed.append(self.tape.measure(step.source, copy.cell, gadget=gadget))
        self._release(step.source, copy.cell)

    def _move(self, step: Step) -> None:
        wire = self.wires[step.wire]
        if any(self.tape.bits[bit].sender == step.target for bit in wire.owed):
            self._pay(wire)  # no channel leads from the new home to itself
        letter, sign = self._bound_pauli(wire)
        copy = wire.copies.pop(step.target)
        gadget = self._new_gadget(GadgetKind.MOVE, step.wire)
        self.tape.gates(step.source, close_root(wire.cell, letter), gadget=gadget)
        wire.owed.append(self.tape.measure(step.source, wire.cell, gadget=gadget))
        leave = leave_z_form(copy.cell, letter, is_flipped=copy.sign != sign)
        self.tape.gates(step.target, leave, gadget=gadget)
        old_node, old_cell = wire.node, wire.cell
        wire.node, wire.cell = step.target, copy.cell
        self._store_root(wire)
        self._release(old_node, old_cell)

    def _new_gadget(self, kind: GadgetKind, wire: int) -> int:
        self.gadgets.append((kind, wire))
        self.served.append(0)
        return len(self.gadgets) - 1

    def _pay(self, wire: _Wire) -> None:
        """Apply the owed phase corrections: the axis' Pauli at the root, once per bit."""
        if not wire.owed:
            return
        letter, _ = self._bound_pauli(wire)
        for bit in wire.owed:
            self.tape.bits[bit].receivers = (wire.node,)
            self.tape.correct(wire.node, letter.lower(), wire.cell, bit)
        wire.owed.clear()

    def _pay_unless_along(self, wire: _Wire, axis: Vector) -> None:
        if not parallel(wire.axis, axis):
            self._pay(wire)

    # -- cells --------------------------------------------------------------------------------

    def _start_cell(self, node: int) -> int:
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
                copy.cell = self._moved_to_data(node, copy.cell)
                return

    def _store_root(self, wire: _Wire) -> None:
        if self.memory[wire.node].is_comm(wire.cell):
            wire.cell = self._moved_to_data(wire.node, wire.cell)

    def _moved_to_data(self, node: int, cell: int) -> int:
        """Where the state of a comm qubit is after moving to a free data qubit, if there is one."""
        data = self.memory[node].take_data()
        if data is None:
            return cell
        self.tape.gate(node, "swap", cell, data)
        self.memory[node].release(cell)
        return data

    def _release(self, node: int, cell: int) -> None:
        """Free a cell; a root that waits in a comm qubit takes a data qubit at once."""
        self.memory[node].release(cell)
        if self.memory[node].is_comm(cell):
            return
        for wire in self.wires:
            if wire.node == node and self.memory[node].is_comm(wire.cell):
                self._store_root(wire)
                return

    def _settle(self, wire: _Wire) -> None:
        """At the end: nothing is owed, and the root is in a data qubit."""
        self._pay(wire)
        self._store_root(wire)
        if self.memory[wire.node].is_comm(wire.cell):
            raise ValueError("a qubit ends in a comm qubit")

    # -- result -------------------------------------------------------------------------------

    def _program(self) -> DistributedProgram:
        registers, places = self.tape.places()
        statements = list(self.tape.statements(places, self.memory))
        data = [memory.data_used for memory in self.memory]
        ends = [self.wires[w] for w in self.graph.end_wire.tolist()]
        clbits = [
            (self.tape.bits[self.out[c]].sender, places[self.out[c]][1])
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
            remote_gates=len(self.remote),
            data_qubits=frozen(data, np.int32),
            comm_qubits=frozen([m.comm_used for m in self.memory], np.int32),
            peak_comm=frozen(peak_comm(statements, data), np.int32),
            start=frozen(self.start, np.int32, columns=2),
            end=frozen([(wire.node, wire.cell) for wire in ends], np.int32, columns=2),
            clbits=frozen(clbits, np.int32, columns=2),
            purified=frozen(self.purified, np.float64, columns=2),
            parameters=self.circuit.parameters,
        )


def _operands(plan: RemotePlan) -> list[list[int]]:
    """Wires of every operation."""
    start = plan.placement.graph.circuit.operand_start.tolist()
    wires = plan.placement.graph.operand_wire.tolist()
    return [wires[first:last] for first, last in pairwise(start)]


def _embedded_operations(plan: RemotePlan) -> frozenset[int]:
    placement = plan.placement
    gates = np.isin(placement.graph.gate_segments, placement.embedded).any(axis=1)
    return frozenset(placement.graph.gate_operation[gates].tolist())


def _upcoming_segments(plan: RemotePlan) -> list[deque[int]]:
    """For each wire, the segment of every gate that is still to come."""
    graph = plan.placement.graph
    upcoming: list[deque[int]] = [deque() for _ in range(graph.wires)]
    wire = graph.segment_wire.tolist()
    for pair in graph.gate_segments.tolist():
        for segment in pair:
            upcoming[wire[segment]].append(segment)
    return upcoming


@dataclass(frozen=True)
class InsertGadgets:
    """Remote plan to distributed program.

    Every open, close and change of home becomes its gadget, whatever the axis of the segment. The
    writer follows each wire's frame, so it knows the Pauli that the axis is at the root when a
    gadget needs it, and each copy's sign, so that an X-type gate on the root costs one `x` at a
    copy that is used again. Phase corrections wait at the root until an operation that they do not
    commute with. Copies that are open at an embedded gate follow it, each with the member of the
    other qubit at its node.

    Attributes:
        in_turn: how many comm qubits of a node take turns, so that pairs are generated while others
            are in use; infinite: all that it has.
    """

    name: ClassVar[str] = "insert-gadgets"
    in_turn: float = IN_TURN

    def run(self, plan: RemotePlan) -> DistributedProgram:
        """Write the statements; linear in the number of steps.

        Raises:
            ValueError: if the plan breaks one of its own rules (see `RemotePlan.verify`).
        """
        return _Writer(plan, self.in_turn).run()
