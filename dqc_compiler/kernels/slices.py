"""Homes layer by layer, with a fading look into the future."""

from __future__ import annotations

import numpy as np

from dqc_compiler.kernels.copying import copy_into
from dqc_compiler.kernels.jit import helper, kernel
from dqc_compiler.kernels.random import draw


@helper
def _look_ahead(
    first_block, block_wires, block_cost, layer, horizon, decay, at, pull, towards, partner
):  # fmt: skip
    """Fill pull (w, w), which is all 0: what having two wires apart costs now and, fading, later.

    Also towards (k, w), the pull of each wire to each node, and partner (w,): who each wire meets
    next, -1 if nobody within the horizon.
    """
    towards[:] = 0.0
    partner[:] = -1
    weight = 1.0
    for later in range(layer, min(len(first_block) - 1, layer + horizon)):
        for b in range(first_block[later], first_block[later + 1]):
            u, v = block_wires[b, 0], block_wires[b, 1]
            cost = weight * block_cost[b]
            pull[u, v] += cost
            pull[v, u] += cost
            towards[at[v], u] += cost
            towards[at[u], v] += cost
            if partner[u] < 0 and partner[v] < 0:
                partner[u], partner[v] = v, u
        weight *= decay


@helper
def _forget(first_block, block_wires, layer, horizon, pull):
    """Empty the table again; long programs on many wires have few pairs of them in each look."""
    for b in range(first_block[layer], first_block[min(len(first_block) - 1, layer + horizon)]):
        u, v = block_wires[b, 0], block_wires[b, 1]
        pull[u, v] = 0.0
        pull[v, u] = 0.0


@helper
def _shift(at, load, towards, pull, wire, target):
    """Move a wire, and keep `load` and `towards` (k, w), the pull of each wire to each node."""
    source = at[wire]
    at[wire] = target
    load[source] -= 1
    load[target] += 1
    for u in range(len(at)):
        towards[source, u] -= pull[wire, u]
        towards[target, u] += pull[wire, u]


@helper
def _fee(node, before, is_free):
    """Price of being at `node` after `before`: one teleport, if they differ and moves cost."""
    return 0.0 if is_free or node == before else 1.0


@helper
def _is_among(here, wire):
    """Whether a wire is movable."""
    for other in here:
        if other == wire:
            return True
    return False


@helper
def _find(at, here, node, but, offset):
    """A movable wire at a node, the first one from an offset on that is not `but`; -1 if none."""
    for j in range(len(here)):
        wire = here[(offset + j) % len(here)]
        if at[wire] == node and wire != but:
            return wire
    return -1


@helper
def _find_wanted(at, here, partner, node, but, offset, wanted_at):
    """The same, but first of all one whose partner is at another node."""
    for j in range(len(here)):
        wire = here[(offset + j) % len(here)]
        is_wanted = partner[wire] >= 0 and at[partner[wire]] == wanted_at
        if is_wanted and at[wire] == node and wire != but:
            return wire
    return _find(at, here, node, but, offset)


@helper
def _propose(at, here, partner, load, capacity, exchanged, random):
    """Fill `exchanged` (4,): wires that go to another node, and then those that come from there.

    Returns (going, coming, source, target); nobody goes if there is no room. A wire goes to a
    random node, or to where its partner is, or both partners go together. One or two of that
    node's wires come in exchange where it is full, and otherwise every other time. Moves of single
    wires alone hardly ever get a pair out of a full node: they took 30 times as many tries.
    """
    wire = here[draw(random, len(here))]
    other = partner[wire]
    source = at[wire]
    kind = draw(random, 4)
    joins = kind == 2 and other >= 0
    target = at[other] if joins else draw(random, len(load))
    if target == source:
        return 0, 0, source, target
    exchanged[0], exchanged[1] = wire, other
    going, coming = 1, 0
    if kind == 3 and other >= 0 and at[other] == source and _is_among(here, other):
        going = 2
    least = max(0, going - (capacity[target] - load[target]))
    if least > 0 or draw(random, 2) == 0:
        offset = draw(random, len(here))
        if joins:
            first = _find_wanted(at, here, partner, target, other, offset, source)
        else:
            first = _find(at, here, target, -1, offset)
        if first >= 0:
            exchanged[going] = first
            coming = 1
            if going == 2:
                second = partner[first]
                if second < 0 or at[second] != target or not _is_among(here, second):
                    second = _find(at, here, target, first, offset)
                if second >= 0:
                    exchanged[3] = second
                    coming = 2
    return (going if coming >= least else 0), coming, source, target


@helper
def _change(before, is_free, towards, pull, exchanged, going, coming, source, target):
    """Change of the price by an exchange."""
    change = 0.0
    for i in range(going + coming):
        wire = exchanged[i]
        here, there = (source, target) if i < going else (target, source)
        change += towards[here, wire] - towards[there, wire]
        change += _fee(there, before[wire], is_free) - _fee(here, before[wire], is_free)
        for j in range(i):  # what `towards` says is true for one wire that moves alone
            is_together = (i < going) == (j < going)
            both = 2.0 * pull[wire, exchanged[j]]
            change += -both if is_together else both
    return change


@kernel(
    "void(int64[:,::1], float64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1],"
    " float64, int64, int64, float64, float64, int64[::1], int64[::1], int64[::1], int64[::1],"
    " int64[::1], float64[:,::1], float64[:,::1], int64[::1], int64[::1], uint64[::1])"
)
def walk_layers(
    block_wires, block_cost, first_block, movable, first_movable, segment_of_movable, capacity,
    decay, horizon, proposals, hot, cold, at, home, before, best_at, load, pull, towards, partner,
    exchanged, random,
):  # fmt: skip
    """Fill `home` (s,); `at` (w,) holds the first guess, see `slice_homes`.

    The arrays after it are scratch: before, best_at (w,), load (k,), pull (w, w), towards (k, w),
    partner (w,), exchanged (4,), and `random` (1,), the random numbers.
    """
    wires, layers = len(at), len(first_block) - 1
    load[:] = 0
    for w in range(wires):
        load[at[w]] += 1
    pull[:] = 0.0
    for layer in range(layers):
        first, last = first_movable[layer], first_movable[layer + 1]
        if last == first:
            continue
        here = movable[first:last]
        _look_ahead(
            first_block, block_wires, block_cost, layer, horizon, decay, at, pull, towards, partner
        )  # fmt: skip
        copy_into(before, at)
        copy_into(best_at, at)
        is_free = layer == 0
        value, best = 0.0, 0.0
        tries = proposals * (last - first)
        for i in range(tries):
            going, coming, source, target = _propose(
                at, here, partner, load, capacity, exchanged, random
            )
            if going == 0:
                continue
            change = _change(
                before, is_free, towards, pull, exchanged, going, coming, source, target
            )
            temperature = hot * (cold / hot) ** (i / tries)
            if change <= 0 or np.exp(-change / temperature) * 1048576.0 > draw(random, 1048576):
                value += change
                for j in range(going + coming):
                    there = target if j < going else source
                    _shift(at, load, towards, pull, exchanged[j], there)
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
        _forget(first_block, block_wires, layer, horizon, pull)


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
        np.empty((nodes, wires)), np.empty(wires, np.int64), np.empty(4, np.int64),
        np.array([seed], np.uint64),
    )  # fmt: skip
    return home
