"""Change the trees of ladders, by steps on at most three qubits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from dqc_compiler.gadgets.ladders import Ladder
from dqc_compiler.gadgets.wires import Wires
from dqc_compiler.ir import Operation
from dqc_compiler.ir.rewriting import Rewrite, Rewriting


def _cx(control: int, target: int, line: int) -> Operation:
    return Operation("cx", (control, target), line=line)


class Regrouper:
    """A circuit whose ladders are being changed, and the record of that.

    Three moves reach every tree. All rest on a + (b + c) = (a + b) + c:

    - **lift** hangs a qubit one higher, **lower** one lower: `cx a,b; cx b,c` is
      `cx b,c; cx a,c; cx a,b`, and the last one cancels with the same one of the other side;
    - **flip** makes a child of the root the root: `cx a,b; rz b; cx a,b` is `cx b,a; rz a; cx b,a`.
    """

    def __init__(self, wires: Wires) -> None:
        self.wires = wires
        self.steps: list[Rewrite] = []
        # The program order: outputs share the label of their place, and go on from there.
        self._labels: list[tuple[int, ...]] = [(index,) for index in range(len(wires.rows))]

    def result(self) -> Rewriting:
        """What has become of the circuit."""
        original = self.wires.circuit
        circuit = self.wires.rewritten(global_phase=original.global_phase)
        return Rewriting(original=original, circuit=circuit, steps=tuple(self.steps))

    def shape(self, ladder: Ladder, root: int, parent: Mapping[int, int]) -> None:
        """Give a ladder another tree on the same qubits.

        What is not where it belongs is lifted up to the root, from the top down, and lowered again
        from there, from the bottom up. So every branch that may stay together moves as one.
        """
        path = [ladder.root]
        while path[-1] != root:
            path.append(parent[path[-1]])
        # The same tree with the old root; then the root is passed on along the path.
        wanted = {**parent, **{b: a for a, b in pairwise(path)}}
        wanted.pop(ladder.root, None)
        for qubit in sorted(wanted, key=ladder.depth):
            while ladder.parent[qubit] not in (ladder.root, wanted[qubit]):
                self.lift(ladder, qubit)
        for qubit in sorted(wanted, key=lambda q: -_depth(wanted, q)):
            while ladder.parent[qubit] != wanted[qubit]:
                sibling = wanted[qubit]
                while ladder.parent[sibling] != ladder.parent[qubit]:
                    sibling = ladder.parent[sibling]
                self.lower(ladder, qubit, sibling)
        for qubit in path[1:]:
            self.flip(ladder, qubit)

    def lift(self, ladder: Ladder, a: int) -> None:
        """Add a qubit to the parent of its parent, instead of to its parent."""
        b = ladder.parent[a]
        c = ladder.parent[b]
        line = self.wires.rows[ladder.before[a]].line
        rows = [_cx(b, c, line), _cx(a, c, line), _cx(a, b, line)]
        before, after = ladder.before, ladder.after
        before[b], before[a], inner = self.exchange("lift", (before[a], before[b]), before[b], rows)
        other, after[a], after[b] = self.exchange(
            "lift", (after[b], after[a]), after[b], rows[::-1]
        )
        self.exchange("cancel", (inner, other), inner, ())
        ladder.parent[a] = c

    def lower(self, ladder: Ladder, a: int, b: int) -> None:
        """Add a qubit to one with the same parent, instead of to the parent."""
        c = ladder.parent[a]
        line = self.wires.rows[ladder.before[a]].line
        rows = [_cx(a, b, line), _cx(b, c, line), _cx(a, b, line)]
        before, after = ladder.before, ladder.after
        pair = sorted((before[a], before[b]), key=self._labels.__getitem__)
        before[a], before[b], inner = self.exchange("lower", pair, pair[1], rows)
        pair = sorted((after[a], after[b]), key=self._labels.__getitem__)
        other, after[b], after[a] = self.exchange("lower", pair, pair[0], rows)
        self.exchange("cancel", (inner, other), inner, ())
        ladder.parent[a] = b

    def flip(self, ladder: Ladder, a: int) -> None:
        """Make a child of the root the root."""
        b = ladder.root
        inputs = (ladder.before.pop(a), *ladder.turn, ladder.after.pop(a))
        line = self.wires.rows[inputs[0]].line
        turn = [self.wires.rows[index]._replace(qubits=(a,)) for index in ladder.turn]
        new = self.exchange(
            "flip", inputs, ladder.turn[0], [_cx(b, a, line), *turn, _cx(b, a, line)]
        )
        ladder.before[b], *ladder.turn, ladder.after[b] = new
        del ladder.parent[a]
        ladder.parent[b] = a
        ladder.root = a

    def exchange(
        self, rule: str, inputs: Sequence[int], place: int, outputs: Sequence[Operation]
    ) -> range:
        """Put operations for others and note it; returns their numbers."""
        taken = [index for index in inputs if index != place]
        for index in taken:
            self.wires.unlink(index)
        new = self.wires.put(place, outputs, taken)
        label = self._labels[place]
        self._labels += [(*label, offset) for offset in range(len(outputs))]
        self.steps.append(Rewrite(rule, tuple(inputs), place, tuple(outputs)))
        return new


def _depth(parent: Mapping[int, int], qubit: int) -> int:
    steps = 0
    while qubit in parent:
        qubit = parent[qubit]
        steps += 1
    return steps
