"""Cut every qubit's life into segments: runs of two-qubit gates that share one Pauli axis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from dqc_compiler.gadgets.frames import (
    IDENTITY,
    PAULI_VECTOR,
    Quaternion,
    Vector,
    gate_rotation,
    inverse,
    multiply,
    parallel,
    rotate,
)
from dqc_compiler.gadgets.gates import GATE_AXES
from dqc_compiler.ir import Circuit, Operation, SegmentGraph
from dqc_compiler.ir.arrays import frozen

_ROTATION_AXIS: dict[str, str] = {
    "z": "Z", "s": "Z", "sdg": "Z", "t": "Z", "tdg": "Z", "p": "Z", "rz": "Z",
    "x": "X", "sx": "X", "sxdg": "X", "rx": "X", "y": "Y", "ry": "Y",
}  # fmt: skip


@dataclass(slots=True)
class _Wire:
    """A wire while the circuit is read: its frame, its segments and its levels so far."""

    frame: Quaternion = IDENTITY
    axes: list[Vector] = field(default_factory=list)
    is_open: bool = False  # whether the last segment can still take gates
    level: int = 0
    letter: str | None = None  # the Pauli that the operations of the level commute with

    def rise(self, letter: str | None) -> int:
        """The level of an operation that commutes with this Pauli only, or, if None, with none."""
        if letter is None or letter != self.letter:
            self.level += 1
            self.letter = letter
        return self.level

    def join(self, pauli: str) -> tuple[int, int]:
        """(segment of this wire, sign) of a gate about `pauli`; opens a segment if needed."""
        axis = rotate(inverse(self.frame), PAULI_VECTOR[pauli])
        sign = parallel(axis, self.axes[-1]) if self.is_open else 0
        if sign == 0:
            self.axes.append(axis)
            self.is_open = True
            sign = 1
        return len(self.axes) - 1, sign


def _walk(wires: list[_Wire], row: Operation, operands: list[int]) -> list[tuple[int, int]]:
    """Apply one operation; for a two-qubit gate, return (segment, sign) of both operands."""
    if row.name in ("barrier", "delay"):
        return []
    if row.name in ("measure", "reset"):
        wire = wires[operands[0]]
        wire.is_open = False
        if row.name == "reset":
            wire.frame = IDENTITY
        return []
    if row.name in GATE_AXES:
        # A conditional gate does not commute with its neighbours' bookkeeping: it stands alone.
        for operand in operands if row.condition else ():
            wires[operand].is_open = False
        joined = [
            wires[operand].join(pauli)
            for operand, pauli in zip(operands, GATE_AXES[row.name], strict=True)
        ]
        for operand in operands if row.condition else ():
            wires[operand].is_open = False
        return joined
    wire = wires[operands[0]]
    if row.condition:
        wire.is_open = False
    else:
        wire.frame = multiply(gate_rotation(row.name, row.parameters), wire.frame)
    return []


def _levels(wires: list[_Wire], row: Operation, operands: list[int]) -> list[int]:
    """The operation's level on each of its wires.

    Only gates that commute as they are written share one: `x` and `cz` may belong to the same
    segment, but exchanging them would change the angles.
    """
    letters: tuple[str | None, ...] = (None,) * len(operands)
    if not row.condition:
        if row.name in ("swap", "id"):  # they commute with everything
            return [wires[operand].level for operand in operands]
        letters = GATE_AXES.get(row.name, (_ROTATION_AXIS.get(row.name), *letters[1:]))
    return [wires[operand].rise(letter) for operand, letter in zip(operands, letters, strict=False)]


@dataclass(frozen=True)
class Segment:
    """Circuit to segment graph.

    The axis of a gate on an operand is R^-1 P, with P the gate's Pauli there and R the product of
    all one-qubit gates on the wire so far; a gate joins the current segment if its axis equals the
    segment's within 1e-9, up to sign. Measurement, reset and conditional gates end a segment.
    """

    name: ClassVar[str] = "segment"

    def run(self, circuit: Circuit) -> SegmentGraph:
        """Build the graph; linear in the number of operations."""
        wires = [_Wire() for _ in circuit.qubits]
        wire_of_qubit = list(range(len(wires)))
        operand_wire: list[int] = []
        operand_level: list[int] = []
        gates: list[tuple[int, int, int, int, int, int, int]] = []
        for index, row in enumerate(circuit.operations()):
            operands = [wire_of_qubit[q] for q in row.qubits]
            operand_wire += operands
            operand_level += _levels(wires, row, operands)
            if row.name == "swap" and not row.condition:
                a, b = row.qubits
                wire_of_qubit[a], wire_of_qubit[b] = wire_of_qubit[b], wire_of_qubit[a]
                continue
            joined = _walk(wires, row, operands)
            if joined:
                (s, sign_s), (t, sign_t) = joined
                gates.append((index, operands[0], s, sign_s, operands[1], t, sign_t))
        return _graph(circuit, wires, (operand_wire, operand_level), gates, wire_of_qubit)


def _graph(
    circuit: Circuit,
    wires: list[_Wire],
    operands: tuple[list[int], list[int]],
    gates: list[tuple[int, int, int, int, int, int, int]],
    wire_of_qubit: list[int],
) -> SegmentGraph:
    for wire in wires:
        if not wire.axes:
            wire.axes.append(PAULI_VECTOR["Z"])
    counts = [len(wire.axes) for wire in wires]
    first = np.concatenate(([0], np.cumsum(counts)))
    table = np.array(gates, dtype=np.int64).reshape(-1, 7)
    segments = np.stack([first[table[:, 1]] + table[:, 2], first[table[:, 4]] + table[:, 5]], 1)
    return SegmentGraph(
        circuit=circuit,
        wire_segments=frozen(first, np.int32),
        segment_wire=frozen(np.repeat(np.arange(len(wires)), counts), np.int32),
        segment_axis=frozen([axis for wire in wires for axis in wire.axes], np.float64, columns=3),
        gate_operation=frozen(table[:, 0], np.int32),
        gate_segments=frozen(segments, np.int32, columns=2),
        gate_signs=frozen(table[:, [3, 6]], np.int8, columns=2),
        operand_wire=frozen(operands[0], np.int32),
        operand_level=frozen(operands[1], np.int32),
        end_wire=frozen(wire_of_qubit, np.int32),
    )
