"""Packages of others with engines, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

HEAD = """
from dataclasses import replace
import numpy as np
from dqc_compiler.ir import Placement

class Base:
    def __init__(self, network, seed):
        self.network = network

    def static(self, graph, homes):
        return Placement.static(graph, self.network, np.asarray(homes, dtype=np.int32))
"""
WRONG = {
    "engine_is_not_there": "Right = Base",
    "engine_breaks_on_import": "1 / 0",
    "engine_takes_other_arguments": "class Wrong:\n    def run(self, graph): return None",
    "engine_raises": "class Wrong(Base):\n    def run(self, graph): raise KeyError('q\\nr')",
    "engine_answers_nothing": "class Wrong(Base):\n    def run(self, graph): return None",
    "engine_over_capacity": """
class Wrong(Base):
    def run(self, graph):
        return self.static(graph, [0, 0, 0, 1])
""",
    "engine_with_too_few_homes": """
class Wrong(Base):
    def run(self, graph):
        return replace(self.static(graph, [0, 0, 1, 1]), segment_home=np.array([0, 1]))
""",
    "engine_with_fractions": """
class Wrong(Base):
    def run(self, graph):
        found = self.static(graph, [0, 0, 1, 1])
        return replace(found, gate_host=found.gate_host / 2)
""",
    "engine_with_a_node_that_is_not_there": """
class Wrong(Base):
    def run(self, graph):
        found = self.static(graph, [0, 0, 1, 1])
        return replace(found, gate_host=np.full(graph.gates, 2**32))
""",
    "engine_with_homes_that_move": """
class Wrong(Base):
    def run(self, graph):
        found = self.static(graph, [0, 0, 1, 1])
        homes = found.segment_home.copy()
        homes[graph.wire_segments[1:] - 1] = 0
        return replace(found, segment_home=homes)
""",
}
"""Source of an engine `Wrong` that cannot be used, for four qubits on two nodes of two."""


def install(
    site: Path, source: str, entries: Mapping[str, str], *, package: str = "their_engines"
) -> None:
    """Put a package with engines where Python looks for it, as an installer leaves it behind."""
    about = site / f"{package}-1.2.dist-info"
    about.mkdir(parents=True)
    (site / f"{package}.py").write_text(source)
    name = package.replace("_", "-")
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    lines = "".join(f"{name} = {value}\n" for name, value in entries.items())
    (about / "entry_points.txt").write_text(f"[dqc_compiler.passes]\n{lines}")
