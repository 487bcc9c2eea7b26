"""Options that several commands have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dqc_compiler import topologies
from dqc_compiler.cli_completion import complete_file
from dqc_compiler.cli_terminal import Terminal
from dqc_compiler.diagnostics import CompilerError, Diagnostic
from dqc_compiler.diagnostics.usage import BadNetworkSize, NetworkNotChosen

if TYPE_CHECKING:
    from dqc_compiler.costs.prices import Objective
    from dqc_compiler.formats.network_made import MadeNetwork

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_COMM_QUBITS = 2
DEFAULT_TOPOLOGY = "all-to-all"


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
preset_option = click.option(
    "--preset",
    type=click.Choice(["fast", "balanced", "best"]),
    default="balanced",
    show_default=True,
    help="fast: static homes only; balanced: qubits may move as well; best: longer, on all cores.",
)
verify_option = click.option(
    "--verify",
    type=click.Choice(["auto", "all", "off"]),
    default="auto",
    show_default=True,
    help="auto: every check that is cheap enough; all: every check that is possible.",
)
seed_option = click.option(
    "--seed", type=click.IntRange(min=0, max=2**31 - 1), default=0, show_default=True
)


_NETWORK_OPTIONS = (
    click.option(
        "--network",
        "network_file",
        metavar="FILE",
        shell_complete=complete_file,
        help="Network file, TOML or JSON.",
    ),
    click.option("--nodes", type=int, metavar="K", help="Make a network of nodes n0, n1, ..."),
    click.option(
        "--topology",
        type=click.Choice(list(topologies.TOPOLOGIES)),
        help=f"Which of the made nodes have links.  [default: {DEFAULT_TOPOLOGY}]",
    ),
    click.option(
        "--data-qubits",
        type=int,
        metavar="N",
        help="Data qubits of each node.  [default: just enough for the circuit]",
    ),
    comm_qubits_option,
)


def network_options(command: Command) -> Command:
    """The options that say which network, in one piece."""
    for option in reversed(_NETWORK_OPTIONS):
        command = option(command)
    return command


def check_network_choice(choices: Mapping[str, Any], *, may_be_missing: bool = False) -> None:
    """Check that these options name one network, or none if that may be.

    Raises:
        CompilerError: if they do not (DQC502), or no network has so many nodes (DQC503).
    """
    file, nodes = choices["network_file"], choices["nodes"]
    made = any(choices[name] is not None for name in ("topology", "data_qubits", "comm_qubits"))
    problem: Diagnostic | None = None
    if file is None and nodes is None:
        if made or not may_be_missing:
            problem = NetworkNotChosen(reason="no network is given")
    elif file is not None and nodes is not None:
        problem = NetworkNotChosen(reason="--network and --nodes cannot be used together")
    elif file is not None and made:
        problem = NetworkNotChosen(
            reason="--topology, --data-qubits and --comm-qubits belong to --nodes, not to --network"
        )
    elif nodes is not None and nodes < 1:
        problem = BadNetworkSize(option="--nodes", expected="at least 1", found=str(nodes))
    if problem is not None:
        raise CompilerError(problem)


def made_network(choices: Mapping[str, Any]) -> MadeNetwork:
    """The network that `--nodes` and the options beside it ask for."""
    from dqc_compiler.formats.network_made import MadeNetwork  # noqa: PLC0415 (numpy)

    return MadeNetwork(
        nodes=choices["nodes"],
        topology=choices["topology"] or DEFAULT_TOPOLOGY,
        data_qubits=choices["data_qubits"],
        comm_qubits=comm_count(choices["comm_qubits"]),
    )
