"""The feed-forward schedule: planned times of pairs, messages and operations in ns."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from typing import Literal

from pydantic import Field

from dqc_compiler.formats.cutoffs import CutoffViolations, cutoff_violations
from dqc_compiler.formats.file_model import FileModel
from dqc_compiler.formats.front import MakespanFigures
from dqc_compiler.formats.report import SchemaVersion, makespan_figures
from dqc_compiler.ir import ABSENT, GadgetKind, Schedule, Statement

GadgetName = Literal["open", "close", "move", "purify"]
MessageKind = Literal["x correction", "y correction", "z correction", "condition", "herald"]


class PairEnd(FileModel):
    """One half of a pair."""

    node: str
    comm: int = Field(ge=0, description="index in the register comm")
    statement: int = Field(ge=0, description="index of the dqc_epr in the node's program")


class StatementPlace(FileModel):
    """A statement of one program."""

    node: str
    statement: int = Field(ge=0)


class CopyEntry(FileModel):
    """The copy that one half of a pair becomes."""

    opened: StatementPlace = Field(description="after it the half is a copy")
    closed: StatementPlace = Field(
        description="the measurement of the copy, or of the old root if the copy becomes the root"
    )
    life_ns: float = Field(
        ge=0, description="planned time from the end of opened to the start of closed, if later"
    )


class PairEntry(FileModel):
    """One pair on one link."""

    id: int = Field(ge=0, description="second parameter of dqc_epr")
    link: int = Field(
        ge=0, description="first parameter of dqc_epr: position in the network's links"
    )
    path: tuple[str, ...] = Field(description="the nodes that the pair spans, from end to end")
    ends: tuple[PairEnd, PairEnd]
    window_ns: tuple[float, float] = Field(
        description="start at the earliest when both comm qubits are free, at the latest so that "
        "the pair is ready for its planned first use"
    )
    start_ns: float = Field(description="planned start of the generation")
    ready_ns: float = Field(description="planned time at which both halves exist")
    expiry_ns: float | None = Field(description="ready_ns + the link's cutoff; null: no cutoff")
    fidelity: float = Field(description="of the fresh pair with |Phi+>, from the network file")
    gadget: int | None = Field(description="number of the gadget that consumes the pair")
    gadget_kind: GadgetName | None
    served: int = Field(
        ge=0, description="remote gates of the opened copy, at the last pair of its gadget"
    )
    hold_ns: float = Field(
        default=0.0,
        ge=0,
        description="how long the generation waits on purpose after both comm qubits are free",
    )
    age_ns: tuple[float | None, float | None] | None = Field(
        default=None,
        description="planned time from ready_ns to the first use at each of the ends; null: unused",
    )
    opened_copy: CopyEntry | None = Field(
        default=None, alias="copy", description="null: no half becomes a copy that is closed"
    )


class Message(FileModel):
    """One bit on its way to one receiver."""

    id: int = Field(ge=0)
    sender: str = Field(alias="from")
    receiver: str = Field(alias="to")
    register_name: str = Field(alias="register")
    bit: int = Field(ge=0, description="index in the register")
    send_ns: float = Field(description="end of the measurement")
    arrival_ns: float = Field(description="send_ns + latency")
    deadline_ns: float | None = Field(description="planned first use; null: nobody reads the bit")
    slack_ns: float | None = Field(description="how long the bit may be deferred")
    kind: MessageKind | None = Field(description="what the first use is; null: nobody reads it")


class Outcome(FileModel):
    """The bit that one end of a purification measures."""

    node: str
    register_name: str = Field(alias="register")
    bit: int = Field(ge=0, description="index in the register")


class PurificationEntry(FileModel):
    """A round of purification of an end-to-end pair."""

    gadget: int = Field(ge=0, description="number of the gadget, which consumes `sacrificed`")
    kept: tuple[int, ...] = Field(description="ids of the pairs that make the one that is kept")
    sacrificed: tuple[int, ...] = Field(description="ids of those that make the other one")
    outcomes: tuple[Outcome, Outcome] = Field(description="the pair is kept if they are equal")
    repeated: dict[str, tuple[int, int]] = Field(
        description="node -> first and last of the statements that are run again, with fresh bits, "
        "as long as the outcomes differ"
    )
    success_probability: float = Field(
        description="that the outcomes are equal, with the fidelities of the links"
    )
    fidelity: float = Field(description="of the pair that is kept with |Phi+>, likewise")


class PlannedMakespan(MakespanFigures):
    """Total time in ns, over random pair generation, and as planned."""

    planned: float = Field(description="with mean generation times")
    shots: int = Field(ge=0)


class ScheduleFile(SchemaVersion):
    """`schedule.json`. Statements are counted per program from 0; declarations are not counted."""

    epr: tuple[PairEntry, ...] = Field(description="in order of their id")
    messages: tuple[Message, ...] = Field(description="one entry per bit and receiver")
    purifications: tuple[PurificationEntry, ...] = Field(description="in order of their gadgets")
    operations: dict[str, tuple[tuple[float, float], ...]] = Field(
        description="node -> planned start and duration of every statement"
    )
    critical_path: tuple[tuple[str, int], ...] = Field(
        description="node and statement, from start to end"
    )
    makespan_ns: PlannedMakespan
    cutoff_violations: CutoffViolations | None = Field(
        default=None, description="null: no link has a cutoff"
    )


def make_schedule_file(schedule: Schedule) -> ScheduleFile:
    """The contents of `schedule.json`."""
    table = _Table(schedule)
    return ScheduleFile(
        epr=tuple(_pair(table, pair) for pair in range(len(schedule.pair_statements))),
        messages=tuple(_message(table, row) for row in range(len(schedule.message_statements))),
        purifications=tuple(_purifications(table)),
        operations=_operations(table),
        critical_path=tuple(table.place(statement) for statement in schedule.critical_path),
        makespan_ns=PlannedMakespan(
            **makespan_figures(schedule.makespan).model_dump(),
            planned=schedule.planned_makespan_ns,
            shots=schedule.makespan.shots,
        ),
        cutoff_violations=cutoff_violations(schedule),
    )


class _Table:
    """The schedule's columns as lists, with the number that every statement has in its program."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.program = schedule.program
        self.network = schedule.program.network
        self.names = [node.name for node in self.network.nodes]
        self.latency = self.network.latencies_ns()
        self.rows = list(self.program.statements())
        self.start: list[float] = schedule.start_ns.tolist()
        self.duration: list[float] = schedule.duration_ns.tolist()
        counts = [0] * len(self.names)
        self.local: list[int] = []
        for row in self.rows:
            self.local.append(counts[row.node])
            counts[row.node] += 1
        self.free_ns, self.use_ns = self._around_pairs()
        # The last pair of a gadget is the one that arrives at its copy.
        self.arriving = {row.gadget: row.pair for row in self.rows if row.name == "dqc_epr"}
        self.age: dict[int, float] = {}  # of every dqc_epr whose half is used
        self.copy_of: dict[int, CopyEntry] = {}  # dqc_epr of the half -> copy
        self._ages()

    def _around_pairs(self) -> tuple[dict[int, float], dict[int, float]]:
        """For every `dqc_epr`: when its comm qubit is free, and when it is used first."""
        free: dict[int, float] = {}
        use: dict[int, float] = {}
        latest: dict[tuple[int, int], int] = {}  # (node, cell) -> last statement on it
        for index, row in enumerate(self.rows):
            for qubit in row.qubits:
                before = latest.get((row.node, qubit))
                latest[row.node, qubit] = index
                if before is not None and self.rows[before].name == "dqc_epr":
                    use[before] = self.start[index]
                if row.name == "dqc_epr":
                    free[index] = 0.0 if before is None else self.end(before)
        return free, use

    def _ages(self) -> None:
        halves = self.schedule.pair_statements.ravel().tolist()
        known = zip(halves, self.schedule.pair_age_ns.ravel().tolist(), strict=True)
        self.age = {half: age for half, age in known if not isnan(age)}
        copies = self.schedule.copy_statements.tolist()
        for copy, life in zip(copies, self.schedule.copy_life_ns.tolist(), strict=True):
            half, opened, closed = copy
            self.copy_of[half] = CopyEntry(
                opened=self.statement_place(opened),
                closed=self.statement_place(closed),
                life_ns=life,
            )

    def statement_place(self, statement: int) -> StatementPlace:
        node, index = self.place(statement)
        return StatementPlace(node=node, statement=index)

    def end(self, statement: int) -> float:
        return self.start[statement] + self.duration[statement]

    def place(self, statement: int) -> tuple[str, int]:
        return self.names[self.rows[statement].node], self.local[statement]


def _pair(table: _Table, pair: int) -> PairEntry:
    statements = table.schedule.pair_statements[pair].tolist()
    row = table.rows[statements[0]]
    link = table.network.links[row.link]
    # Both ends in the order in which the link names its nodes, whichever statement comes first.
    statements.sort(key=lambda statement: link.between.index(table.rows[statement].node))
    start, ready = table.start[statements[0]], float(table.schedule.pair_ready_ns[pair])
    earliest = max(table.free_ns[statement] for statement in statements)
    used = [table.use_ns[statement] for statement in statements if statement in table.use_ns]
    latest = min(used, default=ready) - (ready - start)
    gadget = None if row.gadget == ABSENT else row.gadget
    copies = [table.copy_of[half] for half in statements if half in table.copy_of]
    ages = [table.age.get(half) for half in statements]
    return PairEntry(
        id=row.pair,
        link=row.link,
        path=tuple(table.names[node] for node in link.between),
        ends=(_pair_end(table, statements[0]), _pair_end(table, statements[1])),
        # Sums of times are rounded, so the window could miss the start by the last bit.
        window_ns=(min(earliest, start), max(latest, start)),
        start_ns=start,
        ready_ns=ready,
        expiry_ns=None if link.cutoff_us is None else ready + 1000.0 * link.cutoff_us,
        fidelity=link.fidelity,
        gadget=gadget,
        gadget_kind=None if gadget is None else _kind_name(int(table.program.gadget_kind[gadget])),
        served=int(table.program.served[row.gadget]) if _arrives(table, row) else 0,
        hold_ns=float(table.schedule.pair_hold_ns[pair]),
        age_ns=(ages[0], ages[1]),
        copy=copies[0] if copies else None,
    )


def _arrives(table: _Table, row: Statement) -> bool:
    return row.gadget != ABSENT and table.arriving[row.gadget] == row.pair


def _pair_end(table: _Table, statement: int) -> PairEnd:
    row = table.rows[statement]
    node, index = table.place(statement)
    comm = row.qubits[0] - int(table.program.data_qubits[row.node])
    return PairEnd(node=node, comm=comm, statement=index)


def _kind_name(kind: int) -> GadgetName:
    names: dict[int, GadgetName] = {
        GadgetKind.OPEN: "open",
        GadgetKind.CLOSE: "close",
        GadgetKind.MOVE: "move",
        GadgetKind.PURIFY: "purify",
    }
    return names[kind]


def _purifications(table: _Table) -> Iterator[PurificationEntry]:
    kinds = table.program.gadget_kind.tolist()
    rows_of: dict[int, list[int]] = {g: [] for g, k in enumerate(kinds) if k == GadgetKind.PURIFY}
    rows_of |= {gadget - 1: [] for gadget in rows_of}
    for index, row in enumerate(table.rows):
        if row.gadget in rows_of:
            rows_of[row.gadget].append(index)
    rounds = [gadget for gadget, kind in enumerate(kinds) if kind == GadgetKind.PURIFY]
    for gadget, figures in zip(rounds, table.program.purified.tolist(), strict=True):
        yield _purification(table, gadget, rows_of[gadget - 1], rows_of[gadget], figures)


def _purification(
    table: _Table, gadget: int, opening: list[int], own: list[int], figures: list[float]
) -> PurificationEntry:
    """A round, from the rows of the gadget whose pair it purifies and its own."""
    kept, sacrificed = (
        tuple(dict.fromkeys(table.rows[i].pair for i in rows if table.rows[i].name == "dqc_epr"))
        for rows in (opening, own)
    )
    outcomes = []
    repeated: dict[str, tuple[int, int]] = {}
    for index in sorted((*opening, *own)):
        row, (node, statement) = table.rows[index], table.place(index)
        first, last = repeated.setdefault(node, (statement, statement))
        if row.name == "id":  # the last one is the end of the round
            last = statement
        repeated[node] = first, last
        is_end = table.network.nodes[row.node].kind == "qpu"
        if row.gadget == gadget and row.writes is not None and is_end:
            register, bit = row.writes
            name = table.program.register_name(register)
            content = {"node": node, "register": name, "bit": bit}
            outcomes.append(Outcome.model_validate(content))
    return PurificationEntry(
        gadget=gadget,
        kept=kept,
        sacrificed=sacrificed,
        outcomes=(outcomes[0], outcomes[1]),
        repeated=repeated,
        success_probability=figures[0],
        fidelity=figures[1],
    )


def _message(table: _Table, number: int) -> Message:
    measurement, read = table.schedule.message_statements[number].tolist()
    row = table.rows[measurement]
    assert row.writes is not None
    register, bit = row.writes
    receiver = int(table.schedule.message_receiver[number])
    send = table.end(measurement)
    arrival = send + table.latency[row.node][receiver]
    deadline = None if read == ABSENT else table.start[read]
    return Message.model_validate(
        {
            "id": number,
            "from": table.names[row.node],
            "to": table.names[receiver],
            "register": table.program.register_name(register),
            "bit": bit,
            "send_ns": send,
            "arrival_ns": arrival,
            "deadline_ns": deadline,
            "slack_ns": None if deadline is None else max(0.0, deadline - arrival),
            "kind": None if read == ABSENT else _message_kind(table.rows[read]),
        }
    )


def _message_kind(reader: Statement) -> MessageKind:
    # A correction belongs to a gadget; a condition of the circuit guards one of its operations.
    corrections: dict[str, MessageKind] = {
        "x": "x correction",
        "y": "y correction",
        "z": "z correction",
    }
    if reader.operation != ABSENT:
        return "condition"
    if reader.name == "id":
        return "herald"
    return corrections.get(reader.name, "condition")


def _operations(table: _Table) -> dict[str, tuple[tuple[float, float], ...]]:
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in table.names}
    for row, start, duration in zip(table.rows, table.start, table.duration, strict=True):
        times[table.names[row.node]].append((start, duration))
    return {name: tuple(entries) for name, entries in times.items()}
