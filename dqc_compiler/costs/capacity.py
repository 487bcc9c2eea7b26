"""How many qubits each node takes."""

from __future__ import annotations

import numpy as np

from dqc_compiler.ir import Network
from dqc_compiler.ir.arrays import Int64


def capacities(network: Network) -> Int64:
    """Data qubits of each node, (k,) int64."""
    return np.array([node.data_qubits for node in network.nodes], dtype=np.int64)


def level_shares(network: Network, wires: int) -> Int64:
    """Wires per node, (k,) int64: in proportion to the capacities, none above its own.

    The wires have to fit: there are at most as many as data qubits.
    """
    capacity = capacities(network)
    shares = capacity * wires // max(1, int(capacity.sum()))
    order = np.argsort(-capacity, kind="stable")
    for node in order[: wires - int(shares.sum())]:
        shares[node] += 1
    return shares
