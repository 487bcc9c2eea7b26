"""Conditions on classical bits, as cases that exclude each other.

A condition is a tuple of cubes. A cube fixes the values of some bits, and at most one cube of a
condition holds at a time; so "if condition then gates" is the gates once under each cube, and a
cube is what an operation of a circuit can carry.
"""

from __future__ import annotations

from itertools import combinations, zip_longest

from dqc_compiler.diagnostics.circuit import ConditionTooComplex
from dqc_compiler.diagnostics.core import CompilerError

Cube = tuple[tuple[int, bool], ...]
"""Values of bits, ascending by bit; the empty cube always holds."""

Condition = tuple[Cube, ...]
"""Cubes that exclude each other; without a cube the condition never holds."""

Word = tuple[Condition, ...]
"""An unsigned integer by its binary digits, the lowest first."""

MAX_CUBES = 64
ALWAYS: Condition = ((),)
NEVER: Condition = ()


def bit(index: int) -> Condition:
    """The bit with this index is 1."""
    return (((index, True),),)


def constant(*, value: bool) -> Condition:
    """A condition that always or never holds."""
    return ALWAYS if value else NEVER


def negation(condition: Condition) -> Condition:
    """`condition` does not hold."""
    remaining: Condition = ALWAYS
    for cube in condition:
        # Not (l1 and l2 and ...) is: not l1, or l1 and not l2, and so on; these exclude each other.
        parts = [(*cube[:i], (index, not value)) for i, (index, value) in enumerate(cube)]
        remaining = _checked(_products(remaining, tuple(parts)))
    return remaining


def both(first: Condition, second: Condition) -> Condition:
    """Both conditions hold."""
    return _checked(_products(first, second))


def either(first: Condition, second: Condition) -> Condition:
    """At least one of the conditions holds."""
    if ALWAYS in (first, second):
        return ALWAYS
    return _checked((*first, *_products(second, negation(first))) if first else second)


def exactly_one(first: Condition, second: Condition) -> Condition:
    """One of the conditions holds and the other does not."""
    only_first = both(first, negation(second))
    return _checked((*only_first, *both(second, negation(first))))


def word(value: int, *, digits: int = 0) -> Word:
    """A constant, of its own length or of at least `digits` digits."""
    length = max(value.bit_length(), digits)
    return tuple(constant(value=bool(value >> i & 1)) for i in range(length))


def equal(first: Word, second: Word) -> Condition:
    """Two integers are equal; the shorter one has zeros in front."""
    result = ALWAYS
    # Constant digits first: they decide most before a digit is compared with a digit.
    digits = sorted(_digit_pairs(first, second), key=lambda pair: len(pair[0]) + len(pair[1]))
    for a, b in digits:
        result = both(result, negation(exactly_one(a, b)))
    return result


def less(first: Word, second: Word) -> Condition:
    """The first integer is smaller than the second."""
    result = NEVER
    for a, b in _digit_pairs(first, second):  # a higher digit overrules the lower ones
        same = both(negation(exactly_one(a, b)), result)
        result = either(both(negation(a), b), same)
    return result


def not_zero(value: Word) -> Condition:
    """An integer has a digit that is 1; with a single digit, this is that digit."""
    if len(value) == 1:
        return value[0]
    return negation(equal(value, ()))


def _digit_pairs(first: Word, second: Word) -> list[tuple[Condition, Condition]]:
    return list(zip_longest(first, second, fillvalue=NEVER))


def _products(first: Condition, second: Condition) -> Condition:
    return tuple(cube for a in first for b in second if (cube := _conjunction(a, b)) is not None)


def _conjunction(first: Cube, second: Cube) -> Cube | None:
    merged = dict(first)
    for index, value in second:
        if merged.setdefault(index, value) != value:
            return None
    return tuple(sorted(merged.items()))


def _checked(condition: Condition) -> Condition:
    merged = _merged(condition) if len(condition) <= 4 * MAX_CUBES else condition
    if len(merged) > MAX_CUBES:
        raise CompilerError(ConditionTooComplex(limit=MAX_CUBES))
    return merged


def _merged(condition: Condition) -> Condition:
    """Replace two cubes that differ in the value of one bit by one, as long as there are any."""
    cubes = set(condition)
    found = True
    while found:
        found = False
        for a, b in combinations(sorted(cubes), 2):
            difference = set(a) ^ set(b)
            if len(a) == len(b) and len({index for index, _ in difference}) == 1:
                cubes -= {a, b}
                cubes.add(tuple(literal for literal in a if literal not in difference))
                found = True
                break
    return tuple(sorted(cubes))
