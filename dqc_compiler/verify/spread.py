"""Whether total time and violations of cutoffs are those of random generation: simulated anew."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import Any

import numpy as np

from dqc_compiler.formats.cutoffs import CutoffViolations
from dqc_compiler.formats.schedule_file import ScheduleFile
from dqc_compiler.verify.ageing import Place, find_ages, limits_ns
from dqc_compiler.verify.programs import BitKey, ProgramSet, Step, bit_key, interleave
from dqc_compiler.verify.timing import duration_ns

_SHOTS = 500
_MOST_STATEMENTS = 300_000  # of which about 100,000 are simulated in a second
_SIGMAS = 6.0  # a right figure is refused once in a billion times, and always or never
_ROUNDING_NS = 1e-2
_ROUNDING_RATE = 1e-8
_ENOUGH = 30

Times = Any  # (shots,) float64, in ns


def spread_problems(task: ProgramSet, schedule: ScheduleFile) -> list[str]:
    """Every figure of `makespan_ns` and every rate that a simulation contradicts, in words.

    Args:
        task: programs that obey the static guarantees.
        schedule: their planned times, which are right.
    """
    given = schedule.makespan_ns
    if sum(len(program.statements) for program in task.programs) > _MOST_STATEMENTS:
        return []
    simulation = _Simulation(task, schedule)
    found = simulation.run()
    error = _SIGMAS * sqrt(1 / _SHOTS + 1 / max(1, given.shots))
    problems = []
    margin = error * found.std() + _ROUNDING_NS + _unseen_ns(task, found)
    if abs(given.mean - found.mean()) > margin:
        problems.append(f"mean is {given.mean:g} ns, in a simulation {found.mean():g}")
    for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")):
        value = getattr(given, name)
        below = (found < value - _ROUNDING_NS).mean()
        up_to = (found <= value + _ROUNDING_NS).mean()
        spare = error * sqrt(share * (1 - share)) + 1 / _SHOTS
        if below > share + spare or up_to < share - spare or value > 2 * found.max():
            problems.append(f"{name} is {value:g} ns, in a simulation {_quantile(found, share):g}")
    problems = [f"makespan_ns: {problem}" for problem in problems]
    told = schedule.cutoff_violations
    return problems if told is None else [*problems, *_rate_problems(told, simulation.late, error)]


def _unseen_ns(task: ProgramSet, found: Times) -> float:
    """What rare runs may add to a mean, of which too few were simulated to know their deviation.

    Where nearly all runs take the same time, a longer one may happen in the many runs behind the
    given figures and in none of ours. It is rarer than one in `_SHOTS / _ENOUGH` then, and takes
    some more attempts.
    """
    if (found > found.min() + _ROUNDING_NS).sum() >= _ENOUGH:
        return 0.0
    uncertain = (link for link in task.network.links if link.success_probability < 1.0)
    attempts = (link.attempt_ns / link.success_probability for link in uncertain)
    return _ENOUGH / _SHOTS * _SIGMAS * max(attempts, default=0.0)


def _rate_problems(told: CutoffViolations, late: _Late, error: float) -> Iterator[str]:
    shares = {
        "pair_rate": late.pairs / max(1, told.pairs_with_cutoff),
        "copy_rate": late.copies / max(1, told.copies_with_cutoff),
        "run_rate": (late.pairs + late.copies > 0).astype(float),
    }
    for name, share in shares.items():
        rate, found = getattr(told, name), float(share.mean())
        deviation = float(share.std())
        if min((share > 0).sum(), (share < 1).sum()) < _ENOUGH:
            # The deviation of so few runs says little; this is the most that it can be.
            deviation = sqrt(max(rate, found) * (1 - min(rate, found)))
        if abs(rate - found) > error * deviation + _ROUNDING_RATE:
            yield f"cutoff_violations: {name} is {rate:g}, in a simulation {found:g}"


def _quantile(found: Times, share: float) -> float:
    return float(np.quantile(found, share))


class _Late:
    """How many pairs and copies are older than their cutoff, in each run."""

    def __init__(self, task: ProgramSet, schedule: ScheduleFile) -> None:
        links = task.network.links
        ages, limits = find_ages(task, schedule), limits_ns(task, schedule)
        self.pairs, self.copies = np.zeros(_SHOTS), np.zeros(_SHOTS)
        self.limit: dict[tuple[int, int], float] = {}
        # First use -> its pairs: a repeater's first gate uses both of its halves.
        self.uses: dict[Place, list[tuple[int, int]]] = {}
        self.to_come: dict[tuple[int, int], int] = {}  # pair -> uses that are still to come
        for key, halves in ages.pairs.items():
            cutoff = links[key[0]].cutoff_us
            used = [(half.place[0], half.use) for half in halves if half.use is not None]
            if cutoff is not None and used:
                self.limit[key] = 1000.0 * cutoff + _ROUNDING_NS
                for place in used:
                    self.uses.setdefault(place, []).append(key)
                self.to_come[key] = len(used)
        self.ready: dict[tuple[int, int], Times] = {}
        self.is_late: dict[tuple[int, int], Times] = {}
        self.opening: dict[Place, list[tuple[Place, float]]] = {}  # -> what closes it, its limit
        self.closing: dict[Place, list[tuple[Times, float]]] = {}  # -> when it was opened
        for entry, opened, closed in ages.copies:
            if entry.gadget in limits:
                limit = limits[entry.gadget] + _ROUNDING_NS
                self.opening.setdefault(opened, []).append((closed, limit))

    def happens(self, place: Place, start: Times, end: Times) -> None:
        """A statement at its random times; in an order in which causes come first."""
        for key in self.uses.get(place, ()):
            is_late = start - self.ready[key] > self.limit[key]
            self.is_late[key] = self.is_late.get(key, False) | is_late
            self.to_come[key] -= 1
            if self.to_come[key] == 0:
                self.pairs += self.is_late.pop(key)
                del self.ready[key]
        for closed, limit in self.opening.pop(place, []):
            self.closing.setdefault(closed, []).append((end, limit))
        for opened, limit in self.closing.pop(place, []):
            self.copies += start - opened > limit

    def is_ready(self, key: tuple[int, int], end: Times) -> None:
        if key in self.limit:
            self.ready[key] = end


class _Simulation:
    """All shots at once, in the planned order of statements and of the pairs on each link."""

    def __init__(self, task: ProgramSet, schedule: ScheduleFile) -> None:
        self.task = task
        self.network = task.network
        self.latency = task.network.latencies_ns()
        self.times = [schedule.operations[node.name] for node in task.network.nodes]
        self.random = np.random.default_rng(20_260_101)
        self.free: dict[tuple[int, str, int], Times] = {}
        self.sent: dict[BitKey, tuple[int, Times]] = {}
        self.channel = [
            np.zeros((min(link.channels, _pairs(task, number)), _SHOTS))
            for number, link in enumerate(task.network.links)
        ]
        self.total = np.zeros(_SHOTS)
        self.hold = {(entry.link, entry.id): entry.hold_ns for entry in schedule.epr}
        self.late = _Late(task, schedule)

    def run(self) -> Times:
        for step, index in self._planned_order():
            self._execute(step, index)
        for end in self.free.values():
            np.maximum(self.total, end, out=self.total)
        return self.total

    def _planned_order(self) -> list[tuple[Step, int]]:
        """Steps with the number of the statement in its program."""
        done = [0] * len(self.times)
        steps = []
        for step in interleave(self.task.programs):
            steps.append((step, done[step.node]))
            done[step.node] += 1
            if step.peer_statement is not None:
                done[step.peer] += 1
        return sorted(steps, key=lambda entry: self.times[entry[0].node][entry[1]][0])

    def _execute(self, step: Step, index: int) -> None:
        node, statement = step.node, step.statement
        cells = [(node, *qubit) for qubit in statement.qubits]
        if step.peer_statement is not None:
            cells += [(step.peer, *qubit) for qubit in step.peer_statement.qubits]
        start = np.zeros(_SHOTS)
        for cell in cells:
            if cell in self.free:
                np.maximum(start, self.free[cell], out=start)
        for register, bit, _ in statement.condition:
            sender, sent = self.sent[bit_key(node, register, bit)]
            np.maximum(start, sent + self.latency[sender][node], out=start)
        if step.peer_statement is not None:
            key = (int(statement.parameters[0]), int(statement.parameters[1]))
            end = self._generated(key[0], start + self.hold[key])
            self.late.is_ready(key, end)
        else:
            end = start + duration_ns(self.network.nodes[node], statement, self.network.links)
            self.late.happens((node, index), start, end)
        self.free.update(dict.fromkeys(cells, end))
        if statement.writes is not None:
            self.sent[bit_key(node, *statement.writes)] = (node, end)

    def _generated(self, number: int, start: Times) -> Times:
        """When a pair is there: on the channel that is free first, after random attempts."""
        link, channel = self.network.links[number], self.channel[number]
        first, shot = channel.argmin(axis=0), np.arange(_SHOTS)
        attempts = self.random.geometric(link.success_probability, _SHOTS)
        end = np.maximum(start, channel[first, shot]) + attempts * link.attempt_ns
        channel[first, shot] = end
        return end


def _pairs(task: ProgramSet, link: int) -> int:
    node = task.network.links[link].between[0]
    return sum(
        row.name == "dqc_epr" and int(row.parameters[0]) == link
        for row in task.programs[node].statements
    )
