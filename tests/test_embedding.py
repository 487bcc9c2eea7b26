"""Embedded segments: which there can be, what they save, and that the programs stay right."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dqc_compiler.costs.ebits import pairs
from dqc_compiler.costs.embedding import Gap, Join, find_gaps, joins
from dqc_compiler.ir import Circuit, DistributedProgram, Network, Placement, RemotePlan
from dqc_compiler.passes.embed import Embed
from dqc_compiler.passes.exact import solve_exactly
from dqc_compiler.passes.fuse import Fuse
from dqc_compiler.passes.insert_gadgets import InsertGadgets
from dqc_compiler.passes.join_visits import JoinVisits
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.segment import Segment
from dqc_compiler.verify.canonical import circuit_form
from dqc_compiler.verify.compare import first_difference
from dqc_compiler.verify.symbolic import recover
from tests.mutations_emitted import emitted_task
from tests.oracle import (
    assert_same_action,
    coins,
    random_interleaving,
)
from tests.strategies import (
    make_circuit,
    make_network,
    make_placement,
    moving_placements,
    networks,
    static_placements,
)
from tests.test_plan_visits import words

A, E, B, C, D = range(5)
MIDDLE = [("h", (A,)), ("cz", (A, B)), ("h", (A,))]
PACKET = [("rzz", (A, C), (0.7,)), ("rzz", (A, D), (0.7,))]
TURN = [("h", (C,)), ("h", (D,))]
SANDWICH = [*PACKET, *MIDDLE, *TURN, *PACKET]


def gaps_of(rows: list[tuple[object, ...]], qubits: int = 5, clbits: int = 0) -> tuple[Gap, ...]:
    return find_gaps(Segment().run(make_circuit(qubits, rows, clbits)))


def embed(placement: Placement, gaps: list[Gap]) -> Placement:
    """The same placement with these gaps embedded, and their gates at home."""
    embedded = sorted(segment for gap in gaps for segment in gap.segments)
    host = placement.gate_host.copy()
    for gate, pair in enumerate(placement.graph.gate_segments.tolist()):
        for segment in pair:
            if segment in embedded:
                host[gate] = placement.segment_home[segment]
    result = Placement(
        placement.graph, placement.network, placement.segment_home, host, tuple(embedded)
    )
    result.verify()
    return result


def compiled(placement: Placement) -> tuple[RemotePlan, DistributedProgram]:
    plan = JoinVisits().run(PlanVisits().run(placement))
    plan.verify()
    program = InsertGadgets().run(plan)
    program.verify()
    assert program.pairs == plan.pairs
    return plan, program


def assert_recovered(circuit: Circuit, program: DistributedProgram) -> None:
    form = recover(emitted_task(program))
    assert first_difference(circuit_form(circuit), form, circuit.qubits, circuit.clbits) is None


# -- gaps -------------------------------------------------------------------------------------


def test_gap_between_two_hadamards() -> None:
    assert gaps_of(SANDWICH) == (Gap(0, 2),)


@pytest.mark.parametrize(
    "between",
    [
        [("cz", (A, B)), ("cx", (A, C))],
        [("cp", (A, B), (-np.pi,))],
        [("crx", (B, A), (3 * np.pi,)), ("h", (A,)), ("z", (A,)), ("h", (A,)), ("cz", (A, C))],
        [("cz", (A, B)), ("s", (A,)), ("h", (A,)), ("cz", (A, B)), ("h", (A,)), ("sdg", (A,))],
    ],
)
def test_gap_over_controlled_paulis(between: list[tuple[object, ...]]) -> None:
    rows = [("cz", (A, C)), ("h", (A,)), *between, ("h", (A,)), ("cz", (A, C))]
    found = [gap for gap in gaps_of(rows) if gap.before == 0]
    if between[0][0] == "crx":  # about Z behind the Hadamard, as the gates around it: no gap
        assert not any(gap.behind == 1 for gap in found)
        return
    assert len(found) == 1


@pytest.mark.parametrize(
    "between",
    [
        [("cp", (A, B), (2.0,))],
        [("rzz", (A, B), (np.pi / 2,))],
        [("crx", (A, B), (np.pi,))],  # a phase is missing, which is a rotation of A
        [("t", (A,)), ("h", (A,)), ("cz", (A, B)), ("h", (A,)), ("tdg", (A,)), ("cz", (A, B))],
        [("cz", (A, B)), ("measure", (A,), (), 0)],
        [("cz", (A, B)), ("reset", (A,))],
        [("measure", (C,), (), 0), ("cz", (A, B)), ("z", (A,), (), None, ((0, True),))],
        [("measure", (C,), (), 0), ("cz", (A, B), (), None, ((0, True),))],
    ],
)
def test_no_gap(between: list[tuple[object, ...]]) -> None:
    rows = [("cz", (A, C)), ("h", (A,)), *between, ("h", (A,)), ("cz", (A, C))]
    graph = Segment().run(make_circuit(5, rows, 1))
    first, last = graph.wire_segments[:2].tolist()
    assert Gap(first, last - 1) not in find_gaps(graph)


# -- prices and plans -------------------------------------------------------------------------


def place(
    rows: list[tuple[object, ...]], homes: list[int], hosts: list[int], network: Network
) -> Placement:
    graph = Segment().run(make_circuit(len(homes), rows))
    by_segment = [homes[wire] for wire in graph.segment_wire.tolist()]
    return make_placement(graph, network, by_segment, hosts)


@pytest.mark.parametrize("comm", [2, None])
def test_two_pairs_instead_of_three(comm: int | None) -> None:
    placement = place(SANDWICH, [0, 0, 1, 1, 1], [1, 1, 0, 1, 1], make_network((2, 3), comm))
    chosen = embed(placement, [Gap(0, 2)])
    assert (pairs(placement), pairs(chosen)) == (3, 2)
    assert list(joins(chosen)) == [Join(0, 2, 1)]
    plan, program = compiled(chosen)
    assert plan.pairs == 2
    opened = [word for word in words(plan) if ">" in word]
    assert sorted(opened) == ["a>1", "c>0"]  # the third wire is b
    assert_same_action(placement.graph.circuit, program, coins(1), seed=1)
    assert_recovered(placement.graph.circuit, program)


def test_without_room_it_stays_three_pairs() -> None:
    """A pair for b would need a second comm qubit at each node."""
    placement = place(SANDWICH, [0, 0, 1, 1, 1], [1, 1, 0, 1, 1], make_network((2, 3), 1))
    plan, program = compiled(embed(placement, [Gap(0, 2)]))
    assert plan.pairs == 3
    assert_recovered(placement.graph.circuit, program)


def test_the_partners_visit_grows_if_there_is_room() -> None:
    """b's copy at a's node serves the embedded gate; b's own copy at d's node has to come early."""
    rows = [("rzz", (A, D), (0.7,)), *MIDDLE, ("rzz", (A, D), (0.7,)), ("rzz", (B, D), (0.3,))]
    homes, hosts = [0, 0, 1, 1, 2], [2, 0, 2, 2]
    for comm, price in ((3, 3), (None, 3), (1, 4)):
        placement = place(rows, homes, hosts, make_network((2, 2, 1), comm))
        plan, program = compiled(embed(placement, [Gap(0, 2)]))
        assert plan.pairs == price
        assert_recovered(placement.graph.circuit, program)


FRAMES = {"Z": (), "X": ("h",), "Y": ("h", "s")}
"""Gates that turn Z into an axis."""
BACK = {"Z": (), "X": ("h",), "Y": ("sdg", "h")}


def about(axis: str, a: int, b: int) -> list[tuple[object, ...]]:
    """A rotation about `axis` of a and Z of b, as a gate about Z."""
    turn = [(name, (a,)) for name in BACK[axis]]
    return [*turn, ("rzz", (a, b), (0.7,)), *((name, (a,)) for name in FRAMES[axis])]


EMBEDDED = {
    "Z": [("cx", (A, B)), ("cy", (A, B)), ("cz", (A, B)), ("cp", (A, B), (3 * np.pi,))],
    "X": [("cx", (B, A)), ("crx", (B, A), (np.pi,))],
    "Y": [("cy", (B, A)), ("cry", (B, A), (-np.pi,))],
}
"""Controlled Paulis by their axis on a."""
CASES = [
    (axis, gate)
    for axis in "XYZ"
    for letter, gates in EMBEDDED.items()
    for gate in gates
    if letter != axis
]


@pytest.mark.parametrize(("axis", "gate"), CASES)
def test_any_axes(axis: str, gate: tuple[object, ...]) -> None:
    """Copies of a at the home of b and at a third node, where b's own gate needs its copy."""
    also = {"cx": "rzx", "cy": "rzy"}.get(gate[0], "rzz") if gate[1] == (A, B) else "rzz"
    around = [*about(axis, A, D), *about(axis, A, C)]
    rows = [*around, gate, *around, (also, (D, B), (0.4,)), ("u", (A,), (0.2, 0.5, 0.9))]
    placement = place(rows, [0, 0, 1, 1, 2], [2, 1, 0, 2, 1, 2], make_network((2, 2, 1), 3))
    gaps = [gap for gap in find_gaps(placement.graph) if gap.before == 0]
    chosen = embed(placement, gaps)
    plan, program = compiled(chosen)
    assert plan.pairs == pairs(chosen) == pairs(placement) - 2
    assert_recovered(placement.graph.circuit, program)
    for seed in range(4):
        assert_same_action(placement.graph.circuit, program, coins(seed), seed=seed)


# -- random ones ------------------------------------------------------------------------------

PARTS = ("cx", "cy", "cz", "cz", "cx", "rzz", "rzx")


@st.composite
def embeddable(draw: st.DrawFn, *, max_qubits: int = 4, max_operations: int = 24) -> Circuit:
    """Circuits of few axes, so that there are gaps."""
    qubits = draw(st.integers(2, max_qubits))
    rows: list[tuple[object, ...]] = []
    for _ in range(draw(st.integers(6, max_operations))):
        if draw(st.integers(0, 3)) == 0:
            name = draw(st.sampled_from(("h", "h", "x", "s", "rz")))
            angle = (0.3,) if name == "rz" else ()
            rows.append((name, (draw(st.integers(0, qubits - 1)),), angle))
            continue
        name = draw(st.sampled_from(PARTS))
        a, b = draw(st.permutations(range(qubits)))[:2]
        rows.append((name, (a, b), (0.7,) if name.startswith("r") else ()))
    return make_circuit(qubits, rows)


@st.composite
def embedded_placements(draw: st.DrawFn, circuit: Circuit, comm, *, is_static: bool) -> Placement:
    graph = Segment().run(circuit)
    network = draw(networks(graph.wires, comm=comm))
    strategy = static_placements if is_static else moving_placements
    placement = draw(strategy(graph, network))
    chosen: list[Gap] = []
    for gap in draw(st.permutations(find_gaps(graph))):
        try:
            embed(placement, [*chosen, gap])
        except ValueError:
            continue
        if all(gap.behind <= o.before or o.behind <= gap.before for o in chosen):
            chosen.append(gap)
    return embed(placement, chosen)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data(), st.booleans())
def test_programs_of_random_placements(data: st.DataObject, is_static: bool) -> None:
    circuit = data.draw(embeddable())
    comm = data.draw(st.sampled_from([(1, 2), (2, 3), (None,), (None,)]))
    placement = data.draw(embedded_placements(circuit, comm, is_static=is_static))
    plain = PlanVisits().run(placement)
    plan, program = compiled(placement)
    assert plan.pairs <= plain.pairs
    assert_recovered(circuit, program)
    assert_same_action(circuit, program, coins(1), seed=1)
    assert_same_action(circuit, program, coins(2), seed=1, order=random_interleaving(program, 1))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.data(), st.booleans())
def test_unlimited_memory_attains_the_price(data: st.DataObject, is_static: bool) -> None:
    circuit = data.draw(embeddable(max_qubits=5, max_operations=40))
    placement = data.draw(embedded_placements(circuit, (None,), is_static=is_static))
    last = placement.segment_home[placement.graph.wire_segments[1:] - 1].tolist()
    nodes = placement.network.nodes
    assume(all(last.count(i) <= node.data_qubits for i, node in enumerate(nodes)))
    # Two qubits at one node that visit another one together may join both visits at once, which no
    # search asks for and the price does not count on.
    homes = placement.segment_home[placement.graph.gate_segments]
    is_together = homes[:, 0] == homes[:, 1]
    assume((placement.gate_host == homes[:, 0])[is_together].all())
    plan, _ = compiled(placement)
    assert plan.pairs == pairs(placement)


def test_random_placements_do_join() -> None:
    """The tests above are about something: visits are joined, with and without limits."""
    joined = {None: 0, 2: 0}
    for seed in range(40):
        circuit = clifford_and_phase(seed, qubits=4, gates=16)
        graph = Segment().run(circuit)
        for comm in joined:
            start = Placement.static(graph, make_network((2, 2), comm), np.array([0, 0, 1, 1]))
            chosen = Embed(seed=seed).run(start)
            chosen.verify()
            plain = PlanVisits().run(chosen).pairs
            plan, program = compiled(chosen)
            assert_recovered(circuit, program)
            joined[comm] += plain - plan.pairs
    assert min(joined.values()) > 5


# -- the search -------------------------------------------------------------------------------


def clifford_and_phase(seed: int, *, qubits: int, gates: int) -> Circuit:
    """Gates about Paulis, mostly within halves of the qubits; some rotate by an odd angle."""
    chance = random.Random(seed)
    half = qubits // 2
    rows: list[tuple[object, ...]] = []
    while gates:
        if chance.random() < 0.35:
            rows.append((chance.choice(["h", "h", "s"]), (chance.randrange(qubits),)))
            continue
        a = chance.randrange(qubits)
        others = [q for q in range(qubits) if q != a]
        b = chance.choice([q for q in others if q // half == a // half or chance.random() < 0.6])
        kind = chance.random()
        two = "cz" if kind < 0.4 else "cx" if kind < 0.8 else "rzz"
        rows.append((two, (a, b), (0.7,) if two == "rzz" else ()))
        gates -= 1
    return Fuse().run(make_circuit(qubits, rows)).circuit


@pytest.mark.parametrize(("seed", "best", "embedded"), [(10, 3, 2), (22, 4, 3), (25, 3, 2)])
def test_random_clifford_and_phase_circuits_save_a_pair(
    seed: int, best: int, embedded: int
) -> None:
    """Fewer pairs than any placement needs that embeds nothing, homes that move included."""
    graph = Segment().run(clifford_and_phase(seed, qubits=6, gates=18))
    network = make_network((3, 3), None)
    static = solve_exactly(graph, network, is_static=True)
    assert solve_exactly(graph, network, known=static.placement).lower_bound == best
    found = [Embed(seed=s, effort=3).run(static.placement) for s in (0, 1)]
    chosen = min(found, key=pairs)
    assert pairs(chosen) == embedded
    plan, program = compiled(chosen)
    assert plan.pairs == embedded
    assert_recovered(graph.circuit, program)


def pinned(*qubits: int) -> list[tuple[object, ...]]:
    """Gates about all axes, which nobody wants to do from afar."""
    return [
        (name, pair, (0.3,))
        for pair in itertools.combinations(qubits, 2)
        for name in ("rzz", "rxx", "ryy")
    ]


@pytest.mark.parametrize("repeats", [1, 2])
def test_packets_of_one_qubit_become_one(repeats: int) -> None:
    """Fan-outs of a, as in a GHZ state, with a CNOT onto a in between: one copy for all of them."""
    pins = [*pinned(A, E), *pinned(B, C, D)]
    rows = [*pins, *PACKET, *(MIDDLE + TURN + PACKET) * repeats, *pins]
    graph = Segment().run(make_circuit(5, rows))
    solution = solve_exactly(graph, make_network((2, 3), None))
    assert solution.lower_bound == 2 + repeats
    assert pairs(Embed().run(solution.placement)) == 2


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data(), st.booleans(), st.integers(0, 100))
def test_never_dearer(data: st.DataObject, is_static: bool, seed: int) -> None:
    graph = Segment().run(data.draw(embeddable(max_qubits=5, max_operations=30)))
    network = data.draw(networks(graph.wires, comm=(None,)))
    strategy = static_placements if is_static else moving_placements
    placement = data.draw(strategy(graph, network))
    chosen = Embed(seed=seed, effort=0.1).run(placement)
    chosen.verify()
    assert pairs(chosen) <= pairs(placement)
    assert chosen.segment_home is placement.segment_home
    again = Embed(seed=seed, effort=0.1).run(placement)
    assert (again.embedded, again.gate_host.tolist()) == (
        chosen.embedded,
        chosen.gate_host.tolist(),
    )
