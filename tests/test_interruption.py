"""What signals and deadlines do to a search; the command line is in test_cli.py."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from math import inf
from pathlib import Path

import pytest

from dqc_compiler import pipeline
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.formats.network_file import Network
from dqc_compiler.interruption import Interruption, Patience, uninterrupted
from dqc_compiler.kernels.jit import kernel
from dqc_compiler.options import Options, Preset
from dqc_compiler.passes.regroup import Regrouping
from dqc_compiler.pipeline import Result, compile_circuit
from dqc_compiler.workers import Workers

INTERRUPT, TERMINATE = signal.SIGINT, signal.SIGTERM


@pytest.fixture
def interruption() -> Iterator[Interruption]:
    made = Interruption()
    with made.listening():
        yield made


def numbers(*signals: int, count: int = 5, at: int = 2) -> Iterator[int]:
    """1, 2, ...; the signals come while one of them is being made."""
    for number in range(1, count + 1):
        if number == at:
            for each in signals:
                signal.raise_signal(each)
        yield number


def test_items_pass_without_a_signal(interruption: Interruption) -> None:
    assert list(interruption.stops(numbers())) == [1, 2, 3, 4, 5]
    assert not interruption.has_come


@pytest.mark.parametrize("number", [INTERRUPT, TERMINATE])
def test_a_signal_breaks_off_the_making_of_an_item(interruption: Interruption, number: int) -> None:
    patience = Patience(interruption=interruption)
    assert list(patience.limits(numbers(number))) == [1]
    assert patience.stopped == "interrupted"
    assert list(Patience(interruption=interruption).limits(numbers())) == []


def test_a_signal_waits_while_an_item_is_used(interruption: Interruption) -> None:
    used = []
    for number in interruption.stops(numbers()):
        if number == 2:
            signal.raise_signal(INTERRUPT)
        used.append(number)
    assert used == [1, 2]


def test_a_second_signal_is_raised_wherever_it_comes(interruption: Interruption) -> None:
    assert list(interruption.stops(numbers(INTERRUPT))) == [1]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(TERMINATE)
    assert interruption.count == 2


def test_a_second_signal_does_not_wait_for_an_item_to_be_used(interruption: Interruption) -> None:
    items = interruption.stops(numbers())
    assert next(items) == 1
    signal.raise_signal(INTERRUPT)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(INTERRUPT)


def test_outside_of_a_search_the_first_one_is_raised(interruption: Interruption) -> None:
    for _ in interruption.stops(numbers()):
        break
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(INTERRUPT)


def test_a_search_within_a_search_ends_alone(interruption: Interruption) -> None:
    """The item that the inner one belongs to is finished, and is the last."""

    def outer() -> Iterator[list[int]]:
        yield list(interruption.stops(numbers(INTERRUPT)))
        yield [0]

    assert list(interruption.stops(outer())) == [[1]]


def test_nothing_is_changed_where_nobody_listens() -> None:
    patience = Patience()
    with pytest.raises(KeyboardInterrupt):
        list(patience.limits(numbers(INTERRUPT)))
    assert patience.stopped == "done"
    handlers = [signal.getsignal(number) for number in (INTERRUPT, TERMINATE)]
    with Interruption().listening():
        assert signal.getsignal(INTERRUPT) != handlers[0]
    assert [signal.getsignal(number) for number in (INTERRUPT, TERMINATE)] == handlers


def test_other_threads_listen_to_nothing() -> None:
    found = []

    def work() -> None:
        with Interruption().listening(), uninterrupted():
            found.append(signal.getsignal(INTERRUPT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(INTERRUPT)]


def test_signals_wait_and_all_of_them_count(interruption: Interruption) -> None:
    def work() -> None:
        with uninterrupted():
            signal.raise_signal(INTERRUPT)
            signal.raise_signal(TERMINATE)
            assert not interruption.has_come

    with pytest.raises(KeyboardInterrupt):
        work()
    assert interruption.count == 2


def test_signals_during_a_kernel_all_count(
    interruption: Interruption, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("numba.njit", lambda *_, **__: lambda function: function)

    @kernel("void()")
    def slow() -> None:
        signal.raise_signal(INTERRUPT)
        signal.raise_signal(INTERRUPT)
        assert not interruption.has_come

    with pytest.raises(KeyboardInterrupt):
        slow()
    assert interruption.count == 2


def test_deadlines() -> None:
    patience = Patience(0.0)
    assert patience.seconds_left == inf  # the clock has not started
    patience.begin()
    assert list(patience.limits(numbers())) == []
    assert patience.stopped == "time limit"
    generous = Patience(1e6)
    generous.begin()
    assert list(generous.limits(numbers())) == [1, 2, 3, 4, 5]
    assert generous.stopped == "done"


@pytest.mark.parametrize(("preset", "compiled"), [("fast", 2), ("balanced", 3)])
def test_a_signal_while_another_circuit_is_tried_leaves_the_first_result(
    interruption: Interruption,
    monkeypatch: pytest.MonkeyPatch,
    preset: Preset,
    compiled: int,
) -> None:
    """Even before that one has anything to show; `balanced` has compared the two quickly then."""
    page = Path(__file__).parents[1] / "docs" / "explanation" / "fusing.md"
    text = next(block for block in page.read_text().split("```") if "file=ladders.qasm" in block)
    circuit = read_circuit("ladders.qasm", text=text.split("\n", 1)[1])
    network = Network.all_to_all(nodes=2, data_qubits=len(circuit.qubits), comm_qubits=2)
    compile_, calls = pipeline._Compilation.compile, []

    def compile_again(self: pipeline._Compilation, regrouping: Regrouping | None) -> Result:
        calls.append(regrouping)
        if regrouping is not None:
            signal.raise_signal(INTERRUPT)
        return compile_(self, regrouping)

    monkeypatch.setattr(pipeline._Compilation, "compile", compile_again)
    options = Options(preset=preset)
    result = compile_circuit(circuit, network, options=options, interruption=interruption)
    assert len(calls) == compiled
    assert result.stopped == "interrupted"
    assert result.rewriting.original == circuit


def test_workers_return_results_in_order() -> None:
    with Workers(2) as workers:
        calls = [(number, 3) for number in range(5)]
        assert list(workers.results(pow, calls, Patience())) == [0, 1, 8, 27, 64]
        patience = Patience(0.0)
        patience.begin()
        assert list(workers.results(pow, [(9, 9_999_999)], patience)) == []
