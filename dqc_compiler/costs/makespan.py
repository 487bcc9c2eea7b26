"""The total time over random pair generation, and how often something outlives its cutoff."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from dqc_compiler.costs.lifetimes import ROUNDING_NS, Lifetimes, cutoffs_ns
from dqc_compiler.costs.waits import Task
from dqc_compiler.ir import ABSENT, DistributedProgram, Makespan, Statement
from dqc_compiler.ir.arrays import offsets
from dqc_compiler.kernels.makespan import sample_runs

RUNS = 10_000
_FEWEST_RUNS = 500
_MOST_WORK = (
    2_000_000_000  # steps of the kernel, two or three seconds; random numbers count as eight
)

_Moment = tuple[int, float]  # so long after an event; ABSENT is the start of the program


class Sample(NamedTuple):
    """Figures from random runs; the rates are those of `ir.Violations`."""

    makespan: Makespan
    pair_rate: float
    copy_rate: float
    run_rate: float


@dataclass
class _Events:
    """The graph of tasks, with chains of constant times taken together.

    A task that waits for one thing only is that thing's event and a constant later; what is left
    are pairs and meetings. With 1000 pairs that halves events and causes, which matters where gates
    outnumber pairs by far; the random numbers of the pairs take most of the time otherwise.
    """

    causes: list[dict[int, float]] = field(default_factory=list)  # event -> time after it
    constant: list[float] = field(default_factory=list)  # earliest time of each event
    least: list[float] = field(default_factory=list)  # the same, from its causes too
    link: list[int] = field(default_factory=list)
    pair: list[int] = field(default_factory=list)
    hold: list[float] = field(default_factory=list)
    start: dict[int, _Moment] = field(default_factory=dict)  # of every task but pairs
    end: dict[int, _Moment] = field(default_factory=dict)

    def add(self, number: int, task: Task, pair: int) -> None:
        """The next task in the order of their planned starts."""
        moments = [(self.end[earlier], lag) for earlier, lag in task.after]
        causes, constant = self._latest(moments)
        if task.link != ABSENT:
            self.end[number] = (self._event(causes, constant, task.link, pair, task.hold), 0.0)
            return
        if not causes:
            at = (ABSENT, constant)
        elif len(causes) == 1:
            ((event, lag),) = causes.items()
            is_later = self.least[event] + lag >= constant
            at = (event, lag) if is_later else (self._event(causes, constant), 0.0)
        else:
            at = (self._event(causes, constant), 0.0)
        self.start[number] = at
        self.end[number] = (at[0], at[1] + task.duration)

    def finish(self, last: list[int]) -> None:
        """The end of the program, after these tasks."""
        self._event(*self._latest([(self.end[number], 0.0) for number in last]))

    def _latest(self, moments: list[tuple[_Moment, float]]) -> tuple[dict[int, float], float]:
        causes: dict[int, float] = {}
        constant = 0.0
        for (event, since), lag in moments:
            if event == ABSENT:
                constant = max(constant, since + lag)
            else:
                causes[event] = max(causes.get(event, 0.0), since + lag)
        return causes, constant

    def _event(
        self,
        causes: dict[int, float],
        constant: float,
        link: int = ABSENT,
        pair: int = ABSENT,
        hold: float = 0.0,
    ) -> int:
        self.causes.append(causes)
        self.constant.append(constant)
        self.least.append(max([constant, *(self.least[e] + lag for e, lag in causes.items())]))
        self.link.append(link)
        self.pair.append(pair)
        self.hold.append(hold)
        return len(self.constant) - 1


class _Watch(NamedTuple):
    """Two moments, and how far apart they may be."""

    first: _Moment
    second: _Moment
    limit: float
    owner: int


def _watches(
    program: DistributedProgram,
    rows: list[Statement],
    events: _Events,
    task_of: dict[int, int],
    lifetimes: Lifetimes,
) -> tuple[list[_Watch], int, int]:
    """What has a cutoff, and how many pairs and copies these are."""
    found: list[_Watch] = []
    owner = 0
    for ends, uses in zip(lifetimes.pair_statements, lifetimes.pair_use, strict=True):
        cutoff = program.network.links[rows[ends[0]].link].cutoff_us
        if cutoff is None:
            continue
        ready = events.end[task_of[ends[0]]]
        for use in uses:
            if use != ABSENT:
                found.append(_Watch(ready, events.start[task_of[use]], 1000.0 * cutoff, owner))
        owner += 1
    pairs, limits = owner, cutoffs_ns(program, rows)
    for copy in lifetimes.copies:
        if copy.gadget in limits and copy.closed != ABSENT:
            first, second = events.end[task_of[copy.opened]], events.start[task_of[copy.closed]]
            found.append(_Watch(first, second, limits[copy.gadget], owner))
            owner += 1
    return found, pairs, owner - pairs


def sample_makespan(
    program: DistributedProgram,
    rows: list[Statement],
    tasks: list[Task],
    order: list[int],
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
        tasks: what they wait for, and the planned holds.
        order: the tasks in order of their planned starts.
        lifetimes: between which statements pairs and copies age.
        seed: the same seed gives the same figures.
        most_runs: 1 at least.
    """
    events = _Events()
    numbers = {ends[0]: pair for pair, ends in enumerate(lifetimes.pair_statements)}
    for number in order:
        events.add(number, tasks[number], numbers.get(tasks[number].statements[0], ABSENT))
    events.finish([number for number, task in enumerate(tasks) if not task.before])
    task_of = {index: n for n, task in enumerate(tasks) for index in task.statements}
    watches, pairs, copies = _watches(program, rows, events, task_of, lifetimes)
    links = [link for link in events.link if link != ABSENT]
    channels = _channels(program, links)
    work = len(events.constant) + sum(map(len, events.causes)) + len(watches)
    work += sum(8 + channels[link] for link in links)
    runs = min(most_runs, max(_FEWEST_RUNS, _MOST_WORK // work)) if links else 1
    generators = _generators(program, channels)
    total, late, late_runs = sample_runs(
        *(*_graph(events), *generators, *_limits(watches), pairs + copies, runs, seed)
    )
    p50, p95, p99 = np.quantile(total, (0.5, 0.95, 0.99)).tolist()
    return Sample(
        Makespan(mean=float(total.mean()), p50=p50, p95=p95, p99=p99, shots=runs),
        pair_rate=float(late[:pairs].sum()) / max(1, pairs * runs),
        copy_rate=float(late[pairs:].sum()) / max(1, copies * runs),
        run_rate=late_runs / runs,
    )


def _graph(events: _Events) -> tuple[np.ndarray, ...]:
    return (
        offsets(map(len, events.causes)).astype(np.int64),
        np.array([event for row in events.causes for event in row], np.int64),
        np.array([lag for row in events.causes for lag in row.values()], np.float64),
        np.array(events.constant, np.float64),
        np.array(events.link, np.int64),
        np.array(events.pair, np.int64),
        np.array(events.hold, np.float64),
    )


def _channels(program: DistributedProgram, links: list[int]) -> list[int]:
    """Channels of each link; 0 if it has one for each of its pairs, whose links these are."""
    pairs = np.bincount(links, minlength=len(program.network.links)).tolist()
    counts = zip(program.network.links, pairs, strict=True)
    return [link.channels if link.channels < count else 0 for link, count in counts]


def _generators(program: DistributedProgram, channels: list[int]) -> tuple[np.ndarray, ...]:
    links = program.network.links
    with np.errstate(divide="ignore"):  # an attempt that cannot fail
        log_failure = np.log1p([-link.success_probability for link in links])
    return (
        np.array([link.attempt_ns for link in links], np.float64),
        np.array(log_failure, np.float64),
        offsets(channels).astype(np.int64),
    )


def _limits(watches: list[_Watch]) -> tuple[np.ndarray, ...]:
    return (
        np.array([(w.first[0], w.second[0], w.owner) for w in watches], np.int64).reshape(-1, 3),
        np.array([w.second[1] - w.first[1] for w in watches], np.float64),
        np.array([w.limit + ROUNDING_NS for w in watches], np.float64),
    )
