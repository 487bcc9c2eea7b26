"""The engines beside the symbolic machine: what they prove and refute, and when they skip."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from functools import partial

import pytest
from mqt import qcec
from mqt.core.ir import QuantumComputation

from dqc_compiler.ir.circuit import Circuit, Operation
from dqc_compiler.verify import external
from dqc_compiler.verify.child import MEMORY_BYTES, StoppedError, call_in_child
from dqc_compiler.verify.clifford import NotCliffordError, compare_flows
from dqc_compiler.verify.external import external_evidence
from dqc_compiler.verify.outcomes import TooLargeError, instrument, largest_difference
from dqc_compiler.verify.simulation import worst_fidelity
from dqc_compiler.verify.stitch import (
    Action,
    Computation,
    circuit_computation,
    split_final_measurements,
    stitch,
)
from dqc_compiler.verify.zx import NotLiftedError, is_proven_equal
from tests.mutations_emitted import distributed, emitted_task, random_circuit
from tests.mutations_oracle import agree, of_circuit
from tests.mutations_programs import CASES, Case, circuit_of, task_of
from tests.strategies import make_circuit

UNITARY = [given for given in CASES if not given.clbits]
LIMITS = {"amplitudes": 2**20, "work": 1e9}


def pair(given: Case) -> tuple[Computation, Computation]:
    return circuit_computation(circuit_of(given)), stitch(task_of(given))


def changed_angle(computation: Computation, by: float) -> Computation:
    """The computation with the first angle changed."""
    actions = list(computation.actions)
    index = next(i for i, action in enumerate(actions) if action.parameters)
    first, *rest = actions[index].parameters
    actions[index] = actions[index]._replace(parameters=(first + by, *rest))
    return replace(computation, actions=tuple(actions))


@pytest.mark.parametrize("given", CASES, ids=lambda given: given.name)
def test_all_outcomes(given: Case) -> None:
    expected, found = (instrument(side, **LIMITS) for side in pair(given))
    assert largest_difference(expected, found) < 1e-12


@pytest.mark.parametrize("given", UNITARY, ids=lambda given: given.name)
def test_zx_proves_right_programs_and_no_wrong_ones(given: Case) -> None:
    expected, found = pair(given)
    assert is_proven_equal(expected, found)
    for index, action in enumerate(found.actions):
        if action.condition:
            rest = found.actions[:index] + found.actions[index + 1 :]
            assert not is_proven_equal(expected, replace(found, actions=rest))
    if any(action.parameters for action in found.actions):
        for by in (1e-3, 1e-5, 3.141592653589793):
            assert not is_proven_equal(expected, changed_angle(found, by))


@pytest.mark.parametrize("given", UNITARY, ids=lambda given: given.name)
def test_simulation_sees_a_small_angle(given: Case) -> None:
    expected, found = pair(given)
    assert worst_fidelity(expected, found) > 1 - 1e-10
    if any(action.parameters for action in found.actions):
        assert worst_fidelity(expected, changed_angle(found, 1e-3)) < 1 - 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_flows_of_emitted_clifford_programs(seed: int) -> None:
    circuit = random_circuit(seed, qubits=9, gates=80, clifford=True)
    task = emitted_task(distributed(circuit, seed, nodes=3, comm=1))
    expected, found = circuit_computation(circuit), stitch(task)
    for signed_qubits in (9, 0):  # exact signs, and sampled ones
        comparison = compare_flows(expected, found, signed_qubits=signed_qubits)
        assert comparison.is_equal
        assert comparison.is_exact == (signed_qubits == 9)
        for letter in ("x", "z"):
            stray = (*found.actions, Action(letter, (found.end[4],)))
            wrong = replace(found, actions=stray)
            assert not compare_flows(expected, wrong, signed_qubits=signed_qubits).is_equal
    last = max(i for i, action in enumerate(found.actions) if action.condition)
    dropped = replace(found, actions=found.actions[:last] + found.actions[last + 1 :])
    assert not compare_flows(expected, dropped, signed_qubits=9).is_equal


def test_flows_need_clifford_gates() -> None:
    computation = circuit_computation(make_circuit(1, [("t", (0,))]))
    with pytest.raises(NotCliffordError):
        compare_flows(computation, computation, signed_qubits=9)


def test_too_large_for_all_outcomes() -> None:
    computation = circuit_computation(make_circuit(8, [("h", (q,)) for q in range(8)]))
    with pytest.raises(TooLargeError):
        instrument(computation, amplitudes=2**15, work=1e9)
    with pytest.raises(TooLargeError):
        instrument(computation, amplitudes=2**17, work=1e5)


@pytest.mark.parametrize("seed", range(10))
def test_all_outcomes_agrees_with_the_oracle(seed: int) -> None:
    """Mid-circuit measurements, resets and conditions, against Qiskit's matrices."""
    circuit = random_circuit(seed, qubits=3, gates=25, clbits=2)
    ours = instrument(circuit_computation(circuit), **LIMITS)
    scaled = {key: 8 * rows.T @ rows.conj() for key, rows in ours.items()}
    assert agree(scaled, of_circuit(circuit))


def test_final_measurements_are_compared_as_a_list() -> None:
    given = [("h", (0,)), ("measure", (0,), (), 1), ("measure", (1,), (), 0)]
    computation, final = split_final_measurements(circuit_computation(make_circuit(2, given, 2)))
    assert final == (1, 0)
    assert [action.name for action in computation.actions] == ["h"]
    used = [*given, ("x", (0,), (), None, ((0, True),))]
    computation, final = split_final_measurements(circuit_computation(make_circuit(2, used, 2)))
    assert final == (None, None)
    assert computation.measures_or_resets


@pytest.mark.parametrize(
    ("module", "name"),
    [("stim", "stabilizer flows"), ("mqt.qcec", "zx"), ("qiskit_aer", "simulation")],
)
def test_a_missing_engine_is_skipped(
    module: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    given = UNITARY[0]
    evidence = external_evidence(task_of(given), circuit_of(given), level="all")
    check = next(item.check for item in evidence if item.check.name == name)
    assert check.passed is None
    assert "not installed" in check.detail


def test_qcec_alone_would_take_a_dephased_qubit_for_the_identity() -> None:
    """Why the circuits are doubled: if this fails, the checker has learnt to discard qubits."""
    copied, identity = QuantumComputation(2), QuantumComputation(2)
    copied.cx(0, 1)
    copied.h(1)
    for circuit in (copied, identity):
        circuit.set_circuit_qubit_ancillary(1)
        circuit.set_circuit_qubit_garbage(1)
    result = qcec.verify(
        copied,
        identity,
        run_zx_checker=True,
        run_alternating_checker=False,
        run_simulation_checker=False,
        run_construction_checker=False,
        parallel=False,
    )
    assert result.considered_equivalent()
    dephased = (Action("cx", (0, 1)), Action("measure", (1,), (), 0))
    kept = Computation(1, 0, (), (0,), (0,), ())
    assert not is_proven_equal(kept, Computation(2, 1, dephased, (0,), (0,), ()))
    measured = Computation(1, 1, (Action("measure", (0,), (), 0),), (0,), (0,), ())
    with pytest.raises(NotLiftedError):
        is_proven_equal(kept, measured)


def long_chain(*, rounds: int) -> list[tuple]:
    """A chain and a circle of gates at it that no rewriting makes shorter."""
    return [
        *[("cx", (q, q + 1)) for q in range(15)],
        *[("cp", (0, 15), (0.1,)), ("rx", (0,), (0.01,))] * rounds,
    ]


def zx_check(rounds: int, *, level: str):
    chain, longer = (make_circuit(16, long_chain(rounds=r)) for r in (0, rounds))
    task = emitted_task(distributed(chain, 3, nodes=2, comm=1))
    checks = [item.check for item in external_evidence(task, longer, level=level)]
    return next(check for check in checks if check.name == "zx")


@pytest.mark.parametrize(("level", "rounds"), [("auto", 250), ("all", 2500)])
def test_zx_is_not_tried_against_a_circuit_that_is_too_long(level: str, rounds: int) -> None:
    check = zx_check(rounds, level=level)
    assert (check.passed, check.detail) == (None, "skipped: not tried because of the size")


def test_zx_has_no_result_without_time_and_the_same_one_in_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert zx_check(120, level="auto").detail == "rewriting finds no proof"
    monkeypatch.setattr(external, "_SECONDS", {"all": 0.1})
    check = zx_check(2000, level="all")
    assert (check.passed, check.detail) == (None, "not decided within 0.1 s")


def test_nothing_more_is_tried_when_the_programs_are_refuted() -> None:
    circuit = random_circuit(1, qubits=6, gates=40, clifford=True)
    task = emitted_task(distributed(circuit, 3, nodes=3, comm=2))
    rows = [*circuit.operations(), Operation("h", (0,))]
    other = Circuit.from_operations("other", circuit.qubits, circuit.clbits, rows)
    names = [item.check.name for item in external_evidence(task, other, level="all")]
    assert names in (["all outcomes"], ["all outcomes", "stabilizer flows"])


def test_a_call_in_a_child_returns_and_raises_as_any_other() -> None:
    assert call_in_child(partial(pow, 3, 2), seconds=60) == 9
    assert call_in_child(os.getppid, seconds=60) == os.getpid()
    with pytest.raises(ZeroDivisionError):
        call_in_child(partial(pow, 0, -1), seconds=60)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (partial(time.sleep, 60), "not decided within 2 s"),
        (partial(bytes, 2 * MEMORY_BYTES), "not decided within 4 GiB of memory"),
        (partial(os.kill, 0, 9), "not decided: the process ended by itself"),
    ],
)
def test_a_call_in_a_child_has_limits(call: partial, reason: str) -> None:
    with pytest.raises(StoppedError, match=reason):
        call_in_child(call, seconds=2)
