"""Plans computed by hand: what is opened and closed, in which order, under which memory."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dqc_compiler.costs.ebits import pairs
from dqc_compiler.ir import Network, Node, Placement, RemotePlan, Step, StepKind
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.segment import Segment
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

A, B, C, T = 0, 1, 2, 3


def cz(a: int, b: int) -> tuple[object, ...]:
    return ("cz", (a, b))


def h(qubit: int) -> tuple[object, ...]:
    return ("h", (qubit,))


def place(
    rows: list[tuple[object, ...]], homes: list[int], hosts: list[int], network: Network
) -> Placement:
    """Static homes per qubit, hosts per gate."""
    graph = Segment().run(make_circuit(len(homes), rows))
    by_segment = [homes[wire] for wire in graph.segment_wire.tolist()]
    return make_placement(graph, network, by_segment, hosts)


def planned(placement: Placement) -> RemotePlan:
    plan = PlanVisits().run(placement)
    plan.verify()
    return plan


def words(plan: RemotePlan) -> list[str]:
    """One word per step: `a>1` opens a copy of a at node 1, `a.1` closes it, `a=1` moves a there,
    `#0@1` is operation 0 at host 1."""

    def word(step: Step) -> str:
        if step.kind is StepKind.OPERATION:
            return f"#{step.operation}" + (f"@{step.host}" if step.host >= 0 else "")
        wire = "abct"[step.wire]
        if step.kind is StepKind.CLOSE:
            return f"{wire}.{step.source}"
        return f"{wire}{'>' if step.kind is StepKind.OPEN else '='}{step.target}"

    return [word(step) for step in plan.steps()]


# -- budgets ----------------------------------------------------------------------------------

SANDWICH = [cz(A, B), h(B), cz(B, C), h(B), cz(A, B)]


@pytest.mark.parametrize("comm", [2, None])
def test_sandwich_costs_two_pairs_with_room(comm: int | None) -> None:
    placement = place(SANDWICH, [0, 1, 2], [1, 1, 1], make_network((1, 1, 1), comm))
    assert pairs(placement) == 2
    plan = planned(placement)
    assert words(plan) == ["a>1", "#0@1", "#1", "c>1", "#2@1", "c.1", "#3", "#4@1", "a.1"]
    assert plan.pairs == 2


def test_sandwich_costs_three_pairs_with_one_comm_qubit_each() -> None:
    placement = place(SANDWICH, [0, 1, 2], [1, 1, 1], make_network((1, 1, 1), 1))
    plan = planned(placement)
    assert words(plan) == [
        "a>1",
        "#0@1",
        "#1",
        "a.1",
        "c>1",
        "#2@1",
        "c.1",
        "#3",
        "a>1",
        "#4@1",
        "a.1",
    ]
    assert plan.pairs == 3


def test_sender_needs_room_too() -> None:
    """A copy at the sender's only comm qubit has to go before a pair can be made."""
    placement = place(SANDWICH, [0, 1, 2], [1, 2, 1], make_network((1, 1, 1), 1))
    plan = planned(placement)
    assert words(plan) == [
        "a>1",
        "#0@1",
        "#1",
        "a.1",
        "b>2",
        "#2@2",
        "b.2",
        "#3",
        "a>1",
        "#4@1",
        "a.1",
    ]


def test_free_data_qubits_hold_copies() -> None:
    placement = place(SANDWICH, [0, 1, 2], [1, 1, 1], make_network((1, 2, 1), 1))
    assert planned(placement).pairs == 2


@pytest.mark.parametrize(
    ("later", "evicted"), [([cz(B, T), cz(A, T)], "a.3"), ([cz(A, T), cz(B, T)], "b.3")]
)
def test_copy_with_the_furthest_next_use_is_closed_first(
    later: list[tuple[object, ...]], evicted: str
) -> None:
    rows = [cz(A, T), cz(B, T), cz(C, T), *later]
    placement = place(rows, [0, 1, 2, 3], [3] * 5, make_network((1, 1, 1, 1), 2))
    plan = PlanVisits(window=1).run(placement)  # in program order
    plan.verify()
    steps = words(plan)
    assert steps[: steps.index("c>3") + 1] == ["a>3", "#0@3", "b>3", "#1@3", evicted, "c>3"]
    assert plan.pairs == 4
    assert planned(placement).pairs == 3


def test_commuting_gates_of_a_copy_are_executed_while_it_is_there() -> None:
    """All of a's gates come first, whatever stands between them; `x` on b lets nothing pass."""
    rows = [cz(A, B), cz(T, C), ("x", (B,)), cz(A, C), cz(T, B), cz(A, B)]
    placement = place(rows, [0, 1, 1, 0], [1] * 5, make_network((2, 2), 1))
    plan = planned(placement)
    assert words(plan) == [
        "a>1", "#0@1", "#2", "#3@1", "#5@1", "a.1", "t>1", "#1@1", "#4@1", "t.1",
    ]  # fmt: skip
    assert PlanVisits(window=1).run(placement).pairs == 5


def test_classical_bits_keep_their_order() -> None:
    rows = [
        ("measure", (C,), (), 0),
        cz(A, B),
        ("measure", (A,), (), 0),
        ("z", (B,), (), None, ((0, True),)),
        ("measure", (B,), (), 0),
    ]
    graph = Segment().run(make_circuit(3, rows, 1))
    homes = [[0, 1, 0][wire] for wire in graph.segment_wire.tolist()]
    placement = make_placement(graph, make_network((2, 1), 1), homes, [1])
    operations = [step.operation for step in planned(placement).steps() if step.operation >= 0]
    assert [index for index in operations if index != 1] == [0, 2, 3, 4]


def test_copy_is_closed_right_after_its_last_gate() -> None:
    placement = place([cz(A, B), h(A), h(B)], [0, 1], [1], make_network((1, 1), None))
    assert words(planned(placement)) == ["a>1", "#0@1", "a.1", "#1", "#2"]


def test_two_gates_of_one_segment_share_a_visit() -> None:
    placement = place([cz(A, B), cz(A, C)], [0, 1, 1], [1, 1], make_network((1, 2), 1))
    assert words(planned(placement)) == ["a>1", "#0@1", "#1@1", "a.1"]


# -- third parties ----------------------------------------------------------------------------


def test_third_party_hosts_with_room_for_both_copies() -> None:
    wires = [[0, 1], [2, 3], [4, 5]]
    rows = [cz(p, q) for i in range(3) for j in range(i) for p in wires[i] for q in wires[j]]
    network = make_network((2, 2, 2), 4)
    plan = planned(place(rows, [0, 0, 1, 1, 2, 2], [0] * 12, network))
    assert plan.pairs == 4
    assert set(plan.host.tolist()) == {-1, 0}
    assert planned(place(rows, [0, 0, 1, 1, 2, 2], [0] * 12, make_network((2, 2, 2), 1))).pairs > 4


def test_third_party_that_serves_one_gate_hands_it_to_a_home() -> None:
    """Two pairs for one gate are too many; only a plan without limits keeps to the letter."""
    rows, homes, hosts = [cz(A, B)], [0, 1], [2]
    assert planned(place(rows, homes, hosts, make_network((1, 1, 0), 2))).pairs == 1
    plan = planned(place(rows, homes, hosts, make_network((1, 1, 0), None)))
    assert words(plan) == ["a>2", "b>2", "#0@2", "a.2", "b.2"]


def test_third_party_without_room_hands_the_gate_to_a_home() -> None:
    placement = place([cz(A, B)], [0, 1], [2], make_network((1, 1, 0), (2, 2, 1)))
    plan = planned(placement)
    assert plan.pairs == 1
    assert plan.host.max() in (0, 1)


def test_copies_that_meet_at_a_third_node_serve_more_gates_there() -> None:
    rows = [cz(A, B), ("rzz", (A, B), (0.3,))]
    placement = place(rows, [0, 1], [2, 2], make_network((1, 1, 0), 2))
    assert planned(placement).pairs == 2


def test_gate_goes_where_both_operands_are_when_memory_is_limited() -> None:
    """The second gate is planned at b's home, but a copy of a is at c's home anyway, with b's."""
    rows = [cz(A, C), cz(B, C), cz(A, B), cz(A, C), cz(B, C)]
    placement = place(rows, [0, 1, 2], [2, 2, 1, 2, 2], make_network((1, 1, 1), 2))
    plan = PlanVisits(window=1).run(placement)
    plan.verify()
    assert plan.pairs == 2
    assert "#2@2" in words(plan)


# -- changes of home --------------------------------------------------------------------------


def homes_by_segment(
    rows: list[tuple[object, ...]], homes: list[int], hosts: list[int], network: Network
) -> Placement:
    qubits = 1 + max(max(row[1]) for row in rows)
    return make_placement(Segment().run(make_circuit(qubits, rows)), network, homes, hosts)


def test_change_of_home_onto_an_open_copy_is_free() -> None:
    rows = [cz(A, B), h(A), cz(A, B)]
    placement = homes_by_segment(rows, [0, 1, 1], [1, 1], make_network((1, 2), 1))
    plan = planned(placement)
    assert words(plan) == ["a>1", "#0@1", "a=1", "#1", "#2@1"]
    assert plan.pairs == pairs(placement) == 1


def test_change_of_home_elsewhere_is_a_teleport_before_the_next_gate() -> None:
    rows = [cz(A, B), h(A), cz(A, C)]
    placement = homes_by_segment(rows, [0, 2, 1, 2], [1, 2], make_network((1, 1, 2), 1))
    plan = planned(placement)
    assert words(plan) == ["a>1", "#0@1", "a.1", "#1", "a>2", "a=2", "#2@2"]
    assert plan.pairs == pairs(placement) == 2


def moves(plan: RemotePlan) -> list[Step]:
    return [step for step in plan.steps() if step.kind is StepKind.MOVE]


def test_full_nodes_exchange_their_qubits_only_with_a_second_comm_qubit() -> None:
    turn = [h(A), h(B), h(C), h(T)]
    rows = [cz(A, C), cz(B, T), *turn] + [cz(A, T), cz(B, C), *turn] * 3
    homes, hosts = [0, 1, 1, 1] + [1, 0, 0, 0] + [0] * 4 + [1] * 4, [0, 1] + [1, 0] * 3
    placement = homes_by_segment(rows, homes, hosts, make_network((2, 2), 1))
    assert not moves(planned(placement))
    roomy = homes_by_segment(rows, homes, hosts, make_network((2, 2), 2))
    assert len(moves(planned(roomy))) == planned(roomy).pairs == 2


def test_old_home_has_room_after_a_change() -> None:
    """Once a has left, node 0 can hold the two copies of gates between others."""
    rows = [cz(A, B), h(A), cz(A, B), cz(B, C), cz(B, T), cz(C, T)]
    network = make_network((1, 2, 1, 1), (2, 2, 2, 2))
    placement = homes_by_segment(rows, [0, 1, 1, 2, 3], [1, 1, 0, 0, 0], network)
    plan = planned(placement)
    assert len(moves(plan)) == 1
    assert {step.host for step in plan.steps() if step.operation >= 3} == {0}
    assert plan.pairs == 4


# -- networks ---------------------------------------------------------------------------------


def test_repeater_need_not_be_linked() -> None:
    network = make_network((1, 1), 1)
    relay = Node(name="relay", kind="repeater", data_qubits=0, comm_qubits=2)
    wider = replace(network, nodes=(*network.nodes, relay))
    assert planned(place([cz(A, B)], [0, 1], [0], wider)).pairs == 1


# -- random placements ------------------------------------------------------------------------


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.data(), st.booleans())
def test_unlimited_memory_attains_the_formula(data: st.DataObject, is_static: bool) -> None:
    graph = Segment().run(data.draw(circuits(max_qubits=6, max_operations=40)))
    kind = data.draw(st.sampled_from((networks, sparse_networks)))
    network = data.draw(kind(graph.wires, comm=(None,)))
    draw = static_placements if is_static else moving_placements
    placement = data.draw(draw(graph, network))
    last = placement.segment_home[graph.wire_segments[1:] - 1].tolist()
    # A qubit that ends where there is no data qubit for it has to move once more.
    assume(all(last.count(i) <= node.data_qubits for i, node in enumerate(network.nodes)))
    assert planned(placement).pairs == pairs(placement)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.data())
def test_static_homes_always_find_a_plan(data: st.DataObject) -> None:
    """With one comm qubit everywhere there is still open, gate, close; more never costs more
    than one pair per gate and operand."""
    graph = Segment().run(data.draw(circuits(max_qubits=6, max_operations=40)))
    network = data.draw(networks(graph.wires, comm=(1, 2), spare=0))
    placement = data.draw(static_placements(graph, network))
    assert planned(placement).pairs <= 2 * graph.gates


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.data(), st.booleans())
def test_there_is_always_a_plan_where_pairs_can_pass(data: st.DataObject, is_static: bool) -> None:
    """Every gate finds its way through nodes that are as full as they may be."""
    graph = Segment().run(data.draw(circuits(max_qubits=6, max_operations=40)))
    network = data.draw(sparse_networks(graph.wires, comm=(1, 2), spare=0))
    draw = static_placements if is_static else moving_placements
    placement = data.draw(draw(graph, network))
    last = placement.segment_home[graph.wire_segments[1:] - 1].tolist()
    assume(all(last.count(i) <= node.data_qubits for i, node in enumerate(network.nodes)))
    planned(placement)
