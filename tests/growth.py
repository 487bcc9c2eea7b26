"""How the time of a function grows with its input: a ratio within one run, not a wall time."""

from __future__ import annotations

import gc
from collections.abc import Callable
from math import log
from time import process_time


def growth(run: Callable[[int], object], small: int, factor: int = 4) -> float:
    """Exponent a of time ~ size^a between `small` and `factor` times as much; best of three."""

    def seconds(size: int) -> float:
        gc.collect()
        started = process_time()
        run(size)
        return process_time() - started

    run(small)  # imports and caches
    first = min(seconds(small) for _ in range(3))
    second = min(seconds(factor * small) for _ in range(3))
    return log(second / first) / log(factor)
