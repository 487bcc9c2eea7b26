"""Read the manifest of a suite: every problem of the text in one go, each with its place."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dqc_compiler.diagnostics import CompilerError, Place
from dqc_compiler.diagnostics.bench import (
    SuiteBadKey,
    SuiteSchemaUnknown,
    SuiteSyntax,
    SuiteUnreadable,
)
from dqc_compiler.formats.bench_file import CircuitEntry, SuiteFile
from dqc_compiler.formats.places import KeyPath, Places, find_places

MAX_BYTES = 8 * 2**20
_MOST_PROBLEMS = 20
_WORDS = {
    "extra_forbidden": "the schema has no such key",
    "int_type": "must be a whole number",
    "string_type": "must be a text",
    "string_too_short": "must not be empty",
    "list_type": "is written as tables [[circuit]]",
    "model_type": "is written as a table [[circuit]]",
    "string_pattern_mismatch": "must not have control characters",
}


def read_manifest(path: Path) -> list[tuple[CircuitEntry, Place]]:
    """The rows of a manifest, each with the place where it begins.

    Raises:
        CompilerError: with the problems of the text (DQC551, DQC553 to DQC555).
    """
    text = _text_of(path)
    raw = _tables_of(text, path)
    version = raw.get("schema")
    if version != 1 or isinstance(version, (bool, float)):
        found = "missing" if version is None else json.dumps(version, default=str)[:40]
        raise CompilerError(SuiteSchemaUnknown(found=found, place=Place(file=str(path))))
    places = find_places(text)
    lines = text.split("\n")
    try:
        content = SuiteFile.model_validate(raw)
    except ValidationError as error:
        details = error.errors(include_url=False)[:_MOST_PROBLEMS]
        problems = [_bad_key(each, path, lines, places) for each in details]
        problems.sort(key=lambda each: (each.place and each.place.line) or 0)
        raise CompilerError(*problems) from None
    return [
        (entry, _place(path, lines, places, ("circuit", number)))
        for number, entry in enumerate(content.circuit)
    ]


def _text_of(path: Path) -> str:
    place = Place(file=str(path))
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) <= MAX_BYTES:
            return data.decode("utf-8-sig").replace("\r\n", "\n")
        reason = f"is larger than {MAX_BYTES // 2**20} MiB"
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    except UnicodeDecodeError as error:
        reason = f"is not UTF-8 text (byte {error.start + 1})"
    except ValueError:  # a name with NUL in it
        reason = "no file has such a name"
    raise CompilerError(SuiteUnreadable(reason=reason, place=place))


def _tables_of(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers of absurd length
        words = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    match = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", words, re.DOTALL)
    place = Place(file=str(path))
    if match is not None:
        place = Place(file=str(path), line=int(match[2]), column=int(match[3]))
        words = match[1]
    raise CompilerError(SuiteSyntax(reason=words[:1].lower() + words[1:], place=place))


def _bad_key(problem: Any, path: Path, lines: Sequence[str], places: Places) -> SuiteBadKey:
    steps: KeyPath = problem["loc"]
    named = [str(step) for step in steps if not isinstance(step, int)]
    key = named[-1] if named else "the file"
    reason = _WORDS.get(problem["type"]) or problem["msg"].removeprefix("Value error, ").lower()
    if key == "mqt" and problem["type"] == "string_pattern_mismatch":
        reason = "must be one circuit, NAME@QUBITS"
    return SuiteBadKey(
        key=key,
        reason=reason.replace("input should be", "must be"),
        place=_place(path, lines, places, steps),
    )


def _place(path: Path, lines: Sequence[str], places: Places, steps: KeyPath) -> Place:
    span = places.key(steps)
    if span is None:
        return Place(file=str(path))
    return Place(
        file=str(path),
        line=span.line,
        column=span.column,
        text=lines[span.line - 1],
        width=span.width,
    )
