"""Plain twin of `kernels.makespan`."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dqc_compiler.kernels.reference.random import MASK

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]


def _uniform(seed: int, index: int) -> float:
    """A random number in (0, 1]: number `index` of SplitMix64."""
    z = (seed + (index + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    z ^= z >> 31
    return ((z >> 11) + 1) / 2**53


def sample_runs(
    before_start: Int64,
    before: Int64,
    lag: Float64,
    constant: Float64,
    link: Int64,
    pair: Int64,
    hold: Float64,
    attempt: Float64,
    log_failure: Float64,
    channel_start: Int64,
    watch: Int64,
    watch_constant: Float64,
    watch_limit: Float64,
    owners: int,
    runs: int,
    seed: int,
) -> tuple[Float64, Int64, int]:
    """Total times, late owners and late runs; arguments as in `kernels.makespan`."""
    causes = list(zip(before.tolist(), lag.tolist(), strict=True))
    bounds = list(pairwise(before_start.tolist()))
    pairs = 1 + max(pair.tolist(), default=-1)
    watches = list(zip(watch.tolist(), watch_constant, watch_limit, strict=True))
    total, late, late_runs = np.zeros(runs), np.zeros(owners, np.int64), 0
    for shot in range(runs):
        free = [[0.0] * (b - a) for a, b in pairwise(channel_start.tolist())]
        time: list[float] = []
        for event, (first, last) in enumerate(bounds):
            now = max(
                [float(constant[event]), *(time[e] + after for e, after in causes[first:last])]
            )
            of = int(link[event])
            if of >= 0:
                uniform = _uniform(seed, shot * pairs + int(pair[event]))
                attempts = math.floor(math.log(uniform) / log_failure[of]) + 1
                channels = free[of] or [0.0]  # none: the pair has one for itself
                channel = channels.index(min(channels))
                start = max(now + float(hold[event]), channels[channel])
                now = channels[channel] = start + attempts * float(attempt[of])
            time.append(now)
        total[shot] = time[-1] if time else 0.0
        found = {o for (a, b, o), more, limit in watches if time[b] - time[a] + more > limit}
        late[sorted(found)] += 1
        late_runs += bool(found)
    return total, late, late_runs
