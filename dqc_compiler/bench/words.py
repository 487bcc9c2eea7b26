"""Words and numbers that all outputs of a benchmark have in common."""

from __future__ import annotations

from collections.abc import Sequence

from dqc_compiler.formats.bench_file import FIGURES, ReportRow

TITLES = {
    "ebits": "e-bits",
    "pairs": "pairs",
    "peak_comm_qubits": "peak comm",
    "messages": "messages",
    "depth": "depth",
    "planned_makespan_ns": "makespan [ns]",
    "added_gates": "added gates",
}
"""Heads of the columns."""

_MEANINGS = {
    "new": "not in the baseline",
    "gone": "in the baseline, but not in the suite",
    "refuted": "verification refuted the programs",
}


def figure_text(value: float) -> str:
    """A figure to its last digit, which is the picosecond of a time."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def cells(row: ReportRow) -> list[str]:
    """The figures of a row, each with that of the baseline if it differs."""
    changed = {each.figure: each for each in row.changed}
    figures = row.figures or row.baseline
    found = []
    for name in FIGURES:
        if figures is None:
            found.append("")
        elif name in changed:
            before, after = changed[name].before, changed[name].after
            found.append(f"{figure_text(before)} -> {figure_text(after)}")
        else:
            found.append(figure_text(getattr(figures, name)))
    return found


def culprit(row: ReportRow) -> str:
    """Why a row fails, in one line that begins with its name."""
    if row.status == "error":
        first = row.problems[0]
        return f"{row.name} ({first['code']}: {first['message']})"
    if row.status == "worse":
        worse = [each for each in row.changed if each.verdict == "worse"]
        figures = ", ".join(
            f"{each.figure} {figure_text(each.before)} -> {figure_text(each.after)}"
            for each in worse
        )
        return f"{row.name} ({figures})"
    return f"{row.name} ({_MEANINGS[row.status]})"


def summary(rows: Sequence[ReportRow]) -> str:
    """How many rows there are of each status, those that fail first."""
    count: dict[str, int] = {}
    for row in sorted(rows, key=lambda each: not each.fails):
        count[row.status] = count.get(row.status, 0) + 1
    counted = ", ".join(f"{number} {status}" for status, number in count.items())
    return f"{len(rows)} {'row' if len(rows) == 1 else 'rows'}: {counted}" if rows else "no rows"
