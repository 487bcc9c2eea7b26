"""Command lines that are refused."""

from __future__ import annotations

import contextlib
import io
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.providers import BackendV2 as Backend
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import TranspilerError, generate_preset_pass_manager

from dqc_compiler import cli
from dqc_compiler.bundles import save_bundle
from dqc_compiler.cli_terminal import execute
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.formats.network_file import Network
from dqc_compiler.formats.node_program import dump_program
from dqc_compiler.pipeline import Options, compile_circuit
from tests.errors.packages import HEAD, WRONG, install
from tests.errors.refusal import refusal

GHZ = """\
OPENQASM 3.0;
include "stdgates.inc";
qubit[4] q;
bit[4] c;
h q[0];
cx q[0], q[1];
cx q[1], q[2];
cx q[2], q[3];
c = measure q;
"""
BUNDLE = '{"format": "dqc-bundle"}\n'

_MAKE = ("network", "make", "all-to-all", "--nodes", "2", "--data-qubits", "2")
_DATA = ("--data-qubits", "2")
_TORUS = ("network", "make", "torus", *_DATA)
_COMPILE = ("compile", "ghz.qasm", "--nodes", "2")
COMMANDS = {
    "no_network": ("compile", "ghz.qasm"),
    "two_networks": (*_COMPILE, "--network", "net.toml"),
    "sizes_for_a_file": ("compile", "ghz.qasm", "--network", "net.toml", "--data-qubits", "2"),
    "no_nodes": ("compile", "ghz.qasm", "--nodes", "0"),
    "negative_nodes": ("compile", "ghz.qasm", "--nodes", "-2"),
    "too_many_nodes": ("compile", "ghz.qasm", "--nodes", "1001"),
    "engine_not_installed": (*_COMPILE, "--engine", "hypergraph"),
    "unknown_engine": (*_COMPILE, "--engine", "ising"),
    "no_comm_qubits": (*_COMPILE, "--comm-qubits", "0"),
    "bad_comm_qubits": (*_COMPILE, "--comm-qubits", "many"),
    "negative_data_qubits": (*_COMPILE, "--data-qubits", "-1"),
    "no_time": (*_COMPILE, "--time-limit", "0"),
    "negative_time": (*_COMPILE, "--time-limit", "-1"),
    "endless_time": (*_COMPILE, "--time-limit", "inf"),
    "negative_rounds": (*_COMPILE, "--preset", "best", "--rounds", "-1"),
    "rounds_of_another_preset": (*_COMPILE, "--rounds", "1"),
    "front_with_a_target": (*_COMPILE, "--pareto", "--target-fidelity", "0.9"),
    "target_of_one": (*_COMPILE, "--target-fidelity", "1"),
    "target_that_is_no_number": (*_COMPILE, "--target-fidelity", "nan"),
    "unknown_pass": (*_COMPILE, "--dump-after", "route"),
    "front_with_a_dump": (*_COMPILE, "--pareto", "--dump-after", "place"),
    "unknown_shell": ("completion", "tcsh"),
    "unknown_code_as_an_option": ("--explain", "DQC000"),
    "unknown_code": ("explain", "DQC000"),
    "no_such_network": ("compile", "ghz.qasm", "--network", "net.toml"),
    "no_such_circuit": ("compile", "gzh.qasm", "--nodes", "2"),
    "circuit_is_a_directory": ("compile", "old", "--nodes", "2"),
    "output_exists": (*_COMPILE, "-o", "old"),
    "output_holds_other_files": (*_COMPILE, "-o", "old", "--force"),
    "output_is_a_file": (*_COMPILE, "-o", "ghz.qasm", "--force"),
    "output_without_parent": (*_COMPILE, "-o", "no/such/place"),
    "output_without_name": (*_COMPILE, "-o", ""),
    "does_not_fit": ("compile", "ghz.qasm", "--nodes", "3", "--data-qubits", "1"),
    "network_file_exists": (*_MAKE, "-o", "ghz.qasm"),
    "network_file_without_parent": (*_MAKE, "-o", "no/such/net.toml"),
    "ring_of_two": ("network", "make", "ring", *_MAKE[3:]),
    "torus_too_small": (*_TORUS, "--shape", "2x3"),
    "torus_that_does_not_match": (*_TORUS, "--shape", "3x3", "--nodes", "12"),
    "grid_of_seven": ("compile", "ghz.qasm", "--nodes", "7", "--topology", "grid"),
    "tree_too_large": ("network", "make", "tree", "--depth", "10", "--data-qubits", "1"),
    "odd_ports": ("network", "make", "fat-tree", "--ports", "5", "--data-qubits", "1"),
    "half_a_link": ("network", "make", "random-regular", "--nodes", "5", "--degree", "3", *_DATA),
    "depth_of_a_ring": ("network", "make", "ring", "--nodes", "5", "--depth", "3", *_DATA),
    "line_without_nodes": ("network", "make", "line", *_DATA),
    "bad_shape": (*_TORUS, "--shape", "3"),
    "bad_link_value": (*_MAKE, "--fidelity", "0.4", "--channels", "0"),
    "repeater_with_one_qubit": (*_MAKE, "--repeaters-per-link", "1", "--repeater-comm-qubits", "1"),
    "format_of_another_name": (*_MAKE, "-o", "net.json", "--format", "toml"),
    "topology_for_a_file": ("compile", "ghz.qasm", "--network", "n.toml", "--topology", "ring"),
    "topology_without_nodes": ("compile", "ghz.qasm", "--topology", "ring"),
    "not_a_bundle": ("verify", "ghz.dqc", "ghz.qasm"),
}
"""Arguments of `dqc`, in a directory with a circuit and something that looks like a bundle."""

OPTIONAL = "mtkahypar"
"""A package that is never there in these cases."""


def run(arguments: tuple[str, ...], directory: Path) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command in a prepared directory."""
    (directory / "ghz.qasm").write_text(GHZ)
    (directory / "old").mkdir()
    (directory / "old" / "manifest.json").write_text(BUNDLE)
    (directory / "old" / "notes.txt").write_text("mine\n")
    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.chdir(directory),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.setitem(sys.modules, OPTIONAL, None)
        code = execute(cli.dqc, "dqc", list(arguments))
    return code, out.getvalue(), err.getvalue()


def shown(arguments: tuple[str, ...], directory: Path) -> str:
    return run(arguments, directory)[2]


def unknown_topology(_directory: Path) -> str:
    return refusal(lambda: Network.make("cube", nodes=8, data_qubits=1, comm_qubits=1))


def call(backend: Backend, **arguments: Any) -> str:
    """Qiskit's own function, with these arguments."""
    try:
        generate_preset_pass_manager(2, backend, **arguments)
    except TranspilerError as error:
        return f"{error}\n"
    return "accepted\n"


def network_backend() -> Backend:
    return Network.make("line", nodes=2, data_qubits=2, comm_qubits=1).to_backend()


BOTH = {"init_method": "dqc", "layout_method": "dqc"}


def backend_without_network(_directory: Path) -> str:
    return call(GenericBackendV2(3, control_flow=True), **BOTH)


def stage_alone(_directory: Path) -> str:
    return call(network_backend(), init_method="dqc")


def layout_given(_directory: Path) -> str:
    return call(network_backend(), initial_layout=[1, 0], **BOTH)


VQE = """\
OPENQASM 3.0;
include "stdgates.inc";
input float theta;
input float phi;
qubit[2] q;
ry(theta) q[0];
cx q[0], q[1];
rz(1/phi) q[1];
"""
BINDINGS = {
    "bind_nothing": (),
    "bind_without_a_name": ("=1",),
    "bind_without_a_value": ("theta",),
    "bind_text": ("theta=half", "phi=pi/0"),
    "bind_unknown": ("psi=1", "derived_0=2"),
    "bind_twice": ("theta=1", "theta=2"),
    "bind_where_a_formula_ends": ("phi=0",),
    "bind_over_a_bundle": ("theta=1", "-o", "vqe.dqc"),
}


def bind(assignments: tuple[str, ...], directory: Path) -> str:
    circuit = read_circuit("vqe.qasm", text=VQE)
    network = Network.all_to_all(nodes=2, data_qubits=1, comm_qubits=1)
    result = compile_circuit(circuit, network, options=Options(preset="fast", verify="off"))
    save_bundle(result, directory / "vqe.dqc")
    return shown(("bind", "vqe.dqc", *assignments), directory)


def no_node_program(_directory: Path) -> str:
    return refusal(lambda: dump_program(QuantumCircuit(2, name="bell")))


def wrong_engine(source: str, directory: Path) -> str:
    install(directory / "site", f"{HEAD}\n{source}", {"wrong": "their_engines:Wrong"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(directory / "site"), *sys.path])
        patch.delitem(sys.modules, "their_engines", raising=False)
        return shown((*_COMPILE, "--engine", "wrong"), directory)


CASES = {case: partial(shown, arguments) for case, arguments in COMMANDS.items()}
CASES["unknown_topology"] = unknown_topology
"""What is shown when something is refused."""
CASES["backend_without_network"] = backend_without_network
CASES["stage_alone"] = stage_alone
CASES["layout_given"] = layout_given
CASES |= {case: partial(bind, assignments) for case, assignments in BINDINGS.items()}
CASES["no_node_program"] = no_node_program
CASES |= {case: partial(wrong_engine, source) for case, source in WRONG.items()}
