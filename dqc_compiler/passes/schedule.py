"""Give every statement, pair and message its planned time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil, inf, log1p
from typing import ClassVar

import numpy as np

from dqc_compiler.costs.lifetimes import (
    Lifetimes,
    copy_lives_ns,
    find_lifetimes,
    is_use,
    pair_ages_ns,
    planned_violations,
)
from dqc_compiler.costs.makespan import RUNS, sample_makespan
from dqc_compiler.costs.time import durations_ns
from dqc_compiler.costs.waits import Task, find_waits, lower_bound_ns, remaining_ns
from dqc_compiler.ir import ABSENT, DistributedProgram, Link, Schedule, Statement
from dqc_compiler.ir.arrays import Float64, frozen


def _channels(program: DistributedProgram, tasks: list[Task]) -> list[int]:
    """Channels of each link, no more than it has pairs."""
    pairs = [0] * len(program.network.links)
    for task in tasks:
        if task.link != ABSENT:
            pairs[task.link] += 1
    return [min(link.channels, n) for link, n in zip(program.network.links, pairs, strict=True)]


def _plan(tasks: list[Task], channels: list[int]) -> list[int]:
    """Set the start of every task; returns the tasks in the order in which they start.

    List scheduling, in order of time. Only pairs compete, for the channels of their link: a free
    channel never idles while a pair waits for it, and of those that wait the one with the longest
    remaining path goes first. The order of the program as the tie-breaker does equally well where
    pairs come in the order of their use, but not where a late one starts a long chain. A channel is
    held by a pair that is being generated and by nothing else, so nothing waits for it forever.
    """
    remaining = remaining_ns(tasks)
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


def _critical_path(tasks: list[Task]) -> Iterator[int]:
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


def _wait_for_roots(tasks: list[Task], rows: list[Statement], lifetimes: Lifetimes) -> None:
    """Let every pair wait until what its first use couples it with is there.

    The first use of both ends in global order: everything between the pair and that statement is
    on its own halves, so that nothing waits for itself.
    """
    task_of = {index: n for n, task in enumerate(tasks) for index in task.statements}
    on_qubit: dict[tuple[int, int], int] = {}
    fresh: set[tuple[int, int]] = set()
    waits: dict[int, list[int]] = {}  # statement -> what it couples fresh halves with
    for index, row in enumerate(rows):
        cells = [(row.node, qubit) for qubit in row.qubits]
        waits[index] = [on_qubit[c] for c in cells if c in on_qubit and c not in fresh]
        if is_use(row):
            fresh -= set(cells)
        if row.name == "dqc_epr":
            fresh |= set(cells)
        on_qubit.update(dict.fromkeys(cells, task_of[index]))
    for ends, uses in zip(lifetimes.pair_statements, lifetimes.pair_use, strict=True):
        pair = task_of[ends[0]]
        first = min((use for use in uses if use != ABSENT), default=ABSENT)
        for earlier in waits.get(first, []):
            tasks[pair].after.append((earlier, 0.0))
            tasks[earlier].before.append((pair, 0.0))


def _lead_ns(link: Link, share: float) -> float:
    """How much earlier than in the mean a pair has to begin to be in time with this probability.

    No more than its cutoff, or it would be planned to get too old.
    """
    attempts = 1
    if share > link.success_probability:
        attempts = ceil(log1p(-share) / log1p(-link.success_probability))
    lead = max(0.0, attempts * link.attempt_ns - link.mean_generation_ns)
    return lead if link.cutoff_us is None else min(lead, 1000.0 * link.cutoff_us)


def _movable(tasks: list[Task], rows: list[Statement]) -> set[int]:
    """Pairs, and gates of one qubit between a pair and the first use of its half."""
    task_of = {index: n for n, task in enumerate(tasks) for index in task.statements}
    fresh: set[tuple[int, int]] = set()
    found: set[int] = set()
    for index, row in enumerate(rows):
        cells = {(row.node, qubit) for qubit in row.qubits}
        if row.name == "dqc_epr":
            fresh |= cells
        elif len(cells) == 1 and cells <= fresh and not is_use(row):
            pass
        else:
            fresh -= cells
            continue
        found.add(task_of[index])
    return found


def _gadgets(program: DistributedProgram, tasks: list[Task], rows: list[Statement]) -> set[int]:
    """All statements of gadgets but their pairs, and corrections, where pairs have cutoffs.

    They may wait as long as nothing else does, so that copies are opened late and do not get old.
    Without cutoffs they need not: random runs get some per cent longer if all copies are opened
    late, and nothing is said to suffer if not.
    """
    if all(link.cutoff_us is None for link in program.network.links):
        return set()

    def may_wait(row: Statement) -> bool:
        if row.gadget != ABSENT:
            return row.name != "dqc_epr"
        return bool(row.condition) and row.operation == ABSENT

    return {n for n, task in enumerate(tasks) if may_wait(rows[task.statements[0]])}


def _delay_pairs(
    program: DistributedProgram,
    tasks: list[Task],
    rows: list[Statement],
    order: list[int],
    share: float,
) -> list[int]:
    """Begin pairs as late as no other statement notices; returns the new order of starts.

    From the last task to the first, each pair within its channel. It is planned to be ready some
    time before its use, because a third of all pairs take longer than planned: see `_lead_ns`.
    """
    leads = [_lead_ns(link, share) for link in program.network.links]
    gadgets = _gadgets(program, tasks, rows)
    movable = _movable(tasks, rows) | gadgets
    delayed: set[int] = set()
    next_start: dict[int, float] = {}  # pair -> start of the next one on its channel
    for number in reversed(order):
        task = tasks[number]
        if number not in movable or not task.before:
            latest = task.start
        else:
            latest = min(tasks[later].start - lag for later, lag in task.before) - task.duration
        if task.link != ABSENT:
            latest = min(latest - leads[task.link], next_start.get(number, inf) - task.duration)
        if latest > task.start:
            task.start = latest
            delayed.add(number)
        if task.channel_after != ABSENT:
            next_start[task.channel_after] = task.start
    # A copy is opened as soon as its pair is there, and not when it might be at the latest.
    for number in order:
        task = tasks[number]
        free = max((tasks[earlier].end + lag for earlier, lag in task.after), default=0.0)
        if number in gadgets:
            task.start = free
        elif task.link != ABSENT and number in delayed:
            task.hold = task.start - free
    return sorted(order, key=lambda number: tasks[number].start)


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

    A statement starts when its qubits are free and the bits that it reads have arrived. A pair is
    generated ahead of its use, as soon as both its comm qubits and a channel of its link are free;
    where that is earlier than anything needs, it is then planned later, so that it does not get
    old. Statements of one node run in parallel as far as their qubits differ; the order on each
    qubit is the program's. The makespan's distribution comes from random generation times.

    Attributes:
        seed: of the random runs.
        most_runs: of these; 1 where only the plan is asked for.
        prefetch: False for comparison: pairs wait until the qubits that they are for are there.
        in_time: share of pairs that are to be ready for their planned use, where that does not
            need an earlier start than prefetching gives; None: no pair is planned later.
    """

    name: ClassVar[str] = "schedule"
    seed: int = 0
    most_runs: int = RUNS
    prefetch: bool = True
    in_time: float | None = 0.9

    def run(self, program: DistributedProgram) -> Schedule:
        """Schedule every statement; n log n in the number of statements.

        Raises:
            ValueError: if a pair lacks an end, or statements wait for each other in a circle.
        """
        rows = list(program.statements())
        tasks = find_waits(program, rows)
        lifetimes = find_lifetimes(program, rows)
        if not self.prefetch:
            _wait_for_roots(tasks, rows, lifetimes)
        order = _plan(tasks, _channels(program, tasks))
        critical_path = tuple(_critical_path(tasks))[::-1]
        if self.in_time is not None:
            order = _delay_pairs(program, tasks, rows, order, self.in_time)
        sample = sample_makespan(
            program, rows, tasks, order, lifetimes, seed=self.seed, most_runs=self.most_runs
        )
        start = [0.0] * len(rows)
        for task in tasks:
            for statement in task.statements:
                start[statement] = task.start
        durations = durations_ns(program)
        lasting = durations.tolist()
        ages = pair_ages_ns(lifetimes, start, lasting)
        lives = copy_lives_ns(lifetimes, start, lasting)
        violations = replace(
            planned_violations(program, rows, lifetimes, ages, lives),
            pair_rate=sample.pair_rate,
            copy_rate=sample.copy_rate,
            run_rate=sample.run_rate,
        )
        age_of = dict(zip(lifetimes.pair_statements, ages, strict=True))
        pairs = sorted(
            (task for task in tasks if task.link != ABSENT),
            key=lambda task: rows[task.statements[0]].pair,
        )
        closed = [
            (copy.half, copy.opened, copy.closed, life)
            for copy, life in zip(lifetimes.copies, lives, strict=True)
            if copy.closed != ABSENT
        ]
        messages = _messages(program, rows, start, durations)
        return Schedule(
            program=program,
            start_ns=frozen(start, np.float64),
            duration_ns=frozen(durations, np.float64),
            pair_statements=frozen([task.statements for task in pairs], np.int32, columns=2),
            pair_ready_ns=frozen([task.end for task in pairs], np.float64),
            pair_hold_ns=frozen([task.hold for task in pairs], np.float64),
            pair_age_ns=frozen(
                [age_of[task.statements[0], task.statements[1]] for task in pairs],
                np.float64,
                columns=2,
            ),
            copy_statements=frozen([row[:3] for row in closed], np.int32, columns=3),
            copy_life_ns=frozen([row[3] for row in closed], np.float64),
            message_statements=frozen([row[:2] for row in messages], np.int32, columns=2),
            message_receiver=frozen([row[2] for row in messages], np.int32),
            critical_path=critical_path,
            planned_makespan_ns=max((task.end for task in tasks), default=0.0),
            makespan=sample.makespan,
            lower_bound_ns=lower_bound_ns(program, rows),
            violations=violations,
        )
