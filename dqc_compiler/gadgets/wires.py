"""A circuit that is being rewritten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, takewhile

from dqc_compiler.gadgets.gates import GATE_AXES
from dqc_compiler.ir import Circuit, Operation
from dqc_compiler.ir.circuit import ONE_QUBIT_GATES

END = -1
"""Stands for the neighbour of the first and of the last operation on a qubit."""


class Wires:
    """The operations on every qubit as a doubly linked list, so that an exchange is local.

    An operation's number is its index in `rows` and never changes; `before` and `after` are its
    neighbours on each of its qubits.
    """

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.rows = list(circuit.operations())
        self.before: list[dict[int, int]] = []
        self.after: list[dict[int, int]] = []
        self._gone = bytearray(len(self.rows))
        self._successors: dict[int, range] = {}  # those at the place of one that is gone
        tails = [END] * len(circuit.qubits)
        for index, row in enumerate(self.rows):
            self.before.append({q: tails[q] for q in row.qubits})
            self.after.append(dict.fromkeys(row.qubits, END))
            for q in row.qubits:
                if tails[q] != END:
                    self.after[tails[q]][q] = index
                tails[q] = index

    def is_there(self, operation: int) -> bool:
        """Whether an operation has not been taken out or exchanged."""
        return not self._gone[operation]

    def is_local(self, operation: int) -> bool:
        """Whether an operation is an unconditional one-qubit gate."""
        row = self.rows[operation]
        return row.name in ONE_QUBIT_GATES and not row.condition

    def is_gate(self, operation: int) -> bool:
        """Whether an operation is an unconditional two-qubit gate, and not a swap."""
        row = self.rows[operation]
        return row.name in GATE_AXES and not row.condition

    def walk(self, operation: int, qubit: int, *, forwards: bool) -> Iterator[int]:
        """The operations after or before one on a qubit, nearest first."""
        links = self.after if forwards else self.before
        while (operation := links[operation][qubit]) != END:
            yield operation

    def run_beside(
        self, operation: int, qubit: int, *, forwards: bool, most: int | None = None
    ) -> list[int]:
        """The one-qubit gates after or before an operation up to any other, nearest first."""
        walk = self.walk(operation, qubit, forwards=forwards)
        return list(islice(takewhile(self.is_local, walk), most))

    def gate_beside(self, operation: int, qubit: int, *, forwards: bool) -> int:
        """The two-qubit gate next to an operation but for one-qubit gates, END if there is none."""
        for other in self.walk(operation, qubit, forwards=forwards):
            if not self.is_local(other):
                return other if self.is_gate(other) else END
        return END

    def on(self, run: Sequence[int], qubits: Sequence[int]) -> tuple[Operation, ...]:
        """Operations with their qubits numbered by `qubits`, and without lines."""
        number = {q: i for i, q in enumerate(qubits)}
        rows = [self.rows[index] for index in run]
        return tuple(
            [Operation(r.name, tuple([number[q] for q in r.qubits]), r.parameters) for r in rows]
        )

    def unlink(self, operation: int) -> None:
        """Take an operation out."""
        for q, before in self.before[operation].items():
            after = self.after[operation][q]
            if before != END:
                self.after[before][q] = after
            if after != END:
                self.before[after][q] = before
        self._gone[operation] = True

    def put(self, place: int, rows: Sequence[Operation], taken: Sequence[int] = ()) -> range:
        """Exchange an operation for others on its qubits; returns their numbers.

        They may be on the qubits of operations that were just taken out, too, where these were.
        """
        tails, after = dict(self.before[place]), dict(self.after[place])
        for operation in taken:
            for q in self.before[operation].keys() - self.before[place].keys():
                tails[q], after[q] = self.before[operation][q], self.after[operation][q]
        new = range(len(self.rows), len(self.rows) + len(rows))
        for index, row in zip(new, rows, strict=True):
            self.rows.append(row)
            self.before.append({q: tails[q] for q in row.qubits})
            self.after.append({})
            for q in row.qubits:
                if tails[q] != END:
                    self.after[tails[q]][q] = index
                tails[q] = index
        for q, tail in tails.items():
            if tail != END:
                self.after[tail][q] = after[q]
            if after[q] != END:
                self.before[after[q]][q] = tail
        for index in new:
            for q in self.rows[index].qubits:
                self.after[index].setdefault(q, END)
        self._gone.extend(bytes(len(new)))
        self._gone[place] = True
        self._successors[place] = new
        return new

    def in_program_order(self) -> list[int]:
        """The operations that are left, with successors at the place of what they replace."""
        found = []
        stack = list(reversed(range(len(self.circuit))))
        while stack:
            operation = stack.pop()
            if not self._gone[operation]:
                found.append(operation)
            stack += reversed(self._successors.get(operation, ()))
        return found

    def rewritten(self, *, global_phase: float) -> Circuit:
        """What the circuit has become."""
        return Circuit.from_operations(
            self.circuit.name,
            self.circuit.qubits,
            self.circuit.clbits,
            [self.rows[index] for index in self.in_program_order()],
            parameters=self.circuit.parameters,
            global_phase=global_phase,
            source=self.circuit.source,
        )
