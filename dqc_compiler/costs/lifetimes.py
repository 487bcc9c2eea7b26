"""How long pairs wait for their use, and how long copies live."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isnan, nan
from typing import Any, NamedTuple

from dqc_compiler.ir import ABSENT, DistributedProgram, GadgetKind, Schedule, Statement, Violations
from dqc_compiler.ir.circuit import ONE_QUBIT_GATES

ROUNDING_NS = 1e-3
"""What is older than its cutoff by less is not: times are sums of many terms."""

_Cell = tuple[int, int]


class Copy(NamedTuple):
    """A copy of a qubit.

    It lives from the end of the last statement of the gadget that opens it, `opened`, to the start
    of the measurement that closes it, or that of the old root if it has become the qubit's new
    home; `closed` is ABSENT if the program has neither. An old root may be measured before.
    `half` is the `dqc_epr` that it comes from.
    """

    gadget: int
    wire: int
    half: int
    opened: int
    closed: int


class Lifetimes(NamedTuple):
    """Statements between which something ages.

    `pair_statements` are the two ends of every pair, pairs in order of their first statement, and
    `pair_use` the first statement at each end that uses the half, ABSENT if there is none: that
    couples it with another qubit, measures or resets it, or is conditional. Unconditional gates of
    one qubit, delays and barriers are no use, and a half that is swapped is followed.
    """

    pair_statements: list[tuple[int, int]]
    pair_use: list[tuple[int, int]]
    copies: list[Copy]


def is_use(row: Statement) -> bool:
    """Whether a statement on a fresh half is a use of it."""
    if row.name in ("barrier", "delay", "swap", "dqc_epr"):
        return False
    return bool(row.condition) or row.name not in ONE_QUBIT_GATES


def find_lifetimes(program: DistributedProgram, rows: list[Statement]) -> Lifetimes:
    """Uses of all pairs, and all copies; linear in the number of statements."""
    reader = _Reader(program, rows)
    for index in range(len(rows)):
        reader.read(index)
    return reader.result()


class _Reader:
    """Follows halves and copies through the program."""

    def __init__(self, program: DistributedProgram, rows: list[Statement]) -> None:
        self.rows = rows
        self.kind = program.gadget_kind.tolist()
        self.wire = program.gadget_wire.tolist()
        self.number: dict[tuple[int, int], int] = {}  # (link, pair) -> position
        self.ends: list[list[int]] = []
        self.use: list[list[int]] = []
        self.fresh: dict[_Cell, tuple[int, int]] = {}  # cell -> pair and end, until it is used
        self.half_on: dict[_Cell, int] = {}  # the same, until the cell is reset
        self.copy_on: dict[_Cell, int] = {}
        self.copies: list[Copy] = []
        self.moves: dict[int, list[int]] = {}  # wire -> measurements of its old roots
        self.last = {row.gadget: i for i, row in enumerate(rows) if row.gadget != ABSENT}

    def read(self, index: int) -> None:
        row = self.rows[index]
        cells = [(row.node, qubit) for qubit in row.qubits]
        if row.name == "swap":
            for held in (self.fresh, self.half_on, self.copy_on):
                _exchange(held, *cells)
        elif is_use(row):
            for cell in cells:
                if cell in self.fresh:
                    used, end = self.fresh.pop(cell)
                    self.use[used][end] = index
        if row.name == "dqc_epr":
            self._new_half(index, row, cells[0])
        elif row.name == "reset":
            self.half_on.pop(cells[0], None)
            self._has_become_root(self.copy_on.pop(cells[0], None))
        if row.gadget == ABSENT:
            return
        if row.name == "measure":
            self._measured(index, row, cells[0])
        if self.kind[row.gadget] == GadgetKind.OPEN and self.last[row.gadget] == index:
            half = self.half_on.get(cells[0])
            if half is not None:
                self.copy_on[cells[0]] = len(self.copies)
                wire = self.wire[row.gadget]
                self.copies.append(Copy(row.gadget, wire, half, index, ABSENT))

    def _new_half(self, index: int, row: Statement, cell: _Cell) -> None:
        pair = self.number.setdefault((row.link, row.pair), len(self.ends))
        if pair == len(self.ends):
            self.ends.append([])
            self.use.append([ABSENT, ABSENT])
        self.fresh[cell] = (pair, len(self.ends[pair]))
        self.half_on[cell] = index
        self.ends[pair].append(index)

    def _measured(self, index: int, row: Statement, cell: _Cell) -> None:
        kind, wire = self.kind[row.gadget], self.wire[row.gadget]
        copy = self.copy_on.pop(cell, None)
        if kind == GadgetKind.MOVE:
            self._has_become_root(copy)
            self.moves.setdefault(wire, []).append(index)
        elif kind == GadgetKind.CLOSE and copy is not None:
            self.copies[copy] = self.copies[copy]._replace(closed=index)

    def _has_become_root(self, copy: int | None) -> None:
        """What no gadget closes is the root since the last move of its wire."""
        moves = [] if copy is None else self.moves.get(self.copies[copy].wire)
        if copy is not None and moves:
            self.copies[copy] = self.copies[copy]._replace(closed=moves[-1])

    def result(self) -> Lifetimes:
        for copy in self.copy_on.values():
            self._has_become_root(copy)
        return Lifetimes([(a, b) for a, b in self.ends], [(a, b) for a, b in self.use], self.copies)


def _exchange(held: dict[_Cell, Any], first: _Cell, second: _Cell) -> None:
    a, b = held.pop(first, None), held.pop(second, None)
    if a is not None:
        held[second] = a
    if b is not None:
        held[first] = b


def pair_ages_ns(
    found: Lifetimes, start: Sequence[float], durations: Sequence[float]
) -> list[tuple[float, float]]:
    """How long each pair, in the order of `found`, has been ready when its halves are used.

    nan for a half that is never used.

    Args:
        found: of a program.
        start: planned start of each of its statements.
        durations: of each of its statements.
    """

    def age(half: int, use: int) -> float:
        return nan if use == ABSENT else start[use] - start[half] - durations[half]

    both = zip(found.pair_statements, found.pair_use, strict=True)
    return [(age(ends[0], uses[0]), age(ends[1], uses[1])) for ends, uses in both]


def copy_lives_ns(
    found: Lifetimes, start: Sequence[float], durations: Sequence[float]
) -> list[float]:
    """How long each copy of `found` lives; nan if it is never closed. Arguments as above."""

    def life(copy: Copy) -> float:
        if copy.closed == ABSENT:
            return nan
        return max(0.0, start[copy.closed] - start[copy.opened] - durations[copy.opened])

    return [life(copy) for copy in found.copies]


class Age(NamedTuple):
    """How old something is planned to get, and what its links allow; None: they have no cutoff."""

    planned_ns: float
    cutoff_ns: float | None


def planned_ages(schedule: Schedule) -> tuple[list[Age], list[tuple[Copy, Age]]]:
    """Each pair's age at its last use, in the schedule's order, and each closed copy's life.

    A pair that is never used has age 0. Linear.
    """
    program = schedule.program
    rows = list(program.statements())
    limits = cutoffs_ns(program, rows)
    pairs = []
    for ends, ages in zip(
        schedule.pair_statements.tolist(), schedule.pair_age_ns.tolist(), strict=True
    ):
        cutoff = program.network.links[rows[ends[0]].link].cutoff_us
        oldest = max((age for age in ages if not isnan(age)), default=0.0)
        pairs.append(Age(oldest, None if cutoff is None else 1000.0 * cutoff))
    closed = [c for c in find_lifetimes(program, rows).copies if c.closed != ABSENT]
    lives = schedule.copy_life_ns.tolist()
    return pairs, [
        (copy, Age(life, limits.get(copy.gadget))) for copy, life in zip(closed, lives, strict=True)
    ]


def cutoffs_ns(program: DistributedProgram, rows: list[Statement]) -> dict[int, float]:
    """Least cutoff of the links of each opened copy's pairs; gadgets without one are left out."""
    limits: dict[int, float] = {}
    for row in rows:
        if row.name == "dqc_epr" and row.gadget != ABSENT:
            cutoff = program.network.links[row.link].cutoff_us
            if cutoff is not None:
                limits[row.gadget] = min(1000.0 * cutoff, limits.get(row.gadget, inf))
    return limits


def planned_violations(
    program: DistributedProgram,
    rows: list[Statement],
    found: Lifetimes,
    ages: list[tuple[float, float]],
    lives: list[float],
) -> Violations:
    """How many pairs and copies have a cutoff, and how many are planned to exceed it."""
    links = [program.network.links[rows[a].link] for a, _ in found.pair_statements]
    pairs = [
        any(age > 1000.0 * link.cutoff_us + ROUNDING_NS for age in both)  # no nan is
        for both, link in zip(ages, links, strict=True)
        if link.cutoff_us is not None
    ]
    limits = cutoffs_ns(program, rows)
    copies = [
        life > limits[copy.gadget] + ROUNDING_NS
        for copy, life in zip(found.copies, lives, strict=True)
        if copy.gadget in limits and copy.closed != ABSENT
    ]
    return Violations(len(pairs), len(copies), sum(pairs), sum(copies))
