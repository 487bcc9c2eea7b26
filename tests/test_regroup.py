"""Ladders are found, regrouped by steps that the verifier accepts, and cost what they should."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import Operator

from dqc_compiler import Network, Options, compile_circuit
from dqc_compiler.costs import ebits
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.formats.flat_qasm import circuit_from_flat, read_flat_qasm
from dqc_compiler.formats.qasm_text import circuit_text
from dqc_compiler.formats.rewrites import make_rewrites
from dqc_compiler.gadgets.ladders import Ladder, find_ladders
from dqc_compiler.gadgets.regrouping import Regrouper
from dqc_compiler.gadgets.wires import Wires
from dqc_compiler.ir import Circuit, Placement
from dqc_compiler.ir.rewriting import Rewriting
from dqc_compiler.passes.cover import Cover
from dqc_compiler.passes.fuse import Fuse
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.regroup import Regroup
from dqc_compiler.passes.segment import Segment
from dqc_compiler.verify.canonical import circuit_form
from dqc_compiler.verify.compare import first_difference
from dqc_compiler.verify.record import read_record
from dqc_compiler.verify.rewriting import ReplayError, replay
from tests.circuit_oracle import assert_same_unitary, rebuilt
from tests.growth import growth
from tests.strategies import circuits, make_circuit, make_network

BENCHMARKS = Path(__file__).parents[1] / "benchmarks" / "circuits"
Row = tuple[object, ...]
Steps = list[dict[str, Any]]


def ladder_rows(order: list[int], angle: float = 0.3) -> list[Row]:
    """A chain over qubits, the last one being the root."""
    compute: list[Row] = [("cx", pair) for pair in pairwise(order)]
    return [*compute, ("rz", (order[-1],), (angle,)), *reversed(compute)]


@st.composite
def ladder_circuits(draw: st.DrawFn) -> Circuit:
    """Rotations about products of Paulis as trees of `cx`, with other operations here and there.

    Mirrored halves and basis changes are as interleaved as gates on different qubits can be.
    """
    qubits = draw(st.integers(3, 6))
    choose = random.Random(draw(st.integers(0, 2**32)))
    rows: list[Row] = []
    for _ in range(draw(st.integers(1, 5))):
        support = choose.sample(range(qubits), choose.randint(2, qubits))
        basis: list[Row] = [(choose.choice(("id", "h", "sx")), (q,)) for q in support]
        tree: list[Row] = [
            ("cx", (support[i], support[choose.randint(max(0, i - 2), i - 1)]))
            for i in range(len(support) - 1, 0, -1)
        ]
        back = tree[::-1]
        if choose.random() < 0.3:
            back = choose.sample(back, len(back))  # not always the mirror image
        turn: list[Row] = [("rz", (support[0],), (choose.uniform(-3, 3),)), ("t", (support[0],))]
        rows += [*basis, *tree, *turn[: choose.randint(1, 2)], *back]
        for _ in range(choose.choice((0, 0, 1, 3))):
            name = choose.choice(("cx", "cz", "swap", "rzz", "h", "rz"))
            arity = 1 if name in ("h", "rz") else 2
            angles = (0.7,) if name in ("rz", "rzz") else ()
            rows.insert(
                choose.randrange(len(rows) + 1),
                (name, tuple(choose.sample(range(qubits), arity)), angles),
            )
    return make_circuit(qubits, rows)


def assert_replayed(result: Rewriting) -> None:
    """The record as text makes the circuit of the original."""
    circuit = result.original
    logical = read_flat_qasm(circuit_text(result.circuit), source="logical.qasm")
    steps = read_record(make_rewrites(result).text(), logical)
    forms = [
        circuit_form(table)
        for table in (replay(circuit, steps), circuit_from_flat(logical, name="logical"))
    ]
    assert first_difference(*forms, circuit.qubits, circuit.clbits) is None


def shaped_at_random(circuit: Circuit, seed: int) -> Rewriting:
    """Every ladder gets a random tree with a random root."""
    choose = random.Random(seed)
    table = Wires(circuit)
    ladders = find_ladders(table)
    regrouper = Regrouper(table)
    for ladder in ladders:
        order = choose.sample(ladder.qubits, len(ladder.qubits))
        parent = {q: choose.choice(order[:i]) for i, q in enumerate(order) if i}
        regrouper.shape(ladder, order[0], parent)
        assert (ladder.root, ladder.parent) == (order[0], parent)
        assert [table.is_there(index) for index in ladder.operations].count(False) == 0
    result = regrouper.result()
    result.verify()
    return result


# Finding


def found(rows: list[Row], qubits: int = 6) -> list[Ladder]:
    return find_ladders(Wires(make_circuit(qubits, rows)))


def test_a_chain_is_one_ladder() -> None:
    (ladder,) = found(ladder_rows([0, 2, 4, 1]))
    assert ladder.root == 1
    assert ladder.parent == {4: 1, 2: 4, 0: 2}


def test_a_star_need_not_be_undone_in_reverse() -> None:
    star: list[Row] = [("cx", (q, 3)) for q in (0, 1, 2)]
    (ladder,) = found([*star, ("t", (3,)), *star])
    assert ladder.parent == {0: 3, 1: 3, 2: 3}


def test_rotations_in_a_row_are_one() -> None:
    rows = ladder_rows([0, 1, 2])
    rows.insert(3, ("s", (2,)))
    (ladder,) = found(rows)
    assert len(ladder.turn) == 2


def test_what_is_next_to_a_ladder_does_not_belong_to_it() -> None:
    # Two ladders share no gate, and a short one in between keeps its own.
    rows = [*ladder_rows([0, 1, 2]), *ladder_rows([1, 2]), *ladder_rows([0, 1, 2])]
    first, second = found(rows)
    assert set(first.operations) == set(range(5))
    assert set(second.operations) == set(range(8, 13))


@pytest.mark.parametrize(
    "rows",
    [
        ladder_rows([0, 1]),
        [("cx", (0, 1)), ("cx", (1, 2)), ("rx", (2,), (0.3,)), ("cx", (1, 2)), ("cx", (0, 1))],
        [("cx", (0, 1)), ("cx", (1, 2)), ("rz", (2,), (0.3,)), ("cx", (0, 1)), ("cx", (1, 2))],
        [("cx", (0, 1)), ("cx", (1, 2)), ("h", (1,)), *ladder_rows([1, 2])[1:]],
        [("cx", (0, 1)), ("cx", (1, 2)), ("rz", (2,), (0.3,)), ("cx", (1, 2))],
    ],
)
def test_what_is_no_ladder(rows: list[Row]) -> None:
    assert not found(rows)


# Steps


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ([("cx", (0, 1)), ("cx", (1, 2))], [("cx", (1, 2)), ("cx", (0, 2)), ("cx", (0, 1))]),
        ([("cx", (0, 2)), ("cx", (1, 2))], [("cx", (0, 1)), ("cx", (1, 2)), ("cx", (0, 1))]),
        (
            [("cx", (0, 1)), ("rz", (1,), (0.3,)), ("cx", (0, 1))],
            [("cx", (1, 0)), ("rz", (0,), (0.3,)), ("cx", (1, 0))],
        ),
    ],
    ids=["lift", "lower", "flip"],
)
def test_identity(left: list[Row], right: list[Row]) -> None:
    matrices = [Operator(rebuilt(make_circuit(3, rows))).data for rows in (left, right)]
    np.testing.assert_allclose(*matrices, atol=1e-12)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ladder_circuits(), st.integers(0, 2**32))
def test_every_tree_is_the_same_circuit(circuit: Circuit, seed: int) -> None:
    result = shaped_at_random(circuit, seed)
    assert_same_unitary(result.circuit, rebuilt(circuit))
    assert result.circuit.two_qubit_gates == circuit.two_qubit_gates
    assert_replayed(result)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_ladders_by_chance(data: st.DataObject) -> None:
    """Nothing but `cx`, rotations about Z and a few others, so that all kinds of ladders arise."""
    name = st.sampled_from(("cx", "cx", "cx", "rz", "t", "h"))
    rows = []
    for gate in data.draw(st.lists(name, max_size=40)):
        order = data.draw(st.permutations(range(4)))
        rows.append((gate, tuple(order[: 2 if gate == "cx" else 1]), (0.3,) * (gate == "rz")))
    circuit = make_circuit(4, [*rows, *rows[::-1]])
    result = shaped_at_random(circuit, data.draw(st.integers(0, 2**32)))
    assert_same_unitary(result.circuit, rebuilt(circuit))
    assert_replayed(result)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(circuits(max_operations=40, clbits=2), st.integers(0, 2**32))
def test_measurements_and_conditions_are_in_nobodys_way(circuit: Circuit, seed: int) -> None:
    assert_replayed(shaped_at_random(circuit, seed))


def test_lengths_of_records_are_linear() -> None:
    order = [0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15]
    result = Regroup(make_network([8, 8], None)).run(make_circuit(16, ladder_rows(order)))
    assert result is not None
    assert len(result.rewriting.steps) < 7 * len(order)


# The pass


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ladder_circuits(), st.integers(2, 4))
def test_regrouped_and_fused_is_the_same_circuit(circuit: Circuit, nodes: int) -> None:
    network = make_network([-(-len(circuit.qubits) // nodes) + 1] * nodes, None)
    found = Regroup(network).run(circuit)
    if found is None:
        assert not find_ladders(Wires(circuit))
        return
    found.verify()
    result = found.rewriting.then(Fuse().run(found.rewriting.circuit))
    result.verify()
    assert result.circuit.two_qubit_gates <= circuit.two_qubit_gates
    assert_same_unitary(result.circuit, rebuilt(circuit))
    assert_replayed(result)
    graph = Segment().run(result.circuit)
    Placement.static(graph, network, found.homes).verify()


@pytest.mark.parametrize("comm", [None, 2])
@pytest.mark.parametrize("seed", range(5))
def test_a_ladder_costs_one_pair_per_further_node(seed: int, comm: int | None) -> None:
    """With few comm qubits, too: shares are passed on from node to node then."""
    choose = random.Random(seed)
    rows: list[Row] = []
    supports = [choose.sample(range(12), choose.randint(4, 12)) for _ in range(6)]
    for support in supports:
        rows += [("u", (q,), (1.0, 0.5, 0.2)) for q in range(12)]
        rows += ladder_rows(support)
    network = make_network([3, 3, 3, 3], comm)
    found = Regroup(network).run(make_circuit(12, rows))
    assert found is not None
    fused = Fuse().run(found.rewriting.circuit).circuit
    graph = Segment().run(fused)
    placement = Cover().run(Placement.static(graph, network, found.homes))
    touched = [{int(found.homes[q]) for q in support} for support in supports]
    assert PlanVisits().pairs(placement) == sum(len(nodes) - 1 for nodes in touched)


def test_an_unchanged_share_is_sent_once() -> None:
    rows: list[Row] = []
    for _ in range(5):
        rows += [*ladder_rows([0, 3, 1, 4, 2, 5]), ("h", (5,))]
    network = make_network([3, 3], None)
    found = Regroup(network).run(make_circuit(6, rows))
    assert found is not None
    graph = Segment().run(Fuse().run(found.rewriting.circuit).circuit)
    assert ebits.pairs(Cover().run(Placement.static(graph, network, found.homes))) == 1


def test_homes_of_swapped_qubits() -> None:
    rows = [*ladder_rows([0, 1, 2]), ("swap", (0, 3)), *ladder_rows([3, 1, 2])]
    found = Regroup(make_network([3, 1], None)).run(make_circuit(4, rows))
    assert found is not None
    assert found.homes.tolist() == [0, 0, 0, 1]


def test_circuits_without_ladders_are_left_alone() -> None:
    circuit = read_circuit(BENCHMARKS / "qaoa3reg_16.qasm")
    assert Regroup(make_network([8, 8], None)).run(circuit) is None
    assert Regroup(make_network([6], None)).run(make_circuit(6, ladder_rows([0, 1, 2]))) is None


def test_equal_seeds_give_equal_results() -> None:
    circuit = read_circuit(BENCHMARKS / "pauli_16.qasm")
    first, second = (Regroup(make_network([5] * 4, None), seed=7).run(circuit) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.rewriting.steps == second.rewriting.steps
    assert first.homes.tolist() == second.homes.tolist()


def test_the_time_is_nearly_linear() -> None:
    def ladders(gates: int) -> None:
        choose = random.Random(1)
        rows: list[Row] = []
        while len(rows) < gates:
            support = choose.sample(range(16), 6)
            rows += [("h", (q,)) for q in support] + ladder_rows(support)
        Regroup(make_network([8, 8], None)).run(make_circuit(16, rows))

    assert growth(ladders, 2000) < 1.4


# The compiler


@pytest.mark.parametrize(
    ("name", "data", "comm", "most"),
    [("pauli_8", 3, None, 9), ("pauli_16", 5, None, 27), ("pauli_32", 9, 2, 87)],
)
def test_pairs_of_pauli_gadgets(name: str, data: int, comm: int | None, most: int) -> None:
    network = Network.all_to_all(nodes=4, data_qubits=data, comm_qubits=comm)
    options = Options(preset="fast")
    result = compile_circuit(BENCHMARKS / f"{name}.qasm", network, options=options)
    assert result.program.pairs <= most
    assert {"lift", "lower", "fuse"} <= {step.rule for step in result.rewriting.steps}
    assert "regroup" in result.seconds


def test_the_circuit_as_written_is_kept_if_it_is_not_dearer() -> None:
    network = Network.all_to_all(nodes=2, data_qubits=3, comm_qubits=2)
    circuit = make_circuit(6, ladder_rows([0, 1, 2, 3, 4, 5]))
    result = compile_circuit(circuit, network, options=Options(preset="fast"))
    assert result.program.pairs == 1
    assert {step.rule for step in result.rewriting.steps} == {"fuse"}


def test_only_the_clearly_better_circuit_is_searched_for_long() -> None:
    network = Network.all_to_all(nodes=4, data_qubits=5, comm_qubits=None)
    searched: list[str] = []
    path = BENCHMARKS / "pauli_16.qasm"
    result = compile_circuit(path, network, progress=searched.append)
    assert result.program.pairs <= 27
    assert searched.count("place") == 3  # both quickly, and the better one
    searched.clear()
    close = make_circuit(6, ladder_rows([0, 1, 2, 3, 4, 5]))
    compile_circuit(
        close, Network.all_to_all(nodes=2, data_qubits=3, comm_qubits=2), progress=searched.append
    )
    assert searched.count("place") == 4


def command(*arguments: str) -> str:
    """What `dqc` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "dqc_compiler", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Steps]:
    """A bundle that the command made of Pauli gadgets, and its record."""
    directory = tmp_path_factory.mktemp("regroup")
    circuit = BENCHMARKS / "pauli_8.qasm"
    shape = ["--nodes", "4", "--data-qubits", "3"]
    command("compile", str(circuit), *shape, "-o", str(directory / "out"))
    assert "verdict: equivalent" in command("verify", str(directory / "out"), str(circuit))
    found: Steps = json.loads((directory / "out" / "rewrites.json").read_text())["rewrites"]
    return directory / "out", found


def index_of(steps: Steps, rule: str) -> int:
    return next(index for index, step in enumerate(steps) if step["rule"] == rule)


def exchange_two_outputs(steps: Steps) -> None:
    outputs = steps[index_of(steps, "lift")]["outputs"]
    outputs[0], outputs[1] = outputs[1], outputs[0]
    outputs[1], outputs[2] = outputs[2], outputs[1]


def leave_out_an_output(steps: Steps) -> None:
    del steps[index_of(steps, "lower")]["outputs"][0]


def cancel_what_is_not_equal(steps: Steps) -> None:
    step = steps[index_of(steps, "cancel")]
    step["inputs"][1] -= 1


def do_not_undo(steps: Steps) -> None:
    del steps[index_of(steps, "cancel")]


def wrong_place(steps: Steps) -> None:
    """The first of two `cx` cannot wait behind the other half."""
    step = steps[index_of(steps, "cancel")]
    step["inputs"], step["place"] = [step["inputs"][0]], step["inputs"][0]


def turn_another_way(steps: Steps) -> None:
    step = next(s for s in steps if s["rule"] == "flip")
    step["outputs"][1] = step["outputs"][1].replace("rz(", "rz(0.001 + ")


MUTATIONS = (
    exchange_two_outputs, leave_out_an_output, cancel_what_is_not_equal, do_not_undo, wrong_place,
    turn_another_way,
)  # fmt: skip


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda f: f.__name__)
def test_a_false_record_is_refused(
    steps: tuple[Path, Steps], mutate: Callable[[Steps], None]
) -> None:
    bundle, record = steps
    circuit = read_circuit(BENCHMARKS / "pauli_8.qasm")
    logical = read_flat_qasm((bundle / "logical.qasm").read_text(), source="logical.qasm")

    def replayed(changed: Steps) -> bool:
        try:
            found = replay(circuit, read_record(json.dumps({"rewrites": changed}), logical))
        except ReplayError:
            return False
        forms = circuit_form(found), circuit_form(circuit_from_flat(logical, name="logical"))
        return first_difference(*forms, circuit.qubits, circuit.clbits) is None

    assert replayed(record)
    changed = json.loads(json.dumps(record))
    mutate(changed)
    assert changed != record
    assert not replayed(changed)
