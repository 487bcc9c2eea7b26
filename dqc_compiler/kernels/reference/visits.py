"""Plain twin of `kernels.visits`."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


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
