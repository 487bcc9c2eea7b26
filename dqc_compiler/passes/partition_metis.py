"""A first home for every qubit: METIS on the weighted interaction graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.sparse import csr_array

from dqc_compiler.costs.capacity import capacities, level_shares
from dqc_compiler.ir import Network, Placement, SegmentGraph
from dqc_compiler.ir.arrays import Int32, Int64


def interaction_graph(graph: SegmentGraph) -> csr_array:
    """Symmetric (w, w) int64: the number of segment pairs that two wires have gates in common.

    Gates of one segment pair share a copy, so counting gates instead would overrate them.
    """
    pairs = np.unique(np.sort(graph.gate_segments, axis=1), axis=0)
    wires = graph.segment_wire[pairs]
    ones = np.ones(len(wires), dtype=np.int64)
    half = csr_array((ones, (wires[:, 0], wires[:, 1])), shape=(graph.wires, graph.wires))
    half.sum_duplicates()
    return (half + half.T).tocsr()


def _metis(adjacency: csr_array, shares: Int64, seed: int) -> Int32:
    """METIS parts of the wires, one part per node with a share. Never sees degenerate input.

    Its own seed changes next to nothing on the small graphs of circuits; their numbering does.
    """
    used = np.flatnonzero(shares)
    if len(used) < 2 or adjacency.nnz == 0:
        return np.repeat(np.arange(len(shares)), shares).astype(np.int32)
    import pymetis  # noqa: PLC0415 (a C library that small inputs do not need)

    # The circuit's own numbering says which wires are near each other, so seed 0 keeps it.
    wires = adjacency.shape[0]
    order = np.random.default_rng(seed).permutation(wires) if seed else np.arange(wires)
    adjacency = adjacency[order][:, order].tocsr()
    options = pymetis.Options(seed=seed, ufactor=10)
    _, parts = pymetis.part_graph(
        len(used),
        pymetis.CSRAdjacency(adjacency.indptr, adjacency.indices),
        eweights=adjacency.data,
        tpwgts=(shares[used] / shares.sum()).tolist(),
        recursive=False,
        options=options,
    )
    homes = np.empty(wires, dtype=np.int32)
    homes[order] = used[np.asarray(parts)]
    return homes


def _repair(homes: Int32, adjacency: csr_array, capacity: Int64) -> Int32:
    """Move wires out of over-full nodes, each time the one that loses least connectivity."""
    k = len(capacity)
    homes = homes.copy()
    load = np.bincount(homes, minlength=k)
    if (load <= capacity).all():
        return homes
    towards = np.zeros((len(homes), k), dtype=np.int64)  # connectivity of each wire to each node
    rows = np.repeat(np.arange(len(homes)), np.diff(adjacency.indptr))
    np.add.at(towards, (rows, homes[adjacency.indices]), adjacency.data)
    while (load > capacity).any():
        movable = np.flatnonzero(load[homes] > capacity[homes])
        loss = towards[movable, homes[movable]][:, None] - towards[movable]
        loss[:, load >= capacity] = np.iinfo(np.int64).max
        best = int(np.argmin(loss))
        wire, target = int(movable[best // k]), best % k
        first, last = adjacency.indptr[wire : wire + 2]
        neighbours, weights = adjacency.indices[first:last], adjacency.data[first:last]
        towards[neighbours, homes[wire]] -= weights
        towards[neighbours, target] += weights
        load[homes[wire]] -= 1
        load[target] += 1
        homes[wire] = target
    return homes


@dataclass(frozen=True)
class PartitionMetis:
    """Segment graph to placement: static homes of little cut, every gate at a home.

    METIS (Karypis and Kumar, SIAM J. Sci. Comput. 20, 359 (1998)) balances only to within a few
    per cent, so its parts are repaired until every node's data qubits suffice exactly.
    """

    name: ClassVar[str] = "partition-metis"
    network: Network
    seed: int = 0

    def run(self, graph: SegmentGraph) -> Placement:
        """Place every wire; the network has room for them."""
        shares = level_shares(self.network, graph.wires)
        adjacency = interaction_graph(graph)
        homes = _repair(_metis(adjacency, shares, self.seed), adjacency, capacities(self.network))
        return Placement.static(graph, self.network, homes)
