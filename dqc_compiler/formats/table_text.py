"""The tables between passes as text, for people who look into a compilation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch

from dqc_compiler.formats.qasm_text import circuit_text, program_texts
from dqc_compiler.ir import (
    ABSENT,
    Circuit,
    DistributedProgram,
    Network,
    Placement,
    RemotePlan,
    Schedule,
    SegmentGraph,
)
from dqc_compiler.ir.plan import Step, StepKind
from dqc_compiler.ir.rewriting import Rewriting


@singledispatch
def table_text(table: object) -> str:
    """What a pass has made, one row a line; operations have the numbers of the circuit's rows.

    Raises:
        TypeError: if it is no table of a pass.
    """
    raise TypeError(f"{type(table).__name__} is no table of a pass")


@table_text.register
def _(table: Circuit) -> str:
    return circuit_text(table)


@table_text.register
def _(table: Rewriting) -> str:
    return f"// {len(table.steps)} rewrites\n{circuit_text(table.circuit)}"


@table_text.register
def _(table: SegmentGraph) -> str:
    lines = [f"{table.segments} segments, {table.gates} gates between them"]
    gates: list[list[str]] = [[] for _ in range(table.segments)]
    operations = table.gate_operation.tolist()
    for operation, pair in zip(operations, table.gate_segments.tolist(), strict=True):
        for segment in pair:
            gates[segment].append(str(operation))
    axes = table.segment_axis.tolist()
    for segment, wire in enumerate(table.segment_wire.tolist()):
        x, y, z = (f"{value + 0.0:.3g}" for value in axes[segment])
        found = ", ".join(gates[segment]) or "none"
        lines.append(
            f"segment {segment} of {_wire(table, wire)}: axis ({x}, {y}, {z}), gates {found}"
        )
    return _text(lines)


@table_text.register
def _(table: Placement) -> str:
    graph, nodes = table.graph, _names(table.network)
    lines = []
    for segment, home in enumerate(table.segment_home.tolist()):
        note = ", embedded" if segment in table.embedded else ""
        wire = _wire(graph, int(graph.segment_wire[segment]))
        lines.append(f"segment {segment} of {wire}: home {nodes[home]}{note}")
    hosts = zip(graph.gate_operation.tolist(), table.gate_host.tolist(), strict=True)
    lines += [f"gate {operation}: host {nodes[host]}" for operation, host in hosts]
    return _text(lines)


@table_text.register
def _(table: RemotePlan) -> str:
    lines = [f"{len(table)} steps, {table.ebits} e-bits, {table.pairs} pairs"]
    lines += [f"{number} {_step(table, step)}" for number, step in enumerate(table.steps())]
    return _text(lines)


def _step(plan: RemotePlan, step: Step) -> str:
    nodes, graph = _names(plan.placement.network), plan.placement.graph
    if step.kind == StepKind.OPERATION:
        host = "" if step.host == ABSENT else f" at {nodes[step.host]}"
        return f"operation {step.operation}{host}"
    wire = _wire(graph, step.wire)
    if step.kind == StepKind.OPEN:
        links = plan.routes[step.route].links
        note = ", purified" if step.purified else ""
        ends = f"{nodes[step.source]} to {nodes[step.target]}"
        over = f"link{'s' * (len(links) > 1)} {', '.join(map(str, links))}"
        return f"open {wire}: {ends} over {over}{note}"
    if step.kind == StepKind.CLOSE:
        return f"close {wire} at {nodes[step.source]}"
    return f"move {wire}: {nodes[step.source]} to {nodes[step.target]}"


@table_text.register
def _(table: DistributedProgram) -> str:
    return _text([f"{node}: {statement}" for node, statement in _statements(table)])


@table_text.register
def _(table: Schedule) -> str:
    lines = [f"planned makespan {table.planned_makespan_ns:.12g} ns"]
    times = zip(table.start_ns.tolist(), table.duration_ns.tolist(), strict=True)
    for (start, duration), (node, statement) in zip(times, _statements(table.program), strict=True):
        lines.append(f"{start:.12g} +{duration:.12g} ns  {node}: {statement}")
    return _text(lines)


def _statements(program: DistributedProgram) -> Iterator[tuple[str, str]]:
    """Node and text of every statement, in global order."""
    nodes = _names(program.network)
    counts = [0] * len(nodes)
    for node in program.node.tolist():
        counts[node] += 1
    texts = [text.splitlines() for text in program_texts(program)]
    # Each statement is a line of its own, and nothing follows them.
    own = [iter(text[len(text) - count :]) for text, count in zip(texts, counts, strict=True)]
    return ((nodes[node], next(own[node])) for node in program.node.tolist())


def _names(network: Network) -> list[str]:
    return [node.name for node in network.nodes]


def _wire(graph: SegmentGraph, wire: int) -> str:
    """A wire is called as the qubit that it is at the start."""
    return graph.circuit.qubits[wire]


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
