"""Hosts that make visits short: for nodes with few comm qubits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dqc_compiler.ir import Placement
from dqc_compiler.ir.arrays import Int64, frozen


def _neighbours_within(keys: Int64, window: int) -> Int64:
    """For each gate, how many gates with the same key are at most `window` gates away, (g,)."""
    gates = len(keys)
    _, dense = np.unique(keys, return_inverse=True)
    # Keys spread so far apart that a window never reaches from one to the next.
    spread = dense.reshape(-1) * (gates + 2 * window + 2) + np.arange(gates)
    ordered = np.sort(spread)
    first = np.searchsorted(ordered, spread - window, side="left")
    last = np.searchsorted(ordered, spread + window, side="right")
    counts: Int64 = last - first
    return counts


@dataclass(frozen=True)
class Burst:
    """Placement to placement: each gate uses the copy that serves more of its neighbours in time.

    The minimum cover may keep a copy open through the whole circuit for one gate here and there,
    which few comm qubits cannot afford. Within `window` gates before and after a gate, this counts
    the gates that a copy of either operand at the other's home would serve, and takes the busier
    one, so that a visit serves a burst of gates and closes. Burst communication was introduced for
    given mappings by Wu et al., MICRO 2022 (arXiv:2207.11674); the window rule is our own.
    """

    name: ClassVar[str] = "burst"
    window: int = 32

    def run(self, placement: Placement) -> Placement:
        """Keep the homes, choose every host anew; O(g log g)."""
        segments = placement.graph.gate_segments
        homes = placement.segment_home[segments].astype(np.int64)
        k = len(placement.network.nodes)
        first_copied = _neighbours_within(segments[:, 0] * k + homes[:, 1], self.window)
        second_copied = _neighbours_within(segments[:, 1] * k + homes[:, 0], self.window)
        hosts = np.where(first_copied >= second_copied, homes[:, 1], homes[:, 0])
        return Placement(
            graph=placement.graph,
            network=placement.network,
            segment_home=placement.segment_home,
            gate_host=frozen(hosts, np.int32),
        )
