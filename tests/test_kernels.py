"""Every kernel gives what its plain twin gives. One table drives all tests."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqc_compiler.costs.walks import walk_problem
from dqc_compiler.ir import Placement
from dqc_compiler.kernels import (
    anneal,
    assignment,
    grouping,
    makespan,
    presence,
    reference,
    slices,
    steiner,
    timing,
    visits,
)
from dqc_compiler.passes.segment import Segment
from tests.strategies import (
    circuits,
    make_circuit,
    make_network,
    make_placement,
    moving_placements,
    networks,
    sparse_networks,
    static_placements,
)

Arguments = tuple[Any, ...]


def anneal_problem(seed: int, *, wires: int, nodes: int, edges: int, budget: int) -> Arguments:
    """Random segments, edges, capacities and a start that respects them."""
    choose = random.Random(seed)
    counts = [choose.randint(1, 3) for _ in range(wires)]
    wire_of = [wire for wire, count in enumerate(counts) for _ in range(count)]
    possible = [(a, b) for b in range(len(wire_of)) for a in range(b) if wire_of[a] != wire_of[b]]
    chosen = sorted(choose.sample(possible, min(edges, len(possible))))
    of_segment = [[i for i, pair in enumerate(chosen) if s in pair] for s in range(len(wire_of))]
    home = [choose.randrange(nodes) for _ in range(wires)]
    capacity = [home.count(node) + choose.choice((0, 0, 1)) for node in range(nodes)]

    def column(values: list[int]) -> np.ndarray:
        return np.array(values, np.int32)

    return (
        np.array(chosen, np.int32).reshape(-1, 2),
        column(wire_of),
        column(np.cumsum([0, *counts]).tolist()),
        column([edge for row in of_segment for edge in row]),
        column(np.cumsum([0, *(len(row) for row in of_segment)]).tolist()),
        column(home),
        column([home[wire_of[choose.choice(pair)]] for pair in chosen]),
        column(capacity),
        column([choose.randint(0, 1) for _ in range(nodes)]),
        budget,
        0.6,
        0.12,
        choose.randrange(1, 1 << 64),
    )


@st.composite
def anneal_problems(draw: st.DrawFn) -> Arguments:
    return anneal_problem(
        draw(st.integers(0, 2**32)),
        wires=draw(st.integers(2, 7)),
        nodes=draw(st.integers(1, 4)),
        edges=draw(st.integers(1, 20)),
        budget=draw(st.integers(0, 1500)),
    )


class Wires(NamedTuple):
    """Wires with segments in layers, as they come out of a circuit."""

    layers: int
    first: list[int]  # (w + 1,) segments of each wire
    wire_of: list[int]
    earliest: list[int]  # from here to `start` a wire may change to the segment's home
    start: list[int]


def random_wires(choose: random.Random, wires: int) -> Wires:
    layers = choose.randint(2, 8)
    starts = [
        [0, *sorted(choose.choices(range(1, layers), k=choose.randint(0, 4)))] for _ in range(wires)
    ]
    return Wires(
        layers,
        np.cumsum([0, *(len(row) for row in starts)]).tolist(),
        [wire for wire, row in enumerate(starts) for _ in row],
        [
            choose.randint(before, start) if start else 0
            for row in starts
            for before, start in pairwise((0, *row))
        ],
        [start for row in starts for start in row],
    )


def int64(values: list[Any]) -> np.ndarray:
    return np.array(values, np.int64)


def distances(choose: random.Random, nodes: int) -> np.ndarray:
    """Hops in a random connected network, (k, k)."""
    graph = nx.random_labeled_tree(nodes, seed=choose.randrange(1 << 30))
    for _ in range(choose.randint(0, nodes)):
        graph.add_edge(choose.randrange(nodes), choose.randrange(nodes))
    hops = dict(nx.all_pairs_shortest_path_length(graph))
    return np.array([[hops[a][b] for b in range(nodes)] for a in range(nodes)], np.int64)


def presence_problem(
    seed: int,
    *,
    wires: int,
    nodes: int,
    edges: int,
    budget: int,
    is_static: bool = False,
    far_price: float = 0.0,
    is_flat: bool = True,
) -> Arguments:
    """Random segments with valid presences; capacities that the start may exceed."""
    choose = random.Random(seed)
    table = random_wires(choose, wires)
    segments = len(table.wire_of)
    home = [choose.randrange(nodes) for _ in range(segments)]
    if is_static:
        home = [home[table.first[wire]] for wire in table.wire_of]
    present = [{node} for node in home]
    for s in set(range(segments)) - set(table.first):
        present[s - 1].add(home[s])
    possible = [
        (a, b) for b in range(segments) for a in range(b) if table.wire_of[a] != table.wire_of[b]
    ]
    chosen = choose.sample(possible, min(edges, len(possible)))
    for a, b in chosen:
        host = choose.choice((home[a], home[b], choose.randrange(nodes)))
        present[a].add(host)
        present[b].add(host)
    neighbours = [sorted({sum(pair) - s for pair in chosen if s in pair}) for s in range(segments)]
    return (
        int64([t for row in neighbours for t in row]),
        int64(np.cumsum([0, *(len(row) for row in neighbours)]).tolist()),
        int64(table.first),
        int64(table.wire_of),
        int64(table.earliest),
        int64(table.start),
        table.layers,
        int64([choose.randint(0, 1) + -(-wires // nodes) for _ in range(nodes)]),
        np.array([sum(1 << node for node in row) for row in present], np.uint64).view(np.int64),
        int64(home),
        1 - np.eye(nodes, dtype=np.int64) if is_flat else distances(choose, nodes),
        np.array([is_flat or choose.random() < 0.8 for _ in range(nodes)]),
        is_static,
        budget,
        0.45,
        0.1,
        0.5,
        far_price,
        choose.randrange(1, 1 << 64),
    )


def slices_problem(seed: int, *, wires: int, nodes: int, proposals: int) -> Arguments:
    """Random blocks; costs and decays for which sums are exact."""
    choose = random.Random(seed)
    table = random_wires(choose, wires)
    by_start = sorted(range(len(table.wire_of)), key=lambda s: (table.start[s], s))
    blocks = [
        [choose.sample(range(wires), 2) for _ in range(choose.randint(0, wires // 2))]
        for _ in range(table.layers)
    ]
    blocks[0] = []
    home = [choose.randrange(nodes) for _ in range(wires)]
    starts = sorted(table.start)
    return (
        int64([pair for row in blocks for pair in row]).reshape(-1, 2),
        np.array([choose.choice((1.0, 2.0)) for row in blocks for _ in row]),
        int64(np.cumsum([0, *(len(row) for row in blocks)]).tolist()),
        int64([table.wire_of[s] for s in by_start]),
        int64([sum(start < layer for start in starts) for layer in range(table.layers + 1)]),
        int64(by_start),
        int64(home),
        int64([home.count(node) + choose.choice((0, 0, 1)) for node in range(nodes)]),
        choose.choice((0.25, 0.5, 1.0)),
        choose.randint(1, 8),
        proposals,
        1.0,
        0.1,
        choose.randrange(1, 1 << 64),
    )


def grouping_problem(seed: int, *, wires: int, nodes: int, parities: int, tries: int) -> Arguments:
    """Random parities, in which a wire's axis stays the same half of the time."""
    choose = random.Random(seed)
    keys = [choose.getrandbits(63) for _ in range(wires)]
    chosen = []
    for _ in range(parities):
        support = choose.sample(range(wires), choose.randint(1, wires))
        keys = [key if choose.random() < 0.7 else choose.getrandbits(63) for key in keys]
        chosen.append([(wire, keys[wire]) for wire in support])
    home = [choose.randrange(nodes) for _ in range(wires)]
    return (
        int64(np.cumsum([0, *(len(row) for row in chosen)]).tolist()),
        int64([wire for row in chosen for wire, _ in row]),
        int64([key for row in chosen for _, key in row]),
        int64(home),
        int64([home.count(node) + choose.choice((0, 0, 1)) for node in range(nodes)]),
        tries,
        1.0,
        0.1,
        choose.randrange(1, 1 << 64),
    )


def makespan_problem(seed: int, *, events: int, runs: int) -> Arguments:
    """Random causes before every event; a third of the events are pairs, watches are random."""
    choose = random.Random(seed)
    links = choose.randint(1, 3)
    causes = [
        {choose.randrange(event): choose.choice((0.0, 130.0, 500.5)) for _ in range(many)}
        for event in range(events)
        for many in [choose.choice((0, 1, 1, 2, 3)) if event else 0]
    ]
    is_pair = [choose.random() < 0.4 for _ in range(events)]
    numbers = iter(choose.sample(range(sum(is_pair)), sum(is_pair)))
    watches = choose.randint(0, 6) if events else 0
    ends = [sorted(choose.choices(range(events), k=2)) for _ in range(watches)]
    owners = choose.randint(1, 4)
    probability = [choose.choice((1.0, 0.9, 0.3, 0.01)) for _ in range(links)]
    with np.errstate(divide="ignore"):
        log_failure = np.log1p(-np.array(probability))
    return (
        int64(np.cumsum([0, *(len(row) for row in causes)]).tolist()),
        int64([event for row in causes for event in row]),
        np.array([lag for row in causes for lag in row.values()], np.float64),
        np.array([choose.choice((0.0, 0.0, 5000.0)) for _ in range(events)], np.float64),
        int64([choose.randrange(links) if pair else -1 for pair in is_pair]),
        int64([next(numbers) if pair else -1 for pair in is_pair]),
        np.array([choose.choice((0.0, 2000.0)) for _ in range(events)], np.float64),
        np.array([choose.choice((100.0, 1000.0)) for _ in range(links)]),
        log_failure,
        int64(np.cumsum([0, *(choose.randint(0, 3) for _ in range(links))]).tolist()),
        int64([(*pair, choose.randrange(owners)) for pair in ends]).reshape(-1, 3),
        np.array([choose.choice((0.0, 30.0)) for _ in range(watches)], np.float64),
        np.array([choose.choice((0.0, 500.0, 3000.0)) for _ in range(watches)], np.float64),
        owners,
        runs,
        choose.randrange(1 << 31),
    )


def tasks_problem(seed: int, *, tasks: int) -> TimedTasks:
    """Tasks that wait for some of those before them; a third are pairs, some times are 0 or equal.

    What a pair waits for may have a larger number, like the reset at its second end.
    """
    choose = random.Random(seed)
    links = choose.randint(1, 3)
    name = choose.sample(range(tasks), tasks)
    edges = sorted(
        (name[task], name[choose.randrange(task)])
        for task in range(1, tasks)
        for _ in range(choose.choice((0, 1, 1, 2, 3)))
    )
    lags = [choose.choice((0.0, 0.0, 100.0, 250.5)) for _ in edges]
    back = sorted(range(len(edges)), key=lambda i: edges[i][1])
    link = [choose.randrange(links) if choose.random() < 0.4 else -1 for _ in range(tasks)]

    def starts(numbers: list[int], size: int) -> np.ndarray:
        return np.cumsum([0, *np.bincount(int64(numbers), minlength=size)]).astype(np.int64)

    pairs = starts([of for of in link if of >= 0], links)
    channels = [min(choose.randint(1, 2), int(b - a)) for a, b in pairwise(pairs.tolist())]
    return TimedTasks(
        earlier_start=starts([task for task, _ in edges], tasks),
        earlier=int64([cause for _, cause in edges]),
        earlier_lag=np.array(lags, np.float64),
        later_start=starts([cause for _, cause in edges], tasks),
        later=int64([edges[i][0] for i in back]),
        later_lag=np.array([lags[i] for i in back], np.float64),
        duration=np.array([choose.choice((0.0, 30.0, 500.0, 1e5)) for _ in range(tasks)]),
        link=int64(link),
        channel_start=int64([0, *itertools.accumulate(channels)]),
        pair_start=pairs,
        lead=np.array([choose.choice((0.0, 700.0)) for _ in range(links)]),
        movable=np.array([choose.random() < 0.6 for _ in range(tasks)], np.bool_),
        as_early=np.array([choose.random() < 0.2 for _ in range(tasks)], np.bool_),
    )


class TimedTasks(NamedTuple):
    """What the kernels of `timing` take."""

    earlier_start: np.ndarray
    earlier: np.ndarray
    earlier_lag: np.ndarray
    later_start: np.ndarray
    later: np.ndarray
    later_lag: np.ndarray
    duration: np.ndarray
    link: np.ndarray
    channel_start: np.ndarray
    pair_start: np.ndarray
    lead: np.ndarray
    movable: np.ndarray
    as_early: np.ndarray

    @property
    def waits(self) -> Arguments:
        return (*self[:3], self.later_start, self.duration)

    @property
    def planned(self) -> Arguments:
        remaining = reference.timing.remaining_ns(*self.waits)
        return (
            self.earlier_start,
            *self[3:8],
            remaining,
            self.channel_start,
            self.pair_start,
        )

    @property
    def delayed(self) -> Arguments:
        start, order, channel_after = reference.timing.plan_starts(*self.planned)
        flags = (self.movable | self.as_early, self.as_early)
        return (*self[:8], self.lead, *flags, order, channel_after, start)

    @property
    def joined(self) -> Arguments:
        _, order, _ = reference.timing.plan_starts(*self.planned)
        return (*self[:3], self.duration, self.link, order)


def task_comparison(name: str, arguments: str) -> Comparison:
    """Of a kernel of `timing`, with what a property of `TimedTasks` gives it."""

    def problem(seed: int, tasks: int) -> Arguments:
        found: Arguments = getattr(tasks_problem(seed, tasks=tasks), arguments)
        return found

    return Comparison(
        getattr(timing, name),
        getattr(reference.timing, name),
        [problem(seed, tasks) for seed, tasks in enumerate((0, 1, 12, 60, 400))],
        st.builds(problem, st.integers(0, 2**32), st.integers(0, 25)),
    )


@st.composite
def makespan_problems(draw: st.DrawFn) -> Arguments:
    return makespan_problem(
        draw(st.integers(0, 2**32)),
        events=draw(st.integers(0, 20)),
        runs=draw(st.sampled_from((1, 2, 15, 16, 17, 40))),
    )


@st.composite
def grouping_problems(draw: st.DrawFn) -> Arguments:
    return grouping_problem(
        draw(st.integers(0, 2**32)),
        wires=draw(st.integers(2, 7)),
        nodes=draw(st.integers(1, 5)),
        parities=draw(st.integers(0, 12)),
        tries=draw(st.integers(0, 60)),
    )


@st.composite
def presence_problems(draw: st.DrawFn) -> Arguments:
    return presence_problem(
        draw(st.integers(0, 2**32)),
        wires=draw(st.integers(2, 6)),
        nodes=draw(st.integers(1, 4)),
        edges=draw(st.integers(0, 12)),
        budget=draw(st.integers(0, 2500)),
        is_static=draw(st.booleans()),
        far_price=draw(st.sampled_from((0.0, 0.25, 0.5, 1.0))),  # sums are exact
        is_flat=draw(st.booleans()),
    )


@st.composite
def slices_problems(draw: st.DrawFn) -> Arguments:
    return slices_problem(
        draw(st.integers(0, 2**32)),
        wires=draw(st.integers(2, 7)),
        nodes=draw(st.integers(1, 4)),
        proposals=draw(st.integers(0, 20)),
    )


def tree_problem(seed: int, *, nodes: int) -> Arguments:
    """Distances, nodes that may be added, and the nodes to join."""
    choose = random.Random(seed)
    may_branch = np.array([choose.random() < 0.8 for _ in range(nodes)])
    members = choose.sample(range(nodes), choose.randint(1, nodes))
    return distances(choose, nodes), may_branch, int64(members)


def tree(distance: np.ndarray, may_branch: np.ndarray, members: np.ndarray) -> tuple[Any, ...]:
    return steiner.steiner_tree(steiner.scratch(distance, may_branch), members.tolist())


def tree_twin(distance: np.ndarray, may_branch: np.ndarray, members: np.ndarray) -> tuple[Any, ...]:
    trees = steiner.scratch(distance, may_branch)
    return reference.steiner.steiner_tree(trees, members.tolist())


def assignment_problem(seed: int, *, nodes: int) -> Arguments:
    """Traffic between parts, distances between nodes, and sizes that fit where they are."""
    choose = random.Random(seed)
    half = np.array(
        [[choose.choice((0, 0, choose.randint(0, 9))) for _ in range(nodes)] for _ in range(nodes)],
        np.int64,
    )
    half = np.triu(half, 1)
    load = [choose.randint(0, 4) for _ in range(nodes)]
    capacity = [size + choose.choice((0, 0, 1, 3)) for size in load]
    return half + half.T, distances(choose, nodes), int64(load), int64(capacity)


class Comparison(NamedTuple):
    """A kernel, its twin, and inputs for both."""

    kernel: Callable[..., Any]
    twin: Callable[..., Any]
    examples: list[Arguments]
    inputs: st.SearchStrategy[Arguments]


COMPARISONS = {
    "anneal": Comparison(
        anneal.anneal,
        reference.anneal.anneal,
        [
            anneal_problem(1, wires=2, nodes=2, edges=1, budget=50),
            anneal_problem(2, wires=6, nodes=1, edges=9, budget=500),
            anneal_problem(3, wires=8, nodes=3, edges=20, budget=20_000),
            anneal_problem(4, wires=16, nodes=4, edges=60, budget=20_000),
            anneal_problem(5, wires=5, nodes=9, edges=12, budget=5_000),
        ],
        anneal_problems(),
    ),
    "search_presences": Comparison(
        presence.search_presences,
        reference.presence.search_presences,
        [
            presence_problem(1, wires=2, nodes=2, edges=1, budget=500),
            presence_problem(2, wires=8, nodes=3, edges=20, budget=10_000),
            presence_problem(3, wires=8, nodes=3, edges=20, budget=10_000, is_static=True),
            presence_problem(4, wires=12, nodes=5, edges=30, budget=10_000),
            presence_problem(6, wires=12, nodes=5, edges=30, budget=10_000, far_price=0.25),
            presence_problem(5, wires=6, nodes=1, edges=8, budget=500),
            presence_problem(7, wires=12, nodes=6, edges=30, budget=10_000, is_flat=False),
            presence_problem(8, wires=8, nodes=64, edges=12, budget=3_000, is_flat=False),
        ],
        presence_problems(),
    ),
    "slice_homes": Comparison(
        slices.slice_homes,
        reference.slices.slice_homes,
        [
            slices_problem(1, wires=2, nodes=2, proposals=20),
            slices_problem(2, wires=10, nodes=3, proposals=50),
            slices_problem(3, wires=6, nodes=5, proposals=50),
        ],
        slices_problems(),
    ),
    "group_homes": Comparison(
        grouping.group_homes,
        reference.grouping.group_homes,
        [
            grouping_problem(1, wires=2, nodes=2, parities=3, tries=50),
            grouping_problem(2, wires=12, nodes=4, parities=20, tries=500),
            grouping_problem(3, wires=6, nodes=62, parities=10, tries=100),
            grouping_problem(4, wires=5, nodes=1, parities=10, tries=20),
        ],
        grouping_problems(),
    ),
    "steiner_tree": Comparison(
        tree,
        tree_twin,
        [tree_problem(seed, nodes=nodes) for seed, nodes in enumerate((2, 5, 9, 16, 16, 25))],
        st.builds(tree_problem, st.integers(0, 2**32), nodes=st.integers(2, 12)),
    ),
    "assign": Comparison(
        assignment.assign,
        reference.assignment.assign,
        [assignment_problem(seed, nodes=nodes) for seed, nodes in enumerate((1, 2, 5, 9, 9))],
        st.builds(assignment_problem, st.integers(0, 2**32), nodes=st.integers(1, 7)),
    ),
    "sample_runs": Comparison(
        makespan.sample_runs,
        reference.makespan.sample_runs,
        [
            makespan_problem(1, events=0, runs=1),
            makespan_problem(2, events=5, runs=100),
            makespan_problem(3, events=60, runs=200),
            makespan_problem(4, events=300, runs=33),
        ],
        makespan_problems(),
    ),
    "remaining_ns": task_comparison("remaining_ns", "waits"),
    "plan_starts": task_comparison("plan_starts", "planned"),
    "delay_pairs": task_comparison("delay_pairs", "delayed"),
    "join_chains": task_comparison("join_chains", "joined"),
}


@pytest.mark.parametrize("module", [timing, reference.timing])
def test_tasks_that_wait_for_each_other_are_refused(module: Any) -> None:
    start, other, zero = int64([0, 1, 2]), int64([1, 0]), np.zeros(2)
    with pytest.raises(ValueError, match="in a circle"):
        module.remaining_ns(start, other, zero, start, zero)


def as_tuple(results: Any) -> tuple[Any, ...]:
    return results if isinstance(results, tuple) else (results,)


def copies(arguments: Arguments) -> Arguments:
    return tuple(a.copy() if isinstance(a, np.ndarray) else a for a in arguments)


def assert_equal_results(comparison: Comparison, arguments: Arguments) -> None:
    given_first = copies(arguments)
    got = as_tuple(comparison.kernel(*arguments))
    want = as_tuple(comparison.twin(*given_first))
    for one, other in zip(got, want, strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.asarray(one).dtype == np.asarray(other).dtype
    for before, after in zip(given_first, arguments, strict=True):
        np.testing.assert_array_equal(before, after, "an input was changed")


CASES = [(name, i) for name, row in COMPARISONS.items() for i in range(len(row.examples))]


@pytest.mark.parametrize(("name", "example"), CASES)
def test_kernel_is_its_twin_on_examples(name: str, example: int) -> None:
    assert_equal_results(COMPARISONS[name], COMPARISONS[name].examples[example])


@pytest.mark.parametrize("name", COMPARISONS)
@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_kernel_is_its_twin_on_random_input(name: str, data: st.DataObject) -> None:
    assert_equal_results(COMPARISONS[name], data.draw(COMPARISONS[name].inputs))


def assert_same_walk(placement: Placement, window: int) -> None:
    comm = [node.comm_qubits for node in placement.network.nodes]
    problem = walk_problem(placement, comm, window=window)
    home = placement.segment_home.astype(np.int64)
    try:
        steps, pairs = reference.visits.plan_visits(problem, home)
    except ValueError:
        with pytest.raises(ValueError, match="no free comm qubit"):
            visits.plan_visits(problem, home)
        return
    found, price = visits.plan_visits(problem, home)
    np.testing.assert_array_equal(found, steps)
    opened = steps[steps[:, 0] == visits.OPEN]
    assert price == pairs == problem.distance[opened[:, 3], opened[:, 4]].sum()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_walk_is_its_twin(data: st.DataObject) -> None:
    """Programs with measurements, all budgets, windows and homes; nodes may also lack room."""
    graph = Segment().run(data.draw(circuits(max_qubits=6, max_operations=40, clbits=2)))
    kind = data.draw(st.sampled_from((networks, sparse_networks)))
    network = data.draw(kind(graph.wires))
    is_static = data.draw(st.booleans())
    placement = data.draw((static_placements if is_static else moving_placements)(graph, network))
    assert_same_walk(placement, data.draw(st.sampled_from((1, 3, 256))))


@pytest.mark.parametrize("seed", range(40))
def test_crowded_walk_is_its_twin(seed: int) -> None:
    """Many gates that commute, hosts anywhere and little memory: every choice has rivals."""
    choose = random.Random(seed)
    wires, nodes = choose.randint(6, 10), choose.randint(3, 4)
    rows: list[tuple[object, ...]] = []
    for _ in range(choose.randint(40, 70)):
        rows.append(("cz", tuple(choose.sample(range(wires), 2))))
        if choose.random() < 0.25:
            rows.append(("h", (choose.randrange(wires),)))
    graph = Segment().run(make_circuit(wires, rows))
    network = make_network([-(-wires // nodes)] * nodes, [choose.randint(1, 3)] * nodes)
    home = [wire % nodes for wire in graph.segment_wire.tolist()]
    if choose.random() < 0.5:
        home = [choose.randrange(nodes) if choose.random() < 0.3 else node for node in home]
        for wire, first in enumerate(graph.wire_segments[:-1].tolist()):
            home[first] = wire % nodes
    hosts = [choose.choice((home[s], home[t], 0)) for s, t in graph.gate_segments.tolist()]
    assert_same_walk(make_placement(graph, network, home, hosts), choose.choice((8, 256)))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(anneal_problems())
def test_annealing_stays_within_the_rules_and_never_loses(arguments: Arguments) -> None:
    edges, wire_of, *_, start_home, start_host, capacity, may_host, _, _, _, _ = arguments
    home, host, price = anneal.anneal(*arguments)
    load = np.bincount(home, minlength=len(capacity))
    assert (load <= capacity).all()
    assert price == reference.anneal.price(edges, wire_of, home.tolist(), host.tolist())
    assert price <= reference.anneal.price(edges, wire_of, start_home.tolist(), start_host.tolist())
    for pair, node in zip(edges.tolist(), host.tolist(), strict=True):
        assert node in [home[wire_of[s]] for s in pair] or may_host[node]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(presence_problems())
def test_presences_found_are_valid_and_cost_what_they_say(arguments: Arguments) -> None:
    neighbour, first, wire_segments, _, earliest, latest, layers, capacity, *rest = arguments
    _, _, distance, may_branch, *_ = rest
    found, home, start, price = presence.search_presences(*arguments)
    if price < 0:
        return
    present = [{p for p in range(len(capacity)) if m >> p & 1} for m in found.tolist()]
    assert price == reference.presence.presence_price(present, distance, may_branch)
    for s, nodes in enumerate(present):
        assert home[s] in nodes
        if s + 1 not in wire_segments:
            assert home[s + 1] in nodes
        assert all(nodes & present[t] for t in neighbour[first[s] : first[s + 1]])
    assert (earliest <= start).all()
    assert (start <= latest).all()
    end = np.append(start[1:], 0)
    end[wire_segments[1:] - 1] = layers
    for layer in range(layers):
        here = home[(start <= layer) & (layer < end)]
        assert (np.bincount(here, minlength=len(capacity)) <= capacity).all()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(2, 7))
def test_trees_cost_what_their_ways_cost_and_are_light(seed: int, nodes: int) -> None:
    """Where every node may be added: no edge is used twice, and few trees are not the lightest."""
    choose = random.Random(seed)
    distance = distances(choose, nodes)
    members = choose.sample(range(nodes), choose.randint(1, nodes))
    weight, edges = tree(distance, np.ones(nodes, np.bool_), int64(members))
    graph = nx.Graph([tuple(pair) for pair in np.argwhere(distance == 1).tolist()])
    used = [
        frozenset(step)
        for start, end in edges
        for step in itertools.pairwise(nx.shortest_path(graph, start, end))
    ]
    assert len(used) == len(set(used)) == weight
    others = [node for node in range(nodes) if node not in members]
    best = min(
        steiner.steiner_tree(
            steiner.scratch(distance, np.zeros(nodes, np.bool_)), [*members, *more]
        )[0]
        for count in range(len(others) + 1)
        for more in itertools.combinations(others, count)
    )
    assert best <= weight <= max(best, 4 * best // 3)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_assignments_fit_and_are_next_to_the_best(seed: int, nodes: int) -> None:
    traffic, distance, load, capacity = assignment_problem(seed, nodes=nodes)
    node_of, price = assignment.assign(traffic, distance, load, capacity)
    assert sorted(node_of.tolist()) == list(range(nodes))
    assert (load <= capacity[node_of]).all()

    def price_of(order: tuple[int, ...]) -> int:
        return int((traffic * distance[np.ix_(order, order)]).sum()) // 2

    assert price == price_of(tuple(node_of.tolist()))
    fitting = [o for o in itertools.permutations(range(nodes)) if (load <= capacity[list(o)]).all()]
    assert price <= 1.25 * min(map(price_of, fitting))
