"""Read-only numpy columns, from which every table of the IR is made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

Int8 = npt.NDArray[np.int8]
Int16 = npt.NDArray[np.int16]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]


def frozen(values: Any, dtype: type[np.generic], *, columns: int | None = None) -> Any:
    """A read-only contiguous array of `values`; with `columns`, of shape (len(values), columns)."""
    array = np.array(values, dtype=dtype, order="C")
    if columns is not None:
        array = array.reshape(-1, columns)
    array.flags.writeable = False
    return array


def offsets(lengths: Iterable[int]) -> Int32:
    """Start offsets (n+1,) int32 of rows with the given lengths."""
    counts = np.fromiter(lengths, dtype=np.int64)
    result: Int32 = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    result.flags.writeable = False
    return result
