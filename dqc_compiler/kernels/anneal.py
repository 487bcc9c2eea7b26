"""Simulated annealing over static homes and gate hosts, priced by visits.

State: a home per wire and a host per edge (an edge is a pair of segments with at least one gate).
`count[s, p]` is the number of edges of segment s that are hosted at node p; the price is the number
of (s, p) with count > 0 and p not the home of s. Re-hosting an edge touches two counts, moving a wire
touches its segments and edges, so a proposal costs what it changes and no more.
"""

from __future__ import annotations

import numpy as np

from dqc_compiler.kernels.jit import inlined, kernel


@inlined
def _draw(state, bound):  # type: ignore[no-untyped-def]
    """Next number of an xorshift64* generator, in 0 .. bound-1."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return np.int64(((x * np.uint64(2685821657736338717)) >> np.uint64(33)) % np.uint64(bound))


@inlined
def _rehost(edge, node, host, edges, count, wire_of, home, log, logged):  # type: ignore[no-untyped-def]
    """Host `edge` at `node`; returns (change of the price, new length of the log)."""
    old = host[edge]
    change = 0
    if old != node:
        log[logged, 0] = edge
        log[logged, 1] = old
        logged += 1
        host[edge] = node
        for side in range(2):
            s = edges[edge, side]
            at = home[wire_of[s]]
            count[s, old] -= 1
            if count[s, old] == 0 and old != at:
                change -= 1
            if count[s, node] == 0 and node != at:
                change += 1
            count[s, node] += 1
    return change, logged


@inlined
def _rehome(wire, node, home, wire_segments, count):  # type: ignore[no-untyped-def]
    """Move `wire` to `node`; returns the change of the price."""
    old = home[wire]
    home[wire] = node
    change = 0
    for s in range(wire_segments[wire], wire_segments[wire + 1]):
        if count[s, old] > 0:
            change += 1
        if count[s, node] > 0:
            change -= 1
    return change


@kernel(
    "Tuple((int32[::1], int32[::1], int64))(int32[:,::1], int32[::1], int32[::1], int32[::1],"
    " int32[::1], int32[::1], int32[::1], int32[::1], int32[::1], int64, float64, float64, uint64)"
)
def anneal(
    edges,
    wire_of,
    wire_segments,
    segment_edges,
    segment_edge_start,
    start_home,
    start_host,
    capacity,
    may_host,
    budget,
    hot,
    cold,
    seed,
):  # type: ignore[no-untyped-def]
    """Best (home, host, price) seen.

    Args:
        edges: (e, 2) segments of each edge.
        wire_of: (s,) wire of each segment.
        wire_segments: (w + 1,) segments of wire i are wire_segments[i]:wire_segments[i+1].
        segment_edges, segment_edge_start: CSR, the edges of each segment.
        start_home: (w,) homes; within capacity.
        start_host: (e,) hosts.
        capacity: (k,) data qubits of each node.
        may_host: (k,) 1 if the node can hold the two copies of a third-party gate.
        budget: work to do, in counts touched; a proposal is charged for what it changes, so that
            wires with a thousand segments do not make the run a thousand times longer.
        hot, cold: first and last temperature in e-bits, lowered geometrically with the work done.
        seed: any number; 0 is replaced, because the generator would stay there.

    Source: Kirkpatrick, Gelatt, Vecchi, Science 220, 671 (1983); the moves are our own.
    """
    w, e, k = len(start_home), len(start_host), len(capacity)
    home, host = start_home.copy(), start_host.copy()
    count = np.zeros((len(wire_of), k), dtype=np.int32)
    load = np.zeros(k, dtype=np.int64)
    at_node = np.empty((k, w), dtype=np.int32)  # wires of each node, in any order
    slot = np.empty(w, dtype=np.int64)
    for i in range(w):
        slot[i] = load[home[i]]
        at_node[home[i], load[home[i]]] = i
        load[home[i]] += 1
    for i in range(e):
        count[edges[i, 0], host[i]] += 1
        count[edges[i, 1], host[i]] += 1
    price = 0
    for s in range(len(wire_of)):
        for p in range(k):
            if count[s, p] > 0 and p != home[wire_of[s]]:
                price += 1
    best_home, best_host, best = home.copy(), host.copy(), price
    log = np.empty((2 * e + 2, 2), dtype=np.int64)
    state = np.empty(1, dtype=np.uint64)
    state[0] = seed if seed != 0 else np.uint64(0x9E3779B97F4A7C15)
    temperature = hot
    segments = len(wire_of)
    work, until_cooling = 0, 0
    while work < budget:
        if until_cooling == 0:
            temperature = hot * (cold / hot) ** (work / budget)
            until_cooling = 256
        until_cooling -= 1
        work += 1
        logged, change = 0, 0
        wire, other, source, target = -1, -1, -1, -1
        kind = _draw(state, 100)
        if kind < 45:  # one edge, to one of its homes or to a third node
            edge = _draw(state, e)
            choice = _draw(state, 3)
            if choice < 2:
                target = home[wire_of[edges[edge, choice]]]
            else:
                target = _draw(state, k)
                if may_host[target] == 0:
                    continue
            step, logged = _rehost(edge, target, host, edges, count, wire_of, home, log, logged)
            change += step
        elif kind < 70:  # all edges of a segment: to one node, or each to its partner's home
            s = _draw(state, segments)
            target = _draw(state, k)
            spread = _draw(state, 3) == 0
            if may_host[target] == 0:
                target = home[wire_of[s]]
            for i in range(segment_edge_start[s], segment_edge_start[s + 1]):
                edge = segment_edges[i]
                if spread:
                    partner = edges[edge, 0] if edges[edge, 1] == s else edges[edge, 1]
                    target = home[wire_of[partner]]
                step, logged = _rehost(edge, target, host, edges, count, wire_of, home, log, logged)
                change += step
        else:  # a wire to another node, in exchange for one of its wires if it is full
            wire = _draw(state, w)
            source = home[wire]
            target = _draw(state, k)
            exchange = _draw(state, 2) == 0
            if target == source or capacity[target] == 0:
                wire = -1
                continue
            if load[target] < capacity[target] and not (exchange and load[target] > 0):
                other = -1
            else:
                other = at_node[target, _draw(state, load[target])]
            work += wire_segments[wire + 1] - wire_segments[wire]
            change += _rehome(wire, target, home, wire_segments, count)
            if other >= 0:
                work += wire_segments[other + 1] - wire_segments[other]
                change += _rehome(other, source, home, wire_segments, count)
            for s in range(wire_segments[wire], wire_segments[wire + 1]):
                for i in range(segment_edge_start[s], segment_edge_start[s + 1]):
                    edge = segment_edges[i]
                    partner = edges[edge, 0] if edges[edge, 1] == s else edges[edge, 1]
                    if host[edge] == source and wire_of[partner] != other:
                        step, logged = _rehost(
                            edge, target, host, edges, count, wire_of, home, log, logged
                        )
                        change += step
            if other >= 0:
                for s in range(wire_segments[other], wire_segments[other + 1]):
                    for i in range(segment_edge_start[s], segment_edge_start[s + 1]):
                        edge = segment_edges[i]
                        partner = edges[edge, 0] if edges[edge, 1] == s else edges[edge, 1]
                        # Edges that have just come along with `wire` stay with it.
                        if host[edge] == target and wire_of[partner] != wire:
                            step, logged = _rehost(
                                edge, source, host, edges, count, wire_of, home, log, logged
                            )
                            change += step
        work += 4 * logged
        if change <= 0 or np.exp(-change / temperature) * 1048576.0 > _draw(state, 1048576):
            price += change
            if wire >= 0:
                if other >= 0:
                    at_node[source, slot[wire]] = other
                    at_node[target, slot[other]] = wire
                    slot[wire], slot[other] = slot[other], slot[wire]
                else:
                    load[source] -= 1
                    moved = at_node[source, load[source]]
                    at_node[source, slot[wire]] = moved
                    slot[moved] = slot[wire]
                    slot[wire] = load[target]
                    at_node[target, load[target]] = wire
                    load[target] += 1
            if price < best:
                best = price
                best_home[:] = home
                best_host[:] = host
            continue
        for i in range(logged - 1, -1, -1):
            _, _ = _rehost(log[i, 0], log[i, 1], host, edges, count, wire_of, home, log, i)
        if wire >= 0:
            _rehome(wire, source, home, wire_segments, count)
            if other >= 0:
                _rehome(other, target, home, wire_segments, count)
    return best_home, best_host, best
