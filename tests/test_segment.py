"""Segments: hand-made cases, and a slow definition with 2x2 matrices that shares no code."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqc_compiler.ir import Circuit, SegmentGraph
from dqc_compiler.passes.segment import Segment
from tests.oracle import MATRICES
from tests.strategies import circuits, make_circuit

CZ, CX = ("cz", (0, 1)), ("cx", (0, 1))


def segmented(qubits: int, rows: list[tuple[object, ...]], clbits: int = 0) -> SegmentGraph:
    graph = Segment().run(make_circuit(qubits, rows, clbits))
    graph.verify()
    return graph


def segments_of_wire(graph: SegmentGraph, wire: int) -> int:
    return int(np.diff(graph.wire_segments)[wire])


@pytest.mark.parametrize(
    ("between", "same", "sign"),
    [
        ([], True, 1),
        (["h"], False, 1),
        (["h", "h"], True, 1),
        (["h", "z", "h"], True, -1),
        (["h", "s", "h"], False, 1),
        (["x"], True, -1),
        (["y"], True, -1),
        (["z"], True, 1),
        (["x", "t", "y"], True, 1),
        (["s"], True, 1),
        (["t", "p", "rz", "sdg"], True, 1),
        (["sx"], False, 1),
        (["sx", "sx"], True, -1),
        (["sx", "sxdg"], True, 1),
        (["id"], True, 1),
        (["rx"], False, 1),
    ],
)
def test_one_qubit_gates_between_two_cz(between: list[str], same: bool, sign: int) -> None:
    angles = {"p": (0.3,), "rz": (1.1,), "rx": (0.4,)}
    rows = [(name, (0,), angles.get(name, ())) for name in between]
    graph = segmented(2, [CZ, *rows, CZ])
    assert segments_of_wire(graph, 0) == (1 if same else 2)
    assert segments_of_wire(graph, 1) == 1
    assert graph.gate_signs.tolist() == [[1, 1], [sign, 1]]


@pytest.mark.parametrize(
    ("angles", "sign"),
    [((np.pi, 0.7, -1.2), -1), ((0.0, 0.7, -1.2), 1), ((2 * np.pi, 0.1, 0.2), 1)],
)
def test_antidiagonal_and_diagonal_u_keep_the_axis(
    angles: tuple[float, float, float], sign: int
) -> None:
    graph = segmented(2, [CZ, ("u", (0,), angles), CZ])
    assert graph.segments == 2
    assert graph.gate_signs.tolist()[1][0] == sign


def test_rotation_about_the_own_axis_of_a_target() -> None:
    assert segmented(2, [CX, ("rx", (1,), (0.3,)), CX]).segments == 2
    assert segmented(2, [CX, ("rz", (1,), (0.3,)), CX]).segments == 3
    assert (
        segmented(2, [("cy", (0, 1)), ("ry", (1,), (0.3,)), ("ryy", (1, 0), (0.2,))]).segments == 3
    )


def test_axes_are_those_of_the_gate_in_the_frame_of_the_start() -> None:
    graph = segmented(2, [("h", (0,)), CZ, ("s", (1,)), ("cy", (0, 1))])
    assert graph.segment_axis == pytest.approx(np.array([[1, 0, 0], [0, 0, 1], [1, 0, 0]]))


def test_swap_relabels_and_is_no_gate() -> None:
    """After a swap, the second gate meets the same wires in the other order."""
    graph = segmented(3, [("cz", (0, 1)), ("swap", (0, 1)), ("cz", (0, 2)), ("swap", (1, 2))])
    assert graph.gate_operation.tolist() == [0, 2]
    assert graph.gate_wires.tolist() == [[0, 1], [1, 2]]
    assert graph.segments == 3
    assert graph.operand_wire.tolist() == [0, 1, 0, 1, 1, 2, 0, 2]
    assert graph.end_wire.tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    "row",
    [
        ("measure", (0,), (), 0),
        ("reset", (0,)),
        ("x", (0,), (), None, ((0, True),)),
        ("z", (0,), (), None, ((0, False),)),
    ],
)
def test_measurement_reset_and_condition_end_a_segment(row: tuple[object, ...]) -> None:
    graph = segmented(2, [CZ, row, CZ], 1)
    assert [segments_of_wire(graph, wire) for wire in (0, 1)] == [2, 1]


def test_conditional_two_qubit_gate_stands_alone() -> None:
    conditional = ("cz", (0, 1), (), None, ((0, True),))
    graph = segmented(2, [CZ, conditional, CZ], 1)
    assert graph.gate_segments.tolist() == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize("row", [("barrier", (0, 1)), ("delay", (0,), (100.0,))])
def test_barrier_and_delay_end_nothing(row: tuple[object, ...]) -> None:
    assert segmented(2, [CZ, row, CZ]).segments == 2


def test_reset_starts_a_new_frame() -> None:
    graph = segmented(2, [("h", (0,)), ("reset", (0,)), CZ])
    assert graph.segment_axis[0].tolist() == [0, 0, 1]


def test_every_wire_has_a_segment() -> None:
    graph = segmented(3, [("h", (0,))])
    assert (graph.wires, graph.segments, graph.gates) == (3, 3, 0)
    assert segmented(0, []).wires == 0


def test_long_runs_do_not_drift() -> None:
    turns = [("t", (0,)), ("h", (0,))] * 2000
    back = [("h", (0,)), ("tdg", (0,))] * 2000
    assert segmented(2, [CZ, *turns, *back, CZ]).segments == 2


# -- against a slow definition ----------------------------------------------------------------

CODE = {name: MATRICES[name]() for name in ("x", "y", "z")}
GENERATORS = {
    "cx": "zx", "cy": "zy", "cz": "zz", "cp": "zz", "crx": "zx", "cry": "zy", "crz": "zz",
    "rxx": "xx", "ryy": "yy", "rzz": "zz", "rzx": "zx", "rzy": "zy",
}  # fmt: skip


def slow_segments(circuit: Circuit) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """(wire, number of the segment on it) of both operands of each gate.

    Two gates share a segment iff the operators that they apply to the qubit, taken back to the
    last event that ends a segment, commute; conditional gates share with nobody.
    """
    wire_at = list(range(len(circuit.qubits)))
    since = [np.eye(2, dtype=complex) for _ in wire_at]  # product of gates on each wire
    number = [-1] * len(wire_at)
    axis: list[np.ndarray | None] = [None] * len(wire_at)
    result = []
    for row in circuit.operations():
        wires = [wire_at[q] for q in row.qubits]
        if row.name == "swap":
            a, b = row.qubits
            wire_at[a], wire_at[b] = wire_at[b], wire_at[a]
        elif row.name in ("measure", "reset") or (row.condition and len(wires) == 1):
            axis[wires[0]] = None
        elif row.name in GENERATORS:
            places = []
            for wire, letter in zip(wires, GENERATORS[row.name], strict=True):
                operator = since[wire].conj().T @ CODE[letter] @ since[wire]
                known = axis[wire]
                if (
                    row.condition
                    or known is None
                    or not np.allclose(known @ operator, operator @ known, atol=1e-7)
                ):
                    number[wire] += 1
                axis[wire] = None if row.condition else operator
                places.append((wire, number[wire]))
            result.append(tuple(places))
        elif row.name not in ("barrier", "delay"):
            since[wires[0]] = MATRICES[row.name](*row.parameters) @ since[wires[0]]
    return result


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.sampled_from((0, 2)).flatmap(lambda clbits: circuits(max_operations=30, clbits=clbits)))
def test_segments_are_those_of_the_slow_definition(circuit: Circuit) -> None:
    graph = Segment().run(circuit)
    graph.verify()
    first = graph.wire_segments.tolist()
    wire = graph.segment_wire.tolist()
    got = [
        tuple((wire[s], s - first[wire[s]]) for s in pair) for pair in graph.gate_segments.tolist()
    ]
    assert got == slow_segments(circuit)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(circuits(max_operations=30))
def test_signs_and_axes_give_back_each_gate(circuit: Circuit) -> None:
    """Sign times axis, seen through the gates before it, is the Pauli of the gate."""
    graph = Segment().run(circuit)
    wire_at = list(range(len(circuit.qubits)))
    since = [np.eye(2, dtype=complex) for _ in wire_at]
    gate = 0
    for row in circuit.operations():
        wires = [wire_at[q] for q in row.qubits]
        if row.name == "swap":
            a, b = row.qubits
            wire_at[a], wire_at[b] = wire_at[b], wire_at[a]
        elif row.name in GENERATORS:
            for side, letter in enumerate(GENERATORS[row.name]):
                axis = graph.segment_axis[graph.gate_segments[gate, side]]
                sign = graph.gate_signs[gate, side]
                operator = sum(sign * n * CODE[p] for n, p in zip(axis, "xyz", strict=True))
                here = since[wires[side]] @ operator @ since[wires[side]].conj().T
                assert here == pytest.approx(CODE[letter], abs=1e-6)
            gate += 1
        else:
            since[wires[0]] = MATRICES[row.name](*row.parameters) @ since[wires[0]]
    assert gate == graph.gates


# -- levels -----------------------------------------------------------------------------------


def levels(graph: SegmentGraph, wire: int) -> list[int]:
    """The wire's levels, operation by operation, counted from 0."""
    found = graph.operand_level[graph.operand_wire == wire].tolist()
    return [sorted(set(found)).index(level) for level in found]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([CZ, ("t", (0,)), CZ], [0, 0, 0]),
        ([CX, ("rz", (0,), (0.1,)), CZ], [0, 0, 0]),
        ([CZ, ("id", (0,)), CZ], [0, 0, 0]),
        ([CZ, ("x", (0,)), CZ], [0, 1, 2]),
        ([("rx", (0,), (0.3,)), ("rxx", (0, 1), (0.1,)), ("x", (0,))], [0, 0, 0]),
        ([CZ, ("barrier", (0, 1)), CZ], [0, 1, 2]),
        ([CZ, ("delay", (0,), (5.0,)), CZ], [0, 1, 2]),
        ([CZ, ("u", (0,), (0.0, 0.0, 0.3)), CZ], [0, 1, 2]),
        ([CZ, ("measure", (0,), (), 0), ("z", (0,), (), None, ((0, True),)), CZ], [0, 1, 2, 3]),
        ([("measure", (0,), (), 0), ("cz", (0, 1), (), None, ((0, True),)), CZ], [0, 1, 2]),
        ([CZ, ("reset", (0,)), CZ], [0, 1, 2]),
    ],
)
def test_operations_share_a_level_as_long_as_they_commute(
    rows: list[tuple[object, ...]], expected: list[int]
) -> None:
    assert levels(segmented(2, rows, 1), 0) == expected


@settings(max_examples=200, deadline=None, derandomize=True)
@given(circuits(max_qubits=4, max_operations=20))
def test_operations_of_one_level_commute(circuit: Circuit) -> None:
    """Any two that share a wire: products of their matrices on the wires of both are equal."""
    graph = Segment().run(circuit)
    graph.verify()
    start = circuit.operand_start.tolist()
    rows = list(circuit.operations())
    places = [
        dict(zip(graph.operand_wire[a:b].tolist(), graph.operand_level[a:b].tolist(), strict=True))
        for a, b in itertools.pairwise(start)
    ]
    for j, later in enumerate(rows):
        for i, earlier in enumerate(rows[:j]):
            common = places[i].keys() & places[j].keys()
            is_ordered = any(places[i][wire] != places[j][wire] for wire in common)
            if not common or is_ordered or "swap" in (earlier.name, later.name):
                continue
            if {earlier.name, later.name} & {"barrier", "delay"}:
                pytest.fail("what is no gate shares a level")
            wires = sorted(places[i].keys() | places[j].keys())
            one, other = (
                expanded(row.name, row.parameters, list(place), wires)
                for row, place in ((earlier, places[i]), (later, places[j]))
            )
            np.testing.assert_allclose(one @ other, other @ one, atol=1e-9)


def expanded(name: str, angles: tuple[float, ...], on: list[int], wires: list[int]) -> np.ndarray:
    """The gate's matrix on all of the wires, the first as the high digit."""
    gate = MATRICES[name](*angles).reshape((2,) * (2 * len(on)))
    axes = [wires.index(wire) for wire in on]
    whole = np.eye(2 ** len(wires), dtype=complex).reshape((2,) * (2 * len(wires)))
    moved = np.tensordot(gate, whole, axes=(range(len(on), 2 * len(on)), axes))
    return np.moveaxis(moved, range(len(on)), axes).reshape((2 ** len(wires),) * 2)
