"""Lower bounds on the price of every placement, from stretches of the program one by one.

A window is a stretch of the program; of each wire it holds some segments in a row, and every
segment is in one window. Take all of a wire's segments in a window as one, present wherever one
of them is: as neighbours share a node (the home of the later one), the union of n_1, ..., n_m nodes
has at most 1 + (n_1 - 1) + ... + (n_m - 1) of them. So the price of a placement is at least the
sum over windows of what the joined wires cost, and each of these is a small problem of its own:
sets of nodes that share one where wires have a gate, and homes that fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np
import numpy.typing as npt

from dqc_compiler.costs.layers import find_blocks, segment_layers
from dqc_compiler.ir import Circuit, Network, Operation, SegmentGraph
from dqc_compiler.ir.arrays import Int64, frozen

_MOST_GATES = 10_000  # for which `clique_bound` takes the time, 0.1 s
_MOST_WIRES = 256  # likewise
_MOST_WINDOWS = 100  # what is left makes up the last one


@dataclass(frozen=True)
class Window:
    """Wires that need a home at the same moment, each with its segments of a stretch.

    `wires` (n,), ascending; `edges` (e, 2): the pairs of them with a gate in the stretch, as
    positions in `wires`.
    """

    wires: Int64
    edges: Int64

    def graph(self) -> SegmentGraph:
        """One segment per wire, and a gate for each edge: the window as a circuit of its own."""
        n, edges = len(self.wires), self.edges
        rows = [Operation("rzz", (a, b), (pi / 4,)) for a, b in edges.tolist()]
        circuit = Circuit.from_operations("window", [f"q[{i}]" for i in range(n)], [], rows)
        return SegmentGraph(
            circuit=circuit,
            wire_segments=frozen(np.arange(n + 1), np.int32),
            segment_wire=frozen(np.arange(n), np.int32),
            segment_axis=frozen(np.tile([0.0, 0.0, 1.0], (n, 1)), np.float64, columns=3),
            gate_operation=frozen(np.arange(len(edges)), np.int32),
            gate_segments=frozen(edges, np.int32, columns=2),
            gate_signs=frozen(np.ones((len(edges), 2)), np.int8, columns=2),
            operand_wire=frozen(edges.reshape(-1), np.int32),
            operand_level=frozen(np.zeros(edges.size), np.int32),
            end_wire=frozen(np.arange(n), np.int32),
        )


def find_windows(graph: SegmentGraph, *, is_single: bool) -> tuple[Window, ...]:
    """The whole program as one window, or one window for each time that pairs of wires meet.

    The latter suits programs in layers, in which each pair has one gate per layer. Wires that do
    not have to be at home together with most others in any layer (`costs.layers`) are left out of
    their window: leaving out a wire never makes a window cost more.
    """
    stretch = np.zeros(graph.segments, dtype=np.int64) if is_single else _meetings(graph)
    start, end = segment_layers(graph, find_blocks(graph))
    return tuple(
        _window(graph, stretch == number, start, end) for number in np.unique(stretch).tolist()
    )


def _meetings(graph: SegmentGraph) -> Int64:
    """The window of every segment, (s,), never falling along a wire.

    For its first gate: how often the two wires have met before, both in other segments.
    """
    stretch = np.full(graph.segments, -1, dtype=np.int64)
    reached = [0] * graph.wires
    latest: dict[tuple[int, int], tuple[int, int, int]] = {}  # wires -> segments, meetings before
    pairs = zip(graph.gate_wires.tolist(), graph.gate_segments.tolist(), strict=True)
    for wires, segments in pairs:
        (a, s), (b, t) = sorted(zip(wires, segments, strict=True))
        before = latest.get((a, b))
        if before is None:
            latest[a, b] = (s, t, 0)
        elif before[0] != s and before[1] != t:
            latest[a, b] = (s, t, before[2] + 1)
        for wire, segment in ((a, s), (b, t)):
            if stretch[segment] < 0:
                reached[wire] = max(reached[wire], latest[a, b][2])
                stretch[segment] = reached[wire]
    return np.clip(stretch, 0, _MOST_WINDOWS - 1)


def _window(
    graph: SegmentGraph, is_inside: npt.NDArray[np.bool_], start: Int64, end: Int64
) -> Window:
    inside = np.flatnonzero(is_inside)
    wires, first = np.unique(graph.segment_wire[inside], return_index=True)
    last = np.append(first[1:], len(inside)) - 1
    # As long as a wire is at home in the window: the layer in which most of them are.
    begins, ends = start[inside[first]], end[inside[last]]
    layer = max(begins.tolist(), key=lambda at: int(((begins <= at) & (at < ends)).sum()))
    together = wires[(begins <= layer) & (layer < ends)].astype(np.int64)
    place = np.full(graph.wires, -1, dtype=np.int64)
    place[together] = np.arange(len(together))
    here = is_inside[graph.gate_segments].all(axis=1)
    edges = np.sort(place[graph.gate_wires[here]], axis=1)
    return Window(together, np.unique(edges[edges[:, 0] >= 0], axis=0).reshape(-1, 2))


def clique_bound(graph: SegmentGraph, network: Network) -> int:
    """Fewest pairs of any placement that keeps the data qubits of every node in every layer.

    Wires whose joined segments all have gates with each other in a window form a clique. Those
    that are present at one node only are all at the same node, so no more than the data qubits of
    the largest node, and every other one costs a pair. Cliques without common wires add up, and so
    do windows. On a network that is not all-to-all a presence costs one pair or more.

    This holds in whatever order gates are executed. Two wires of a clique have the moment of their
    gate in common, and intervals that meet in pairs have a moment in common (Helly): at that one
    all wires of the clique are at home, each where one of its segments in the window is present.

    Returns:
        The bound, 0 if the circuit is too large to look.
    """
    if graph.gates > _MOST_GATES or graph.wires > _MOST_WIRES:
        return 0
    most = max((node.data_qubits for node in network.nodes), default=0)
    if graph.wires <= most:
        return 0
    return max(
        sum(_clique_excess(window, most) for window in find_windows(graph, is_single=is_single))
        for is_single in (True, False)
    )


def _clique_excess(window: Window, most: int) -> int:
    """The wires above `most` in each of disjoint cliques, found greedily."""
    n = len(window.wires)
    joined = np.zeros((n, n), dtype=np.bool_)
    joined[window.edges[:, 0], window.edges[:, 1]] = True
    joined |= joined.T
    excess = 0
    free = np.ones(n, dtype=np.bool_)
    while int(free.sum()) > most:
        clique = _greedy_clique(joined, free)
        if len(clique) <= most:
            break
        excess += len(clique) - most
        free[clique] = False
    return excess


def _greedy_clique(joined: npt.NDArray[np.bool_], free: npt.NDArray[np.bool_]) -> list[int]:
    """Wires that are all joined, each next one with the most partners among the candidates."""
    clique: list[int] = []
    candidates = free.copy()
    while candidates.any():
        partners = np.where(candidates, (joined & candidates).sum(axis=1), -1)
        clique.append(int(partners.argmax()))
        candidates &= joined[clique[-1]]
    return clique
