"""The figures of one compilation, all of them the same on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dqc_compiler.formats.bench_file import BenchFigures
from dqc_compiler.ir import Circuit, DistributedProgram, GadgetKind
from dqc_compiler.ir.circuit import NOT_UNITARY, OPCODE

if TYPE_CHECKING:
    from dqc_compiler.pipeline import Result


def figures_of(result: Result) -> BenchFigures:
    """What the programs of a compilation cost."""
    program = result.program
    return BenchFigures(
        ebits=int((program.gadget_kind == GadgetKind.OPEN).sum()),
        pairs=program.pairs,
        peak_comm_qubits=int(program.peak_comm.max(initial=0)),
        messages=program.messages,
        depth=depth_of(program),
        # A time of sums alone; the mean over random runs has logarithms in it.
        planned_makespan_ns=round(float(result.schedule.planned_makespan_ns), 3),
        added_gates=_gates(program) - _gates(result.original),
    )


def _gates(table: Circuit | DistributedProgram) -> int:
    others = [OPCODE[name] for name in NOT_UNITARY]
    return len(table) - int(np.isin(table.opcode, others).sum())


def depth_of(program: DistributedProgram) -> int:
    """The longest chain of statements through qubits, pairs and messages of all nodes.

    Both halves of a pair are one step. A barrier is none, but what it orders follows each other.
    """
    level: dict[tuple[int, int], int] = {}  # of the last step on each qubit of a node
    sent: dict[tuple[int, int], int] = {}  # of the measurement behind each bit
    open_halves: dict[tuple[int, int], tuple[int, int]] = {}
    for row in program.statements():
        cells = [(row.node, cell) for cell in row.qubits]
        if row.name == "dqc_epr":
            other = open_halves.pop((row.link, row.pair), None)
            if other is None:  # the step is made when the second half comes
                open_halves[row.link, row.pair] = cells[0]
                continue
            cells.append(other)
        waits = [level.get(cell, 0) for cell in cells]
        waits += [sent[register, index] for register, index, _ in row.condition]
        reached = max(waits, default=0) + (row.name != "barrier")
        level.update(dict.fromkeys(cells, reached))
        if row.writes is not None:
            sent[row.writes] = reached
    return max(level.values(), default=0)
