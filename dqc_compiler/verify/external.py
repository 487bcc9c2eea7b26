"""Checks that share nothing with the symbolic machine but the reading of the programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from dqc_compiler.formats.verdict import Check
from dqc_compiler.ir.circuit import Circuit
from dqc_compiler.verify.child import StoppedError, call_in_child
from dqc_compiler.verify.evidence import Evidence, Level, missing, skipped
from dqc_compiler.verify.programs import ProgramSet
from dqc_compiler.verify.stitch import (
    Computation,
    circuit_computation,
    split_final_measurements,
    stitch,
)

T = TypeVar("T")

_OUTCOMES = "all outcomes"
_FLOWS = "stabilizer flows"
_ZX = "zx"
_SIMULATION = "simulation"

_AMPLITUDES: dict[Level, int] = {"auto": 2**16, "all": 2**22}
_WORK: dict[Level, float] = {"auto": 2e7, "all": 3e8}  # about 5e7 a second
_DIFFERENCE = 1e-9  # of entries of Choi matrices; rounding stays below 1e-12
_SIGNED_QUBITS: dict[Level, int] = {"auto": 50, "all": 200}  # exact signs take cubic time
_FLOW_ACTIONS: dict[Level, int] = {"auto": 50_000, "all": 10_000_000}
_ZX_ACTIONS: dict[Level, int] = {"auto": 500, "all": 5_000}
_SIMULATED_CELLS = 14

# With so many actions a library ends within about a second; more are for a process of its own.
_ZX_ACTIONS_HERE = 200
_FLOW_ACTIONS_HERE = 50_000
_SIMULATED_ACTIONS_HERE = 1_000
_SECONDS: dict[Level, float] = {"auto": 10, "all": 60}  # of such a process


def external_evidence(
    task: ProgramSet, original: Circuit, *, level: Level, libraries: bool = True
) -> list[Evidence]:
    """What simulators and other provers say about the stitched programs, until one refutes them.

    Args:
        task: programs that obey the static guarantees.
        original: the circuit that they are to carry out.
        level: "auto" for what takes about a second, "all" for everything that is possible.
        libraries: whether to ask simulators and provers that are not ours.
    """
    expected, expected_final = split_final_measurements(circuit_computation(original))
    found, found_final = split_final_measurements(stitch(task))
    for name, a, b in zip(original.clbits, expected_final, found_final, strict=True):
        if a != b and a is not None and b is not None:
            detail = f"{name} is measured from {original.qubits[b]}, not {original.qubits[a]}"
            return [Evidence(Check(name=_OUTCOMES, passed=False, detail=detail))]
    if expected_final != found_final:
        return [skipped(_OUTCOMES, "programs and circuit end with different measurements")]
    evidence: list[Evidence] = []
    for item in _evidence(expected, found, level, libraries=libraries):
        evidence.append(item)
        if item.check.passed is False:
            break
    return evidence


def _evidence(
    expected: Computation, found: Computation, level: Level, *, libraries: bool
) -> Iterator[Evidence]:
    yield _outcome_evidence(expected, found, level)
    if not libraries:
        return
    if expected.measures_or_resets:
        reason = "the circuit measures or resets qubits before its end"
        yield from (skipped(name, reason) for name in (_FLOWS, _ZX, _SIMULATION))
        return
    actions = _size(expected, found)
    yield (
        skipped(_FLOWS, "only with the level all, because of the size")
        if actions > _FLOW_ACTIONS[level]
        else _flow_evidence(expected, found, level)
    )
    yield (
        skipped(_ZX, "not tried because of the size")
        if actions > _ZX_ACTIONS[level]
        else _zx_evidence(expected, found, level)
    )
    if level == "all":
        yield _simulation_evidence(expected, found, level)


def _size(expected: Computation, found: Computation) -> int:
    """Actions of the longer one; a circuit need not be the one that was compiled."""
    return max(len(expected.actions), len(found.actions))


def _bounded(call: Callable[[], T], *, here: bool, level: Level) -> T:
    """The result of a call to a library that takes no limits and hears no signals.

    Raises:
        StoppedError: if it has none within the limits.
    """
    return call() if here else call_in_child(call, seconds=_SECONDS[level])


def _outcome_evidence(expected: Computation, found: Computation, level: Level) -> Evidence:
    from dqc_compiler.verify.outcomes import (  # noqa: PLC0415  numpy is enough for this one
        TooLargeError,
        UnequalError,
        instrument,
        largest_difference,
    )

    try:
        pair = [
            instrument(computation, amplitudes=_AMPLITUDES[level], work=_WORK[level])
            for computation in (expected, found)
        ]
        difference = largest_difference(*pair)
    except TooLargeError:
        return skipped(_OUTCOMES, "too many qubits or branches")
    except UnequalError:
        detail = "the two outcomes of a purification are not always equal"
        return Evidence(Check(name=_OUTCOMES, passed=False, detail=detail))
    if difference > _DIFFERENCE:
        detail = f"on all inputs and outcomes, the programs differ by up to {difference:.2g}"
        return Evidence(Check(name=_OUTCOMES, passed=False, detail=detail))
    detail = f"equal on all inputs and measurement outcomes, to {_DIFFERENCE:g}"
    return Evidence(Check(name=_OUTCOMES, passed=True, detail=detail), is_proof=True)


def _flow_evidence(expected: Computation, found: Computation, level: Level) -> Evidence:
    absent = missing(_FLOWS, "stim", "stim")
    if absent is not None:
        return absent
    from dqc_compiler.verify.clifford import (  # noqa: PLC0415  optional engine
        NotCliffordError,
        compare_flows,
    )

    call = partial(compare_flows, expected, found, signed_qubits=_SIGNED_QUBITS[level])
    try:
        comparison = _bounded(call, here=_size(expected, found) <= _FLOW_ACTIONS_HERE, level=level)
    except NotCliffordError:
        return skipped(_FLOWS, "the circuit is not a Clifford circuit")
    except StoppedError as error:
        return Evidence(Check(name=_FLOWS, passed=None, detail=str(error)))
    check = Check(name=_FLOWS, passed=comparison.is_equal, detail=comparison.detail)
    return Evidence(check, is_proof=comparison.is_exact)


def _zx_evidence(expected: Computation, found: Computation, level: Level) -> Evidence:
    absent = missing(_ZX, "mqt.qcec", "mqt.qcec")
    if absent is not None:
        return absent
    from dqc_compiler.verify.zx import (  # noqa: PLC0415  optional engine
        NotLiftedError,
        is_proven_equal,
    )

    call = partial(is_proven_equal, expected, found)
    try:
        is_proven = _bounded(call, here=_size(expected, found) <= _ZX_ACTIONS_HERE, level=level)
    except NotLiftedError:
        return skipped(_ZX, "an operation under a condition is not a correction of a gadget")
    except StoppedError as error:
        return Evidence(Check(name=_ZX, passed=None, detail=str(error)))
    if not is_proven:
        return Evidence(Check(name=_ZX, passed=None, detail="rewriting finds no proof"))
    detail = "the programs with coherent corrections rewrite to the diagram of the circuit"
    return Evidence(Check(name=_ZX, passed=True, detail=detail), is_proof=True)


def _simulation_evidence(expected: Computation, found: Computation, level: Level) -> Evidence:
    absent = missing(_SIMULATION, "qiskit_aer", "qiskit-aer")
    if absent is not None:
        return absent
    if found.cells > _SIMULATED_CELLS:
        reason = f"{found.cells} qubits are more than {_SIMULATED_CELLS}"
        return skipped(_SIMULATION, reason)
    from dqc_compiler.verify.simulation import (  # noqa: PLC0415  optional engine
        SHOTS,
        worst_fidelity,
    )

    call = partial(worst_fidelity, expected, found)
    here = _size(expected, found) <= _SIMULATED_ACTIONS_HERE
    try:
        fidelity = _bounded(call, here=here, level=level)
    except StoppedError as error:
        return Evidence(Check(name=_SIMULATION, passed=None, detail=str(error)))
    if fidelity < 1 - _DIFFERENCE:
        detail = f"a random input comes out with fidelity {fidelity:.9f}"
        return Evidence(Check(name=_SIMULATION, passed=False, detail=detail))
    detail = f"{SHOTS} runs with real feed-forward return a random entangled input exactly"
    return Evidence(Check(name=_SIMULATION, passed=True, detail=detail))
