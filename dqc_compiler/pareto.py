"""What fewer or more comm qubits would cost: one compilation per budget, and the front of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from dqc_compiler.bundles import verify_result
from dqc_compiler.costs.error_frames import estimate_fidelity
from dqc_compiler.costs.routes import open_passages
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.diagnostics.bundle import NotEquivalent
from dqc_compiler.formats.front import FrontEntry, on_front
from dqc_compiler.formats.report import makespan_figures
from dqc_compiler.formats.verdict import Verdict
from dqc_compiler.interruption import Interruption
from dqc_compiler.ir import Circuit, Network
from dqc_compiler.passes.schedule import ListSchedule
from dqc_compiler.pipeline import Options, Result, compile_circuit
from dqc_compiler.planning import writer

Budget = int | None
"""Comm qubits of every node that has not fewer anyway; None: as many as the network gives."""


@dataclass(frozen=True, kw_only=True)
class Front:
    """The result for the network as given, and an entry per budget, ascending."""

    result: Result
    entries: tuple[FrontEntry, ...]


@dataclass(frozen=True, eq=False)
class _Row:
    budget: Budget
    result: Result
    verdict: Verdict

    @property
    def max_peak(self) -> int:
        """Of the processors: repeaters hold two halves whatever the budget is."""
        program = self.result.program
        peaks = zip(program.network.nodes, program.peak_comm.tolist(), strict=True)
        return max((peak for node, peak in peaks if node.kind == "qpu"), default=0)

    @property
    def rank(self) -> tuple[int, float, int]:
        """Fewest pairs win; where they are equal the time decides, and then the memory."""
        program, makespan = self.result.program, self.result.schedule.makespan
        return program.pairs, makespan.mean, self.max_peak

    def fits(self, network: Network) -> bool:
        """Whether the plan needs no more comm qubits than the network has."""
        used = self.result.program.peak_comm.tolist()
        limits = [node.comm_qubits for node in network.nodes]
        return all(limit is None or size <= limit for size, limit in zip(used, limits, strict=True))


def compile_front(
    circuit: Circuit,
    network: Network,
    *,
    budget: Budget = None,
    options: Options | None = None,
    progress: Callable[[str], None] | None = None,
    interruption: Interruption | None = None,
) -> Front:
    """Compile for 1, 2, 4, ... comm qubits per node, up to what is used, and for all there are.

    Every result is verified, and competes wherever it fits: more comm qubits never cost more.

    Args:
        circuit: the IR.
        network: with all the comm qubits that there are; no budget exceeds them.
        budget: the one of the result, which may differ from the others; None: no limit.
        options: of every compilation; a time limit is one of each.
        progress: as for `compile_circuit`.
        interruption: ends the search, as for `compile_circuit`; budgets that nothing was found for
            yet are left out then, except the result's.

    Raises:
        CompilerError: as for `compile_circuit`, or if programs are refuted (DQC331).
        ValueError: if the options have a target fidelity.
    """
    chosen = options or Options()
    if chosen.target_fidelity is not None:
        raise ValueError("a front has no target_fidelity")
    signals = interruption or Interruption()

    def row(each: Budget) -> _Row:
        result = compile_circuit(
            circuit, limited(network, each), options=chosen, progress=progress, interruption=signals
        )
        return _Row(each, result, _demanded(verify_result(result), each))

    def others() -> Iterator[_Row]:
        widest = first if budget is None else row(None)
        if budget is not None:
            yield widest
        for each in _budgets(widest.max_peak, network):
            if each != budget and not _is_cut_off(network, each, len(circuit.qubits)):
                yield row(each)

    first = row(budget)
    rows = [first, *signals.stops(others())]
    rows.sort(key=lambda entry: float("inf") if entry.budget is None else entry.budget)
    best = [_best(rows, entry, limited(network, entry.budget)) for entry in rows]
    entries = _entries(rows, best, budget)
    result = best[rows.index(first)].result
    if signals.has_come:
        result = replace(result, stopped="interrupted")
    return Front(result=result, entries=entries)


def _is_cut_off(network: Network, budget: int, qubits: int) -> bool:
    """Whether no pair can pass a full node with so few comm qubits."""
    try:
        open_passages(limited(network, budget), qubits)
    except CompilerError:
        return True
    return False


def limited(network: Network, budget: Budget) -> Network:
    """The network with at most so many comm qubits at every processor."""
    if budget is None:
        return network
    nodes = (
        node
        if node.kind == "repeater" or (node.comm_qubits is not None and node.comm_qubits <= budget)
        else replace(node, comm_qubits=budget)
        for node in network.nodes
    )
    return replace(network, nodes=tuple(nodes))


def unlimited(network: Network) -> Network:
    """The network with as many comm qubits at every node as anybody could use."""
    nodes = tuple(replace(node, comm_qubits=None) for node in network.nodes)
    return replace(network, nodes=nodes)


def _budgets(peak: int, network: Network) -> Iterator[int]:
    """Powers of two up to the first that no use and no node exceeds; None is not among them."""
    limits = [node.comm_qubits for node in network.nodes if node.kind == "qpu"]
    budget = 1
    while any(limit is None or limit > budget for limit in limits):
        yield budget
        if budget >= peak:
            return
        budget *= 2


def _demanded(verdict: Verdict, budget: Budget) -> Verdict:
    if verdict.equivalent is not False:
        return verdict
    failed = "; ".join(f"{c.name}: {c.detail}" for c in verdict.checks if c.passed is False)
    words = "no limit" if budget is None else f"at most {budget} comm qubits per node"
    remedy = "nothing was written; this is a defect of dqc_compiler, compile without --pareto"
    raise CompilerError(NotEquivalent(reason=f"with {words}: {failed}", remedy=remedy))


def _best(rows: list[_Row], own: _Row, network: Network) -> _Row:
    """The row that costs least on the network of its own row, which it may have to be moved to."""
    fitting = [row for row in rows if row.fits(network)]
    fewest = min(row.result.program.pairs for row in fitting)
    finalists = [row for row in fitting if row.result.program.pairs == fewest]
    moved = [(_moved(row, network), row is not own) for row in finalists]
    return min(moved, key=lambda pair: (pair[0].rank, pair[1]))[0]


def _entries(rows: list[_Row], best: list[_Row], budget: Budget) -> tuple[FrontEntry, ...]:
    made = []
    for row, shown in zip(rows, best, strict=True):
        program = shown.result.program
        names = [node.name for node in program.network.nodes]
        made.append(
            FrontEntry(
                comm_qubits=row.budget,
                pairs=program.pairs,
                peak_comm_qubits=dict(zip(names, program.peak_comm.tolist(), strict=True)),
                max_peak_comm_qubits=shown.max_peak,
                makespan_ns=makespan_figures(shown.result.schedule.makespan),
                on_front=True,
                in_bundle=row.budget == budget,
                equivalent=shown.verdict.equivalent,
                stopped=row.result.stopped,
            )
        )
    marks = on_front([entry.figures for entry in made])
    return tuple(
        entry.model_copy(update={"on_front": mark}) for entry, mark in zip(made, marks, strict=True)
    )


def _moved(row: _Row, network: Network) -> _Row:
    """A result as one for this network: the same plan, with the comm qubits that there are."""
    result = row.result
    if result.network == network:
        return row
    placement = replace(result.placement, network=network)
    plan = replace(result.plan, placement=placement)
    program = writer(result.options.minimize).run(plan)
    schedule = ListSchedule().run(program)
    moved = replace(
        result,
        network=network,
        placement=placement,
        plan=plan,
        program=program,
        schedule=schedule,
        fidelity=estimate_fidelity(schedule),
    )
    return replace(row, result=moved, verdict=_demanded(verify_result(moved), row.budget))
