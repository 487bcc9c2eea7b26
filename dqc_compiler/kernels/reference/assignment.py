"""Plain twin of `kernels.assignment`."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]


def _assignment_price(traffic: Int64, distance: Int64, node_of: list[int]) -> int:
    pairs = combinations(range(len(node_of)), 2)
    return sum(int(traffic[a, b] * distance[node_of[a], node_of[b]]) for a, b in pairs)


def _grown_assignment(
    traffic: Int64, distance: Int64, load: list[int], capacity: list[int], first: int
) -> list[int] | None:
    node_of: dict[int, int] = {}
    parts = nodes = range(len(load))
    for _ in parts:
        rest = [a for a in parts if a not in node_of]
        part = first
        if node_of:
            part = max(rest, key=lambda a: (sum(int(traffic[a, b]) for b in node_of), -a))
        at = node_of if node_of else dict.fromkeys(nodes, 0)

        def price(node: int, part: int = part, at: dict[int, int] = at) -> int:
            if not node_of:
                return int(distance[node].sum())
            return sum(int(traffic[part, b] * distance[node, p]) for b, p in at.items())

        free = [p for p in nodes if p not in node_of.values() and load[part] <= capacity[p]]
        if not free:
            return None
        node_of[part] = min(free, key=lambda p: (price(p), p))
    return [node_of[a] for a in parts]


def assign(traffic: Int64, distance: Int64, load: Int64, capacity: Int64) -> tuple[Int64, int]:
    """`assignment.assign`, with every price counted anew."""
    sizes, rooms = load.tolist(), capacity.tolist()
    starts = [_grown_assignment(traffic, distance, sizes, rooms, a) for a in range(len(sizes))]
    best: list[int] = []
    best_price = -1
    for start in [list(range(len(sizes))), *(found for found in starts if found is not None)]:
        node_of, price = start, _assignment_price(traffic, distance, start)
        is_better = True
        while is_better:
            is_better = False
            for a in range(len(sizes)):
                for b in range(a):
                    if sizes[a] > rooms[node_of[b]] or sizes[b] > rooms[node_of[a]]:
                        continue
                    other = list(node_of)
                    other[a], other[b] = node_of[b], node_of[a]
                    if _assignment_price(traffic, distance, other) < price:
                        node_of, is_better = other, True
                        price = _assignment_price(traffic, distance, other)
        if best_price < 0 or price < best_price:
            best, best_price = node_of, price
    return np.array(best, np.int64), best_price
