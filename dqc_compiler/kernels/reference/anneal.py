"""Plain twin of `kernels.anneal`."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dqc_compiler.kernels.reference.random import Random

Int32 = npt.NDArray[np.int32]


def price(edges: Int32, wire_of: Int32, home: list[int], host: list[int]) -> int:
    """Pairs: distinct (segment, host of one of its edges), hosts at the segment's home left out."""
    visits = {
        (segment, node)
        for pair, node in zip(edges.tolist(), host, strict=True)
        for segment in pair
        if node != home[wire_of[segment]]
    }
    return len(visits)


def anneal(
    edges: Int32,
    wire_of: Int32,
    wire_segments: Int32,
    segment_edges: Int32,
    segment_edge_start: Int32,
    start_home: Int32,
    start_host: Int32,
    capacity: Int32,
    may_host: Int32,
    budget: int,
    hot: float,
    cold: float,
    seed: int,
) -> tuple[Int32, Int32, int]:
    """Best (home (w,), host (e,), price) seen; arguments and results as in `kernels.anneal`."""
    wires, nodes = len(start_home), len(capacity)
    wire: list[int] = wire_of.tolist()
    ends: list[tuple[int, int]] = [(a, b) for a, b in edges.tolist()]
    home: list[int] = start_home.tolist()
    host: list[int] = start_host.tolist()
    at_node = [[i for i in range(wires) if home[i] == node] for node in range(nodes)]
    now = price(edges, wire_of, home, host)
    best_home, best_host, best = home, host, now
    random = Random(seed)
    temperature, work, proposals = hot, 0, 0

    def edges_of(segment: int) -> list[int]:
        first, last = segment_edge_start[segment], segment_edge_start[segment + 1]
        return [int(edge) for edge in segment_edges[first:last]]

    def segments_of(mover: int) -> range:
        return range(int(wire_segments[mover]), int(wire_segments[mover + 1]))

    def partner_home(edge: int, segment: int) -> int:
        a, b = ends[edge]
        return home[wire[b if segment == a else a]]

    while work < budget:
        if proposals % 256 == 0:
            temperature = hot * (cold / hot) ** (work / budget)
        proposals += 1
        new_home, new_host = list(home), list(host)
        mover, other, target = -1, -1, -1
        kind = random.below(100)
        if kind < 45:
            edge, choice, target = random.below(len(ends)), random.below(3), random.below(nodes)
            if choice < 2 or not may_host[target]:
                target = home[wire[ends[edge][choice % 2]]]
            new_host[edge] = target
        elif kind < 70:
            segment = random.below(len(wire))
            target = random.below(nodes)
            is_star = random.below(3) == 0
            if not may_host[target]:
                target = home[wire[segment]]
            for edge in edges_of(segment):
                new_host[edge] = partner_home(edge, segment) if is_star else target
        else:
            candidate, target = random.below(wires), random.below(nodes)
            is_full = len(at_node[target]) == capacity[target]
            is_exchange = random.below(2) == 0 or is_full
            if target != home[candidate] and capacity[target] > 0:
                mover = candidate
                source = home[mover]
                if is_exchange and at_node[target]:
                    other = at_node[target][random.below(len(at_node[target]))]
                new_home[mover] = target
                work += len(segments_of(mover))
                if other >= 0:
                    new_home[other] = source
                    work += len(segments_of(other))
                for leaving, partner, old, new in (
                    (mover, other, source, target),
                    (other, mover, target, source),
                ):
                    for edge, (a, b) in enumerate(ends):
                        pair = (wire[a], wire[b])
                        # An edge between the two that change places stays where it is.
                        if leaving in pair and partner not in pair and host[edge] == old:
                            new_host[edge] = new
        work += 1 + 4 * sum(a != b for a, b in zip(host, new_host, strict=True))
        then = price(edges, wire_of, new_home, new_host)
        change = then - now
        if change > 0 and (math.exp(-change / temperature) * 1048576.0 <= random.below(1048576)):
            continue
        if other >= 0:
            i, j = at_node[home[mover]].index(mover), at_node[target].index(other)
            at_node[home[mover]][i], at_node[target][j] = other, mover
        elif mover >= 0:
            left = at_node[home[mover]]
            left[left.index(mover)] = left[-1]
            left.pop()
            at_node[target].append(mover)
        home, host, now = new_home, new_host, then
        if now < best:
            best_home, best_host, best = home, host, now
    return np.array(best_home, np.int32), np.array(best_host, np.int32), best
