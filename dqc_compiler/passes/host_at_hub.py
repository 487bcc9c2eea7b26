"""Hosts at a third node: all gates between two nodes move to a hub where that is cheaper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dqc_compiler.ir import Placement
from dqc_compiler.ir.arrays import Int32, Int64, frozen

_MOST_HUBS_TRIED = 4
_MOST_GROUPS_TRIED = 2000  # pairs of nodes with gates between them, over all hubs that are tried
_MOST_SWEEPS = 8  # over all pairs of nodes; two or three are usual


class _Copies:
    """How many gates each (segment, node) serves, counted for two hosts of every gate."""

    def __init__(self, placement: Placement, hub: int) -> None:
        segments = placement.graph.gate_segments
        homes = placement.segment_home[segments]
        k = len(placement.network.nodes)
        hosts = np.stack((placement.gate_host, np.full(len(segments), hub, dtype=np.int32)))
        keys = segments[None].astype(np.int64) * k + hosts[:, :, None]
        # Being at home is not a copy: all of that is counted in a place of its own.
        keys[homes[None] == hosts[:, :, None]] = -1
        found, at = np.unique(keys.reshape(-1), return_inverse=True)
        self.at = at.reshape(keys.shape)  # (2, g, 2) places in `count`
        self.count = np.zeros(len(found), dtype=np.int64)
        self.is_copy = found >= 0

    @property
    def pairs(self) -> int:
        """Copies that serve at least one gate."""
        return int(np.count_nonzero(self.count[self.is_copy]))

    def of(self, gates: Int64, choice: int) -> tuple[Int64, Int64]:
        """Copies that serve gates with their first (0) or second (1) host, and how often."""
        places, times = np.unique(self.at[choice, gates], return_counts=True)
        is_copy = self.is_copy[places]
        return places[is_copy], times[is_copy]

    def add(self, copies: tuple[Int64, Int64], sign: int) -> int:
        """Count them, or count them no longer; returns the change in copies."""
        places, times = copies
        before = np.count_nonzero(self.count[places])
        self.count[places] += sign * times
        return int(np.count_nonzero(self.count[places]) - before)


def _by_node_pair(placement: Placement) -> list[Int64]:
    """The remote gates, one array for every two nodes."""
    homes = placement.segment_home[placement.graph.gate_segments].astype(np.int64)
    low, high = homes.min(axis=1), homes.max(axis=1)
    remote = np.flatnonzero(low != high)
    pair = low[remote] * len(placement.network.nodes) + high[remote]
    order = np.argsort(pair, kind="stable")
    _, first = np.unique(pair[order], return_index=True)
    return np.split(remote[order], first[1:]) if len(remote) else []


def _hubs(placement: Placement, groups: int) -> list[int]:
    """Nodes that need fewest copies if they host every remote gate, and may hold two at once."""
    if groups == 0:
        return []
    graph, nodes = placement.graph, placement.network.nodes
    homes = placement.segment_home[graph.gate_segments]
    remote = homes[:, 0] != homes[:, 1]
    busy = np.unique(graph.gate_segments[remote])
    inside = np.bincount(placement.segment_home[busy], minlength=len(nodes))
    order: list[int] = np.argsort(-inside, kind="stable").tolist()
    count = max(1, min(_MOST_HUBS_TRIED, _MOST_GROUPS_TRIED // groups))
    return [node for node in order if nodes[node].comm_qubits != 1][:count]


@dataclass(frozen=True)
class HostAtHub:
    """Placement to placement, never dearer for unlimited comm qubits: hosts move to one hub.

    Copies at a hub serve the gates with all other nodes at once, so few gates alone make a hub
    cheap, but all of them together do: the descent begins with everything at the hub and takes
    the gates between two nodes back to their given hosts wherever that saves pairs.
    """

    name: ClassVar[str] = "host-at-hub"

    def run(self, placement: Placement) -> Placement:
        """Keep the homes; the best hub, or the given hosts if no hub is cheaper."""
        return min(self._candidates(placement), key=lambda found: found[0])[1]

    def _candidates(self, placement: Placement) -> Iterator[tuple[int, Placement]]:
        groups = _by_node_pair(placement)
        given = _Copies(placement, 0)
        given.add(given.of(np.arange(placement.graph.gates), 0), 1)
        yield given.pairs, placement
        for hub in _hubs(placement, len(groups)):
            pairs, hosts = _descended(placement, groups, hub)
            yield (
                pairs,
                Placement(
                    placement.graph,
                    placement.network,
                    placement.segment_home,
                    frozen(hosts, np.int32),
                ),
            )


def _descended(placement: Placement, groups: list[Int64], hub: int) -> tuple[int, Int32]:
    """The price and the hosts after the descent from everything at the hub."""
    copies = _Copies(placement, hub)
    hosts = placement.gate_host.copy()
    choices = [1] * len(groups)
    local = np.setdiff1d(np.arange(len(hosts)), np.concatenate(groups))
    copies.add(copies.of(local, 0), 1)
    served = [(copies.of(gates, 0), copies.of(gates, 1)) for gates in groups]
    for _, at_hub in served:
        copies.add(at_hub, 1)
    for _ in range(_MOST_SWEEPS):
        is_settled = True
        for number, either in enumerate(served):
            choice = choices[number]
            old, new = either[choice], either[1 - choice]
            change = copies.add(old, -1) + copies.add(new, 1)
            if change < 0:
                choices[number] = 1 - choice
                is_settled = False
            else:
                copies.add(new, -1)
                copies.add(old, 1)
        if is_settled:
            break
    for choice, gates in zip(choices, groups, strict=True):
        if choice:
            hosts[gates] = hub
    return copies.pairs, hosts
