"""Many circuits at once, by processes of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from dqc_compiler.diagnostics import CompilerError, Place
from dqc_compiler.formats.circuit_text import located
from dqc_compiler.interruption import Patience
from dqc_compiler.ir import Circuit
from dqc_compiler.workers import Workers

T = TypeVar("T")


def default_jobs(preset: str) -> int:
    """How many circuits are compiled at the same time."""
    return 1 if preset == "best" else os.cpu_count() or 1


def compile_each(
    call: Callable[..., T],
    circuits: Sequence[Circuit],
    arguments: tuple[Any, ...],
    *,
    jobs: int,
    progress: Callable[[str], None] | None,
) -> list[T]:
    """What `call` makes of each circuit with these arguments, in order.

    Args:
        call: of a module, since other processes import it by its name.
        circuits: first argument of each call.
        arguments: all others.
        jobs: processes at the same time; with 1, or one circuit, everything happens in this one.
        progress: called with the name of each circuit that is done, in order.

    Raises:
        ValueError: if there are no jobs.
        Exception: the first one of the calls in their order, with a note which circuit it is. The
            processes are gone then.
    """
    if jobs < 1:
        raise ValueError(f"jobs has to be 1 or more, or None, not {jobs}")
    calls = [(circuit, *arguments) for circuit in circuits]
    if min(jobs, len(calls)) < 2:
        return _collected((call(*each) for each in calls), circuits, progress)
    with Workers(min(jobs, len(calls))) as workers:
        return _collected(workers.results(call, calls, Patience()), circuits, progress)


def _collected(
    results: Iterator[T], circuits: Sequence[Circuit], progress: Callable[[str], None] | None
) -> list[T]:
    found = []
    for number, circuit in enumerate(circuits):
        with counted(number, len(circuits), circuit.name):
            found.append(next(results))
        if progress is not None:
            progress(circuit.name)
    return found


@contextmanager
def counted(number: int, count: int, name: object) -> Iterator[None]:
    """Errors say which one of many circuits they are about."""
    which = f"circuit {number + 1} of {count}, {name}"
    try:
        yield
    except CompilerError as error:
        found = located(error, Place(file=which))
        found.add_note(which)
        raise found from error
    except Exception as error:
        error.add_note(which)
        raise
