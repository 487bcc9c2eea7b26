"""Which part goes to which node: quadratic assignment by a greedy start and exchanges."""

from __future__ import annotations

import numpy as np

from dqc_compiler.kernels.jit import helper, kernel


@helper
def _gain(traffic, distance, node_of, a, b):
    """What is saved if parts a and b exchange their nodes."""
    at_a, at_b = node_of[a], node_of[b]
    saved = np.int64(0)
    for c in range(len(node_of)):
        if c != a and c != b:
            at_c = node_of[c]
            saved += (traffic[a, c] - traffic[b, c]) * (distance[at_a, at_c] - distance[at_b, at_c])
    return saved


@helper
def _exchange(traffic, distance, load, capacity, node_of):
    """Exchange parts as long as that saves something; the price."""
    k = len(node_of)
    is_better = True
    while is_better:
        is_better = False
        for a in range(k):
            for b in range(a):
                fits = load[a] <= capacity[node_of[b]] and load[b] <= capacity[node_of[a]]
                if fits and _gain(traffic, distance, node_of, a, b) > 0:
                    node_of[a], node_of[b] = node_of[b], node_of[a]
                    is_better = True
    price = np.int64(0)
    for a in range(k):
        for b in range(a):
            price += traffic[a, b] * distance[node_of[a], node_of[b]]
    return price


@helper
def _grow(traffic, distance, load, capacity, node_of, taken, first):
    """Place part after part, beginning with `first`; False if one fits no node that is left.

    The next part is the one with the most traffic to those that are placed, and it goes where that
    is cheapest.
    """
    k = len(node_of)
    node_of[:] = -1
    taken[:] = False
    for count in range(k):
        part, most = first, np.int64(-1)
        if count > 0:
            for a in range(k):
                if node_of[a] < 0:
                    sent = np.int64(0)
                    for b in range(k):
                        if node_of[b] >= 0:
                            sent += traffic[a, b]
                    if sent > most:
                        part, most = a, sent
        best, least = -1, np.int64(0)
        for node in range(k):
            if not taken[node] and load[part] <= capacity[node]:
                price = np.int64(0)
                for b in range(k):
                    # The first part has no partners yet, and goes to the middle of the network.
                    if count == 0:
                        price += distance[node, b]
                    elif node_of[b] >= 0:
                        price += traffic[part, b] * distance[node, node_of[b]]
                if best < 0 or price < least:
                    best, least = node, price
        if best < 0:
            return False
        node_of[part] = best
        taken[best] = True
    return True


@kernel(
    "int64(int64[:,::1], int64[:,::1], int64[::1], int64[::1], int64[::1], int64[::1],"
    " boolean[::1])"
)
def search(traffic, distance, load, capacity, node_of, best_node_of, taken):
    """Improve `best_node_of`; the price of what it ends with. `node_of` and `taken` are scratch."""
    k = len(node_of)
    for a in range(k):
        node_of[a] = best_node_of[a]
    best = _exchange(traffic, distance, load, capacity, node_of)
    for a in range(k):
        best_node_of[a] = node_of[a]
    for first in range(k):
        if not _grow(traffic, distance, load, capacity, node_of, taken, first):
            continue
        price = _exchange(traffic, distance, load, capacity, node_of)
        if price < best:
            best = price
            for a in range(k):
                best_node_of[a] = node_of[a]
    return best


def assign(traffic, distance, load, capacity):
    """A node for every part: (node_of (k,) int64, price).

    Parts begin at the nodes of their own numbers, where they have to fit. From there, and from a
    greedy assignment for every part that it may begin with, pairs of parts exchange their nodes
    while that saves something.

    Args:
        traffic: (k, k) int64, symmetric, pairs between two parts at distance 1.
        distance: (k, k) int64, symmetric.
        load: (k,) int64, wires of each part.
        capacity: (k,) int64, data qubits of each node.

    Source: Koopmans, Beckmann, Econometrica 25, 53 (1957), for the problem; the search is the
    classical pairwise exchange.
    """
    k = len(load)
    node_of = np.arange(k, dtype=np.int64)
    price = search(
        traffic, distance, load, capacity, np.empty(k, np.int64), node_of, np.empty(k, np.bool_)
    )
    return node_of, price
