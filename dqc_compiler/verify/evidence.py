"""What a check outside of the symbolic proof brings."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal, NamedTuple

from dqc_compiler.formats.verdict import Check

Level = Literal["auto", "all"]


class Evidence(NamedTuple):
    """A check; `is_proof` if passing it proves equality, and is not only a sample."""

    check: Check
    is_proof: bool = False


def skipped(name: str, reason: str) -> Evidence:
    """A check without a result."""
    return Evidence(Check(name=name, passed=None, detail=f"skipped: {reason}"))


def missing(name: str, module: str, package: str) -> Evidence | None:
    """A skipped check if an optional engine is not installed, None if it is."""
    try:
        found = find_spec(module) is not None
    except ModuleNotFoundError:  # a parent package is missing
        found = False
    if found:
        return None
    return skipped(name, f"{package} is not installed (pip install 'dqc_compiler[verify]')")
