"""The segment graph: which two-qubit gates can share one copy of a qubit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dqc_compiler.ir.arrays import Float64, Int8, Int32
from dqc_compiler.ir.circuit import Circuit


@dataclass(frozen=True, slots=True, eq=False)
class SegmentGraph:
    """Segments (vertices) and two-qubit gates (edges) of a circuit with w wires.

    A wire is the life line of one logical qubit; a `swap` exchanges the wires of two qubits and
    costs nothing, so wire i starts as qubit i and may end as another one.

    Columns, all read-only:
        wire_segments (w + 1,): the segments of wire i are wire_segments[i]:wire_segments[i+1], in
            order of time; every wire has at least one.
        segment_wire (s,): the inverse.
        gate_operation (g,): the row of the circuit, ascending; swaps are not gates here.
        gate_segments (g, 2), gate_signs (g, 2): the segment of each operand, and +1 or -1: whether
            the gate's axis is the segment's axis or its opposite.
        operand_wire: like `Circuit.operand`, but wires instead of qubits.
        operand_level: likewise, the operation's level on that wire, which never falls along it.
            Operations of one level commute as they are written and may be executed in any order;
            all of a level come before the next. A level lies within one segment.
        end_wire (w,): the wire that qubit i is at the end.
    """

    circuit: Circuit
    wire_segments: Int32
    segment_wire: Int32
    segment_axis: Float64  # (s, 3), unit vectors in the frame of the wire's last reset or start
    gate_operation: Int32
    gate_segments: Int32
    gate_signs: Int8
    operand_wire: Int32
    operand_level: Int32
    end_wire: Int32

    @property
    def wires(self) -> int:
        """Number of wires."""
        return len(self.wire_segments) - 1

    @property
    def segments(self) -> int:
        """Number of segments."""
        return len(self.segment_wire)

    @property
    def gates(self) -> int:
        """Number of two-qubit gates, swaps excluded."""
        return len(self.gate_operation)

    @property
    def gate_wires(self) -> Int32:
        """Wires of each gate, (g, 2) int32."""
        return self.segment_wire[self.gate_segments]

    def gates_of_segments(self) -> list[list[int]]:
        """The gates of each segment, in program order."""
        found: list[list[int]] = [[] for _ in range(self.segments)]
        for gate, pair in enumerate(self.gate_segments.tolist()):
            for segment in pair:
                found[segment].append(gate)
        return found

    def verify(self) -> None:
        """Check that segments tile the wires and gates walk along them in order.

        Raises:
            ValueError: naming the rule that is broken.
        """
        counts = np.diff(self.wire_segments)
        if self.wire_segments[0] != 0 or self.wire_segments[-1] != self.segments:
            raise ValueError("segments do not tile the wires")
        if (counts < 1).any():
            raise ValueError("a wire has no segment")
        if not (self.segment_wire == np.repeat(np.arange(self.wires), counts)).all():
            raise ValueError("segment_wire is not the inverse of wire_segments")
        if sorted(self.end_wire.tolist()) != list(range(self.wires)):
            raise ValueError("end_wire is not a permutation")
        if self.gates and (np.diff(self.gate_operation) <= 0).any():
            raise ValueError("gates are not in program order")
        if not np.isin(self.gate_signs, (-1, 1)).all():
            raise ValueError("a sign is neither +1 nor -1")
        if not np.allclose(np.linalg.norm(self.segment_axis, axis=1), 1.0):
            raise ValueError("an axis is not a unit vector")
        if len(self.operand_level) != len(self.operand_wire):
            raise ValueError("operand_level does not have one entry per operand")
        by_wire = np.argsort(self.operand_wire, kind="stable")
        falls = np.diff(self.operand_level[by_wire]) < 0
        if (falls & (np.diff(self.operand_wire[by_wire]) == 0)).any():
            raise ValueError("a level falls along its wire")
        latest = self.wire_segments[:-1].copy()
        for pair in self.gate_segments.tolist():
            for segment in pair:
                wire = self.segment_wire[segment]
                if segment < latest[wire]:
                    raise ValueError("a gate goes back to an earlier segment of its wire")
                latest[wire] = segment
