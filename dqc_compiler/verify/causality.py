"""Whether schedule.json could happen: nothing uses what is not there yet."""

from __future__ import annotations

from collections.abc import Iterator

from dqc_compiler.formats.flat_qasm import FlatStatement
from dqc_compiler.formats.schedule_file import ScheduleFile
from dqc_compiler.verify.programs import BitKey, ProgramSet, bit_key, interleave

_ROUNDING_NS = 1e-3
"""Times are sums of up to a million terms of up to a second; this is far above their rounding."""

Half = tuple[int, int]
"""A node and the index of a `dqc_epr` in its program."""


def causality_problems(task: ProgramSet, schedule: ScheduleFile) -> list[str]:
    """Every statement, pair or message that comes too early, in words; empty if there is none.

    Args:
        task: programs that obey the static guarantees.
        schedule: the planned times of their statements.
    """
    names = [node.name for node in task.network.nodes]
    for node, (name, program) in enumerate(zip(names, task.programs, strict=True)):
        times = schedule.operations.get(name)
        if times is None or len(times) != len(program.statements):
            return [f"{task.programs[node].source}: the schedule does not time every statement"]
    checker = _Causality(task, schedule)
    return [*checker.replay(), *checker.pairs(), *checker.messages()]


class _Causality:
    def __init__(self, task: ProgramSet, schedule: ScheduleFile) -> None:
        self.task = task
        self.schedule = schedule
        self.names = [node.name for node in task.network.nodes]
        self.number = {name: index for index, name in enumerate(self.names)}
        self.times = [schedule.operations[name] for name in self.names]
        self.latency = task.network.latencies_ns()
        self.sent: dict[BitKey, tuple[int, float]] = {}  # bit -> node, end of its measurement
        self.first_read: dict[tuple[BitKey, int], float] = {}
        self.halves: dict[tuple[int, int], list[Half]] = {}  # link, pair -> its two statements

    def replay(self) -> Iterator[str]:
        """Statements in a valid order: qubits are free, bits have arrived, pairs are one event."""
        free: dict[tuple[int, str, int], float] = {}
        done = [0] * len(self.names)
        for step in interleave(self.task.programs):
            halves = [(step.node, step.statement)]
            if step.peer_statement is not None:
                halves.append((step.peer, step.peer_statement))
            for node, statement in halves:
                index = done[node]
                done[node] += 1
                start, duration = self.times[node][index]
                where = f"{self.task.programs[node].source}:{statement.line}"
                if duration < 0:
                    yield f"{where}: the duration is negative"
                for register, position in statement.qubits:
                    cell = (node, register, position)
                    if start < free.get(cell, 0.0) - _ROUNDING_NS:
                        yield f"{where}: starts at {start} ns while its qubit is busy"
                    free[cell] = start + duration
                yield from self.reads(node, statement, start, where)
                if statement.writes is not None:
                    key = bit_key(node, *statement.writes)
                    self.sent[key] = (node, start + duration)
                if statement.name == "dqc_epr":
                    link, pair = (int(value) for value in statement.parameters)
                    self.halves.setdefault((link, pair), []).append((node, index))

    def reads(self, node: int, statement: FlatStatement, start: float, where: str) -> Iterator[str]:
        for register, index, _ in statement.condition:
            key = bit_key(node, register, index)
            sender, end = self.sent[key]
            self.first_read.setdefault((key, node), start)
            if start < end + self.latency[sender][node] - _ROUNDING_NS:
                yield f"{where}: starts at {start} ns, before {register}[{index}] has arrived"

    def pairs(self) -> Iterator[str]:
        """Both ends of a pair have the same times, and the entries of the file say so."""
        entries = {(entry.link, entry.id): entry for entry in self.schedule.epr}
        if len(entries) != len(self.schedule.epr) or entries.keys() != self.halves.keys():
            yield "the schedule does not list every pair of the programs once"
            return
        for key, halves in self.halves.items():
            entry = entries[key]
            label = f"pair {entry.id} of link {entry.link}"
            times = [self.times[node][index] for node, index in halves]
            if times[0] != times[1]:
                yield f"{label}: its two ends have different times"
            listed = sorted((self.number.get(e.node, -1), e.statement) for e in entry.ends)
            if listed != sorted(halves):
                yield f"{label}: the schedule names other statements than the programs"
            start, duration = times[0]
            ready = start + duration
            if abs(entry.start_ns - start) > _ROUNDING_NS or entry.ready_ns < ready - _ROUNDING_NS:
                yield f"{label}: its times are not those of its statements"
            earliest, latest = entry.window_ns
            if not earliest - _ROUNDING_NS <= start <= latest + _ROUNDING_NS:
                yield f"{label}: it starts outside of its window"

    def messages(self) -> Iterator[str]:
        """Messages are sent when their bit is measured and arrive in time for their first use."""
        for entry in self.schedule.messages:
            label = f"message {entry.id}"
            key = bit_key(self.number.get(entry.sender, -1), entry.register_name, entry.bit)
            receiver = self.number.get(entry.receiver)
            if key not in self.sent or receiver is None:
                yield f"{label}: the programs do not send this bit"
                continue
            sender, end = self.sent[key]
            if self.names[sender] != entry.sender or abs(entry.send_ns - end) > _ROUNDING_NS:
                yield f"{label}: it is not sent when its bit is measured"
            if entry.arrival_ns < entry.send_ns + self.latency[sender][receiver] - _ROUNDING_NS:
                yield f"{label}: it arrives faster than the network allows"
            used = self.first_read.get((key, receiver))
            if used is not None and entry.arrival_ns > used + _ROUNDING_NS:
                yield f"{label}: it arrives after its first use"
