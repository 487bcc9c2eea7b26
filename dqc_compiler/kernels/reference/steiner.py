"""Plain twin of `kernels.steiner`."""

from __future__ import annotations

from typing import Any


def spanning(distance: list[list[int]], members: list[int]) -> tuple[int, list[tuple[int, int]]]:
    """Weight and edges (parent, child), in order of the children, of a tree that Prim grows."""
    hanging = {node: (distance[members[0]][node], 0) for node in members[1:]}
    parent: dict[int, int] = {}
    weight = 0
    while hanging:
        nearest = min(hanging, key=lambda node: hanging[node][0])  # ties: the first of the members
        gap, up = hanging.pop(nearest)
        weight += gap
        parent[nearest] = members[up]
        place = members.index(nearest)
        for node, (known, _) in hanging.items():
            if distance[nearest][node] < known:
                hanging[node] = (distance[nearest][node], place)
    return weight, [(parent[node], node) for node in members[1:]]


def steiner_tree(trees: Any, nodes: list[int]) -> tuple[int, list[tuple[int, int]]]:
    """`steiner.steiner_tree`, with every tree grown anew."""
    return steiner(trees.distance.tolist(), trees.may_branch.tolist(), nodes)


def steiner(
    distance: list[list[int]], may_branch: list[bool], nodes: list[int]
) -> tuple[int, list[tuple[int, int]]]:
    """Weight and edges of the tree: inner nodes that help most are added one by one."""
    members = list(nodes)
    while len(nodes) > 2:
        weight = spanning(distance, members)[0]
        others = [n for n, may in enumerate(may_branch) if may and n not in members]
        wider = [(spanning(distance, [*members, node])[0], node) for node in others]
        if not wider or min(wider)[0] >= weight:
            break
        members.append(min(wider)[1])
    return spanning(distance, members)
