"""Which line of an OpenQASM 2 text each instruction of the parsed circuit came from.

Qiskit's parser does not say. This scan knows just enough of the language to count how many
instructions a statement makes, and is only trusted when its total is the parser's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

_COMMENT = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|//[^\n]*")
_END = re.compile(r";[;\s]*|[{}]")
_FIRST_WORD = re.compile(r"[A-Za-z_]\w*")
_DECLARATION = re.compile(r"[qc]reg\s+(\w+)\s*\[\s*(\d+)\s*\]")
_INCLUDE = re.compile(r"\binclude\s*([\"'])([^\"'\n]*)\1")
_CALL = re.compile(
    r"\s*(?:if\s*\([^)]*\)\s*)?(?P<name>\w+)\s*(?:\((?P<parameters>.*)\))?", re.DOTALL
)
_CONDITION = re.compile(r"if\s*\([^)]*\)\s*")


class Statement(NamedTuple):
    """A top-level statement without comments; the line of its first word counts from 1."""

    line: int
    text: str


class Include(NamedTuple):
    """An `include` and the offset of its file name in the text."""

    file: str
    offset: int


def without_comments(text: str) -> str:
    """The text with every comment replaced by spaces, so that all offsets stay."""
    if "//" not in text:
        return text

    def blank(match: re.Match[str]) -> str:
        found = match.group()
        return " " * len(found) if found.startswith("//") else found

    return _COMMENT.sub(blank, text)


def statements(text: str) -> Iterator[Statement]:
    """Top-level statements of a text without comments; a gate definition is cut at its brace."""
    line, start, in_body = 1, 0, False
    for match in _END.finditer(text):
        chunk = text[start : match.start()]
        if not in_body:
            body = chunk.lstrip()
            first_line = line + chunk[: len(chunk) - len(body)].count("\n")
            yield Statement(first_line, body.rstrip())
        in_body = match.group() == "{" or (in_body and match.group() != "}")
        line += chunk.count("\n") + match.group().count("\n")
        start = match.end()


def includes(text: str) -> Iterator[Include]:
    """Every `include` of a text without comments."""
    for match in _INCLUDE.finditer(text):
        yield Include(match.group(2), match.start(2))


def declared_gates(text: str) -> set[str]:
    """Names of the gates that a text without comments defines."""
    return set(re.findall(r"\bgate\s+([A-Za-z_]\w*)", text))


def declarations(text: str) -> Iterator[tuple[int, int]]:
    """Offset and size of every register that a text without comments declares."""
    for match in _DECLARATION.finditer(text):
        yield match.start(), _size(match.group(2))


def wrong_parameter_count(text: str, counts: Mapping[str, int]) -> tuple[int, str] | None:
    """Offset and name of the first gate call with another number of parameters than in `counts`.

    Calls inside of gate definitions count too.
    """
    start = 0
    for end in _END.finditer(text):
        call = _CALL.match(text, start, end.start())
        start = end.end()
        if call is None or call.group("name") not in counts:
            continue
        parameters = call.group("parameters") or ""
        given = parameters.count(",") + 1 if parameters.strip() else 0
        if given != counts[call.group("name")]:
            return call.start("name"), call.group("name")
    return None


def instruction_lines(text: str, included: Callable[[str], str | None]) -> list[int]:
    """The line of each instruction that the statements of `text` make, in order.

    Args:
        text: the source text, without comments.
        included: gives the text of a file that may be included, without comments, or None for a
            file that makes no instruction. Its instructions get the line of the `include`.
    """
    return list(_lines(text, included, {}))


def _lines(
    text: str, included: Callable[[str], str | None], sizes: dict[str, int]
) -> Iterator[int]:
    for line, statement in statements(text):
        include = _INCLUDE.match(statement)
        if include is None:
            yield from [line] * _instructions(statement, sizes)
            continue
        inner = included(include.group(2))
        if inner is not None:
            yield from (line for _ in _lines(inner, included, sizes))


def _instructions(statement: str, sizes: dict[str, int]) -> int:
    """How many instructions one statement makes; `sizes` learns the registers on the way."""
    declaration = _DECLARATION.match(statement)
    if declaration:
        sizes[declaration.group(1)] = _size(declaration.group(2))
        return 0
    word = _FIRST_WORD.match(statement)
    if word is None or word.group() in ("OPENQASM", "gate", "opaque"):
        return 0
    if word.group() == "barrier":
        return 1
    if word.group() == "if":
        condition = _CONDITION.match(statement)
        return _instructions(statement[condition.end() :], sizes) if condition else 0
    operands = statement[max(word.end(), statement.rfind(")") + 1) :]
    if word.group() == "measure":
        operands = operands.partition("->")[0]
    registers = [operand.strip() for operand in operands.split(",") if "[" not in operand]
    return max((sizes.get(register, 1) for register in registers), default=1)


def _size(digits: str) -> int:
    """A register's size; one with more digits than any real one has is cut short."""
    return int(digits[:12])
