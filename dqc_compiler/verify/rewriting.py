"""Replay how the original became logical.qasm, and check every replacement on its own.

A replacement takes a few operations, moves them next to each other past others that they commute
with, and puts new ones in their place that have the same matrix up to a global phase. Nothing else
is assumed about the rules, so a record that comes through is a proof, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dqc_compiler.ir.circuit import NOT_UNITARY, ONE_QUBIT_GATES, Circuit, Operation
from dqc_compiler.verify.gates import rotation, two_body
from dqc_compiler.verify.matrices import gate_tensor
from dqc_compiler.verify.rotations import Vector, negate, same

MAX_QUBITS = 4
_TOLERANCE = 1e-9
_END = -1
_NO_EFFECT = ("barrier", "delay", "id")
_Gate = tuple[str, tuple[float, ...], tuple[int, ...]]


class Replacement(NamedTuple):
    """One step. Operations are numbered: those of the original from 0, outputs on from there.

    The outputs take the position of the input called `place`.
    """

    rule: str
    inputs: tuple[int, ...]
    place: int
    outputs: tuple[Operation, ...]


class ReplayError(Exception):
    """A step of the record is not what it says."""


def replay(original: Circuit, steps: Iterable[Replacement]) -> Circuit:
    """The circuit that the steps make of the original, equal to it up to a global phase.

    Args:
        original: the circuit that went in.
        steps: in order.

    Raises:
        ReplayError: naming the step that is wrong.
    """
    tape = _Tape(original)
    for number, step in enumerate(steps):
        try:
            tape.apply(step)
        except ReplayError as error:
            raise ReplayError(f"rewrite {number} ({step.rule}): {error}") from None
    rows = [tape.rows[index] for index in sorted(tape.alive, key=tape.labels.__getitem__)]
    return Circuit.from_operations(original.name, original.qubits, original.clbits, rows)


class _Tape:
    """Operations in program order, as a doubly linked list for every qubit."""

    def __init__(self, circuit: Circuit) -> None:
        self.rows = list(circuit.operations())
        self.alive = set(range(len(self.rows)))
        self.axes = [_axes(row) for row in self.rows]
        # The order of all operations. Outputs share the label of their place, and go on from there.
        self.labels: list[tuple[int, ...]] = [(index,) for index in range(len(self.rows))]
        self.before: list[dict[int, int]] = []
        self.after: list[dict[int, int]] = []
        tails: dict[int, int] = {}
        for index, row in enumerate(self.rows):
            self.before.append({q: tails.get(q, _END) for q in row.qubits})
            self.after.append(dict.fromkeys(row.qubits, _END))
            for q in row.qubits:
                if q in tails:
                    self.after[tails[q]][q] = index
                tails[q] = index

    def apply(self, step: Replacement) -> None:
        self.check_inputs(step)
        step = step._replace(inputs=tuple(sorted(step.inputs, key=self.labels.__getitem__)))
        for index in step.inputs:
            for q, axis in self.axes[index].items():
                for other in self.passed(index, q, step):
                    # The same axis on every common qubit is enough, and quickly seen.
                    if axis is not None and axis == self.axes[other][q]:
                        continue
                    if not _commute(self.rows[index], self.rows[other]):
                        raise ReplayError(f"operation {index} does not commute with {other}")
        qubits = sorted({q for index in step.inputs for q in self.rows[index].qubits})
        if any(q not in qubits for row in step.outputs for q in row.qubits):
            raise ReplayError("an output acts on another qubit")
        if len(qubits) > MAX_QUBITS:
            raise ReplayError(f"more than {MAX_QUBITS} qubits")
        inputs = [self.rows[index] for index in step.inputs]
        if not _equal(_product(inputs, qubits), _product(step.outputs, qubits)):
            raise ReplayError("inputs and outputs are different unitaries")
        self.exchange(step, qubits)

    def check_inputs(self, step: Replacement) -> None:
        if len(set(step.inputs)) != len(step.inputs) or not self.alive.issuperset(step.inputs):
            raise ReplayError("an input is used twice, or does not exist")
        if step.place not in step.inputs:
            raise ReplayError("the place is not one of the inputs")
        for row in (*(self.rows[index] for index in step.inputs), *step.outputs):
            if row.condition or (row.name in NOT_UNITARY):
                raise ReplayError(f"{row.name} is not an unconditional gate")

    def passed(self, index: int, qubit: int, step: Replacement) -> Iterator[int]:
        """The operations between an input and the place on a qubit, other inputs left out."""
        place = self.labels[step.place]
        forwards = self.labels[index] < place
        links = self.after if forwards else self.before
        other = links[index][qubit]
        while other != _END and (self.labels[other] < place) == forwards:
            if other == step.place:
                break
            if other not in step.inputs:
                yield other
            other = links[other][qubit]

    def exchange(self, step: Replacement, qubits: list[int]) -> None:
        """Unlink the inputs, and link the outputs in where the place was."""
        place = self.labels[step.place]
        gaps = {q: self.neighbours(q, step.inputs) for q in qubits}
        for index in step.inputs:
            self.alive.remove(index)
            for q, left in self.before[index].items():
                self.link(q, left, self.after[index][q])
        for q, (left, right) in gaps.items():
            gaps[q] = self.around(q, place, left, right)
        for offset, row in enumerate(step.outputs):
            new = len(self.rows)
            self.rows.append(row)
            self.axes.append(_axes(row))
            self.labels.append((*place, offset))
            self.alive.add(new)
            self.before.append({})
            self.after.append({})
            for q in row.qubits:
                left, right = gaps[q]
                self.before[new][q], self.after[new][q] = left, right
                self.link(q, left, new)
                self.link(q, new, right)
                gaps[q] = (new, right)

    def neighbours(self, qubit: int, inputs: tuple[int, ...]) -> tuple[int, int]:
        """Two operations on a qubit that have only inputs between them, in their program order."""
        first = right = next(index for index in inputs if qubit in self.rows[index].qubits)
        while right in inputs:
            right = self.after[right][qubit]
        return self.before[first][qubit], right

    def around(self, qubit: int, place: tuple[int, ...], left: int, right: int) -> tuple[int, int]:
        """The two operations on a qubit between which a place in the program order is."""
        while right != _END and self.labels[right] < place:
            left, right = right, self.after[right][qubit]
        while left != _END and self.labels[left] > place:
            left, right = self.before[left][qubit], left
        return left, right

    def link(self, qubit: int, left: int, right: int) -> None:
        if left != _END:
            self.after[left][qubit] = right
        if right != _END:
            self.before[right][qubit] = left


def _commute(a: Operation, b: Operation) -> bool:
    if a.name in _NO_EFFECT or b.name in _NO_EFFECT:
        return True
    if a.name in NOT_UNITARY or b.name in NOT_UNITARY:
        return False
    shared = set(a.qubits) & set(b.qubits)
    if all(_parallel(_axis(a, q), _axis(b, q)) for q in shared):
        return True
    qubits = {q: position for position, q in enumerate(dict.fromkeys((*a.qubits, *b.qubits)))}
    first, second = (_numbered(row, qubits) for row in (a, b))
    return _matrices_commute(first, second, len(qubits))


def _axes(row: Operation) -> dict[int, Vector | None]:
    """For each qubit the axis about which a gate acts there, equal for equal and opposite axes."""
    if row.name in NOT_UNITARY:
        return dict.fromkeys(row.qubits)
    return {q: _rounded(_axis(row, q)) for q in row.qubits}


def _rounded(axis: Vector | None) -> Vector | None:
    if axis is None:
        return None
    x, y, z = (round(component, 9) for component in axis)
    return (x, y, z) if (x, y, z) > (0, 0, 0) else (0 - x, 0 - y, 0 - z)


def _axis(row: Operation, qubit: int) -> Vector | None:
    """The axis of a gate on one of its qubits."""
    if row.name in ONE_QUBIT_GATES:
        q = rotation(row.name, row.parameters)
        size = (q[1] ** 2 + q[2] ** 2 + q[3] ** 2) ** 0.5
        return (q[1] / size, q[2] / size, q[3] / size) if size > _TOLERANCE else None
    if row.name == "swap":
        return None
    gate = two_body(row.name, row.parameters)
    return gate.p if row.qubits[0] == qubit else gate.q


def _parallel(a: Vector | None, b: Vector | None) -> bool:
    return a is not None and b is not None and (same(a, b) or same(a, negate(b)))


def _numbered(row: Operation, qubits: dict[int, int]) -> _Gate:
    return row.name, row.parameters, tuple(qubits[q] for q in row.qubits)


@lru_cache(maxsize=16384)
def _matrices_commute(a: _Gate, b: _Gate, qubits: int) -> bool:
    first, second = _embedded(a, qubits), _embedded(b, qubits)
    return bool(np.allclose(first @ second, second @ first, atol=_TOLERANCE))


def _product(rows: Iterable[Operation], qubits: list[int]) -> npt.NDArray[np.complex128]:
    number = {q: position for position, q in enumerate(qubits)}
    total: npt.NDArray[np.complex128] = np.eye(2 ** len(qubits), dtype=np.complex128)
    for row in rows:
        total = _embedded(_numbered(row, number), len(qubits)) @ total
    return total


@lru_cache(maxsize=16384)
def _embedded(gate: _Gate, qubits: int) -> npt.NDArray[np.complex128]:
    """The matrix of a gate on some of a few qubits."""
    name, parameters, operands = gate
    k = len(operands)
    identity = np.eye(2**qubits, dtype=np.complex128).reshape((2,) * qubits + (-1,))
    tensor = gate_tensor(name, parameters)
    moved = np.tensordot(tensor, identity, axes=(range(k, 2 * k), operands))
    return np.moveaxis(moved, range(k), operands).reshape(2**qubits, -1)


def _equal(a: npt.NDArray[np.complex128], b: npt.NDArray[np.complex128]) -> bool:
    """Equality up to a phase, entry by entry."""
    position = np.unravel_index(int(np.abs(a).argmax()), a.shape)
    if abs(b[position]) < _TOLERANCE:
        return False
    phase = a[position] / b[position]
    return bool(np.abs(a - phase / abs(phase) * b).max() < _TOLERANCE)
