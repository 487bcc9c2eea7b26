"""Give every statement, pair and message its planned time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil, log1p
from typing import ClassVar, NamedTuple

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
from dqc_compiler.costs.occupancy import planned_peak_comm
from dqc_compiler.costs.time import durations_ns
from dqc_compiler.costs.waits import Waits, find_waits, lower_bound_ns
from dqc_compiler.ir import ABSENT, DistributedProgram, Link, Network, Schedule, Statement
from dqc_compiler.ir.arrays import Float64, Int64, frozen
from dqc_compiler.kernels.timing import delay_pairs, plan_starts


class _Plan(NamedTuple):
    """When tasks start, and in which order; times in ns."""

    start: Float64  # (t,)
    order: Int64  # (t,) tasks as they start
    hold: Float64  # (t,) time that a pair waits on purpose
    channel_after: Int64  # (t,) the pair that held this one's channel before, ABSENT if none


def _plan(network: Network, waits: Waits) -> _Plan:
    """Every task as early as it can, the pairs with the longest remaining paths first.

    The order of the program as the tie-breaker does equally well where pairs come in the order of
    their use, but not where a late one starts a long chain. A channel is held by a pair that is
    being generated and by nothing else, so nothing waits for it forever.
    """
    pairs = np.bincount(waits.link[waits.link != ABSENT], minlength=len(network.links))
    channels = np.minimum([link.channels for link in network.links], pairs)
    ends = [np.concatenate(([0], np.cumsum(each))).astype(np.int64) for each in (channels, pairs)]
    start, order, channel_after = plan_starts(
        waits.earlier[0], *waits.later, waits.duration, waits.link, waits.remaining_ns(), *ends
    )
    return _Plan(start, order, np.zeros(len(waits)), channel_after)


def _critical_path(waits: Waits, plan: _Plan) -> Iterator[int]:
    """Statements from the last end back to the start, each the reason why the next one waited."""
    ends = plan.start + waits.duration
    first, earlier, lags = waits.earlier
    task = int(ends.argmax()) if len(waits) else ABSENT
    while task != ABSENT:
        yield int(waits.statements[task, 0])
        span = slice(first[task], first[task + 1])
        reasons = list(zip(earlier[span].tolist(), lags[span].tolist(), strict=True))
        if plan.channel_after[task] != ABSENT:
            reasons.append((int(plan.channel_after[task]), 0.0))
        task, _ = max(
            reasons,
            key=lambda reason: (ends[reason[0]] + reason[1], -reason[0]),  # ties: the first
            default=(ABSENT, 0.0),
        )


def _waiting_for_roots(waits: Waits, rows: list[Statement], lifetimes: Lifetimes) -> Waits:
    """Let every pair wait until what its first use couples it with is there.

    The first use of both ends in global order: everything between the pair and that statement is
    on its own halves, so that nothing waits for itself.
    """
    on_qubit: dict[tuple[int, int], int] = {}
    fresh: set[tuple[int, int]] = set()
    couples: dict[int, list[int]] = {}  # statement -> what it couples fresh halves with
    for index, row in enumerate(rows):
        cells = [(row.node, qubit) for qubit in row.qubits]
        couples[index] = [on_qubit[c] for c in cells if c in on_qubit and c not in fresh]
        if is_use(row):
            fresh -= set(cells)
        if row.name == "dqc_epr":
            fresh |= set(cells)
        on_qubit.update(dict.fromkeys(cells, int(waits.task[index])))
    edges: list[tuple[int, int]] = []
    for ends, uses in zip(lifetimes.pair_statements, lifetimes.pair_use, strict=True):
        first = min((use for use in uses if use != ABSENT), default=ABSENT)
        edges += [(int(waits.task[ends[0]]), earlier) for earlier in couples.get(first, [])]
    return waits.also(edges)


def _lead_ns(link: Link, share: float) -> float:
    """How much earlier than in the mean a pair has to begin to be in time with this probability.

    No more than its cutoff, or it would be planned to get too old.
    """
    attempts = 1
    if share > link.success_probability:
        attempts = ceil(log1p(-share) / log1p(-link.success_probability))
    lead = max(0.0, attempts * link.attempt_ns - link.mean_generation_ns)
    return lead if link.cutoff_us is None else min(lead, 1000.0 * link.cutoff_us)


def _movable(rows: list[Statement]) -> list[int]:
    """Halves of pairs, and gates of one qubit between a pair and the first use of its half."""
    fresh: set[tuple[int, int]] = set()
    found: list[int] = []
    for index, row in enumerate(rows):
        if row.name == "dqc_epr":
            fresh.add((row.node, row.qubits[0]))
        elif len(row.qubits) == 1 and (row.node, row.qubits[0]) in fresh and not is_use(row):
            pass
        else:
            fresh.difference_update((row.node, qubit) for qubit in row.qubits)
            continue
        found.append(index)
    return found


def _may_wait(program: DistributedProgram, rows: list[Statement]) -> list[int]:
    """All statements of gadgets but their pairs, and corrections, where pairs have cutoffs.

    They may wait as long as nothing else does, so that copies are opened late and do not get old.
    Without cutoffs they need not: random runs get some per cent longer if all copies are opened
    late, and nothing is said to suffer if not.
    """
    if all(link.cutoff_us is None for link in program.network.links):
        return []

    def may_wait(row: Statement) -> bool:
        if row.gadget != ABSENT:
            return row.name != "dqc_epr"
        return bool(row.condition) and row.operation == ABSENT

    return [index for index, row in enumerate(rows) if may_wait(row)]


def _with_late_pairs(
    program: DistributedProgram, rows: list[Statement], waits: Waits, plan: _Plan, share: float
) -> _Plan:
    """Begin pairs as late as no other statement notices.

    Each within its channel. It is planned to be ready some time before its use, because a third of
    all pairs take longer than planned: see `_lead_ns`. A copy is opened as soon as its pair is
    there, and not when it might be at the latest.
    """
    movable, as_early = np.zeros(len(waits), np.bool_), np.zeros(len(waits), np.bool_)
    as_early[waits.task[_may_wait(program, rows)]] = True
    movable[waits.task[_movable(rows)]] = True
    start, hold = delay_pairs(
        *waits.earlier,
        *waits.later,
        waits.duration,
        waits.link,
        np.array([_lead_ns(link, share) for link in program.network.links], np.float64),
        movable | as_early,
        as_early,
        plan.order,
        plan.channel_after,
        plan.start,
    )
    order = plan.order[np.argsort(start[plan.order], kind="stable")]
    return plan._replace(start=start, hold=hold, order=order)


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
        waits = find_waits(program, rows)
        lifetimes = find_lifetimes(program, rows)
        if not self.prefetch:
            waits = _waiting_for_roots(waits, rows, lifetimes)
        plan = _plan(program.network, waits)
        critical_path = tuple(_critical_path(waits, plan))[::-1]
        if self.in_time is not None:
            plan = _with_late_pairs(program, rows, waits, plan, self.in_time)
        sample = sample_makespan(
            program, rows, waits, plan, lifetimes, seed=self.seed, most_runs=self.most_runs
        )
        start = plan.start[waits.task].tolist()
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
        ends = plan.start + waits.duration
        pairs = np.flatnonzero(waits.link != ABSENT)
        pairs = pairs[np.argsort(program.pair[waits.statements[pairs, 0]], kind="stable")]
        pair_statements = waits.statements[pairs]
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
            pair_statements=frozen(pair_statements, np.int32, columns=2),
            pair_ready_ns=frozen(ends[pairs], np.float64),
            pair_hold_ns=frozen(plan.hold[pairs], np.float64),
            pair_age_ns=frozen(
                [age_of[first, second] for first, second in pair_statements.tolist()],
                np.float64,
                columns=2,
            ),
            copy_statements=frozen([row[:3] for row in closed], np.int32, columns=3),
            copy_life_ns=frozen([row[3] for row in closed], np.float64),
            message_statements=frozen([row[:2] for row in messages], np.int32, columns=2),
            message_receiver=frozen([row[2] for row in messages], np.int32),
            critical_path=critical_path,
            planned_peak_comm=frozen(planned_peak_comm(program, start, lasting), np.int32),
            planned_makespan_ns=float(ends.max(initial=0.0)),
            makespan=sample.makespan,
            lower_bound_ns=lower_bound_ns(program, rows),
            violations=violations,
        )
