"""Which way pairs take through a network, and which nodes they may pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import rustworkx as rx
from numpy.typing import NDArray

from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.diagnostics.placement import NoPassage
from dqc_compiler.ir import ABSENT, Network, Node
from dqc_compiler.ir.arrays import Float64, Int64, frozen
from dqc_compiler.ir.routes import Route, Routing

_CELLS_TO_PASS = 2  # a node that a pair passes holds a half of each of two links


def _link_lengths(network: Network) -> list[float]:
    """The price of each link, and a little more for slow ones: time decides between equal ways."""
    times = [link.mean_generation_ns for link in network.links]
    prices = network.link_prices or (1,) * len(times)
    whole = sum(times) + 1.0
    return [price + time / whole for price, time in zip(prices, times, strict=True)]


@lru_cache(maxsize=1024)
def _graph_from(network: Network, source: int) -> rx.PyDiGraph[int, int]:
    """The links, with their numbers, that a pair from a processor may take: it passes repeaters."""
    graph: rx.PyDiGraph[int, int] = rx.PyDiGraph()
    graph.add_nodes_from(range(len(network.nodes)))
    for index, link in enumerate(network.links):
        for start, end in (link.between, link.between[::-1]):
            if start == source or _may_swap(network.nodes[start]):
                graph.add_edge(start, end, index)
    return graph


def _route_along(graph: rx.PyDiGraph[int, int], nodes: Sequence[int]) -> Route:
    return Route(tuple(nodes), tuple(graph.get_edge_data(a, b) for a, b in pairwise(nodes)))


def _routes_from(network: Network, source: int, lengths: list[float]) -> dict[int, Route]:
    """The shortest way from a processor to every other one, through repeaters only."""
    graph = _graph_from(network, source)
    paths = rx.dijkstra_shortest_paths(graph, source, weight_fn=lambda link: lengths[link])
    found: dict[int, Route] = {}
    for target in sorted(paths.keys()):
        if target == source or network.nodes[target].kind != "qpu":
            continue
        found[target] = _route_along(graph, paths[target])
    return found


@lru_cache(maxsize=4096)
def ways_between(
    network: Network, source: int, target: int, *, most: int, detour: int = 0
) -> tuple[Route, ...]:
    """Ways from one processor to another through repeaters, at most so many.

    Those with the fewest links; with a `detour` also those with up to so many more.
    """
    graph = _graph_from(network, source)
    if not detour:
        paths = sorted(map(list, rx.all_shortest_paths(graph, source, target)))
    else:
        shortest = rx.dijkstra_shortest_path_lengths(graph, source, lambda _: 1.0, goal=target)
        longest = int(shortest[target]) + 1 + detour if target in shortest else 0
        found = rx.all_simple_paths(graph, source, target, cutoff=longest)
        paths = sorted(map(list, found), key=lambda nodes: (len(nodes), nodes))
    return tuple(_route_along(graph, nodes) for nodes in paths[:most])


def _may_swap(node: Node) -> bool:
    return node.kind == "repeater" and _can_pass(node)


def _can_pass(node: Node) -> bool:
    """Whether two halves fit into the node's comm qubits, whatever its data qubits hold."""
    return node.comm_qubits is None or node.comm_qubits >= _CELLS_TO_PASS


@lru_cache(maxsize=8)
def find_routing(network: Network) -> Routing:
    """The ways between all processors that cost least, and of these the ones that take least time.

    Shortest paths (Dijkstra) through repeaters make the routes between neighbours; from neighbour
    to neighbour (Floyd and Warshall) they go on through processors with two comm qubits at least.
    """
    k = len(network.nodes)
    route = np.full((k, k), ABSENT, dtype=np.int64)
    length = np.full((k, k), np.inf)
    towards = np.full((k, k), ABSENT, dtype=np.int64)
    lengths = _link_lengths(network)
    routes: list[Route] = []
    qpus = [index for index, node in enumerate(network.nodes) if node.kind == "qpu"]
    for source in qpus:
        length[source, source] = 0.0
        for target, found in _routes_from(network, source, lengths).items():
            route[source, target] = len(routes)
            routes.append(found)
            length[source, target] = sum(lengths[link] for link in found.links)
            towards[source, target] = target
    _close(length, towards, [via for via in qpus if _can_pass(network.nodes[via])])
    distance = np.where(np.isinf(length), ABSENT, np.floor(length + 1e-9))
    return Routing(
        routes=tuple(routes),
        route=frozen(route, np.int64),
        distance=frozen(distance, np.int64),
        towards=frozen(towards, np.int64),
    )


def may_branch(network: Network) -> NDArray[np.bool_]:
    """Processors where copies may be made of a copy that only passes, (k,)."""
    return np.array([node.kind == "qpu" and _can_pass(node) for node in network.nodes])


def _close(length: Float64, towards: Int64, passed: list[int]) -> None:
    for via in passed:
        detour = length[:, via, None] + length[via]
        is_shorter = detour < length - 1e-9
        length[is_shorter] = detour[is_shorter]
        step = np.broadcast_to(towards[:, via, None], towards.shape)
        towards[is_shorter] = step[is_shorter]


def unreachable(network: Network) -> list[tuple[int, int]]:
    """Processors between which no pair can be made, each two once."""
    qpus = np.array([index for index, node in enumerate(network.nodes) if node.kind == "qpu"])
    if len(qpus) < 2:
        return []
    is_cut = np.triu(find_routing(network).distance[np.ix_(qpus, qpus)] < 0, 1)
    return [(int(qpus[a]), int(qpus[b])) for a, b in np.argwhere(is_cut)]


def open_passages(network: Network, qubits: int) -> Network:
    """The network in which every two processors can reach each other, as the passes see it.

    A node with one comm qubit lets a pair pass if it keeps a data qubit free: then it holds two
    halves, one after the other in its comm qubit. As few nodes as possible give a data qubit away
    for that, which counts as a comm qubit in the network returned; the cells of every node stay
    the same, and a half is always made in the comm qubit there is.

    Args:
        network: as the user describes it; connected.
        qubits: of the circuit, which still have to fit.

    Raises:
        CompilerError: NoPassage, if two processors cannot reach each other even so.
    """
    cut = unreachable(network)
    while cut:
        best, rest = ABSENT, cut
        for index, node in enumerate(network.nodes):
            if node.kind != "qpu" or node.comm_qubits != 1 or node.data_qubits == 0:
                continue
            found = unreachable(_opened(network, index))
            if len(found) < len(rest):
                best, rest = index, found
        # Two nodes in a row open nothing one at a time; then the first that may is a beginning.
        if best == ABSENT:
            best = _between(network, cut[0])
        is_room = best != ABSENT and network.data_qubits - 1 >= qubits
        if not is_room:
            joined = [ends for ends in cut if ends not in rest] or cut
            raise CompilerError(_no_passage(network, joined[0], best))
        network = _opened(network, best)
        cut = unreachable(network)
    return network


def _opened(network: Network, index: int) -> Network:
    node = network.nodes[index]
    assert node.comm_qubits is not None
    opened = replace(node, data_qubits=node.data_qubits - 1, comm_qubits=node.comm_qubits + 1)
    nodes = (*network.nodes[:index], opened, *network.nodes[index + 1 :])
    return replace(network, nodes=nodes)


def _path(network: Network, ends: tuple[int, int]) -> list[int]:
    graph: rx.PyGraph[int, None] = rx.PyGraph()
    graph.add_nodes_from(range(len(network.nodes)))
    graph.add_edges_from_no_data([link.between for link in network.links])
    paths = rx.dijkstra_shortest_paths(graph, ends[0], target=ends[1])
    return list(paths[ends[1]]) if ends[1] in paths else []


def _between(network: Network, ends: tuple[int, int]) -> int:
    """The first node on the way between two that could give a data qubit away."""
    for index in _path(network, ends)[1:-1]:
        node = network.nodes[index]
        if node.kind == "qpu" and node.comm_qubits == 1 and node.data_qubits > 0:
            return index
    return ABSENT


def _no_passage(network: Network, ends: tuple[int, int], asked: int) -> NoPassage:
    inner = [i for i in _path(network, ends)[1:-1] if not _can_pass(network.nodes[i])]
    at = asked if asked != ABSENT else inner[0] if inner else ends[1]
    return NoPassage(
        first=network.nodes[ends[0]].name,
        second=network.nodes[ends[1]].name,
        node=network.nodes[at].name,
        place=network.places[at] if network.places else None,
    )
