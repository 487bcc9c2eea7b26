"""Schmidt ranks of any small circuit, from its unitary."""

from __future__ import annotations

from math import cos, sin

import numpy as np

from dqc_compiler.costs.bounds_form import Form, NotCoveredError, TwoBody, Vector
from dqc_compiler.costs.bounds_sides import Complex, Sides, certain_rank, log2_ceil

_MOST_WIRES = 8  # a unitary of 256 x 256; each wire more takes eight times as long
_MOST_GATES = 1_000
_MOST_WORK = 10_000_000  # entries that all gates together change; about 0.3 s


class DenseCircuit:
    """The tensor of a circuit's unitary, each wire in its initial frame.

    `tensor` has one axis of 2 per wire that is not measured, its end, and then one per wire, its
    start. Of the measured wires one outcome is taken; all have the same probability if the inputs
    are maximally mixed, and the programs have to work for each.
    """

    def __init__(self, form: Form) -> None:
        """Multiply the gates.

        Raises:
            NotCoveredError: if there are too many wires or gates.
        """
        wires = form.graph.wires
        if wires > _MOST_WIRES:
            raise NotCoveredError("too many wires for a dense unitary")
        if len(form.gates) > _MOST_GATES or len(form.gates) << 2 * wires > _MOST_WORK:
            raise NotCoveredError("too many gates for a dense unitary")
        tensor = np.eye(1 << wires, dtype=np.complex128).reshape((2,) * (2 * wires))
        for gate in form.gates:
            tensor = _applied(form, tensor, gate)
        self.measured = sorted(form.measured)
        for wire in reversed(self.measured):
            _, states = np.linalg.eigh(_pauli(form.measured[wire]))
            tensor = np.tensordot(states[:, 0].conj(), tensor, axes=(0, wire))
        self.tensor: Complex = tensor

    @property
    def work(self) -> int:
        """Steps for one cut: singular values of a matrix, 30 ms for 8 wires."""
        return self.tensor.size**3 // 2**34 if self.tensor.size > 1 else 1

    def log_rank(self, sides: Sides) -> int:
        """log2 of the Schmidt rank across a cut, rounded up; without what rounding may hide."""
        inside = np.concatenate([np.delete(sides.ends, self.measured), sides.starts])
        axes = np.argsort(~inside, kind="stable")
        matrix = self.tensor.transpose(axes).reshape(1 << int(inside.sum()), -1)
        return log2_ceil(certain_rank(matrix))


def _pauli(axis: Vector) -> Complex:
    x, y, z = axis
    return np.array([[z, x - 1j * y], [x + 1j * y, -z]], dtype=np.complex128)


def _turn(pauli: Complex, angle: float) -> Complex:
    turn: Complex = cos(angle / 2) * np.eye(len(pauli)) - 1j * sin(angle / 2) * pauli
    return turn


def _applied(form: Form, tensor: Complex, gate: TwoBody) -> Complex:
    axes = form.graph.segment_axis.tolist()
    wires = form.graph.segment_wire[list(gate.segments)].tolist()
    first, second = (_pauli(tuple(axes[segment])) for segment in gate.segments)
    own = np.kron(_turn(first, gate.own[0]), _turn(second, gate.own[1]))
    both = _turn(np.kron(first, second).astype(np.complex128), gate.angle)
    matrix = (both @ own).reshape(2, 2, 2, 2)
    product = np.tensordot(matrix, tensor, axes=((2, 3), wires))
    return np.moveaxis(product, (0, 1), wires)
