"""A copy survives a controlled Pauli about an orthogonal axis, on every outcome.

The gate C(M, K) of q (copies along N, M orthogonal to N) and t: applied to q's root, and followed
by every copy of q. All on entangled inputs, with all members of t that the copies need.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dqc_compiler.gadgets.primitives import close_copy, couple, follow, receive
from tests.oracle import MATRICES, State, random_state

PAULI = {letter: MATRICES[letter.lower()]() for letter in "XYZ"}
NAMES = {  # C(M, K) with q as the first operand, as a named gate and which operand q is
    ("Z", "X"): ("cx", 0), ("Z", "Y"): ("cy", 0), ("Z", "Z"): ("cz", 0),
    ("X", "Z"): ("cx", 1), ("Y", "Z"): ("cy", 1),
}  # fmt: skip
CASES = [(n, m, k) for (m, k), n in itertools.product(NAMES, "XYZ") if n != m]
OUTCOMES = list(itertools.product((0, 1), repeat=6))


def controlled(m: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Applies `k` to the second qubit where `m` is -1 on the first."""
    identity = np.eye(2)
    return (np.kron(identity + m, identity) + np.kron(identity - m, k)) / 2


@pytest.mark.parametrize("pair", NAMES)
def test_names_are_controlled_paulis(pair: tuple[str, str]) -> None:
    name, place = NAMES[pair]
    matrix = MATRICES[name]()
    if place == 1:
        swap = MATRICES["swap"]()
        matrix = swap @ matrix @ swap
    assert matrix == pytest.approx(controlled(PAULI[pair[0]], PAULI[pair[1]]))


class Run:
    """q and t with copies at other nodes, under given outcomes, on an entangled input."""

    def __init__(self, outcomes: tuple[int, ...], seed: int = 3) -> None:
        self.psi = random_state(3, seed)  # q, t and a witness
        self.state = State(["q", "t", "w"], self.psi)
        self.outcomes = iter(outcomes)

    def gates(self, gates, labels) -> None:
        for name, qubits in gates:
            self.state.apply(MATRICES[name](), [labels[i] for i in qubits])

    def measure(self, label: str) -> int:
        wish = next(self.outcomes)
        got, probability = self.state.measure(label, wish)
        assert got == wish
        assert probability == pytest.approx(0.5)
        return got

    def open(self, root: str, copy: str, pauli: str) -> None:
        half = f"half of {copy}"
        self.state.constant[half] = self.state.constant[copy] = 0
        self.state.add_bell_pair(half, copy)
        self.gates(couple(0, 1, pauli), [root, half])
        outcome = self.measure(half)
        self.gates(receive(0, pauli), [copy])
        if outcome:
            self.state.apply(PAULI["X"], [copy])

    def close(self, copy: str) -> int:
        self.gates(close_copy(0), [copy])
        return self.measure(copy)

    def apply(self, pauli: str, label: str, *, if_: int = 1) -> None:
        if if_:
            self.state.apply(PAULI[pauli], [label])

    def is_right(self, *matrices: np.ndarray) -> bool:
        """Whether q and t have gone through two-qubit `matrices`."""
        want = self.psi.reshape(4, 2)
        for matrix in matrices:
            want = matrix @ want
        overlap = self.state.overlap(want.reshape(2, 2, 2), ["q", "t", "w"])
        return overlap == pytest.approx(1)


def about(n: str, k: str, angle: float) -> np.ndarray:
    pauli = np.kron(PAULI[n], PAULI[k])
    return np.cos(angle / 2) * np.eye(4) - 1j * np.sin(angle / 2) * pauli


@pytest.mark.parametrize(("n", "m", "k"), CASES)
def test_copies_survive_an_embedded_gate(n: str, m: str, k: str) -> None:
    """t at home with q's copy b; q's copy c is at a third node with a copy of t: q's gates about n
    before and behind the embedded one use the same copies."""
    before, behind = about(n, k, 0.7), about(n, k, -1.9)
    gate = controlled(PAULI[m], PAULI[k])
    for outcomes in OUTCOMES:
        run = Run(outcomes + (0,) * 3)
        run.open("q", "qb", n)
        run.open("q", "qc", n)
        run.open("t", "ta", k)
        run.open("t", "tc", k)
        run.state.apply(about("Z", k, 0.7), ["qb", "t"])
        run.state.apply(controlled(PAULI[m], PAULI["Z"]), ["q", "ta"])
        run.gates(follow(0, 1, k), ["qb", "t"])
        run.gates(follow(0, 1, "Z"), ["qc", "tc"])
        run.state.apply(about("Z", "Z", -1.9), ["qc", "tc"])
        for copy in ("ta", "tc"):
            run.apply(k, "t", if_=run.close(copy))
        for copy in ("qb", "qc"):
            run.apply(n, "q", if_=run.close(copy))
        assert run.is_right(before, gate, behind)


@pytest.mark.parametrize(("n", "m", "k"), CASES)
@pytest.mark.parametrize("outcomes", OUTCOMES[::4])
def test_an_owed_correction_is_owed_by_both_behind_the_gate(
    n: str, m: str, k: str, outcomes: tuple[int, ...]
) -> None:
    """N moves through C(M, K) as N (x) K: a correction paid late costs one Pauli more."""
    run = Run((*outcomes, 0))
    gate = controlled(PAULI[m], PAULI[k])
    run.open("q", "qb", n)
    run.open("q", "qc", n)
    run.open("t", "ta", k)
    late = run.close("qc")
    run.state.apply(controlled(PAULI[m], PAULI["Z"]), ["q", "ta"])
    run.gates(follow(0, 1, k), ["qb", "t"])
    run.apply(n, "q", if_=late)
    run.apply(k, "t", if_=late)
    run.apply(k, "t", if_=run.close("ta"))
    run.apply(n, "q", if_=run.close("qb"))
    assert run.is_right(gate)


def variant(wrong: str, outcomes: tuple[int, ...]) -> bool:
    n, m, k = "Z", "X", "Z"
    run = Run(outcomes)
    run.open("q", "qb", n)
    run.open("t", "ta", k)
    gate = about(m, k, 0.9) if wrong == "angle" else controlled(PAULI[m], PAULI[k])
    run.state.apply(gate, ["q", "ta"])
    if wrong == "axis of t":
        run.state.apply(MATRICES["h"](), ["t"])
    if wrong == "angle":
        run.state.apply(gate, ["qb", "t"])
    elif wrong == "basis":
        run.state.apply(MATRICES["cz"](), ["qb", "t"])
    elif wrong != "forgotten":
        run.gates(follow(0, 1, k), ["qb", "t"])
    run.apply(k, "t", if_=run.close("ta"))
    run.apply(n, "q", if_=run.close("qb"))
    return run.is_right(gate)


@pytest.mark.parametrize("wrong", ["forgotten", "basis", "axis of t", "angle"])
def test_wrong_variants_are_wrong(wrong: str) -> None:
    outcomes = list(itertools.product((0, 1), repeat=4))
    assert all(variant("", outcome) for outcome in outcomes)
    assert not all(variant(wrong, outcome) for outcome in outcomes)
