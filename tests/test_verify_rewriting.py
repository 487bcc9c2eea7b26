"""Records of rewrites are replayed; a wrong step is found and named."""

from __future__ import annotations

import json
from math import pi

import pytest

from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.formats.flat_qasm import read_flat_qasm
from dqc_compiler.formats.qasm_text import circuit_text
from dqc_compiler.ir import Operation
from dqc_compiler.verify import verify_programs
from dqc_compiler.verify.canonical import circuit_form
from dqc_compiler.verify.compare import first_difference
from dqc_compiler.verify.record import read_record
from dqc_compiler.verify.rewriting import Replacement, ReplayError, replay
from tests.mutations_emitted import distributed, emitted_task
from tests.strategies import make_circuit

ROWS = [
    Operation("cx", (0, 1)),  # 0
    Operation("h", (2,)),  # 1
    Operation("rz", (1,), (0.3,)),  # 2
    Operation("cz", (0, 2)),  # 3: commutes with the control of 0
    Operation("cx", (0, 1)),  # 4
    Operation("x", (1,)),  # 5
    Operation("measure", (1,), (), 0),  # 6
]
CIRCUIT = make_circuit(3, ROWS, 1)
RZZ = Operation("rzz", (0, 1), (0.3,))
FUSE = Replacement("fuse", (0, 2, 4), 2, (RZZ,))


def test_a_step_moves_and_replaces() -> None:
    found = replay(CIRCUIT, [FUSE])
    assert [row.name for row in found.operations()] == ["h", "rzz", "cz", "x", "measure"]


@pytest.mark.parametrize("place", [0, 2, 4])
def test_the_place_may_be_any_input(place: int) -> None:
    found = replay(CIRCUIT, [FUSE._replace(place=place)])
    wanted = make_circuit(3, [ROWS[1], RZZ, ROWS[3], ROWS[5], ROWS[6]], 1)
    forms = circuit_form(found), circuit_form(wanted)
    assert first_difference(*forms, CIRCUIT.qubits, CIRCUIT.clbits) is None


def test_outputs_can_be_inputs_of_later_steps() -> None:
    # Outputs of the first step are number 7, of the second one 8 and 9.
    steps = [
        FUSE,
        Replacement("spell", (7,), 7, (Operation("h", (1,)), Operation("rzx", (0, 1), (0.3,)))),
        Replacement("spell", (8, 9), 9, (Operation("rzz", (0, 1), (0.3,)), Operation("h", (1,)))),
    ]
    with pytest.raises(ReplayError, match="rewrite 1"):
        replay(CIRCUIT, steps)  # h before rzx is not rzz
    right = Operation("h", (1,)), Operation("rzx", (0, 1), (0.3,)), Operation("h", (1,))
    steps[1] = Replacement("spell", (7,), 7, right)
    steps[2] = Replacement("back", (8, 9, 10), 8, (RZZ,))
    assert [row.name for row in replay(CIRCUIT, steps).operations()][1] == "rzz"


def test_gates_can_disappear() -> None:
    circuit = make_circuit(2, [("h", (0,)), ("cx", (0, 1)), ("cx", (0, 1)), ("h", (0,))])
    steps = [Replacement("cancel", (1, 2), 1, ()), Replacement("cancel", (0, 3), 3, ())]
    assert len(replay(circuit, steps)) == 0


WRONG = {
    "another angle": FUSE._replace(outputs=(Operation("rzz", (0, 1), (0.301,)),)),
    "another qubit": FUSE._replace(outputs=(Operation("rzz", (0, 2), (0.3,)),)),
    "another gate": FUSE._replace(outputs=(Operation("rxx", (0, 1), (0.3,)),)),
    "nothing": FUSE._replace(outputs=()),
    "does not commute": Replacement("move", (2, 5), 2, (Operation("x", (1,)), ROWS[2])),
    "an input twice": FUSE._replace(inputs=(0, 2, 2, 4)),
    "no such input": FUSE._replace(inputs=(0, 2, 44)),
    "no place": FUSE._replace(place=1),
    "a measurement": Replacement("drop", (6,), 6, ()),
    "past a measurement": Replacement("move", (0, 6), 0, (ROWS[0],)),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_step_is_found(case: str) -> None:
    with pytest.raises(ReplayError, match="rewrite 0"):
        replay(CIRCUIT, [WRONG[case]])


def test_conditions_are_left_alone() -> None:
    rows = [Operation("measure", (0,), (), 0), Operation("x", (1,), (), None, ((0, True),))]
    circuit = make_circuit(2, rows, 1)
    with pytest.raises(ReplayError, match="unconditional"):
        replay(circuit, [Replacement("drop", (1,), 1, ())])


def record(*steps: dict[str, object]) -> str:
    return json.dumps({"schema": 1, "rewrites": steps})


def test_a_record_makes_the_proof_of_a_verdict() -> None:
    logical = make_circuit(3, [ROWS[1], RZZ, ROWS[3], ROWS[5], ROWS[6]], 1)
    task = emitted_task(distributed(logical, 1, nodes=2, comm=1))
    step = {"rule": "fuse", "inputs": [0, 2, 4], "place": 2, "outputs": ["rzz(0.3) q[0], q[1];"]}
    text = circuit_text(logical)
    for rewrites, passed in (
        (record(step), True),
        (record({**step, "outputs": ["rzz(0.301) q[0], q[1];"]}), False),
        (record({**step, "outputs": ["rzz(0.3) q[0], q[1]; x q[0];"]}), False),
        (record({**step, "outputs": ["nonsense;"]}), False),
        (record({"rule": "fuse"}), False),
        ("[]", False),
        (record(), False),
        (None, False),
    ):
        verdict = verify_programs(task, CIRCUIT, logical=text, rewrites=rewrites)
        checks = {check.name: check for check in verdict.checks}
        assert checks["symbolic"].passed
        # Small enough for an exact comparison: without a record it stands in for the proof.
        assert bool(checks["rewriting"].passed) == passed
        assert checks["all outcomes"].passed
        assert verdict.equivalent is True


def test_a_record_uses_the_registers_of_the_logical_circuit() -> None:
    head = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] a;\nqubit b;\n'
    logical = read_flat_qasm(head, source="logical.qasm")
    steps = read_record(
        record({"rule": "r", "inputs": [0], "place": 0, "outputs": ["rz(pi/2) b;", "cx b, a[1];"]}),
        logical,
    )
    assert steps[0].outputs[0].qubits == (2,)
    assert steps[0].outputs[0].parameters == (pi / 2,)
    assert steps[0].outputs[1].qubits == (2, 1)
    with pytest.raises(CompilerError):
        read_record(
            record({"rule": "r", "inputs": [0], "place": 0, "outputs": ["x q[0];"]}), logical
        )
