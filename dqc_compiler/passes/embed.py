"""Embed segments where that saves pairs: copies then survive a change of axis and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import exp
from random import Random
from typing import ClassVar

import numpy as np

from dqc_compiler.costs.embedding import Gap, find_gaps
from dqc_compiler.ir import Placement
from dqc_compiler.ir.arrays import frozen

_MOST_WORK = 250_000  # gates looked at, 0.3 s; ten times as many gained a pair in a hundred
_WORK_PER_GAP = 10_000
_HOT, _COLD = 0.35, 0.05


class _State:
    """Hosts and embedded segments that change, and what they cost."""

    def __init__(self, placement: Placement, gaps: Sequence[Gap]) -> None:
        graph = placement.graph
        self.gaps = gaps
        self.home: list[int] = placement.segment_home.tolist()
        self.host: list[int] = placement.gate_host.tolist()
        self.pairs: list[tuple[int, int]] = [(s, t) for s, t in graph.gate_segments.tolist()]
        self.wire: list[int] = [*graph.segment_wire.tolist(), -1]
        self.gates: list[list[int]] = [[] for _ in self.home]
        self.hosted: list[Counter[int]] = [Counter() for _ in self.home]
        for gate, pair in enumerate(self.pairs):
            for segment in pair:
                self.gates[segment].append(gate)
                self.hosted[segment][self.host[gate]] += 1
        self.embedded = bytearray(len(self.home))
        self.chosen = bytearray(len(gaps))
        self.work = 0
        for segment in placement.embedded:
            self.embedded[segment] = 1
        for index, gap in enumerate(gaps):
            self.chosen[index] = all(self.embedded[s] for s in gap.segments) and not (
                self.embedded[gap.before] or self.embedded[gap.behind]
            )

    def partner(self, gate: int, segment: int) -> int:
        first, second = self.pairs[gate]
        return second if first == segment else first

    def move(self, gate: int, host: int) -> None:
        for segment in self.pairs[gate]:
            counts = self.hosted[segment]
            counts[self.host[gate]] -= 1
            if not counts[self.host[gate]]:
                del counts[self.host[gate]]
            counts[host] += 1
        self.host[gate] = host

    # -- the price ------------------------------------------------------------------------------

    def region(self, segments: Iterable[int]) -> set[int]:
        """Segments whose price, alone or together, depends on the hosts of the given ones."""
        found = set(segments)
        for segment in list(found):
            for gate in self.gates[segment]:
                found.add(self.partner(gate, segment))
            self.work += len(self.gates[segment])
        return found

    def price(self, region: set[int]) -> int:
        """What the region contributes to `costs.ebits.pairs`."""
        total, heads = 0, set()
        for segment in region:
            home = self.home[segment]
            nodes = set(self.hosted[segment])
            if self.wire[segment + 1] == self.wire[segment]:
                nodes.add(self.home[segment + 1])
            total += len(nodes) - (home in nodes)
            head = self.head(segment)
            if self.embedded[head + 1 : head + 2] == b"\1":
                heads.add(head)
        return total - sum(self.joins(head) for head in heads)

    def head(self, segment: int) -> int:
        """The first segment of the chain that a segment is in or embedded in."""
        while self.embedded[segment] or (
            segment and self.embedded[segment - 1] and self.wire[segment - 1] == self.wire[segment]
        ):
            segment -= 1
        return segment

    def joins(self, head: int) -> int:
        """Pairs that the chain behind a segment saves."""
        home, saved = self.home[head], 0
        alive = set(self.hosted[head])
        segment = head + 1
        while True:
            while self.embedded[segment]:
                for gate in self.gates[segment]:
                    other = self.partner(gate, segment)
                    alive = {n for n in alive if n in self.hosted[other] or n == self.home[other]}
                self.work += len(self.gates[segment])
                segment += 1
            here = set(self.hosted[segment])
            saved += len((alive & here) - {home})
            alive |= here
            if not (segment + 1 < len(self.home) and self.embedded[segment + 1]):
                return saved
            segment += 1

    # -- changes --------------------------------------------------------------------------------

    def can_choose(self, index: int) -> bool:
        """Whether a gap keeps clear of all that are chosen."""
        gap = self.gaps[index]
        if self.embedded[gap.before] or self.embedded[gap.behind]:
            return False
        for segment in gap.segments:
            if self.embedded[segment] or self.is_between(segment):
                return False
            if any(self.embedded[self.partner(gate, segment)] for gate in self.gates[segment]):
                return False
        return True

    def is_between(self, segment: int) -> bool:
        """Whether a segment is next to an embedded one, so that copies live on into it."""
        return bool(self.embedded[segment - 1] or self.embedded[segment + 1])

    def choose(self, index: int) -> None:
        gap = self.gaps[index]
        self.chosen[index] = 1
        for segment in gap.segments:
            self.embedded[segment] = 1
            for gate in self.gates[segment]:
                if self.host[gate] != self.home[segment]:
                    self.move(gate, self.home[segment])

    def unchoose(self, index: int) -> None:
        self.chosen[index] = 0
        for segment in self.gaps[index].segments:
            self.embedded[segment] = 0

    def is_free(self, gate: int) -> bool:
        return not any(self.embedded[segment] for segment in self.pairs[gate])


class _Search:
    """Annealing over gaps and hosts, from the given placement."""

    def __init__(self, placement: Placement, gaps: Sequence[Gap], seed: int) -> None:
        self.state = _State(placement, gaps)
        self.random = Random(seed)
        self.gap_of: dict[int, list[int]] = {}
        for index, gap in enumerate(gaps):
            for segment in range(gap.before, gap.behind + 1):
                self.gap_of.setdefault(segment, []).append(index)

    def run(self, work: int) -> tuple[list[int], tuple[int, ...]]:
        """Hosts and embedded segments of the cheapest state that was seen."""
        state = self.state
        change, best = 0, 0
        found = self.snapshot()
        while state.work < work:
            heat = _HOT * (_COLD / _HOT) ** (state.work / work)
            change += self.step(heat)
            if change < best:
                best, found = change, self.snapshot()
        return found

    def snapshot(self) -> tuple[list[int], tuple[int, ...]]:
        embedded = tuple(s for s, chosen in enumerate(self.state.embedded) if chosen)
        return list(self.state.host), embedded

    def step(self, heat: float) -> int:
        """One change, kept or undone; returns what it changed in the price."""
        self.state.work += 10
        index = self.random.randrange(len(self.state.gaps))
        if self.random.random() < 0.5:
            return self.toggle(index, heat)
        return self.rehost(index, heat)

    def toggle(self, index: int, heat: float) -> int:
        state, gap = self.state, self.state.gaps[index]
        if state.chosen[index]:
            changed = {gap.before, gap.behind, *gap.segments}
            region = state.region(changed)
            before = state.price(region)
            state.unchoose(index)
            return self.judge(before, region, heat, [], index)
        if not state.can_choose(index):
            return 0
        gates = [g for s in gap.segments for g in state.gates[s]]
        old = [(g, state.host[g]) for g in gates]
        changed = {gap.before, gap.behind, *(s for g in gates for s in state.pairs[g])}
        region = state.region(changed)
        before = state.price(region)
        state.choose(index)
        return self.judge(before, region, heat, old, index)

    def rehost(self, index: int, heat: float) -> int:
        """Take the gates of a segment near a gap, or those with one partner, to another node."""
        state, gap = self.state, self.state.gaps[index]
        segment = self.random.randint(gap.before, gap.behind)
        gates = [g for g in state.gates[segment] if state.is_free(g)]
        if not gates:
            return 0
        gate = self.random.choice(gates)
        other = state.partner(gate, segment)
        nodes = {*state.hosted[other], *state.hosted[segment]}
        nodes |= {state.home[segment], state.home[other]}
        nodes.discard(state.host[gate])
        if not nodes:
            return 0
        node = self.random.choice(sorted(nodes))
        taken = [g for g in gates if state.host[g] == state.host[gate]]
        if self.random.random() < 0.5:
            taken = [g for g in taken if state.partner(g, segment) == other]
        old = [(g, state.host[g]) for g in taken]
        region = state.region({segment, *(state.partner(g, segment) for g in taken)})
        before = state.price(region)
        for g in taken:
            state.move(g, node)
        return self.judge(before, region, heat, old, None)

    def judge(
        self,
        before: int,
        region: set[int],
        heat: float,
        old: list[tuple[int, int]],
        gap: int | None,
    ) -> int:
        state = self.state
        change = state.price(region) - before
        if change <= 0 or self.random.random() < exp(-change / heat):
            return change
        if gap is not None:
            (state.unchoose if state.chosen[gap] else state.choose)(gap)
        for gate, host in old:
            if state.host[gate] != host:
                state.move(gate, host)
        return 0


def _needed(placement: Placement, gaps: Sequence[Gap]) -> tuple[int, ...]:
    """The embedded segments without those that save nothing."""
    state = _State(placement, gaps)
    for index, gap in enumerate(gaps):
        if not state.chosen[index]:
            continue
        region = state.region({gap.before, gap.behind, *gap.segments})
        before = state.price(region)
        state.unchoose(index)
        if state.price(region) > before:
            state.choose(index)
    return tuple(s for s, chosen in enumerate(state.embedded) if chosen)


def _promising(placement: Placement) -> list[Gap]:
    """Gaps at one home, with partners at one other node before and behind them."""
    graph, home = placement.graph, placement.segment_home
    partners: list[set[int]] = [set() for _ in range(graph.segments)]
    for pair, host in zip(graph.gate_segments.tolist(), placement.gate_host.tolist(), strict=True):
        for segment, other in (pair, reversed(pair)):
            partners[segment] |= {host, int(home[other])}
    return [
        gap
        for gap in find_gaps(graph)
        if (home[gap.before : gap.behind + 1] == home[gap.before]).all()
        and (partners[gap.before] & partners[gap.behind]) - {int(home[gap.before])}
    ]


@dataclass(frozen=True)
class Embed:
    """Placement to placement with embedded segments, never dearer for unlimited comm qubits.

    Homes stay. Gaps are chosen (`costs.embedding.find_gaps`) at which a wire keeps its home, no two
    that overlap on a wire and none that share a gate, and hosts change with them: annealing, judged
    by what `costs.ebits.pairs` counts.
    """

    name: ClassVar[str] = "embed"
    seed: int = 0
    effort: float = 1.0  # multiplies the work

    def run(self, placement: Placement) -> Placement:
        """The cheapest placement seen; the given one if that saves nothing."""
        gaps = _promising(placement)
        if not gaps:
            return placement
        work = int(self.effort * min(_MOST_WORK, _WORK_PER_GAP * len(gaps)))
        host, embedded = _Search(placement, gaps, self.seed).run(work)
        if host == placement.gate_host.tolist() and embedded == placement.embedded:
            return placement
        found = replace(placement, gate_host=frozen(host, np.int32), embedded=embedded)
        return replace(found, embedded=_needed(found, gaps))
