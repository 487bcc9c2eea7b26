"""Networks in which no pair can get from one processor to another."""

from __future__ import annotations

from pathlib import Path

from dqc_compiler.formats.network_file import Network, network_toml
from dqc_compiler.pipeline import compile_circuit
from tests.errors.refusal import refusal
from tests.strategies import make_circuit


def _line(data_qubits: int) -> Network:
    return Network.make("line", nodes=3, data_qubits=data_qubits, comm_qubits=1)


def _compiled(network: Network, qubits: int) -> str:
    circuit = make_circuit(qubits, [("cz", (0, qubits - 1))])
    return refusal(lambda: compile_circuit(circuit, network))


def _no_passage(_directory: Path) -> str:
    return _compiled(_line(1), 3)


def _file_no_passage(_directory: Path) -> str:
    return _compiled(Network.parse(network_toml(_line(2)), file="net.toml"), 6)


CASES = {"no_passage": _no_passage, "file_no_passage": _file_no_passage}
