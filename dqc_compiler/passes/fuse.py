"""Make one two-qubit gate of two: resynthesis that saves pairs."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import pi
from typing import ClassVar

from dqc_compiler.gadgets.fusing import fuse_gates, merge_run
from dqc_compiler.gadgets.fusing_forms import Sides
from dqc_compiler.gadgets.spelling import is_about
from dqc_compiler.gadgets.stretches import Stretch, Stretches, commutes
from dqc_compiler.gadgets.unfolding import unfold
from dqc_compiler.gadgets.unitaries import product_of
from dqc_compiler.gadgets.wires import END, Wires
from dqc_compiler.ir import Circuit, Operation
from dqc_compiler.ir.angles import wrapped
from dqc_compiler.ir.rewriting import Rewrite, Rewriting

_LONGEST_RUN = 8
"""How many neighbours a new gate may absorb on each side; more would be slow on long runs."""

_SWAP = (Operation("swap", (0, 1)),)


class _Fuser:
    """The circuit, its stretches, and a list of those at which something may have changed."""

    def __init__(self, circuit: Circuit) -> None:
        self.wires = Wires(circuit)
        self.stretches = Stretches(self.wires)
        self.waiting: deque[Stretch] = deque()
        self.steps: list[Rewrite] = []
        self.phase = circuit.global_phase

    def run(self) -> Rewriting:
        self.find_swaps()
        for gate, stretches in list(self.stretches.of.items()):
            first, second = stretches.values()
            self.wait(first, second)
            self.add_edge(first, second, gate)
        while self.waiting:
            stretch = self.waiting.popleft()
            stretch.is_waiting = False
            if stretch.edges and self.improve(stretch):
                self.wait(stretch)
        return self.result()

    def improve(self, stretch: Stretch) -> bool:
        """Apply the first rule that can be applied at a stretch."""
        return (
            self.unite(stretch)
            or self.fuse_only_gate(stretch)
            or self.unfold(stretch, forwards=True)
            or self.unfold(stretch, forwards=False)
        )

    def result(self) -> Rewriting:
        original = self.wires.circuit
        phase = wrapped(self.phase, 2 * pi) if self.steps else self.phase
        circuit = self.wires.rewritten(global_phase=phase)
        return Rewriting(original=original, circuit=circuit, steps=tuple(self.steps))

    def find_swaps(self) -> None:
        """Write three `cx` as the `swap` that they are, before other rules change them."""
        for gate in self.stretches.of:
            triple = self.swap_at(gate)
            if triple is None or not self.has_free_end(triple):
                continue
            for other in triple[1:]:
                self.wires.unlink(other)
            qubits = self.wires.rows[gate].qubits
            self.exchange("swap", triple, gate, (_SWAP, 0.0), qubits, unlinked=triple)
        if self.steps:
            self.stretches = Stretches(self.wires)

    def swap_at(self, gate: int) -> tuple[int, int, int] | None:
        """A gate and the next two, if they are `cx` in turns and nothing is between them."""
        rows, after = self.wires.rows, self.wires.after
        a, b = rows[gate].qubits
        found = [gate]
        for qubits in ((a, b), (b, a), (a, b)):
            row = rows[found[-1]]
            if row.name != "cx" or row.condition or row.qubits != qubits:
                return None
            following = after[found[-1]]
            found.append(following[a])
            if len(found) < 4 and (following[a] != following[b] or following[a] == END):
                return None
        return (found[0], found[1], found[2]) if self.wires.is_there(gate) else None

    def has_free_end(self, gates: Sequence[int]) -> bool:
        """Whether one of the four segments in which a swap begins or ends has no other gate."""
        first, last = gates[0], gates[-1]
        return any(
            not self.stretches.is_same_segment(gate, q, forwards=forwards)
            for gate, forwards in ((first, False), (last, True))
            for q in self.wires.rows[first].qubits
        )

    def wait(self, *stretches: Stretch | None) -> None:
        for stretch in stretches:
            if stretch is not None and not stretch.is_waiting:
                stretch.is_waiting = True
                self.waiting.append(stretch)

    def wait_around(self, *stretches: Stretch) -> None:
        for stretch in stretches:
            self.wait(stretch, stretch.previous, stretch.next)

    def add_edge(self, first: Stretch, second: Stretch, gate: int) -> None:
        """Enter a gate; two gates of the same two stretches become one."""
        earlier = first.edges.get(second)
        if earlier is None:
            first.edges[second] = second.edges[first] = gate
            return
        self.drop_edge(first, second)
        # The new gate has its qubits in the order of the earlier one.
        own, other = (self.stretches.of[earlier][q] for q in self.wires.rows[earlier].qubits)
        self.replace(own, other, (earlier, gate), earlier)

    def drop_edge(self, first: Stretch, second: Stretch) -> None:
        del first.edges[second], second.edges[first]

    # Rules

    def unite(self, stretch: Stretch) -> bool:
        """Join a stretch and the next one if all that lies between commutes with both."""
        other = stretch.next
        if other is None or other.letter != stretch.letter:
            return False
        between = self.wires.run_beside(stretch.last, stretch.qubit, forwards=True)
        rows = [self.wires.rows[index] for index in between]
        if not all(commutes(row, stretch.letter) for row in rows):
            if not is_about(product_of(rows), stretch.letter):
                return False
            found = merge_run(self.wires.on(between, (stretch.qubit,)))
            if found is None:
                return False
            self.exchange("merge", between, between[0], found, (stretch.qubit,))
        self.join(stretch, other)
        return True

    def join(self, stretch: Stretch, other: Stretch) -> None:
        """Make one stretch of two; the work is that for the smaller one."""
        kept, lost = (
            (stretch, other) if len(stretch.edges) >= len(other.edges) else (other, stretch)
        )
        first, last = stretch.first, other.last
        self.stretches.forget(lost)
        kept.first, kept.last = first, last
        moved = list(lost.edges.items())
        for partner, gate in moved:
            self.drop_edge(lost, partner)
            self.stretches.of[gate][kept.qubit] = kept
            self.add_edge(kept, partner, gate)
            self.wait_around(partner)
        self.wait_around(kept)

    def fuse_only_gate(self, stretch: Stretch) -> bool:
        """Fuse the only gate of a stretch with a gate of a neighbour that has the same partner."""
        if len(stretch.edges) != 1:
            return False
        ((partner, gate),) = stretch.edges.items()
        for forwards, other in stretch.beside:
            if other is None or partner not in other.edges:
                continue
            if not self.may_fuse(stretch, forwards=forwards):
                continue
            fellow = other.edges[partner]
            between = self.wires.run_beside(gate, stretch.qubit, forwards=forwards)
            gates = (gate, *between, fellow) if forwards else (fellow, *between[::-1], gate)
            qubits = partner.qubit, stretch.qubit
            if fuse_gates(partner.letter, self.wires.on(gates, qubits), Sides()) is None:
                continue
            self.drop_edge(stretch, partner)
            self.drop_edge(other, partner)
            self.replace(partner, stretch, gates, gate)
            return True
        return False

    def may_fuse(self, stretch: Stretch, *, forwards: bool) -> bool:
        """Whether the gate of a stretch may be fused with one of the stretch next to it.

        If the two are one segment, always. Otherwise the gate has to be the only one of its whole
        segment: see `Fuse`.
        """
        if len(stretch.edges) != 1:
            return False
        gate, qubit = stretch.first, stretch.qubit
        return self.stretches.is_same_segment(
            gate, qubit, forwards=forwards
        ) or not self.stretches.is_same_segment(gate, qubit, forwards=not forwards)

    def unfold(self, stretch: Stretch, *, forwards: bool) -> bool:
        """Write the only gate of a neighbour about the axis of this stretch, so that it joins."""
        lost = stretch.next if forwards else stretch.previous
        if lost is None or lost.first != lost.last:
            return False
        qubit, gate = stretch.qubit, lost.first
        if not self.stretches.is_same_segment(gate, qubit, forwards=not forwards):
            return False
        ((partner, _),) = lost.edges.items()
        before = self.wires.run_beside(gate, qubit, forwards=False)[::-1]
        after = self.wires.run_beside(gate, qubit, forwards=True)
        if not (before if forwards else after):
            return False  # nothing to move: the two are going to unite
        qubits = (qubit, partner.qubit)
        runs = [self.wires.on(run, qubits) for run in (before, (gate,), after)]
        found = unfold(stretch.letter, runs[0], runs[1][0], runs[2], forwards=forwards)
        if found is None:
            return False
        saved = len(before) + len(after) + 1 - len(found.outputs)
        # One gate more, or one that does not commute, is accepted where a two-qubit gate goes.
        if (saved < 0 or not found.is_commuting) and not self.would_fuse(stretch, partner):
            return False
        if saved < -1:
            return False
        self.drop_edge(lost, partner)
        self.stretches.forget(lost)
        inputs = (*before, gate, *after)
        new = self.exchange("unfold", inputs, gate, (found.outputs, found.phase), qubits)
        del self.stretches.of[gate]
        if forwards:
            stretch.last = new
        else:
            stretch.first = new
        for end in (stretch, partner):
            self.stretches.succeed(end, gate, new)
        self.add_edge(stretch, partner, new)
        self.wait_around(stretch, partner)
        return True

    def would_fuse(self, stretch: Stretch, partner: Stretch) -> bool:
        """Whether a gate of `partner` will be fused as soon as it belongs to `stretch`."""
        return partner in stretch.edges or any(
            other is not None
            and other in stretch.edges
            and (
                self.may_fuse(partner, forwards=forwards)
                or self.may_fuse(other, forwards=not forwards)
            )
            for forwards, other in partner.beside
        )

    # Exchanging operations

    def replace(self, own: Stretch, other: Stretch, gates: Sequence[int], place: int) -> None:
        """Put one gate or none for two of `own`, with the one-qubit gates between on `other`."""
        wires, qubits = self.wires, (own.qubit, other.qubit)
        for gate in (gates[0], gates[-1]):
            if gate != place:
                self.wait(*self.stretches.leave(gate))
        for gate in gates:
            if gate != place:
                wires.unlink(gate)
        before, after = (
            [wires.run_beside(place, q, forwards=forwards, most=_LONGEST_RUN) for q in qubits]
            for forwards in (False, True)
        )
        before = [run[::-1] for run in before]
        fusion = fuse_gates(
            own.letter,
            wires.on(gates, qubits),
            Sides(
                (wires.on(before[0], qubits), wires.on(before[1], qubits)),
                (wires.on(after[0], qubits), wires.on(after[1], qubits)),
            ),
        )
        assert fusion is not None  # it was not without the one-qubit gates beside
        inputs = [i for run, n in zip(before, fusion.before, strict=True) for i in _last(run, n)]
        inputs += gates
        inputs += [i for run, n in zip(after, fusion.after, strict=True) for i in run[:n]]
        if fusion.letter is None:
            self.wait(*self.stretches.leave(place))
        found = fusion.outputs, fusion.phase
        new = self.exchange("fuse", inputs, place, found, qubits, unlinked=gates)
        if fusion.letter is not None:
            del self.stretches.of[place]
            other.letter = fusion.letter
            for stretch in (own, other):
                self.stretches.succeed(stretch, place, new)
            own.edges[other] = other.edges[own] = new
        self.wait_around(own, other)

    def exchange(
        self,
        rule: str,
        inputs: Sequence[int],
        place: int,
        found: tuple[Sequence[Operation], float],
        qubits: Sequence[int],
        *,
        unlinked: Sequence[int] = (),
    ) -> int:
        """Put operations, and a phase, for others; returns the two-qubit gate among them, or END.

        `found` has its qubits numbered by `qubits`; some inputs may be unlinked already.
        """
        rows, phase = found
        line = max(self.wires.rows[index].line for index in inputs)
        outputs = tuple(
            [
                Operation(
                    row.name, tuple([qubits[q] for q in row.qubits]), row.parameters, line=line
                )
                for row in rows
            ]
        )
        for index in inputs:
            if index != place and index not in unlinked:
                self.wires.unlink(index)
        new = self.wires.put(place, outputs)
        self.steps.append(Rewrite(rule, tuple(inputs), place, outputs))
        self.phase += phase
        return next((i for i in new if len(self.wires.rows[i].qubits) == 2), END)


def _last(run: Sequence[int], count: int) -> Sequence[int]:
    return run[len(run) - count :]


@dataclass(frozen=True)
class Fuse:
    """Circuit to rewriting: fewer two-qubit gates, and never a worse price for that.

    Two gates of the qubits c and t that act by one Pauli P on c, with only one-qubit gates between
    them on t, turn t by U+ or U- where P is +1 or -1: together they are one gate and rotations. So
    are two gates with others between that commute with the one or the other. On c that means one
    segment; on t one segment (angles add up) or two that follow each other.

    In the latter case the new gate is about a third axis on t. It takes the place of the segment of
    one of the two gates, and that segment must have no other gate. Then every choice of homes and
    hosts for the old circuit is one for the new circuit, with the same homes and the same host for
    the new gate, at no higher price: no segment has gained a host, and segments that become one
    share their hosts. If both segments had other gates, there would be three segments instead of
    two, and t would have to move with the copy that served the two old gates to serve the new one
    at the same price, for which there may be no room.

    Two more rules prepare this. One-qubit gates between two gates of a stretch that together
    commute with them are merged; and a gate among one-qubit gates is written about the axis of its
    segment, `h x h` as `z`, if that takes no more gates or lets it be fused.

    Before all that, three `cx` that make a `swap`, which is a relabelling, become one. Both qubits
    need a common node with their successors then; what the middle gate cost pays for that, if one
    of the four segments around has no gate but the first or third `cx`.

    Barriers, delays, swaps, measurements, resets and conditional gates stay where they are, and
    nothing is fused across them on their qubits. Every step removes a two-qubit gate or a stretch,
    so the work is about linear in the number of gates.
    """

    name: ClassVar[str] = "fuse"

    def run(self, circuit: Circuit) -> Rewriting:
        """Fuse until nothing is left to do; the global phase is kept."""
        return _Fuser(circuit).run()
