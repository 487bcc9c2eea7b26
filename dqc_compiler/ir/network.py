"""The network: nodes, the links between them, and their timing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from dqc_compiler.diagnostics.core import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A quantum processor ("qpu"), or a "repeater", which has no data qubits and only swaps."""

    name: str
    kind: Literal["qpu", "repeater"] = "qpu"
    data_qubits: int
    comm_qubits: int | None  # None: unlimited
    gate_1q_ns: float = 30.0
    gate_2q_ns: float = 100.0
    measure_ns: float = 500.0
    t2_us: float = 200.0

    @property
    def cells(self) -> float:
        """Physical qubits, data and comm together; infinite with unlimited comm qubits."""
        return float("inf") if self.comm_qubits is None else self.data_qubits + self.comm_qubits


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A quantum channel between two nodes (indices into `Network.nodes`), with its generator."""

    between: tuple[int, int]
    attempt_ns: float = 1000.0  # one heralded generation attempt
    success_probability: float = 0.01
    fidelity: float = 0.97
    channels: int = 1  # attempts in parallel
    latency_ns: float = 500.0  # classical, one way
    cutoff_us: float | None = None

    @property
    def mean_generation_ns(self) -> float:
        """Mean time of one pair on one channel (geometric number of attempts)."""
        return self.attempt_ns / self.success_probability


@dataclass(frozen=True)
class Network:
    """Nodes in file order and links in file order; a link's number is its position."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    places: tuple[Place, ...] = field(default=(), compare=False, repr=False)
    """Of each node in the file that it came from; empty if there was none."""
    link_prices: tuple[int, ...] = ()
    """What a pair of each link costs the passes (`costs.prices`); 1 each if there are none."""
    price_unit: int = 1
    """The price of an average pair."""

    def node_index(self, name: str) -> int:
        """Index of the node called `name`; KeyError if there is none."""
        for index, node in enumerate(self.nodes):
            if node.name == name:
                return index
        raise KeyError(name)

    def link_between(self, a: int, b: int) -> int | None:
        """Number of the link between two nodes, None if they have none."""
        for index, link in enumerate(self.links):
            if set(link.between) == {a, b}:
                return index
        return None

    @property
    def data_qubits(self) -> int:
        """Data qubits of all nodes together."""
        return sum(node.data_qubits for node in self.nodes)

    @property
    def is_all_to_all(self) -> bool:
        """Whether every two nodes share a link."""
        k = len(self.nodes)
        return len({frozenset(link.between) for link in self.links}) == k * (k - 1) // 2

    @property
    def is_limited(self) -> bool:
        """Whether any processor has a budget of comm qubits; repeaters hold nothing for long."""
        return any(node.kind == "qpu" and node.comm_qubits is not None for node in self.nodes)

    def latencies_ns(self) -> tuple[tuple[float, ...], ...]:
        """Classical latency between any two nodes over the path of least sum (Floyd-Warshall)."""
        k = len(self.nodes)
        table = np.full((k, k), np.inf)
        np.fill_diagonal(table, 0.0)
        for link in self.links:
            a, b = link.between
            table[a, b] = table[b, a] = min(table[a, b], link.latency_ns)
        latencies = [link.latency_ns for link in self.links]
        # Between nodes with a link a detour takes two links at least.
        if not self.is_all_to_all or max(latencies, default=0) > 2 * min(latencies, default=0):
            for via in range(k):
                np.minimum(table, table[:, via, None] + table[via], out=table)
        return tuple(map(tuple, table.tolist()))

    def verify(self) -> None:
        """Check names, ends and numbers; the network file's reader words these for the user.

        Raises:
            ValueError: naming the rule that is broken.
        """
        names = [node.name for node in self.nodes]
        if len(set(names)) != len(names):
            raise ValueError("node names repeat")
        for node in self.nodes:
            if node.data_qubits < 0 or (node.comm_qubits is not None and node.comm_qubits < 0):
                raise ValueError(f"node {node.name}: negative number of qubits")
            if node.kind == "repeater" and node.data_qubits:
                raise ValueError(f"node {node.name}: a repeater has no data qubits")
        seen: set[frozenset[int]] = set()
        for link in self.links:
            ends = frozenset(link.between)
            if len(ends) != 2 or not all(0 <= end < len(names) for end in ends):
                raise ValueError(f"link {link.between}: its ends are not two nodes")
            if ends in seen:
                raise ValueError(f"link {link.between} is written twice")
            seen.add(ends)
