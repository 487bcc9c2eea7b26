"""Finished rows of a run that may be resumed: one file per row, named after all that it is from."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from dqc_compiler.formats.bench_file import MeasuredRow, StateFile
from dqc_compiler.formats.bundle_contents import (
    compiler_version,
    dependency_versions,
    digest,
)
from dqc_compiler.formats.whole_file import replace_file
from dqc_compiler.pipeline import Options


def key_of(name: str, circuit: str, network: str, options: Options) -> str:
    """What a finished row is found by; another key, and it is measured anew.

    Args:
        name: of the row, so that equal rows of one suite are measured each.
        circuit: digest of it.
        network: digest of it.
        options: all of them count, how the row is verified too.
    """
    inputs = [name, circuit, network, repr(options)]
    parts = [*inputs, compiler_version(), _sources(), dependency_versions()]
    return digest(json.dumps(parts).encode())


@cache
def _sources() -> str:
    """Digest of the compiler itself, which changes more often than its version."""
    package = Path(__file__).parents[1]
    texts = [path.read_bytes() for path in sorted(package.rglob("*.py"))]
    return digest(b"".join(texts))


def load_row(directory: Path, key: str) -> MeasuredRow | None:
    """The finished row with this key; None if there is none that can be read."""
    try:
        text = _file_of(directory, key).read_text(encoding="utf-8")
        return StateFile.model_validate_json(text).row
    except (OSError, ValueError, ValidationError):
        return None


def save_row(directory: Path, key: str, row: MeasuredRow) -> None:
    """Keep a finished row; there is never a part of a file.

    Raises:
        CompilerError: if the operating system refuses (DQC511).
    """
    replace_file(_file_of(directory, key), StateFile(row=row).text())


def forget_row(directory: Path, key: str) -> None:
    """Remove a row that nobody has to resume any more."""
    _file_of(directory, key).unlink(missing_ok=True)


def _file_of(directory: Path, key: str) -> Path:
    return directory / f"{key}.json"
