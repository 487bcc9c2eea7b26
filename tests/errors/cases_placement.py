"""Networks that no circuit can be placed on yet."""

from __future__ import annotations

from pathlib import Path

from dqc_compiler.formats.network_file import Network, network_toml
from dqc_compiler.pipeline import compile_circuit
from tests.errors.refusal import refusal
from tests.strategies import make_circuit


def _compiled(network: Network) -> str:
    return refusal(lambda: compile_circuit(make_circuit(2, [("cz", (0, 1))]), network))


def _not_all_to_all(_directory: Path) -> str:
    network = Network.all_to_all(nodes=3, data_qubits=1, comm_qubits=1)
    return _compiled(Network(network.nodes, network.links[:2]))


def _file_not_all_to_all(_directory: Path) -> str:
    network = Network.all_to_all(nodes=3, data_qubits=1, comm_qubits=1)
    text = network_toml(Network(network.nodes, network.links[:2]))
    return _compiled(Network.parse(text, file="net.toml"))


CASES = {"not_all_to_all": _not_all_to_all, "file_not_all_to_all": _file_not_all_to_all}
