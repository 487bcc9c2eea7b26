"""The commands `dqc network`: make, check and show network files, and advise on upgrades.

As in `cli`, everything heavy is imported by the command that needs it.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import click

from dqc_compiler import topologies
from dqc_compiler.cli_completion import complete_file
from dqc_compiler.cli_options import (
    comm_count,
    comm_qubits_option,
    diagnostics_option,
    finite_seconds,
    format_option,
    seed_option,
)
from dqc_compiler.cli_terminal import EXIT_INTERRUPTED, Terminal
from dqc_compiler.diagnostics import CompilerError, Place
from dqc_compiler.diagnostics.bundle import OutputParent
from dqc_compiler.diagnostics.usage import OutputFileExists
from dqc_compiler.interruption import Interruption

DEFAULT_ROWS = 10


def _shape(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    if value is None:
        return None
    match = re.fullmatch(r"(\d{1,9})x(\d{1,9})", value, re.ASCII)
    if match is None:
        raise click.BadParameter(f"{value!r} is not of the form ROWSxCOLUMNS")
    return int(match[1]), int(match[2])


def _repeater_comm_qubits(
    _context: click.Context, _parameter: click.Parameter, value: str
) -> int | None:
    if value == "unlimited":
        return None
    try:
        return int(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a number, nor unlimited") from None


@click.group("network")
def network() -> None:
    """Make, show and check network files, and find out what to add to a network."""


@network.command("make")
@click.argument("topology", type=click.Choice(list(topologies.TOPOLOGIES)))
@click.option("--nodes", type=int, metavar="K", help="Processors n0, n1, ...")
@click.option("--data-qubits", type=int, metavar="N", required=True, help="Of each processor.")
@comm_qubits_option
@click.option(
    "--shape", metavar="RxC", callback=_shape, help="Rows and columns of a grid or torus."
)
@click.option(
    "--centre",
    type=click.Choice(topologies.CENTRES),
    help="Of a star: node n0, or a repeater that is a switch.  [default: qpu]",
)
@click.option("--branching", type=int, metavar="B", help="Children of a tree's node.  [default: 2]")
@click.option("--depth", type=int, metavar="D", help="Of a tree, links from the root to a leaf.")
@click.option(
    "--ports",
    type=int,
    metavar="P",
    help="Of each switch of a fat-tree.  [default: just enough for the nodes]",
)
@click.option(
    "--degree",
    type=int,
    metavar="D",
    help="Links of each node, random-regular.  [default: 3, or 4 if the nodes are odd]",
)
@click.option("--seed", type=int, metavar="S", help="Of random-regular.  [default: 0]")
@click.option("--repeaters-per-link", type=int, metavar="R", default=0, show_default=True)
@click.option(
    "--repeater-comm-qubits",
    metavar="C|unlimited",
    default="2",
    show_default=True,
    callback=_repeater_comm_qubits,
    help="Comm qubits of each repeater.",
)
@click.option("--gate-1q-ns", type=float, metavar="NS", help="Of all nodes, as are the next three.")
@click.option("--gate-2q-ns", type=float, metavar="NS")
@click.option("--measure-ns", type=float, metavar="NS")
@click.option("--t2-us", type=float, metavar="US")
@click.option("--attempt-ns", type=float, metavar="NS", help="Of all links, as are the next five.")
@click.option("--success-probability", type=float, metavar="P")
@click.option("--fidelity", type=float, metavar="F")
@click.option("--channels", type=int, metavar="N")
@click.option("--latency-ns", type=float, metavar="NS")
@click.option("--cutoff-us", type=float, metavar="US")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=complete_file,
    help="TOML, or JSON if it ends in .json.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["toml", "json"]),
    help="Of the text.  [default: as the name of FILE ends, otherwise toml]",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@diagnostics_option
@click.pass_obj
def make(
    terminal: Terminal,
    /,
    *,
    topology: str,
    comm_qubits: int | str | None,
    output: str | None,
    file_format: Literal["toml", "json"] | None,
    force: bool,
    **choices: Any,
) -> None:
    """Make a network file with the given topology; without -o on standard output.

    All values that no option sets are the defaults of a network file.
    """
    from dqc_compiler.formats.network_file import Network, network_json, network_toml, write_text

    chosen = _format_for(output, file_format)
    if output is not None:
        _check_output_file(Path(output), force=force)
    made = Network.make(topology, comm_qubits=comm_count(comm_qubits), **choices)
    text = network_json(made) if chosen == "json" else network_toml(made)
    if output is None:
        terminal.emit(text)
    else:
        write_text(Path(output), text)


def _format_for(output: str | None, chosen: Literal["toml", "json"] | None) -> str:
    """The format of a file with this name; a name that would make readers expect another fails."""
    ending = "" if output is None else Path(output).suffix.removeprefix(".")
    if ending not in ("toml", "json"):
        return chosen or "toml"
    if chosen not in (None, ending):
        raise click.UsageError(f"--format {chosen} contradicts the name {output}")
    return ending


def _check_output_file(path: Path, *, force: bool) -> None:
    place = Place(file=str(path))
    if path.is_dir() or (path.exists() and not force):
        raise CompilerError(OutputFileExists(place=place))
    if not path.parent.is_dir():
        reason = f"there is no directory {path.parent}"
        raise CompilerError(OutputParent(reason=reason, place=place))


@network.command("check")
@click.argument("file", metavar="FILE", shell_complete=complete_file)
@diagnostics_option
@click.pass_obj
def check(terminal: Terminal, /, *, file: str) -> None:
    """Check a network FILE and show every problem in it."""
    from dqc_compiler.formats.network_file import Network

    found = Network.read(file)
    counts = f"{len(found.nodes)} nodes, {len(found.links)} links, {found.data_qubits} data qubits"
    terminal.emit(f"{file}: {counts}\n")


@network.command("show")
@click.argument("file", metavar="FILE", shell_complete=complete_file)
@diagnostics_option
@click.pass_obj
def show(terminal: Terminal, /, *, file: str) -> None:
    """Show a network FILE with all defaults filled in."""
    from dqc_compiler.formats.network_file import Network, network_toml

    terminal.emit(network_toml(Network.read(file)))


@network.command("advise")
@click.argument("circuit", metavar="CIRCUIT", shell_complete=complete_file)
@click.argument("file", metavar="NETWORK", shell_complete=complete_file)
@click.option(
    "--by",
    type=click.Choice(["makespan", "pairs"]),
    default="makespan",
    show_default=True,
    help="What is to be small; the other one decides where it is equal.",
)
@click.option(
    "--preset",
    type=click.Choice(["fast", "balanced", "best"]),
    default="fast",
    show_default=True,
    help="How much is searched for each upgrade, as for `dqc compile`.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    callback=finite_seconds,
    metavar="SEC",
    help="Stop after so long, with the upgrades that have been tried.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Show the best N upgrades.  [default: {DEFAULT_ROWS}, as JSON all]",
)
@seed_option
@format_option
@diagnostics_option
@click.pass_obj
def advise(
    terminal: Terminal,
    /,
    *,
    circuit: str,
    file: str,
    by: Literal["makespan", "pairs"],
    limit: int | None,
    output_format: str,
    **choices: Any,
) -> int:
    """Try single upgrades of NETWORK and rank them by their effect on CIRCUIT.

    Upgrades are a comm qubit or a data qubit more at one node, a channel more or a doubled rate on
    one link, and one more link. NETWORK is a file; CIRCUIT is an OpenQASM 2 or 3 file, or -.
    """
    from dqc_compiler.advice import advise as study
    from dqc_compiler.cli_advice import advice_table
    from dqc_compiler.cli_circuit import read_circuit_argument
    from dqc_compiler.formats.network_file import Network
    from dqc_compiler.pipeline import Options

    interruption = Interruption()
    with terminal.progress("trying upgrades"), interruption.listening():
        found = study(
            read_circuit_argument(circuit)[0],
            Network.read(file),
            by=by,
            options=Options(**choices),
            interruption=interruption,
        )
    if output_format == "json":
        terminal.emit(found.file(limit=limit).text())
    else:
        terminal.emit(advice_table(found, limit=limit or DEFAULT_ROWS))
    return EXIT_INTERRUPTED if interruption.has_come else 0
