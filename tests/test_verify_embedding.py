"""A gate that has to reach every copy of a qubit: no incomplete or wrong variant is recovered."""

from __future__ import annotations

import pytest

from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.verify import verify_programs
from dqc_compiler.verify.canonical import circuit_form
from dqc_compiler.verify.compare import first_difference
from dqc_compiler.verify.symbolic import recover
from tests.mutations_oracle import agree, of_circuit, of_programs
from tests.mutations_programs import CASES, LARGER_CASES, Case, circuit_of, task_of

EMBEDDED = next(given for given in CASES if given.name == "embedded gate")
OWED = next(given for given in CASES if given.name.startswith("correction owed"))
LARGER = LARGER_CASES[0]


def changed(given: Case, node: str, *changes: tuple[str, str]) -> Case:
    text = "\n".join(given.programs[node])
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return given.edited(node, [line for line in text.splitlines() if line])


CLOSE = "h comm[0];\nb_to_a[1] = measure comm[0];"
WRONG = {
    "a copy is forgotten": changed(EMBEDDED, "b", ("cx data[0], comm[0];", "")),
    "only a copy": changed(EMBEDDED, "a", ("cz data[0], comm[1];", "")),
    "wrong basis at the copy": changed(
        EMBEDDED, "b", ("cx data[0], comm[0];", "cz data[0], comm[0];")
    ),
    "wrong basis at the root": changed(
        EMBEDDED, "a", ("cz data[0], comm[1];", "cx data[0], comm[1];")
    ),
    "control and target exchanged": changed(
        EMBEDDED, "b", ("cx data[0], comm[0];", "cx comm[0], data[0];")
    ),
    "twice at the copy": changed(
        EMBEDDED, "b", ("cx data[0], comm[0];", "cx data[0], comm[0];\ncx data[0], comm[0];")
    ),
    "the partner's axis changes in between": changed(
        EMBEDDED, "b", ("cx data[0], comm[0];", "h data[0];\ncx data[0], comm[0];\nh data[0];")
    ),
    "the partner's copy owes its X": changed(
        EMBEDDED,
        "a",
        ("if (b_to_a[0]) { x comm[1]; }\n", ""),
        ("cz data[0], comm[1];", "cz data[0], comm[1];\nif (b_to_a[0]) { x comm[1]; }"),
    ),
    "the copy owes its X": changed(
        EMBEDDED,
        "b",
        ("if (a_to_b[0]) { x comm[0]; }\n", ""),
        ("h comm[0];\nrzz(0.7)", "rzz(0.7)"),
    ),
    "an angle that is not pi": changed(
        EMBEDDED, "a", ("cz data[0], comm[1];", "cp(3.1) data[0], comm[1];")
    ),
    "no angle that is pi": changed(
        changed(EMBEDDED, "a", ("cz data[0], comm[1];", "cp(2.0) data[0], comm[1];")),
        "b",
        ("cx data[0], comm[0];", "crx(2.0) data[0], comm[0];"),
    ),
    "the copy is closed in between": changed(
        EMBEDDED,
        "b",
        (CLOSE, ""),
        ("cx data[0], comm[0];", CLOSE + "\ncx data[0], comm[0];"),
    ),
    "the copy is closed instead": changed(
        EMBEDDED, "b", (CLOSE, ""), ("cx data[0], comm[0];\nrzz(-1.9) comm[0], data[0];", CLOSE)
    ),
    "the partner does not owe what the qubit owed": changed(
        OWED, "b", ("if (c_to_a__b[0]) { z data[0]; }\n", "")
    ),
    "the third member is forgotten": changed(LARGER, "c", ("cx comm[1], comm[0];", "")),
    "the third member uses another qubit": changed(
        LARGER, "c", ("cx comm[1], comm[0];", "cx data[0], comm[0];")
    ),
}


def is_recovered(given: Case) -> bool:
    circuit = circuit_of(given)
    try:
        form = recover(task_of(given))
    except CompilerError:
        return False
    return first_difference(circuit_form(circuit), form, circuit.qubits, circuit.clbits) is None


@pytest.mark.parametrize("name", WRONG)
def test_wrong_variants_are_rejected(name: str) -> None:
    given = WRONG[name]
    circuit, task = circuit_of(given), task_of(given)
    assert not agree(of_circuit(circuit), of_programs(task))
    assert verify_programs(task, circuit, level="auto").equivalent is False
    assert not is_recovered(given)


@pytest.mark.parametrize("given", [EMBEDDED, OWED, LARGER], ids=lambda given: given.name)
def test_every_check_agrees_with_right_programs(given: Case) -> None:
    verdict = verify_programs(task_of(given), circuit_of(given), level="all")
    assert is_recovered(given)
    assert verdict.equivalent is True
    assert all(check.passed is not False for check in verdict.checks)
    assert {"symbolic"} <= {check.name for check in verdict.checks if check.passed}
