"""`dqc verify` compares every figure that a bundle tells with its programs and its network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dqc_compiler.bundles import save_bundle, verify_bundle
from dqc_compiler.formats.network_file import Network
from dqc_compiler.formats.schedule_file import ScheduleFile, make_schedule_file
from dqc_compiler.ir import Circuit, GadgetKind, Operation
from dqc_compiler.pareto import compile_front
from dqc_compiler.passes.schedule import ListSchedule
from dqc_compiler.pipeline import Options, compile_circuit
from dqc_compiler.verify.ageing import ageing_problems
from dqc_compiler.verify.causality import causality_problems
from dqc_compiler.verify.programs import ProgramSet
from dqc_compiler.verify.spread import spread_problems
from dqc_compiler.verify.timing import timing_problems
from tests.exact_schedule import random_program
from tests.mutations_emitted import distributed, emitted_task, random_circuit

CIRCUIT = random_circuit(5, qubits=6, gates=60, clbits=2)
Change = Callable[[Any], None]


def network(**link: Any) -> Network:
    made = Network.all_to_all(nodes=3, data_qubits=2, comm_qubits=4)
    links = tuple(replace(each, **link) for each in made.links)
    nodes = tuple(replace(each, t2_us=20_000.0) for each in made.nodes)
    return replace(made, links=links, nodes=nodes)


BOUND = {"holds_for": "every placement", "pairs": 0, "method": "m", "statement": "s"}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with every kind of figure: cutoffs, several channels, corrections and a front."""
    directory = tmp_path_factory.mktemp("figures") / "bundle"
    front = compile_front(
        CIRCUIT, network(cutoff_us=100.0, channels=2), options=Options(preset="fast")
    )
    save_bundle(front.result, directory, pareto=front.entries)
    return directory


def spoiled(original: Path, directory: Path, name: str, change: Change) -> Path:
    """A copy with one file changed, and with the right digests."""
    for source in original.rglob("*.*"):
        target = directory / source.relative_to(original)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    content = json.loads((directory / name).read_text())
    before = json.dumps(content)
    change(content)
    assert json.dumps(content) != before, "nothing was changed"
    (directory / name).write_text(json.dumps(content))
    manifest = json.loads((directory / "manifest.json").read_text())
    if name != "manifest.json":
        digest = hashlib.sha256((directory / name).read_bytes()).hexdigest()
        manifest["files"][name] = digest
    (directory / "manifest.json").write_text(json.dumps(manifest))
    return directory


def refused(directory: Path, circuit: Circuit = CIRCUIT) -> dict[str, str]:
    """The checks that fail, with their details."""
    verdict = verify_bundle(directory, circuit)
    assert verdict.equivalent is False
    return {check.name: check.detail for check in verdict.checks if check.passed is False}


def put(*path: Any, value: Any = None, add: float | None = None, times: float = 1) -> Change:
    """Set the value at a path, or add to it, or multiply it."""

    def change(content: Any) -> None:
        *steps, last = path
        for step in steps:
            content = content[step]
        given = value if add is None and times == 1 else content[last] * times + (add or 0)
        content[last] = given

    return change


def test_right_figures_pass(original: Path) -> None:
    assert verify_bundle(original, CIRCUIT).equivalent


# --- report.json ----------------------------------------------------------------------------------


def first_link(content: Any) -> None:
    content["per_link"][0], content["per_link"][1] = content["per_link"][1], content["per_link"][0]


REPORT: dict[str, tuple[Change, str]] = {
    **{
        key: (put(key, add=70), "manifest.json differ")
        for key in ("ebits", "pairs", "messages", "teleports", "copies", "remote_gates")
    },
    "two_qubit_gates": (put("two_qubit_gates", add=1), "two_qubit_gates are not"),
    "peak": (put("peak_comm_qubits", "n0", add=1), "peak_comm_qubits are not"),
    "bound": (put("bounds", value=[BOUND | {"pairs": 77}]), "the bounds contradict"),
    "bound for all": (
        put("bounds", value=[BOUND | {"pairs": 77, "holds_for": "every protocol"}]),
        "the bounds contradict",
    ),
    "bound without its gap": (put("bounds", value=[BOUND | {"pairs": 1}]), "the bounds contradict"),
    "mean": (put("makespan_ns", "mean", add=1.0), "makespan_ns is not that"),
    "p99": (put("makespan_ns", "p99", add=1.0), "makespan_ns is not that"),
    "planned": (put("planned_makespan_ns", add=1.0), "planned_makespan_ns is not that"),
    "shots": (put("makespan_shots", add=1), "makespan_shots are not those"),
    "lower bound": (put("lower_bound_ns", add=1.0), "lower_bound_ns is not that"),
    "violations": (put("cutoff_violations", "pairs", add=1), "cutoff_violations are not those"),
    "no violations": (put("cutoff_violations", value=None), "cutoff_violations are not those"),
    "link": (put("per_link", 0, "pairs", add=1), "per_link is not"),
    "links": (first_link, "per_link is not"),
    "link missing": (lambda content: content["per_link"].pop(), "per_link is not"),
    "node missing": (lambda content: content["per_node"].pop("n0"), "per_node does not list"),
    **{
        f"node {key}": (put("per_node", "n1", key, add=1), f"per_node of n1: {key} not")
        for key in (
            "data_qubits",
            "comm_qubits",
            "peak_comm_qubits",
            "planned_peak_comm_qubits",
            "pairs",
            "messages_sent",
            "statements",
            "two_qubit_gates",
            "measurements",
            "busy_ns",
        )
    },
    **{
        f"gadgets {kind} {key}": (put("per_gadget", kind, key, add=1), "per_gadget does not")
        for kind in ("open", "close", "move")
        for key in ("count", "pairs")
    },
    "gadget missing": (lambda content: content["per_gadget"].pop("move"), "per_gadget does not"),
    "fidelity": (put("fidelity", add=1e-6), "manifest.json differ"),
    "no fidelity": (put("fidelity", value=None), "not told together"),
    "no estimate": (put("fidelity_estimate", value=None), "not told together"),
    "no error": (put("fidelity_estimate", "at_least", times=1.0001), "at_least is"),
    "distribution": (put("fidelity_estimate", "distribution", times=0.8), "kept their state is"),
    "waiting": (put("fidelity_estimate", "waiting", times=0.8), "comm qubits were perfect is"),
    "link fidelity": (put("per_link", 1, "fidelity", times=1.0001), "fidelity of link 1"),
    "no link fidelity": (put("per_link", 1, "fidelity", value=None), "fidelity of link 1"),
    "gadget fidelity": (put("per_gadget", "open", "fidelity", times=1.0001), "fidelity of open"),
    "fidelity of closing": (put("per_gadget", "close", "fidelity", value=1.0), "fidelity of close"),
    "verdict": (put("verdict", "equivalent", value=None), "the verdicts differ"),
    "front pairs": (put("pareto", -1, "pairs", add=-1), "not one entry has the figures"),
    "front peak": (put("pareto", -1, "peak_comm_qubits", "n0", add=5), "not one entry has"),
    "front time": (put("pareto", -1, "makespan_ns", "p95", add=1.0), "not one entry has"),
    "front verdict": (put("pareto", -1, "equivalent", value=None), "not one entry has"),
    "front bundle": (put("pareto", 0, "in_bundle", value=True), "not one entry has"),
    "front order": (lambda content: content["pareto"].reverse(), "budgets do not ascend"),
    "front monotone": (put("pareto", 0, "pairs", value=0), "more comm qubits cost more"),
    "front largest": (put("pareto", 0, "max_peak_comm_qubits", add=1), "is not the largest peak"),
    "front above": (put("pareto", 0, "peak_comm_qubits", "n0", value=9), "above its budget"),
    "front mark": (put("pareto", 0, "on_front", value=False), "are on the front"),
}


@pytest.mark.parametrize("name", REPORT)
def test_a_wrong_report_is_refused(original: Path, tmp_path: Path, name: str) -> None:
    change, words = REPORT[name]
    found = refused(spoiled(original, tmp_path, "report.json", change))
    assert found.keys() == {"figures"}
    assert words in found["figures"]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("ebits", "e-bits are not copies"),
        ("pairs", "pairs are not those of the programs"),
        ("messages", "messages are not those"),
        ("copies", "e-bits are not copies"),
        ("remote_gates", "remote_gates are more"),
    ],
)
def test_a_report_that_the_manifest_repeats_is_refused(
    original: Path, tmp_path: Path, key: str, words: str
) -> None:
    first = spoiled(original, tmp_path / "first", "report.json", put(key, value=777))
    both = spoiled(first, tmp_path / "both", "manifest.json", put("figures", key, value=777))
    assert words in refused(both)["figures"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("lower_bound_pairs", 77),
        ("gap", {"pairs": 5, "share": 0.5, "minimum_for": []}),
        ("gap", {"pairs": 0, "share": 0.0, "minimum_for": ["every protocol"]}),
    ],
)
def test_bounds_that_the_manifest_repeats_are_refused(
    original: Path, tmp_path: Path, key: str, value: Any
) -> None:
    first = spoiled(original, tmp_path / "first", "report.json", put(key, value=value))
    both = spoiled(first, tmp_path / "both", "manifest.json", put("figures", key, value=value))
    assert "the bounds contradict" in refused(both)["figures"]


@pytest.mark.parametrize("times", [0.8, 1.2])
def test_a_wrong_fidelity_that_the_manifest_repeats_is_refused(
    original: Path, tmp_path: Path, times: float
) -> None:
    first = spoiled(original, tmp_path / "first", "report.json", put("fidelity", times=times))
    change = put("figures", "fidelity", times=times)
    both = spoiled(first, tmp_path / "both", "manifest.json", change)
    found = refused(both)
    assert found.keys() == {"figures"}
    assert found["figures"].startswith("fidelity is")


def test_a_fidelity_of_other_coherence_times_is_refused(original: Path, tmp_path: Path) -> None:
    """No time differs, so the schedule is right."""
    change = put("node", "n1", "t2_us", times=1.01)
    found = refused(spoiled(original, tmp_path, "network.json", change))
    assert found.keys() == {"figures"}
    assert "at_least is" in found["figures"]


@pytest.mark.parametrize("seed", range(3))
def test_right_fidelities_pass(tmp_path: Path, seed: int) -> None:
    """Conditions, resets and every gate: two readings of what noise does to them agree."""
    circuit = random_circuit(seed, qubits=6, gates=40, clbits=3)
    made = Network.all_to_all(nodes=3, data_qubits=2, comm_qubits=2)
    given = replace(made, nodes=tuple(replace(node, t2_us=20_000.0) for node in made.nodes))
    result = compile_circuit(circuit, given, options=Options(preset="fast"))
    save_bundle(result, tmp_path / "bundle")
    checks = {check.name: check for check in verify_bundle(tmp_path / "bundle", circuit).checks}
    assert checks["figures"].passed, checks["figures"].detail


def test_remote_gates_that_the_pairs_do_not_serve(original: Path, tmp_path: Path) -> None:
    first = spoiled(original, tmp_path / "first", "report.json", put("remote_gates", value=1))
    change = put("figures", "remote_gates", value=1)
    both = spoiled(first, tmp_path / "both", "manifest.json", change)
    assert "remote_gates are not those" in refused(both)["figures"]


# --- schedule.json --------------------------------------------------------------------------------


def longest_operation(content: Any) -> None:
    """The end of one node, which nothing waits for, is later."""
    content["operations"]["n0"][-1][1] += 1.0


def late_start(content: Any) -> None:
    """All that follows from it is late as well, except what is told about the whole."""
    content["operations"]["n0"][-1][0] += 1.0


def kind_of_first_correction(content: Any) -> None:
    entry = next(m for m in content["messages"] if m["kind"] == "x correction")
    entry["kind"] = "z correction"


def gadget_twice(content: Any) -> None:
    content["epr"][1]["gadget"] = content["epr"][0]["gadget"]


def other_closing(content: Any) -> None:
    """Closed by the statement before, the gate that turns the copy's basis."""
    content["epr"][0]["copy"]["closed"]["statement"] -= 1


def another_closing(content: Any) -> None:
    """Closed by the measurement of another copy at the same node, with the life that this gives."""
    first = content["epr"][0]["copy"]
    others = [entry["copy"] for entry in content["epr"][1:]]
    other = next(c for c in others if c["closed"]["node"] == first["closed"]["node"])
    times = content["operations"][first["closed"]["node"]]
    later = times[other["closed"]["statement"]][0] - times[first["closed"]["statement"]][0]
    first["closed"] = other["closed"]
    first["life_ns"] += later


def unused_at_once(content: Any) -> None:
    """A half that is used as soon as it is there is said never to be."""
    entry = next(e for e in content["epr"] if 0.0 in e["age_ns"])
    entry["age_ns"][entry["age_ns"].index(0.0)] = None


def message_twice(content: Any) -> None:
    content["messages"].append(content["messages"][0])


SCHEDULE: dict[str, tuple[Change, str]] = {
    "duration": (longest_operation, "with this network"),
    "path": (lambda content: content["epr"][0]["path"].reverse(), ": path not"),
    "comm": (put("epr", 0, "ends", 0, "comm", add=1), ": ends not"),
    "earliest": (put("epr", 0, "window_ns", 0, add=-1.0), ": window_ns not"),
    "latest": (put("epr", 0, "window_ns", 1, add=1.0), ": window_ns not"),
    "ready": (put("epr", 0, "ready_ns", add=1.0), ": ready_ns not"),
    "expiry": (put("epr", 0, "expiry_ns", add=1.0), ": expiry_ns not"),
    "no expiry": (put("epr", 0, "expiry_ns", value=None), ": expiry_ns not"),
    "fidelity": (put("epr", 0, "fidelity", value=0.98), ": fidelity not"),
    "gadget kind": (put("epr", 0, "gadget_kind", value="close"), ": gadget_kind not"),
    "no gadget": (put("epr", 0, "gadget", value=None), ": gadget_kind not"),
    "gadget": (gadget_twice, "do not join two processors"),
    "served": (put("epr", 0, "served", add=70), ": served not"),
    "order": (lambda content: content["epr"].reverse(), "not in order"),
    "hold": (put("epr", 0, "hold_ns", value=1.0), "before its hold_ns is over"),
    "age": (put("epr", 0, "age_ns", 0, add=1.0), "age_ns at n"),
    "other age": (put("epr", 3, "age_ns", 1, add=-1.0), "age_ns at n"),
    "never used": (put("epr", 0, "age_ns", 0, value=None), "age_ns at n"),
    "life": (put("epr", 0, "copy", "life_ns", add=1.0), "life_ns not"),
    "opened": (put("epr", 0, "copy", "opened", "statement", add=-1), "opened by"),
    "opened elsewhere": (put("epr", 0, "copy", "opened", "node", value="n9"), "does not exist"),
    "never used at once": (unused_at_once, "age_ns at n"),
    "closed": (other_closing, "closed by"),
    "closed with another": (another_closing, "closed by"),
    "closed nowhere": (put("epr", 0, "copy", "closed", "statement", value=9999), "does not exist"),
    "no copy": (put("epr", 0, "copy", value=None), "copies_with_cutoff is"),
    **{
        f"violations {name}": (put("cutoff_violations", name, add=1), f": {name} is")
        for name in ("pairs_with_cutoff", "copies_with_cutoff", "pairs", "copies")
    },
    **{
        f"violations {name} {times}": (
            put("cutoff_violations", name, times=times),
            f"cutoff_violations: {name} is",
        )
        for name, times in (
            ("pair_rate", 3.0),
            ("pair_rate", 0.0),
            ("copy_rate", 2.0),
            ("copy_rate", 0.3),
            ("run_rate", 0.5),
            ("run_rate", 0.7),
        )
    },
    "untold violations": (put("cutoff_violations", value=None), "links have a cutoff"),
    "arrival": (put("messages", 0, "slack_ns", add=1.0), "message 0: slack_ns"),
    "deadline": (put("messages", 0, "deadline_ns", add=1.0), "message 0: deadline_ns"),
    "no deadline": (put("messages", 0, "deadline_ns", value=None), "message 0: deadline_ns"),
    "no slack": (put("messages", 0, "slack_ns", value=None), "message 0: slack_ns"),
    "kind": (kind_of_first_correction, ": kind not"),
    "id": (put("messages", 0, "id", add=1), "message 0: id"),
    "message missing": (lambda content: content["messages"].pop(), "list every message"),
    "message twice": (message_twice, "list every message"),
    "no path": (put("critical_path", value=[]), "critical path is empty"),
    "path begins": (lambda content: content["critical_path"].pop(0), "begin at the start"),
    "path ends": (lambda content: content["critical_path"].pop(), "lead to the end"),
    "path breaks": (lambda content: content["critical_path"].pop(3), "does not wait for"),
    "path leaves": (put("critical_path", 1, 1, value=9999), "does not exist"),
    "path of nobody": (put("critical_path", 1, 0, value="n9"), "does not exist"),
    "planned": (put("makespan_ns", "planned", add=1.0), "planned is not"),
    **{
        f"{name} x {times}": (put("makespan_ns", name, times=times), f"makespan_ns: {name} is")
        for name, times in (
            ("mean", 0.9),
            ("mean", 1.1),
            ("p50", 0.8),
            ("p50", 1.25),
            ("p95", 0.8),
            ("p99", 0.7),
            ("p99", 3.0),
        )
    },
}


@pytest.mark.parametrize("name", SCHEDULE)
def test_a_wrong_schedule_is_refused(original: Path, tmp_path: Path, name: str) -> None:
    change, words = SCHEDULE[name]
    found = refused(spoiled(original, tmp_path, "schedule.json", change))
    assert words in found["schedule"]


NETWORK: dict[str, tuple[Change, str]] = {
    "one qubit": (put("node", "n0", "gate_1q_ns", add=1.0), "with this network"),
    "two qubits": (put("node", "n0", "gate_2q_ns", add=1.0), "with this network"),
    "measure": (put("node", "n0", "measure_ns", add=1.0), "with this network"),
    "attempts": (put("link", 0, "attempt_ns", times=2.0), "with this network"),
    "probability": (put("link", 0, "success_probability", times=0.5), "with this network"),
    "cutoff": (put("link", 0, "cutoff_us", value=901.0), "expiry_ns"),
    "fidelity": (put("link", 0, "fidelity", value=0.9), "fidelity"),
}


@pytest.mark.parametrize("name", NETWORK)
def test_a_schedule_for_another_network_is_refused(
    original: Path, tmp_path: Path, name: str
) -> None:
    change, words = NETWORK[name]
    found = refused(spoiled(original, tmp_path, "network.json", change))
    assert words in found["schedule"]


def test_faster_attempts_of_the_same_mean_have_another_spread(
    original: Path, tmp_path: Path
) -> None:
    """No planned time differs."""

    def change(content: Any) -> None:
        for link in content["link"]:
            link["attempt_ns"] /= link["success_probability"]
            link["success_probability"] = 1.0

    found = refused(spoiled(original, tmp_path, "network.json", change))
    assert found["schedule"].startswith("makespan_ns: mean is")


def test_pairs_that_overlap_on_one_channel_are_refused(tmp_path: Path) -> None:
    """In one of a few circuits two pairs are generated at once, if there are channels for it."""
    made = Network.all_to_all(nodes=2, data_qubits=3, comm_qubits=None)
    given = replace(made, links=(replace(made.links[0], channels=9),))
    change = put("link", 0, "channels", value=1)
    details = []
    for seed in range(4):
        circuit = random_circuit(seed, qubits=6, gates=60)
        right, wrong = tmp_path / f"right {seed}", tmp_path / f"wrong {seed}"
        save_bundle(compile_circuit(circuit, given, options=Options(preset="fast")), right)
        spoiled(right, wrong, "network.json", change)
        checks = verify_bundle(wrong, circuit).checks
        details += [check.detail for check in checks if check.passed is False]
    assert any("link 0 generates 2 pairs at" in detail for detail in details)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("probability", [1.0, 0.7, 0.001])
def test_right_spreads_pass(tmp_path: Path, probability: float, channels: int) -> None:
    given = network(success_probability=probability, channels=channels, latency_ns=5e3)
    result = compile_circuit(CIRCUIT, given, options=Options(preset="fast"))
    assert save_bundle(result, tmp_path / "bundle").report.verdict.equivalent is True


AGEING_CIRCUITS = (10, 24, 51)  # with pairs and copies that are too old


def aged(seed: int) -> tuple[ProgramSet, ScheduleFile]:
    """A program in which homes change, on links with a short cutoff, with its schedule."""
    circuit = random_circuit(seed, qubits=6, gates=60, clbits=2)
    program = distributed(circuit, seed, nodes=3, comm=3, moves=True)
    assert (program.gadget_kind == GadgetKind.MOVE).any()
    links = tuple(replace(link, cutoff_us=80.0) for link in program.network.links)
    program = replace(program, network=replace(program.network, links=links))
    schedule = ListSchedule().run(program)
    return emitted_task(program), make_schedule_file(schedule)


@pytest.mark.parametrize("seed", AGEING_CIRCUITS)
def test_right_ages_pass_where_homes_change(seed: int) -> None:
    task, told = aged(seed)
    for look in (causality_problems, timing_problems, ageing_problems, spread_problems):
        assert look(task, told) == []
    assert told.cutoff_violations is not None
    assert told.cutoff_violations.pair_rate > 0.005
    assert told.cutoff_violations.copy_rate > 0.005
    rate = told.cutoff_violations.model_copy(update={"copy_rate": 0.0})
    problems = spread_problems(task, told.model_copy(update={"cutoff_violations": rate}))
    assert len(problems) == 1
    assert "copy_rate is 0" in problems[0]


def test_pairs_that_are_not_held_as_they_say_are_refused() -> None:
    program = random_program(1, pairs=12, comm=4, success_probability=0.02, cutoff_us=60.0)
    task, told = emitted_task(program), make_schedule_file(ListSchedule().run(program))
    assert any(entry.hold_ns > 0 for entry in told.epr)
    assert spread_problems(task, told) == []
    entries = tuple(entry.model_copy(update={"hold_ns": 0.0}) for entry in told.epr)
    assert spread_problems(task, told.model_copy(update={"epr": entries}))


def test_delays_and_barriers_take_their_time(tmp_path: Path) -> None:
    rows = [
        Operation("delay", (0,), (1234.5,)),
        Operation("barrier", (0, 1, 2)),
        Operation("cz", (0, 2)),
        Operation("reset", (1,)),
    ]
    circuit = Circuit.from_operations("slow", ("q[0]", "q[1]", "q[2]"), (), rows)
    made = Network.all_to_all(nodes=3, data_qubits=1, comm_qubits=1)
    contents = save_bundle(compile_circuit(circuit, made), tmp_path / "bundle")
    assert contents.report.verdict.equivalent is True
    assert verify_bundle(tmp_path / "bundle", circuit).equivalent is True
