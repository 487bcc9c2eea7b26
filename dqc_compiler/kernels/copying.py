"""Copies inside kernels, where slices cannot be assigned to slices: that would allocate."""

from __future__ import annotations

from dqc_compiler.kernels.jit import helper


@helper
def copy_into(target, source):
    """Fill `target` with `source`, both one-dimensional and of the same length."""
    for i in range(len(source)):
        target[i] = source[i]
