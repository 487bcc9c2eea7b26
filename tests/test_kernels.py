"""Every kernel gives what its plain twin gives. One table drives all tests."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqc_compiler.kernels import anneal, reference

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


class Comparison(NamedTuple):
    """A kernel, its twin, and inputs for both."""

    kernel: Callable[..., Any]
    twin: Callable[..., Any]
    examples: list[Arguments]
    inputs: st.SearchStrategy[Arguments]


COMPARISONS = {
    "anneal": Comparison(
        anneal.anneal,
        reference.anneal,
        [
            anneal_problem(1, wires=2, nodes=2, edges=1, budget=50),
            anneal_problem(2, wires=6, nodes=1, edges=9, budget=500),
            anneal_problem(3, wires=8, nodes=3, edges=20, budget=20_000),
            anneal_problem(4, wires=16, nodes=4, edges=60, budget=20_000),
            anneal_problem(5, wires=5, nodes=9, edges=12, budget=5_000),
        ],
        anneal_problems(),
    ),
}


def copies(arguments: Arguments) -> Arguments:
    return tuple(a.copy() if isinstance(a, np.ndarray) else a for a in arguments)


def assert_equal_results(comparison: Comparison, arguments: Arguments) -> None:
    given_first = copies(arguments)
    got = comparison.kernel(*arguments)
    want = comparison.twin(*given_first)
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


@settings(max_examples=100, deadline=None, derandomize=True)
@given(anneal_problems())
def test_annealing_stays_within_the_rules_and_never_loses(arguments: Arguments) -> None:
    edges, wire_of, *_, start_home, start_host, capacity, may_host, _, _, _, _ = arguments
    home, host, price = anneal.anneal(*arguments)
    load = np.bincount(home, minlength=len(capacity))
    assert (load <= capacity).all()
    assert price == reference.price(edges, wire_of, home.tolist(), host.tolist())
    assert price <= reference.price(edges, wire_of, start_home.tolist(), start_host.tolist())
    for pair, node in zip(edges.tolist(), host.tolist(), strict=True):
        assert node in [home[wire_of[s]] for s in pair] or may_host[node]
