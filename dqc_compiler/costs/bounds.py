"""Lower bounds on pairs: certificates against which the compiler's result can be held.

Three different statements are made, and they are never mixed. `lower_bound_pairs` holds for every
protocol whatsoever, given where qubits start and end; `placements_bound` for every placement of
this compiler, wherever they start and end; `fixed_homes_bound` for placements with given homes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Protocol

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from dqc_compiler.costs.bounds_chain import chain_bound
from dqc_compiler.costs.bounds_clifford import CliffordCircuit
from dqc_compiler.costs.bounds_dense import DenseCircuit
from dqc_compiler.costs.bounds_form import Form, NotCoveredError, find_form
from dqc_compiler.costs.bounds_pairwise import PairwiseCircuit
from dqc_compiler.costs.bounds_rows import Rows
from dqc_compiler.costs.bounds_sides import Sides
from dqc_compiler.costs.bounds_windows import clique_bound
from dqc_compiler.costs.embedding import find_gaps
from dqc_compiler.ir import Bound, Network, Placement, SegmentGraph
from dqc_compiler.ir.arrays import Int32, Int64

_ALL_CUTS_UP_TO = 8  # nodes; above, only single nodes and pairs of nodes are cut off
_MOST_GATES = 10_000  # for which `lower_bound_pairs` takes the time to look, 0.1 s
_MOST_WORK = 100_000  # steps for all cuts of a certificate together; about 0.2 s
_MOST_FLOWS = 20_000  # variables of the linear program where there are repeaters
_ROUNDING = 1e-6  # how far above its optimum a linear program's value may be


class _Certificate(Protocol):
    @property
    def work(self) -> int:
        """Steps for one cut, of about 2 microseconds."""

    def log_rank(self, sides: Sides) -> int | None:
        """At most log2 of the Schmidt rank across a cut, rounded up; None if it is not known."""


_CERTIFICATES: dict[str, type[CliffordCircuit] | type[PairwiseCircuit] | type[DenseCircuit]] = {
    "Clifford tableau": CliffordCircuit,
    "weights of two segments": PairwiseCircuit,
    "unitary": DenseCircuit,
}


def find_bounds(placement: Placement) -> tuple[Bound, ...]:
    """All bounds that there are for a placement, at most one of each scope.

    None depends on a clock, and all are bounded in their work: together they take a few hundredths
    of a second for the circuits of the benchmarks, a second at most.
    """
    anywhere = placements_bound(placement.graph, placement.network)
    found = (
        lower_bound_pairs(placement),
        anywhere if anywhere.value and not find_gaps(placement.graph) else None,
        fixed_homes_bound(placement),
    )
    return tuple(bound for bound in found if bound is not None)


def lower_bound_pairs(placement: Placement) -> Bound | None:
    """Fewest link-level pairs of any protocol, given where the qubits start and end.

    The statement: every protocol of local operations, classical communication in any number of
    rounds and pairs on the network's links, that acts as the circuit does on any input, with each
    qubit at the placement's node at the start and at the end, uses at least `value` pairs (if their
    number depends on outcomes: in every case). Homes in between, hosts, memory and time are free.

    The proof: let each qubit be half of a Bell pair whose other half stays where the qubit starts.
    Across a cut of the nodes into two sides the state at the start has Schmidt rank 1, or 2^e with
    e pairs across the cut. At the end it is the circuit's Choi state, in which a measured qubit is
    projected onto its outcome. Local operations and classical communication cannot raise a Schmidt
    rank, not even with luck, so e is at least log2 of the final one, and as e is an integer, at
    least that rounded up. Repeaters hold nothing at the start and at the end, so they are on the
    side where fewest pairs cross. Every pair on link l counts in all cuts that separate its ends,
    so the total is at least the least sum of x(l) >= 0 with enough across every cut; and, being an
    integer, at least that linear program's value rounded up.

    All cuts are used for up to 8 nodes, above that and for large circuits those that cut off one or
    two. The final ranks are found for Clifford circuits (up to one-qubit gates at the ends),
    exactly, in polynomial time; for cuts across which wires have two segments at most, by a lower
    bound on the rank of a product of weights; and for up to 8 qubits from the unitary, by the
    singular values that are no rounding errors. Per cut, the best of them counts.

    The circuit is taken to be exact: rotations by tiny angles count, although a program without
    them would be as good in practice. Axes that agree within 1e-9 and angles that agree within
    1e-12 are equal.

    Args:
        placement: its first and last homes, its circuit and its network are read.

    Returns:
        The bound, None if no certificate covers the circuit: one with resets, conditional gates or
        measurements that gates follow on the same qubit, or a large one of another kind.
    """
    if len(placement.network.nodes) == 1:
        return Bound(0, "one node", "every protocol")
    form = find_form(placement.graph) if placement.graph.gates <= _MOST_GATES else None
    if form is None:
        return None
    needs: dict[tuple[int, ...], tuple[int, str]] = {}  # nodes inside -> pairs, by which method
    for method, certificate in _certificates(form):
        for cut, need in _needs(placement, certificate):
            if need > needs.get(cut, (-1, ""))[0]:
                needs[cut] = (need, method)
    if not needs:
        return None
    used = dict.fromkeys(method for need, method in needs.values() if need > 0)
    value = _fewest_pairs(placement.network, {cut: need for cut, (need, _) in needs.items()})
    words = " and ".join(used or dict.fromkeys(method for _, method in needs.values()))
    return Bound(value, f"Schmidt ranks by {words}", "every protocol")


def _certificates(form: Form) -> Iterator[tuple[str, _Certificate]]:
    for method, kind in _CERTIFICATES.items():
        try:
            yield method, kind(form)
        except NotCoveredError:
            continue


def _needs(
    placement: Placement, certificate: _Certificate
) -> Iterator[tuple[tuple[int, ...], int]]:
    """Cuts, as the nodes inside, and the pairs that have to cross them."""
    graph = placement.graph
    qpus = [index for index, node in enumerate(placement.network.nodes) if node.kind == "qpu"]
    end_home = placement.segment_home[graph.wire_segments[1:] - 1]
    for chosen in _cuts(len(qpus), most=_MOST_WORK // max(1, certificate.work)):
        cut = tuple(qpus[index] for index in chosen)
        sides = Sides(np.isin(placement.start_home, cut), np.isin(end_home, cut))
        need = certificate.log_rank(sides)
        if need is not None:
            yield cut, need


def _cuts(k: int, *, most: int) -> Iterator[tuple[int, ...]]:
    """One side of every cut, small sides first; whole sizes only, `most` cuts at most."""
    left = most
    for size in range(1, (k // 2 if k <= _ALL_CUTS_UP_TO else 2) + 1):
        cuts = [
            cut for cut in combinations(range(k), size) if 2 * size < k or 0 in cut or 2 * size > k
        ]
        left -= len(cuts)
        if left < 0:
            return
        yield from cuts


def _fewest_pairs(network: Network, needs: dict[tuple[int, ...], int]) -> int:
    """The fewest pairs on all links that meet the need of every cut."""
    largest = max(needs.values())
    if len(network.nodes) <= 2 or largest == 0:
        return largest
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415 (0.2 s)

    ends = np.array([link.between for link in network.links])
    rows, variables = Rows(), len(ends)
    if all(node.kind == "qpu" for node in network.nodes):
        for inside, need in needs.items():
            crossing = np.flatnonzero(np.isin(ends[:, 0], inside) != np.isin(ends[:, 1], inside))
            rows.add(crossing, 1, low=need)
    else:
        for inside, need in needs.items():
            if need > 0 and variables < _MOST_FLOWS:
                _add_flow(rows, network, variables, inside, need)
                variables += len(ends)
    constraints = LinearConstraint(rows.matrix(variables), rows.low, rows.high)
    is_flow = np.arange(variables) >= len(ends)
    result = milp(
        np.where(is_flow, 0.0, 1.0),
        constraints=constraints,
        bounds=Bounds(np.where(is_flow, -np.inf, 0.0), np.inf),
    )
    if result.status != 0:
        return largest
    return max(largest, int(np.ceil(result.fun - _ROUNDING)))


def _add_flow(rows: Rows, network: Network, first: int, inside: tuple[int, ...], need: int) -> None:
    """Pairs on the links let `need` pairs flow out of some processors to the others.

    Repeaters may be on either side of a cut, and the narrowest of these cuts counts. That is the
    largest flow through them (Ford and Fulkerson), so a flow on every link, numbered from `first`
    on, is a variable for each cut of the processors.
    """
    links = np.arange(len(network.links))
    ends = np.array([link.between for link in network.links])
    for sign in (1, -1):
        rows.add(np.stack([first + links, links], axis=1), [sign, -1], high=0)

    def out_of(nodes: list[int]) -> tuple[Int64, Int64]:
        starts, stops = np.isin(ends[:, 0], nodes), np.isin(ends[:, 1], nodes)
        crossing = np.flatnonzero(starts != stops)
        return first + crossing, np.where(starts[crossing], 1, -1)

    for index, node in enumerate(network.nodes):
        if node.kind == "repeater":
            terms, signs = out_of([index])
            rows.add(terms, signs, low=0, high=0)
    terms, signs = out_of(list(inside))
    rows.add(terms, signs, low=need)


def placements_bound(graph: SegmentGraph, network: Network) -> Bound:
    """Fewest pairs of any placement of the segments on the network, by cliques or chains of wires.

    Placements that embed segments (`costs.embedding`) may take fewer, if the circuit has gaps.
    See `clique_bound` and `chain_bound` for the statements and their proofs. Other homes, hosts and
    moves are all covered: if the bound is met, a search has nothing left to find.
    """
    cliques = Bound(clique_bound(graph, network), "cliques of wires", "every placement")
    chain = Bound(chain_bound(graph, network), "chain of wires", "every placement")
    return max(cliques, chain, key=lambda bound: bound.value)


def fixed_homes_bound(placement: Placement) -> Bound | None:
    """Fewest pairs of the programs that keep the placement's homes and host gates at home.

    The statement holds for programs in which qubits never move, every gate is executed at a home of
    one of its operands, and copies are as in this compiler: of one segment at one node. It does not
    hold for other programs, which may do better. The proof: between two nodes, segments at either
    that are pairwise joined by gates and share no segment need a copy each, and copies at other
    nodes do not serve these gates; so a matching of segments counts, and the largest is taken.
    That bound is attained (König), hence exact for this kind of program.

    Returns:
        The bound, None if a qubit of the placement moves or copies of it serve several segments.
    """
    if not placement.is_static or placement.embedded:
        return None
    segments = np.unique(np.sort(placement.graph.gate_segments, axis=1), axis=0)
    homes = placement.segment_home[segments]
    value = 0
    low, high = homes.min(axis=1), homes.max(axis=1)
    key = low.astype(np.int64) * len(placement.network.nodes) + high
    for pair in np.unique(key[low != high]):
        here = key == pair
        at_low = np.where(homes[here, 0] == low[here], 0, 1)
        rows = np.arange(int(here.sum()))
        value += _matching(segments[here][rows, at_low], segments[here][rows, 1 - at_low])
    return Bound(value, "matching of segments", "fixed homes")


def _matching(left: Int32, right: Int32) -> int:
    """Size of a largest matching of the bipartite graph with edges left[i] - right[i]."""
    lefts, row = np.unique(left, return_inverse=True)
    rights, column = np.unique(right, return_inverse=True)
    entries = (np.ones(len(left), dtype=np.int8), (row, column))
    graph = csr_array(entries, shape=(len(lefts), len(rights)))
    return int((maximum_bipartite_matching(graph, perm_type="column") >= 0).sum())
