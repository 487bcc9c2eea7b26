"""What noise does to a scheduled program, by simulation of its state in qiskit-aer.

It shares nothing with the estimate but the model: a pair is a Werner state when it is ready, and
every qubit dephases with its node's T2 all the time. Every qubit of the circuit begins as half of a
Bell pair; at the end the circuit is undone, and the fidelity is the share of the runs in which all
the Bell pairs are found again.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from math import exp, pi

from qiskit import QuantumCircuit
from qiskit_aer import AerSimulator
from qiskit_aer.noise import pauli_error

from dqc_compiler.ir import Circuit, Network, Schedule, Statement


def simulated_fidelity(
    original: Circuit, schedule: Schedule, *, shots: int, seed: int = 7, stored: bool = True
) -> float:
    """Entanglement fidelity of the programs with a circuit of gates, from so many runs.

    Args:
        original: the circuit, without measurements.
        schedule: of its programs.
        shots: runs; the standard error is at most 1 / (2 sqrt(shots)).
        seed: of the simulator.
        stored: whether qubits dephase.
    """
    circuit = _Noisy(original, schedule, stored=stored).run()
    simulator = AerSimulator(method="statevector", max_parallel_threads=1)
    counts = simulator.run(circuit, shots=shots, seed_simulator=seed).result().get_counts()
    compared = 2 * len(original.qubits)  # bits, which come first, the last ones being leftmost
    return sum(count for key, count in counts.items() if "1" not in key[:compared]) / shots


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
