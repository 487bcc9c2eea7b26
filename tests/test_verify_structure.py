"""Every static guarantee, broken on purpose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dqc_compiler.formats.flat_qasm import read_flat_qasm
from dqc_compiler.formats.schedule_file import ScheduleFile, make_schedule_file
from dqc_compiler.ir import Node
from dqc_compiler.passes.schedule import ListSchedule
from dqc_compiler.verify.causality import causality_problems
from dqc_compiler.verify.programs import ProgramSet
from dqc_compiler.verify.structure import channel_ends, peak_comm_qubits, structure_problems
from tests.mutations_emitted import distributed, emitted_task, random_circuit
from tests.mutations_programs import CASES, Case, network_of, task_of, texts_of

PACKET = next(given for given in CASES if given.name == "packet Z")
TREE = next(given for given in CASES if given.name == "cat tree")
MEASURED = next(given for given in CASES if given.name.startswith("measurement"))


@pytest.mark.parametrize("given", CASES, ids=lambda given: given.name)
def test_right_programs_keep_every_guarantee(given: Case) -> None:
    assert structure_problems(task_of(given)) == []


def changed(given: Case, node: int, *replacements: tuple[str, str]) -> ProgramSet:
    """The task with one program's text changed."""
    task = task_of(given)
    text = texts_of(given)[node]
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    programs = list(task.programs)
    programs[node] = read_flat_qasm(text, source=programs[node].source)
    return replace(task, programs=tuple(programs))


BROKEN: dict[str, tuple[ProgramSet, str]] = {
    "no reset": (changed(PACKET, 0, ("reset comm[0];\n", "")), "not reset just before"),
    "reset of another qubit": (
        changed(TREE, 1, ("reset comm[1];", "reset comm[0];")),
        "not reset just before",
    ),
    "a gate after the reset": (
        changed(PACKET, 0, ("reset comm[0];\n", "reset comm[0];\nx comm[0];\n")),
        "not reset just before",
    ),
    "another pair": (changed(PACKET, 0, ("dqc_epr(0, 0)", "dqc_epr(0, 1)")), "two ends"),
    "the same pair twice": (
        changed(PACKET, 0, ("dqc_epr(0, 0) comm[0];", "dqc_epr(0, 0) comm[0];reset comm[0];" * 2)),
        "two ends",
    ),
    "another link": (changed(TREE, 0, ("dqc_epr(0, 0)", "dqc_epr(2, 0)")), "does not end at a"),
    "no such link": (changed(PACKET, 0, ("dqc_epr(0, 0)", "dqc_epr(5, 0)")), "no link 5"),
    "a pair in data": (
        changed(PACKET, 0, ("dqc_epr(0, 0) comm[0]", "dqc_epr(0, 0) data[0]")),
        "belongs in comm",
    ),
    "written twice": (
        changed(PACKET, 0, ("a_to_b[0] = measure comm[0];", "a_to_b[0] = measure comm[0];" * 2)),
        "written before",
    ),
    "written by the receiver": (
        changed(PACKET, 1, ("b_to_a[0] = measure", "a_to_b[0] = measure")),
        "does not send it",
    ),
    "never written": (changed(PACKET, 1, ("b_to_a[0] = measure comm[0];", "")), "nobody writes"),
    "another channel size": (changed(PACKET, 0, ("bit[1] a_to_b", "bit[2] a_to_b")), "bits, but"),
    "a channel of others": (
        changed(TREE, 0, ("bit[1] m_to_a;", "bit[1] m_to_a;\nbit[1] m_to_b;")),
        "not a channel of this node",
    ),
    "receivers out of order": (
        changed(TREE, 0, ("a_to_m__b", "a_to_b__m")),
        "not a channel of this node",
    ),
    "another bit register": (
        changed(PACKET, 0, ("bit[1] a_to_b;", "bit[1] a_to_b;\nbit[1] c;")),
        "not a channel",
    ),
    "another qubit register": (
        changed(PACKET, 0, ("qubit[1] comm;", "qubit[1] comm;\nqubit[1] q;")),
        "no qubit register q",
    ),
    "too many data qubits": (
        changed(PACKET, 0, ("qubit[1] data;", "qubit[2] data;")),
        "data has 2 qubits, the node has 1",
    ),
    "too many comm qubits": (
        changed(PACKET, 0, ("qubit[1] comm;", "qubit[2] comm;")),
        "comm has 2 qubits, the node has 1",
    ),
    "start twice": (replace(task_of(TREE), start=((0, 0), (0, 0), (2, 0))), "another qubit is at"),
    "start nowhere": (replace(task_of(TREE), start=((0, 0), (1, 3), (2, 0))), "has no data[3]"),
    "end nowhere": (replace(task_of(TREE), end=((0, 0), (1, -1), (2, 0))), "has no data[-1]"),
    "bit nowhere": (replace(task_of(MEASURED), clbits=((0, 0), (1, 7))), "does not write out[7]"),
    "bit twice": (replace(task_of(MEASURED), clbits=((0, 0), (0, 0))), "another bit is at"),
    "deadlock": (
        changed(PACKET, 0, ("reset comm[0];\n", "if (b_to_a[0]) { z data[0]; }\nreset comm[0];\n")),
        "no node can go on",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_guarantee_is_named(case: str) -> None:
    task, words = BROKEN[case]
    problems = structure_problems(task)
    assert any(words in problem for problem in problems), problems


def test_unlimited_comm_qubits_have_no_limit() -> None:
    task = changed(PACKET, 0, ("qubit[1] comm;", "qubit[9] comm;"))
    first, second = task.network.nodes
    unlimited = Node(name=first.name, data_qubits=1, comm_qubits=None)
    network = replace(task.network, nodes=(unlimited, second))
    assert structure_problems(replace(task, network=network)) == []


def test_names_of_channels() -> None:
    network = network_of(TREE)
    assert channel_ends("a_to_m__b", network) == (0, (1, 2))
    for name in ("a_to_b__m", "a_to_a", "a_to_", "_to_b", "a_b", "a_to_m__m", "a_to_x", "out"):
        assert channel_ends(name, network) is None


@pytest.mark.parametrize("seed", range(5))
def test_comm_qubits_in_use_are_counted_from_the_text(seed: int) -> None:
    circuit = random_circuit(seed, qubits=6, gates=50, clbits=2)
    program = distributed(circuit, seed, nodes=3, comm=(1, 2, None)[seed % 3], moves=True)
    counted = [peak_comm_qubits(text) for text in emitted_task(program).programs]
    assert counted == program.peak_comm.tolist()


# The schedule.


@pytest.fixture(scope="module")
def scheduled() -> tuple[ProgramSet, dict[str, object]]:
    circuit = random_circuit(4, qubits=4, gates=25, clbits=1)
    program = distributed(circuit, 4, nodes=2, comm=1)
    schedule = make_schedule_file(ListSchedule().run(program))
    return emitted_task(program), schedule.model_dump(by_alias=True)


def problems_of(task: ProgramSet, content: dict[str, object]) -> list[str]:
    return causality_problems(task, ScheduleFile.model_validate(content))


def test_a_right_schedule(scheduled: tuple[ProgramSet, dict[str, object]]) -> None:
    assert problems_of(*scheduled) == []


def moved(content: dict, node: str, index: int, by: float) -> dict:
    times = list(content["operations"][node])
    times[index] = (times[index][0] + by, times[index][1])
    return {**content, "operations": {**content["operations"], node: tuple(times)}}


def test_statements_that_start_too_early(
    scheduled: tuple[ProgramSet, dict[str, object]],
) -> None:
    task, content = scheduled
    seen = set()
    for node, program in zip(("n0", "n1"), task.programs, strict=True):
        for index, statement in enumerate(program.statements):
            if content["operations"][node][index][0] < 5.0:
                continue
            found = problems_of(task, moved(content, node, index, -1e9))
            assert found, statement
            seen |= {
                word for word in ("busy", "arrived", "different times") for f in found if word in f
            }
    assert seen == {"busy", "arrived", "different times"}


def test_a_pair_or_message_that_is_described_wrongly(
    scheduled: tuple[ProgramSet, dict[str, object]],
) -> None:
    task, content = scheduled
    pair, message = dict(content["epr"][0]), dict(content["messages"][0])

    def with_pair(**changes: object) -> list[str]:
        return problems_of(task, {**content, "epr": ({**pair, **changes}, *content["epr"][1:])})

    def with_message(**changes: object) -> list[str]:
        first = {**message, **changes}
        return problems_of(task, {**content, "messages": (first, *content["messages"][1:])})

    assert with_pair(start_ns=pair["start_ns"] + 1)
    assert with_pair(ready_ns=pair["ready_ns"] - 1)
    assert with_pair(window_ns=(pair["start_ns"] + 1, pair["start_ns"] + 2))
    assert with_pair(ends=tuple({**end, "statement": 0} for end in pair["ends"]))
    assert problems_of(task, {**content, "epr": content["epr"][1:]})
    assert with_message(send_ns=message["send_ns"] - 1)
    assert with_message(arrival_ns=message["arrival_ns"] - 1)
    assert with_message(arrival_ns=message["arrival_ns"] + 1e9)
    assert with_message(**{"from": message["to"], "to": message["from"]})
    assert with_message(bit=message["bit"] + 1000)
    shorter = {**content["operations"], "n0": content["operations"]["n0"][1:]}
    assert problems_of(task, {**content, "operations": shorter})
