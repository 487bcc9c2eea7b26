"""The report as JUnit XML, which CI services show as tests.

Names are those of rows, so that a service can follow a row through its runs. There is neither a
time of day nor a host in the file.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from dqc_compiler.bench.words import TITLES, cells, culprit
from dqc_compiler.formats.bench_file import BenchReport, ReportRow

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_text(report: BenchReport) -> str:
    """One test suite with one test case per row.

    A row that costs more, is new or gone or whose programs are refuted is a failure; one that could
    not be compiled is an error.
    """
    errors = sum(row.status == "error" for row in report.rows)
    counts = {
        "tests": str(len(report.rows)),
        "failures": str(sum(row.fails for row in report.rows) - errors),
        "errors": str(errors),
        "time": _seconds(sum(row.seconds or 0.0 for row in report.rows)),
    }
    name = _clean(f"dqc-bench.{report.suite}")
    root = ET.Element("testsuites", {"name": "dqc-bench", **counts})
    suite = ET.SubElement(root, "testsuite", {"name": name, **counts, "skipped": "0"})
    for row in report.rows:
        case = ET.SubElement(
            suite,
            "testcase",
            {"classname": name, "name": _clean(row.name), "time": _seconds(row.seconds or 0.0)},
        )
        _add_result(case, row)
    ET.indent(root)
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _add_result(case: ET.Element, row: ReportRow) -> None:
    if row.fails:
        tag = "error" if row.status == "error" else "failure"
        kind = str(row.problems[0]["code"]) if row.problems else row.status
        found = ET.SubElement(case, tag, {"type": kind, "message": _clean(culprit(row))})
        found.text = _clean("\n".join(_detail(row)))
    elif row.figures is not None:
        ET.SubElement(case, "system-out").text = _clean("\n".join(_detail(row)))


def _detail(row: ReportRow) -> list[str]:
    figures = [
        f"{title}: {cell}" for title, cell in zip(TITLES.values(), cells(row), strict=True) if cell
    ]
    problems = [f"{each['code']}: {each['message']}; {each['help']}" for each in row.problems]
    return [*problems, *row.notes, *figures]


def _seconds(value: float) -> str:
    return f"{value:.3f}"


def _clean(text: str) -> str:
    """Characters that XML cannot hold, from names of files, are left out."""
    return _NOT_XML.sub("?", text)
