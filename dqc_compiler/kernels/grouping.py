"""Static homes for a circuit whose parities may be added up in any order."""

from __future__ import annotations

import numpy as np

from dqc_compiler.kernels.jit import helper, kernel
from dqc_compiler.kernels.random import draw


@helper
def _price(first, wire, key, home, share, last, live):
    """Pairs of all parities if each in turn takes the cheapest hub; see `group_homes`."""
    nodes = len(share)
    last[:] = 0
    live[:] = 0
    total = 0
    for i in range(len(first) - 1):
        share[:] = 0
        for j in range(first[i], first[i + 1]):
            share[home[wire[j]]] ^= key[j]
        touched = 0
        for n in range(nodes):
            if share[n] != 0:
                touched += 1
                if share[n] != last[n]:
                    last[n] = share[n]
                    live[n] = 0
        if touched < 2:
            continue
        hub, fewest, keeps = -1, touched, False
        for h in range(nodes):
            if share[h] == 0:
                continue
            count = 0
            for n in range(nodes):
                if n != h and share[n] != 0 and live[n] >> h & 1 == 0:
                    count += 1
            if count < fewest or (count == fewest and not keeps and live[h] == 0):
                hub, fewest, keeps = h, count, live[h] == 0
        total += fewest
        for n in range(nodes):
            if share[n] != 0:
                live[n] |= 1 << hub
        live[hub] = 0
    return total


@kernel(
    "int64(int64[::1], int64[::1], int64[::1], int64[::1], int64, float64, float64, int64[::1],"
    " int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], uint64[::1])"
)
def search_homes(
    first, wire, key, capacity, tries, hot, cold, home, best_home, load, share, last, live, random,
):  # fmt: skip
    """Fill `best_home` (w,) and return its price; `home` holds the first guess.

    The arrays after it are scratch: load, share, last, live (k,), and `random` (1,), the random
    numbers.
    """
    wires, nodes = len(home), len(capacity)
    load[:] = 0
    for w in range(wires):
        load[home[w]] += 1
        best_home[w] = home[w]
    now = _price(first, wire, key, home, share, last, live)
    best = now
    for i in range(tries):
        mover, target = draw(random, wires), draw(random, nodes)
        source = home[mover]
        if source == target:
            continue
        other = -1
        if load[target] >= capacity[target] or draw(random, 2) == 0:
            offset = draw(random, wires)
            for j in range(wires):
                if home[(offset + j) % wires] == target:
                    other = (offset + j) % wires
                    break
            if other < 0 and load[target] >= capacity[target]:
                continue
        home[mover] = target
        if other >= 0:
            home[other] = source
        then = _price(first, wire, key, home, share, last, live)
        temperature = hot * (cold / hot) ** (i / tries)
        if then <= now or np.exp((now - then) / temperature) * 1048576.0 > draw(random, 1048576):
            now = then
            if other < 0:
                load[source] -= 1
                load[target] += 1
            if now < best:
                best = now
                for w in range(wires):
                    best_home[w] = home[w]
        else:
            home[mover] = source
            if other >= 0:
                home[other] = target
    return best


def group_homes(first, wire, key, start_home, capacity, tries, hot, cold, seed):
    """Home of every wire, (w,) int64, and what the parities cost with it.

    A parity of wires at m nodes takes m-1 pairs: every node adds up its own share, and all but one,
    the hub, send a copy of that to the hub. While a node's share stays the same, a copy that is at
    the hub already serves again; a hub's own share is spoiled by what is added to it.

    Args:
        first: (p + 1,) where the wires of each parity start.
        wire: wires of the parities, in program order.
        key: of each of these, a random number that is new whenever the wire's axis has changed: the
            exclusive or of its keys tells whether a share is the same.
        start_home: (w,) first guess, within capacity.
        capacity: (k,) data qubits of each node, at most 62 nodes.
        tries: exchanges and moves tried by annealing.
        hot: first temperature in pairs.
        cold: last temperature.
        seed: any number but 0.
    """
    nodes = len(capacity)
    home = np.empty_like(start_home)
    price = search_homes(
        first, wire, key, capacity, tries, hot, cold, start_home.copy(), home,
        *np.empty((4, nodes), np.int64), np.array([seed], np.uint64),
    )  # fmt: skip
    return home, price
