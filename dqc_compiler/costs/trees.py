"""What it costs to be present at several nodes, where not every two of them share a link."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from dqc_compiler.costs.routes import find_routing, may_branch
from dqc_compiler.ir import ABSENT, Network, Placement, Routing
from dqc_compiler.ir.arrays import Int64

_SPARE_TREES = 1000  # that are kept while placements change


class Tree(NamedTuple):
    """How copies of a qubit spread from its home.

    `parent` (k,): the neighbour from which a node gets its copy, ABSENT at the home and at nodes
    that the tree does not touch.
    """

    pairs: int
    parent: tuple[int, ...]


class _Grower:
    """The trees of one network, each grown once."""

    def __init__(self, network: Network) -> None:
        self.routing: Routing = find_routing(network)
        self.may_branch = may_branch(network)
        self.known: dict[tuple[int, ...], Tree] = {}

    def tree(self, home: int, nodes: tuple[int, ...]) -> Tree:
        key = (home, *nodes)
        if key not in self.known:
            self.known[key] = self._grown(key)
        return self.known[key]

    def _grown(self, members: tuple[int, ...]) -> Tree:
        from dqc_compiler.kernels.steiner import scratch, steiner_tree  # noqa: PLC0415 (numba)

        trees = scratch(self.routing.distance, self.may_branch)
        weight, edges = steiner_tree(trees, members)
        parent = [ABSENT] * len(self.may_branch)
        for start, end in edges:
            node = start
            while node != end:
                step = int(self.routing.towards[node, end])
                parent[step] = node
                node = step
        return Tree(weight, tuple(parent))


@lru_cache(maxsize=4)
def _grower(network: Network) -> _Grower:
    return _Grower(network)


class SpreadTrees(NamedTuple):
    """The tree of every segment of a placement: `parent` (t, k) and `of_segment` (s,), int64."""

    pairs: int
    parent: Int64
    of_segment: Int64


def spread(placement: Placement, presences: Int64) -> SpreadTrees:
    """The trees that join each segment's home with the nodes where it has to be present.

    Args:
        placement: on a network in which all processors can reach each other.
        presences: (v, 2) rows (segment, node), sorted, without the homes.
    """
    grower = _grower(placement.network)
    k, segments = len(placement.network.nodes), placement.graph.segments
    rows: dict[Tree, int] = {Tree(0, (ABSENT,) * k): 0}
    of_segment = np.zeros(segments, dtype=np.int64)
    pairs = 0
    found, first = np.unique(presences[:, 0], return_index=True)
    groups = np.split(presences[:, 1], first[1:]) if len(found) else []
    home = placement.segment_home
    for segment, nodes in zip(found.tolist(), groups, strict=True):
        tree = grower.tree(int(home[segment]), tuple(nodes.tolist()))
        pairs += tree.pairs
        of_segment[segment] = rows.setdefault(tree, len(rows))
    return SpreadTrees(pairs, np.array([tree.parent for tree in rows], dtype=np.int64), of_segment)


class ChangingTrees:
    """The trees of segments whose homes and hosts change.

    Attributes:
        parent: (t, k) trees as in `SpreadTrees`; its first rows are in use.
    """

    def __init__(self, placement: Placement, home: Int64, host: Int64, of_segment: Int64) -> None:
        """Follow these arrays; `of_segment` (s,) is kept up to date, in place."""
        graph = placement.graph
        self._grower = _grower(placement.network)
        self._home, self._host, self._of_segment = home, host, of_segment
        self._gates = graph.gates_of_segments()
        self._has_next = np.diff(graph.segment_wire, append=-1) == 0
        # Row 0 is that of segments that stay at home.
        rows = 1 + graph.segments + _SPARE_TREES
        self.parent = np.full((rows, len(placement.network.nodes)), ABSENT, np.int64)
        self._rows: dict[tuple[int, ...], int] = {}
        self.grow(range(graph.segments))

    def grow(self, segments: Iterable[int]) -> None:
        """Find the trees of these segments anew."""
        for segment in segments:
            home = int(self._home[segment])
            nodes = {int(self._host[gate]) for gate in self._gates[segment]}
            if self._has_next[segment]:
                nodes.add(int(self._home[segment + 1]))
            others = tuple(sorted(nodes - {home}))
            self._of_segment[segment] = self._row(home, others) if others else 0

    def _row(self, home: int, others: tuple[int, ...]) -> int:
        parent = self._grower.tree(home, others).parent
        if parent not in self._rows:
            if len(self._rows) + 1 == len(self.parent):  # those of former changes are not needed
                self._rows.clear()
                self.grow(range(len(self._of_segment)))
            row = self._rows.setdefault(parent, len(self._rows) + 1)
            self.parent[row] = parent
        return self._rows[parent]
