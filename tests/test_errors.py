"""Every error message, word for word, as it stands in tests/errors."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

import dqc_compiler
from dqc_compiler import cli_explain
from dqc_compiler.diagnostics import Diagnostic
from tests.errors.golden import ROOT, SUBJECTS, expected_file

CASES = [(subject, case) for subject, cases in SUBJECTS.items() for case in cases]

RANGES = {
    "bench": "DQC5[56]",
    "circuit": "DQC1",
    "network": "DQC2",
    "placement": "DQC25",
    "bundle": "DQC3",
    "verify": "DQC4",
    "usage": "DQC[59]",
}
"""How the codes of each module of diagnostics begin."""

WITHOUT_CASE = {
    "DQC103": ("a reason of the operating system", "test_circuit_in_files.py"),
    "DQC105": ("a file of hundreds of megabytes", "test_circuit_in_files.py"),
    "DQC321": ("a reason of the operating system", "test_bundle_write.py"),
    "DQC331": ("a defect of the compiler, or a changed bundle", "test_bundle_write.py"),
    "DQC511": ("a reason of the operating system", "test_cli.py"),
    "DQC564": ("a reason of MQT Bench", "test_bench.py"),
    "DQC901": ("a defect of the compiler", "test_cli.py"),
}
"""Codes that no case can provoke everywhere in the same words: why, and which test does it."""


def diagnostics() -> dict[str, type[Diagnostic]]:
    """All kinds of diagnostics by code."""
    modules = [
        import_module(f"dqc_compiler.diagnostics.{subject}") for subject in cli_explain.SUBJECTS
    ]
    values = [value for module in modules for value in vars(module).values()]
    kinds = [kind for kind in values if isinstance(kind, type) and issubclass(kind, Diagnostic)]
    return {kind.code: kind for kind in kinds if "code" in vars(kind)}


@pytest.mark.parametrize(("subject", "case"), CASES, ids=[f"{s}-{c}" for s, c in CASES])
def test_message(subject: str, case: str, tmp_path: Path) -> None:
    expected = expected_file(subject, case).read_text(encoding="utf-8")
    assert SUBJECTS[subject][case](tmp_path) == expected


def test_every_message_belongs_to_a_case() -> None:
    files = {(path.parent.name, path.stem) for path in ROOT.rglob("*.err")}
    assert files == set(CASES)
    assert len(CASES) == len(files)


def test_every_diagnostic_that_is_raised_has_a_case() -> None:
    package = Path(dqc_compiler.__file__).parent
    sources = [path for path in package.rglob("*.py") if path.parent.name != "diagnostics"]
    source = "".join(path.read_text(encoding="utf-8") for path in sources)
    raised = {code for code, kind in diagnostics().items() if kind.__name__ in source}
    shown = "".join(path.read_text(encoding="utf-8") for path in ROOT.rglob("*.err"))
    covered = set(re.findall(r"^error\[(\w+)\]", shown, re.MULTILINE))
    assert raised - covered == set(WITHOUT_CASE)


@pytest.mark.parametrize("code", WITHOUT_CASE)
def test_a_diagnostic_without_a_case_has_a_test(code: str) -> None:
    _, test = WITHOUT_CASE[code]
    text = (ROOT.parent / test).read_text(encoding="utf-8")
    assert code in text or diagnostics()[code].__name__ in text


@pytest.mark.parametrize("subject", cli_explain.SUBJECTS)
def test_codes_tell_the_subject(subject: str) -> None:
    module = f"dqc_compiler.diagnostics.{subject}"
    codes = [code for code, kind in diagnostics().items() if kind.__module__ == module]
    assert codes
    assert all(re.match(RANGES[subject], code) for code in codes)


def test_every_diagnostic_is_worded_and_explained() -> None:
    """The templates use their fields, and the explanation says more than the title."""
    for code, kind in diagnostics().items():
        fields = set(inspect.signature(kind).parameters) - {"place"}
        used = set(re.findall(r"{(\w+)", kind.message + kind.help))
        assert used == fields, code
        assert len(inspect.getdoc(kind) or "") > len(kind.title), code
