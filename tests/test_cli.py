"""The command line: what it prints where, and the exit code of every kind of ending."""

from __future__ import annotations

import json
import os
import pkgutil
import random
import re
import resource
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import click
import pytest

from dqc_compiler import bundles, cli, cli_explain, diagnostics, pipeline
from dqc_compiler.cli_terminal import execute
from dqc_compiler.diagnostics.usage import UnknownCode
from dqc_compiler.formats.bundle_in import read_bundle
from dqc_compiler.formats.network_file import LINK_VALUES, NODE_VALUES, Network
from dqc_compiler.formats.schema import MODELS, schema_text
from dqc_compiler.formats.verdict import Check, Verdict
from dqc_compiler.topologies import PARAMETERS, TOPOLOGIES
from tests.errors.cases_usage import COMMANDS, GHZ, run

DQC = [sys.executable, "-m", "dqc_compiler"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory with a circuit in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ghz.qasm").write_text(GHZ)
    return tmp_path


def dqc(*arguments: str) -> int:
    return execute(cli.dqc, "dqc", list(arguments))


def process(*arguments: str, text: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DQC, *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **variables},
        check=False,
    )


def outputs(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.name != "ghz.qasm")


# --- Help, versions, explanations ---------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("compile", "--help"), ("network", "--help"), ("bench", "run", "--help")],
)
def test_help_is_quick_because_nothing_heavy_is_imported(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "dqc_compiler", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    imported = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.split("\n")}
    heavy = {"qiskit", "numba", "numpy", "networkx", "pydantic", "scipy", "rich", "openqasm3"}
    assert imported & heavy == set()
    assert done.stdout.startswith("Usage: dqc")


def test_importing_the_package_is_light_and_its_names_are_there() -> None:
    code = (
        "import sys; before = set(sys.modules); import dqc_compiler as d;"
        "new = {name for name in sys.modules if name.split('.')[0] not in sys.stdlib_module_names};"
        "assert new - before == {'dqc_compiler'}; assert 'typing' not in {*sys.modules} - before;"
        "assert set(d.__all__) <= set(dir(d)); [getattr(d, name) for name in d.__all__];"
        "assert d.Network.read and d.compile_circuit; assert not hasattr(d, 'nothing')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert dqc("--version") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("dqc_compiler ")
    assert any(line.startswith("qiskit 2.") for line in lines)


def test_every_diagnostic_is_listed_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    modules = {module.name for module in pkgutil.iter_modules(diagnostics.__path__)}
    assert set(cli_explain.SUBJECTS) == modules - {"core"}
    assert dqc("explain") == 0
    codes = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert len(codes) == len(set(codes)) > 50
    for code in codes:
        assert dqc("explain", code.lower()) == 0
        shown = capsys.readouterr().out
        assert shown.startswith(f"{code}: ")
        assert len(shown.splitlines()) >= 3


def test_codes_are_given_once() -> None:
    def subclasses(kind: type[diagnostics.Diagnostic]) -> list[type[diagnostics.Diagnostic]]:
        found = kind.__subclasses__()
        return found + [deeper for child in found for deeper in subclasses(child)]

    codes = [kind.code for kind in subclasses(diagnostics.Diagnostic) if "code" in vars(kind)]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("name", MODELS)
def test_schemas_are_printed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert set(cli.SCHEMAS) == set(MODELS)
    assert dqc("schema", name) == 0
    assert capsys.readouterr().out == schema_text(name)


# --- Networks -----------------------------------------------------------------------------------


def test_a_network_is_made_shown_and_checked(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size = ("--nodes", "3", "--data-qubits", "4", "--comm-qubits", "unlimited")
    assert dqc("network", "make", "all-to-all", *size) == 0
    text = capsys.readouterr().out
    assert dqc("network", "make", "all-to-all", *size, "-o", "net.toml") == 0
    assert (here / "net.toml").read_text() == text
    assert dqc("network", "make", "all-to-all", *size, "-o", "net.json") == 0
    for name in ("net.toml", "net.json"):
        assert dqc("network", "show", name) == 0
        assert capsys.readouterr().out == text
        assert dqc("network", "check", name) == 0
        assert capsys.readouterr().out == f"{name}: 3 nodes, 3 links, 12 data qubits\n"
    assert dqc("network", "make", "all-to-all", *size, "-o", "net.toml", "--force") == 0


def test_the_format_of_a_made_network(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make = ("network", "make", "grid", "--shape", "2x3", "--data-qubits", "1")
    assert dqc(*make) == 0
    toml = capsys.readouterr().out
    assert dqc(*make, "--format", "json") == 0
    text = capsys.readouterr().out
    assert tomllib.loads(toml)["node"].keys() == json.loads(text)["node"].keys()
    for name, chosen, expected in (
        ("net.json", (), text),
        ("net.toml", (), toml),
        ("net", (), toml),
        ("net.txt", ("--format", "json"), text),
        ("again.json", ("--format", "json"), text),
    ):
        assert dqc(*make, "-o", name, *chosen) == 0
        assert (here / name).read_text() == expected
    assert dqc("network", "check", "net.txt") == 0  # JSON is known by its brace
    assert dqc(*make, "-o", "new.toml", "--format", "json") == 2
    assert not (here / "new.toml").exists()


def test_every_parameter_of_a_made_network_is_an_option(
    capsys: pytest.CaptureFixture[str],
) -> None:
    values = {name: 1 + number / 8 for number, name in enumerate((*NODE_VALUES, *LINK_VALUES))}
    values |= {"success_probability": 0.5, "fidelity": 0.75, "channels": 7}
    words = [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]
    repeaters = ("--repeaters-per-link", "1", "--repeater-comm-qubits", "unlimited")
    size = ("--data-qubits", "3", "--comm-qubits", "4", *repeaters, "--format", "json")
    parameters: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
        "star": ({"nodes": "4", "centre": "repeater"}, {"nodes": 4, "centre": "repeater"}),
        "torus": ({"shape": "3x4"}, {"shape": (3, 4)}),
        "tree": ({"branching": "3", "depth": "2"}, {"branching": 3, "depth": 2}),
        "fat-tree": ({"ports": "4", "nodes": "9"}, {"ports": 4, "nodes": 9}),
        "random-regular": (
            {"nodes": "8", "degree": "4", "seed": "5"},
            {"nodes": 8, "degree": 4, "seed": 5},
        ),
    }
    assert {name for typed, _ in parameters.values() for name in typed} == set(PARAMETERS)
    for topology, (typed, given) in parameters.items():
        options = [word for name, value in typed.items() for word in (f"--{name}", value)]
        assert dqc("network", "make", topology, *options, *size, *words) == 0
        made = Network.parse(capsys.readouterr().out, file="made.json")
        counts = {"data_qubits": 3, "comm_qubits": 4, "repeater_comm_qubits": None}
        assert made == Network.make(topology, repeaters_per_link=1, **counts, **given, **values)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_a_topology_is_what_the_circuit_is_compiled_for(
    topology: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    make = cli._made_network

    def make_and_stop(qubits: int, choices: Mapping[str, Any]) -> NoReturn:
        asked.append(make(qubits, choices))
        raise diagnostics.CompilerError(UnknownCode(found="none"))

    monkeypatch.setattr(cli, "_made_network", make_and_stop)
    arguments = ("compile", "ghz.qasm", "--nodes", "9", "--topology", topology, "--seed", "4")
    assert dqc(*arguments) == dqc(*arguments, "--comm-qubits", "5", "--data-qubits", "7") == 2
    seed = {"seed": 4} if topology == "random-regular" else {}
    assert asked == [
        Network.make(topology, nodes=9, data_qubits=1, comm_qubits=2, **seed),
        Network.make(topology, nodes=9, data_qubits=7, comm_qubits=5, **seed),
    ]


# --- Compiling ----------------------------------------------------------------------------------


def test_a_bundle_beside_the_circuit_by_default(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dqc("compile", "ghz.qasm", "--nodes", "2") == 0
    shown = capsys.readouterr()
    rows = [re.split(r"\s{2,}", line) for line in shown.out.splitlines()]
    assert [row[0] for row in rows] == [
        "e-bits",
        "peak comm qubits",
        "makespan",
        "fidelity",
        "verdict",
        "bundle",
    ]
    assert dict(rows)["e-bits"] == "1"
    assert dict(rows)["peak comm qubits"] == "n0 1, n1 1"
    assert re.fullmatch(
        r"0\.9\d\d \(distribution 0\.9\d\d, waiting 1\.000\)", dict(rows)["fidelity"]
    )
    assert dict(rows)["verdict"].startswith("equivalent (")
    assert dict(rows)["bundle"] == "ghz.dqc"
    assert shown.err == ""
    bundle = read_bundle("ghz.dqc")
    assert bundle.manifest.verdict.equivalent is True
    assert [node.data_qubits for node in bundle.network.nodes] == [2, 2]
    assert [node.comm_qubits for node in bundle.network.nodes] == [2, 2]
    assert bundle.manifest.inputs.network is None


def test_network_file_and_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = Path(__file__).parents[1] / "examples" / "two_nodes.toml"
    arguments = ("ghz.qasm", "--network", str(network), "-o", "x", "--format", "json")
    assert dqc("compile", *arguments, "--time-passes") == 0
    shown = capsys.readouterr()
    report = json.loads(shown.out)
    seconds = report.pop("seconds")
    assert report == json.loads((here / "x" / "report.json").read_text())
    assert all(value >= 0 for value in seconds.values())
    for name in seconds:
        assert re.search(rf"^{name} +\d+\.\d+ s$", shown.err, re.MULTILINE)
    digests = read_bundle("x").manifest.inputs
    assert None not in (digests.circuit, digests.network)


def test_options_of_the_network(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    size = ("--nodes", "9", "--data-qubits", "3", "--comm-qubits", "unlimited")
    assert dqc("compile", "ghz.qasm", *size, "--seed", "7", "--verify", "off") == 0
    shown = capsys.readouterr()
    assert "(9 nodes)" in shown.out
    assert "not verified" in shown.err
    bundle = read_bundle("ghz.dqc")
    assert {node.comm_qubits for node in bundle.network.nodes} == {None}
    assert {node.data_qubits for node in bundle.network.nodes} == {3}
    assert (bundle.manifest.seed, bundle.manifest.options["verify"]) == (7, "off")
    assert bundle.manifest.verdict == Verdict(equivalent=None, checks=())


def test_standard_input_and_equal_bytes(here: Path) -> None:
    """Other directory, other hash seed, other name of the output: the same bytes."""
    trees = []
    for seed, name in (("1", "first"), ("2", "second")):
        place = here / f"{name} place"
        place.mkdir()
        done = process(
            "compile", "-", "--nodes", "3", "-o", str(place / name), text=GHZ, PYTHONHASHSEED=seed
        )
        assert (done.returncode, done.stderr) == (0, "")
        files = sorted(p for p in (place / name).rglob("*") if p.is_file())
        trees.append({p.relative_to(place / name): p.read_bytes() for p in files})
    assert trees[0] == trees[1]
    assert len(trees[0]) == 9


def test_options_of_the_search_take_effect(here: Path) -> None:
    options = ("--preset", "best", "--time-limit", "30", "--engine", "hub", "--seed", "3")
    assert dqc("compile", "ghz.qasm", "--nodes", "2", *options, "--rounds", "0") == 0
    manifest = read_bundle("ghz.dqc").manifest
    assert manifest.seed == 3
    assert manifest.options == {
        "preset": "best",
        "time_limit": 30.0,
        "rounds": 0,
        "engine": "hub",
        "minimize": "ebits",
        "target_fidelity": None,
        "verify": "auto",
    }


def test_a_target_that_is_out_of_reach_writes_nothing(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dqc("compile", "ghz.qasm", "--nodes", "2", "--target-fidelity", "0.9999") == 1
    assert "DQC252" in capsys.readouterr().err
    assert outputs(here) == []


def test_standard_input_has_a_default_output(here: Path) -> None:
    assert process("compile", "-", "--nodes", "2", text=GHZ).returncode == 0
    assert outputs(here) == ["circuit.dqc"]


def test_force_replaces_a_bundle(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("compile", "ghz.qasm", "--nodes", "2", "--verify", "off")
    assert dqc(*arguments, "--seed", "1") == 0
    assert dqc(*arguments, "--seed", "2") == 2
    assert read_bundle("ghz.dqc").manifest.seed == 1
    assert dqc(*arguments, "--seed", "2", "--force") == 0
    assert read_bundle("ghz.dqc").manifest.seed == 2
    assert outputs(here) == ["ghz.dqc"]


# --- Verifying ----------------------------------------------------------------------------------


def test_a_bundle_is_verified_against_its_circuit(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dqc("compile", "ghz.qasm", "--nodes", "2") == 0
    capsys.readouterr()
    assert dqc("verify", "ghz.dqc", "ghz.qasm") == 0
    table = capsys.readouterr().out
    assert re.search(r"^digests +passed ", table, re.MULTILINE)
    assert "verdict: equivalent" in table
    assert dqc("verify", "ghz.dqc", "ghz.qasm", "--format", "json") == 0
    verdict = Verdict.model_validate_json(capsys.readouterr().out)
    assert verdict.equivalent is True
    (here / "other.qasm").write_text(GHZ.replace("cx q[1], q[2]", "cx q[2], q[1]"))
    assert dqc("verify", "ghz.dqc", "other.qasm") == 3
    shown = capsys.readouterr()
    assert "FAILED" in shown.out
    assert "DQC331" in shown.err


def test_a_changed_program_is_refuted_by_its_digest_and_by_its_meaning(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dqc("compile", "ghz.qasm", "--nodes", "2") == 0
    program = here / "ghz.dqc" / "nodes" / "n1.qasm"
    text = program.read_text()
    correction = re.search(r"^if .*\n", text, re.MULTILINE)
    assert correction is not None
    program.write_text(text.replace(correction.group(), ""))
    capsys.readouterr()
    assert dqc("verify", "ghz.dqc", "ghz.qasm", "--format", "json") == 3
    verdict = Verdict.model_validate_json(capsys.readouterr().out)
    assert verdict.equivalent is False
    failed = [check.name for check in verdict.checks if check.passed is False]
    assert failed[0] == "digests"
    assert len(failed) > 1


# --- Problems -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", COMMANDS)
def test_misuse_prints_no_data_and_changes_nothing(case: str, tmp_path: Path) -> None:
    """What it shows on standard error is in tests/errors/usage."""
    code, out, _ = run(COMMANDS[case], tmp_path)
    assert out == ""
    assert code == (1 if case == "does_not_fit" else 2)
    assert {path.name for path in tmp_path.iterdir()} == {"ghz.qasm", "old"}
    assert {path.name for path in (tmp_path / "old").iterdir()} == {"manifest.json", "notes.txt"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("compile",),
        ("compil", "ghz.qasm"),
        ("compile", "ghz.qasm", "--nodes", "2", "--prest", "best"),
        ("compile", "ghz.qasm", "--nodes", "two"),
        ("compile", "ghz.qasm", "--nodes", "2", "--seed", "-1"),
        ("compile", "ghz.qasm", "--nodes", "2", "--verify", "maybe"),
        ("schema", "bundle"),
        ("network", "make", "cube", "--nodes", "8", "--data-qubits", "2"),
    ],
)
def test_misuse_that_the_option_parser_finds(
    arguments: tuple[str, ...], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dqc(*arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error[DQC501]: bad usage\n  = ")
    assert "--help` shows all options" in shown.err


def test_all_problems_of_a_network_file_are_shown(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Path(__file__).parent / "errors" / "network" / "links.toml"
    assert dqc("network", "check", str(source)) == 2
    shown = capsys.readouterr().err
    expected = source.with_suffix(".err").read_text().replace("links.toml", str(source))
    assert shown == expected


def test_diagnostics_as_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = Path(__file__).parent / "errors" / "network" / "links.toml"
    assert dqc("network", "check", str(source), "--diagnostics", "json") == 2
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["code"] for line in lines] == ["DQC210", "DQC214", "DQC213", "DQC212", "DQC212"]
    assert lines[0]["place"]["line"] == 13
    assert dqc("compile", "ghz.qasm", "--diagnostics", "json", "--nodes", "0") == 2
    assert json.loads(capsys.readouterr().err)["code"] == "DQC503"


def test_binary_standard_input(here: Path) -> None:
    done = subprocess.run(
        [*DQC, "compile", "-", "--nodes", "2"],
        input=b"OPENQASM 3.0;\xff\xfe",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert b"<stdin>" in done.stderr
    assert b"Traceback" not in done.stderr


def test_refuted_programs_are_not_written(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuted = Verdict(equivalent=False, checks=(Check(name="x", passed=False, detail="wrong"),))
    monkeypatch.setattr(bundles, "verify_directory", lambda *_, **__: refuted)
    assert dqc("compile", "ghz.qasm", "--nodes", "2") == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "DQC331" in shown.err
    assert outputs(here) == []
    assert dqc("compile", "ghz.qasm", "--nodes", "2", "--keep-failed") == 3
    assert outputs(here) == ["ghz.dqc.failed"]
    assert read_bundle("ghz.dqc.failed").manifest.verdict == refuted


def test_what_is_not_proven_is_written_with_a_warning(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    unproven = Verdict(equivalent=None, checks=(Check(name="x", passed=None, detail="too big"),))
    monkeypatch.setattr(bundles, "verify_directory", lambda *_, **__: unproven)
    assert dqc("compile", "ghz.qasm", "--nodes", "2") == 0
    shown = capsys.readouterr()
    assert shown.err.startswith("warning: ")
    assert "x: too big" in shown.err
    assert "not proven" in shown.out
    assert outputs(here) == ["ghz.dqc"]


def test_defects_are_reported_without_a_traceback(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise IndexError("list index\nout of range")

    monkeypatch.setattr(pipeline, "compile_circuit", fail)
    assert dqc("compile", "ghz.qasm", "--nodes", "2") == 70
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "error[DQC901]" in shown.err
    assert "IndexError: list index out of range" in shown.err
    assert "DQC_TRACEBACK=1" in shown.err
    assert "Traceback" not in shown.err
    assert outputs(here) == []
    monkeypatch.setenv("DQC_TRACEBACK", "1")
    assert dqc("compile", "ghz.qasm", "--nodes", "2") == 70
    assert "Traceback" in capsys.readouterr().err


def test_a_write_that_fails_half_way_leaves_nothing(here: Path) -> None:
    """The system refuses to let any file grow beyond a kilobyte."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))

    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [*DQC, "compile", "ghz.qasm", "--nodes", "2", "--verify", "off", "-o", "out"],
        capture_output=True,
        text=True,
        timeout=100,
        preexec_fn=limit,
        env=variables,
        check=False,
    )
    assert done.returncode == 74, done.stderr
    assert "error[DQC321]" in done.stderr
    assert "file too large" in done.stderr
    assert outputs(here) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_standard_output_on_a_full_disk(here: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*DQC, "explain"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 74
    assert "error[DQC511]" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_problem() -> None:
    source, sink = os.pipe()
    os.close(source)
    done = subprocess.run(
        [*DQC, "explain"], stdout=sink, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(sink)
    assert (done.returncode, done.stderr) == (0, "")


def test_colours_can_be_turned_off() -> None:
    red = "\x1b[1;31m"
    assert red in process("explain", "x", FORCE_COLOR="1", TERM="xterm").stderr
    plain = process("explain", "x", FORCE_COLOR="1", TERM="xterm", NO_COLOR="1").stderr
    assert "31m" not in plain


SIGNAL_WHILE_IMPORTING = """
import os, sys
class Finder:
    def find_spec(self, name, *_):
        if name == "click":
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Finder())
from dqc_compiler.entry import main
main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("is_ignored", [False, True])
def test_a_signal_before_anything_is_imported(number: signal.Signals, is_ignored: bool) -> None:
    before = signal.signal(number, signal.SIG_IGN) if is_ignored else None  # which is inherited
    code = SIGNAL_WHILE_IMPORTING.format(number=int(number))
    command = [sys.executable, "-c", code, "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if before is not None:
        signal.signal(number, before)
    assert (done.returncode, done.stderr) == (0 if is_ignored else 130, "")
    assert done.stdout.startswith("dqc_compiler") == is_ignored


def test_commands_begin_where_signals_are_answered() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    starts = {name: value.split(":") for name, value in project["scripts"].items()}
    assert {module for module, _ in starts.values()} == {"dqc_compiler.entry"}
    text = Path(cli.__file__).with_name("entry.py").read_text()  # importing it is for commands
    assert all(f"def {function}() -> None:" in text for _, function in starts.values())


SLOW_VERIFIER = """
import time
from dqc_compiler import bundles, cli
def wait(*_, **__):
    print("waiting", flush=True)
    time.sleep(60)
bundles.verify_directory = wait
cli.main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_compilation_leaves_nothing(here: Path, number: signal.Signals) -> None:
    running = subprocess.Popen(
        [sys.executable, "-c", SLOW_VERIFIER, "compile", "ghz.qasm", "--nodes", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "waiting\n"
    assert any(name.startswith(".dqc-") for name in outputs(here))
    running.send_signal(number)
    _, error = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in error
    assert error.strip() == "interrupted"
    assert outputs(here) == []


SLOW_LIBRARY = """
from functools import partial
from dqc_compiler import cli
from dqc_compiler.verify import child, external
SLEEP = "import os, time; open('pid', 'w').write(f'{os.getpid()};'); time.sleep(60)"
def wait(*_, **__):
    return child.call_in_child(partial(exec, SLEEP), seconds=60)
external._bounded = wait
cli.main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_check_in_a_library_leaves_no_process(
    here: Path, number: signal.Signals
) -> None:
    pytest.importorskip("mqt.qcec")
    assert dqc("compile", "ghz.qasm", "--nodes", "2") == 0
    running = subprocess.Popen(
        [sys.executable, "-c", SLOW_LIBRARY, "verify", "ghz.dqc", "ghz.qasm"],
        stderr=subprocess.PIPE,
        text=True,
    )
    note = here / "pid"
    deadline = time.monotonic() + 60
    while not note.exists() or not note.read_text().endswith(";"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    running.send_signal(number)
    _, error = running.communicate(timeout=60)
    assert (running.returncode, error.strip()) == (130, "interrupted")
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text().rstrip(";")), 0)


SLOW_SEARCH = """
import time
from dqc_compiler import cli, portfolio
def wait(*_):
    print("searching", flush=True)
    time.sleep(60)
    yield
portfolio.Place._searched = wait
cli.main()
"""
ENDLESS_ROUNDS = """
from dqc_compiler import cli, workers
wait = workers.wait
def tell(*arguments, **options):
    print("searching", flush=True)
    return wait(*arguments, **options)
workers.wait = tell
if __name__ == "__main__":
    cli.main()
"""


def maze() -> str:
    """A circuit of which no bound says that a placement is the best, so that rounds go on."""
    choose = random.Random(1)
    lines = ["OPENQASM 3.0;", 'include "stdgates.inc";', "qubit[12] q;"]
    for _ in range(120):
        a, b = choose.sample(range(12), 2)
        lines += [f"ry({choose.random()}) q[{a}];", f"cx q[{a}], q[{b}];"]
    return "\n".join(lines)


def searching(
    here: Path, program: str, *arguments: str, marker: str = "searching", circuit: str = GHZ
) -> subprocess.Popen[str]:
    """A compilation in a group of processes of its own, once it says that it is so far."""
    (here / "program").write_text(program)
    (here / "ghz.qasm").write_text(circuit)
    running = subprocess.Popen(
        [sys.executable, "program", "compile", "ghz.qasm", "--nodes", "2", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == f"{marker}\n"
    (here / "program").unlink()
    return running


FINISHING = "interrupted: finishing the best result so far; once more to give up"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_search_leaves_its_best_result(here: Path, number: signal.Signals) -> None:
    running = searching(here, SLOW_SEARCH)
    running.send_signal(number)
    out, error = running.communicate(timeout=60)
    assert (running.returncode, error.strip()) == (130, FINISHING)
    assert re.search(r"^search +stopped: interrupted$", out, re.MULTILINE)
    assert outputs(here) == ["ghz.dqc"]
    report = read_bundle("ghz.dqc").report
    assert (report.stopped, report.verdict.equivalent) == ("interrupted", True)
    assert dqc("verify", "ghz.dqc", "ghz.qasm") == 0


def test_a_second_interruption_ends_all(here: Path) -> None:
    slow = "\n".join([SLOW_VERIFIER.removesuffix("cli.main()\n"), SLOW_SEARCH])
    running = searching(here, slow)
    running.send_signal(signal.SIGINT)
    assert running.stdout is not None
    assert running.stdout.readline() == "waiting\n"
    assert any(name.startswith(".dqc-") for name in outputs(here))
    running.send_signal(signal.SIGTERM)
    out, error = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    assert [line for line in error.splitlines() if line] == [FINISHING, "interrupted"]
    assert outputs(here) == []


def test_workers_of_an_interrupted_search_are_gone_and_silent(here: Path) -> None:
    """They share the standard error of the command: `communicate` waits for all of them."""
    running = searching(
        here, ENDLESS_ROUNDS, "--preset", "best", "--time-limit", "1000", circuit=maze()
    )
    os.killpg(running.pid, signal.SIGINT)
    out, error = running.communicate(timeout=60)
    assert (running.returncode, error.strip()) == (130, FINISHING)
    assert re.search(r"^search +stopped: interrupted$", out, re.MULTILINE)
    assert read_bundle("ghz.dqc").report.verdict.equivalent is True


def test_workers_end_with_a_process_that_is_killed(here: Path) -> None:
    running = searching(
        here, ENDLESS_ROUNDS, "--preset", "best", "--time-limit", "1000", circuit=maze()
    )
    running.kill()
    running.communicate(timeout=60)
    assert running.returncode == -signal.SIGKILL


def test_a_time_limit_ends_the_rounds(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "maze.qasm").write_text(maze())
    arguments = ("compile", "maze.qasm", "--nodes", "2", "--preset", "best", "--time-limit", "3")
    done = process(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^search +stopped: time limit$", done.stdout, re.MULTILINE)
    manifest = read_bundle("maze.dqc").manifest
    assert manifest.options["time_limit"] == 3.0
    assert manifest.verdict.equivalent is True


def test_a_limit_that_is_too_short_for_anything_gives_what_fast_gives(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("compile", "ghz.qasm", "--nodes", "2")
    assert dqc(*arguments, "--time-limit", "1e-9", "-o", "short") == 0
    assert "stopped: time limit" in capsys.readouterr().out
    assert dqc(*arguments, "--preset", "fast", "--time-limit", "1e-9", "-o", "fast") == 0
    assert "stopped" not in capsys.readouterr().out
    texts = [(here / name / "nodes" / "n0.qasm").read_text() for name in ("short", "fast")]
    assert texts[0] == texts[1]


def test_no_rounds_give_what_balanced_gives(here: Path) -> None:
    arguments = ("compile", "ghz.qasm", "--nodes", "2")
    assert dqc(*arguments, "--preset", "best", "--rounds", "0", "-o", "best") == 0
    assert dqc(*arguments, "-o", "balanced") == 0
    assert read_bundle("best").manifest.options["rounds"] == 0
    texts = [(here / name / "nodes" / "n0.qasm").read_text() for name in ("best", "balanced")]
    assert texts[0] == texts[1]


def test_both_console_scripts_share_the_compile_command() -> None:
    assert cli.dqc.get_command(click.Context(cli.dqc), "compile") is cli.compile_
