"""What other numbers of comm qubits would cost: `--pareto` and what it puts into the report."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dqc_compiler import bundles, cli, pareto
from dqc_compiler.bundles import save_bundle, verify_bundle
from dqc_compiler.cli_front import front_table
from dqc_compiler.cli_terminal import execute
from dqc_compiler.formats.bundle_in import read_bundle
from dqc_compiler.formats.front import FrontEntry, MakespanFigures, on_front
from dqc_compiler.formats.network_file import Network
from dqc_compiler.formats.verdict import Check, Verdict
from dqc_compiler.pareto import Front, compile_front, limited, unlimited
from dqc_compiler.pipeline import Options, Result, compile_circuit
from tests.mutations_emitted import random_circuit

VISITS = """\
OPENQASM 3.0;
include "stdgates.inc";
qubit[3] q;
cz q[0], q[1];
h q[1];
cz q[1], q[2];
h q[1];
cz q[0], q[1];
"""
"""The copy of q[0] has to be opened twice, unless there is room for two copies."""

FAST = Options(preset="fast")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory with a circuit in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "visits.qasm").write_text(VISITS)
    return tmp_path


def dqc(*arguments: str) -> int:
    return execute(cli.dqc, "dqc", list(arguments))


def network(*limits: int | None, data_qubits: int = 2) -> Network:
    made = Network.all_to_all(nodes=len(limits), data_qubits=data_qubits, comm_qubits=None)
    nodes = [
        replace(node, comm_qubits=limit) for node, limit in zip(made.nodes, limits, strict=True)
    ]
    return replace(made, nodes=tuple(nodes))


def front_of(seed: int, *limits: int | None, budget: int | None = None) -> Front:
    circuit = random_circuit(seed, qubits=2 * len(limits), gates=60)
    return compile_front(circuit, network(*limits), budget=budget, options=FAST)


# --- The command ----------------------------------------------------------------------------------


def test_the_table_and_the_report(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dqc("compile", "visits.qasm", "--nodes", "3", "--pareto") == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    summary, table = shown.out.split("\n\n")
    assert re.search(r"^e-bits +2 ", summary, re.MULTILINE)
    head, *lines = table.splitlines()
    assert re.split(r"\s{2,}", head) == [
        "comm qubits",
        "e-bits",
        "peak",
        "makespan mean [us]",
        "95th pct [us]",
        "front",
    ]
    rows = [line.split() for line in lines]
    assert [(row[:3], row[5:]) for row in rows] == [
        (["1", "3", "1"], ["*"]),
        (["2", "2", "2"], ["*", "in", "the", "bundle"]),
        (["unlimited", "2", "2"], []),
    ]
    for line in lines:
        assert re.match(r" *\S+ +\S+ +\S+ +\S+ +\S+", line)
        assert all(line[match.end() - 1] != " " for match in re.finditer(r"\S+\]|peak", head))
    bundle = read_bundle("visits.dqc")
    assert bundle.manifest.options["pareto"] is True
    assert bundle.report.pareto is not None
    assert [entry.comm_qubits for entry in bundle.report.pareto] == [1, 2, None]
    assert {entry.equivalent for entry in bundle.report.pareto} == {True}
    assert [node.comm_qubits for node in bundle.network.nodes] == [2, 2, 2]
    assert dqc("verify", "visits.dqc", "visits.qasm") == 0


def test_json_has_the_array(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("compile", "visits.qasm", "--nodes", "3", "--format", "json")
    assert dqc(*arguments, "--pareto", "--comm-qubits", "3") == 0
    report = json.loads(capsys.readouterr().out)
    assert [entry["comm_qubits"] for entry in report["pareto"]] == [1, 2, 3, None]
    assert [entry["in_bundle"] for entry in report["pareto"]] == [False, False, True, False]
    assert "other budgets" in report["seconds"]
    assert dqc(*arguments, "--force") == 0
    assert json.loads(capsys.readouterr().out)["pareto"] is None


def test_the_network_file_is_the_last_row(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network(4, 3, None, data_qubits=1).write("net.toml")
    arguments = ("compile", "visits.qasm", "--network", "net.toml", "--verify", "off", "--pareto")
    assert dqc(*arguments) == 0
    shown = capsys.readouterr()
    rows = [line.split() for line in shown.out.split("\n\n")[1].splitlines()[1:]]
    assert [row[0] for row in rows] == ["1", "2", "all"]
    assert rows[-1][-5:] == ["in", "the", "bundle,", "not", "proven"]
    assert "not verified" in shown.err
    assert [node.comm_qubits for node in read_bundle("visits.dqc").network.nodes] == [4, 3, None]


def test_equal_bytes(here: Path) -> None:
    trees = []
    for seed in ("1", "2"):
        command = ["-m", "dqc_compiler", "compile", "visits.qasm", "--nodes", "3", "--pareto"]
        subprocess.run(
            [sys.executable, *command, "-o", seed], check=True, timeout=100, capture_output=True
        )
        files = sorted(path for path in (here / seed).rglob("*") if path.is_file())
        trees.append({path.relative_to(here / seed): path.read_bytes() for path in files})
    assert trees[0] == trees[1]


def test_refuted_programs_of_any_row_stop_it(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = bundles.verify_directory

    def verify(directory: Path, *arguments: object, **options: object) -> Verdict:
        if '"comm_qubits": 1' in (directory / "network.json").read_text():
            check = Check(name="x", passed=False, detail="wrong")
            return Verdict(equivalent=False, checks=(check,))
        return real(directory, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(bundles, "verify_directory", verify)
    assert dqc("compile", "visits.qasm", "--nodes", "3", "--pareto") == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "with at most 1 comm qubits per node: x: wrong" in shown.err
    assert [path.name for path in here.iterdir()] == ["visits.qasm"]


SLOW_ROW = """
import sys, time
from dqc_compiler import cli, pareto
compile_circuit, calls, slow = pareto.compile_circuit, [], int(sys.argv.pop(1))
def compile_(*arguments, **options):
    calls.append(1)
    if len(calls) == slow:
        print("waiting", flush=True)
        time.sleep(60)
    return compile_circuit(*arguments, **options)
pareto.compile_circuit = compile_
cli.main()
"""


@pytest.mark.parametrize(("call", "found"), [(1, None), (2, [2]), (3, [2, None])])
def test_an_interruption_leaves_the_rows_that_are_there(
    here: Path, call: int, found: list[int | None] | None
) -> None:
    """The network as given comes first, then the unlimited one, then the others."""
    arguments = ("compile", "visits.qasm", "--nodes", "3", "--pareto", "-o", "out")
    running = subprocess.Popen(
        [sys.executable, "-c", SLOW_ROW, str(call), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "waiting\n"
    running.send_signal(signal.SIGINT)
    _, error = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in error
    if found is None:
        assert not (here / "out").exists()
        return
    report = read_bundle("out").report
    assert report.stopped == "interrupted"
    assert report.pareto is not None
    assert [entry.comm_qubits for entry in report.pareto] == found
    assert verify_bundle("out", "visits.qasm").equivalent is True


# --- Budgets --------------------------------------------------------------------------------------


def test_a_budget_never_exceeds_what_the_network_has() -> None:
    given = network(1, 3, None)
    assert limited(given, None) == given
    assert [node.comm_qubits for node in limited(given, 2).nodes] == [1, 2, 2]
    assert [node.comm_qubits for node in unlimited(given).nodes] == [None, None, None]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((2, 2), [1, None]),
        ((1, 1), [None]),
        ((1, 2), [1, None]),
        ((3, 3), [1, 2, None]),
    ],
)
def test_powers_of_two_below_the_limits(
    limits: tuple[int, ...], expected: list[int | None]
) -> None:
    front = front_of(1, *limits)
    assert [entry.comm_qubits for entry in front.entries] == expected
    assert front.entries[-1].in_bundle


@pytest.mark.parametrize("seed", range(3))
def test_rows_are_monotone_and_end_where_the_peak_is_reached(seed: int) -> None:
    entries = front_of(seed, None, None, None, budget=3).entries
    *budgets, last = [entry.comm_qubits for entry in entries]
    assert last is None
    powers = [budget for budget in budgets if budget != 3]
    assert powers == [2**i for i in range(len(powers))]
    assert powers[-1] >= entries[-1].max_peak_comm_qubits > powers[-1] // 2 - 1
    pairs = [entry.pairs for entry in entries]
    assert pairs == sorted(pairs, reverse=True)
    for entry in entries:
        assert entry.max_peak_comm_qubits == max(entry.peak_comm_qubits.values())
        assert entry.comm_qubits is None or entry.max_peak_comm_qubits <= entry.comm_qubits
        assert entry.equivalent is True
    assert [entry.on_front for entry in entries] == on_front([e.figures for e in entries])
    assert [entry.comm_qubits for entry in entries if entry.in_bundle] == [3]


def test_a_better_result_for_less_is_taken_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more than one comm qubit the search is made to fail: all qubits but one at one node."""

    def compile_badly(circuit: object, given: Network, **options: object) -> Result:
        if given.nodes[0].comm_qubits == 1:
            return compile_circuit(circuit, given, **options)  # type: ignore[arg-type]
        monkeypatch.setattr("dqc_compiler.passes.refine.Refine.run", lambda _, start: start)
        try:
            return compile_circuit(circuit, given, **options)  # type: ignore[arg-type]
        finally:
            monkeypatch.undo()
            monkeypatch.setattr(pareto, "compile_circuit", compile_badly)

    monkeypatch.setattr(pareto, "compile_circuit", compile_badly)
    circuit = random_circuit(2, qubits=6, gates=80)
    given = network(None, None, None)
    front = compile_front(circuit, given, budget=2, options=FAST)
    one, two, *_ = front.entries
    assert front.result.program.pairs == two.pairs <= one.pairs
    assert front.result.network == limited(given, 2)
    contents = save_bundle(front.result, tmp_path / "bundle", pareto=front.entries)
    assert contents.report.verdict.equivalent is True
    assert contents.report.pairs == two.pairs
    assert verify_bundle(tmp_path / "bundle", circuit).equivalent is True


# --- The front ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([], []),
        ([(1, 1)], [True]),
        ([(1, 2), (2, 1)], [True, True]),
        ([(1, 2), (1, 1)], [False, True]),
        ([(2, 2), (2, 2), (3, 1)], [True, False, True]),
        ([(3, 1), (2, 2), (2, 3)], [True, True, False]),
    ],
)
def test_points_on_the_front(points: list[tuple[float, ...]], expected: list[bool]) -> None:
    assert on_front(points) == expected


def entry(mean: float, *, equivalent: bool | None = True) -> FrontEntry:
    return FrontEntry(
        comm_qubits=None,
        pairs=1234,
        peak_comm_qubits={"a": 1},
        max_peak_comm_qubits=1,
        makespan_ns=MakespanFigures(mean=mean, p50=mean, p95=mean, p99=mean),
        on_front=True,
        in_bundle=False,
        equivalent=equivalent,
        stopped="time limit" if equivalent is None else "done",
    )


@pytest.mark.parametrize(
    ("times", "unit", "last"),
    [([0.0], "ns", "0.0000"), ([999.0], "ns", "999.0000"), ([5e4, 2.5e9], "s", "2.5000")],
)
def test_one_unit_for_all_times(times: list[float], unit: str, last: str) -> None:
    head, *rows = front_table([entry(mean) for mean in times], widest="all").splitlines()
    assert f"[{unit}]" in head
    assert rows[-1].split() == ["all", "1234", "1", last, last, "*"]
    assert len({row.index("*") for row in rows}) == 1


def test_what_is_not_certain_is_noted() -> None:
    table = front_table([entry(1.0, equivalent=None)], widest="all")
    assert table.endswith("  *  not proven, stopped: time limit\n")
