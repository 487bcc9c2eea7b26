"""Planned starts of a program's tasks, and the chains of which its random runs are made."""

from __future__ import annotations

import numpy as np

from dqc_compiler.kernels.jit import helper, kernel


@helper
def _less(time, rank, i, j):
    return time[i] < time[j] or (time[i] == time[j] and rank[i] < rank[j])


@helper
def _exchange(time, rank, i, j):
    time[i], time[j] = time[j], time[i]
    rank[i], rank[j] = rank[j], rank[i]


@helper
def _push(time, rank, first, size, new_time, new_rank):
    """Add to the heap at first .. first + size; the least (time, rank) is at its root."""
    child = size
    time[first + child], rank[first + child] = new_time, new_rank
    while child > 0:
        parent = (child - 1) // 2
        if not _less(time, rank, first + child, first + parent):
            break
        _exchange(time, rank, first + child, first + parent)
        child = parent
    return size + 1


@helper
def _drop(time, rank, first, size):
    """Remove the root, which is left behind the end of the heap."""
    size -= 1
    _exchange(time, rank, first, first + size)
    parent = 0
    while 2 * parent + 1 < size:
        child = 2 * parent + 1
        if child + 1 < size and _less(time, rank, first + child + 1, first + child):
            child += 1
        if not _less(time, rank, first + child, first + parent):
            break
        _exchange(time, rank, first + child, first + parent)
        parent = child
    return size


@helper
def _release(task, now, events, later_start, later, lag, duration, ready, missing, time, rank):
    """Tell what waits for a task that it starts; what waits for nothing else becomes an event."""
    for i in range(later_start[task], later_start[task + 1]):
        other = later[i]
        ready[other] = max(ready[other], now + duration[task] + lag[i])
        missing[other] -= 1
        if missing[other] == 0:
            events = _push(time, rank, 0, events, ready[other], other)
    return events


@kernel(
    "boolean(int64[::1], int64[::1], float64[::1], int64[::1], float64[::1], float64[::1],"
    " int64[::1], int64[::1])"
)
def _remaining(earlier_start, earlier, lag, later_start, duration, remaining, unseen, stack):
    """Fill `remaining`; False if tasks wait for each other in a circle."""
    tasks = len(duration)
    size = 0
    for task in range(tasks):
        remaining[task] = duration[task]
        unseen[task] = later_start[task + 1] - later_start[task]
        if unseen[task] == 0:
            stack[size] = task
            size += 1
    seen = 0
    while size > 0:
        size -= 1
        task = stack[size]
        seen += 1
        for i in range(earlier_start[task], earlier_start[task + 1]):
            cause = earlier[i]
            remaining[cause] = max(remaining[cause], duration[cause] + lag[i] + remaining[task])
            unseen[cause] -= 1
            if unseen[cause] == 0:
                stack[size] = cause
                size += 1
    return seen == tasks


def remaining_ns(earlier_start, earlier, lag, later_start, duration):
    """Longest path from the start of each task to the end of all, (t,), channels ignored.

    Args:
        earlier_start: (t + 1,) where the tasks that each task waits for begin.
        earlier: those tasks.
        lag: time from the end of each of them.
        later_start: (t + 1,) likewise for the tasks that wait for it.
        duration: (t,) of each task.

    Raises:
        ValueError: if tasks wait for each other in a circle.
    """
    tasks = len(duration)
    remaining = np.empty(tasks)
    scratch = np.empty((2, tasks), np.int64)
    if not _remaining(earlier_start, earlier, lag, later_start, duration, remaining, *scratch):
        raise ValueError("statements of the nodes wait for each other in a circle")
    return remaining


@kernel(
    "void(int64[::1], int64[::1], int64[::1], float64[::1], float64[::1], int64[::1],"
    " float64[::1], int64[::1], int64[::1], float64[::1], int64[::1], int64[::1], int64[::1],"
    " float64[::1], float64[::1], int64[::1], float64[::1], int64[::1], int64[::1], int64[::1],"
    " int64[::1], int64[::1])"
)
def _plan(
    earlier_start, later_start, later, lag, duration, link, remaining, channel_start, pair_start,
    start, order, channel_after, missing, ready, time, rank, urgency, waiting, in_line, free,
    idle, touched,
):  # fmt: skip
    """Fill `start`, `order` and `channel_after`; the arrays after them are scratch.

    Events are in one heap, keyed by time and rank; the rank of a task that gives its channel back
    is higher by t, so that it comes last. Pairs that wait are in a heap for each link, free
    channels on a stack.
    """
    tasks, links = len(duration), len(channel_start) - 1
    events = done = 0
    in_line[:] = 0
    for of in range(links):
        idle[of] = channel_start[of + 1] - channel_start[of]
    free[:] = -1
    for task in range(tasks):
        ready[task] = 0.0
        channel_after[task] = -1
        missing[task] = earlier_start[task + 1] - earlier_start[task]
        if missing[task] == 0:
            events = _push(time, rank, 0, events, 0.0, task)
    while events > 0:
        now = time[0]
        count = 0
        while events > 0 and time[0] == now:
            task = rank[0] % tasks
            is_over = rank[0] >= tasks
            events = _drop(time, rank, 0, events)
            of = link[task]
            if of < 0:
                start[task], order[done] = now, task
                done += 1
                events = _release(
                    task, now, events, later_start, later, lag, duration, ready, missing, time,
                    rank,
                )  # fmt: skip
                continue
            i = 0  # the links that anything happens on, in ascending order
            while i < count and touched[i] < of:
                i += 1
            if i == count or touched[i] != of:
                for j in range(count, i, -1):
                    touched[j] = touched[j - 1]
                touched[i] = of
                count += 1
            if is_over:
                free[channel_start[of] + idle[of]] = task
                idle[of] += 1
            else:
                in_line[of] = _push(
                    urgency, waiting, pair_start[of], in_line[of], -remaining[task], task
                )
        for position in range(count):
            of = touched[position]
            while idle[of] > 0 and in_line[of] > 0:
                pair = waiting[pair_start[of]]
                in_line[of] = _drop(urgency, waiting, pair_start[of], in_line[of])
                idle[of] -= 1
                channel_after[pair] = free[channel_start[of] + idle[of]]
                start[pair], order[done] = now, pair
                done += 1
                events = _release(
                    pair, now, events, later_start, later, lag, duration, ready, missing, time,
                    rank,
                )  # fmt: skip
                events = _push(time, rank, 0, events, now + duration[pair], pair + tasks)


def plan_starts(
    earlier_start, later_start, later, lag, duration, link, remaining, channel_start, pair_start
):
    """When each task starts, (t,), the tasks in that order, (t,), and whose channel each pair gets.

    List scheduling, in order of time. Only pairs compete, for the channels of their link: a free
    channel never idles while a pair waits for it, and of those that wait the one with the longest
    remaining path goes first.

    Args:
        earlier_start: (t + 1,) as in `remaining_ns`.
        later_start: (t + 1,) where the tasks that wait for each task begin.
        later: those tasks.
        lag: time from the end of the task to each of them.
        duration: (t,) of each task.
        link: (t,) of each pair, -1 for other tasks.
        remaining: (t,) longest path from the start of each task.
        channel_start: (l + 1,) where the channels of each link begin.
        pair_start: (l + 1,) likewise for its pairs.
    """
    tasks, links = len(duration), len(channel_start) - 1
    pairs = int(pair_start[-1])
    start = np.zeros(tasks)
    order, channel_after = np.empty(tasks, np.int64), np.empty(tasks, np.int64)
    _plan(
        earlier_start, later_start, later, lag, duration, link, remaining, channel_start,
        pair_start, start, order, channel_after,
        np.empty(tasks, np.int64), np.empty(tasks), np.empty(tasks + 1),
        np.empty(tasks + 1, np.int64), np.empty(pairs), np.empty(pairs, np.int64),
        np.empty(links, np.int64), np.empty(int(channel_start[-1]), np.int64),
        np.empty(links, np.int64), np.empty(links, np.int64),
    )  # fmt: skip
    return start, order, channel_after


@kernel(
    "void(int64[::1], int64[::1], float64[::1], int64[::1], int64[::1], float64[::1],"
    " float64[::1], int64[::1], float64[::1], boolean[::1], boolean[::1], int64[::1],"
    " int64[::1], float64[::1], float64[::1], float64[::1], boolean[::1])"
)
def _delay(
    earlier_start, earlier, earlier_lag, later_start, later, later_lag, duration, link, lead,
    movable, as_early, order, channel_after, start, hold, next_start, delayed,
):  # fmt: skip
    """Change `start` and fill `hold`; the last two are scratch."""
    tasks = len(duration)
    next_start[:] = np.inf
    delayed[:] = False
    hold[:] = 0.0
    for position in range(tasks - 1, -1, -1):
        task = order[position]
        latest = start[task]
        if movable[task] and later_start[task] < later_start[task + 1]:
            latest = np.inf
            for i in range(later_start[task], later_start[task + 1]):
                latest = min(latest, start[later[i]] - later_lag[i])
            latest -= duration[task]
        if link[task] >= 0:
            latest = min(latest - lead[link[task]], next_start[task] - duration[task])
        if latest > start[task]:
            start[task] = latest
            delayed[task] = True
        if channel_after[task] >= 0:
            next_start[channel_after[task]] = start[task]
    for position in range(tasks):
        task = order[position]
        is_late = link[task] >= 0 and delayed[task]
        if not (as_early[task] or is_late):
            continue
        free = 0.0 if earlier_start[task] == earlier_start[task + 1] else -np.inf
        for i in range(earlier_start[task], earlier_start[task + 1]):
            cause = earlier[i]
            free = max(free, start[cause] + duration[cause] + earlier_lag[i])
        if as_early[task]:
            start[task] = free
        else:
            hold[task] = start[task] - free


def delay_pairs(
    earlier_start, earlier, earlier_lag, later_start, later, later_lag, duration, link, lead,
    movable, as_early, order, channel_after, start,
):  # fmt: skip
    """Later starts of movable tasks that nothing else notices, (t,), and how long pairs wait, (t,).

    From the last task to the first, each pair within its channel; then, in order, each task of
    `as_early` as early as the others let it.

    Args:
        earlier_start: (t + 1,) with
        earlier: and
        earlier_lag: what each task waits for, and
        later_start: (t + 1,) with
        later: and
        later_lag: what waits for it, as in `plan_starts`.
        duration: (t,) of each task.
        link: (t,) of each pair, -1 for other tasks.
        lead: (l,) how long before its use a pair of each link is to be ready.
        movable: (t,) which tasks may start later.
        as_early: (t,) which of them move back.
        order: (t,) the tasks in the order of their starts.
        channel_after: (t,) the pair that had the channel of each pair before, or -1.
        start: (t,) the planned starts.
    """
    tasks = len(duration)
    start, hold = start.copy(), np.empty(tasks)
    _delay(
        earlier_start, earlier, earlier_lag, later_start, later, later_lag, duration, link, lead,
        movable, as_early, order, channel_after, start, hold, np.empty(tasks),
        np.empty(tasks, np.bool_),
    )  # fmt: skip
    return start, hold


@kernel(
    "int64(int64[::1], int64[::1], float64[::1], float64[::1], int64[::1], int64[::1],"
    " boolean[::1], int64[::1], int64[::1], float64[::1], float64[::1], int64[::1], int64[::1],"
    " float64[::1], float64[::1], int64[::1])"
)
def _join(
    earlier_start, earlier, lag, duration, link, order, is_last, cause_start, cause, cause_lag,
    constant, owner, event, since, least, position,
):  # fmt: skip
    """Fill the events, and for each task `event` and `since` of its start; returns their number."""
    tasks = len(duration)
    events = causes = 0
    cause_start[0] = 0
    position[:] = -1
    for number in range(tasks + 1):
        is_end = number == tasks
        task = -1 if is_end else order[number]
        first = causes
        fixed = 0.0
        i = 0 if is_end else earlier_start[task]
        end = tasks if is_end else earlier_start[task + 1]
        while i < end:
            if is_end:
                before, after = i, 0.0
                if not is_last[i]:
                    i += 1
                    continue
            else:
                before, after = earlier[i], lag[i]
            i += 1
            after += since[before]
            if link[before] < 0:  # of a pair, `since` counts from its own event, its end
                after += duration[before]
            source = event[before]
            if source < 0:
                fixed = max(fixed, after)
            elif position[source] >= first:
                cause_lag[position[source]] = max(cause_lag[position[source]], after)
            else:
                position[source] = causes
                cause[causes] = source
                cause_lag[causes] = after
                causes += 1
        if not is_end and link[task] < 0:
            if causes == first:
                event[task], since[task] = -1, fixed
                continue
            if causes == first + 1 and least[cause[first]] + cause_lag[first] >= fixed:
                event[task], since[task] = cause[first], cause_lag[first]
                causes = first
                position[cause[first]] = -1
                continue
        constant[events] = fixed
        least[events] = fixed
        for j in range(first, causes):
            least[events] = max(least[events], least[cause[j]] + cause_lag[j])
        owner[events] = task
        if not is_end:
            event[task], since[task] = events, 0.0
        events += 1
        cause_start[events] = causes
    return events


def join_chains(earlier_start, earlier, lag, duration, link, order):
    """The graph of tasks, with chains of constant times taken together.

    A task that waits for one thing only is that thing's event and a constant later; what is left
    are pairs, whose event is their end, meetings, and last of all the end of the program. With 1000
    pairs that halves events and causes, which matters where gates outnumber pairs by far; the
    random numbers of the pairs take most of the time otherwise.

    Args:
        earlier_start: (t + 1,) as in `remaining_ns`, as are the next two.
        earlier: what each task waits for.
        lag: time from the end of each of them.
        duration: (t,) of each task.
        link: (t,) of each pair, -1 for other tasks.
        order: (t,) the tasks in order of their starts.

    Returns:
        For n events: where the causes of each begin, (n + 1,), the causes, the time since each,
        the earliest time of each event, (n,), and the task that it belongs to, (n,), -1 for the
        end. For each task the event that its start follows, (t,), -1 for the start of the program,
        and the time since then, (t,); for pairs that of their end.
    """
    tasks, edges = len(duration), len(earlier)
    is_last = np.ones(tasks, np.bool_)
    is_last[earlier] = False
    room = edges + tasks
    cause_start, cause = np.empty(tasks + 2, np.int64), np.empty(room, np.int64)
    cause_lag, constant, owner = np.empty(room), np.empty(tasks + 1), np.empty(tasks + 1, np.int64)
    event, since = np.empty(tasks, np.int64), np.empty(tasks)
    events = _join(
        earlier_start, earlier, lag, duration, link, order, is_last, cause_start, cause,
        cause_lag, constant, owner, event, since, np.empty(tasks + 1),
        np.empty(tasks + 1, np.int64),
    )  # fmt: skip
    causes = int(cause_start[events])
    return (
        cause_start[: events + 1].copy(),
        cause[:causes].copy(),
        cause_lag[:causes].copy(),
        constant[:events].copy(),
        owner[:events].copy(),
        event,
        since,
    )
