"""What a bundle holds, made from the results of a compilation; no file is touched here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import metadata

from dqc_compiler.formats.front import FrontEntry
from dqc_compiler.formats.manifest import (
    LOGICAL,
    NETWORK,
    REPORT,
    REWRITES,
    SCHEDULE,
    Channel,
    Compiler,
    Inputs,
    Manifest,
    ManifestParameter,
    QubitPositions,
    Registers,
    program_path,
)
from dqc_compiler.formats.network_file import network_json
from dqc_compiler.formats.qasm_text import circuit_text, program_texts
from dqc_compiler.formats.report import EnginesUsed, Report, make_report
from dqc_compiler.formats.rewrites import Rewrites
from dqc_compiler.formats.schedule_file import make_schedule_file
from dqc_compiler.formats.verdict import Verdict
from dqc_compiler.interruption import Stopped
from dqc_compiler.ir import ABSENT, Circuit, DistributedProgram, Fidelity, Schedule
from dqc_compiler.ir.bound import Bound

DEPENDENCIES = (
    "mtkahypar",
    "networkx",
    "numba",
    "numpy",
    "openqasm3",
    "pymetis",
    "qiskit",
    "qiskit-qasm3-import",
    "rustworkx",
    "scipy",
)
"""Packages whose version can change the result."""

NOT_VERIFIED = Verdict(equivalent=None, checks=())


@dataclass(frozen=True, kw_only=True)
class Contents:
    """A bundle in memory.

    `files` are the texts that verification reads, by path and in order of writing. `report` and
    `manifest` come after it: `with_verdict` completes them.
    """

    files: Mapping[str, str]
    report: Report
    manifest: Manifest

    def with_verdict(self, verdict: Verdict) -> Contents:
        """The same bundle with its report and manifest completed."""
        report = self.report.model_copy(update={"verdict": verdict})
        digests = self.manifest.files | {REPORT: digest(report.text().encode())}
        manifest = self.manifest.model_copy(update={"verdict": verdict, "files": digests})
        return Contents(files=self.files, report=report, manifest=manifest)


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return sha256(data).hexdigest()


def compiler_version() -> str:
    """Version of this compiler as it is installed."""
    return metadata.version("dqc_compiler")


def dependency_versions(others: Sequence[str] = ()) -> dict[str, str]:
    """Versions of the installed packages that take part in a compilation, with these `others`."""
    versions = {}
    for name in sorted({*DEPENDENCIES, *others}):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # an engine that is replaced by its fallback
            continue
    return versions


def make_contents(
    *,
    logical: Circuit,
    program: DistributedProgram,
    schedule: Schedule,
    bounds: Sequence[Bound],
    seed: int,
    options: Mapping[str, bool | int | float | str | None],
    fidelity: Fidelity | None = None,
    engines: EnginesUsed | None = None,
    rewrites: Rewrites | None = None,
    circuit_digest: str | None = None,
    network_digest: str | None = None,
    stopped: Stopped = "done",
    pareto: tuple[FrontEntry, ...] | None = None,
    packages: Sequence[str] = (),
) -> Contents:
    """The bundle of one compilation, not verified yet.

    Args:
        logical: the circuit that was distributed.
        program: the statements of all nodes.
        schedule: their planned times.
        bounds: proven lower bounds on the pairs.
        seed: of the compilation.
        options: the other effective options.
        fidelity: of the programs with the circuit, None if it is not estimated.
        engines: where the search for the placement began; None if there was no search.
        rewrites: how the original became `logical`; None if they are the same.
        circuit_digest: SHA-256 of the circuit's file, None if there was no file.
        network_digest: likewise of the network's file.
        stopped: why the search has ended.
        pareto: the front, None if it was not asked for.
        packages: others than `DEPENDENCIES` that took part in the search.
    """
    names = [node.name for node in program.network.nodes]
    paths = [program_path(name) for name in names]
    files = dict(zip(paths, program_texts(program), strict=True))
    files[LOGICAL] = circuit_text(logical)
    files[REWRITES] = (rewrites or Rewrites()).text()
    files[NETWORK] = network_json(program.network)
    files[SCHEDULE] = make_schedule_file(schedule).text()
    report = make_report(
        logical,
        program,
        schedule,
        bounds=bounds,
        fidelity=fidelity,
        engines=engines or EnginesUsed(),
        verdict=NOT_VERIFIED,
        stopped=stopped,
        pareto=pareto,
    )
    manifest = Manifest(
        program=program.name,
        compiler=Compiler(version=compiler_version()),
        dependencies=dependency_versions(packages),
        inputs=Inputs(circuit=circuit_digest, network=network_digest),
        seed=seed,
        options=dict(options),
        nodes=_registers(program),
        links=tuple(
            (names[link.between[0]], names[link.between[1]]) for link in program.network.links
        ),
        channels=_channels(program),
        qubits=_qubits(program),
        clbits=_clbits(program),
        parameters=_parameters(program),
        figures=report.figures(),
        verdict=NOT_VERIFIED,
        files={path: digest(text.encode()) for path, text in files.items()},
    )
    return Contents(files=files, report=report, manifest=manifest)


def _registers(program: DistributedProgram) -> dict[str, Registers]:
    out = [0] * len(program.network.nodes)
    for register in program.registers:
        if not register.receivers:
            out[register.sender] += register.size
    return {
        node.name: Registers(
            data=int(program.data_qubits[i]), comm=int(program.comm_qubits[i]), out=out[i]
        )
        for i, node in enumerate(program.network.nodes)
    }


def _channels(program: DistributedProgram) -> dict[str, Channel]:
    names = [node.name for node in program.network.nodes]
    channels = {}
    for index, register in enumerate(program.registers):
        if register.receivers:
            receivers = tuple(names[node] for node in sorted(register.receivers))
            content = {"from": names[register.sender], "to": receivers, "size": register.size}
            channels[program.register_name(index)] = Channel.model_validate(content)
    return channels


def _qubits(program: DistributedProgram) -> dict[str, QubitPositions]:
    names = [node.name for node in program.network.nodes]
    rows = zip(program.qubits, program.start.tolist(), program.end.tolist(), strict=True)
    return {
        qubit: QubitPositions(start=(names[start[0]], start[1]), end=(names[end[0]], end[1]))
        for qubit, start, end in rows
    }


def _parameters(program: DistributedProgram) -> dict[str, ManifestParameter]:
    return {
        p.identifier: ManifestParameter(name=p.name, formula=p.formula, value=p.value)
        for p in program.parameters
    }


def _clbits(program: DistributedProgram) -> dict[str, tuple[str, int] | None]:
    names = [node.name for node in program.network.nodes]
    rows = zip(program.clbit_names, program.clbits.tolist(), strict=True)
    return {bit: None if node == ABSENT else (names[node], index) for bit, (node, index) in rows}
