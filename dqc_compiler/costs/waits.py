"""What every statement of a program waits for, and the least time that this takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from dqc_compiler.costs.time import durations_ns
from dqc_compiler.ir import ABSENT, DistributedProgram, Statement


@dataclass(slots=True)
class Task:
    """A statement, or the two ends of a pair, which start together; times in ns."""

    statements: list[int]
    link: int = ABSENT  # of a pair
    duration: float = 0.0
    after: list[tuple[int, float]] = field(default_factory=list)  # (task, time after its end)
    before: list[tuple[int, float]] = field(default_factory=list)  # the inverse
    start: float = 0.0
    hold: float = 0.0  # time that a pair waits on purpose
    channel_after: int = ABSENT  # the pair that held this one's channel before

    @property
    def end(self) -> float:
        """When it is done."""
        return self.start + self.duration


def find_waits(program: DistributedProgram, rows: list[Statement]) -> list[Task]:
    """Tasks in global order, each with what it waits for: its qubits and its bits.

    Args:
        program: the program.
        rows: its statements.

    Raises:
        ValueError: if a pair does not have two ends.
    """
    latency = program.network.latencies_ns()
    lasting = durations_ns(program).tolist()
    tasks: list[Task] = []
    of_pair: dict[tuple[int, int], int] = {}
    on_qubit: dict[tuple[int, int], int] = {}  # (node, cell) -> latest task on it
    sent: dict[tuple[int, int], tuple[int, int]] = {}  # bit -> (task, sender)
    for index, row in enumerate(rows):
        number = len(tasks)
        if row.name == "dqc_epr":
            number = of_pair.setdefault((row.link, row.pair), number)
        if number == len(tasks):
            tasks.append(Task([], row.link, lasting[index]))
        task = tasks[number]
        task.statements.append(index)
        for qubit in row.qubits:
            if (row.node, qubit) in on_qubit:
                task.after.append((on_qubit[row.node, qubit], 0.0))
            on_qubit[row.node, qubit] = number
        for register, bit, _ in row.condition:
            writer, sender = sent[register, bit]
            task.after.append((writer, latency[sender][row.node]))
        if row.writes is not None:
            sent[row.writes] = (number, row.node)
    if any(len(tasks[number].statements) != 2 for number in of_pair.values()):
        raise ValueError("a pair does not have exactly two ends")
    for number, task in enumerate(tasks):
        for earlier, lag in task.after:
            tasks[earlier].before.append((number, lag))
    return tasks


def remaining_ns(tasks: list[Task]) -> list[float]:
    """Longest path from the start of each task to the end of the program, channels ignored.

    Raises:
        ValueError: if tasks wait for each other in a circle.
    """
    remaining = [task.duration for task in tasks]
    unseen = [len(task.before) for task in tasks]
    stack = [number for number, count in enumerate(unseen) if count == 0]
    seen = 0
    while stack:
        number = stack.pop()
        seen += 1
        for earlier, lag in tasks[number].after:
            path = tasks[earlier].duration + lag + remaining[number]
            remaining[earlier] = max(remaining[earlier], path)
            unseen[earlier] -= 1
            if unseen[earlier] == 0:
                stack.append(earlier)
    if seen < len(tasks):
        raise ValueError("statements of the nodes wait for each other in a circle")
    return remaining


def lower_bound_ns(program: DistributedProgram, rows: list[Statement]) -> float:
    """No schedule of these programs is shorter, nor is the mean of its random runs.

    Every link has a channel for each pair, and every `reset` of a comm qubit a qubit that is free:
    what remains is the longest chain of statements and messages. In every run the time is at least
    that of the longest chain with the run's generation times, and the mean of a maximum of sums is
    at least the maximum of the means (Jensen).

    One walk in global order, in which causes come first, and both ends of a pair before what
    uses either.

    Raises:
        ValueError: if they do not.
    """
    latency = program.network.latencies_ns()
    lasting = durations_ns(program).tolist()
    first_comm = program.data_qubits.tolist()
    busy: dict[tuple[int, int], float] = {}  # (node, cell) -> when it is free
    sent: dict[tuple[int, int], tuple[float, int]] = {}
    half: dict[tuple[int, int], tuple[float, tuple[int, int]]] = {}  # pair -> one end, waiting
    total = 0.0
    for index, row in enumerate(rows):
        cells = [(row.node, qubit) for qubit in row.qubits]
        start = max([busy.get(cell, 0.0) for cell in cells], default=0.0)
        if row.name == "reset" and row.qubits[0] >= first_comm[row.node]:
            start = 0.0
        for register, bit, _ in row.condition:
            when, sender = sent[register, bit]
            start = max(start, when + latency[sender][row.node])
        if row.name == "dqc_epr":
            other = half.pop((row.link, row.pair), None)
            if other is None:
                half[row.link, row.pair] = (start, cells[0])
                busy[cells[0]] = inf
                continue
            start = max(start, other[0])
            cells.append(other[1])
        end = start + lasting[index]
        if end == inf:
            raise ValueError("a half is used before the other one is there")
        busy.update(dict.fromkeys(cells, end))
        if row.writes is not None:
            sent[row.writes] = (end, row.node)
        total = max(total, end)
    return total
