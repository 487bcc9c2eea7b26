"""The one place that knows numba's flags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(signature: str) -> Callable[[F], F]:
    """Compile eagerly for one signature and keep the machine code on disk.

    Without the cache every run of the command would compile for seconds. numba itself falls back to
    a per-user cache directory if the package's is not writable. Neither fastmath nor parallel:
    results have to be the same on every machine, and caching parallel kernels has crashed.
    """
    decorate: Callable[[F], F] = numba.njit(signature, cache=True, nogil=True, error_model="numpy")
    return decorate


def inlined(function: F) -> F:
    """A helper that exists only inside kernels."""
    decorated: F = numba.njit(cache=True, inline="always")(function)
    return decorated
