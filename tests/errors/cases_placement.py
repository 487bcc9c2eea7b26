"""Networks that no circuit can be placed on yet."""

from __future__ import annotations

from pathlib import Path

from dqc_compiler.ir import Network
from dqc_compiler.pipeline import compile_circuit
from tests.errors.refusal import refusal
from tests.strategies import make_circuit, make_network


def _not_all_to_all(_directory: Path) -> str:
    network = make_network((1, 1, 1), 1)
    sparse = Network(network.nodes, network.links[:2])
    return refusal(lambda: compile_circuit(make_circuit(2, [("cz", (0, 1))]), sparse))


CASES = {"not_all_to_all": _not_all_to_all}
