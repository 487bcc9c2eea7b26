"""The fidelity of a distributed program with its circuit, as it is estimated."""

from __future__ import annotations

from dataclasses import dataclass

from dqc_compiler.ir.arrays import Float64


@dataclass(frozen=True, slots=True, eq=False)
class Fidelity:
    """Entanglement fidelity of the whole program, and what becomes of each of its pairs.

    `total` has all errors, `distribution` those of pairs and comm qubits alone, `waiting` those of
    data qubits alone. `at_least` is the probability that no error happens at all, which is never
    more than the fidelity. Columns, read-only, of the e pairs in order of their numbers:
    `pair_at_use` (e,) is a pair's fidelity when its first half is used, `gadget` (e,) that of what
    it is used for.
    """

    total: float
    distribution: float
    waiting: float
    at_least: float
    shots: int
    pair_at_use: Float64
    gadget: Float64
