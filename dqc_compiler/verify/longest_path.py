"""The least time that a set of programs can take with any number of channels and comm qubits."""

from __future__ import annotations

from dqc_compiler.verify.programs import BitKey, ProgramSet, bit_key, interleave
from dqc_compiler.verify.timing import duration_ns


def longest_path_ns(task: ProgramSet) -> float:
    """The longest chain of statements and messages, with the mean time of every pair.

    A `reset` of a comm qubit waits for nothing: there is always another one that is free.
    """
    network, latency = task.network, task.network.latencies_ns()
    free: dict[tuple[int, str, int], float] = {}
    sent: dict[BitKey, tuple[int, float]] = {}
    longest = 0.0
    for step in interleave(task.programs):
        node, statement = step.node, step.statement
        cells = [(node, *qubit) for qubit in statement.qubits]
        if step.peer_statement is not None:
            cells += [(step.peer, *qubit) for qubit in step.peer_statement.qubits]
        waits = [free[cell] for cell in cells if cell in free]
        if statement.name == "reset" and statement.qubits[0][0] == "comm":
            waits = []
        for register, index, _ in statement.condition:
            sender, end = sent[bit_key(node, register, index)]
            waits.append(end + latency[sender][node])
        end = max(waits, default=0.0) + duration_ns(network.nodes[node], statement, network.links)
        free.update(dict.fromkeys(cells, end))
        longest = max(longest, end)
        if statement.writes is not None:
            sent[bit_key(node, *statement.writes)] = (node, end)
    return longest
