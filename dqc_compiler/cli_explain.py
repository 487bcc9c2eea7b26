"""Explain the codes of problems."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING

import click

from dqc_compiler.cli_terminal import Terminal
from dqc_compiler.diagnostics import CompilerError, Diagnostic
from dqc_compiler.diagnostics.usage import UnknownCode

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

SUBJECTS = ("bench", "bundle", "circuit", "network", "placement", "usage", "verify")
"""Modules of `dqc_compiler.diagnostics` that define codes."""


def diagnostics() -> dict[str, type[Diagnostic]]:
    """All kinds of diagnostics by code."""
    modules = [import_module(f"dqc_compiler.diagnostics.{subject}") for subject in SUBJECTS]
    values = [value for module in modules for value in vars(module).values()]
    kinds = [v for v in values if isinstance(v, type) and issubclass(v, Diagnostic)]
    return {kind.code: kind for kind in kinds if "code" in vars(kind)}


def explanation(code: str) -> str:
    """What a code means, at length.

    Raises:
        CompilerError: if there is no such code (DQC504).
    """
    found = diagnostics().get(code.upper())
    if found is None:
        raise CompilerError(UnknownCode(found=code))
    text = inspect.getdoc(found)
    return f"{found.code}: {found.title} (exit code {found.exit_code})\n\n{text}\n"


def _codes(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem  # noqa: PLC0415

    known = diagnostics()
    return [
        CompletionItem(code, help=known[code].title)
        for code in sorted(known)
        if code.startswith(incomplete.upper())
    ]


@click.command("explain")
@click.argument("code", required=False, metavar="[CODE]", shell_complete=_codes)
@click.pass_obj
def explain(terminal: Terminal, /, *, code: str | None) -> None:
    """Explain the diagnostic CODE; without one, list all."""
    if code is None:
        known = diagnostics()
        terminal.emit("".join(f"{code}  {known[code].title}\n" for code in sorted(known)))
    else:
        terminal.emit(explanation(code))


def _explain(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is None or context.resilient_parsing:
        return
    context.find_object(Terminal).emit(explanation(value))  # type: ignore[union-attr]
    context.exit()


explain_option = click.option(
    "--explain",
    metavar="CODE",
    is_eager=True,
    expose_value=False,
    callback=_explain,
    shell_complete=_codes,
    help="Explain a diagnostic, and exit.",
)
