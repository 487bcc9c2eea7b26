"""Single upgrades of a network, and which of them could change what a circuit costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from dqc_compiler.formats.network_model import MAX_QUBITS
from dqc_compiler.ir import ABSENT, Link, Network, RemotePlan
from dqc_compiler.ir.circuit import OPCODE
from dqc_compiler.ir.program import DistributedProgram

Kind = Literal["rate", "channel", "comm qubit", "data qubit", "link"]

SAME_PROGRAM: tuple[Kind, ...] = ("rate", "channel")
"""Upgrades that change times only: the programs stay as they are."""

MOST_NEW_LINKS = 50


@dataclass(frozen=True, kw_only=True)
class Upgrade:
    """One change of a network.

    Attributes:
        kind: "rate" doubles the success probability of a link, which is at most 1; all others add
            one of their kind.
        where: the name of the node, or of the two ends of the link.
        link: the link as it is afterwards; None for the upgrade of a node.
    """

    kind: Kind
    where: tuple[str, ...]
    link: Link | None = None

    def applied(self, network: Network) -> Network:
        """The network with this upgrade; a new link comes after all others."""
        if self.kind == "link":
            assert self.link is not None
            return replace(network, links=(*network.links, self.link))
        if self.link is not None:
            links = list(network.links)
            links[_number_of(network, self.link.between)] = self.link
            return replace(network, links=tuple(links))
        nodes, index = list(network.nodes), network.node_index(self.where[0])
        node = nodes[index]
        if self.kind == "comm qubit":
            assert node.comm_qubits is not None
            nodes[index] = replace(node, comm_qubits=node.comm_qubits + 1)
        else:
            nodes[index] = replace(node, data_qubits=node.data_qubits + 1)
        return replace(network, nodes=tuple(nodes))

    def nodes(self, network: Network) -> tuple[int, ...]:
        """The nodes that it is about."""
        return tuple(network.node_index(name) for name in self.where)


def _number_of(network: Network, ends: tuple[int, int]) -> int:
    number = network.link_between(*ends)
    assert number is not None
    return number


def usual_link(network: Network) -> Link | None:
    """What a new link is like: the most frequent kind of link, the first if several are.

    None if the network has no links.
    """
    kinds = Counter(replace(link, between=(0, 0)) for link in network.links)
    return max(kinds, key=kinds.__getitem__, default=None)


def retimings(program: DistributedProgram) -> Iterator[Upgrade]:
    """Faster links, and channels, where the program's pairs could make use of them."""
    network = program.network
    pairs = pairs_per_link(program)
    for link, count in zip(network.links, pairs, strict=True):
        if count and link.success_probability < 1:
            doubled = min(1.0, 2 * link.success_probability)
            faster = replace(link, success_probability=doubled)
            yield Upgrade(kind="rate", where=_ends(network, link), link=faster)
    comm = program.comm_qubits.tolist()
    for link, count in zip(network.links, pairs, strict=True):
        at_once = min(count, *(comm[end] for end in link.between))  # each holds a qubit at each end
        if link.channels < min(at_once, MAX_QUBITS):
            wider = replace(link, channels=link.channels + 1)
            yield Upgrade(kind="channel", where=_ends(network, link), link=wider)


def additions(
    network: Network, program: DistributedProgram | None = None, plan: RemotePlan | None = None
) -> Iterator[Upgrade]:
    """Qubits and links that could lead to other programs.

    Args:
        network: as it is.
        program: for this network, None if there is none.
        plan: of the program.
    """
    linked = {end for link in network.links for end in link.between}
    for index, node in enumerate(network.nodes):
        if node.comm_qubits is not None and node.comm_qubits < MAX_QUBITS and index in linked:
            yield Upgrade(kind="comm qubit", where=(node.name,))
    for node in network.nodes:
        if node.kind == "qpu" and node.data_qubits < MAX_QUBITS:
            yield Upgrade(kind="data qubit", where=(node.name,))
    usual = usual_link(network)
    if usual is None:
        return
    for ends in _new_links(network, program, plan):
        link = replace(usual, between=ends)
        yield Upgrade(kind="link", where=_ends(network, link), link=link)


def pairs_per_link(program: DistributedProgram) -> list[int]:
    """Pairs that each link makes."""
    halves = Counter(program.link[program.opcode == OPCODE["dqc_epr"]].tolist())
    return [halves[link] // 2 for link in range(len(program.network.links))]


def _ends(network: Network, link: Link) -> tuple[str, str]:
    a, b = link.between
    return network.nodes[a].name, network.nodes[b].name


def _new_links(
    network: Network, program: DistributedProgram | None, plan: RemotePlan | None
) -> Sequence[tuple[int, int]]:
    """Processors without a link that have a common neighbour, or whose pairs repeaters join.

    Of too many the ones between which most pairs may pass, which is what the less busy one of the
    two links to the common neighbour makes.
    """
    pairs = [0] * len(network.links) if program is None else pairs_per_link(program)
    around: list[dict[int, int]] = [{} for _ in network.nodes]  # neighbour -> pairs
    for link, count in zip(network.links, pairs, strict=True):
        a, b = link.between
        around[a][b] = around[b][a] = count
    is_qpu = [node.kind == "qpu" for node in network.nodes]
    busy: dict[tuple[int, int], int] = {}
    for neighbours in around:
        for a, b in combinations(sorted(filter(is_qpu.__getitem__, neighbours)), 2):
            if b not in around[a]:
                busy[a, b] = max(busy.get((a, b), 0), min(neighbours[a], neighbours[b]))
    if plan is not None:
        passes = Counter(plan.route[plan.route != ABSENT].tolist())
        for number, count in passes.items():
            nodes = plan.routes[number].nodes
            ends = min(nodes[0], nodes[-1]), max(nodes[0], nodes[-1])
            if ends[1] not in around[ends[0]]:
                busy[ends] = max(busy.get(ends, 0), count)
    kept = sorted(busy, key=lambda ends: (-busy[ends], ends))[:MOST_NEW_LINKS]
    return sorted(kept)
