"""Circuits and networks with nothing or hardly anything in them: compiled, written and verified."""

from __future__ import annotations

from pathlib import Path

import pytest

from dqc_compiler import cli
from dqc_compiler.bundles import save_bundle, verify_bundle
from dqc_compiler.cli_terminal import execute
from dqc_compiler.formats.bundle_in import read_bundle
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.formats.network_file import Network
from dqc_compiler.options import Preset
from dqc_compiler.pipeline import Options, compile_circuit

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
CIRCUITS = {
    "one qubit": "qubit[1] q;\nbit[1] c;\nh q[0];\nc[0] = measure q[0];\n",
    "no operations": "qubit[3] q;\n",
    "no operations but bits": "qubit[2] q;\nbit[2] c;\n",
    "no two-qubit gate": "qubit[4] q;\nbit[4] c;\nh q;\nt q[3];\nc = measure q;\n",
    "a swap and nothing else": "qubit[2] q;\nswap q[0], q[1];\n",
    "a barrier over all": "qubit[3] q;\nbarrier q;\nh q[0];\nbarrier q;\n",
    "one gate": "qubit[2] q;\ncx q[0], q[1];\n",
    "two copies at once": (
        "qubit[3] q;\ncz q[0], q[1];\nh q[1];\ncz q[1], q[2];\nh q[1];\ncz q[0], q[1];\n"
    ),
    "a condition": "qubit[2] q;\nbit[1] c;\nc[0] = measure q[0];\nif (c[0]) { x q[1]; }\n",
}


def check(directory: Path, name: str, network: Network, options: Options) -> None:
    circuit = read_circuit(name, text=HEAD + CIRCUITS[name])
    result = compile_circuit(circuit, network, options=options)
    contents = save_bundle(result, directory / "bundle", force=True)
    assert contents.report.verdict.equivalent is True
    assert contents.report.stopped == "done"
    assert verify_bundle(directory / "bundle", circuit).equivalent is True


@pytest.mark.parametrize("comm_qubits", [1, 2, None])
@pytest.mark.parametrize("nodes", [1, 2, 4, 7])
@pytest.mark.parametrize("name", CIRCUITS)
def test_just_enough_data_qubits(
    tmp_path: Path, name: str, nodes: int, comm_qubits: int | None
) -> None:
    """Nodes of one qubit, and with more nodes than qubits some without any."""
    qubits = len(read_circuit(name, text=HEAD + CIRCUITS[name]).qubits)
    network = Network.all_to_all(
        nodes=nodes, data_qubits=-(-qubits // nodes), comm_qubits=comm_qubits
    )
    check(tmp_path, name, network, Options(preset="fast"))


@pytest.mark.parametrize("preset", ["fast", "balanced"])
@pytest.mark.parametrize("name", CIRCUITS)
def test_more_room_than_qubits(tmp_path: Path, name: str, preset: Preset) -> None:
    network = Network.all_to_all(nodes=3, data_qubits=5, comm_qubits=1)
    check(tmp_path, name, network, Options(preset=preset))


@pytest.mark.parametrize(("nodes", "data_qubits"), [(1, 3), (7, 1)])
def test_rounds_of_the_longest_search(tmp_path: Path, nodes: int, data_qubits: int) -> None:
    network = Network.all_to_all(nodes=nodes, data_qubits=data_qubits, comm_qubits=1)
    check(tmp_path, "two copies at once", network, Options(preset="best", rounds=1))


def test_one_node_needs_no_comm_qubits(tmp_path: Path) -> None:
    network = Network.all_to_all(nodes=1, data_qubits=3, comm_qubits=0)
    check(tmp_path, "two copies at once", network, Options())


def test_hundreds_of_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few seconds; with a table of latencies in plain Python it was more than half a minute."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.qasm").write_text(HEAD + CIRCUITS["one gate"])
    assert execute(cli.dqc, "dqc", ["compile", "one.qasm", "--nodes", "150"]) == 0
    report = read_bundle("one.dqc").report
    assert report.verdict.equivalent is True
    assert len(report.per_node) == 150
