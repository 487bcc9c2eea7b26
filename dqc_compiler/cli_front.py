"""The front as a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dqc_compiler.formats.front import FrontEntry

_UNITS = (("s", 1e9), ("ms", 1e6), ("us", 1e3), ("ns", 1.0))
_VERDICTS = {True: "equivalent", False: "NOT equivalent", None: "not proven"}


def front_table(entries: Sequence[FrontEntry], *, widest: str, counted: str = "e-bits") -> str:
    """One line per budget, under a head with units.

    Args:
        entries: of the report.
        widest: what the budget without a limit is called.
        counted: what the pairs are called.
    """
    unit, size = time_unit(max(entry.makespan_ns.p95 for entry in entries))
    head = (
        "comm qubits",
        counted,
        "peak",
        f"makespan mean [{unit}]",
        f"95th pct [{unit}]",
        "front",
    )
    rows = [
        (
            widest if entry.comm_qubits is None else str(entry.comm_qubits),
            str(entry.pairs),
            str(entry.max_peak_comm_qubits),
            f"{entry.makespan_ns.mean / size:.4f}",
            f"{entry.makespan_ns.p95 / size:.4f}",
            "*" if entry.on_front else "",
        )
        for entry in entries
    ]
    notes = ["", *(_note(entry) for entry in entries)]
    table = [head, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    lines = []
    for row, note in zip(table, notes, strict=True):
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join([*cells, note]).rstrip())
    return "".join(f"{line}\n" for line in lines)


def time_unit(ns: float) -> tuple[str, float]:
    """The largest unit in which a time is not a fraction."""
    return next((unit for unit in _UNITS if ns >= unit[1]), _UNITS[-1])


def _note(entry: FrontEntry) -> str:
    notes = ["in the bundle"] if entry.in_bundle else []
    if entry.equivalent is not True:
        notes.append(_VERDICTS[entry.equivalent])
    if entry.stopped != "done":
        notes.append(f"stopped: {entry.stopped}")
    return ", ".join(notes)
