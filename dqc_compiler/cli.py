"""The command line: `dqc` with its subcommands, and `dqc-compile`, which is `dqc compile`.

Of all dependencies only click is imported here. The rest is imported by the command that needs it,
so that `--help` answers at once.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import inspect
import platform
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import click

from dqc_compiler import engines
from dqc_compiler.cli_bench import bench
from dqc_compiler.cli_circuit import digest_of, read_circuit_argument
from dqc_compiler.cli_network import network
from dqc_compiler.cli_options import (
    check_network_choice,
    comm_count,
    diagnostics_option,
    finite_seconds,
    format_option,
    made_network,
    minimize_option,
    network_options,
    preset_option,
    seed_option,
    target_fidelity_option,
    verify_option,
)
from dqc_compiler.cli_terminal import EXIT_INTERRUPTED, Terminal, run
from dqc_compiler.diagnostics import CompilerError, Diagnostic, Place
from dqc_compiler.diagnostics.bundle import NotEquivalent
from dqc_compiler.diagnostics.usage import UnknownCode
from dqc_compiler.interruption import Interruption

if TYPE_CHECKING:
    from dqc_compiler import ir
    from dqc_compiler.formats.report import Report
    from dqc_compiler.formats.verdict import Verdict

SUBJECTS = ("bench", "bundle", "circuit", "network", "placement", "usage", "verify")
"""Modules of `dqc_compiler.diagnostics` that define codes."""

SCHEMAS = (
    "network",
    "manifest",
    "schedule",
    "report",
    "rewrites",
    "advice",
    "suite",
    "baseline",
    "bench",
)
MAX_SHOWN_NODES = 8


def main() -> NoReturn:
    """The console script `dqc`."""
    run(dqc, "dqc")


def main_compile() -> NoReturn:
    """The console script `dqc-compile`."""
    run(compile_, "dqc-compile")


def _print_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if not value or context.resilient_parsing:
        return
    from dqc_compiler.formats.bundle_contents import compiler_version, dependency_versions

    own = f"dqc_compiler {compiler_version()}"
    versions = [f"{name} {version}" for name, version in dependency_versions().items()]
    lines = [own, f"Python {platform.python_version()}", *versions]
    context.find_object(Terminal).emit("\n".join(lines) + "\n")  # type: ignore[union-attr]
    context.exit()


_version_option = click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the versions of the compiler and its dependencies, and exit.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@_version_option
def dqc() -> None:
    """Compile one quantum circuit for a network of quantum processors.

    Exit codes: 0 done; 1 cannot be compiled; 2 bad usage or bad input; 3 verification failed;
    70 internal error; 74 output could not be written; 130 interrupted.
    """


@dqc.command("compile", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("circuit", metavar="CIRCUIT")
@network_options
@click.option("-o", "--output", metavar="DIR", help="The bundle.  [default: ./<circuit>.dqc]")
@preset_option
@click.option(
    "--engine",
    type=click.Choice(engines.CHOICES),
    default=engines.AUTO,
    show_default=True,
    help="Where the search begins; auto: everywhere.",
)
@minimize_option
@target_fidelity_option
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    callback=finite_seconds,
    metavar="SEC",
    help="Stop searching after so long; the preset fast is always finished.",
)
@click.option(
    "--rounds",
    type=click.IntRange(min=0),
    metavar="N",
    help="Rounds of the preset best.  [default: until the time limit, or one per core]",
)
@click.option(
    "--pareto",
    is_flag=True,
    help="Show what fewer or more comm qubits would cost, each budget compiled and verified.",
)
@seed_option
@verify_option
@format_option
@click.option("--force", is_flag=True, help="Replace a bundle that is there.")
@click.option("--keep-failed", is_flag=True, help="Keep a refuted bundle as DIR.failed.")
@click.option("--time-passes", is_flag=True, help="Show the time of each pass on standard error.")
@diagnostics_option
@_version_option
@click.pass_obj
def compile_(terminal: Terminal, /, **choices: Any) -> int:
    """Compile CIRCUIT (OpenQASM 2 or 3; - reads standard input) into a bundle.

    A bundle is a directory with one OpenQASM 3 program per node, the feed-forward schedule and a
    report. It is verified against CIRCUIT before it is put in place.

    Exit codes: 0 done; 1 cannot be compiled; 2 bad usage or bad input; 3 verification failed,
    nothing written; 70 internal error; 74 output could not be written; 130 interrupted.
    """
    from dqc_compiler.formats.bundle_out import check_output

    check_network_choice(choices)
    _check_search(choices)
    output = _output_directory(choices)
    check_output(output, force=choices["force"], keep_failed=choices["keep_failed"])
    interruption = Interruption()

    told: list[str] = []

    def tell(finished: str) -> None:
        if finished in ("place", "bound") and interruption.has_come and not told:
            told.append("interrupted: finishing the best result so far; once more to give up")
            terminal.note(told[0])

    with terminal.progress("compiling"), interruption.listening():
        report, seconds = _compile(output, choices, interruption, tell)
    if choices["time_passes"]:
        for name, duration in seconds.items():
            terminal.note(f"{name:<16} {duration:8.3f} s")
    if report.verdict.equivalent is None:
        terminal.warn(_unproven(report.verdict))
    if choices["output_format"] == "json":
        from dqc_compiler.formats.file_model import json_text

        content = report.model_dump(mode="json", by_alias=True)
        terminal.emit(json_text({**content, "seconds": seconds}))
    else:
        terminal.emit(_summary(report, output))
        if report.pareto is not None:
            from dqc_compiler.cli_front import front_table

            widest = "unlimited" if choices["network_file"] is None else "all"
            counted = "e-bits" if report.pairs == report.ebits else "pairs"
            terminal.emit("\n" + front_table(report.pareto, widest=widest, counted=counted))
    return EXIT_INTERRUPTED if interruption.has_come else 0


def _check_search(choices: Mapping[str, Any]) -> None:
    if choices["rounds"] is not None and choices["preset"] != "best":
        raise click.UsageError("--rounds belongs to --preset best")
    if choices["pareto"] and choices["target_fidelity"] is not None:
        raise click.UsageError("--pareto and --target-fidelity cannot be used together")


def _output_directory(choices: Mapping[str, Any]) -> Path:
    if choices["output"] is None:
        circuit = choices["circuit"]
        return Path("circuit.dqc" if circuit == "-" else f"{Path(circuit).stem}.dqc")
    if not choices["output"]:
        raise click.UsageError("the output directory has an empty name")
    return Path(choices["output"])


def _compile(
    output: Path,
    choices: Mapping[str, Any],
    interruption: Interruption,
    progress: Callable[[str], None],
) -> tuple[Report, dict[str, float]]:
    """Read, compile, write; the report and the wall time of each step in seconds."""
    from dqc_compiler.bundles import save_bundle
    from dqc_compiler.formats.network_file import Network
    from dqc_compiler.pareto import compile_front, unlimited
    from dqc_compiler.pipeline import Options, compile_circuit

    started = perf_counter()
    file = choices["network_file"]
    network: ir.Network | None = None if file is None else Network.read(file)
    circuit, circuit_digest = read_circuit_argument(choices["circuit"])
    if network is None:
        network = _made_network(len(circuit.qubits), choices)
    read = perf_counter()
    names = ("seed", "preset", "time_limit", "rounds", "engine", "minimize", "target_fidelity")
    options = Options(**{name: choices[name] for name in (*names, "verify")})
    pareto = None
    if choices["pareto"]:
        budget = None if file is not None else comm_count(choices["comm_qubits"])
        front = compile_front(
            circuit,
            network if budget is None else unlimited(network),
            budget=budget,
            options=options,
            progress=progress,
            interruption=interruption,
        )
        result, pareto = front.result, front.entries
    else:
        result = compile_circuit(
            circuit, network, options=options, progress=progress, interruption=interruption
        )
    compiled = perf_counter()
    with interruption.noted() if pareto else nullcontext():  # it has been verified already
        contents = save_bundle(
            result,
            output,
            original=circuit,
            circuit_digest=circuit_digest,
            network_digest=None if file is None else digest_of(Path(file)),
            force=choices["force"],
            keep_failed=choices["keep_failed"],
            pareto=pareto,
        )
    saved = perf_counter()
    seconds = {"read": read - started, **result.seconds}
    if pareto is not None:
        seconds["other budgets"] = compiled - read - sum(result.seconds.values())
    seconds["write and verify"] = saved - compiled
    return contents.report, {name: round(value, 6) for name, value in seconds.items()}


def _made_network(qubits: int, choices: Mapping[str, Any]) -> ir.Network:
    return made_network(choices).of(qubits, seed=choices["seed"])


def _summary(report: Report, output: Path) -> str:
    peaks = report.peak_comm_qubits
    shown = ", ".join(f"{name} {peak}" for name, peak in peaks.items())
    if len(peaks) > MAX_SHOWN_NODES:
        shown = f"at most {max(peaks.values())} ({len(peaks)} nodes)"
    makespan = report.makespan_ns
    rows = {
        **_pair_rows(report),
        "peak comm qubits": shown,
        "makespan": f"mean {_time(makespan.mean)}, 95th percentile {_time(makespan.p95)}",
        **_fidelity_row(report),
        "verdict": _verdict_words(report.verdict),
        **({} if report.stopped == "done" else {"search": f"stopped: {report.stopped}"}),
        "bundle": str(output),
    }
    return "".join(f"{name:<18}{value}\n" for name, value in rows.items())


def _pair_rows(report: Report) -> dict[str, str]:
    """E-bits, and the pairs of links where that is another number; the bound is one on these."""
    bound = _bound_words(report)
    if report.pairs == report.ebits:
        return {"e-bits": f"{report.ebits}{bound}"}
    return {"e-bits": str(report.ebits), "pairs of links": f"{report.pairs}{bound}"}


def _fidelity_row(report: Report) -> dict[str, str]:
    """The estimate, and what distribution and waiting would leave alone."""
    parts = report.fidelity_estimate
    if report.fidelity is None or parts is None:
        return {}
    shown = (report.fidelity, parts.distribution, parts.waiting)
    # Of less the sampling knows little more than that.
    total, distribution, waiting = (f"{f:.3f}" if f >= 0.01 else "< 0.01" for f in shown)
    return {"fidelity": f"{total} (distribution {distribution}, waiting {waiting})"}


def _bound_words(report: Report) -> str:
    """How good the number of pairs is, as far as that is proven, and among what."""
    if report.gap is None or report.pairs == 0:
        return ""
    minimum_for, least = report.gap.minimum_for, report.pairs - report.gap.pairs
    if len(minimum_for) == 2:
        return " (proven minimum)"
    if minimum_for:
        proven = {
            "every placement": "no placement takes fewer",
            "every protocol": "proven minimum for these first and last nodes",
        }
        return f" ({proven[minimum_for[0]]})"
    if least == report.lower_bound_pairs:
        return f" (at least {least} for these first and last nodes)"
    return f" (no placement takes fewer than {least})"


def _time(ns: float) -> str:
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= size:
            return f"{ns / size:.4g} {unit}"
    return f"{ns:.4g} ns"


def _verdict_words(verdict: Verdict) -> str:
    words = {True: "equivalent", False: "NOT equivalent", None: "not proven"}[verdict.equivalent]
    passed = [check.name for check in verdict.checks if check.passed]
    return f"{words} ({', '.join(passed)})" if passed else words


def _unproven(verdict: Verdict) -> str:
    if not verdict.checks:
        return "the programs were not verified"
    return "the programs were neither proven nor refuted: " + "; ".join(
        f"{check.name}: {check.detail}" for check in verdict.checks if check.passed is None
    )


@dqc.command("verify")
@click.argument("bundle", metavar="BUNDLE")
@click.argument("circuit", metavar="CIRCUIT")
@click.option(
    "--level",
    type=click.Choice(["auto", "all"]),
    default="auto",
    show_default=True,
    help="auto: every check that is cheap enough; all: every check that is possible.",
)
@format_option
@diagnostics_option
@click.pass_obj
def verify(
    terminal: Terminal,
    /,
    *,
    bundle: str,
    circuit: str,
    level: Literal["auto", "all"],
    output_format: str,
) -> int:
    """Check that the programs in BUNDLE together are CIRCUIT. The bundle is not changed.

    Exit codes: 0 equivalent, or not proven, which warns; 2 BUNDLE or CIRCUIT cannot be read;
    3 refuted.
    """
    from dqc_compiler.bundles import verify_bundle

    with terminal.progress("verifying"):
        original = read_circuit_argument(circuit)[0]
        verdict = verify_bundle(bundle, original, level=level)
    terminal.emit(verdict.text() if output_format == "json" else _check_table(verdict))
    if verdict.equivalent is None:
        terminal.warn(_unproven(verdict))
    return _refused(terminal, verdict, bundle) if verdict.equivalent is False else 0


def _check_table(verdict: Verdict) -> str:
    marks = {True: "passed", False: "FAILED", None: "no result"}
    width = max((len(check.name) for check in verdict.checks), default=0)
    lines = [f"{c.name:<{width}}  {marks[c.passed]:<9}  {c.detail}" for c in verdict.checks]
    return "\n".join([*lines, f"verdict: {_verdict_words(verdict)}"]) + "\n"


def _refused(terminal: Terminal, verdict: Verdict, bundle: str) -> int:
    failed = ", ".join(check.name for check in verdict.checks if check.passed is False)
    diagnostic = NotEquivalent(
        reason=f"refuted by {failed}",
        remedy="check that this is the circuit that the bundle was made from; compile it again",
        place=Place(file=bundle),
    )
    terminal.show([diagnostic])
    return diagnostic.exit_code


dqc.add_command(network)
dqc.add_command(bench)


@dqc.command("schema")
@click.argument("name", metavar="NAME", type=click.Choice(SCHEMAS))
@click.pass_obj
def schema(terminal: Terminal, /, *, name: str) -> None:
    """Print the JSON Schema of a file, or of what `dqc network advise` prints."""
    from dqc_compiler.formats.schema import schema_text

    terminal.emit(schema_text(name))


@dqc.command("explain")
@click.argument("code", required=False, metavar="[CODE]")
@click.pass_obj
def explain(terminal: Terminal, /, *, code: str | None) -> None:
    """Explain the diagnostic CODE; without one, list all."""
    known = diagnostic_kinds()
    if code is None:
        terminal.emit("".join(f"{code}  {known[code].title}\n" for code in sorted(known)))
        return
    found = known.get(code.upper())
    if found is None:
        raise CompilerError(UnknownCode(found=code))
    text = inspect.getdoc(found)
    terminal.emit(f"{found.code}: {found.title} (exit code {found.exit_code})\n\n{text}\n")


def diagnostic_kinds() -> dict[str, type[Diagnostic]]:
    """All kinds of diagnostics by code."""
    modules = [import_module(f"dqc_compiler.diagnostics.{subject}") for subject in SUBJECTS]
    values = [value for module in modules for value in vars(module).values()]
    kinds = [v for v in values if isinstance(v, type) and issubclass(v, Diagnostic)]
    return {kind.code: kind for kind in kinds if "code" in vars(kind)}
