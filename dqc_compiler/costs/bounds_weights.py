"""Lower bounds on the rank of a product of weights between bits on two sides."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from dqc_compiler.costs.bounds_sides import Bools, certain_rank
from dqc_compiler.ir.arrays import Float64, Int64

_WIDTH = 7  # bits per side of a part of phases whose rank is computed: two matrices of 64 x 64
_WIDTH_COMPLEX = 5  # likewise of a part with moduli, which takes one complex matrix of 32 x 32
_CHAIN_WIDTH = 48  # bits per side of a part that is searched for a Vandermonde matrix
_CHAIN = 16  # bits of that matrix; the products of so many weights are listed
EQUAL = 1e-12
"""Angles that differ by less are taken as equal: rounding stays far below, angles far above."""


@dataclass(frozen=True)
class Weights:
    """The matrix over all x (m bits) and y (n bits) of the product of w[i, j] where x_i = y_j = 1.

    `phase` and `log`, both (m, n): w = exp(log + i phase), with the phase in (-pi, pi]. Weights
    that depend on one bit only would scale rows or columns, so there are none.
    """

    phase: Float64
    log: Float64

    @classmethod
    def of(cls, phase: Float64, log: Float64) -> Weights:
        """With phases brought into their range, and what is one but for rounding made one."""
        turned = phase - 2 * pi * np.round(phase / (2 * pi))
        return cls(
            np.where(np.abs(turned) < EQUAL, 0.0, turned), np.where(np.abs(log) < EQUAL, 0.0, log)
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Bits on either side."""
        return self.phase.shape[0], self.phase.shape[1]

    @property
    def present(self) -> Bools:
        """Which weights are not 1, (m, n)."""
        found: Bools = (self.phase != 0) | (self.log != 0)
        return found

    def part(self, rows: Int64 | Bools, columns: Int64 | Bools) -> Weights:
        """What is left when all other bits are 0."""
        place = np.ix_(rows, columns)
        return Weights(self.phase[place], self.log[place])

    def without(self, *, rows: list[int], columns: list[int]) -> Weights:
        """What is left when these bits are 0."""
        m, n = self.shape
        return self.part(~np.isin(np.arange(m), rows), ~np.isin(np.arange(n), columns))

    def transposed(self) -> Weights:
        """The sides exchanged."""
        return Weights(self.phase.T, self.log.T)


def weight_rank(weights: Weights) -> int:
    """A lower bound on the rank of the matrix, exact for small and for tree-like tables.

    Unconnected parts multiply. Of each part the better of two submatrices counts: what is left when
    bits are set to 0 until it is small enough, and a Vandermonde matrix in it.
    """
    rank = 1
    for part in _parts(weights):
        full = 1 << min(part.shape)
        found = 1 if max(part.shape) <= _width(part) else _vandermonde_rank(part)
        rank *= found if found == full else max(found, _eliminated_rank(part))
    return rank


def _eliminated_rank(weights: Weights) -> int:
    """The rank of the matrix or of a submatrix.

    Each step is exact or a restriction. A bit with a single partner is taken together with it, a
    factor of 2, since the partner's other weights scale the columns (or rows) of the rest by
    factors that are not zero. A part without such a bit is computed if it is small, otherwise the
    bit with the most partners on its larger side is set to 0.
    """
    rank = 1
    parts = _parts(weights)
    while parts:
        part = parts.pop()
        if max(part.shape) <= _width(part):
            rank *= _computed_rank(part)
            continue
        pair = _single_partner(part)
        if pair is None:
            parts += _parts(_without_busiest(part))
            continue
        rank *= 2
        parts += _parts(part.without(rows=[pair[0]], columns=[pair[1]]))
    return rank


def _width(part: Weights) -> int:
    return _WIDTH_COMPLEX if part.log.any() else _WIDTH


def _parts(weights: Weights) -> list[Weights]:
    """The connected parts of the bipartite graph of weights other than 1, without single bits."""
    m, n = weights.shape
    rows, columns = np.nonzero(weights.present)
    adjacency = csr_array((np.ones(len(rows)), (rows, m + columns)), shape=(m + n, m + n))
    count, label = connected_components(adjacency, directed=False)
    parts = (weights.part(label[:m] == part, label[m:] == part) for part in range(count))
    return [part for part in parts if min(part.shape)]


def _computed_rank(part: Weights) -> int:
    """Rank of the matrix of a small part.

    Phases alone: over signs instead of bits, which scales rows and columns only, the matrix becomes
    its conjugate when all signs of one side change. In the even and odd combinations of such rows
    and columns it falls apart into the cosines and the sines of the halved exponents, over the
    signs whose first is plus.
    """
    if part.log.any():
        x, y = ((np.arange(1 << n)[:, None] >> np.arange(n)) & 1 for n in part.shape)
        return certain_rank(np.exp(x @ (part.log + 1j * part.phase) @ y.T))
    x, y = (
        1 - 2 * ((np.arange(1 << n >> 1)[:, None] << 1 >> np.arange(n)) & 1) for n in part.shape
    )
    exponent = x @ part.phase @ y.T / 4
    return certain_rank(np.cos(exponent)) + certain_rank(np.sin(exponent))


def _single_partner(part: Weights) -> tuple[int, int] | None:
    """(row, column) of a weight that is the only one of its row or column."""
    present = part.present
    alone = present & ((present.sum(axis=1, keepdims=True) == 1) | (present.sum(axis=0) == 1))
    found = np.argwhere(alone)
    return (int(found[0, 0]), int(found[0, 1])) if len(found) else None


def _without_busiest(part: Weights) -> Weights:
    axis = 0 if part.shape[0] >= part.shape[1] else 1
    busiest = int(part.present.sum(axis=1 - axis).argmax())
    if axis == 0:
        return part.without(rows=[busiest], columns=[])
    return part.without(rows=[], columns=[busiest])


def _vandermonde_rank(part: Weights) -> int:
    """The rank of the largest Vandermonde matrix that is found among rows and columns; at least 1.

    If the weights of each of n bits are the squares of those of the bit before, as between the
    qubits of a Fourier transform, then y selects the power 0, ..., 2^n - 1 of the weights of the
    first bit, so the rank is 2^n or the number of different products of the first bit's weights,
    whichever is less.
    """
    return max(_chain_rank(part), _chain_rank(part.transposed()))


def _chain_rank(part: Weights) -> int:
    phase = part.phase[~part.log.any(axis=1)]
    if not len(phase) or max(part.shape) > _CHAIN_WIDTH:
        return 1
    is_square = np.zeros((phase.shape[1],) * 2, dtype=np.bool_)
    for column in range(phase.shape[1]):
        off = 2 * phase[:, [column]] - phase
        is_square[column] = (np.abs(off - 2 * pi * np.round(off / (2 * pi))) < EQUAL).all(axis=0)
    np.fill_diagonal(is_square, False)
    best = 1
    for first in np.flatnonzero(~is_square.any(axis=0)).tolist():
        chain = [first]
        while len(chain) < _CHAIN:
            following = np.setdiff1d(np.flatnonzero(is_square[chain[-1]]), chain)
            if not len(following):
                break
            chain.append(int(following[0]))
        best = max(best, min(1 << len(chain), _products(phase[:, first], len(chain))))
    return best


def _products(phase: Float64, most: int) -> int:
    """How many different products the numbers exp(i phase) have; at most `most` are multiplied."""
    largest_first = np.argsort(-np.abs(phase), kind="stable")[:most]
    sums = np.zeros(1)
    for angle in phase[largest_first].tolist():
        sums = np.concatenate([sums, sums + angle])
    around = np.sort(np.mod(sums, 2 * pi))
    gaps = np.diff(around, append=around[0] + 2 * pi)
    return max(1, int((gaps > 2 * EQUAL).sum()))
