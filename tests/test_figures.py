"""`dqc verify` compares the figures that a bundle tells with its programs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from dqc_compiler.bundles import save_bundle, verify_bundle
from dqc_compiler.formats.network_file import Network
from dqc_compiler.pipeline import compile_circuit

CIRCUIT = Path(__file__).parents[1] / "examples" / "feed_forward.qasm"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    network = Network.all_to_all(nodes=2, data_qubits=4, comm_qubits=1)
    directory = tmp_path_factory.mktemp("figures") / "bundle"
    save_bundle(compile_circuit(CIRCUIT, network), directory)
    return directory


def spoiled(original: Path, directory: Path, change: dict[str, Any], *, both: bool) -> Path:
    """A copy with other figures in report.json, if asked in the manifest as well, digests right."""
    for source in original.rglob("*.*"):
        target = directory / source.relative_to(original)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    report = json.loads((directory / "report.json").read_text()) | change
    (directory / "report.json").write_text(json.dumps(report))
    manifest = json.loads((directory / "manifest.json").read_text())
    digest = hashlib.sha256((directory / "report.json").read_bytes()).hexdigest()
    manifest["files"]["report.json"] = digest
    if both:
        manifest["figures"] |= change
    (directory / "manifest.json").write_text(json.dumps(manifest))
    return directory


def test_right_figures_pass(original: Path) -> None:
    assert verify_bundle(original, CIRCUIT).equivalent


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("key", ["ebits", "pairs", "messages", "copies"])
def test_wrong_figures_are_refused(original: Path, tmp_path: Path, key: str, both: bool) -> None:
    verdict = verify_bundle(spoiled(original, tmp_path / "spoiled", {key: 77}, both=both), CIRCUIT)
    assert verdict.equivalent is False
    assert {check.name for check in verdict.checks if check.passed is False} >= {"figures"}
