"""Equality of the stitched programs and a circuit for any gates, by the ZX checker of mqt.qcec.

The programs become a unitary circuit: a measured qubit stays as it is, and a correction becomes a
gate that it controls. What is left over then has to be discarded, which the checker cannot do: of
qubits that are marked as garbage it compares the part in |0>, up to a factor, and so takes a
circuit that dephases its qubit for the identity. Therefore the circuit is built twice, once with
complex conjugate gates, and each left-over qubit is projected onto a Bell pair with its twin. That
is the superoperator of the programs, sum_g K_g (x) K_g*, and if it is a multiple of V (x) V* then
every K_g is a multiple of V.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import atan2, hypot, pi, remainder
from typing import NamedTuple

from mqt import qcec
from mqt.core.ir import QuantumComputation
from mqt.qcec.pyqcec import EquivalenceCriterion

from dqc_compiler.ir.circuit import ONE_QUBIT_GATES
from dqc_compiler.verify.gates import TwoBody, after_controlled, rotation, two_body
from dqc_compiler.verify.rotations import (
    HADAMARD,
    Quaternion,
    Vector,
    X,
    Y,
    Z,
    distance,
    half_turn,
)
from dqc_compiler.verify.stitch import Action, Computation

_NO_ANGLE = 1e-12


_EQUIVALENT = (
    EquivalenceCriterion.equivalent,
    EquivalenceCriterion.equivalent_up_to_global_phase,
)


class NotLiftedError(Exception):
    """The computation has no unitary form that this module knows."""


class Gate(NamedTuple):
    """`h`, `cz`, `cx` or `swap`, or `rz` or `rx` with an angle."""

    name: str
    lines: tuple[int, ...]
    angle: float = 0.0


def is_proven_equal(expected: Computation, found: Computation) -> bool:
    """Whether the checker proves the stitched programs equal to a circuit; no is no refutation.

    Args:
        expected: the circuit, without measurements and resets.
        found: the stitched programs.

    Raises:
        NotLiftedError: if something other than a correction is under a condition.
    """
    reference, program = _Lifted(expected), _Lifted(found)
    reference.run()
    program.run()
    with _muted_stderr():
        result = qcec.verify(
            _twice(program, program.lines),
            _twice(reference, program.lines),
            run_zx_checker=True,
            run_alternating_checker=False,
            run_simulation_checker=False,
            run_construction_checker=False,
            parallel=False,
        )
    return result.equivalence in _EQUIVALENT


@contextmanager
def _muted_stderr() -> Iterator[None]:
    """Silence the C++ library, which writes advice to the process' standard error."""
    sys.stderr.flush()
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


class _Lifted:
    """A computation as gates on lines; qubit i enters on line i and leaves on it."""

    def __init__(self, computation: Computation) -> None:
        self.computation = computation
        self.gates: list[Gate] = []
        self.lines = len(computation.start)
        self.line_at: dict[int, int] = {cell: i for i, cell in enumerate(computation.start)}
        self.measured: dict[int, int] = {}  # bit -> line
        self.closed: set[int] = set()  # lines that only control corrections any more

    def run(self) -> None:
        for action in self.computation.actions:
            if action.name == "reset":
                self.line_at.pop(action.cells[0], None)
            elif action.name == "measure":
                assert action.writes is not None
                self.measured[action.writes] = self.line(action.cells[0])
                self.closed.add(self.line(action.cells[0]))
            else:
                lines = [self.line(cell) for cell in action.cells]
                if self.closed.intersection(lines):
                    raise NotLiftedError
                self.act(action, lines)
        self.put_in_place()

    def line(self, cell: int) -> int:
        """The line of a cell; a cell in |0> gets a fresh one."""
        if cell not in self.line_at:
            self.line_at[cell] = self.lines
            self.lines += 1
        return self.line_at[cell]

    def act(self, action: Action, lines: list[int]) -> None:
        if action.name == "pair":
            self.gates += [Gate("h", (lines[0],)), Gate("cx", (lines[0], lines[1]))]
        elif action.condition:
            self.correct(action, lines[0])
        elif action.name in ONE_QUBIT_GATES:
            self.rotate(lines[0], rotation(action.name, action.parameters))
        else:
            self.couple(lines, two_body(action.name, action.parameters))

    def correct(self, action: Action, line: int) -> None:
        if action.name not in ONE_QUBIT_GATES or len(action.condition) != 1:
            raise NotLiftedError
        q = rotation(action.name, action.parameters)
        letters = [axis for axis in (X, Y, Z) if _is_half_turn(q, axis)]
        if not letters:
            raise NotLiftedError
        bit, value = action.condition[0]
        self.turned(line, letters[0], Gate("cz", (self.measured[bit], line)))
        if not value:
            self.rotate(line, q)

    def couple(self, lines: list[int], gate: TwoBody) -> None:
        a, b = lines
        local = after_controlled(gate)
        self.into_z(a, gate.p)
        self.into_z(b, gate.q)
        if local is None:
            self.gates += [Gate("cx", (a, b)), Gate("rz", (b,), gate.angle), Gate("cx", (a, b))]
        else:
            self.gates.append(Gate("cz", (a, b)))
        self.out_of_z(a, gate.p)
        self.out_of_z(b, gate.q)
        for line, q in zip(lines, local or gate.locals, strict=True):
            self.rotate(line, q)

    def turned(self, line: int, axis: Vector, gate: Gate) -> None:
        self.into_z(line, axis)
        self.gates.append(gate)
        self.out_of_z(line, axis)

    def into_z(self, line: int, axis: Vector) -> None:
        if axis == X:
            self.gates.append(Gate("h", (line,)))
        elif axis == Y:
            self.gates.append(Gate("rx", (line,), pi / 2))

    def out_of_z(self, line: int, axis: Vector) -> None:
        if axis == X:
            self.gates.append(Gate("h", (line,)))
        elif axis == Y:
            self.gates.append(Gate("rx", (line,), -pi / 2))

    def rotate(self, line: int, q: Quaternion) -> None:
        """The rotation as one about Z, one about X and one about Z again."""
        if distance(q, HADAMARD) < _NO_ANGLE:
            self.gates.append(Gate("h", (line,)))
            return
        w, x, y, z = q
        half_sum, half_difference = atan2(z, w), atan2(y, x)
        middle = 2 * atan2(hypot(x, y), hypot(w, z))
        angles = [("rz", 2 * half_sum)]
        if abs(middle) > _NO_ANGLE:
            first, last = half_sum - half_difference, half_sum + half_difference
            angles = [("rz", first), ("rx", middle), ("rz", last)]
        for name, angle in angles:
            if abs(angle) > _NO_ANGLE:
                self.gates.append(Gate(name, (line,), angle))

    def put_in_place(self) -> None:
        """Exchange lines until qubit i is on line i."""
        at = [self.line(cell) for cell in self.computation.end]
        if self.closed.intersection(at):
            raise NotLiftedError  # the qubit goes on after its measurement
        for qubit in range(len(at)):
            line = at[qubit]
            if line != qubit:
                self.gates.append(Gate("swap", (qubit, line)))
                at = [qubit if k == line else line if k == qubit else k for k in at]


def _is_half_turn(q: Quaternion, axis: Vector) -> bool:
    return distance(q, half_turn(axis)) < _NO_ANGLE


def _twice(lifted: _Lifted, lines: int) -> QuantumComputation:
    """The lifted circuit beside its complex conjugate, left-over lines projected on Bell pairs.

    Lines up to `lines` that the circuit itself does not have stay in |0>.
    """
    kept = len(lifted.computation.start)

    def place(line: int, copy: int) -> int:
        # The checker mistakes lines for each other unless all left-over ones come last.
        return copy * kept + line if line < kept else 2 * line + copy

    circuit = QuantumComputation(2 * lines)
    for copy, sign in ((0, 1.0), (1, -1.0)):
        for gate in lifted.gates:
            operands = [place(line, copy) for line in gate.lines]
            # Conjugation turns i into -i in the exponents, and leaves X and Z alone.
            # The library aborts the process at angles of 1e15.
            angle = remainder(sign * gate.angle, 4 * pi)
            angles = [angle] if gate.name in ("rz", "rx") else []
            getattr(circuit, gate.name)(*angles, *operands)
    for line in range(kept, lines):
        twins = place(line, 0), place(line, 1)
        if line < lifted.lines:
            circuit.cx(*twins)
            circuit.h(twins[0])
        for twin in twins:
            circuit.set_circuit_qubit_ancillary(twin)
            circuit.set_circuit_qubit_garbage(twin)
    return circuit
