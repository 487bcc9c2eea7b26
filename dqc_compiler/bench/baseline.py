"""The baseline: figures that have been accepted, in a file for version control."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from dqc_compiler.diagnostics import CompilerError, Place
from dqc_compiler.diagnostics.bench import (
    BaselineMalformed,
    BaselineSchemaUnknown,
    BaselineUnreadable,
)
from dqc_compiler.formats.bench_file import BaselineChange, BaselineFile, BaselineRow
from dqc_compiler.formats.bundle_contents import compiler_version, dependency_versions
from dqc_compiler.formats.whole_file import replace_file

FORMAT = "dqc-bench-baseline"


def read_baseline(path: Path) -> BaselineFile:
    """Read a baseline.

    Raises:
        CompilerError: if there is none (DQC557), it is of another schema (DQC558), or the file is
            something else (DQC559).
    """
    place = Place(file=str(path))
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CompilerError(BaselineUnreadable(reason=reason, place=place)) from error
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 text (byte {error.start + 1})"
        raise CompilerError(BaselineMalformed(reason=reason, place=place)) from error
    raw = _tables_of(text, path)
    version = raw.get("schema")
    if version != 1 or isinstance(version, (bool, float)):
        raise CompilerError(BaselineSchemaUnknown(found=json.dumps(version)[:40], place=place))
    try:
        return BaselineFile.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        reason = f"{key}: {first['msg'].lower()}"
        raise CompilerError(BaselineMalformed(reason=reason, place=place)) from error


def read_replaceable(path: Path) -> BaselineFile | None:
    """Read the baseline that is to be made anew; None if there is none of this schema.

    Raises:
        CompilerError: if the file is something else (DQC557, DQC559).
    """
    if not path.exists():
        return None
    try:
        return read_baseline(path)
    except CompilerError as error:
        if isinstance(error.diagnostics[0], BaselineSchemaUnknown):
            return None
        raise


def _tables_of(text: str, path: Path) -> dict[str, object]:
    place = Place(file=str(path))
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        place = Place(file=str(path), line=error.lineno, column=error.colno)
        reason = f"not valid JSON: {error.msg.lower()}"
        raise CompilerError(BaselineMalformed(reason=reason, place=place)) from error
    except (ValueError, RecursionError) as error:
        raise CompilerError(BaselineMalformed(reason="not valid JSON", place=place)) from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        reason = f'it does not say "format": "{FORMAT}"'
        raise CompilerError(BaselineMalformed(reason=reason, place=place))
    return raw


def write_baseline(
    path: Path, rows: Mapping[str, BaselineRow], old: BaselineFile | None
) -> BaselineChange:
    """Write a baseline with these rows and no others; what has changed in it.

    Raises:
        CompilerError: if the operating system refuses (DQC511).
    """
    content = BaselineFile(
        versions={"dqc_compiler": compiler_version(), **dependency_versions()},
        rows={name: rows[name] for name in sorted(rows)},
    )
    replace_file(path, content.text())
    before = {} if old is None else old.rows
    return BaselineChange(
        changed=tuple(n for n, row in content.rows.items() if before.get(n, row) != row),
        added=tuple(name for name in content.rows if name not in before),
        removed=tuple(name for name in sorted(before) if name not in rows),
    )
