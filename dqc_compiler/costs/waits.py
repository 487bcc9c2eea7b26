"""What every statement of a program waits for, and the least time that this takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import inf

import numpy as np

from dqc_compiler.costs.time import durations_ns
from dqc_compiler.ir import ABSENT, DistributedProgram, Statement
from dqc_compiler.ir.arrays import Float64, Int64
from dqc_compiler.kernels.timing import remaining_ns


@dataclass(frozen=True, eq=False)
class Waits:
    """What the tasks of a program wait for: their qubits and their bits; times in ns.

    A task is a statement, or the two ends of a pair, which start together.

    Attributes:
        task: (n,) the task of each statement.
        statements: (t, 2) the statements of each task; ABSENT where there is no second one.
        link: (t,) of each pair, ABSENT for other tasks.
        duration: (t,) of each task.
        edges: (e, 2) a task, and one that it waits for; in the order of the former.
        lags: (e,) time that it waits after the other's end.
    """

    task: Int64
    statements: Int64
    link: Int64
    duration: Float64
    edges: Int64
    lags: Float64

    def __len__(self) -> int:
        return len(self.duration)

    @cached_property
    def earlier(self) -> tuple[Int64, Int64, Float64]:
        """What each task waits for: where that begins, (t + 1,), the tasks, (e,), lags, (e,)."""
        return self._offsets(0), np.ascontiguousarray(self.edges[:, 1]), self.lags

    @cached_property
    def later(self) -> tuple[Int64, Int64, Float64]:
        """What waits for each task, likewise."""
        order = np.argsort(self.edges[:, 1], kind="stable")
        return self._offsets(1), self.edges[order, 0], self.lags[order]

    def _offsets(self, side: int) -> Int64:
        counts = np.bincount(self.edges[:, side], minlength=len(self))
        return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)

    def also(self, edges: list[tuple[int, int]]) -> Waits:
        """The same, and tasks that wait for the end of others besides."""
        more = np.array(edges, np.int64).reshape(-1, 2)
        lags = np.concatenate((self.lags, np.zeros(len(more))))
        return replace(self, **_in_order(np.concatenate((self.edges, more)), lags))

    def remaining_ns(self) -> Float64:
        """Longest path from the start of each task to the end of the program, channels ignored.

        Raises:
            ValueError: if tasks wait for each other in a circle.
        """
        remaining: Float64 = remaining_ns(*self.earlier, self.later[0], self.duration)
        return remaining


def _in_order(edges: Int64, lags: Float64) -> dict[str, np.ndarray]:
    """Edges and lags as `Waits` has them."""
    order = np.argsort(edges[:, 0], kind="stable")
    return {"edges": edges[order], "lags": lags[order]}


def find_waits(program: DistributedProgram, rows: list[Statement]) -> Waits:
    """Tasks in global order, and what they wait for.

    Args:
        program: the program.
        rows: its statements.

    Raises:
        ValueError: if a pair does not have two ends.
    """
    latency = program.network.latencies_ns()
    first_cell = np.cumsum([0, *(program.data_qubits + program.comm_qubits).tolist()]).tolist()
    latest = [ABSENT] * first_cell[-1]  # cell -> latest task on it
    of_pair: dict[tuple[int, int], int] = {}
    sent: dict[tuple[int, int], tuple[int, int]] = {}  # bit -> (task, sender)
    task_of: list[int] = []
    first: list[int] = []  # statement of each task
    second: dict[int, int] = {}
    edges: list[tuple[int, int]] = []
    lags: list[float] = []
    for index, row in enumerate(rows):
        number = len(first)
        if row.name == "dqc_epr":
            number = of_pair.setdefault((row.link, row.pair), number)
        if number == len(first):
            first.append(index)
        elif number in second:
            raise ValueError("a pair does not have exactly two ends")
        else:
            second[number] = index
        task_of.append(number)
        offset = first_cell[row.node]
        for qubit in row.qubits:
            before = latest[offset + qubit]
            if before != ABSENT:
                edges.append((number, before))
                lags.append(0.0)
            latest[offset + qubit] = number
        for register, bit, _ in row.condition:
            writer, sender = sent[register, bit]
            edges.append((number, writer))
            lags.append(latency[sender][row.node])
        if row.writes is not None:
            sent[row.writes] = (number, row.node)
    if len(second) < len(of_pair):
        raise ValueError("a pair does not have exactly two ends")
    statements = np.full((len(first), 2), ABSENT, np.int64)
    statements[:, 0] = first
    statements[list(second), 1] = list(second.values())
    return Waits(
        task=np.array(task_of, np.int64),
        statements=statements,
        link=program.link[statements[:, 0]].astype(np.int64),
        duration=durations_ns(program)[statements[:, 0]],
        **_in_order(np.array(edges, np.int64).reshape(-1, 2), np.array(lags, np.float64)),
    )


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
