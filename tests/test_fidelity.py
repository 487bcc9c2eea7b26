"""Noise on pairs by density matrices, and the fidelity of programs by simulation of their state."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from itertools import product
from math import cos, exp, log, pi
from pathlib import Path

import numpy as np
import pytest

from dqc_compiler.bundles import save_bundle, verify_bundle
from dqc_compiler.costs.error_frames import estimate_fidelity
from dqc_compiler.costs.fidelity import (
    PERFECT,
    Errors,
    Purification,
    bbpssw,
    best_purification,
    combined,
    dephased,
    purification,
    purify,
    werner,
    werner_fidelity,
    werner_parameter,
)
from dqc_compiler.costs.fidelity import chain as swapped
from dqc_compiler.formats.network_file import Network
from dqc_compiler.ir import Circuit, Fidelity, Link, Operation, Schedule
from dqc_compiler.ir.arrays import frozen
from dqc_compiler.passes.insert_gadgets import InsertGadgets
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.purify import Purify
from dqc_compiler.passes.schedule import ListSchedule
from dqc_compiler.pipeline import Options, compile_circuit
from tests.noisy_oracle import CASES, NO_DECAY_US, simulated_fidelity, with_noise
from tests.test_purification import chain, placed

# -- Pairs, by density matrices ------------------------------------------------------------------

Matrix = np.ndarray
_I = np.eye(2)
_X = np.array([[0.0, 1.0], [1.0, 0.0]])
_Z = np.diag([1.0, -1.0])
PAULIS = (_I, _X, 1j * _X @ _Z, _Z)
HADAMARD = (_X + _Z) / np.sqrt(2)
PHI = np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2)


def kron(*factors: Matrix) -> Matrix:
    return reduce(np.kron, factors)


def on(n: int, gates: dict[int, Matrix]) -> Matrix:
    return kron(*(gates.get(qubit, _I) for qubit in range(n)))


def cx(n: int, control: int, target: int) -> Matrix:
    zero, one = np.diag([1.0, 0.0]), np.diag([0.0, 1.0])
    return on(n, {control: zero}) + on(n, {control: one, target: _X})


def state(pair: Errors, half: int = 1) -> Matrix:
    """The density matrix of a pair whose Paulis have hit one half."""
    vectors = [on(2, {half: pauli}) @ PHI for pauli in PAULIS]
    return sum(p * np.outer(v, v.conj()) for p, v in zip(pair, vectors, strict=True))


def errors(rho: Matrix) -> Errors:
    """The Bell-diagonal part of a state of two qubits."""
    vectors = [on(2, {1: pauli}) @ PHI for pauli in PAULIS]
    return Errors(*(float((v.conj() @ rho @ v).real) for v in vectors))


def kept(rho: Matrix, qubits: tuple[int, ...]) -> Matrix:
    """The partial trace that leaves some qubits."""
    n = rho.shape[0].bit_length() - 1
    tensor = rho.reshape([2] * (2 * n))
    left = n
    for qubit in sorted(set(range(n)) - set(qubits), reverse=True):
        tensor = np.trace(tensor, axis1=qubit, axis2=qubit + left)
        left -= 1
    return tensor.reshape(2**left, 2**left)


UNEVEN = Errors(0.83, 0.08, 0.03, 0.06)
OTHER = Errors(0.7, 0.05, 0.15, 0.1)


def test_a_werner_state_is_white_noise_on_a_bell_pair() -> None:
    w = werner_parameter(0.91)
    expected = w * np.outer(PHI, PHI) + (1 - w) * np.eye(4) / 4
    assert np.allclose(state(werner(0.91)), expected)
    assert werner_fidelity(w) == pytest.approx(0.91)


def test_it_does_not_matter_which_half_is_hit() -> None:
    assert np.allclose(state(UNEVEN, half=0), state(UNEVEN, half=1))


def test_storage_shrinks_coherences_by_the_definition_of_t2() -> None:
    rho = np.full((2, 2), 0.5)
    time_ns, t2_us = 70_000.0, 50.0
    stored = sum(
        p * pauli @ rho @ pauli.conj().T
        for p, pauli in zip(dephased(time_ns, t2_us), PAULIS, strict=True)
    )
    assert stored[0, 1] == pytest.approx(0.5 * exp(-70.0 / 50.0))
    assert stored[0, 0] == pytest.approx(0.5)


@pytest.mark.parametrize(("first", "second"), [(werner(0.9), werner(0.8)), (UNEVEN, OTHER)])
def test_swapping_combines_pairs_whatever_the_outcomes(first: Errors, second: Errors) -> None:
    """Qubits: one end, two at the repeater, the other end."""
    rho = kron(state(first), state(second))
    measure = on(4, {1: HADAMARD}) @ cx(4, 1, 2)
    rho = measure @ rho @ measure.conj().T
    total = np.zeros((4, 4), complex)
    for z, x in product((0, 1), repeat=2):
        outcome = on(4, {1: np.diag([1.0 - z, z]), 2: np.diag([1.0 - x, x])})
        fix = on(4, {3: np.linalg.matrix_power(_Z, z) @ np.linalg.matrix_power(_X, x)})
        branch = fix @ outcome
        total += kept(branch @ rho @ branch.conj().T, (0, 3))
    assert errors(total) == pytest.approx(combined((first, second)))


def test_werner_parameters_multiply_along_a_route() -> None:
    links = [Link(between=(i, i + 1), fidelity=f) for i, f in enumerate((0.9, 0.95, 0.99))]
    w = np.prod([werner_parameter(link.fidelity) for link in links])
    assert swapped(links) == pytest.approx(werner(werner_fidelity(float(w))))
    two = swapped(links[:2]).i
    assert two == pytest.approx(0.9 * 0.95 + 0.1 * 0.05 / 3)
    assert swapped([]) == PERFECT


@pytest.mark.parametrize("pairs", [(werner(0.86), werner(0.86)), (UNEVEN, OTHER)])
def test_a_round_of_purification(pairs: tuple[Errors, Errors]) -> None:
    """Qubits: kept pair (0, 1), measured pair (2, 3)."""
    gates = cx(4, 0, 2) @ cx(4, 1, 3)
    rho = gates @ kron(state(pairs[0]), state(pairs[1])) @ gates.conj().T
    left = np.zeros((4, 4), complex)
    for bit in (0, 1):
        outcome = on(4, {2: np.diag([1.0 - bit, bit]), 3: np.diag([1.0 - bit, bit])})
        left += kept(outcome @ rho @ outcome, (0, 1))
    result = purify(*pairs)
    assert result.success == pytest.approx(float(np.trace(left).real))
    assert result.pair == pytest.approx(errors(left / np.trace(left)))


@pytest.mark.parametrize(
    ("before", "after"), [(0.86, 0.8929), (0.90, 0.9264), (0.95, 0.9650), (0.969, 0.9787)]
)
def test_figures_of_bbpssw(before: float, after: float) -> None:
    fidelity, success = bbpssw(before)
    each = (1 - before) / 3
    assert fidelity == pytest.approx(after, abs=5e-5)
    assert success == pytest.approx(before**2 + 2 * before * each + 5 * each**2)


LINK = Link(between=(0, 1), fidelity=0.9, attempt_ns=1000.0, success_probability=0.05)


def test_no_round_is_the_fresh_pair() -> None:
    plain = purification(LINK, 0, t2_us=(100.0, 100.0), round_ns=800.0)
    assert plain == Purification(0, 0.9, 1.0, LINK.mean_generation_ns)


@pytest.mark.parametrize("rounds", [1, 2])
def test_mean_price_of_purification(rounds: int) -> None:
    """Against a simulation, attempt by attempt, of pairs that do not decay."""
    expected = purification(LINK, rounds, t2_us=(NO_DECAY_US, NO_DECAY_US), round_ns=800.0)
    random = np.random.default_rng(1)
    fidelities = [0.9]
    for _ in range(rounds):
        fidelities.append(bbpssw(fidelities[-1])[0])

    def make(level: int) -> tuple[int, float]:
        if level == 0:
            return 1, random.geometric(LINK.success_probability) * LINK.attempt_ns
        pairs, time = 0, 0.0
        while True:
            for more, lasting in (make(level - 1), make(level - 1)):
                pairs, time = pairs + more, time + lasting
            time += 800.0
            if random.random() < bbpssw(fidelities[level - 1])[1]:
                return pairs, time

    runs = np.array([make(rounds) for _ in range(4000)])
    assert expected.fidelity == pytest.approx(fidelities[-1])
    assert expected.pairs == pytest.approx(runs[:, 0].mean(), rel=0.03)
    assert expected.time_ns == pytest.approx(runs[:, 1].mean(), rel=0.03)


def test_the_first_pair_decays_while_the_second_is_generated() -> None:
    result = purification(LINK, 1, t2_us=(200.0, 50.0), round_ns=0.0)
    attempts = np.random.default_rng(2).geometric(LINK.success_probability, 100_000)
    waited = [
        combined((werner(0.9), dephased(1000.0 * k, 200.0), dephased(1000.0 * k, 50.0)))
        for k in attempts[:20_000]
    ]
    mean = float(np.mean([pair.i for pair in waited]))
    assert result.fidelity == pytest.approx(purify(werner(mean), werner(0.9)).pair.i, abs=1e-3)
    assert result.fidelity < bbpssw(0.9)[0] - 0.01


@pytest.mark.parametrize(("weight", "factor", "rounds"), [(1, 1.01, 0), (1, 0.99, 1), (5, 4.9, 1)])
def test_purified_is_what_is_worth_it(weight: int, factor: float, rounds: int) -> None:
    """At the price where gain and cost are equal the decision changes."""
    choices = [
        purification(LINK, n, t2_us=(NO_DECAY_US, NO_DECAY_US), round_ns=0.0) for n in (0, 1)
    ]
    gain = log(choices[1].fidelity) - log(choices[0].fidelity)
    price = factor * gain / (choices[1].pairs - choices[0].pairs)
    chosen = best_purification(choices, weight=weight, pair_price=price, time_price_per_ns=0.0)
    assert chosen.rounds == rounds
    per_ns = factor * gain / (choices[1].time_ns - choices[0].time_ns)
    chosen = best_purification(choices, weight=weight, pair_price=0.0, time_price_per_ns=per_ns)
    assert chosen.rounds == rounds


# -- Programs ------------------------------------------------------------------------------------

TOLERANCE = 0.02
SHOTS = 4000  # a standard error of 0.8 percentage points at most


def estimate(name: str, *, fidelity: float, t2_us: float = NO_DECAY_US) -> Fidelity:
    return estimate_fidelity(CASES[name].schedule(fidelity=fidelity, t2_us=t2_us))


@pytest.mark.parametrize(
    ("name", "fidelity"),
    [*((name, 0.9) for name in CASES), *(("fourier", f) for f in (0.95, 0.98, 0.999))],
)
def test_noise_of_pairs(name: str, fidelity: float) -> None:
    case = CASES[name]
    schedule = case.schedule(fidelity=fidelity)
    found = estimate_fidelity(schedule)
    simulated = simulated_fidelity(case.circuit, schedule, shots=SHOTS)
    assert found.total == pytest.approx(simulated, abs=TOLERANCE)
    assert found.total == pytest.approx(found.distribution, abs=5e-3)
    assert found.waiting == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "fidelity", "t2_us"),
    [
        ("ghz", 0.999, 3000.0),
        ("fourier", 0.95, 1500.0),
        ("random Clifford+T", 0.98, 1000.0),
        ("teleports", 0.999, 1500.0),
    ],
)
def test_noise_of_pairs_and_of_waiting(name: str, fidelity: float, t2_us: float) -> None:
    case = CASES[name]
    schedule = case.schedule(fidelity=fidelity, t2_us=t2_us)
    found = estimate_fidelity(schedule)
    simulated = simulated_fidelity(case.circuit, schedule, shots=SHOTS)
    assert found.total == pytest.approx(simulated, abs=TOLERANCE)
    assert found.at_least <= found.total < min(found.distribution, found.waiting)


# -- Purified pairs --------------------------------------------------------------------------------


def purified_schedule(
    circuit: Circuit, network: Network, *, fidelity: float, t2_us: float, homes: list[int]
) -> Schedule:
    """Of a circuit whose pairs are all purified, with homes that stay."""
    noisy = with_noise(network, fidelity=fidelity, t2_us=t2_us)
    plan = Purify(pair_price=-1.0).run(PlanVisits().run(placed(circuit, noisy, homes)))
    assert plan.purified.any()
    return ListSchedule().run(InsertGadgets().run(plan))


@pytest.mark.parametrize(
    ("name", "fidelity", "t2_us"),
    [("ghz", 0.9, NO_DECAY_US), ("ghz", 0.9, 2000.0), ("fourier", 0.9, 3000.0)],
)
def test_noise_of_purified_pairs(name: str, fidelity: float, t2_us: float) -> None:
    """Only runs whose outcomes agree count."""
    circuit, network = CASES[name].circuit, chain(0, data=2)
    noise = {"fidelity": fidelity, "t2_us": t2_us, "homes": [0, 0, 1, 1]}
    schedule = purified_schedule(circuit, network, **noise)
    found = estimate_fidelity(schedule)
    simulated = simulated_fidelity(circuit, schedule, shots=2 * SHOTS)
    assert found.total == pytest.approx(simulated, abs=TOLERANCE)
    assert found.at_least <= found.total


@pytest.mark.parametrize("t2_us", [NO_DECAY_US, 2000.0])
def test_noise_of_purified_pairs_over_a_repeater(t2_us: float) -> None:
    rows = [Operation("cx", (0, 1)), Operation("rzz", (0, 1), (0.8,)), Operation("h", (0,))]
    circuit = Circuit.from_operations("two", ["q[0]", "q[1]"], [], rows)
    network = chain(1, data=1)
    schedule = purified_schedule(circuit, network, fidelity=0.9, t2_us=t2_us, homes=[0, 2])
    found = estimate_fidelity(schedule)
    simulated = simulated_fidelity(circuit, schedule, shots=2 * SHOTS)
    assert found.total == pytest.approx(simulated, abs=TOLERANCE)


def test_a_purified_pair_has_the_fidelity_of_its_round() -> None:
    circuit = Circuit.from_operations("two", ["q[0]", "q[1]"], [], [Operation("cz", (0, 1))])
    noise = {"fidelity": 0.9, "t2_us": NO_DECAY_US}
    schedule = purified_schedule(circuit, chain(0, data=1), **noise, homes=[0, 1])
    found = estimate_fidelity(schedule)
    assert found.total == pytest.approx(bbpssw(0.9)[0], abs=1e-6)
    assert found.at_least == found.total
    assert found.pair_at_use == pytest.approx([0.9, 0.9])
    assert found.gadget == pytest.approx([bbpssw(0.9)[0], 1.0])
    route = purified_schedule(circuit, chain(1, data=1), **noise, homes=[0, 2])
    both = bbpssw(swapped([Link(between=(0, 1), fidelity=0.9)] * 2).i)[0]
    found = estimate_fidelity(route)
    assert found.at_least == pytest.approx(both)
    assert sorted(found.gadget.tolist()) == pytest.approx([both**0.5] * 2 + [1.0] * 2)


@pytest.mark.parametrize("repeaters", [0, 1])
def test_the_verifier_finds_the_fidelity_of_purified_pairs(tmp_path: Path, repeaters: int) -> None:
    circuit = Circuit.from_operations("two", ["q[0]", "q[1]"], [], [Operation("cz", (0, 1))])
    network = with_noise(chain(repeaters, data=1), fidelity=0.9, t2_us=2000.0)
    result = compile_circuit(circuit, network, options=Options(preset="fast", verify="off"))
    plan = Purify(pair_price=-1.0).run(result.plan)
    assert plan.purified.any()
    program = InsertGadgets().run(plan)
    schedule = ListSchedule().run(program)
    found = estimate_fidelity(schedule)
    made = replace(result, plan=plan, program=program, schedule=schedule)
    wrong = (
        replace(found, total=found.total - 0.08),
        replace(found, at_least=0.99 * found.at_least),
        replace(found, gadget=frozen(found.gadget * 0.99, np.float64)),
    )
    for number, told in enumerate((found, *wrong)):
        directory = tmp_path / f"{number}.dqc"
        save_bundle(replace(made, fidelity=told), directory)
        verdict = verify_bundle(directory, circuit)
        assert verdict.equivalent is (told is found), verdict


def test_the_cases_have_teleports() -> None:
    program = CASES["teleports"].schedule(fidelity=0.9).program
    assert (program.gadget_kind == 2).any()


@pytest.mark.parametrize("name", ["fourier", "small angles"])
def test_without_angles_the_estimate_would_be_wrong(name: str) -> None:
    """The product over pairs takes every error for a disaster: a check that can fail."""
    case = CASES[name]
    schedule = case.schedule(fidelity=0.9)
    simulated = simulated_fidelity(case.circuit, schedule, shots=SHOTS)
    product_rule = 0.9**schedule.program.pairs
    assert abs(simulated - product_rule) > TOLERANCE


def _compiled(rows: list[Operation], *, fidelity: float, clbits: int = 0, t2: float = NO_DECAY_US):
    names = [f"q[{i}]" for i in range(2)], [f"c[{i}]" for i in range(clbits)]
    circuit = Circuit.from_operations("two", *names, rows)
    network = Network.all_to_all(nodes=2, data_qubits=1, comm_qubits=1)
    noisy = with_noise(network, fidelity=fidelity, t2_us=t2)
    return compile_circuit(circuit, noisy, options=Options(preset="fast"))


@pytest.mark.parametrize("angle", [0.05, 0.4, 1.0, pi / 2])
def test_an_error_of_the_copy_that_serves_a_small_angle_does_little_harm(angle: float) -> None:
    """X turns the rotation by t into one by -t, |tr exp(i t ZZ)|^2/d^2 = cos^2 t; Y and Z harm."""
    result = _compiled([Operation("rzz", (0, 1), (angle,))], fidelity=0.85)
    assert result.program.pairs == 1
    assert result.fidelity is not None
    expected = 0.85 + 0.05 * cos(angle) ** 2
    assert result.fidelity.total == pytest.approx(expected, abs=0.004)
    assert result.fidelity.at_least == pytest.approx(0.85)


def test_a_phase_that_nobody_reads_does_no_harm() -> None:
    """The copy's Z and Y end as Z of a control that is measured; X and Y as a wrong target."""
    rows = [Operation("cx", (0, 1)), *(Operation("measure", (q,), clbit=q) for q in (0, 1))]
    result = _compiled(rows, fidelity=0.85, clbits=2)
    assert result.fidelity is not None
    assert result.fidelity.total == pytest.approx(0.85 + 0.05, abs=0.004)
    unmeasured = _compiled(rows[:1], fidelity=0.85)
    assert unmeasured.fidelity is not None
    assert unmeasured.fidelity.total == pytest.approx(0.85)


def test_a_wrong_bit_makes_an_error_of_what_depends_on_it() -> None:
    """Bit 0 is wrong with X and Y; it is written anew, so only the gate that it governs tells."""
    bit = Operation("measure", (1,), clbit=0)
    harm = {}
    for name, parameters in (("x", ()), ("h", ()), ("rz", (0.6,))):
        rows = [
            Operation("cx", (0, 1)),
            bit,
            Operation(name, (0,), parameters, condition=((0, True),)),
            Operation("reset", (1,)),
            bit,
        ]
        result = _compiled(rows, fidelity=0.7, clbits=1)
        assert result.fidelity is not None
        harm[name] = result.fidelity.total
    assert harm["x"] == pytest.approx(0.7, abs=0.005)
    # Y has also made a phase error of the other qubit, and H Z is Z with the weight 1/2.
    assert harm["h"] == pytest.approx(0.7 + 0.1 / 2, abs=0.006)
    # X alone leaves cos^2 0.3 of it, and with the phase error it is sin^2 0.3.
    assert harm["rz"] == pytest.approx(0.7 + 0.1, abs=0.006)


def test_waiting_is_dephasing_over_the_planned_time() -> None:
    """Two qubits that only wait: each keeps its phase with (1 + exp(-t/T2))/2."""
    rows = [Operation("delay", (0,), (30_000.0,)), Operation("rz", (0,), (0.3,))]
    result = _compiled(rows, fidelity=0.9, t2=100.0)
    assert result.fidelity is not None
    makespan = result.schedule.planned_makespan_ns
    each = (1 + exp(-makespan / 100_000.0)) / 2
    assert result.fidelity.waiting == pytest.approx(each**2)
    assert result.fidelity.total == result.fidelity.waiting
    assert result.fidelity.distribution == 1.0


def test_single_pairs_and_gadgets() -> None:
    result = _compiled([Operation("cz", (0, 1))], fidelity=0.9, t2=500.0)
    assert result.fidelity is not None
    schedule, ready = result.schedule, float(result.schedule.pair_ready_ns[0])
    rows = list(result.program.statements())
    halves = {(rows[i].node, rows[i].qubits[0]) for i in schedule.pair_statements[0].tolist()}
    after = [
        (row.name, start - ready)
        for row, start in zip(rows, schedule.start_ns.tolist(), strict=True)
        if start >= ready and {(row.node, qubit) for qubit in row.qubits} & halves
    ]
    ends = [time for name, time in after if name == "measure"]
    assert len(ends) == 2
    first = min(time for _, time in after)
    stored = [dephased(time, 500.0) for time in (first, first)]
    assert result.fidelity.pair_at_use == pytest.approx([combined((werner(0.9), *stored)).i])
    lives = [dephased(time, 500.0) for time in ends]
    assert result.fidelity.gadget == pytest.approx([combined((werner(0.9), *lives)).i])


def test_a_pair_that_waits_for_its_root_decays() -> None:
    """Of perfect pairs only storage is left: a phase error of either half is one of the root."""
    rows = [Operation("delay", (0,), (400_000.0,)), Operation("cz", (0, 1))]
    result = _compiled(rows, fidelity=1.0, t2=1000.0)
    assert result.fidelity is not None
    ages = result.schedule.pair_age_ns[0]
    assert ages.min() > 100_000.0
    decayed = (1 + exp(-ages.sum() / 1e6)) / 2
    assert result.fidelity.pair_at_use[0] == pytest.approx(decayed, abs=0.01)
    assert result.fidelity.distribution == pytest.approx(result.fidelity.gadget[0], abs=0.01)


def test_perfect_pairs_and_memory_have_fidelity_one() -> None:
    found = estimate("fourier", fidelity=1.0)
    assert (found.total, found.at_least, found.distribution) == pytest.approx((1.0, 1.0, 1.0))


def test_better_pairs_and_memory_are_better() -> None:
    values = [estimate("fourier", fidelity=f, t2_us=2000.0).total for f in (0.9, 0.95, 0.99)]
    assert values == sorted(values)
    values = [estimate("fourier", fidelity=0.97, t2_us=t).total for t in (500.0, 2000.0, 8000.0)]
    assert values == sorted(values)


def test_the_same_seed_gives_the_same_estimate() -> None:
    schedule = CASES["teleports"].schedule(fidelity=0.9, t2_us=1000.0)
    first, again, other = (estimate_fidelity(schedule, seed=seed) for seed in (1, 1, 2))
    assert first.total == again.total
    assert first.total != other.total
    assert first.total == pytest.approx(other.total, abs=0.02)
    assert first.at_least == other.at_least
