"""The best homes and hosts there are, by integer programming: for small circuits."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from typing import Any, ClassVar, NamedTuple

import numpy as np

from dqc_compiler.costs.bounds import placements_bound
from dqc_compiler.costs.bounds_rows import Rows
from dqc_compiler.costs.bounds_spreading import (
    Crowds,
    find_crowds,
    segment_pairs,
    spreading_bound,
)
from dqc_compiler.costs.bounds_windows import find_windows
from dqc_compiler.costs.capacity import level_shares
from dqc_compiler.costs.ebits import pairs
from dqc_compiler.costs.embedding import find_gaps
from dqc_compiler.formats.network_file import check_fit
from dqc_compiler.ir import Bound, Network, Placement, SegmentGraph
from dqc_compiler.ir.arrays import Float64, Int64, frozen

_ROUNDING = 1e-6  # how far above the truth the solver's bound may be
_SMALL = 450  # variables, such as 10 wires with 40 gates on 3 nodes have
_SMALL_TREE = 1000  # nodes of branch and cut; some seconds


class Solution(NamedTuple):
    """The best placement that was found, and the fewest pairs that any could have."""

    placement: Placement
    lower_bound: int
    is_optimal: bool


@dataclass(frozen=True)
class _Program:
    """Which variable is what, in the order in which they are numbered.

    `presence` (s, k): whether a segment is present at a node. `home` (h, k): whether a home is that
    node, with h as in `Crowds`. `host` (e, k): whether the gates of a pair of segments may be
    executed there. `idle` (i, k): whether an idle wire counts there, for all movers of all layers
    of the crowds. The columns are the nodes numbered `nodes` in the network.
    """

    graph: SegmentGraph
    network: Network
    crowds: Crowds
    edges: Int64
    nodes: Int64
    presence: Int64
    home: Int64
    host: Int64
    idle: Int64

    @property
    def variables(self) -> int:
        return self.presence.size + self.home.size + self.host.size + self.idle.size


def _program(graph: SegmentGraph, network: Network, *, is_static: bool) -> _Program:
    crowds, edges = find_crowds(graph, is_static=is_static), segment_pairs(graph)
    # A node that is the home of nothing never pays as a host: a home of the gates does better.
    nodes = np.flatnonzero([node.data_qubits > 0 for node in network.nodes])
    movers = sum(len(crowd.movers) for crowd in crowds.layers)
    counts = (graph.segments, crowds.rows, len(edges), movers)
    numbers = np.split(np.arange(sum(counts) * len(nodes)), np.cumsum(counts)[:-1] * len(nodes))
    presence, home, host, idle = (part.reshape(-1, len(nodes)) for part in numbers)
    return _Program(graph, network, crowds, edges, nodes, presence, home, host, idle)


def _constraints(program: _Program, *, low: int, high: int | None) -> Rows:
    """The presence program; its price is known to be at least `low` and has to be at most `high`.

    Telling the solver a lower bound makes it stop many times earlier, as soon as it meets it.
    """
    graph, crowds = program.graph, program.crowds
    rows = Rows()
    rows.add(program.home, 1, low=1, high=1)
    rows.add(program.host, 1, low=1)
    homes = program.home[crowds.home_row]
    has_next = np.diff(graph.segment_wire, append=-1) == 0
    next_homes = homes[np.flatnonzero(has_next) + 1]
    first, second = program.edges.T
    for inside, outside in (
        (homes, program.presence),
        (next_homes, program.presence[has_next]),
        (program.host, program.presence[first]),
        (program.host, program.presence[second]),
    ):
        terms = np.stack([inside.reshape(-1), outside.reshape(-1)], axis=1)
        rows.add(terms, [1, -1], high=0)
    _add_capacities(rows, program)
    _add_order(rows, program)
    most = np.inf if high is None else high + graph.segments
    rows.add(program.presence.reshape(-1), 1, low=low + graph.segments, high=most)
    return rows


def _add_capacities(rows: Rows, program: _Program) -> None:
    home, place = program.home, 0
    latest: dict[int, Int64] = {}  # home to which a wire moves -> its variables in an earlier layer
    for members, movers in program.crowds.layers:
        idle = program.idle[place : place + len(movers)]
        place += len(movers)
        for column, node in enumerate(program.nodes.tolist()):
            limit = program.network.nodes[node].data_qubits
            if limit < len(members) + len(movers):
                terms = np.append(home[list(members), column], idle[:, column])
                rows.add(terms, 1, high=limit)
        for here, (before, after) in zip(idle, movers, strict=True):
            # At one of its two homes; having arrived, it stays.
            rows.add(here, 1, low=1, high=1)
            either = np.stack([here, home[before], home[after]], axis=1)
            rows.add(either, [1, -1, -1], high=0)
            rows.add(either, [-1, 1, 1], high=1)
            if after in latest:
                stays = np.stack([latest[after], here, home[after]], axis=1)
                rows.add(stays, [1, -1, 1], high=1)
            latest[after] = here


def _add_order(rows: Rows, program: _Program) -> None:
    """Among nodes of equal size, the next one is taken only after the one before it.

    Equal nodes can be renamed in the order in which the wires start at them, so nothing is lost.
    """
    starts = program.crowds.home_row[program.graph.wire_segments[:-1]]
    data = [program.network.nodes[node].data_qubits for node in program.nodes.tolist()]
    by_size = sorted(range(len(data)), key=lambda column: (data[column], column))
    for before, after in pairwise(by_size):
        if data[before] != data[after]:
            continue
        for wire, row in enumerate(starts.tolist()):
            earlier = program.home[starts[:wire], before]
            terms = np.append(program.home[row, after], earlier)
            rows.add(terms, np.where(np.arange(len(terms)) == 0, 1, -1), high=0)


def _decoded(program: _Program, values: Float64) -> Placement:
    """The placement that a solution describes; gates are hosted at a home if possible."""
    graph = program.graph
    present = values[program.presence] > 0.5
    at_home = values[program.home].argmax(axis=1)[program.crowds.home_row]
    segments = graph.gate_segments
    common = present[segments[:, 0]] & present[segments[:, 1]]
    host = common.argmax(axis=1)
    gates = np.arange(graph.gates)
    for side in (1, 0):
        home = at_home[segments[:, side]]
        host = np.where(common[gates, home], home, host)
    return Placement(
        graph=graph,
        network=program.network,
        segment_home=frozen(program.nodes[at_home], np.int32),
        gate_host=frozen(program.nodes[host], np.int32),
    )


def _trivial(graph: SegmentGraph, network: Network) -> Placement:
    """Everything at one node if it fits, otherwise node after node."""
    for index, node in enumerate(network.nodes):
        if node.data_qubits >= graph.wires:
            return Placement.static(graph, network, np.full(graph.wires, index, dtype=np.int32))
    shares = level_shares(network, graph.wires)
    homes = np.repeat(np.arange(len(shares)), shares).astype(np.int32)
    return Placement.static(graph, network, homes)


def solve_exactly(
    graph: SegmentGraph,
    network: Network,
    *,
    time_limit: float = 60.0,
    node_limit: int | None = None,
    is_static: bool = False,
    known: Placement | None = None,
) -> Solution:
    """The cheapest placement for unlimited comm qubits on an all-to-all network, with a proof.

    All placements are considered that keep the capacities in every layer of blocks
    (`costs.layers`): homes change between segments, at any moment at which the wire is idle, and
    gates are hosted anywhere. Each segment has a set of nodes where its root or a copy of it is
    present, which holds its home and the next one, and shares a node with the set of every segment
    that it has a gate with. The price is the size of all sets, less one each; with that, presences
    at hosts and at next homes cost what `costs.ebits.pairs` counts. Solved by branch and cut
    (HiGHS).

    Args:
        graph: the segments; about 10 wires and 40 gates on 3 nodes are within reach.
        network: the capacities.
        time_limit: seconds; when they are over, the best placement so far is returned. That is the
            only way in which the result depends on the machine.
        node_limit: likewise a number of nodes of branch and cut.
        is_static: whether every wire has to stay at one home.
        known: a placement of the same graph and network that keeps the capacities (and stays
            static, if asked): only cheaper ones are searched for, which is faster. The solution is
            this one if there is none.

    Raises:
        CompilerError: CircuitDoesNotFit.
    """
    deadline = perf_counter() + time_limit
    check_fit(graph.wires, network)
    best = _trivial(graph, network) if known is None else known
    if pairs(best) == 0:
        return Solution(best, 0, True)
    low = placements_bound(graph, network).value
    if known is None or pairs(known) > low:
        spread = spreading_bound(graph, network, is_static=is_static, time_limit=time_limit)
        low = max(low, spread)
    high = None if known is None else pairs(known) - 1
    if high is not None and high < low:
        return Solution(best, pairs(best), True)
    program = _program(graph, network, is_static=is_static)
    rows = _constraints(program, low=low, high=high)
    limits = {"time_limit": max(deadline - perf_counter(), 0.1)}
    if node_limit is not None:
        limits["node_limit"] = node_limit
    result = _solve(program, rows, limits)
    if result.x is not None:
        best = min(best, _decoded(program, result.x), key=pairs)
    price = pairs(best)
    if result.status in (_OPTIMAL, _INFEASIBLE):
        return Solution(best, price, True)
    if result.mip_dual_bound is not None:
        proven = np.ceil(result.mip_dual_bound - graph.segments - _ROUNDING)
        low = max(low, int(min(proven, price)))
    return Solution(best, low, price == low)


_OPTIMAL, _INFEASIBLE = 0, 2  # of scipy's `milp`


def _solve(program: _Program, rows: Rows, limits: dict[str, float]) -> Any:
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415 (0.2 s)

    variables = program.variables
    is_presence = np.arange(variables) < program.presence.size
    # Hosts may be fractions: where they are, every node with a share of the gate is as good.
    is_host = np.isin(np.arange(variables), program.host)
    return milp(
        is_presence.astype(np.float64),
        constraints=LinearConstraint(rows.matrix(variables), rows.low, rows.high),
        integrality=~is_host,
        bounds=Bounds(0, 1),
        options={**limits, "mip_rel_gap": 0.0},
    )


def prove(placement: Placement, *, time_limit: float) -> Bound:
    """The best bound for every placement of the same segments that can be found in time.

    It does not cover placements that embed segments (`costs.embedding`). Bounds by presence
    programs are about placements that keep the capacities if blocks are executed as soon as
    possible (`costs.layers`): in another order qubits may change places that cannot do so in this
    one. Those by cliques and chains hold in any order.

    By cliques and chains of wires, then by the presence program of each window (`bounds_windows`),
    for which half of the time is used, then by that of the whole circuit, the least that there is.

    Args:
        placement: one that keeps the capacities in every layer; the search stops at its price.
        time_limit: seconds. If it is reached, the bound may depend on the machine.
    """
    deadline = perf_counter() + time_limit
    graph, network = placement.graph, placement.network
    best, price = placements_bound(graph, network), pairs(placement)
    for is_single in (False, True):
        if best.value < price:
            value = _windows_bound(placement, deadline - time_limit / 2, is_single=is_single)
            method = "presence program of each window"
            best = max(best, Bound(value, method, best.scope), key=lambda bound: bound.value)
    if best.value < price:
        seconds = deadline - perf_counter()
        whole = solve_exactly(graph, network, time_limit=seconds, known=placement)
        if whole.lower_bound > best.value:
            best = Bound(whole.lower_bound, "presence program", best.scope)
    return best


def _windows_bound(placement: Placement, deadline: float, *, is_single: bool) -> int:
    """The sum of what the windows cost; equal ones, as those of equal layers, are solved once."""
    windows = find_windows(placement.graph, is_single=is_single)
    known: dict[bytes, int] = {}
    for number, window in enumerate(windows):
        name = window.edges.tobytes()
        if name not in known:
            seconds = (deadline - perf_counter()) / (len(windows) - number)
            alone = solve_exactly(window.graph(), placement.network, time_limit=seconds)
            known[name] = alone.lower_bound
    return sum(known[window.edges.tobytes()] for window in windows)


def improve_exactly(placement: Placement, *, time_limit: float | None = None) -> Solution:
    """The best placement of the same segments, if the circuit is small, and a lower bound.

    Otherwise `placement` itself, with the bound that takes no search. Without a time limit the
    result does not depend on the machine.
    """
    graph, network = placement.graph, placement.network
    variables = (2 * graph.segments + len(segment_pairs(graph))) * len(network.nodes)
    if variables > _SMALL:
        price, low = pairs(placement), placements_bound(graph, network).value
        return Solution(placement, low, price <= low)
    seconds = np.inf if time_limit is None else time_limit
    return solve_exactly(
        graph, network, time_limit=seconds, node_limit=_SMALL_TREE, known=placement
    )


def is_proven_optimal(placement: Placement) -> bool:
    """Whether no placement of the same segments on the same network can be cheaper.

    That is, if gates are executed as soon as possible; see `prove`. Never for circuits with gaps:
    what could be embedded there is not searched for.

    Cheap for large circuits, for which only cliques and chains of wires are tried; some seconds at
    most for small ones, which are solved. The lower bound for every protocol is no such proof: it
    holds for the placement's own first and last homes, and with others there may be less to do.
    """
    if pairs(placement) == 0:
        return True
    if find_gaps(placement.graph):
        return False
    solution = improve_exactly(placement)
    return pairs(placement) <= solution.lower_bound


@dataclass(frozen=True)
class Exact:
    """Segment graph to placement: the best one for unlimited comm qubits, or the best in time.

    See `solve_exactly`, which also returns the proof.
    """

    name: ClassVar[str] = "exact"
    network: Network
    time_limit: float = 60.0  # seconds
    is_static: bool = False

    def run(self, graph: SegmentGraph) -> Placement:
        """Solve the presence program.

        Raises:
            CompilerError: CircuitDoesNotFit.
        """
        return solve_exactly(
            graph, self.network, time_limit=self.time_limit, is_static=self.is_static
        ).placement
