"""Replay all node programs on an abstract machine that knows what each statement does logically.

The machine is exact: it either knows the state of every qubit in terms of the logical wires, or it
refuses. Its rules are specified in docs/reference/qasm-dialect.md, and live in `classes`.
"""

from __future__ import annotations

from collections.abc import Callable

from dqc_compiler.diagnostics.core import CompilerError, Place
from dqc_compiler.diagnostics.verify import NotRecognised
from dqc_compiler.formats.flat_qasm import Bit, FlatStatement
from dqc_compiler.ir.circuit import ONE_QUBIT_GATES, TWO_QUBIT_GATES
from dqc_compiler.verify.canonical import CanonicalForm, Event, Origin, conjunction
from dqc_compiler.verify.classes import Classes
from dqc_compiler.verify.gates import rotation, two_body
from dqc_compiler.verify.members import Class, Member, RefusalError
from dqc_compiler.verify.programs import ProgramSet, Step, bit_key, interleave
from dqc_compiler.verify.rotations import Vector


class Dead:
    """A qubit that was measured; `bit` is the gadget bit that holds the outcome."""

    __slots__ = ("bit",)

    def __init__(self, bit: int) -> None:
        self.bit = bit


State = Member | Dead | None
"""None is |0>."""


def recover(task: ProgramSet, *, choose: Callable[[int], int] | None = None) -> CanonicalForm:
    """The canonical form of the logical circuit that the programs carry out.

    Args:
        task: programs that obey the static guarantees.
        choose: picks the interleaving, see `interleave`; the result does not depend on it.

    Raises:
        CompilerError: with `NotRecognised` at the statement whose effect the machine cannot state,
            or with `Deadlock`.
    """
    return _Machine(task).run(choose)


class _Machine:
    def __init__(self, task: ProgramSet) -> None:
        self.task = task
        self.form = CanonicalForm(len(task.qubits))
        self.classes = Classes(self.form)
        self.is_repeater = [node.kind == "repeater" for node in task.network.nodes]
        self.offset: list[dict[str, int]] = []
        self.states: list[State] = []
        for program in task.programs:
            self.offset.append({})
            for register, size in program.qubit_registers.items():
                self.offset[-1][register] = len(self.states)
                self.states += [None] * size
        for wire, (node, index) in enumerate(task.start):
            cell = self.offset[node]["data"] + index
            self.states[cell] = Member(Class(wire))
        # A classical bit is a logical measurement, or a gadget bit, which is a number.
        self.bits: dict[tuple[int, str, int], Event | int] = {}
        self.gadget_bits = 0
        self.node = 0
        self.line = 0

    def run(self, choose: Callable[[int], int] | None) -> CanonicalForm:
        try:
            for step in interleave(self.task.programs, choose=choose, waits=self.waits):
                self.node, self.line = step.node, step.statement.line
                self.step(step)
            self.line = 0
            end = self.final_wires()
            self.form.finish(end, [self.clbit(position) for position in self.task.clbits])
        except RefusalError as error:
            program = self.task.programs[self.node]
            place = Place(file=program.source, line=self.line or None)
            name = self.task.network.nodes[self.node].name
            refused = NotRecognised(place=place, node=name, reason=str(error))
            raise CompilerError(refused) from error
        return self.form

    def origin(self) -> Origin:
        return self.task.programs[self.node].source, self.line

    def step(self, step: Step) -> None:
        statement = step.statement
        name = statement.name
        if name in ("barrier", "delay", "id"):
            return
        cells = [self.cell(step.node, qubit) for qubit in statement.qubits]
        if step.peer_statement is not None:
            peer = self.cell(step.peer, step.peer_statement.qubits[0])
            self.pair((step.node, cells[0]), (step.peer, peer))
        elif name == "measure":
            assert statement.writes is not None
            self.bits[bit_key(self.node, *statement.writes)] = self.measure(cells[0])
        elif name == "reset":
            self.reset(cells[0])
        elif statement.condition:
            self.conditional(statement, cells)
        elif name == "swap":
            self.exchange(*cells)
        elif name in ONE_QUBIT_GATES:
            self.classes.rotate(self.member(cells[0]), rotation(name, statement.parameters))
        else:
            gate = two_body(name, statement.parameters)
            self.classes.couple(self.member(cells[0]), self.member(cells[1]), gate, self.origin())

    def waits(self, step: Step) -> bool:
        """Whether a statement had better come after others.

        These are the rest of a gate across copies, and the measurements of repeaters between the
        halves of pairs that are compared.
        """
        name, condition = step.statement.name, step.statement.condition
        if self.compares(step):
            return True
        is_local = name in ONE_QUBIT_GATES and not condition
        if not self.classes.ahead or is_local or name in ("barrier", "delay", "swap", "dqc_epr"):
            return False
        states = [self.states[self.cell(step.node, qubit)] for qubit in step.statement.qubits]
        axes: list[Vector | None] = [None] * len(states)
        if name in TWO_QUBIT_GATES and not condition:
            gate = two_body(name, step.statement.parameters)
            axes = [gate.p, gate.q]
        return any(
            isinstance(state, Member) and self.classes.waits(state, axis)
            for state, axis in zip(states, axes, strict=True)
        )

    def compares(self, step: Step) -> bool:
        """Whether a processor couples two halves that repeaters have not joined to others yet."""
        name, qubits = step.statement.name, step.statement.qubits
        if name not in TWO_QUBIT_GATES or name == "swap" or self.is_repeater[step.node]:
            return False
        states = [self.states[self.cell(step.node, qubit)] for qubit in qubits]
        groups = [state.group for state in states if isinstance(state, Member)]
        return all(group.wire is None for group in groups) and any(
            member.is_relayed for group in groups for member in group.members
        )

    def cell(self, node: int, qubit: Bit) -> int:
        return self.offset[node][qubit[0]] + qubit[1]

    def member(self, cell: int) -> Member:
        state = self.states[cell]
        if isinstance(state, Member):
            return state
        state_words = "is in |0>" if state is None else "was measured"
        raise RefusalError(f"a gate acts on a qubit that {state_words}")

    def final_wires(self) -> list[int]:
        """For every wire the number of the qubit whose `end` it reaches."""
        ends = [-1] * len(self.task.qubits)
        for qubit, (node, index) in enumerate(self.task.end):
            self.node = node
            cell = self.offset[node]["data"] + index
            state = self.states[cell]
            name = self.task.qubits[qubit]
            if not isinstance(state, Member) or state.group.wire is None:
                raise RefusalError(f"at the end data[{index}] does not hold {name}")
            if not state.group.plain:
                raise RefusalError(
                    f"at the end {name} owes a correction, or a copy of it is still open"
                )
            ends[state.group.wire] = qubit
            self.states[cell] = None
        for node, registers in enumerate(self.offset):
            self.node = node
            for register, first in registers.items():
                for index in range(self.task.programs[node].qubit_registers[register]):
                    if isinstance(self.states[first + index], Member):
                        raise RefusalError(f"at the end {register}[{index}] is still entangled")
        return ends

    def clbit(self, position: tuple[int, int] | None) -> Event | None:
        if position is None:
            return None
        value = self.bits.get(bit_key(position[0], "out", position[1]))
        if value is None or isinstance(value, int):
            self.node = position[0]
            raise RefusalError(f"out[{position[1]}] does not hold a measurement of the circuit")
        return value

    def pair(self, *halves: tuple[int, int]) -> None:
        group = Class(None)
        for node, cell in halves:
            if self.states[cell] is not None:
                raise RefusalError("a half of a new pair is not in |0>")
            self.states[cell] = Member(group, is_relayed=self.is_repeater[node])

    def exchange(self, a: int, b: int) -> None:
        self.states[a], self.states[b] = self.states[b], self.states[a]

    def reset(self, cell: int) -> None:
        state = self.states[cell]
        if isinstance(state, Member):
            self.classes.reset(state, self.origin())
        else:
            self.states[cell] = None

    def conditional(self, statement: FlatStatement, cells: list[int]) -> None:
        values = []
        for register, index, value in statement.condition:
            found = self.bits.get(bit_key(self.node, register, index))
            if found is None:
                raise RefusalError(f"{register}[{index}] is read, but holds nothing")
            values.append((found, value))
        name, parameters = statement.name, statement.parameters
        events = [(bit, value) for bit, value in values if not isinstance(bit, int)]
        if len(events) == len(values):
            condition = conjunction(events)
            if condition is not None:
                members = [self.member(cell) for cell in cells]
                gate = (rotation if name in ONE_QUBIT_GATES else two_body)(name, parameters)
                self.classes.gate_if(condition, members, gate, self.origin())
            return
        if len(values) > 1 or name not in ONE_QUBIT_GATES:
            raise RefusalError("a correction is a one-qubit gate under one bit of one gadget")
        bit, value = values[0]
        assert isinstance(bit, int)
        self.classes.correct(self.member(cells[0]), rotation(name, parameters), bit, value=value)

    def measure(self, cell: int) -> Event | int:
        state = self.states[cell]
        if state is None:
            raise RefusalError("a measurement of a qubit in |0>")
        if isinstance(state, Dead):
            return state.bit
        bit = self.gadget_bits + 1
        found = self.classes.measure(state, bit, self.origin())
        if found is not None and not isinstance(found, int):
            return found
        self.gadget_bits = bit
        self.states[cell] = Dead(bit if found is None else found)
        return bit if found is None else found
