"""How a signal or a deadline ends a search without losing what it has found."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from types import FrameType
from typing import Literal, TypeVar

T = TypeVar("T")
Stopped = Literal["done", "time limit", "interrupted"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back SIGINT and SIGTERM until the block is done.

    Handlers are replaced rather than signals blocked: a blocked signal of the main thread is
    delivered to any other thread, and numerical libraries have some.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals never interrupt other threads
        return
    waiting: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        waiting.append(number)

    try:
        with _handled_by(remember):
            yield
    finally:
        _deliver(waiting)


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    previous = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        for number in SIGNALS:
            signal.signal(number, handler)
        yield
    finally:
        for number, earlier in previous.items():
            signal.signal(number, signal.SIG_DFL if earlier is None else earlier)


def _deliver(numbers: list[int]) -> None:
    """Every one of them, although the handler of the first may raise: a second one means more."""
    if not numbers:
        return
    try:
        signal.raise_signal(numbers[0])
    finally:
        _deliver(numbers[1:])


@dataclass
class Interruption:
    """What SIGINT and SIGTERM mean while `listening`: the first ends a search, the next one all.

    Outside of a search already the first one raises KeyboardInterrupt. Nothing is changed where
    nobody listens, so that compiling in Python is interrupted as everything else is.
    """

    count: int = 0
    _is_noted: bool = False  # the next signal is only counted: the search looks at the count soon

    @property
    def has_come(self) -> bool:
        """Whether there has been a signal."""
        return self.count > 0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle both signals in this way until the block is done."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        with _handled_by(self._handle):
            yield

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self.count > 1 or not self._is_noted:
            raise KeyboardInterrupt

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Only count the first signal until the block is done."""
        before, self._is_noted = self._is_noted, True
        try:
            yield
        finally:
            self._is_noted = before

    def stops(self, items: Iterator[T]) -> Iterator[T]:
        """The items up to the first signal, which breaks off the making of the next one.

        A signal that comes while an item is being used waits until it has been used.
        """
        before = self._is_noted
        try:
            while True:
                self._is_noted = False
                if self.has_come:
                    return
                item = next(items, None)
                self._is_noted = True
                if item is None:
                    return
                yield item
        except KeyboardInterrupt:
            if self.count != 1:  # a second signal, or nobody listens
                raise
        finally:
            self._is_noted = before


@dataclass
class Patience:
    """How long a search may go on: to its end, to a deadline, or until it is interrupted."""

    seconds: float | None = None
    interruption: Interruption = field(default_factory=Interruption)
    stopped: Stopped = "done"
    _deadline: float = float("inf")

    def begin(self) -> None:
        """Start the clock."""
        if self.seconds is not None:
            self._deadline = monotonic() + self.seconds

    @property
    def seconds_left(self) -> float:
        """Infinite without a deadline, never negative."""
        return max(0.0, self._deadline - monotonic())

    def is_over(self) -> bool:
        """Whether the deadline has passed; `stopped` says so then."""
        if self.seconds_left:
            return False
        self.stopped = "time limit"
        return True

    def limits(self, items: Iterator[T]) -> Iterator[T]:
        """The items that come in time; `stopped` says why there are no more."""
        yield from self.interruption.stops(self._before_deadline(items))
        if self.interruption.has_come:
            self.stopped = "interrupted"

    def _before_deadline(self, items: Iterator[T]) -> Iterator[T]:
        while not self.is_over():
            try:
                yield next(items)
            except StopIteration:
                return
