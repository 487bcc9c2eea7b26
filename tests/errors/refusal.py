"""What is shown when something is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dqc_compiler.diagnostics import CompilerError


def refusal(action: Callable[[], object], *, directory: Path | None = None) -> str:
    """The diagnostics that an action raises, with paths relative to `directory`."""
    try:
        action()
    except CompilerError as error:
        shown = str(error)
        return (shown if directory is None else shown.replace(f"{directory}/", "")) + "\n"
    return "accepted\n"
