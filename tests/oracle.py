"""An exact simulator of circuits and distributed programs, with every outcome forced.

It shares nothing with the passes but the IR. A qubit that has been measured or reset leaves the
state and is remembered as a constant, so that the state holds the logical qubits, the live copies
and the halves of pairs, and nothing else.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from dqc_compiler.ir import ABSENT, Circuit, DistributedProgram, GadgetKind, Statement

TOLERANCE = 1e-9

_I = np.eye(2, dtype=complex)
_X = np.array([[0, 1], [1, 0]], dtype=complex)
_Y = np.array([[0, -1j], [1j, 0]])
_Z = np.diag([1, -1]).astype(complex)
_H = (_X + _Z) / np.sqrt(2)


def _turn(pauli: np.ndarray, angle: float) -> np.ndarray:
    return np.cos(angle / 2) * np.eye(len(pauli)) - 1j * np.sin(angle / 2) * pauli


def _phase(angle: float) -> np.ndarray:
    return np.diag([1, np.exp(1j * angle)])


def _u(theta: float, phi: float, lam: float) -> np.ndarray:
    return _phase(phi) @ _turn(_Y, theta) @ _phase(lam)


def _controlled(gate: np.ndarray) -> np.ndarray:
    return np.kron(np.diag([1, 0]), _I) + np.kron(np.diag([0, 1]), gate)


MATRICES: dict[str, Callable[..., np.ndarray]] = {
    "id": lambda: _I,
    "x": lambda: _X,
    "y": lambda: _Y,
    "z": lambda: _Z,
    "h": lambda: _H,
    "s": lambda: _phase(np.pi / 2),
    "sdg": lambda: _phase(-np.pi / 2),
    "t": lambda: _phase(np.pi / 4),
    "tdg": lambda: _phase(-np.pi / 4),
    "sx": lambda: np.exp(1j * np.pi / 4) * _turn(_X, np.pi / 2),
    "sxdg": lambda: np.exp(-1j * np.pi / 4) * _turn(_X, -np.pi / 2),
    "p": _phase,
    "rx": lambda t: _turn(_X, t),
    "ry": lambda t: _turn(_Y, t),
    "rz": lambda t: _turn(_Z, t),
    "u": _u,
    "cx": lambda: _controlled(_X),
    "cy": lambda: _controlled(_Y),
    "cz": lambda: _controlled(_Z),
    "cp": lambda t: _controlled(_phase(t)),
    "crx": lambda t: _controlled(_turn(_X, t)),
    "cry": lambda t: _controlled(_turn(_Y, t)),
    "crz": lambda t: _controlled(_turn(_Z, t)),
    "rxx": lambda t: _turn(np.kron(_X, _X), t),
    "ryy": lambda t: _turn(np.kron(_Y, _Y), t),
    "rzz": lambda t: _turn(np.kron(_Z, _Z), t),
    "rzx": lambda t: _turn(np.kron(_Z, _X), t),
    "rzy": lambda t: _turn(np.kron(_Z, _Y), t),
    "swap": lambda: np.eye(4)[[0, 2, 1, 3]].astype(complex),
}
"""Gate name -> matrix of its angles; the first operand is the left factor of the product."""

Outcomes = Callable[[Hashable], int]
"""Which outcome a measurement or reset is wished to have; an impossible wish is not granted."""


@dataclass
class State:
    """Qubits with any hashable label; `norm` of the state stays 1."""

    labels: list[Hashable] = field(default_factory=list)
    tensor: np.ndarray = field(default_factory=lambda: np.ones((), dtype=complex))
    constant: dict[Hashable, int] = field(default_factory=dict)  # qubits in |0> or |1>

    def apply(self, matrix: np.ndarray, labels: Iterable[Hashable]) -> None:
        axes = [self._axis(label) for label in labels]
        arity = len(axes)
        contracted = np.tensordot(
            matrix.reshape((2,) * (2 * arity)), self.tensor, (range(arity, 2 * arity), axes)
        )
        self.tensor = np.moveaxis(contracted, range(arity), axes)

    def measure(self, label: Hashable, wish: int) -> tuple[int, float]:
        """(outcome, its probability); the qubit is in the basis state afterwards."""
        if label not in self.labels:
            return self.constant.setdefault(label, 0), 1.0
        halves = np.moveaxis(self.tensor, self.labels.index(label), 0)
        probabilities = [float(np.linalg.norm(half) ** 2) for half in halves]
        outcome = wish if probabilities[wish] > TOLERANCE else 1 - wish
        self.tensor = halves[outcome] / np.sqrt(probabilities[outcome])
        self.labels.remove(label)
        self.constant[label] = outcome
        return outcome, probabilities[outcome]

    def add_bell_pair(self, a: Hashable, b: Hashable) -> None:
        for label in (a, b):
            assert label not in self.labels, "half of a pair in a qubit that is in use"
            assert self.constant.get(label) == 0, "half of a pair in a qubit that was not reset"
            del self.constant[label]
        self.tensor = np.multiply.outer(self.tensor, _I / np.sqrt(2))
        self.labels += [a, b]

    def overlap(self, other: np.ndarray, labels: list[Hashable]) -> float:
        """How far the qubits `labels` are in the pure state `other`: 1 if they are."""
        axes = [self._axis(label) for label in labels]
        rest = [axis for axis in range(len(self.labels)) if axis not in axes]
        matrix = self.tensor.transpose(axes + rest).reshape(other.size, -1)
        return float(np.linalg.norm(other.reshape(-1).conj() @ matrix))

    def _axis(self, label: Hashable) -> int:
        if label not in self.labels:
            basis = _I[self.constant.pop(label, 0)]
            self.tensor = np.multiply.outer(self.tensor, basis)
            self.labels.append(label)
        return self.labels.index(label)


def random_state(qubits: int, seed: int) -> np.ndarray:
    """A random entangled state, (2,) * qubits."""
    real, imaginary = np.random.default_rng(seed).normal(size=(2, 2**qubits))
    state = real + 1j * imaginary
    return (state / np.linalg.norm(state)).reshape((2,) * qubits)


def run_circuit(
    circuit: Circuit, state: np.ndarray, outcomes: Outcomes
) -> tuple[np.ndarray, list[int]]:
    """Final state and classical bits. Measurements and resets are known by their row's number."""
    qubits = list(range(len(circuit.qubits)))
    work = State(list(qubits), state)
    bits = [0] * len(circuit.clbits)
    for index, row in enumerate(circuit.operations()):
        if any(bits[bit] != value for bit, value in row.condition):
            continue
        if row.name == "measure":
            bits[row.clbit], _ = work.measure(row.qubits[0], outcomes(index))
        elif row.name == "reset":
            work.measure(row.qubits[0], outcomes(index))
            work.constant[row.qubits[0]] = 0
        elif row.name not in ("barrier", "delay"):
            work.apply(MATRICES[row.name](*row.parameters), row.qubits)
    order = [work._axis(qubit) for qubit in qubits]
    return work.tensor.transpose(order), bits


def run_program(
    program: DistributedProgram,
    state: np.ndarray,
    outcomes: Outcomes,
    order: Iterable[int] | None = None,
) -> tuple[State, dict[tuple[int, int], int]]:
    """Final state and all bits. A measurement is known by its circuit row, else ("statement", n).

    Every measurement that belongs to no row of the circuit has to be an even coin, and every such
    reset has to find its qubit disentangled: otherwise the program looks at its data. Of the two
    outcomes of a purification the first one is a coin, and the other one has to be the same.
    """
    rows = list(program.statements())
    compared: dict[int, int] = {}  # gadget -> the outcome at one end
    work = State([tuple(place) for place in program.start.tolist()], state)
    bits: dict[tuple[int, int], int] = {}
    half: dict[tuple[int, int], tuple[int, int]] = {}
    for index in range(len(rows)) if order is None else order:
        row = rows[index]
        places = [(row.node, qubit) for qubit in row.qubits]
        assert not set(places) & set(half.values()), "a half is used before its pair exists"
        if any(bits[register, bit] != value for register, bit, value in row.condition):
            continue
        if row.name in ("measure", "reset"):
            is_logical = row.operation != ABSENT
            key = row.operation if is_logical else ("statement", index)
            outcome, probability = work.measure(places[0], outcomes(key))
            if row.name == "reset":
                assert is_logical or probability > 1 - TOLERANCE, "reset of a live qubit"
                work.constant[places[0]] = 0
            else:
                is_even = abs(probability - 0.5) < TOLERANCE
                if is_comparison(program, row) and row.gadget in compared:
                    is_even = probability > 1 - TOLERANCE and outcome == compared[row.gadget]
                elif is_comparison(program, row):
                    compared[row.gadget] = outcome
                assert is_logical or is_even, "outcome tells something"
                assert row.writes not in bits, "a bit is written twice"
                bits[row.writes] = outcome
        elif row.name == "dqc_epr":
            other = half.pop((row.link, row.pair), None)
            if other is None:
                half[row.link, row.pair] = places[0]
            else:
                work.add_bell_pair(other, places[0])
        elif row.name not in ("barrier", "delay"):
            work.apply(MATRICES[row.name](*row.parameters), places)
    assert not half, "a pair lacks an end"
    return work, bits


def is_comparison(program: DistributedProgram, row: Statement) -> bool:
    """Whether a statement measures half of a pair that is sacrificed."""
    return (
        row.name == "measure"
        and row.gadget != ABSENT
        and program.gadget_kind[row.gadget] == GadgetKind.PURIFY
        and program.network.nodes[row.node].kind == "qpu"
    )


def random_interleaving(program: DistributedProgram, seed: int) -> Iterator[int]:
    """Statements in a random order that the nodes could really run in; fails on a deadlock."""
    rows = list(program.statements())
    queues = [
        [index for index, row in enumerate(rows) if row.node == node]
        for node in range(len(program.network.nodes))
    ]
    position = [0] * len(queues)
    written: set[tuple[int, int]] = set()
    choose = random.Random(seed)

    def head(node: int) -> int | None:
        return queues[node][position[node]] if position[node] < len(queues[node]) else None

    def partner(row: Statement, node: int) -> int | None:
        for other in range(len(queues)):
            index = head(other)
            if other != node and index is not None:
                there = rows[index]
                if (there.name, there.link, there.pair) == (row.name, row.link, row.pair):
                    return other
        return None

    while any(head(node) is not None for node in range(len(queues))):
        nodes = list(range(len(queues)))
        choose.shuffle(nodes)
        for node in nodes:
            index = head(node)
            if index is None:
                continue
            row = rows[index]
            if any((register, bit) not in written for register, bit, _ in row.condition):
                continue
            peer = partner(row, node) if row.name == "dqc_epr" else None
            if row.name == "dqc_epr" and peer is None:
                continue
            for each in (node,) if peer is None else (node, peer):
                yield queues[each][position[each]]
                position[each] += 1
            if row.writes is not None:
                written.add(row.writes)
            break
        else:
            raise AssertionError("the nodes wait for each other")


def assert_same_action(
    circuit: Circuit,
    program: DistributedProgram,
    outcomes: Outcomes,
    *,
    seed: int = 0,
    order: Iterable[int] | None = None,
) -> None:
    """Compare one branch: the same outcomes have to give the same state and classical bits."""
    state = random_state(len(circuit.qubits), seed)
    want, want_bits = run_circuit(circuit, state, outcomes)
    got, bits = run_program(program, state, outcomes, order)
    assert got.overlap(want, [tuple(place) for place in program.end.tolist()]) > 1 - TOLERANCE
    out = {
        register.sender: number
        for number, register in enumerate(program.registers)
        if not register.receivers
    }
    got_bits = [
        0 if node == ABSENT else bits[out[node], index] for node, index in program.clbits.tolist()
    ]
    assert got_bits == want_bits


def assert_same_on_all_outcomes(circuit: Circuit, program: DistributedProgram) -> None:
    """Compare every branch of a program with few measurements."""
    rows = list(program.statements())
    determined = {row.gadget: i for i, row in enumerate(rows) if is_comparison(program, row)}
    random_events: list[Hashable] = [
        ("statement", index)
        for index, row in enumerate(rows)
        if row.name == "measure" and row.operation == ABSENT and determined.get(row.gadget) != index
    ]
    random_events += [
        index for index, row in enumerate(circuit.operations()) if row.name in ("measure", "reset")
    ]
    assert len(random_events) <= 10, "too many branches"
    for values in itertools.product((0, 1), repeat=len(random_events)):
        wishes = dict(zip(random_events, values, strict=True))
        assert_same_action(circuit, program, lambda key, wishes=wishes: wishes.get(key, 0))


def coins(seed: int) -> Outcomes:
    """Random outcomes, the same for the same event wherever and whenever it is asked for."""

    def outcome(key: Hashable) -> int:
        return random.Random(f"{seed} {key}").randrange(2)

    return outcome
