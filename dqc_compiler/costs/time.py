"""How long each statement of a distributed program takes."""

from __future__ import annotations

import numpy as np

from dqc_compiler.ir import DistributedProgram, Network, Node
from dqc_compiler.ir.arrays import Float64
from dqc_compiler.ir.circuit import NAMES, OPCODE, TWO_QUBIT_GATES


def _gate_ns(node: Node, name: str) -> float:
    """Time of one statement called `name` at `node`; 0 for those that the node does not set."""
    if name in ("barrier", "delay", "dqc_epr"):
        return 0.0
    if name == "measure":
        return node.measure_ns
    if name == "reset":
        # The only reset that every processor has: measure, and flip a qubit that was found in |1>.
        return node.measure_ns + node.gate_1q_ns
    if name == "swap":
        return 3 * node.gate_2q_ns  # three entangling gates; no processor here has it natively
    return node.gate_2q_ns if name in TWO_QUBIT_GATES else node.gate_1q_ns


def generation_ns(network: Network) -> Float64:
    """Mean time of one pair on one channel of each link, (l,) in ns."""
    return np.array([link.mean_generation_ns for link in network.links], dtype=np.float64)


def durations_ns(program: DistributedProgram) -> Float64:
    """Time of every statement in ns, (n,), in global order.

    A gate takes its node's time for one or two qubits, whether or not it is conditional; `swap`
    counts as three two-qubit gates and `reset` as a measurement and a one-qubit gate. Both ends of
    a pair take the link's mean generation time.
    """
    at_node = np.array([[_gate_ns(node, name) for name in NAMES] for node in program.network.nodes])
    durations: Float64 = at_node[program.node, program.opcode]
    is_delay = program.opcode == OPCODE["delay"]
    durations[is_delay] = program.parameter[program.parameter_start[:-1][is_delay]]
    is_pair = program.opcode == OPCODE["dqc_epr"]
    durations[is_pair] = generation_ns(program.network)[program.link[is_pair]]
    return durations
