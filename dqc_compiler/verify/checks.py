"""The checks in order, and the verdict that they add up to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from dqc_compiler.diagnostics.core import CompilerError
from dqc_compiler.formats.flat_qasm import FlatProgram, circuit_from_flat, read_flat_qasm
from dqc_compiler.formats.manifest import LOGICAL, REWRITES, Manifest
from dqc_compiler.formats.schedule_file import ScheduleFile
from dqc_compiler.formats.verdict import Check, Verdict
from dqc_compiler.ir.angles import generic_value, parameters_of
from dqc_compiler.ir.circuit import Circuit
from dqc_compiler.verify.ageing import ageing_problems
from dqc_compiler.verify.bundle import (
    load_programs,
    load_schedule,
    load_text,
    manifest_problems,
    with_values,
    written_problems,
)
from dqc_compiler.verify.canonical import CanonicalForm, circuit_form
from dqc_compiler.verify.causality import causality_problems
from dqc_compiler.verify.compare import first_difference, first_other_bit
from dqc_compiler.verify.evidence import Level
from dqc_compiler.verify.external import external_evidence
from dqc_compiler.verify.programs import ProgramSet
from dqc_compiler.verify.record import read_record
from dqc_compiler.verify.rewriting import Replacement, ReplayError, replay
from dqc_compiler.verify.spread import spread_problems
from dqc_compiler.verify.structure import structure_problems
from dqc_compiler.verify.symbolic import recover
from dqc_compiler.verify.timing import timing_problems

_SHOWN_PROBLEMS = 5
_SALTS = ("verifier, first point", "verifier, second point")  # not those of the compiler


def verify_directory(
    directory: Path, original: Circuit, manifest: Manifest, *, level: Level = "auto"
) -> Verdict:
    """Check that the programs in a bundle's directory together carry out a circuit.

    Reads network.json, the node programs, logical.qasm and schedule.json; writes nothing. A file
    that cannot be read is a failed check, not an error.

    Args:
        directory: the bundle, or the temporary directory in which one grows.
        original: the circuit that went in.
        manifest: the manifest that the bundle has or is going to have.
        level: "auto" for the proof and every other check that takes about a second; "all" for
            every check that is possible.
    """
    try:
        original = with_values(original, manifest)
        cases = [_load(directory, original, manifest, point) for point in _points(original)]
        schedule = load_schedule(directory)
    except CompilerError as error:
        return Verdict(equivalent=False, checks=(_failure("structure", error),))
    task = cases[0].task
    problems = [*structure_problems(task), *written_problems(task, original)]
    problems += manifest_problems(task, manifest)
    checks = [_structure_check(task, problems)]
    if not problems:
        checks.append(_schedule_check(_schedule_problems(task, schedule)))
    return _judge(cases, checks, level=level)


def verify_programs(
    task: ProgramSet,
    original: Circuit,
    *,
    logical: str | None = None,
    rewrites: str | None = None,
    level: Level = "auto",
) -> Verdict:
    """Check that node programs in memory together carry out a circuit.

    Args:
        task: the programs, with values of all parameters.
        original: the circuit that went in, with the same.
        logical: text of the circuit that was distributed; None if it is the original.
        rewrites: text of the record of how it was made from the original.
        level: as for `verify_directory`.
    """
    problems = [*structure_problems(task), *written_problems(task, original)]
    checks = [_structure_check(task, problems)]
    return _judge([_Case(task, original, logical, rewrites)], checks, level=level)


def _points(original: Circuit) -> list[dict[str, float]]:
    """Values of the parameters at which equality is to be shown."""
    names = original.free_parameters
    if not names:
        return [{}]
    return [{name: generic_value(name, salt) for name in names} for salt in _SALTS]


def _load(directory: Path, original: Circuit, manifest: Manifest, point: dict[str, float]) -> _Case:
    return _Case(
        load_programs(directory, original, manifest, point),
        original.bound(point),
        load_text(directory, LOGICAL),
        load_text(directory, REWRITES),
        point,
    )


@dataclass(frozen=True)
class _Case:
    """Programs and the circuit, and what says how another one was distributed in its place.

    If they have parameters, `point` are the values that these have here.
    """

    task: ProgramSet
    original: Circuit
    logical: str | None
    rewrites: str | None
    point: Mapping[str, float] = field(default_factory=dict)

    def program(self) -> FlatProgram:
        assert self.logical is not None
        return read_flat_qasm(self.logical, source=LOGICAL, values=self.point)

    def distributed(self) -> Circuit:
        if self.logical is None:
            return self.original
        return circuit_from_flat(self.program(), name=self.original.name)

    def steps(self) -> list[Replacement]:
        if self.rewrites is None:
            return []
        return read_record(self.rewrites, self.program(), self.point)


def _judge(cases: Sequence[_Case], checks: Sequence[Check], *, level: Level) -> Verdict:
    if checks[0].passed is False:  # the structure, without which programs mean nothing
        return Verdict(equivalent=False, checks=tuple(checks))
    steps = _steps_at_all(cases)
    proofs = [step.check for step in steps]
    is_proven = all(proof.passed for proof in proofs)
    is_broken = any(check.passed is False for check in checks)  # whatever the programs do
    if any(step.is_final for step in steps):
        return Verdict(equivalent=False, checks=(*checks, *proofs))
    # One generic point is as good as all; two are there because numbers are rounded.
    task, original = cases[0].task, cases[0].original
    evidence = external_evidence(task, original, level=level, libraries=not is_broken)
    others = [item.check for item in evidence]
    is_refuted = any(check.passed is False for check in others)
    if is_proven or is_refuted or not any(check.passed for check in others):
        equivalent: bool | None = is_proven and not is_refuted
    else:
        proofs = [_undecided(proof) for proof in proofs]
        equivalent = True if any(item.is_proof and item.check.passed for item in evidence) else None
    if is_broken:
        equivalent = False
    return Verdict(equivalent=equivalent, checks=(*checks, *proofs, *others))


class _Step(NamedTuple):
    """A step of the proof; `is_final` if no other check can make good that it fails."""

    check: Check
    is_final: bool = False


def _steps_at_all(cases: Sequence[_Case]) -> list[_Step]:
    """The proof at all points, or where it fails for the first time."""
    found: list[_Step] = []
    for case in reversed(cases):
        steps = list(_symbolic_checks(case))
        if not found or not all(step.check.passed for step in steps):
            found = steps
    count = len(cases[0].point)
    if not count or not all(step.check.passed for step in found):
        return found
    where = f", at {len(cases)} generic values of {count} parameter{'s' if count > 1 else ''}"
    return [
        _Step(Check(name=step.check.name, passed=True, detail=step.check.detail + where))
        for step in found
    ]


def _symbolic_checks(case: _Case) -> Iterator[_Step]:
    """Programs against logical.qasm, and logical.qasm against the original."""
    original = case.original
    names = original.qubits, original.clbits
    try:
        distributed = case.distributed()
        expected = circuit_form(distributed)
        found = recover(case.task)
    except CompilerError as error:
        yield _Step(_failure("symbolic", error))
        return
    if distributed.angles:
        name = parameters_of(distributed.angles)[0]
        detail = f"{LOGICAL}: there is no parameter {name}"
        yield _Step(Check(name="symbolic", passed=False, detail=detail))
        return
    if _sizes(distributed) != _sizes(original):
        detail = f"{LOGICAL} has another number of qubits or bits than the circuit"
        yield _Step(Check(name="symbolic", passed=False, detail=detail))
        return
    title = "the circuit" if case.logical is None else LOGICAL
    gates = f"{distributed.two_qubit_gates} two-qubit gates"
    proven = f"{title} with its {gates} is carried out, up to commutation"
    difference = first_difference(expected, found, *names)
    # Measurements that always agree in value are still different ones.
    is_final = difference is not None and difference == first_other_bit(expected, found, names[1])
    yield _Step(_comparison("symbolic", difference, proven), is_final)
    if case.logical is not None:
        yield _Step(_rewriting_check(case, expected))


def _rewriting_check(case: _Case, expected: CanonicalForm) -> Check:
    original = case.original
    names = original.qubits, original.clbits
    difference = first_difference(circuit_form(original), expected, *names)
    proven = f"{LOGICAL} equals the circuit, up to commutation"
    if difference is not None:
        try:
            steps = case.steps()
            replayed = replay(original, steps)
        except CompilerError as error:
            return _failure("rewriting", error)
        except ReplayError as error:
            return Check(name="rewriting", passed=False, detail=f"{REWRITES}: {error}")
        if steps:
            difference = first_difference(circuit_form(replayed), expected, *names)
            proven = f"{len(steps)} rewrites, each checked as matrices, make {LOGICAL} of it"
    return _comparison("rewriting", difference, proven)


def _sizes(circuit: Circuit) -> tuple[int, int]:
    return len(circuit.qubits), len(circuit.clbits)


def _comparison(name: str, difference: str | None, proven: str) -> Check:
    return Check(name=name, passed=difference is None, detail=difference or proven)


def _undecided(proof: Check) -> Check:
    if proof.passed:
        return proof
    return Check(name=proof.name, passed=None, detail=f"no proof in this form: {proof.detail}")


def _structure_check(task: ProgramSet, problems: Sequence[str]) -> Check:
    statements = sum(len(program.statements) for program in task.programs)
    good = f"{statements} statements of {len(task.programs)} nodes keep every static guarantee"
    return _listing("structure", problems, good)


def _schedule_problems(task: ProgramSet, schedule: ScheduleFile) -> list[str]:
    """Each look needs what the one before has found right."""
    for look in (causality_problems, timing_problems, ageing_problems, spread_problems):
        problems = look(task, schedule)
        if problems:
            return problems
    return []


def _schedule_check(problems: Sequence[str]) -> Check:
    good = "no statement comes before what it needs, and times are those of the network"
    return _listing("schedule", problems, good)


def _listing(name: str, problems: Sequence[str], good: str) -> Check:
    if not problems:
        return Check(name=name, passed=True, detail=good)
    more = len(problems) - _SHOWN_PROBLEMS
    shown = [*problems[:_SHOWN_PROBLEMS], *([f"and {more} more"] if more > 0 else [])]
    return Check(name=name, passed=False, detail="; ".join(shown))


def _failure(name: str, error: CompilerError) -> Check:
    first = error.diagnostics[0]
    place = "" if first.place is None else f"{first.place}: "
    return Check(name=name, passed=False, detail=place + first.message_text)
