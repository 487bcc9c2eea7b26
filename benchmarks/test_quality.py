"""What the compiler has to reach on the benchmark instances. Not part of the default run.

    pytest benchmarks/test_quality.py [-k qftns_32]

One process with warm kernels; some ten minutes. Every figure is deterministic, so any rise of the
pairs is an error; seconds are printed at the end and never asserted. Where fewer pairs are right,
`python -m benchmarks.quality --update` accepts them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks import gap, quality
from benchmarks.quality import Instance, Row
from dqc_compiler.ir import Network, Placement, SegmentGraph
from dqc_compiler.portfolio import Place

INSTANCES = quality.instances()
ROWS = quality.peers()
BASELINE = quality.read_baseline()


def name(value: Instance | Row) -> str:
    return str(value if isinstance(value, Instance) else value.instance).replace(" ", "-")


@pytest.fixture(scope="module", autouse=True)
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    """The figures, whatever the tests say, if all were measured."""
    yield
    capture = request.config.pluginmanager.getplugin("capturemanager")
    if quality.measure.cache_info().currsize < len(INSTANCES):
        return
    with capture.global_and_fixture_disabled():
        print()
        for line in quality.table(ROWS):
            print(line)
        for words, mean in quality.means(ROWS).items():
            print(f"{words}: geometric mean {mean:.3f}")
        for row in ROWS:
            if quality.measure(row.instance).emitted >= row.pairs:
                print(f"{row.instance}: {row.pairs} pairs by {row.peer}; {comment(row)}")


def comment(row: Row) -> str:
    if quality.measure(row.instance).emitted > row.pairs:
        return "WORSE"
    found = quality.certificates(row.instance)
    if not found:
        return "NOT proven to be the fewest"
    return "; ".join(f"the fewest of {bound.scope} ({bound.method})" for bound in found)


@pytest.mark.parametrize("instance", INSTANCES, ids=name)
def test_pairs_are_those_of_the_baseline(instance: Instance) -> None:
    assert quality.measure(instance).emitted == BASELINE.get(instance)


@pytest.mark.parametrize("instance", INSTANCES, ids=name)
def test_programs_are_proven_and_cost_what_was_planned(instance: Instance) -> None:
    assert quality.measure(instance).problem is None


def test_the_baseline_has_nothing_else() -> None:
    assert set(BASELINE) == set(INSTANCES)


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_no_peer_is_better_or_as_good_without_a_proof(row: Row) -> None:
    """A tie is in order if no homes, moves and hosts whatsoever are cheaper.

    The bound for every protocol alone is no excuse: it is about the homes that were found.
    """
    pairs = quality.measure(row.instance).emitted
    assert pairs <= row.pairs
    if pairs == row.pairs:
        scopes = [bound.scope for bound in quality.certificates(row.instance)]
        assert "every placement" in scopes


def test_all_together_take_three_quarters_of_the_best_peers_pairs() -> None:
    assert quality.means(ROWS)["pairs of those of the best peer"] <= 0.75


def test_four_comm_qubits_cost_half_as_much_again_at_most() -> None:
    assert quality.means(ROWS)["pairs with 4 comm qubits of those with unlimited"] <= 1.5


def test_full_nodes_cost_a_seventh_more_at_most() -> None:
    assert quality.means(ROWS)["pairs on full nodes of those with one spare"] <= 1.15


def test_small_circuits_are_next_to_their_optima(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever HiGHS cannot close within its time counts with its lower bound, against us."""

    def search(graph: SegmentGraph, network: Network) -> Placement:
        return Place(network=network).run(graph)

    with capsys.disabled():
        print()
        rows = gap.compare(search, seconds=60)
    assert len(rows) == 60
    gaps = [row.found / row.low - 1 if row.low else float(row.found) for row in rows]
    assert sum(gaps) / len(gaps) <= 0.02
    assert sum(row.found == row.low for row in rows) >= 0.8 * len(rows)
