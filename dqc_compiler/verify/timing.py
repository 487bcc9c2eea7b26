"""Whether the times, pairs and messages of schedule.json are those of the programs and network."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from dqc_compiler.formats.flat_qasm import Bit, FlatStatement
from dqc_compiler.formats.schedule_file import (
    Message,
    PairEntry,
    PurificationEntry,
    ScheduleFile,
)
from dqc_compiler.ir.network import Link, Node
from dqc_compiler.verify.programs import BitKey, ProgramSet, bit_key
from dqc_compiler.verify.purification import Purification, is_herald, purifications
from dqc_compiler.verify.structure import OUT, channel_ends

_ROUNDING_NS = 1e-3
_ROUNDING = 1e-9
_CORRECTIONS = {"x": "x correction", "y": "y correction", "z": "z correction"}

Place = tuple[int, int]
"""A node and the number of a statement in its program."""


def duration_ns(node: Node, statement: FlatStatement, links: tuple[Link, ...]) -> float:
    """How long a statement takes according to the network file."""
    name = statement.name
    if name == "barrier":
        return 0.0
    if name == "delay":
        return statement.parameters[0]
    if name == "dqc_epr":
        link = links[int(statement.parameters[0])]
        return link.attempt_ns / link.success_probability
    if name == "measure":
        return node.measure_ns
    if name == "reset":
        return node.measure_ns + node.gate_1q_ns
    if name == "swap":
        return 3 * node.gate_2q_ns
    return node.gate_2q_ns if len(statement.qubits) == 2 else node.gate_1q_ns


def timing_problems(task: ProgramSet, schedule: ScheduleFile) -> list[str]:
    """Every figure that differs, in words; empty if there is none.

    Args:
        task: programs that obey the static guarantees.
        schedule: times that are causal.
    """
    checker = _Timing(task, schedule)
    return [
        *checker.durations(),
        *checker.pairs(),
        *checker.channels(),
        *checker.messages(),
        *checker.purifications(),
        *checker.critical_path(),
        *checker.total(),
    ]


class _Timed(NamedTuple):
    statement: FlatStatement
    start: float
    end: float


def _werner_product(fidelities: list[float]) -> float:
    """Fidelity of Werner pairs that are swapped together: (4F - 1)/3 multiplies."""
    product = 1.0
    for fidelity in fidelities:
        product *= (4 * fidelity - 1) / 3
    return (1 + 3 * product) / 4


def _comparison(kept: float, other: float) -> tuple[float, float]:
    """How often the outcomes of two Werner pairs are equal, and the first one's fidelity then.

    They are if both or neither of the pairs have an X error; Z errors of either one are kept.
    """
    e, f = (1 - kept) / 3, (1 - other) / 3
    success = (kept + e) * (other + f) + 4 * e * f
    return success, (kept * other + e * f) / success


def _differ(a: float, b: float) -> bool:
    return abs(a - b) > _ROUNDING_NS


class _Timing:
    def __init__(self, task: ProgramSet, schedule: ScheduleFile) -> None:
        self.task = task
        self.schedule = schedule
        self.network = task.network
        self.names = [node.name for node in task.network.nodes]
        self.number = {name: index for index, name in enumerate(self.names)}
        self.latency = task.network.latencies_ns()
        self.rows: list[list[_Timed]] = [
            [
                _Timed(statement, start, start + duration)
                for statement, (start, duration) in zip(
                    program.statements, schedule.operations[name], strict=True
                )
            ]
            for name, program in zip(self.names, task.programs, strict=True)
        ]
        self.free: dict[Place, float] = {}  # dqc_epr -> end of what its qubit did before
        self.use: dict[Place, float] = {}  # dqc_epr -> start of what its qubit does next
        self.ends: dict[tuple[int, int], list[Place]] = defaultdict(list)  # link, pair
        self.couplings: dict[Place, int] = {}  # dqc_epr -> gates on its qubit until that is reset
        self.sent: dict[BitKey, Place] = {}
        self.read: dict[tuple[BitKey, int], Place] = {}  # bit and reader -> earliest use
        self.rounds = purifications(task)[0]
        self.sacrificed = {pair for found in self.rounds for pair in found.sacrificed}
        for node in range(len(self.names)):
            self._walk(node)

    def _walk(self, node: int) -> None:
        latest: dict[Bit, int] = {}
        holder: dict[Bit, Place] = {}  # the half that a qubit holds
        for index, (statement, start, _) in enumerate(self.rows[node]):
            place = (node, index)
            for qubit in statement.qubits:
                before = latest.get(qubit)
                latest[qubit] = index
                if before is not None and self.rows[node][before].statement.name == "dqc_epr":
                    self.use[node, before] = start
                if statement.name == "dqc_epr":
                    self.free[place] = 0.0 if before is None else self.rows[node][before].end
            self._follow(statement, place, holder)
            for register, bit, _value in statement.condition:
                key = bit_key(node, register, bit)
                known = self.read.get((key, node))
                if known is None or start < self.rows[node][known[1]].start:
                    self.read[key, node] = place
            if statement.writes is not None:
                self.sent[bit_key(node, *statement.writes)] = place

    def _follow(self, statement: FlatStatement, place: Place, holder: dict[Bit, Place]) -> None:
        if statement.name == "dqc_epr":
            link, pair = (int(value) for value in statement.parameters)
            self.ends[link, pair].append(place)
            self.couplings[place] = 0
            holder[statement.qubits[0]] = place
        elif statement.name == "reset":
            holder.pop(statement.qubits[0], None)
        elif statement.name == "swap":
            held = [holder.pop(qubit, None) for qubit in statement.qubits]
            for qubit, half in zip(reversed(statement.qubits), held, strict=True):
                if half is not None:
                    holder[qubit] = half
        elif statement.name != "barrier" and len(statement.qubits) == 2:
            for qubit in statement.qubits:
                if qubit in holder:
                    self.couplings[holder[qubit]] += 1

    def at(self, place: Place) -> _Timed:
        return self.rows[place[0]][place[1]]

    def durations(self) -> Iterator[str]:
        links = self.network.links
        for node, program in enumerate(self.task.programs):
            for statement, start, end in self.rows[node]:
                wanted = duration_ns(self.network.nodes[node], statement, links)
                if _differ(end - start, wanted):
                    where = f"{program.source}:{statement.line}"
                    yield f"{where}: takes {end - start:g} ns, with this network {wanted:g}"

    def pairs(self) -> Iterator[str]:
        for entry in self.schedule.epr:
            wrong = list(self._wrong_keys(entry, sorted(self.ends[entry.link, entry.id])))
            if wrong:
                label = f"pair {entry.id} of link {entry.link}"
                yield f"{label}: {', '.join(wrong)} not as in programs and network"
        if [entry.id for entry in self.schedule.epr] != sorted(e.id for e in self.schedule.epr):
            yield "the pairs are not in order of their numbers"
        routes: dict[int, Counter[int]] = {}
        for entry in self.schedule.epr:
            if entry.gadget is not None:
                between = self.network.links[entry.link].between
                routes.setdefault(entry.gadget, Counter()).update(between)
        if not all(self._is_route(route) for route in routes.values()):
            yield "the pairs of a gadget do not join two processors through repeaters"

    def _is_route(self, visits: Counter[int]) -> bool:
        """Whether links make one way: each repeater joins two of them, and two nodes are ends."""
        kinds = sorted((self.network.nodes[node].kind, count) for node, count in visits.items())
        inner = len(kinds) - 2
        return kinds == [("qpu", 1)] * 2 + [("repeater", 2)] * inner

    def _wrong_keys(self, entry: PairEntry, ends: list[Place]) -> Iterator[str]:
        link = self.network.links[entry.link]
        if entry.path != tuple(self.names[node] for node in link.between):
            yield "path"
        halves = sorted((self.number[end.node], end.statement, end.comm) for end in entry.ends)
        if halves != [(*place, self.at(place).statement.qubits[0][1]) for place in ends]:
            yield "ends"
        _, start, end = self.at(ends[0])
        used = [self.use[place] for place in ends if place in self.use]
        earliest = min(max(self.free[place] for place in ends), start)
        latest = max(min(used, default=end) - (end - start), start)
        if _differ(entry.window_ns[0], earliest) or _differ(entry.window_ns[1], latest):
            yield "window_ns"
        if _differ(entry.ready_ns, end):
            yield "ready_ns"
        expiry = None if link.cutoff_us is None else end + 1000.0 * link.cutoff_us
        if (expiry is None) != (entry.expiry_ns is None) or _differ(
            expiry or 0.0, entry.expiry_ns or 0.0
        ):
            yield "expiry_ns"
        if entry.fidelity != link.fidelity:
            yield "fidelity"
        if (entry.gadget is None) != (entry.gadget_kind is None):
            yield "gadget_kind"
        kind = "purify" if (entry.link, entry.id) in self.sacrificed else "open"
        if entry.gadget_kind not in (kind, None):
            yield "gadget_kind"
        if entry.served > max(self.couplings[place] for place in ends):
            yield "served"

    def channels(self) -> Iterator[str]:
        """No link generates more pairs at once than it has channels."""
        for number, link in enumerate(self.network.links):
            changes = []
            for (of_link, _), ends in self.ends.items():
                if of_link == number:
                    _, start, end = self.at(ends[0])
                    # Rounded, so that a pair may start in the moment in which another one ends.
                    changes += [(start + _ROUNDING_NS, 1), (end, -1)]
            busy = 0
            for time, change in sorted(changes):
                busy += change
                if busy > link.channels:
                    yield f"link {number} generates {busy} pairs at {time:g} ns, on {link.channels}"
                    break

    def messages(self) -> Iterator[str]:
        """Every bit that is sent has one entry per receiver, with the right times."""
        wanted = Counter(
            (register, bit, self.names[receiver])
            for _, register, bit in self.sent
            if register != OUT
            for receiver in self._receivers(register)
        )
        entries = self.schedule.messages
        if wanted != Counter((m.register_name, m.bit, m.receiver) for m in entries):
            yield "the schedule does not list every message of the programs once"
            return
        for position, entry in enumerate(entries):
            wrong = list(self._wrong_times(entry))
            if entry.id != position:
                wrong.append("id")
            if wrong:
                yield f"message {position}: {', '.join(wrong)} not as in programs and network"

    def _receivers(self, register: str) -> tuple[int, ...]:
        ends = channel_ends(register, self.network)
        return () if ends is None else ends[1]

    def _wrong_times(self, entry: Message) -> Iterator[str]:
        key = bit_key(-1, entry.register_name, entry.bit)
        place, receiver = self.sent[key], self.number[entry.receiver]
        arrival = self.at(place).end + self.latency[place[0]][receiver]
        if _differ(entry.arrival_ns, arrival):
            yield "arrival_ns"
        use = self.read.get((key, receiver))
        if use is None:
            figures = {"deadline_ns": entry.deadline_ns, "slack_ns": entry.slack_ns}
            yield from (name for name, value in figures.items() if value is not None)
            if entry.kind is not None:
                yield "kind"
            return
        deadline = self.at(use).start
        if entry.deadline_ns is None or _differ(entry.deadline_ns, deadline):
            yield "deadline_ns"
        if entry.slack_ns is None or _differ(entry.slack_ns, max(0.0, deadline - arrival)):
            yield "slack_ns"
        # A gate of the circuit may be one that could be a correction.
        statement = self.at(use).statement
        kinds = ("condition", _CORRECTIONS.get(statement.name))
        if entry.kind not in (("herald",) if is_herald(statement) else kinds):
            yield "kind"

    def purifications(self) -> Iterator[str]:
        """Every round has its entry, and nobody needs a qubit of it before the round is over."""
        entries = {frozenset(entry.kept): entry for entry in self.schedule.purifications}
        found = {frozenset(number for _, number in each.kept): each for each in self.rounds}
        gadgets = [entry.gadget for entry in self.schedule.purifications]
        if entries.keys() != found.keys() or gadgets != sorted(set(gadgets)):
            yield "the schedule does not list every purification of the programs once"
            return
        for pairs, entry in entries.items():
            wrong = list(self._wrong_entry(entry, found[pairs]))
            if wrong:
                yield f"purification {entry.gadget}: {', '.join(wrong)} not as in the programs"
        for each in self.rounds:
            for node, (first, last) in each.ranges.items():
                if self._leaves_early(node, first, last):
                    where = f"{self.task.programs[node].source}"
                    yield f"{where}: statement {last + 1} or a later one does not wait for heralds"

    def _wrong_entry(self, entry: PurificationEntry, found: Purification) -> Iterator[str]:
        if {number for _, number in found.sacrificed} != set(entry.sacrificed):
            yield "sacrificed"
        gadget = {
            each.gadget for each in self.schedule.epr if (each.link, each.id) in found.sacrificed
        }
        if gadget != {entry.gadget}:
            yield "gadget"
        outcomes = {(self.names[self.sent[key][0]], *key[1:]) for key in found.outcomes}
        if outcomes != {(each.node, each.register_name, each.bit) for each in entry.outcomes}:
            yield "outcomes"
        if entry.repeated != {self.names[node]: ends for node, ends in found.ranges.items()}:
            yield "repeated"
        links = self.network.links
        kept, other = (
            _werner_product([links[link].fidelity for link, _ in pairs])
            for pairs in (found.kept, found.sacrificed)
        )
        success, fidelity = _comparison(kept, other)
        if abs(entry.success_probability - success) > _ROUNDING:
            yield "success_probability"
        if abs(entry.fidelity - fidelity) > _ROUNDING:
            yield "fidelity"

    def _leaves_early(self, node: int, first: int, last: int) -> bool:
        """Whether a qubit of a range is used again before all that it waits for has arrived."""
        rows = self.rows[node]
        qubits = {qubit for row in rows[first : last + 1] for qubit in row.statement.qubits}
        over = max(row.end for row in rows[first : last + 1] if is_herald(row.statement))
        for row in rows[last + 1 :]:
            used = qubits.intersection(row.statement.qubits)
            if used and row.start < over - _ROUNDING_NS:
                return True
            qubits -= used
            if not qubits:
                break
        return False

    def critical_path(self) -> Iterator[str]:
        """From time 0 to the end, each statement starts when the one before lets it."""
        path = []
        for name, index in self.schedule.critical_path:
            node = self.number.get(name)
            if node is None or not 0 <= index < len(self.rows[node]):
                yield f"the critical path names statement {index} of {name}, which does not exist"
                return
            path.append((node, index))
        if not path:
            if any(self.rows):
                yield "the critical path is empty"
            return
        if _differ(self.at(path[0]).start, 0.0):
            yield "the critical path does not begin at the start"
        if _differ(self.at(path[-1]).end, self._planned()):
            yield "the critical path does not lead to the end"
        for before, after in pairwise(path):
            if not any(
                not _differ(self.at(before).end + lag, self.at(after).start)
                for lag in self._lags(before, after)
            ):
                where = f"{self.names[after[0]]} {after[1]}"
                yield f"the critical path: statement {where} does not wait for the one before"

    def _both_ends(self, place: Place) -> list[Place]:
        statement = self.at(place).statement
        if statement.name != "dqc_epr":
            return [place]
        link, pair = (int(value) for value in statement.parameters)
        return self.ends[link, pair]

    def _lags(self, before: Place, after: Place) -> Iterator[float]:
        """How long after the end of one statement another may start, for every reason to wait."""
        first, second = self.at(before).statement, self.at(after).statement
        if first.name == second.name == "dqc_epr" and first.parameters[0] == second.parameters[0]:
            yield 0.0
        for node, index in self._both_ends(before):
            for other, later in self._both_ends(after):
                qubits = self.at((node, index)).statement.qubits
                if node == other and index < later:
                    shared = set(qubits) & set(self.at((other, later)).statement.qubits)
                    yield from [0.0] * bool(shared)
        if first.writes is not None:
            key = bit_key(before[0], *first.writes)
            if any(bit_key(after[0], r, b) == key for r, b, _ in second.condition):
                yield self.latency[before[0]][after[0]]

    def _planned(self) -> float:
        return max((row.end for rows in self.rows for row in rows), default=0.0)

    def total(self) -> Iterator[str]:
        if _differ(self.schedule.makespan_ns.planned, self._planned()):
            yield "makespan_ns: planned is not when the last statement ends"
