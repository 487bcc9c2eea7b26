"""Fusing: known cases, equal unitaries, and a price that never rises."""

from __future__ import annotations

import itertools
from collections import Counter
from math import pi
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import Operator

from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.ir import Circuit, Operation, SegmentGraph
from dqc_compiler.ir.rewriting import Rewriting
from dqc_compiler.passes.fuse import Fuse
from dqc_compiler.passes.segment import Segment
from tests.circuit_oracle import assert_same_unitary, rebuilt, run_table
from tests.growth import growth
from tests.strategies import circuits, make_circuit

BENCHMARKS = Path(__file__).parents[1] / "benchmarks" / "circuits"
SLOW = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Row = tuple[object, ...]
CX, CX10, CZ = ("cx", (0, 1)), ("cx", (1, 0)), ("cz", (0, 1))


def one(name: str, qubit: int, *angles: float) -> Row:
    return (name, (qubit,), angles)


def two(name: str, a: int, b: int, *angles: float) -> Row:
    return (name, (a, b), angles)


def fused(qubits: int, rows: list[Row], clbits: int = 0) -> Rewriting:
    result = Fuse().run(make_circuit(qubits, rows, clbits))
    result.verify()
    return result


def written(result: Rewriting) -> list[tuple[object, ...]]:
    """The operations as rows with angles in units of pi."""
    return [
        (row.name, row.qubits, *(round(angle / pi, 9) for angle in row.parameters))
        for row in result.circuit.operations()
    ]


def one_qubit_gates(circuit: Circuit) -> int:
    return sum(len(row.qubits) == 1 for row in circuit.operations())


KNOWN: dict[str, tuple[list[Row], list[tuple[object, ...]]]] = {
    "cx rz cx": ([CX, one("rz", 1, 0.3 * pi), CX], [("rzz", (0, 1), 0.3)]),
    "reversed": ([CX10, one("rz", 0, 0.3 * pi), CX10], [("rzz", (1, 0), 0.3)]),
    "cx rz cx with gates around": (
        [one("h", 1), CX, one("rz", 1, 0.3 * pi), CX, one("rx", 1, 0.2 * pi)],
        [("h", (1,)), ("rzz", (0, 1), 0.3), ("rx", (1,), 0.2)],
    ),
    "cu1 in qelib1": (
        [
            one("p", 0, pi / 8), CX, one("p", 1, -pi / 8), CX, one("p", 1, pi / 8),
        ],
        [("cp", (0, 1), 0.25)],
    ),
    "crz": ([one("rz", 1, 0.2 * pi), CX, one("rz", 1, -0.2 * pi), CX], [("crz", (0, 1), 0.4)]),
    "cry": ([one("ry", 1, 0.2 * pi), CX, one("ry", 1, -0.2 * pi), CX], [("cry", (0, 1), 0.4)]),
    "crx": (
        [one("rx", 1, 0.2 * pi), CZ, one("rx", 1, -0.2 * pi), CZ],
        [("crx", (0, 1), 0.4)],
    ),
    "cy": ([one("sdg", 1), CX, one("s", 1), one("rz", 1, 0.0)], None),  # one gate: left alone
    "cz of cx": ([one("h", 1), CX, one("h", 1), CZ], []),
    "two cx": ([CX, CX], []),
    "two cz, reversed": ([CZ, two("cz", 1, 0)], []),
    "cx x cx": ([CX, one("x", 1), CX], [("x", (1,))]),
    "cx z cx": ([CX, one("z", 1), CX], [("z", (0,)), ("z", (1,))]),
    "cp cp": ([two("cp", 0, 1, 0.25 * pi), two("cp", 1, 0, 0.5 * pi)], [("cp", (0, 1), 0.75)]),
    "cz cp": ([CZ, two("cp", 0, 1, -0.5 * pi)], [("cp", (0, 1), 0.5)]),
    "rzz rzz": ([two("rzz", 0, 1, 0.3), two("rzz", 0, 1, -0.3)], []),
    "half of cp and half": ([two("cp", 0, 1, pi / 2), two("cp", 0, 1, pi / 2)], [("cz", (0, 1))]),
    "others between": (
        [CX, two("cz", 0, 2), one("rz", 1, 0.3 * pi), one("t", 0), CX],
        [("rzz", (0, 1), 0.3), ("cz", (0, 2)), ("t", (0,))],
    ),
    "others on the target": (
        [CX, two("cx", 2, 1), CX],
        [("cx", (2, 1))],
    ),
    "a flip of the control": (
        [CX, one("x", 0), one("rz", 1, 0.3 * pi), CX, one("x", 0)],
        [("rzz", (0, 1), 0.3), ("x", (1,))],
    ),
    "a change of basis": (
        [CZ, one("h", 0), two("cx", 2, 0), one("h", 0), CZ],
        [("cz", (0, 2))],
    ),
    "hadamards that cancel": ([CZ, one("h", 0), one("h", 0), CZ], []),
    "xx as zz": (
        [one("h", 0), one("h", 1), CX, one("rz", 1, 0.3 * pi), CX, one("h", 0), one("h", 1)],
        [("h", (0,)), ("h", (1,)), ("rzz", (0, 1), 0.3), ("h", (0,)), ("h", (1,))],
    ),
    "a swap": ([CX, CX10, CX], [("swap", (0, 1))]),
    "a swap and a half": ([CX, CX10, CX, CX10], [("swap", (0, 1)), ("cx", (1, 0))]),
    "two swaps": ([CX, CX10, CX, CX10, CX, CX10], [("swap", (0, 1)), ("swap", (1, 0))]),
    "something between": ([CX, CX10, two("cz", 1, 2), CX], None),
    "su(4) stays": (
        [CX, one("ry", 0, 0.3), one("rz", 1, 0.4), CX10, one("ry", 0, 0.6), CX],
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", KNOWN)
def test_known_case(case: str) -> None:
    rows, wanted = KNOWN[case]
    result = fused(3, rows)
    assert_same_unitary(result.circuit, rebuilt(result.original))
    if wanted is None:
        assert result.circuit.two_qubit_gates == result.original.two_qubit_gates
        assert result.steps == ()
    else:
        assert written(result) == wanted


@pytest.mark.parametrize("angles", [(0.3, 1.1, -0.7), (pi / 2, 0.2, 0.4), (2.0, 0.0, 0.0)])
def test_a_controlled_unitary_becomes_one_gate(angles: tuple[float, ...]) -> None:
    """A X B X C with A B C = 1, as in Barenco et al., Phys. Rev. A 52, 3457 (1995)."""
    theta, phi, lam = angles
    rows = [
        one("p", 0, (lam + phi) / 2), one("p", 1, (lam - phi) / 2), CX,
        one("u", 1, -theta / 2, 0.0, -(phi + lam) / 2), CX, one("u", 1, theta / 2, phi, 0.0),
    ]  # fmt: skip
    result = fused(2, rows)
    assert result.circuit.two_qubit_gates == 1
    assert one_qubit_gates(result.circuit) <= 4
    assert_same_unitary(result.circuit, rebuilt(result.original))


@pytest.mark.parametrize("angle", [1e-6, 1e-8, 1e-10, 1e-12, pi - 1e-8, pi + 1e-9])
@pytest.mark.parametrize("between", ["id", "y", "h", "sx"])
def test_angles_next_to_nothing(angle: float, between: str) -> None:
    rows = [CX, one(between, 1), two("cp", 0, 1, angle), one(between, 1), CX]
    for part in (rows, rows[:3], rows[2:]):
        result = fused(2, part)
        assert_same_unitary(result.circuit, rebuilt(result.original), margin=1e-10)


def test_a_toffoli_gate_loses_segments() -> None:
    rows = [
        one("h", 2), two("cx", 1, 2), one("tdg", 2), two("cx", 0, 2), one("t", 2), two("cx", 1, 2),
        one("tdg", 2), two("cx", 0, 2), one("t", 1), one("t", 2), one("h", 2), two("cx", 0, 1),
        one("t", 0), one("tdg", 1), two("cx", 0, 1),
    ]  # fmt: skip
    result = fused(3, rows)
    before, after = (Segment().run(c) for c in (result.original, result.circuit))
    assert (before.gates, after.gates) == (6, 5)
    assert after.segments < before.segments
    assert_same_unitary(result.circuit, rebuilt(result.original))


BARRED: dict[str, Row] = {
    "barrier": ("barrier", (1,)),
    "barrier on the control": ("barrier", (0,)),
    "delay": ("delay", (1,), (10.0,)),
    "measurement": ("measure", (1,), (), 0),
    "measurement of the control": ("measure", (0,), (), 0),
    "reset": ("reset", (1,)),
    "condition": ("rz", (1,), (0.3,), None, ((0, True),)),
    "condition on the control": ("x", (0,), (), None, ((0, True),)),
    "conditional gate": ("cx", (0, 1), (), None, ((0, True),)),
    "swap": ("swap", (1, 2)),
}


@pytest.mark.parametrize("case", BARRED)
def test_nothing_is_fused_across(case: str) -> None:
    rows = [CX, one("rz", 1, 0.3), BARRED[case], CX]
    assert fused(3, rows, 1).steps == ()


@pytest.mark.parametrize("case", BARRED)
def test_what_is_elsewhere_is_in_nobodys_way(case: str) -> None:
    name, qubits, *rest = BARRED[case]
    rows = [CX, one("rz", 1, 0.3), (name, tuple(q + 2 for q in qubits), *rest), CX]
    assert fused(5, rows, 1).circuit.two_qubit_gates == 1 + (len(qubits) == 2)


def test_the_other_gates_of_a_segment_may_stand_behind_a_barrier() -> None:
    rows = [
        two("cx", 1, 2), ("barrier", (2,)), two("cx", 0, 2), one("rz", 2, 0.3), two("cx", 0, 2),
    ]  # fmt: skip
    assert fused(3, [*rows[1:]]).circuit.two_qubit_gates == 1
    assert fused(3, rows).circuit.two_qubit_gates == 2
    assert fused(3, [*rows, ("barrier", (2,)), two("cx", 1, 2)]).steps == ()


def test_the_other_gates_of_a_segment_may_stand_behind_a_swap() -> None:
    rows = [two("cx", 0, 2), one("rz", 2, 0.3), two("cx", 0, 2)]
    around = [two("cx", 1, 3), ("swap", (2, 3)), *rows, ("swap", (2, 3)), two("cx", 1, 3)]
    assert fused(4, around).steps == ()


def test_lines_and_phase_are_kept() -> None:
    rows = [Operation(*CX, line=3), Operation("rz", (1,), (0.3,), line=5), Operation(*CX, line=9)]
    circuit = Circuit.from_operations("a", ["q[0]", "q[1]"], [], rows, global_phase=0.7)
    result = Fuse().run(circuit)
    assert [row.line for row in result.circuit.operations()] == [9]
    assert result.circuit.global_phase == pytest.approx(0.7)


def test_a_circuit_without_anything_to_fuse_stays_as_it_is() -> None:
    circuit = make_circuit(2, [CX, one("h", 1), ("measure", (1,), (), 0)], 1)
    result = Fuse().run(circuit)
    assert list(result.circuit.operations()) == list(circuit.operations())
    assert len(fused(0, []).circuit) == 0


@SLOW
@given(circuits(max_operations=40))
def test_the_unitary_is_kept_with_its_phase(circuit: Circuit) -> None:
    result = Fuse().run(circuit)
    result.verify()
    assert_same_unitary(result.circuit, rebuilt(circuit), margin=1e-8)


@SLOW
@given(circuits(max_operations=30, clbits=2), st.lists(st.integers(0, 1), min_size=30, max_size=30))
def test_every_measurement_outcome_is_kept(circuit: Circuit, outcomes: list[int]) -> None:
    result = Fuse().run(circuit)
    result.verify()
    runs = [run_table(table, outcomes) for table in (circuit, result.circuit)]
    assert runs[0].bits == runs[1].bits
    a, b = (run.tensor.reshape(-1) for run in runs)
    assert abs(abs(np.vdot(a, b)) - np.linalg.norm(a) * np.linalg.norm(b)) < 1e-8
    assert np.linalg.norm(a) == pytest.approx(np.linalg.norm(b))


@SLOW
@given(circuits(max_operations=40, clbits=1))
def test_gates_become_fewer(circuit: Circuit) -> None:
    result = Fuse().run(circuit)
    gone = circuit.two_qubit_gates - result.circuit.two_qubit_gates
    assert gone >= 0
    # Each gate that goes may leave up to three rotations more than there were.
    assert one_qubit_gates(result.circuit) <= one_qubit_gates(circuit) + 3 * gone
    before, after = (Segment().run(c) for c in (circuit, result.circuit))
    assert after.segments <= before.segments
    assert not any(step.rule == "fuse" for step in Fuse().run(result.circuit).steps)


def cheapest(graph: SegmentGraph, ends: list[tuple[int, int]], *, static: bool = False) -> int:
    """Fewest pairs on two nodes, over all homes and hosts; qubits start and end as given.

    `static`: wires stay where they start.
    """
    qubit_of_wire = {wire: qubit for qubit, wire in enumerate(graph.end_wire.tolist())}
    first = graph.wire_segments
    best = None
    choices = [(ends[wire][0],) if static else (0, 1) for wire in graph.segment_wire.tolist()]
    for homes in itertools.product(*choices):
        chains = []
        for wire, (start, _) in enumerate(ends):
            segments = range(first[wire], first[wire + 1])
            end = start if static else ends[qubit_of_wire[wire]][1]
            chains.append([(None, start), *((s, homes[s]) for s in segments), (None, end)])
        for hosts in itertools.product((0, 1), repeat=graph.gates):
            present: dict[int, set[int]] = {}
            for pair, host in zip(graph.gate_segments.tolist(), hosts, strict=True):
                for segment in pair:
                    present.setdefault(segment, set()).add(host)
            pairs = sum(
                len((present.get(segment, set()) | {after}) - {home})
                for chain in chains
                for (segment, home), (_, after) in itertools.pairwise(chain)
            )
            best = pairs if best is None else min(best, pairs)
    assert best is not None
    return best


def test_two_busy_segments_are_left_alone() -> None:
    """A gate about a third axis between them is no better, and worse where no qubit can move."""
    rest = [two("cx", 1, 3), two("cx", 2, 3)]
    rows = [two("cx", 0, 3), *rest, one("rz", 3, 0.3), two("cx", 0, 3), *rest]
    by_hand = [*rest, two("rzz", 0, 3, 0.3), *rest]
    assert fused(4, rows).steps == ()
    ends = [(0, 0), (0, 0), (0, 0), (1, 1)]
    graphs = [Segment().run(make_circuit(4, circuit)) for circuit in (rows, by_hand)]
    assert [cheapest(graph, ends) for graph in graphs] == [2, 2]
    assert [cheapest(graph, ends, static=True) for graph in graphs] == [2, 3]


def assert_not_dearer(circuit: Circuit, data: st.DataObject, *, static: bool) -> None:
    before = Segment().run(circuit)
    if before.segments + before.gates > 12:
        return
    after = Segment().run(Fuse().run(circuit).circuit)
    node = st.integers(0, 1)
    ends = [(data.draw(node), data.draw(node)) for _ in circuit.qubits]
    assert cheapest(after, ends, static=static) <= cheapest(before, ends, static=static)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(circuits(max_qubits=3, max_operations=12), st.booleans(), st.data())
def test_the_best_price_never_rises(circuit: Circuit, static: bool, data: st.DataObject) -> None:
    swaps = any(step.rule == "swap" for step in Fuse().run(circuit).steps)
    assert_not_dearer(circuit, data, static=static and not swaps)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(circuits(max_qubits=3, max_operations=8), st.integers(0, 8), st.data())
def test_the_best_price_never_rises_by_a_swap(
    circuit: Circuit, position: int, data: st.DataObject
) -> None:
    rows = list(circuit.operations())
    rows[position:position] = [Operation(*row) for row in (CX, CX10, CX)]
    assert_not_dearer(make_circuit(len(circuit.qubits), rows), data, static=False)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("qaoa3reg_8", 48, 24),
        ("qaoa3reg_64", 384, 192),
        ("qaoaer_32", 484, 242),
        ("mqt_draper_qft_adder_32", 512, 376),
        ("mqt_multiplier_16", 848, 460),
        ("mctr_8", 30, 23),
        ("rca_32", 241, 181),
        ("mqt_ae_16", 177, 134),
        ("uccsd_8", 1472, 847),
        ("qv_16", 384, 384),
        ("qftns_64", 1763, 1763),
        ("mqt_vqe_two_local_16", 360, 360),
    ],
)
def test_benchmark_counts(name: str, before: int, after: int) -> None:
    circuit = read_circuit(BENCHMARKS / f"{name}.qasm")
    result = Fuse().run(circuit)
    assert (circuit.two_qubit_gates, result.circuit.two_qubit_gates) == (before, after)
    assert one_qubit_gates(result.circuit) <= one_qubit_gates(circuit)


def test_the_controlled_phases_of_the_draper_adder_are_recognised() -> None:
    circuit = read_circuit(BENCHMARKS / "mqt_draper_qft_adder_32.qasm")
    names = Counter(row.name for row in Fuse().run(circuit).circuit.operations())
    assert names == {"cp": 360, "cz": 16, "h": 32}


@pytest.mark.parametrize("name", ["qaoa3reg_8", "rca_8", "pauli_8", "cpfrac9_8", "mctr_8"])
def test_benchmark_circuits_keep_their_unitary(name: str) -> None:
    circuit = read_circuit(BENCHMARKS / f"{name}.qasm")
    found, wanted = (Operator(rebuilt(c)).data for c in (Fuse().run(circuit).circuit, circuit))
    assert abs(found - wanted).max() < 1e-9


def test_the_time_is_linear() -> None:
    def ladder(gates: int) -> None:
        rows: list[Row] = []
        for i in range(gates // 2):
            a, b = i % 50, (i * 7 + 1) % 50 + 50
            rows += [two("cx", a, b), one("rz", b, 0.1 * (i % 30)), two("cx", a, b), one("h", a)]
        Fuse().run(make_circuit(100, rows))

    assert growth(ladder, 400) < 1.4


def test_the_time_is_linear_for_long_segments() -> None:
    def star(gates: int) -> None:
        half = [two("cx", 0, j) for j in range(1, gates // 2)]
        turns = [one("rz", j, 0.1 * (j % 30 + 1)) for j in range(1, gates // 2)]
        result = Fuse().run(make_circuit(gates // 2, [*half, *turns, *half]))
        assert result.circuit.two_qubit_gates == gates // 2 - 1

    assert growth(star, 400) < 1.4
