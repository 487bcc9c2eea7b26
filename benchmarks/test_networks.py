"""What the compiler has to reach on lines and grids. Not part of the default run.

    pytest benchmarks/test_networks.py

About a minute; every figure is deterministic.
"""

from __future__ import annotations

import pytest

from benchmarks import networks
from benchmarks.networks import Row
from benchmarks.quality import geometric_mean

ROWS = networks.peers()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_no_peer_is_better(row: Row) -> None:
    assert networks.compiled(row).program.pairs <= row.pairs


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_programs_are_proven_and_cost_what_was_planned(row: Row) -> None:
    assert networks.is_proven(row)


def test_all_together_take_three_quarters_of_the_best_peers_pairs() -> None:
    assert geometric_mean(map(networks.ratio, ROWS)) <= 0.75


def test_spreading_pairs_over_the_links_saves_time() -> None:
    ratios = [
        spread / first
        for _, network in networks.fat_trees()
        for circuit in ("qftns_32", "cpfrac5_32")
        for first, spread in [networks.makespans(circuit, network)]
    ]
    assert geometric_mean(ratios) <= 0.95
