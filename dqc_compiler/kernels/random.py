"""Random numbers inside kernels: a generator whose whole state is one number."""

from __future__ import annotations

import numpy as np

from dqc_compiler.kernels.jit import helper


@helper
def draw(random, bound):
    """The next number in 0 .. bound-1; `random` (1,) uint64 is the state and must not be 0.

    xorshift64* (Marsaglia, J. Stat. Soft. 8, 14 (2003); Vigna, ACM TOMS 42, 30 (2016)): numba's own
    generator is global, and its stream differs from numpy's.
    """
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return np.int64(((x * np.uint64(2685821657736338717)) >> np.uint64(33)) % np.uint64(bound))
