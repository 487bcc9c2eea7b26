"""One random run of a distributed program at a time, event by event, as the bundle's page defines.

Every node executes its own statements: a statement begins when it is the next one on each of its
qubits and every bit that it reads has arrived. A pair begins when that holds at both its ends, it
has been held for its time, and it has a channel; the channels of a link are given to its pairs in
the order of their planned starts, also to a pair that cannot begin yet. It ends after the first
attempt that succeeds.
"""

from __future__ import annotations

import heapq
import random
from collections import defaultdict, deque
from collections.abc import Callable
from typing import NamedTuple

from dqc_compiler.ir import Network, Schedule, Statement

Cell = tuple[int, int]
PairKey = tuple[int, int]


class Run(NamedTuple):
    """What happened: the total time in ns, and the pairs that were too old when a half was used."""

    total: float
    old_pairs: set[PairKey]


def lasting(network: Network, row: Statement) -> float:
    node = network.nodes[row.node]
    if row.name == "barrier":
        return 0.0
    if row.name == "delay":
        return row.parameters[0]
    if row.name == "measure":
        return node.measure_ns
    if row.name == "reset":
        return node.measure_ns + node.gate_1q_ns
    if row.name == "swap":
        return 3 * node.gate_2q_ns
    return node.gate_2q_ns if len(row.qubits) == 2 else node.gate_1q_ns


class SlowRun:
    """The state of the whole network during one run."""

    def __init__(self, schedule: Schedule, seed: int) -> None:
        self.network = schedule.program.network
        self.latency = self.network.latencies_ns()
        self.rows = list(schedule.program.statements())
        self.chance = random.Random(seed)
        self.line: dict[Cell, deque[int]] = defaultdict(deque)  # statements to come on each qubit
        for index, row in enumerate(self.rows):
            for qubit in row.qubits:
                self.line[row.node, qubit].append(index)
        self.missing = {
            index: {(row.node, register, bit) for register, bit, _ in row.condition}
            for index, row in enumerate(self.rows)
        }
        self.readers: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        for index, bits in self.missing.items():
            for bit in bits:
                self.readers[bit].append(index)
        self.ends: dict[PairKey, list[int]] = defaultdict(list)
        for index, row in enumerate(self.rows):
            if row.name == "dqc_epr":
                self.ends[row.link, row.pair].append(index)
        starts = schedule.start_ns.tolist()
        self.turn: dict[int, deque[PairKey]] = defaultdict(deque)
        for key in sorted(self.ends, key=lambda key: starts[self.ends[key][0]]):
            self.turn[key[0]].append(key)
        numbers = {self.rows[a].pair: i for i, (a, _) in enumerate(schedule.pair_statements)}
        self.hold = {key: float(schedule.pair_hold_ns[numbers[key[1]]]) for key in self.ends}
        self.channels = [link.channels for link in self.network.links]
        self.has_channel: set[PairKey] = set()
        self.is_free: set[PairKey] = set()  # both ends are next on their qubits, and held
        self.waits: set[int] = set(range(len(self.rows)))
        self.fresh: dict[Cell, tuple[PairKey, float]] = {}
        self.old: set[PairKey] = set()
        self.events: list[tuple[float, int, Callable[[float], None]]] = []
        self.count = 0

    def at(self, time: float, what: Callable[[float], None]) -> None:
        self.count += 1
        heapq.heappush(self.events, (time, self.count, what))

    def run(self) -> Run:
        total = 0.0
        for link in range(len(self.channels)):
            self.give_channels(link, 0.0)
        for index in sorted(self.waits):
            self.try_to_begin(index, 0.0)
        while self.events:
            time, _, what = heapq.heappop(self.events)
            total = max(total, time)
            what(time)
        assert not self.waits, "nothing happens any more"
        return Run(total, self.old)

    def is_next(self, index: int) -> bool:
        row = self.rows[index]
        return not self.missing[index] and all(
            self.line[row.node, qubit][0] == index for qubit in row.qubits
        )

    def try_to_begin(self, index: int, now: float) -> None:
        if index not in self.waits or not self.is_next(index):
            return
        row = self.rows[index]
        if row.name != "dqc_epr":
            self.waits.discard(index)
            self.use(row, now)
            self.at(now + lasting(self.network, row), lambda time: self.end(index, time))
            return
        key = (row.link, row.pair)
        if all(self.is_next(end) for end in self.ends[key]):
            self.waits -= set(self.ends[key])
            self.at(now + self.hold[key], lambda time: self.released(key, time))

    def released(self, key: PairKey, now: float) -> None:
        self.is_free.add(key)
        self.generate(key, now)

    def give_channels(self, link: int, now: float) -> None:
        while self.channels[link] and self.turn[link]:
            self.channels[link] -= 1
            key = self.turn[link].popleft()
            self.has_channel.add(key)
            self.generate(key, now)

    def generate(self, key: PairKey, now: float) -> None:
        if key in self.is_free and key in self.has_channel:
            link = self.network.links[key[0]]
            attempts = 1
            while self.chance.random() >= link.success_probability:
                attempts += 1
            self.at(now + attempts * link.attempt_ns, lambda time: self.generated(key, time))

    def generated(self, key: PairKey, now: float) -> None:
        self.channels[key[0]] += 1
        self.give_channels(key[0], now)
        for index in self.ends[key]:
            row = self.rows[index]
            self.fresh[row.node, row.qubits[0]] = (key, now)
        for index in self.ends[key]:
            self.end(index, now)

    def use(self, row: Statement, now: float) -> None:
        cells = [(row.node, qubit) for qubit in row.qubits]
        if row.name == "swap":
            held = [self.fresh.pop(cell, None) for cell in cells]
            for cell, half in zip(reversed(cells), held, strict=True):
                if half is not None:
                    self.fresh[cell] = half
        elif row.condition or len(cells) == 2 or row.name in ("measure", "reset"):
            for key, since in [self.fresh.pop(c) for c in cells if c in self.fresh]:
                cutoff = self.network.links[key[0]].cutoff_us
                if cutoff is not None and now - since > 1000 * cutoff + 1e-3:
                    self.old.add(key)

    def end(self, index: int, now: float) -> None:
        row = self.rows[index]
        for qubit in row.qubits:
            assert self.line[row.node, qubit].popleft() == index
        if row.writes is not None:
            for reader in range(len(self.network.nodes)):
                bit = (reader, *row.writes)
                if bit in self.readers:
                    late = now + self.latency[row.node][reader]
                    self.at(late, lambda time, bit=bit: self.arrived(bit, time))
        for qubit in row.qubits:
            if self.line[row.node, qubit]:
                following = self.line[row.node, qubit][0]
                self.try_to_begin(following, now)

    def arrived(self, bit: tuple[int, int, int], now: float) -> None:
        for index in self.readers[bit]:
            self.missing[index].discard(bit)
            self.try_to_begin(index, now)


def slow_run(schedule: Schedule, seed: int) -> Run:
    """One run with its own random numbers."""
    return SlowRun(schedule, seed).run()
