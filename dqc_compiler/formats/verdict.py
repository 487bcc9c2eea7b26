"""The verdict of a verification: what was checked, how, and what came out."""

from __future__ import annotations

from pydantic import Field

from dqc_compiler.formats.file_model import FileModel


class Check(FileModel):
    """One check: passed (true), refuted (false), or without a result (null), and why."""

    name: str = Field(description="name of the check, for example symbolic")
    passed: bool | None = Field(description="true: holds; false: refuted; null: no result")
    detail: str = Field(description="what was shown and how, or why there is no result")


class Verdict(FileModel):
    """Whether the node programs together are the circuit that went in."""

    equivalent: bool | None = Field(description="true: proven; false: refuted; null: not proven")
    checks: tuple[Check, ...] = Field(description="every check that was tried, in order")
