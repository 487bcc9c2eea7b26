"""A clock for placements: in which layer a segment needs its home."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dqc_compiler.ir import SegmentGraph
from dqc_compiler.ir.arrays import Int64


@dataclass(frozen=True)
class Blocks:
    """Maximal runs of gates on one pair of wires with no other gate of either in between.

    Columns: `wires` (b, 2), `layer` (b,) as soon as possible, `edges` (b,) the number of different
    segment pairs in the block, `of_gate` (g,) the block of every gate.
    """

    wires: Int64
    layer: Int64
    edges: Int64
    of_gate: Int64

    @property
    def layers(self) -> int:
        """Number of layers, at least 1."""
        return int(self.layer.max(initial=0)) + 1

    def one_by_one(self) -> Blocks:
        """The same in program order, each in a layer of its own."""
        return replace(self, layer=np.arange(len(self.layer)))


def find_blocks(graph: SegmentGraph) -> Blocks:
    """The blocks in program order of their first gates."""
    latest = [-1] * graph.wires  # block of each wire's latest gate
    free_from = [0] * graph.wires
    wires: list[tuple[int, int]] = []
    layer: list[int] = []
    edges: list[set[tuple[int, int]]] = []
    of_gate: list[int] = []
    pairs = zip(graph.gate_wires.tolist(), graph.gate_segments.tolist(), strict=True)
    for (a, b), (s, t) in pairs:
        if latest[a] < 0 or latest[a] != latest[b]:
            latest[a] = latest[b] = len(wires)
            wires.append((a, b))
            layer.append(max(free_from[a], free_from[b]))
            edges.append(set())
            free_from[a] = free_from[b] = layer[-1] + 1
        edges[latest[a]].add((s, t) if s < t else (t, s))
        of_gate.append(latest[a])
    return Blocks(
        wires=np.array(wires, dtype=np.int64).reshape(-1, 2),
        layer=np.array(layer, dtype=np.int64),
        edges=np.array([len(found) for found in edges], dtype=np.int64),
        of_gate=np.array(of_gate, dtype=np.int64),
    )


@dataclass(frozen=True)
class Moments:
    """When a wire may change from the home of a segment to that of the next one.

    From layer t on, with earliest[s] <= t <= latest[s], the wire counts at the home of segment s,
    and before at that of the one before. In between it is idle. Layer 0 is the moment before the
    circuit, when every wire is at the home of its first segment; the blocks' layer l is l + 1.
    Along a wire earliest[s] >= latest[s - 1].

    Columns: `earliest` (s,) the layer after the last gate of the segment before; `latest` (s,) the
    layer of the segment's first gate; both 0 for the first segment of a wire.
    """

    earliest: Int64
    latest: Int64
    layers: int


def find_moments(graph: SegmentGraph, blocks: Blocks) -> Moments:
    """When every segment's home begins to count."""
    latest = np.zeros(graph.segments, dtype=np.int64)
    last = np.zeros(graph.segments, dtype=np.int64)
    # Gates are in program order, so writing backwards leaves the first gate's layer.
    layer = blocks.layer[blocks.of_gate][::-1] + 1
    for side in (0, 1):
        first = np.full(graph.segments, np.iinfo(np.int64).max)
        first[graph.gate_segments[::-1, side]] = layer
        latest = first if side == 0 else np.minimum(latest, first)
        np.maximum.at(last, graph.gate_segments[::-1, side], layer)
    latest[graph.wire_segments[:-1]] = 0
    earliest = np.minimum(np.append(0, last[:-1] + 1)[: graph.segments], latest)
    return Moments(earliest, latest, blocks.layers + 1)


def segment_layers(graph: SegmentGraph, blocks: Blocks) -> tuple[Int64, Int64]:
    """Layers [start, end) (s,) in which each segment's home counts if wires move when they have to.

    From the block of the segment's first gate to that of the next segment's, to the end for the
    last one.
    """
    moments = find_moments(graph, blocks)
    end = np.append(moments.latest[1:], 0)
    end[graph.wire_segments[1:] - 1] = moments.layers
    return moments.latest, end
