"""Follow a small computation through every measurement outcome, for all inputs at once.

Each branch carries one Kraus operator, as a state with an extra axis for the input. What the
computation does to its qubits for one classical result is what its branches' Kraus operators do.
A cell is part of the state only while it is in use: a measured cell is a classical value.
Branches that agree in everything the rest depends on are merged, so in a correct program their
number does not grow with the number of gadgets.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dqc_compiler.verify.matrices import Tensor, gate_tensor
from dqc_compiler.verify.stitch import Action, Computation, Literals, is_gate

Instrument = dict[tuple[int, ...], Tensor]
"""Classical result (one value per bit of the circuit) -> Kraus operators, one per row, flattened.

The rows v of a result stand for its Choi matrix sum v v^+, which itself would be far too large.
"""

_NO_WEIGHT = 1e-9  # a branch of smaller norm is rounding
_OVERHEAD = 1_000  # an operation on a small array costs as much as one on so many amplitudes
_CHOI_SIDE = 2**11  # of the largest Choi matrix that is formed; 64 MiB
_SAME_OVERLAP = 1e-12  # states whose overlap is this close to 1 differ by less than 2e-6


class TooLargeError(Exception):
    """The computation needs more memory or time than the caller grants."""


class UnequalError(Exception):
    """The outcomes of a purification differ in some branch."""


@dataclass
class _Branch:
    state: Tensor  # one axis per live cell, then the input; normalised
    weight: float
    values: dict[int, int] = field(default_factory=dict)  # cell that is not live -> value
    bits: dict[int, int] = field(default_factory=dict)


def instrument(computation: Computation, *, amplitudes: int, work: float) -> Instrument:
    """What a computation does to its qubits, exactly.

    Args:
        computation: at most a handful of qubits.
        amplitudes: limit for the sum of the sizes of all branches.
        work: limit for the number of amplitudes that are changed, all actions together.

    Raises:
        TooLargeError: if the limits do not suffice.
        UnequalError: if outcomes that have to be equal are not.
    """
    return _Simulation(computation, amplitudes, work).run()


def largest_difference(first: Instrument, second: Instrument) -> float:
    """Largest eigenvalue by which Choi matrices differ; those of an instrument have trace 1."""
    none = next(iter(first.values()))[:0]
    pairs = ((first.get(key, none), second.get(key, none)) for key in first.keys() | second.keys())
    return max(_choi_difference(a, b) for a, b in pairs)


def _choi_difference(a: Tensor, b: Tensor) -> float:
    # Both matrices live in the span of all rows, where they are small.
    basis: Tensor = np.asarray(np.linalg.qr(np.concatenate((a, b)).T, mode="r"))
    left, right = basis[:, : len(a)], basis[:, len(a) :]
    difference = left @ left.conj().T - right @ right.conj().T
    return float(np.abs(np.linalg.eigvalsh(difference)).max())


class _Simulation:
    def __init__(self, computation: Computation, amplitudes: int, work: float) -> None:
        self.computation = computation
        self.limit = amplitudes
        self.work = work
        n = len(computation.start)
        self.inputs = 2**n
        if self.inputs**2 > amplitudes:
            raise TooLargeError
        self.live = list(computation.start)
        identity = np.eye(self.inputs, dtype=complex).reshape((2,) * n + (self.inputs,))
        values = dict.fromkeys(set(range(computation.cells)) - set(self.live), 0)
        self.branches = [_Branch(identity / np.sqrt(self.inputs), 1.0, values)]
        self.last_read = _last_reads(computation)
        self.twins = {max(pair): min(pair) for pair in computation.equal}
        self.forgotten = _forgotten(computation)

    def run(self) -> Instrument:
        for time, action in enumerate(self.computation.actions):
            if action.name == "measure":
                assert action.writes is not None
                self.project(action.cells[0], action.writes)
                if time in self.forgotten:
                    self.forget(action.cells[0])
            elif action.name == "reset":
                self.reset(action.cells[0])
            elif action.name == "pair":
                self.pair(*action.cells)
            else:
                self.gate(action)
            if action.name != "pair" and not is_gate(action):
                self.merge(time)
            size = sum(branch.state.size for branch in self.branches)
            self.spend(size + _OVERHEAD * len(self.branches))
            if size > self.limit:
                raise TooLargeError
        return self.result()

    def spend(self, work: float) -> None:
        self.work -= work
        if self.work < 0:
            raise TooLargeError

    def wake(self, cell: int) -> None:
        """Make a cell part of the state again."""
        if cell in self.live:
            return
        self.live.append(cell)
        for branch in self.branches:
            value = branch.values.pop(cell)
            parts = [branch.state if value == v else np.zeros_like(branch.state) for v in (0, 1)]
            branch.state = np.stack(parts, axis=-2)

    def gate(self, action: Action) -> None:
        for cell in action.cells:
            self.wake(cell)
        matrix = gate_tensor(action.name, action.parameters)
        axes = [self.live.index(cell) for cell in action.cells]
        k = len(axes)
        for branch in self.branches:
            if _holds(action.condition, branch.bits):
                moved = np.tensordot(matrix, branch.state, axes=(range(k, 2 * k), axes))
                branch.state = np.moveaxis(moved, range(k), axes)

    def pair(self, first: int, second: int) -> None:
        half = 1 / np.sqrt(2)
        for cell in (first, second):
            self.wake(cell)
        axes = [self.live.index(first), self.live.index(second)]
        for branch in self.branches:
            # Both cells are in |0>, so the state is its own |00> part.
            moved = np.moveaxis(branch.state, axes, (0, 1))
            state = np.zeros_like(moved)
            state[0, 0] = state[1, 1] = half * moved[0, 0]
            branch.state = np.moveaxis(state, (0, 1), axes)

    def project(self, cell: int, bit: int | None) -> None:
        """Split every branch by the value of a cell, which is not live afterwards."""
        self.wake(cell)
        axis = self.live.index(cell)
        self.live.remove(cell)
        found = []
        for branch in self.branches:
            for value in (0, 1):
                part = np.take(branch.state, value, axis=axis)
                norm = float(np.linalg.norm(part))
                if norm > _NO_WEIGHT:
                    if bit in self.twins and branch.bits[self.twins[bit]] != value:
                        raise UnequalError
                    values = branch.values | {cell: value}
                    bits = branch.bits if bit is None else branch.bits | {bit: value}
                    found.append(_Branch(part / norm, branch.weight * norm**2, values, bits))
        self.branches = found

    def reset(self, cell: int) -> None:
        if cell in self.live:
            self.project(cell, None)
        self.forget(cell)

    def forget(self, cell: int) -> None:
        """The value of a cell is 0 from here on, or does not matter."""
        for branch in self.branches:
            branch.values = branch.values | {cell: 0}

    def merge(self, time: int) -> None:
        """Unite branches with the same state, values and bits that still matter."""
        kept: dict[tuple[object, ...], list[_Branch]] = {}
        for branch in self.branches:
            bits = {bit: v for bit, v in branch.bits.items() if self.last_read.get(bit, -1) > time}
            branch.bits = bits
            key = (tuple(sorted(bits.items())), tuple(sorted(branch.values.items())))
            same = kept.setdefault(key, [])
            self.spend(len(same) * (branch.state.size + _OVERHEAD // 10))
            for other in same:
                if abs(abs(np.vdot(other.state, branch.state)) - 1) < _SAME_OVERLAP:
                    other.weight += branch.weight
                    break
            else:
                same.append(branch)
        self.branches = [branch for same in kept.values() for branch in same]

    def result(self) -> Instrument:
        for cell in self.computation.end:
            self.wake(cell)
        rest = [axis for axis, cell in enumerate(self.live) if cell not in self.computation.end]
        ends = [self.live.index(cell) for cell in self.computation.end]
        found: dict[tuple[int, ...], list[Tensor]] = {}
        for branch in self.branches:
            kraus = branch.state.transpose(*rest, *ends, len(self.live)).reshape(2 ** len(rest), -1)
            key = tuple(0 if bit is None else branch.bits[bit] for bit in self.computation.clbits)
            found.setdefault(key, []).append(np.sqrt(branch.weight) * kraus)
        return {key: np.concatenate(rows) for key, rows in found.items()}


def _last_reads(computation: Computation) -> dict[int, int]:
    """For every bit the time of its last reader; bits of the result are read at the end."""
    last = {
        bit: time for time, action in enumerate(computation.actions) for bit, _ in action.condition
    }
    end = len(computation.actions)
    written = {action.writes: time for time, action in enumerate(computation.actions)}
    for pair in computation.equal:
        last[min(pair)] = max(last.get(min(pair), -1), written[max(pair)])
    return last | {bit: end for bit in computation.clbits if bit is not None}


def _forgotten(computation: Computation) -> set[int]:
    """Times of measurements after which the cell is reset, or never looked at again."""
    following = dict.fromkeys(computation.end, "end")
    found = set()
    for time in range(len(computation.actions) - 1, -1, -1):
        action = computation.actions[time]
        if action.name == "measure" and following.get(action.cells[0], "reset") == "reset":
            found.add(time)
        following.update(dict.fromkeys(action.cells, action.name))
    return found


def _holds(condition: Literals, bits: dict[int, int]) -> bool:
    return all(bits[bit] == value for bit, value in condition)
