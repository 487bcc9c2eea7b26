"""What a benchmark shows: table, JUnit XML, Markdown and JSON of the same report."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from dqc_compiler import cli
from dqc_compiler.bench.junit import junit_text
from dqc_compiler.bench.markdown import markdown_text
from dqc_compiler.bench.table import table_text
from dqc_compiler.bench.words import TITLES
from dqc_compiler.cli_terminal import execute
from dqc_compiler.formats.bench_file import (
    FIGURES,
    BaselineChange,
    BenchFigures,
    BenchReport,
    ChangedFigure,
    ReportRow,
)
from dqc_compiler.formats.schema import MODELS
from tests.errors.cases_bench import BROKEN, GHZ

COUNTS = {"name", "tests", "failures", "errors", "time"}
OPTIONAL = {"disabled", "skipped", "timestamp", "hostname", "id", "package"}
JUNIT: dict[str, tuple[set[str], set[str], list[str]]] = {
    "testsuites": (set(), COUNTS | {"disabled"}, ["testsuite"]),
    "testsuite": (
        {"name", "tests"},
        COUNTS | OPTIONAL,
        ["properties", "testcase", "system-out", "system-err"],
    ),
    "testcase": (
        {"name"},
        {"name", "assertions", "time", "classname", "status"},
        ["skipped", "error", "failure", "system-out", "system-err"],
    ),
    "failure": (set(), {"type", "message"}, []),
    "error": (set(), {"type", "message"}, []),
    "system-out": (set(), set(), []),
}
"""JUnit XML as Jenkins has it: required attributes, all of them, and children in their order.

pytest, Surefire and GitLab demand no more.
"""

ONES = dict.fromkeys(FIGURES, 1)


def row(name: str, status: str, **content: Any) -> ReportRow:
    values: dict[str, Any] = {
        "fails": status in ("worse", "new", "gone", "refuted", "error"),
        "figures": BenchFigures.model_validate({**ONES, "planned_makespan_ns": 1500.25}),
        "baseline": BenchFigures.model_validate({**ONES, "planned_makespan_ns": 1500.25}),
        "changed": (),
        "notes": (),
        "problems": (),
        "equivalent": True,
        "seconds": 1.25,
        "resumed": False,
    }
    return ReportRow.model_validate({"name": name, "status": status, **values, **content})


PROBLEM = {"code": "DQC111", "title": "t", "message": "a < b & c", "help": "h", "place": None}
REPORT = BenchReport(
    suite="circuits",
    shard="1/2",
    passed=False,
    rows=(
        row("same", "same"),
        row(
            "worse",
            "worse",
            changed=(
                ChangedFigure(figure="ebits", before=1, after=2, verdict="worse"),
                ChangedFigure(figure="depth", before=9, after=3, verdict="better"),
            ),
            notes=("other circuit than in the baseline",),
        ),
        row("a|b `c` [d](e) <f>\x07", "new", baseline=None),
        row("old", "gone", figures=None, seconds=None, notes=("in the baseline, but not here",)),
        row("wrong", "refuted", equivalent=False, notes=("refuted by symbolic: no",)),
        row("broken", "error", figures=None, seconds=None, problems=(PROBLEM,)),
        row("resumed", "same", resumed=True),
    ),
    updated=None,
)


def check_junit(element: ET.Element) -> None:
    required, allowed, children = JUNIT[element.tag]
    assert required <= element.attrib.keys() <= allowed, element.tag
    positions = [children.index(child.tag) for child in element]
    assert positions == sorted(positions)
    for child in element:
        check_junit(child)


def test_junit_follows_the_schema_and_counts_what_it_holds() -> None:
    root = ET.fromstring(junit_text(REPORT))
    check_junit(root)
    (suite,) = root
    assert suite.get("name") == "dqc-bench.circuits"
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert list(cases)[:2] == ["same", "worse"]
    assert {case.get("classname") for case in cases.values()} == {"dqc-bench.circuits"}
    tags = Counter(child.tag for case in cases.values() for child in case)
    assert tags == {"failure": 4, "error": 1, "system-out": 2}
    for counted in (root, suite):
        counts = [int(counted.get(name, "")) for name in ("tests", "failures", "errors")]
        assert counts == [7, 4, 1]
        assert counted.get("time") == "6.250"
    failure = cases["worse"].find("failure")
    assert failure is not None
    assert failure.attrib == {"type": "worse", "message": "worse (ebits 1 -> 2)"}
    assert "e-bits: 1 -> 2" in (failure.text or "")
    error = cases["broken"].find("error")
    assert error is not None
    assert error.attrib == {"type": "DQC111", "message": "broken (DQC111: a < b & c)"}


def test_names_of_junit_do_not_depend_on_the_figures() -> None:
    better = [row(each.name, "better") for each in REPORT.rows]
    other = REPORT.model_copy(update={"rows": tuple(better), "passed": True})
    names = [
        [(case.get("classname"), case.get("name")) for case in ET.fromstring(text).iter("testcase")]
        for text in (junit_text(REPORT), junit_text(other))
    ]
    assert names[0] == names[1]


def test_markdown_is_one_table_that_no_name_can_break() -> None:
    text = markdown_text(REPORT)
    lines = text.splitlines()
    assert lines[0] == "### dqc bench: circuits, shard 1/2"
    assert "- worse (ebits 1 -\\> 2)" in lines
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + len(REPORT.rows)
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {3 + len(TITLES)}
    assert "<f>" not in text
    assert "| 🔴 worse | worse | 1 → 2 | 1 | 1 | 1 | 9 → 3 | 1500.25 | 1 |" in table
    assert text.endswith("\n")


def test_the_table_has_a_line_per_row_and_says_how_many_fail() -> None:
    lines = table_text(REPORT, is_terminal=False).splitlines()
    assert re.split(r"\s{2,}", lines[0]) == ["row", "status", *TITLES.values(), "seconds"]
    assert re.split(r"\s{2,}", lines[2])[:3] == ["worse", "worse", "1 -> 2"]
    assert "1500.25" in lines[1]
    assert "1 of 7 rows are from a run that was not finished" in lines
    assert lines[-1] == "7 rows: 1 worse, 1 new, 1 gone, 1 refuted, 1 error, 2 same"
    assert all(line == line.rstrip() for line in lines)


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[31mworse" in table_text(REPORT, is_terminal=True)
    assert "\x1b" not in table_text(REPORT, is_terminal=False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "31m" not in table_text(REPORT, is_terminal=True)


def test_an_update_is_told_in_the_table() -> None:
    change = BaselineChange(changed=("a", "b"), added=(), removed=("c",))
    lines = table_text(REPORT.model_copy(update={"updated": change}), is_terminal=False)
    assert lines.splitlines()[-2:] == ["baseline: changed a, b", "baseline: removed c"]


def test_files_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """JUnit replaces its file, Markdown is appended, and JSON follows its schema."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "good.qasm").write_text(GHZ)
    (tmp_path / "suite" / "bad.qasm").write_text(BROKEN)
    (tmp_path / "summary.md").write_text("# Before\n")
    arguments = ["bench", "run", "suite", "--nodes", "2", "--preset", "fast", "--format", "json"]
    outputs = ["--junit", "junit.xml", "--markdown", "summary.md"]
    for _ in range(2):
        capsys.readouterr()
        assert execute(cli.dqc, "dqc", [*arguments, *outputs]) == 1
    text = capsys.readouterr().out
    jsonschema.validate(json.loads(text), MODELS["bench"].model_json_schema())
    check_junit(ET.parse("junit.xml").getroot())
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("# Before\n### dqc bench: suite\n")
    assert summary.count("### dqc bench: suite\n") == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["junit.xml", "suite", "summary.md"]
