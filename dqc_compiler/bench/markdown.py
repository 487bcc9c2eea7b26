"""The report as Markdown, for the summary of a CI job."""

from __future__ import annotations

from dqc_compiler.bench.words import TITLES, cells, culprit, summary
from dqc_compiler.formats.bench_file import BenchReport, ReportRow

_MARKS = {"better": "🟢", "tolerated": "🟡"}


def markdown_text(report: BenchReport) -> str:
    """A heading, the rows that fail, and a table of all rows."""
    shard = "" if report.shard is None else f", shard {report.shard}"
    lines = [f"### dqc bench: {_plain(report.suite)}{shard}", "", summary(report.rows), ""]
    failing = [row for row in report.rows if row.fails]
    if failing:
        lines += [f"- {_plain(culprit(row))}" for row in failing]
        lines += [""]
    lines += ["| | row | " + " | ".join(TITLES.values()) + " |"]
    lines += ["|---|---|" + "---:|" * len(TITLES)]
    lines += [_table_row(row) for row in report.rows]
    notes = [f"- {_plain(row.name)}: {_plain(note)}" for row in report.rows for note in row.notes]
    lines += ["", *notes, ""] if notes else [""]
    return "\n".join(lines) + "\n"


def _table_row(row: ReportRow) -> str:
    mark = "🔴" if row.fails else _MARKS.get(row.status, "")
    figures = (cell.replace("->", "→") for cell in cells(row))
    return f"| {mark} {row.status} | {_plain(row.name)} | {' | '.join(figures)} |"


def _plain(text: str) -> str:
    """Text in which nothing is a mark of Markdown or HTML."""
    line = " ".join(text.split())
    for character in "\\`*_[]|<>#":
        line = line.replace(character, f"\\{character}")
    return line.encode("utf-8", "replace").decode()
