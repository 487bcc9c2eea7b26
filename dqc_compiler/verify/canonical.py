"""The canonical form of a circuit: equal forms are equal circuits, up to commutation.

Every wire carries a frame: the product of its one-qubit gates since its start, measurement or
reset. A two-qubit gate becomes a two-body rotation about axes that the frames carry back to the
start of the wires. Gates that follow each other on a wire about the same axis form a run and
commute, so only their sums count. docs/reference/qasm-dialect.md states the form exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import atan2, floor, hypot, pi, remainder
from typing import NamedTuple

from dqc_compiler.ir.circuit import ONE_QUBIT_GATES, Circuit
from dqc_compiler.verify.gates import rotation, two_body
from dqc_compiler.verify.rotations import (
    AXIS_TOLERANCE,
    IDENTITY,
    Quaternion,
    Vector,
    Z,
    distance,
    half_turn,
    multiply,
    negate,
    normalise,
    same,
    turn_back,
)

Origin = tuple[str, int]
"""File and line of a statement."""

Event = tuple[int, int]
"""A measurement: its wire, and its position among the wire's runs."""

Condition = frozenset[tuple[Event, bool]]
"""A conjunction of measurement outcomes."""

ALWAYS: Condition = frozenset()


class Side(NamedTuple):
    """One wire of a two-body rotation under a condition, with its local rotation about `axis`."""

    wire: int
    axis: Vector
    angle: float


ANGLE_TOLERANCE = 1e-6
"""Angles and frames that differ by less are equal: far above rounding, far below intent."""

NO_ANGLE = 1e-7
"""A sum that is smaller is dropped."""

_NO_EFFECT = ("barrier", "delay", "id")
# An angle is kept modulo pi, between these bounds. Neither they nor the direction that fixes the
# sign of an axis may be near a value that circuits use, or rounding would decide.
_LOWEST_ANGLE = 0.1234567 - pi / 2
_GENERIC_DIRECTION: Vector = (0.3571428, 0.5423261, 0.7605127)


@dataclass(slots=True)
class Run:
    """Rotations about one axis; `weight` counts the settled sums that are not zero."""

    axis: Vector
    origin: Origin
    weight: int = 0


class Measured(NamedTuple):
    """A measurement of axis . sigma; afterwards the wire's frame starts anew."""

    axis: Vector
    origin: Origin


class Reset(NamedTuple):
    """The wire is put into |0>; its frame starts anew."""

    origin: Origin


Entry = Run | Measured | Reset


@dataclass(slots=True)
class Sum:
    """An angle, and the statement that contributed first."""

    angle: float
    origin: Origin


class PairKey(NamedTuple):
    """Two runs, as wire and position, and the condition under which they are coupled."""

    wire: int
    run: int
    other: int
    other_run: int
    condition: Condition


class LocalKey(NamedTuple):
    """A run, as wire and position, and the condition under which its wire turns about its axis."""

    wire: int
    run: int
    condition: Condition


@dataclass(slots=True)
class CanonicalForm:
    """Collects operations in time order; after `finish`, two forms can be compared.

    An axis `p` is given as it is after the wire's frame R; at the start of the wire it is R^-1 p.
    """

    wires: int
    frames: list[Quaternion] = field(init=False)
    entries: list[list[Entry]] = field(init=False)
    pair_sums: dict[PairKey, Sum] = field(default_factory=dict)
    local_sums: dict[LocalKey, Sum] = field(default_factory=dict)
    end: tuple[int, ...] = ()
    clbits: tuple[Event | None, ...] = ()
    _open_pairs: dict[tuple[int, int, Condition], Sum] = field(default_factory=dict)
    _partners: list[set[tuple[int, int, Condition]]] = field(init=False)  # keys of _open_pairs
    _open_locals: list[dict[Condition, Sum]] = field(init=False)

    def __post_init__(self) -> None:
        self.frames = [IDENTITY] * self.wires
        self.entries = [[] for _ in range(self.wires)]
        self._partners = [set() for _ in range(self.wires)]
        self._open_locals = [{} for _ in range(self.wires)]

    def rotate(self, wire: int, rotation: Quaternion) -> None:
        """A one-qubit gate."""
        self.frames[wire] = multiply(rotation, self.frames[wire])

    def couple(
        self, wires: tuple[int, int], p: Vector, q: Vector, angle: float, origin: Origin
    ) -> None:
        """The two-body rotation exp(-i angle/2 p(x)q) of two different wires."""
        wire, other = wires
        sign = self._enter(wire, p, origin) * self._enter(other, q, origin)
        self._pair_sum(wire, other, ALWAYS, origin).angle += sign * angle

    def rotate_if(
        self, condition: Condition, wire: int, rotation: Quaternion, origin: Origin
    ) -> None:
        """A one-qubit gate under a condition, which counts as a rotation about its axis."""
        w, x, y, z = rotation
        length = hypot(x, y, z)
        if length < AXIS_TOLERANCE:
            return
        axis = (x / length, y / length, z / length)
        sign = self._enter(wire, axis, origin)
        self._local_sum(wire, condition, origin).angle += 2 * sign * atan2(length, w)

    def couple_if(
        self, condition: Condition, sides: tuple[Side, Side], angle: float, origin: Origin
    ) -> None:
        """A two-body rotation with its local rotations, all under a condition."""
        first, second = sides
        signs = [self._enter(side.wire, side.axis, origin) for side in sides]
        total = self._pair_sum(first.wire, second.wire, condition, origin)
        total.angle += signs[0] * signs[1] * angle
        for side, sign in zip(sides, signs, strict=True):
            self._local_sum(side.wire, condition, origin).angle += sign * side.angle

    def measure(self, wire: int, p: Vector, origin: Origin) -> Event:
        """A measurement of p.sigma; the same event again if the last thing was that measurement."""
        entries = self.entries[wire]
        tail = entries[-1] if entries else None
        frame = self.frames[wire]
        if isinstance(tail, Measured) and same(p, Z) and distance(frame, IDENTITY) < AXIS_TOLERANCE:
            return wire, len(entries) - 1
        self._end_run(wire)
        entries.append(Measured(self._at_start(wire, p), origin))
        self.frames[wire] = IDENTITY
        return wire, len(entries) - 1

    def reset(self, wire: int, origin: Origin) -> None:
        """The wire is put into |0>; a second reset in a row does nothing."""
        entries = self.entries[wire]
        tail = entries[-1] if entries else None
        if isinstance(tail, Reset) and distance(self.frames[wire], IDENTITY) < AXIS_TOLERANCE:
            return
        self._end_run(wire)
        entries.append(Reset(origin))
        self.frames[wire] = IDENTITY

    def finish(self, end: Iterable[int], clbits: Iterable[Event | None]) -> None:
        """Close the form.

        Args:
            end: for every wire the position at which it ends.
            clbits: for every classical bit the measurement that wrote it last, None without one.
        """
        for wire in range(self.wires):
            self._settle_pairs(wire)
        for wire in range(self.wires):
            self._end_run(wire)
        self.end = tuple(end)
        self.clbits = tuple(clbits)

    def _at_start(self, wire: int, p: Vector) -> Vector:
        frame = self.frames[wire] = normalise(self.frames[wire])
        return turn_back(frame, p)

    def _enter(self, wire: int, p: Vector, origin: Origin) -> int:
        """Make the axis of `p` the wire's current run; returns the sign between the two."""
        axis = self._at_start(wire, p)
        entries = self.entries[wire]
        while entries:
            tail = entries[-1]
            if not isinstance(tail, Run):
                break
            if same(axis, tail.axis):
                return 1
            if same(axis, negate(tail.axis)):
                return -1
            dropped = self._end_run(wire)
            axis = self._at_start(wire, p)  # ending a run may have changed the frame
            if not dropped:
                break
        sign = _sign(axis)
        entries.append(Run(axis if sign > 0 else negate(axis), origin))
        return sign

    def _end_run(self, wire: int) -> bool:
        """Settle the sums of the wire's current run; an empty run is dropped (returns True)."""
        self._settle_pairs(wire)
        entries = self.entries[wire]
        tail = entries[-1] if entries else None
        if not isinstance(tail, Run):
            return False
        for condition, total in self._open_locals[wire].items():
            # A turn by 2 pi is a phase, which no outcome depends on.
            if abs(remainder(total.angle, 2 * pi)) > NO_ANGLE:
                self.local_sums[LocalKey(wire, len(entries) - 1, condition)] = total
                tail.weight += 1
        self._open_locals[wire].clear()
        if tail.weight:
            return False
        entries.pop()
        return True

    def _pair_sum(self, a: int, b: int, condition: Condition, origin: Origin) -> Sum:
        """The sum of two current runs; one that was settled before is opened again."""
        key = (a, b, condition) if a < b else (b, a, condition)
        total = self._open_pairs.get(key)
        if total is None:
            total = self.pair_sums.pop(self._pair_key(key), None)
            if total is None:
                total = Sum(0.0, origin)
            else:
                for run in self._tails(key):
                    run.weight -= 1
            self._open_pairs[key] = total
            self._partners[a].add(key)
            self._partners[b].add(key)
        return total

    def _local_sum(self, wire: int, condition: Condition, origin: Origin) -> Sum:
        total = self._open_locals[wire].get(condition)
        if total is None:
            run = len(self.entries[wire]) - 1
            total = self.local_sums.pop(LocalKey(wire, run, condition), None)
            if total is None:
                total = Sum(0.0, origin)
            else:
                tail = self.entries[wire][-1]
                assert isinstance(tail, Run)
                tail.weight -= 1
            self._open_locals[wire][condition] = total
        return total

    def _settle_pairs(self, wire: int) -> None:
        """Reduce the wire's open sums modulo pi: exp(-i pi/2 p(x)q) is a half turn of each wire."""
        keys, self._partners[wire] = self._partners[wire], set()
        for key in keys:
            first, second, condition = key
            total = self._open_pairs.pop(key)
            self._partners[second if first == wire else first].discard(key)
            turns = floor((total.angle - _LOWEST_ANGLE) / pi)
            total.angle -= turns * pi
            tails = self._tails(key)
            for end, tail in zip((first, second), tails, strict=True):
                if turns % 2 and condition:
                    self._local_sum(end, condition, total.origin).angle += pi
                elif turns % 2:
                    self.frames[end] = multiply(self.frames[end], half_turn(tail.axis))
            if abs(total.angle) > NO_ANGLE:
                self.pair_sums[self._pair_key(key)] = total
                for tail in tails:
                    tail.weight += 1

    def _pair_key(self, key: tuple[int, int, Condition]) -> PairKey:
        a, b, condition = key
        return PairKey(a, len(self.entries[a]) - 1, b, len(self.entries[b]) - 1, condition)

    def _tails(self, key: tuple[int, int, Condition]) -> tuple[Run, Run]:
        first, second = self.entries[key[0]][-1], self.entries[key[1]][-1]
        assert isinstance(first, Run)
        assert isinstance(second, Run)
        return first, second


def _sign(axis: Vector) -> int:
    x, y, z = _GENERIC_DIRECTION
    return 1 if axis[0] * x + axis[1] * y + axis[2] * z > 0 else -1


def conjunction(literals: Iterable[tuple[Event | None, bool]]) -> Condition | None:
    """The condition made of (measurement, value); a bit that was never written is false.

    Returns:
        None if the condition never holds; an empty condition always does.
    """
    found = list(literals)
    if any(event is None and value for event, value in found):
        return None
    condition = frozenset((event, value) for event, value in found if event is not None)
    if any((event, not value) in condition for event, value in condition):
        return None
    return condition


def circuit_form(circuit: Circuit) -> CanonicalForm:
    """The canonical form of a circuit; wire i starts at qubit i."""
    return _CircuitReplay(circuit).run()


class _CircuitReplay:
    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.form = CanonicalForm(len(circuit.qubits))
        self.source = circuit.source or circuit.name
        self.line = 0

    def run(self) -> CanonicalForm:
        wire_at = list(range(len(self.circuit.qubits)))
        written: list[Event | None] = [None] * len(self.circuit.clbits)
        for row in self.circuit.operations():
            name, qubits, parameters, clbit, literals, self.line = row
            wires = [wire_at[q] for q in qubits]
            if name in _NO_EFFECT:
                continue
            if clbit is not None:
                written[clbit] = self.form.measure(wires[0], Z, self.origin())
                continue
            if name == "reset":
                self.form.reset(wires[0], self.origin())
                continue
            condition: Condition | None = ALWAYS
            if literals:
                condition = conjunction((written[bit], value) for bit, value in literals)
            if condition:
                self.gate_if(condition, name, parameters, wires)
            elif condition is not None and name == "swap":
                wire_at[qubits[0]], wire_at[qubits[1]] = wires[1], wires[0]
            elif condition is not None:
                self.gate(name, parameters, wires)
        end = {wire: position for position, wire in enumerate(wire_at)}
        self.form.finish((end[wire] for wire in range(len(end))), written)
        return self.form

    def origin(self) -> Origin:
        return self.source, self.line

    def gate(self, name: str, parameters: tuple[float, ...], wires: list[int]) -> None:
        if name in ONE_QUBIT_GATES:
            self.form.rotate(wires[0], rotation(name, parameters))
            return
        gate = two_body(name, parameters)
        self.form.couple((wires[0], wires[1]), gate.p, gate.q, gate.angle, self.origin())
        self.form.rotate(wires[0], gate.locals[0])
        self.form.rotate(wires[1], gate.locals[1])

    def gate_if(
        self, condition: Condition, name: str, parameters: tuple[float, ...], wires: list[int]
    ) -> None:
        if name in ONE_QUBIT_GATES:
            self.form.rotate_if(condition, wires[0], rotation(name, parameters), self.origin())
            return
        gate = two_body(name, parameters)
        sides = (Side(wires[0], gate.p, gate.first), Side(wires[1], gate.q, gate.second))
        self.form.couple_if(condition, sides, gate.angle, self.origin())
