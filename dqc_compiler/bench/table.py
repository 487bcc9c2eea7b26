"""The report as a table in a terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dqc_compiler.bench.words import TITLES, cells, summary
from dqc_compiler.formats.bench_file import BaselineChange, BenchReport, ReportRow

_STYLES = {"better": "green", "tolerated": "yellow"}
_ENDLESS = 100_000  # columns: a line is never broken, so that scripts can read it


def table_text(report: BenchReport, *, is_terminal: bool) -> str:
    """One line per row under a head, then notes, and how many there are of each status.

    Args:
        report: to be shown.
        is_terminal: whether colours are welcome.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("row", no_wrap=True)
    table.add_column("status", no_wrap=True)
    for title in (*TITLES.values(), "seconds"):
        table.add_column(Text(title), justify="right", no_wrap=True)  # "[ns]" is no markup
    for row in report.rows:
        seconds = "" if row.seconds is None else f"{row.seconds:.1f}"
        style = "red" if row.fails else _STYLES.get(row.status, "")
        table.add_row(*map(Text, (row.name, row.status, *cells(row), seconds)), style=style)
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=_ENDLESS,
        force_terminal=is_terminal,
        color_system="auto" if is_terminal else None,
        highlight=False,
    )
    console.print(table)
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    ending = [*_notes(report.rows), summary(report.rows), *_update_lines(report.updated)]
    return "".join(f"{line}\n" for line in [*lines, "", *ending])


def _notes(rows: Sequence[ReportRow]) -> list[str]:
    """What stands behind the figures: other inputs, rows of an earlier run, no proof."""
    notes = [f"{row.name}: {note}" for row in rows for note in row.notes if row.status != "gone"]
    notes += [f"{row.name}: not proven" for row in rows if row.figures and row.equivalent is None]
    resumed = sum(row.resumed for row in rows)
    if resumed:
        notes.append(f"{resumed} of {len(rows)} rows are from a run that was not finished")
    return notes


def _update_lines(change: BaselineChange | None) -> list[str]:
    if change is None:
        return []
    lines = [
        f"baseline: {word} {', '.join(names)}"
        for word, names in (
            ("changed", change.changed),
            ("added", change.added),
            ("removed", change.removed),
        )
        if names
    ]
    return lines or ["baseline: no row has changed"]
