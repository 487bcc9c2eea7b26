"""Whether schedule.json tells the ages of pairs and copies, and what a link's cutoff forbids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dqc_compiler.formats.cutoffs import CutoffViolations
from dqc_compiler.formats.flat_qasm import Bit, FlatStatement
from dqc_compiler.formats.schedule_file import PairEntry, ScheduleFile, StatementPlace
from dqc_compiler.verify.programs import ProgramSet
from dqc_compiler.verify.purification import purifications
from dqc_compiler.verify.structure import OUT

_ROUNDING_NS = 1e-3
_WAITING = ("barrier", "delay", "swap")

Place = tuple[int, int]
"""A node and the number of a statement in its program."""


class Half(NamedTuple):
    """What happens to one half of a pair: the statements on its qubit, until that is reset."""

    place: Place
    use: int | None  # the first that couples, measures or resets it, or waits for a bit
    statements: tuple[int, ...]
    measured: int | None  # the first measurement


class Ages(NamedTuple):
    """Statements between which pairs and copies age; copies as the schedule names them."""

    pairs: dict[tuple[int, int], list[Half]]  # link and pair -> its two halves
    copies: list[tuple[PairEntry, Place, Place]]  # with the statements that open and close it


def is_use(statement: FlatStatement) -> bool:
    """Whether a statement on a fresh half uses it, according to the format."""
    if statement.name in _WAITING:
        return False
    return (
        bool(statement.condition)
        or statement.name in ("measure", "reset")
        or len(statement.qubits) > 1
    )


def find_ages(task: ProgramSet, schedule: ScheduleFile) -> Ages:
    """All halves of the programs and all copies of the schedule; places may not exist."""
    pairs: dict[tuple[int, int], list[Half]] = {}
    for node in range(len(task.programs)):
        for key, half in _halves(task, node):
            pairs.setdefault(key, []).append(half)
    number = {node.name: index for index, node in enumerate(task.network.nodes)}

    def place(of: StatementPlace) -> Place:
        return number.get(of.node, -1), of.statement

    copies = [
        (entry, place(entry.opened_copy.opened), place(entry.opened_copy.closed))
        for entry in schedule.epr
        if entry.opened_copy is not None
    ]
    return Ages(pairs, copies)


class _Held:
    """A half while it is followed."""

    def __init__(self, key: tuple[int, int], place: Place) -> None:
        self.key, self.place = key, place
        self.use: int | None = None
        self.statements: list[int] = []
        self.measured: int | None = None


def _halves(task: ProgramSet, node: int) -> Iterator[tuple[tuple[int, int], Half]]:
    on: dict[Bit, _Held] = {}
    every: list[_Held] = []
    for index, statement in enumerate(task.programs[node].statements):
        if statement.name == "dqc_epr":
            link, pair = (int(value) for value in statement.parameters)
            on[statement.qubits[0]] = _Held((link, pair), (node, index))
            every.append(on[statement.qubits[0]])
            continue
        for qubit in statement.qubits:
            held = on.get(qubit)
            if held is None:
                continue
            held.statements.append(index)
            if held.use is None and is_use(statement):
                held.use = index
            if held.measured is None and statement.name == "measure":
                held.measured = index
        if statement.name == "reset":
            on.pop(statement.qubits[0], None)
        elif statement.name == "swap":
            first, second = statement.qubits
            held_both = on.pop(first, None), on.pop(second, None)
            for qubit, held in zip((second, first), held_both, strict=True):
                if held is not None:
                    on[qubit] = held
    for held in every:
        yield held.key, Half(held.place, held.use, tuple(held.statements), held.measured)


def limits_ns(task: ProgramSet, schedule: ScheduleFile) -> dict[int, float]:
    """Least cutoff of the links of each gadget's pairs."""
    limits: dict[int, float] = {}
    for entry in schedule.epr:
        cutoff = task.network.links[entry.link].cutoff_us
        if cutoff is not None and entry.gadget is not None:
            limits[entry.gadget] = min(1000.0 * cutoff, limits.get(entry.gadget, float("inf")))
    return limits


def ageing_problems(task: ProgramSet, schedule: ScheduleFile) -> list[str]:
    """Every age, life, wait or number of violations that differs, in words.

    Which copy becomes a root is a reading of the programs: see `figures`. What is named here has
    to be possible.

    Args:
        task: programs that obey the static guarantees.
        schedule: times that are right.
    """
    checker = _Ageing(task, schedule)
    return [*checker.pairs(), *checker.copies(), *checker.violations()]


class _Ageing:
    def __init__(self, task: ProgramSet, schedule: ScheduleFile) -> None:
        self.task = task
        self.schedule = schedule
        self.names = [node.name for node in task.network.nodes]
        self.times = [schedule.operations[name] for name in self.names]
        self.ages = find_ages(task, schedule)
        self.oldest: dict[tuple[int, int], float] = {}
        self.rounds = {  # link and pair that is kept, and a node -> last statement of its round
            (pair, node): last
            for each in purifications(task)[0]
            for node, (_, last) in each.ranges.items()
            for pair in each.kept
        }

    def start(self, place: Place) -> float:
        return self.times[place[0]][place[1]][0]

    def end(self, place: Place) -> float:
        return sum(self.times[place[0]][place[1]])

    def pairs(self) -> Iterator[str]:
        for entry in self.schedule.epr:
            key = (entry.link, entry.id)
            between = self.task.network.links[entry.link].between
            halves = sorted(self.ages.pairs[key], key=lambda half: between.index(half.place[0]))
            told = (None, None) if entry.age_ns is None else entry.age_ns
            label = f"pair {entry.id} of link {entry.link}"
            for half, age in zip(halves, told, strict=True):
                node, _ = half.place
                real = None
                if half.use is not None:
                    real = self.start((node, half.use)) - self.end(half.place)
                    self.oldest[key] = max(real, self.oldest.get(key, 0.0))
                if entry.age_ns is not None and _differ(real, age):
                    yield f"{label}: age_ns at {self.names[node]} not as in programs and network"
            if entry.start_ns < entry.window_ns[0] + entry.hold_ns - _ROUNDING_NS:
                yield f"{label}: it starts before its hold_ns is over"

    def copies(self) -> Iterator[str]:
        for entry, opened, closed in self.ages.copies:
            label = f"the copy of pair {entry.id} of link {entry.link}"
            wrong = None
            if not (self.exists(opened) and self.exists(closed)):
                wrong = "a statement that does not exist"
            elif not self.is_opening(entry, opened):
                wrong = "opened by a statement that is not the first use of its half, or follows it"
            elif not self.is_closing(entry, opened, closed):
                wrong = "closed by a statement that is no measurement of it or of a root"
            if wrong is not None:
                yield f"{label}: {wrong}"
                continue
            assert entry.opened_copy is not None
            life = max(0.0, self.start(closed) - self.end(opened))
            if abs(entry.opened_copy.life_ns - life) > _ROUNDING_NS:
                yield f"{label}: life_ns not as in programs and network"

    def exists(self, place: Place) -> bool:
        return place[0] >= 0 and place[1] < len(self.times[place[0]])

    def half_at(self, entry: PairEntry, node: int) -> Half | None:
        halves = self.ages.pairs[entry.link, entry.id]
        return next((half for half in halves if half.place[0] == node), None)

    def is_opening(self, entry: PairEntry, opened: Place) -> bool:
        """Whether the half is there, and nothing is done with it before but corrections.

        A round of purification, in which it is used first, is over before.
        """
        half = self.half_at(entry, opened[0])
        if half is None or half.use is None or opened[1] not in half.statements:
            return False
        rows = self.task.programs[opened[0]].statements
        over = self.rounds.get(((entry.link, entry.id), opened[0]), -1)
        uses = (index for index in half.statements if index > over and is_use(rows[index]))
        first = next(uses, opened[1] + 1)
        before = [index for index in half.statements if first <= index <= opened[1]]
        return bool(before) and all(rows[index].condition for index in before)

    def is_closing(self, entry: PairEntry, opened: Place, closed: Place) -> bool:
        """The first measurement of the half, or one at another node whose bit is sent.

        The latter may be of an old root. When that is measured says nothing: it may be before the
        half is there, if the copy came by way of another one, or after the new root is measured
        itself, if the qubit moves on. Nothing but corrections waits for it.
        """
        half = self.half_at(entry, opened[0])
        row = self.task.programs[closed[0]].statements[closed[1]]
        if half is None or row.name != "measure" or row.writes is None:
            return False
        if closed[0] == opened[0]:
            return closed[1] == half.measured
        return row.writes[0] != OUT

    def violations(self) -> Iterator[str]:
        """The numbers of the plan; the rates are simulated with the spread of the total time."""
        links, told = self.task.network.links, self.schedule.cutoff_violations
        if all(link.cutoff_us is None for link in links):
            if told is not None:
                yield "cutoff_violations: no link has a cutoff"
            return
        if told is None:
            yield "cutoff_violations: links have a cutoff"
            return
        cutoffs = {
            key: 1000.0 * cutoff
            for key in self.ages.pairs
            if (cutoff := links[key[0]].cutoff_us) is not None
        }
        limits = limits_ns(self.task, self.schedule)
        lives = [
            (entry.opened_copy.life_ns, limits[entry.gadget])
            for entry, _, _ in self.ages.copies
            if entry.opened_copy is not None and entry.gadget in limits
        ]
        wanted = {
            "pairs_with_cutoff": len(cutoffs),
            "copies_with_cutoff": len(lives),
            "pairs": _exceeding((self.oldest.get(k, 0.0), limit) for k, limit in cutoffs.items()),
            "copies": _exceeding(lives),
        }
        yield from _differing(told, wanted)


def _differ(a: float | None, b: float | None) -> bool:
    return (a is None) != (b is None) or abs((a or 0.0) - (b or 0.0)) > _ROUNDING_NS


def _exceeding(ages: Iterator[tuple[float, float]] | list[tuple[float, float]]) -> int:
    return sum(age > limit + _ROUNDING_NS for age, limit in ages)


def _differing(told: CutoffViolations, wanted: dict[str, int]) -> Iterator[str]:
    for name, value in wanted.items():
        if getattr(told, name) != value:
            yield f"cutoff_violations: {name} is {getattr(told, name)}, in the plan {value}"
