"""Homes that follow the gates from layer to layer, for circuits whose gates do not pack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dqc_compiler.costs.layers import find_blocks, segment_layers
from dqc_compiler.ir import Placement
from dqc_compiler.ir.arrays import Int64, frozen


def _starts(sorted_layers: Int64, layers: int) -> Int64:
    """Where each of the layers starts in a sorted list of layers, (layers + 1,)."""
    return np.searchsorted(sorted_layers, np.arange(layers + 1)).astype(np.int64)


@dataclass(frozen=True)
class PartitionSliced:
    """Placement to placement: new homes for all segments, every gate at a home.

    The given homes are the first guess for the start. A block whose wires are apart is priced by
    its segment pairs, at most two e-bits: there and back by teleport.
    """

    name: ClassVar[str] = "partition-sliced"
    seed: int = 0
    decay: float = 0.3
    horizon: int = 8
    proposals: int = 150  # per wire that may move; eight times as many gained 0.5 %

    def run(self, placement: Placement) -> Placement:
        """Place every segment; capacities hold in every layer."""
        graph, network = placement.graph, placement.network
        if graph.gates == 0 or len(network.nodes) < 2:
            return placement
        from dqc_compiler.kernels.slices import slice_homes  # noqa: PLC0415 (numba)

        blocks = find_blocks(graph)
        start, _ = segment_layers(graph, blocks)
        by_layer = np.argsort(blocks.layer, kind="stable")
        segments = np.argsort(start, kind="stable")
        layers = blocks.layers + 1
        home = slice_homes(
            np.ascontiguousarray(blocks.wires[by_layer]),
            np.minimum(blocks.edges[by_layer], 2).astype(np.float64),
            _starts(blocks.layer[by_layer] + 1, layers),
            graph.segment_wire[segments].astype(np.int64),
            _starts(start[segments], layers),
            segments.astype(np.int64),
            placement.start_home.astype(np.int64),
            np.array([node.data_qubits for node in network.nodes], dtype=np.int64),
            self.decay,
            self.horizon,
            self.proposals,
            1.0,
            0.1,
            int(np.random.SeedSequence(self.seed).generate_state(1, np.uint64)[0]) | 1,
        )
        segment_home = frozen(home, np.int32)
        return Placement(
            graph=graph,
            network=network,
            segment_home=segment_home,
            gate_host=frozen(segment_home[graph.gate_segments[:, 0]], np.int32),
        )
