"""A lower bound on the price of every placement, from nodes that hold only so many qubits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dqc_compiler.costs.bounds_rows import Rows
from dqc_compiler.costs.layers import find_blocks, find_moments
from dqc_compiler.ir import Network, SegmentGraph
from dqc_compiler.ir.arrays import Int64

_LAYERS = 6  # layers whose wires have to spread; all of them took five times as long for 5 % more
_ROUNDING = 1e-6  # how far above its optimum a linear program's value may be


class Crowd(NamedTuple):
    """The wires in one layer: `members` are the homes that count, ascending.

    `movers` are the homes between which idle wires change, (before, after): each of these wires is
    at one or the other.
    """

    members: tuple[int, ...]
    movers: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Crowds:
    """The wires that need a home at the same time.

    `home_row` (s,) numbers the homes that may differ: one per segment, or one per wire if wires
    stay where they are. `layers` are those that matter, in order: homes that fit in these fit in
    the others. Once a wire has changed its home, it does not go back.
    """

    home_row: Int64
    layers: tuple[Crowd, ...]

    @property
    def rows(self) -> int:
        """Number of homes that may differ."""
        return int(self.home_row.max(initial=-1)) + 1


def find_crowds(graph: SegmentGraph, *, is_static: bool) -> Crowds:
    """The sets of homes that count at the same time, by the clock of `costs.layers`."""
    moments = find_moments(graph, find_blocks(graph))
    if is_static:
        everyone = Crowd(tuple(range(graph.wires)), ())
        return Crowds(graph.segment_wire.astype(np.int64), (everyone,))
    first, latest = graph.wire_segments[:-1], moments.latest
    # When segment s is over: its wire may be at the next home from here on.
    until = np.append(moments.earliest[1:], 0)
    until[graph.wire_segments[1:] - 1] = moments.layers
    # From one layer to the next, wires may become idle, or no longer be. Where none has to have
    # arrived, all can stay, and where none can leave before the next arrival, all can go ahead.
    arrivals = np.unique(np.append(latest, 0))
    departures = np.unique(np.append(until, moments.layers))
    following = np.append(arrivals[1:], moments.layers)
    is_needed = np.searchsorted(departures, arrivals, "right") < np.searchsorted(
        departures, following, "right"
    )
    crowds = []
    for layer in arrivals[is_needed].tolist():
        members = np.flatnonzero((latest <= layer) & (layer < until))
        is_idle = (moments.earliest <= layer) & (layer < latest)
        is_idle[first] = False
        after = np.flatnonzero(is_idle).tolist()
        crowds.append(Crowd(tuple(members.tolist()), tuple((s - 1, s) for s in after)))
    return Crowds(np.arange(graph.segments, dtype=np.int64), tuple(dict.fromkeys(crowds)))


def segment_pairs(graph: SegmentGraph) -> Int64:
    """The distinct pairs of segments with a gate between them, (e, 2), sorted."""
    pairs = np.sort(graph.gate_segments, axis=1).astype(np.int64)
    distinct: Int64 = np.unique(pairs, axis=0).reshape(-1, 2)
    return distinct


def spreading_bound(
    graph: SegmentGraph, network: Network, *, is_static: bool, time_limit: float
) -> int:
    """A lower bound on the pairs of all placements that keep the capacities of every layer.

    For a root (one home) and any placement, let h be 1 for each home at another node than the
    root's, and m be 1 for each segment that is present at another node than the root's. A segment
    with m = 1 whose home or next home has h = 0, or which shares a gate with a segment with m = 0,
    is present at two nodes, so it costs a pair; and among the wires that live at the same time
    as the root, all but `data_qubits` are elsewhere: they have h = 1, for one of its two homes if a
    wire is idle between them. The least price under these inequalities, all of them linear, with
    fractions allowed and a few layers looked at, is the bound. It is a spreading metric with
    lengths at the vertices: Even, Naor, Rao, Schieber, J. ACM 47, 585 (2000).

    Args:
        graph: the segments.
        network: the capacities.
        is_static: whether wires have to stay at one home.
        time_limit: seconds, after which the bound is 0.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415 (0.2 s)

    crowds = find_crowds(graph, is_static=is_static)
    most = max((node.data_qubits for node in network.nodes), default=0)
    chosen = [crowd for crowd in _spaced(crowds.layers) if sum(map(len, crowd)) > most]
    if not chosen or time_limit <= 0:
        return 0
    rows = Rows()
    variables = graph.segments  # the price of every segment, then h and m of every root
    for root in sorted({row for crowd in chosen for row in crowd.members}):
        home, present = variables, variables + crowds.rows
        variables = present + graph.segments
        _add_root(rows, graph, crowds, home, present)
        rows.add([home + root], 1, high=0)
        for members, movers in chosen:
            if root in members:
                others = [home + row for row in members if row != root]
                away = range(variables, variables + len(movers))
                variables += len(movers)
                for idle, (before, after) in zip(away, movers, strict=True):
                    rows.add([idle, home + before, home + after], [1, -1, -1], high=0)
                rows.add([*others, *away], 1, low=len(members) + len(movers) - most)
    is_price = np.arange(variables) < graph.segments
    result = milp(
        is_price.astype(np.float64),
        constraints=LinearConstraint(rows.matrix(variables), rows.low, rows.high),
        bounds=Bounds(0, np.where(is_price, np.inf, 1)),
        options={"time_limit": time_limit},
    )
    return 0 if result.status != 0 else int(np.ceil(result.fun - _ROUNDING))


def _spaced(crowds: tuple[Crowd, ...]) -> list[Crowd]:
    steps = np.linspace(0, len(crowds) - 1, min(_LAYERS, len(crowds)))
    return [crowds[step] for step in steps.round().astype(int).tolist()]


def _add_root(rows: Rows, graph: SegmentGraph, crowds: Crowds, home: int, present: int) -> None:
    """Relate h, from variable `home` on, m, from `present` on, and the prices, from 0 on."""
    price = np.arange(graph.segments)
    m, h = present + price, home + crowds.home_row
    has_next = np.diff(graph.segment_wire, append=-1) == 0
    next_home = home + crowds.home_row[np.flatnonzero(has_next) + 1]
    for segment, node in ((price, h), (price[has_next], next_home)):
        rows.add(np.stack([node, m[segment], segment], axis=1), [-1, 1, -1], high=0)
        rows.add(np.stack([node, m[segment]], axis=1), [1, -1], high=0)
    pairs = segment_pairs(graph)
    for segment, partner in (pairs.T, pairs.T[::-1]):
        rows.add(np.stack([m[partner], m[segment], segment], axis=1), [-1, 1, -1], high=0)
