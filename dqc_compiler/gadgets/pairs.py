"""Halves of end-to-end pairs: of a link, swapped together by repeaters, and purified."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from dqc_compiler.gadgets.memory import NodeMemory
from dqc_compiler.gadgets.primitives import bell_basis, compare
from dqc_compiler.gadgets.tape import Row, Tape
from dqc_compiler.ir.routes import Route

_Hops = list[tuple[int, int]]
"""The cells at both sides of every link of a route."""


class PairMaker:
    """Writes how pairs come about.

    `take_comm` gives a free comm qubit of a node, for which it may have to make room.
    """

    def __init__(
        self, tape: Tape, memory: Sequence[NodeMemory], *, take_comm: Callable[[int], int]
    ) -> None:
        self.tape = tape
        self.memory = memory
        self.take_comm = take_comm
        self.pairs = 0

    def make(self, route: Route, gadget: int) -> tuple[int, int]:
        """The cells of the halves of an end-to-end pair."""
        here, there = self.take_comm(route.nodes[0]), self.take_comm(route.nodes[-1])
        hops = self._hops(route, here, there)
        self._make_pairs(route, [(hops, gadget)])
        self._release_repeaters(route, hops)
        return here, there

    def make_purified(self, route: Route, gadget: int, purify: int) -> tuple[int, int]:
        """The halves of an end-to-end pair after a round of purification, which takes another one.

        Both begin at once if every repeater has four free comm qubits, otherwise one after the
        other. Until a node knows both outcomes, and so whether all this is run again, it needs its
        qubits for nothing else: heralds hold them up.
        """
        nodes = route.nodes
        # The ends come first: copies may have to make room there.
        ends = [(self.take_comm(nodes[0]), self.take_comm(nodes[-1])) for _ in range(2)]
        is_wide = all(self.memory[node].has_free_comm(4) for node in nodes[1:-1])
        kept = self._hops(route, *ends[0])
        if not is_wide:
            self._make_pairs(route, [(kept, gadget)])
            self._release_repeaters(route, kept)
        other = self._hops(route, *ends[1])
        self._make_pairs(route, [(kept, gadget), (other, purify)] if is_wide else [(other, purify)])
        bits: list[int] = []
        for node, cell, sacrificed in zip((nodes[0], nodes[-1]), *ends, strict=True):
            self.tape.gates(node, compare(cell, sacrificed), gadget=purify)
            receivers = tuple(sorted(set(nodes) - {node}))
            bits.append(self.tape.measure(node, sacrificed, receivers, gadget=purify))
        for node, bit, cell, sacrificed in zip(
            (nodes[0], nodes[-1]), reversed(bits), *ends, strict=True
        ):
            self._wait_for_heralds(node, (bit,), (cell, sacrificed), purify)
            self.memory[node].release(sacrificed)
        for (node, cells), (_, earlier) in zip(
            self._at_repeaters(route, other), self._at_repeaters(route, kept), strict=True
        ):
            used = tuple(dict.fromkeys((*cells, *earlier)))
            self._wait_for_heralds(node, bits, used, purify)
        for hops in (kept, other) if is_wide else (other,):
            self._release_repeaters(route, hops)
        return ends[0]

    def _wait_for_heralds(
        self, node: int, bits: Sequence[int], cells: tuple[int, ...], gadget: int
    ) -> None:
        for bit in bits:
            self.tape.correct(node, "id", cells[0], bit, gadget=gadget)
        self.tape.gate(node, "barrier", *cells, gadget=gadget)

    def _hops(self, route: Route, here: int, there: int) -> _Hops:
        """The cells of a pair between two ends at both sides of every link of its route."""
        inner = route.nodes[1:-1]
        cells = [here, *(self.take_comm(node) for node in inner for _ in range(2)), there]
        return list(zip(cells[::2], cells[1::2], strict=True))

    def _at_repeaters(self, route: Route, hops: _Hops) -> Iterator[tuple[int, tuple[int, int]]]:
        """Each repeater of the route with the cells of the halves that arrive and leave there."""
        inner = route.nodes[1:-1]
        for node, (before, after) in zip(inner, pairwise(hops), strict=True):
            yield node, (before[1], after[0])

    def _release_repeaters(self, route: Route, hops: _Hops) -> None:
        for node, cells in self._at_repeaters(route, hops):
            for cell in cells:
                self.memory[node].release(cell)

    def _make_pairs(self, route: Route, pairs: Sequence[tuple[_Hops, int]]) -> None:
        """End-to-end pairs, each for its gadget: of a link, or swapped together by repeaters.

        All links begin at once and all repeaters measure at once; the far end, which waits for the
        bits anyway before it is used, takes all corrections.
        """
        ends = [
            (nodes, halves, link, gadget)
            for hops, gadget in pairs
            for nodes, halves, link in zip(pairwise(route.nodes), hops, route.links, strict=True)
        ]
        for nodes, halves, _, gadget in ends:
            for node, cell in zip(nodes, halves, strict=True):
                self.tape.gate(node, "reset", cell, gadget=gadget)
        for nodes, halves, link, gadget in ends:
            for node, cell in zip(nodes, halves, strict=True):
                self.tape.rows.append(
                    Row(node, "dqc_epr", (cell,), link=link, pair=self.pairs, gadget=gadget)
                )
            self.pairs += 1
        for hops, gadget in pairs:
            bits = [
                self._swap(repeater, *cells, route.nodes[-1], gadget)
                for repeater, cells in self._at_repeaters(route, hops)
            ]
            for x_bit, z_bit in bits:
                self.tape.correct(route.nodes[-1], "x", hops[-1][1], x_bit, gadget=gadget)
                self.tape.correct(route.nodes[-1], "z", hops[-1][1], z_bit, gadget=gadget)

    def _swap(
        self, repeater: int, arriving: int, leaving: int, target: int, gadget: int
    ) -> tuple[int, int]:
        """A Bell measurement of two halves; the bits of the X and Z that the far end owes."""
        self.tape.gates(repeater, bell_basis(arriving, leaving), gadget=gadget)
        # The far end joins first: if the sender has closed its root already, the arriving half is
        # the only one that holds the qubit, and must not go before there is another.
        x_bit = self.tape.measure(repeater, leaving, (target,), gadget=gadget)
        z_bit = self.tape.measure(repeater, arriving, (target,), gadget=gadget)
        return x_bit, z_bit
