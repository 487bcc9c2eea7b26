"""Give the parts of a partition to nodes that are near each other where they have much to share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from dqc_compiler.costs.capacity import capacities
from dqc_compiler.costs.ebits import presences
from dqc_compiler.costs.routes import find_routing
from dqc_compiler.ir import Placement
from dqc_compiler.ir.arrays import Int64, frozen


def _traffic(placement: Placement) -> Int64:
    """Copies between every two nodes in either direction, (k, k) int64."""
    k = len(placement.network.nodes)
    segment, node = presences(placement).T
    traffic = np.zeros((k, k), dtype=np.int64)
    np.add.at(traffic, (placement.segment_home[segment], node), 1)
    both: Int64 = traffic + traffic.T
    return both


@dataclass(frozen=True)
class AssignNodes:
    """Placement to placement: whole nodes exchange what lives and is hosted there.

    Partitioners know nothing of distances: they minimise what crosses between parts, whichever
    nodes these are. A quadratic assignment brings parts with much traffic together.
    """

    name: ClassVar[str] = "assign-nodes"

    def run(self, placement: Placement) -> Placement:
        """Rename the nodes; the placement itself where all are equally far. Homes are static."""
        routing = find_routing(placement.network)
        if routing.is_flat or placement.graph.gates == 0:
            return placement
        from dqc_compiler.kernels.assignment import assign  # noqa: PLC0415 (numba)

        k = len(placement.network.nodes)
        load = np.bincount(placement.start_home, minlength=k).astype(np.int64)
        # Repeaters keep their numbers: they hold no part.
        qpus = np.flatnonzero([node.kind == "qpu" for node in placement.network.nodes])
        chosen, _ = assign(
            np.ascontiguousarray(_traffic(placement)[np.ix_(qpus, qpus)]),
            np.ascontiguousarray(routing.distance[np.ix_(qpus, qpus)]),
            load[qpus],
            capacities(placement.network)[qpus],
        )
        node_of = np.arange(k)
        node_of[qpus] = qpus[chosen]
        return replace(
            placement,
            segment_home=frozen(node_of[placement.segment_home], np.int32),
            gate_host=frozen(node_of[placement.gate_host], np.int32),
        )
