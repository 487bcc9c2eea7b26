"""Give every statement, pair and message its planned time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from dqc_compiler.costs.time import durations_ns
from dqc_compiler.ir import ABSENT, DistributedProgram, Makespan, Schedule, Statement
from dqc_compiler.ir.arrays import Float64, frozen

# So many random numbers cost about 0.1 s; the 99th percentile needs a few hundred shots at least.
_MOST_DRAWS, _MOST_SHOTS, _FEWEST_SHOTS = 4_000_000, 4000, 200


@dataclass(slots=True)
class _Task:
    """A statement, or the two ends of a pair, which start together."""

    statements: list[int]
    link: int = ABSENT
    duration: float = 0.0
    after: list[tuple[int, float]] = field(default_factory=list)  # (task, ns after its end)
    before: list[tuple[int, float]] = field(default_factory=list)  # the inverse
    start: float = 0.0
    channel_after: int = ABSENT  # the pair that held this one's channel before

    @property
    def end(self) -> float:
        return self.start + self.duration


def _tasks(program: DistributedProgram, rows: list[Statement], durations: Float64) -> list[_Task]:
    """Tasks, each with what it waits for: its qubits and its bits.

    Raises:
        ValueError: if a pair does not have two ends.
    """
    latency = program.network.latencies_ns()
    lasting = durations.tolist()
    tasks: list[_Task] = []
    of_pair: dict[tuple[int, int], int] = {}
    on_qubit: dict[tuple[int, int], int] = {}  # (node, cell) -> latest task on it
    sent: dict[tuple[int, int], tuple[int, int]] = {}  # bit -> (task, sender)
    for index, row in enumerate(rows):
        number = len(tasks)
        if row.name == "dqc_epr":
            number = of_pair.setdefault((row.link, row.pair), number)
        if number == len(tasks):
            tasks.append(_Task([], row.link, lasting[index]))
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


def _remaining_ns(tasks: list[_Task]) -> list[float]:
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


def _channels(program: DistributedProgram, tasks: list[_Task]) -> list[int]:
    """Channels of each link, no more than it has pairs."""
    pairs = [0] * len(program.network.links)
    for task in tasks:
        if task.link != ABSENT:
            pairs[task.link] += 1
    return [min(link.channels, n) for link, n in zip(program.network.links, pairs, strict=True)]


def _plan(tasks: list[_Task], channels: list[int]) -> list[int]:
    """Set the start of every task; returns the tasks in the order in which they start.

    List scheduling, in order of time. Only pairs compete, for the channels of their link: a free
    channel never idles while a pair waits for it, and of those that wait the one with the longest
    remaining path goes first. The order of the program as the tie-breaker does equally well where
    pairs come in the order of their use, but not where a late one starts a long chain. A channel is
    held by a pair that is being generated and by nothing else, so nothing waits for it forever.
    """
    remaining = _remaining_ns(tasks)
    missing = [len(task.after) for task in tasks]
    ready = [0.0] * len(tasks)
    free = [[ABSENT] * count for count in channels]  # the last pair on each free channel
    waiting: list[list[tuple[float, int]]] = [[] for _ in channels]
    order: list[int] = []
    # (time, whether the task gives its channel back, task)
    events = [(0.0, False, number) for number, count in enumerate(missing) if count == 0]
    heapq.heapify(events)

    def begin(number: int, now: float) -> None:
        task = tasks[number]
        task.start = now
        order.append(number)
        for later, lag in task.before:
            ready[later] = max(ready[later], task.end + lag)
            missing[later] -= 1
            if missing[later] == 0:
                heapq.heappush(events, (ready[later], False, later))

    while events:
        now = events[0][0]
        links: set[int] = set()
        # All that happens now happens before a channel is given away, or ties would decide.
        while events and events[0][0] == now:
            _, is_over, number = heapq.heappop(events)
            link = tasks[number].link
            if link == ABSENT:
                begin(number, now)
                continue
            links.add(link)
            if is_over:
                free[link].append(number)
            else:
                heapq.heappush(waiting[link], (-remaining[number], number))
        for link in sorted(links):
            while free[link] and waiting[link]:
                _, number = heapq.heappop(waiting[link])
                tasks[number].channel_after = free[link].pop()
                begin(number, now)
                heapq.heappush(events, (tasks[number].end, True, number))
    return order


def _critical_path(tasks: list[_Task]) -> Iterator[int]:
    """Statements from the last end back to the start, each the reason why the next one waited."""
    number = max(range(len(tasks)), key=lambda n: tasks[n].end, default=ABSENT)
    while number != ABSENT:
        task = tasks[number]
        yield task.statements[0]
        reasons = list(task.after)
        if task.channel_after != ABSENT:
            reasons.append((task.channel_after, 0.0))
        number, _ = max(
            reasons,
            key=lambda reason: (tasks[reason[0]].end + reason[1], -reason[0]),  # ties: the first
            default=(ABSENT, 0.0),
        )


_Moment = tuple[Float64, float]  # (shots,) and a constant to be added, in ns


def _latest(moments: list[_Moment]) -> _Moment:
    """The latest of some moments in each shot.

    Most statements follow one another by a constant, so that their vectors are the same object:
    then only constants are compared.
    """
    constants: dict[int, float] = {}
    for vector, constant in moments:
        constants[id(vector)] = max(constants.get(id(vector), constant), constant)
    vectors = {id(vector): vector for vector, _ in moments}
    (first, constant), *others = constants.items()
    if not others:
        return vectors[first], constant
    total = vectors[first] + constant
    for key, constant in others:
        np.maximum(total, vectors[key] + constant, out=total)
    return total, 0.0


def _makespan(
    program: DistributedProgram,
    tasks: list[_Task],
    order: list[int],
    channels: list[int],
    seed: int,
) -> Makespan:
    """Total time over random pair generation, all shots at once.

    The number of attempts of each pair is geometric; pairs take the channels of their link in the
    planned order, each the one that is free first, and everything else starts as soon as it can.
    """
    pairs = sum(task.link != ABSENT for task in tasks)
    shots = 1 if not pairs else max(_FEWEST_SHOTS, min(_MOST_SHOTS, _MOST_DRAWS // pairs))
    random = np.random.default_rng(seed)
    every = np.arange(shots)
    origin: _Moment = (np.zeros(shots), 0.0)
    channel_free = [np.zeros((count, shots)) for count in channels]
    ends: list[_Moment | None] = [None] * len(tasks)
    unread = [len(task.before) for task in tasks]
    total = origin
    for number in order:
        task = tasks[number]
        moments = [origin]
        for earlier, lag in task.after:
            moment = ends[earlier]
            assert moment is not None
            moments.append((moment[0], moment[1] + lag))
            unread[earlier] -= 1
            if unread[earlier] == 0:
                ends[earlier] = None  # thousands of vectors would not fit the memory
        vector, constant = _latest(moments[1:] or moments)
        if task.link != ABSENT:
            link, free = program.network.links[task.link], channel_free[task.link]
            attempts = random.geometric(link.success_probability, shots)
            channel = free.argmin(axis=0)
            start = np.maximum(free[channel, every], vector + constant)
            vector, constant = start + attempts * link.attempt_ns, 0.0
            free[channel, every] = vector
        else:
            constant += task.duration
        ends[number] = (vector, constant)
        if not task.before:
            total = _latest([total, (vector, constant)])
    totals = total[0] + total[1]
    p50, p95, p99 = np.quantile(totals, (0.5, 0.95, 0.99)).tolist()
    return Makespan(mean=float(totals.mean()), p50=p50, p95=p95, p99=p99, shots=shots)


def _messages(
    program: DistributedProgram, rows: list[Statement], start: list[float], durations: Float64
) -> list[tuple[int, int, int]]:
    """(measurement, first read, receiver) of every sent bit and receiver, in order of sending."""
    read: dict[tuple[tuple[int, int], int], int] = {}  # (bit, reader's node) -> statement
    for index, row in enumerate(rows):
        for register, bit, _ in row.condition:
            known = read.setdefault(((register, bit), row.node), index)
            if start[index] < start[known]:
                read[(register, bit), row.node] = index
    measurements = [index for index, row in enumerate(rows) if row.writes is not None]
    measurements.sort(key=lambda index: (start[index] + durations[index], index))
    messages: list[tuple[int, int, int]] = []
    for index in measurements:
        bit_written = rows[index].writes
        assert bit_written is not None
        for receiver in sorted(program.registers[bit_written[0]].receivers):
            messages.append((index, read.get((bit_written, receiver), ABSENT), receiver))
    return messages


@dataclass(frozen=True)
class ListSchedule:
    """Distributed program to schedule, planned with mean generation times.

    A statement starts when its qubits are free and the bits that it reads have arrived, a pair when
    also both its comm qubits are free and a channel of its link is. Statements of one node run in
    parallel as far as their qubits differ; the order on each qubit is the program's. The makespan's
    distribution comes from random generation times with the planned order of the channels.
    """

    name: ClassVar[str] = "schedule"
    seed: int = 0

    def run(self, program: DistributedProgram) -> Schedule:
        """Schedule every statement; n log n in the number of statements.

        Raises:
            ValueError: if a pair lacks an end, or statements wait for each other in a circle.
        """
        rows = list(program.statements())
        durations = durations_ns(program)
        tasks = _tasks(program, rows, durations)
        channels = _channels(program, tasks)
        order = _plan(tasks, channels)
        start = [0.0] * len(rows)
        for task in tasks:
            for statement in task.statements:
                start[statement] = task.start
        pairs = sorted(
            (task for task in tasks if task.link != ABSENT),
            key=lambda task: rows[task.statements[0]].pair,
        )
        messages = _messages(program, rows, start, durations)
        return Schedule(
            program=program,
            start_ns=frozen(start, np.float64),
            duration_ns=frozen(durations, np.float64),
            pair_statements=frozen([task.statements for task in pairs], np.int32, columns=2),
            pair_ready_ns=frozen([task.end for task in pairs], np.float64),
            message_statements=frozen([row[:2] for row in messages], np.int32, columns=2),
            message_receiver=frozen([row[2] for row in messages], np.int32),
            critical_path=tuple(_critical_path(tasks))[::-1],
            planned_makespan_ns=max((task.end for task in tasks), default=0.0),
            makespan=_makespan(program, tasks, order, channels, self.seed),
        )
