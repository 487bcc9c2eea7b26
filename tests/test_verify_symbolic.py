"""The symbolic machine recovers the circuit of right programs, in every interleaving."""

from __future__ import annotations

import random

import pytest

from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.verify.canonical import circuit_form
from dqc_compiler.verify.compare import first_difference
from dqc_compiler.verify.symbolic import recover
from tests.growth import growth
from tests.mutations_emitted import distributed, emitted_task, random_circuit
from tests.mutations_oracle import agree, of_circuit, of_programs
from tests.mutations_programs import CASES, LARGER_CASES, Case, case, circuit_of, task_of


def difference(circuit, task, *, seed: int | None = None) -> str | None:
    choose = None if seed is None else random.Random(seed).randrange
    found = recover(task, choose=choose)
    return first_difference(circuit_form(circuit), found, circuit.qubits, circuit.clbits)


@pytest.mark.parametrize("given", CASES + LARGER_CASES, ids=lambda given: given.name)
def test_written_programs_are_right_on_every_outcome(given: Case) -> None:
    assert agree(of_circuit(circuit_of(given)), of_programs(task_of(given)))


@pytest.mark.parametrize("given", CASES + LARGER_CASES, ids=lambda given: given.name)
def test_written_programs_are_recovered_in_every_interleaving(given: Case) -> None:
    circuit, task = circuit_of(given), task_of(given)
    assert difference(circuit, task) is None
    for seed in range(20):
        assert difference(circuit, task, seed=seed) is None


@pytest.mark.parametrize("comm", [1, 2, None])
@pytest.mark.parametrize("seed", range(8))
def test_emitted_programs_are_recovered(seed: int, comm: int | None) -> None:
    circuit = random_circuit(seed, qubits=6, gates=60, clbits=2 * (seed % 2))
    task = emitted_task(
        distributed(circuit, seed, nodes=2 + seed % 3, comm=comm, moves=seed % 4 > 1)
    )
    assert difference(circuit, task) is None
    assert difference(circuit, task, seed=seed) is None


def test_recovery_takes_time_in_proportion() -> None:
    tasks = {}
    for gates in (700, 2_800):
        circuit = random_circuit(3, qubits=30, gates=gates)
        tasks[gates] = (circuit, emitted_task(distributed(circuit, 3, nodes=3, comm=2)))

    def recover(gates: int) -> None:
        assert difference(*tasks[gates]) is None

    assert growth(recover, 700) < 1.4


REFUSED = [
    case(
        "a copy is used before its correction",
        "cz q[0], q[1];",
        "a0 b0",
        a="""
        reset comm[0]; dqc_epr(0, 0) comm[0]; cz comm[0], data[0]; h comm[0];
        a_to_b[0] = measure comm[0];
        if (b_to_a[0]) { z data[0]; }
        """,
        b="""
        reset comm[0]; dqc_epr(0, 0) comm[0]; h comm[0];
        cx comm[0], data[0];
        if (a_to_b[0]) { x comm[0]; }
        h comm[0];
        b_to_a[0] = measure comm[0];
        """,
    ),
    case(
        "a half is measured that nobody has used",
        "",
        "a0 b0",
        a="reset comm[0]; dqc_epr(0, 0) comm[0]; h comm[0]; a_to_b[0] = measure comm[0];",
        b="reset comm[0]; dqc_epr(0, 0) comm[0]; a_to_b[1] = measure comm[0];".replace(
            "a_to_b[1]", "b_to_a[0]"
        ),
    ),
    case(
        "two qubits of the circuit are compared",
        "",
        "a0 a1 b0",
        a="""
        reset comm[0]; dqc_epr(0, 0) comm[0];
        cx data[0], comm[0]; cx data[1], comm[0];
        a_to_b[0] = measure comm[0];
        """,
        b="reset comm[0]; dqc_epr(0, 0) comm[0]; h comm[0]; b_to_a[0] = measure comm[0];",
    ),
    case(
        "a pair is left over",
        "",
        "a0 b0",
        a="reset comm[0]; dqc_epr(0, 0) comm[0];",
        b="reset comm[0]; dqc_epr(0, 0) comm[0];",
    ),
    case(
        "a gate on a qubit in |0>",
        "",
        "a0 b0",
        a="h comm[0];",
        b="h data[0]; h data[0]; id comm[0];",
    ),
]


@pytest.mark.parametrize("given", REFUSED, ids=lambda given: given.name)
def test_refused(given: Case) -> None:
    with pytest.raises(CompilerError) as caught:
        recover(task_of(given))
    assert caught.value.diagnostics[0].code == "DQC405"
    assert caught.value.diagnostics[0].place is not None


def test_a_deadlock_names_every_position() -> None:
    given = case(
        "deadlock",
        "",
        "a0 b0",
        a="if (b_to_a[0]) { z data[0]; }\na_to_b[0] = measure data[0];",
        b="if (a_to_b[0]) { z data[0]; }\nb_to_a[0] = measure data[0];",
    )
    with pytest.raises(CompilerError) as caught:
        recover(task_of(given))
    message = caught.value.diagnostics[0].message_text
    assert "nodes/a.qasm:7 waits for b_to_a[0]" in message
    assert "nodes/b.qasm:7 waits for a_to_b[0]" in message
