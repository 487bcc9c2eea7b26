"""Purified pairs: which, written how, and that every check knows a wrong round from a right one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from math import inf, log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dqc_compiler.bundles import verify_bundle
from dqc_compiler.costs.fidelity import bbpssw
from dqc_compiler.costs.fidelity import chain as swapped
from dqc_compiler.costs.routes import find_routing
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.formats.bundle_contents import Contents, make_contents
from dqc_compiler.formats.bundle_out import write_bundle
from dqc_compiler.formats.flat_qasm import read_flat_qasm
from dqc_compiler.formats.qasm_text import program_texts
from dqc_compiler.formats.schedule_file import make_schedule_file
from dqc_compiler.ir import (
    Circuit,
    DistributedProgram,
    GadgetKind,
    Link,
    Network,
    Node,
    Placement,
    RemotePlan,
    Step,
    StepKind,
)
from dqc_compiler.ir.circuit import OPCODE
from dqc_compiler.passes.insert_gadgets import InsertGadgets
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.purify import Purify, gates_by_open
from dqc_compiler.passes.schedule import ListSchedule
from dqc_compiler.passes.segment import Segment
from dqc_compiler.verify import verify_directory, verify_programs
from dqc_compiler.verify.canonical import circuit_form
from dqc_compiler.verify.clifford import compare_flows
from dqc_compiler.verify.compare import first_difference
from dqc_compiler.verify.external import external_evidence
from dqc_compiler.verify.programs import ProgramSet
from dqc_compiler.verify.purification import purifications
from dqc_compiler.verify.simulation import worst_fidelity
from dqc_compiler.verify.stitch import circuit_computation, stitch
from dqc_compiler.verify.structure import peak_comm_qubits, structure_problems
from dqc_compiler.verify.symbolic import recover
from dqc_compiler.verify.timing import timing_problems
from tests.mutations_emitted import emitted_task, random_circuit, random_placement
from tests.oracle import (
    assert_same_action,
    assert_same_on_all_outcomes,
    coins,
    random_interleaving,
)
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
from tests.test_verify_symbolic import difference

thorough = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
ALWAYS = Purify(pair_price=-1.0)  # whatever it is worth


def chain(repeaters: int, *, comm: int | None = 2, data: int = 2, **link: float) -> Network:
    """Two processors with repeaters between them."""
    middle = (
        Node(name=f"r{i}", kind="repeater", data_qubits=0, comm_qubits=comm)
        for i in range(repeaters)
    )
    ends = (Node(name=name, data_qubits=data, comm_qubits=2) for name in ("a", "b"))
    nodes = (next(ends), *middle, next(ends))
    links = tuple(Link(between=(i, i + 1), **link) for i in range(repeaters + 1))
    network = Network(nodes, links)
    network.verify()
    return network


def placed(circuit: Circuit, network: Network, homes: list[int]) -> Placement:
    """Homes that stay, and every gate at the home of its second operand."""
    graph = Segment().run(circuit)
    home = [homes[wire] for wire in graph.segment_wire.tolist()]
    hosts = [home[segment] for segment in graph.gate_segments[:, 1].tolist()]
    return make_placement(graph, network, home, hosts)


def purified(
    placement: Placement, choice: Purify = ALWAYS
) -> tuple[RemotePlan, DistributedProgram]:
    plan = choice.run(PlanVisits().run(placement))
    plan.verify()
    program = InsertGadgets().run(plan)
    program.verify()
    return plan, program


# --- Figures of a round ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"), [(0.86, 0.8929), (0.9, 0.9264), (0.95, 0.9650), (0.969, 0.9787), (1, 1)]
)
def test_a_round_raises_the_fidelity(before: float, after: float) -> None:
    assert bbpssw(before)[0] == pytest.approx(after, abs=5e-5)


@pytest.mark.parametrize("fidelity", [0.3, 0.5, 0.8, 0.97])
def test_figures_of_a_round_are_those_of_its_gates(fidelity: float) -> None:
    """Two Werner pairs as density matrices of four qubits, in the order a b a' b'."""
    bell = np.zeros(4)
    bell[[0, 3]] = np.sqrt(0.5)
    ideal = np.outer(bell, bell)
    pair = fidelity * ideal + (1 - fidelity) / 3 * (np.eye(4) - ideal)
    state = np.kron(pair, pair)
    index = np.arange(16)
    bits = [(index >> shift) & 1 for shift in (3, 2, 1, 0)]
    permuted = index ^ (bits[0] << 1) ^ bits[1]  # both CX
    state = state[np.ix_(np.argsort(permuted), np.argsort(permuted))]
    left = [sum(state[k::4, k::4] for k in (0, 3))][0]
    success = np.trace(left)
    assert bbpssw(fidelity) == pytest.approx((bell @ left @ bell / success, success))


def test_swapped_pairs_multiply_their_werner_parameters() -> None:
    links = [Link(between=(0, 1), fidelity=value) for value in (0.9, 0.8)]
    first, second = 0.9, 0.8
    assert swapped(links).i == pytest.approx(first * second + 0.1 * 0.2 / 3)
    assert swapped(links[:1]).i == pytest.approx(0.9)


# --- The decision ---------------------------------------------------------------------------------

PACKET = make_circuit(3, [("cz", (0, 1)), ("cz", (0, 2)), ("h", (0,)), ("cz", (0, 1))])
"""A visit with two gates at the other node, and one with one."""


def rounds(price: float, *, fidelity: float = 0.9) -> list[int]:
    placement = placed(PACKET, chain(0, data=2, fidelity=fidelity), [0, 1, 1])
    plan = Purify(pair_price=price).run(PlanVisits().run(placement))
    plan.verify()
    return plan.purified[plan.kind == StepKind.OPEN].tolist()


def test_packets_with_more_gates_deserve_better_pairs() -> None:
    after, success = bbpssw(0.9)
    price = log(after / 0.9) / (2 / success - 1)  # at which a pair for one gate is worth nothing
    assert rounds(0.99 * price) == [1, 1]
    assert rounds(1.01 * price) == [1, 0]
    assert rounds(1.99 * price) == [1, 0]
    assert rounds(2.01 * price) == [0, 0]
    assert rounds(0.0, fidelity=1.0) == [0, 0]
    assert rounds(0.0, fidelity=0.4) == [0, 0], "a bad pair becomes worse"


@pytest.mark.parametrize("comm", [(1, 2), (2, 1)])
def test_a_round_needs_two_comm_qubits_at_both_ends(comm: tuple[int, int]) -> None:
    network = make_network((1, 2), comm, fidelity=0.9)
    plan = Purify(pair_price=0.0).run(PlanVisits().run(placed(PACKET, network, [0, 1, 1])))
    plan.verify()
    assert not plan.purified.any()
    ends = replace(plan, purified=(plan.kind == StepKind.OPEN).astype(np.int8))
    with pytest.raises(ValueError, match="no free comm qubit"):
        ends.verify()


def test_a_copy_that_waits_leaves_no_room_for_a_round() -> None:
    """Two copies are open at once at a node with two comm qubits and no free data qubit."""
    circuit = make_circuit(3, [("rzz", (0, 2), (0.3,)), ("rzz", (1, 2), (0.4,))])
    network = make_network((2, 1), (2, 2), fidelity=0.9)
    placement = placed(circuit, network, [0, 0, 1])
    graph = placement.graph
    steps = [
        Step(StepKind.OPEN, wire=0, source=0, target=1, route=0),
        Step(StepKind.OPEN, wire=1, source=0, target=1, route=0),
        Step(StepKind.OPERATION, 0, host=1),
        Step(StepKind.OPERATION, 1, host=1),
        Step(StepKind.CLOSE, wire=0, source=1),
        Step(StepKind.CLOSE, wire=1, source=1),
    ]
    routes = find_routing(network).routes
    assert graph.wires == 3
    plan = Purify(pair_price=0.0).run(RemotePlan.from_steps(placement, routes, steps))
    plan.verify()
    assert plan.purified.tolist() == [1, 0, 0, 0, 0, 0]
    program = InsertGadgets().run(plan)
    assert program.peak_comm.tolist() == [2, 2]
    assert_same_on_all_outcomes(circuit, program)


def test_gates_are_those_of_the_qubit_that_came_over_the_pair() -> None:
    """A copy of a copy, and a root that has moved, use the pair that came first as well."""
    circuit = make_circuit(3, [("cz", (0, 1)), ("cz", (0, 2)), ("h", (0,)), ("cz", (0, 1))])
    graph = Segment().run(circuit)
    network = make_network((2, 2, 2), 2, fidelity=0.9)
    placement = make_placement(graph, network, [0, 1, 1, 2][: graph.segment_wire.size], [1, 2, 1])
    index = {route.nodes: i for i, route in enumerate(find_routing(network).routes)}
    steps = [
        Step(StepKind.OPEN, wire=0, source=0, target=1, route=index[0, 1]),
        Step(StepKind.OPERATION, 0, host=1),
        Step(StepKind.OPEN, wire=0, source=1, target=2, route=index[1, 2]),
        Step(StepKind.OPERATION, 1, host=2),
        Step(StepKind.CLOSE, wire=0, source=2),
        Step(StepKind.MOVE, wire=0, source=0, target=1),
        Step(StepKind.OPERATION, 2),
        Step(StepKind.OPERATION, 3, host=1),
    ]
    plan = RemotePlan.from_steps(placement, find_routing(network).routes, steps)
    plan.verify()
    assert gates_by_open(plan) == [3, 0, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("step", [0, 1])
def test_only_an_open_has_a_round_and_only_one(step: int) -> None:
    plan = PlanVisits().run(placed(PACKET, chain(0), [0, 1, 1]))
    flags = np.zeros(len(plan), np.int8)
    flags[step] = 2 if plan.kind[step] == StepKind.OPEN else 1
    with pytest.raises(ValueError, match="wrong number of rounds"):
        replace(plan, purified=flags).verify()


# --- What is written ------------------------------------------------------------------------------


@pytest.mark.parametrize("pauli", "XYZ")
@pytest.mark.parametrize(("repeaters", "comm"), [(0, 2), (1, 2), (1, 3), (1, 4), (2, 2), (2, None)])
def test_a_purified_packet(pauli: str, repeaters: int, comm: int | None) -> None:
    gate = {"X": ("rzx", (1, 0)), "Y": ("rzy", (1, 0)), "Z": ("rzz", (0, 1))}[pauli]
    circuit = make_circuit(2, [(*gate, (0.7,)), ("u", (0,), (0.1, 0.2, 0.3))])
    network = chain(repeaters, comm=comm, data=1)
    graph = Segment().run(circuit)
    end = repeaters + 1
    placement = make_placement(graph, network, [0, end], [end])
    plan, program = purified(placement)
    assert (plan.ebits, plan.pairs, program.pairs) == (1, 2 * end, 2 * end)
    wide = comm is None or comm >= 4
    assert program.peak_comm.tolist() == [2, *[4 if wide else 2] * repeaters, 2]
    kinds = [GadgetKind.OPEN, GadgetKind.PURIFY, GadgetKind.CLOSE]
    assert program.gadget_kind.tolist() == kinds
    if repeaters < 2:
        assert_same_on_all_outcomes(circuit, program)
    for seed in range(8):
        order = random_interleaving(program, seed)
        assert_same_action(circuit, program, coins(seed), seed=seed, order=order)
    task = emitted_task(program)
    assert verify_programs(task, circuit, level="all").equivalent is True
    for seed in range(30):
        assert difference(circuit, task, seed=seed) is None


def test_a_gate_that_does_nothing_under_a_condition_is_not_written() -> None:
    """It would be read as a herald."""
    rows = [("measure", (0,), (), 0), ("id", (1,), (), None, ((0, True),)), ("id", (1,))]
    circuit = make_circuit(2, rows, 1)
    _, program = purified(placed(circuit, chain(0), [0, 1]))
    assert [row.name for row in program.statements()] == ["measure", "measure", "id"]
    assert_same_on_all_outcomes(circuit, program)
    assert verify_programs(emitted_task(program), circuit).equivalent is True


def assert_right(circuit: Circuit, placement: Placement, seed: int) -> None:
    plan, program = purified(placement)
    ends = int((program.opcode == OPCODE["dqc_epr"]).sum())
    assert plan.pairs == program.pairs == ends / 2
    assert plan.purified.sum() == (program.gadget_kind == GadgetKind.PURIFY).sum()
    assert_same_action(circuit, program, coins(seed), seed=seed)
    order = random_interleaving(program, seed)
    assert_same_action(circuit, program, coins(seed + 1), seed=seed, order=order)
    task = emitted_task(program)
    assert program.peak_comm.tolist() == [peak_comm_qubits(each) for each in task.programs]
    assert not structure_problems(task)
    assert len(purifications(task)[0]) == plan.purified.sum()
    assert difference(circuit, task) is None
    assert difference(circuit, task, seed=seed) is None


@thorough
@given(st.data(), st.integers(0, 2**32), st.booleans())
def test_random_programs(data: st.DataObject, seed: int, is_static: bool) -> None:
    circuit = data.draw(circuits(clbits=data.draw(st.sampled_from((0, 0, 2)))))
    graph = Segment().run(circuit)
    if is_static:
        network = data.draw(networks(graph.wires, comm=(1, 2, 3, None)))
        placement = data.draw(static_placements(graph, network))
    else:
        comm = data.draw(st.sampled_from((2, 3, None)))
        network = make_network([graph.wires] * data.draw(st.integers(2, 3)), comm)
        placement = data.draw(moving_placements(graph, network))
    assert_right(circuit, placement, seed)


@thorough
@given(st.data(), st.integers(0, 2**32), st.booleans())
def test_random_programs_on_networks_with_few_links(
    data: st.DataObject, seed: int, is_static: bool
) -> None:
    circuit = data.draw(circuits())
    graph = Segment().run(circuit)
    network = data.draw(sparse_networks(graph.wires))
    placement = data.draw((static_placements if is_static else moving_placements)(graph, network))
    last = placement.segment_home[graph.wire_segments[1:] - 1].tolist()
    assume(all(last.count(i) <= node.data_qubits for i, node in enumerate(network.nodes)))
    assert_right(circuit, placement, seed)


@pytest.mark.parametrize("comm", [2, 3, None])
@pytest.mark.parametrize("seed", range(4))
def test_larger_programs_are_proven(seed: int, comm: int | None) -> None:
    circuit = random_circuit(seed, qubits=6, gates=50, clifford=seed % 2 == 0)
    placement = random_placement(circuit, seed, nodes=3, comm=comm, moves=seed > 1)
    plan, program = purified(placement)
    assert plan.purified.sum() > 5
    task = emitted_task(program)
    assert difference(circuit, task) is None
    assert difference(circuit, task, seed=seed) is None
    checks = verify_programs(task, circuit).checks
    assert all(check.passed is not False for check in checks)
    assert {check.name for check in checks if check.passed} >= {"structure", "symbolic"}
    flows = next(check for check in checks if check.name == "stabilizer flows")
    assert flows.passed or seed % 2 == 1


# --- Wrong rounds ---------------------------------------------------------------------------------

CLIFFORD = make_circuit(2, [("h", (0,)), ("cz", (0, 1)), ("h", (0,))])
Texts = dict[str, str]


def texts_of(repeaters: int) -> tuple[ProgramSet, Texts]:
    end = repeaters + 1
    graph = Segment().run(CLIFFORD)
    homes = [{0: 0, 1: end}[wire] for wire in graph.segment_wire.tolist()]
    placement = make_placement(graph, chain(repeaters, comm=4, data=1), homes, [end])
    _, program = purified(placement)
    names = [node.name for node in program.network.nodes]
    return emitted_task(program), dict(zip(names, program_texts(program), strict=True))


def spoiled(repeaters: int, **changes: Callable[[str], str]) -> ProgramSet:
    """Programs of a purified packet with the text of some nodes changed."""
    task, texts = texts_of(repeaters)
    for node, change in changes.items():
        changed = change(texts[node])
        assert changed != texts[node], "nothing was changed"
        texts[node] = changed
    programs = tuple(read_flat_qasm(text, source=f"{name}.qasm") for name, text in texts.items())
    return replace(task, programs=programs)


def exchange(first: str, second: str) -> Callable[[str], str]:
    return lambda text: text.replace(first, "@").replace(second, first).replace("@", second)


def put(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


CX, MEASURE_A, MEASURE_B = (
    "cx comm[0], comm[1];",
    "a_to_b[0] = measure comm[1];",
    "b_to_a[0] = measure comm[1];",
)
HERALD_A, HERALD_B = "if (b_to_a[0]) { id comm[0]; }\n", "if (a_to_b[0]) { id comm[0]; }\n"
TURNED = exchange(CX, "cx comm[1], comm[0];")

BY_FORM: dict[str, tuple[ProgramSet, str]] = {
    "roles exchanged": (spoiled(0, a=TURNED, b=TURNED), "cx leads from the half that is kept"),
    "wrong direction at one end": (spoiled(0, b=TURNED), "cx leads from the half"),
    "no comparison": (spoiled(0, a=put(CX, ""), b=put(CX, "")), "has one cx"),
    "no comparison at one end": (spoiled(0, a=put(CX, "")), "has one cx"),
    "comparison twice": (spoiled(0, a=put(CX, CX + CX)), "has one cx"),
    "the kept half is measured": (
        spoiled(0, a=put(MEASURE_A, "a_to_b[0] = measure comm[0];")),
        "one outcome at each end",
    ),
    "the kept halves are measured": (
        spoiled(
            0,
            a=put(MEASURE_A, "a_to_b[0] = measure comm[0];"),
            b=put(MEASURE_B, "b_to_a[0] = measure comm[0];"),
        ),
        "has one cx",
    ),
    "measured in another basis": (spoiled(0, b=put(MEASURE_B, "h comm[1];" + MEASURE_B)), "one cx"),
    "nobody waits at one end": (spoiled(0, a=put(HERALD_A, "")), "one outcome at each end"),
    "waits for the own outcome": (
        spoiled(0, a=put(HERALD_A, "if (a_to_b[0]) { id comm[0]; }\n")),
        "one outcome at each end",
    ),
    "waits for another bit": (
        spoiled(0, a=put(HERALD_A, "if (b_to_a[1]) { id comm[0]; }\n"), b=put(
            "if (a_to_b[1]) { x comm[0]; }\n", ""
        )),
        "Deadlock",
    ),
    "waits too late": (
        spoiled(0, b=lambda text: text.replace(HERALD_B, "").replace(
            "h comm[0];\n", "h comm[0];\n" + HERALD_B, 1
        )),
        "before the other outcome",
    ),
    "the outcome is a correction": (
        spoiled(0, b=put("if (a_to_b[1])", "if (a_to_b[0]) { x comm[0]; }\nif (a_to_b[1])")),
        "is not a correction",
    ),
    "something else in between": (
        spoiled(0, a=put(MEASURE_A, "h data[0];\n" + MEASURE_A)),
        "would be run again",
    ),
    "a repeater does not wait": (
        spoiled(1, r0=put("if (a_to_r0__b[0]) { id comm[2]; }\n", "")),
        "not every node of the route waits",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in BY_FORM if name != "waits for another bit"])
def test_a_round_of_a_wrong_form_breaks_a_guarantee(name: str) -> None:
    task, words = BY_FORM[name]
    assert any(words in problem for problem in structure_problems(task)), structure_problems(task)
    assert verify_programs(task, CLIFFORD).equivalent is False


def test_a_herald_waits_for_an_outcome_and_nothing_else() -> None:
    task, _ = BY_FORM["waits for another bit"]
    assert structure_problems(task)


@pytest.mark.parametrize(
    ("node", "register"),
    [("a", "out[0]"), ("b", "out[0]")],
)
def test_an_outcome_that_is_not_sent_is_missed(node: str, register: str) -> None:
    sent = {"a": MEASURE_A, "b": MEASURE_B}[node]

    def change(text: str) -> str:
        kept = sent.replace(sent.split(" ")[0], register)
        return text.replace(sent, kept).replace("bit[2] a", "bit[1] out;\nbit[2] a", 1)

    problems = structure_problems(spoiled(0, **{node: change}))
    assert any("is read, but nobody writes it" in problem for problem in problems)


def test_a_measurement_that_is_missing_is_missed() -> None:
    problems = structure_problems(spoiled(0, a=put(MEASURE_A, "")))
    assert any("is read, but nobody writes it" in problem for problem in problems)


def symbolic_problem(task: ProgramSet) -> str | None:
    try:
        found = recover(task)
    except CompilerError as error:
        return error.diagnostics[0].message_text
    return first_difference(circuit_form(CLIFFORD), found, CLIFFORD.qubits, CLIFFORD.clbits)


@pytest.mark.parametrize(
    "name",
    [
        "roles exchanged",
        "wrong direction at one end",
        "no comparison",
        "no comparison at one end",
        "comparison twice",
        "the kept half is measured",
        "the kept halves are measured",
        "measured in another basis",
    ],
)
def test_the_machine_refuses_wrong_rounds_in_every_interleaving(name: str) -> None:
    task, _ = BY_FORM[name]
    assert symbolic_problem(task) is not None
    for seed in range(20):
        try:
            assert difference(CLIFFORD, task, seed=seed) is not None
        except CompilerError:
            continue


# Corrections of what the repeater has swapped: bit 0 is the x and bit 1 the z of the pair that is
# kept, bits 2 and 3 are those of the other one.
WITHOUT = {
    f"{name} of the {pair} pair": (bit, f"if (r0_to_b[{bit}]) {{ {name} comm[{bit // 2}]; }}")
    for bit, (name, pair) in enumerate(
        [("x", "kept"), ("z", "kept"), ("x", "sacrificed"), ("z", "sacrificed")]
    )
}
CORRECTIONS = {
    **{f"no {name}": put(text + "\n", "") for name, (_, text) in WITHOUT.items()},
    **{
        f"{name} by a wrong bit": put(text, text.replace(f"[{bit}]", f"[{bit ^ 1}]", 1))
        for name, (bit, text) in WITHOUT.items()
    },
    "x exchanged": exchange("r0_to_b[2]", "r0_to_b[0]"),
}


@pytest.mark.parametrize("name", CORRECTIONS)
def test_wrong_corrections_are_found_by_every_check(name: str) -> None:
    task = spoiled(1, b=CORRECTIONS[name])
    assert not structure_problems(task)
    assert symbolic_problem(task) is not None
    expected, found = circuit_computation(CLIFFORD), stitch(task)
    outcomes = external_evidence(task, CLIFFORD, level="auto")[0].check
    assert (outcomes.name, outcomes.passed) == ("all outcomes", False)
    for signed in (0, 9):
        assert not compare_flows(expected, found, signed_qubits=signed).is_equal
    assert worst_fidelity(expected, found) < 0.999
    assert verify_programs(task, CLIFFORD).equivalent is False


def test_an_x_that_only_the_outcomes_show_is_found() -> None:
    """The pair that is kept is right, but the other one is thrown away half of the time."""
    task = spoiled(1, b=CORRECTIONS["no x of the sacrificed pair"])
    found = stitch(task)
    blind = replace(found, equal=())
    expected = circuit_computation(CLIFFORD)
    assert compare_flows(expected, blind, signed_qubits=9).is_equal
    assert worst_fidelity(expected, blind) > 0.999
    words = "the two outcomes of a purification are not always equal"
    assert words in str(symbolic_problem(task))
    assert external_evidence(task, CLIFFORD, level="auto")[0].check.detail == words
    assert compare_flows(expected, found, signed_qubits=9).detail == words
    assert worst_fidelity(expected, found) == 0.0


def test_z_of_both_pairs_may_be_exchanged() -> None:
    """The cx leads a z of the sacrificed half to the other one: what counts is their sum."""
    task = spoiled(1, b=exchange("r0_to_b[3]", "r0_to_b[1]"))
    assert verify_programs(task, CLIFFORD, level="all").equivalent is True
    assert symbolic_problem(task) is None


# --- Bundles --------------------------------------------------------------------------------------

BUNDLED = make_circuit(
    4, [("cz", (0, 2)), ("cz", (1, 3)), ("h", (0,)), ("cz", (0, 3)), ("cz", (0, 2))]
)


def contents_of(network: Network) -> Contents:
    graph = Segment().run(BUNDLED)
    last = len(network.nodes) - 1
    homes = [0 if wire < 2 else last for wire in graph.segment_wire.tolist()]
    hosts = [homes[segment] for segment in graph.gate_segments[:, 1].tolist()]
    placement = make_placement(graph, network, homes, hosts)
    plan, program = purified(placement)
    assert 0 < plan.purified.sum() == plan.ebits
    return make_contents(
        logical=BUNDLED,
        program=program,
        schedule=ListSchedule().run(program),
        bounds=(),
        seed=0,
        options={},
    )


def written(directory: Path, contents: Contents) -> Path:
    def verify(temporary: Path, manifest: Any) -> Any:
        return verify_directory(temporary, BUNDLED, manifest)

    write_bundle(directory, contents, verify=verify)
    return directory


@pytest.fixture(scope="module", params=[0, 1, 2])
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    network = chain(request.param, comm=2 + 2 * (request.param == 1), fidelity=0.93)
    return written(tmp_path_factory.mktemp("purified") / "bundle", contents_of(network))


def test_a_bundle_tells_its_rounds(bundle: Path) -> None:
    verdict = verify_bundle(bundle, BUNDLED, level="all")
    assert verdict.equivalent is True, [check for check in verdict.checks if not check.passed]
    report = json.loads((bundle / "report.json").read_text())
    schedule = json.loads((bundle / "schedule.json").read_text())
    links = len(report["per_link"])
    ebits = report["ebits"]
    assert report["pairs"] == 2 * links * ebits
    for kind in ("purify", "open"):
        figures = report["per_gadget"][kind]
        assert (figures["count"], figures["pairs"]) == (ebits, links * ebits)
    assert any("first time" in words for words in report["assumptions"])
    assert len(schedule["purifications"]) == ebits
    first = schedule["purifications"][0]
    assert (len(first["kept"]), len(first["sacrificed"])) == (links, links)
    parameter = ((4 * 0.93 - 1) / 3) ** links
    fidelity, success = bbpssw((1 + 3 * parameter) / 4)
    assert first["fidelity"] == pytest.approx(fidelity)
    assert first["success_probability"] == pytest.approx(success)
    names = [path.stem for path in (bundle / "nodes").iterdir()]
    assert sorted(first["repeated"]) == sorted(names)
    kinds = [message["kind"] for message in schedule["messages"]]
    assert kinds.count("herald") == 2 * links * ebits  # every node of the route but the sender
    owner = {pair["id"]: (pair["gadget"], pair["gadget_kind"]) for pair in schedule["epr"]}
    assert {owner[pair] for pair in first["sacrificed"]} == {(first["gadget"], "purify")}
    assert {owner[pair] for pair in first["kept"]} == {(first["gadget"] - 1, "open")}


def test_what_is_run_again_begins_with_a_reset_and_ends_with_a_herald(bundle: Path) -> None:
    schedule = json.loads((bundle / "schedule.json").read_text())
    for entry in schedule["purifications"]:
        for node, (first, last) in entry["repeated"].items():
            path = bundle / "nodes" / f"{node}.qasm"
            rows = read_flat_qasm(path.read_text(), source=path.name).statements[first : last + 1]
            assert (rows[0].name, rows[-1].name) == ("reset", "id")
            ends = {int(row.parameters[1]) for row in rows if row.name == "dqc_epr"}
            assert ends <= {*entry["kept"], *entry["sacrificed"]}


Change = Callable[[Any], None]


def entry(key: str, change: Callable[[Any], Any]) -> Change:
    def apply(content: Any) -> None:
        content["purifications"][0][key] = change(content["purifications"][0][key])

    return apply


def exchanged_pairs(content: Any) -> None:
    first = content["purifications"][0]
    first["kept"], first["sacrificed"] = first["sacrificed"], first["kept"]


def longer(key: str, end: int) -> Change:
    def apply(content: Any) -> None:
        content["purifications"][0]["repeated"][key][end] += 1 - 2 * (end == 0)

    return apply


def relabelled(message: Any) -> None:
    next(m for m in message["messages"] if m["kind"] == "herald")["kind"] = "condition"


def other_kind(content: Any) -> None:
    pair = content["purifications"][0]["sacrificed"][0]
    next(p for p in content["epr"] if p["id"] == pair)["gadget_kind"] = "open"


WRONG: dict[str, tuple[Change, str]] = {
    "none": (lambda c: c["purifications"].clear(), "every purification"),
    "one missing": (lambda c: c["purifications"].pop(), "every purification"),
    "twice": (lambda c: c["purifications"].append(c["purifications"][0]), "every purification"),
    "exchanged": (exchanged_pairs, "every purification"),
    "sacrificed": (entry("sacrificed", lambda pairs: [*pairs, 99]), "sacrificed not as"),
    "gadget": (entry("gadget", lambda gadget: gadget - 1), "gadget not as"),
    "outcomes": (entry("outcomes", lambda both: [both[0], both[0]]), "outcomes not as"),
    "begins early": (longer("b", 0), "repeated not as"),
    "ends late": (longer("a", 1), "repeated not as"),
    "node missing": (
        entry("repeated", lambda ranges: {"a": ranges["a"]}),
        "repeated not as",
    ),
    "probability": (entry("success_probability", lambda p: p + 1e-6), "success_probability not"),
    "fidelity": (entry("fidelity", lambda p: p - 1e-6), "fidelity not as"),
    "message": (relabelled, "kind not as"),
    "pair": (other_kind, "gadget_kind not as"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_entry_is_refused(bundle: Path, tmp_path: Path, name: str) -> None:
    change, words = WRONG[name]
    checks = verdict_on_changed(bundle, tmp_path, "schedule.json", change)
    assert words in checks["schedule"]


REPORTS: dict[str, tuple[Change, str]] = {
    "count": (lambda c: c["per_gadget"]["purify"].update(count=7), "per_gadget does not add up"),
    "pairs": (lambda c: c["per_gadget"]["purify"].update(pairs=7), "per_gadget does not add up"),
    "kind": (lambda c: c["per_gadget"].pop("purify"), "per_gadget does not add up"),
    "ebits": (
        lambda c: c.update(ebits=2 * c["ebits"], copies=c["copies"] + c["ebits"]),
        "e-bits are not the pairs that swaps and purification leave",
    ),
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_wrong_report_is_refused(bundle: Path, tmp_path: Path, name: str) -> None:
    change, words = REPORTS[name]
    checks = verdict_on_changed(bundle, tmp_path, "report.json", change)
    assert words in checks["figures"]


def verdict_on_changed(bundle: Path, directory: Path, name: str, change: Change) -> dict[str, str]:
    for source in bundle.rglob("*.*"):
        target = directory / source.relative_to(bundle)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    content = json.loads((directory / name).read_text())
    before = json.dumps(content)
    change(content)
    assert json.dumps(content) != before, "nothing was changed"
    (directory / name).write_text(json.dumps(content))
    verdict = verify_bundle(directory, BUNDLED)
    assert verdict.equivalent is False
    return {check.name: check.detail for check in verdict.checks if check.passed is False}


def test_a_plan_in_which_a_qubit_leaves_its_round_early_is_refused(tmp_path: Path) -> None:
    """Without the barrier the sacrificed half's qubit is reset before the herald has arrived."""
    network = chain(0, data=4, latency_ns=1e6)
    circuit = make_circuit(4, [("cz", (0, 2)), ("h", (0,)), ("cz", (0, 3))])
    graph = Segment().run(circuit)
    homes = [wire // 2 for wire in graph.segment_wire.tolist()]
    hosts = [homes[segment] for segment in graph.gate_segments[:, 1].tolist()]
    _, program = purified(make_placement(graph, network, homes, hosts))
    rows = list(program.statements())
    assert not timing_words(program, circuit)
    free = replace(
        program,
        **DistributedProgram.columns([row for row in rows if row.name != "barrier"]),
    )
    assert "does not wait for heralds" in timing_words(free, circuit)


def timing_words(program: DistributedProgram, circuit: Circuit) -> str:
    assert circuit_form(circuit)
    schedule = make_schedule_file(ListSchedule().run(program))
    return "; ".join(timing_problems(emitted_task(program), schedule))


@pytest.mark.parametrize("price", [0.0, 1e-2, inf])
def test_the_price_decides_how_many_rounds_there_are(price: float) -> None:
    placement = placed(PACKET, chain(0, fidelity=0.9), [0, 1, 1])
    plan, program = purified(placement, Purify(pair_price=price))
    assert int(plan.purified.sum()) == {0.0: 2, 1e-2: 2, inf: 0}[price]
    assert plan.pairs == program.pairs == 2 + plan.purified.sum()
    assert (plan.ebits, program.pairs - int(plan.purified.sum())) == (2, 2)
