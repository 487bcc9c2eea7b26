"""Plain twin of `kernels.presence`."""

from __future__ import annotations

import copy
import math
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from dqc_compiler.kernels.reference.random import Random
from dqc_compiler.kernels.reference.steiner import steiner

Int64 = npt.NDArray[np.int64]


class _Prices:
    """What it weighs to join nodes, remembered."""

    def __init__(self, distance: Int64, may_branch: Any) -> None:
        self.distance: list[list[int]] = distance.tolist()
        self.may_branch: list[bool] = may_branch.tolist()
        self.known: dict[frozenset[int], int] = {}

    def price(self, nodes: set[int]) -> int:
        key = frozenset(nodes)
        if key not in self.known:
            tree = steiner(self.distance, self.may_branch, sorted(nodes))
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
        random: Random,
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
    random = Random(seed)
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
