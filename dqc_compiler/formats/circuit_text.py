"""The text of a circuit file: how it is fetched, what is refused before parsing, and its places."""

from __future__ import annotations

import codecs
import dataclasses
import re
import stat
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dqc_compiler.diagnostics.circuit import (
    CircuitNotAFile,
    CircuitNotFound,
    CircuitNotText,
    CircuitNotUtf8,
    CircuitSyntax,
    CircuitTooLarge,
    CircuitUnreadable,
    EmptyCircuitFile,
    IncludeNotFound,
    IncludeRefused,
    NotACircuit,
    UnsupportedVersion,
)
from dqc_compiler.diagnostics.core import CompilerError, Place
from dqc_compiler.formats.circuit_conditions import Cube

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

MAX_BYTES = 256 * 2**20
MAX_BITS = 1_000_000
MAX_INCLUDES = 1000
_HEAD_BYTES = 64 * 2**10  # enough to see whether the rest is worth reading
_LONGEST_SHOWN_LINE = 160
_BLOCK = 1024

_SKIPPED = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_CONTROL_BYTE = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_VERSION = re.compile(r"OPENQASM\s+(\d+)(?:\.(\d+))?\s*;")
_WORD = re.compile(r"[#@]?[^\W\d]\w*|.", re.DOTALL)
_FIRST_WORD = re.compile(
    r"(?:OPENQASM|include|qreg|creg|gate|opaque|qubit|bit|input|output|const|let|def|extern"
    r"|#?pragma|defcalgrammar)\b"
)
"""What a program can start with. Statements on qubits cannot come first: none is declared yet."""


class Parsed(NamedTuple):
    """What a text says: a circuit, and the line and the condition of each of its instructions.

    `lines` or `cubes` are empty where they are not known, or part of the circuit. `inputs` are the
    parameters that are declared, in order.
    """

    circuit: QuantumCircuit
    lines: list[int]
    cubes: list[Cube]
    inputs: list[Parameter]


@dataclass(frozen=True)
class CircuitText:
    """The text of a circuit and where it came from.

    Attributes:
        name: what messages call it, the path as the user wrote it.
        text: the source text, line ends as in the file.
        directory: where files that it includes may lie; None if it may include none.
    """

    name: str
    text: str
    directory: Path | None = None

    @cached_property
    def _lines_before(self) -> list[int]:
        """Number of line ends before each block; a list of all lines could be many times larger."""
        blocks = range(0, len(self.text), _BLOCK)
        counts = (self.text.count("\n", start, start + _BLOCK) for start in blocks)
        return list(accumulate(counts, initial=0))

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character of the text."""
        block = offset // _BLOCK
        line = self._lines_before[block] + self.text.count("\n", block * _BLOCK, offset) + 1
        return line, offset - self.text.rfind("\n", 0, offset)

    def place(self, line: int, column: int | None = None, *, width: int | None = None) -> Place:
        """The characters at a position: a word by default, or without a column the whole line.

        Line and column count from 1. A position behind the end of the text becomes the end of its
        last line that is not blank, which is where something is missing.
        """
        if line < 1:
            return Place(file=self.name)
        last = self.position(len(self.text.rstrip()))[0]
        if line > last:
            text = self._line(last)
            return self._shown(last, len(text) + 1, 1, text)
        text = self._line(line)
        if column is None:
            body = text.strip()
            return self._shown(line, len(text) - len(text.lstrip()) + 1, len(body), text)
        if width is None:
            word = _WORD.match(text, column - 1)
            width = len(word.group()) if word else 1
        return self._shown(line, column, width, text)

    def place_of(self, offset: int, *, width: int | None = None) -> Place:
        """The characters, by default a word, at a position of the text."""
        return self.place(*self.position(offset), width=width)

    def _line(self, line: int) -> str:
        block = bisect_left(self._lines_before, line - 1) - 1 if line > 1 else 0
        start = block * _BLOCK
        for _ in range(line - 1 - self._lines_before[block]):
            start = self.text.find("\n", start) + 1
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].rstrip()

    def _shown(self, line: int, column: int, width: int, text: str) -> Place:
        shown = text if len(text) <= _LONGEST_SHOWN_LINE else None
        return Place(file=self.name, line=line, column=column, text=shown, width=width)


def located(error: CompilerError, place: Place | None) -> CompilerError:
    """The same error, its diagnostics standing at `place` where they have no place yet."""
    return CompilerError(
        *(
            diagnostic if diagnostic.place else dataclasses.replace(diagnostic, place=place)
            for diagnostic in error.diagnostics
        )
    )


def read_circuit_text(path: Path) -> CircuitText:
    """Read a circuit file, looking at its size and its first bytes before reading the rest.

    Raises:
        CompilerError: no regular file, unreadable, too large, not UTF-8 text, or not OpenQASM.
    """
    content = _read_bytes(path, str(path), check=_check_head)
    source = CircuitText(str(path), _decoded(content, str(path)), path.absolute().parent.resolve())
    _check_start(source)
    return source


def given_circuit_text(name: str, text: str) -> CircuitText:
    """A circuit that did not come from a file, for example from standard input.

    Raises:
        CompilerError: the text is too large, or does not start like OpenQASM.
    """
    if len(text) > MAX_BYTES:
        problem = CircuitTooLarge(place=Place(file=name), size=len(text), limit=MAX_BYTES)
        raise CompilerError(problem)
    head = text[:_HEAD_BYTES].encode(errors="replace")
    _check_control_bytes(head, name)
    source = CircuitText(name, text.removeprefix("\ufeff"))
    _check_start(source)
    return source


def read_included_text(source: CircuitText, file: str, *, standard: str) -> CircuitText:
    """The text of a file that a circuit includes, which has to lie beside the circuit.

    The file may itself include files that lie beside the circuit.

    Args:
        source: the circuit.
        file: the name as the circuit gives it.
        standard: the built-in file that the circuit's language has, for the message.

    Raises:
        CompilerError: without a place: the file is outside the directory of the circuit, missing,
            unreadable, too large, or not UTF-8 text.
    """
    if source.directory is None:
        raise CompilerError(IncludeRefused(file=file))
    path = source.directory / file
    try:
        target = path.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a circle of links, a null character
        raise CompilerError(IncludeRefused(file=file)) from error
    if Path(file).is_absolute() or not target.is_relative_to(source.directory):
        raise CompilerError(IncludeRefused(file=file))
    if not target.is_file():
        raise CompilerError(IncludeNotFound(file=file, standard=standard))
    name = str(Path(source.name).parent / file)
    return CircuitText(name, _decoded(_read_bytes(target, name), name), source.directory)


def language_version(source: CircuitText) -> int:
    """The OpenQASM version of a text, 2 or 3.

    Without a version line, a text that declares a `qreg` is taken for OpenQASM 2.

    Raises:
        CompilerError: the version line is malformed or names another version.
    """
    start = _end_of_comments(source.text)
    if not source.text.startswith("OPENQASM", start):
        return 2 if re.search(r"^\s*qreg\b", source.text, re.MULTILINE) else 3
    version = _VERSION.match(source.text, start)
    place = source.place_of(start)
    if version is None:
        problem = "the version line should read OPENQASM 2.0; or OPENQASM 3.0;"
        raise CompilerError(CircuitSyntax(place=place, problem=problem))
    major, minor = version.group(1), version.group(2)
    if major == "3" or (major == "2" and minor in (None, "0")):
        return int(major)
    number = major if minor is None else f"{major}.{minor}"
    place = source.place_of(version.start(1))
    raise CompilerError(
        UnsupportedVersion(place=dataclasses.replace(place, width=len(number)), version=number)
    )


def _read_bytes(
    path: Path, name: str, *, check: Callable[[bytes, str], None] | None = None
) -> bytes:
    """The content of a regular file; `check` sees the first bytes before the rest is read."""
    place = Place(file=name)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "a device or pipe"
            raise CompilerError(CircuitNotAFile(place=place, kind=kind))
        if status.st_size > MAX_BYTES:
            problem = CircuitTooLarge(place=place, size=status.st_size, limit=MAX_BYTES)
            raise CompilerError(problem)
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            if check is not None:
                check(head, name)
            return head + file.read(max(0, status.st_size - len(head)))
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        # ValueError: a null character in the path, which no file can have.
        raise CompilerError(CircuitNotFound(place=place)) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CompilerError(CircuitUnreadable(place=place, reason=reason)) from error


def _check_head(head: bytes, name: str) -> None:
    """Refuse what is not a circuit by its first bytes, so that the rest need not be read."""
    _check_control_bytes(head, name)
    complete = len(head) < _HEAD_BYTES
    _check_start(CircuitText(name, _decoded(head, name, complete=complete)), complete=complete)


def _check_control_bytes(head: bytes, name: str) -> None:
    found = _CONTROL_BYTE.search(head)
    if found:
        problem = CircuitNotText(
            place=Place(file=name), offset=found.start(), byte=f"0x{found.group()[0]:02x}"
        )
        raise CompilerError(problem)


def _decoded(content: bytes, name: str, *, complete: bool = True) -> str:
    """The text of a file, or of its first bytes, which may end within a character."""
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(content, final=complete)
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode()) + 1
        problem = CircuitNotUtf8(
            place=Place(file=name, line=line, column=column),
            offset=error.start,
            byte=f"0x{content[error.start]:02x}",
        )
        raise CompilerError(problem) from None


def _end_of_comments(text: str) -> int:
    skipped = _SKIPPED.match(text)
    assert skipped is not None  # the pattern matches the empty string
    return skipped.end()


def _check_start(source: CircuitText, *, complete: bool = True) -> None:
    start = _end_of_comments(source.text)
    if start == len(source.text):
        if complete:
            raise CompilerError(EmptyCircuitFile(place=Place(file=source.name)))
        return
    word = _WORD.match(source.text, start)
    assert word is not None  # there is a character, and a single one matches
    if _FIRST_WORD.match(source.text, start):
        return
    if source.text.startswith("/*", start) and not complete:
        return
    place = source.place_of(start)
    found = word.group() if len(word.group()) <= 20 else f"{word.group()[:20]}..."
    raise CompilerError(NotACircuit(place=place, found=repr(found)))
