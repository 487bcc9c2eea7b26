"""Steiner trees on the distances between nodes: what it costs to be present at several of them.

The nodes that have to be joined are members; the tree is a minimum spanning tree of them (Prim),
improved by one further member at a time as long as that makes it lighter: the iterated 1-Steiner
heuristic (Kahng and Robins, IEEE Trans. CAD 11, 893 (1992)). Where no further member helps, no two
edges, spelt out as shortest paths, have a node in common, so the tree costs what it weighs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dqc_compiler.kernels.jit import helper, kernel, record, signature


class Trees(NamedTuple):
    """Distances, and scratch for one tree after the other."""

    distance: np.ndarray  # (k, k) int64, pairs between nodes
    may_branch: np.ndarray  # (k,) bool, nodes that may become members to make the tree lighter
    member: np.ndarray  # (k + 1,) int64, the root first
    parent: np.ndarray  # (k + 1,) int64, the member that each member hangs on; the root's is -1
    gap: np.ndarray  # (k + 1,) int64, scratch


@helper
def _span(trees, count):
    """Hang members 1 .. count-1 on the root, each where it is nearest; the weight."""
    distance, member, parent, gap = trees.distance, trees.member, trees.parent, trees.gap
    parent[0] = -1
    for i in range(1, count):
        parent[i] = 0
        gap[i] = distance[member[0], member[i]]
    weight = np.int64(0)
    for _ in range(1, count):
        nearest = -1
        for i in range(1, count):
            if gap[i] >= 0 and (nearest < 0 or gap[i] < gap[nearest]):
                nearest = i
        weight += gap[nearest]
        gap[nearest] = -1
        for i in range(1, count):
            step = distance[member[nearest], member[i]]
            if gap[i] > step:
                gap[i] = step
                parent[i] = nearest
    return weight


@helper
def _is_member(trees, count, node):
    for i in range(count):
        if trees.member[i] == node:
            return True
    return False


@helper
def join_members(trees, count):
    """Join `member[:count]`, which are distinct; (weight, number of members with those added)."""
    weight = _span(trees, count)
    if count < 3:
        return weight, count
    while True:
        best, best_weight = -1, weight
        for node in range(len(trees.distance)):
            if trees.may_branch[node] and not _is_member(trees, count, node):
                trees.member[count] = node
                found = _span(trees, count + 1)
                if found < best_weight:
                    best, best_weight = node, found
        if best < 0:
            break
        trees.member[count] = best
        count += 1
        weight = best_weight
    _span(trees, count)
    return weight, count


_ROW = "int64[::1]"


TREES = record(Trees, "int64[:,::1]", "boolean[::1]", *[_ROW] * 3)
"""The numba type of `Trees`."""


@kernel(signature("int64", TREES, "int64", _ROW))
def grow_tree(trees, count, size):
    """The weight of a tree of `member[:count]`; size (1,) gets the number of its members."""
    weight, size[0] = join_members(trees, count)
    return weight


def scratch(distance, may_branch):
    """`Trees` for these distances, (k, k) int64, and flags, (k,) bool."""
    k = len(distance)
    rows = [np.empty(k + 1, np.int64) for _ in range(3)]
    return Trees(np.array(distance), np.array(may_branch), *rows)


def steiner_tree(trees, nodes):
    """Weight, and edges [(parent, child), ...] from the root on, of a tree of some nodes.

    Args:
        trees: of `scratch`.
        nodes: distinct, the root first.
    """
    trees.member[: len(nodes)] = nodes
    size = np.empty(1, np.int64)
    weight = int(grow_tree(trees, len(nodes), size))
    member, parent = trees.member[: size[0]].tolist(), trees.parent[: size[0]].tolist()
    edges = [(member[up], node) for node, up in zip(member, parent, strict=True) if up >= 0]
    return weight, edges
