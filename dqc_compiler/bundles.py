"""From a result to a verified bundle, and from a bundle to a verdict."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

from dqc_compiler.compiled import Compiled
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.engines import packages_of
from dqc_compiler.formats.bundle_contents import NOT_VERIFIED, Contents, make_contents
from dqc_compiler.formats.bundle_in import Bundle, read_bundle
from dqc_compiler.formats.bundle_out import write_bundle
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.formats.front import FrontEntry
from dqc_compiler.formats.manifest import Manifest, listed_parameters
from dqc_compiler.formats.report import EnginesUsed
from dqc_compiler.formats.rewrites import make_rewrites
from dqc_compiler.formats.verdict import Check, Verdict
from dqc_compiler.garbage import collection_paused
from dqc_compiler.interruption import uninterrupted
from dqc_compiler.ir import Circuit
from dqc_compiler.ir.angles import COMPILER, generic_value
from dqc_compiler.verify import verify_directory
from dqc_compiler.verify.bundle import load_programs
from dqc_compiler.verify.figures import figures_problems


@collection_paused()
def save_bundle(
    result: Compiled,
    directory: str | Path,
    *,
    original: Circuit | None = None,
    circuit_digest: str | None = None,
    network_digest: str | None = None,
    force: bool = False,
    keep_failed: bool = False,
    pareto: tuple[FrontEntry, ...] | None = None,
) -> Contents:
    """Write the bundle of a compilation and verify it on the way, as `result.options` asks.

    Args:
        result: of `compile_circuit`.
        directory: where the bundle shall be; its parent must exist.
        original: the circuit that went in; by default that of the result.
        circuit_digest: SHA-256 of the circuit's file, None if there was no file.
        network_digest: likewise of the network's file.
        force: replace a bundle that is there.
        keep_failed: keep a refuted bundle as `<directory>.failed`.
        pareto: the front that the result belongs to, for the report.

    Returns:
        What was written, with the verdict.

    Raises:
        CompilerError: if the place is refused (DQC311 to DQC314), the operating system refuses to
            write (DQC321), or verification refutes the programs (DQC331).
    """
    contents = _contents(result, circuit_digest, network_digest, pareto)
    source = result.original if original is None else original

    def verify(temporary: Path, manifest: Manifest) -> Verdict:
        return _verdict(temporary, source, manifest, result)

    return write_bundle(
        Path(directory), contents, verify=verify, force=force, keep_failed=keep_failed
    )


def verify_result(result: Compiled) -> Verdict:
    """The verdict on the bundle of a compilation, which is written only for the moment."""
    contents = _contents(result, None, None, None)
    directory = Path(mkdtemp(prefix="dqc-"))
    try:
        for path, text in contents.files.items():
            (directory / path).parent.mkdir(exist_ok=True)
            (directory / path).write_text(text, encoding="utf-8")
        return _verdict(directory, result.original, contents.manifest, result)
    finally:
        with uninterrupted():
            shutil.rmtree(directory, ignore_errors=True)


def _contents(
    result: Compiled,
    circuit_digest: str | None,
    network_digest: str | None,
    pareto: tuple[FrontEntry, ...] | None,
) -> Contents:
    options = dataclasses.asdict(result.options) | {"minimize": str(result.options.minimize)}
    if pareto is not None:
        options["pareto"] = True
    return make_contents(
        logical=result.logical,
        rewrites=make_rewrites(result.rewriting),
        program=result.program,
        schedule=result.schedule,
        bounds=result.bounds,
        fidelity=result.fidelity,
        engines=EnginesUsed(used=result.engines.used, not_installed=result.engines.not_installed),
        seed=options.pop("seed"),
        options=options,
        circuit_digest=circuit_digest,
        network_digest=network_digest,
        stopped=result.stopped,
        pareto=pareto,
        packages=packages_of(result.options.engine),
    )


def _verdict(directory: Path, source: Circuit, manifest: Manifest, result: Compiled) -> Verdict:
    level = result.options.verify
    if level == "off":
        return NOT_VERIFIED
    return verify_directory(directory, source, manifest, level=level)


@collection_paused()
def verify_bundle(
    directory: str | Path, circuit: Circuit | str | Path, *, level: Literal["auto", "all"] = "auto"
) -> Verdict:
    """Check that the programs of a bundle together are `circuit`; the bundle is not changed.

    Files that differ from their digests are checked as they are, but the verdict is negative.

    Args:
        directory: a bundle.
        circuit: the original, or the path of its OpenQASM file.
        level: "auto" for every check that is cheap enough, "all" for all that are possible.

    Raises:
        CompilerError: if the bundle or the circuit cannot be read.
    """
    bundle = read_bundle(directory, accept_changed=True)
    original = circuit if isinstance(circuit, Circuit) else read_circuit(circuit)
    own = (_digest_check(bundle), _figures_check(Path(directory), original, bundle))
    verdict = verify_directory(Path(directory), original, bundle.manifest, level=level)
    return Verdict(
        equivalent=verdict.equivalent if all(check.passed for check in own) else False,
        checks=(*own, *verdict.checks),
    )


def _digest_check(bundle: Bundle) -> Check:
    if bundle.changed:
        return Check(name="digests", passed=False, detail=f"changed: {', '.join(bundle.changed)}")
    count = len(bundle.manifest.files)
    return Check(name="digests", passed=True, detail=f"{count} files are as they were written")


def _figures_check(directory: Path, original: Circuit, bundle: Bundle) -> Check:
    """Whether report, manifest, schedule and programs tell the same figures."""
    try:
        inputs = (p.identifier for p in listed_parameters(bundle.manifest) if p.value is None)
        values = {name: generic_value(name, COMPILER) for name in inputs}
        task = load_programs(directory, original, bundle.manifest, values)
        problems = figures_problems(bundle, task)
    except CompilerError as error:
        detail = f"nothing to compare them with: {error.diagnostics[0].message_text}"
        return Check(name="figures", passed=False, detail=detail)
    if problems:
        return Check(name="figures", passed=False, detail="; ".join(problems))
    report = bundle.report
    detail = f"{report.pairs} pairs and {report.messages} messages, as in the programs"
    return Check(name="figures", passed=True, detail=detail)
