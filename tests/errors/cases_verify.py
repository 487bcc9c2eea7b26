"""Node programs that cannot be read, or that are not a computation."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from dqc_compiler.formats.flat_qasm import read_flat_qasm
from dqc_compiler.verify.bundle import load_schedule
from dqc_compiler.verify.symbolic import recover
from tests.errors.refusal import refusal
from tests.mutations_programs import case, task_of

FILES = sorted((Path(__file__).parent / "verify").glob("*.qasm"))


def _program(file: Path, _directory: Path) -> str:
    return refusal(lambda: read_flat_qasm(file.read_text(), source=file.name))


def _deadlock(_directory: Path) -> str:
    """Each node waits for a bit that the other one sends later."""
    programs = case(
        "deadlock",
        circuit="",
        start="a0 b0",
        a="if (b_to_a[0]) { x data[0]; }\na_to_b[0] = measure data[0];",
        b="if (a_to_b[0]) { x data[0]; }\nb_to_a[0] = measure data[0];",
    )
    return refusal(lambda: recover(task_of(programs)))


def _not_recognised(_directory: Path) -> str:
    """Node a never takes back the phase that closing the copy leaves on its qubit."""
    programs = case(
        "forgotten",
        circuit="cz q[0], q[1];",
        start="a0 b0",
        a="""
            reset comm[0];
            dqc_epr(0, 0) comm[0];
            cx data[0], comm[0];
            a_to_b[0] = measure comm[0];
        """,
        b="""
            reset comm[0];
            dqc_epr(0, 0) comm[0];
            if (a_to_b[0]) { x comm[0]; }
            cz comm[0], data[0];
            h comm[0];
            b_to_a[0] = measure comm[0];
        """,
    )
    return refusal(lambda: recover(task_of(programs)))


def _schedule_of_something_else(directory: Path) -> str:
    (directory / "schedule.json").write_text('{"schema": 1}')
    return refusal(lambda: load_schedule(directory))


CASES = {
    **{file.stem: partial(_program, file) for file in FILES},
    "deadlock": _deadlock,
    "not_recognised": _not_recognised,
    "schedule_of_something_else": _schedule_of_something_else,
}
