"""Compare two canonical forms, and say in words where they differ first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import pi, remainder

from dqc_compiler.verify.canonical import (
    ANGLE_TOLERANCE,
    CanonicalForm,
    Condition,
    Entry,
    Measured,
    Origin,
    Reset,
    Run,
    Sum,
)
from dqc_compiler.verify.rotations import Quaternion, distance, same


def first_difference(
    expected: CanonicalForm,
    found: CanonicalForm,
    qubits: Sequence[str],
    clbits: Sequence[str],
) -> str | None:
    """What the form `found` does differently, None if the two circuits are equal.

    Args:
        expected: form of the circuit that is asked for.
        found: form of the circuit to be judged, with wires in the same order.
        qubits: names of the wires.
        clbits: names of the classical bits.
    """
    for checker in (_entries, _sums, _frames, _ends):
        for difference in checker(expected, found, qubits):
            return difference
    return first_other_bit(expected, found, clbits)


def first_other_bit(
    expected: CanonicalForm, found: CanonicalForm, clbits: Sequence[str]
) -> str | None:
    """Which classical bit holds another measurement, None if there is none.

    The forms have to be equal apart from that.
    """
    for name, first, second in zip(clbits, expected.clbits, found.clbits, strict=True):
        if first != second:
            return f"the classical bit {name} holds another measurement than it should"
    return None


def _at(origin: Origin) -> str:
    return f"{origin[0]}:{origin[1]}" if origin[1] else origin[0]


def _entries(expected: CanonicalForm, found: CanonicalForm, qubits: Sequence[str]) -> Iterator[str]:
    for wire, name in enumerate(qubits):
        pair = expected.entries[wire], found.entries[wire]
        for index, (a, b) in enumerate(zip(*pair, strict=False)):
            if not _entry_equal(a, b):
                yield (
                    f"{name}: step {index + 1} should be {_describe(a)} ({_at(a.origin)}), "
                    f"but is {_describe(b)} ({_at(b.origin)})"
                )
        first, second = (len(entries) for entries in pair)
        if first > second:
            entry = pair[0][second]
            yield f"{name}: {_describe(entry)} ({_at(entry.origin)}) is missing"
        if second > first:
            entry = pair[1][first]
            yield f"{name}: {_describe(entry)} ({_at(entry.origin)}) is not in the circuit"


def _entry_equal(a: Entry, b: Entry) -> bool:
    if isinstance(a, Reset) or isinstance(b, Reset):
        return type(a) is type(b)
    return type(a) is type(b) and same(a.axis, b.axis, ANGLE_TOLERANCE)


def _describe(entry: Entry) -> str:
    if isinstance(entry, Run):
        return f"gates about the axis {_vector(entry.axis)}"
    if isinstance(entry, Measured):
        return f"a measurement of the axis {_vector(entry.axis)}"
    return "a reset"


def _vector(axis: Sequence[float]) -> str:
    return "(" + ", ".join(f"{round(x, 6) + 0.0:g}" for x in axis) + ")"


def _sums(expected: CanonicalForm, found: CanonicalForm, qubits: Sequence[str]) -> Iterator[str]:
    # Iterated in order of time, so that the first difference is the same in every run.
    for key in dict.fromkeys((*expected.pair_sums, *found.pair_sums)):
        a, b = expected.pair_sums.get(key), found.pair_sums.get(key)
        where = f"between {qubits[key.wire]} and {qubits[key.other]}{_under(key.condition)}"
        yield from _angle_difference(a, b, where, _angle(a) - _angle(b))
    for local in dict.fromkeys((*expected.local_sums, *found.local_sums)):
        a, b = expected.local_sums.get(local), found.local_sums.get(local)
        where = f"on {qubits[local.wire]}{_under(local.condition)}"
        yield from _angle_difference(a, b, where, remainder(_angle(a) - _angle(b), 2 * pi))


def _under(condition: Condition) -> str:
    return f" under a condition on {len(condition)} bit(s)" if condition else ""


def _angle(total: Sum | None) -> float:
    return 0.0 if total is None else total.angle


def _angle_difference(a: Sum | None, b: Sum | None, where: str, difference: float) -> Iterator[str]:
    if abs(difference) < ANGLE_TOLERANCE:
        return
    if b is None and a is not None:
        yield f"the gates {where} that start at {_at(a.origin)} are missing"
    elif a is None and b is not None:
        yield f"the gates {where} that start at {_at(b.origin)} are not in the circuit"
    elif a is not None and b is not None:
        yield (
            f"the gates {where} should turn by {a.angle:.9g} ({_at(a.origin)}), "
            f"but turn by {b.angle:.9g} ({_at(b.origin)})"
        )


def _frames(expected: CanonicalForm, found: CanonicalForm, qubits: Sequence[str]) -> Iterator[str]:
    for wire, name in enumerate(qubits):
        a, b = expected.frames[wire], found.frames[wire]
        if distance(a, b) >= ANGLE_TOLERANCE:
            yield (
                f"{name}: the one-qubit gates up to its end make the rotation {_rotation(b)} "
                f"instead of {_rotation(a)}"
            )


def _rotation(q: Quaternion) -> str:
    return "(" + ", ".join(f"{round(x, 6) + 0.0:g}" for x in q) + ")"


def _ends(expected: CanonicalForm, found: CanonicalForm, qubits: Sequence[str]) -> Iterator[str]:
    for wire, name in enumerate(qubits):
        a, b = expected.end[wire], found.end[wire]
        if a != b:
            yield f"{name} should end as {qubits[a]}, but ends as {qubits[b]}"
