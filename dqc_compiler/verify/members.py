"""The state of the symbolic machine: classes, the qubits that hold them, and what they owe.

The rules are in docs/reference/qasm-dialect.md; the notation is the same here.
"""

from __future__ import annotations

from typing import NamedTuple

from dqc_compiler.verify.canonical import Origin
from dqc_compiler.verify.rotations import IDENTITY

ONE = -1
"""In a set of owed bits: a bit that is always 1, so that the Pauli is there for certain."""


class Class:
    """One logical wire, or an anonymous pair (`wire` is None), with the qubits that hold it.

    A *known* class is a qubit by itself, in |0> up to what its only member owes and its rotation.
    """

    __slots__ = ("compared", "controls", "couplings", "known", "members", "plain", "wire", "z")

    def __init__(self, wire: int | None) -> None:
        self.wire = wire
        self.members: list[Member] = []
        self.z: set[int] = set()
        self.couplings: list[Coupling] = []  # those with a Z-side here
        self.controls = 0  # X that members of other classes have under the control of this one
        self.plain = wire is not None  # one member, nothing owed, nothing coupled, L = 1
        self.compared = False  # a pair that was coupled twice to another one, which cancels
        self.known = False


class Member:
    """A physical qubit that holds a class."""

    __slots__ = ("ahead", "group", "is_relayed", "sides", "turn", "x")

    def __init__(self, group: Class, *, is_relayed: bool = False) -> None:
        self.group = group
        self.turn = IDENTITY
        self.x: set[int] = set()
        self.sides: list[Coupling] = []  # those with an X-side here
        self.ahead: list[Across] = []  # what not yet all members have gone through
        self.is_relayed = is_relayed  # at a repeater
        group.members.append(self)


class Coupling:
    """A controlled Pauli: Z of the class `first`, and Z of `second` or X of one member."""

    __slots__ = ("first", "second")

    def __init__(self, first: Class, second: Class | Member) -> None:
        self.first = first
        self.second = second

    def other_end(self, group: Class) -> Class | Member:
        """What the Z-side at `group` is coupled to."""
        return self.second if self.first is group else self.first

    def move(self, old: Class, new: Class) -> None:
        """Follow a class that was absorbed by another one."""
        self.first = new if self.first is old else self.first
        self.second = new if self.second is old else self.second


class Across(NamedTuple):
    """A gate C(Z, X cos f + Y sin f) of the class `control` and a member, f being its `angle`."""

    control: Class
    angle: float
    origin: Origin


class RefusalError(Exception):
    """The effect of a statement cannot be stated exactly."""
