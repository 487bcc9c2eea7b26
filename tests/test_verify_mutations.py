"""A checker that has never been seen to fail proves nothing: spoil right programs and look.

A mutant counts if an exact simulation of all outcomes says that it computes something else. Every
check that passes such a mutant is wrong; the symbolic machine must not pass a single one.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.verify import verify_programs
from dqc_compiler.verify.canonical import circuit_form
from dqc_compiler.verify.compare import first_difference
from dqc_compiler.verify.external import external_evidence
from dqc_compiler.verify.stitch import circuit_computation, stitch
from dqc_compiler.verify.structure import structure_problems
from dqc_compiler.verify.symbolic import recover
from dqc_compiler.verify.zx import is_proven_equal
from tests.mutations import mutants
from tests.mutations_emitted import distributed, emitted_task, random_circuit
from tests.mutations_oracle import agree, of_circuit, of_programs
from tests.mutations_programs import CASES, Case, case, circuit_of, task_of

PER_KIND = 4  # mutants of each kind and case; all of them were tried once
EXTERNALLY = 4  # every so many of them also meet the other engines, which take longer


def sample(given: Case) -> Iterator[tuple[str, Case]]:
    kinds: dict[str, list[tuple[str, Case]]] = {}
    for label, mutant in mutants(given):
        kinds.setdefault(label.split(":")[0], []).append((label, mutant))
    chance = random.Random(given.name)
    for kind, found in sorted(kinds.items()):
        count = len(found) if kind == "dropped" else min(PER_KIND, len(found))
        yield from chance.sample(found, count)


def symbolic_difference(circuit, task) -> str | None:
    try:
        form = recover(task)
    except CompilerError as error:
        return error.diagnostics[0].message_text
    return first_difference(circuit_form(circuit), form, circuit.qubits, circuit.clbits)


@pytest.mark.parametrize("given", CASES, ids=lambda given: given.name)
def test_no_wrong_mutant_passes(given: Case) -> None:
    circuit = circuit_of(given)
    right = of_circuit(circuit)
    seen: Counter[str] = Counter()
    for label, mutant in sample(given):
        task = task_of(mutant)
        if structure_problems(task):
            seen["broken"] += 1
            continue
        if agree(right, of_programs(task)):
            seen["equal by accident"] += 1
            continue
        seen["wrong"] += 1
        assert symbolic_difference(circuit, task) is not None, label
        if seen["wrong"] % EXTERNALLY:
            continue
        seen["tried externally"] += 1
        for evidence in external_evidence(task, circuit, level="auto"):
            assert not evidence.check.passed, (label, evidence)
            seen[f"refuted by {evidence.check.name}"] += evidence.check.passed is False
    assert seen["wrong"] > 20
    assert seen["broken"] > 5
    assert seen["refuted by all outcomes"] == seen["tried externally"] > 5


@pytest.mark.parametrize("given", CASES, ids=lambda given: given.name)
def test_the_verdict_on_wrong_mutants_is_negative(given: Case) -> None:
    circuit = circuit_of(given)
    right = of_circuit(circuit)
    for label, mutant in list(sample(given))[::17]:
        task = task_of(mutant)
        if structure_problems(task) or not agree(right, of_programs(task)):
            assert verify_programs(task, circuit, level="all").equivalent is False, label
        else:
            assert verify_programs(task, circuit, level="all").equivalent is not False, label


def _teleport(receiver: str, *, early: str = "") -> Case:
    return case(
        "known wrong",
        "ryy(0.6) q[0], q[1];\nU(0.4, 0.2, 0.9) q[0];",
        "a0 b0",
        "b1 b0",
        a=f"""
        reset comm[0];
        dqc_epr(0, 0) comm[0];
        cy comm[0], data[0];
        h comm[0];
        a_to_b[0] = measure comm[0];
        {early}
        a_to_b[1] = measure data[0];
        """,
        b=receiver,
    )


_RECEIVE = "reset comm[0];\ndqc_epr(0, 0) comm[0];\nh comm[0];\nif (a_to_b[0]) { x comm[0]; }\n"
_LEAVE = "if (a_to_b[1]) { z comm[0]; }\nh comm[0];\ns comm[0];\n"
_REST = "swap comm[0], data[1];\nU(0.4, 0.2, 0.9) data[1];\n"
_GATE = "rzy(0.6) comm[0], data[0];\n"

RIGHT = _teleport(_RECEIVE + _GATE + _LEAVE + _REST)
KNOWN_WRONG = {
    "a Y copy leaves Z form without its s": _teleport(
        _RECEIVE + _GATE + _LEAVE.replace("s comm[0];\n", "") + _REST
    ),
    "x on the root only": _teleport(_RECEIVE + _GATE + _LEAVE + _REST, early="x data[0];"),
    "s on root and copy": _teleport(
        _RECEIVE + _GATE + "s comm[0];\n" + _LEAVE + _REST,
        early="rx(pi/2) data[0];\nry(pi/2) data[0];",
    ),
    "a live copy is reset": _teleport(_RECEIVE + "reset comm[0];\n" + _GATE + _LEAVE + _REST),
    "h on the root before its correction": _teleport(
        _RECEIVE + _GATE + "h comm[0];\ns comm[0];\nif (a_to_b[1]) { z comm[0]; }\n" + _REST
    ),
    "a correction twice": _teleport(
        _RECEIVE + _GATE + "if (a_to_b[1]) { z comm[0]; }\n" + _LEAVE + _REST
    ),
    "the copy is used after its close": _teleport(_RECEIVE + _LEAVE + _REST + _GATE),
}


def test_the_right_variant_passes() -> None:
    assert verify_programs(task_of(RIGHT), circuit_of(RIGHT), level="all").equivalent is True


@pytest.mark.parametrize("name", KNOWN_WRONG)
def test_known_wrong_variants(name: str) -> None:
    given = KNOWN_WRONG[name]
    circuit, task = circuit_of(given), task_of(given)
    assert not structure_problems(task)
    assert not agree(of_circuit(circuit), of_programs(task)), "the variant is not wrong"
    assert symbolic_difference(circuit, task) is not None
    assert verify_programs(task, circuit, level="all").equivalent is False


def test_a_correction_to_the_old_home_after_a_move() -> None:
    given = next(entry for entry in CASES if entry.name.startswith("move while"))
    c = [line for line in given.programs["c"] if "b_to_c" not in line]
    b = [line.replace("b_to_c", "b_to_a") for line in given.programs["b"]]
    a = [*given.programs["a"], "if (b_to_a[0]) { z data[0]; }"]
    mutant = given.edited("a", a).edited("b", b).edited("c", c)
    circuit, task = circuit_of(mutant), task_of(mutant)
    assert not structure_problems(task)
    assert not agree(of_circuit(circuit), of_programs(task))
    assert symbolic_difference(circuit, task) is not None
    assert verify_programs(task, circuit, level="all").equivalent is False


def _without(task, node: int, index: int):
    program = task.programs[node]
    statements = (*program.statements[:index], *program.statements[index + 1 :])
    programs = list(task.programs)
    programs[node] = replace(program, statements=statements)
    return replace(task, programs=tuple(programs))


@pytest.mark.parametrize("seed", range(2))
def test_no_statement_of_an_emitted_program_can_be_dropped(seed: int) -> None:
    """Small enough for the oracle, so that what is harmless is not counted."""
    circuit = random_circuit(seed, qubits=3, gates=7)
    task = emitted_task(distributed(circuit, seed, nodes=3, comm=1))
    right = of_circuit(circuit)
    wrong = 0
    for node, program in enumerate(task.programs):
        for index, statement in enumerate(program.statements):
            if statement.writes is not None or statement.name == "dqc_epr":
                continue
            mutant = _without(task, node, index)
            if structure_problems(mutant) or agree(right, of_programs(mutant)):
                continue
            wrong += 1
            assert symbolic_difference(circuit, mutant) is not None, statement
    assert wrong > 5


@pytest.mark.parametrize("seed", range(2))
def test_external_engines_see_mutants_of_emitted_clifford_programs(seed: int) -> None:
    circuit = random_circuit(seed, qubits=6, gates=40, clifford=True)
    task = emitted_task(distributed(circuit, 3, nodes=3, comm=2))
    chance = random.Random(seed)
    caught: Counter[str] = Counter()
    for _ in range(15):
        node = chance.randrange(3)
        index = chance.randrange(len(task.programs[node].statements))
        statement = task.programs[node].statements[index]
        if statement.writes is not None or statement.name in ("dqc_epr", "reset"):
            continue
        mutant = _without(task, node, index)
        if symbolic_difference(circuit, mutant) is None:
            continue
        checks = [item.check for item in external_evidence(mutant, circuit, level="auto")]
        is_refuted = checks[-1].name == "stabilizer flows" and checks[-1].passed is False
        caught["flows"] += is_refuted
        # zx is not asked any more then, and must not prove what the flows refute
        assert not is_refuted or not is_proven_equal(circuit_computation(circuit), stitch(mutant))
    assert caught["flows"] > 3
