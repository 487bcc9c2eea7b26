"""The manifest of a bundle: what it was made from, and where everything is in it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from dqc_compiler.formats.file_model import FileModel
from dqc_compiler.formats.report import Figures
from dqc_compiler.formats.verdict import Verdict
from dqc_compiler.ir.angles import Parameter

MANIFEST = "manifest.json"
LOGICAL = "logical.qasm"
REWRITES = "rewrites.json"
NETWORK = "network.json"
SCHEDULE = "schedule.json"
REPORT = "report.json"

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Position = Annotated[tuple[str, int], Field(description="node and index in one of its registers")]


def program_path(node: str) -> str:
    """Path of a node's program inside the bundle."""
    return f"nodes/{node}.qasm"


def _bundle_path(path: str) -> str:
    # A manifest is input too: it must not make the reader open files outside of the bundle.
    fixed = {LOGICAL, REWRITES, NETWORK, SCHEDULE, REPORT}
    if path not in fixed and not re.fullmatch(r"nodes/[a-z][a-z0-9_]*\.qasm", path):
        raise ValueError("not the path of a file of a bundle")
    return path


class Compiler(FileModel):
    """The program that wrote the bundle."""

    name: Literal["dqc_compiler"] = "dqc_compiler"
    version: str


class Inputs(FileModel):
    """SHA-256 of the files that were read; null where there was none."""

    circuit: Sha256 | None = Field(description="null: the circuit was an object in memory")
    network: Sha256 | None = Field(description="null: the network was made from options")


class Registers(FileModel):
    """Sizes of a node's registers."""

    data: int = Field(ge=0)
    comm: int = Field(ge=0)
    out: int = Field(ge=0)


class QubitPositions(FileModel):
    """Where a qubit of the circuit is before and after the programs; index in `data`."""

    start: Position
    end: Position


class ManifestParameter(FileModel):
    """A parameter of the circuit, or a value that the programs need of one."""

    name: str = Field(description="as the circuit calls it")
    formula: str | None = Field(
        default=None, description="over other parameters; null: it is one of the circuit's own"
    )
    value: float | None = Field(default=None, description="it was bound to; null: still an input")


class Channel(FileModel):
    """A bit register that one node writes and others read."""

    sender: str = Field(alias="from")
    receivers: tuple[str, ...] = Field(alias="to", description="in network order")
    size: int = Field(ge=1, description="number of bits")


class Manifest(FileModel):
    """`manifest.json`, written last: a directory with a complete one is a complete bundle."""

    format: Literal["dqc-bundle"] = "dqc-bundle"
    schema_version: Literal[1] = Field(default=1, alias="schema")
    program: str = Field(description="name of the circuit")
    compiler: Compiler
    dependencies: dict[str, str] = Field(description="package -> version")
    inputs: Inputs
    seed: int
    options: dict[str, bool | int | float | str | None] = Field(description="as they took effect")
    nodes: dict[str, Registers] = Field(description="node -> register sizes, in network order")
    links: tuple[tuple[str, str], ...] = Field(description="ends of each link, in link order")
    channels: dict[str, Channel]
    qubits: dict[str, QubitPositions] = Field(description="every qubit of the circuit")
    clbits: dict[str, Position | None] = Field(
        description="every classical bit of the circuit -> node and index in its out; the last "
        "writer counts; null: never written"
    )
    parameters: dict[str, ManifestParameter] = Field(
        default={}, description="name in the programs -> what it is"
    )
    figures: Figures
    verdict: Verdict
    files: dict[Annotated[str, AfterValidator(_bundle_path)], Sha256] = Field(
        description="every other file of the bundle -> SHA-256"
    )


def listed_parameters(manifest: Manifest) -> tuple[Parameter, ...]:
    """The parameters that a manifest lists."""
    return tuple(
        Parameter(identifier, entry.name, entry.formula, entry.value)
        for identifier, entry in manifest.parameters.items()
    )
