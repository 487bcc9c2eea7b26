"""Run the stitched programs in qiskit-aer, with real measurements and feed-forward.

A random entangled input goes through the programs, the inverse of the circuit and the inverse of
its own preparation; if all is well, every qubit of the circuit is in |0> after every run.
"""

from __future__ import annotations

from contextlib import ExitStack
from math import pi
from random import Random

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit_aer import AerSimulator

from dqc_compiler.verify.stitch import Action, Computation

SHOTS = 8
_SEED = 20_161


def worst_fidelity(expected: Computation, found: Computation) -> float:
    """The lowest fidelity with which a random input survives, over all runs.

    A run in which the two outcomes of a purification differ counts as 0.

    Args:
        expected: the circuit, without measurements and resets.
        found: the stitched programs, at most about 14 cells.
    """
    n = len(expected.start)
    preparation = _random_preparation(n)
    circuit = QuantumCircuit(QuantumRegister(found.cells), ClassicalRegister(max(1, found.bits)))
    circuit.compose(preparation, found.start, inplace=True)
    for action in found.actions:
        _append(circuit, action)
    circuit.compose(_unitary(expected).inverse(), found.end, inplace=True)
    circuit.compose(preparation.inverse(), found.end, inplace=True)
    circuit.save_statevector(pershot=True)
    simulator = AerSimulator(method="statevector", max_parallel_threads=1)
    result = simulator.run(circuit, shots=SHOTS, seed_simulator=_SEED, memory=True).result()
    if not all(_agrees(memory, found) for memory in result.get_memory(0)):
        return 0.0
    states = result.data(0)["statevector"]
    return min(_weight_of_zero(np.asarray(state), found) for state in states)


def _agrees(memory: str, found: Computation) -> bool:
    """Whether the outcomes of all purifications are equal; the last bit comes first."""
    return all(memory[-1 - first] == memory[-1 - second] for first, second in found.equal)


def _random_preparation(n: int) -> QuantumCircuit:
    random = Random(_SEED)
    circuit = QuantumCircuit(n)
    for _ in range(3):
        for qubit in range(n):
            circuit.u(*(random.uniform(-pi, pi) for _ in range(3)), qubit)
        for qubit in range(n - 1):
            circuit.cx(qubit, qubit + 1)
    return circuit


def _unitary(expected: Computation) -> QuantumCircuit:
    """The circuit, with qubit i on position i before and after."""
    circuit = QuantumCircuit(expected.cells, max(1, expected.bits))
    for action in expected.actions:
        _append(circuit, action)
    placed = QuantumCircuit(expected.cells)
    # Unconditional swaps only renamed cells: undo that at the end.
    position = {cell: qubit for qubit, cell in enumerate(expected.end)}
    at = [position[cell] for cell in range(expected.cells)]
    placed.compose(circuit, range(expected.cells), inplace=True)
    for cell in range(expected.cells):
        while at[cell] != cell:
            other = at[cell]
            placed.swap(cell, other)
            at[cell], at[other] = at[other], at[cell]
    return placed


def _append(circuit: QuantumCircuit, action: Action) -> None:
    cells = action.cells
    with ExitStack() as conditions:
        for bit, value in action.condition:
            conditions.enter_context(circuit.if_test((circuit.clbits[bit], int(value))))
        if action.name == "pair":
            circuit.h(cells[0])
            circuit.cx(*cells)
        elif action.name == "measure":
            circuit.measure(cells[0], action.writes)
        elif action.name == "rzy":
            circuit.rx(pi / 2, cells[1])
            circuit.rzz(*action.parameters, *cells)
            circuit.rx(-pi / 2, cells[1])
        else:
            getattr(circuit, action.name)(*action.parameters, *cells)


def _weight_of_zero(state: np.ndarray, found: Computation) -> float:
    """Probability that every qubit of the circuit is in |0>."""
    index = np.arange(len(state))
    mask = sum(1 << cell for cell in found.end)
    return float((np.abs(state[index & mask == 0]) ** 2).sum())
