"""Whether the fidelities of report.json are those of programs, times and network: found anew.

The model is that of docs/explanation/cost-model.md. The probability that no error happens, and what
becomes of single pairs, are products that have to agree; the fidelities themselves are sampled here
once more, with other random errors, and have to agree within six standard errors.

Of the runs of a purification only those count in which its outcomes agree. Phase errors do not show
in them, so storage has no part in that: the two end-to-end pairs, before they are stored, are one
place where an error may be, with the probabilities under the condition that their X errors agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from math import exp, fsum, log, log1p, pi, prod, sin, sqrt
from typing import Any, NamedTuple

import numpy as np

from dqc_compiler.formats.flat_qasm import Bit, FlatStatement
from dqc_compiler.formats.report import Report
from dqc_compiler.formats.schedule_file import ScheduleFile
from dqc_compiler.verify.causality import causality_problems
from dqc_compiler.verify.gates import two_body
from dqc_compiler.verify.programs import BitKey, ProgramSet, Step, bit_key, interleave
from dqc_compiler.verify.purification import Pair, purifications
from dqc_compiler.verify.rotations import Vector, X, Y, Z
from dqc_compiler.verify.structure import structure_problems

_SHOTS = 4000
_MOST_STATEMENTS = 100_000  # of which about 20,000 are sampled in a second
_SIGMAS = 6.0
_ROUNDING = 1e-7  # relative; the report has nine digits
_IGNORED = frozenset({"barrier", "delay", "id"})

Cell = tuple[int, Bit]
"""A node and a qubit of it."""

Shots = Any
"""(shots,) bool."""

Turn = tuple[tuple[tuple[int, Vector], ...], float]
"""A rotation: (operand, Pauli) of all it acts on, and its angle."""

_ABOUT: dict[str, tuple[Vector, float]] = {
    "x": (X, pi), "y": (Y, pi), "z": (Z, pi), "s": (Z, pi / 2), "sdg": (Z, -pi / 2),
    "t": (Z, pi / 4), "tdg": (Z, -pi / 4), "sx": (X, pi / 2), "sxdg": (X, -pi / 2),
}  # fmt: skip
_ANGLED: dict[str, Vector] = {"p": Z, "rz": Z, "rx": X, "ry": Y}


class _Timed(NamedTuple):
    """A statement with its planned start and end; both halves of a pair, in network order."""

    step: Step
    start: float
    end: float

    @property
    def cells(self) -> tuple[Cell, ...]:
        own = tuple((self.step.node, qubit) for qubit in self.step.statement.qubits)
        peer = self.step.peer_statement
        return own if peer is None else (*own, (self.step.peer, peer.qubits[0]))


def fidelity_problems(
    task: ProgramSet, report: Report, schedule: ScheduleFile, *, has_own_angles: bool = True
) -> Iterator[str]:
    """Every fidelity that differs, in words.

    Args:
        task: the programs; without the static guarantees they have no fidelity.
        report: what is told about them.
        schedule: their planned times.
        has_own_angles: whether the report is about the angles of the programs.
    """
    if structure_problems(task) or causality_problems(task, schedule):
        return  # other checks refuse such programs, and nothing else can be said about them
    given = report.fidelity_estimate
    if report.fidelity is None or given is None:
        if report.fidelity is not None or given is not None:
            yield "fidelity and fidelity_estimate are not told together"
        return
    rows = list(_timed(task, schedule))
    yield from _pair_problems(task, report, schedule, rows)
    if len(rows) > _MOST_STATEMENTS:
        return
    end = max((row.end for row in rows), default=0.0)
    for name, told, noisy in (
        ("fidelity", report.fidelity, (True, True)),
        ("fidelity if data qubits kept their state", given.distribution, (True, False)),
        ("fidelity if pairs and comm qubits were perfect", given.waiting, (False, True)),
    ):
        found = _Sampling(task, noisy).run(rows, end)
        if noisy == (True, True) and _differ(given.at_least, found.none):
            yield f"at_least is {given.at_least:g}, the product of all places is {found.none:g}"
        if has_own_angles and abs(told - found.fidelity) > found.margin(given.shots):
            yield f"{name} is {told:g}, in a simulation {found.fidelity:g}"


def _differ(told: float | None, found: float | None) -> bool:
    if told is None or found is None:
        return told is not found
    return abs(told - found) > _ROUNDING * abs(found)


def _timed(task: ProgramSet, schedule: ScheduleFile) -> Iterator[_Timed]:
    times = [schedule.operations[node.name] for node in task.network.nodes]
    done = [0] * len(times)
    for step in interleave(task.programs):
        start, lasting = times[step.node][done[step.node]]
        done[step.node] += 1
        if step.peer_statement is not None:
            done[step.peer] += 1
        yield _Timed(step, start, start + lasting)


def _decay(time_ns: float, t2_us: float) -> float:
    """What is left of a coherence."""
    return exp(-time_ns / t2_us / 1000.0)


# -- Single pairs --------------------------------------------------------------------------------


class _Pair(NamedTuple):
    link: int
    at_use: float
    gadget: float


def _pair_problems(
    task: ProgramSet, report: Report, schedule: ScheduleFile, rows: list[_Timed]
) -> Iterator[str]:
    pairs = _pairs(task, rows)
    for number, entry in enumerate(report.per_link):
        values = [pair.at_use for pair in pairs.values() if pair.link == number]
        if _differ(entry.fidelity, fsum(values) / len(values) if values else None):
            yield f"per_link: fidelity of link {number} is not that of its pairs"
    of_kind: dict[str, list[float]] = {}
    for pair in schedule.epr:
        if pair.gadget_kind not in (None, "purify") and (pair.link, pair.id) in pairs:
            of_kind.setdefault(pair.gadget_kind, []).append(pairs[pair.link, pair.id].gadget)
    for kind, figures in report.per_gadget.items():
        logs = [log(value) for value in of_kind.get(kind, [])]
        if _differ(figures.fidelity, exp(fsum(logs) / len(logs)) if logs else None):
            yield f"per_gadget: fidelity of {kind} is not that of the pairs"


def _pairs(task: ProgramSet, rows: list[_Timed]) -> dict[tuple[int, int], _Pair]:
    """What storage makes of every pair: until a half is used, and until both halves are gone."""
    nodes, links = task.network.nodes, task.network.links
    end = max((row.end for row in rows), default=0.0)
    halves: dict[Cell, int] = {}  # cell -> row of its pair
    used: dict[int, float] = {}
    left: dict[int, float] = {}  # row of a pair -> what is left of its coherences

    def leave(cell: Cell, now: float) -> None:
        if cell in halves:
            row = halves.pop(cell)
            left[row] = left.get(row, 1.0) * _decay(now - rows[row].end, nodes[cell[0]].t2_us)

    for index, row in enumerate(rows):
        name = row.step.statement.name
        if name in _IGNORED:
            continue
        for cell in row.cells:
            if cell in halves and name != "dqc_epr":
                used.setdefault(halves[cell], row.start)
                used[halves[cell]] = min(used[halves[cell]], row.start)
            if name in ("measure", "reset", "swap", "dqc_epr"):
                leave(cell, row.start)
            if name == "dqc_epr":
                halves[cell] = index
    for cell in list(halves):
        leave(cell, end)
    found = {}
    for index, row in enumerate(rows):
        if row.step.statement.name != "dqc_epr":
            continue
        link, number = (int(value) for value in row.step.statement.parameters)
        w = (4.0 * links[link].fidelity - 1.0) / 3.0
        waited = used.get(index, end) - row.end
        until_use = 1.0
        for node, _ in row.cells:
            until_use *= _decay(waited, nodes[node].t2_us)
        values = [(1.0 + w + 2.0 * w * decay) / 4.0 for decay in (until_use, left[index])]
        found[link, number] = _Pair(link, *values)
    number_of = {_pair_of(row): index for index, row in enumerate(rows) if _is_pair(row)}
    for each in purifications(task)[0]:
        decay = prod(left[number_of[pair]] for pair in each.kept | each.sacrificed)
        plain, _, _, phase = _after_a_round(_fidelities(task, each.kept))
        stored = plain * (1.0 + decay) / 2.0 + phase * (1.0 - decay) / 2.0
        for pair in each.kept | each.sacrificed:
            share = stored ** (1.0 / len(each.kept)) if pair in each.kept else 1.0
            found[pair] = found[pair]._replace(gadget=share)
    return found


def _is_pair(row: _Timed) -> bool:
    return row.step.statement.name == "dqc_epr"


def _pair_of(row: _Timed) -> Pair:
    link, number = (int(value) for value in row.step.statement.parameters)
    return link, number


# -- Purification --------------------------------------------------------------------------------


def _fidelities(task: ProgramSet, pairs: Iterable[Pair]) -> list[float]:
    """Of the links of these pairs."""
    return [task.network.links[link].fidelity for link, _ in pairs]


def _after_a_round(fidelities: list[float]) -> list[float]:
    """Probabilities of I, X, Y and Z on a pair over these links that a round has purified.

    The two pairs, with errors of their own, are compared: all of the 16 cases are gone through.
    """
    w = prod((4.0 * fidelity - 1.0) / 3.0 for fidelity in fidelities)
    before = [(1.0 + 3.0 * w) / 4.0, *[(1.0 - w) / 4.0] * 3]
    flips, phases = (0, 1, 1, 0), (0, 0, 1, 1)
    after = [0.0] * 4
    for kept, measured in product(range(4), repeat=2):
        if flips[kept] == flips[measured]:
            phase = phases[kept] ^ phases[measured]
            index = next(i for i in range(4) if (flips[i], phases[i]) == (flips[kept], phase))
            after[index] += before[kept] * before[measured]
    return [value / fsum(after) for value in after]


# -- The whole program ---------------------------------------------------------------------------


class _Found(NamedTuple):
    none: float  # probability that no error happens
    hits: int  # shots with an error
    harmless: int  # of these, the ones whose errors end as none

    @property
    def fidelity(self) -> float:
        share = self.harmless / self.hits if self.hits else 0.0
        return self.none + (1.0 - self.none) * share

    def margin(self, shots: int) -> float:
        """Six standard errors of the difference from another sampling of so many shots."""
        share = (self.harmless + 4) / (self.hits + 8)  # never 0 or 1, which have no spread
        others = max(1.0, shots * (1.0 - self.none))
        spread = sqrt(share * (1.0 - share) * (1.0 / max(1, self.hits) + 1.0 / others))
        return _SIGMAS * (1.0 - self.none) * spread + _ROUNDING


class _Sampling:
    """Random errors in all shots at once, carried through the programs.

    `noisy`: whether pairs and comm qubits, and whether data qubits have errors.
    """

    def __init__(self, task: ProgramSet, noisy: tuple[bool, bool]) -> None:
        self.task = task
        self.noisy = noisy
        self.random = np.random.default_rng(20_260_102)
        self.x: dict[Cell, Shots] = {}
        self.z: dict[Cell, Shots] = {}
        self.since: dict[Cell, float] = {}  # cells whose phase matters -> until when it has decayed
        self.decay: dict[Cell, list[float]] = {}  # as comm and data qubit, not applied yet
        self.flipped: dict[BitKey, Shots] = {}
        self.ideal: dict[BitKey, Shots] = {}
        self.hit = self._nobody()
        self.log_none = 0.0
        self.errors: dict[Pair, list[float]] = {}  # of purified and sacrificed pairs
        for each in purifications(task)[0]:
            self.errors |= {pair: [1.0, 0.0, 0.0, 0.0] for pair in each.kept | each.sacrificed}
            self.errors[min(each.kept)] = _after_a_round(_fidelities(task, each.kept))

    def _nobody(self) -> Shots:
        return np.zeros(_SHOTS, bool)

    def _some(self, probability: float) -> Shots:
        return self.random.random(_SHOTS) < probability

    def run(self, rows: list[_Timed], end: float) -> _Found:
        task = self.task
        for node, program in enumerate(task.programs):
            for register, size in program.qubit_registers.items():
                for index in range(size):
                    self._clear((node, (register, index)))
        for node, index in task.start:
            self.since[node, ("data", index)] = 0.0
        for row in rows:
            self._execute(row)
        bad = self._nobody()
        for node, index in task.end:
            cell = (node, ("data", index))
            if cell in self.since:
                self._grow_older(cell, end)
                self._dephase(cell)
            bad |= self.x[cell] | self.z[cell]
        for place in task.clbits:
            if place is not None:
                bad |= self.flipped.get(bit_key(place[0], "out", place[1]), False)
        harmless = int((self.hit & ~bad).sum())
        return _Found(exp(self.log_none), int(self.hit.sum()), harmless)

    def _execute(self, row: _Timed) -> None:
        statement, node = row.step.statement, row.step.node
        name, cells = statement.name, row.cells
        if name in _IGNORED:
            return
        if name == "dqc_epr":
            for cell in cells:
                self._clear(cell)
                self.since[cell] = row.end
            self._pair(cells[0], _pair_of(row))
        elif name == "reset":
            self._clear(cells[0])
        elif name == "measure":
            assert statement.writes is not None
            self.flipped[bit_key(node, *statement.writes)] = self.x[cells[0]].copy()
            wrong = self.x[cells[0]]
            self._clear(cells[0])
            self.x[cells[0]] = wrong
        else:
            self._gate(statement, node, cells, row.start)

    def _clear(self, cell: Cell) -> None:
        self.x[cell], self.z[cell] = self._nobody(), self._nobody()
        self.since.pop(cell, None)
        self.decay[cell] = [1.0, 1.0]

    def _pair(self, cell: Cell, pair: Pair) -> None:
        errors = self.errors.get(pair)
        fidelity = self.task.network.links[pair[0]].fidelity if errors is None else errors[0]
        if not self.noisy[0] or fidelity == 1.0:
            return
        pauli = self.random.integers(1, 4, _SHOTS) * self._some(1.0 - fidelity)
        if errors is not None:
            draw = self.random.random(_SHOTS) * (1.0 - fidelity)
            pauli = (pauli > 0) * (1 + (draw >= errors[1]) + (draw >= errors[1] + errors[2]))
        self.x[cell] ^= (pauli == 1) | (pauli == 2)
        self.z[cell] ^= pauli >= 2
        self.hit |= pauli > 0
        self.log_none += log(fidelity)

    def _grow_older(self, cell: Cell, now: float) -> None:
        node, (register, _) = cell
        if cell in self.since:
            left = _decay(now - self.since[cell], self.task.network.nodes[node].t2_us)
            self.decay[cell][register == "data"] *= left
        self.since[cell] = now

    def _dephase(self, cell: Cell) -> None:
        for is_noisy, left in zip(self.noisy, self.decay[cell], strict=True):
            if is_noisy and left < 1.0:
                flips = self._some((1.0 - left) / 2.0)
                self.z[cell] ^= flips
                self.hit |= flips
                self.log_none += log1p((left - 1.0) / 2.0)
        self.decay[cell] = [1.0, 1.0]

    def _gate(
        self, statement: FlatStatement, node: int, cells: tuple[Cell, ...], start: float
    ) -> None:
        name = statement.name
        turns = list(_turns(name, statement.parameters))
        for position, cell in enumerate(cells):
            self._grow_older(cell, start)
            keeps = name in ("x", "y") or all(
                pauli is Z
                for paulis, _ in turns
                for operand, pauli in paulis
                if operand == position
            )
            if not keeps or name == "swap":
                self._dephase(cell)
        done, differs = None, None
        if statement.condition:
            done, differs = self._executed(node, statement)
        elif name == "swap":
            for table in (self.x, self.z):
                table[cells[0]], table[cells[1]] = table[cells[1]], table[cells[0]]
            return
        for paulis, angle in turns:
            across = self._across(paulis, cells)
            if done is not None:
                across &= done
            if abs(sin(angle)) > 1e-6 and across.any():
                self._multiply(paulis, cells, across & self._some(sin(angle) ** 2))
        if differs is not None and differs.any():
            self._wrong_gate(statement, turns, cells, differs)

    def _across(self, paulis: tuple[tuple[int, Vector], ...], cells: tuple[Cell, ...]) -> Shots:
        across = self._nobody()
        for operand, pauli in paulis:
            if pauli != Z:
                across ^= self.z[cells[operand]]
            if pauli != X:
                across ^= self.x[cells[operand]]
        return across

    def _multiply(
        self, paulis: tuple[tuple[int, Vector], ...], cells: tuple[Cell, ...], shots: Shots
    ) -> None:
        for operand, pauli in paulis:
            if pauli != Z:
                self.x[cells[operand]] = self.x[cells[operand]] ^ shots
            if pauli != X:
                self.z[cells[operand]] = self.z[cells[operand]] ^ shots

    def _executed(self, node: int, statement: FlatStatement) -> tuple[Shots, Shots]:
        """Who executes a conditional gate, and who should and does not or the other way round."""
        right, done = ~self._nobody(), ~self._nobody()
        for register, index, wanted in statement.condition:
            key = bit_key(node, register, index)
            if key not in self.ideal:
                self.ideal[key] = self._some(0.5)
            right &= self.ideal[key] == wanted
            done &= (self.ideal[key] ^ self.flipped[key]) == wanted
        return done, right ^ done

    def _wrong_gate(
        self,
        statement: FlatStatement,
        turns: list[Turn],
        cells: tuple[Cell, ...],
        shots: Shots,
    ) -> None:
        """The gate itself is the error: one of its Paulis, by the squares of the coefficients."""
        weights: list[float] = []
        if statement.name == "h":
            weights = [0.5, 0.0, 0.5]
        elif statement.name == "u":
            theta, phi, lam = statement.parameters
            odd, even = sin(theta / 2) ** 2, 1.0 - sin(theta / 2) ** 2
            x = odd * sin((phi - lam) / 2) ** 2
            weights = [x, odd - x, even * sin((phi + lam) / 2) ** 2]
        if weights:
            draw, bound = self.random.random(_SHOTS), 0.0
            for pauli, weight in zip((X, Y, Z), weights, strict=True):
                chosen = shots & (draw >= bound) & (draw < bound + weight)
                self._multiply(((0, pauli),), cells, chosen)
                bound += weight
            return
        for paulis, angle in turns:
            self._multiply(paulis, cells, shots & self._some(sin(angle / 2) ** 2))


def _turns(name: str, parameters: tuple[float, ...]) -> Iterator[Turn]:
    """The rotations that a gate consists of, in order of time."""
    if name == "h":
        yield from ((((0, pauli),), pi / 2) for pauli in (Z, X, Z))
    elif name == "u":
        theta, phi, lam = parameters
        yield from ((((0, Z),), lam), (((0, Y),), theta), (((0, Z),), phi))
    elif name == "swap":
        yield from ((((0, pauli), (1, pauli)), pi / 2) for pauli in (X, Y, Z))
    elif name in _ABOUT:
        pauli, angle = _ABOUT[name]
        yield ((0, pauli),), angle
    elif name in _ANGLED:
        yield ((0, _ANGLED[name]),), parameters[0]
    else:
        gate = two_body(name, parameters)
        yield ((0, gate.p), (1, gate.q)), gate.angle
        if gate.first:
            yield ((0, gate.p),), gate.first
        if gate.second:
            yield ((1, gate.q),), gate.second
