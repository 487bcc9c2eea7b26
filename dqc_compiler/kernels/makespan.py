"""Random runs of a program: how long it takes, and what gets too old on the way."""

from __future__ import annotations

import numpy as np

from dqc_compiler.kernels.jit import helper, kernel

# Runs that go through the program together: their inner loops become vector instructions. One run
# at a time takes 1.7 times as long; 8 are as good, 4 and 32 a little slower.
_BLOCK = 16


@helper
def _attempts(seed, index, log_failure):
    """Geometric number of attempts from the random number called `index`.

    SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): any number of its sequence without those before,
    so that a pair's generation in a run does not depend on the order in which pairs are generated,
    and two schedules can be compared on the same luck.
    """
    z = seed + (np.uint64(index) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    uniform = (np.float64(z >> np.uint64(11)) + 1.0) * 1.1102230246251565e-16  # in (0, 1]
    return np.floor(np.log(uniform) / log_failure) + 1.0


@kernel(
    "int64(int64[::1], int64[::1], float64[::1], float64[::1], int64[::1], int64[::1],"
    " float64[::1], float64[::1], float64[::1], int64[::1], int64[:,::1], float64[::1],"
    " float64[::1], int64, uint64, float64[::1], int64[::1], float64[:,::1], float64[:,::1],"
    " int64[::1])"
)
def run(
    before_start, before, lag, constant, link, pair, hold, attempt, log_failure, channel_start,
    watch, watch_constant, watch_limit, pairs, seed, total, late, value, free, is_late,
):  # fmt: skip
    """Fill `total` (s,) and `late` (o,); arguments as in `sample_runs`, the last three are scratch.

    Returns:
        Number of runs in which anything is late.
    """
    events, runs, owners = len(constant), len(total), len(late)
    late[:] = 0
    late_runs = 0
    for first in range(0, runs, _BLOCK):
        free[:] = 0.0
        for event in range(events):
            for b in range(_BLOCK):
                value[event, b] = constant[event]
            for i in range(before_start[event], before_start[event + 1]):
                source, after = before[i], lag[i]
                for b in range(_BLOCK):
                    value[event, b] = max(value[event, b], value[source, b] + after)
            of = link[event]
            if of < 0:
                continue
            for b in range(_BLOCK):
                index = (first + b) * pairs + pair[event]
                lasting = _attempts(seed, index, log_failure[of]) * attempt[of]
                channel, end = channel_start[of], channel_start[of + 1]
                start = value[event, b] + hold[event]
                if channel == end:
                    value[event, b] = start + lasting
                    continue
                for c in range(channel + 1, end):
                    if free[c, b] < free[channel, b]:
                        channel = c
                value[event, b] = max(start, free[channel, b]) + lasting
                free[channel, b] = value[event, b]
        for b in range(min(_BLOCK, runs - first)):
            total[first + b] = value[events - 1, b] if events else 0.0
            is_late[:] = 0
            for i in range(len(watch)):
                age = value[watch[i, 1], b] - value[watch[i, 0], b] + watch_constant[i]
                if age > watch_limit[i]:
                    is_late[watch[i, 2]] = 1
            any_late = 0
            for o in range(owners):
                late[o] += is_late[o]
                any_late |= is_late[o]
            late_runs += any_late
    return late_runs


def sample_runs(
    before_start, before, lag, constant, link, pair, hold, attempt, log_failure, channel_start,
    watch, watch_constant, watch_limit, owners, runs, seed,
):  # fmt: skip
    """Total time of every run, (s,), how often each owner is late, (o,), and late runs.

    n events, each at the latest of a constant and of `lag` after the events that it waits for. A
    pair's event is when it is there: it waits `hold` after those, takes the channel of its link
    that is free first, keeps it for a random number of attempts, and channels are taken in the
    order of the events. The last event is the end of the program.

    Args:
        before_start: (n + 1,) where the causes of each event start; they have smaller numbers.
        before: events that others wait for.
        lag: time from each of these, in ns.
        constant: (n,) earliest time of each event.
        link: (n,) the link of a pair's event, -1 for others.
        pair: (n,) number of the pair, which decides its random numbers.
        hold: (n,) additional wait of a pair.
        attempt: (l,) time of an attempt on each link.
        log_failure: (l,) logarithm of the probability that an attempt fails.
        channel_start: (l + 1,) where the channels of each link start; none: each pair has its own.
        watch: (c, 3) two events and an owner, who is late if the time from the first to the second,
            plus `watch_constant`, exceeds `watch_limit`.
        watch_constant: (c,) in ns.
        watch_limit: (c,) in ns.
        owners: how many there are.
        runs: how many random runs.
        seed: of the random numbers.
    """
    total, late = np.zeros(runs), np.zeros(owners, np.int64)
    pairs = int(pair.max(initial=-1)) + 1
    late_runs = run(
        before_start, before, lag, constant, link, pair, hold, attempt, log_failure, channel_start,
        watch, watch_constant, watch_limit, pairs, np.uint64(seed), total, late,
        np.empty((len(constant), _BLOCK)), np.empty((int(channel_start[-1]), _BLOCK)),
        np.empty(owners, np.int64),
    )  # fmt: skip
    return total, late, late_runs
