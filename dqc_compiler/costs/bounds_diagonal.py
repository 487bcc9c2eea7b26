"""Schmidt ranks of circuits with a single segment per wire: every gate is diagonal."""

from __future__ import annotations

from math import pi

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from dqc_compiler.costs.bounds_form import Form, NotCoveredError, Vector, is_multiple, parallel
from dqc_compiler.costs.bounds_sides import Sides, certain_rank, log2_ceil
from dqc_compiler.ir.arrays import Float64

_WIDTH = 8  # wires per side of a part whose rank is computed: two matrices of 128 x 128


class DiagonalCircuit:
    """A circuit with one segment per wire, diagonal up to one-qubit gates at both ends.

    `angle` (w, w): the sum of all rotations about Z(x)Z between two wires, modulo pi, of which a
    multiple is a product of one-qubit gates. It is 0 for wires that are measured about their own
    axis: given the outcome, their gates are local.
    """

    def __init__(self, form: Form) -> None:
        """Sum the angles.

        Raises:
            NotCoveredError: if the circuit is of another kind.
        """
        graph = form.graph
        if graph.segments != graph.wires:
            raise NotCoveredError("a wire has several segments")
        self.angle = np.zeros((graph.wires, graph.wires))
        for gate in form.gates:
            a, b = graph.segment_wire[list(gate.segments)]
            self.angle[a, b] += gate.angle
            self.angle[b, a] += gate.angle
        for a, b in np.argwhere(self.angle).tolist():
            self.angle[a, b] = 0 if is_multiple(self.angle[a, b], pi) else self.angle[a, b] % pi
        axes: list[Vector] = [(x, y, z) for x, y, z in graph.segment_axis.tolist()]
        known = [wire for wire, axis in form.measured.items() if parallel(axis, axes[wire])]
        self.angle[known, :] = 0
        self.angle[:, known] = 0

    def log_rank(self, sides: Sides) -> int:
        """A lower bound on log2 of the Schmidt rank across a cut, rounded up.

        A wire with one segment has one home. Applied to halves of Bell pairs, the circuit gives a
        sum over z of phase(z) |z>|z>, whose rank is that of the matrix of phases between the wires
        inside and those outside. A measurement about another axis takes one of a wire's |z> away,
        with a factor that is never zero.
        """
        inside = sides.starts
        return log2_ceil(phase_rank(self.angle[np.ix_(inside, ~inside)]))


def phase_rank(angle: Float64) -> int:
    """A lower bound on the rank of exp(-i x.angle.y / 2) over all signs x (m,) and y (n,).

    Angles are zero or no multiple of pi. Three steps, each exact or a restriction to a submatrix:
    unconnected parts multiply; a wire with a single partner is taken together with it, a factor of
    2, since the other interactions of the partner are diagonal on the remaining wires given its
    sign, so they are invertible factors of the matrix; a part without such a wire is computed if it
    is small, otherwise the wire with the most partners on its larger side is given a fixed sign.
    """
    rank = 1
    parts = _parts(angle)
    while parts:
        part = parts.pop()
        if max(part.shape) <= _WIDTH:
            rank *= _computed_rank(part)
            continue
        pair = _single_partner(part)
        if pair is None:
            parts += _parts(_without_busiest(part))
            continue
        rank *= 2
        parts += _parts(np.delete(np.delete(part, pair[0], axis=0), pair[1], axis=1))
    return rank


def _parts(angle: Float64) -> list[Float64]:
    """The connected parts of the bipartite graph of angles other than 0, single wires left out."""
    m, n = angle.shape
    rows, columns = np.nonzero(angle)
    adjacency = csr_array((np.ones(len(rows)), (rows, m + columns)), shape=(m + n, m + n))
    count, label = connected_components(adjacency, directed=False)
    parts = (angle[np.ix_(label[:m] == part, label[m:] == part)] for part in range(count))
    return [part for part in parts if part.size]


def _computed_rank(angle: Float64) -> int:
    """Rank of the phases of a small part.

    The matrix becomes its conjugate when all x or all y change sign. In the even and odd
    combinations of such rows and columns it falls apart into the cosines and the sines of the
    halved exponents, over the x and y whose first sign is plus.
    """
    x, y = (
        1 - 2 * ((np.arange(1 << n >> 1)[:, None] << 1 >> np.arange(n)) & 1) for n in angle.shape
    )
    exponent = x @ angle @ y.T / 2
    return certain_rank(np.cos(exponent)) + certain_rank(np.sin(exponent))


def _single_partner(angle: Float64) -> tuple[int, int] | None:
    """(row, column) of an angle that is the only one of its row or column."""
    present = angle != 0
    alone = present & ((present.sum(axis=1, keepdims=True) == 1) | (present.sum(axis=0) == 1))
    found = np.argwhere(alone)
    return (int(found[0, 0]), int(found[0, 1])) if len(found) else None


def _without_busiest(angle: Float64) -> Float64:
    axis = 0 if angle.shape[0] >= angle.shape[1] else 1
    partners = (angle != 0).sum(axis=1 - axis)
    return np.delete(angle, int(partners.argmax()), axis=axis)
