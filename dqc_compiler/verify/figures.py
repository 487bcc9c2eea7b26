"""Whether the figures of report.json are those of the programs, the schedule and the manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from dqc_compiler.formats.bundle_in import Bundle
from dqc_compiler.formats.flat_qasm import FlatProgram, circuit_from_flat, read_flat_qasm
from dqc_compiler.formats.front import FrontEntry, on_front
from dqc_compiler.formats.manifest import LOGICAL
from dqc_compiler.formats.report import Report
from dqc_compiler.formats.report_bounds import bounds_agree
from dqc_compiler.verify.fidelity import fidelity_problems
from dqc_compiler.verify.longest_path import longest_path_ns
from dqc_compiler.verify.programs import ProgramSet
from dqc_compiler.verify.purification import purifications
from dqc_compiler.verify.structure import (
    OUT,
    channel_ends,
    peak_comm_qubits,
    planned_peak_comm_qubits,
)

_ROUNDING_NS = 2e-3  # the report rounds to a picosecond what is the sum of many times


def figures_problems(bundle: Bundle, task: ProgramSet) -> list[str]:
    """Every figure that differs, in words; empty if there is none.

    How many of the opened copies became a new home, and which gates use a copy, is a reading of
    the programs: root and copies of a qubit are the same state. These figures have to fit the
    others.

    Args:
        bundle: as it was read.
        task: its programs; parameters without a value have those of the report.
    """
    report = bundle.report
    is_bound = any(p.value is not None for p in bundle.manifest.parameters.values())
    return [
        *_manifest_problems(bundle),
        *_count_problems(bundle, task),
        *_table_problems(bundle, task),
        *fidelity_problems(task, report, bundle.schedule, has_own_angles=not is_bound),
        *([] if report.pareto is None else _front_problems(report, report.pareto, task)),
    ]


def _listed(problems: Mapping[str, bool]) -> Iterator[str]:
    return (words for words, is_wrong in problems.items() if is_wrong)


def _manifest_problems(bundle: Bundle) -> Iterator[str]:
    report, manifest, makespan = bundle.report, bundle.manifest, bundle.schedule.makespan_ns
    return _listed(
        {
            "report.json and manifest.json differ": report.figures() != manifest.figures,
            "the verdicts differ": report.verdict != manifest.verdict,
            "makespan_ns is not that of the schedule": any(
                getattr(report.makespan_ns, name) != getattr(makespan, name)
                for name in type(report.makespan_ns).model_fields
            ),
            "planned_makespan_ns is not that of the schedule": (
                report.planned_makespan_ns != makespan.planned
            ),
            "makespan_shots are not those of the schedule": report.makespan_shots != makespan.shots,
            "cutoff_violations are not those of the schedule": (
                report.cutoff_violations != bundle.schedule.cutoff_violations
            ),
        }
    )


def _count_problems(bundle: Bundle, task: ProgramSet) -> Iterator[str]:
    report, pairs = bundle.report, bundle.schedule.epr
    sent = sum(channel.size for channel in bundle.manifest.channels.values())
    logical = circuit_from_flat(read_flat_qasm(bundle.logical, source=LOGICAL), name="logical")
    served = sum(pair.served for pair in pairs)
    peaks = {
        node.name: peak_comm_qubits(program)
        for node, program in zip(task.network.nodes, task.programs, strict=True)
    }
    return _listed(
        {
            "pairs are not those of the programs": 2 * report.pairs
            != sum(_halves(program).total() for program in task.programs),
            "the schedule has other pairs": len(pairs) != report.pairs,
            "e-bits are not copies and teleports": report.ebits != report.copies + report.teleports,
            "e-bits are not the pairs that swaps and purification leave": report.ebits
            != report.pairs - _swaps(task) - len(purifications(task)[0]),
            "messages are not those of the channels": report.messages != sent,
            "two_qubit_gates are not those of logical.qasm": report.two_qubit_gates
            != logical.two_qubit_gates,
            "remote_gates are more than there are gates": report.remote_gates
            > report.two_qubit_gates,
            # A gate may use a copy of each qubit, and an embedded one of both at every node.
            "remote_gates are not those that the pairs serve": not (
                report.remote_gates <= served <= 2 * len(peaks) * report.remote_gates
            ),
            "peak_comm_qubits are not those of the programs": report.peak_comm_qubits != peaks,
            "the bounds contradict the pairs or each other": not bounds_agree(report),
            "lower_bound_ns is not that of the programs": report.lower_bound_ns is not None
            and abs(report.lower_bound_ns - longest_path_ns(task)) > _ROUNDING_NS,
        }
    )


def _swaps(task: ProgramSet) -> int:
    """Bell measurements of repeaters, which do nothing else; each makes one pair of two."""
    measured = sum(
        row.name == "measure"
        for node, program in zip(task.network.nodes, task.programs, strict=True)
        if node.kind == "repeater"
        for row in program.statements
    )
    return measured // 2


def _halves(program: FlatProgram) -> Counter[int]:
    """Halves of pairs by link."""
    return Counter(int(row.parameters[0]) for row in program.statements if row.name == "dqc_epr")


def _table_problems(bundle: Bundle, task: ProgramSet) -> Iterator[str]:
    report, network = bundle.report, task.network
    names = [node.name for node in network.nodes]
    halves = [_halves(program) for program in task.programs]
    links = [
        ((names[a], names[b]), halves[a][number])
        for number, (a, b) in enumerate(link.between for link in network.links)
    ]
    if [(entry.between, entry.pairs) for entry in report.per_link] != links:
        yield "per_link is not as in the programs"
    if list(report.per_node) != names:
        yield "per_node does not list the nodes"
        return
    for name, program, own in zip(names, task.programs, halves, strict=True):
        figures = report.per_node[name].model_dump()
        times = bundle.schedule.operations.get(name, ())
        figures["busy_ns"] = abs(figures["busy_ns"] - sum(time[1] for time in times)) < _ROUNDING_NS
        planned_peak = (
            planned_peak_comm_qubits(program, times)
            if len(times) == len(program.statements)
            else None
        )
        wanted = _node_figures(program, own.total()) | {
            "planned_peak_comm_qubits": planned_peak,
            "messages_sent": _sent(program, name, task),
            "busy_ns": True,
        }
        wrong = [key for key, value in wanted.items() if figures[key] != value]
        if wrong:
            yield f"per_node of {name}: {', '.join(wrong)} not as in its program"
    rounds = purifications(task)[0]
    sacrificed = sum(len(found.sacrificed) for found in rounds)
    kinds = {"open": (report.ebits, report.pairs - sacrificed)}
    kinds |= {"close": (report.copies, 0), "move": (report.teleports, 0)}
    kinds |= {"purify": (len(rounds), sacrificed)}
    if {kind: (entry.count, entry.pairs) for kind, entry in report.per_gadget.items()} != kinds:
        yield "per_gadget does not add up to the figures"


def _node_figures(program: FlatProgram, pairs: int) -> dict[str, int]:
    rows = program.statements
    return {
        "data_qubits": program.qubit_registers.get("data", 0),
        "comm_qubits": program.qubit_registers.get("comm", 0),
        "peak_comm_qubits": peak_comm_qubits(program),
        "pairs": pairs,
        "statements": len(rows),
        "two_qubit_gates": sum(len(row.qubits) == 2 and row.name != "barrier" for row in rows),
        "measurements": sum(row.name == "measure" for row in rows),
    }


def _sent(program: FlatProgram, name: str, task: ProgramSet) -> int:
    """Bits of the channels that a node sends on."""
    ends = {
        register: channel_ends(register, task.network)
        for register in program.bit_registers
        if register != OUT
    }
    number = task.network.node_index(name)
    return sum(
        program.bit_registers[register]
        for register, found in ends.items()
        if found is not None and found[0] == number
    )


def _front_problems(
    report: Report, entries: tuple[FrontEntry, ...], task: ProgramSet
) -> Iterator[str]:
    qpus = {node.name for node in task.network.nodes if node.kind == "qpu"}
    budgets = [float("inf") if e.comm_qubits is None else e.comm_qubits for e in entries]
    pairs = [entry.pairs for entry in entries]
    own = [
        (e.pairs, e.peak_comm_qubits, e.makespan_ns, e.equivalent) for e in entries if e.in_bundle
    ]
    told = report.pairs, report.peak_comm_qubits, report.makespan_ns, report.verdict.equivalent
    peaks = [
        max((peak for name, peak in entry.peak_comm_qubits.items() if name in qpus), default=0)
        for entry in entries
    ]
    return _listed(
        {
            "pareto: the budgets do not ascend": budgets != sorted(set(budgets)),
            "pareto: more comm qubits cost more pairs": pairs != sorted(pairs, reverse=True),
            "pareto: not one entry has the figures of the bundle": own != [told],
            "pareto: max_peak_comm_qubits is not the largest peak": peaks
            != [entry.max_peak_comm_qubits for entry in entries],
            "pareto: a peak is above its budget": any(
                peak > budget for peak, budget in zip(peaks, budgets, strict=True)
            ),
            "pareto: other entries are on the front": on_front([e.figures for e in entries])
            != [entry.on_front for entry in entries],
        }
    )
