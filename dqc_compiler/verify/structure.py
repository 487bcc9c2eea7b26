"""The static guarantees of a set of node programs, in time linear in their length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from dqc_compiler.diagnostics.core import CompilerError
from dqc_compiler.formats.flat_qasm import FlatProgram, FlatStatement
from dqc_compiler.ir.angles import parameters_of
from dqc_compiler.ir.network import Network
from dqc_compiler.verify.programs import BitKey, Position, ProgramSet, bit_key, interleave
from dqc_compiler.verify.purification import purifications

OUT = "out"
_ROUNDING_NS = 1e-2  # what ends so little after something else begins is over then
_TRANSPARENT = ("barrier", "delay")  # statements that leave a qubit as it is


def structure_problems(task: ProgramSet) -> list[str]:
    """Every broken guarantee, in words, with file and line; empty if all hold."""
    checker = _Structure(task)
    problems = [*checker.registers(), *checker.statements(), *checker.ends_of_pairs()]
    problems += [*checker.unwritten_bits(), *checker.positions()]
    if not problems:
        problems += _deadlock(task)
    if not problems:
        problems += purifications(task)[1]
    return problems


def channel_ends(name: str, network: Network) -> tuple[int, tuple[int, ...]] | None:
    """Sender and receivers of a channel by its name; None if it does not name one.

    Receivers must be in network order, joined by a double underscore.
    """
    number = {node.name: index for index, node in enumerate(network.nodes)}
    sender, separator, rest = name.partition("_to_")
    receivers = rest.split("__")
    if not separator or sender not in number or any(word not in number for word in receivers):
        return None
    nodes = tuple(number[word] for word in receivers)
    if list(nodes) != sorted(set(nodes)) or number[sender] in nodes:
        return None
    return number[sender], nodes


def peak_comm_qubits(program: FlatProgram) -> int:
    """The most comm qubits of one program that hold something at one moment.

    Only the order of the node's own statements matters.
    """
    return _most_at_once((first, last + 1) for first, last in _comm_uses(program))


def planned_peak_comm_qubits(program: FlatProgram, times: Sequence[tuple[float, float]]) -> int:
    """The same at planned times, where pairs are generated ahead of their use.

    Args:
        program: of one node.
        times: start and duration of each of its statements, in ns.
    """
    spans = [
        (times[first][0] + _ROUNDING_NS, times[last][0] + times[last][1])
        for first, last in _comm_uses(program)
    ]
    return _most_at_once((begin, end) for begin, end in spans if end > begin)


def _comm_uses(program: FlatProgram) -> Iterator[tuple[int, int]]:
    """First and last statement of each use of a comm qubit.

    It is in use from its `dqc_epr` (or the `swap` that fills it) to the last statement before it is
    reset, or moved into `data`.
    """
    uses: dict[int, tuple[int, int]] = {}
    for number, statement in enumerate(program.statements):
        for register, cell in statement.qubits:
            if register != "comm":
                continue
            if statement.name == "reset" and cell in uses:
                yield uses.pop(cell)
            elif statement.name in ("dqc_epr", "swap") and cell not in uses:
                uses[cell] = (number, number)
            elif cell in uses and statement.name not in _TRANSPARENT:
                uses[cell] = (uses[cell][0], number)
    yield from uses.values()


def _most_at_once(spans: Iterable[tuple[float, float]]) -> int:
    """The most spans that overlap; each begins before it ends, and what ends makes room first."""
    changes: Counter[float] = Counter()
    for begin, end in spans:
        changes[begin] += 1
        changes[end] -= 1
    in_use = peak = 0
    for time in sorted(changes):
        in_use += changes[time]
        peak = max(peak, in_use)
    return peak


@dataclass
class _Structure:
    task: ProgramSet
    written: dict[BitKey, str] = field(default_factory=dict)
    read: dict[BitKey, str] = field(default_factory=dict)
    ends: dict[tuple[float, ...], list[tuple[int, str]]] = field(default_factory=dict)

    def node_name(self, node: int) -> str:
        return self.task.network.nodes[node].name

    def at(self, node: int, statement: FlatStatement) -> str:
        return f"{self.task.programs[node].source}:{statement.line}"

    def registers(self) -> Iterator[str]:
        """Only data, comm, out and channels of this node; sizes within the network's."""
        sizes: dict[str, tuple[int, str]] = {}
        for node, program in enumerate(self.task.programs):
            limits = self.task.network.nodes[node]
            for name, size in program.qubit_registers.items():
                limit = {"data": limits.data_qubits, "comm": limits.comm_qubits}.get(name, 0)
                if name not in ("data", "comm"):
                    yield f"{program.source}: a program has no qubit register {name}"
                elif limit is not None and size > limit:
                    yield f"{program.source}: {name} has {size} qubits, the node has {limit}"
            for name, size in program.bit_registers.items():
                if name == OUT:
                    continue
                ends = channel_ends(name, self.task.network)
                if ends is None or (node != ends[0] and node not in ends[1]):
                    yield f"{program.source}: {name} is not a channel of this node"
                    continue
                known, where = sizes.setdefault(name, (size, program.source))
                if known != size:
                    yield f"{program.source}: {name} has {size} bits, but {known} in {where}"

    def statements(self) -> Iterator[str]:
        """Who writes what, and what stands before a pair."""
        for node, program in enumerate(self.task.programs):
            before: dict[tuple[str, int], str] = {}
            for statement in program.statements:
                if statement.writes is not None:
                    yield from self.write(node, statement)
                for register, index, _ in statement.condition:
                    self.read.setdefault(bit_key(node, register, index), self.at(node, statement))
                for name in parameters_of(statement.parameters):
                    yield f"{self.at(node, statement)}: there is no parameter {name}"
                if statement.name == "dqc_epr":
                    yield from self.end_of_pair(node, statement, before.get(statement.qubits[0]))
                if statement.name not in _TRANSPARENT:
                    before.update(dict.fromkeys(statement.qubits, statement.name))

    def write(self, node: int, statement: FlatStatement) -> Iterator[str]:
        assert statement.writes is not None
        register, index = statement.writes
        where = self.at(node, statement)
        if register != OUT:
            ends = channel_ends(register, self.task.network)
            if ends is not None and ends[0] != node:
                yield f"{where}: {register} is written by a node that does not send it"
        key = bit_key(node, register, index)
        if key in self.written:
            yield f"{where}: {register}[{index}] was written before at {self.written[key]}"
        self.written[key] = where

    def end_of_pair(self, node: int, statement: FlatStatement, before: str | None) -> Iterator[str]:
        where = self.at(node, statement)
        link = int(statement.parameters[0])
        if link >= len(self.task.network.links):
            yield f"{where}: there is no link {link}"
        elif node not in self.task.network.links[link].between:
            yield f"{where}: link {link} does not end at {self.node_name(node)}"
        if statement.qubits[0][0] != "comm":
            yield f"{where}: half of a pair belongs in comm"
        if before != "reset":
            yield f"{where}: the qubit is not reset just before dqc_epr"
        self.ends.setdefault(statement.parameters, []).append((node, where))

    def ends_of_pairs(self) -> Iterator[str]:
        """Every pair has two ends, at two nodes."""
        for (link, pair), ends in self.ends.items():
            if len({node for node, _ in ends}) != 2 or len(ends) != 2:
                places = ", ".join(where for _, where in ends)
                yield f"pair {int(pair)} of link {int(link)} does not have two ends: {places}"

    def unwritten_bits(self) -> Iterator[str]:
        """Every bit that is read is written by its sender."""
        for (_, register, index), where in (
            (key, where) for key, where in self.read.items() if key not in self.written
        ):
            yield f"{where}: {register}[{index}] is read, but nobody writes it"

    def positions(self) -> Iterator[str]:
        """Start, end and classical bits are at distinct places that exist."""
        task = self.task
        for kind, places in (("start", task.start), ("end", task.end)):
            seen: set[Position] = set()
            for name, place in zip(task.qubits, places, strict=True):
                if place[1] >= self.size(place, "data") or place[1] < 0:
                    yield f"{kind} of {name}: {self.node_name(place[0])} has no data[{place[1]}]"
                if place in seen:
                    yield f"{kind} of {name}: another qubit is at this place"
                seen.add(place)
        bits: set[Position] = set()
        for name, bit in zip(task.clbit_names, task.clbits, strict=True):
            if bit is None:
                continue
            if bit_key(bit[0], OUT, bit[1]) not in self.written:
                yield f"bit {name}: {self.node_name(bit[0])} does not write out[{bit[1]}]"
            if bit in bits:
                yield f"bit {name}: another bit is at this place"
            bits.add(bit)

    def size(self, place: Position, register: str) -> int:
        return self.task.programs[place[0]].qubit_registers.get(register, 0)


def _deadlock(task: ProgramSet) -> list[str]:
    """Whether the programs stop early: by single assignment, under one timing means under all."""
    try:
        for _ in interleave(task.programs):
            pass
    except CompilerError as error:
        return [error.diagnostics[0].message_text]
    return []
