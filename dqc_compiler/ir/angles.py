"""Angles that depend on parameters without a value.

An `Angle` is a number, namely its value at one generic point, and at the same time the affine form
that it is at every other point. So whatever only looks at angles (frames, axes, commutation) needs
to know nothing of parameters: gates of analytic dependence that agree at a generic point agree at
all of them. Whatever makes new angles computes with the form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from math import pi, remainder
from sys import float_info
from typing import NamedTuple

import numpy as np

from dqc_compiler.ir.arrays import Float64, Int32, frozen

Terms = tuple[tuple[str, float], ...]
"""(identifier of a parameter, its coefficient), sorted, no coefficient being 0."""

NO_SYMBOL = -1  # in columns of symbols: the parameter is a mere number
COMPILER = "compiler"  # the salt of the point at which angles are numbers
_ROUNDING = 4 * float_info.epsilon
_LEAST, _MOST = 1e-4, 1e4  # coefficients of parameters
_CELLS = 16  # of a turn; values keep away from the edges, which are the multiples of pi/8


class Parameter(NamedTuple):
    """An input of the programs.

    `identifier` is its name in programs, `name` the one that the circuit gives it. A `formula` over
    other identifiers says what it is if the circuit does not have it, but only, say, its sine.
    `value` is what it has been bound to.
    """

    identifier: str
    name: str
    formula: str | None = None
    value: float | None = None

    def bound(self, values: Mapping[str, float]) -> Parameter:
        """With its value, if it is among these."""
        return self._replace(value=values.get(self.identifier, self.value))


@lru_cache(maxsize=65536)
def generic_value(identifier: str, salt: str) -> float:
    """A value of a parameter between -pi and pi that stands for all of them."""
    digest = sha256(f"{salt}:{identifier}".encode()).digest()
    cell = digest[0] % _CELLS
    within = int.from_bytes(digest[1:8], "big") / 2**56
    return ((cell + 0.1 + 0.8 * within) / _CELLS * 2 - 1) * pi


def is_fair(coefficient: float) -> bool:
    """Whether a multiple of a parameter is, at a generic point, no small angle and no large one.

    What is below 1e-9 there counts as 0 everywhere, and of large multiples too few digits are left.
    """
    return coefficient == 0.0 or _LEAST <= abs(coefficient) <= _MOST


class Angle(float):
    """`constant` plus the sum of coefficients times parameters (radians).

    Sums, differences, and products and quotients with numbers are angles again, or numbers if no
    parameter is left. What is not affine raises TypeError. As a float it has the value at a generic
    point, but it equals no number: caches must not take one for the other.
    """

    __slots__ = ("constant", "terms")
    constant: float
    terms: Terms

    def __new__(cls, constant: float, terms: Terms) -> Angle:
        """An angle; the terms are sorted, and there is one at least."""
        constant = float(constant) + 0.0  # no negative zero
        total = constant
        for name, factor in terms:
            total += factor * generic_value(name, COMPILER)
        self = super().__new__(cls, total)
        self.constant = constant
        self.terms = terms
        return self

    @classmethod
    def of(cls, identifier: str) -> Angle:
        """The parameter itself."""
        return cls(0.0, ((identifier, 1.0),))

    def at(self, values: Mapping[str, float]) -> float:
        """With these values of parameters; an angle still if others are left."""
        constant, left = self.constant, []
        for name, factor in self.terms:
            if name in values:
                constant += factor * values[name]
            else:
                left.append((name, factor))
        return Angle(constant, tuple(left)) if left else constant

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Angle):
            return False
        return self.constant == other.constant and self.terms == other.terms

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.constant, self.terms))

    def __repr__(self) -> str:
        return f"Angle({self.constant!r}, {self.terms!r})"

    def __reduce__(self) -> tuple[type[Angle], tuple[float, Terms]]:
        return Angle, (self.constant, self.terms)

    def __neg__(self) -> Angle:
        return Angle(-self.constant, tuple([(name, -factor) for name, factor in self.terms]))

    def __pos__(self) -> Angle:
        return self

    def __add__(self, other: float) -> float:
        if not isinstance(other, Angle):
            return Angle(self.constant + other, self.terms)
        return _angle(self.constant + other.constant, _sum(self.terms, other.terms))

    __radd__ = __add__

    def __sub__(self, other: float) -> float:
        return self + -other

    def __rsub__(self, other: float) -> float:
        return -self + other

    def __mul__(self, other: float) -> float:
        if isinstance(other, Angle):
            raise TypeError("a product of parameters is no angle")
        terms = [(name, factor * other) for name, factor in self.terms]
        return _angle(self.constant * other, terms)

    __rmul__ = __mul__

    def __truediv__(self, other: float) -> float:
        if isinstance(other, Angle):
            raise TypeError("a quotient of parameters is no angle")
        terms = [(name, factor / other) for name, factor in self.terms]
        return _angle(self.constant / other, terms)

    def __rtruediv__(self, other: float) -> float:
        raise TypeError("one over a parameter is no angle")

    def _not_affine(self, *_: float) -> float:
        raise TypeError("only sums and multiples of parameters are angles")

    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = _not_affine  # type: ignore[assignment]


def parameters_of(angles: Iterable[float]) -> list[str]:
    """Identifiers of the parameters in some angles, in order of first appearance."""
    found = [name for angle in angles if isinstance(angle, Angle) for name, _ in angle.terms]
    return list(dict.fromkeys(found))


class Symbols(NamedTuple):
    """Columns of a table: for each parameter of an operation its angle, as far as it is one.

    `parameter` has the values, those of angles at the generic point; `symbol` is an index into the
    different `angles`, or NO_SYMBOL.
    """

    parameter: Float64
    symbol: Int32
    angles: tuple[Angle, ...]

    @classmethod
    def of(cls, parameters: Sequence[float]) -> Symbols:
        """The columns for parameters some of which may be angles."""
        known: dict[Angle, int] = {}
        symbol = [
            known.setdefault(value, len(known)) if isinstance(value, Angle) else NO_SYMBOL
            for value in parameters
        ]
        return cls(frozen(parameters, np.float64), frozen(symbol, np.int32), tuple(known))

    def rows(self) -> list[float]:
        """The parameters, angles where they are angles."""
        parameters: list[float] = self.parameter.tolist()
        if self.angles:
            for index in np.flatnonzero(self.symbol != NO_SYMBOL).tolist():
                parameters[index] = self.angles[self.symbol[index]]
        return parameters

    def bound(self, values: Mapping[str, float]) -> Symbols:
        """With these values of parameters; the work is that for the different angles."""
        if not self.angles:
            return self
        few = [angle.at(values) for angle in self.angles]
        left = Symbols.of(few)
        is_symbol = self.symbol != NO_SYMBOL
        parameter = np.where(is_symbol, left.parameter[self.symbol], self.parameter)
        symbol = np.where(is_symbol, left.symbol[self.symbol], NO_SYMBOL)
        return Symbols(frozen(parameter, np.float64), frozen(symbol, np.int32), left.angles)


def wrapped(angle: float, period: float) -> float:
    """The remainder of an angle, or the angle itself if it depends on parameters."""
    return angle if isinstance(angle, Angle) else remainder(angle, period)


def evaluated(angle: float, values: Mapping[str, float]) -> float:
    """An angle, which may be a mere number, with these values of parameters."""
    return angle.at(values) if isinstance(angle, Angle) else angle


def _angle(constant: float, terms: Iterable[tuple[str, float]]) -> float:
    kept = tuple([(name, factor) for name, factor in terms if factor])
    return Angle(constant, kept) if kept else constant


def _sum(first: Terms, second: Terms) -> list[tuple[str, float]]:
    factors = dict(first)
    for name, factor in second:
        before = factors.get(name, 0.0)
        total = before + factor
        # What rounding has left of two that cancel is not a dependence.
        factors[name] = 0.0 if abs(total) <= _ROUNDING * abs(before) else total
    return sorted(factors.items())
