"""Problems of benchmark suites and their baselines (DQC551 to DQC569)."""

from __future__ import annotations

from dataclasses import dataclass

from dqc_compiler.diagnostics.core import BadInput, Infeasible


@dataclass(frozen=True, kw_only=True)
class SuiteUnreadable(BadInput):
    """The suite is no folder, and no text that can be read.

    A suite is a folder with circuits (*.qasm), a manifest (a TOML file), or circuits of MQT Bench
    (mqt:NAMES@SIZES).
    """

    code = "DQC551"
    title = "the suite cannot be read"
    message = "{reason}"
    help = "give a folder with *.qasm files, a manifest in TOML, or mqt:NAMES@SIZES"
    reason: str


@dataclass(frozen=True, kw_only=True)
class SuiteEmpty(BadInput):
    """The suite has no circuits, so that nothing would be guarded."""

    code = "DQC552"
    title = "the suite is empty"
    message = "{reason}"
    help = "add a circuit, or check the name of the suite"
    reason: str


@dataclass(frozen=True, kw_only=True)
class SuiteSyntax(BadInput):
    """The manifest of a suite is not valid TOML."""

    code = "DQC553"
    title = "the manifest is not valid TOML"
    message = "{reason}"
    help = "every line is [[circuit]], or a key, an equals sign and a value"
    reason: str


@dataclass(frozen=True, kw_only=True)
class SuiteSchemaUnknown(BadInput):
    """The manifest of a suite has no schema version, or one that this program cannot read."""

    code = "DQC554"
    title = "unknown schema version of the manifest"
    message = "schema {found}, but this version reads schema 1"
    help = "begin the file with schema = 1, or use the release of dqc_compiler that it is for"
    found: str


@dataclass(frozen=True, kw_only=True)
class SuiteBadKey(BadInput):
    """The manifest of a suite does not follow its schema.

    A key is unknown or missing, or a value is none that it may have. `dqc schema suite` prints the
    schema.
    """

    code = "DQC555"
    title = "the manifest does not follow its schema"
    message = "{key}: {reason}"
    help = "correct the key; `dqc schema suite` prints the schema"
    key: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RowNameTwice(BadInput):
    """Two rows of a suite have the same name, so that a baseline could not tell them apart."""

    code = "DQC556"
    title = "two rows have the same name"
    message = "the name {name} is given twice"
    help = "give one of the rows another name"
    name: str


@dataclass(frozen=True, kw_only=True)
class BaselineUnreadable(BadInput):
    """There is no baseline to compare with, or it cannot be read."""

    code = "DQC557"
    title = "the baseline cannot be read"
    message = "{reason}"
    help = "check the name; --update makes a new baseline"
    reason: str


@dataclass(frozen=True, kw_only=True)
class BaselineSchemaUnknown(BadInput):
    """The baseline follows a schema version that this program cannot read."""

    code = "DQC558"
    title = "unknown schema version of the baseline"
    message = "schema {found}, but this version reads schema 1"
    help = "make it anew with --update, or use the release of dqc_compiler that wrote it"
    found: str


@dataclass(frozen=True, kw_only=True)
class BaselineMalformed(BadInput):
    """The file is not a baseline that `dqc bench run --update` has written.

    Such a file is never replaced, not even with --update, because it may be something else. A merge
    of two versions that failed leaves one too.
    """

    code = "DQC559"
    title = "not a baseline"
    message = "{reason}"
    help = "restore the file, or remove it and make it anew with --update"
    reason: str


@dataclass(frozen=True, kw_only=True)
class BadTolerance(BadInput):
    """A tolerance names no figure, or is no number.

    `pairs=5` and `pairs=5%` accept up to 5 percent more than the baseline, `pairs=+2` up to two
    more. Figures without a tolerance accept nothing.
    """

    code = "DQC560"
    title = "bad tolerance"
    message = "{reason}"
    help = "write FIGURE=PERCENT or FIGURE=+NUMBER; figures are {figures}"
    reason: str
    figures: str


@dataclass(frozen=True, kw_only=True)
class BadShard(BadInput):
    """A shard is not of the form i/n with i from 1 to n."""

    code = "DQC561"
    title = "bad shard"
    message = "{found!r} is no part of a suite"
    help = "write i/n with i from 1 to n, for example 1/4, 2/4, 3/4 and 4/4 on four machines"
    found: str


@dataclass(frozen=True, kw_only=True)
class MqtBenchNotInstalled(BadInput):
    """Circuits of MQT Bench need the package mqt.bench, which is an extra."""

    code = "DQC562"
    title = "MQT Bench is not installed"
    message = "{found} needs the package mqt.bench"
    help = "pip install 'dqc_compiler[bench]'"
    found: str


@dataclass(frozen=True, kw_only=True)
class BadMqtSuite(BadInput):
    """Circuits of MQT Bench are named wrongly.

    `mqt:qft,ghz@8,16` are four circuits: qft and ghz, each with 8 and with 16 qubits.
    """

    code = "DQC563"
    title = "unknown circuits of MQT Bench"
    message = "{reason}"
    help = "{remedy}"
    reason: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class MqtCircuitImpossible(Infeasible):
    """MQT Bench has no circuit with this name and number of qubits.

    Some of its circuits exist for certain numbers of qubits only.
    """

    code = "DQC564"
    title = "MQT Bench has no such circuit"
    message = "{name} with {size} qubits: {reason}"
    help = "choose another number of qubits"
    name: str
    size: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class RowsFail(Infeasible):
    """Rows of a suite cost more than in the baseline, or could not be compared with it.

    A row fails if a figure is worse by more than its tolerance, if the circuit cannot be compiled,
    if its programs are refuted, and if it is in the suite but not in the baseline, or the other way
    round. If this is what you want, --update writes the figures of now to the baseline.
    """

    code = "DQC565"
    title = "rows of the suite fail"
    message = "{count} of {total}: {culprits}"
    help = "{remedy}"
    count: int
    total: int
    culprits: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class OutputFileRefused(BadInput):
    """A file that is to be written at the end of a run has no place, which is found out before."""

    code = "DQC566"
    title = "a file cannot be written there"
    message = "{option}: {reason}"
    help = "create the directory, or choose another name"
    option: str
    reason: str
