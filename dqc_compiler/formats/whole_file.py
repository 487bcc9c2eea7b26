"""A file that is there as a whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from dqc_compiler.diagnostics import CompilerError, Place
from dqc_compiler.diagnostics.usage import FileNotWritten
from dqc_compiler.interruption import uninterrupted


def replace_file(path: Path, text: str) -> None:
    """Write a text beside its place first, and rename it; a link stays a link.

    Raises:
        CompilerError: if the operating system refuses (DQC511).
    """
    target = path.resolve()
    temporary = target.with_name(f".dqc-{secrets.token_hex(8)}.tmp")
    try:
        with uninterrupted():
            try:
                with temporary.open("x", encoding="utf-8", newline="\n") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(target)
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CompilerError(FileNotWritten(reason=reason, place=Place(file=str(path)))) from error
