"""The canonical form: what it takes for equal, and what it must tell apart."""

from __future__ import annotations

import random
from math import pi

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqc_compiler.ir import Circuit, Operation
from dqc_compiler.verify.canonical import circuit_form
from dqc_compiler.verify.compare import first_difference
from tests.growth import growth
from tests.mutations_emitted import random_circuit
from tests.mutations_oracle import agree, of_circuit
from tests.strategies import make_circuit

Rows = list[Operation | tuple[object, ...]]


def difference(first: Circuit, second: Circuit) -> str | None:
    return first_difference(circuit_form(first), circuit_form(second), first.qubits, first.clbits)


def gate(name: str, *qubits: int, angle: float | None = None, **rest: object) -> Operation:
    return Operation(name, qubits, () if angle is None else (angle,), **rest)


def measure(qubit: int, bit: int) -> Operation:
    return Operation("measure", (qubit,), clbit=bit)


IF_0 = ((0, True),)
EQUAL: dict[str, tuple[Rows, Rows]] = {
    "two cz": ([gate("cz", 0, 1), gate("cz", 0, 1)], []),
    "cx is cz between h": (
        [gate("h", 1), gate("cx", 0, 1), gate("h", 1)],
        [gate("cz", 1, 0)],
    ),
    "x turns cp round": (
        [gate("x", 0), gate("cp", 0, 1, angle=0.7), gate("x", 0)],
        [gate("cp", 0, 1, angle=-0.7), gate("p", 1, angle=0.7)],
    ),
    "gates of one axis commute": (
        [gate("cx", 0, 1), gate("crz", 0, 2, angle=0.4), gate("rzx", 0, 1, angle=0.3)],
        [gate("rzx", 0, 1, angle=0.3), gate("cx", 0, 1), gate("crz", 0, 2, angle=0.4)],
    ),
    "targets of cx commute": (
        [gate("cx", 0, 2), gate("cx", 1, 2)],
        [gate("cx", 1, 2), gate("cx", 0, 2)],
    ),
    "what cancels does not separate": (
        [
            gate("cz", 0, 1),
            *(gate("h", 0), gate("cz", 0, 2), gate("cz", 2, 0), gate("h", 0)),
            gate("cp", 0, 1, angle=0.5),
        ],
        [gate("cp", 0, 1, angle=0.5 + pi)],
    ),
    "a rotation by pi is two one-qubit gates": (
        [gate("rzx", 0, 1, angle=pi), gate("h", 0), gate("cx", 0, 1)],
        [gate("z", 0), gate("x", 1), gate("h", 0), gate("cx", 0, 1)],
    ),
    "a swap renames": (
        [gate("swap", 0, 1), gate("h", 0), gate("cx", 0, 2)],
        [gate("h", 1), gate("cx", 1, 2), gate("swap", 0, 1)],
    ),
    "a phase before a measurement is nothing": (
        [gate("h", 0), gate("rz", 0, angle=0.3), measure(0, 0)],
        [gate("h", 0), measure(0, 0)],
    ),
    "measured twice in a row": (
        [measure(0, 1), measure(0, 0)],
        [measure(0, 0), measure(0, 1)],
    ),
    "a bit that was never written is 0": (
        [gate("x", 0, condition=IF_0), gate("z", 0, condition=((0, False),))],
        [gate("z", 0)],
    ),
    "conditions that never hold": (
        [measure(0, 0), gate("x", 1, condition=((0, True), (0, False)))],
        [measure(0, 0)],
    ),
    "conditional gates of one axis commute": (
        [measure(0, 0), gate("cz", 1, 2), gate("crz", 1, 2, angle=1.0, condition=IF_0)],
        [measure(0, 0), gate("crz", 1, 2, angle=1.0, condition=IF_0), gate("cz", 1, 2)],
    ),
    "conditional gates add up": (
        [
            measure(0, 0),
            gate("p", 1, angle=0.3, condition=IF_0),
            gate("rz", 1, angle=-0.3, condition=IF_0),
            gate("cz", 1, 2),
        ],
        [measure(0, 0), gate("cz", 1, 2)],
    ),
    "two resets": ([gate("reset", 0), gate("reset", 0)], [gate("reset", 0)]),
}  # fmt: skip
DIFFERENT: dict[str, tuple[Rows, Rows]] = {
    "angle off by 1e-3": ([gate("cp", 0, 1, angle=0.7)], [gate("cp", 0, 1, angle=0.701)]),
    "angle off by pi": ([gate("rzz", 0, 1, angle=0.7)], [gate("rzz", 0, 1, angle=0.7 + pi)]),
    "one-qubit angle off by 1e-3": ([gate("rx", 0, angle=0.1)], [gate("rx", 0, angle=0.101)]),
    "sign of an angle": ([gate("rzz", 0, 1, angle=0.7)], [gate("rzz", 0, 1, angle=-0.7)]),
    "order": ([gate("cx", 0, 1), gate("cx", 1, 2)], [gate("cx", 1, 2), gate("cx", 0, 1)]),
    "control and target": ([gate("cx", 0, 1)], [gate("cx", 1, 0)]),
    "another qubit": ([gate("cz", 0, 1)], [gate("cz", 0, 2)]),
    "missing gate": ([gate("cz", 0, 1)], []),
    "missing swap": ([gate("swap", 0, 1)], []),
    "missing measurement": ([measure(0, 0)], []),
    "another bit": ([measure(0, 0)], [measure(0, 1)]),
    "measured in another basis": ([gate("h", 0), measure(0, 0)], [measure(0, 0)]),
    "negated outcome": ([gate("x", 0), measure(0, 0)], [measure(0, 0)]),
    "missing reset": ([gate("reset", 0)], []),
    "last writer": ([measure(0, 0), measure(1, 0)], [measure(1, 0), measure(0, 0)]),
    "value of a condition": (
        [measure(0, 0), gate("x", 1, condition=IF_0)],
        [measure(0, 0), gate("x", 1, condition=((0, False),))],
    ),
    "conditional angle off by 1e-3": (
        [measure(0, 0), gate("rx", 1, angle=0.3, condition=IF_0)],
        [measure(0, 0), gate("rx", 1, angle=0.301, condition=IF_0)],
    ),
    "conditional gate without condition": (
        [measure(0, 0), gate("cx", 1, 2, condition=IF_0)],
        [measure(0, 0), gate("cx", 1, 2)],
    ),
}


@pytest.mark.parametrize("case", EQUAL)
def test_equal(case: str) -> None:
    first, second = (make_circuit(3, rows, 2) for rows in EQUAL[case])
    assert agree(of_circuit(first), of_circuit(second)), "the test itself is wrong"
    assert difference(first, second) is None


@pytest.mark.parametrize("case", DIFFERENT)
def test_different(case: str) -> None:
    first, second = (make_circuit(3, rows, 2) for rows in DIFFERENT[case])
    assert not agree(of_circuit(first), of_circuit(second)), "the test itself is wrong"
    assert difference(first, second) is not None
    assert difference(second, first) is not None


def test_equal_up_to_more_than_commutation_is_not_claimed() -> None:
    three = make_circuit(2, [gate("cx", 0, 1), gate("cx", 1, 0), gate("cx", 0, 1)])
    assert difference(three, make_circuit(2, [gate("swap", 0, 1)])) is not None


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6), at=st.integers(0, 13), drop=st.booleans())
def test_an_equal_form_means_an_equal_circuit(seed: int, at: int, drop: bool) -> None:
    """Exchange two neighbours, or drop a gate: whenever the form is the same, so is the effect."""
    circuit = random_circuit(seed, qubits=3, gates=15, clbits=2)
    rows = list(circuit.operations())
    if drop:
        del rows[at]
    else:
        rows[at], rows[at + 1] = rows[at + 1], rows[at]
    other = make_circuit(3, rows, 2)
    if difference(circuit, other) is None:
        assert agree(of_circuit(circuit), of_circuit(other))


def commuting_shuffle(rows: list[Operation], chance: random.Random) -> list[Operation]:
    """Exchange neighbours on different qubits and bits, many times."""
    rows = list(rows)
    for _ in range(10 * len(rows)):
        i = chance.randrange(len(rows) - 1)
        a, b = rows[i], rows[i + 1]
        bits = [{bit for bit, _ in row.condition} | {row.clbit} - {None} for row in (a, b)]
        if not set(a.qubits) & set(b.qubits) and not bits[0] & bits[1]:
            rows[i], rows[i + 1] = b, a
    return rows


@pytest.mark.parametrize("seed", range(20))
def test_independent_statements_may_come_in_any_order(seed: int) -> None:
    circuit = random_circuit(seed, qubits=6, gates=80, clbits=2)
    rows = commuting_shuffle(list(circuit.operations()), random.Random(seed))
    assert difference(circuit, make_circuit(6, rows, 2)) is None


@pytest.mark.parametrize("seed", range(2))
def test_a_circuit_and_its_inverse_cancel_in_the_frames(seed: int) -> None:
    """A long way there and back again: rounding stays far below the tolerance."""
    chance = random.Random(seed)
    rows: Rows = []
    for _ in range(20_000):
        angles = tuple(chance.uniform(-3, 3) for _ in range(3))
        rows.append(Operation("u", (chance.randrange(3),), angles))
    there = list(rows)
    back = [
        Operation("u", row.qubits, (-row.parameters[0], -row.parameters[2], -row.parameters[1]))
        for row in reversed(there)
    ]
    form = circuit_form(make_circuit(3, [*there, *back]))
    assert all(abs(abs(frame[0]) - 1) < 1e-10 for frame in form.frames)


def test_a_difference_names_qubits_and_lines() -> None:
    rows = [gate("h", 0, line=3), gate("cp", 0, 1, angle=0.7, line=4)]
    other = [gate("h", 0, line=5), gate("cp", 0, 1, angle=0.6, line=9)]
    found = difference(make_circuit(2, rows), make_circuit(2, other))
    assert found is not None
    for part in ("q[0]", "q[1]", "test:4", "test:9", "-0.35", "-0.3"):
        assert part in found


def test_comparing_takes_time_in_proportion() -> None:
    rows = list(random_circuit(7, qubits=20, gates=5_000).operations())

    def compare(gates: int) -> None:
        circuit = Circuit.from_operations("test", [f"q[{i}]" for i in range(20)], (), rows[:gates])
        form = circuit_form(circuit)
        assert first_difference(form, form, circuit.qubits, circuit.clbits) is None

    assert growth(compare, 1_200) < 1.4
