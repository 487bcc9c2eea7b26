"""What the Python interface refuses, and that the command line takes the same."""

from __future__ import annotations

from math import inf, nan
from pathlib import Path
from typing import Any

import click
import pytest

from dqc_compiler import Network, Options, cli, compile_circuit
from dqc_compiler.pipeline import MAX_SEED
from tests.strategies import make_circuit

NETWORK = Network.all_to_all(nodes=2, data_qubits=1, comm_qubits=1)


@pytest.mark.parametrize(
    ("chosen", "kind", "words"),
    [
        ({"preset": "x"}, ValueError, "'fast', 'balanced', 'best', not 'x'"),
        ({"preset": None}, TypeError, "'fast', 'balanced', 'best', not None"),
        ({"verify": "x"}, ValueError, "'auto', 'all', 'off', not 'x'"),
        ({"engine": "x"}, ValueError, "'auto', 'contiguous', .*, not 'x'"),
        ({"engine": ["hub"]}, TypeError, "'auto', 'contiguous', .*, not "),
        ({"seed": -1}, ValueError, "seed has to be from 0 to 2147483647, not -1"),
        ({"seed": 2**40}, ValueError, "seed has to be from 0 to 2147483647, not 1099511627776"),
        ({"seed": 1.0}, TypeError, "seed has to be a whole number from 0 to 2147483647, not 1.0"),
        ({"seed": True}, TypeError, "not True"),
        ({"time_limit": -1}, ValueError, "a finite number of seconds above 0, or None, not -1"),
        ({"time_limit": 0.0}, ValueError, "not 0.0"),
        ({"time_limit": inf}, ValueError, "not inf"),
        ({"time_limit": nan}, ValueError, "not nan"),
        ({"time_limit": "5"}, TypeError, "time_limit has to be a finite .*, not '5'"),
        ({"rounds": -1, "preset": "best"}, ValueError, "rounds has to be 0 or more, .*, not -1"),
        ({"rounds": 1.5, "preset": "best"}, TypeError, "rounds has to be a whole number, .* 1.5"),
        ({"rounds": 1}, ValueError, "rounds belongs to the preset 'best', not 'balanced'"),
    ],
)
def test_options_are_refused_when_they_are_made(
    chosen: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        Options(**chosen)


def test_options_at_the_ends_of_their_ranges() -> None:
    Options(seed=MAX_SEED, preset="best", rounds=0, time_limit=1, verify="off", engine="sliced")
    Options(seed=0, time_limit=1e-9)


def test_the_command_line_takes_the_same_seeds() -> None:
    seed = next(option for option in cli.compile_.params if option.name == "seed")
    assert isinstance(seed.type, click.IntRange)
    assert (seed.type.min, seed.type.max) == (0, MAX_SEED)


@pytest.mark.parametrize("given", [None, 5, b"x", [5]])
def test_what_is_no_circuit_is_refused(given: Any) -> None:
    words = "a circuit has to be the path of an OpenQASM file, a Qiskit QuantumCircuit or"
    with pytest.raises(TypeError, match=words):
        compile_circuit(given, NETWORK)


class _Named:
    """A path that is not one of pathlib."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


def test_every_kind_of_path_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "a.qasm").write_text("OPENQASM 3.0;\nqubit[2] q;\nU(0.1, 0.2, 0.3) q[0];\n")
    named: Any = _Named(tmp_path / "a.qasm")
    assert compile_circuit(named, NETWORK, options=Options(preset="fast")).program.pairs == 0


def test_what_is_no_network_and_no_options_is_refused() -> None:
    circuit = make_circuit(2, [("cz", (0, 1))])
    wrong: Any = {"preset": "fast"}
    with pytest.raises(TypeError, match="network has to be of type Network, not None"):
        compile_circuit(circuit, None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="options has to be of type Options, not "):
        compile_circuit(circuit, NETWORK, options=wrong)
