"""Which single upgrade of a network would help a circuit most: every one is tried."""

from __future__ import annotations

import os
import reprlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

from dqc_compiler.costs.prices import priced
from dqc_compiler.costs.routes import open_passages
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.diagnostics.core import Infeasible
from dqc_compiler.formats.advice_file import (
    AdviceFile,
    ChangeFigures,
    OutcomeFigures,
    UpgradeEntry,
)
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.formats.front import MakespanFigures
from dqc_compiler.formats.network_model import LinkEntry
from dqc_compiler.formats.report import makespan_figures
from dqc_compiler.garbage import collection_paused
from dqc_compiler.interruption import Interruption, Patience, Stopped
from dqc_compiler.ir import (
    Circuit,
    DistributedProgram,
    GadgetKind,
    Network,
    Placement,
    Schedule,
)
from dqc_compiler.passes.schedule import ListSchedule
from dqc_compiler.pipeline import Options, Result, compile_circuit
from dqc_compiler.planning import Realise, writer
from dqc_compiler.symmetry import Permutation, Symmetries
from dqc_compiler.upgrades import SAME_PROGRAM, Upgrade, additions, retimings
from dqc_compiler.workers import Workers

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

By = Literal["makespan", "pairs"]

_ROUNDS = 2  # of the preset `best`; as many as there are cores would depend on the machine
_SECONDS_OF_WORKERS = 5.0  # until the first of them has imported what it needs, and some more
# Seconds per operation where nothing has been measured, because the circuit does not fit.
_SECONDS_GUESSED = {"fast": 1e-3, "balanced": 1e-2, "best": 1e-1}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the circuit costs on one network.

    Attributes:
        pairs: link-level pairs.
        ebits: end-to-end pairs.
        peak_comm_qubits: most comm qubits in use at one moment, of each node in network order.
        planned_makespan_ns: with mean generation times.
        makespan: distribution over random generation times, in ns.
    """

    pairs: int
    ebits: int
    peak_comm_qubits: tuple[int, ...]
    planned_makespan_ns: float
    makespan: MakespanFigures

    @property
    def max_peak_comm_qubits(self) -> int:
        """Of all nodes."""
        return max(self.peak_comm_qubits, default=0)

    def rank(self, by: By) -> tuple[float, float, int]:
        """What is compared, the smaller the better."""
        mean = self.makespan.mean
        first, second = (mean, self.pairs) if by == "makespan" else (self.pairs, mean)
        return first, second, self.max_peak_comm_qubits


@dataclass(frozen=True, kw_only=True)
class Change:
    """An outcome minus that of the network as it is; what is below 0 is saved."""

    pairs: int
    ebits: int
    max_peak_comm_qubits: int
    planned_makespan_ns: float
    mean_makespan_ns: float


@dataclass(frozen=True, kw_only=True)
class Row:
    """One upgrade and what it leads to; `change` is None if there is nothing to compare with."""

    upgrade: Upgrade
    outcome: Outcome
    change: Change | None


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Upgrades of a network in order of their effect on a circuit, the best first.

    Attributes:
        network: as it is.
        base: of the network as it is; None if the circuit does not fit.
        rows: upgrades that were tried, without those for which it does not fit either.
        by: what decides.
        options: of every compilation.
        stopped: why there are no more rows.
    """

    network: Network
    base: Outcome | None
    rows: tuple[Row, ...]
    by: By
    options: Options
    stopped: Stopped = "done"

    def file(self, *, limit: int | None = None) -> AdviceFile:
        """This as JSON data, with so many rows at most."""
        return AdviceFile(
            by=self.by,
            preset=self.options.preset,
            seed=self.options.seed,
            as_it_is=None if self.base is None else _figures(self.base, self.network),
            tried=len(self.rows),
            stopped=self.stopped,
            rows=tuple(_entry(row, self.network) for row in self.rows[:limit]),
        )


def _figures(outcome: Outcome, network: Network) -> OutcomeFigures:
    names = [node.name for node in network.nodes]
    return OutcomeFigures(
        pairs=outcome.pairs,
        ebits=outcome.ebits,
        peak_comm_qubits=dict(zip(names, outcome.peak_comm_qubits, strict=True)),
        max_peak_comm_qubits=outcome.max_peak_comm_qubits,
        planned_makespan_ns=outcome.planned_makespan_ns,
        makespan_ns=outcome.makespan,
    )


def _entry(row: Row, network: Network) -> UpgradeEntry:
    link, change = row.upgrade.link, row.change
    return UpgradeEntry(
        kind=row.upgrade.kind,
        where=row.upgrade.where,
        link=None
        if link is None
        else LinkEntry(
            between=list(row.upgrade.where),
            attempt_ns=link.attempt_ns,
            success_probability=link.success_probability,
            fidelity=link.fidelity,
            channels=link.channels,
            latency_ns=link.latency_ns,
            cutoff_us=link.cutoff_us,
        ),
        outcome=_figures(row.outcome, network),
        change=None
        if change is None
        else ChangeFigures(
            pairs=change.pairs,
            ebits=change.ebits,
            max_peak_comm_qubits=change.max_peak_comm_qubits,
            planned_makespan_ns=change.planned_makespan_ns,
            mean_makespan_ns=change.mean_makespan_ns,
        ),
    )


@dataclass(frozen=True, eq=False)
class _Base:
    """A result for the network as it is."""

    placement: Placement
    program: DistributedProgram
    outcome: Outcome


class _Tried(NamedTuple):
    """An outcome with an upgrade, and the same programs without it if they do not need it."""

    outcome: Outcome
    without: _Base | None = None


@dataclass(frozen=True)
class _Group:
    """Upgrades that symmetries of the network turn into the first one, and these symmetries."""

    members: tuple[Upgrade, ...]
    symmetries: tuple[Permutation, ...]  # of each member: from the first one's nodes to its nodes


_Outcomes = list[tuple[Upgrade, Outcome]]


class _Found(NamedTuple):
    """What upgrades lead to, and a better result for the network as it is, come upon by chance."""

    outcomes: _Outcomes
    base: _Base | None


@dataclass(frozen=True, eq=False)
class _Study:
    """What every upgrade is tried on."""

    circuit: Circuit
    network: Network
    by: By
    options: Options  # without a time limit: whoever waits for a result has one
    base: _Base | None

    def found(self, group: _Group) -> _Found:
        """What each upgrade of a group leads to; nothing if the circuit does not fit then.

        An added resource cannot hurt, because it may be left unused. So the programs for the
        network as it is compete, and the first of equals wins.
        """
        seen: list[Outcome] = []  # by the first member
        bases = [self.base]
        for member, symmetry in zip(group.members, group.symmetries, strict=True):
            for outcome, without in self._kept(member):
                seen.append(_renamed(outcome, _inverse(symmetry)))
                bases.append(without)
        first = group.members[0]
        if first.kind not in SAME_PROGRAM:
            for outcome, without in self._compiled(first):
                seen.append(outcome)
                bases.append(without)
        if not seen:
            return _Found([], None)
        best = min(seen, key=lambda each: each.rank(self.by))
        outcomes = [
            (member, _renamed(best, symmetry))
            for member, symmetry in zip(group.members, group.symmetries, strict=True)
        ]
        base = self.best(bases)
        return _Found(outcomes, None if base is self.base else base)

    def best(self, bases: Iterable[_Base | None]) -> _Base | None:
        """The best result for the network as it is; the first of equals."""
        there = [base for base in bases if base is not None]
        return min(there, key=lambda base: base.outcome.rank(self.by), default=None)

    def _kept(self, upgrade: Upgrade) -> Iterator[_Tried]:
        """The programs as they are, scheduled anew if times change, and with another plan."""
        if self.base is None:
            return
        network = upgrade.applied(self.network)
        yield _Tried(self.base.outcome)
        if upgrade.link is not None:
            yield _Tried(_scheduled(replace(self.base.program, network=network)))
        if upgrade.kind not in SAME_PROGRAM:
            yield from self._replanned(network)

    def _replanned(self, network: Network) -> Iterator[_Tried]:
        """The same homes and hosts: other visits may fit, and other ways be shorter."""
        assert self.base is not None
        opened = priced(open_passages(network, len(self.circuit.qubits)), self.options.minimize)
        placement = replace(self.base.placement, network=opened)
        load = np.bincount(placement.start_home, minlength=len(opened.nodes))
        if (load > [node.data_qubits for node in opened.nodes]).any():
            return  # another node gives a data qubit away to let pairs pass
        plan = Realise(network, self.options.minimize).run(placement)
        program = writer(self.options.minimize).run(plan)
        program.verify()
        yield self._tried(plan.placement, program, _scheduled(program))

    def _compiled(self, upgrade: Upgrade) -> Iterator[_Tried]:
        try:
            result = compile_circuit(
                self.circuit, upgrade.applied(self.network), options=self.options
            )
        except CompilerError as error:
            if not _is_infeasible(error):
                raise
        else:
            outcome = _outcome(result.program, result.schedule)
            yield self._tried(result.placement, result.program, outcome)

    def _tried(self, placement: Placement, program: DistributedProgram, outcome: Outcome) -> _Tried:
        """A search may find better programs because it began elsewhere, not because of an upgrade.

        If they run on the network as it is, then they are no merit of the upgrade.
        """
        if self.base is None or not _runs_on(program, self.network):
            return _Tried(outcome)
        program = replace(program, network=self.network)
        without = _Base(replace(placement, network=self.network), program, _scheduled(program))
        return _Tried(outcome, without)


def _runs_on(program: DistributedProgram, network: Network) -> bool:
    """Whether the programs need no more qubits and no other links than the network has."""
    if program.link.max(initial=0) >= max(1, len(network.links)):
        return False
    sizes = zip(
        network.nodes, program.data_qubits.tolist(), program.comm_qubits.tolist(), strict=True
    )
    return all(
        data <= node.data_qubits and (node.comm_qubits is None or comm <= node.comm_qubits)
        for node, data, comm in sizes
    )


def _is_infeasible(error: CompilerError) -> bool:
    return all(isinstance(each, Infeasible) for each in error.diagnostics)


def _scheduled(program: DistributedProgram) -> Outcome:
    return _outcome(program, ListSchedule().run(program))


def _outcome(program: DistributedProgram, schedule: Schedule) -> Outcome:
    return Outcome(
        pairs=program.pairs,
        ebits=int((program.gadget_kind == GadgetKind.OPEN).sum()),
        peak_comm_qubits=tuple(program.peak_comm.tolist()),
        planned_makespan_ns=round(schedule.planned_makespan_ns, 3),
        makespan=makespan_figures(schedule.makespan),
    )


def _inverse(permutation: Permutation) -> Permutation:
    return tuple(permutation.index(node) for node in range(len(permutation)))


def _renamed(outcome: Outcome, permutation: Permutation) -> Outcome:
    """The outcome after the permutation of the nodes."""
    peaks = [outcome.peak_comm_qubits[node] for node in _inverse(permutation)]
    return replace(outcome, peak_comm_qubits=tuple(peaks))


def _groups(network: Network, upgrades: Iterator[Upgrade]) -> list[_Group]:
    """Upgrades that are alike together. Programs are not, so that of retimings each is alone."""
    symmetries = Symmetries(network)
    same = tuple(range(len(network.nodes)))
    groups: list[list[tuple[Upgrade, Permutation]]] = []
    alike: dict[object, list[list[tuple[Upgrade, Permutation]]]] = {}
    for upgrade in upgrades:
        nodes = upgrade.nodes(network)
        mark = (upgrade.kind, symmetries.mark(nodes))
        known = [] if upgrade.kind in SAME_PROGRAM else alike.setdefault(mark, [])
        for group in known:
            first = group[0][0].nodes(network)
            ways = (symmetries.between(first, order) for order in {nodes, nodes[::-1]})
            way = next(filter(None, ways), None)
            if way is not None:
                group.append((upgrade, way))
                break
        else:
            groups.append([(upgrade, same)])
            known.append(groups[-1])
    return [_Group(*map(tuple, zip(*group, strict=True))) for group in groups]


@collection_paused()
def advise(
    circuit: Circuit | QuantumCircuit | str | os.PathLike[str],
    network: Network,
    *,
    by: By = "makespan",
    options: Options | None = None,
    interruption: Interruption | None = None,
) -> Advice:
    """Try single upgrades of a network, and rank them by their effect on a circuit.

    The upgrades are a doubled rate (`success_probability`, at most 1) or one more channel of a link
    whose pairs could use it; one more comm qubit at a node; one more data qubit at a processor; and
    a link between two processors that have none, but a common neighbour or repeaters between them.
    Rates and channels only move the same programs in time, all others are compiled for anew; the
    result for the network as it is competes everywhere. Nothing depends on the number of cores.

    Args:
        circuit: the IR, a Qiskit circuit, or the path of an OpenQASM 2 or 3 file.
        network: as it is; connected.
        by: what decides, the mean makespan or the pairs; the other one decides between equals.
        options: of every compilation, with the preset "fast" by default. The time limit is one of
            the whole study, whose rows so far are the result then.
        interruption: ends the study with the rows so far, while it listens.

    Raises:
        CompilerError: with the diagnostics of the reader, or, if the circuit fits neither the
            network nor any upgraded one, with what `compile_circuit` says of the network.
        TypeError: if an argument is nothing of the kind.
        ValueError: if `by` is neither.
    """
    chosen = Options(preset="fast") if options is None else options
    for name, value, kind in (("network", network, Network), ("options", chosen, Options)):
        if not isinstance(value, kind):
            raise TypeError(f"{name} has to be of type {kind.__name__}, not {reprlib.repr(value)}")
    if by not in get_args(By):
        raise ValueError(f"by has to be one of {get_args(By)}, not {by!r}")
    if chosen.preset == "best" and chosen.rounds is None:
        chosen = replace(chosen, rounds=_ROUNDS)
    signals = interruption or Interruption()
    patience = Patience(chosen.time_limit, signals)
    patience.begin()
    original = circuit if isinstance(circuit, Circuit) else read_circuit(circuit)
    result, refusal = _base_result(original, network, chosen, signals)
    each = replace(chosen, time_limit=None)
    if result is None:
        study = _Study(original, network, by, each, None)
        upgrades = additions(network)
    else:
        outcome = _outcome(result.program, result.schedule)
        base = _Base(result.placement, result.program, outcome)
        study = _Study(original, network, by, each, base)
        more = additions(network, result.program, result.plan) if outcome.pairs else iter(())
        upgrades = chain(retimings(result.program), more)
    outcomes: _Outcomes = []
    best = study.base
    for part in patience.limits(_parts(study, _groups(network, upgrades), result, patience)):
        outcomes += part.outcomes
        best = study.best([best, part.base])
    if refusal is not None and not outcomes and patience.stopped == "done":
        raise refusal
    if best is not None and best is not study.base:
        study = replace(study, base=best)
        outcomes = _compared(study, best, outcomes)
    return Advice(
        network=network,
        base=None if study.base is None else study.base.outcome,
        rows=_rows(study, outcomes),
        by=by,
        options=chosen,
        stopped=patience.stopped,
    )


def _compared(study: _Study, base: _Base, outcomes: _Outcomes) -> _Outcomes:
    """The outcomes once there is a better result for the network as it is.

    It competes everywhere, and rates and channels are those of its programs.
    """
    retimed = [study.found(group) for group in _groups(study.network, retimings(base.program))]
    others = [
        (upgrade, min(outcome, base.outcome, key=lambda each: each.rank(study.by)))
        for upgrade, outcome in outcomes
        if upgrade.kind not in SAME_PROGRAM
    ]
    return [each for found in retimed for each in found.outcomes] + others


def _base_result(
    circuit: Circuit, network: Network, options: Options, interruption: Interruption
) -> tuple[Result | None, CompilerError | None]:
    """The result for the network as it is, or why there is none."""
    try:
        return compile_circuit(circuit, network, options=options, interruption=interruption), None
    except CompilerError as error:
        if not _is_infeasible(error):
            raise
        return None, error


def _parts(
    study: _Study, groups: list[_Group], result: Result | None, patience: Patience
) -> Iterator[_Found]:
    """What each group leads to: schedules first, then compilations, on all cores if that pays."""
    quick = [group for group in groups if group.members[0].kind in SAME_PROGRAM]
    slow = groups[len(quick) :]
    yield from map(study.found, quick)
    options, cores = study.options, os.cpu_count() or 1
    seconds = (
        len(study.circuit) * _SECONDS_GUESSED[options.preset]
        if result is None
        else sum(result.seconds.values())
    )
    cores = 1 if options.preset == "best" else min(cores, len(slow))  # it uses all of them itself
    gained = seconds * len(slow) * (1 - 1 / max(cores, 1))
    is_patient = seconds < patience.seconds_left  # one that is not has to be ended from outside
    if not slow or (is_patient and gained < _SECONDS_OF_WORKERS):
        yield from map(study.found, slow)
        return
    with Workers(cores) as workers:
        yield from workers.results(study.found, [(group,) for group in slow], patience)


def _rows(study: _Study, outcomes: _Outcomes) -> tuple[Row, ...]:
    """In order of their effect; those with equal ones in the order in which they were tried."""
    ranked = sorted(outcomes, key=lambda each: each[1].rank(study.by))
    base = None if study.base is None else study.base.outcome
    return tuple(
        Row(
            upgrade=upgrade,
            outcome=outcome,
            change=None if base is None else _change(base, outcome),
        )
        for upgrade, outcome in ranked
    )


def _change(before: Outcome, after: Outcome) -> Change:
    planned = after.planned_makespan_ns - before.planned_makespan_ns
    return Change(
        pairs=after.pairs - before.pairs,
        ebits=after.ebits - before.ebits,
        max_peak_comm_qubits=after.max_peak_comm_qubits - before.max_peak_comm_qubits,
        planned_makespan_ns=round(planned, 3),
        mean_makespan_ns=round(after.makespan.mean - before.makespan.mean, 3),
    )
