"""Plain twins of `kernels.timing`; arguments as there."""

from __future__ import annotations

import heapq
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def _neighbours(start: Int64, task: Int64, lag: Float64) -> list[list[tuple[int, float]]]:
    """(task, lag) of what each task waits for, or of what waits for it."""
    both = list(zip(task.tolist(), lag.tolist(), strict=True))
    return [both[first:last] for first, last in pairwise(start.tolist())]


def remaining_ns(
    earlier_start: Int64, earlier: Int64, lag: Float64, later_start: Int64, duration: Float64
) -> Float64:
    """Longest paths."""
    after = _neighbours(earlier_start, earlier, lag)
    remaining = duration.tolist()
    unseen = np.diff(later_start).tolist()
    stack = [task for task, count in enumerate(unseen) if count == 0]
    seen = 0
    while stack:
        task = stack.pop()
        seen += 1
        for cause, since in after[task]:
            path = float(duration[cause]) + since + remaining[task]
            remaining[cause] = max(remaining[cause], path)
            unseen[cause] -= 1
            if unseen[cause] == 0:
                stack.append(cause)
    if seen < len(duration):
        raise ValueError("statements of the nodes wait for each other in a circle")
    return np.array(remaining, np.float64)


def plan_starts(
    earlier_start: Int64,
    later_start: Int64,
    later: Int64,
    lag: Float64,
    duration: Float64,
    link: Int64,
    remaining: Float64,
    channel_start: Int64,
    pair_start: Int64,  # noqa: ARG001 (heaps need no room of a known size here)
) -> tuple[Float64, Int64, Int64]:
    """Starts, order and channels."""
    before = _neighbours(later_start, later, lag)
    missing = np.diff(earlier_start).tolist()
    tasks = len(duration)
    start, ready = [0.0] * tasks, [0.0] * tasks
    channel_after = [-1] * tasks
    order: list[int] = []
    free = [[-1] * (last - first) for first, last in pairwise(channel_start.tolist())]
    waiting: list[list[tuple[float, int]]] = [[] for _ in free]
    # (time, whether the task gives its channel back, task)
    events = [(0.0, False, task) for task, count in enumerate(missing) if count == 0]

    def begin(task: int, now: float) -> None:
        start[task] = now
        order.append(task)
        for other, since in before[task]:
            ready[other] = max(ready[other], now + float(duration[task]) + since)
            missing[other] -= 1
            if missing[other] == 0:
                heapq.heappush(events, (ready[other], False, other))

    while events:
        now = events[0][0]
        links: set[int] = set()
        # All that happens now happens before a channel is given away, or ties would decide.
        while events and events[0][0] == now:
            _, is_over, task = heapq.heappop(events)
            of = int(link[task])
            if of < 0:
                begin(task, now)
                continue
            links.add(of)
            if is_over:
                free[of].append(task)
            else:
                heapq.heappush(waiting[of], (-float(remaining[task]), task))
        for of in sorted(links):
            while free[of] and waiting[of]:
                _, task = heapq.heappop(waiting[of])
                channel_after[task] = free[of].pop()
                begin(task, now)
                heapq.heappush(events, (now + float(duration[task]), True, task))
    return np.array(start), np.array(order, np.int64), np.array(channel_after, np.int64)


def delay_pairs(
    earlier_start: Int64,
    earlier: Int64,
    earlier_lag: Float64,
    later_start: Int64,
    later: Int64,
    later_lag: Float64,
    duration: Float64,
    link: Int64,
    lead: Float64,
    movable: Bools,
    as_early: Bools,
    order: Int64,
    channel_after: Int64,
    start: Float64,
) -> tuple[Float64, Float64]:
    """Later starts, and holds."""
    after = _neighbours(earlier_start, earlier, earlier_lag)
    before = _neighbours(later_start, later, later_lag)
    moved, hold = start.copy(), np.zeros(len(duration))
    next_start: dict[int, float] = {}  # pair -> start of the next one on its channel
    delayed: set[int] = set()
    for task in reversed(order.tolist()):
        latest = moved[task]
        if movable[task] and before[task]:
            latest = min(moved[other] - lag for other, lag in before[task]) - duration[task]
        if link[task] >= 0:
            until = next_start.get(task, np.inf)
            latest = min(latest - lead[link[task]], until - duration[task])
        if latest > moved[task]:
            moved[task] = latest
            delayed.add(task)
        if channel_after[task] >= 0:
            next_start[int(channel_after[task])] = moved[task]
    for task in order.tolist():
        ends = [moved[cause] + duration[cause] + lag for cause, lag in after[task]]
        free = max(ends, default=0.0)
        if as_early[task]:
            moved[task] = free
        elif link[task] >= 0 and task in delayed:
            hold[task] = moved[task] - free
    return moved, hold


def join_chains(
    earlier_start: Int64,
    earlier: Int64,
    lag: Float64,
    duration: Float64,
    link: Int64,
    order: Int64,
) -> tuple[Int64, Int64, Float64, Float64, Int64, Int64, Float64]:
    """Events, and the start of every task."""
    after = _neighbours(earlier_start, earlier, lag)
    tasks = len(duration)
    start: list[tuple[int, float]] = [(-1, 0.0)] * tasks
    found: list[dict[int, float]] = []
    constant: list[float] = []
    least: list[float] = []
    owner: list[int] = []

    def end(task: int) -> tuple[int, float]:
        event, since = start[task]
        return event, since + (float(duration[task]) if link[task] < 0 else 0.0)

    def latest(moments: list[tuple[tuple[int, float], float]]) -> tuple[dict[int, float], float]:
        causes: dict[int, float] = {}
        fixed = 0.0
        for (event, since), more in moments:
            if event < 0:
                fixed = max(fixed, more + since)
            else:
                causes[event] = max(causes.get(event, more + since), more + since)
        return causes, fixed

    def new_event(causes: dict[int, float], fixed: float, task: int) -> tuple[int, float]:
        found.append(causes)
        constant.append(fixed)
        least.append(max([fixed, *(least[event] + since for event, since in causes.items())]))
        owner.append(task)
        return len(found) - 1, 0.0

    for task in order.tolist():
        causes, fixed = latest([(end(cause), more) for cause, more in after[task]])
        if link[task] < 0 and not causes:
            start[task] = (-1, fixed)
        elif link[task] < 0 and len(causes) == 1:
            ((event, since),) = causes.items()
            is_later = least[event] + since >= fixed
            start[task] = (event, since) if is_later else new_event(causes, fixed, task)
        else:
            start[task] = new_event(causes, fixed, task)
    last = sorted(set(range(tasks)).difference(earlier.tolist()))
    new_event(*latest([(end(task), 0.0) for task in last]), -1)
    return (
        np.cumsum([0, *map(len, found)]).astype(np.int64),
        np.array([event for row in found for event in row], np.int64),
        np.array([since for row in found for since in row.values()], np.float64),
        np.array(constant, np.float64),
        np.array(owner, np.int64),
        np.array([event for event, _ in start], np.int64),
        np.array([since for _, since in start], np.float64),
    )
