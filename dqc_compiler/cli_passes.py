"""Options about passes and engines: which there are, which to use, and what they have made."""
# ruff: noqa: PLC0415

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dqc_compiler import engines
from dqc_compiler.cli_terminal import Terminal
from dqc_compiler.passes import PASSES

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_WORDS = {
    engines.AUTO: "all engines of the compiler",
    "contiguous": "neighbours in the circuit's order",
    "metis": "qubits with many gates between them",
    "hub": "one node hosts the gates between all others",
    "hypergraph": "few pairs, hosts at any node",
    engines.SLICED: "homes follow the gates",
}


class EngineName(click.Choice):  # type: ignore[type-arg]  # not generic in older versions
    """Ours are shown in the help; those of other packages are looked for only if need be."""

    def __init__(self) -> None:
        super().__init__(engines.CHOICES)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """One of all engines."""
        known = self if value in self.choices else click.Choice(engines.choices())
        return click.Choice.convert(known, value, param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """All engines that begin like this."""
        return click.Choice(engines.choices()).shell_complete(ctx, param, incomplete)


def _list_passes(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if not value or context.resilient_parsing:
        return
    from dqc_compiler.engines.plugins import plugins

    others = {name: each.origin for name, each in plugins().items() if name not in engines.CHOICES}
    sections = {
        "passes, in this order": PASSES,
        "engines, where the search begins": _WORDS,
        "engines of other packages": others,
    }
    texts = [
        f"{head}\n" + "".join(f"  {name:<16}{words}\n" for name, words in rows.items())
        for head, rows in sections.items()
        if rows
    ]
    context.find_object(Terminal).emit("\n".join(texts))  # type: ignore[union-attr]
    context.exit()


engine_option = click.option(
    "--engine",
    type=EngineName(),
    default=engines.AUTO,
    show_default=True,
    help="Where the search begins; auto: everywhere.",
)
list_passes_option = click.option(
    "--list-passes",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_passes,
    help="List passes and engines, those of other packages included, and exit.",
)
dump_after_option = click.option(
    "--dump-after",
    multiple=True,
    type=click.Choice(list(PASSES)),
    metavar="PASS",
    help="Show what a pass has made on standard error; can be given several times.",
)
