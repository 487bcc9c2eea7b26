"""The command `dqc bind`."""
# ruff: noqa: PLC0415

from __future__ import annotations

from pathlib import Path

import click

from dqc_compiler.cli_completion import complete_directory
from dqc_compiler.cli_options import diagnostics_option
from dqc_compiler.cli_terminal import Terminal
from dqc_compiler.diagnostics import CompilerError, Diagnostic
from dqc_compiler.diagnostics.usage import BadAssignment, BadParameterValue, BoundAlready

_MOST_SHOWN = 8


@click.command("bind")
@click.argument("bundle", metavar="BUNDLE", shell_complete=complete_directory)
@click.argument("assignments", metavar="NAME=VALUE...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    shell_complete=complete_directory,
    help="The new bundle.  [default: ./<bundle>.bound.dqc]",
)
@click.option("--force", is_flag=True, help="Replace a bundle that is there.")
@diagnostics_option
@click.pass_obj
def bind(
    terminal: Terminal,
    /,
    *,
    bundle: str,
    assignments: tuple[str, ...],
    output: str | None,
    force: bool,
) -> None:
    """Give parameters of BUNDLE values, and write that as a new bundle.

    Values are numbers, pi, + - * / and parentheses. Nothing is compiled again; parameters without
    a value stay inputs of the programs.

    Exit codes: 0 done; 2 bad usage or bad input; 74 output could not be written.
    """
    from dqc_compiler.rebinding import bind_bundle

    if output == "":
        raise click.UsageError("the output directory has an empty name")
    target = Path(f"{Path(bundle).resolve().stem}.bound.dqc" if output is None else output)
    with terminal.progress("binding"):
        manifest = bind_bundle(bundle, _values(assignments), target, force=force).manifest
    own = [p for p in manifest.parameters.values() if p.formula is None]
    left = [p.name for p in own if p.value is None]
    rows = {
        "bound": _listed([f"{p.name} = {p.value!r}" for p in own if p.value is not None]),
        **({"still inputs": _listed(left)} if left else {}),
        "bundle": str(target),
    }
    terminal.emit("".join(f"{name:<18}{value}\n" for name, value in rows.items()))


def _listed(words: list[str]) -> str:
    more = [f"... ({len(words)})"] if len(words) > _MOST_SHOWN else []
    return ", ".join([*words[:_MOST_SHOWN], *more])


def _values(assignments: tuple[str, ...]) -> dict[str, float]:
    """Values by name.

    Raises:
        CompilerError: for every assignment that is none (DQC540, DQC542, DQC543).
    """
    from dqc_compiler.formats.expressions import evaluate

    values: dict[str, float] = {}
    problems: list[Diagnostic] = []
    for text in assignments:
        name, sign, number = (part.strip() for part in text.rpartition("="))
        value = evaluate(number)
        if not (name and sign):
            problems.append(BadAssignment(found=text))
        elif value is None:
            problems.append(BadParameterValue(name=name, found=repr(number)))
        elif name in values:
            problems.append(BoundAlready(name=name))
        else:
            values[name] = value
    if problems:
        raise CompilerError(*problems)
    return values
