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

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "_nrt": False}


def record(kind: type, *fields: Any) -> Any:
    """The numba type of a NamedTuple; its fields are spelled as in signatures, or are records."""
    types = [_type(field) if isinstance(field, str) else field for field in fields]
    return numba.types.BaseTuple.from_types(types, kind)


def _type(spelling: str) -> Any:
    """A scalar, or a contiguous array of one or two dimensions, such as `int64[:,::1]`."""
    name, _, dimensions = spelling.partition("[")
    scalar = getattr(numba.types, name)
    return numba.types.Array(scalar, 1 + dimensions.count(","), "C") if dimensions else scalar


def signature(result: str, *arguments: Any) -> Any:
    """A signature whose arguments are spelled out or are types of `record`."""
    known = vars(numba.types)
    return known[result](*(_type(a) if isinstance(a, str) else a for a in arguments))


def kernel(signature: Any) -> Callable[[F], F]:
    """Compile eagerly for one signature and keep the machine code on disk.

    Without the cache every run of the command would compile for seconds. numba itself falls back to
    a per-user cache directory if the package's is not writable; where nothing can be written (a
    full disk), the kernel is compiled for this run only. Neither fastmath nor parallel: results
    have to be the same on every machine, and caching parallel kernels has crashed.

    The cache is renewed when the kernel's own file changes. After a change in a file of helpers
    (`random.py`, `copying.py`) touch the kernels that use it, or remove `__pycache__`.

    Kernels cannot allocate: callers give them all arrays. Without numba's run-time system nothing
    counts references, which took two thirds of the time of kernels that hand tuples of arrays to
    their helpers.
    """

    def decorate(function: F) -> F:
        options: dict[str, Any] = {"nogil": True, **_OPTIONS}
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
    try:
        for number in numbers:
            signal.signal(number, lambda number, _frame: caught.append(number))
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        _deliver(caught)


def _deliver(numbers: list[int]) -> None:
    """Every one of them, although the handler of the first may raise: a second one means more."""
    if not numbers:
        return
    try:
        signal.raise_signal(numbers[0])
    finally:
        _deliver(numbers[1:])


def helper(function: F) -> F:
    """A function that only kernels call; it is compiled together with them."""
    compiled: Any = numba.njit(**_OPTIONS)(function)
    return cast("F", compiled)
