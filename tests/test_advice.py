"""Which single upgrade of a network would help: `advise` and `dqc network advise`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import get_args

import jsonschema
import pytest

from dqc_compiler import CompilerError, Network, Options, advice, advise, cli
from dqc_compiler.advice import Advice, Row
from dqc_compiler.cli_advice import advice_table
from dqc_compiler.cli_terminal import execute
from dqc_compiler.formats.schema import schema_text
from dqc_compiler.ir import Circuit, Link
from dqc_compiler.pipeline import compile_circuit
from dqc_compiler.symmetry import Symmetries
from dqc_compiler.upgrades import SAME_PROGRAM, Kind, usual_link
from tests.mutations_emitted import random_circuit

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
EXAMPLES = Path(__file__).parents[1] / "examples"


def circuit(qubits: int, *gates: tuple[int, int], tmp_path: Path) -> Path:
    """Gates that pack into no common packet."""
    lines = [f"cx q[{a}], q[{b}]; h q[{a}]; h q[{b}];" for a, b in gates]
    path = tmp_path / "circuit.qasm"
    path.write_text(f"{HEAD}qubit[{qubits}] q;\n" + "\n".join(lines) + "\n")
    return path


def row_of(found: Advice, kind: Kind, *where: str) -> Row:
    [row] = [row for row in found.rows if (row.upgrade.kind, row.upgrade.where) == (kind, where)]
    return row


def upgrades(found: Advice) -> list[tuple[str, ...]]:
    return [(row.upgrade.kind, *row.upgrade.where) for row in found.rows]


def slow_middle() -> Network:
    """A line of four nodes without room to spare, whose middle link is ten times slower."""
    made = Network.make("line", nodes=4, data_qubits=2, comm_qubits=2, success_probability=0.1)
    first, middle, last = made.links
    return replace(made, links=(first, replace(middle, success_probability=0.01), last))


# --- What ranks first -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Advice:
    gates = [(0, 1), (2, 3), (1, 2), (4, 5), (6, 7), (5, 6), (3, 4), (2, 5), (3, 4), (2, 5)]
    path = circuit(8, *gates, *gates, tmp_path=tmp_path_factory.mktemp("line"))
    return advise(path, slow_middle())


def test_the_rate_of_a_slow_middle_link_is_the_best_of_the_rates(line: Advice) -> None:
    assert line.base is not None
    rates = [row for row in line.rows if row.upgrade.kind == "rate"]
    assert rates[0].upgrade.where == ("n1", "n2")
    assert rates[0].change is not None
    assert rates[0].change.mean_makespan_ns < -0.3 * line.base.makespan.mean
    assert line.rows[0].upgrade.where in {("n1", "n2"), ("n1",), ("n2",)}


def test_the_best_comes_first_and_nothing_is_worse(line: Advice) -> None:
    means = [row.outcome.makespan.mean for row in line.rows]
    assert means == sorted(means)
    for row in line.rows:
        assert row.change is not None
        assert line.base is not None
        assert row.change.mean_makespan_ns <= 0
        assert row.outcome.makespan.mean - line.base.makespan.mean == pytest.approx(
            row.change.mean_makespan_ns, abs=1e-3
        )


def test_rates_and_channels_leave_the_programs(line: Advice) -> None:
    assert {row.upgrade.kind for row in line.rows} >= {*get_args(Kind)} - {"channel"}
    for row in line.rows:
        if row.upgrade.kind in SAME_PROGRAM:
            assert row.change is not None
            assert (row.change.pairs, row.change.ebits) == (0, 0)
            assert row.outcome.peak_comm_qubits == line.base.peak_comm_qubits  # type: ignore[union-attr]


def test_a_second_channel_helps_where_pairs_wait_for_the_first() -> None:
    network = Network.make("all-to-all", nodes=3, data_qubits=3, comm_qubits=4)
    found = advise(random_circuit(3, qubits=9, gates=40), network)
    change = row_of(found, "channel", "n0", "n1").change
    assert change is not None
    assert change.mean_makespan_ns < 0


def test_comm_qubits_of_a_full_hub_save_pairs() -> None:
    network = Network.make("star", nodes=5, data_qubits=4, comm_qubits=1)
    found = advise(EXAMPLES / "qft_16.qasm", network, by="pairs")
    assert upgrades(found)[0] == ("comm qubit", "n0")
    change = found.rows[0].change
    assert change is not None
    assert change.pairs < 0
    ranks = [(row.outcome.pairs, row.outcome.makespan.mean) for row in found.rows]
    assert ranks == sorted(ranks)


# --- What is tried --------------------------------------------------------------------------------


def test_links_without_pairs_need_no_upgrade(tmp_path: Path) -> None:
    path = circuit(4, *[(0, 2), (1, 3), (0, 3), (1, 2)] * 2, tmp_path=tmp_path)
    nodes = Network.make("all-to-all", nodes=3, data_qubits=2, comm_qubits=2)
    found = advise(path, nodes)
    assert found.base is not None
    assert found.base.pairs > 0
    used = [node for node, peak in zip(nodes.nodes, found.base.peak_comm_qubits) if peak]  # noqa: B905
    assert len(used) == 2
    ends = tuple(node.name for node in used)
    assert {row.upgrade.where for row in found.rows if row.upgrade.kind in SAME_PROGRAM} == {ends}


def test_a_circuit_without_pairs_has_no_upgrades(tmp_path: Path) -> None:
    network = Network.make("line", nodes=3, data_qubits=2, comm_qubits=2)
    found = advise(circuit(2, (0, 1), tmp_path=tmp_path), network)
    assert (found.rows, found.stopped) == ((), "done")
    assert "No single upgrade changes anything." in advice_table(found, limit=10)


def test_limits_of_what_may_be_added(line: Advice) -> None:
    assert ("link", "n0", "n2") in upgrades(line)
    assert ("link", "n0", "n3") not in upgrades(line)
    network = line.network
    sure = tuple(replace(link, success_probability=0.7) for link in network.links)
    nodes = tuple(replace(node, comm_qubits=None) for node in network.nodes)
    found = advise(random_circuit(1, qubits=8, gates=30), replace(network, nodes=nodes, links=sure))
    kinds = {row.upgrade.kind for row in found.rows}
    assert "comm qubit" not in kinds
    rates = [row.upgrade.link for row in found.rows if row.upgrade.kind == "rate"]
    assert rates
    assert all(link is not None and link.success_probability == 1 for link in rates)
    certain = tuple(replace(link, success_probability=1.0) for link in network.links)
    found = advise(random_circuit(1, qubits=8, gates=30), replace(network, links=certain))
    assert "rate" not in {row.upgrade.kind for row in found.rows}


def test_a_new_link_is_like_most_others() -> None:
    network = slow_middle()
    usual = usual_link(network)
    assert usual is not None
    assert usual.success_probability == 0.1
    assert usual_link(replace(network, links=())) is None


def test_repeaters_are_upgraded_and_bypassed(tmp_path: Path) -> None:
    network = Network.make(
        "line", nodes=2, data_qubits=2, comm_qubits=2, repeaters_per_link=2, repeater_comm_qubits=2
    )
    path = circuit(4, *[(0, 2), (1, 3), (0, 3), (1, 2)] * 2, tmp_path=tmp_path)
    found = advise(path, network, by="pairs")
    tried = upgrades(found)
    assert tried[0] == ("link", "n0", "n1")
    assert ("comm qubit", "r0") in tried
    assert ("data qubit", "r0") not in tried


def test_no_row_is_worse_than_compiling_for_its_network(line: Advice) -> None:
    source = random_circuit(3, qubits=8, gates=30)
    found = advise(source, line.network, by="pairs")
    for row in found.rows:
        upgraded = row.upgrade.applied(line.network)
        upgraded.verify()
        assert upgraded != line.network
    upgraded = row_of(found, "comm qubit", "n1").upgrade.applied(line.network)
    again = compile_circuit(source, upgraded, options=Options(preset="fast"))
    assert row_of(found, "comm qubit", "n1").outcome.pairs <= again.program.pairs


# --- Symmetry -------------------------------------------------------------------------------------


def test_symmetric_upgrades_have_the_same_effect_and_are_compiled_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[object] = []

    def counted(source: Circuit, network: Network, **options: object) -> object:
        calls.append(network)
        return compile_circuit(source, network, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(advice, "compile_circuit", counted)
    network = Network.make("all-to-all", nodes=4, data_qubits=2, comm_qubits=1)
    found = advise(random_circuit(5, qubits=8, gates=40), network)
    assert len(calls) == 3
    for kind in ("comm qubit", "data qubit"):
        rows = [row for row in found.rows if row.upgrade.kind == kind]
        assert len(rows) == 4
        assert len({row.outcome.makespan.mean for row in rows}) == 1
        assert len({tuple(sorted(row.outcome.peak_comm_qubits)) for row in rows}) == 1


@pytest.mark.parametrize(
    ("topology", "nodes", "orbits"),
    [("ring", 6, 1), ("line", 5, 3), ("star", 5, 2), ("all-to-all", 5, 1), ("grid", 9, 3)],
)
def test_nodes_that_are_alike(topology: str, nodes: int, orbits: int) -> None:
    network = Network.make(topology, nodes=nodes, data_qubits=1, comm_qubits=2)
    symmetries = Symmetries(network)
    leaders: list[int] = []
    for node in range(nodes):
        found = [symmetries.between([leader], [node]) for leader in leaders]
        ways = [way for way in found if way]
        for way in ways:
            moved = {frozenset(way[end] for end in link.between) for link in network.links}
            assert moved == {frozenset(link.between) for link in network.links}
            assert sorted(way) == list(range(nodes))
        marks = [symmetries.mark([leader]) == symmetries.mark([node]) for leader in leaders]
        assert marks.count(True) == len(ways) <= 1
        if not ways:
            leaders.append(node)
    assert len(leaders) == orbits


def test_what_differs_in_one_value_is_not_alike() -> None:
    network = slow_middle()
    assert Symmetries(network).between([0], [3]) == (3, 2, 1, 0)
    links: tuple[Link, ...] = (replace(network.links[0], fidelity=0.9), *network.links[1:])
    assert Symmetries(replace(network, links=links)).between([0], [3]) is None
    nodes = (replace(network.nodes[0], t2_us=1.0), *network.nodes[1:])
    assert Symmetries(replace(network, nodes=nodes)).between([0], [3]) is None


# --- Results do not depend on how they are computed -----------------------------------------------


def test_workers_change_nothing(line: Advice, monkeypatch: pytest.MonkeyPatch) -> None:
    source = random_circuit(4, qubits=8, gates=30)
    alone = advise(source, line.network)
    monkeypatch.setattr(advice, "_SECONDS_OF_WORKERS", 0.0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert advise(source, line.network) == alone


def test_better_programs_that_need_no_upgrade_are_no_merit_of_it(
    line: Advice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search for the network as it is is made to fail."""

    def compile_badly(source: Circuit, network: Network, **options: object) -> object:
        if network != line.network:
            return compile_circuit(source, network, **options)  # type: ignore[arg-type]
        with pytest.MonkeyPatch.context() as patch:
            for module in ("refine.Refine", "search_presences.SearchPresences"):
                patch.setattr(f"dqc_compiler.passes.{module}.run", lambda _, start: start)
            return compile_circuit(source, network, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(advice, "compile_circuit", compile_badly)
    source = random_circuit(4, qubits=8, gates=40)
    bad = compile_badly(source, line.network, options=Options(preset="fast"))
    found = advise(source, line.network, by="pairs")
    assert found.base is not None
    assert found.base.pairs < bad.program.pairs  # type: ignore[attr-defined]
    assert all(row.change is not None and row.change.pairs <= 0 for row in found.rows)
    assert any(row.change is not None and row.change.pairs == 0 for row in found.rows)


# --- Circuits that do not fit ---------------------------------------------------------------------


def test_data_qubits_that_make_a_circuit_fit(capsys: pytest.CaptureFixture[str]) -> None:
    network = Network.make("all-to-all", nodes=2, data_qubits=4, comm_qubits=2)
    found = advise(random_circuit(1, qubits=9, gates=20), network)
    assert found.base is None
    assert sorted(upgrades(found)) == [("data qubit", "n0"), ("data qubit", "n1")]
    assert all(row.change is None for row in found.rows)
    assert "does not fit" in advice_table(found, limit=10)


def test_a_circuit_that_no_upgrade_makes_fit() -> None:
    network = Network.make("all-to-all", nodes=2, data_qubits=4, comm_qubits=2)
    with pytest.raises(CompilerError) as refusal:
        advise(random_circuit(1, qubits=10, gates=20), network)
    assert refusal.value.diagnostics[0].code == "DQC217"
    assert refusal.value.exit_code == 1


def test_a_comm_qubit_lets_pairs_pass_a_full_node() -> None:
    network = Network.make("line", nodes=3, data_qubits=2, comm_qubits=1)
    found = advise(random_circuit(1, qubits=6, gates=20), network)
    assert found.base is None
    assert ("comm qubit", "n1") in upgrades(found)
    assert ("comm qubit", "n0") not in upgrades(found)
    assert ("link", "n0", "n2") in upgrades(found)


# --- The command ----------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    gates = [(a, b) for a, b in pairwise(range(6))] * 3
    circuit(6, *gates, *[(b, a) for a, b in gates], tmp_path=tmp_path)
    Network.make("line", nodes=3, data_qubits=2, comm_qubits=2).write("net.toml")
    return tmp_path


def dqc(*arguments: str) -> int:
    return execute(cli.dqc, "dqc", ["network", "advise", *arguments])


def test_json_follows_its_schema_and_is_all_that_is_printed(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dqc("circuit.qasm", "net.toml", "--format", "json", "--by", "pairs", "--seed", "3") == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    content = json.loads(shown.out)
    jsonschema.validate(content, json.loads(schema_text("advice")))
    assert (content["by"], content["preset"], content["seed"]) == ("pairs", "fast", 3)
    assert content["tried"] == len(content["rows"]) > 2
    assert dqc("circuit.qasm", "net.toml", "--format", "json", "--limit", "2") == 0
    content = json.loads(capsys.readouterr().out)
    assert len(content["rows"]) == 2 < content["tried"]


def test_the_table(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dqc("circuit.qasm", "net.toml", "--limit", "2") == 0
    head, base, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["upgrade", "pairs", "e-bits", "peak"]
    assert base.startswith("(none)")
    assert rows[0].startswith(("double rate of", "+1 "))
    assert rows[2] == ""
    assert "more upgrades: --limit" in rows[3]


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (("none.qasm", "net.toml"), "DQC101", 2),
        (("circuit.qasm", "none.toml"), "DQC201", 2),
        (("circuit.qasm", "net.toml", "--by", "fidelity"), "DQC501", 2),
        (("circuit.qasm", "net.toml", "--limit", "0"), "DQC501", 2),
        (("circuit.qasm", "net.toml", "--time-limit", "inf"), "DQC501", 2),
        (("circuit.qasm", "small.toml"), "DQC217", 1),
    ],
)
def test_what_is_refused(
    here: Path,
    arguments: tuple[str, ...],
    code: str,
    exit_code: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Network.make("line", nodes=2, data_qubits=2, comm_qubits=2).write("small.toml")
    assert dqc(*arguments) == exit_code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"error[{code}]")


def test_wrong_arguments_in_python() -> None:
    network = slow_middle()
    with pytest.raises(ValueError, match="by has to be one of"):
        advise(random_circuit(1, qubits=4, gates=5), network, by="cost")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="network has to be of type Network"):
        advise(random_circuit(1, qubits=4, gates=5), "net.toml")  # type: ignore[arg-type]


def test_a_time_limit_leaves_the_rows_that_are_there(here: Path) -> None:
    """What needs no compilation comes first; one that lasts is not waited for."""
    found = advise(
        random_circuit(1, qubits=6, gates=60),
        Network.read("net.toml"),
        options=Options(preset="fast", time_limit=1e-6),
    )
    assert found.base is not None
    assert found.stopped == "time limit"
    assert "Stopped: time limit" in advice_table(found, limit=5)


SLOW_ROW = """
import sys, time
from dqc_compiler import advice, cli
compile_circuit, calls, slow = advice.compile_circuit, [], int(sys.argv.pop(1))
def compile_(*arguments, **options):
    calls.append(1)
    if len(calls) == slow:
        print("waiting", flush=True)
        time.sleep(60)
    return compile_circuit(*arguments, **options)
advice.compile_circuit = compile_
cli.main()
"""


@pytest.mark.parametrize("call", [1, 3])
def test_an_interruption_leaves_the_rows_that_are_there(here: Path, call: int) -> None:
    arguments = ("circuit.qasm", "net.toml", "--format", "json")
    running = subprocess.Popen(
        [sys.executable, "-c", SLOW_ROW, str(call), "network", "advise", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "waiting\n"
    running.send_signal(signal.SIGINT)
    out, error = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in error
    if call == 1:
        assert out == ""
        return
    content = json.loads(out)
    assert content["stopped"] == "interrupted"
    assert {row["kind"] for row in content["rows"]} >= {"rate", "comm qubit"}
    assert "link" not in {row["kind"] for row in content["rows"]}
