"""Runs of two-qubit gates on one qubit that commute as they are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from dqc_compiler.gadgets.frames import PAULI_VECTOR, gate_rotation, inverse, parallel, rotate
from dqc_compiler.gadgets.gates import GATE_AXES
from dqc_compiler.gadgets.spelling import is_about
from dqc_compiler.gadgets.wires import END, Wires
from dqc_compiler.ir import Operation

_SEE_THROUGH = ("barrier", "delay", "swap")
"""What does not end a segment, though no gate is moved past it here."""


@dataclass(slots=True, eq=False)
class Stretch:
    """Two-qubit gates on one qubit that all act by the Pauli `letter` there, as it is written.

    What lies between them commutes with them. A segment consists of one or more of these.
    """

    qubit: int
    letter: str
    first: int
    last: int
    edges: dict[Stretch, int] = field(default_factory=dict)  # the one gate shared with another
    previous: Stretch | None = None  # with nothing but one-qubit gates between
    next: Stretch | None = None
    is_waiting: bool = False

    @property
    def beside(self) -> tuple[tuple[bool, Stretch | None], tuple[bool, Stretch | None]]:
        """(whether it is behind this one, stretch) of both neighbours."""
        return (True, self.next), (False, self.previous)


def commutes(row: Operation, letter: str) -> bool:
    """Whether a one-qubit gate commutes with a Pauli."""
    return is_about(gate_rotation(row.name, row.parameters), letter)


class Stretches:
    """The stretches of a circuit: `of[gate][qubit]`, for all its two-qubit gates but swaps."""

    def __init__(self, wires: Wires) -> None:
        self.wires = wires
        self.of: dict[int, dict[int, Stretch]] = {}
        current: dict[int, Stretch] = {}
        has_turned: set[int] = set()  # qubits with a gate since that does not commute
        for index in wires.in_program_order():
            row = wires.rows[index]
            if wires.is_local(index):
                q = row.qubits[0]
                if q in current and not commutes(row, current[q].letter):
                    has_turned.add(q)
            elif wires.is_gate(index):
                self.of[index] = {}
                for q, letter in zip(row.qubits, GATE_AXES[row.name], strict=True):
                    last = current.get(q)
                    if last is None or last.letter != letter or q in has_turned:
                        current[q] = Stretch(q, letter, index, index, previous=last)
                        if last is not None:
                            last.next = current[q]
                    has_turned.discard(q)
                    current[q].last = index
                    self.of[index][q] = current[q]
            else:
                for q in row.qubits:
                    current.pop(q, None)

    def succeed(self, stretch: Stretch, old: int, new: int) -> None:
        """Note that a gate has taken the place of another one."""
        self.of.setdefault(new, {})[stretch.qubit] = stretch
        if stretch.first == old:
            stretch.first = new
        if stretch.last == old:
            stretch.last = new

    def leave(self, gate: int) -> Iterator[Stretch]:
        """Note that a gate is about to go; a stretch without gates disappears.

        Yields:
            Stretches that have got new neighbours by that.
        """
        for q, stretch in self.of.pop(gate).items():
            if stretch.first == gate == stretch.last:
                beside = stretch.previous, stretch.next
                self.forget(stretch)
                yield from (other for other in beside if other is not None)
            elif stretch.first == gate:
                stretch.first = self.wires.gate_beside(gate, q, forwards=True)
            elif stretch.last == gate:
                stretch.last = self.wires.gate_beside(gate, q, forwards=False)

    def forget(self, stretch: Stretch) -> None:
        """Take a stretch out from between its neighbours."""
        if stretch.previous is not None:
            stretch.previous.next = stretch.next
        if stretch.next is not None:
            stretch.next.previous = stretch.previous
        stretch.previous = stretch.next = None

    def is_same_segment(self, gate: int, qubit: int, *, forwards: bool) -> bool:
        """Whether the next gate on a qubit belongs to the same segment, wherever it stands."""
        rows, links = self.wires.rows, self.wires.after if forwards else self.wires.before
        axis = PAULI_VECTOR[self.of[gate][qubit].letter]
        operation = gate
        while (operation := links[operation][qubit]) != END:
            row = rows[operation]
            if self.wires.is_local(operation):
                turn = gate_rotation(row.name, row.parameters)
                axis = rotate(turn if forwards else inverse(turn), axis)
            elif self.wires.is_gate(operation):
                letter = self.of[operation][qubit].letter
                return parallel(axis, PAULI_VECTOR[letter]) != 0
            elif row.name not in _SEE_THROUGH or row.condition:
                return False
            elif row.name == "swap":
                qubit = row.qubits[1 - row.qubits.index(qubit)]
        return False
