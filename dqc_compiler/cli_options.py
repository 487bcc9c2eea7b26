"""Options that several commands have in common."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import click

from dqc_compiler.cli_terminal import Terminal

if TYPE_CHECKING:
    from dqc_compiler.costs.prices import Objective

DEFAULT_COMM_QUBITS = 2


def comm_count(choice: int | str | None) -> int | None:
    """What `--comm-qubits` stands for in an API; None: unlimited."""
    if choice is None:
        return DEFAULT_COMM_QUBITS
    return choice if isinstance(choice, int) else None


def _set_json_diagnostics(context: click.Context, _parameter: click.Parameter, value: str) -> None:
    terminal = context.find_object(Terminal)
    if terminal is not None:
        terminal.json_diagnostics = value == "json"


def _comm_qubits(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> int | str | None:
    if value is None or value == "unlimited":
        return value
    try:
        return int(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a number, nor unlimited") from None


def finite_seconds(
    _context: click.Context, _parameter: click.Parameter, value: float | None
) -> float | None:
    """What `--time-limit` was given, unless it is no number of seconds."""
    if value is not None and not isfinite(value):
        raise click.BadParameter(f"{value} is not a number of seconds")
    return value


def _objective(context: click.Context, _parameter: click.Parameter, value: str) -> Objective | None:
    if context.resilient_parsing:  # a shell completes a word, which should not take long
        return None
    from dqc_compiler.costs.prices import Objective  # noqa: PLC0415 (numpy: the help needs none)

    try:
        return Objective.parse(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _fidelity(
    _context: click.Context, _parameter: click.Parameter, value: float | None
) -> float | None:
    if value is not None and not isfinite(value):
        raise click.BadParameter(f"{value} is not a fidelity")
    return value


minimize_option = click.option(
    "--minimize",
    metavar="WHAT",
    default="ebits",
    show_default=True,
    callback=_objective,
    help="ebits, makespan, fidelity (its loss), or a mix such as ebits=1,makespan=0.5.",
)
target_fidelity_option = click.option(
    "--target-fidelity",
    type=click.FloatRange(min=0, max=1, min_open=True, max_open=True),
    callback=_fidelity,
    metavar="F",
    help="Purify pairs until the estimated fidelity is F, or fail.",
)
diagnostics_option = click.option(
    "--diagnostics",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    is_eager=True,
    expose_value=False,
    callback=_set_json_diagnostics,
    help="How problems are shown on standard error; json: one object per line.",
)
format_option = click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What standard output carries.",
)
comm_qubits_option = click.option(
    "--comm-qubits",
    metavar="C|unlimited",
    callback=_comm_qubits,
    help=f"Comm qubits of each node.  [default: {DEFAULT_COMM_QUBITS}]",
)
seed_option = click.option(
    "--seed", type=click.IntRange(min=0, max=2**31 - 1), default=0, show_default=True
)
