"""Whether the spread of the total time is that of random pair generation: simulated anew."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from dqc_compiler.formats.schedule_file import ScheduleFile
from dqc_compiler.verify.programs import BitKey, ProgramSet, Step, bit_key, interleave
from dqc_compiler.verify.timing import duration_ns

_SHOTS = 500
_MOST_STATEMENTS = 300_000  # of which about 100,000 are simulated in a second
_SIGMAS = 6.0  # a right figure is refused once in a billion times, and always or never
_ROUNDING_NS = 1e-2

Times = Any  # (shots,) float64, in ns


def spread_problems(task: ProgramSet, schedule: ScheduleFile) -> list[str]:
    """Every figure of `makespan_ns` that a simulation contradicts, in words.

    Args:
        task: programs that obey the static guarantees.
        schedule: their planned times, which are right.
    """
    given = schedule.makespan_ns
    if sum(len(program.statements) for program in task.programs) > _MOST_STATEMENTS:
        return []
    found = _Simulation(task, schedule).run()
    error = _SIGMAS * sqrt(1 / _SHOTS + 1 / max(1, given.shots))
    problems = []
    if abs(given.mean - found.mean()) > error * found.std() + _ROUNDING_NS:
        problems.append(f"mean is {given.mean:g} ns, in a simulation {found.mean():g}")
    for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")):
        value = getattr(given, name)
        below = (found < value - _ROUNDING_NS).mean()
        up_to = (found <= value + _ROUNDING_NS).mean()
        margin = error * sqrt(share * (1 - share)) + 1 / _SHOTS
        if below > share + margin or up_to < share - margin or value > 2 * found.max():
            problems.append(f"{name} is {value:g} ns, in a simulation {_quantile(found, share):g}")
    return [f"makespan_ns: {problem}" for problem in problems]


def _quantile(found: Times, share: float) -> float:
    return float(np.quantile(found, share))


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

    def run(self) -> Times:
        for step in self._planned_order():
            self._execute(step)
        for end in self.free.values():
            np.maximum(self.total, end, out=self.total)
        return self.total

    def _planned_order(self) -> list[Step]:
        done = [0] * len(self.times)
        starts = []
        steps = list(interleave(self.task.programs))
        for step in steps:
            starts.append(self.times[step.node][done[step.node]][0])
            done[step.node] += 1
            if step.peer_statement is not None:
                done[step.peer] += 1
        return [steps[index] for index in sorted(range(len(steps)), key=starts.__getitem__)]

    def _execute(self, step: Step) -> None:
        node, statement = step.node, step.statement
        cells = [(node, *qubit) for qubit in statement.qubits]
        if step.peer_statement is not None:
            cells += [(step.peer, *qubit) for qubit in step.peer_statement.qubits]
        start = np.zeros(_SHOTS)
        for cell in cells:
            if cell in self.free:
                np.maximum(start, self.free[cell], out=start)
        for register, index, _ in statement.condition:
            sender, sent = self.sent[bit_key(node, register, index)]
            np.maximum(start, sent + self.latency[sender][node], out=start)
        if step.peer_statement is not None:
            end = self._generated(int(statement.parameters[0]), start)
        else:
            end = start + duration_ns(self.network.nodes[node], statement, self.network.links)
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
