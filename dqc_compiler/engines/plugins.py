"""Engines of other packages: the entry-point group `dqc_compiler.passes`.

A package says `mine = "my_package:MyPlace"` in that group; then `mine` is an engine. Nothing of it
is imported before it is used, and what it answers is checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NoReturn

import numpy as np

from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.diagnostics.usage import EngineAnswer, EngineFails
from dqc_compiler.ir import Network, Placement, SegmentGraph
from dqc_compiler.ir.arrays import Int32, frozen

GROUP = "dqc_compiler.passes"


@dataclass(frozen=True)
class Plugin:
    """What a package has registered under one name."""

    entries: tuple[EntryPoint, ...]  # one, unless several packages claim the name

    @property
    def origin(self) -> str:
        """Where it is defined, and by which package."""
        return " and ".join(
            entry.value if entry.dist is None else f"{entry.value} of {entry.dist.name}"
            for entry in self.entries
        )

    @property
    def packages(self) -> tuple[str, ...]:
        """Names of the distributions."""
        return tuple(entry.dist.name for entry in self.entries if entry.dist is not None)


def plugins() -> dict[str, Plugin]:
    """All that is registered, by name, in alphabetical order; nothing is imported."""
    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=GROUP):
        found.setdefault(entry.name, []).append(entry)
    return {name: Plugin(tuple(found[name])) for name in sorted(found)}


@dataclass(frozen=True)
class PluginEngine:
    """An engine of another package, made from a network and a seed as ours are.

    Raises:
        CompilerError: when it is used, if it cannot be imported, fails (DQC572), or its answer is
            no placement with static homes that fits the network (DQC573).
    """

    name: str
    plugin: Plugin
    network: Network
    seed: int

    @cached_property
    def _kind(self) -> Any:
        if len(self.plugin.entries) > 1:
            self._fails("several packages have registered it")
        try:
            return self.plugin.entries[0].load()
        except (Exception, SystemExit) as error:
            self._fails(f"it cannot be imported: {_words(error)}", error)

    def run(self, graph: SegmentGraph) -> Placement:
        """What the engine answers, if that is a placement of this graph on this network."""
        kind = self._kind
        try:
            answer = kind(network=self.network, seed=self.seed).run(graph)
        except (Exception, SystemExit) as error:
            self._fails(_words(error), error)
        if not isinstance(answer, Placement):
            self._refuse(f"it is of type {type(answer).__name__}, not a Placement")
        placement = Placement(
            graph=graph,
            network=self.network,
            segment_home=self._nodes("segment_home", answer.segment_home, graph.segments),
            gate_host=self._nodes("gate_host", answer.gate_host, graph.gates),
            embedded=tuple(answer.embedded),
        )
        self._check(placement)
        return placement

    def _nodes(self, name: str, column: object, size: int) -> Int32:
        """A column of node indices, as the compiler's own are."""
        found = np.asarray(column)
        if found.shape != (size,) or found.dtype.kind not in "iu":
            shown = f"{found.dtype} of shape {found.shape}"
            self._refuse(f"{name} has to be {size} whole numbers, and is {shown}")
        if size and not 0 <= found.min() <= found.max() < len(self.network.nodes):
            self._refuse(f"{name} names a node that is not there")
        nodes: Int32 = frozen(found, np.int32)
        return nodes

    def _check(self, placement: Placement) -> None:
        if placement.embedded or not placement.is_static:
            self._refuse("a qubit changes its home, or a segment is embedded")
        try:
            placement.verify()
        except ValueError as error:
            self._refuse(str(error))
        for node in np.unique(placement.gate_host).tolist():
            if self.network.nodes[node].kind == "repeater":
                self._refuse(f"a gate is hosted at {self.network.nodes[node].name}, a repeater")

    def _fails(self, reason: str, cause: BaseException | None = None) -> NoReturn:
        problem = EngineFails(engine=self.name, origin=self.plugin.origin, reason=reason)
        raise CompilerError(problem) from cause

    def _refuse(self, reason: str) -> NoReturn:
        problem = EngineAnswer(engine=self.name, origin=self.plugin.origin, reason=reason)
        raise CompilerError(problem)


def _words(error: BaseException) -> str:
    """An error of foreign code in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
