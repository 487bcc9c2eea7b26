"""A first home for every qubit and a host for every gate: Mt-KaHyPar on the segment hypergraph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np

from dqc_compiler.costs.capacity import capacities, level_shares
from dqc_compiler.ir import Network, Placement, SegmentGraph
from dqc_compiler.ir.arrays import Int32, Int64, frozen


@dataclass(frozen=True)
class _Hypergraph:
    """Vertices: w wires of weight 1, then e edges of weight 0. One hyperedge per segment.

    An edge stands for all gates of one pair of segments: the same copies serve all of them. A
    hyperedge holds its segment's wire and the segment's edges, so that the number of its parts
    beyond one (km1) is what the segment costs, with the home in the wire's part and each host in
    the edge's.
    """

    wires: int
    segment_wire: Int32  # (s,)
    edge_of_gate: Int32  # (g,)
    pin_segment: Int32  # (2 e,) ascending, and
    pin_edge: Int32  # (2 e,) the edges that each segment holds

    @classmethod
    def of(cls, graph: SegmentGraph) -> _Hypergraph:
        """The hypergraph of a circuit's segments."""
        pairs = np.sort(graph.gate_segments, axis=1)
        edges, edge_of_gate = np.unique(pairs, axis=0, return_inverse=True)
        order = np.argsort(edges.reshape(-1), kind="stable")
        return cls(
            wires=graph.wires,
            segment_wire=graph.segment_wire,
            edge_of_gate=edge_of_gate.reshape(-1).astype(np.int32),
            pin_segment=edges.reshape(-1)[order].astype(np.int32),
            pin_edge=(order // 2).astype(np.int32),
        )

    @property
    def edges(self) -> int:
        """Number of distinct pairs of segments with gates."""
        return len(self.pin_edge) // 2

    def hyperedges(self, number: Int64) -> list[list[int]]:
        """Pins of every segment that has a gate, so at least two each; vertex v is number[v]."""
        segments, first = np.unique(self.pin_segment, return_index=True)
        wires = number[self.segment_wire[segments]].tolist()
        edges = np.split(number[self.wires + self.pin_edge], first[1:])
        return [[wire, *held.tolist()] for wire, held in zip(wires, edges, strict=True)]

    def hosted(self, parts: Int32, k: int) -> Int64:
        """For how many of its segments each wire has a host in each part, (w, k)."""
        where = self.pin_segment.astype(np.int64) * k + parts[self.wires + self.pin_edge]
        segment, part = np.divmod(np.unique(where), k)
        key = self.segment_wire[segment].astype(np.int64) * k + part
        return np.bincount(key, minlength=self.wires * k).reshape(self.wires, k)


@cache
def _library() -> Any:
    """Mt-KaHyPar, which may be initialised once per process."""
    import mtkahypar  # noqa: PLC0415 (optional)

    return mtkahypar.initialize(1)


def _partition(hypergraph: _Hypergraph, limits: Int64, seed: int) -> Int32:
    """Part of every vertex, (w + e,); parts may exceed their limits. No degenerate input.

    The deterministic presets hardly draw random numbers: what a seed changes is the numbering of
    vertices and hyperedges, on which all their ties depend. Of the two presets `quality` takes as
    long and cuts up to 10 % less.
    """
    import mtkahypar  # noqa: PLC0415 (optional)

    vertices = hypergraph.wires + hypergraph.edges
    random = np.random.default_rng(seed)
    # The circuit's own numbering says which wires are near each other, so seed 0 keeps it.
    number = random.permutation(vertices) if seed else np.arange(vertices)
    hyperedges = hypergraph.hyperedges(number)
    if seed:
        hyperedges = [hyperedges[i] for i in random.permutation(len(hyperedges))]
    weights = np.zeros(vertices, dtype=np.int64)
    weights[number[: hypergraph.wires]] = 1

    context = _library().context_from_preset(mtkahypar.PresetType.DETERMINISTIC_QUALITY)
    context.set_partitioning_parameters(len(limits), 0.03, mtkahypar.Objective.KM1)
    context.set_individual_target_block_weights(limits.tolist())
    context.logging = False
    mtkahypar.set_seed(seed)
    made = _library().create_hypergraph(
        context, vertices, len(hyperedges), hyperedges, weights.tolist(), [1] * len(hyperedges)
    )
    found = made.partition(context)
    parts = np.array([found.block_id(vertex) for vertex in number.tolist()], dtype=np.int32)
    if parts.min() < 0 or parts.max() >= len(limits):
        raise ValueError("a part is not one of the nodes")
    return parts


def _repair(hypergraph: _Hypergraph, parts: Int32, limits: Int64) -> Int32:
    """Move wires out of over-full parts, each time the one that has least to lose. Hosts stay."""
    k, wires = len(limits), hypergraph.wires
    load = np.bincount(parts[:wires], minlength=k)
    if (load <= limits).all():
        return parts
    parts = parts.copy()
    hosted = hypergraph.hosted(parts, k)
    while (load > limits).any():
        movable = np.flatnonzero(load[parts[:wires]] > limits[parts[:wires]])
        loss = hosted[movable, parts[movable]][:, None] - hosted[movable]
        loss[:, load >= limits] = np.iinfo(np.int64).max
        best = int(np.argmin(loss))
        wire, target = int(movable[best // k]), best % k
        load[parts[wire]] -= 1
        load[target] += 1
        parts[wire] = target
    return parts


@dataclass(frozen=True)
class PartitionHypergraph:
    """Segment graph to placement: static homes and hosts of few pairs, with hosts anywhere.

    The objective of the partition is the price of the placement itself, third-party hosts
    included; what it does not see is memory and moves. Mt-KaHyPar: Gottesbüren, Heuer, Maas,
    Sanders, Schlag, ACM Trans. Algorithms 20, 9 (2024). Segment hypergraph: Andrés-Martínez,
    Heunen, Phys. Rev. A 100, 032308 (2019). Needs the package mtkahypar.
    """

    name: ClassVar[str] = "partition-hypergraph"
    network: Network
    seed: int = 0

    def run(self, graph: SegmentGraph) -> Placement:
        """Place every wire and every gate; the network has room for the wires."""
        shares = level_shares(self.network, graph.wires)
        used = np.flatnonzero(shares)
        if len(used) < 2 or graph.gates == 0:
            homes = np.repeat(np.arange(len(shares)), shares).astype(np.int32)
            return Placement.static(graph, self.network, homes)
        hypergraph = _Hypergraph.of(graph)
        limits = np.minimum(capacities(self.network)[used], graph.wires)
        # The better one of two partitions is 1 % cheaper, and not once what follows makes of it.
        found = _repair(hypergraph, _partition(hypergraph, limits, self.seed), limits)
        parts = used[found].astype(np.int32)
        homes, edge_host = parts[: graph.wires], parts[graph.wires :]
        return Placement(
            graph=graph,
            network=self.network,
            segment_home=frozen(homes[graph.segment_wire], np.int32),
            gate_host=frozen(edge_host[hypergraph.edge_of_gate], np.int32),
        )
