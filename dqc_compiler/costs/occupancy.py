"""How many comm qubits hold something at once when pairs are generated ahead of their use."""

from __future__ import annotations

from collections.abc import Sequence

from dqc_compiler.ir import DistributedProgram

_ROUNDING_NS = 1e-2


def planned_peak_comm(
    program: DistributedProgram, start: Sequence[float], durations: Sequence[float]
) -> list[int]:
    """Of each node the most comm qubits that are taken at one planned time.

    A comm qubit is taken from the moment at which a pair's generation starts, or a swap that fills
    it, to the end of the last statement on it before the next reset. Linear but for a sort.

    Args:
        program: the program.
        start: planned start of each statement, in ns.
        durations: of each statement, in ns.
    """
    first_comm = program.data_qubits.tolist()
    taken: dict[tuple[int, int], tuple[float, float]] = {}  # cell -> since, and last use so far
    changes: list[list[tuple[float, int]]] = [[] for _ in program.network.nodes]

    def free(node: int, cell: int) -> None:
        since, until = taken.pop((node, cell), (0.0, 0.0))
        since += _ROUNDING_NS  # it may be taken in the moment in which another one is free
        if until > since:
            changes[node] += [(since, 1), (until, -1)]

    for index, row in enumerate(program.statements()):
        for cell in row.qubits:
            if cell < first_comm[row.node] or row.name in ("barrier", "delay"):
                continue
            if row.name == "reset":
                free(row.node, cell)
            elif (row.node, cell) in taken or row.name in ("dqc_epr", "swap"):
                since, _ = taken.get((row.node, cell), (start[index], 0.0))
                taken[row.node, cell] = (since, start[index] + durations[index])
    for node, cell in list(taken):
        free(node, cell)
    return [_most(own) for own in changes]


def _most(changes: list[tuple[float, int]]) -> int:
    now = most = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most
