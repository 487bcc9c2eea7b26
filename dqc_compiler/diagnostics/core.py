"""What a diagnostic is, and how one is shown.

A diagnostic is data: a class per kind of problem, whose fields are the facts of the case. The words
live in the class (`message` and `help` are templates over the fields), never at the place that
raises it, so all wording of one subject can be read in one sitting.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class Place:
    """A position in a text that the user wrote; lines and columns count from 1."""

    file: str
    line: int | None = None
    column: int | None = None
    text: str | None = None  # the source line, for the caret display
    width: int = 1  # characters under the caret

    def __str__(self) -> str:
        numbers = [str(n) for n in (self.line, self.column) if n is not None]
        return ":".join([self.file, *numbers])


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """One problem. The class docstring is the long explanation that `dqc explain CODE` prints."""

    code: ClassVar[str]
    title: ClassVar[str]
    message: ClassVar[str]
    help: ClassVar[str]
    exit_code: ClassVar[int]

    place: Place | None = None

    def facts(self) -> dict[str, object]:
        """The fields of this case by name, without the place."""
        return {
            f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "place"
        }

    @property
    def message_text(self) -> str:
        """The message with the facts filled in."""
        return self.message.format(**self.facts())

    @property
    def help_text(self) -> str:
        """The remedy with the facts filled in."""
        return self.help.format(**self.facts())

    def as_dict(self) -> dict[str, object]:
        """JSON form: code, title, message, help and place."""
        place = None if self.place is None else dataclasses.asdict(self.place)
        return {
            "code": self.code,
            "title": self.title,
            "message": self.message_text,
            "help": self.help_text,
            "place": place,
        }

    def __str__(self) -> str:
        return "\n".join([f"error[{self.code}]: {self.title}", *self._body()])

    def _body(self) -> list[str]:
        place = self.place
        if place is None or place.line is None or place.text is None:
            where = [] if place is None else [f"  --> {place}"]
            return [*where, f"  = {self.message_text}", f"  = help: {self.help_text}"]
        gutter = " " * len(str(place.line))
        # Tabs would shift the caret: one space each in both lines.
        text = place.text.replace("\t", " ").rstrip()
        caret = " " * ((place.column or 1) - 1) + "^" * max(1, place.width)
        return [
            f"{gutter}--> {place}",
            f"{gutter} |",
            f"{place.line} | {text}",
            f"{gutter} | {caret} {self.message_text}",
            f"{gutter} = help: {self.help_text}",
        ]


class Infeasible(Diagnostic):
    """The input is well-formed, but cannot be compiled."""

    exit_code = 1


class BadInput(Diagnostic):
    """Bad usage, or an input or output path that is malformed, missing or refused."""

    exit_code = 2


class Unproven(Diagnostic):
    """Verification failed."""

    exit_code = 3


class Internal(Diagnostic):
    """A defect of the compiler itself."""

    exit_code = 70


class WriteFailed(Diagnostic):
    """The operating system refused to write the result."""

    exit_code = 74


class CompilerError(Exception):
    """Raised with one or several diagnostics; the first one decides the exit code."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        if not diagnostics:
            raise ValueError("a CompilerError needs at least one diagnostic")
        self.diagnostics = diagnostics
        super().__init__("\n\n".join(str(d) for d in diagnostics))

    @property
    def exit_code(self) -> int:
        """Process exit code, as in the command-line reference."""
        return self.diagnostics[0].exit_code

    def __reduce__(self) -> tuple[type[CompilerError], tuple[Diagnostic, ...]]:
        return (CompilerError, self.diagnostics)
