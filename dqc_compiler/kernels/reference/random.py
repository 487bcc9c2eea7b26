"""Random numbers as in the kernels."""

from __future__ import annotations

MASK = (1 << 64) - 1


class Random:
    """xorshift64* as in the kernel, in Python's unlimited integers."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def below(self, bound: int) -> int:
        """A number from 0 to bound - 1."""
        x = self.state
        x ^= x >> 12
        x ^= (x << 25) & MASK
        x ^= x >> 27
        self.state = x
        return (((x * 2685821657736338717) & MASK) >> 33) % bound
