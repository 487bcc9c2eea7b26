"""Rounds of purification in the node programs: found by their heralds, and checked.

In a program without noise a purification does nothing, so no comparison with the circuit can tell
a right one from one that would let errors pass. Its form is therefore a static guarantee.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from dqc_compiler.formats.flat_qasm import Bit, FlatStatement
from dqc_compiler.ir.circuit import ONE_QUBIT_GATES
from dqc_compiler.verify.programs import BitKey, ProgramSet, bit_key

Pair = tuple[int, int]
"""A link and a number: the parameters of `dqc_epr`."""

Place = tuple[int, int]
"""A node and the number of a statement in its program."""

_TRANSPARENT = ("barrier", "delay")


class Purification(NamedTuple):
    """A round: the pairs of both end-to-end pairs, and what is run again if the outcomes differ."""

    kept: frozenset[Pair]
    sacrificed: frozenset[Pair]
    outcomes: tuple[BitKey, BitKey]
    ranges: dict[int, tuple[int, int]]  # node -> its first and last statement


def is_herald(statement: FlatStatement) -> bool:
    """Whether a statement only waits for a bit."""
    return statement.name == "id" and bool(statement.condition)


def purifications(task: ProgramSet) -> tuple[list[Purification], list[str]]:
    """Every round of purification, and every broken rule in words.

    Args:
        task: programs in which bits that are read are written, and pairs have two ends.
    """
    if not any(is_herald(row) for program in task.programs for row in program.statements):
        return [], []
    finder = _Finder(task)
    problems = list(finder.heralds())
    found = []
    for outcomes in finder.outcomes_by_pair():
        try:
            found.append(finder.purification(outcomes))
        except _BrokenError as error:
            problems.append(str(error))
    return found, problems


class _BrokenError(Exception):
    """A purification breaks a rule."""


@dataclass
class _Half:
    """One half of a pair: the statements on its qubit from the reset before to the next one."""

    pair: Pair
    qubit: Bit
    reset: int
    rows: list[int] = field(default_factory=list)


class _Finder:
    def __init__(self, task: ProgramSet) -> None:
        self.task = task
        self.rows = [program.statements for program in task.programs]
        self.halves: dict[int, list[_Half]] = defaultdict(list)
        self.half_at: dict[tuple[Place, Bit], _Half] = {}
        self.written: dict[BitKey, Place] = {}
        self.waits: dict[BitKey, list[Place]] = defaultdict(list)  # heralds
        self.reads: dict[BitKey, Place] = {}  # any other use
        self.chain: dict[Pair, frozenset[Pair]] = {}  # an end-to-end pair
        for node in range(len(self.rows)):
            self._walk(node)

    def _walk(self, node: int) -> None:
        held: dict[Bit, _Half] = {}
        reset: dict[Bit, int] = {}
        is_repeater = self.task.network.nodes[node].kind == "repeater"
        for index, row in enumerate(self.rows[node]):
            place = (node, index)
            if row.name == "dqc_epr":
                qubit = row.qubits[0]
                link, number = (int(value) for value in row.parameters)
                held[qubit] = _Half((link, number), qubit, reset.get(qubit, index))
                self.halves[node].append(held[qubit])
                self.chain.setdefault((link, number), frozenset({(link, number)}))
            for qubit in row.qubits:
                if row.name == "reset":
                    reset[qubit] = index
                    held.pop(qubit, None)
                elif row.name == "swap":
                    held.pop(qubit, None)
                elif qubit in held and row.name not in _TRANSPARENT:
                    held[qubit].rows.append(index)
                    self.half_at[place, qubit] = held[qubit]
            if is_repeater and len(row.qubits) == 2 and all(q in held for q in row.qubits):
                self._join(*(held[qubit].pair for qubit in row.qubits))
            for register, bit, _ in row.condition:
                key = bit_key(node, register, bit)
                if is_herald(row):
                    self.waits[key].append(place)
                else:
                    self.reads.setdefault(key, place)
            if row.writes is not None:
                self.written[bit_key(node, *row.writes)] = place

    def _join(self, first: Pair, second: Pair) -> None:
        joined = self.chain[first] | self.chain.get(second, frozenset({second}))
        self.chain.update(dict.fromkeys(joined, joined))

    def at(self, place: Place) -> str:
        program = self.task.programs[place[0]]
        return f"{program.source}:{program.statements[place[1]].line}"

    def heralds(self) -> Iterator[str]:
        """A herald waits for one bit: the outcome of half of a pair."""
        for key, places in self.waits.items():
            for node, index in places:
                if len(self.rows[node][index].condition) != 1:
                    yield f"{self.at((node, index))}: a herald waits for one bit"
            if self._sacrificed(key) is None:
                where = self.at(places[0])
                yield f"{where}: a herald is not the outcome of half of a pair in a channel"

    def _sacrificed(self, key: BitKey) -> _Half | None:
        place = self.written.get(key)
        if place is None or key[0] >= 0:
            return None
        return self.half_at.get((place, self.rows[place[0]][place[1]].qubits[0]))

    def outcomes_by_pair(self) -> list[list[BitKey]]:
        """Outcomes that are waited for, by the end-to-end pair that was measured."""
        found: dict[frozenset[Pair], list[BitKey]] = defaultdict(list)
        for key in self.waits:
            half = self._sacrificed(key)
            if half is not None:
                found[self.chain[half.pair]].append(key)
        return list(found.values())

    def purification(self, outcomes: list[BitKey]) -> Purification:
        """The round that has these outcomes.

        Raises:
            _BrokenError: naming the rule that it breaks.
        """
        places = [self.written[key] for key in outcomes]
        where = self.at(places[0])
        if len(outcomes) != 2 or places[0][0] == places[1][0]:
            raise _BrokenError(f"{where}: a purification does not have one outcome at each end")
        kept: list[frozenset[Pair]] = []
        for key, other in (outcomes, outcomes[::-1]):
            kept.append(self._kept(key, other))
        half = self._sacrificed(outcomes[0])
        assert half is not None
        sacrificed = self.chain[half.pair]
        if kept[0] != kept[1] or kept[0] == sacrificed:
            raise _BrokenError(f"{where}: a purification does not compare two pairs")
        pairs = kept[0] | sacrificed
        nodes = self._nodes(pairs)
        self._demand_messages(outcomes, nodes)
        ranges = {node: self._range(node, pairs, outcomes) for node in nodes}
        return Purification(kept[0], sacrificed, (outcomes[0], outcomes[1]), ranges)

    def _kept(self, key: BitKey, other: BitKey) -> frozenset[Pair]:
        """The pair with which an end compares: its half is the control, and then it waits."""
        place = self.written[key]
        half = self._sacrificed(key)
        assert half is not None
        node, where = place[0], self.at(place)
        rows = [i for i in half.rows if not self._is_correction(node, i)]
        names = [self.rows[node][i].name for i in rows]
        if names != ["dqc_epr", "cx", "measure"] or rows[2] != place[1]:
            raise _BrokenError(f"{where}: between dqc_epr and measure a sacrificed half has one cx")
        compared = rows[1]
        control, target = self.rows[node][compared].qubits
        kept = self.half_at.get(((node, compared), control))
        if target != half.qubit or kept is None:
            raise _BrokenError(f"{where}: the cx leads from the half that is kept to the other one")
        rows = [i for i in kept.rows if not self._is_correction(node, i)]
        waited = [row for waiting, row in self.waits[other] if waiting == node]
        if len(rows) < 3 or rows[1] != compared or rows[2] not in waited:
            raise _BrokenError(f"{where}: the half that is kept is used before the other outcome")
        return self.chain[kept.pair]

    def _is_correction(self, node: int, index: int) -> bool:
        row = self.rows[node][index]
        return row.name in ONE_QUBIT_GATES and bool(row.condition) and not is_herald(row)

    def _nodes(self, pairs: frozenset[Pair]) -> list[int]:
        links = self.task.network.links
        return sorted({node for link, _ in pairs for node in links[link].between})

    def _demand_messages(self, outcomes: list[BitKey], nodes: list[int]) -> None:
        """Every node of both routes learns both outcomes, and none does anything else with them."""
        for key in outcomes:
            where = self.at(self.written[key])
            if key in self.reads:
                raise _BrokenError(f"{self.at(self.reads[key])}: an outcome is not a correction")
            waiting = {node for node, _ in self.waits[key]} | {self.written[key][0]}
            if not waiting.issuperset(nodes):
                raise _BrokenError(f"{where}: not every node of the route waits for the outcome")

    def _range(self, node: int, pairs: frozenset[Pair], outcomes: list[BitKey]) -> tuple[int, int]:
        """From the first reset to the last herald, with nothing else in between."""
        halves = [half for half in self.halves[node] if half.pair in pairs]
        first = min(half.reset for half in halves)
        last = max(index for key in outcomes for at, index in self.waits[key] if at == node)
        qubits = {half.qubit for half in halves}
        for index in range(first, last + 1):
            if not qubits.issuperset(self.rows[node][index].qubits):
                where = self.at((node, index))
                raise _BrokenError(f"{where}: would be run again with a purification")
        return first, last
