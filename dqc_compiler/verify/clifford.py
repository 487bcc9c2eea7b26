"""Stabilizer flows of the stitched programs, by stim: exact for Clifford circuits of any size."""

from __future__ import annotations

from math import pi
from typing import NamedTuple

import stim

from dqc_compiler.ir.circuit import ONE_QUBIT_GATES
from dqc_compiler.verify.gates import rotation, two_body
from dqc_compiler.verify.rotations import Quaternion, Vector, X, Y, Z, negate, same, turn
from dqc_compiler.verify.stitch import Action, Computation

_TOLERANCE = 1e-9  # angles closer than this to a multiple of pi/2 are that multiple
_SAMPLES = 16


class NotCliffordError(Exception):
    """A gate is not a Clifford gate, or a condition is not a Pauli under one bit."""


class Comparison(NamedTuple):
    """What came out; `is_exact` if every sign was computed, not sampled."""

    is_equal: bool
    is_exact: bool
    detail: str


def compare_flows(expected: Computation, found: Computation, *, signed_qubits: int) -> Comparison:
    """Compare the flows of the stitched programs with those of a Clifford circuit.

    Args:
        expected: the circuit, without measurements and resets.
        found: the stitched programs.
        signed_qubits: up to how many qubits signs are computed; they are sampled above.

    Raises:
        NotCliffordError: if either is of another kind.
    """
    reference, programs = stim_circuit(expected), stim_circuit(found)
    n = len(expected.start)
    flows = _flows(reference, expected, found)
    equal = _equal_outcomes(found)
    if not programs.has_all_flows(equal):
        detail = "the two outcomes of a purification are not always equal"
        return Comparison(False, True, detail)
    if not programs.has_all_flows(flows, unsigned=True):
        detail = "a stabilizer of the circuit does not come out of the programs"
        return Comparison(False, True, detail)
    all_flows = f"all {len(flows)} stabilizer generators come out of the programs"
    if n > signed_qubits:
        is_equal = _sampled_signs(reference, programs, expected, found)
        detail = f"{all_flows}; signs were sampled {_SAMPLES} times"
    else:
        is_equal = programs.has_all_flows(flows)
        detail = f"{all_flows}, with their signs"
    if not is_equal:
        detail = "a stabilizer of the circuit comes out with the wrong sign"
    return Comparison(is_equal, n <= signed_qubits, detail)


def stim_circuit(computation: Computation) -> stim.Circuit:
    """The computation with its feed-forward as stim reads it.

    Raises:
        NotCliffordError: naming nothing; the circuit is simply of another kind.
    """
    circuit = stim.Circuit()
    records: dict[int, int] = {}
    for action in computation.actions:
        if action.name == "measure":
            assert action.writes is not None
            records[action.writes] = len(records)
            circuit.append("M", action.cells)
        elif action.name == "reset":
            circuit.append("R", action.cells)
        elif action.name == "pair":
            circuit.append("H", action.cells[:1])
            circuit.append("CX", action.cells)
        elif action.condition:
            _append_correction(circuit, action, records)
        else:
            _append_gate(circuit, action)
    return circuit


def _append_correction(circuit: stim.Circuit, action: Action, records: dict[int, int]) -> None:
    letter = (
        _half_turn_letter(rotation(action.name, action.parameters))
        if (action.name in ONE_QUBIT_GATES)
        else None
    )
    if letter is None or len(action.condition) != 1:
        raise NotCliffordError
    bit, value = action.condition[0]
    record = stim.target_rec(records[bit] - len(records))
    circuit.append(f"C{letter}", [record, action.cells[0]])
    if not value:
        circuit.append(letter, action.cells)


def _append_gate(circuit: stim.Circuit, action: Action) -> None:
    if action.name in ONE_QUBIT_GATES:
        _append_rotation(circuit, rotation(action.name, action.parameters), action.cells[0])
        return
    gate = two_body(action.name, action.parameters)
    quarter = _quarter_turns(gate.angle)
    letters = _letter(gate.p), _letter(gate.q)
    if quarter % 2:
        # A quarter turn is a controlled Pauli with a quarter turn of each qubit.
        prefix = "C" if letters[0] == "Z" else f"{letters[0]}C"
        circuit.append(f"{prefix}{letters[1]}", action.cells)
    half_turns = (quarter + 1) // 2 if quarter % 2 else quarter // 2
    shift = -pi / 2 if quarter % 2 else 0.0
    for cell, axis, angle in zip(
        action.cells, (gate.p, gate.q), (gate.first, gate.second), strict=True
    ):
        total = angle + shift + half_turns * pi
        _append_quarter_turns(circuit, axis, _quarter_turns(total), cell)


def _append_quarter_turns(circuit: stim.Circuit, axis: Vector, quarter: int, cell: int) -> None:
    letter = _letter(axis)
    name = ("I", f"SQRT_{letter}", letter, f"SQRT_{letter}_DAG")[quarter % 4]
    circuit.append(name, [cell])


def _append_rotation(circuit: stim.Circuit, q: Quaternion, cell: int) -> None:
    images = []
    for pauli in (X, Z):
        image = turn(q, pauli)
        for sign, vector in (("+", image), ("-", negate(image))):
            images += [
                stim.PauliString(sign + letter)
                for letter, axis in (("X", X), ("Y", Y), ("Z", Z))
                if same(vector, axis)
            ]
    if len(images) != 2:
        raise NotCliffordError
    tableau = stim.Tableau.from_conjugated_generators(xs=images[:1], zs=images[1:])
    for instruction in tableau.to_circuit():
        for _ in instruction.targets_copy():
            circuit.append(instruction.name, [cell])


def _quarter_turns(angle: float) -> int:
    quarter = round(angle / (pi / 2))
    if abs(angle - quarter * pi / 2) > _TOLERANCE:
        raise NotCliffordError
    return quarter


def _letter(axis: Vector) -> str:
    return "X" if axis == X else "Y" if axis == Y else "Z"


def _half_turn_letter(q: Quaternion) -> str | None:
    for letter, axis in (("X", X), ("Y", Y), ("Z", Z)):
        vector = (q[1], q[2], q[3])
        if same(vector, axis) or same(vector, negate(axis)):
            return letter
    return None


def _flows(reference: stim.Circuit, expected: Computation, found: Computation) -> list[stim.Flow]:
    """What the circuit does to X and Z of every qubit, on the cells of the programs."""
    tableau = _tableau(reference, expected)
    flows = []
    for qubit in range(len(expected.start)):
        for letter, output in (
            ("X", tableau.x_output(expected.start[qubit])),
            ("Z", tableau.z_output(expected.start[qubit])),
        ):
            before = stim.PauliString(found.cells)
            before[found.start[qubit]] = letter
            after = stim.PauliString(found.cells)
            after.sign = output.sign
            for position, cell in enumerate(expected.end):
                after[found.end[position]] = output[cell]
            flows.append(stim.Flow(input=before, output=after))
    return flows


def _equal_outcomes(found: Computation) -> list[stim.Flow]:
    """That the two outcomes of every purification have an even parity."""
    written = [action.writes for action in found.actions if action.writes is not None]
    record = {bit: number for number, bit in enumerate(written)}
    return [
        stim.Flow(
            input=stim.PauliString(found.cells),
            output=stim.PauliString(found.cells),
            measurements=[record[bit] for bit in pair],
        )
        for pair in found.equal
    ]


def _tableau(reference: stim.Circuit, expected: Computation) -> stim.Tableau:
    padded = stim.Circuit()
    padded.append("I", range(expected.cells))
    return (padded + reference).to_tableau()


def _sampled_signs(
    reference: stim.Circuit, programs: stim.Circuit, expected: Computation, found: Computation
) -> bool:
    """Run the programs on halves of Bell pairs, undo the circuit, and look for the Bell pairs."""
    n = len(expected.start)
    circuit = stim.Circuit()
    width = found.cells
    for qubit, cell in enumerate(found.start):
        circuit.append("H", [width + qubit])
        circuit.append("CX", [width + qubit, cell])
    circuit += programs
    # The circuit's cell at the end of qubit i is the programs' cell at the same end.
    place = {cell: found.end[qubit] for qubit, cell in enumerate(expected.end)}
    inverse = _tableau(reference, expected).inverse().to_circuit()
    for instruction in inverse:
        targets = [place[target.value] for target in instruction.targets_copy()]
        circuit.append(instruction.name, targets)
    for qubit, cell in enumerate(expected.start):
        circuit.append("CX", [width + qubit, place[cell]])
        circuit.append("H", [width + qubit])
    circuit.append("M", [width + qubit for qubit in range(n)])
    circuit.append("M", [place[cell] for cell in expected.start])
    shots = circuit.compile_sampler(seed=0).sample(_SAMPLES)
    return not shots[:, -2 * n :].any()
