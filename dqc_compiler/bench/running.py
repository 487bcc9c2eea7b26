"""Measure rows: read, compile, verify, count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter

from dqc_compiler.bench.figures import figures_of
from dqc_compiler.bench.mqt import MqtCircuit
from dqc_compiler.bench.state import key_of, load_row, save_row
from dqc_compiler.bench.suite import Row
from dqc_compiler.bundles import verify_result
from dqc_compiler.diagnostics import CompilerError, Diagnostic
from dqc_compiler.diagnostics.usage import InternalError
from dqc_compiler.formats.bench_file import MeasuredRow, RowOptions
from dqc_compiler.formats.bundle_contents import digest
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.formats.network_file import network_json
from dqc_compiler.formats.network_made import MadeNetwork
from dqc_compiler.formats.qasm_text import circuit_text
from dqc_compiler.formats.verdict import Verdict
from dqc_compiler.interruption import Patience
from dqc_compiler.ir import Circuit, Network
from dqc_compiler.pipeline import Options, compile_circuit
from dqc_compiler.workers import Workers


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one row: figures, or the problems that it could not be compiled for.

    `key` is that of the finished row among those to be resumed; None if there is none.
    """

    name: str
    measured: MeasuredRow | None = None
    problems: tuple[Diagnostic, ...] = ()
    key: str | None = None
    is_resumed: bool = False


def run_rows(rows: Sequence[Row], *, jobs: int, state: Path | None) -> Iterator[Outcome]:
    """Measure rows, which come in their order; what cannot be compiled does not end the run.

    Args:
        rows: to be measured.
        jobs: processes; 1: this one.
        state: the directory of finished rows; None: none are kept.
    """
    measure = partial(measure_row, state=state)
    count = min(jobs, len(rows))
    if count <= 1:
        yield from map(measure, rows)
        return
    with Workers(count) as workers:
        yield from workers.results(measure, [(row,) for row in rows], Patience())


def measure_row(row: Row, *, state: Path | None) -> Outcome:
    """Measure one row, unless it is finished already.

    Raises:
        CompilerError: if a finished row cannot be kept (DQC511).
    """
    outcome = _outcome(row, state)
    measured = outcome.measured
    if state is None or measured is None or outcome.key is None or outcome.is_resumed:
        return outcome
    if measured.equivalent is not False:
        save_row(state, outcome.key, measured)
    return outcome


def _outcome(row: Row, state: Path | None) -> Outcome:
    try:
        return _measured(row, state)
    except CompilerError as error:
        return Outcome(name=row.name, problems=error.diagnostics)
    except Exception as error:  # a defect: the other rows are still worth knowing
        words = " ".join(str(error).split())
        defect = InternalError(reason=f"{type(error).__name__}: {words}"[:300])
        return Outcome(name=row.name, problems=(defect,))


def _measured(row: Row, state: Path | None) -> Outcome:
    started = perf_counter()
    circuit, network = _inputs(row)
    digests = _circuit_digest(circuit), digest(network_json(network).encode())
    key = key_of(row.name, *digests, row.options)
    finished = None if state is None else load_row(state, key)
    if finished is not None:
        return Outcome(name=row.name, measured=finished, key=key, is_resumed=True)
    result = compile_circuit(circuit, network, options=row.options)
    verdict = None if row.options.verify == "off" else verify_result(result)
    measured = MeasuredRow(
        circuit=digests[0],
        network=digests[1],
        options=options_of(row.options),
        figures=figures_of(result),
        equivalent=None if verdict is None else verdict.equivalent,
        checks=() if verdict is None else _checks(verdict),
        seconds=round(perf_counter() - started, 3),
    )
    return Outcome(name=row.name, measured=measured, key=key)


def _inputs(row: Row) -> tuple[Circuit, Network]:
    given = row.circuit.make() if isinstance(row.circuit, MqtCircuit) else row.circuit
    circuit = read_circuit(given)
    network = row.network
    if isinstance(network, MadeNetwork):
        return circuit, network.of(len(circuit.qubits), seed=row.options.seed)
    return circuit, network


def _circuit_digest(circuit: Circuit) -> str:
    # Qiskit numbers circuits without a name by the process.
    return digest(circuit_text(replace(circuit, name="circuit")).encode())


def options_of(options: Options) -> RowOptions:
    """The options that figures depend on."""
    return RowOptions(preset=options.preset, seed=options.seed, minimize=str(options.minimize))


def _checks(verdict: Verdict) -> tuple[str, ...]:
    """Those that passed; of programs that are refuted those that say so, and why."""
    if verdict.equivalent is False:
        return tuple(f"{c.name}: {c.detail}" for c in verdict.checks if c.passed is False)
    return tuple(check.name for check in verdict.checks if check.passed)
