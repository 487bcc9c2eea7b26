"""What noise does to a scheduled program, by simulation of its state in qiskit-aer.

It shares nothing with the estimate but the model: a pair is a Werner state when it is ready, and
every qubit dephases with its node's T2 all the time. Every qubit of the circuit begins as half of a
Bell pair; at the end the circuit is undone, and the fidelity is the share of the runs in which all
the Bell pairs are found again. Of programs that purify pairs only the runs count in which the
outcomes of every round agree.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from math import exp, pi
from random import Random

from qiskit import QuantumCircuit
from qiskit_aer import AerSimulator
from qiskit_aer.noise import pauli_error

from dqc_compiler.formats.network_file import Network
from dqc_compiler.ir import Circuit, Operation, Schedule, Statement
from dqc_compiler.pipeline import compile_circuit

NO_DECAY_US = 1e12


def simulated_fidelity(
    original: Circuit, schedule: Schedule, *, shots: int, seed: int = 7, stored: bool = True
) -> float:
    """Entanglement fidelity of the programs with a circuit of gates, from so many runs.

    Args:
        original: the circuit, without measurements.
        schedule: of its programs.
        shots: runs; the standard error is at most 1 / (2 sqrt(shots)).
        seed: of the simulator; of seeds that differ by less than `shots`, most shots are the same.
        stored: whether qubits dephase.
    """
    noisy = _Noisy(original, schedule, stored=stored)
    circuit = noisy.run()
    simulator = AerSimulator(method="statevector", max_parallel_threads=1)
    counts = simulator.run(circuit, shots=shots, seed_simulator=seed).result().get_counts()
    compared = 2 * len(original.qubits)  # bits, which come first, the last ones being leftmost
    rounds = noisy.outcomes()
    kept = {
        key: count
        for key, count in counts.items()
        if all(key[-1 - first] == key[-1 - second] for first, second in rounds)
    }
    right = sum(count for key, count in kept.items() if "1" not in key[:compared])
    return right / sum(kept.values())


class _Noisy:
    def __init__(self, original: Circuit, schedule: Schedule, *, stored: bool) -> None:
        self.original = original
        self.schedule = schedule
        self.stored = stored
        program = schedule.program
        self.program = program
        sizes = (program.data_qubits + program.comm_qubits).tolist()
        self.offset = [sum(sizes[:i]) for i in range(len(sizes))]
        self.t2_ns = [1000 * node.t2_us for node in program.network.nodes]
        self.cells, n = sum(sizes), len(original.qubits)
        bits = [(r, i) for r, entry in enumerate(program.registers) for i in range(entry.size)]
        self.bit = {key: number for number, key in enumerate(bits)}
        self.circuit = QuantumCircuit(self.cells + n, len(bits) + 2 * n)
        self.now = [0.0] * self.cells

    def outcomes(self) -> list[tuple[int, int]]:
        """The two bits of every round of purification: those that somebody only waits for."""
        found: dict[int, set[int]] = {}
        for row in self.program.statements():
            if row.name == "id" and row.condition:
                ((register, bit, _),) = row.condition
                found.setdefault(row.gadget, set()).add(self.bit[register, bit])
        return [(min(bits), max(bits)) for bits in found.values()]

    def run(self) -> QuantumCircuit:
        circuit, program, n = self.circuit, self.program, len(self.original.qubits)
        references = range(self.cells, self.cells + n)
        for (node, cell), reference in zip(program.start.tolist(), references, strict=True):
            circuit.h(reference)
            circuit.cx(reference, self.offset[node] + cell)
        waiting: dict[tuple[int, int], int] = {}
        starts, durations = self.schedule.start_ns.tolist(), self.schedule.duration_ns.tolist()
        for row, start, lasting in zip(program.statements(), starts, durations, strict=True):
            cells = [self.offset[row.node] + qubit for qubit in row.qubits]
            if row.name == "dqc_epr":
                self.now[cells[0]] = start + lasting
                key = (row.link, row.pair)
                if key in waiting:
                    self._pair(waiting.pop(key), cells[0], program.network.links[row.link].fidelity)
                else:
                    waiting[key] = cells[0]
                continue
            for cell in cells:
                self._store(row.node, cell, start)
            if row.name not in ("barrier", "delay"):
                self._append(row, cells)
        ends = [(node, self.offset[node] + cell) for node, cell in program.end.tolist()]
        for node, cell in ends:
            self._store(node, cell, self.schedule.planned_makespan_ns)
        at = [cell for _, cell in ends]
        undone = QuantumCircuit(n)
        for operation in self.original.operations():
            _gate(undone, operation.name, operation.parameters, list(operation.qubits))
        circuit.compose(undone.inverse(), at, inplace=True)
        for cell, reference in zip(at, references, strict=True):
            circuit.cx(reference, cell)
            circuit.h(reference)
        first = len(self.bit)
        circuit.measure([*at, *references], range(first, first + 2 * n))
        return circuit

    def _pair(self, a: int, b: int, fidelity: float) -> None:
        self.circuit.h(a)
        self.circuit.cx(a, b)
        each = (1 - fidelity) / 3
        if each > 0:
            errors = [("I", fidelity), ("X", each), ("Y", each), ("Z", each)]
            self.circuit.append(pauli_error(errors), [b])

    def _store(self, node: int, cell: int, until: float) -> None:
        elapsed, self.now[cell] = until - self.now[cell], until
        if self.stored and elapsed > 0:
            flipped = (1 - exp(-elapsed / self.t2_ns[node])) / 2
            self.circuit.append(pauli_error([("I", 1 - flipped), ("Z", flipped)]), [cell])

    def _append(self, row: Statement, cells: list[int]) -> None:
        with ExitStack() as conditions:
            for register, index, value in row.condition:
                bit = self.circuit.clbits[self.bit[register, index]]
                conditions.enter_context(self.circuit.if_test((bit, int(value))))
            if row.name == "measure":
                assert row.writes is not None
                self.circuit.measure(cells[0], self.bit[row.writes])
            else:
                _gate(self.circuit, row.name, row.parameters, cells)


def _gate(
    circuit: QuantumCircuit, name: str, parameters: tuple[float, ...], cells: list[int]
) -> None:
    if name == "rzy":
        circuit.rx(pi / 2, cells[1])
        circuit.rzz(*parameters, *cells)
        circuit.rx(-pi / 2, cells[1])
    elif name not in ("barrier", "delay"):
        getattr(circuit, name)(*parameters, *cells)


def with_noise(network: Network, *, fidelity: float, t2_us: float) -> Network:
    """The same network with other noise everywhere."""
    return replace(
        network,
        nodes=tuple(replace(node, t2_us=t2_us) for node in network.nodes),
        links=tuple(replace(link, fidelity=fidelity) for link in network.links),
    )


@dataclass(frozen=True)
class Case:
    """A circuit, and how many nodes with how many data and comm qubits each it runs on."""

    circuit: Circuit
    nodes: int
    data_qubits: int
    comm_qubits: int = 1

    def schedule(self, *, fidelity: float, t2_us: float = NO_DECAY_US) -> Schedule:
        network = Network.all_to_all(
            nodes=self.nodes, data_qubits=self.data_qubits, comm_qubits=self.comm_qubits
        )
        noisy = with_noise(network, fidelity=fidelity, t2_us=t2_us)
        return compile_circuit(self.circuit, noisy).schedule


def _circuit(name: str, size: int, rows: list[Operation]) -> Circuit:
    return Circuit.from_operations(name, [f"q[{i}]" for i in range(size)], [], rows)


def _ghz(size: int) -> Circuit:
    rows = [Operation("cx", (i, i + 1)) for i in range(size - 1)]
    return _circuit("ghz", size, [Operation("h", (0,)), *rows])


def _fourier(size: int) -> Circuit:
    rows = []
    for i in range(size):
        rows.append(Operation("h", (i,)))
        rows += [Operation("cp", (j, i), (pi / 2 ** (j - i),)) for j in range(i + 1, size)]
    return _circuit("fourier", size, rows)


def _random(seed: int, size: int, gates: int, one: tuple[str, ...] = ("h", "s", "t")) -> Circuit:
    chance = Random(seed)
    rows = []
    for _ in range(gates):
        if chance.random() < 0.5:
            a, b = chance.sample(range(size), 2)
            rows.append(Operation(chance.choice(("cx", "cz")), (a, b)))
        else:
            rows.append(Operation(chance.choice(one), (chance.randrange(size),)))
    return _circuit("random", size, rows)


def _changing_partners(seed: int) -> Circuit:
    """Much to do for two pairs of qubits, and then for two other pairs: it takes teleports."""
    chance = Random(seed)
    rows = []
    for pairs in (((0, 1), (2, 3)), ((0, 2), (1, 3))):
        for _ in range(6):
            for pair in pairs:
                rows += [Operation(chance.choice(("h", "sx", "t")), (q,)) for q in pair]
                rows.append(Operation("cx", pair))
    return _circuit("partners", 4, rows)


def _small_angles() -> Circuit:
    """Layers of an Ising chain in a field, in steps of small angles."""
    rows = []
    for _ in range(2):
        rows += [Operation("rzz", (i, i + 1), (0.35,)) for i in range(3)]
        rows += [Operation("rx", (i,), (0.3,)) for i in range(4)]
    return _circuit("ising", 4, rows)


CASES: dict[str, Case] = {
    "ghz": Case(_ghz(4), 2, 2),
    "fourier": Case(_fourier(4), 2, 2),
    "fourier, three nodes": Case(_fourier(4), 3, 2),
    "random Clifford": Case(_random(5, 4, 24, ("h", "s", "sx")), 3, 2),
    "random Clifford+T": Case(_random(6, 4, 24), 2, 3),
    "teleports": Case(_changing_partners(3), 2, 3),
    "small angles": Case(_small_angles(), 2, 2),
}
"""Circuits on two or three nodes with at most 10 qubits: with the references at most 12."""
