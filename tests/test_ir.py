"""Every table of the IR keeps what it is given, and its `verify` finds what is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from dqc_compiler.ir import (
    ABSENT,
    Circuit,
    DistributedProgram,
    Link,
    Network,
    Node,
    Operation,
    Placement,
    Register,
    RemotePlan,
    Route,
    Schedule,
    SegmentGraph,
    Statement,
    Step,
    StepKind,
)
from dqc_compiler.ir.arrays import frozen, offsets
from dqc_compiler.passes.insert_gadgets import InsertGadgets
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.schedule import ListSchedule
from dqc_compiler.passes.segment import Segment
from tests.strategies import circuits, make_circuit, make_network, make_placement


def changed(column: np.ndarray, position: Any, value: Any) -> np.ndarray:
    copy = column.copy()
    copy[position] = value
    return copy


# -- columns ----------------------------------------------------------------------------------


def test_columns_are_read_only() -> None:
    column = frozen([1, 2], np.int32)
    with pytest.raises(ValueError, match="read-only"):
        column[0] = 5
    assert offsets([2, 0, 1]).tolist() == [0, 2, 2, 3]
    assert offsets([]).tolist() == [0]
    assert frozen([], np.int32, columns=3).shape == (0, 3)


# -- circuit ----------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None, derandomize=True)
@given(circuits(clbits=2))
def test_circuit_gives_its_operations_back(circuit: Circuit) -> None:
    rows = list(circuit.operations())
    again = Circuit.from_operations(circuit.name, circuit.qubits, circuit.clbits, rows)
    assert list(again.operations()) == rows
    assert len(circuit) == len(rows)
    two = ("cx", "cy", "cz", "cp", "crx", "cry", "crz", "rxx", "ryy", "rzz", "rzx", "rzy", "swap")
    assert circuit.two_qubit_gates == sum(row.name in two for row in rows)


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (Operation("cx", (0,)), "takes 2 qubits"),
        (Operation("h", (0, 1)), "takes 1 qubits"),
        (Operation("rx", (0,)), "wrong number of parameters"),
        (Operation("cx", (1, 1)), "appears twice"),
        (Operation("h", (2,)), "no such qubit"),
        (Operation("h", (-1,)), "no such qubit"),
        (Operation("measure", (0,)), "writes a classical bit"),
        (Operation("h", (0,), clbit=0), "writes a classical bit"),
        (Operation("measure", (0,), clbit=1), "no such classical bit"),
        (Operation("x", (0,), condition=((1, True),)), "condition on a bit"),
        (Operation("reset", (0,), condition=((0, True),)), "cannot be conditional"),
        (Operation("rx", (0,), (float("nan"),)), "not finite"),
        (Operation("dqc_epr", (0,), (0.0, 0.0)), "node programs only"),
    ],
)
def test_broken_operation_is_found(row: Operation, rule: str) -> None:
    circuit = Circuit.from_operations("broken", ["a", "b"], ["c"], [Operation("h", (0,)), row])
    with pytest.raises(ValueError, match=rule):
        circuit.verify()


CIRCUIT = make_circuit(3, [("cx", (0, 1)), ("h", (0,)), ("rz", (2,), (0.5,)), ("cz", (1, 2))], 1)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda _: {"qubits": ("a", "a", "b")}, "names repeat"),
        (lambda c: {"clbit": c.clbit[:-1]}, "column clbit"),
        (lambda c: {"operand": c.operand[:-1]}, "offsets do not span"),
        (lambda c: {"operand_start": changed(c.operand_start, 1, 4)}, "offsets decrease"),
    ],
)
def test_broken_circuit_is_found(change: Callable[[Circuit], Any], rule: str) -> None:
    CIRCUIT.verify()
    with pytest.raises(ValueError, match=rule):
        replace(CIRCUIT, **change(CIRCUIT)).verify()


# -- network ----------------------------------------------------------------------------------


def test_latency_takes_the_path_of_least_sum() -> None:
    nodes = tuple(Node(name=f"n{i}", data_qubits=1, comm_qubits=1) for i in range(3))
    ends = {(0, 1): 100.0, (1, 2): 200.0, (0, 2): 500.0}
    network = Network(nodes, tuple(Link(between=b, latency_ns=t) for b, t in ends.items()))
    assert network.latencies_ns() == ((0, 100, 300), (100, 0, 200), (300, 200, 0))


def test_network_looks_up_nodes_and_links() -> None:
    network = make_network((1, 2, 3), None)
    assert network.node_index("n2") == 2
    with pytest.raises(KeyError):
        network.node_index("n3")
    assert network.link_between(2, 0) == 1
    assert network.data_qubits == 6
    assert network.is_all_to_all
    sparse = Network(network.nodes, network.links[:2])
    assert sparse.link_between(1, 2) is None
    assert not sparse.is_all_to_all
    assert network.nodes[0].cells == float("inf")
    assert network.links[0].mean_generation_ns == 100_000


@pytest.mark.parametrize(
    ("nodes", "links", "rule"),
    [
        ([("a", 1, 1), ("a", 1, 1)], [(0, 1)], "names repeat"),
        ([("a", -1, 1), ("b", 1, 1)], [(0, 1)], "negative"),
        ([("a", 1, -1), ("b", 1, 1)], [(0, 1)], "negative"),
        ([("a", 1, 1), ("b", 1, 1)], [(0, 0)], "not two nodes"),
        ([("a", 1, 1), ("b", 1, 1)], [(0, 2)], "not two nodes"),
        ([("a", 1, 1), ("b", 1, 1)], [(0, 1), (1, 0)], "twice"),
    ],
)
def test_broken_network_is_found(
    nodes: list[tuple[str, int, int]], links: list[tuple[int, int]], rule: str
) -> None:
    network = Network(
        tuple(Node(name=name, data_qubits=d, comm_qubits=c) for name, d, c in nodes),
        tuple(Link(between=ends) for ends in links),
    )
    with pytest.raises(ValueError, match=rule):
        network.verify()


def test_repeater_with_data_is_found() -> None:
    relay = Node(name="relay", kind="repeater", data_qubits=1, comm_qubits=2)
    with pytest.raises(ValueError, match="no data qubits"):
        Network((relay,), ()).verify()


# -- segments and placement -------------------------------------------------------------------

GRAPH = Segment().run(CIRCUIT)
NETWORK = make_network((2, 1), 1)
PLACEMENT = make_placement(GRAPH, NETWORK, [0, 0, 0, 1], [0, 1])


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda g: {"wire_segments": changed(g.wire_segments, -1, 9)}, "do not tile"),
        (lambda g: {"wire_segments": changed(g.wire_segments, 1, 0)}, "has no segment"),
        (lambda g: {"segment_wire": changed(g.segment_wire, 1, 0)}, "not the inverse"),
        (lambda g: {"end_wire": changed(g.end_wire, 0, 1)}, "not a permutation"),
        (lambda g: {"gate_operation": g.gate_operation[::-1]}, "program order"),
        (lambda g: {"gate_signs": changed(g.gate_signs, (0, 0), 0)}, "sign"),
        (lambda g: {"segment_axis": 2 * g.segment_axis}, "unit vector"),
        (lambda g: {"gate_segments": g.gate_segments[::-1]}, "goes back"),
        (lambda g: {"operand_level": g.operand_level[:-1]}, "operand_level"),
        (lambda g: {"operand_level": changed(g.operand_level, 0, 9)}, "a level falls"),
    ],
)
def test_broken_segment_graph_is_found(change: Callable[[SegmentGraph], Any], rule: str) -> None:
    GRAPH.verify()
    with pytest.raises(ValueError, match=rule):
        replace(GRAPH, **change(GRAPH)).verify()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"segment_home": PLACEMENT.segment_home[:-1]}, "one home per segment"),
        ({"gate_host": PLACEMENT.gate_host[:-1]}, "one host per gate"),
        ({"segment_home": changed(PLACEMENT.segment_home, 0, 2)}, "is not a node"),
        ({"gate_host": changed(PLACEMENT.gate_host, 0, -1)}, "is not a node"),
        ({"segment_home": changed(PLACEMENT.segment_home, -1, 0)}, "3 qubits start at n0"),
    ],
)
def test_broken_placement_is_found(change: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        replace(PLACEMENT, **change).verify()


def test_placement_knows_whether_homes_move() -> None:
    assert GRAPH.wire_segments.tolist() == [0, 1, 3, 4]
    assert PLACEMENT.is_static
    assert not make_placement(GRAPH, NETWORK, [0, 0, 1, 1], [0, 1]).is_static
    assert PLACEMENT.start_home.tolist() == [0, 0, 1]


# -- plan -------------------------------------------------------------------------------------


def op(number: int, host: int = ABSENT) -> Step:
    return Step(StepKind.OPERATION, number, host=host)


ROUTES = (Route((0, 1), (0,)), Route((1, 0), (0,)))


def opened(wire: int, source: int, target: int) -> Step:
    return Step(StepKind.OPEN, wire=wire, source=source, target=target, route=source)


def plan_of(steps: list[Step], placement: Placement | None = None) -> RemotePlan:
    return RemotePlan.from_steps(placement or PLACEMENT, ROUTES, steps)


def closed(wire: int, source: int) -> Step:
    return Step(StepKind.CLOSE, wire=wire, source=source)


def moved(wire: int, source: int, target: int) -> Step:
    return Step(StepKind.MOVE, wire=wire, source=source, target=target)


FIRST, LAST = [op(0, 0), op(1), op(2)], [op(3, 1)]
RIGHT = [*FIRST, opened(1, 0, 1), *LAST, closed(1, 1)]


def test_plan_gives_its_steps_back() -> None:
    plan = plan_of(RIGHT)
    plan.verify()
    assert list(plan.steps()) == RIGHT
    assert (len(plan), plan.pairs) == (6, 1)
    assert len(plan_of([])) == 0


@pytest.mark.parametrize(
    ("steps", "rule"),
    [
        ([*FIRST, *LAST], "step 3 .*wire 1 is not present"),
        ([*FIRST, opened(1, 0, 1), *LAST], "still open at the end"),
        (FIRST, "does not execute every operation"),
        ([op(1), op(0, 0), op(2)], "step 0 .*wire . has operations of an earlier level to come"),
        ([op(2), op(3, 1)], "step 1 .*earlier level"),
        ([op(0, 0), op(0, 0)], "step 1 .*a second time"),
        ([opened(1, 1, 0)], "needs a member at the source"),
        ([opened(1, 0, 1), opened(1, 0, 1)], "none at the target"),
        ([opened(1, 0, 0)], "none at the target"),
        ([opened(0, 0, 1), opened(1, 0, 1)], "no free comm qubit at node 1"),
        ([opened(2, 1, 0), opened(1, 0, 1)], "no free comm qubit at node 0"),
        ([closed(1, 1)], "no such copy"),
        ([opened(1, 0, 1), closed(1, 1), closed(1, 1)], "no such copy"),
        ([moved(1, 0, 1)], "a copy at the target"),
        ([opened(1, 0, 1), moved(1, 1, 0)], "needs the root at the source"),
    ],
)
def test_broken_plan_is_found(steps: list[Step], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        plan_of(steps).verify()


@pytest.mark.parametrize(
    ("route", "rule"),
    [
        (Route((0, 2), (1,)), "does not lead from source to target"),
        (Route((0, 1), (1,)), "does not follow its links"),
        (Route((0, 2, 1), (1, 2)), "swaps at node n2, which cannot"),
    ],
)
def test_plan_over_a_wrong_route_is_found(route: Route, rule: str) -> None:
    placement = replace(PLACEMENT, network=make_network((2, 1, 1), 1))
    plan = replace(plan_of([opened(1, 0, 1)], placement), routes=(route,))
    with pytest.raises(ValueError, match=rule):
        plan.verify()


# -- program ----------------------------------------------------------------------------------

PROGRAM = InsertGadgets().run(PlanVisits().run(PLACEMENT))
ROWS = list(PROGRAM.statements())


def program_of(rows: list[Statement], **other: Any) -> DistributedProgram:
    return replace(PROGRAM, **DistributedProgram.columns(rows), **other)


def with_row(index: int, **fields: Any) -> DistributedProgram:
    return program_of([*ROWS[:index], ROWS[index]._replace(**fields), *ROWS[index + 1 :]])


def first(name: str, *, conditional: bool = False) -> int:
    return next(
        i for i, row in enumerate(ROWS) if row.name == name and bool(row.condition) == conditional
    )


def test_program_gives_its_statements_back() -> None:
    PROGRAM.verify()
    again = program_of(ROWS)
    again.verify()
    assert list(again.statements()) == ROWS
    assert len(again) == len(ROWS)
    assert (PROGRAM.pairs, PROGRAM.messages) == (1, 2)


def test_register_names_list_receivers_in_network_order() -> None:
    registers = (Register(0, (), 1), Register(1, (2, 0), 1))
    program = replace(PROGRAM, network=make_network((1, 1, 1), 1), registers=registers)
    assert [program.register_name(i) for i in (0, 1)] == ["out", "n1_to_n0__n2"]


@pytest.mark.parametrize(
    ("program", "rule"),
    [
        (with_row(first("h"), qubits=(7,)), "no such cell"),
        (with_row(first("h"), qubits=(-1,)), "no such cell"),
        (with_row(first("dqc_epr"), qubits=(0,)), "belongs in a comm qubit"),
        (with_row(first("dqc_epr"), pair=9), "ends are not the ends"),
        (with_row(first("dqc_epr"), node=1, qubits=(1,)), "ends are not the ends"),
        (program_of([*ROWS, ROWS[first("measure")]]), "a second time"),
        (with_row(first("measure"), writes=(0, 5)), "not its own"),
        (with_row(first("measure"), node=1, qubits=(0,)), "not its own"),
        (program_of([ROWS[first("x", conditional=True)]]), "before it is written"),
        (replace(PROGRAM, peak_comm=PROGRAM.peak_comm + 1), "more comm qubits than it has"),
    ],
)
def test_broken_program_is_found(program: DistributedProgram, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        program.verify()


def test_reading_a_bit_that_is_not_sent_here_is_found() -> None:
    reader = first("x", conditional=True)
    registers = tuple(entry._replace(receivers=(2,)) for entry in PROGRAM.registers)
    broken = replace(PROGRAM, registers=registers)
    assert ROWS[reader].node == 1
    with pytest.raises(ValueError, match="not sent to it"):
        broken.verify()


# -- schedule ---------------------------------------------------------------------------------

SCHEDULE = ListSchedule().run(PROGRAM)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"start_ns": SCHEDULE.start_ns * 0}, "while its qubit is busy"),
        (
            {"start_ns": changed(SCHEDULE.start_ns, first("x", conditional=True), 101_600.0)},
            "before its bit has arrived",
        ),
        (
            {"start_ns": changed(SCHEDULE.start_ns, first("dqc_epr") + 1, 600.0)},
            "ends of a pair have different times",
        ),
        (
            {"duration_ns": changed(SCHEDULE.duration_ns, first("dqc_epr"), 1.0)},
            "ends of a pair have different times",
        ),
    ],
)
def test_broken_schedule_is_found(change: dict[str, Any], rule: str) -> None:
    SCHEDULE.verify()
    broken: Schedule = replace(SCHEDULE, **change)
    with pytest.raises(ValueError, match=rule):
        broken.verify()
