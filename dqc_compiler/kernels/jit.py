"""The one place that knows numba's flags."""

from __future__ import annotations

from collections.abc import Callable
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
        try:
            compiled: Any = numba.njit(signature, cache=True, **options)(function)
        except OSError:
            compiled = numba.njit(signature, **options)(function)
        return cast("F", compiled)

    return decorate


def helper(function: F) -> F:
    """A function that only kernels call; it is compiled together with them."""
    compiled: Any = numba.njit(error_model="numpy")(function)
    return cast("F", compiled)
