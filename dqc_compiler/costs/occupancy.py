"""How many comm qubits hold something at once, in the order of a program and at planned times.

A comm qubit is taken from the statement that begins a pair, or a swap that fills it, to the last
statement on it before the next reset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dqc_compiler.ir import DistributedProgram, Statement

_ROUNDING_NS = 1e-2  # what is free so little after something else is taken is free before
_Use = tuple[int, int, int]  # node, first and last statement


def peak_comm(statements: Iterable[Statement], first_comm: Sequence[int]) -> list[int]:
    """Of each node the most comm qubits that are taken at one place of its program; linear.

    Args:
        statements: of all nodes, in global order.
        first_comm: of each node the cell of its first comm qubit.
    """
    spans = ((node, first, last + 1.0) for node, first, last in _uses(statements, first_comm))
    return _peaks(spans, len(first_comm))


def planned_peak_comm(
    program: DistributedProgram, start: Sequence[float], durations: Sequence[float]
) -> list[int]:
    """Of each node the most comm qubits that are taken at one planned time; linear but for a sort.

    Args:
        program: the program.
        start: planned start of each statement, in ns.
        durations: of each statement, in ns.
    """
    first_comm = program.data_qubits.tolist()
    spans = (
        (node, start[first] + _ROUNDING_NS, start[last] + durations[last])
        for node, first, last in _uses(program.statements(), first_comm)
    )
    return _peaks(spans, len(first_comm))


def _uses(statements: Iterable[Statement], first_comm: Sequence[int]) -> Iterator[_Use]:
    taken: dict[tuple[int, int], _Use] = {}
    for index, row in enumerate(statements):
        for cell in row.qubits:
            if cell < first_comm[row.node] or row.name in ("barrier", "delay"):
                continue
            key = (row.node, cell)
            if row.name == "reset":
                if key in taken:
                    yield taken.pop(key)
            elif key in taken or row.name in ("dqc_epr", "swap"):
                first = taken[key][1] if key in taken else index
                taken[key] = (row.node, first, index)
    yield from taken.values()


def _peaks(spans: Iterable[tuple[int, float, float]], nodes: int) -> list[int]:
    """The most spans of each node that overlap; what ends makes room first."""
    changes: list[list[tuple[float, int]]] = [[] for _ in range(nodes)]
    for node, begin, end in spans:
        if end > begin:
            changes[node] += [(begin, 1), (end, -1)]
    return [_most(own) for own in changes]


def _most(changes: list[tuple[float, int]]) -> int:
    now = most = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most
