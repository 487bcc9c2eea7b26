"""Programs act like their circuits, on every measurement outcome and under every order of nodes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dqc_compiler.costs.ebits import pairs
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.diagnostics.placement import NoRoomForMove
from dqc_compiler.ir import Circuit, DistributedProgram, Placement, RemotePlan
from dqc_compiler.ir.circuit import OPCODE
from dqc_compiler.passes.insert_gadgets import InsertGadgets
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.segment import Segment
from tests.oracle import assert_same_action, coins, random_interleaving
from tests.strategies import circuits, make_network, moving_placements, networks, static_placements

thorough = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def distribute(placement: Placement) -> tuple[RemotePlan, DistributedProgram]:
    plan = PlanVisits().run(placement)
    plan.verify()
    program = InsertGadgets().run(plan)
    program.verify()
    return plan, program


def assert_right(circuit: Circuit, placement: Placement, seed: int) -> None:
    plan, program = distribute(placement)
    ends = int((program.opcode == OPCODE["dqc_epr"]).sum())
    assert plan.pairs == program.pairs == ends / 2
    for node, limit in enumerate(placement.network.nodes):
        assert limit.comm_qubits is None or program.peak_comm[node] <= limit.comm_qubits
        assert program.data_qubits[node] <= limit.data_qubits
    if all(node.comm_qubits is None for node in placement.network.nodes):
        assert plan.pairs == pairs(placement)
    assert_same_action(circuit, program, coins(seed), seed=seed)
    order = random_interleaving(program, seed)
    assert_same_action(circuit, program, coins(seed + 1), seed=seed, order=order)


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
    """Either the plan is refused or the program is right; never a crash, never a wrong program."""
    circuit = data.draw(circuits())
    graph = Segment().run(circuit)
    network = data.draw(networks(graph.wires))
    placement = data.draw(moving_placements(graph, network))
    last = placement.segment_home[graph.wire_segments[1:] - 1].tolist()
    assume(all(last.count(i) <= node.data_qubits for i, node in enumerate(network.nodes)))
    try:
        PlanVisits().run(placement)
    except CompilerError as error:
        assert isinstance(error.diagnostics[0], NoRoomForMove)
        return
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
