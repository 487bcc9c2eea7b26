"""Calls in a process of their own, for libraries that can neither be limited nor interrupted."""

from __future__ import annotations

import pickle
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

MEMORY_BYTES = 4 * 2**30
_GRACE_SECONDS = 5  # in which the parent ends the child; afterwards the system does
_START = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer);"
    "from dqc_compiler.verify.child import serve; serve()"
)


class StoppedError(Exception):
    """A call has no result: it was stopped by a limit, or its process ended by itself."""


def call_in_child(call: Callable[[], T], *, seconds: float) -> T:
    """The result of a call in another process, which is gone afterwards, also after a signal.

    The process is not one of `multiprocessing`, which would begin by running the user's script
    again. Starting it costs about half a second.

    Args:
        call: a function of a module, or a partial one; what it raises is raised here.
        seconds: wall time that it may take.

    Raises:
        StoppedError: after `seconds`, or `MEMORY_BYTES`, or if the process ends by itself.
    """
    try:
        answer = _answer(pickle.dumps(sys.path) + pickle.dumps((seconds, call)), seconds)
    except subprocess.TimeoutExpired:
        raise StoppedError(f"not decided within {seconds:g} s") from None
    except OSError as error:
        raise StoppedError(f"no process could be started ({error.strerror})") from error
    if answer is None:
        raise StoppedError("not decided: the process ended by itself")
    is_result, value = pickle.loads(answer)
    if is_result:
        result: T = value
        return result
    if isinstance(value, MemoryError):
        raise StoppedError(f"not decided within {MEMORY_BYTES // 2**30} GiB of memory")
    raise value


def _answer(task: bytes, seconds: float) -> bytes | None:
    """What a child writes; None if it fails."""
    with subprocess.Popen(
        [sys.executable, "-P", "-c", _START],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        process_group=0,  # Ctrl-C is for this process, which ends the other one
    ) as process:
        try:
            answer = process.communicate(task, timeout=seconds)[0]
        except BaseException:
            process.kill()
            process.wait()  # which `subprocess.run` would not do after Ctrl-C
            raise
    return None if process.returncode else answer


def serve() -> None:
    """In the child: make the call that standard input describes, within its limits."""
    call = _limited_task()
    try:
        answer: tuple[bool, Any] = True, call()
    except Exception as error:
        answer = False, error
    sys.stdout.buffer.write(pickle.dumps(answer))


def _limited_task() -> Callable[[], Any]:
    for limit, size in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(limit)[1]
        lower = size if hard == resource.RLIM_INFINITY else min(size, hard)
        with suppress(OSError, ValueError):  # not every system limits the address space
            resource.setrlimit(limit, (lower, hard))
    seconds, call = pickle.load(sys.stdin.buffer)
    # Not handled, so that it also ends a process that is in a library, and whose parent is gone.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE_SECONDS)
    made: Callable[[], Any] = call
    return made
