"""Calls made ahead of their use, by threads: for kernels, which run without the interpreter."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def made_ahead(calls: Iterable[Callable[[], T]]) -> Iterator[T]:
    """Results of the calls in their order, one call per core at a time.

    While a result is being used, the next ones are made; which thread is faster changes nothing.
    Whoever stops early waits for nothing: calls that have begun end unseen, others never begin.
    """
    pool = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        for future in [pool.submit(call) for call in calls]:
            yield future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
