"""The two sides of a cut through the network, and certified ranks of matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dqc_compiler.ir.arrays import Float64

Bools = npt.NDArray[np.bool_]
Complex = npt.NDArray[np.complex128]

_CERTAIN = 1e-9  # of the largest singular value; rounding errors stay far below


@dataclass(frozen=True)
class Sides:
    """A cut: some nodes are inside, all others outside.

    `starts` (w,): whether the wire starts inside. `ends` (w,): whether it ends inside; of no
    meaning for wires that are measured, whose bit may be anywhere.
    """

    starts: Bools
    ends: Bools


def certain_rank(matrix: Complex | Float64) -> int:
    """A lower bound on the rank: the singular values that rounding cannot have made.

    Singular values of a sum differ by at most the norm of what is added, so those that are far
    above the errors of the entries belong to the true matrix.
    """
    values = np.linalg.svd(matrix, compute_uv=False)
    return int((values > _CERTAIN * values.max(initial=0)).sum())


def log2_ceil(rank: int) -> int:
    """The least integer that is at least log2 of a positive integer."""
    return (rank - 1).bit_length()
