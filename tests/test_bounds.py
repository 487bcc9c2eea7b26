"""Lower bounds: against exact Schmidt ranks, brute force, and whatever the compiler emits."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from math import ceil, log2, pi
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqc_compiler.costs import bounds_weights
from dqc_compiler.costs.bounds import (
    fixed_homes_bound,
    lower_bound_pairs,
    placements_bound,
)
from dqc_compiler.costs.bounds_chain import chain_bound, find_chain
from dqc_compiler.costs.bounds_clifford import CliffordCircuit, gf2_rank
from dqc_compiler.costs.bounds_dense import DenseCircuit
from dqc_compiler.costs.bounds_form import NotCoveredError, find_form
from dqc_compiler.costs.bounds_pairwise import PairwiseCircuit
from dqc_compiler.costs.bounds_sides import Sides, certain_rank
from dqc_compiler.costs.bounds_weights import Weights, weight_rank
from dqc_compiler.costs.bounds_windows import clique_bound, find_windows
from dqc_compiler.costs.ebits import pairs
from dqc_compiler.ir import Bound, Circuit, Link, Network, Placement
from dqc_compiler.passes import exact
from dqc_compiler.passes.cover import Cover
from dqc_compiler.passes.exact import is_proven_optimal, solve_exactly
from dqc_compiler.passes.insert_gadgets import InsertGadgets
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.search_presences import SearchPresences
from dqc_compiler.passes.segment import Segment
from dqc_compiler.pipeline import compile_circuit
from tests.oracle import MATRICES, State
from tests.strategies import (
    CLIFFORD_ONE,
    circuits,
    make_circuit,
    make_network,
    make_placement,
    moving_placements,
    networks,
    static_placements,
)

quick = settings(max_examples=60, deadline=None, derandomize=True)


# -- circuits ---------------------------------------------------------------------------------


def measured_at_the_end(draw: st.DrawFn, qubits: int) -> list[tuple[object, ...]]:
    chosen = draw(st.lists(st.integers(0, qubits - 1), unique=True))
    return [("measure", (q,), (), q) for q in chosen]


@st.composite
def clifford_circuits(draw: st.DrawFn, max_qubits: int = 4) -> Circuit:
    """Clifford gates between any one-qubit gates at the start and at the end."""
    qubits = draw(st.integers(2, max_qubits))
    wild = st.tuples(st.just("u"), st.integers(0, qubits - 1), st.floats(0.1, 3))
    rows: list[tuple[object, ...]] = [
        ("u", (q,), (t, t / 2, -t)) for _, q, t in draw(st.lists(wild, max_size=3))
    ]
    for _ in range(draw(st.integers(1, 20))):
        a, b = draw(st.permutations(range(qubits)))[:2]
        name = draw(st.sampled_from((*CLIFFORD_ONE, "cx", "cy", "cz", "cp", "crx", "rzz", "swap")))
        if name in CLIFFORD_ONE:
            rows.append((name, (a,)))
        elif name in ("cp", "crx"):
            rows.append((name, (a, b), (draw(st.sampled_from((pi, -pi, 2 * pi))),)))
        elif name == "rzz":
            rows.append((name, (a, b), (pi / 2 * draw(st.integers(-3, 4)),)))
        else:
            rows.append((name, (a, b)))
    if not draw(st.booleans()):
        return make_circuit(qubits, rows, qubits)
    return make_circuit(qubits, rows + measured_at_the_end(draw, qubits), qubits)


@st.composite
def diagonal_circuits(draw: st.DrawFn, max_qubits: int = 5) -> Circuit:
    """Hadamards, phases of any angle, one-qubit gates, measurements."""
    qubits = draw(st.integers(2, max_qubits))
    angles = st.sampled_from((pi, pi / 2, pi / 4, 0.3, 0.3, 2 * pi)) | st.floats(0.05, 3)
    rows: list[tuple[object, ...]] = [("h", (q,)) for q in range(qubits)]
    for _ in range(draw(st.integers(1, 10))):
        a, b = draw(st.permutations(range(qubits)))[:2]
        rows.append((draw(st.sampled_from(("cp", "rzz", "crz"))), (a, b), (draw(angles),)))
    rows += [("ry", (q,), (0.4,)) for q in range(qubits) if draw(st.booleans())]
    return make_circuit(qubits, rows + measured_at_the_end(draw, qubits), qubits)


@st.composite
def layered_circuits(draw: st.DrawFn, max_qubits: int = 4) -> Circuit:
    """Two layers of phases with turns of any kind in between, and gates of one side before them."""
    qubits = draw(st.integers(2, max_qubits))
    angles = st.sampled_from((pi, pi / 2, pi / 4, pi / 8, 0.3, 0.3)) | st.floats(0.05, 3)
    rows: list[tuple[object, ...]] = []
    for _ in range(2):
        for _ in range(draw(st.integers(1, 5))):
            a, b = draw(st.permutations(range(qubits)))[:2]
            rows.append((draw(st.sampled_from(("cp", "rzz", "crz"))), (a, b), (draw(angles),)))
        for q in range(qubits):
            name = draw(st.sampled_from(("h", "rx", "ry", "x", "id")))
            rows.append((name, (q,), (draw(angles),) if name in ("rx", "ry") else ()))
    return make_circuit(qubits, rows + measured_at_the_end(draw, qubits), qubits)


@st.composite
def finished_circuits(draw: st.DrawFn) -> Circuit:
    """Any gates, then measurements; tiny angles count, but singular values cannot tell them."""
    circuit = draw(circuits(max_operations=14))
    qubits = len(circuit.qubits)
    rows = [
        row._replace(parameters=tuple(round(angle, 1) for angle in row.parameters))
        for row in circuit.operations()
    ]
    return make_circuit(qubits, [*rows, *measured_at_the_end(draw, qubits)], qubits)


def ghz(qubits: int) -> Circuit:
    return make_circuit(qubits, [("h", (0,)), *(("cx", (q, q + 1)) for q in range(qubits - 1))])


def fourier(qubits: int) -> Circuit:
    rows: list[tuple[object, ...]] = []
    for q in range(qubits):
        rows.append(("h", (q,)))
        rows += [("cp", (p, q), (pi / 2 ** (p - q),)) for p in range(q + 1, qubits)]
    return make_circuit(qubits, rows)


def qaoa(qubits: int, edges: Sequence[tuple[int, int]], layers: int = 2) -> Circuit:
    rows: list[tuple[object, ...]] = [("h", (q,)) for q in range(qubits)]
    for layer in range(layers):
        rows += [("rzz", edge, (0.4 + layer,)) for edge in edges]
        rows += [("rx", (q,), (0.7 + layer,)) for q in range(qubits)]
    return make_circuit(qubits, rows)


def random_clifford(qubits: int, gates: int, seed: int) -> Circuit:
    choose = random.Random(seed)
    rows: list[tuple[object, ...]] = []
    for _ in range(gates):
        rows.append(("cx", tuple(choose.sample(range(qubits), 2))))
        rows.append((choose.choice(("h", "s")), (choose.randrange(qubits),)))
    return make_circuit(qubits, rows)


def placed(circuit: Circuit, network: Network, homes: Sequence[int]) -> Placement:
    graph = Segment().run(circuit)
    return Cover().run(Placement.static(graph, network, np.array(homes, np.int32)))


def contiguous(circuit: Circuit, nodes: int) -> Placement:
    qubits = len(circuit.qubits)
    homes = [q * nodes // qubits for q in range(qubits)]
    return placed(circuit, make_network([homes.count(i) for i in range(nodes)], None), homes)


# -- ranks ------------------------------------------------------------------------------------


def schmidt_coefficients(placement: Placement, inside: set[int]) -> np.ndarray:
    """Of the final state, each qubit starting as half of a Bell pair; in descending order."""
    graph, circuit = placement.graph, placement.graph.circuit
    qubits = range(len(circuit.qubits))
    work = State(constant=dict.fromkeys([*qubits, *(("start", q) for q in qubits)], 0))
    for q in qubits:
        work.add_bell_pair(q, ("start", q))
    for row in circuit.operations():
        if row.name == "measure":
            work.measure(row.qubits[0], 0)
        elif row.name not in ("barrier", "delay"):
            work.apply(MATRICES[row.name](*row.parameters), row.qubits)
    end_home = placement.segment_home[graph.wire_segments[1:] - 1]
    home = {("start", q): int(placement.start_home[q]) for q in qubits}
    home |= {q: int(end_home[graph.end_wire[q]]) for q in qubits}
    axes = sorted(range(len(work.labels)), key=lambda axis: home[work.labels[axis]] not in inside)
    count = sum(home[label] in inside for label in work.labels)
    return np.linalg.svd(work.tensor.transpose(axes).reshape(1 << count, -1), compute_uv=False)


def exact_log_rank(placement: Placement, inside: set[int]) -> int:
    values = schmidt_coefficients(placement, inside)
    return ceil(log2((values > 1e-9 * values.max()).sum()))


def all_sides(placement: Placement) -> list[tuple[set[int], Sides]]:
    end_home = placement.segment_home[placement.graph.wire_segments[1:] - 1]
    nodes = range(len(placement.network.nodes))
    cuts = [set(cut) for size in nodes for cut in itertools.combinations(nodes, size)]
    return [
        (cut, Sides(np.isin(placement.start_home, [*cut]), np.isin(end_home, [*cut])))
        for cut in cuts
    ]


def assert_exact_ranks(placement: Placement, kind: type) -> None:
    form = find_form(placement.graph)
    assert form is not None
    certificate = kind(form)
    for inside, sides in all_sides(placement):
        assert certificate.log_rank(sides) == exact_log_rank(placement, inside), inside


def any_placement(data: st.DataObject, circuit: Circuit) -> Placement:
    graph = Segment().run(circuit)
    network = data.draw(networks(graph.wires, comm=(None,)))
    kind = data.draw(st.sampled_from((static_placements, moving_placements)))
    return data.draw(kind(graph, network))


@quick
@given(st.data())
def test_ranks_of_clifford_circuits(data: st.DataObject) -> None:
    circuit = data.draw(clifford_circuits())
    placement = any_placement(data, circuit)
    form = find_form(placement.graph)
    assert form is not None
    try:
        CliffordCircuit(form)
    except NotCoveredError:
        # A random one-qubit gate at the start leaves a frame; one measured crookedly does not.
        assert any(row.name == "u" for row in circuit.operations())
        assert form.measured
        return
    assert_exact_ranks(placement, CliffordCircuit)


@quick
@given(st.data())
def test_ranks_of_diagonal_circuits(data: st.DataObject) -> None:
    assert_exact_ranks(any_placement(data, data.draw(diagonal_circuits())), PairwiseCircuit)


@settings(quick, max_examples=200)
@given(st.data())
def test_ranks_of_what_has_two_segments_per_wire(data: st.DataObject) -> None:
    """Layers, and any other circuit, of which a cut may leave no more than two segments."""
    kind = data.draw(st.sampled_from((layered_circuits, finished_circuits, clifford_circuits)))
    placement = any_placement(data, data.draw(kind()))
    certificate = PairwiseCircuit(find_form(placement.graph))
    for inside, sides in all_sides(placement):
        found = certificate.log_rank(sides)
        assert found is None or found == exact_log_rank(placement, inside), inside


@quick
@given(st.data())
def test_small_widths_only_weaken_ranks(data: st.DataObject) -> None:
    placement = any_placement(data, data.draw(layered_circuits()))
    certificate = PairwiseCircuit(find_form(placement.graph))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounds_weights, "_WIDTH", data.draw(st.integers(1, 2)))
        patch.setattr(bounds_weights, "_WIDTH_COMPLEX", 1)
        for inside, sides in all_sides(placement):
            found = certificate.log_rank(sides)
            assert found is None or found <= exact_log_rank(placement, inside), inside


def test_local_gates_at_either_end_do_not_matter() -> None:
    """Three segments of each wire, but one gate over the cut."""
    rows = [("cz", (0, 1)), ("h", (1,)), ("cp", (1, 2), (0.3,)), ("h", (1,)), ("cz", (0, 1))]
    placement = contiguous(make_circuit(4, [*rows, ("h", (2,)), ("cz", (2, 3))]), 2)
    certificate = PairwiseCircuit(find_form(placement.graph))
    assert [certificate.log_rank(sides) for _, sides in all_sides(placement)] == [0, 1, 1]
    back_and_forth = make_circuit(4, [("cp", (1, 2), (0.3,)), ("h", (1,)), *rows])
    between = contiguous(back_and_forth, 2)
    certificate = PairwiseCircuit(find_form(between.graph))
    assert [certificate.log_rank(sides) for _, sides in all_sides(between)] == [0, None, None]


@quick
@given(st.data())
def test_ranks_of_any_small_circuit(data: st.DataObject) -> None:
    assert_exact_ranks(any_placement(data, data.draw(finished_circuits())), DenseCircuit)


@quick
@given(st.data())
def test_small_circuits_are_multiplied_with_the_right_signs(data: st.DataObject) -> None:
    """Ranks hardly depend on signs, Schmidt coefficients do."""
    placement = any_placement(data, data.draw(circuits(max_operations=20)))
    form = find_form(placement.graph)
    assert form is not None
    tensor = DenseCircuit(form).tensor / 2 ** (placement.graph.wires / 2)
    for inside, sides in all_sides(placement):
        mine = np.concatenate([sides.ends, sides.starts])
        matrix = tensor.transpose(np.argsort(~mine)).reshape(1 << int(mine.sum()), -1)
        found = np.linalg.svd(matrix, compute_uv=False)
        assert np.allclose(found, schmidt_coefficients(placement, inside), atol=1e-9)


@pytest.mark.parametrize(
    "rows",
    [
        [("cp", (0, 1), (0.6,)), ("x", (0,)), ("cp", (0, 1), (0.6,))],
        [
            ("rxx", (0, 1), (0.7,)),
            ("crz", (2, 0), (0.6,)),
            ("x", (0,)),
            ("crz", (2, 0), (0.6,)),
            ("rxx", (0, 1), (-0.7,)),
        ],
    ],
)
def test_what_cancels_needs_no_pairs(rows: list[tuple[object, ...]]) -> None:
    """Between two gates that undo each other there is nothing but an X."""
    assert value(contiguous(make_circuit(3, rows), 3)) == 0


def test_only_its_own_kind_is_covered() -> None:
    one_t = [("cz", (0, 1)), ("h", (0,)), ("t", (0,)), ("h", (0,)), ("cz", (0, 1))]
    covered = {
        CliffordCircuit: (ghz(3), [fourier(3), make_circuit(2, one_t)]),
        PairwiseCircuit: (fourier(20), [ghz(513)]),
        DenseCircuit: (fourier(8), [ghz(9)]),
    }
    for kind, (good, bad) in covered.items():
        kind(find_form(Segment().run(good)))
        for circuit in bad:
            with pytest.raises(NotCoveredError):
                kind(find_form(Segment().run(circuit)))


@given(st.lists(st.integers(0, 63), max_size=8))
def test_rank_over_gf2_counts_what_the_vectors_span(vectors: list[int]) -> None:
    span = {0}
    for vector in vectors:
        span |= {vector ^ other for other in span}
    assert 2 ** gf2_rank(vectors) == len(span)


def full_rank(weights: Weights) -> int:
    bits = [np.array(list(itertools.product((0, 1), repeat=n))) for n in weights.shape]
    return certain_rank(np.exp(bits[0] @ (weights.log + 1j * weights.phase) @ bits[1].T))


def phases(table: np.ndarray) -> Weights:
    return Weights.of(table, np.zeros_like(table))


def tables(*values: float) -> st.SearchStrategy[np.ndarray]:
    return st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
        lambda shape: st.lists(
            st.sampled_from(values), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]
        ).map(lambda found: np.array(found, dtype=float).reshape(shape))
    )


phase_tables = tables(0, 0, 0, 0.6, 0.6, pi, pi / 2, 2.2)


@quick
@given(phase_tables, st.integers(1, 3))
def test_rank_of_weights_never_exceeds_the_rank(table: np.ndarray, width: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounds_weights, "_WIDTH", width)
        assert weight_rank(phases(table)) <= full_rank(phases(table))


@quick
@given(phase_tables, tables(0, 0, 0.5, -1.3, 0.5))
def test_rank_of_small_parts_is_exact(table: np.ndarray, log: np.ndarray) -> None:
    assert weight_rank(phases(table)) == full_rank(phases(table))
    both = Weights.of(table, np.resize(log, table.shape))
    assert weight_rank(both) == full_rank(both)


def test_rank_of_known_tables() -> None:
    chain = np.eye(20) + np.eye(20, k=1)  # every row has its own column: no limit to its size
    assert weight_rank(phases(chain)) == 2**20
    assert weight_rank(phases(np.full((3, 3), pi))) == 2  # like the rank over GF(2)
    assert weight_rank(phases(np.full((3, 3), 0.3))) == 4  # depends on the sum of the bits only
    assert weight_rank(phases(np.zeros((3, 3)))) == 1
    assert weight_rank(phases(np.full((3, 3), 2 * pi))) == 1


def vandermonde(rows: int, columns: int) -> np.ndarray:
    """Between qubits of a Fourier transform; all phases differ, but hardly."""
    return pi / 2.0 ** (rows + columns - 1 - np.arange(rows)[:, None] - np.arange(columns))


def rank_modulo(table: np.ndarray, turns: int) -> int:
    """Rank of the matrix with phases pi table / 2^turns, over a field with such roots of one.

    Minors are sums of roots of one with whole coefficients, and these carry over to the field: what
    is not zero there is not zero. So this is a lower bound on the rank, without rounding.
    """
    prime = 998_244_353  # 3 generates the multiplicative group; 2^23 divides its order
    root = pow(3, (prime - 1) >> (turns + 1), prime)
    bits = [np.array(list(itertools.product((0, 1), repeat=n))) for n in table.shape]
    exponent = bits[0] @ table @ bits[1].T
    rows = [[pow(root, int(e), prime) for e in row] for row in exponent]
    rank = 0
    for column in range(len(rows[0])):
        found = next((row for row in rows[rank:] if row[column]), None)
        if found is None:
            continue
        rows.remove(found)
        rows.insert(rank, found)
        inverse = pow(found[column], -1, prime)
        for row in rows[rank + 1 :]:
            factor = row[column] * inverse % prime
            row[:] = [(a - factor * b) % prime for a, b in zip(row, found, strict=True)]
        rank += 1
    return rank


@pytest.mark.parametrize("shape", [(2, 3), (3, 3), (4, 3), (5, 5)])
def test_vandermonde_matrices_have_full_rank(shape: tuple[int, int]) -> None:
    """Rounding hides most of the singular values of the larger ones."""
    table = vandermonde(*shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounds_weights, "_WIDTH", 1)
        for found in (table, table[:, ::-1], table.T):
            assert weight_rank(phases(found)) == 2 ** min(shape)
    turns = sum(shape)
    assert rank_modulo((table / pi * 2**turns).round().astype(int), turns) == 2 ** min(shape)


@quick
@given(st.lists(st.integers(0, 7), min_size=2, max_size=5), st.integers(2, 4))
def test_equal_nodes_of_a_vandermonde_matrix_count_once(nodes: list[int], columns: int) -> None:
    table = pi / 4 * np.array(nodes)[:, None] * 2.0 ** np.arange(columns)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounds_weights, "_WIDTH", 1)
        assert weight_rank(phases(table)) <= full_rank(phases(table))


# -- bounds against programs ------------------------------------------------------------------


@quick
@given(st.data())
def test_no_placement_beats_the_bound(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from((clifford_circuits, diagonal_circuits, finished_circuits)))
    placement = any_placement(data, data.draw(kind()))
    bound = lower_bound_pairs(placement)
    assert bound is not None
    assert bound.allows(pairs(placement))
    best = Cover().run(placement)
    assert bound.allows(pairs(best))
    restricted = fixed_homes_bound(placement)
    assert (restricted is None) == (not placement.is_static)
    if restricted is not None:
        assert restricted.value == pairs(best)
        assert restricted.scope != bound.scope


@quick
@given(st.data())
def test_no_program_beats_the_bound(data: st.DataObject) -> None:
    graph = Segment().run(data.draw(finished_circuits()))
    placement = data.draw(static_placements(graph, data.draw(networks(graph.wires))))
    program = InsertGadgets().run(PlanVisits().run(placement))
    bound = lower_bound_pairs(placement)
    assert bound is not None
    assert bound.allows(program.pairs)


@pytest.mark.parametrize(
    "circuit", [ghz(6), fourier(6), random_clifford(6, 20, 1), random_clifford(8, 30, 2)]
)
@pytest.mark.parametrize("nodes", [2, 3])
def test_compiled_circuits_keep_the_bound(circuit: Circuit, nodes: int) -> None:
    data = -(-len(circuit.qubits) // nodes)
    for comm in (1, None):
        result = compile_circuit(circuit, make_network([data] * nodes, comm))
        bound = lower_bound_pairs(result.placement)
        assert bound is not None
        assert 0 < bound.value <= result.program.pairs


def test_a_program_with_a_pair_too_few_is_refuted() -> None:
    placement = contiguous(ghz(8), 4)
    program = InsertGadgets().run(PlanVisits().run(placement))
    bound = lower_bound_pairs(placement)
    assert bound is not None
    assert bound.allows(program.pairs)
    assert not bound.allows(program.pairs - 1)


def test_an_inflated_certificate_is_refuted_by_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = CliffordCircuit.log_rank
    monkeypatch.setattr(CliffordCircuit, "log_rank", lambda self, sides: honest(self, sides) + 1)
    placement = contiguous(ghz(10), 2)
    bound = lower_bound_pairs(placement)
    assert bound is not None
    assert not bound.allows(pairs(placement))


# -- known values -----------------------------------------------------------------------------


def value(placement: Placement) -> int:
    bound = lower_bound_pairs(placement)
    assert bound is not None
    return bound.value


@pytest.mark.parametrize("nodes", [1, 2, 3, 4, 8, 10])
def test_ghz_needs_one_pair_less_than_nodes(nodes: int) -> None:
    placement = contiguous(ghz(20), nodes)
    assert value(placement) == nodes - 1 == pairs(placement)


def test_fourier_transform_of_four_qubits_needs_two_pairs() -> None:
    """Both phases of qubit 0, then both of qubit 1, reach over the cut: one copy of each."""
    placement = contiguous(fourier(4), 2)
    assert lower_bound_pairs(placement) == Bound(
        2, "Schmidt ranks by weights of two segments", "every protocol"
    )
    assert pairs(placement) == 2


def test_half_pairs_are_rounded_up() -> None:
    """Three gates between three nodes: one pair across each cut, 1.5 in all."""
    rows = [("cz", pair) for pair in ((0, 1), (1, 2), (0, 2))]
    assert value(contiguous(make_circuit(3, rows), 3)) == 2


def test_exchanging_two_qubits_by_gates_needs_two_pairs() -> None:
    by_gates = make_circuit(2, [("cx", (0, 1)), ("cx", (1, 0)), ("cx", (0, 1))])
    assert value(contiguous(by_gates, 2)) == 2
    relabelled = make_circuit(2, [("swap", (0, 1))])
    assert value(contiguous(relabelled, 2)) == 0


def test_a_change_of_home_counts() -> None:
    rows = [("cz", (0, 1)), ("h", (0,)), ("cz", (0, 1)), ("h", (0,)), ("cz", (0, 1))]
    graph = Segment().run(make_circuit(3, rows))
    network = make_network((2, 2), None)
    assert value(make_placement(graph, network, [0, 1, 1, 1, 0], [1, 1, 1])) == 1
    # Three gates at one node, and both qubits come back: only the circuit as a whole counts.
    assert value(make_placement(graph, network, [0, 0, 0, 0, 1], [0, 0, 0])) == 0


def test_what_is_measured_needs_less() -> None:
    """Z after GHZ can be measured before it, and the outcomes added by hand."""
    measured = [*ghz(6).operations(), *(("measure", (q,), (), q) for q in range(6))]
    assert value(contiguous(make_circuit(6, measured, 6), 3)) == 0
    gate = [("cz", (0, 1)), ("h", (1,)), ("measure", (1,), (), 0)]
    # X of one qubit after the gate: the other one's Z has to reach it, or the other way round.
    assert value(contiguous(make_circuit(2, gate, 1), 2)) == 1
    assert value(contiguous(make_circuit(2, [gate[0], gate[2]], 1), 2)) == 0


def test_pairs_are_counted_on_links() -> None:
    """A gate between the ends of a line takes a pair on each of its two links."""
    full = make_network((1, 1, 1), None)
    line = Network(full.nodes, (Link(between=(0, 1)), Link(between=(1, 2))))
    gate = make_circuit(3, [("cz", (0, 2))])
    assert value(placed(gate, full, [0, 1, 2])) == 1
    assert value(placed(gate, line, [0, 1, 2])) == 2


@pytest.mark.parametrize(
    "rows",
    [
        [("cz", (0, 1)), ("reset", (0,))],
        [("measure", (0,), (), 0), ("x", (1,), (), None, ((0, True),)), ("cz", (0, 1))],
        [("cz", (0, 1)), ("measure", (0,), (), 0), ("h", (0,))],
        [("cz", (0, 1)), ("measure", (0,), (), 0), ("cz", (0, 1))],
    ],
)
def test_dynamic_circuits_have_no_bound(rows: list[tuple[object, ...]]) -> None:
    assert lower_bound_pairs(contiguous(make_circuit(2, rows, 1), 2)) is None


def test_large_circuits_of_other_kinds_have_no_bound() -> None:
    ring = [(q, (q + 1) % 10) for q in range(10)]
    assert lower_bound_pairs(contiguous(qaoa(10, ring, layers=3), 2)) is None


@pytest.mark.parametrize("nodes", [2, 4])
def test_fourier_transforms_need_a_pair_per_qubit(nodes: int) -> None:
    """Between two nodes of 16; four nodes of 8 need at least as much in total."""
    placement = contiguous(fourier(32), nodes)
    assert value(placement) >= 16
    if nodes == 2:
        assert value(placement) == pairs(placement) == 16


def test_layers_of_a_ring_need_two_pairs_each() -> None:
    ring = [(q, (q + 1) % 20) for q in range(20)]
    placement = contiguous(qaoa(20, ring), 2)
    assert value(placement) == pairs(placement) == 4


# -- all placements ---------------------------------------------------------------------------


def bound_anywhere(placement: Placement) -> Bound:
    return placements_bound(placement.graph, placement.network)


def turns(n: int, missing: Sequence[tuple[int, int]] = ()) -> Circuit:
    """Every qubit controls all later ones after its Hadamard, but for some pairs."""
    rows: list[tuple[object, ...]] = []
    for q in range(n):
        rows += [("h", (q,))]
        rows += [("cp", (q, t), (1.0 + t,)) for t in range(q + 1, n) if (q, t) not in missing]
    return make_circuit(n, rows)


@quick
@given(st.data())
def test_no_placement_beats_the_windows(data: st.DataObject) -> None:
    """The search space by the exact mode, and windows one by one by the same."""
    kind = data.draw(st.sampled_from((layered_circuits, finished_circuits, clifford_circuits)))
    graph = Segment().run(data.draw(kind()))
    network = data.draw(networks(graph.wires, comm=(None,), spare=0))
    optimum = solve_exactly(graph, network, time_limit=20)
    assert optimum.is_optimal
    assert clique_bound(graph, network) <= optimum.lower_bound
    for is_single in (True, False):
        total = 0
        for window in find_windows(graph, is_single=is_single):
            alone = window.graph()
            alone.verify()
            total += solve_exactly(alone, network, time_limit=20).lower_bound
        assert total <= optimum.lower_bound


def test_cliques_of_wires() -> None:
    bound = bound_anywhere(contiguous(fourier(32), 2))
    assert bound == Bound(16, "cliques of wires", "every placement")
    everyone = list(itertools.combinations(range(8), 2))
    assert bound_anywhere(contiguous(qaoa(8, everyone, layers=3), 2)).value == 3 * 4
    ring = [(q, (q + 1) % 8) for q in range(8)]
    assert bound_anywhere(contiguous(qaoa(8, ring), 2)).value == 0
    assert bound_anywhere(contiguous(qaoa(8, everyone), 1)).value == 0


@quick
@given(st.data())
def test_no_placement_beats_a_chain(data: st.DataObject) -> None:
    """Those that the search finds, and the optimum, found without the bound."""
    n = data.draw(st.integers(3, 6))
    everyone = list(itertools.combinations(range(n), 2))
    missing = data.draw(st.lists(st.sampled_from(everyone), max_size=3))
    sizes = data.draw(st.lists(st.integers(1, n - 1), min_size=2, max_size=4))
    sizes += [1] * (n - sum(sizes))
    network = make_network(tuple(sizes), None)
    homes = np.repeat(np.arange(len(sizes)), sizes)[:n].tolist()
    start = placed(turns(n, missing), network, homes)
    graph = start.graph
    bound = chain_bound(graph, network)
    for seed in range(3):
        assert bound <= pairs(SearchPresences(seed=seed, effort=0.1).run(start))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "placements_bound", lambda *_: Bound(0, "none", "every placement"))
        optimum = solve_exactly(graph, network, time_limit=30)
    assert optimum.is_optimal
    assert bound <= optimum.lower_bound == pairs(optimum.placement)


@quick
@given(layered_circuits())
def test_wires_of_a_chain_control_each_other_in_turn(circuit: Circuit) -> None:
    graph = Segment().run(circuit)
    gates = {frozenset(pair) for pair in graph.gate_segments.tolist()}
    chain = find_chain(graph)
    assert chain or not gates
    for (i, cut), (j, other) in itertools.combinations(chain, 2):
        late = range(cut, graph.wire_segments[i + 1])
        early = range(graph.wire_segments[j], other)
        assert any(frozenset((s, t)) in gates for s in late for t in early)


@pytest.mark.parametrize(
    ("qubits", "sizes", "pairs_at_least"),
    [(16, (5,) * 4, 12), (16, (4,) * 4, 16), (12, (7, 2, 2, 1), 6), (20, (4,) * 5, 24)],
)
def test_fourier_transforms_are_distributed_optimally(
    qubits: int, sizes: tuple[int, ...], pairs_at_least: int
) -> None:
    result = compile_circuit(fourier(qubits), make_network(sizes, None))
    bound = bound_anywhere(result.placement)
    assert bound.value == result.program.pairs == pairs_at_least
    assert is_proven_optimal(result.placement)


def test_a_pair_that_meets_again_begins_a_window() -> None:
    graph = Segment().run(qaoa(4, list(itertools.combinations(range(4), 2)), layers=3))
    windows = find_windows(graph, is_single=False)
    assert [(len(window.wires), len(window.edges)) for window in windows] == [(4, 6)] * 3
    (single,) = find_windows(graph, is_single=True)
    assert (len(single.wires), len(single.edges)) == (4, 6)


def test_hundreds_of_qubits_are_no_effort() -> None:
    placement = contiguous(random_clifford(200, 2000, 5), 4)
    started = process_time()
    assert 100 < value(placement) <= pairs(placement)
    assert process_time() - started < 5  # a tenth of that when nothing else runs
