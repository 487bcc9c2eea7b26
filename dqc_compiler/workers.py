"""Calls on all cores, by processes that never outlive the call that needs them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import resource_tracker
from types import ModuleType
from typing import Any, TypeVar

from dqc_compiler.interruption import Patience, uninterrupted

T = TypeVar("T")


class Workers:
    """A pool of spawned processes; to be used in a `with`, at whose end all of them are gone."""

    def __init__(self, count: int) -> None:
        self._others = set(multiprocessing.active_children())
        self._is_busy = False
        self._pool = ProcessPoolExecutor(
            count,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_end_with_parent,
        )

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        with uninterrupted():
            mine = set(multiprocessing.active_children()) - self._others
            for process in mine if self._is_busy else ():
                process.kill()  # a kernel would let SIGTERM wait until it is done
            self._pool.shutdown(cancel_futures=True)

    def results(
        self, call: Callable[..., T], arguments: Iterable[tuple[Any, ...]], patience: Patience
    ) -> Iterator[T]:
        """Results in the order of the arguments; those that are late are left out."""
        self._is_busy = True
        with _deaf(), _without_main():
            futures: list[Future[T]] = [self._pool.submit(call, *each) for each in arguments]
        for future in futures:
            seconds = min(patience.seconds_left, threading.TIMEOUT_MAX)
            if not wait([future], timeout=seconds).done:
                return
            yield future.result()
        self._is_busy = False


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that are started now never hear of Ctrl-C.

    The terminal sends it to all of them, also while they still import what they need, and each
    would answer with a traceback. This process hears it when the block is done.
    """
    resource_tracker.ensure_running()  # it would lift the block when the first process is started
    with uninterrupted():
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@contextmanager
def _without_main() -> Iterator[None]:
    """Processes that are started now do not run the program of this one again.

    A spawned process imports `__main__` anew, in case calls come from there. Ours never do; and a
    script without `if __name__ == "__main__"` would start over, one from standard input, or of a
    console, is no file that could be imported.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _end_with_parent() -> None:
    """Watch the parent process, so that no worker is left if that is killed."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
