"""What all JSON files of a bundle have in common: strict models and one canonical text."""

from __future__ import annotations

import json

from pydantic import BaseModel, ConfigDict

LINE_WIDTH = 100
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


class FileModel(BaseModel):
    """A part of a file: exact types, no unknown keys, finite numbers, frozen."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True
    )

    def text(self) -> str:
        """Canonical JSON text with a newline at the end: equal models give equal bytes."""
        return json_text(self.model_dump(mode="json", by_alias=True))


def json_text(value: object) -> str:
    """Canonical JSON of plain data: keys in the given order, a value on one line if it fits.

    Raises:
        ValueError: if a number is not finite.
    """
    return _pretty(value, indent="", column=0) + "\n"


def _pretty(value: object, *, indent: str, column: int) -> str:
    # Indenting every pair of a long list of times would make it four times as long, and one
    # single line is unreadable and without use in a diff.
    if not isinstance(value, (dict, list)):
        return _encode(value)
    if 3 * len(value) < LINE_WIDTH:  # an entry takes three characters at least
        flat = _encode(value)
        if column + len(flat) < LINE_WIDTH:
            return flat
    inner = indent + "  "
    if isinstance(value, dict):
        lines = [_entry(str(key), item, inner) for key, item in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    lines = [inner + _pretty(item, indent=inner, column=len(inner)) for item in value]
    return "[\n" + ",\n".join(lines) + f"\n{indent}]"


def _entry(key: str, item: object, indent: str) -> str:
    start = f"{indent}{_encode(key)}: "
    return start + _pretty(item, indent=indent, column=len(start))
