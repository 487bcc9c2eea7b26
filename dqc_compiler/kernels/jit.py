"""The one place that knows numba's flags."""

from __future__ import annotations

import functools
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(signature: str) -> Callable[[F], F]:
    """Compile eagerly for one signature and keep the machine code on disk.

    Without the cache every run of the command would compile for seconds. numba itself falls back to
    a per-user cache directory if the package's is not writable; where nothing can be written (a
    full disk), the kernel is compiled for this run only. Neither fastmath nor parallel: results
    have to be the same on every machine, and caching parallel kernels has crashed.
    """

    def decorate(function: F) -> F:
        options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
        with _signals_deferred():
            try:
                compiled: Any = numba.njit(signature, cache=True, **options)(function)
            except OSError:
                compiled = numba.njit(signature, **options)(function)

        @functools.wraps(function)
        def call(*arguments: Any) -> Any:
            with _signals_deferred():
                return compiled(*arguments)

        return cast("F", call)

    return decorate


@contextmanager
def _signals_deferred() -> Iterator[None]:
    """Let an interruption wait until numba is done.

    Python's handlers raise wherever they are run, also while numba takes arguments apart or loads
    machine code, where an exception ends as a SystemError or a crash. Kernels are done in seconds.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, lambda number, _frame: caught.append(number))
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for number_caught in caught:
            signal.raise_signal(number_caught)


def helper(function: F) -> F:
    """A function that only kernels call; it is compiled together with them."""
    compiled: Any = numba.njit(error_model="numpy")(function)
    return cast("F", compiled)
