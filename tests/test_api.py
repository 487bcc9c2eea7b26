"""The Python interface: lists of circuits, what a result offers, and how it shows itself."""

from __future__ import annotations

import pickle
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import rich
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Parameter

from dqc_compiler import Network, Options, Result, compile_circuit
from dqc_compiler.bundles import save_bundle
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.formats.bundle_in import read_bundle
from dqc_compiler.formats.circuit_in import circuit_from_qiskit
from dqc_compiler.formats.qasm_text import program_texts
from dqc_compiler.interruption import Interruption
from dqc_compiler.ir import Link, Node
from dqc_compiler.ir import Network as Table
from dqc_compiler.pipeline import Task, stages

NETWORK = Network.make("line", nodes=2, data_qubits=2, comm_qubits=1)


def ghz(name: str = "ghz", qubits: int = 4) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits, qubits, name=name)
    circuit.h(0)
    for qubit in range(1, qubits):
        circuit.cx(0, qubit)
    circuit.measure(range(qubits), range(qubits))
    return circuit


class Own(Gate):  # type: ignore[misc]
    """A gate of a user's own module, which other processes need not know."""

    def __init__(self) -> None:
        super().__init__("own", 2, [])

    def _define(self) -> None:
        self.definition = QuantumCircuit(2)
        self.definition.cz(0, 1)


def own() -> QuantumCircuit:
    circuit = QuantumCircuit(3, name="own")
    circuit.append(Own(), [0, 2])
    circuit.append(Own(), [1, 2])
    return circuit


@pytest.fixture(scope="module")
def result() -> Result:
    return compile_circuit(ghz(), NETWORK)


# -- lists -------------------------------------------------------------------------------------


def written(result: Result, directory: Path) -> dict[str, str]:
    result.save(directory)
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_text() for path in files}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_list_gives_what_each_circuit_gives_alone(jobs: int, tmp_path: Path) -> None:
    path = tmp_path / "file.qasm"
    path.write_text('OPENQASM 3.0; include "stdgates.inc"; qubit[4] q; cz q[0], q[3];')
    circuits = [ghz(), own(), path, ghz("short", 2)]
    options, done = Options(seed=3), list[str]()
    found = compile_circuit(circuits, NETWORK, options=options, jobs=jobs, progress=done.append)
    assert done == [each.program.name for each in found] == ["ghz", "own", "file", "short"]
    for number, (each, circuit) in enumerate(zip(found, circuits, strict=True)):
        alone = compile_circuit(circuit, NETWORK, options=options)
        first, second = (tmp_path / f"{number}{kind}" for kind in ("list", "alone"))
        assert written(each, first) == written(alone, second)


def test_an_empty_list_has_no_results() -> None:
    assert compile_circuit([], NETWORK) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_says_which_circuit_it_is_about(jobs: int) -> None:
    with pytest.raises(CompilerError) as error:
        compile_circuit([ghz(), ghz("wide", 5)], NETWORK, jobs=jobs)
    assert error.value.__notes__ == ["circuit 2 of 2, wide"]
    assert error.value.diagnostics[0].code == "DQC217"
    assert str(error.value.diagnostics[0].place) == "circuit 2 of 2, wide"


def test_errors_of_reading_say_which_circuit_they_are_about() -> None:
    open_ = QuantumCircuit(2, name="open")
    open_.delay(Parameter("t"), 0)
    for circuit, kind in ((open_, CompilerError), (3, TypeError), ("no.qasm", CompilerError)):
        with pytest.raises(kind) as error:
            compile_circuit([ghz(), circuit], NETWORK)
        name = getattr(circuit, "name", circuit)
        assert error.value.__notes__ == [f"circuit 2 of 2, {name}"]


@pytest.mark.parametrize(
    ("circuit", "arguments"),
    [
        (ghz(), {"jobs": 1}),
        ([ghz()], {"inspect": print}),
        ([ghz()], {"interruption": Interruption()}),
    ],
)
def test_arguments_of_the_other_kind_are_refused(circuit: Any, arguments: Any) -> None:
    with pytest.raises(TypeError, match="belong"):
        compile_circuit(circuit, NETWORK, **arguments)


def test_a_list_needs_a_job() -> None:
    with pytest.raises(ValueError, match="jobs has to be 1 or more"):
        compile_circuit([ghz()], NETWORK, jobs=0)


SCRIPT = """\
from qiskit import QuantumCircuit
from dqc_compiler import Network, compile_circuit
circuit = QuantumCircuit(2)
_ = circuit.cz(0, 1)
network = Network.make("line", nodes=2, data_qubits=1, comm_qubits=1)
results = compile_circuit([circuit, circuit], network, jobs=2)
print("pairs", [each.program.pairs for each in results])
"""


@pytest.mark.parametrize("way", ["script", "module", "command", "standard input", "console"])
def test_a_list_can_be_compiled_from_anywhere(way: str, tmp_path: Path) -> None:
    """Scripts without a guard, and what is no file at all, as a notebook."""
    (tmp_path / "script.py").write_text(SCRIPT)
    arguments = {
        "script": ["script.py"],
        "module": ["-m", "script"],
        "command": ["-c", SCRIPT],
        "standard input": ["-"],
        "console": ["-i", "-q"],
    }[way]
    done = subprocess.run(
        [sys.executable, *arguments],
        input=SCRIPT if way in ("standard input", "console") else "",
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
        check=False,
    )
    assert done.stdout.count("pairs [1, 1]") == 1, done.stderr
    assert done.returncode == 0
    assert "Error" not in done.stderr


# -- progress ----------------------------------------------------------------------------------


def test_progress_names_every_pass_when_it_begins() -> None:
    begun: list[str] = []
    made: dict[str, Any] = {}
    result = compile_circuit(
        ghz(),
        NETWORK,
        options=Options(preset="fast"),
        progress=begun.append,
        inspect=made.__setitem__,
    )
    tasks = ["fuse", "segment", "place", "plan-visits", "spread-routes", "join-visits"]
    tasks += ["cut-visits", "insert-gadgets", "schedule"]
    assert begun == ["regroup", *tasks, "fidelity", "bound"]
    assert list(result.seconds) == begun
    assert list(made) == tasks
    assert made["schedule"] is result.schedule


# -- a result ----------------------------------------------------------------------------------


def test_a_result_saves_itself(result: Result, tmp_path: Path) -> None:
    saved = result.save(tmp_path / "own")
    assert saved.report.verdict.equivalent is True
    other = save_bundle(result, tmp_path / "other")
    assert dict(saved.files) == dict(other.files)
    assert saved.manifest == other.manifest
    with pytest.raises(CompilerError, match="DQC311"):
        result.save(tmp_path / "own")
    result.save(tmp_path / "own", force=True)


def test_the_report_is_that_of_the_bundle_but_for_the_verdict(
    result: Result, tmp_path: Path
) -> None:
    result.save(tmp_path / "out")
    found = read_bundle(tmp_path / "out").report
    assert result.report.verdict.equivalent is None
    assert result.report == found.model_copy(update={"verdict": result.report.verdict})
    assert result.report is result.report


def test_circuits_of_a_result_are_made_once(result: Result) -> None:
    assert isinstance(result.circuit, QuantumCircuit)
    assert result.circuit is result.circuit
    assert result.programs is result.programs
    assert result.circuit.num_qubits == 6
    assert [len(result.original), len(result.logical)] == [8, 8]


def test_a_result_survives_pickling(result: Result) -> None:
    for each in (compile_circuit(ghz(), NETWORK), result):  # without and with what is made once
        again = pickle.loads(pickle.dumps(each))
        assert program_texts(again.program) == program_texts(result.program)
        assert again.report == result.report
        assert again.circuit == result.circuit


def test_a_result_in_one_line_and_in_full(
    result: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    assert repr(result).startswith("<Result: ghz on 2 nodes, pairs 1, makespan ")
    text = str(result)
    for shown in ("ghz on 2 nodes", "e-bits            1", "n0 1, n1 1", "makespan", "fidelity"):
        assert shown in text
    assert "lower bounds      0 for every protocol, 1 for fixed homes" in text
    assert text.splitlines()[-2:] == ["link   pairs  fidelity", "n0-n1      1     0.970"]
    rich.print(result)
    assert capsys.readouterr().out == text + "\n"


class Tags(HTMLParser):
    """Texts and tags of a page; every tag is closed by its own end."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts += [data.strip()] if data.strip() else []


def test_a_notebook_shows_tables_and_names_are_only_text() -> None:
    nodes = tuple(
        Node(name=name, data_qubits=2, comm_qubits=1) for name in ("<b>a", "<script>x()</script>")
    )
    network = Table(nodes=nodes, links=(Link(between=(0, 1)),))
    page = Tags(compile_circuit(ghz(), network)._repr_html_())
    assert page.open == []
    assert set(page.tags) == {"div", "p", "b", "table", "tr", "th", "td"}
    assert page.tags.count("b") == 1
    assert "<b>a-<script>x()</script>" in page.texts
    for shown in ("ghz on 2 nodes", "peak comm qubits", "makespan", "fidelity", "lower bounds"):
        assert shown in page.texts


def test_many_nodes_and_links_are_shown_in_short() -> None:
    network = Network.make("all-to-all", nodes=9, data_qubits=1, comm_qubits=1)
    result = compile_circuit(ghz(), network, options=Options(preset="fast"))
    text = str(result)
    assert "at most 1 (9 nodes)" in text
    assert text.splitlines()[-1] == "and 16 more links: see report.per_link"
    assert len(text.splitlines()) < 32


def test_a_table_that_breaks_its_rules_names_the_pass() -> None:
    class Nowhere:
        name = "nowhere"

        def run(self, _graph: Any) -> Any:
            return self

        def verify(self) -> None:
            raise ValueError("no homes")

    manager = stages(NETWORK, Options())
    manager.place = Task(Nowhere())
    with pytest.raises(ValueError, match="after nowhere: no homes"):
        manager.run(circuit_from_qiskit(ghz()))
