"""Simulated annealing over static homes and gate hosts, priced by visits.

State: a home per wire and a host per edge (an edge: a pair of segments with at least one gate).
`count[s, p]` is the number of edges of segment s that are hosted at node p; the price is the number
of (s, p) with count > 0 and p not the home of s. Re-hosting an edge touches two counts, moving a
wire its segments and the edges that follow it, so a proposal costs what it changes and no more.
"""

from __future__ import annotations

import numpy as np

from dqc_compiler.kernels.copying import copy_into
from dqc_compiler.kernels.jit import helper, kernel
from dqc_compiler.kernels.random import draw


@helper
def _rehost(edge, node, host, edges, count, wire_of, home, log, logged):
    """Host `edge` at `node` and log where it was; (change of the price, new length of the log)."""
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


@helper
def _rehome(wire, node, home, wire_segments, count):
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


@helper
def _follow(
    wire, other, source, target, segment_edges, segment_edge_start, wire_segments, host, edges,
    count, wire_of, home, log, logged,
):  # fmt: skip
    """Re-host the edges of `wire` from `source` to `target`, except those shared with `other`."""
    change = 0
    for s in range(wire_segments[wire], wire_segments[wire + 1]):
        for i in range(segment_edge_start[s], segment_edge_start[s + 1]):
            edge = segment_edges[i]
            partner = edges[edge, 0] + edges[edge, 1] - s
            if host[edge] == source and wire_of[partner] != other:
                step, logged = _rehost(edge, target, host, edges, count, wire_of, home, log, logged)
                change += step
    return change, logged


@helper
def _reseat(wire, other, source, target, at_node, slot, load):
    """Keep the lists of wires by node: `wire` went to `target`, `other` (or -1) came back."""
    if other >= 0:
        at_node[source, slot[wire]] = other
        at_node[target, slot[other]] = wire
        slot[wire], slot[other] = slot[other], slot[wire]
        return
    load[source] -= 1
    last = at_node[source, load[source]]
    at_node[source, slot[wire]] = last
    slot[last] = slot[wire]
    slot[wire] = load[target]
    at_node[target, load[target]] = wire
    load[target] += 1


@helper
def _price(count, wire_of, home):
    """Pairs: (segment, node) with a count away from the segment's home."""
    price = 0
    for s in range(count.shape[0]):
        for p in range(count.shape[1]):
            if count[s, p] > 0 and p != home[wire_of[s]]:
                price += 1
    return price


@kernel(
    "int64(int32[:,::1], int32[::1], int32[::1], int32[::1], int32[::1], int32[::1], int32[::1],"
    " int64, float64, float64, int32[::1], int32[::1], int32[:,::1], int64[::1], int32[:,::1],"
    " int64[::1], int32[::1], int32[::1], int64[:,::1], uint64[::1])"
)
def search(
    edges, wire_of, wire_segments, segment_edges, segment_edge_start, capacity, may_host, budget,
    hot, cold, home, host, count, load, at_node, slot, best_home, best_host, log, state,
):  # fmt: skip
    """Search from `home` and `host`; the price of what ends up in `best_home` and `best_host`.

    See `anneal`; further arrays are scratch: count (s, k), load (k,), at_node (k, w) the wires of
    each node in any order, slot (w,) where in that list each wire stands, log (2 e + 2, 2), and
    `state` (1,) the random numbers.
    """
    w, e, k, segments = len(home), len(host), len(capacity), len(wire_of)
    count[:] = 0
    for i in range(e):
        count[edges[i, 0], host[i]] += 1
        count[edges[i, 1], host[i]] += 1
    load[:] = 0
    for i in range(w):
        slot[i] = load[home[i]]
        at_node[home[i], load[home[i]]] = i
        load[home[i]] += 1
    price = _price(count, wire_of, home)
    best = price
    copy_into(best_home, home)
    copy_into(best_host, host)
    temperature = hot
    work, until_cooling = 0, 0
    while work < budget:
        if until_cooling == 0:
            temperature = hot * (cold / hot) ** (work / budget)
            until_cooling = 256
        until_cooling -= 1
        logged, change = 0, 0
        wire, other, source, target = -1, -1, -1, -1
        kind = draw(state, 100)
        if kind < 45:  # one edge, to one of its homes or to a third node
            edge = draw(state, e)
            choice = draw(state, 3)
            target = draw(state, k)
            if choice < 2 or may_host[target] == 0:
                target = home[wire_of[edges[edge, choice % 2]]]
            change, logged = _rehost(edge, target, host, edges, count, wire_of, home, log, logged)
        elif kind < 70:  # all edges of a segment: to one node, or each to its partner's home
            s = draw(state, segments)
            target = draw(state, k)
            is_star = draw(state, 3) == 0
            if may_host[target] == 0:
                target = home[wire_of[s]]
            for i in range(segment_edge_start[s], segment_edge_start[s + 1]):
                edge = segment_edges[i]
                if is_star:
                    target = home[wire_of[edges[edge, 0] + edges[edge, 1] - s]]
                step, logged = _rehost(edge, target, host, edges, count, wire_of, home, log, logged)
                change += step
        else:  # a wire to another node, often in exchange for one of that node's wires
            candidate = draw(state, w)
            target = draw(state, k)
            exchange = draw(state, 2) == 0 or load[target] == capacity[target]
            source = home[candidate]
            if target != source and capacity[target] > 0:
                wire = candidate
                if exchange and load[target] > 0:
                    other = at_node[target, draw(state, load[target])]
                work += wire_segments[wire + 1] - wire_segments[wire]
                change += _rehome(wire, target, home, wire_segments, count)
                if other >= 0:
                    work += wire_segments[other + 1] - wire_segments[other]
                    change += _rehome(other, source, home, wire_segments, count)
                step, logged = _follow(
                    wire, other, source, target, segment_edges, segment_edge_start, wire_segments,
                    host, edges, count, wire_of, home, log, logged,
                )  # fmt: skip
                change += step
                if other >= 0:
                    step, logged = _follow(
                        other, wire, target, source, segment_edges, segment_edge_start,
                        wire_segments, host, edges, count, wire_of, home, log, logged,
                    )  # fmt: skip
                    change += step
        work += 1 + 4 * logged
        if change <= 0 or np.exp(-change / temperature) * 1048576.0 > draw(state, 1048576):
            price += change
            if wire >= 0:
                _reseat(wire, other, source, target, at_node, slot, load)
            if price < best:
                best = price
                copy_into(best_home, home)
                copy_into(best_host, host)
        else:
            for i in range(logged - 1, -1, -1):
                _rehost(log[i, 0], log[i, 1], host, edges, count, wire_of, home, log, i)
            if wire >= 0:
                _rehome(wire, source, home, wire_segments, count)
            if other >= 0:
                _rehome(other, target, home, wire_segments, count)
    return best


def anneal(
    edges, wire_of, wire_segments, segment_edges, segment_edge_start, start_home, start_host,
    capacity, may_host, budget, hot, cold, seed,
):  # fmt: skip
    """Best (home (w,), host (e,), price) seen.

    Args:
        edges: (e, 2) segments of each edge.
        wire_of: (s,) wire of each segment.
        wire_segments: (w + 1,) segments of wire i are wire_segments[i]:wire_segments[i+1].
        segment_edges: (2 e,) the edges of each segment, one segment after the other.
        segment_edge_start: (s + 1,) where the edges of each segment start.
        start_home: (w,) homes; within capacity.
        start_host: (e,) hosts.
        capacity: (k,) data qubits of each node.
        may_host: (k,) 1 if the node can hold the two copies of a third-party gate.
        budget: work to do, in counts touched; a proposal is charged for what it changes, so that
            wires with a thousand segments do not make the run a thousand times longer.
        hot: first temperature, in e-bits.
        cold: last temperature; lowered geometrically with the work done.
        seed: any number but 0, where the generator would stay.

    Source: Kirkpatrick, Gelatt, Vecchi, Science 220, 671 (1983); the moves are our own.
    """
    w, e, k = len(start_home), len(start_host), len(capacity)
    best_home, best_host = np.empty_like(start_home), np.empty_like(start_host)
    price = search(
        edges, wire_of, wire_segments, segment_edges, segment_edge_start, capacity, may_host,
        budget, hot, cold, start_home.copy(), start_host.copy(),
        np.empty((len(wire_of), k), np.int32), np.empty(k, np.int64), np.empty((k, w), np.int32),
        np.empty(w, np.int64), best_home, best_host, np.empty((2 * e + 2, 2), np.int64),
        np.array([seed], np.uint64),
    )  # fmt: skip
    return best_home, best_host, price
