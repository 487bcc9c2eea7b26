"""Every refusal of the circuit reader, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from dqc_compiler.diagnostics import circuit as diagnostics
from dqc_compiler.diagnostics.core import Diagnostic
from tests.errors.golden import ROOT, cases, shown

CASES = list(cases())


@pytest.mark.parametrize(("subject", "path"), CASES, ids=[path.stem for _, path in CASES])
def test_message(subject: str, path: Path) -> None:
    assert shown(subject, path) == path.with_suffix(".err").read_text(encoding="utf-8")


def test_codes_are_unique_and_in_range() -> None:
    classes = [
        value
        for value in vars(diagnostics).values()
        if isinstance(value, type) and issubclass(value, Diagnostic) and hasattr(value, "code")
    ]
    codes = [value.code for value in classes]
    assert len(set(codes)) == len(codes)
    assert all("DQC101" <= code <= "DQC199" for code in codes)


def test_golden_files_have_inputs() -> None:
    for expected in (ROOT / "circuit").glob("*.err"):
        assert expected.with_suffix(".qasm").exists()
