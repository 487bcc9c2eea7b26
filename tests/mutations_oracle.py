"""An independent judge: simulate circuits and node programs on every measurement outcome.

The state is followed for all inputs at once, so each branch ends with a Kraus operator. Branches
with the same classical result add up to a Choi matrix; two computations are the same iff these
matrices are. Gate matrices come from Qiskit, not from the package.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from qiskit.circuit.library import get_standard_gate_name_mapping

from dqc_compiler.ir import Circuit
from dqc_compiler.verify.programs import ProgramSet, bit_key, interleave

Instrument = dict[tuple[int, ...], np.ndarray]
_NAMES = get_standard_gate_name_mapping()


@lru_cache(maxsize=4096)
def matrix(name: str, parameters: tuple[float, ...]) -> np.ndarray:
    """Matrix of a gate as a tensor whose first axes are the outputs, first qubit first."""
    if name == "rzy":
        turn = np.kron(np.eye(2), matrix("rx", (np.pi / 2,)))
        zz = matrix("rzz", parameters).reshape(4, 4)
        return (turn.conj().T @ zz @ turn).reshape(2, 2, 2, 2)
    gate = type(_NAMES[name])(*parameters) if parameters else _NAMES[name]
    if gate.num_qubits == 1:
        return np.asarray(gate.to_matrix())
    # Qiskit counts the first qubit as the least significant one.
    return np.asarray(gate.to_matrix()).reshape(2, 2, 2, 2).transpose(1, 0, 3, 2)


class Branches:
    """All outcomes of a computation on `total` qubits; those in `inputs` take any input."""

    def __init__(self, total: int, inputs: list[int]) -> None:
        n = len(inputs)
        state = np.zeros((2,) * total + (2**n,), dtype=complex)
        for value in range(2**n):
            index = [0] * total
            for position, qubit in enumerate(inputs):
                index[qubit] = (value >> (n - 1 - position)) & 1
            state[(*index, value)] = 1.0
        self.branches: list[tuple[np.ndarray, dict[object, int]]] = [(state, {})]
        self.total, self.n = total, n

    def gate(
        self,
        name: str,
        qubits: Iterable[int],
        parameters: tuple[float, ...],
        condition: Iterable[tuple[object, bool]] = (),
    ) -> None:
        tensor, axes = matrix(name, parameters), list(qubits)
        wanted = list(condition)
        for index, (state, bits) in enumerate(self.branches):
            if all(bits.get(key, 0) == value for key, value in wanted):
                k = len(axes)
                moved = np.tensordot(tensor, state, axes=(list(range(k, 2 * k)), axes))
                self.branches[index] = (np.moveaxis(moved, range(k), axes), bits)

    def project(self, qubit: int) -> list[tuple[int, np.ndarray, dict[object, int]]]:
        found = []
        for state, bits in self.branches:
            for value in (0, 1):
                part = np.zeros_like(state)
                place = (slice(None),) * qubit + (value,)
                part[place] = state[place]
                if np.linalg.norm(part) > 1e-9:
                    found.append((value, part, bits))
        return found

    def measure(self, qubit: int, key: object) -> None:
        self.branches = [(part, bits | {key: value}) for value, part, bits in self.project(qubit)]

    def reset(self, qubit: int) -> None:
        found = self.project(qubit)
        self.branches = [
            (np.flip(part, axis=qubit) if value else part, bits) for value, part, bits in found
        ]

    def instrument(self, outputs: list[int], clbits: list[object]) -> Instrument:
        result: Instrument = defaultdict(lambda: np.zeros((4**self.n, 4**self.n), dtype=complex))
        rest = [q for q in range(self.total) if q not in outputs]
        for state, bits in self.branches:
            kraus = state.transpose(*rest, *outputs, self.total).reshape(2 ** len(rest), -1)
            result[tuple(bits.get(key, 0) for key in clbits)] += kraus.T @ kraus.conj()
        return dict(result)


def of_circuit(circuit: Circuit) -> Instrument:
    """What a circuit does: classical result -> Choi matrix."""
    n = len(circuit.qubits)
    branches = Branches(n, list(range(n)))
    for row in circuit.operations():
        if row.name == "measure":
            branches.measure(row.qubits[0], row.clbit)
        elif row.name == "reset":
            branches.reset(row.qubits[0])
        elif row.name not in ("barrier", "delay"):
            branches.gate(row.name, row.qubits, row.parameters, row.condition)
    return branches.instrument(list(range(n)), list(range(len(circuit.clbits))))


def of_programs(task: ProgramSet) -> Instrument:
    """What node programs do together; the Kahn semantics fix the result, so any order will do."""
    offsets, total = [], 0
    for program in task.programs:
        offsets.append({})
        for register, size in program.qubit_registers.items():
            offsets[-1][register] = total
            total += size
    starts = [offsets[node]["data"] + index for node, index in task.start]
    branches = Branches(total, starts)
    for step in interleave(task.programs):
        row = step.statement
        qubits = [offsets[step.node][register] + index for register, index in row.qubits]
        if step.peer_statement is not None:
            register, index = step.peer_statement.qubits[0]
            branches.gate("h", qubits, ())
            branches.gate("cx", [qubits[0], offsets[step.peer][register] + index], ())
        elif row.name == "measure":
            branches.measure(qubits[0], bit_key(step.node, *row.writes))
        elif row.name == "reset":
            branches.reset(qubits[0])
        elif row.name not in ("barrier", "delay"):
            condition = [(bit_key(step.node, r, i), value) for r, i, value in row.condition]
            branches.gate(row.name, qubits, row.parameters, condition)
    ends = [offsets[node]["data"] + index for node, index in task.end]
    keys = [None if place is None else bit_key(place[0], "out", place[1]) for place in task.clbits]
    return branches.instrument(ends, keys)


def agree(first: Instrument, second: Instrument) -> bool:
    """Whether two instruments are the same, to 1e-7."""
    size = next(iter(first.values())).shape
    zero = np.zeros(size)
    keys = first.keys() | second.keys()
    return all(np.allclose(first.get(k, zero), second.get(k, zero), atol=1e-7) for k in keys)
