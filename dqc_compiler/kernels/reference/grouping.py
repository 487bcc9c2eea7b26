"""Plain twin of `kernels.grouping`."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dqc_compiler.kernels.reference.random import Random

Int64 = npt.NDArray[np.int64]


def parities_price(parities: list[list[tuple[int, int]]], home: list[int]) -> int:
    """Pairs for parities, lists of (wire, key), if each in turn takes the cheapest hub."""
    last: dict[int, set[tuple[int, int]]] = {}
    live: dict[int, set[int]] = {}  # the nodes where there is a copy of a node's share
    total = 0
    for parity in parities:
        nodes = sorted({home[wire] for wire, _ in parity})
        for node in nodes:
            share = {(wire, key) for wire, key in parity if home[wire] == node}
            if share != last.get(node):
                last[node], live[node] = share, set()
        if len(nodes) < 2:
            continue

        def rank(hub: int, nodes: list[int] = nodes) -> tuple[int, bool]:
            missing = sum(hub not in live[node] for node in nodes if node != hub)
            return missing, bool(live[hub])

        hub = min(nodes, key=rank)
        total += rank(hub)[0]
        for node in nodes:
            live[node].add(hub)
        live[hub] = set()
    return total


def group_homes(
    first: Int64,
    wire: Int64,
    key: Int64,
    start_home: Int64,
    capacity: Int64,
    tries: int,
    hot: float,
    cold: float,
    seed: int,
) -> tuple[Int64, int]:
    """Home of every wire, (w,), and the price; arguments as in `kernels.grouping`."""
    entries: list[tuple[int, int]] = list(zip(wire.tolist(), key.tolist(), strict=True))
    parities = [entries[a:b] for a, b in pairwise(first.tolist())]
    wires, nodes = len(start_home), len(capacity)
    random = Random(seed)
    home: list[int] = start_home.tolist()
    now = parities_price(parities, home)
    best, best_home = now, home
    for i in range(tries):
        mover, target = random.below(wires), random.below(nodes)
        source = home[mover]
        if source == target:
            continue
        is_full = home.count(target) >= capacity[target]
        other = None
        if is_full or random.below(2) == 0:
            offset = random.below(wires)
            rotated = [*range(offset, wires), *range(offset)]
            other = next((w for w in rotated if home[w] == target), None)
            if other is None and is_full:
                continue
        new = list(home)
        new[mover] = target
        if other is not None:
            new[other] = source
        then = parities_price(parities, new)
        temperature = hot * (cold / hot) ** (i / tries)
        chance = math.exp(min(0.0, (now - then) / temperature)) * 1048576.0
        if then > now and chance <= random.below(1048576):
            continue
        home, now = new, then
        if now < best:
            best, best_home = now, home
    return np.array(best_home, np.int64), best
