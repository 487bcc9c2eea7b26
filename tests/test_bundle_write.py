"""Writing a bundle: all of it or nothing, whatever happens on the way."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.formats import bundle_out
from dqc_compiler.formats.bundle_contents import Contents, digest
from dqc_compiler.formats.bundle_out import check_output, write_bundle
from dqc_compiler.formats.manifest import Compiler, Inputs, Manifest, Registers
from dqc_compiler.formats.report import EnginesUsed, MakespanFigures, Report
from dqc_compiler.formats.verdict import Check, Verdict

PROVEN = Verdict(equivalent=True, checks=(Check(name="symbolic", passed=True, detail="equal"),))
OPEN = Verdict(equivalent=None, checks=())
REFUTED = Verdict(
    equivalent=False, checks=(Check(name="symbolic", passed=False, detail="a z is missing"),)
)
FILE_STEPS = (1, 2, 3, 4, 5, 8, 9)
"""Calls of fsync that are for files; 6 and 7 are for directories, 10 and 11 too."""


def contents(*, seed: int = 0) -> Contents:
    """A bundle with one idle node; its texts are not looked at here."""
    files = {
        "nodes/a.qasm": "OPENQASM 3.0;\n",
        "logical.qasm": "OPENQASM 3.0;\n",
        "rewrites.json": "{}\n",
        "network.json": "{}\n",
        "schedule.json": "{}\n",
    }
    makespan = MakespanFigures(mean=1.0, p50=1.0, p95=1.0, p99=1.0)
    report = Report(
        ebits=0,
        pairs=0,
        peak_comm_qubits={"a": 0},
        messages=0,
        teleports=0,
        copies=0,
        remote_gates=0,
        two_qubit_gates=0,
        makespan_ns=makespan,
        fidelity=None,
        lower_bound_pairs=None,
        gap=None,
        bounds=(),
        fidelity_estimate=None,
        planned_makespan_ns=1.0,
        makespan_shots=1,
        per_link=(),
        per_node={},
        per_gadget={},
        engines=EnginesUsed(),
        assumptions=(),
        units={},
        stopped="done",
        verdict=OPEN,
    )
    manifest = Manifest(
        program="idle",
        compiler=Compiler(version="0"),
        dependencies={},
        inputs=Inputs(circuit=None, network=None),
        seed=seed,
        options={},
        nodes={"a": Registers(data=1, comm=0, out=0)},
        links=(),
        channels={},
        qubits={},
        clbits={},
        figures=report.figures(),
        verdict=OPEN,
        files={path: digest(text.encode()) for path, text in files.items()},
    )
    return Contents(files=files, report=report, manifest=manifest)


def accept(_directory: Path, _manifest: Manifest) -> Verdict:
    return PROVEN


def seed_of(directory: Path) -> int:
    return Manifest.model_validate_json((directory / "manifest.json").read_text()).seed


def code_of(action: Callable[[], object]) -> tuple[str, int]:
    with pytest.raises(CompilerError) as caught:
        action()
    return caught.value.diagnostics[0].code, caught.value.exit_code


def test_a_bundle_is_complete_and_nothing_else_is_left(tmp_path: Path) -> None:
    out = tmp_path / "out"
    written = write_bundle(out, contents(), verify=accept)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    manifest = Manifest.model_validate_json((out / "manifest.json").read_text())
    assert manifest == written.manifest
    assert manifest.verdict == PROVEN
    assert Report.model_validate_json((out / "report.json").read_text()).verdict == PROVEN
    found = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert found == {*manifest.files, "manifest.json"}
    for path, expected in manifest.files.items():
        assert digest((out / path).read_bytes()) == expected


def test_verification_sees_the_files_but_no_manifest(tmp_path: Path) -> None:
    seen = []

    def look(directory: Path, manifest: Manifest) -> Verdict:
        seen.extend(sorted(p.name for p in directory.rglob("*") if p.is_file()))
        assert manifest.verdict == OPEN
        assert not (tmp_path / "out").exists()
        return OPEN

    write_bundle(tmp_path / "out", contents(), verify=look)
    assert seen == ["a.qasm", "logical.qasm", "network.json", "rewrites.json", "schedule.json"]


def test_modes_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_bundle(tmp_path / "out", contents(), verify=accept)
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "out" / "manifest.json").stat().st_mode & 0o777 == 0o640


# --- Where a bundle may go ---------------------------------------------------------------------


def test_places_that_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "manifest.json").write_text('{"name": "a web application"}')
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.json").write_text("{")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for force in (False, True):
        for name in ("file", "empty", "other", "broken"):
            where = tmp_path / name
            assert code_of(lambda p=where, f=force: check_output(p, force=f)) == ("DQC312", 2)
        for name in ("no/out", "file/out", "loop", "x" * 300):
            where = tmp_path / name
            assert code_of(lambda p=where, f=force: check_output(p, force=f)) == ("DQC314", 2)
    check_output(tmp_path / "new")


def test_an_unwritable_parent_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:  # nothing is unwritable for this user
        monkeypatch.setattr(os, "access", lambda *_: False)
    tmp_path.chmod(0o500)
    try:
        assert code_of(lambda: check_output(tmp_path / "out")) == ("DQC314", 2)
    finally:
        tmp_path.chmod(0o700)


def test_a_bundle_is_replaced_only_by_force(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_bundle(out, contents(seed=1), verify=accept)
    refused = code_of(lambda: write_bundle(out, contents(seed=2), verify=accept))
    assert refused == ("DQC311", 2)
    assert seed_of(out) == 1
    write_bundle(out, contents(seed=2), verify=accept, force=True)
    assert seed_of(out) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_files_of_others_are_not_deleted_with_a_bundle(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_bundle(out, contents(), verify=accept)
    (out / "nodes" / "notes.txt").write_text("mine")
    assert code_of(lambda: check_output(out, force=True)) == ("DQC313", 2)
    assert code_of(lambda: check_output(out, force=False)) == ("DQC311", 2)


def test_a_link_to_a_bundle_stays_a_link(tmp_path: Path) -> None:
    write_bundle(tmp_path / "real", contents(seed=1), verify=accept)
    (tmp_path / "link").symlink_to("real")
    write_bundle(tmp_path / "link", contents(seed=2), verify=accept, force=True)
    assert (tmp_path / "link").is_symlink()
    assert seed_of(tmp_path / "real") == 2


def test_what_came_there_during_the_compilation_is_not_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def intrude(_directory: Path, _manifest: Manifest) -> Verdict:
        out.mkdir()
        (out / "thesis.tex").write_text("mine")
        return PROVEN

    assert code_of(lambda: write_bundle(out, contents(), verify=intrude)) == ("DQC312", 2)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [path.name for path in out.iterdir()] == ["thesis.tex"]


def test_without_an_atomic_exchange_the_old_bundle_is_moved_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_out, "_exchange", lambda *_: False)
    out = tmp_path / "out"
    write_bundle(out, contents(seed=1), verify=accept)
    write_bundle(out, contents(seed=2), verify=accept, force=True)
    assert seed_of(out) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    rename = Path.rename

    def fail_for_the_new_one(source: Path, target: Path) -> Path:
        if source.name.endswith(".tmp"):
            raise OSError(errno.EIO, "broken disk")
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_new_one)
    failed = code_of(lambda: write_bundle(out, contents(seed=3), verify=accept, force=True))
    assert failed == ("DQC321", 74)
    assert seed_of(out) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


# --- Verdicts ----------------------------------------------------------------------------------


def test_a_refuted_bundle_is_not_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(CompilerError) as caught:
        write_bundle(out, contents(), verify=lambda *_: REFUTED)
    assert caught.value.exit_code == 3
    assert "symbolic: a z is missing" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_refuted_bundle_can_be_kept_beside(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_bundle(out, contents(seed=1), verify=accept)
    for seed in (2, 3):  # the second one replaces the first
        failed = code_of(
            lambda s=seed: write_bundle(
                out, contents(seed=s), verify=lambda *_: REFUTED, force=True, keep_failed=True
            )
        )
        assert failed == ("DQC331", 3)
        assert seed_of(tmp_path / "out.failed") == seed
    assert seed_of(out) == 1
    kept = Manifest.model_validate_json((tmp_path / "out.failed/manifest.json").read_text())
    assert kept.verdict == REFUTED
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.failed"]


def test_the_place_for_a_refuted_bundle_is_checked_first(tmp_path: Path) -> None:
    (tmp_path / "out.failed").mkdir()
    assert code_of(lambda: check_output(tmp_path / "out", keep_failed=True)) == ("DQC312", 2)
    check_output(tmp_path / "out")


def test_a_defect_of_the_verifier_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(_directory: Path, _manifest: Manifest) -> Verdict:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_bundle(tmp_path / "out", contents(), verify=fail)
    assert list(tmp_path.iterdir()) == []


# --- Failures and interruptions at every step ---------------------------------------------------


def on_sync(monkeypatch: pytest.MonkeyPatch, number: int, action: Callable[[], None]) -> None:
    """Do `action` at the given call of fsync, the first one being number 1."""
    count = 0
    real = os.fsync

    def fsync(descriptor: int) -> None:
        nonlocal count
        count += 1
        if count == number:
            action()
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("replaced", [False, True])
@pytest.mark.parametrize("step", FILE_STEPS)
def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, replaced: bool
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    out = tmp_path / "out"
    if replaced:
        write_bundle(out, contents(seed=1), verify=accept)
    on_sync(monkeypatch, step, full)
    with pytest.raises(CompilerError, match="no space left on device") as caught:
        write_bundle(out, contents(seed=2), verify=accept, force=True)
    assert (caught.value.exit_code, caught.value.diagnostics[0].code) == (74, "DQC321")
    assert [path.name for path in tmp_path.iterdir()] == (["out"] if replaced else [])
    assert not replaced or seed_of(out) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing_or_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(number, interrupt)
    outcomes = []
    try:
        for step in range(1, 12):
            out = tmp_path / f"out{step}"
            with monkeypatch.context() as patch:
                on_sync(patch, step, lambda: signal.raise_signal(number))
                with pytest.raises(KeyboardInterrupt):
                    write_bundle(out, contents(), verify=accept)
            outcomes.append(out.exists())
        assert signal.getsignal(number) is interrupt
    finally:
        signal.signal(number, before)
    # Until the verdict nothing is kept; after it the bundle is finished before the signal counts.
    assert outcomes == [False] * 7 + [True] * 4
    for path in tmp_path.iterdir():
        assert path.name.startswith("out")
        assert (path / "manifest.json").exists()


def test_an_interruption_of_the_verification_leaves_nothing(tmp_path: Path) -> None:
    def interrupted(_directory: Path, _manifest: Manifest) -> Verdict:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_bundle(tmp_path / "out", contents(), verify=interrupted)
    assert list(tmp_path.iterdir()) == []
