"""Where the keys and values of a TOML or JSON text stand.

The parsers of the standard library do not say. This scanner runs after one of them has accepted
the text, so it can be simple: a JSON object is an inline table with other punctuation.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

KeyPath = tuple[str | int, ...]
"""Keys and array positions from the top of the file, for example ("link", 0, "between")."""

_MAX_DEPTH = 8  # deeper values get the place of what they are a part of
_TOKEN = re.compile(
    r"""
    (?P<newline> (?: \#[^\n]* )? \n | \#[^\n]*\Z )
  | (?P<space> [ \t\r]+ | \#[^\n]* )
  | (?P<string> \"\"\" (?: \\. | [^\\] )*? \"{3,5} | ''' .*? '{3,5}
              | " (?: \\. | [^"\\\n] )* " | ' [^'\n]* ' )
  | (?P<mark> [\[\]{}=:,] )
  | (?P<bare> [^\s\[\]{}=:,\#"']+ )
    """,
    re.VERBOSE | re.DOTALL,
)


class Span(NamedTuple):
    """A piece of one line; line and column count from 1."""

    line: int
    column: int
    width: int


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


@dataclass
class Places:
    """Spans of keys (table headers included) and of values by their path."""

    keys: dict[KeyPath, Span] = field(default_factory=dict)
    values: dict[KeyPath, Span] = field(default_factory=dict)
    repeated: list[tuple[KeyPath, Span]] = field(default_factory=list)

    def key(self, path: KeyPath) -> Span | None:
        """The key at `path`, or the nearest thing around it."""
        return _nearest(self.keys, path)

    def value(self, path: KeyPath) -> Span | None:
        """The value at `path`; where it has no value of its own, its key."""
        return self.values.get(path) or self.key(path)


def _nearest(spans: dict[KeyPath, Span], path: KeyPath) -> Span | None:
    while path:
        if path in spans:
            return spans[path]
        path = path[:-1]
    return None


def find_places(text: str) -> Places:
    """Scan a valid TOML text, or a JSON text if it starts with a brace."""
    scanner = _Scanner(text)
    if scanner.peek().text == "{":
        scanner.value(())
    else:
        scanner.document()
    return scanner.places


class _Scanner:
    def __init__(self, text: str) -> None:
        found = _TOKEN.finditer(text)
        tokens = [_Token(str(m.lastgroup), m.group(), m.start()) for m in found]
        self.tokens = [token for token in tokens if token.kind != "space"]
        self.end = _Token("end", "", len(text))
        self.position = 0
        self.line_starts = [0, *(m.end() for m in re.finditer("\n", text))]
        self.places = Places()
        self.array_lengths: dict[KeyPath, int] = {}

    def peek(self, *, lines: bool = True) -> _Token:
        """The next token; with `lines`, the next one that is not the end of a line."""
        while lines and self._current().kind == "newline":
            self.position += 1
        return self._current()

    def _current(self) -> _Token:
        return self.tokens[self.position] if self.position < len(self.tokens) else self.end

    def take(self) -> _Token:
        token = self._current()
        self.position += 1
        return token

    def span(self, first: _Token, last: _Token) -> Span:
        line = bisect_right(self.line_starts, first.start)
        column = first.start - self.line_starts[line - 1] + 1
        same_line = last.start + len(last.text) - first.start
        width = same_line if bisect_right(self.line_starts, last.start) == line else 1
        return Span(line, column, max(1, width))

    def document(self) -> None:
        table: KeyPath = ()
        while self.peek().kind != "end":
            if self.peek().text == "[":
                table = self.header()
            else:
                self.entry(table)

    def header(self) -> KeyPath:
        """`[a.b]` or `[[a.b]]`; returns the path of the table that it opens."""
        brackets = 0
        while self.peek(lines=False).text == "[":
            self.take()
            brackets += 1
        parts, span = self.key_parts()
        while self.peek(lines=False).text == "]":
            self.take()
        path: KeyPath = ()
        for part in parts[:-1]:
            path = self._last_element((*path, part))
        path = (*path, parts[-1])
        if brackets == 1:
            path = self._last_element(path)
        else:
            self.places.keys.setdefault(path, span)
            index = self.array_lengths.get(path, 0)
            self.array_lengths[path] = index + 1
            path = (*path, index)
        self.places.keys[path] = span
        return path

    def _last_element(self, path: KeyPath) -> KeyPath:
        return (*path, self.array_lengths[path] - 1) if path in self.array_lengths else path

    def entry(self, table: KeyPath) -> None:
        """`key = value` or `"key": value`."""
        parts, span = self.key_parts()
        if self.peek(lines=False).text in ("=", ":"):
            self.take()
        path = table
        for part in parts:
            path = (*path, part)
            self.places.keys.setdefault(path, span)
        if path in self.places.values:
            self.places.repeated.append((path, span))
        self.value(path)

    def key_parts(self) -> tuple[list[str], Span]:
        first = last = self.peek()
        parts: list[str] = []
        while self.peek(lines=False).kind in ("bare", "string"):
            last = self.take()
            if last.kind == "string":
                parts.append(last.text[1:-1])
            else:
                parts.extend(part for part in last.text.split(".") if part)
        if not parts:  # only a text that the parser refused could lead here
            self.take()
        return parts or [""], self.span(first, last)

    def value(self, path: KeyPath) -> None:
        first = self.peek()
        if first.text in ("[", "{"):
            self.take()
            self.items(path, closing={"[": "]", "{": "}"}[first.text])
        else:
            self.scalar()
        self.places.values[path] = self.span(first, self.tokens[self.position - 1])

    def scalar(self) -> None:
        while self.peek(lines=False).kind in ("bare", "string") or self._current().text == ":":
            self.take()

    def items(self, path: KeyPath, *, closing: str) -> None:
        index = 0
        while self.peek().text != closing and self.peek().kind != "end":
            if self.peek().text == ",":
                self.take()
            elif len(path) >= _MAX_DEPTH:
                self.skip(closing)
            elif closing == "}":
                self.entry(path)
            else:
                self.value((*path, index))
                index += 1
        self.take()

    def skip(self, closing: str) -> None:
        """Up to the bracket that closes the array or table that the scanner stands in."""
        opening = {"]": "[", "}": "{"}[closing]
        depth = 1
        while self.peek().kind != "end":
            depth += (self.peek().text == opening) - (self.peek().text == closing)
            if depth == 0:
                return
            self.take()
