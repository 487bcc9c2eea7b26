"""Problems of bundles, written and read, and of the place for one (DQC301 to DQC399)."""

from __future__ import annotations

from dataclasses import dataclass

from dqc_compiler.diagnostics.core import BadInput, Unproven, WriteFailed


@dataclass(frozen=True, kw_only=True)
class NotABundle(BadInput):
    """The path does not lead to a complete bundle.

    A bundle is a directory with a file `manifest.json` whose key `format` is "dqc-bundle". The
    manifest is written last, so a directory without one was never completed.
    """

    code = "DQC301"
    title = "not a bundle"
    message = "{reason}"
    help = "give the directory that dqc-compile wrote"
    reason: str


@dataclass(frozen=True, kw_only=True)
class BundleSchemaUnknown(BadInput):
    """A file of the bundle follows a schema version that this program cannot read."""

    code = "DQC302"
    title = "unknown schema version"
    message = "schema {found}, but this version reads schema 1"
    help = "compile the circuit again, or use the release of dqc_compiler that wrote the bundle"
    found: str


@dataclass(frozen=True, kw_only=True)
class BundleFileMissing(BadInput):
    """A file that every bundle has, or that the manifest lists, cannot be read."""

    code = "DQC303"
    title = "a file of the bundle is missing"
    message = "{reason}"
    help = "the bundle is incomplete: copy it again, or compile the circuit again"
    reason: str


@dataclass(frozen=True, kw_only=True)
class BundleDigestMismatch(BadInput):
    """A file of the bundle is not the one that was written.

    The manifest holds the SHA-256 of every other file. A file that differs was edited or damaged,
    and what the manifest says about the bundle, its verdict included, is void.
    """

    code = "DQC304"
    title = "a file of the bundle was changed"
    message = "its SHA-256 starts with {found}, the manifest says {expected}"
    help = "restore the file, or compile the circuit again; `dqc verify` checks the bundle as it is"
    found: str
    expected: str


@dataclass(frozen=True, kw_only=True)
class BundleMalformed(BadInput):
    """A file of the bundle is not UTF-8 text, or is not valid JSON."""

    code = "DQC305"
    title = "malformed file in the bundle"
    message = "{reason}"
    help = "restore the file, or compile the circuit again"
    reason: str


@dataclass(frozen=True, kw_only=True)
class BundleBadKey(BadInput):
    """A JSON file of the bundle does not follow its schema.

    A key is unknown or missing, or a value has the wrong type. `dqc schema NAME` prints the schema.
    """

    code = "DQC306"
    title = "a file of the bundle does not follow its schema"
    message = "{key}: {reason}"
    help = "restore the file, or compile the circuit again; `dqc schema {schema}` prints the schema"
    key: str
    reason: str
    schema: str


@dataclass(frozen=True, kw_only=True)
class OutputExists(BadInput):
    """The output directory is a bundle already, and nobody said that it may be replaced."""

    code = "DQC311"
    title = "the output exists"
    message = "there is a bundle here already"
    help = "use --force to replace it, or choose another directory with -o"


@dataclass(frozen=True, kw_only=True)
class OutputNotABundle(BadInput):
    """The output path exists and is something other than a bundle.

    It is never replaced, not even with --force, because that would delete what is not ours. An
    empty directory is refused too.
    """

    code = "DQC312"
    title = "the output path is taken"
    message = "{reason}"
    help = "choose another directory with -o; only a bundle is ever replaced"
    reason: str


@dataclass(frozen=True, kw_only=True)
class OutputHoldsOtherFiles(BadInput):
    """The bundle to be replaced holds files that its manifest does not list.

    Replacing a bundle deletes its directory, and these files would be lost with it.
    """

    code = "DQC313"
    title = "the output holds files that are not part of the bundle"
    message = "would be deleted: {names}"
    help = "move them elsewhere, or choose another directory with -o"
    names: str


@dataclass(frozen=True, kw_only=True)
class OutputParent(BadInput):
    """The directory in which the bundle should be created does not exist or may not be written."""

    code = "DQC314"
    title = "the output cannot be created"
    message = "{reason}"
    help = "create the directory, or choose another one with -o"
    reason: str


@dataclass(frozen=True, kw_only=True)
class BundleNotWritten(WriteFailed):
    """The operating system refused to write the bundle, for example because the disk is full.

    What had been written was removed; a bundle that should have been replaced is still there.
    """

    code = "DQC321"
    title = "the bundle could not be written"
    message = "{reason}"
    help = "make room or choose another place with -o; nothing was left behind"
    reason: str


@dataclass(frozen=True, kw_only=True)
class NotEquivalent(Unproven):
    """Verification refuted the bundle: the node programs are not the circuit that went in.

    This is a defect of the compiler if it happens in a compilation. Nothing is written then, except
    with --keep-failed, which keeps the refuted bundle beside the output for a report. In
    `dqc verify` it means that the bundle was changed or belongs to another circuit.
    """

    code = "DQC331"
    title = "verification failed"
    message = "{reason}"
    help = "{remedy}"
    reason: str
    remedy: str
