"""Plain twins of the kernels: the same results, by the shortest code that can be trusted.

They are for tests and for reading. Nothing is kept up to date in steps: what a kernel adjusts
incrementally is computed here from its definition, every time. The twin of a kernel is in the
module of the same name.
"""

from dqc_compiler.kernels.reference import (
    anneal,
    assignment,
    grouping,
    makespan,
    presence,
    slices,
    steiner,
    timing,
    visits,
)

__all__ = [
    "anneal",
    "assignment",
    "grouping",
    "makespan",
    "presence",
    "slices",
    "steiner",
    "timing",
    "visits",
]
