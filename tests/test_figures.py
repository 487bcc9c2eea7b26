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


BOUND = {"holds_for": "every placement", "pairs": 0, "method": "m", "statement": "s"}


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
@pytest.mark.parametrize("key", ["ebits", "pairs", "messages", "copies", "lower_bound_pairs"])
def test_wrong_figures_are_refused(original: Path, tmp_path: Path, key: str, both: bool) -> None:
    verdict = verify_bundle(spoiled(original, tmp_path / "spoiled", {key: 77}, both=both), CIRCUIT)
    assert verdict.equivalent is False
    assert {check.name for check in verdict.checks if check.passed is False} >= {"figures"}


@pytest.mark.parametrize(
    ("change", "both"),
    [
        ({"gap": {"pairs": 5, "share": 0.5, "minimum_for": []}}, True),
        ({"gap": {"pairs": 0, "share": 0.0, "minimum_for": ["every protocol"]}}, True),
        ({"bounds": [BOUND | {"pairs": 77}]}, False),  # more than the programs take
        ({"bounds": [BOUND | {"pairs": 77, "holds_for": "every protocol"}]}, False),
        ({"bounds": [BOUND | {"pairs": 1}]}, False),  # the gap does not follow from it
    ],
)
def test_wrong_bounds_are_refused(
    original: Path, tmp_path: Path, change: dict[str, Any], both: bool
) -> None:
    verdict = verify_bundle(spoiled(original, tmp_path / "spoiled", change, both=both), CIRCUIT)
    failed = [check for check in verdict.checks if check.passed is False]
    assert [check.name for check in failed] == ["figures"]
    assert "bounds" in failed[0].detail
