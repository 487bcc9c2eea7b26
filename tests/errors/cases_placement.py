"""Networks in which no pair can get from one processor to another, or not well enough."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dqc_compiler.formats.network_file import Network, network_toml
from dqc_compiler.pipeline import Options, compile_circuit
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


def _missed(*, fidelity: float, t2_us: float, comm_qubits: int) -> str:
    network = Network.make("line", nodes=2, data_qubits=1, comm_qubits=comm_qubits)
    nodes = tuple(replace(node, t2_us=t2_us) for node in network.nodes)
    links = tuple(replace(link, fidelity=fidelity) for link in network.links)
    noisy = replace(network, nodes=nodes, links=links)
    circuit = make_circuit(2, [("cz", (0, 1))])
    options = Options(target_fidelity=0.97)
    return refusal(lambda: compile_circuit(circuit, noisy, options=options))


def _bad_link(_directory: Path) -> str:
    return _missed(fidelity=0.93, t2_us=1e6, comm_qubits=2)


def _much_waiting(_directory: Path) -> str:
    return _missed(fidelity=0.99, t2_us=1000.0, comm_qubits=2)


def _no_room_to_purify(_directory: Path) -> str:
    return _missed(fidelity=0.96, t2_us=1e6, comm_qubits=1)


CASES = {
    "no_passage": _no_passage,
    "file_no_passage": _file_no_passage,
    "bad_link": _bad_link,
    "much_waiting": _much_waiting,
    "no_room_to_purify": _no_room_to_purify,
}
