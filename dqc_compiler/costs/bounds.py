"""Lower bounds on pairs: certificates against which the compiler's result can be held.

Two different statements are made, and they are never mixed. `lower_bound_pairs` holds for every
protocol whatsoever; `fixed_homes_bound` only for programs of a given kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from dqc_compiler.costs.bounds_clifford import CliffordCircuit
from dqc_compiler.costs.bounds_dense import DenseCircuit
from dqc_compiler.costs.bounds_diagonal import DiagonalCircuit
from dqc_compiler.costs.bounds_form import Form, NotCoveredError, find_form
from dqc_compiler.costs.bounds_rows import Rows
from dqc_compiler.costs.bounds_sides import Bools, Sides
from dqc_compiler.ir import Network, Placement
from dqc_compiler.ir.arrays import Int32

_ALL_CUTS_UP_TO = 8  # nodes; above, only single nodes and pairs of nodes are cut off
_ROUNDING = 1e-6  # how far above its optimum a linear program's value may be


@dataclass(frozen=True)
class Bound:
    """No fewer than `value` pairs are possible, by an argument called `method`."""

    value: int
    method: str

    def allows(self, pairs: int) -> bool:
        """Whether a program that claims to need `pairs` pairs is not refuted."""
        return pairs >= self.value


class _Certificate(Protocol):
    def log_rank(self, sides: Sides) -> int:
        """At most log2 of the Schmidt rank across a cut, rounded up."""


_CERTIFICATES: dict[str, type[CliffordCircuit] | type[DiagonalCircuit] | type[DenseCircuit]] = {
    "Schmidt rank of the Clifford circuit": CliffordCircuit,
    "Schmidt rank of the diagonal circuit": DiagonalCircuit,
    "Schmidt rank of the unitary": DenseCircuit,
}


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
    least that rounded up. Every pair on link l counts in all cuts that separate its ends, so the
    total is at least the least sum of x(l) >= 0 with enough across every cut; and, being an
    integer, at least that linear program's value rounded up.

    All cuts are used for up to 8 nodes, above that those that cut off one or two. The final ranks
    are found for Clifford circuits (up to one-qubit gates at the ends), exactly, in polynomial
    time; for circuits with one segment per wire, by a lower bound on the rank of their phases; and
    for up to 8 qubits from the unitary, by the singular values that are no rounding errors.

    Args:
        placement: its first and last homes, its circuit and its network are read.

    Returns:
        The best certificate, None if there is none: resets, conditional gates and measurements that
        gates follow on the same qubit are not covered.
    """
    form = find_form(placement.graph)
    if form is None:
        return None
    bounds = [
        Bound(_over_links(placement, certificate), method)
        for method, certificate in _certificates(form)
    ]
    return max(bounds, key=lambda bound: bound.value, default=None)


def _certificates(form: Form) -> Iterator[tuple[str, _Certificate]]:
    for method, kind in _CERTIFICATES.items():
        try:
            yield method, kind(form)
        except NotCoveredError:
            continue


def _over_links(placement: Placement, certificate: _Certificate) -> int:
    """The fewest pairs on all links that meet the need of every cut."""
    graph, network = placement.graph, placement.network
    end_home = placement.segment_home[graph.wire_segments[1:] - 1]
    needs = [
        (inside, certificate.log_rank(Sides(inside[placement.start_home], inside[end_home])))
        for inside in _cuts(len(network.nodes))
    ]
    return _fewest_pairs(network, [(inside, need) for inside, need in needs if need > 0])


def _cuts(k: int) -> Iterator[Bools]:
    """The nodes inside, (k,), of every cut; one of the two names of each."""
    most = k - 1 if k <= _ALL_CUTS_UP_TO else 2
    for size in range(1, most + 1):
        for inside in combinations(range(k), size):
            if k > _ALL_CUTS_UP_TO or 2 * size < k or (2 * size == k and 0 in inside):
                yield np.isin(np.arange(k), inside)


def _fewest_pairs(network: Network, needs: list[tuple[Bools, int]]) -> int:
    largest = max((need for _, need in needs), default=0)
    if len(network.nodes) <= 2 or largest == 0:
        return largest
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415 (0.2 s)

    ends = np.array([link.between for link in network.links])
    rows = Rows()
    for inside, need in needs:
        crossing = np.flatnonzero(inside[ends[:, 0]] != inside[ends[:, 1]])
        rows.add(crossing, 1, low=need)
    constraints = LinearConstraint(rows.matrix(len(ends)), rows.low, rows.high)
    result = milp(np.ones(len(ends)), constraints=constraints, bounds=Bounds(0, np.inf))
    if result.status != 0:
        return largest
    return max(largest, int(np.ceil(result.fun - _ROUNDING)))


def fixed_homes_bound(placement: Placement) -> Bound | None:
    """Fewest pairs of the programs that keep the placement's homes and host gates at home.

    The statement holds for programs in which qubits never move, every gate is executed at a home of
    one of its operands, and copies are as in this compiler: of one segment at one node. It does not
    hold for other programs, which may do better. The proof: between two nodes, segments at either
    that are pairwise joined by gates and share no segment need a copy each, and copies at other
    nodes do not serve these gates; so a matching of segments counts, and the largest is taken.
    That bound is attained (König), hence exact for this kind of program.

    Returns:
        The bound, None if a qubit of the placement moves.
    """
    if not placement.is_static:
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
    return Bound(value, "matching, homes fixed and gates at a home")


def _matching(left: Int32, right: Int32) -> int:
    """Size of a largest matching of the bipartite graph with edges left[i] - right[i]."""
    lefts, row = np.unique(left, return_inverse=True)
    rights, column = np.unique(right, return_inverse=True)
    entries = (np.ones(len(left), dtype=np.int8), (row, column))
    graph = csr_array(entries, shape=(len(lefts), len(rights)))
    return int((maximum_bipartite_matching(graph, perm_type="column") >= 0).sum())
