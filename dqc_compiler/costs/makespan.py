"""The total time over random pair generation, and how often something outlives its cutoff."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from dqc_compiler.costs.lifetimes import ROUNDING_NS, Lifetimes, cutoffs_ns
from dqc_compiler.costs.waits import Waits
from dqc_compiler.ir import ABSENT, DistributedProgram, Makespan, Statement
from dqc_compiler.ir.arrays import Float64, Int64, offsets
from dqc_compiler.kernels.makespan import sample_runs
from dqc_compiler.kernels.timing import join_chains

RUNS = 10_000
_FEWEST_RUNS = 500
_MOST_WORK = (
    2_000_000_000  # steps of the kernel, two or three seconds; random numbers count as eight
)


class Sample(NamedTuple):
    """Figures from random runs; the rates are those of `ir.Violations`."""

    makespan: Makespan
    pair_rate: float
    copy_rate: float
    run_rate: float


class _Events(NamedTuple):
    """The tasks with chains of constant times taken together, as `kernels.timing` joins them."""

    first: Int64
    cause: Int64
    lag: Float64
    constant: Float64
    owner: Int64  # the task of each event, ABSENT for the end of the program
    after: Int64  # the event before each task's start, ABSENT for the start of the program
    since: Float64

    def moments(self, tasks: Int64) -> tuple[Int64, Float64]:
        """Start of each task, or end of each pair: an event, and the time since then."""
        return self.after[tasks], self.since[tasks]


class _Watches(NamedTuple):
    """Pairs of moments that have an owner, and how far apart they may be."""

    events: Int64  # (c, 3): of the first moment, of the second, and the owner
    constant: Float64  # time from the first to the second if both events were at one time
    limit: Float64


def _watches(
    program: DistributedProgram,
    rows: list[Statement],
    events: _Events,
    waits: Waits,
    lifetimes: Lifetimes,
) -> tuple[_Watches, int, int]:
    """What has a cutoff, and how many pairs and copies these are."""
    found: list[tuple[int, int, int]] = []  # statement before, statement after, owner
    limit: list[float] = []
    owner = 0
    for ends, uses in zip(lifetimes.pair_statements, lifetimes.pair_use, strict=True):
        cutoff = program.network.links[rows[ends[0]].link].cutoff_us
        if cutoff is None:
            continue
        for use in uses:
            if use != ABSENT:
                found.append((ends[0], use, owner))
                limit.append(1000.0 * cutoff)
        owner += 1
    pairs, limits = owner, cutoffs_ns(program, rows)
    for copy in lifetimes.copies:
        if copy.gadget in limits and copy.closed != ABSENT:
            found.append((copy.opened, copy.closed, owner))
            limit.append(limits[copy.gadget])
            owner += 1
    table = np.array(found, np.int64).reshape(-1, 3)
    before, after = waits.task[table[:, 0]], waits.task[table[:, 1]]
    (first, since), (second, until) = events.moments(before), events.moments(after)
    # A pair's moment is its end already.
    since = since + np.where(waits.link[before] == ABSENT, waits.duration[before], 0.0)
    watches = _Watches(
        np.ascontiguousarray(np.stack((first, second, table[:, 2]), axis=1)),
        until - since,
        np.array(limit, np.float64) + ROUNDING_NS,
    )
    return watches, pairs, owner - pairs


class Plan(Protocol):
    """Planned times of tasks."""

    @property
    def order(self) -> Int64:
        """The tasks as they start."""

    @property
    def hold(self) -> Float64:
        """How long each task waits on purpose, in ns."""


def sample_makespan(
    program: DistributedProgram,
    rows: list[Statement],
    waits: Waits,
    plan: Plan,
    lifetimes: Lifetimes,
    *,
    seed: int,
    most_runs: int = RUNS,
) -> Sample:
    """Random runs in which every pair takes a geometric number of attempts.

    Pairs take the channels of their link in the planned order, each the one that is free first, and
    wait as long as they are held after their comm qubits are free; everything else starts as soon
    as it can. There are `most_runs` runs, fewer where these would take more than some seconds.

    Args:
        program: the program.
        rows: its statements.
        waits: what they wait for.
        plan: in which order they start, and how long pairs are held.
        lifetimes: between which statements pairs and copies age.
        seed: the same seed gives the same figures.
        most_runs: 1 at least.
    """
    events = _Events(*join_chains(*waits.earlier, waits.duration, waits.link, plan.order))
    watches, pairs, copies = _watches(program, rows, events, waits, lifetimes)
    link, number, hold = _generated(events, waits, plan, lifetimes)
    links = link[link != ABSENT].tolist()
    channels = _channels(program, links)
    work = len(events.constant) + len(events.cause) + len(watches.limit)
    work += sum(8 + channels[each] for each in links)
    runs = min(most_runs, max(_FEWEST_RUNS, _MOST_WORK // work)) if links else 1
    attempt, log_failure = _generators(program)
    total, late, late_runs = sample_runs(
        events.first,
        events.cause,
        events.lag,
        events.constant,
        link,
        number,
        hold,
        attempt,
        log_failure,
        offsets(channels).astype(np.int64),
        watches.events,
        watches.constant,
        watches.limit,
        pairs + copies,
        runs,
        seed,
    )
    p50, p95, p99 = np.quantile(total, (0.5, 0.95, 0.99)).tolist()
    return Sample(
        Makespan(mean=float(total.mean()), p50=p50, p95=p95, p99=p99, shots=runs),
        pair_rate=float(late[:pairs].sum()) / max(1, pairs * runs),
        copy_rate=float(late[pairs:].sum()) / max(1, copies * runs),
        run_rate=late_runs / runs,
    )


def _generated(
    events: _Events, waits: Waits, plan: Plan, lifetimes: Lifetimes
) -> tuple[Int64, Int64, Float64]:
    """Link, number and hold of the pair that is generated at each event; ABSENT, 0 if none is."""
    first = np.array([ends[0] for ends in lifetimes.pair_statements], np.int64)
    number = np.full(len(waits), ABSENT, np.int64)
    number[waits.task[first]] = np.arange(len(first))
    # The end of the program belongs to no task: its index, ABSENT, is that of what is appended.
    return (
        np.append(waits.link, ABSENT)[events.owner],
        np.append(number, ABSENT)[events.owner],
        np.append(np.where(waits.link == ABSENT, 0.0, plan.hold), 0.0)[events.owner],
    )


def _channels(program: DistributedProgram, links: list[int]) -> list[int]:
    """Channels of each link; 0 if it has one for each of its pairs, whose links these are."""
    pairs = np.bincount(links, minlength=len(program.network.links)).tolist()
    counts = zip(program.network.links, pairs, strict=True)
    return [link.channels if link.channels < count else 0 for link, count in counts]


def _generators(program: DistributedProgram) -> tuple[Float64, Float64]:
    """Time of an attempt on each link, and the logarithm of the probability that it fails."""
    links = program.network.links
    with np.errstate(divide="ignore"):  # an attempt that cannot fail
        log_failure: Float64 = np.log1p([-link.success_probability for link in links])
    return np.array([link.attempt_ns for link in links], np.float64), log_failure
