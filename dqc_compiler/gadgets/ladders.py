"""Rotations about products of Z, as circuits write them: `cx` gates that are undone afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile

from dqc_compiler.gadgets.stretches import commutes
from dqc_compiler.gadgets.wires import Wires


@dataclass(slots=True, eq=False)
class Ladder:
    """A tree of `cx` that adds up a parity at its root, a rotation there, and the tree undone.

    Every qubit but the root is added to its parent, by the operation `before`, and once more by
    `after`. Between the two there is nothing on it but what adds its own parity to the parent.
    """

    root: int
    turn: list[int]  # the rotations about Z at the root
    parent: dict[int, int] = field(default_factory=dict)
    before: dict[int, int] = field(default_factory=dict)
    after: dict[int, int] = field(default_factory=dict)

    @property
    def qubits(self) -> list[int]:
        """All qubits of the parity, the root first."""
        return [self.root, *self.parent]

    @property
    def operations(self) -> list[int]:
        """All operations."""
        return [*self.before.values(), *self.turn, *self.after.values()]

    def depth(self, qubit: int) -> int:
        """Number of `cx` from a qubit to the root."""
        steps = 0
        while qubit != self.root:
            qubit = self.parent[qubit]
            steps += 1
        return steps


def find_ladders(wires: Wires) -> list[Ladder]:
    """The ladders of three or more qubits, in program order.

    None of them shares an operation with another one. All can be contracted to their rotations at
    the same time: what stands between their operations comes before or behind.
    """
    found: list[Ladder] = []
    used: set[int] = set()
    for index in range(len(wires.rows)):
        if index in used or not _is_turn(wires, index):
            continue
        qubit = wires.rows[index].qubits[0]
        walk = wires.walk(index, qubit, forwards=True)
        ladder = Ladder(qubit, [index, *takewhile(lambda i: _is_turn(wires, i), walk)])
        _grow(wires, ladder, used)
        used.update(ladder.operations)
        if len(ladder.parent) >= 2:
            found.append(ladder)
    return found


def _is_turn(wires: Wires, operation: int) -> bool:
    """Whether an operation is a rotation about Z."""
    row = wires.rows[operation]
    return wires.is_local(operation) and row.name != "id" and commutes(row, "Z")


def _grow(wires: Wires, ladder: Ladder, used: set[int]) -> None:
    """Add pairs of `cx` around what there is, as long as they stand next to it."""
    ends = {ladder.root: (ladder.turn[0], ladder.turn[-1])}
    waiting = [ladder.root]
    while waiting:
        target = waiting.pop()
        first, last = ends[target]
        before = _controls(wires, first, target, used, forwards=False)
        after = _controls(wires, last, target, used, forwards=True)
        for control, gate in before.items():
            other = after.get(control)
            if other is None or control in ends or wires.after[gate][control] != other:
                continue
            ladder.parent[control] = target
            ladder.before[control], ladder.after[control] = gate, other
            ends[control] = gate, other
            waiting.append(control)


def _controls(
    wires: Wires, operation: int, target: int, used: set[int], *, forwards: bool
) -> dict[int, int]:
    """The nearest `cx` of every control, among those right before or after on their target."""
    found: dict[int, int] = {}
    for index in wires.walk(operation, target, forwards=forwards):
        row = wires.rows[index]
        is_free = row.name == "cx" and not row.condition and index not in used
        if not is_free or row.qubits[1] != target:
            break
        found.setdefault(row.qubits[0], index)
    return found
