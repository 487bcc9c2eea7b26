"""Search engines: each makes the placement that a search begins with.

The table names them; what they import is imported when one is used, so that the command line can
list them at once. Engines of other packages are looked for when a name is none of the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.diagnostics.usage import EngineNotInstalled

if TYPE_CHECKING:
    from dqc_compiler.ir import Network, Placement, SegmentGraph

AUTO = "auto"
SLICED = "sliced"

STARTS = {
    "contiguous": "dqc_compiler.engines.contiguous:Contiguous",
    "metis": "dqc_compiler.engines.metis:Metis",
    "hub": "dqc_compiler.engines.hub:Hub",
    "hypergraph": "dqc_compiler.engines.hypergraph:Hypergraph",
}
"""Name -> "module:Class" of an engine with static homes, in the order in which ties are broken."""

CHOICES = (AUTO, *STARTS, SLICED)
"""What a user may choose: all of them, one of them, or homes that follow the gates. Others, of
other packages, are in `choices`."""

PACKAGES = {"hypergraph": "mtkahypar"}
"""Engine -> the optional package that it needs."""


class Engine(Protocol):
    """A pass from a segment graph to a first placement, made from a network and a seed."""

    @property
    def name(self) -> str:
        """What the table calls it."""

    def run(self, graph: SegmentGraph, /) -> Placement:
        """Choose homes and hosts."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Names of engines, in the order of the table."""

    used: tuple[str, ...] = ()
    not_installed: tuple[str, ...] = ()  # would be used if their packages were there


def choices() -> tuple[str, ...]:
    """`CHOICES`, and the engines of other packages; a name of the table is never theirs."""
    from dqc_compiler.engines.plugins import plugins  # noqa: PLC0415 (takes a while to look)

    return (*CHOICES, *(name for name in plugins() if name not in CHOICES))


def choose(choice: str) -> Chosen:
    """The engines that one of `choices()` stands for.

    Raises:
        CompilerError: EngineNotInstalled, if a single engine is chosen and its package is missing.
        ValueError: if it is none of the choices.
    """
    if choice not in CHOICES and choice not in (known := choices()):
        raise ValueError(f"there is no engine {choice!r}, only {', '.join(known)}")
    if choice != AUTO:
        if not is_installed(choice):
            problem = EngineNotInstalled(engine=choice, package=PACKAGES[choice])
            raise CompilerError(problem)
        return Chosen(used=(choice,))
    engines = CHOICES[1:]
    return Chosen(
        used=tuple(name for name in engines if is_installed(name)),
        not_installed=tuple(name for name in engines if not is_installed(name)),
    )


def is_installed(engine: str) -> bool:
    """Whether the package that an engine needs can be imported."""
    if engine not in PACKAGES:
        return True
    try:
        import_module(PACKAGES[engine])
    except ImportError:
        return False
    return True


def packages_of(choice: str) -> tuple[str, ...]:
    """The packages that an engine comes from, if it is not one of ours."""
    if choice in CHOICES:
        return ()
    from dqc_compiler.engines.plugins import plugins  # noqa: PLC0415

    found = plugins().get(choice)
    return () if found is None else found.packages


def make(name: str, *, network: Network, seed: int) -> Engine:
    """The engine called `name`, one of `STARTS` or of another package."""
    if name not in STARTS:
        from dqc_compiler.engines.plugins import PluginEngine, plugins  # noqa: PLC0415

        return PluginEngine(name, plugins()[name], network, seed)
    module, kind = STARTS[name].split(":")
    engine: Engine = getattr(import_module(module), kind)(network=network, seed=seed)
    return engine
