"""The rules of the symbolic machine: which qubits hold which wire, and what is owed.

They are specified in docs/reference/qasm-dialect.md; the notation is the same here. A *class*
is one logical wire, or a pair that no wire has reached yet (an anonymous class, whose input is
|+>). Its members are the physical qubits that hold it, in the state

    (x)_i L_i A_i X^x_i  .  X-side couplings  .  Z-side couplings  .  sum_b |b...b><b|  Z^z F

applied to the wire, where L_i is a rotation of the member, F the frame of the wire, x_i and z are
parities of bits of which corrections are still owed. A coupling is a controlled Pauli between two
classes, one of them anonymous, which is undone by the measurement that it prepares. A_i are the
controlled Paulis across the axis that the member is *ahead* of others: as soon as all members have
one of them, it is a gate of the wire.
"""

from __future__ import annotations

from math import atan2, cos, pi, remainder, sin

from dqc_compiler.verify.canonical import CanonicalForm, Condition, Event, Origin, Side
from dqc_compiler.verify.gates import TwoBody, after_controlled, exchanged
from dqc_compiler.verify.members import ONE, Across, Class, Coupling, Member, RefusalError
from dqc_compiler.verify.rotations import (
    AXIS_TOLERANCE,
    FLIP,
    HADAMARD,
    IDENTITY,
    PHASE,
    Quaternion,
    Vector,
    X,
    Y,
    Z,
    about,
    conjugate,
    half_turn,
    half_turn_from_z,
    inverse,
    multiply,
    negate,
    same,
    turn_back,
)


class Classes:
    """The rules of the machine; whatever they do not cover raises `RefusalError`."""

    def __init__(self, form: CanonicalForm) -> None:
        self.form = form
        self.ahead = 0  # how many controlled Paulis have not reached all members of a class

    def rotate(self, member: Member, q: Quaternion) -> None:
        """A one-qubit gate."""
        group = member.group
        if group.plain:
            assert group.wire is not None
            self.form.rotate(group.wire, q)
        else:
            member.turn = multiply(q, member.turn)

    def couple(self, a: Member, b: Member, gate: TwoBody, origin: Origin) -> None:
        """A two-qubit gate: of two wires, or to prepare a measurement that joins a pair."""
        first, second = a.group, b.group
        if first.known or second.known:
            raise RefusalError("a two-qubit gate acts on a half whose other half is measured")
        if first is second:
            self._leave(a, b, gate)
            return
        if first.wire is None or second.wire is None:
            self._prepare(a, b, gate)
            return
        if self._is_across(a, gate.p):
            self._embed(a, b, gate, origin)
            return
        if self._is_across(b, gate.q):
            self._embed(b, a, exchanged(gate), origin)
            return
        p = self._inner_axis(a, gate.p)
        q = self._inner_axis(b, gate.q)
        self.form.couple((first.wire, second.wire), p, q, gate.angle, origin)
        self.rotate(a, gate.locals[0])
        self.rotate(b, gate.locals[1])

    def _inner_axis(self, member: Member, axis: Vector) -> Vector:
        """L^-1 of a physical axis; refused if the gate does not commute with what is inside L."""
        group = member.group
        if group.plain:
            return axis
        if member.sides:
            raise RefusalError("a qubit is used between its coupling to a pair and its measurement")
        inner = turn_back(member.turn, axis)
        if member.x:
            raise RefusalError("a qubit is used before its correction")
        self._refuse_ahead(member)
        if same(inner, Z):
            return Z
        if same(inner, negate(Z)):
            return negate(Z)
        if len(group.members) > 1 or group.couplings:
            raise RefusalError("a gate does not commute with the axis of the open copies")
        raise RefusalError("a gate does not commute with a correction that is still owed")

    def gate_if(
        self,
        condition: Condition,
        members: list[Member],
        gate: Quaternion | TwoBody,
        origin: Origin,
    ) -> None:
        """A gate of the circuit under a condition of the circuit."""
        wires = []
        for member in members:
            if member.group.wire is None:
                raise RefusalError("a gate under a condition acts on half of an unused pair")
            wires.append(member.group.wire)
        if not isinstance(gate, TwoBody):
            inner = self._inner_rotation(members[0], gate)
            self.form.rotate_if(condition, wires[0], inner, origin)
            return
        if wires[0] == wires[1]:
            raise RefusalError("a two-qubit gate acts on two copies of the same qubit")
        sides = (
            self._inner_side(members[0], gate.p, gate.first),
            self._inner_side(members[1], gate.q, gate.second),
        )
        self.form.couple_if(condition, sides, gate.angle, origin)

    def _inner_rotation(self, member: Member, q: Quaternion) -> Quaternion:
        if member.group.plain:
            return q
        size = (q[1] ** 2 + q[2] ** 2 + q[3] ** 2) ** 0.5
        if size < AXIS_TOLERANCE:
            return q
        axis = self._inner_axis(member, (q[1] / size, q[2] / size, q[3] / size))
        return (q[0], size * axis[0], size * axis[1], size * axis[2])

    def _inner_side(self, member: Member, axis: Vector, angle: float) -> Side:
        assert member.group.wire is not None
        return Side(member.group.wire, self._inner_axis(member, axis), angle)

    def correct(self, member: Member, q: Quaternion, bit: int, *, value: bool) -> None:
        """A Pauli under a gadget bit."""
        inner = multiply(inverse(member.turn), multiply(q, member.turn))
        pauli = _pauli(inner[1:])
        if pauli is None or abs(inner[0]) > AXIS_TOLERANCE:
            raise RefusalError("a gate under the outcome of a gadget is not a Pauli on this qubit")
        if pauli[1] and member.sides:
            raise RefusalError("a qubit is used between its coupling to a pair and its measurement")
        self._refuse_ahead(member)
        group = member.group
        group.plain = False
        if not value:
            member.turn = multiply(q, member.turn)
        if pauli[0]:
            member.x ^= {bit}
        if pauli[1]:
            group.z ^= {bit}
        self._settle(group)

    def reset(self, member: Member, origin: Origin) -> None:
        """The circuit puts a wire into |0>."""
        group = member.group
        if group.wire is None or not self._is_alone(member):
            raise RefusalError("a reset destroys a copy or half of a pair that is still in use")
        self.form.reset(group.wire, origin)
        self._renew(member)

    def _renew(self, member: Member) -> None:
        """After a measurement or reset of a wire its frame is the identity and nothing is owed."""
        member.turn = IDENTITY
        member.x.clear()
        member.group.z.clear()
        member.group.plain = True

    # Gates across the axis of open copies.

    def _is_across(self, member: Member, axis: Vector) -> bool:
        """Whether an axis is orthogonal to that of a wire's open copies."""
        group = member.group
        if group.wire is None or len(group.members) == 1:
            return False
        return abs(turn_back(member.turn, axis)[2]) < AXIS_TOLERANCE

    def _embed(self, member: Member, control: Member, gate: TwoBody, origin: Origin) -> None:
        """A controlled Pauli across the axis of the copies, at one of the members.

        With C(Z, A) on each member i, A_i = X cos f_i + Y sin f_i, the values of all members are
        exchanged under one control: that is C(Z, A) on the wire, with f the sum of the f_i.
        """
        left = after_controlled(gate)
        if left is None:
            raise RefusalError("a gate does not commute with the axis of the open copies")
        if member.sides or control.sides or member.group.couplings:
            raise RefusalError("a qubit is used between its coupling to a pair and its measurement")
        if member.x or control.x:
            raise RefusalError("a qubit is used before its correction")
        is_z, is_negative = self._enter(control, gate.q)
        if not is_z:
            raise RefusalError("a gate does not commute with the axis of the open copies")
        inner = turn_back(member.turn, gate.p)
        member.ahead.append(Across(control.group, atan2(inner[1], inner[0]), origin))
        control.group.controls += 1
        self.ahead += 1
        own, other = left
        if is_negative:
            own = multiply(half_turn(gate.p), own)
        member.turn = multiply(own, member.turn)
        control.turn = multiply(other, control.turn)
        self._catch_up(member.group)

    def _catch_up(self, group: Class) -> None:
        """Gates that have reached all members become gates of the wire."""
        for control in [across.control for across in group.members[0].ahead]:
            places = [_first(control, member) for member in group.members]
            if None not in places:
                self._finish(group, control, [place for place in places if place is not None])
                self._catch_up(group)
                return

    def _finish(self, group: Class, control: Class, places: list[int]) -> None:
        if group.controls or group.couplings:
            raise RefusalError("a gate does not commute with another one that is not finished")
        parts = [m.ahead.pop(place) for m, place in zip(group.members, places, strict=True)]
        f, origin = sum(part.angle for part in parts), parts[0].origin
        control.controls -= len(group.members)
        self.ahead -= len(group.members)
        axis = (cos(f), sin(f), 0.0)
        assert group.wire is not None
        assert control.wire is not None
        self.form.couple((control.wire, group.wire), Z, axis, -pi / 2, origin)
        self.form.rotate(control.wire, about(Z, pi / 2))
        self.form.rotate(group.wire, about(axis, pi / 2))
        # C(Z, A) turns the Z of the wire into Z of both.
        control.z ^= group.z
        self._settle(control)

    def _refuse_ahead(self, member: Member) -> None:
        if member.ahead:
            raise RefusalError("a qubit is used after a gate that its copies have not gone through")

    def waits(self, member: Member, axis: Vector | None) -> bool:
        """Whether a statement has to wait for gates across the axis of copies.

        Args:
            member: the qubit that it acts on.
            axis: of a two-qubit gate; None for a measurement, a reset or a condition.
        """
        group = member.group
        if axis is None:
            return bool(member.ahead) or (group.controls > 0 and len(group.members) == 1)
        inner = turn_back(member.turn, axis)
        if member.ahead and abs(inner[2]) > AXIS_TOLERANCE:
            return True
        return group.controls > 0 and not _is_along(inner, Z)

    # Conditions.

    def _prepare(self, a: Member, b: Member, gate: TwoBody) -> None:
        """A two-qubit gate with half of a pair: it prepares a measurement."""
        left = after_controlled(gate)
        if left is None:
            raise RefusalError("a gate with half of a pair is not a controlled Pauli")
        a_is_z, a_negative = self._enter(a, gate.p)
        b_is_z, b_negative = self._enter(b, gate.q)
        if not a_is_z and not b_is_z:
            raise RefusalError("a gate couples two pairs that are both in use across their axes")
        # Owed X at a Z-side is pushed through the controlled Pauli, to the other side.
        for member, is_z, other, other_is_z in ((a, a_is_z, b, b_is_z), (b, b_is_z, a, a_is_z)):
            if is_z and other_is_z:
                other.group.z ^= member.x
            elif is_z:
                other.x ^= member.x
        ends = [member.group if is_z else member for member, is_z in ((a, a_is_z), (b, b_is_z))]
        if isinstance(ends[0], Member):
            ends.reverse()
        assert isinstance(ends[0], Class)
        self._add_coupling(Coupling(ends[0], ends[1]))
        # A side with the opposite axis differs by the other side's Pauli, on the other qubit.
        for member, axis, local, negative in (
            (a, gate.p, left[0], b_negative),
            (b, gate.q, left[1], a_negative),
        ):
            q = multiply(half_turn(axis), local) if negative else local
            member.turn = multiply(q, member.turn)
        for group in (a.group, b.group):
            self._absorb_sign(group)

    def _add_coupling(self, coupling: Coupling) -> None:
        """Between two pairs C(Z, Z) is its own inverse."""
        ends = (coupling.first, coupling.second)
        if isinstance(ends[1], Class) and ends[0].wire is None and ends[1].wire is None:
            for known in ends[0].couplings:
                if known.other_end(ends[0]) is ends[1]:
                    ends[0].couplings.remove(known)
                    ends[1].couplings.remove(known)
                    ends[0].compared = ends[1].compared = True
                    return
        for end in ends:
            (end.couplings if isinstance(end, Class) else end.sides).append(coupling)

    def _leave(self, a: Member, b: Member, gate: TwoBody) -> None:
        """A controlled Pauli between two of several halves, after a measurement at the other end.

        With A = X at the target, its value becomes the sum of both: what the two owe, and no more.
        """
        left = after_controlled(gate)
        if left is None or a.group.wire is not None or len(a.group.members) < 3:
            raise RefusalError("a two-qubit gate acts on two copies of the same qubit")
        inner = turn_back(a.turn, gate.p), turn_back(b.turn, gate.q)
        if _is_along(inner[0], X) and _is_along(inner[1], Z):
            a, b, gate, inner, left = b, a, exchanged(gate), inner[::-1], left[::-1]
        if not _is_along(inner[0], Z) or not _is_along(inner[1], X) or a.sides or b.sides:
            raise RefusalError("a two-qubit gate acts on two halves of pairs in a wrong basis")
        for member, axis, local, negative in (
            (a, gate.p, left[0], same(inner[1], negate(X))),
            (b, gate.q, left[1], same(inner[0], negate(Z))),
        ):
            q = multiply(half_turn(axis), local) if negative else local
            member.turn = multiply(q, member.turn)
        b.x = a.x ^ b.x
        a.group.members.remove(b)
        b.group = Class(None)
        b.group.members.append(b)
        b.group.known = True
        self._absorb_flip(b)

    def _enter(self, member: Member, axis: Vector) -> tuple[bool, bool]:
        """Whether a physical axis is a Z-side (else an X-side) of the class, and whether negative.

        Free choices are made here: a wire with one member gets the axis as the Z of its class, and
        so does a fresh pair, because a Bell pair is the same in every basis.
        """
        group = member.group
        if group.plain:
            assert group.wire is not None
            group.plain = False
            member.turn = half_turn_from_z(axis)
            self.form.rotate(group.wire, inverse(member.turn))
            return True, False
        self._refuse_ahead(member)
        inner = turn_back(member.turn, axis)
        if group.wire is None and len(group.members) == 2 and not self._is_coupled(group):
            if not same(inner, Z):
                self._rebase(member, inner)
            return True, False
        for sign, is_negative in ((1.0, False), (-1.0, True)):
            signed = (sign * inner[0], sign * inner[1], sign * inner[2])
            if same(signed, Z) and not member.sides:
                return True, is_negative
            if same(signed, X) and len(group.members) > 1:
                return False, is_negative
        raise RefusalError("a gate does not commute with the axis of the open copies")

    def _is_alone(self, member: Member) -> bool:
        group = member.group
        is_used = group.couplings or group.controls or member.sides
        return len(group.members) == 1 and not is_used

    def _is_coupled(self, group: Class) -> bool:
        return bool(group.couplings) or any(member.sides for member in group.members)

    def _rebase(self, member: Member, axis: Vector) -> None:
        """Write a fresh pair as V(x)V* of itself, so that `axis` becomes Z of its class."""
        group = member.group
        other = group.members[1 if group.members[0] is member else 0]
        # Paulis on a Bell pair may be collected at one end.
        x, z = member.x ^ other.x, group.z
        if ONE in z:
            z.discard(ONE)
            other.turn = multiply(other.turn, PHASE)
        v = half_turn_from_z(axis)
        new_x: set[int] = set()
        new_z: set[int] = set()
        for owed, pauli in ((x, X), (z, Z)):
            image = _pauli(turn_back(v, pauli))
            if owed and image is None:
                raise RefusalError("a pair with an owed correction is used in another basis")
            if owed and image is not None:
                new_x ^= owed if image[0] else set()
                new_z ^= owed if image[1] else set()
        member.x, other.x, group.z = new_x, set(), new_z
        member.turn = multiply(member.turn, v)
        other.turn = multiply(other.turn, conjugate(v))

    def measure(self, member: Member, bit: int, origin: Origin) -> Event | int | None:
        """Measure a member into a bit; the event if that is a measurement of the circuit.

        Otherwise it is a gadget's, and the qubit is not a member of anything any more. If the
        outcome is certain to be that of a bit before, it is this bit.
        """
        self._refuse_ahead(member)
        group = member.group
        axis = turn_back(member.turn, Z)
        if group.known:
            return self._read(member, axis)
        if self._is_alone(member) and group.wire is not None:
            return self._measure_wire(member, axis, origin)
        if member.sides:
            self._join(member, axis, bit)
        elif len(group.members) > 1:
            self._close(member, axis, bit)
        else:
            self._relate(member, axis, bit)
        return None

    def _measure_wire(self, member: Member, axis: Vector, origin: Origin) -> Event:
        """A measurement of the circuit. Owed Paulis along the measured axis do not matter."""
        group = member.group
        assert group.wire is not None
        inner = _pauli(axis)
        harmless = inner is not None and (
            not member.x if inner == (False, True) else not group.z and inner == (True, False)
        )
        if (member.x or group.z) and not harmless:
            raise RefusalError("a qubit is measured before its correction")
        event = self.form.measure(group.wire, axis, origin)
        self._renew(member)
        return event

    def _read(self, member: Member, axis: Vector) -> int:
        """Measure the other half of a pair that was sacrificed."""
        bits = sorted(member.x if same(axis, Z) else member.x ^ {ONE})
        if not _is_along(axis, Z) or len(bits) != 1 or bits[0] == ONE:
            raise RefusalError("the two outcomes of a purification are not always equal")
        return bits[0]

    def _close(self, member: Member, axis: Vector, bit: int) -> None:
        """Measure one of several members across the axis of the class: Z^bit on the others."""
        group = member.group
        if abs(axis[2]) > AXIS_TOLERANCE:
            raise RefusalError("a copy is measured along its axis, which measures the qubit itself")
        is_pair = group.wire is None and len(group.members) == 2 and not group.couplings
        if is_pair and not group.compared:
            raise RefusalError("half of an unused pair is measured")
        group.members.remove(member)
        group.z ^= {bit}
        angle = atan2(axis[1], axis[0])
        if abs(angle) > pi - AXIS_TOLERANCE:
            group.z ^= {ONE}
        elif abs(angle) > AXIS_TOLERANCE:
            # The projection onto |0> + e^(i angle)|1> leaves a rotation behind.
            if member.x:
                raise RefusalError("a copy is closed in another basis before its correction")
            self._rotate_inside(group, about(Z, -angle))
        self._absorb_sign(group)
        if is_pair:
            self._determine(group)
        self._attach(group)
        self._catch_up(group)
        self._settle(group)

    def _determine(self, group: Class) -> None:
        """The last member of a pair that is not coupled is in |+> or |->, which is known."""
        member = group.members[0]
        member.turn = multiply(member.turn, HADAMARD)
        member.x, group.z = group.z, set()
        group.known = True
        self._absorb_flip(member)

    def _rotate_inside(self, group: Class, q: Quaternion) -> None:
        """A rotation about Z of the class."""
        if group.wire is not None:
            self.form.rotate(group.wire, q)
            return
        for member in group.members:
            if not member.x and not member.sides:
                member.turn = multiply(member.turn, q)
                return
        raise RefusalError("a pair is measured in another basis before its correction")

    def _join(self, member: Member, axis: Vector, bit: int) -> None:
        """Measure an X-side: the values of two classes become equal up to the outcome."""
        group = member.group
        if len(member.sides) > 1 or not _is_along(axis, Z):
            raise RefusalError("half of a pair is measured in a basis that joins it to no qubit")
        coupling = member.sides[0]
        group.members.remove(member)
        coupling.first.couplings.remove(coupling)
        self._equate(group, coupling.first, member.x ^ _outcome(bit, axis[2]))

    def _relate(self, member: Member, axis: Vector, bit: int) -> None:
        """Measure the last member of a pair that is coupled to two classes: it holds their sum.

        C(Z, Z) C(Z, Z') turns |+> into H|b + b'>.
        """
        group = member.group
        ends = [coupling.other_end(group) for coupling in group.couplings]
        classes = [end for end in ends if isinstance(end, Class)]
        if group.wire is not None or len(ends) != 2 or len(classes) != 2 or not _is_along(axis, X):
            raise RefusalError("a measurement of a qubit that is coupled to a pair")
        for coupling, end in zip(group.couplings, classes, strict=True):
            end.couplings.remove(coupling)
        self._equate(classes[0], classes[1], group.z ^ _outcome(bit, axis[0]))

    def _equate(self, first: Class, second: Class, relation: set[int]) -> None:
        """The values of two classes are now known to differ by `relation`."""
        if first is second or (first.wire is not None and second.wire is not None):
            raise RefusalError("a measurement compares two qubits of the circuit")
        if first.wire is None:
            self._merge(first, second, relation)
        else:
            self._merge(second, first, relation)

    def _merge(self, old: Class, new: Class, relation: set[int]) -> None:
        """Members of an anonymous class join another one; their values differ by `relation`."""
        for member in old.members:
            member.group = new
            member.x = member.x ^ relation
            self._absorb_flip(member)
            new.members.append(member)
        new.z ^= old.z
        for coupling in old.couplings:
            end = coupling.other_end(old)
            if isinstance(end, Class):
                end.z ^= relation
                self._absorb_sign(end)
            else:
                end.x ^= relation
                self._absorb_flip(end)
            coupling.move(old, new)
            new.couplings.append(coupling)
        self._refuse_loops(new)
        self._absorb_sign(new)
        self._attach(new)
        self._settle(new)

    def _attach(self, group: Class) -> None:
        """The last member of an anonymous class, coupled Z to Z, is a copy of the other class.

        C(Z, Z) turns |+> into H|b>, so the member continues as a copy behind a Hadamard.
        """
        if group.wire is not None or len(group.members) != 1 or len(group.couplings) != 1:
            return
        coupling, member = group.couplings[0], group.members[0]
        other = coupling.other_end(group)
        if isinstance(other, Member):
            return
        other.couplings.remove(coupling)
        other.z ^= member.x
        member.x = group.z
        member.turn = multiply(member.turn, HADAMARD)
        moved, member.sides = member.sides, []
        for side in moved:
            # The Hadamard makes it a Z-side of the class that the member joins.
            side.first.z ^= member.x
            self._absorb_sign(side.first)
            side.second = other
            other.couplings.append(side)
        self._absorb_flip(member)
        member.group = other
        other.members.append(member)
        self._refuse_loops(other)
        self._absorb_sign(other)
        self._settle(other)
        for side in moved:
            self._attach(side.first)

    def _refuse_loops(self, group: Class) -> None:
        for coupling in group.couplings:
            end = coupling.other_end(group)
            if end is group or (isinstance(end, Member) and end.group is group):
                raise RefusalError("two copies of the same qubit are coupled to each other")

    def _absorb_flip(self, member: Member) -> None:
        if ONE in member.x:
            member.x.discard(ONE)
            member.turn = multiply(member.turn, FLIP)

    def _absorb_sign(self, group: Class) -> None:
        if ONE in group.z and group.wire is not None:
            group.z.discard(ONE)
            self.form.rotate(group.wire, PHASE)

    def _settle(self, group: Class) -> None:
        """A wire with one member that owes nothing is plain: L goes into the frame."""
        if group.wire is None or len(group.members) != 1 or group.z:
            return
        member = group.members[0]
        if member.x or not self._is_alone(member):
            return
        self.form.rotate(group.wire, member.turn)
        member.turn = IDENTITY
        group.plain = True


def _first(control: Class, member: Member) -> int | None:
    """Where a member's first gate under `control` is, if it commutes with all those before it."""
    for place, across in enumerate(member.ahead):
        if across.control is control:
            earlier = [other.angle - across.angle for other in member.ahead[:place]]
            is_free = all(abs(remainder(angle, pi)) < AXIS_TOLERANCE for angle in earlier)
            return place if is_free else None
    return None


def _pauli(axis: Vector) -> tuple[bool, bool] | None:
    """(has X, has Z) of the Pauli about `axis`, None if it is not one."""
    for pauli, bits in ((X, (True, False)), (Y, (True, True)), (Z, (False, True))):
        if _is_along(axis, pauli):
            return bits
    return None


def _is_along(axis: Vector, pauli: Vector) -> bool:
    return same(axis, pauli) or same(axis, negate(pauli))


def _outcome(bit: int, sign: float) -> set[int]:
    """The value that a measurement shows: its bit, negated if the axis is the opposite one."""
    return {bit} if sign > 0 else {bit, ONE}
