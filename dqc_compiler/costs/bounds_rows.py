"""Sparse rows of a linear program, collected one kind of inequality at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dqc_compiler.ir.arrays import Float64, Int64

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass
class Rows:
    """Rows low <= a.x <= high over numbered variables."""

    row: list[Int64] = field(default_factory=list)
    column: list[Int64] = field(default_factory=list)
    value: list[Float64] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)

    def add(
        self,
        columns: npt.ArrayLike,
        values: npt.ArrayLike,
        *,
        low: float = -np.inf,
        high: float = np.inf,
    ) -> None:
        """Add r rows of c terms each.

        Args:
            columns: the variables, (r, c) or (c,) for a single row. Terms of one variable add up.
            values: their coefficients, of any shape that broadcasts to that of `columns`.
            low: least value of every row.
            high: greatest value of every row.
        """
        table = np.atleast_2d(np.asarray(columns, dtype=np.int64))
        count, width = table.shape
        self.row.append(np.repeat(len(self.low) + np.arange(count), width))
        self.column.append(table.reshape(-1))
        coefficients = np.broadcast_to(np.asarray(values, dtype=np.float64), table.shape)
        self.value.append(coefficients.reshape(-1))
        self.low += [low] * count
        self.high += [high] * count

    def matrix(self, variables: int) -> csr_array:
        """The coefficients, sparse (rows, variables)."""
        from scipy.sparse import coo_array  # noqa: PLC0415 (scipy: 0.1 s)

        if not self.row:
            return coo_array((0, variables)).tocsr()
        place = (np.concatenate(self.row), np.concatenate(self.column))
        shape = (len(self.low), variables)
        return coo_array((np.concatenate(self.value), place), shape=shape).tocsr()
