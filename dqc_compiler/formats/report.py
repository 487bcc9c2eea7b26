"""The report of a compilation: its figures, with units and assumptions."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, fsum, log
from typing import Literal

import numpy as np
from pydantic import Field

from dqc_compiler.formats.cutoffs import CutoffViolations, cutoff_violations
from dqc_compiler.formats.file_model import FileModel
from dqc_compiler.formats.front import FrontEntry, MakespanFigures
from dqc_compiler.formats.report_bounds import (
    BoundFigures,
    GapFigures,
    bound_figures,
    gap_figures,
    lower_bound,
)
from dqc_compiler.formats.verdict import Verdict
from dqc_compiler.interruption import Stopped
from dqc_compiler.ir import (
    ABSENT,
    Circuit,
    DistributedProgram,
    Fidelity,
    GadgetKind,
    Makespan,
    Schedule,
)
from dqc_compiler.ir.bound import Bound
from dqc_compiler.ir.circuit import OPCODE, TWO_QUBIT_GATES

UNITS = {
    "makespan_ns": "nanoseconds",
    "planned_makespan_ns, lower_bound_ns": "nanoseconds",
    "ebits, pairs, lower_bound_pairs": "entangled pairs",
    "peak_comm_qubits, max_peak_comm_qubits": "qubits in use at one moment",
    "comm_qubits": "qubits of each node",
    "messages": "bits sent, each counted once however many nodes receive it",
    "teleports, copies": "gadgets",
    "remote_gates, two_qubit_gates": "gates of logical.qasm",
    "fidelity": "entanglement fidelity, a pure number",
}


class Figures(FileModel):
    """The figures of one compilation; counts are taken from the emitted programs."""

    ebits: int = Field(ge=0, description="end-to-end pairs consumed by gadgets")
    pairs: int = Field(ge=0, description="link-level dqc_epr pairs")
    peak_comm_qubits: dict[str, int] = Field(description="node -> most comm qubits in use at once")
    messages: int = Field(ge=0, description="classical bits sent between nodes")
    teleports: int = Field(ge=0, description="copies that became the qubit's new home")
    copies: int = Field(ge=0, description="copies that were opened and closed again")
    remote_gates: int = Field(ge=0, description="two-qubit gates executed with at least one copy")
    two_qubit_gates: int = Field(ge=0, description="two-qubit gates of logical.qasm")
    makespan_ns: MakespanFigures
    fidelity: float | None = Field(
        ge=0,
        le=1,
        description="estimated entanglement fidelity of the whole computation with the circuit; "
        "null: not estimated",
    )
    lower_bound_pairs: int | None = Field(
        ge=0,
        description="no protocol with the qubits' first and last nodes can use fewer pairs; null: "
        "no method covers the circuit",
    )
    gap: GapFigures | None = Field(description="how far pairs may be from the least; null: unknown")


class FidelityFigures(FileModel):
    """What `fidelity` is made of."""

    distribution: float = Field(
        ge=0, le=1, description="if data qubits kept their state: errors of pairs and comm qubits"
    )
    waiting: float = Field(
        ge=0, le=1, description="if pairs and comm qubits were perfect: errors of data qubits"
    )
    at_least: float = Field(
        ge=0, le=1, description="probability that no error happens: the fidelity is not lower"
    )
    shots: int = Field(ge=1, description="random runs behind the figures above this one")


class LinkFigures(FileModel):
    """What one link was used for."""

    between: tuple[str, str]
    pairs: int = Field(ge=0)
    fidelity: float | None = Field(
        ge=0, le=1, description="mean of its pairs when they are used; null: none, or not estimated"
    )


class NodeFigures(FileModel):
    """What one node does."""

    data_qubits: int = Field(ge=0, description="size of the register data")
    comm_qubits: int = Field(ge=0, description="size of the register comm")
    peak_comm_qubits: int = Field(ge=0)
    planned_peak_comm_qubits: int = Field(
        ge=0, description="the same at planned times, with pairs that are generated ahead"
    )
    pairs: int = Field(ge=0, description="pairs with one half at this node")
    messages_sent: int = Field(ge=0, description="bits")
    statements: int = Field(ge=0)
    two_qubit_gates: int = Field(ge=0)
    measurements: int = Field(ge=0)
    busy_ns: float = Field(ge=0, description="sum of the planned durations of all statements")


class GadgetFigures(FileModel):
    """All gadgets of one kind."""

    count: int = Field(ge=0)
    pairs: int = Field(ge=0, description="dqc_epr pairs that belong to them")
    fidelity: float | None = Field(
        ge=0, le=1, description="geometric mean of the gadgets with pairs; null: none, or unknown"
    )


class EnginesUsed(FileModel):
    """Where the search for a placement began."""

    used: tuple[str, ...] = Field(
        default=(), description="in order; a time limit may have ended the search before the last"
    )
    not_installed: tuple[str, ...] = Field(
        default=(), description="would have taken part, but need a package that is not there"
    )


class SchemaVersion(FileModel):
    """First key of every file that stands alone."""

    schema_version: Literal[1] = Field(default=1, alias="schema")


class Report(Figures, SchemaVersion):
    """`report.json`."""

    fidelity_estimate: FidelityFigures | None = Field(
        description="what fidelity is made of; null: not estimated"
    )
    planned_makespan_ns: float = Field(description="with mean generation times")
    makespan_shots: int = Field(ge=0, description="random runs behind makespan_ns")
    lower_bound_ns: float | None = Field(
        default=None,
        description="no schedule of these programs has a smaller planned or mean makespan, however "
        "many channels and comm qubits there are",
    )
    cutoff_violations: CutoffViolations | None = Field(
        default=None, description="what is older than its cutoff; null: no link has one"
    )
    bounds: tuple[BoundFigures, ...] = Field(description="proven, and for what each of them holds")
    per_link: tuple[LinkFigures, ...] = Field(description="in link order")
    per_node: dict[str, NodeFigures] = Field(description="in network order")
    per_gadget: dict[str, GadgetFigures] = Field(description="kind -> figures")
    engines: EnginesUsed
    assumptions: tuple[str, ...]
    units: dict[str, str]
    stopped: Stopped = Field(description="why the search has ended")
    pareto: tuple[FrontEntry, ...] | None = Field(
        default=None, description="one entry per budget of comm qubits, ascending; null: not asked"
    )
    verdict: Verdict

    def figures(self) -> Figures:
        """The figures that the manifest repeats."""
        return Figures.model_validate({name: getattr(self, name) for name in Figures.model_fields})


def make_report(
    logical: Circuit,
    program: DistributedProgram,
    schedule: Schedule,
    *,
    bounds: Sequence[Bound],
    fidelity: Fidelity | None,
    engines: EnginesUsed,
    verdict: Verdict,
    stopped: Stopped = "done",
    pareto: tuple[FrontEntry, ...] | None = None,
) -> Report:
    """The report of one compilation, counted from the program that is written.

    Args:
        logical: the circuit that was distributed.
        program: the emitted statements.
        schedule: their planned times.
        bounds: proven lower bounds on the pairs.
        fidelity: of the programs with the circuit, None if it is not estimated.
        engines: where the search for the placement began.
        verdict: what verification found.
        stopped: why the search has ended.
        pareto: the front, None if it was not asked for.
    """
    per_node = _node_figures(program, schedule)
    gadgets = _gadget_figures(schedule, fidelity)
    opened, moved = gadgets["open"].count, gadgets["move"].count
    return Report(
        ebits=opened,
        pairs=program.pairs,
        peak_comm_qubits={name: node.peak_comm_qubits for name, node in per_node.items()},
        messages=program.messages,
        teleports=moved,
        copies=opened - moved,
        remote_gates=program.remote_gates,
        two_qubit_gates=logical.two_qubit_gates,
        makespan_ns=makespan_figures(schedule.makespan),
        fidelity=None if fidelity is None else fidelity.total,
        lower_bound_pairs=lower_bound(bounds),
        gap=gap_figures(program.pairs, bounds),
        fidelity_estimate=_fidelity_figures(fidelity),
        planned_makespan_ns=schedule.planned_makespan_ns,
        makespan_shots=schedule.makespan.shots,
        lower_bound_ns=schedule.lower_bound_ns,
        cutoff_violations=cutoff_violations(schedule),
        bounds=bound_figures(bounds),
        per_link=_link_figures(schedule, fidelity),
        per_node=per_node,
        per_gadget=gadgets,
        engines=engines,
        assumptions=_assumptions(program, schedule, rounds=gadgets["purify"].count),
        units=UNITS,
        stopped=stopped,
        pareto=pareto,
        verdict=verdict,
    )


def _assumptions(
    program: DistributedProgram, schedule: Schedule, *, rounds: int
) -> tuple[str, ...]:
    shots = schedule.makespan.shots
    once = "every round of purification succeeds the first time"
    generic = "fidelity and bounds: parameters have generic values, whatever they are bound to"
    return (
        "planned times: every pair takes the mean generation time of its link, gates and"
        " measurements take the times of the network file, resets and corrections included",
        f"makespan_ns: {shots} random runs in which only the generation time of pairs varies;"
        " pairs take channels in the planned order and are held as planned, all else starts as"
        " soon as it can",
        "a message arrives after the latency of the path of least summed latency",
        "fidelity: pairs are Werner states when they are ready, qubits dephase with the T2 of their"
        " node at planned times, and gates and measurements are perfect; every input is possible",
        *([once] if rounds else []),
        *([generic] if program.parameters else []),
    )


def makespan_figures(makespan: Makespan) -> MakespanFigures:
    """The distribution of the total time, to the picosecond."""
    # A mean over many runs differs in its last bits between processors (vectorised sums), and a
    # bundle must not; a picosecond is far below any time of the network file.
    figures = {
        name: round(float(getattr(makespan, name)), 3) for name in MakespanFigures.model_fields
    }
    return MakespanFigures(**figures)


def _fidelity_figures(fidelity: Fidelity | None) -> FidelityFigures | None:
    if fidelity is None:
        return None
    return FidelityFigures(
        distribution=fidelity.distribution,
        waiting=fidelity.waiting,
        at_least=fidelity.at_least,
        shots=fidelity.shots,
    )


def _link_figures(schedule: Schedule, fidelity: Fidelity | None) -> tuple[LinkFigures, ...]:
    program = schedule.program
    link_of_pair = program.link[schedule.pair_statements[:, 0]].tolist()
    at_use: list[list[float]] = [[] for _ in program.network.links]
    if fidelity is not None:
        for link, value in zip(link_of_pair, fidelity.pair_at_use.tolist(), strict=True):
            at_use[link].append(value)
    names = [node.name for node in program.network.nodes]
    return tuple(
        LinkFigures(
            between=(names[link.between[0]], names[link.between[1]]),
            pairs=link_of_pair.count(number),
            fidelity=_rounded(fsum(values) / len(values)) if values else None,
        )
        for number, (link, values) in enumerate(zip(program.network.links, at_use, strict=True))
    )


def _rounded(mean: float) -> float:
    """To nine significant digits: the last bits of exponentials differ between processors."""
    return float(f"{mean:.9g}")


def _node_figures(program: DistributedProgram, schedule: Schedule) -> dict[str, NodeFigures]:
    k = len(program.network.nodes)

    def count(*names: str) -> list[int]:
        rows = np.isin(program.opcode, [OPCODE[name] for name in names])
        counts: list[int] = np.bincount(program.node[rows], minlength=k).tolist()
        return counts

    sent = [0] * k
    for register in program.registers:
        if register.receivers:
            sent[register.sender] += register.size
    busy = np.bincount(program.node, weights=schedule.duration_ns, minlength=k).tolist()
    statements = np.bincount(program.node, minlength=k).tolist()
    pairs, gates, measurements = count("dqc_epr"), count(*TWO_QUBIT_GATES), count("measure")
    return {
        node.name: NodeFigures(
            data_qubits=int(program.data_qubits[i]),
            comm_qubits=int(program.comm_qubits[i]),
            peak_comm_qubits=int(program.peak_comm[i]),
            planned_peak_comm_qubits=int(schedule.planned_peak_comm[i]),
            pairs=pairs[i],
            messages_sent=sent[i],
            statements=statements[i],
            two_qubit_gates=gates[i],
            measurements=measurements[i],
            busy_ns=round(busy[i], 3),
        )
        for i, node in enumerate(program.network.nodes)
    }


def _gadget_figures(schedule: Schedule, fidelity: Fidelity | None) -> dict[str, GadgetFigures]:
    program = schedule.program
    owners = program.gadget[(program.opcode == OPCODE["dqc_epr"]) & (program.gadget >= 0)]
    halves = np.bincount(program.gadget_kind[owners], minlength=len(GadgetKind))
    counts = np.bincount(program.gadget_kind, minlength=len(GadgetKind))
    logs: dict[int, list[float]] = {kind: [] for kind in GadgetKind}
    if fidelity is not None:
        of_pair = program.gadget[schedule.pair_statements[:, 0]].tolist()
        for gadget, value in zip(of_pair, fidelity.gadget.tolist(), strict=True):
            if gadget != ABSENT and program.gadget_kind[gadget] != GadgetKind.PURIFY:
                logs[int(program.gadget_kind[gadget])].append(log(value))
    return {
        kind.name.lower(): GadgetFigures(
            count=int(counts[kind]),
            pairs=int(halves[kind]) // 2,
            fidelity=_rounded(exp(fsum(logs[kind]) / len(logs[kind]))) if logs[kind] else None,
        )
        for kind in GadgetKind
    }
