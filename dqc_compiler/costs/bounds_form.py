"""A circuit as lower bounds see it: two-body rotations, and how each wire ends."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin
from typing import NamedTuple

import numpy as np

from dqc_compiler.ir import Operation, SegmentGraph
from dqc_compiler.ir.circuit import NOT_UNITARY

Vector = tuple[float, float, float]

TOLERANCE = 1e-9
"""Angles and axes that differ by less are taken as equal, as in the segments themselves."""


class NotCoveredError(ValueError):
    """A kind of certificate does not cover this circuit."""


class TwoBody(NamedTuple):
    """exp(-i angle/2 P(x)Q) times exp(-i own/2 P) and exp(-i own/2 Q), up to phase.

    P and Q are plus the axes of the two segments, in the initial frames of the wires.
    """

    segments: tuple[int, int]
    angle: float
    own: tuple[float, float]


@dataclass(frozen=True)
class Form:
    """A circuit up to one-qubit gates at the very end of wires that are not measured.

    `gates` in program order; `measured` maps a wire that ends by a measurement to the axis that is
    measured, in the wire's initial frame.
    """

    graph: SegmentGraph
    gates: tuple[TwoBody, ...]
    measured: dict[int, Vector]


_FIXED_ANGLE: dict[str, float] = {"cx": pi, "cy": pi, "cz": pi}  # as controlled phases
_PHASES = ("cx", "cy", "cz", "cp")
_CONTROLLED = ("crx", "cry", "crz")

# theta, phi, lambda of exp(i..) Rz(phi) Ry(theta) Rz(lambda)
_EULER: dict[str, Vector] = {
    "id": (0, 0, 0), "x": (pi, 0, pi), "y": (pi, pi / 2, pi / 2), "z": (0, 0, pi),
    "h": (pi / 2, 0, pi), "s": (0, 0, pi / 2), "sdg": (0, 0, -pi / 2), "t": (0, 0, pi / 4),
    "tdg": (0, 0, -pi / 4), "sx": (pi / 2, -pi / 2, pi / 2), "sxdg": (-pi / 2, -pi / 2, pi / 2),
}  # fmt: skip


def find_form(graph: SegmentGraph) -> Form | None:
    """The form of a circuit, None if it is more than gates and, at the end, measurements."""
    measured: set[int] = set()
    one_qubit: list[list[Operation]] = [[] for _ in range(graph.wires)]
    starts = graph.circuit.operand_start.tolist()
    for index, row in enumerate(graph.circuit.operations()):
        wires = graph.operand_wire[starts[index] : starts[index + 1]].tolist()
        if row.condition or row.name == "reset":
            return None
        if row.name == "measure":
            measured.update(wires)
        elif row.name not in NOT_UNITARY and row.name != "swap":
            if not measured.isdisjoint(wires):
                return None
            if len(wires) == 1:
                one_qubit[wires[0]].append(row)
    axes = {wire: _measured_axis(one_qubit[wire]) for wire in sorted(measured)}
    return Form(graph, tuple(_two_body_gates(graph)), axes)


def is_multiple(angle: float, unit: float) -> bool:
    """Whether `angle` is a multiple of `unit`, both in radians."""
    return abs(angle - unit * round(angle / unit)) < TOLERANCE


def parallel(a: Vector, b: Vector) -> bool:
    """Whether two unit vectors agree up to their sign."""
    return bool(np.abs(np.cross(a, b)).max() < TOLERANCE)


def _two_body_gates(graph: SegmentGraph) -> list[TwoBody]:
    rows = list(graph.circuit.operations())
    columns = (graph.gate_operation, graph.gate_segments, graph.gate_signs)
    gates = []
    for index, (s, t), (sign_s, sign_t) in zip(*(c.tolist() for c in columns), strict=True):
        angle, first, second = _angles(rows[index])
        gates.append(TwoBody((s, t), angle * sign_s * sign_t, (first * sign_s, second * sign_t)))
    return gates


def _angles(row: Operation) -> tuple[float, float, float]:
    """The two-body angle of a gate and the angles about its operands' own axes."""
    angle = _FIXED_ANGLE[row.name] if row.name in _FIXED_ANGLE else row.parameters[0]
    if row.name in _PHASES:  # exp(i angle (1-P)(1-Q)/4)
        return -angle / 2, angle / 2, angle / 2
    if row.name in _CONTROLLED:  # exp(-i angle (1-P)Q/4)
        return -angle / 2, 0.0, angle / 2
    return angle, 0.0, 0.0


def _measured_axis(rows: list[Operation]) -> Vector:
    """Z, taken back through the wire's one-qubit gates to its initial frame."""
    axis: Vector = (0.0, 0.0, 1.0)
    for row in reversed(rows):
        theta, phi, lam = _euler(row)
        axis = _about_z(_about_y(_about_z(axis, -phi), -theta), -lam)
    return axis


def _euler(row: Operation) -> Vector:
    if row.name in _EULER:
        return _EULER[row.name]
    if row.name == "u":
        theta, phi, lam = row.parameters
        return theta, phi, lam
    (angle,) = row.parameters
    by_axis: dict[str, Vector] = {"rx": (angle, -pi / 2, pi / 2), "ry": (angle, 0.0, 0.0)}
    return by_axis.get(row.name, (0.0, 0.0, angle))


def _about_z(v: Vector, angle: float) -> Vector:
    c, s = cos(angle), sin(angle)
    return c * v[0] - s * v[1], s * v[0] + c * v[1], v[2]


def _about_y(v: Vector, angle: float) -> Vector:
    c, s = cos(angle), sin(angle)
    return c * v[0] + s * v[2], v[1], c * v[2] - s * v[0]
