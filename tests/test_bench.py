"""`dqc bench run`: real suites of small circuits, held against real baselines."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dqc_compiler import cli
from dqc_compiler.bench import running
from dqc_compiler.bench.figures import depth_of
from dqc_compiler.bench.suite import Shard
from dqc_compiler.bench.tolerance import Tolerance, read_tolerances
from dqc_compiler.bundles import save_bundle
from dqc_compiler.cli_terminal import execute
from dqc_compiler.formats.bench_file import FIGURES, BaselineFile, BenchReport
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.formats.network_file import Network
from dqc_compiler.formats.schema import MODELS
from dqc_compiler.ir import Statement
from dqc_compiler.pipeline import Options, Result, compile_circuit
from tests.errors.cases_bench import COMMANDS, TEXTS
from tests.errors.cases_bench import run as run_case

DQC = [sys.executable, "-m", "dqc_compiler"]
EXAMPLES = Path(__file__).parents[1] / "examples"
HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[4] q;\n'
GHZ = HEAD + "h q[0];\ncx q[0], q[1];\ncx q[1], q[2];\ncx q[2], q[3];\n"
CHAIN = HEAD + "cz q[0], q[2];\nh q[0];\ncz q[0], q[3];\n"
DEARER = GHZ + "h q[2];\ncx q[2], q[0];\n"
"""The GHZ circuit with one more packet between the nodes: two e-bits instead of one."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory with a suite of two circuits in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "ghz.qasm").write_text(GHZ)
    (tmp_path / "suite" / "chain.qasm").write_text(CHAIN)
    return tmp_path


def bench(*arguments: str, suite: str = "suite") -> int:
    made = () if "--network" in arguments else ("--nodes", "2")
    return execute(cli.dqc, "dqc", ["bench", "run", suite, *made, "--preset", "fast", *arguments])


def guarded(*arguments: str, suite: str = "suite") -> int:
    return bench("--baseline", "baseline.json", *arguments, suite=suite)


def accept(*arguments: str, suite: str = "suite") -> None:
    assert guarded("--update", *arguments, suite=suite) == 0


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> BenchReport:
    """What a run prints as JSON, whatever its exit code is."""
    capsys.readouterr()
    bench("--format", "json", *arguments)
    return BenchReport.model_validate_json(capsys.readouterr().out)


def statuses(found: BenchReport) -> dict[str, str]:
    return {row.name: row.status for row in found.rows}


def change_baseline(name: str, figures: Mapping[str, float]) -> None:
    """Write other figures of one row into the baseline."""
    content = json.loads(Path("baseline.json").read_text())
    content["rows"][name]["figures"] |= figures
    Path("baseline.json").write_text(json.dumps(content))


# --- What a gate is for -------------------------------------------------------------------------


def test_one_more_ebit_is_caught(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accept()
    assert guarded() == 0
    (here / "suite" / "ghz.qasm").write_text(DEARER)
    capsys.readouterr()
    assert guarded() == 1
    shown = capsys.readouterr()
    assert re.search(r"^ghz +worse +1 -> 2 ", shown.out, re.MULTILINE)
    assert re.search(r"^chain +same ", shown.out, re.MULTILINE)
    assert "ghz: other circuit than in the baseline" in shown.out
    assert shown.err.startswith("error[DQC565]")
    assert "1 of 2: ghz (ebits 1 -> 2, pairs 1 -> 2" in shown.err


def test_a_network_that_makes_a_circuit_dearer_is_caught(here: Path) -> None:
    Network.make("line", nodes=2, data_qubits=2, comm_qubits=2).write("net.toml")
    accept("--network", "net.toml")
    assert guarded("--network", "net.toml") == 0
    Network.make("line", nodes=4, data_qubits=1, comm_qubits=2).write("net.toml")
    assert guarded("--network", "net.toml") == 1


def test_ten_runs_of_a_suite_give_identical_figures(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(EXAMPLES / "qft_16.qasm", here / "suite")
    accept()
    first = (here / "baseline.json").read_bytes()
    for _ in range(9):
        found = report(capsys, "--baseline", "baseline.json")
        assert found.passed
        assert not any(row.resumed for row in found.rows)
        accept()
        assert (here / "baseline.json").read_bytes() == first


def test_figures_are_the_same_in_any_number_of_processes(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accept()
    found = report(capsys, "--baseline", "baseline.json", "--jobs", "2")
    assert statuses(found) == {"chain": "same", "ghz": "same"}


def test_figures_are_those_of_the_report(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(EXAMPLES / "qft_16.qasm", here / "suite")
    for row in report(capsys).rows:
        circuit = read_circuit(here / "suite" / f"{row.name}.qasm")
        size = -(-len(circuit.qubits) // 2)
        network = Network.all_to_all(nodes=2, data_qubits=size, comm_qubits=2)
        result = compile_circuit(circuit, network, options=Options(preset="fast"))
        written = save_bundle(result, here / row.name).report
        assert row.figures is not None
        assert row.equivalent is True
        assert row.figures.ebits == written.ebits
        assert row.figures.pairs == written.pairs
        assert row.figures.messages == written.messages
        assert row.figures.peak_comm_qubits == max(written.peak_comm_qubits.values())
        assert row.figures.planned_makespan_ns == pytest.approx(written.planned_makespan_ns)
        programs = [(here / row.name / "nodes" / f"n{i}.qasm").read_text() for i in range(2)]
        gates = sum(operation.name != "measure" for operation in circuit.operations())
        assert row.figures.added_gates == sum(map(gates_in, programs)) - gates


def gates_in(program: str) -> int:
    """Gates of a program's text: every statement that is nothing else, also behind conditions."""
    body = re.sub(r"^(gate|OPENQASM|include|//|qubit|bit).*$", "", program, flags=re.MULTILINE)
    statements = re.findall(r"(?:^|\{ )(\w+)[^;={}]*;", body, re.MULTILINE)
    others = {"reset", "dqc_epr", "barrier", "delay"}
    return len([name for name in statements if name not in others])


def test_the_depth_is_the_longest_chain_through_pairs_and_messages(here: Path) -> None:
    network = Network.all_to_all(nodes=2, data_qubits=2, comm_qubits=1)
    result = compile_circuit("suite/ghz.qasm", network, options=Options(preset="fast"))
    # n0: reset, pair, cx, measure; n1: x, cx, h, measure; n0: z
    assert depth_of(result.program) == 9
    columns = result.program.columns
    statements = list(result.program.statements())
    ordered = replace(result.program, **columns([*statements, Statement(0, "barrier", (0, 1))]))
    assert depth_of(ordered) == 9
    root = next(row for row in statements if row.name == "z")
    more = [Statement(0, "x", root.qubits)] * 5
    assert depth_of(replace(result.program, **columns([*statements, *more]))) == 14


# --- What makes a row fail, and what does not ---------------------------------------------------


def test_rows_that_only_one_side_has_fail(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accept()
    (here / "suite" / "chain.qasm").rename(here / "suite" / "other.qasm")
    found = report(capsys, "--baseline", "baseline.json")
    assert statuses(found) == {"ghz": "same", "other": "new", "chain": "gone"}
    assert [row.name for row in found.rows if row.fails] == ["other", "chain"]
    assert not found.passed
    capsys.readouterr()
    assert guarded() == 1
    assert "2 of 3: other (not in the baseline); chain (in the base" in capsys.readouterr().err


def test_better_figures_do_not_fail_but_are_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accept()
    change_baseline("ghz", {"ebits": 3, "depth": 99})
    capsys.readouterr()
    assert guarded() == 0
    shown = capsys.readouterr()
    assert re.search(r"^ghz +better +3 -> 1 .* 99 -> 9 ", shown.out, re.MULTILINE)
    assert "better than the baseline: ghz; --update accepts that" in shown.err
    accept()
    assert report(capsys, "--baseline", "baseline.json").passed


def test_one_worse_figure_fails_a_row_however_good_the_others_are(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accept()
    change_baseline("ghz", {"ebits": 3, "messages": 1})
    found = report(capsys, "--baseline", "baseline.json")
    assert statuses(found)["ghz"] == "worse"
    changed = {each.figure: each.verdict for each in found.rows[1].changed}
    assert changed == {"ebits": "better", "messages": "worse"}


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_held_exactly_unless_there_is_a_tolerance(
    figure: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accept()
    value = json.loads(Path("baseline.json").read_text())["rows"]["ghz"]["figures"][figure]
    change_baseline("ghz", {figure: value - 1})
    if value:
        found = report(capsys, "--baseline", "baseline.json")
        assert [each.figure for row in found.rows for each in row.changed] == [figure]
        assert guarded() == 1
        assert guarded("--tolerance", f"{figure}=+0.5") == 1
    found = report(capsys, "--baseline", "baseline.json", "--tolerance", f"{figure}=+1")
    assert statuses(found)["ghz"] == "tolerated"
    assert found.passed


@pytest.mark.parametrize(
    ("word", "before", "largest"),
    [
        ("pairs=10", 20, 22),
        ("pairs=10%", 20, 22),
        ("pairs=2.5", 40, 41),
        ("pairs=+3", 20, 23),
        ("pairs=0", 20, 20),
        ("pairs=50", 0, 0),
        ("added_gates=10", -20, -18),
    ],
)
def test_tolerances(word: str, before: int, largest: int) -> None:
    (tolerance,) = read_tolerances([word]).values()
    assert tolerance.accepts(before, largest)
    assert not tolerance.accepts(before, largest + 1)
    assert tolerance.accepts(before, before - 100)
    assert not Tolerance().accepts(1, 2)


def test_a_circuit_that_cannot_be_compiled_does_not_end_the_run(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accept()
    before = (here / "baseline.json").read_bytes()
    (here / "suite" / "bad.qasm").write_text(HEAD + "hh q[0];\n")
    found = report(capsys, "--baseline", "baseline.json")
    assert statuses(found) == {"bad": "error", "chain": "same", "ghz": "same"}
    assert found.rows[0].problems[0]["code"] == "DQC111"
    capsys.readouterr()
    assert guarded("--update") == 1
    assert "suite/bad.qasm:4:1" in capsys.readouterr().err
    assert (here / "baseline.json").read_bytes() == before


def test_a_circuit_that_does_not_fit_is_a_row_that_fails(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "suite" / "large.qasm").write_text(GHZ.replace("qubit[4]", "qubit[5]"))
    found = report(capsys, "--data-qubits", "2")
    assert statuses(found) == {"chain": "measured", "ghz": "measured", "large": "error"}
    assert found.rows[2].problems[0]["code"] == "DQC217"


def test_a_defect_in_one_row_leaves_the_others(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_once(circuit: Any, *arguments: Any, **options: Any) -> Result:
        if circuit.name == "chain":
            raise IndexError("list index out of range")
        return compile_circuit(circuit, *arguments, **options)

    monkeypatch.setattr(running, "compile_circuit", fail_once)
    found = report(capsys)
    assert statuses(found) == {"chain": "error", "ghz": "measured"}
    assert found.rows[0].problems[0]["code"] == "DQC901"


def test_programs_of_another_circuit_are_a_row_that_fails(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verifier itself finds out; with --verify off nobody does."""
    accept()

    def compile_another(circuit: Any, network: Network, *, options: Options) -> Result:
        right = compile_circuit(circuit, network, options=options)
        wrong = compile_circuit("suite/chain.qasm", network, options=options)
        return replace(wrong, rewriting=right.rewriting)

    monkeypatch.setattr(running, "compile_circuit", compile_another)
    found = report(capsys, "--baseline", "baseline.json")
    assert statuses(found) == {"chain": "same", "ghz": "refuted"}
    assert found.rows[1].equivalent is False
    assert "refuted by symbolic" in " ".join(found.rows[1].notes)
    assert guarded() == 1
    assert guarded("--update") == 1
    capsys.readouterr()
    found = report(capsys, "--verify", "off")
    assert statuses(found) == {"chain": "measured", "ghz": "measured"}
    assert {row.equivalent for row in found.rows} == {None}


def test_programs_that_are_not_verified_warn(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("--verify", "off") == 0
    shown = capsys.readouterr()
    assert "not verified: chain, ghz" in shown.err
    assert "ghz: not proven" in shown.out


# --- The baseline -------------------------------------------------------------------------------


def test_an_update_tells_what_has_changed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accept()
    assert "baseline: added chain, ghz" in capsys.readouterr().out
    accept()
    assert "baseline: no row has changed" in capsys.readouterr().out
    (here / "suite" / "ghz.qasm").write_text(DEARER)
    (here / "suite" / "chain.qasm").rename(here / "suite" / "also.qasm")
    capsys.readouterr()
    accept("--format", "json")
    found = BenchReport.model_validate_json(capsys.readouterr().out)
    assert found.passed
    assert found.updated is not None
    assert (found.updated.changed, found.updated.added) == (("ghz",), ("also",))
    assert found.updated.removed == ("chain",)
    assert statuses(found) == {"also": "new", "ghz": "worse", "chain": "gone"}
    assert guarded() == 0


def test_a_baseline_is_sorted_and_a_changed_figure_is_one_line(here: Path) -> None:
    (here / "suite.toml").write_text(
        'schema = 1\n[[circuit]]\nfile = "suite/ghz.qasm"\n[[circuit]]\nfile = "suite/chain.qasm"\n'
    )
    accept(suite="suite.toml")
    text = (here / "baseline.json").read_text()
    jsonschema.validate(json.loads(text), MODELS["baseline"].model_json_schema())
    content = tomllib.loads((here / "suite.toml").read_text())
    jsonschema.validate(content, MODELS["suite"].model_json_schema())
    assert list(BaselineFile.model_validate_json(text).rows) == ["chain", "ghz"]
    assert text.index('"chain"') < text.index('"ghz"')
    lines = [line.strip() for line in text.splitlines()]
    assert lines.count('"ebits": 1,') == 2
    assert "seconds" not in text
    assert str(here) not in text


def test_a_baseline_of_another_schema_is_made_anew_only_if_asked(here: Path) -> None:
    Path("baseline.json").write_text(TEXTS["schema_7.json"])
    assert guarded() == 2
    assert Path("baseline.json").read_text() == TEXTS["schema_7.json"]
    accept()
    assert guarded() == 0


def test_an_update_writes_through_a_link_and_leaves_nothing_else(here: Path) -> None:
    (here / "kept").mkdir()
    Path("baseline.json").symlink_to("kept/baseline.json")
    accept()
    assert Path("baseline.json").is_symlink()
    assert [path.name for path in (here / "kept").iterdir()] == ["baseline.json"]
    assert sorted(path.name for path in here.iterdir()) == ["baseline.json", "kept", "suite"]


def test_other_options_than_in_the_baseline_are_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accept()
    found = report(capsys, "--baseline", "baseline.json", "--seed", "3", "--comm-qubits", "1")
    notes = ("other network than in the baseline", "other options than in the baseline")
    assert {row.notes for row in found.rows} == {notes}


# --- Suites -------------------------------------------------------------------------------------

MANIFEST = """\
schema = 1

[[circuit]]
file = "suite/ghz.qasm"

[[circuit]]
name = "ghz on a line"
file = "suite/ghz.qasm"
network = "nets/line.toml"
seed = 5

[[circuit]]
name = "searched"
file = "suite/chain.qasm"
preset = "best"
"""


def test_rows_of_a_manifest_have_networks_presets_and_seeds_of_their_own(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are relative to the manifest, not to where the command runs."""
    (here / "nets").mkdir()
    line = Network.make("line", nodes=4, data_qubits=1, comm_qubits=2)
    line.write(here / "nets" / "line.toml")
    (here / "m.toml").write_text(MANIFEST)
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    accept("--seed", "2", suite="../m.toml")
    assert list(BaselineFile.model_validate_json(Path("baseline.json").read_text()).rows) == [
        "ghz",
        "ghz on a line",
        "searched",
    ]
    rows = BaselineFile.model_validate_json(Path("baseline.json").read_text()).rows
    assert {name: row.options.seed for name, row in rows.items()} == {
        "ghz": 2,
        "ghz on a line": 5,
        "searched": 2,
    }
    assert [row.options.preset for row in rows.values()] == ["fast", "fast", "best"]
    assert [row.figures.ebits for row in rows.values()] == [1, 3, 1]
    assert guarded("--seed", "2", suite="../m.toml") == 0


def test_a_manifest_whose_rows_have_networks_needs_no_other(here: Path) -> None:
    Network.make("line", nodes=2, data_qubits=2, comm_qubits=2).write(here / "net.toml")
    text = 'schema = 1\n[[circuit]]\nfile = "suite/ghz.qasm"\nnetwork = "net.toml"\n'
    (here / "m.toml").write_text(text)
    assert execute(cli.dqc, "dqc", ["bench", "run", "m.toml", "--preset", "fast"]) == 0


def test_circuits_of_mqt_bench(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("mqt.bench", exc_type=ImportError)
    accept(suite="mqt:ghz,graphstate@4,6")
    rows = BaselineFile.model_validate_json(Path("baseline.json").read_text()).rows
    assert list(rows) == ["ghz_4", "ghz_6", "graphstate_4", "graphstate_6"]
    assert rows["ghz_6"].figures.ebits == 1
    assert guarded(suite="mqt:ghz,graphstate@4,6") == 0  # which is random unless it has a seed
    assert bench(suite="mqt:ghz,full_adder@3") == 1  # an adder has an even number of qubits
    shown = capsys.readouterr()
    assert "full_adder_3 (DQC564: full_adder with 3 qubits: " in shown.err
    assert re.search(r"^ghz_3 +measured ", shown.out, re.MULTILINE)
    (here / "m.toml").write_text('schema = 1\n[[circuit]]\nmqt = "ghz@6"\n')
    capsys.readouterr()
    assert guarded(suite="m.toml") == 1
    assert re.search(r"^ghz_6 +same ", capsys.readouterr().out, re.MULTILINE)


# --- Parts of a suite ---------------------------------------------------------------------------


def test_shards_are_the_suite_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        (here / "suite" / f"copy{number}.qasm").write_text(GHZ)
    accept()
    (here / "suite" / "ghz.qasm").unlink()
    (here / "suite" / "chain.qasm").unlink()
    found = [report(capsys, "--baseline", "baseline.json", "--shard", f"{i}/2") for i in (1, 2)]
    assert [each.shard for each in found] == ["1/2", "2/2"]
    assert not any(row.resumed for each in found for row in each.rows)  # although some are equal
    assert statuses(found[0]) == {"copy0": "same", "copy2": "same", "chain": "gone"}
    assert statuses(found[1]) == {"copy1": "same", "ghz": "gone"}
    assert guarded("--shard", "3/3") == 0  # which holds copy2, and nothing that is gone


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_row_is_in_one_shard(count: int) -> None:
    names = list("abcde")
    parts = [Shard(index, count).of(names) for index in range(1, count + 1)]
    assert sorted(name for part in parts for name in part) == names
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_shards_with_one_state_are_an_update_together(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in ("1/2", "2/2"):
        assert bench("--shard", part, "--state", "rows") == 0
    assert len(list((here / "rows").iterdir())) == 2
    capsys.readouterr()
    accept("--state", "rows", "--format", "json")
    found = BenchReport.model_validate_json(capsys.readouterr().out)
    assert [row.resumed for row in found.rows] == [True, True]


@pytest.mark.parametrize(
    "change",
    ["circuit", "--comm-qubits=1", "--seed=1", "--preset=balanced", "--verify=off", "--nodes=3"],
)
def test_what_is_made_from_other_inputs_is_not_reused(
    change: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("--state", "rows") == 0
    (here / "suite" / "ghz.qasm").write_text(f"// not the same text\n{GHZ}")
    assert [row.resumed for row in report(capsys, "--state", "rows").rows] == [True, True]
    if change == "circuit":
        (here / "suite" / "ghz.qasm").write_text(DEARER)
        found = report(capsys, "--state", "rows")
        assert [row.resumed for row in found.rows] == [True, False]
        assert found.rows[1].figures is not None
        assert found.rows[1].figures.ebits == 2
    else:
        found = report(capsys, "--state", "rows", change)
        assert [row.resumed for row in found.rows] == [False, False]


def test_another_version_measures_anew(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bench("--state", "rows") == 0
    monkeypatch.setattr("dqc_compiler.bench.state.compiler_version", lambda: "99")
    assert not any(row.resumed for row in report(capsys, "--state", "rows").rows)


def test_a_damaged_row_is_measured_anew(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("--state", "rows") == 0
    for file in (here / "rows").iterdir():
        file.write_text('{"schema": 1')
    assert not any(row.resumed for row in report(capsys, "--state", "rows").rows)
    assert all(row.resumed for row in report(capsys, "--state", "rows").rows)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupted_run_is_resumed(
    jobs: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C comes when the first row is finished, and there are more than can be by then."""
    text = (EXAMPLES / "qft_16.qasm").read_text()
    for number in range(8):
        (here / "suite" / f"q{number}.qasm").write_text(f"{text}x q[{number}];\n")
    arguments = ("--nodes", "4", "--preset", "balanced", "--baseline", "baseline.json")
    command = [*DQC, "bench", "run", "suite", *arguments, "--update", "--jobs", jobs]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    state = here / ".dqc-bench"
    deadline = time.monotonic() + 100
    while not list(state.glob("*.json")) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    notes = ["finished rows are kept in .dqc-bench; run again to go on", "interrupted"]
    assert [line for line in err.splitlines() if line] == notes
    assert sorted(path.name for path in here.iterdir()) == [".dqc-bench", "suite"]
    kept = len(list(state.iterdir()))
    assert 1 <= kept < 10
    for path in sorted((here / "suite").iterdir())[4:]:
        path.unlink()  # the others would take long
    found = report(capsys, *arguments, "--update")
    assert sum(row.resumed for row in found.rows) >= 1
    assert found.passed
    assert len(found.rows) == 4
    assert (here / "baseline.json").exists()


def test_an_interruption_before_the_first_row_leaves_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "read_circuit", lambda _: signal.raise_signal(signal.SIGINT))
    assert bench() == 130
    assert capsys.readouterr().err.split() == ["interrupted"]
    assert [path.name for path in here.iterdir()] == ["suite"]


def test_a_run_that_is_complete_leaves_no_rows(here: Path) -> None:
    assert bench() == 0
    assert not (here / ".dqc-bench").exists()


def test_where_no_rows_can_be_kept_a_run_needs_none(here: Path) -> None:
    (here / ".dqc-bench").write_text("in the way\n")
    assert bench() == 0
    assert (here / ".dqc-bench").read_text() == "in the way\n"


# --- Misuse -------------------------------------------------------------------------------------

ROWS_FAIL = {
    "circuit_that_cannot_be_read",
    "new_row",
    "update_with_a_broken_row",
}


@pytest.mark.parametrize("case", COMMANDS)
def test_misuse_prints_no_data_and_changes_nothing(case: str, tmp_path: Path) -> None:
    """What it shows on standard error is in tests/errors/bench."""
    code, out, _ = run_case(COMMANDS[case], tmp_path)
    assert code == (1 if case in ROWS_FAIL else 2)
    assert (out == "") == (case not in ROWS_FAIL)
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert files == {*TEXTS, "circuits", "broken", "nothing"}
    for name, text in TEXTS.items():
        assert (tmp_path / name).read_text() == text
