"""Programs act like their circuits, on every measurement outcome and under every order of nodes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dqc_compiler.costs.ebits import pairs
from dqc_compiler.costs.routes import find_routing
from dqc_compiler.ir import (
    ABSENT,
    Circuit,
    DistributedProgram,
    GadgetKind,
    Placement,
    RemotePlan,
    Step,
    StepKind,
)
from dqc_compiler.ir.circuit import OPCODE
from dqc_compiler.passes.insert_gadgets import InsertGadgets
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.segment import Segment
from tests.oracle import (
    assert_same_action,
    assert_same_on_all_outcomes,
    coins,
    random_interleaving,
)
from tests.strategies import (
    circuits,
    make_circuit,
    make_network,
    make_placement,
    moving_placements,
    networks,
    sparse_networks,
    static_placements,
)

thorough = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def distribute(placement: Placement) -> tuple[RemotePlan, DistributedProgram]:
    plan = PlanVisits().run(placement)
    plan.verify()
    program = InsertGadgets().run(plan)
    program.verify()
    return plan, program


def peak_comm(program: DistributedProgram) -> list[int]:
    """The most comm qubits in use at one moment, counted from the statements alone."""
    used: list[set[int]] = [set() for _ in program.network.nodes]
    peak = [0] * len(used)
    for row in program.statements():
        data, cells = program.data_qubits[row.node], used[row.node]
        if row.name == "dqc_epr":
            assert row.qubits[0] not in cells
            cells.add(row.qubits[0])
        elif row.name == "swap":
            assert {q in cells for q in row.qubits} == {True, False}
            cells ^= {q for q in row.qubits if q >= data}
        elif row.name == "measure" and row.operation == ABSENT:
            cells.discard(row.qubits[0])
        peak[row.node] = max(peak[row.node], len(cells))
    return peak


def assert_right(circuit: Circuit, placement: Placement, seed: int) -> None:
    plan, program = distribute(placement)
    ends = int((program.opcode == OPCODE["dqc_epr"]).sum())
    assert plan.pairs == program.pairs == ends / 2
    assert program.peak_comm.tolist() == peak_comm(program)
    for node, limit in enumerate(placement.network.nodes):
        assert limit.comm_qubits is None or program.peak_comm[node] <= limit.comm_qubits
        assert program.data_qubits[node] <= limit.data_qubits
    if not placement.network.is_limited:
        assert plan.pairs == pairs(placement)
    assert_same_action(circuit, program, coins(seed), seed=seed)
    order = random_interleaving(program, seed)
    assert_same_action(circuit, program, coins(seed + 1), seed=seed, order=order)


# -- plans written by hand, on every outcome ---------------------------------------------------


ROUTES = list(itertools.permutations(range(3), 2))
"""(source, target) of the routes of three nodes that are all linked, in their order."""


def op(number: int, host: int = ABSENT) -> Step:
    return Step(StepKind.OPERATION, number, host=host)


def open_copy(wire: int, source: int, target: int) -> Step:
    index = ROUTES.index((source, target))
    return Step(StepKind.OPEN, wire=wire, source=source, target=target, route=index)


def close(wire: int, source: int) -> Step:
    return Step(StepKind.CLOSE, wire=wire, source=source)


def move(wire: int, source: int, target: int) -> Step:
    return Step(StepKind.MOVE, wire=wire, source=source, target=target)


def written(
    circuit: Circuit,
    start: list[int],
    steps: list[Step],
    *,
    data: tuple[int, int, int] = (2, 2, 2),
    comm: int = 2,
) -> DistributedProgram:
    """The program of a plan on three nodes, checked on every outcome."""
    graph = Segment().run(circuit)
    homes = [start[wire] for wire in graph.segment_wire.tolist()]
    first = [homes[segment] for segment in graph.gate_segments[:, 0].tolist()]
    placement = make_placement(graph, make_network(data, comm), homes, first)
    routes = find_routing(placement.network).routes
    assert [route.nodes for route in routes] == ROUTES
    plan = RemotePlan.from_steps(placement, routes, steps)
    plan.verify()
    program = InsertGadgets().run(plan)
    program.verify()
    assert program.pairs == plan.pairs
    assert_same_on_all_outcomes(circuit, program)
    return program


def channels(program: DistributedProgram) -> set[str]:
    return {
        program.register_name(number)
        for number, register in enumerate(program.registers)
        if register.receivers
    }


def axis_gate(pauli: str, a: int, b: int) -> tuple[object, ...]:
    """A gate about `pauli` on `a` and about Z on `b`."""
    gates = {
        "X": ("rzx", (b, a), (0.7,)),
        "Y": ("rzy", (b, a), (0.7,)),
        "Z": ("rzz", (a, b), (0.7,)),
    }
    return gates[pauli]


@pytest.mark.parametrize("pauli", "XYZ")
def test_packet_shares_one_pair(pauli: str) -> None:
    circuit = make_circuit(3, [axis_gate(pauli, 0, 1), axis_gate(pauli, 0, 2)])
    steps = [open_copy(0, 0, 1), op(0, 1), op(1, 1), close(0, 1)]
    program = written(circuit, [0, 1, 1], steps)
    assert program.pairs == 1
    assert program.served.tolist() == [2, 0]
    assert program.gadget_kind.tolist() == [GadgetKind.OPEN, GadgetKind.CLOSE]
    assert program.peak_comm.tolist() == [1, 1, 0]


@pytest.mark.parametrize("pauli", "XYZ")
def test_teleport(pauli: str) -> None:
    circuit = make_circuit(2, [axis_gate(pauli, 0, 1)])
    program = written(
        circuit,
        [0, 1],
        [open_copy(0, 0, 2), move(0, 0, 2), open_copy(0, 2, 1), op(0, 1), close(0, 1)],
    )
    assert program.start.tolist()[0][0] == 0
    assert program.end.tolist()[0][0] == 2


@pytest.mark.parametrize("pauli", "XYZ")
def test_free_change_of_home_onto_a_copy(pauli: str) -> None:
    circuit = make_circuit(2, [axis_gate(pauli, 0, 1), ("h", (0,)), axis_gate(pauli, 0, 1)])
    steps = [open_copy(0, 0, 1), op(0, 1), move(0, 0, 1), op(1), op(2, 1)]
    assert written(circuit, [0, 1], steps).pairs == 1


@pytest.mark.parametrize("paulis", list(itertools.product("XYZ", repeat=2)))
def test_gate_at_a_third_node(paulis: tuple[str, str]) -> None:
    gate = {
        "XX": "rxx", "YY": "ryy", "ZZ": "cp", "ZX": "crx", "ZY": "cry",
    }.get("".join(paulis))  # fmt: skip
    if gate is None:  # no gate of the vocabulary has these axes: turn one that has
        rows = [("h", (0,)), ("s", (0,)), ("rzx", (0, 1), (0.7,)), ("sdg", (0,)), ("h", (0,))]
    else:
        rows = [(gate, (0, 1), (0.7,))]
    circuit = make_circuit(2, rows)
    both = [open_copy(0, 0, 2), open_copy(1, 1, 2)]
    steps: list[Step] = []
    for number, row in enumerate(rows):
        visit = [*both, op(number, 2), close(1, 2), close(0, 2)]
        steps += visit if len(row[1]) == 2 else [op(number)]
    program = written(circuit, [0, 1], steps)
    assert program.pairs == 2
    assert program.peak_comm.tolist() == [1, 1, 2]


@pytest.mark.parametrize("pauli", "XYZ")
def test_root_moves_while_a_copy_elsewhere_lives(pauli: str) -> None:
    circuit = make_circuit(2, [axis_gate(pauli, 0, 1), axis_gate(pauli, 0, 1)])
    steps = [open_copy(0, 0, 1), op(0, 1), open_copy(0, 0, 2), move(0, 0, 2), op(1, 1), close(0, 1)]
    program = written(circuit, [0, 1], steps)
    assert program.pairs == 2
    # The copy at n1 closes towards the new home, not towards the old one.
    assert channels(program) == {"n0_to_n1", "n0_to_n2", "n1_to_n2"}


@pytest.mark.parametrize("pauli", "XYZ")
def test_cat_tree(pauli: str) -> None:
    circuit = make_circuit(3, [axis_gate(pauli, 0, 1), axis_gate(pauli, 0, 2)])
    steps = [open_copy(0, 0, 1), open_copy(0, 1, 2), op(0, 1), op(1, 2), close(0, 1), close(0, 2)]
    program = written(circuit, [0, 1, 2], steps)
    assert program.pairs == 2
    assert channels(program) == {"n0_to_n1", "n1_to_n2", "n1_to_n0", "n2_to_n0"}


@pytest.mark.parametrize("pauli", "XYZ")
@pytest.mark.parametrize("turn", "xyz")
def test_tree_from_a_copy_whose_root_has_been_turned(pauli: str, turn: str) -> None:
    """An X-type gate between two openings: copies of one class may differ in sign."""
    circuit = make_circuit(
        3, [axis_gate(pauli, 0, 1), (turn, (0,)), axis_gate(pauli, 0, 2), axis_gate(pauli, 0, 1)]
    )
    steps = [open_copy(0, 0, 1), op(0, 1), op(1), open_copy(0, 1, 2), op(2, 2), op(3, 1)]
    written(circuit, [0, 1, 2], [*steps, close(0, 2), close(0, 1)])
    moved = [*steps, move(0, 0, 1), close(0, 2)]
    written(circuit, [0, 1, 2], moved)


@pytest.mark.parametrize("pauli", "XYZ")
@pytest.mark.parametrize("turn", "xyz")
def test_tree_that_starts_on_a_turned_root(pauli: str, turn: str) -> None:
    """Here the first copy already has the other sign than the segment's axis."""
    rows = [axis_gate(pauli, 0, 3), (turn, (0,)), axis_gate(pauli, 0, 1), axis_gate(pauli, 0, 2)]
    steps = [op(0, 0), op(1), open_copy(0, 0, 1), open_copy(0, 1, 2), op(2, 1), op(3, 2)]
    written(make_circuit(4, rows), [0, 1, 2, 0], [*steps, close(0, 2), close(0, 1)])


@pytest.mark.parametrize("pauli", "XYZ")
@pytest.mark.parametrize("turn", "xyz")
def test_change_of_home_after_the_root_has_been_turned(pauli: str, turn: str) -> None:
    circuit = make_circuit(2, [axis_gate(pauli, 0, 1), (turn, (0,)), ("t", (0,))])
    written(circuit, [0, 1], [open_copy(0, 0, 1), op(0, 1), op(1), move(0, 0, 1), op(2)])


def test_new_home_owes_nothing_to_itself() -> None:
    """A visit at node 1 leaves a correction behind, and then the root moves to node 1."""
    circuit = make_circuit(2, [("cz", (0, 1)), ("cz", (0, 1))])
    visit = [open_copy(0, 0, 1), op(0, 1), close(0, 1)]
    program = written(circuit, [0, 1], [*visit, open_copy(0, 0, 1), op(1, 1), move(0, 0, 1)])
    assert channels(program) == {"n0_to_n1", "n1_to_n0"}


def test_remote_swap_of_full_nodes() -> None:
    """Three remote gates exchange two qubits whose nodes have one comm qubit each."""
    circuit = make_circuit(2, [("cx", (0, 1)), ("cx", (1, 0)), ("cx", (0, 1))])
    steps = [
        *(open_copy(0, 0, 1), op(0, 1), close(0, 1)),
        *(open_copy(1, 1, 0), op(1, 0), close(1, 0)),
        *(open_copy(0, 0, 1), op(2, 1), close(0, 1)),
    ]
    program = written(circuit, [0, 1], steps, data=(1, 1, 0), comm=1)
    assert program.pairs == 3
    assert program.peak_comm.tolist() == [1, 1, 0]
    swap = make_circuit(2, [("swap", (0, 1))])
    assert_same_action(swap, program, coins(0))


@pytest.mark.parametrize("pauli", "XYZ")
@pytest.mark.parametrize("turn", ["x", "y", "z", "s", "h"])
def test_gates_on_the_root_inside_a_segment(pauli: str, turn: str) -> None:
    """Whether the gate belongs into the segment decides whether one copy is enough."""
    circuit = make_circuit(2, [axis_gate(pauli, 0, 1), (turn, (0,)), axis_gate(pauli, 0, 1)])
    graph = Segment().run(circuit)
    if graph.wire_segments[1] == 1:
        steps = [open_copy(0, 0, 1), op(0, 1), op(1), op(2, 1), close(0, 1)]
    else:
        visit = [open_copy(0, 0, 1), op(0, 1), close(0, 1)]
        steps = [*visit, op(1), open_copy(0, 0, 1), op(2, 1), close(0, 1)]
    written(circuit, [0, 1], steps)


def test_correction_waits_behind_a_hadamard() -> None:
    circuit = make_circuit(2, [("cz", (0, 1)), ("h", (0,)), ("t", (0,))])
    program = written(circuit, [0, 1], [open_copy(0, 0, 1), op(0, 1), close(0, 1), op(1), op(2)])
    at_root = [(row.name, bool(row.condition)) for row in program.statements() if row.node == 0]
    # Behind `h` the owed z is an x; behind `t` it would not be a Pauli any more.
    assert at_root[-3:] == [("h", False), ("x", True), ("t", False)]


def test_correction_is_due_before_a_gate_along_another_axis() -> None:
    circuit = make_circuit(3, [("cz", (0, 1)), ("h", (0,)), ("cz", (0, 2))])
    steps = [open_copy(0, 0, 1), op(0, 1), close(0, 1), op(1), op(2, 0)]
    program = written(circuit, [0, 1, 0], steps)
    at_root = [(row.name, bool(row.condition)) for row in program.statements() if row.node == 0]
    assert at_root[-3:] == [("h", False), ("x", True), ("cz", False)]


# -- measurement, reset and conditions ---------------------------------------------------------


def compiled(
    circuit: Circuit, homes: list[int], data: tuple[int, ...], comm: int | None = 1
) -> DistributedProgram:
    """The program for static homes, every gate at its first operand's, on every outcome."""
    graph = Segment().run(circuit)
    home = [homes[wire] for wire in graph.segment_wire.tolist()]
    hosts = [home[segment] for segment in graph.gate_segments[:, 0].tolist()]
    placement = make_placement(graph, make_network(data, comm), home, hosts)
    _, program = distribute(placement)
    assert_same_on_all_outcomes(circuit, program)
    return program


def test_bit_for_the_same_node_is_measured_once() -> None:
    circuit = make_circuit(2, [("measure", (0,), (), 0), ("x", (1,), (), None, ((0, True),))], 1)
    program = compiled(circuit, [0, 0], (2, 0))
    assert [row.name for row in program.statements()] == ["measure", "x"]
    assert channels(program) == set()


def test_bit_for_another_node_is_measured_into_out_and_into_a_channel() -> None:
    circuit = make_circuit(2, [("measure", (0,), (), 0), ("x", (1,), (), None, ((0, True),))], 1)
    program = compiled(circuit, [0, 1], (1, 1))
    assert [row.name for row in program.statements()] == ["measure", "measure", "x"]
    assert channels(program) == {"n0_to_n1"}
    assert program.clbits.tolist() == [[0, 0]]


def test_bit_for_several_nodes_travels_on_one_channel() -> None:
    reads = [("x", (q,), (), None, ((0, True),)) for q in (1, 2, 0)]
    program = compiled(make_circuit(3, [("measure", (0,), (), 0), *reads], 1), [0, 1, 2], (1, 1, 1))
    assert channels(program) == {"n0_to_n1__n2"}
    assert program.messages == 1


def test_overwritten_bit_counts_as_last_written_and_is_read_in_time() -> None:
    circuit = make_circuit(
        3,
        [
            ("measure", (0,), (), 0),
            ("x", (2,), (), None, ((0, True),)),
            ("measure", (1,), (), 0),
            ("h", (2,), (), None, ((0, False),)),
        ],
        1,
    )
    program = compiled(circuit, [0, 1, 2], (1, 1, 1))
    assert channels(program) == {"n0_to_n2", "n1_to_n2"}
    assert program.clbits.tolist() == [[1, 0]]


def test_bit_that_is_never_written_is_zero() -> None:
    circuit = make_circuit(
        2,
        [
            ("x", (0,), (), None, ((0, True),)),
            ("x", (1,), (), None, ((0, False),)),
            ("cz", (0, 1), (), None, ((0, True),)),
        ],
        1,
    )
    program = compiled(circuit, [0, 1], (1, 1))
    executed = [(row.name, row.node) for row in program.statements() if row.operation != ABSENT]
    assert executed == [("x", 1)]
    assert program.clbits.tolist() == [[ABSENT, ABSENT]]


def test_gate_that_is_never_executed_leaves_its_successors_their_axis() -> None:
    """A later copy once took the axis of the gate that had been left out."""
    circuit = make_circuit(
        3,
        [
            ("cx", (1, 2), (), None, ((0, True),)),
            ("cx", (0, 1), (), None, ((0, False),)),
        ],
        1,
    )
    graph = Segment().run(circuit)
    placement = make_placement(graph, make_network((3, 3), 1), [1, 0, 0, 0], [0, 1])
    _, program = distribute(placement)
    assert_same_on_all_outcomes(circuit, program)


def test_gate_that_waits_for_an_unwritten_bit_does_not_turn_the_segments_axis() -> None:
    """It is executed for certain, but was no part of the frame in which axes are counted."""
    rows = [("x", (1,), (), None, ((0, False),)), ("t", (1,)), ("cx", (0, 1))]
    compiled(make_circuit(2, rows, 1), [0, 1], (1, 1))


def test_conjunction_of_bits_from_different_nodes() -> None:
    rows = [
        ("measure", (0,), (), 0),
        ("measure", (1,), (), 1),
        ("ry", (2,), (0.7,), None, ((0, True), (1, False))),
    ]
    compiled(make_circuit(3, rows, 2), [0, 1, 2], (1, 1, 1))


def test_conditional_gate_between_nodes() -> None:
    rows = [("measure", (0,), (), 0), ("crx", (1, 2), (0.7,), None, ((0, True),)), ("h", (1,))]
    program = compiled(make_circuit(3, rows, 1), [0, 1, 2], (1, 1, 1))
    assert program.pairs == 1


def test_measurement_and_reset_pay_what_is_owed_first() -> None:
    for row in (("measure", (0,), (), 0), ("reset", (0,))):
        rows = [("cz", (1, 0)), ("h", (0,)), row, ("h", (0,)), ("cz", (0, 1))]
        compiled(make_circuit(2, rows, 1), [0, 1], (1, 1))


def test_reset_starts_a_new_frame() -> None:
    rows = [("t", (0,)), ("h", (0,)), ("reset", (0,)), ("cx", (1, 0)), ("cz", (0, 1))]
    compiled(make_circuit(2, rows), [0, 1], (1, 1))


def test_barrier_becomes_a_part_per_node() -> None:
    program = compiled(make_circuit(3, [("barrier", (0, 1, 2))]), [0, 1, 0], (2, 1))
    rows = [(row.name, row.node, row.qubits) for row in program.statements()]
    assert rows == [("barrier", 0, (0, 1)), ("barrier", 1, (0,))]


# -- degenerate input --------------------------------------------------------------------------


def test_empty_circuit() -> None:
    program = compiled(make_circuit(1, []), [0], (1, 1))
    assert len(program) == 0
    assert program.pairs == program.messages == 0


def test_swap_costs_nothing_and_changes_the_ends() -> None:
    program = compiled(make_circuit(2, [("swap", (0, 1))]), [0, 1], (1, 1))
    assert len(program) == 0
    assert program.start.tolist() == [[0, 0], [1, 0]]
    assert program.end.tolist() == [[1, 0], [0, 0]]


def test_plan_that_breaks_its_rules_is_refused() -> None:
    graph = Segment().run(make_circuit(2, [("cz", (0, 1))]))
    placement = make_placement(graph, make_network((1, 1), 1), [0, 1], [0])
    routes = find_routing(placement.network).routes
    crowded = [open_copy(0, 0, 1), open_copy(1, 1, 0)._replace(route=1), op(0, 0)]
    with pytest.raises(ValueError, match="no free comm qubit"):
        InsertGadgets().run(RemotePlan.from_steps(placement, routes, crowded))


# -- random circuits ---------------------------------------------------------------------------


@thorough
@given(st.data(), st.integers(0, 2**32))
@pytest.mark.parametrize("comm", [1, 2, None])
def test_static_homes(comm: int | None, data: st.DataObject, seed: int) -> None:
    circuit = data.draw(circuits())
    graph = Segment().run(circuit)
    network = data.draw(networks(graph.wires, comm=(comm,)))
    assert_right(circuit, data.draw(static_placements(graph, network)), seed)


@thorough
@given(st.data(), st.integers(0, 2**32))
def test_moving_homes_with_room(data: st.DataObject, seed: int) -> None:
    circuit = data.draw(circuits())
    graph = Segment().run(circuit)
    comm = data.draw(st.sampled_from((1, 2, None)))
    network = make_network([graph.wires] * data.draw(st.integers(2, 4)), comm)
    assert_right(circuit, data.draw(moving_placements(graph, network)), seed)


@thorough
@given(st.data(), st.integers(0, 2**32))
def test_moving_homes_in_little_room(data: st.DataObject, seed: int) -> None:
    """Homes that find no room stay where they are; the program is right all the same."""
    circuit = data.draw(circuits())
    graph = Segment().run(circuit)
    network = data.draw(networks(graph.wires))
    placement = data.draw(moving_placements(graph, network))
    last = placement.segment_home[graph.wire_segments[1:] - 1].tolist()
    assume(all(last.count(i) <= node.data_qubits for i, node in enumerate(network.nodes)))
    assert_right(circuit, placement, seed)


@thorough
@given(st.data(), st.integers(0, 2**32), st.booleans())
def test_copies_on_the_way_and_swaps(data: st.DataObject, seed: int, is_static: bool) -> None:
    """Networks in which pairs pass other processors and repeaters."""
    circuit = data.draw(circuits(clbits=data.draw(st.sampled_from((0, 0, 2)))))
    graph = Segment().run(circuit)
    network = data.draw(sparse_networks(graph.wires))
    placement = data.draw((static_placements if is_static else moving_placements)(graph, network))
    last = placement.segment_home[graph.wire_segments[1:] - 1].tolist()
    assume(all(last.count(i) <= node.data_qubits for i, node in enumerate(network.nodes)))
    assert_right(circuit, placement, seed)


@thorough
@given(st.data(), st.integers(0, 2**32), st.booleans())
def test_measurements_resets_and_conditions(
    data: st.DataObject, seed: int, is_static: bool
) -> None:
    circuit = data.draw(circuits(max_qubits=3, clbits=2))
    graph = Segment().run(circuit)
    if is_static:
        network = data.draw(networks(graph.wires))
        placement = data.draw(static_placements(graph, network))
    else:
        network = make_network([graph.wires] * 3, data.draw(st.sampled_from((1, 2, None))))
        placement = data.draw(moving_placements(graph, network))
    assert_right(circuit, placement, seed)
