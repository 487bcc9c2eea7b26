"""Placements that are changed under the price of their plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqc_compiler import Network
from dqc_compiler.bundles import verify_result
from dqc_compiler.costs import trees
from dqc_compiler.costs.walks import cheapest_pricing
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.ir import Placement
from dqc_compiler.ir.arrays import frozen
from dqc_compiler.passes.cover import Cover
from dqc_compiler.passes.fuse import Fuse
from dqc_compiler.passes.partition_contiguous import PartitionContiguous
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.polish_visits import PolishVisits
from dqc_compiler.passes.segment import Segment
from dqc_compiler.pipeline import Options, compile_circuit
from tests.strategies import circuits, networks, sparse_networks, static_placements
from tests.test_placements import random_circuit

BENCHMARKS = Path(__file__).parents[1] / "benchmarks" / "circuits"


def dense_phases(comm: int) -> Placement:
    network = Network.all_to_all(nodes=4, data_qubits=5, comm_qubits=comm)
    graph = Segment().run(Fuse().run(read_circuit(BENCHMARKS / "cpfrac9_16.qasm")).circuit)
    return Cover().run(PartitionContiguous(network=network).run(graph))


@pytest.mark.parametrize("comm", [1, 2])
def test_visits_are_saved_where_memory_is_short(comm: int) -> None:
    placement = dense_phases(comm)
    polished = PolishVisits(effort=2.0).run(placement)
    polished.verify()
    assert PlanVisits().pairs(polished) < 0.9 * PlanVisits().pairs(placement)


@given(st.data())
def test_nothing_gets_dearer_and_every_plan_is_one(data: st.DataObject) -> None:
    graph = Segment().run(data.draw(circuits(max_qubits=5)))
    network = data.draw(data.draw(st.sampled_from((networks, sparse_networks)))(graph.wires))
    placement = data.draw(static_placements(graph, network))
    polished = PolishVisits(effort=0.05, seed=data.draw(st.integers(0, 9))).run(placement)
    polished.verify()
    plan = PlanVisits().run(polished)
    plan.verify()
    assert plan.pairs <= PlanVisits().pairs(placement)


@given(st.data())
def test_the_price_follows_homes_and_hosts(data: st.DataObject) -> None:
    """The same arrays, changed, cost what a new placement of them does with the same memory."""
    graph = Segment().run(data.draw(circuits(max_qubits=4)))
    network = data.draw(data.draw(st.sampled_from((networks, sparse_networks)))(graph.wires))
    placement = data.draw(static_placements(graph, network))
    pricing, first = cheapest_pricing(placement)
    home, host = pricing.home, pricing.host
    assert first == PlanVisits().pairs(placement)
    for gate in range(graph.gates):
        host[gate] = data.draw(st.sampled_from(home.tolist()))
    pricing.changed(range(graph.segments))
    found = pricing.price()
    changed = Placement(
        graph=graph,
        network=network,
        segment_home=placement.segment_home,
        gate_host=frozen(host, np.int32),
    )
    assert found is not None
    assert found >= PlanVisits().pairs(changed)  # which tries all budgets


def test_equal_seeds_give_equal_placements() -> None:
    placement = dense_phases(1)
    first, again, other = (
        PolishVisits(seed=seed, effort=0.2).run(placement).gate_host for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_without_gates_there_is_nothing_to_change() -> None:
    network = Network.all_to_all(nodes=3, data_qubits=2, comm_qubits=1)
    graph = Segment().run(random_circuit(6, 0, 1))
    placement = Cover().run(PartitionContiguous(network=network).run(graph))
    assert PolishVisits().run(placement) is placement


def test_trees_that_were_grown_for_former_changes_make_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = Network.make("line", nodes=4, data_qubits=4, comm_qubits=2)
    graph = Segment().run(random_circuit(16, 60, 1))
    placement = Cover().run(PartitionContiguous(network=network).run(graph))
    wanted = PolishVisits(effort=0.2).run(placement)
    monkeypatch.setattr(trees, "_SPARE_TREES", 16 - graph.segments)  # of 28 that there are
    found = PolishVisits(effort=0.2).run(placement)
    np.testing.assert_array_equal(found.gate_host, wanted.gate_host)


def test_the_preset_balanced_polishes() -> None:
    network = Network.all_to_all(nodes=4, data_qubits=9, comm_qubits=1)
    path = BENCHMARKS / "cpfrac9_32.qasm"
    result = compile_circuit(path, network, options=Options())
    assert result.program.pairs < 115  # 121 without
    assert verify_result(result).equivalent
