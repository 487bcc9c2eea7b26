"""A user's own partitioner: as a stage, and as an engine that another package brings."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from qiskit.passmanager import GenericPass

from dqc_compiler import Network, Options, cli, compile_circuit
from dqc_compiler.cli_terminal import execute
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.engines.plugins import plugins
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.ir import Placement, SegmentGraph
from dqc_compiler.pipeline import stages
from tests.errors.packages import HEAD, WRONG, install

PAGE = (Path(__file__).parents[1] / "docs" / "how-to" / "own-partitioner.md").read_text()
NETWORK = Network.make("line", nodes=2, data_qubits=2, comm_qubits=2)
CIRCUIT = """\
OPENQASM 3.0;
include "stdgates.inc";
qubit[4] q;
cz q[0], q[2];
cz q[1], q[3];
h q;
cz q[0], q[2];
"""
STRIPES = f"""{HEAD}
class Stripes:
    def __init__(self, network, seed):
        self.network = network
    def run(self, graph):
        nodes = len(self.network.nodes)
        homes = np.arange(graph.wires, dtype=np.int32) % nodes
        return Placement.static(graph, self.network, homes)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pairs.qasm").write_text(CIRCUIT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    monkeypatch.delitem(sys.modules, "their_engines", raising=False)
    return tmp_path


def dqc(*arguments: str) -> int:
    return execute(cli.dqc, "dqc", list(arguments))


def compiled(name: str, *options: str) -> int:
    return dqc("compile", "pairs.qasm", "--nodes", "2", "--engine", name, "-o", "out", *options)


# -- as a stage --------------------------------------------------------------------------------


class Stripes(GenericPass):  # type: ignore[misc]
    """Qubit i lives at node i modulo the number of nodes."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def run(self, passmanager_ir: SegmentGraph) -> Placement:
        homes = np.arange(passmanager_ir.wires, dtype=np.int32) % len(self.network.nodes)
        return Placement.static(passmanager_ir, self.network, homes)


def test_a_stage_is_replaced_by_assignment(here: Path) -> None:
    circuit = read_circuit(here / "pairs.qasm")
    manager = stages(NETWORK, Options())
    manager.place = Stripes(NETWORK)
    assert manager.run(circuit).program.pairs == 0  # q[0], q[2] and q[1], q[3] live together
    apart = Network.make("line", nodes=4, data_qubits=1, comm_qubits=2)
    other = stages(apart, Options())
    other.place = Stripes(apart)
    assert other.run(circuit).program.pairs > 0


# -- as a package ------------------------------------------------------------------------------


def test_an_engine_of_a_package_is_used_by_its_name(here: Path) -> None:
    install(here / "site", STRIPES, {"stripes": "their_engines:Stripes"})
    assert "their_engines" not in sys.modules
    assert "stripes" in plugins()
    options = Options(engine="stripes", preset="fast")
    assert "their_engines" not in sys.modules  # until it is used
    result = compile_circuit(here / "pairs.qasm", NETWORK, options=options)
    assert result.engines.used == ("stripes",)
    assert result.program.pairs == 0
    both = compile_circuit([here / "pairs.qasm"] * 2, NETWORK, options=options, jobs=2)
    assert [each.engines.used for each in both] == [("stripes",)] * 2


@pytest.mark.parametrize("preset", ["fast", "balanced", "best"])
def test_the_search_begins_with_its_placement(here: Path, preset: str) -> None:
    install(here / "site", STRIPES, {"stripes": "their_engines:Stripes"})
    rounds = ["--rounds", "2"] if preset == "best" else []
    assert compiled("stripes", "--preset", preset, *rounds) == 0
    report = json.loads((here / "out" / "report.json").read_text())
    manifest = json.loads((here / "out" / "manifest.json").read_text())
    assert report["engines"] == {"used": ["stripes"], "not_installed": []}
    assert report["verdict"]["equivalent"] is True
    assert manifest["options"]["engine"] == "stripes"
    assert manifest["dependencies"]["their-engines"] == "1.2"


def test_the_package_of_the_documentation_is_an_engine(here: Path) -> None:
    code, about = re.findall(r"^```\w+ file=\S+\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert len([line for line in code.splitlines() if line]) < 15
    entries = tomllib.loads(about)["project"]["entry-points"]["dqc_compiler.passes"]
    install(here / "site", code, entries, package="my_package")
    assert compiled("deal") == 0
    assert json.loads((here / "out" / "report.json").read_text())["engines"]["used"] == ["deal"]


def test_without_its_name_an_engine_has_no_part(here: Path) -> None:
    before = compile_circuit(here / "pairs.qasm", NETWORK)
    install(here / "site", STRIPES, {"stripes": "their_engines:Stripes"})
    after = compile_circuit(here / "pairs.qasm", NETWORK)
    assert after.engines == before.engines
    assert "their_engines" not in sys.modules
    assert "their-engines" not in after.save(here / "out").manifest.dependencies


def test_engines_of_packages_are_listed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entries = {
        "stripes": "their_engines:Stripes",
        "metis": "their_engines:Other",
        "broken": "no:no",
    }
    install(here / "site", STRIPES, entries)
    assert dqc("compile", "--list-passes") == 0
    shown = capsys.readouterr().out
    assert shown.endswith(
        "\nengines of other packages\n"
        "  broken          no:no of their-engines\n"
        "  stripes         their_engines:Stripes of their-engines\n"
    )
    assert compiled("strips") == 2
    assert "'sliced', 'broken', 'stripes'" in capsys.readouterr().err
    with pytest.raises(ValueError, match="'sliced', 'broken', 'stripes', not 'strips'"):
        Options(engine="strips")


def test_a_name_of_ours_stays_ours(here: Path) -> None:
    install(here / "site", STRIPES, {"metis": "their_engines:Stripes"})
    options = Options(engine="metis", preset="fast")
    result = compile_circuit(here / "pairs.qasm", NETWORK, options=options)
    assert result.engines.used == ("metis",)
    assert "their_engines" not in sys.modules


@pytest.mark.parametrize("case", WRONG)
def test_engines_that_fail_are_named_and_nothing_is_written(
    here: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    install(here / "site", f"{HEAD}\n{WRONG[case]}", {"wrong": "their_engines:Wrong"})
    assert compiled("wrong") == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "engine wrong, their_engines:Wrong of their-engines" in shown.err
    assert not (here / "out").exists()
    with pytest.raises(CompilerError, match=r"DQC57[23]"):
        compile_circuit(here / "pairs.qasm", NETWORK, options=Options(engine="wrong"))


def test_a_gate_at_a_repeater_is_refused(here: Path) -> None:
    source = f"""{HEAD}
class Wrong(Base):
    def run(self, graph):
        found = self.static(graph, np.array([0, 0, 1, 1]))
        return replace(found, gate_host=np.full(graph.gates, 2))
"""
    install(here / "site", source, {"wrong": "their_engines:Wrong"})
    network = Network.make("line", nodes=2, data_qubits=2, comm_qubits=2, repeaters_per_link=1)
    assert network.nodes[2].kind == "repeater"
    with pytest.raises(CompilerError, match="a repeater"):
        compile_circuit(here / "pairs.qasm", network, options=Options(engine="wrong"))


def test_two_packages_with_one_name_are_refused(here: Path) -> None:
    install(here / "site", STRIPES, {"stripes": "their_engines:Stripes"})
    install(here / "site", STRIPES, {"stripes": "my_engines:Stripes"}, package="my_engines")
    with pytest.raises(CompilerError, match="several packages have registered it") as error:
        compile_circuit(here / "pairs.qasm", NETWORK, options=Options(engine="stripes"))
    assert "my-engines and their_engines:Stripes of their-engines" in str(error.value)


def test_an_engine_that_has_gone_is_unknown(here: Path) -> None:
    install(here / "site", STRIPES, {"stripes": "their_engines:Stripes"})
    options = Options(engine="stripes")
    (here / "site" / "their_engines-1.2.dist-info" / "entry_points.txt").unlink()
    with pytest.raises(ValueError, match="there is no engine 'stripes'"):
        compile_circuit(here / "pairs.qasm", NETWORK, options=options)
