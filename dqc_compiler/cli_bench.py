"""The command `dqc bench`: what the circuits of a suite cost, held against a baseline.

As in `cli`, everything heavy is imported by the command that needs it.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dqc_compiler.cli_completion import complete_directory, complete_file
from dqc_compiler.cli_options import (
    check_network_choice,
    diagnostics_option,
    format_option,
    made_network,
    minimize_option,
    network_options,
    preset_option,
    seed_option,
    verify_option,
)
from dqc_compiler.cli_terminal import Terminal
from dqc_compiler.diagnostics import CompilerError, Diagnostic, Place
from dqc_compiler.diagnostics.bench import OutputFileRefused, RowsFail
from dqc_compiler.diagnostics.usage import FileNotWritten

if TYPE_CHECKING:
    from dqc_compiler.bench.benchmark import Benchmark
    from dqc_compiler.bench.running import Outcome
    from dqc_compiler.bench.suite import Defaults
    from dqc_compiler.formats.bench_file import BenchReport

DEFAULT_STATE = ".dqc-bench"
_MOST_CULPRITS = 20


@click.group("bench")
def bench() -> None:
    """Guard what circuits cost on networks."""


@bench.command("run")
@click.argument("suite", metavar="SUITE", shell_complete=complete_file)
@network_options
@click.option(
    "--baseline",
    metavar="FILE",
    shell_complete=complete_file,
    help="Accepted figures, to compare with.",
)
@click.option("--update", is_flag=True, help="Write the figures of now to the baseline.")
@click.option(
    "--tolerance",
    "tolerances",
    metavar="FIGURE=PERCENT|FIGURE=+NUMBER",
    multiple=True,
    help="How much worse a figure may be; repeatable.  [default: not at all]",
)
@preset_option
@minimize_option
@seed_option
@verify_option
@click.option(
    "--jobs",
    type=click.IntRange(min=1, max=1024),
    metavar="N",
    default=1,
    show_default=True,
    help="Processes that measure rows.",
)
@click.option("--shard", metavar="I/N", help="Measure only part I of N of the suite.")
@click.option(
    "--state",
    metavar="DIR",
    shell_complete=complete_directory,
    help="Keep finished rows here, and take from here what is finished.  "
    f"[default: ./{DEFAULT_STATE} until the run is complete]",
)
@format_option
@click.option("--junit", metavar="FILE", shell_complete=complete_file, help="Write JUnit XML.")
@click.option(
    "--markdown", metavar="FILE", shell_complete=complete_file, help="Append a summary in Markdown."
)
@diagnostics_option
@click.pass_obj
def run(terminal: Terminal, /, **choices: Any) -> None:
    """Measure the circuits of SUITE and compare their figures with a baseline.

    SUITE is a folder with circuits (*.qasm), a manifest (TOML), or mqt:NAMES@SIZES, circuits of MQT
    Bench. Every circuit is compiled and its programs are verified.

    Exit codes: 0 no row fails; 1 a row costs more than in the baseline, cannot be compiled, is
    refuted, is not in the baseline or only there; 2 bad usage or bad input; 74 output could not be
    written; 130 interrupted, and finished rows are kept.
    """
    _check_choices(choices)
    benchmark = _benchmark(choices)
    problems: list[Diagnostic] = []

    def tell(outcome: Outcome) -> None:
        show(f"measuring; finished: {outcome.name}")
        problems.extend(outcome.problems)

    try:
        with terminal.progress("measuring") as show:
            report = benchmark.run(tell)
    except KeyboardInterrupt:
        if benchmark.keeps_rows():
            terminal.note(f"finished rows are kept in {benchmark.state}; run again to go on")
        raise
    _write_outputs(report, choices)
    if choices["output_format"] == "json":
        terminal.emit(report.text())
    else:
        from dqc_compiler.bench.table import table_text

        terminal.emit(table_text(report, is_terminal=sys.stdout.isatty()))
    _warn(terminal, report, choices)
    if not report.passed:
        raise CompilerError(_failure(report, is_update=choices["update"]), *problems)


def _check_choices(choices: Mapping[str, Any]) -> None:
    """What is wrong with the options is said before anything is measured."""
    check_network_choice(choices, may_be_missing=True)
    for name in ("suite", "state"):
        if choices[name] == "":  # of a variable that is not set, as a rule
            raise click.UsageError(f"the {name} has an empty name")
    if choices["update"] and choices["baseline"] is None:
        raise click.UsageError("--update needs --baseline")
    if choices["update"] and choices["shard"] is not None:
        raise click.UsageError("--update writes all rows, so it cannot be used with --shard")
    written = ("junit", "markdown", *(("baseline",) if choices["update"] else ()))
    for name in written:
        if choices[name] is not None:
            _check_output(f"--{name}", Path(choices[name]))


def _check_output(option: str, path: Path) -> None:
    reason = None
    if not path.parent.is_dir():
        reason = f"there is no directory {path.parent}"
    elif path.is_dir():
        reason = "this is a directory"
    elif path.exists() and not path.is_file() and option != "--markdown":
        reason = "this is a device, which would be replaced by a file"
    if reason is not None:
        place = Place(file=str(path))
        raise CompilerError(OutputFileRefused(option=option, reason=reason, place=place))


def _benchmark(choices: Mapping[str, Any]) -> Benchmark:
    """Everything that can be wrong with the input is found out here, but for the circuits."""
    from dqc_compiler.bench.benchmark import Benchmark
    from dqc_compiler.bench.suite import Shard, read_suite
    from dqc_compiler.bench.tolerance import read_tolerances

    shard, baseline = choices["shard"], choices["baseline"]
    tolerances = read_tolerances(choices["tolerances"])
    part = None if shard is None else Shard.parse(shard)
    suite = read_suite(choices["suite"], _defaults(choices))
    made = Benchmark(
        suite=suite,
        shard=part,
        baseline=None if baseline is None else Path(baseline),
        is_update=choices["update"],
        tolerances=tolerances,
        jobs=choices["jobs"],
        keeps_state=choices["state"] is not None,
    )
    made.accepted()  # a bad baseline leaves no directory of finished rows behind
    return replace(made, state=_state_directory(choices["state"]))


def _defaults(choices: Mapping[str, Any]) -> Defaults:
    from dqc_compiler.bench.suite import Defaults
    from dqc_compiler.formats.network_file import Network
    from dqc_compiler.formats.network_made import MadeNetwork
    from dqc_compiler.pipeline import Options

    network: Network | MadeNetwork | None = None
    if choices["network_file"] is not None:
        network = Network.read(choices["network_file"])
    elif choices["nodes"] is not None:
        network = made_network(choices)
        network.of(1, seed=choices["seed"])  # whether there is one does not depend on the circuit
    names = ("seed", "preset", "minimize", "verify")
    return Defaults(network=network, options=Options(**{name: choices[name] for name in names}))


def _state_directory(chosen: str | None) -> Path | None:
    """The directory of finished rows, made; None if nobody asked for one and there is no room."""
    directory = Path(DEFAULT_STATE if chosen is None else chosen)
    try:
        directory.mkdir(parents=chosen is not None, exist_ok=True)
    except OSError as error:
        if chosen is None:
            return None
        reason = (error.strerror or str(error)).lower()
        place = Place(file=str(directory))
        raise CompilerError(
            OutputFileRefused(option="--state", reason=reason, place=place)
        ) from error
    return directory if chosen is not None or os.access(directory, os.W_OK) else None


def _write_outputs(report: BenchReport, choices: Mapping[str, Any]) -> None:
    if choices["junit"] is not None:
        from dqc_compiler.bench.junit import junit_text
        from dqc_compiler.formats.whole_file import replace_file

        replace_file(Path(choices["junit"]), junit_text(report))
    if choices["markdown"] is not None:
        from dqc_compiler.bench.markdown import markdown_text

        _append(Path(choices["markdown"]), markdown_text(report))


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CompilerError(FileNotWritten(reason=reason, place=Place(file=str(path)))) from error


def _warn(terminal: Terminal, report: BenchReport, choices: Mapping[str, Any]) -> None:
    unproven = [row.name for row in report.rows if row.figures and row.equivalent is None]
    if unproven:
        what = "not verified" if choices["verify"] == "off" else "neither proven nor refuted"
        terminal.warn(f"the programs of these rows were {what}: {', '.join(unproven)}")
    better = [row.name for row in report.rows if row.status == "better"]
    if better and not choices["update"]:
        terminal.note(f"better than the baseline: {', '.join(better)}; --update accepts that")


def _failure(report: BenchReport, *, is_update: bool) -> RowsFail:
    from dqc_compiler.bench.words import culprit

    failing = [row for row in report.rows if row.fails]
    shown = [culprit(row) for row in failing[:_MOST_CULPRITS]]
    if len(failing) > len(shown):
        shown.append(f"{len(failing) - len(shown)} more")
    is_broken = any(row.status in ("error", "refuted") for row in failing)
    if is_update:
        remedy = "the baseline is as it was; correct these rows or take them out of the suite"
    elif is_broken:
        remedy = "correct what cannot be compiled and verified; --update accepts figures only"
    else:
        remedy = "if this is what you want, --update writes the figures of now to the baseline"
    return RowsFail(
        count=len(failing), total=len(report.rows), culprits="; ".join(shown), remedy=remedy
    )
