"""Plain twin of `kernels.slices`."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dqc_compiler.kernels.reference.random import Random

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]


def slice_homes(
    block_wires: Int64,
    block_cost: Float64,
    first_block: Int64,
    movable: Int64,
    first_movable: Int64,
    segment_of_movable: Int64,
    start_home: Int64,
    capacity: Int64,
    decay: float,
    horizon: int,
    proposals: int,
    hot: float,
    cold: float,
    seed: int,
) -> Int64:
    """Home of every segment, (s,); arguments as in `kernels.slices`.

    The two agree bit by bit where the kernel's running sums are exact: for costs and decays that
    are sums of few powers of two.
    """
    wires, nodes, layers = len(start_home), len(capacity), len(first_block) - 1
    random = Random(seed)
    at: list[int] = start_home.tolist()
    home = np.zeros(len(movable), np.int64)
    blocks: list[tuple[int, int]] = [(u, v) for u, v in block_wires.tolist()]

    def apart(layer: int, places: list[int]) -> float:
        """Cost of the blocks whose wires are apart, now and, fading, later."""
        return sum(
            decay ** (later - layer) * float(block_cost[b])
            for later in range(layer, min(layers, layer + horizon))
            for b in range(int(first_block[later]), int(first_block[later + 1]))
            if places[blocks[b][0]] != places[blocks[b][1]]
        )

    for layer in range(layers):
        first, last = int(first_movable[layer]), int(first_movable[layer + 1])
        here: list[int] = movable[first:last].tolist()
        tries = proposals * len(here)
        before = list(at)

        def value(places: list[int], layer: int = layer, before: list[int] = before) -> float:
            moves = sum(places[wire] != before[wire] for wire in range(wires))
            return apart(layer, places) + (0 if layer == 0 else moves)

        now = value(at)
        best_at, best = at, now
        for i in range(tries):
            wire = here[random.below(len(here))]
            source, target = at[wire], random.below(nodes)
            if source == target:
                continue
            is_full = at.count(target) >= capacity[target]
            other = None
            if is_full or random.below(2) == 0:
                offset = random.below(len(here))
                rotated = here[offset:] + here[:offset]
                other = next((w for w in rotated if at[w] == target), None)
            if is_full and other is None:
                continue
            new = list(at)
            new[wire] = target
            if other is not None:
                new[other] = source
            then = value(new)
            temperature = hot * (cold / hot) ** (i / tries)
            chance = math.exp(min(0.0, -(then - now) / temperature)) * 1048576.0
            if then > now and chance <= random.below(1048576):
                continue
            at, now = new, then
            if now < best:
                best_at, best = at, now
        at = best_at
        home[segment_of_movable[first:last]] = [at[wire] for wire in here]
    return home
