"""Homes layer by layer, with a fading look into the future."""

from __future__ import annotations

import numpy as np

from dqc_compiler.kernels.copying import copy_into
from dqc_compiler.kernels.jit import helper, kernel
from dqc_compiler.kernels.random import draw


@helper
def _pull(first_block, block_wires, block_cost, layer, horizon, decay, pull):
    """Fill pull (w, w): what it costs to have two wires apart, now and, fading, later."""
    pull[:] = 0.0
    weight = 1.0
    for later in range(layer, min(len(first_block) - 1, layer + horizon)):
        for b in range(first_block[later], first_block[later + 1]):
            u, v = block_wires[b, 0], block_wires[b, 1]
            pull[u, v] += weight * block_cost[b]
            pull[v, u] += weight * block_cost[b]
        weight *= decay


@helper
def _shift(at, load, towards, pull, wire, target):
    """Move a wire, and keep `load` and `towards` (w, k), the pull of each wire to each node."""
    source = at[wire]
    at[wire] = target
    load[source] -= 1
    load[target] += 1
    for u in range(len(at)):
        towards[u, source] -= pull[u, wire]
        towards[u, target] += pull[u, wire]


@helper
def _fee(node, before, is_free):
    """Price of being at `node` after `before`: one teleport, if they differ and moves cost."""
    return 0.0 if is_free or node == before else 1.0


@kernel(
    "void(int64[:,::1], float64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1],"
    " float64, int64, int64, float64, float64, int64[::1], int64[::1], int64[::1], int64[::1],"
    " int64[::1], float64[:,::1], float64[:,::1], uint64[::1])"
)
def walk_layers(
    block_wires, block_cost, first_block, movable, first_movable, segment_of_movable, capacity,
    decay, horizon, proposals, hot, cold, at, home, before, best_at, load, pull, towards, random,
):  # fmt: skip
    """Fill `home` (s,); `at` (w,) holds the first guess, see `slice_homes`.

    The arrays after it are scratch: before, best_at (w,), load (k,), pull (w, w), towards (w, k),
    and `random` (1,), the random numbers.
    """
    wires, nodes, layers = len(at), len(capacity), len(first_block) - 1
    load[:] = 0
    for w in range(wires):
        load[at[w]] += 1
    for layer in range(layers):
        first, last = first_movable[layer], first_movable[layer + 1]
        if last == first:
            continue
        _pull(first_block, block_wires, block_cost, layer, horizon, decay, pull)
        towards[:] = 0.0
        for u in range(wires):
            for v in range(wires):
                towards[u, at[v]] += pull[u, v]
        copy_into(before, at)
        copy_into(best_at, at)
        is_free = layer == 0
        value, best = 0.0, 0.0
        tries = proposals * (last - first)
        for i in range(tries):
            wire = movable[first + draw(random, last - first)]
            source, target = at[wire], draw(random, nodes)
            if source == target:
                continue
            other = -1
            if load[target] >= capacity[target] or draw(random, 2) == 0:
                offset = draw(random, last - first)
                for j in range(last - first):
                    candidate = movable[first + (offset + j) % (last - first)]
                    if at[candidate] == target:
                        other = candidate
                        break
                if other < 0 and load[target] >= capacity[target]:
                    continue
            change = towards[wire, source] - towards[wire, target]
            change += _fee(target, before[wire], is_free) - _fee(source, before[wire], is_free)
            if other >= 0:
                change += towards[other, target] - towards[other, source] + 2 * pull[wire, other]
                change += _fee(source, before[other], is_free)
                change -= _fee(target, before[other], is_free)
            temperature = hot * (cold / hot) ** (i / tries)
            if change <= 0 or np.exp(-change / temperature) * 1048576.0 > draw(random, 1048576):
                value += change
                _shift(at, load, towards, pull, wire, target)
                if other >= 0:
                    _shift(at, load, towards, pull, other, source)
                if value < best - 1e-9:
                    best = value
                    copy_into(best_at, at)
        for u in range(wires):
            if at[u] != best_at[u]:
                load[at[u]] -= 1
                load[best_at[u]] += 1
        copy_into(at, best_at)
        for i in range(first, last):
            home[segment_of_movable[i]] = at[movable[i]]


def slice_homes(
    block_wires, block_cost, first_block, movable, first_movable, segment_of_movable, start_home,
    capacity, decay, horizon, proposals, hot, cold, seed,
):  # fmt: skip
    """Home of every segment, (s,) int64.

    Layer by layer, a short annealing over the wires that begin a segment there chooses who moves:
    a move costs one teleport, a block whose wires are apart costs `block_cost`, and blocks of
    later layers count with `decay` per layer. Layer 0 chooses the start, where moves are free.

    Args:
        block_wires: (b, 2) wires of each block, sorted by layer.
        block_cost: (b,) e-bits that a block costs if its wires are apart.
        first_block: (layers + 1,) where the blocks of each layer start; layer 0 has none.
        movable: (s,) wires that begin a segment, sorted by layer; layer 0 has all wires.
        first_movable: (layers + 1,) where the entries of each layer start.
        segment_of_movable: (s,) the segment that begins.
        start_home: (w,) first guess, within capacity.
        capacity: (k,) data qubits of each node.
        decay: weight of a layer relative to the one before.
        horizon: number of layers looked at, the current one included.
        proposals: moves tried per movable wire and layer.
        hot: first temperature in e-bits.
        cold: last temperature.
        seed: any number but 0.

    Source: time-sliced partitioning with look-ahead (Baker et al., arXiv:2005.12259); annealed
    exchanges instead of its relaxed overall extreme exchange.
    """
    wires, nodes = len(start_home), len(capacity)
    home = np.zeros(len(movable), np.int64)
    walk_layers(
        block_wires, block_cost, first_block, movable, first_movable, segment_of_movable, capacity,
        decay, horizon, proposals, hot, cold, start_home.copy(), home, np.empty(wires, np.int64),
        np.empty(wires, np.int64), np.empty(nodes, np.int64), np.empty((wires, wires)),
        np.empty((wires, nodes)), np.array([seed], np.uint64),
    )  # fmt: skip
    return home
