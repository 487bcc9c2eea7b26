"""A lower bound on the price of every placement, for wires that all control each other in turn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dqc_compiler.ir import Network, SegmentGraph

_MOST_SEGMENTS = 2_000  # 0.1 s; half a second if 500 wires are a chain


def chain_bound(graph: SegmentGraph, network: Network) -> int:
    """Fewest pairs of any placement, from the longest chain of wires that is found.

    A chain is an order of n wires, each cut between two of its segments (or before the first, or
    behind the last), so that of every two wires the earlier one has a gate in its late part with
    the early part of the later one. In a Fourier transform all wires are one, cut at the Hadamards.
    With c >= d the data qubits of the two largest nodes, a placement costs at least

        max(n - c, 2 n - 2 (c + d)).

    The proof: let P be the nodes where any segment of a wire's early part is present, and Q those
    of its late part; a part without segments is at the home next to it. As neighbours share a node,
    a wire costs at least |P| - 1 + |Q| - 1, its home is in P at the start and in Q at the end, and
    P and Q share a node. Of every two wires, Q of the earlier one and P of the later one do, too.

    Let z wires cost nothing: they have P = Q = {C}, with the same node C for all of them. A wire
    that costs 1 has one node in P and two in Q, or the other way round. If z > 0, it shares a node
    with what costs nothing, before or behind it, so it is one of these:

    - P = {C}: at home at C at the start. Or Q = {C}: at home there at the end.
    - P = {x}, Q = {x, C}: the P of each of them meets the Q of those before, so x is the same for
      all. They are at home there at the start.
    - P = {x, C}, Q = {x}: likewise, at the end.

    So with c data qubits at C and d at most at each x, no more than 2 (c - z) + 2 d wires cost 1.
    All others cost 2 or more, which sums up to n - z at least, and to 2 n - 2 (c + d); and z <= c.
    If z = 0, the sum is n at least. Of the wires that cost 1 and have one node in P, all later ones
    have it in the first one's Q, so they are at these two nodes at the start; likewise the others
    at the end. That makes 2 (c + d) of them at most, and again all others cost 2.

    Returns:
        The bound, 0 if the circuit is too large to look.
    """
    if graph.segments > _MOST_SEGMENTS or graph.gates == 0:
        return 0
    sizes = sorted((node.data_qubits for node in network.nodes), reverse=True)
    largest, both = sizes[0], sum(sizes[:2])
    if graph.wires <= largest:
        return 0
    n = len(find_chain(graph))
    return max(0, n - largest, 2 * n - 2 * both)


def find_chain(graph: SegmentGraph) -> list[tuple[int, int]]:
    """Wires in order, each with the first segment of its late part.

    Greedily: each next one leaves the most candidates, and of those the earliest.
    """
    wire, first = _cuts(graph)
    follows = _follows(graph, wire, first)
    chain: list[tuple[int, int]] = []
    candidates = np.ones(len(wire), dtype=np.bool_)
    while candidates.any():
        left = np.where(candidates, (follows & candidates).sum(axis=1), -1)
        best = int(left.argmax())
        chain.append((int(wire[best]), int(first[best])))
        candidates &= follows[best]
    return chain


def _cuts(graph: SegmentGraph) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Every cut of every wire: (wire, first segment behind it), by the time of that segment."""
    wires = np.arange(graph.wires)
    stops = graph.wire_segments[1:].astype(np.int64)
    wire = np.concatenate((graph.segment_wire.astype(np.int64), wires))
    first = np.concatenate((np.arange(graph.segments), stops))
    begins = np.full(graph.segments, graph.gates)
    for side in (0, 1):
        np.minimum.at(begins, graph.gate_segments[:, side], np.arange(graph.gates))
    order = np.argsort(np.append(begins, np.full(graph.wires, graph.gates)), kind="stable")
    return wire[order], first[order]


def _follows(
    graph: SegmentGraph, wire: npt.NDArray[np.int64], first: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Whether a gate joins the late part of one cut and the early part of another, (m, m)."""
    count = graph.segments
    joined = np.zeros((count + 1, count), dtype=np.bool_)  # the last row: a part without segments
    a, b = graph.gate_segments.T
    joined[a, b] = joined[b, a] = True
    begin, end = graph.wire_segments[:-1], graph.wire_segments[1:]
    parts = [slice(*ends) for ends in zip(begin.tolist(), end.tolist(), strict=True)]
    for part in parts:
        joined[part] = np.logical_or.accumulate(joined[part][::-1], axis=0)[::-1]
    late = joined[np.where(first == end[wire], count, first)]
    for part in parts:
        late[:, part] = np.logical_or.accumulate(late[:, part], axis=1)
    return late[:, first - 1] & (first > begin[wire])
