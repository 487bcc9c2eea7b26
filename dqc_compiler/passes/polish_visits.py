"""Improve hosts and homes where memory is short, each change priced by the walk that plans it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar, TypeGuard

import numpy as np

from dqc_compiler.costs.walks import cheapest_pricing
from dqc_compiler.ir import Network, Placement, SegmentGraph
from dqc_compiler.ir.arrays import Int64, frozen

_HOT, _COLD = 0.5, 0.1  # e-bits
# A walk takes up to a microsecond per operation. Four times as many changes gained another 10 % for
# dense phases with one comm qubit, and little or nothing for most other circuits.
_MOST_CHANGES, _WORK = 1000, 400_000


@dataclass
class _Search:
    """Homes and hosts, and what changing them back takes."""

    graph: SegmentGraph
    network: Network
    home: Int64
    host: Int64
    choose: Random
    undo: list[tuple[Int64, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        nodes = self.network.nodes
        self.qpus = [number for number, node in enumerate(nodes) if node.kind == "qpu"]
        self.data = np.array([node.data_qubits for node in nodes])
        self.gates = self.graph.gates_of_segments()
        self.sides: list[list[int]] = self.graph.gate_segments.tolist()
        self.first = self.graph.wire_segments.tolist()
        self.wire = self.graph.segment_wire.tolist()

    def put(self, table: Int64, index: int, node: int) -> None:
        """Change one entry."""
        if table[index] != node:
            self.undo.append((table, index, int(table[index])))
            table[index] = node

    def touched(self) -> list[int]:
        """Segments that spread to other nodes now."""
        found: list[int] = []
        for table, index, _ in self.undo:
            if table is self.host:
                found += self.sides[index]
            else:
                found += [index] if index == self.first[self.wire[index]] else [index - 1, index]
        return sorted(dict.fromkeys(found))

    def take_back(self) -> None:
        """Undo all changes since the last `keep`."""
        for table, index, node in reversed(self.undo):
            table[index] = node
        self.undo.clear()

    def keep(self) -> None:
        """Changes so far are not undone any more."""
        self.undo.clear()

    def fits(self) -> bool:
        """Whether every node has room for the wires that begin or end there."""
        first = self.graph.wire_segments
        return all(
            (np.bincount(self.home[ends], minlength=len(self.data)) <= self.data).all()
            for ends in (first[:-1], first[1:] - 1)
        )

    def change(self) -> None:
        """One random change."""
        gate = self.choose.randrange(self.graph.gates)
        segment, partner = self.sides[gate]
        if self.choose.random() < 0.5:
            segment, partner = partner, segment
        moves = (self._bring_back, self._send, self._rehost, self._gather, self._move)
        self.choose.choice(moves)(gate, segment, partner)

    def _partner(self, gate: int, segment: int) -> int:
        first, second = self.sides[gate]
        return second if first == segment else first

    def _bring_back(self, gate: int, segment: int, _: int) -> None:
        """No visit of the segment at the gate's host: those gates are executed at its home."""
        node = self.host[gate]
        for other in self.gates[segment]:
            if self.host[other] == node:
                self.put(self.host, other, int(self.home[segment]))

    def _send(self, _: int, segment: int, partner: int) -> None:
        """One visit of the segment serves all its gates with qubits that live there."""
        node = int(self.home[partner])
        for other in self.gates[segment]:
            if self.home[self._partner(other, segment)] == node:
                self.put(self.host, other, node)

    def _rehost(self, gate: int, segment: int, partner: int) -> None:
        """One gate elsewhere."""
        at_home = (int(self.home[segment]), int(self.home[partner]))
        node = self.choose.choice((*at_home, self.choose.choice(self.qpus)))
        self.put(self.host, gate, node)

    def _gather(self, _: int, segment: int, __: int) -> None:
        """Gates of a segment at one node, and some of those with qubits of its own home."""
        node = self.choose.choice(self.qpus)
        for other in self.gates[segment]:
            is_local = self.home[self._partner(other, segment)] == self.home[segment]
            if not is_local or self.choose.random() < 0.5:
                self.put(self.host, other, node)

    def _move(self, _: int, segment: int, partner: int) -> None:
        """A run of segments of one wire to the partner's home, with the gates at their old one."""
        node = int(self.home[partner])
        wire = self.wire[segment]
        last = self.first[wire + 1]
        end = self.choose.choice((segment + 1, min(last, segment + 4), last))
        start = self.choose.choice((segment, self.first[wire]))
        for index in range(start, end):
            before = self.home[index]
            for gate in self.gates[index]:
                if self.host[gate] == before:
                    self.put(self.host, gate, node)
            self.put(self.home, index, node)


@dataclass(frozen=True)
class PolishVisits:
    """Placement to placement, never dearer when it is planned.

    The search by presences knows memory as a price of gates at third nodes alone. Here the price is
    the number of visits that the plan makes with the comm qubits that there are, so that one walk
    through the circuit is needed for each change: simulated annealing with some hundred of them.
    """

    name: ClassVar[str] = "polish-visits"
    seed: int = 0
    effort: float = 1.0  # multiplies the work

    def run(self, placement: Placement) -> Placement:
        """The cheapest placement that was seen."""
        graph, network = placement.graph, placement.network
        if graph.gates == 0 or placement.embedded:
            return placement
        pricing, current = cheapest_pricing(placement)
        home, host = pricing.home, pricing.host
        search = _Search(graph, network, home, host, Random(self.seed))
        best = current
        kept = home.copy(), host.copy()
        changes = int(self.effort * min(_MOST_CHANGES, _WORK // len(graph.circuit)))
        for number in range(changes):
            search.change()
            found = None
            if search.undo and search.fits():
                pricing.changed(search.touched())
                found = pricing.price()
            heat = _HOT * (_COLD / _HOT) ** (number / changes)
            if not _is_accepted(found, current, heat, search.choose):
                touched = search.touched()
                search.take_back()
                pricing.changed(touched)
                continue
            search.keep()
            current = found
            if current < best:
                best, kept = current, (home.copy(), host.copy())
        return Placement(
            graph=graph,
            network=network,
            segment_home=frozen(kept[0], np.int32),
            gate_host=frozen(kept[1], np.int32),
        )


def _is_accepted(found: int | None, current: int, heat: float, choose: Random) -> TypeGuard[int]:
    """Metropolis: what is not dearer, and what is with a probability."""
    if found is None:
        return False
    return found <= current or choose.random() < math.exp((current - found) / heat)
