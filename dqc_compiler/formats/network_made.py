"""A network that is made to measure for each circuit."""

from __future__ import annotations

from dataclasses import dataclass

from dqc_compiler import topologies
from dqc_compiler.formats.network_file import Network


@dataclass(frozen=True, kw_only=True)
class MadeNetwork:
    """What a network is made from when the size of the circuit is known.

    Attributes:
        nodes: number of processors.
        topology: one of `topologies.TOPOLOGIES`.
        data_qubits: of each processor; None: just enough for the circuit.
        comm_qubits: of each processor; None: unlimited.
    """

    nodes: int
    topology: str
    data_qubits: int | None
    comm_qubits: int | None

    def of(self, qubits: int, *, seed: int) -> Network:
        """The network for a circuit of so many qubits; `seed` is that of a random topology.

        Raises:
            CompilerError: if there is no such network, see `Network.make`.
        """
        is_random = "seed" in topologies.TOPOLOGIES[self.topology].parameters
        return Network.make(
            self.topology,
            nodes=self.nodes,
            seed=seed if is_random else None,
            data_qubits=-(-qubits // self.nodes) if self.data_qubits is None else self.data_qubits,
            comm_qubits=self.comm_qubits,
        )
