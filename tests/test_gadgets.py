"""Frames, gates at a host, and the primitives on every outcome with entangled inputs."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit.circuit.library import get_standard_gate_name_mapping

from dqc_compiler.gadgets.frames import (
    AXIS_TOLERANCE,
    IDENTITY,
    PAULI_VECTOR,
    gate_rotation,
    inverse,
    multiply,
    parallel,
    pauli_letter,
    rotate,
    rotation,
)
from dqc_compiler.gadgets.gates import GATE_AXES, at_host
from dqc_compiler.gadgets.primitives import (
    LocalGates,
    close_copy,
    close_root,
    couple,
    leave_z_form,
    receive,
)
from dqc_compiler.ir.circuit import ONE_QUBIT_GATES, PARAMETER_COUNT, TWO_QUBIT_GATES
from tests.oracle import MATRICES, State, random_state

PAULI = {letter: MATRICES[letter.lower()]() for letter in "XYZ"}
TO_Z = {"X": MATRICES["h"](), "Y": MATRICES["h"]() @ MATRICES["sdg"](), "Z": np.eye(2)}
"""The basis change that turns each Pauli into Z."""

angles = st.floats(-10, 10)


def angles_of(name: str) -> tuple[float, ...]:
    return (0.7, -1.9, 2.6)[: PARAMETER_COUNT[name]]


# -- the oracle's own matrices -----------------------------------------------------------------


@pytest.mark.parametrize("name", [*ONE_QUBIT_GATES, *TWO_QUBIT_GATES])
def test_oracle_matrices_are_those_of_qiskit(name: str) -> None:
    if name == "rzy":  # not in Qiskit: rzx with the second operand turned about its z axis
        turn = np.kron(np.eye(2), MATRICES["s"]())
        want = turn @ MATRICES["rzx"](0.7) @ turn.conj().T
    else:
        gate = type(get_standard_gate_name_mapping()[name])(*angles_of(name))
        want = gate.to_matrix()
        if gate.num_qubits == 2:  # Qiskit's first operand is the right factor
            want = want.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)
    assert MATRICES[name](*angles_of(name)) == pytest.approx(want)


# -- frames ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ONE_QUBIT_GATES)
@pytest.mark.parametrize("letter", "XYZ")
def test_rotation_of_a_gate_is_its_conjugation(name: str, letter: str) -> None:
    unitary = MATRICES[name](*angles_of(name))
    turned = rotate(gate_rotation(name, angles_of(name)), PAULI_VECTOR[letter])
    want = unitary @ PAULI[letter] @ unitary.conj().T
    assert sum(x * PAULI[p] for x, p in zip(turned, "XYZ", strict=True)) == pytest.approx(want)


@given(angles, angles, angles, angles)
def test_products_of_rotations_act_right_factor_first(
    a: float, b: float, c: float, d: float
) -> None:
    first, second = gate_rotation("u", (a, b, c)), gate_rotation("rx", (d,))
    vector = PAULI_VECTOR["Y"]
    product = rotate(multiply(second, first), vector)
    assert product == pytest.approx(rotate(second, rotate(first, vector)))
    assert rotate(inverse(first), rotate(first, vector)) == pytest.approx(vector)


def test_frames_do_not_drift() -> None:
    frame = IDENTITY
    for _ in range(20_000):
        frame = multiply(gate_rotation("t", ()), multiply(gate_rotation("h", ()), frame))
    assert np.linalg.norm(frame) == pytest.approx(1.0, abs=1e-14)
    back = inverse(frame)
    assert parallel(rotate(multiply(back, frame), PAULI_VECTOR["X"]), PAULI_VECTOR["X"]) == 1


def test_parallel_is_sharp() -> None:
    x = PAULI_VECTOR["X"]
    assert parallel(x, x) == 1
    assert parallel(x, (-1.0, 0.0, 0.0)) == -1
    near = rotate(rotation(PAULI_VECTOR["Z"], AXIS_TOLERANCE / 10), x)
    far = rotate(rotation(PAULI_VECTOR["Z"], AXIS_TOLERANCE * 10), x)
    assert (parallel(near, x), parallel(far, x)) == (1, 0)
    assert pauli_letter((0.0, -1.0, 0.0)) == ("Y", -1)
    assert pauli_letter(rotate(gate_rotation("t", ()), x)) is None


def test_no_other_gate_has_a_rotation() -> None:
    with pytest.raises(KeyError):
        gate_rotation("measure", ())


# -- gates at a host ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", GATE_AXES)
@pytest.mark.parametrize("is_copy", list(itertools.product((False, True), repeat=2)))
def test_gate_at_a_host_is_the_gate_in_z_form(name: str, is_copy: tuple[bool, bool]) -> None:
    """Turning the axis of each copied operand into Z turns the gate into the one at the host."""
    change = [
        TO_Z[letter] if copied else np.eye(2)
        for letter, copied in zip(GATE_AXES[name], is_copy, strict=True)
    ]
    basis = np.kron(*change)
    want = basis @ MATRICES[name](*angles_of(name)) @ basis.conj().T
    other, exchanged = at_host(name, is_copy)
    got = MATRICES[other](*angles_of(name))
    if exchanged:
        swap = MATRICES["swap"]()
        got = swap @ got @ swap
    assert got == pytest.approx(want)


def test_every_two_qubit_gate_but_swap_has_axes() -> None:
    assert set(GATE_AXES) == set(TWO_QUBIT_GATES) - {"swap"}


# -- primitives --------------------------------------------------------------------------------

ROOT, PARTNER, HERE, THERE, FURTHER = "root", "partner", "here", "there", "further"
OUTCOMES = list(itertools.product((0, 1), repeat=2))


def apply(state: State, gates: LocalGates, labels: list[str]) -> None:
    for name, qubits in gates:
        state.apply(MATRICES[name](), [labels[qubit] for qubit in qubits])


def measure(state: State, label: str, outcome: int) -> None:
    got, probability = state.measure(label, outcome)
    assert got == outcome, "the outcome cannot occur"
    assert probability == pytest.approx(0.5), "the outcome tells something about the data"


def entangled() -> tuple[State, np.ndarray]:
    psi = random_state(2, seed=5)
    return State([ROOT, PARTNER], psi), psi


def open_copy(state: State, member: str, half: str, far: str, pauli: str, outcome: int) -> None:
    state.constant[half] = state.constant[far] = 0
    state.add_bell_pair(half, far)
    apply(state, couple(0, 1, pauli), [member, half])
    measure(state, half, outcome)
    apply(state, receive(0, pauli), [far])
    if outcome:
        state.apply(PAULI["X"], [far])


def copied(psi: np.ndarray, pauli: str, copies: int) -> np.ndarray:
    """The root's eigenvectors of `pauli`, each with that many qubits in |0...> or |1...>."""
    result = np.zeros((2, 2, *(2,) * copies), dtype=complex)
    for bit in (0, 1):
        projector = (np.eye(2) + (-1) ** bit * PAULI[pauli]) / 2
        result[(slice(None), slice(None), *(bit,) * copies)] = np.tensordot(projector, psi, 1)
    return result


@pytest.mark.parametrize("pauli", "XYZ")
@pytest.mark.parametrize("outcome", [0, 1])
def test_open_makes_a_copy_in_z_form(pauli: str, outcome: int) -> None:
    state, psi = entangled()
    open_copy(state, ROOT, HERE, THERE, pauli, outcome)
    assert state.overlap(copied(psi, pauli, 1), [ROOT, PARTNER, THERE]) == pytest.approx(1)


@pytest.mark.parametrize("pauli", "XYZ")
@pytest.mark.parametrize("outcomes", OUTCOMES)
def test_open_from_a_copy_makes_another_one(pauli: str, outcomes: tuple[int, int]) -> None:
    state, psi = entangled()
    open_copy(state, ROOT, HERE, THERE, pauli, outcomes[0])
    open_copy(state, THERE, HERE, FURTHER, "Z", outcomes[1])
    labels = [ROOT, PARTNER, THERE, FURTHER]
    assert state.overlap(copied(psi, pauli, 2), labels) == pytest.approx(1)


@pytest.mark.parametrize("pauli", "XYZ")
@pytest.mark.parametrize("outcomes", OUTCOMES)
def test_close_undoes_open(pauli: str, outcomes: tuple[int, int]) -> None:
    state, psi = entangled()
    open_copy(state, ROOT, HERE, THERE, pauli, outcomes[0])
    apply(state, close_copy(0), [THERE])
    measure(state, THERE, outcomes[1])
    if outcomes[1]:
        state.apply(PAULI[pauli], [ROOT])
    assert state.overlap(psi, [ROOT, PARTNER]) == pytest.approx(1)


def moved(
    pauli: str, outcomes: tuple[int, int], *, is_flipped: bool, leave: Callable[..., LocalGates]
) -> float:
    """Fidelity amplitude of a change of home onto a copy."""
    state, psi = entangled()
    open_copy(state, ROOT, HERE, THERE, pauli, outcomes[0])
    if is_flipped:  # a gate on the root that turns its axis around
        turn = PAULI["XZX"["YXZ".index(pauli)]]
        assert (turn @ PAULI[pauli] @ turn).tolist() == (-PAULI[pauli]).tolist()
        state.apply(turn, [ROOT])
        psi = np.tensordot(turn, psi, 1)
    apply(state, close_root(0, pauli), [ROOT])
    measure(state, ROOT, outcomes[1])
    apply(state, leave(0, pauli, is_flipped=is_flipped), [THERE])
    if outcomes[1]:
        state.apply(PAULI[pauli], [THERE])
    return state.overlap(psi, [THERE, PARTNER])


@pytest.mark.parametrize("pauli", "XYZ")
@pytest.mark.parametrize("outcomes", OUTCOMES)
@pytest.mark.parametrize("is_flipped", [False, True])
def test_closing_the_root_moves_it(pauli: str, outcomes: tuple[int, int], is_flipped: bool) -> None:
    assert moved(pauli, outcomes, is_flipped=is_flipped, leave=leave_z_form) == pytest.approx(1)


def test_a_y_copy_needs_its_s_and_a_flipped_one_its_x() -> None:
    def without_last(copy: int, pauli: str, *, is_flipped: bool) -> LocalGates:
        return leave_z_form(copy, pauli, is_flipped=is_flipped)[:-1]

    def never_flipped(copy: int, pauli: str, *, is_flipped: bool) -> LocalGates:
        return leave_z_form(copy, pauli, is_flipped=False)

    assert moved("Y", (0, 0), is_flipped=False, leave=without_last) < 0.99
    assert moved("Z", (0, 0), is_flipped=True, leave=never_flipped) < 0.99
