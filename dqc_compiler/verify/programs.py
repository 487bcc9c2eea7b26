"""The node programs of one computation, and one valid interleaving of their statements."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from dqc_compiler.diagnostics.core import CompilerError
from dqc_compiler.diagnostics.verify import Deadlock
from dqc_compiler.formats.flat_qasm import FlatProgram, FlatStatement
from dqc_compiler.ir.network import Network

Position = tuple[int, int]
"""A node and an index in one of its registers."""

BitKey = tuple[int, str, int]
"""A classical bit: its node (-1 for channels, which nodes share), register and index."""


@dataclass(frozen=True, slots=True)
class ProgramSet:
    """Everything that defines the computation: programs, network and the places of qubits and bits.

    `programs` are in network order. Qubit i of the circuit starts in `data` at `start[i]` and ends
    at `end[i]`; classical bit j is in `out` at `clbits[j]`, None if it is never written.
    """

    network: Network
    programs: tuple[FlatProgram, ...]
    qubits: tuple[str, ...]
    clbit_names: tuple[str, ...]
    start: tuple[Position, ...]
    end: tuple[Position, ...]
    clbits: tuple[Position | None, ...]


class Step(NamedTuple):
    """One statement of one node, or a pair: then `peer` and `peer_statement` are its other half."""

    node: int
    statement: FlatStatement
    peer: int = -1
    peer_statement: FlatStatement | None = None


def bit_key(node: int, register: str, index: int) -> BitKey:
    """The identity of a bit that a program of `node` names."""
    return (node if register == "out" else -1, register, index)


def interleave(
    programs: tuple[FlatProgram, ...],
    *,
    choose: Callable[[int], int] | None = None,
    waits: Callable[[Step], bool] | None = None,
) -> Iterator[Step]:
    """One valid order of all statements: a node waits at unwritten bits and unmatched pairs.

    Args:
        programs: of all nodes, in network order.
        choose: given the number of nodes that can go on, which of them executes one statement.
            Without it each node runs until it waits, in turn.
        waits: whether a statement, not that of a pair, had better come after others. It comes at
            last when no other one can.

    Raises:
        CompilerError: with `Deadlock` if no node can go on before all programs have ended.
    """
    position = [0] * len(programs)
    written: set[BitKey] = set()
    waiting: dict[BitKey, list[int]] = {}
    halves: dict[tuple[float, ...], tuple[int, FlatStatement]] = {}
    ready = deque(range(len(programs)))
    held: list[int] = []
    is_patient = True
    while ready or held:
        if not ready:  # if nothing has happened since the last time, somebody has to go on
            is_patient = not is_patient
            ready.extend(held)
            held.clear()
        if choose is not None:
            ready.rotate(-choose(len(ready)))
        node = ready.popleft()
        statements = programs[node].statements
        while position[node] < len(statements):
            statement = statements[position[node]]
            missing = _first_missing(node, statement, written)
            if missing is not None:
                waiting.setdefault(missing, []).append(node)
                break
            if waits and is_patient and waits(Step(node, statement)):
                held.append(node)
                break
            if statement.name == "dqc_epr":
                first = halves.pop(statement.parameters, None)
                if first is None or first[0] == node:
                    halves[statement.parameters] = (node, statement)
                    break
                peer, peer_statement = first
                position[peer] += 1
                ready.append(peer)
                yield Step(node, statement, peer, peer_statement)
            else:
                yield Step(node, statement)
            position[node] += 1
            is_patient = True
            if statement.writes is not None:
                key = bit_key(node, *statement.writes)
                written.add(key)
                ready.extend(waiting.pop(key, ()))
            if choose is not None:
                ready.append(node)
                break
    stuck = [node for node, done in enumerate(position) if done < len(programs[node].statements)]
    if stuck:
        raise CompilerError(Deadlock(positions="; ".join(_stuck_at(programs, position, stuck))))


def _first_missing(node: int, statement: FlatStatement, written: set[BitKey]) -> BitKey | None:
    for register, index, _ in statement.condition:
        key = bit_key(node, register, index)
        if key not in written:
            return key
    return None


def _stuck_at(
    programs: tuple[FlatProgram, ...], position: list[int], stuck: list[int]
) -> Iterator[str]:
    for node in stuck:
        statement = programs[node].statements[position[node]]
        if statement.name == "dqc_epr":
            link, pair = (int(value) for value in statement.parameters)
            reason = f"pair {pair} of link {link}"
        else:
            reason = " and ".join(f"{name}[{index}]" for name, index, _ in statement.condition)
        yield f"{programs[node].source}:{statement.line} waits for {reason}"
