"""The placement: where every segment lives and where every two-qubit gate is executed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dqc_compiler.ir.arrays import Int32, frozen
from dqc_compiler.ir.network import Network
from dqc_compiler.ir.segments import SegmentGraph

_SAME_AXIS = 1e-8  # how far products of unit vectors may be off


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """A point of the search space: a home per segment and a host per gate (node indices).

    Gates of an `embedded` segment are applied to every open copy of its wire as well, so that
    copies of the segment before it live on and serve the segment behind it, which has the same axis
    (`costs.embedding`). Embedded segments may follow each other.
    """

    graph: SegmentGraph
    network: Network
    segment_home: Int32  # (s,)
    gate_host: Int32  # (g,)
    embedded: tuple[int, ...] = ()  # segments, ascending

    @classmethod
    def static(cls, graph: SegmentGraph, network: Network, homes: Int32) -> Placement:
        """The placement in which wires stay at `homes` (w,) and each gate is at its first's."""
        segment_home = homes[graph.segment_wire]
        return cls(
            graph=graph,
            network=network,
            segment_home=frozen(segment_home, np.int32),
            gate_host=frozen(segment_home[graph.gate_segments[:, 0]], np.int32),
        )

    @property
    def start_home(self) -> Int32:
        """Home of each wire's first segment, (w,) int32."""
        homes: Int32 = self.segment_home[self.graph.wire_segments[:-1]]
        return homes

    @property
    def is_static(self) -> bool:
        """Whether no qubit ever changes its home."""
        return bool((self.segment_home == self.start_home[self.graph.segment_wire]).all())

    def verify(self) -> None:
        """Check that homes and hosts are nodes and that the start fits the data qubits.

        Raises:
            ValueError: naming the rule that is broken.
        """
        k = len(self.network.nodes)
        if len(self.segment_home) != self.graph.segments or len(self.gate_host) != self.graph.gates:
            raise ValueError("not one home per segment and one host per gate")
        for column in (self.segment_home, self.gate_host):
            if len(column) and (column.min() < 0 or column.max() >= k):
                raise ValueError("a home or host is not a node")
        self._verify_embedded()
        load = np.bincount(self.start_home, minlength=k)
        for node, count in zip(self.network.nodes, load.tolist(), strict=True):
            if count > node.data_qubits:
                raise ValueError(
                    f"{count} qubits start at {node.name}, which has {node.data_qubits}"
                )

    def _verify_embedded(self) -> None:
        if list(self.embedded) != sorted(set(self.embedded)):
            raise ValueError("embedded segments are not distinct and ascending")
        graph, chosen = self.graph, set(self.embedded)
        for segment in self.embedded:
            before, behind = segment - 1, segment + 1
            while before in chosen:
                before -= 1
            while behind in chosen:
                behind += 1
            around = [before, segment, behind]
            if before < 0 or behind >= graph.segments or len({*graph.segment_wire[around]}) > 1:
                raise ValueError("an embedded segment is the first or last of its wire")
            if len({*self.segment_home[around]}) > 1:
                raise ValueError("a wire changes its home at an embedded segment")
            across, axis, again = graph.segment_axis[around[1:2] + around[:1] + around[2:]]
            if abs(across @ axis) > _SAME_AXIS or abs(abs(axis @ again) - 1) > _SAME_AXIS:
                raise ValueError("an embedded segment is not orthogonal to those around it")
        sides = np.isin(graph.gate_segments, self.embedded)
        if sides.all(axis=1).any():
            raise ValueError("a gate is embedded on both sides")
        gate, side = np.nonzero(sides)
        if (self.gate_host[gate] != self.segment_home[graph.gate_segments[gate, side]]).any():
            raise ValueError("an embedded gate is not executed at the home")
