"""Plain twins of the kernels: the same results, by the shortest code that can be trusted.

They are for tests and for reading. Nothing is kept up to date in steps: what a kernel adjusts
incrementally is computed here from its definition, every time.
"""

from __future__ import annotations

import copy
import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

_MASK = (1 << 64) - 1


class _Random:
    """xorshift64* as in the kernel, in Python's unlimited integers."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def below(self, bound: int) -> int:
        x = self.state
        x ^= x >> 12
        x ^= (x << 25) & _MASK
        x ^= x >> 27
        self.state = x
        return (((x * 2685821657736338717) & _MASK) >> 33) % bound


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
    random = _Random(seed)
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


def presence_price(present: list[set[int]]) -> int:
    """Presences beyond one per segment."""
    return sum(len(nodes) - 1 for nodes in present)


class _Presences:
    """Homes and presences of all segments, with the moves of `search_presences`."""

    def __init__(
        self,
        neighbours: list[list[int]],
        wires: list[range],
        wire_of: list[int],
        start: list[int],
        end: list[int],
        capacity: list[int],
        present: list[set[int]],
        home: list[int],
        random: _Random,
    ) -> None:
        self.neighbours, self.wires, self.wire_of = neighbours, wires, wire_of
        self.start, self.end, self.capacity = start, end, capacity
        self.present, self.home = present, home
        self.random = random
        self.has_changed = False  # whether a presence was added or dropped

    def excess(self) -> int:
        """Wires at home above the capacities, summed over layers and nodes."""
        return sum(
            max(0, self.load(layer, node) - limit)
            for layer in range(max(1, *self.end))
            for node, limit in enumerate(self.capacity)
        )

    def load(self, layer: int, node: int) -> int:
        return sum(
            at == node and self.start[s] <= layer < self.end[s] for s, at in enumerate(self.home)
        )

    def needed(self, s: int) -> set[int]:
        """Nodes where s has to stay: homes, and where alone it meets one of its neighbours."""
        wire = self.wires[self.wire_of[s]]
        homes = {self.home[s], self.home[s if s == wire[-1] else s + 1]}
        meetings = [self.present[s] & self.present[t] for t in self.neighbours[s]]
        return homes.union(*(nodes for nodes in meetings if len(nodes) == 1))

    def add(self, s: int, node: int) -> None:
        if node not in self.present[s]:
            self.present[s].add(node)
            self.has_changed = True

    def prune(self, s: int, keep: int) -> None:
        for node in sorted(self.present[s] - {keep}):
            if node not in self.needed(s):
                self.present[s].remove(node)
                self.has_changed = True

    def prune_neighbours(self, s: int, keep: int) -> None:
        around = self.neighbours[s]
        offset = self.random.below(len(around)) if around else 0
        for t in around[offset:] + around[:offset]:
            if keep < 0 or keep in self.present[t]:
                self.prune(t, keep)

    def random_neighbour(self, s: int) -> int:
        return self.neighbours[s][self.random.below(len(self.neighbours[s]))]

    def spread(self) -> int:
        """A segment, sometimes with a neighbour, becomes present at one more node; the work."""
        s = self.random.below(len(self.home))
        if not self.neighbours[s]:
            return 1
        if self.random.below(3) == 0:
            node = self.random.below(len(self.capacity))
        else:
            options = sorted(self.present[self.random_neighbour(s)])
            node = options[self.random.below(len(options))]
        self.add(s, node)
        if self.random.below(4) == 0:
            t = self.random_neighbour(s)
            self.add(t, node)
            self.prune(t, node)
        if not self.has_changed:
            return 1
        if self.random.below(2):
            self.prune(s, node)
        self.prune_neighbours(s, node)
        self.prune(s, node)
        return 4 + 2 * len(self.neighbours[s])

    def random_run(self, *, is_static: bool) -> range:
        segments = self.wires[self.random.below(len(self.wires))]
        if is_static:
            return segments
        count = len(segments)
        kind = self.random.below(4)
        first = segments[0 if kind == 0 else self.random.below(count)]
        last = segments.stop
        if kind == 2:
            last = min(last, first + 1 + self.random.below(4))
        elif kind == 3:
            last = min(last, first + 1 + self.random.below(max(1, count // 2)))
        end = first + 1
        while end < last and self.home[end] == self.home[first]:
            end += 1
        return range(first, end)

    def counterpart(self, run: range, node: int) -> range:
        """Segments of another wire that live at `node` at about the same time; empty if none."""
        layer, until = self.start[run[0]], self.end[run[-1]]
        for _ in range(8):
            wire = self.random.below(len(self.wires))
            if wire == self.wire_of[run[0]]:
                continue
            segments = self.wires[wire]
            before = [s for s in segments if self.start[s] < layer][-1:]
            after = [s for s in segments if self.start[s] >= layer][:1]
            first = min(after + before, key=lambda s: abs(self.start[s] - layer))
            last = first
            while last < segments.stop and self.home[last] == node:
                if self.end[last] - until >= max(1, until - self.start[last]):
                    break
                last += 1
            if last > first:
                return range(first, last)
        return range(0)

    def rehome(self, run: range, node: int) -> None:
        for s in self.with_predecessor(run):
            self.add(s, node)
        for s in run:
            self.home[s] = node

    def prune_run(self, run: range) -> int:
        for s in self.with_predecessor(run):
            self.prune(s, -1)
        for s in run:
            self.prune_neighbours(s, -1)
            self.prune(s, -1)
        return sum(1 + 3 * len(self.neighbours[s]) for s in run)

    def with_predecessor(self, run: range) -> range:
        is_first = run[0] == self.wires[self.wire_of[run[0]]][0]
        return run if is_first else range(run[0] - 1, run.stop)

    def relocate(self, *, is_static: bool) -> int:
        """A run of segments changes its home, often in exchange for another; the work."""
        run = self.random_run(is_static=is_static)
        source = self.home[run[0]]
        if self.random.below(3) == 0:
            target = self.random.below(len(self.capacity))
        else:
            s = run[self.random.below(len(run))]
            if not self.neighbours[s]:
                return 8
            target = self.home[self.random_neighbour(s)]
        if target == source:
            return 8
        layers = range(self.start[run[0]], self.end[run[-1]])
        is_full = any(self.load(layer, target) >= self.capacity[target] for layer in layers)
        other = range(0)
        if is_full and self.random.below(10) < 9:
            other = self.counterpart(run, target)
        self.rehome(run, target)
        if other:
            self.rehome(other, source)
        work = 8 + len(layers) // 4 + self.prune_run(run)
        return work + (self.prune_run(other) if other else 0)


def search_presences(
    neighbour: Int64,
    first_neighbour: Int64,
    wire_segments: Int64,
    wire_of: Int64,
    start: Int64,
    end: Int64,
    capacity: Int64,
    mask: Int64,
    home: Int64,
    is_static: bool,
    budget: int,
    hot: float,
    cold: float,
    excess_price: float,
    seed: int,
) -> tuple[Int64, Int64, int]:
    """Best (mask (s,), home (s,), price) within the capacities; price -1 if none was seen.

    Arguments and results as in `kernels.presence`.
    """
    firsts = first_neighbour.tolist()
    random = _Random(seed)
    state = _Presences(
        [neighbour[a:b].tolist() for a, b in pairwise(firsts)],
        [range(a, b) for a, b in pairwise(wire_segments.tolist())],
        wire_of.tolist(),
        start.tolist(),
        end.tolist(),
        capacity.tolist(),
        [{p for p in range(len(capacity)) if m >> p & 1} for m in mask.tolist()],
        home.tolist(),
        random,
    )
    price, excess = presence_price(state.present), state.excess()
    best_present, best_home = copy.deepcopy(state.present), list(state.home)
    best = price if excess == 0 else -1
    temperature, over_price = hot, excess_price
    work, proposals = 0, 0
    while work < budget:
        if proposals % 256 == 0:
            temperature = hot * (cold / hot) ** (work / budget)
            over_price = excess_price * (1.0 + 2.0 * work / budget)
        proposals += 1
        present_before, home_before = copy.deepcopy(state.present), list(state.home)
        state.has_changed = False
        if random.below(100) < 60:
            work += state.spread()
            if not state.has_changed:
                continue
        else:
            work += state.relocate(is_static=is_static)
            if state.home == home_before:
                continue
        new_price, new_excess = presence_price(state.present), state.excess()
        delta = new_price - price + over_price * (new_excess - excess)
        if delta > 0 and math.exp(-delta / temperature) * 1048576.0 <= random.below(1048576):
            state.present, state.home = present_before, home_before
            continue
        price, excess = new_price, new_excess
        if excess == 0 and (price < best or best < 0):
            best_present, best_home, best = copy.deepcopy(state.present), list(state.home), price
    masks = [sum(1 << p for p in nodes) for nodes in best_present]
    return np.array(masks, np.int64), np.array(best_home, np.int64), best


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
    random = _Random(seed)
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
