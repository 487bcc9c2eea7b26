"""Completion by the shell: the script that makes it, and what is a file or a directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dqc_compiler.cli_terminal import Terminal

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

SHELLS = ("bash", "zsh", "fish")
PROGRAMS = ("dqc", "dqc-compile")


def complete_file(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The shell shall look for files itself."""
    from click.shell_completion import CompletionItem  # noqa: PLC0415  only where a shell asks

    return [CompletionItem(incomplete, type="file")]


def complete_directory(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The shell shall look for directories itself."""
    from click.shell_completion import CompletionItem  # noqa: PLC0415  likewise

    return [CompletionItem(incomplete, type="dir")]


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS), metavar="SHELL")
@click.pass_context
def completion(context: click.Context, /, *, shell: str) -> None:
    """Print the script with which SHELL, bash, zsh or fish, completes both commands."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415

    kind: Any = get_completion_class(shell)
    made = [kind(context.command, {}, name, _variable(name)) for name in PROGRAMS]
    # Not `source()`, which would look at the version of another bash than the one that reads this.
    text = "\n".join(each.source_template % each.source_vars() for each in made)
    context.find_object(Terminal).emit(text)  # type: ignore[union-attr]


def _variable(program: str) -> str:
    """The variable in which click finds what it is asked."""
    return f"_{program}_COMPLETE".replace("-", "_").upper()
