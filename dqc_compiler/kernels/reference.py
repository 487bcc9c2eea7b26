"""Plain twins of the kernels: the same results, by the shortest code that can be trusted.

They are for tests and for reading. Nothing is kept up to date in steps: what a kernel adjusts
incrementally is computed here from its definition, every time.
"""

from __future__ import annotations

import copy
import math
from itertools import combinations, pairwise
from typing import Any

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


class _Prices:
    """What it weighs to join nodes, remembered."""

    def __init__(self, distance: Int64, may_branch: Any) -> None:
        self.distance: list[list[int]] = distance.tolist()
        self.may_branch: list[bool] = may_branch.tolist()
        self.known: dict[frozenset[int], int] = {}

    def price(self, nodes: set[int]) -> int:
        key = frozenset(nodes)
        if key not in self.known:
            tree = _steiner(self.distance, self.may_branch, sorted(nodes))
            self.known[key] = tree[0]
        return self.known[key]


def presence_price(present: list[set[int]], distance: Int64, may_branch: Any) -> int:
    """What the trees of all segments weigh."""
    prices = _Prices(distance, may_branch)
    return sum(prices.price(nodes) for nodes in present)


class _Presences:
    """Homes and presences of all segments, with the moves of `search_presences`."""

    def __init__(
        self,
        neighbours: list[list[int]],
        wires: list[range],
        wire_of: list[int],
        earliest: list[int],
        latest: list[int],
        layers: int,
        capacity: list[int],
        present: list[set[int]],
        home: list[int],
        prices: _Prices,
        far_price: float,
        random: _Random,
    ) -> None:
        self.prices, self.far_price = prices, far_price
        self.neighbours, self.wires, self.wire_of = neighbours, wires, wire_of
        self.earliest, self.latest, self.layers = earliest, latest, layers
        self.start, self.capacity = list(latest), capacity
        self.present, self.home = present, home
        self.random = random
        self.has_changed = False  # whether a presence was added or dropped

    def price(self) -> int:
        return sum(self.prices.price(nodes) for nodes in self.present)

    def excess(self) -> int:
        """Wires at home above the capacities, summed over layers and nodes."""
        return sum(
            max(0, self.load(layer, node) - limit)
            for layer in range(self.layers)
            for node, limit in enumerate(self.capacity)
        )

    def far(self) -> int:
        """Pairs of segments with gates that meet at none of their homes."""
        return sum(
            not self.present[s] & self.present[t] & {self.home[s], self.home[t]}
            for s, around in enumerate(self.neighbours)
            for t in around
            if s < t
        )

    def load(self, layer: int, node: int) -> int:
        return sum(
            at == node and self.start[s] <= layer < self.end(s) for s, at in enumerate(self.home)
        )

    def end(self, s: int) -> int:
        return self.layers if s == self.wires[self.wire_of[s]][-1] else self.start[s + 1]

    def window(self, s: int, wire: range) -> range:
        """Layers from which the home of s can count if only segments from s on move."""
        if s == wire.stop:
            return range(self.layers, self.layers + 1)
        if s > wire.start and self.home[s - 1] == self.home[s]:
            return range(self.earliest[s], self.latest[s] + 1)
        return range(self.start[s], self.start[s] + 1)

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
            if node in self.needed(s):
                continue
            far, price = self.far(), self.prices.price(self.present[s])
            self.present[s].remove(node)
            saved = price - self.prices.price(self.present[s])
            if self.far_price == 0.0 or self.far_price * (self.far() - far) < saved:
                self.has_changed = True
            else:
                self.present[s].add(node)

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
        own = self.wires[self.wire_of[run[0]]]
        begin, end = self.window(run.start, own), self.window(run.stop, own)
        for _ in range(8):
            wire = self.random.below(len(self.wires))
            if wire == self.wire_of[run[0]]:
                continue
            segments = self.wires[wire]

            def apart(s: int, window: range, segments: range = segments) -> int:
                other = self.window(s, segments)
                return max(0, other[0] - window[-1], window[0] - other[-1])

            before = [s for s in segments if self.latest[s] < begin[0]][-1:]
            after = [s for s in segments if self.latest[s] >= begin[0]][:1]
            first = min(after + before, key=lambda s: apart(s, begin))
            last = first
            while last < segments.stop and self.home[last] == node:
                late = self.window(last + 1, segments)[0] - end[-1]
                if late >= max(1, apart(last, end)):
                    break
                last += 1
            if last > first:
                return range(first, last)
        return range(0)

    def meet(self, s: int, t: int, wire: range, other: range) -> tuple[int, int]:
        """Layers from which segments of two wires count: the same one if their windows meet."""
        here, there = self.window(s, wire), self.window(t, other)
        common = range(max(here[0], there[0]), min(here[-1], there[-1]) + 1)
        if not common:
            return (here[0], there[-1]) if there[-1] < here[0] else (here[-1], there[0])
        kind = self.random.below(3) if len(common) > 1 else 0
        if kind == 2:
            return (common[self.random.below(len(common))],) * 2
        return (common[0 if kind == 1 else -1],) * 2

    def fit(self) -> None:
        """Moments to begin with: as late as possible, chains of wires earlier where it is full."""
        now = [wire.start for wire in self.wires]

        def load(node: int) -> int:
            return sum(self.home[s] == node for s in now)

        def way_out(node: int, layer: int) -> bool:
            via: dict[int, int] = {}
            queue = [node]
            for here in queue:
                for wire, s in enumerate(now):
                    if self.home[s] != here or s + 1 == self.wires[wire].stop:
                        continue
                    target = self.home[s + 1]
                    if self.earliest[s + 1] > layer or target == node or target in via:
                        continue
                    via[target] = wire
                    queue.append(target)
                    if load(target) < self.capacity[target]:
                        while target != node:
                            wire_there = via[target]
                            target = self.home[now[wire_there]]
                            now[wire_there] += 1
                            self.start[now[wire_there]] = layer
                        return True
            return False

        self.start = list(self.latest)
        for layer in sorted(set(self.latest)):
            for wire, segments in enumerate(self.wires):
                due = [s for s in segments if self.latest[s] <= layer]
                now[wire] = max(now[wire], due[-1])
            for node, limit in enumerate(self.capacity):
                while load(node) > limit and way_out(node, layer):
                    pass

    def retime(self) -> int:
        """The best moment for one wire to change its home, if the one it has is not; the work."""
        for _ in range(8):
            s = self.random.below(len(self.home))
            if self.earliest[s] < self.latest[s] and self.home[s - 1] != self.home[s]:
                break
        else:
            return 8
        before, now = self.start[s], self.excess()
        options = []
        for layer in range(self.latest[s], self.earliest[s] - 1, -1):
            self.start[s] = layer
            options.append((self.excess(), -layer))
        best, at = min(options)
        self.start[s] = -at if best < now else before
        return 8 + (self.latest[s] - self.earliest[s]) // 4

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

    def relieve(self) -> int:
        """A wire leaves a node that takes too many, while it does; the work."""
        offset, nodes = self.random.below(self.layers), len(self.capacity)
        rotated = [(offset + i) % self.layers for i in range(self.layers)]

        def is_over(layer: int, node: int) -> bool:
            is_inside = 0 <= layer < self.layers
            return is_inside and self.load(layer, node) > self.capacity[node]

        here, source = next((x, p) for x in rotated for p in range(nodes) if is_over(x, p))
        begin = max(x for x in range(here + 1) if not is_over(x - 1, source))
        end = min(x for x in range(here + 1, self.layers + 1) if not is_over(x, source))
        work = 8 + (1 + rotated.index(here)) * nodes // 16
        offset = self.random.below(nodes)
        room = [
            p
            for p in ((offset + i) % nodes for i in range(nodes))
            if self.load(begin, p) < self.capacity[p]
        ]
        for _ in range(8):
            wire = self.wires[self.random.below(len(self.wires))]
            first = max(s for s in wire if self.window(s, wire)[0] <= begin)
            if self.home[first] == source:
                break
        else:
            return work
        if not room:
            return work
        last = first + 1
        while last < wire.stop and self.home[last] == source:
            if self.window(last, wire)[-1] >= end:
                break
            last += 1
        begin = min(begin, self.window(first, wire)[-1])
        after = self.window(last, wire)
        end = min(max(end, after[0]), after[-1])
        run = range(first, last)
        self.start[first] = begin
        if last < wire.stop:
            self.start[last] = end
        self.rehome(run, room[0])
        return work + (end - begin) // 4 + self.prune_run(run)

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
        own = self.wires[self.wire_of[run[0]]]
        begin, end = self.window(run.start, own)[-1], self.window(run.stop, own)[0]
        layers = range(begin, end)
        is_full = any(self.load(layer, target) >= self.capacity[target] for layer in layers)
        other = range(0)
        if is_full and self.random.below(10) < 9:
            other = self.counterpart(run, target)
        moments = [(run.start, begin), (run.stop, end)]
        theirs = self.wires[self.wire_of[other[0]]] if other else other
        if other:
            begin, other_begin = self.meet(run.start, other.start, own, theirs)
            end, other_end = self.meet(run.stop, other.stop, own, theirs)
            moments = [(run.start, begin), (run.stop, end)]
            moments += [(other.start, other_begin), (other.stop, other_end)]
        for s, moment in moments:
            if s not in (own.stop, theirs.stop):
                self.start[s] = moment
        self.rehome(run, target)
        if other:
            self.rehome(other, source)
        work = 8 + (end - begin) // 4 + self.prune_run(run)
        return work + (self.prune_run(other) if other else 0)


def search_presences(
    neighbour: Int64,
    first_neighbour: Int64,
    wire_segments: Int64,
    wire_of: Int64,
    earliest: Int64,
    latest: Int64,
    layers: int,
    capacity: Int64,
    mask: Int64,
    home: Int64,
    distance: Int64,
    may_branch: Any,
    is_static: bool,
    budget: int,
    hot: float,
    cold: float,
    excess_price: float,
    far_price: float,
    seed: int,
) -> tuple[Int64, Int64, Int64, int]:
    """Best (mask, home, start (s,), price) within the capacities; price -1 if none was seen.

    Arguments and results as in `kernels.presence`.
    """
    firsts = first_neighbour.tolist()
    random = _Random(seed)
    state = _Presences(
        [neighbour[a:b].tolist() for a, b in pairwise(firsts)],
        [range(a, b) for a, b in pairwise(wire_segments.tolist())],
        wire_of.tolist(),
        earliest.tolist(),
        latest.tolist(),
        layers,
        capacity.tolist(),
        [{p for p in range(len(capacity)) if m >> p & 1} for m in mask.tolist()],
        home.tolist(),
        _Prices(distance, may_branch),
        far_price,
        random,
    )
    state.fit()
    price, excess = state.price(), state.excess()
    best_present, best_home = copy.deepcopy(state.present), list(state.home)
    best_start = list(state.start)
    best, far = (price if excess == 0 else -1), state.far()
    best_value = price + far_price * far
    temperature, over_price = hot, excess_price
    work, proposals = 0, 0
    while work < budget:
        if proposals % 256 == 0:
            temperature = hot * (cold / hot) ** (work / budget)
            over_price = excess_price * (1.0 + 2.0 * work / budget)
        proposals += 1
        present_before, home_before = copy.deepcopy(state.present), list(state.home)
        start_before = list(state.start)
        state.has_changed = False
        kind = random.below(100)
        if excess > 0 and kind >= 96:
            work += state.retime()
            if state.start == start_before:
                continue
        elif kind < 60:
            work += state.spread()
            if not state.has_changed:
                continue
        else:
            is_over = excess > 0 and kind >= 88 and not is_static
            work += state.relieve() if is_over else state.relocate(is_static=is_static)
            if state.home == home_before:
                continue
        new_price, new_excess = state.price(), state.excess()
        new_far = state.far()
        delta = new_price - price + over_price * (new_excess - excess) + far_price * (new_far - far)
        if delta > 0 and math.exp(-delta / temperature) * 1048576.0 <= random.below(1048576):
            state.present, state.home = present_before, home_before
            state.start = start_before
            continue
        price, excess, far = new_price, new_excess, new_far
        value = price + far_price * far
        if excess == 0 and (value < best_value - 1e-9 or best < 0):
            best_value = value
            best_present, best_home, best = copy.deepcopy(state.present), list(state.home), price
            best_start = list(state.start)
    masks = [sum(1 << p for p in nodes) for nodes in best_present]
    homes, starts = np.array(best_home, np.int64), np.array(best_start, np.int64)
    return np.array(masks, np.uint64).view(np.int64), homes, starts, best


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


class _Walk:
    """`visits.plan_visits`, with sets, and with everything counted anew whenever it is asked."""

    def __init__(self, problem: Any, home: list[int]) -> None:
        self.given = problem
        self.segments = [tuple(pair) for pair in problem.gate_segments.tolist()]
        self.hosts: list[int] = problem.gate_host.tolist()
        self.first: list[int] = problem.wire_segments.tolist()
        self.wire: list[int] = problem.segment_wire.tolist()
        self.data, self.cells = problem.data.tolist(), problem.cells.tolist()
        self.nodes, self.wires = len(self.data), len(self.first) - 1
        self.home: list[int] = home
        self.segment = self.first[:-1]
        self.root = [home[s] for s in self.segment]
        self.tree: list[int] = problem.tree_of[self.first[:-1]].tolist()
        self.copies: list[set[int]] = [set() for _ in range(self.wires)]
        self.restless: set[int] = set()
        self.done: set[int] = set()
        self.steps: list[list[int]] = []
        self.pairs = 0

    # What is counted

    def left(self, segment: int) -> list[int]:
        return [g for g, pair in enumerate(self.segments) if segment in pair and g not in self.done]

    def uses(self, segment: int, node: int) -> list[int]:
        return [gate for gate in self.left(segment) if self.hosts[gate] == node]

    def roots(self, node: int) -> int:
        return self.root.count(node)

    def load(self, node: int) -> int:
        return self.roots(node) + sum(node in copies for copies in self.copies)

    def next_home(self, wire: int, segment: int) -> int:
        is_last = segment + 1 == self.first[wire + 1]
        return self.root[wire] if is_last else self.home[segment + 1]

    def next_use(self, wire: int, node: int) -> int:
        segment = self.segment[wire]
        if uses := self.uses(segment, node):
            return uses[0]
        if node == self.root[wire] or self.next_home(wire, segment) != node:
            return 1 << 60
        return max(g for g, pair in enumerate(self.segments) if segment in pair) + 1

    # Steps

    def write(self, kind: int, **fields: int) -> None:
        names = ("operation", "wire", "source", "target", "route", "host")
        self.steps.append([kind, *(fields.get(name, -1) for name in names)])

    def close(self, wire: int, node: int) -> None:
        self.write(2, wire=wire, source=node)
        self.copies[wire].remove(node)

    def make_room(self, node: int, keep: tuple[int, ...]) -> bool:
        while self.load(node) + 1 > self.cells[node]:
            closable = [w for w in range(self.wires) if node in self.copies[w] and w not in keep]
            if not closable:
                return False
            self.close(max(closable, key=lambda w: (self.next_use(w, node), w)), node)
        return True

    def members(self, wire: int) -> set[int]:
        return {self.root[wire], *self.copies[wire]}

    def pass_on(self, wire: int, way: list[int], keep: tuple[int, ...]) -> bool:
        """Open copies at all nodes of a way, the first of which is a member, that have none."""
        for source, node in pairwise(way):
            if node in self.members(wire):
                continue
            for place in (source, node):
                is_host = self.given.is_flat or place == way[-1]
                if not self.make_room(place, keep if is_host else (wire,)):
                    return False
            route = int(self.given.route[source, node])
            self.write(1, wire=wire, source=source, target=node, route=route)
            self.pairs += int(self.given.distance[source, node])
            self.copies[wire].add(node)
        return True

    def way(self, source: int, target: int) -> list[int]:
        way = [source]
        while way[-1] != target:
            way.append(int(self.given.towards[way[-1], target]))
        return way

    def follow_tree(self, wire: int, target: int, keep: tuple[int, ...]) -> bool:
        parent = self.given.parent[self.tree[wire]].tolist()
        while target not in self.members(wire):  # room that is made may take a copy on the way
            way = [target]
            while way[-1] not in self.members(wire):
                if parent[way[-1]] < 0:
                    return False
                way.append(parent[way[-1]])
            if not self.pass_on(wire, way[:-3:-1], keep if len(way) == 2 else (wire,)):
                return False
        return True

    def nearest(self, wire: int, target: int) -> int:
        members = [self.root[wire], *sorted(self.copies[wire])]
        return int(min(members, key=lambda node: int(self.given.distance[node, target])))

    def open(self, wire: int, target: int, keep: tuple[int, ...]) -> bool:
        if self.given.is_flat:
            return self.pass_on(wire, [self.root[wire], target], keep)
        if self.follow_tree(wire, target, keep):
            return True
        if self.pass_on(wire, self.way(self.nearest(wire, target), target), keep):
            return True
        return self.pass_on(wire, self.way(self.root[wire], target), keep)

    def move(self, wire: int, target: int) -> bool:
        if target not in self.copies[wire] and not self.open(wire, target, (wire,)):
            return False
        self.write(3, wire=wire, source=self.root[wire], target=target)
        self.copies[wire].remove(target)
        self.root[wire] = target
        self.restless.discard(wire)
        self.close_all(wire)
        return True

    def close_all(self, wire: int) -> None:
        for node in sorted(self.copies[wire]):
            self.close(wire, node)

    def move_if_possible(self, wire: int, target: int) -> bool:
        if self.roots(target) >= self.data[target]:
            for other in range(self.wires):
                if other not in self.restless or self.root[other] != target or other == wire:
                    continue
                away = self.next_home(other, self.segment[other])
                is_full = self.roots(target) >= self.data[target]
                most = self.cells[away] - int(self.given.reserve[away])
                if is_full and self.roots(away) + 1 <= most:
                    self.move(other, away)
        most = self.cells[target] - int(self.given.reserve[target])
        return self.roots(target) + 1 <= most and self.move(wire, target)

    def enter(self, wire: int, segment: int) -> None:
        if self.segment[wire] == segment:
            return
        self.segment[wire] = segment
        self.tree[wire] = int(self.given.tree_of[segment])
        self.restless.discard(wire)
        home = self.home[segment]
        if home != self.root[wire] and not self.move_if_possible(wire, home):
            self.home[segment] = self.root[wire]

    def serves_others(self, wire: int, segment: int, node: int) -> bool:
        if self.given.is_flat:
            return False
        wanted = {n for n in range(self.nodes) if self.uses(segment, n)}
        parent = self.given.parent[self.tree[wire]].tolist()
        for target in {*wanted, self.next_home(wire, segment)} - self.members(wire):
            up = parent[target]
            while up >= 0 and up not in self.members(wire):
                up = parent[up]
            if up == node:
                return True
        return False

    def leave(self, wire: int, segment: int) -> None:
        target = self.next_home(wire, segment)
        for node in sorted(self.copies[wire]):
            if self.uses(segment, node) or node == target:
                continue
            if not self.serves_others(wire, segment, node):
                self.close(wire, node)
        if self.left(segment) or target == self.root[wire]:
            return
        self.restless.add(wire)
        # What is left of the copies is at the next home, or on the way there.
        if self.copies[wire] and not self.move_if_possible(wire, target):
            self.close_all(wire)

    # Choices

    def operands(self, gate: int) -> list[tuple[int, int, int]]:
        """(wire, segment, where the root will be) of both."""
        return [
            (w, s, self.root[w] if self.segment[w] == s else self.home[s])
            for s in self.segments[gate]
            for w in [self.wire[s]]
        ]

    def is_missing(self, wire: int, segment: int, root: int, node: int) -> bool:
        has_copy = self.segment[wire] == segment and node in self.copies[wire]
        return root != node and not has_copy

    def source(self, wire: int, segment: int, root: int, node: int) -> int:
        return self.nearest(wire, node) if self.segment[wire] == segment else root

    def choose_host(self, gate: int) -> int:
        planned = self.hosts[gate]
        if not self.given.is_limited:
            return planned
        operands = self.operands(gate)
        keep = [wire for wire, _, _ in operands]
        preferred = [planned, operands[0][2], operands[1][2]]
        best, best_price = -1, 0.0
        for node in preferred + list(range(self.nodes)):
            missing = [o for o in operands if self.is_missing(*o, node)]
            if not missing:
                return node
            copies_kept = sum(node in self.copies[wire] for wire in keep)
            room = self.cells[node] - self.roots(node) - copies_kept
            if len(missing) > room or node not in preferred:
                continue
            price = sum(
                int(self.given.distance[self.source(*operand, node), node])
                / (len(self.uses(operand[1], node)) + (node != planned))
                for operand in missing
            )
            if best < 0 or price < best_price - 1e-9:
                best, best_price = node, price
        return best

    def is_free(self, gate: int) -> bool:
        operands = self.operands(gate)
        if any(self.segment[w] != s and root != self.root[w] for w, s, root in operands):
            return False
        nodes = range(self.nodes) if self.given.is_limited else [self.hosts[gate]]
        return any(not any(self.is_missing(*o, node) for o in operands) for node in nodes)

    def urgency(self, gate: int, ready: set[int]) -> float:
        host, value = self.choose_host(gate), 0.0
        for wire, segment, root in self.operands(gate):
            if not self.is_missing(wire, segment, root, host):
                continue
            uses = self.uses(segment, host)
            served = [
                g
                for g in uses
                if g in ready
                and not any(self.is_missing(*o, host) for o in self.operands(g) if o[1] != segment)
            ]
            value += len(served) / max(1, len(uses)) - 1.0
            value -= 2.0 * (self.load(host) + 1 > self.cells[host])
            value -= 2.0 * (self.load(root) + 1 > self.cells[root])
        return value

    def pick(self, ready: list[int]) -> int:
        gate_of = self.given.gate_of.tolist()
        window = ready[: self.given.window]
        for operation in window:
            if gate_of[operation] < 0 or self.is_free(gate_of[operation]):
                return operation
        gates = {gate_of[operation] for operation in ready} - {-1}
        best, best_urgency = window[0], -1e9
        for operation in window:
            urgency = self.urgency(gate_of[operation], gates)
            if urgency > best_urgency + 1e-9:
                best, best_urgency = operation, urgency
        return best

    # The walk

    def run(self) -> tuple[list[list[int]], int]:
        start, wire = self.given.first_operand.tolist(), self.given.operand_wire.tolist()
        level, gate_of = self.given.operand_level.tolist(), self.given.gate_of.tolist()
        to_come = {
            operation: [(wire[i], level[i]) for i in range(first, last)]
            for operation, (first, last) in enumerate(pairwise(start))
        }
        while to_come:
            lowest: dict[int, int] = {}
            for places in to_come.values():
                for w, at in places:
                    lowest[w] = min(at, lowest.get(w, at))
            ready = [o for o, places in to_come.items() if all(lowest[w] == at for w, at in places)]
            operation = self.pick(ready)
            del to_come[operation]
            gate = gate_of[operation]
            if gate < 0:
                self.write(0, operation=operation)
            else:
                self.execute(gate, operation)
        for w in range(self.wires):
            if self.roots(self.root[w]) > self.data[self.root[w]]:
                free = [p for p in range(self.nodes) if self.roots(p) < self.data[p]]
                if free and not self.move(w, free[0]):
                    raise ValueError("no room")
        return self.steps, self.pairs

    def execute(self, gate: int, operation: int) -> None:
        operands = [(self.wire[s], s) for s in self.segments[gate]]
        for wire, segment in operands:
            self.enter(wire, segment)
        host = self.choose_host(gate)
        wires = tuple(wire for wire, _ in operands)
        for wire in wires:
            is_present = host == self.root[wire] or host in self.copies[wire]
            if host < 0 or not (is_present or self.open(wire, host, wires)):
                raise ValueError("no room")
        self.write(0, operation=operation, host=host)
        self.done.add(gate)
        for wire, segment in operands:
            self.leave(wire, segment)


def plan_visits(problem: Any, home: Int64) -> tuple[Int32, int]:
    """Steps and pairs of `visits.plan_visits`."""
    steps, pairs = _Walk(problem, home.tolist()).run()
    return np.array(steps, np.int32).reshape(-1, 7), pairs


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
    random = _Random(seed)
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


def _spanning(distance: list[list[int]], members: list[int]) -> tuple[int, list[tuple[int, int]]]:
    """Weight and edges (parent, child), in order of the children, of a tree that Prim grows."""
    hanging = {node: (distance[members[0]][node], 0) for node in members[1:]}
    parent: dict[int, int] = {}
    weight = 0
    while hanging:
        nearest = min(hanging, key=lambda node: hanging[node][0])  # ties: the first of the members
        gap, up = hanging.pop(nearest)
        weight += gap
        parent[nearest] = members[up]
        place = members.index(nearest)
        for node, (known, _) in hanging.items():
            if distance[nearest][node] < known:
                hanging[node] = (distance[nearest][node], place)
    return weight, [(parent[node], node) for node in members[1:]]


def steiner_tree(trees: Any, nodes: list[int]) -> tuple[int, list[tuple[int, int]]]:
    """`steiner.steiner_tree`, with every tree grown anew."""
    return _steiner(trees.distance.tolist(), trees.may_branch.tolist(), nodes)


def _steiner(
    distance: list[list[int]], may_branch: list[bool], nodes: list[int]
) -> tuple[int, list[tuple[int, int]]]:
    members = list(nodes)
    while len(nodes) > 2:
        weight = _spanning(distance, members)[0]
        others = [n for n, may in enumerate(may_branch) if may and n not in members]
        wider = [(_spanning(distance, [*members, node])[0], node) for node in others]
        if not wider or min(wider)[0] >= weight:
            break
        members.append(min(wider)[1])
    return _spanning(distance, members)


def _assignment_price(traffic: Int64, distance: Int64, node_of: list[int]) -> int:
    pairs = combinations(range(len(node_of)), 2)
    return sum(int(traffic[a, b] * distance[node_of[a], node_of[b]]) for a, b in pairs)


def _grown_assignment(
    traffic: Int64, distance: Int64, load: list[int], capacity: list[int], first: int
) -> list[int] | None:
    node_of: dict[int, int] = {}
    parts = nodes = range(len(load))
    for _ in parts:
        rest = [a for a in parts if a not in node_of]
        part = first
        if node_of:
            part = max(rest, key=lambda a: (sum(int(traffic[a, b]) for b in node_of), -a))
        at = node_of if node_of else dict.fromkeys(nodes, 0)

        def price(node: int, part: int = part, at: dict[int, int] = at) -> int:
            if not node_of:
                return int(distance[node].sum())
            return sum(int(traffic[part, b] * distance[node, p]) for b, p in at.items())

        free = [p for p in nodes if p not in node_of.values() and load[part] <= capacity[p]]
        if not free:
            return None
        node_of[part] = min(free, key=lambda p: (price(p), p))
    return [node_of[a] for a in parts]


def assign(traffic: Int64, distance: Int64, load: Int64, capacity: Int64) -> tuple[Int64, int]:
    """`assignment.assign`, with every price counted anew."""
    sizes, rooms = load.tolist(), capacity.tolist()
    starts = [_grown_assignment(traffic, distance, sizes, rooms, a) for a in range(len(sizes))]
    best: list[int] = []
    best_price = -1
    for start in [list(range(len(sizes))), *(found for found in starts if found is not None)]:
        node_of, price = start, _assignment_price(traffic, distance, start)
        is_better = True
        while is_better:
            is_better = False
            for a in range(len(sizes)):
                for b in range(a):
                    if sizes[a] > rooms[node_of[b]] or sizes[b] > rooms[node_of[a]]:
                        continue
                    other = list(node_of)
                    other[a], other[b] = node_of[b], node_of[a]
                    if _assignment_price(traffic, distance, other) < price:
                        node_of, is_better = other, True
                        price = _assignment_price(traffic, distance, other)
        if best_price < 0 or price < best_price:
            best, best_price = node_of, price
    return np.array(best, np.int64), best_price


def _uniform(seed: int, index: int) -> float:
    """A random number in (0, 1]: number `index` of SplitMix64."""
    z = (seed + (index + 1) * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    z ^= z >> 31
    return ((z >> 11) + 1) / 2**53


def sample_runs(
    before_start: Int64,
    before: Int64,
    lag: Float64,
    constant: Float64,
    link: Int64,
    pair: Int64,
    hold: Float64,
    attempt: Float64,
    log_failure: Float64,
    channel_start: Int64,
    watch: Int64,
    watch_constant: Float64,
    watch_limit: Float64,
    owners: int,
    runs: int,
    seed: int,
) -> tuple[Float64, Int64, int]:
    """Total times, late owners and late runs; arguments as in `kernels.makespan`."""
    causes = list(zip(before.tolist(), lag.tolist(), strict=True))
    bounds = list(pairwise(before_start.tolist()))
    pairs = 1 + max(pair.tolist(), default=-1)
    watches = list(zip(watch.tolist(), watch_constant, watch_limit, strict=True))
    total, late, late_runs = np.zeros(runs), np.zeros(owners, np.int64), 0
    for shot in range(runs):
        free = [[0.0] * (b - a) for a, b in pairwise(channel_start.tolist())]
        time: list[float] = []
        for event, (first, last) in enumerate(bounds):
            now = max(
                [float(constant[event]), *(time[e] + after for e, after in causes[first:last])]
            )
            of = int(link[event])
            if of >= 0:
                uniform = _uniform(seed, shot * pairs + int(pair[event]))
                attempts = math.floor(math.log(uniform) / log_failure[of]) + 1
                channels = free[of] or [0.0]  # none: the pair has one for itself
                channel = channels.index(min(channels))
                start = max(now + float(hold[event]), channels[channel])
                now = channels[channel] = start + attempts * float(attempt[of])
            time.append(now)
        total[shot] = time[-1] if time else 0.0
        found = {o for (a, b, o), more, limit in watches if time[b] - time[a] + more > limit}
        late[sorted(found)] += 1
        late_runs += bool(found)
    return total, late, late_runs
