"""What a bundle holds, and what a reader accepts as one."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import jsonschema
import pytest

from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.formats import schema
from dqc_compiler.formats.bundle_contents import Contents
from dqc_compiler.formats.bundle_in import Bundle, read_bundle
from dqc_compiler.formats.network_file import Network
from tests import fourier_bundle
from tests.errors.cases_bundle import replace
from tests.fourier_bundle import NETWORK, PROVEN

SCHEMAS = Path(schema.__file__).parent / "schemas"


@pytest.fixture(scope="module")
def contents() -> Contents:
    return fourier_bundle.contents()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bundle") / "out"
    fourier_bundle.write(out)
    return out


@pytest.fixture(scope="module")
def bundle(written: Path) -> Bundle:
    return read_bundle(written)


def statements(text: str) -> list[str]:
    """The statements of a node program; declarations, definitions and comments are not counted."""
    skipped = re.compile(r"(OPENQASM|include|//|gate |qubit|bit)")
    return [line for line in text.splitlines() if not skipped.match(line)]


def test_it_reads_back_as_it_was_made(contents: Contents, bundle: Bundle) -> None:
    complete = contents.with_verdict(PROVEN)
    assert bundle.manifest == complete.manifest
    assert bundle.report == complete.report
    assert bundle.network == Network.parse(NETWORK, file="net.toml")
    assert bundle.logical == contents.files["logical.qasm"]
    assert list(bundle.programs) == ["a", "b", "c"]
    assert bundle.programs["b"] == contents.files["nodes/b.qasm"]
    assert bundle.schedule.text() == contents.files["schedule.json"]
    assert bundle.rewrites.rewrites == ()


def test_equal_inputs_give_equal_bytes(contents: Contents) -> None:
    again = fourier_bundle.make()
    assert dict(again.files) == dict(contents.files)
    assert again.manifest.text() == contents.manifest.text()
    assert again.report.text() == contents.report.text()


def test_nothing_depends_on_the_place(written: Path) -> None:
    for path in written.rglob("*.*"):
        text = path.read_text()
        assert str(written.parent) not in text
        assert str(Path.home()) not in text


def test_json_files_follow_their_committed_schemas(written: Path) -> None:
    others = {"advice", "suite", "baseline", "bench"}  # which are no files of a bundle
    for name in {*schema.MODELS} - others:
        definition = json.loads((SCHEMAS / f"{name}.json").read_text())
        jsonschema.Draft202012Validator.check_schema(definition)
        content = json.loads((written / f"{name}.json").read_text())
        jsonschema.validate(content, definition)
        with pytest.raises(jsonschema.ValidationError, match="surprise"):
            jsonschema.validate({**content, "surprise": 1}, definition)


@pytest.mark.parametrize("name", schema.MODELS)
def test_committed_schemas_are_up_to_date(name: str) -> None:
    """If this fails: `dqc schema NAME > dqc_compiler/formats/schemas/NAME.json`."""
    assert (SCHEMAS / f"{name}.json").read_text() == schema.schema_text(name)


def test_keys_of_the_report(written: Path) -> None:
    report = json.loads((written / "report.json").read_text())
    promised = (
        "ebits pairs peak_comm_qubits messages teleports copies remote_gates two_qubit_gates "
        "makespan_ns fidelity lower_bound_pairs verdict"
    )
    assert set(promised.split()) <= set(report)
    assert set(report["makespan_ns"]) == {"mean", "p50", "p95", "p99"}
    assert report["verdict"] == {
        "equivalent": True,
        "checks": [{"name": "symbolic", "passed": True, "detail": "equal"}],
    }
    parts = report["fidelity_estimate"]
    assert 0 < parts["at_least"] <= report["fidelity"] < 1
    assert report["fidelity"] < min(parts["distribution"], parts["waiting"])
    assert report["lower_bound_pairs"] == 3
    assert [bound["holds_for"] for bound in report["bounds"]] == ["every protocol"]
    excess = report["pairs"] - 3
    share = round(excess / report["pairs"], 6)
    assert report["gap"] == {
        "pairs": excess,
        "share": share,
        "minimum_for": [] if excess else ["every protocol"],
    }


def test_figures_are_those_of_the_programs(bundle: Bundle) -> None:
    report = bundle.report
    texts = "\n".join(bundle.programs.values())
    pairs = len(re.findall(r"^dqc_epr", texts, re.MULTILINE)) // 2
    assert report.pairs == pairs == report.ebits == report.copies + report.teleports
    assert sum(link.pairs for link in report.per_link) == pairs
    assert report.per_gadget["open"].pairs == pairs
    sent = re.findall(r"^(\w+_to_\w+)\[\d+\] = measure", texts, re.MULTILINE)
    assert report.messages == len(sent) == sum(n.messages_sent for n in report.per_node.values())
    assert report.two_qubit_gates == bundle.logical.count("cp(") == 15
    assert 0 < report.remote_gates <= 15
    for node, figures in report.per_node.items():
        lines = statements(bundle.programs[node])
        assert figures.statements == len(lines)
        assert figures.measurements == sum("measure" in line for line in lines)
        limit = bundle.network.nodes[bundle.network.node_index(node)].comm_qubits
        assert limit is None or figures.peak_comm_qubits <= limit
    assert bundle.manifest.figures == report.figures()


def test_the_manifest_says_where_everything_is(bundle: Bundle) -> None:
    manifest = bundle.manifest
    assert manifest.links == (("b", "a"), ("b", "c"), ("a", "c"))
    assert list(manifest.qubits) == [*(f"q[{i}]" for i in range(6)), "_bit0"]
    starts = [entry.start for entry in manifest.qubits.values()]
    assert len(set(starts)) == 7
    for node, index in starts:
        assert index < manifest.nodes[node].data
    assert manifest.clbits["never"] is None
    for bit in range(6):
        place = manifest.clbits[f"c[{bit}]"]
        assert place is not None
        assert f"out[{place[1]}] = measure" in bundle.programs[place[0]]
    for name, channel in manifest.channels.items():
        assert name == f"{channel.sender}_to_{'__'.join(channel.receivers)}"
        for node in (channel.sender, *channel.receivers):
            assert f"bit[{channel.size}] {name};" in bundle.programs[node]


def test_the_schedule_speaks_of_the_statements_of_the_programs(bundle: Bundle) -> None:
    schedule = bundle.schedule
    programs = {node: statements(text) for node, text in bundle.programs.items()}
    assert {n: len(t) for n, t in schedule.operations.items()} == {
        n: len(lines) for n, lines in programs.items()
    }
    assert [entry.id for entry in schedule.epr] == list(range(bundle.report.pairs))
    for entry in schedule.epr:
        assert entry.path == bundle.manifest.links[entry.link]
        assert entry.window_ns[0] <= entry.start_ns <= entry.window_ns[1]
        for end, node in zip(entry.ends, entry.path, strict=True):
            assert end.node == node
            line = programs[node][end.statement]
            assert line == f"dqc_epr({entry.link}, {entry.id}) comm[{end.comm}];"
            start, duration = schedule.operations[node][end.statement]
            assert (start, start + duration) == (entry.start_ns, entry.ready_ns)
        limited = entry.link == 0
        assert entry.expiry_ns == (entry.ready_ns + 300_000.0 if limited else None)
        assert entry.fidelity == (0.9 if entry.link == 1 else 0.97)
        assert (entry.gadget_kind, entry.served > 0) == ("open", True)
    for node, statement in schedule.critical_path:
        assert statement < len(programs[node])
    assert schedule.makespan_ns.planned == bundle.report.planned_makespan_ns


def test_messages_arrive_before_they_are_used(bundle: Bundle) -> None:
    kinds = {message.kind for message in bundle.schedule.messages}
    assert kinds <= {"x correction", "z correction", "y correction", "condition", None}
    assert "x correction" in kinds
    assert "condition" in kinds
    for message in bundle.schedule.messages:
        sent = f"{message.register_name}[{message.bit}] = measure"
        assert sent in bundle.programs[message.sender]
        assert message.arrival_ns == pytest.approx(message.send_ns + 500.0)
        if message.deadline_ns is None:
            assert message.slack_ns is None
            continue
        assert f"if ({message.register_name}[{message.bit}]" in bundle.programs[message.receiver]
        assert message.deadline_ns >= message.arrival_ns - 1e-6
        assert message.slack_ns == pytest.approx(message.deadline_ns - message.arrival_ns)


# --- Defects ------------------------------------------------------------------------------------


def test_changed_files_can_be_read_on_purpose(written: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "out"
    shutil.copytree(written, damaged)
    replace("nodes/b.qasm", "reset", "reset ")(damaged)
    bundle = read_bundle(damaged, accept_changed=True)
    assert bundle.changed == ("nodes/b.qasm",)
    assert "reset " in bundle.programs["b"]
    replace("schedule.json", '"epr"', '"ebr"')(damaged)
    with pytest.raises(CompilerError) as caught:
        read_bundle(damaged, accept_changed=True)
    assert {d.code for d in caught.value.diagnostics} == {"DQC306"}
