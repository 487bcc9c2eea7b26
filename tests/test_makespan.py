"""Random runs against slow ones, planned makespans against the optimum, and ages."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise, permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from dqc_compiler.costs import makespan as makespan_module
from dqc_compiler.costs.lifetimes import find_lifetimes, planned_ages
from dqc_compiler.costs.prices import Objective
from dqc_compiler.formats.network_file import Network
from dqc_compiler.ir import (
    ABSENT,
    DistributedProgram,
    GadgetKind,
    Placement,
    Register,
    Schedule,
    StepKind,
)
from dqc_compiler.passes.insert_gadgets import InsertGadgets
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.schedule import ListSchedule
from dqc_compiler.pipeline import Options, compile_circuit
from tests.exact_schedule import Pairs, exact_ns, find_pairs, random_program
from tests.mutations_emitted import random_circuit, random_placement
from tests.slow_runs import slow_run
from tests.strategies import make_circuit
from tests.test_schedule import (
    A,
    B,
    C,
    compiled,
    delay,
    ends,
    gate,
    make_network,
    measure,
    program_of,
    programs,
)

PLAIN = ListSchedule(in_time=None)


def emitted(seed: int, *, comm: int = 2, nodes: int = 3, **link: Any) -> DistributedProgram:
    """A random circuit with measurements, conditions and moves, for links of one kind."""
    circuit = random_circuit(seed, qubits=6, gates=25, clbits=2)
    placement: Placement = random_placement(circuit, seed, nodes=nodes, comm=comm, moves=True)
    program = InsertGadgets().run(PlanVisits().run(placement))
    links = tuple(replace(each, **link) for each in program.network.links)
    return replace(program, network=replace(program.network, links=links))


def used_after(time: float, pair: int = 0, **link: float) -> DistributedProgram:
    """A pair whose half at A is coupled with a qubit that is there only then."""
    rows = [delay(A, 0, time), *ends(pair, A, B), gate(A, "cx", 0, 2)]
    return program_of(rows, **link)


def overtaken() -> DistributedProgram:
    """A pair that is planned second begins last: another one overtakes it on the other channel."""
    rows = [delay(A, 2, 1.0), delay(A, 3, 2.0), delay(A, 4, 10.0), delay(A, 0, 6e5)]
    for pair, cell in enumerate((2, 3, 4)):
        rows += ends(pair, A, B, cell)
    rows += [gate(A, "cx", 0, 3), gate(A, "x", 4), delay(A, 4, 5e5)]
    return program_of(rows, channels=2, success_probability=0.05, attempt_ns=5000.0)


# -- random runs against slow ones -------------------------------------------------------------

SLOW = {
    "overtaken": overtaken(),
    "emitted": emitted(1, success_probability=0.05),
    "emitted, low probability": emitted(2, success_probability=0.002, attempt_ns=100.0),
    "emitted, 2 channels": emitted(3, comm=3, channels=2, success_probability=0.1),
    "emitted, slow messages": emitted(4, success_probability=0.5, latency_ns=2e4),
    "crowded": random_program(1, pairs=12, comm=4, success_probability=0.02, cutoff_us=60.0),
    "crowded, 2 channels": random_program(
        2, pairs=12, comm=4, channels=2, success_probability=0.02, cutoff_us=60.0
    ),
    "crowded, 2 nodes": random_program(
        3, pairs=10, nodes=2, comm=5, channels=3, delay_ns=3e4, success_probability=0.1,
        cutoff_us=20.0,
    ),
    "waiting": random_program(
        4, pairs=10, comm=5, delay_ns=9e5, success_probability=0.05, cutoff_us=40.0
    ),
}  # fmt: skip


def assert_same_runs(schedule: Schedule, program: DistributedProgram, runs: int = 400) -> None:
    """Mean total time, spread and rate of old pairs agree within 4.5 standard errors."""
    found = [slow_run(schedule, seed) for seed in range(runs)]
    totals = np.array([run.total for run in found])
    spread = schedule.makespan
    error = 4.5 * np.sqrt(1 / runs + 1 / spread.shots)
    assert spread.mean == pytest.approx(totals.mean(), abs=error * totals.std() + 1e-6)
    for share, value in ((0.5, spread.p50), (0.95, spread.p95)):
        margin = error * np.sqrt(share * (1 - share))
        assert (totals < value - 1e-6).mean() <= share + margin
        assert (totals <= value + 1e-6).mean() >= share - margin
    if program.network.links[0].cutoff_us is not None:
        old = np.array([len(run.old_pairs) for run in found]) / program.pairs
        assert 0.005 < old.mean() < 0.9
        assert schedule.violations.pair_rate == pytest.approx(
            old.mean(), abs=error * old.std() + 1e-9
        )


@pytest.mark.parametrize("name", SLOW)
def test_random_runs_are_those_of_a_slow_simulation(name: str) -> None:
    schedule = ListSchedule(seed=3).run(SLOW[name])
    assert_same_runs(schedule, SLOW[name])


def test_slow_simulation_tells_other_rules_apart() -> None:
    """Pairs that are not held, another order on the channel, other chances: each is noticed."""
    program = SLOW["crowded"]
    schedule = ListSchedule(seed=3).run(program)
    assert (schedule.pair_hold_ns > 0).any()
    not_held = replace(schedule, pair_hold_ns=np.zeros(program.pairs))
    luckier = [replace(link, success_probability=0.025) for link in program.network.links]
    network = replace(program.network, links=tuple(luckier))
    for broken in (
        not_held,
        replace(schedule, program=replace(program, network=network)),
        replace(schedule, start_ns=-schedule.start_ns),
    ):
        with pytest.raises(AssertionError):
            assert_same_runs(broken, program)


def test_slow_simulation_tells_numbers_of_channels_apart() -> None:
    program = SLOW["emitted, low probability"]
    schedule = ListSchedule(seed=3).run(program)
    wider = tuple(replace(link, channels=2) for link in program.network.links)
    broken = replace(program, network=replace(program.network, links=wider))
    with pytest.raises(AssertionError):
        assert_same_runs(replace(schedule, program=broken), program)


def test_thousand_pairs_get_ten_thousand_runs_and_many_more_fewer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = random_program(1, pairs=1000)
    assert PLAIN.run(program).makespan.shots == 10_000
    monkeypatch.setattr(makespan_module, "_MOST_WORK", 30_000_000)
    assert 500 < PLAIN.run(program).makespan.shots < 5000
    monkeypatch.setattr(makespan_module, "_MOST_WORK", 1)
    assert PLAIN.run(program).makespan.shots == 500


def test_taking_chains_together_changes_nothing() -> None:
    """Each meeting of three chains after the same pair, one of which is over before it."""
    rows = [
        delay(A, 1, 250_000.0),
        *ends(0, A, B),
        gate(A, "x", 2),
        gate(A, "cx", 1, 2),
        gate(B, "h", 2),
        gate(B, "cx", 0, 2),
    ]
    program = program_of(rows, success_probability=0.02, attempt_ns=5_000.0)
    assert_same_runs(PLAIN.run(program), program, runs=1500)


# -- the optimum ---------------------------------------------------------------------------------


def best_by_trying(pairs: Pairs, channels: int) -> float:
    """The shortest makespan over all orders in which pairs may be given their channels."""
    count, best = len(pairs.link), float("inf")
    for order in permutations(range(count)):
        free = {link: [0.0] * channels for link in pairs.link}
        end: dict[int, float] = {}
        for j in order:
            if any(pairs.lag[i][j] > -np.inf and i not in end for i in range(count)):
                break
            waits = [end[i] + pairs.lag[i][j] for i in end if pairs.lag[i][j] > -np.inf]
            start = max(pairs.head[j], min(free[pairs.link[j]]), *waits, 0.0)
            free[pairs.link[j]].remove(min(free[pairs.link[j]]))
            free[pairs.link[j]].append(start + pairs.duration[j])
            end[j] = start + pairs.duration[j]
        else:
            total = max(end[i] + pairs.tail[i] for i in end)
            best = min(best, max(total, pairs.tail[-1]))
    return best


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("channels", [1, 2])
def test_exact_makespan_is_the_best_of_all_orders(seed: int, channels: int) -> None:
    program = random_program(seed, pairs=6, nodes=2, comm=4, channels=channels)
    best, is_proven = exact_ns(program)
    assert is_proven
    assert best == pytest.approx(best_by_trying(find_pairs(program), channels))


def test_list_schedule_is_near_the_optimum() -> None:
    gaps = []
    for seed in range(6):
        for channels in (1, 2):
            program = random_program(seed + 10, pairs=7, comm=4, channels=channels)
            best, is_proven = exact_ns(program)
            schedule = PLAIN.run(program)
            assert is_proven
            assert schedule.planned_makespan_ns >= best - 0.1
            assert schedule.lower_bound_ns <= best + 0.1
            gaps.append(schedule.planned_makespan_ns / best - 1)
    assert np.mean(gaps) <= 0.10


# -- the lower bound ---------------------------------------------------------------------------


def test_lower_bound_by_hand() -> None:
    """Three pairs in a row in the same comm qubits, each measured."""
    rows = [
        row
        for pair in range(3)
        for row in (
            gate(A, "reset", 2),
            gate(B, "reset", 2),
            *ends(pair, A, B),
            gate(A, "cx", 0, 2),
        )
    ]
    schedule = ListSchedule().run(program_of(rows))
    assert schedule.planned_makespan_ns == 3 * (530 + 100_000 + 100)
    # All pairs at once, and the gates on the data qubit one after another.
    assert schedule.lower_bound_ns == 530 + 100_000 + 3 * 100
    wide = replace(schedule.program, network=make_network((2, 2, 2), 4, channels=3))
    assert ListSchedule().run(wide).lower_bound_ns == schedule.lower_bound_ns


def test_data_qubits_are_not_unlimited() -> None:
    rows = [gate(A, "x", 0), gate(A, "reset", 0), gate(A, "reset", 2), gate(A, "reset", 2)]
    assert ListSchedule().run(program_of(rows)).lower_bound_ns == 30 + 530


@settings(max_examples=60, deadline=None, derandomize=True)
@given(programs())
def test_nothing_is_faster_than_the_lower_bound(program: DistributedProgram) -> None:
    schedule = ListSchedule().run(program)
    spread = schedule.makespan
    assert schedule.lower_bound_ns <= schedule.planned_makespan_ns + 1e-6
    links = [program.network.links[i] for i in program.link.tolist() if i != ABSENT]
    error = sum(link.attempt_ns / link.success_probability for link in links)
    assert spread.mean >= schedule.lower_bound_ns - 5 * error / np.sqrt(spread.shots) - 1e-6


# -- just in time ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "age"),
    [
        ({"success_probability": 1.0, "attempt_ns": 1e5}, 0.0),
        # 230 attempts have a chance of 90 %.
        ({}, 130_000.0),
        ({"cutoff_us": 50.0}, 50_000.0),
        ({"cutoff_us": 700.0}, 130_000.0),
    ],
)
def test_pair_is_planned_as_late_as_is_safe(link: dict[str, float], age: float) -> None:
    schedule = ListSchedule().run(used_after(500_000.0, **link))
    assert schedule.pair_age_ns[0, 0] == pytest.approx(age)
    assert np.isnan(schedule.pair_age_ns[0, 1])  # the half at B is never used
    assert schedule.pair_ready_ns[0] == pytest.approx(500_000.0 - age)
    assert schedule.pair_hold_ns[0] == pytest.approx(400_000.0 - age)
    assert schedule.planned_makespan_ns == 500_100.0
    early = PLAIN.run(schedule.program)
    assert early.pair_ready_ns[0] == 100_000.0
    assert early.pair_hold_ns[0] == 0.0
    assert early.pair_age_ns[0, 0] == 400_000.0


def test_pair_is_not_planned_later_than_prefetching_needs() -> None:
    """The lead would be longer than there is time: nothing changes."""
    program = used_after(120_000.0)
    assert ListSchedule().run(program).start_ns.tolist() == PLAIN.run(program).start_ns.tolist()


def test_gates_on_a_fresh_half_wait_with_their_pair() -> None:
    rows = [delay(A, 0, 5e5), *ends(0, A, B), gate(A, "h", 2), gate(A, "cx", 0, 2)]
    link = {"success_probability": 1.0, "attempt_ns": 1e5}
    schedule = ListSchedule().run(program_of(rows, **link))
    assert schedule.start_ns.tolist() == [0, 399_970, 399_970, 499_970, 500_000]
    assert schedule.pair_age_ns[0, 0] == 30.0


def test_pairs_of_a_channel_stay_in_order() -> None:
    link = {"success_probability": 1.0, "attempt_ns": 1e5}
    rows = [delay(A, 0, 5e5), *ends(0, A, B, 2), *ends(1, A, B, 3)]
    rows += [gate(A, "cx", 0, 2), gate(A, "cx", 0, 3)]
    schedule = ListSchedule().run(program_of(rows, **link))
    assert schedule.pair_ready_ns.tolist() == [400_100.0, 500_100.0]


@settings(max_examples=80, deadline=None, derandomize=True)
@given(programs())
def test_only_pairs_are_planned_later_and_only_where_it_costs_nothing(
    program: DistributedProgram,
) -> None:
    early, late = PLAIN.run(program), ListSchedule().run(program)
    late.verify()
    assert late.planned_makespan_ns == early.planned_makespan_ns
    assert late.critical_path == early.critical_path
    assert (late.start_ns >= early.start_ns).all()
    rows = list(program.statements())
    moved = np.flatnonzero(late.start_ns > early.start_ns).tolist()
    assert all(rows[i].name == "dqc_epr" or len(rows[i].qubits) == 1 for i in moved)
    used = ~np.isnan(early.pair_age_ns)
    assert (late.pair_age_ns[used] <= early.pair_age_ns[used] + 1e-6).all()
    assert (late.pair_age_ns[used] >= -1e-6).all()
    assert late.copy_life_ns.tolist() == early.copy_life_ns.tolist()
    for link, generator in enumerate(program.network.links):
        own = [a for a, _ in late.pair_statements.tolist() if program.link[a] == link]
        starts = sorted(late.start_ns[own].tolist())
        for first, second in pairwise(starts[:: generator.channels]):
            assert second >= first + generator.mean_generation_ns - 1e-6


def figures(variant: ListSchedule, **link: Any) -> Counter[str]:
    """Sums over a few programs."""
    total: Counter[str] = Counter()
    for seed in range(4):
        schedule = variant.run(random_program(seed, pairs=40, comm=4, cutoff_us=200.0, **link))
        total["planned"] += schedule.planned_makespan_ns
        total["mean"] += schedule.makespan.mean
        total["age"] += float(np.nanmean(schedule.pair_age_ns))
        total["old"] += schedule.violations.pairs
        total["rate"] += schedule.violations.pair_rate
    return total


@pytest.mark.parametrize("channels", [1, 2])
def test_prefetching_saves_time_and_planning_just_in_time_saves_age(channels: int) -> None:
    without = figures(ListSchedule(prefetch=False, in_time=None), channels=channels)
    early = figures(PLAIN, channels=channels)
    late = figures(ListSchedule(), channels=channels)
    assert early["planned"] < 0.8 * without["planned"]
    assert early["mean"] < 0.8 * without["mean"]
    assert late["planned"] == early["planned"]
    assert late["mean"] < 1.02 * early["mean"]
    assert late["age"] < 0.9 * early["age"]
    assert late["rate"] < early["rate"]
    assert late["old"] < early["old"]
    assert without["old"] == 0


@settings(max_examples=40, deadline=None, derandomize=True)
@given(programs())
def test_without_prefetching_pairs_wait_for_their_roots(program: DistributedProgram) -> None:
    schedule = ListSchedule(prefetch=False, in_time=None).run(program)
    schedule.verify()
    rows = list(program.statements())
    end = (schedule.start_ns + schedule.duration_ns).tolist()
    last: dict[tuple[int, int], int] = {}
    half: dict[tuple[int, int], int] = {}  # cell -> its dqc_epr, until its first use
    first_use = {min(u) for u in find_lifetimes(program, rows).pair_use if ABSENT not in u}
    for index, row in enumerate(rows):
        cells = [(row.node, qubit) for qubit in row.qubits]
        if index in first_use:
            pairs = [half[cell] for cell in cells if cell in half]
            roots = [last[cell] for cell in cells if cell in last and cell not in half]
            assert pairs
            for pair, root in product(pairs, roots):
                assert schedule.start_ns[pair] >= end[root] - 1e-6
        last.update(dict.fromkeys(cells, index))
        if row.name == "dqc_epr":
            half[cells[0]] = index
        elif len(cells) == 2 or row.condition or row.name in ("measure", "reset"):
            for cell in cells:
                half.pop(cell, None)


# -- lives ---------------------------------------------------------------------------------------


def test_life_of_a_copy_and_age_of_its_pair_by_hand() -> None:
    schedule = ListSchedule().run(compiled([("cz", (0, 1))], 2, make_network((1, 1), 1)))
    # The half at the sender is used at once, the other one when the bit has arrived.
    assert schedule.pair_age_ns.tolist() == [[0.0, 100 + 500 + 500]]
    assert schedule.copy_statements.tolist() == [[3, 6, 9]]
    assert schedule.copy_life_ns.tolist() == [100 + 30]  # cz, h


def test_copy_that_becomes_the_root_lives_until_the_old_root_is_measured() -> None:
    """A teleport: the copy is there when its correction is done; h and measurement follow."""
    registers = (Register(A, (B,), 2), Register(B, (A,), 0))
    rows = [
        *ends(0, A, B),
        gate(A, "cx", 0, 2),
        measure(A, 2, 0, 0),
        gate(B, "x", 2, bits=((0, 0),)),
    ]
    rows = [row._replace(gadget=0) for row in rows]
    rows += [
        delay(A, 0, 7000.0),
        gate(A, "h", 0)._replace(gadget=1),
        measure(A, 0, 0, 1)._replace(gadget=1),
        gate(B, "z", 2, bits=((0, 1),)),
        delay(B, 2, 9000.0),
        gate(B, "reset", 2),
    ]
    program = replace(
        program_of(rows, registers=registers),
        gadget_kind=np.array([GadgetKind.OPEN, GadgetKind.MOVE], np.int8),
        gadget_wire=np.zeros(2, np.int32),
        served=np.zeros(2, np.int32),
    )
    schedule = ListSchedule().run(program)
    assert schedule.copy_statements.tolist() == [[1, 4, 7]]
    ready = 100_000
    assert schedule.start_ns[4] == ready + 1100
    assert schedule.start_ns[7] == ready + 100 + 7000 + 30
    assert schedule.copy_life_ns.tolist() == [7130 - 1130]


@pytest.mark.parametrize("seed", range(8))
def test_every_copy_of_a_program_is_closed_by_its_own_gadget(seed: int) -> None:
    circuit = random_circuit(seed, qubits=6, gates=50, clbits=2)
    plan = PlanVisits().run(random_placement(circuit, seed, nodes=3, comm=1 + seed % 3, moves=True))
    program = InsertGadgets().run(plan)
    rows = list(program.statements())
    copies = find_lifetimes(program, rows).copies
    kinds = Counter(int(program.gadget_kind[rows[copy.closed].gadget]) for copy in copies)
    steps = Counter(step.kind for step in plan.steps())
    assert len(copies) == steps[StepKind.OPEN] > 8
    assert kinds[GadgetKind.CLOSE] == steps[StepKind.CLOSE] > 3
    assert kinds[GadgetKind.MOVE] == steps[StepKind.MOVE]
    assert len({copy.closed for copy in copies}) == len(copies)
    wires = program.gadget_wire
    for copy in copies:
        closing = rows[copy.closed]
        assert wires[closing.gadget] == wires[copy.gadget] == copy.wire
        assert copy.half < copy.opened < copy.closed
        is_close = program.gadget_kind[closing.gadget] == GadgetKind.CLOSE
        assert (closing.node == rows[copy.half].node) == is_close
    schedule = ListSchedule().run(program)
    ages, lives = planned_ages(schedule)
    assert [copy for copy, _ in lives] == copies
    assert [age.planned_ns for _, age in lives] == schedule.copy_life_ns.tolist()
    assert all(age.planned_ns >= 0 for _, age in lives)
    assert [age.planned_ns for age in ages] == np.nanmax(schedule.pair_age_ns, axis=1).tolist()


def test_violations_of_the_plan_by_hand() -> None:
    """Of four pairs two are on links with a cutoff, and one of these is too old."""
    rows = [
        delay(A, 0, 400_000.0),
        *ends(0, A, B, 2),
        *ends(1, A, B, 3),
        *ends(2, A, C, 4),
        gate(A, "cx", 1, 2),
        gate(A, "cx", 0, 3),
        gate(A, "cx", 0, 4),
    ]
    program = program_of(rows, channels=2)
    first, *others = program.network.links
    links = (replace(first, cutoff_us=299.0), *others)
    program = replace(program, network=replace(program.network, links=links))
    found = PLAIN.run(program).violations
    assert (found.pairs_with_cutoff, found.pairs, found.copies_with_cutoff) == (2, 1, 0)
    assert 0.25 < found.pair_rate < 0.5
    ages, lives = planned_ages(PLAIN.run(program))
    assert ages == [(0.0, 299_000.0), (300_000.0, 299_000.0), (300_100.0, None)]
    assert not lives
    assert found.run_rate == pytest.approx(2 * found.pair_rate)
    links = (replace(first, cutoff_us=301.0), *others)
    program = replace(program, network=replace(program.network, links=links))
    assert PLAIN.run(program).violations.pairs == 0
    assert ListSchedule().run(program).violations.pair_rate < found.pair_rate


@pytest.mark.parametrize(("cutoff_us", "rate"), [(300.05, 0.0), (299.95, 1.0)])
def test_age_ends_when_the_use_begins(cutoff_us: float, rate: float) -> None:
    link = {"success_probability": 1.0, "attempt_ns": 1e5, "cutoff_us": cutoff_us}
    found = PLAIN.run(used_after(400_000.0, **link)).violations
    assert found.pair_rate == found.run_rate == found.pairs == rate


@pytest.mark.parametrize(("cutoff_us", "rate"), [(0.131, 0.0), (0.129, 1.0)])
def test_life_begins_after_the_correction_and_ends_before_the_measurement(
    cutoff_us: float, rate: float
) -> None:
    network = make_network((1, 1), 1, success_probability=1.0, cutoff_us=cutoff_us)
    schedule = ListSchedule().run(compiled([("cz", (0, 1))], 2, network))
    found = schedule.violations
    assert schedule.copy_life_ns.tolist() == [130.0]
    assert found.copy_rate == found.copies == rate
    assert found.pair_rate == found.pairs == 1.0  # the message alone takes longer


@pytest.mark.parametrize("name", ["qv_8", "rca_8", "uccsd_8"])
def test_with_unlimited_resources_the_longest_chain_decides(name: str) -> None:
    network = Network.make("all-to-all", nodes=2, data_qubits=5, comm_qubits=None, channels=1000)
    path = Path(__file__).parents[1] / "benchmarks" / "circuits" / f"{name}.qasm"
    options = Options(preset="fast", minimize=Objective(makespan=1.0))
    schedule = compile_circuit(path, network, options=options).schedule
    assert schedule.planned_makespan_ns == pytest.approx(schedule.lower_bound_ns, rel=1e-12)
    # Otherwise qubits are saved: eight take turns.
    saving = compile_circuit(path, network, options=Options(preset="fast")).program
    assert saving.comm_qubits.max() <= max(8, saving.peak_comm.max())


@pytest.mark.parametrize(("comm", "peak"), [(1, 1), (2, 2), (4, 2)])
def test_pairs_generated_ahead_hold_comm_qubits(comm: int, peak: int) -> None:
    """Three packets that need one comm qubit per node each; the link has one channel."""
    rows: list[tuple[object, ...]] = []
    for _ in range(3):
        rows += [("cx", (0, 1)), ("h", (0,)), ("h", (1,))]
    network = Network.all_to_all(nodes=2, data_qubits=1, comm_qubits=comm)
    options = Options(preset="fast")  # homes that stay
    schedule = compile_circuit(make_circuit(2, rows), network, options=options).schedule
    assert schedule.program.pairs == 3
    assert schedule.program.peak_comm.tolist() == [1, 1]
    assert schedule.planned_peak_comm.tolist() == [peak, peak]
    assert ListSchedule(prefetch=False).run(schedule.program).planned_peak_comm[0] <= peak
