"""The statements of all nodes while they are written, with bits that have no register yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dqc_compiler.gadgets.memory import NodeMemory
from dqc_compiler.ir import ABSENT, Register, Statement


@dataclass(slots=True)
class Bit:
    """A classical bit: who measures it and who reads it (nobody else: a bit of `out`).

    The receivers of a close are known only when its correction is applied, because the root may
    have moved in the meantime.
    """

    sender: int
    receivers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """Like `ir.Statement`, but bits are numbers of `Tape.bits`."""

    node: int
    name: str
    qubits: tuple[int, ...]
    parameters: tuple[float, ...] = ()
    writes: int | None = None
    condition: tuple[tuple[int, bool], ...] = ()
    link: int = ABSENT
    pair: int = ABSENT
    operation: int = ABSENT
    gadget: int = ABSENT


class Tape:
    """Rows in global order, and the bits that they write and read."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.bits: list[Bit] = []

    def gate(self, node: int, name: str, *qubits: int, gadget: int = ABSENT) -> None:
        """Append an unconditional gate (or reset, or barrier)."""
        self.rows.append(Row(node, name, qubits, gadget=gadget))

    def gates(self, node: int, gates: list[tuple[str, tuple[int, ...]]], *, gadget: int) -> None:
        """Append the local part of a gadget."""
        for name, qubits in gates:
            self.gate(node, name, *qubits, gadget=gadget)

    def measure(
        self,
        node: int,
        qubit: int,
        receivers: tuple[int, ...] = (),
        *,
        gadget: int = ABSENT,
        operation: int = ABSENT,
    ) -> int:
        """Append a measurement into a new bit, and return the bit."""
        self.bits.append(Bit(node, receivers))
        bit = len(self.bits) - 1
        self.rows.append(
            Row(node, "measure", (qubit,), writes=bit, gadget=gadget, operation=operation)
        )
        return bit

    def correct(self, node: int, name: str, qubit: int, bit: int, *, gadget: int = ABSENT) -> None:
        """Append the Pauli `name` on the condition that `bit` is 1."""
        self.rows.append(Row(node, name, (qubit,), condition=((bit, True),), gadget=gadget))

    def places(self) -> tuple[tuple[Register, ...], list[tuple[int, int]]]:
        """Registers in order of sender and receivers, and (register, index) of every bit.

        Indices in a register follow the order of writing.
        """
        keys = sorted({(bit.sender, bit.receivers) for bit in self.bits})
        number = {key: i for i, key in enumerate(keys)}
        sizes = [0] * len(keys)
        places: list[tuple[int, int]] = []
        for bit in self.bits:  # bits are numbered in order of writing
            register = number[bit.sender, bit.receivers]
            places.append((register, sizes[register]))
            sizes[register] += 1
        return tuple(Register(*key, size) for key, size in zip(keys, sizes, strict=True)), places

    def statements(
        self, places: list[tuple[int, int]], memory: Sequence[NodeMemory]
    ) -> list[Statement]:
        """The rows with their bits in their places and the cells that `memory` declares."""
        return [
            Statement(
                row.node,
                row.name,
                tuple(memory[row.node].declared(cell) for cell in row.qubits),
                row.parameters,
                None if row.writes is None else places[row.writes],
                tuple((*places[bit], value) for bit, value in row.condition),
                row.link,
                row.pair,
                row.operation,
                row.gadget,
            )
            for row in self.rows
        ]
