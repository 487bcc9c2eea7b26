"""Read a bundle: every file against its digest and its schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import ValidationError

from dqc_compiler.diagnostics import CompilerError, Diagnostic, Place
from dqc_compiler.diagnostics.bundle import (
    BundleBadKey,
    BundleDigestMismatch,
    BundleFileMissing,
    BundleMalformed,
    BundleSchemaUnknown,
    NotABundle,
)
from dqc_compiler.formats.bundle_contents import digest
from dqc_compiler.formats.file_model import FileModel
from dqc_compiler.formats.manifest import (
    LOGICAL,
    MANIFEST,
    NETWORK,
    REPORT,
    REWRITES,
    SCHEDULE,
    Manifest,
    program_path,
)
from dqc_compiler.formats.network_file import Network
from dqc_compiler.formats.report import Report
from dqc_compiler.formats.rewrites import Rewrites
from dqc_compiler.formats.schedule_file import ScheduleFile

Model = TypeVar("Model", bound=FileModel)

_WORDS = {
    "extra_forbidden": "the schema has no such key",
    "missing": "this key is required",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "string_type": "must be a text",
}


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A bundle that was read: models of its JSON files and texts of its programs.

    `programs` maps node names to texts, in network order, and `texts` the paths of all files but
    the manifest to theirs. `changed` are the files whose digest is
    not the manifest's; it is empty unless the reader was asked to go on in spite of them.
    """

    manifest: Manifest
    network: Network
    schedule: ScheduleFile
    report: Report
    rewrites: Rewrites
    logical: str
    programs: Mapping[str, str]
    texts: Mapping[str, str]
    changed: tuple[str, ...] = ()


def read_bundle(path: str | Path, *, accept_changed: bool = False) -> Bundle:
    """Read the bundle in the directory `path`.

    Args:
        path: the directory.
        accept_changed: read files whose digest is wrong as they are, and name them in `changed`.

    Raises:
        CompilerError: with every defect that was found (DQC301 to DQC306, for the network file
            DQC203 to DQC216).
    """
    directory = Path(path)
    manifest = _read_manifest(directory)
    found: list[Diagnostic] = []
    texts = _read_texts(directory, manifest, found)
    changed = tuple(
        name for name, text in texts.items() if digest(text) != manifest.files.get(name)
    )
    if not accept_changed:
        found += [_mismatch(directory, name, texts[name], manifest) for name in changed]
    if found:
        raise CompilerError(*found)
    content = {name: _decoded(data, directory / name) for name, data in texts.items()}
    return Bundle(
        manifest=manifest,
        network=Network.parse(content[NETWORK], file=str(directory / NETWORK)),
        schedule=_parse(ScheduleFile, content[SCHEDULE], directory / SCHEDULE),
        report=_parse(Report, content[REPORT], directory / REPORT),
        rewrites=_parse(Rewrites, content[REWRITES], directory / REWRITES),
        logical=content[LOGICAL],
        programs=MappingProxyType({node: content[program_path(node)] for node in manifest.nodes}),
        texts=MappingProxyType(content),
        changed=changed,
    )


def _read_manifest(directory: Path) -> Manifest:
    place = Place(file=str(directory))
    try:
        data = (directory / MANIFEST).read_bytes()
    except OSError as error:
        raise CompilerError(NotABundle(reason=_no_manifest(directory), place=place)) from error
    text = _decoded(data, directory / MANIFEST)
    raw = _json(text, directory / MANIFEST)
    if not isinstance(raw, dict) or raw.get("format") != "dqc-bundle":
        reason = f'{MANIFEST} does not say "format": "dqc-bundle"'
        raise CompilerError(NotABundle(reason=reason, place=place))
    return _parse(Manifest, text, directory / MANIFEST)


def _no_manifest(directory: Path) -> str:
    if not directory.exists():
        return "there is no such directory"
    if not directory.is_dir():
        return "this is not a directory"
    return f"the directory has no readable {MANIFEST}"


def _read_texts(directory: Path, manifest: Manifest, found: list[Diagnostic]) -> dict[str, bytes]:
    programs = [program_path(node) for node in manifest.nodes]
    texts = {}
    for name in (*programs, LOGICAL, REWRITES, NETWORK, SCHEDULE, REPORT):
        place = Place(file=str(directory / name))
        if name not in manifest.files:
            found.append(BundleFileMissing(reason="the manifest does not list it", place=place))
            continue
        try:
            texts[name] = (directory / name).read_bytes()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            found.append(BundleFileMissing(reason=reason, place=place))
    return texts


def _mismatch(directory: Path, name: str, data: bytes, manifest: Manifest) -> BundleDigestMismatch:
    return BundleDigestMismatch(
        found=digest(data)[:12],
        expected=manifest.files[name][:12],
        place=Place(file=str(directory / name)),
    )


def _decoded(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 text (byte {error.start + 1})"
        place = Place(file=str(path))
        raise CompilerError(BundleMalformed(reason=reason, place=place)) from error


def _json(text: str, path: Path) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = Place(file=str(path), line=error.lineno, column=error.colno)
        reason = f"not valid JSON: {error.msg.lower()}"
    except (ValueError, RecursionError):  # a number of absurd length, or nested absurdly deep
        place = Place(file=str(path))
        reason = "not valid JSON"
    raise CompilerError(BundleMalformed(reason=reason, place=place))


def _parse(model: type[Model], text: str, path: Path) -> Model:
    raw = _json(text, path)
    version = raw.get("schema", 1) if isinstance(raw, dict) else 1
    if version != 1 or isinstance(version, (bool, float)):
        found = json.dumps(version)[:40]
        raise CompilerError(BundleSchemaUnknown(found=found, place=Place(file=str(path))))
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        problems = [
            BundleBadKey(
                key=".".join(str(step) for step in entry["loc"] if step != "[key]") or "the file",
                reason=_WORDS.get(entry["type"]) or entry["msg"].removeprefix("Value error, "),
                schema=path.stem,
                place=Place(file=str(path)),
            )
            for entry in error.errors(include_url=False)[:20]
        ]
    raise CompilerError(*problems)
