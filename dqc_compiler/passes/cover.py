"""The exact hosts for given static homes, when every gate stays at a home of its operands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from dqc_compiler.ir import Placement
from dqc_compiler.ir.arrays import Int32, frozen


def minimum_vertex_cover(left: Int32, right: Int32) -> tuple[set[int], set[int]]:
    """A minimum vertex cover of a bipartite graph with edges left[i] - right[i].

    König's construction from a maximum matching (Hopcroft and Karp, SIAM J. Comput. 2, 225 (1973)):
    from the unmatched left vertices, walk along unmatched edges to the right and matched ones back;
    the cover is what was not reached on the left and what was reached on the right.
    """
    lefts, left_index = np.unique(left, return_inverse=True)
    rights, right_index = np.unique(right, return_inverse=True)
    ones = np.ones(len(left), dtype=np.int8)
    graph = csr_array((ones, (left_index, right_index)), shape=(len(lefts), len(rights)))
    partner_of_left = maximum_bipartite_matching(graph, perm_type="column")
    partner_of_right = np.full(len(rights), -1)
    matched = np.flatnonzero(partner_of_left >= 0)
    partner_of_right[partner_of_left[matched]] = matched
    reached_left = partner_of_left < 0
    reached_right = np.zeros(len(rights), dtype=bool)
    stack = np.flatnonzero(reached_left).tolist()
    while stack:
        vertex = stack.pop()
        for other in graph.indices[graph.indptr[vertex] : graph.indptr[vertex + 1]]:
            if not reached_right[other]:
                reached_right[other] = True
                back = int(partner_of_right[other])
                if back >= 0 and not reached_left[back]:
                    reached_left[back] = True
                    stack.append(back)
    return set(lefts[~reached_left].tolist()), set(rights[reached_right].tolist())


@dataclass(frozen=True)
class Cover:
    """Placement to placement: the fewest copies with hosts among the operands' homes.

    Per pair of nodes, the segments at either are the two sides of a bipartite graph whose edges are
    the gates between them; a gate needs a copy of one of its segments at the other's home, so the
    fewest copies are a minimum vertex cover, which by König's theorem a matching finds exactly.
    Source: G-Sundaram, Gupta, Ramakrishnan, DISC 2021, for static homes; the split by node pairs is
    exact because a copy at a node serves only gates with that node.
    """

    name: ClassVar[str] = "cover"

    def run(self, placement: Placement) -> Placement:
        """Keep the homes, choose every host anew."""
        segments = placement.graph.gate_segments
        homes = placement.segment_home[segments]
        hosts = homes[:, 0].copy()
        low, high = homes.min(axis=1), homes.max(axis=1)
        pair_of_gate = low.astype(np.int64) * len(placement.network.nodes) + high
        remote = low != high
        for pair in np.unique(pair_of_gate[remote]):
            gates = np.flatnonzero((pair_of_gate == pair) & remote)
            hosts[gates] = _cover_pair(segments[gates], homes[gates])
        return Placement(
            graph=placement.graph,
            network=placement.network,
            segment_home=placement.segment_home,
            gate_host=frozen(hosts, np.int32),
        )


def _cover_pair(segments: Int32, homes: Int32) -> Int32:
    """Hosts of the gates between two nodes; segments, homes (g, 2)."""
    at_low = np.where(homes[:, 0] < homes[:, 1], 0, 1)
    rows = np.arange(len(segments))
    left, right = segments[rows, at_low], segments[rows, 1 - at_low]
    cover_left, _ = minimum_vertex_cover(left, right)
    # A covered left segment is copied to the right node; all other gates go to the left one.
    is_copied = np.isin(left, sorted(cover_left))
    hosts: Int32 = np.where(is_copied, homes[rows, 1 - at_low], homes[rows, at_low])
    return hosts
