"""Topologies: which nodes of a made network have links.

The table `TOPOLOGIES` names them. networkx is imported when a graph is made, so that the command
line can list the names at once.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.diagnostics.usage import (
    BadNetworkSize,
    ImpossibleTopology,
    TopologyNeedsParameter,
    TopologyWithoutParameter,
    UnknownTopology,
)

if TYPE_CHECKING:
    import networkx

MAX_NODES = 1_000
"""Processors of a made network."""

MAX_REPEATERS = 10_000
MAX_SEED = 2**31 - 1
MAX_DRAWS = 1_000
"""Random graphs that may be drawn until one is connected."""

CENTRES = ("qpu", "repeater")
_NUMBERS = {
    "nodes": "the number of nodes",
    "ports": "the number of ports",
    "rows": "the number of rows",
    "columns": "the number of columns",
    "repeaters_per_link": "the number of repeaters per link",
}
"""Parameters that count something, in words; all others are called by their names."""


class Graph(NamedTuple):
    """Processors 0 to qpus - 1, then repeaters, and links (a, b) between them."""

    qpus: int
    repeaters: int
    links: tuple[tuple[int, int], ...]


class Topology(NamedTuple):
    """How to make a graph, and the names of what that takes."""

    build: Callable[..., Graph]
    parameters: tuple[str, ...]
    required: tuple[str, ...]  # of these parameters at least one


def make_graph(
    topology: str, parameters: Mapping[str, Any], *, repeaters_per_link: int = 0
) -> Graph:
    """The graph of a topology; links are in ascending order of their ends.

    With `repeaters_per_link` each link (a, b) is replaced in its place by a chain from a to b over
    so many new repeaters, which are numbered after all other nodes, link by link.

    Args:
        topology: a key of `TOPOLOGIES`.
        parameters: name -> value, each a name in `PARAMETERS`; None is as good as absent.
        repeaters_per_link: on every link.

    Raises:
        CompilerError: if there is no such graph (DQC503, DQC521 to DQC524).
    """
    chosen = TOPOLOGIES.get(topology)
    if chosen is None:
        raise CompilerError(UnknownTopology(found=str(topology), known=", ".join(TOPOLOGIES)))
    given = {name: value for name, value in parameters.items() if value is not None}
    for name in given:
        if name not in chosen.parameters:
            known = ", ".join(chosen.parameters)
            raise CompilerError(
                TopologyWithoutParameter(topology=topology, parameter=name, known=known)
            )
    if not set(chosen.required) & set(given):
        missing = " or ".join(chosen.required)
        raise CompilerError(TopologyNeedsParameter(topology=topology, parameters=missing))
    check_whole("repeaters_per_link", repeaters_per_link, 0, MAX_REPEATERS)
    graph = chosen.build(**given)
    return _subdivided(graph, repeaters_per_link) if repeaters_per_link else graph


def is_connected(nodes: int, links: Iterable[tuple[int, int]]) -> bool:
    """Whether links join the nodes 0 to nodes - 1."""
    import networkx

    graph = networkx.empty_graph(nodes)
    graph.add_edges_from(links)
    return bool(networkx.is_connected(graph))


def check_whole(name: str, value: object, low: int, high: int) -> None:
    """Check that a parameter of a made network is a whole number in a range.

    Raises:
        CompilerError: if it is not (DQC503).
    """
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return
    option, expected = _NUMBERS.get(name, name), f"a whole number from {low} to {high}"
    raise CompilerError(BadNetworkSize(option=option, expected=expected, found=str(value)))


def _line(*, nodes: int) -> Graph:
    import networkx

    _check_nodes(nodes)
    return _graph(networkx.path_graph(nodes))


def _ring(*, nodes: int) -> Graph:
    import networkx

    _check_nodes(nodes)
    if nodes < 3:
        raise _impossible(
            f"a ring needs 3 nodes or more, not {nodes}", "add nodes, or choose the topology line"
        )
    return _graph(networkx.cycle_graph(nodes))


def _star(*, nodes: int, centre: str = CENTRES[0]) -> Graph:
    import networkx

    _check_nodes(nodes)
    if centre not in CENTRES:
        raise _impossible(
            f"the centre of a star cannot be {centre!r}", f"choose {' or '.join(CENTRES)}"
        )
    if nodes < 2:
        raise _impossible("a star of 1 node has no rays", "choose 2 nodes or more")
    if centre == "qpu":
        return _graph(networkx.star_graph(nodes - 1))
    return _graph(networkx.Graph((leaf, nodes) for leaf in range(nodes)), repeaters=1)


def _all_to_all(*, nodes: int) -> Graph:
    import networkx

    _check_nodes(nodes)
    return _graph(networkx.complete_graph(nodes))


def _grid(*, nodes: int | None = None, shape: tuple[int, int] | None = None) -> Graph:
    return _lattice("grid", nodes, shape, least=1, is_periodic=False)


def _torus(*, nodes: int | None = None, shape: tuple[int, int] | None = None) -> Graph:
    return _lattice("torus", nodes, shape, least=3, is_periodic=True)


def _lattice(
    name: str, nodes: int | None, shape: tuple[int, int] | None, *, least: int, is_periodic: bool
) -> Graph:
    import networkx

    if shape is None:
        assert nodes is not None  # one of them is required
        _check_nodes(nodes)
        rows, columns = _squarest(name, nodes, least=max(least, 2))
    else:
        rows, columns = _pair_of_sizes(shape)
        if min(rows, columns) < least:
            reason = f"a {name} of {rows}x{columns} is too small: two neighbours would be the same"
            raise _impossible(reason, f"choose {least}x{least} or more, or the topology grid")
        if nodes is not None and nodes != rows * columns:
            reason = f"{rows}x{columns} is {rows * columns} nodes, not {nodes}"
            raise _impossible(reason, f"leave the number of nodes or the shape of the {name} out")
        _check_nodes(rows * columns)
    graph = networkx.grid_2d_graph(rows, columns, periodic=is_periodic)
    return _graph(networkx.relabel_nodes(graph, lambda place: place[0] * columns + place[1]))


def _squarest(name: str, nodes: int, *, least: int) -> tuple[int, int]:
    """The most equal rows <= columns, both at least `least`."""
    for rows in range(int(nodes**0.5), least - 1, -1):
        if nodes % rows == 0:
            return rows, nodes // rows
    reason = f"{nodes} nodes are no {name} with {least} rows and {least} columns or more"
    raise _impossible(reason, "choose another number of nodes, or another topology")


def _pair_of_sizes(shape: tuple[int, int]) -> tuple[int, int]:
    if not isinstance(shape, tuple | list) or len(shape) != 2:
        raise _impossible(
            f"{shape!r} is no shape", "a shape is two whole numbers, rows and columns"
        )
    rows, columns = shape
    check_whole("rows", rows, 1, MAX_NODES)
    check_whole("columns", columns, 1, MAX_NODES)
    return rows, columns


def _tree(*, nodes: int | None = None, branching: int = 2, depth: int | None = None) -> Graph:
    import networkx

    check_whole("branching", branching, 2, MAX_NODES)
    if depth is not None:
        check_whole("depth", depth, 0, MAX_NODES)
        size = 0
        for _ in range(depth + 1):  # 1 + b + b**2 + ...
            size = size * branching + 1
            if size > MAX_NODES:
                break
        if nodes is not None and nodes != size:
            more = "more than " if size > MAX_NODES else ""
            reason = (
                f"a tree with branching {branching} and depth {depth} has {more}"
                f"{min(size, MAX_NODES)} nodes, not {nodes}"
            )
            raise _impossible(reason, "leave the number of nodes or the depth out")
        if size > MAX_NODES:
            reason = (
                f"a tree with branching {branching} and depth {depth} has more than "
                f"{MAX_NODES} nodes"
            )
            raise _impossible(reason, "choose a smaller depth or branching")
        nodes = size
    assert nodes is not None  # the depth or this is required
    _check_nodes(nodes)
    return _graph(networkx.full_rary_tree(branching, nodes))


def _fat_tree(*, nodes: int | None = None, ports: int | None = None) -> Graph:
    """Leiserson's tree from equal switches: Al-Fares et al., SIGCOMM 2008, section 2."""
    import networkx

    if nodes is not None:
        _check_nodes(nodes)
    if ports is None:
        assert nodes is not None  # one of them is required
        ports = 2
        while ports**3 // 4 < nodes:
            ports += 2
    check_whole("ports", ports, 2, MAX_REPEATERS)
    if ports % 2:
        raise _impossible(
            f"switches of a fat-tree have an even number of ports, not {ports}", "choose 4, 6, ..."
        )
    half = ports // 2
    edges = aggregations = ports * half
    room = edges * half
    if nodes is None:
        nodes = room
        _check_nodes(nodes)
    if nodes > room:
        reason = f"a fat-tree of switches with {ports} ports has room for {room} nodes, not {nodes}"
        raise _impossible(reason, "choose more ports, or leave them out")
    repeaters = edges + aggregations + half * half
    _check_repeaters(repeaters)
    first_aggregation = nodes + edges
    first_core = first_aggregation + aggregations
    graph = networkx.Graph()
    for edge in range(edges):
        # Spread evenly: neighbours in the order of nodes share a switch as far as possible.
        hosts = range(-(-edge * nodes // edges), -(-(edge + 1) * nodes // edges))
        graph.add_edges_from((host, nodes + edge) for host in hosts)
        pod = edge // half
        above = range(first_aggregation + pod * half, first_aggregation + (pod + 1) * half)
        graph.add_edges_from((nodes + edge, aggregation) for aggregation in above)
    for aggregation in range(aggregations):
        cores = range(aggregation % half * half, (aggregation % half + 1) * half)
        graph.add_edges_from((first_aggregation + aggregation, first_core + core) for core in cores)
    return _graph(graph, repeaters=repeaters)


def _random_regular(*, nodes: int, degree: int | None = None, seed: int = 0) -> Graph:
    """Steger and Wormald 1999, as networkx draws it; drawn again until it is connected."""
    import networkx

    _check_nodes(nodes)
    check_whole("seed", seed, 0, MAX_SEED)
    if degree is None:
        degree = min(3 + nodes % 2, nodes - 1)
    check_whole("degree", degree, 0, MAX_NODES)
    least = min(nodes - 1, 2)
    if not least <= degree < nodes:
        reason = f"{nodes} nodes with {degree} links each are no connected network"
        raise _impossible(
            reason, f"choose a degree from {least} to {nodes - 1}, or another number of nodes"
        )
    if nodes * degree % 2:
        reason = (
            f"{nodes} nodes with {degree} links each: half of {nodes * degree} is no whole number"
        )
        raise _impossible(reason, "make the number of nodes or the degree even")
    random = Random(seed)
    # The fewer links are drawn, the fewer draws fail; the complement is as uniform.
    is_dense = 2 * degree >= nodes
    drawn = nodes - 1 - degree if is_dense else degree
    for _ in range(MAX_DRAWS):
        graph = networkx.random_regular_graph(drawn, nodes, seed=random)
        if is_dense:
            graph = networkx.complement(graph)
        if networkx.is_connected(graph):
            return _graph(graph)
    reason = f"none of {MAX_DRAWS} random graphs with degree {degree} was connected"
    raise _impossible(reason, "choose a larger degree, or another seed")


TOPOLOGIES: dict[str, Topology] = {
    "line": Topology(_line, ("nodes",), ("nodes",)),
    "ring": Topology(_ring, ("nodes",), ("nodes",)),
    "star": Topology(_star, ("nodes", "centre"), ("nodes",)),
    "grid": Topology(_grid, ("nodes", "shape"), ("nodes", "shape")),
    "torus": Topology(_torus, ("nodes", "shape"), ("nodes", "shape")),
    "tree": Topology(_tree, ("nodes", "branching", "depth"), ("nodes", "depth")),
    "fat-tree": Topology(_fat_tree, ("nodes", "ports"), ("nodes", "ports")),
    "all-to-all": Topology(_all_to_all, ("nodes",), ("nodes",)),
    "random-regular": Topology(_random_regular, ("nodes", "degree", "seed"), ("nodes",)),
}
"""Name -> how its graph is made."""

PARAMETERS = ("nodes", "shape", "centre", "branching", "depth", "ports", "degree", "seed")
"""Of all topologies together."""


def _graph(graph: networkx.Graph, *, repeaters: int = 0) -> Graph:
    links = sorted((min(ends), max(ends)) for ends in graph.edges)
    return Graph(len(graph) - repeaters, repeaters, tuple(links))


def _subdivided(graph: Graph, count: int) -> Graph:
    """The graph with so many repeaters on each link."""
    repeaters = graph.repeaters + count * len(graph.links)
    _check_repeaters(repeaters)
    links: list[tuple[int, int]] = []
    added = graph.qpus + graph.repeaters
    for a, b in graph.links:
        stops = [a, *range(added, added + count), b]
        links += pairwise(stops)
        added += count
    return Graph(graph.qpus, repeaters, tuple(links))


def _check_nodes(nodes: int) -> None:
    check_whole("nodes", nodes, 1, MAX_NODES)


def _check_repeaters(count: int) -> None:
    if count > MAX_REPEATERS:
        reason = f"the network would have {count} repeaters, more than {MAX_REPEATERS}"
        raise _impossible(reason, "choose fewer nodes, ports or repeaters per link")


def _impossible(reason: str, remedy: str) -> CompilerError:
    return CompilerError(ImpossibleTopology(reason=reason, remedy=remedy))
