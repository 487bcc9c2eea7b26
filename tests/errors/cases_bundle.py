"""Damaged bundles, and what reading them shows."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dqc_compiler.formats.bundle_in import read_bundle
from tests.errors.refusal import refusal
from tests.fourier_bundle import write

_SHA = re.compile(r"\b[0-9a-f]{12}\b")


def replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def damage(directory: Path) -> None:
        text = (directory / name).read_text()
        assert old in text
        (directory / name).write_text(text.replace(old, new, 1))

    return damage


def remove(name: str) -> Callable[[Path], None]:
    return lambda directory: (directory / name).unlink()


def overwrite(name: str, data: bytes) -> Callable[[Path], object]:
    return lambda directory: (directory / name).write_bytes(data)


DEFECTS: dict[str, Callable[[Path], object]] = {
    "not_there": shutil.rmtree,
    "no_manifest": remove("manifest.json"),
    "manifest_of_something_else": overwrite("manifest.json", b'{"name": "web app"}\n'),
    "manifest_cut_off": replace("manifest.json", '"program": "fourier"', '"program":'),
    "manifest_not_text": overwrite("manifest.json", b'{"format": "\xff"}'),
    "manifest_unknown_key": replace("manifest.json", '"seed": 0', '"seed": 0, "host": "here"'),
    "manifest_wrong_type": replace("manifest.json", '"seed": 0', '"seed": "0"'),
    "manifest_schema": replace("manifest.json", '"schema": 1', '"schema": 7'),
    "manifest_path_outside": replace("manifest.json", '"logical.qasm"', '"../logical.qasm"'),
    "manifest_without_program": replace("manifest.json", '"nodes/b.qasm"', '"nodes/d.qasm"'),
    "program_missing": remove("nodes/b.qasm"),
    "program_changed": replace("nodes/b.qasm", "reset", "reset "),
    "two_files_changed": lambda d: (
        replace("nodes/a.qasm", "reset", "reset ")(d),
        replace("report.json", '"ebits"', '"e-bits"')(d),
    ),
}


def shown(damage: Callable[[Path], object], directory: Path) -> str:
    bundle = directory / "out"
    write(bundle)
    damage(bundle)
    return _SHA.sub("<sha>", refusal(lambda: read_bundle(bundle), directory=directory))


CASES = {case: partial(shown, damage) for case, damage in DEFECTS.items()}
