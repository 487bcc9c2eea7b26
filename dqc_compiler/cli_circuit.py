"""The circuit that a command line names: a file, or standard input."""
# ruff: noqa: PLC0415

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dqc_compiler.diagnostics import CompilerError, Place
from dqc_compiler.diagnostics.circuit import CircuitNotUtf8

if TYPE_CHECKING:
    from dqc_compiler import ir


def read_circuit_argument(argument: str) -> tuple[ir.Circuit, str]:
    """The circuit and the SHA-256 of its text."""
    from dqc_compiler.formats.bundle_contents import digest
    from dqc_compiler.formats.circuit_in import read_circuit

    if argument != "-":
        circuit = read_circuit(argument)
        return circuit, digest_of(Path(argument))
    from dqc_compiler.formats.circuit_text import MAX_BYTES

    if sys.stdin is None:  # closed by the caller
        raise click.UsageError("standard input is closed")
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    return read_circuit("<stdin>", text=_decoded(data)), digest(data)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    from dqc_compiler.formats.bundle_contents import digest

    return digest(path.read_bytes())


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"0x{data[error.start]:02x}"
        place = Place(file="<stdin>")
        problem = CircuitNotUtf8(offset=error.start, byte=byte, place=place)
        raise CompilerError(problem) from None
