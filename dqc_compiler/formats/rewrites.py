"""The record of how the original circuit became `logical.qasm`."""

from __future__ import annotations

from pydantic import Field

from dqc_compiler.formats.file_model import FileModel
from dqc_compiler.formats.report import SchemaVersion


class Rewrite(FileModel):
    """One replacement of statements by others that do the same to at most four qubits."""

    rule: str
    original: tuple[int, ...] = Field(description="operations of the original, counted from 0")
    logical: tuple[int, ...] = Field(description="operations of logical.qasm, counted from 0")


class Rewrites(SchemaVersion):
    """`rewrites.json`; empty if `logical.qasm` equals the original up to commutation."""

    rewrites: tuple[Rewrite, ...] = ()
