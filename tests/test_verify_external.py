"""The engines beside the symbolic machine: what they prove and refute, and when they skip."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from mqt import qcec
from mqt.core.ir import QuantumComputation

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
