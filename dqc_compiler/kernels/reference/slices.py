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

    def find(here: list[int], node: int, but: int, offset: int) -> int:
        """A wire of `here` at a node, but for one; -1 if there is none."""
        rotated = here[offset:] + here[:offset]
        return next((wire for wire in rotated if at[wire] == node and wire != but), -1)

    def propose(here: list[int], partner: dict[int, int]) -> tuple[list[int], list[int], int, int]:
        """Wires that go from a source to a target node, and others that come from there."""
        wire = here[random.below(len(here))]
        other = partner.get(wire, -1)
        source = at[wire]
        kind = random.below(4)
        joins = kind == 2 and other >= 0
        target = at[other] if joins else random.below(nodes)
        if target == source:
            return [], [], source, target
        going, coming = [wire], list[int]()
        if kind == 3 and other in here and at[other] == source:
            going.append(other)
        room = int(capacity[target]) - at.count(target)
        least = max(0, len(going) - room)
        if least > 0 or random.below(2) == 0:
            offset = random.below(len(here))
            first = -1
            if joins:
                wanted = [
                    w for w in here if w != other and w in partner and at[partner[w]] == source
                ]
                rotated = [w for w in here[offset:] + here[:offset] if w in wanted]
                first = next((w for w in rotated if at[w] == target), -1)
            if first < 0:
                first = find(here, target, other if joins else -1, offset)
            if first >= 0:
                coming.append(first)
                second = partner.get(first, -1)
                if len(going) == 2:
                    if second not in here or at[second] != target:
                        second = find(here, target, first, offset)
                    if second >= 0:
                        coming.append(second)
        return (going if len(coming) >= least else []), coming, source, target

    def partners(layer: int) -> dict[int, int]:
        """Who each wire meets next, as far as both are free then."""
        partner: dict[int, int] = {}
        end = min(layers, layer + horizon)
        for u, v in blocks[int(first_block[layer]) : int(first_block[end])]:
            if u not in partner and v not in partner:
                partner |= {u: v, v: u}
        return partner

    for layer in range(layers):
        first, last = int(first_movable[layer]), int(first_movable[layer + 1])
        here: list[int] = movable[first:last].tolist()
        tries = proposals * len(here)
        before = list(at)
        partner = partners(layer)

        def value(places: list[int], layer: int = layer, before: list[int] = before) -> float:
            moves = sum(places[wire] != before[wire] for wire in range(wires))
            return apart(layer, places) + (0 if layer == 0 else moves)

        now = value(at)
        best_at, best = at, now
        for i in range(tries):
            going, coming, source, target = propose(here, partner)
            if not going:
                continue
            new = list(at)
            for wire in going:
                new[wire] = target
            for wire in coming:
                new[wire] = source
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
