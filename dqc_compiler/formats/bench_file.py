"""Files of a benchmark: the manifest of a suite, the baseline, a finished row, and the report."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dqc_compiler.formats.file_model import FileModel
from dqc_compiler.formats.report import SchemaVersion

MAX_SEED = 2**31 - 1
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
RowStatus = Literal[
    "same", "better", "tolerated", "worse", "new", "gone", "refuted", "error", "measured"
]


class CircuitEntry(FileModel):
    """One row of a suite; what it does not say is left to the command line."""

    name: Text | None = Field(
        default=None, description="of the row; by default that of the circuit or file"
    )
    file: Text | None = Field(
        default=None, description="OpenQASM 2 or 3, relative to the manifest; or mqt"
    )
    mqt: Annotated[str, Field(pattern=r"^[a-z0-9_]+@[1-9][0-9]{0,5}$")] | None = Field(
        default=None, description="circuit of MQT Bench, NAME@QUBITS; or file"
    )
    network: Text | None = Field(default=None, description="network file, relative to the manifest")
    preset: Literal["fast", "balanced", "best"] | None = None
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.file is None) == (self.mqt is None):
            raise ValueError("a circuit has either file or mqt")
        return self


class SuiteFile(FileModel):
    """The manifest of a suite, version 1."""

    schema_version: Literal[1] = Field(alias="schema")
    circuit: list[CircuitEntry] = Field(default_factory=list)


class BenchFigures(FileModel):
    """What one circuit costs; smaller is better, and equal inputs give equal figures."""

    ebits: int = Field(ge=0, description="end-to-end pairs consumed by gadgets")
    pairs: int = Field(ge=0, description="link-level dqc_epr pairs")
    peak_comm_qubits: int = Field(
        ge=0, description="most comm qubits in use at once, of the node that uses most"
    )
    messages: int = Field(ge=0, description="classical bits sent between nodes")
    depth: int = Field(
        ge=0, description="longest chain of statements through qubits, pairs and messages"
    )
    planned_makespan_ns: float = Field(ge=0, description="with mean generation times")
    added_gates: int = Field(
        description="gates of all programs minus those of the circuit that went in"
    )


FIGURES = tuple(BenchFigures.model_fields)


class RowOptions(FileModel):
    """Options that figures depend on."""

    preset: str
    seed: int = Field(ge=0)
    minimize: str


class BaselineRow(FileModel):
    """Figures of one row, and what they were measured with."""

    circuit: str = Field(description="SHA-256 of the circuit as it is read, comments left out")
    network: str = Field(description="SHA-256 of the network with all defaults filled in")
    options: RowOptions
    figures: BenchFigures


class BaselineFile(SchemaVersion):
    """What the rows of a suite cost when they were accepted."""

    format: Literal["dqc-bench-baseline"] = "dqc-bench-baseline"
    versions: dict[str, str] = Field(
        description="of the compiler and the packages that can change a figure; for people"
    )
    rows: dict[str, BaselineRow] = Field(description="name -> row, in order of names")


class MeasuredRow(BaselineRow):
    """A finished row."""

    equivalent: bool | None = Field(description="true: proven; false: refuted; null: not proven")
    checks: tuple[str, ...] = Field(description="checks that passed, or that refuted the programs")
    seconds: float = Field(ge=0, description="to compile and verify; informs only")

    def accepted(self) -> BaselineRow:
        """The row as a baseline holds it."""
        return BaselineRow(**{name: getattr(self, name) for name in BaselineRow.model_fields})


class StateFile(SchemaVersion):
    """A finished row of a run that may be resumed."""

    row: MeasuredRow


class ChangedFigure(FileModel):
    """A figure that differs from the baseline."""

    figure: str
    before: float
    after: float
    verdict: Literal["better", "tolerated", "worse"]


class ReportRow(FileModel):
    """One row of the report."""

    name: str
    status: RowStatus
    fails: bool
    figures: BenchFigures | None = Field(description="null: there are none")
    baseline: BenchFigures | None = Field(description="null: the row is not in the baseline")
    changed: tuple[ChangedFigure, ...]
    notes: tuple[str, ...]
    problems: tuple[dict[str, object], ...] = Field(
        description="why it could not be compiled, as --diagnostics json shows it"
    )
    equivalent: bool | None
    seconds: float | None
    resumed: bool = Field(description="measured by an earlier run that did not come to its end")


class BaselineChange(FileModel):
    """What --update did to the baseline."""

    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


class BenchReport(SchemaVersion):
    """The output of `dqc bench run --format json`."""

    suite: str
    shard: str | None
    passed: bool
    rows: tuple[ReportRow, ...] = Field(
        description="of the suite in its order, then those that are only in the baseline"
    )
    updated: BaselineChange | None = Field(description="null: the baseline was not to be updated")
