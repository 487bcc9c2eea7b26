"""The remote plan: the global sequence of operations, visits and moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from dqc_compiler.ir.arrays import Int8, Int32, frozen
from dqc_compiler.ir.circuit import ABSENT
from dqc_compiler.ir.network import Network
from dqc_compiler.ir.placement import Placement
from dqc_compiler.ir.routes import Route

_HALVES_TO_SWAP = 2
_HALVES_TO_PURIFY = 2
_MOST_ROUNDS = 1


class StepKind(IntEnum):
    """What one step of the global sequence does."""

    OPERATION = 0  # a row of the circuit is executed
    OPEN = 1  # a copy of `wire` is opened at `target` from its member at `source`, over `route`
    CLOSE = 2  # the copy of `wire` at `source` is closed
    MOVE = 3  # the root of `wire` at `source` is closed: its copy at `target` becomes the root


class Step(NamedTuple):
    """One row of a plan; fields that its kind does not use are ABSENT."""

    kind: StepKind
    operation: int = ABSENT
    wire: int = ABSENT
    source: int = ABSENT
    target: int = ABSENT
    route: int = ABSENT  # index into `RemotePlan.routes`
    host: int = ABSENT  # OPERATION of a two-qubit gate: the node where it is executed
    purified: int = 0  # OPEN: rounds of purification of its pair, 0 or 1


@dataclass(frozen=True, slots=True, eq=False)
class RemotePlan:
    """Steps in global order, as read-only columns named like the fields of `Step`, each (n,)."""

    placement: Placement
    routes: tuple[Route, ...]
    kind: Int8
    operation: Int32
    wire: Int32
    source: Int32
    target: Int32
    route: Int32
    host: Int32
    purified: Int8

    @classmethod
    def from_steps(
        cls, placement: Placement, routes: tuple[Route, ...], steps: list[Step]
    ) -> RemotePlan:
        """Build the columns from rows."""
        table = np.array(steps, np.int32).reshape(-1, len(Step._fields))
        return cls.from_table(placement, routes, table[:, :-1], purified=table[:, -1])

    @classmethod
    def from_table(
        cls,
        placement: Placement,
        routes: tuple[Route, ...],
        table: Int32,
        *,
        purified: Int32 | None = None,
    ) -> RemotePlan:
        """Build the columns from an array (n, 7) whose columns are the fields of `Step`.

        The last field, `purified` (n,), is 0 everywhere if it is not given.
        """
        columns = [frozen(column, np.int32) for column in table.T[1:]]
        columns.append(frozen(np.zeros(len(table)) if purified is None else purified, np.int8))
        return cls(placement, routes, frozen(table[:, 0], np.int8), *columns)

    def __len__(self) -> int:
        return len(self.kind)

    def steps(self) -> Iterator[Step]:
        """The rows in global order."""
        kinds = [StepKind(kind) for kind in self.kind.tolist()]
        columns = [getattr(self, name).tolist() for name in Step._fields[1:]]
        return (Step(*row) for row in zip(kinds, *columns, strict=True))

    @property
    def ebits(self) -> int:
        """End-to-end pairs that gadgets consume: one per opened copy, purified or not."""
        return int((self.kind == StepKind.OPEN).sum())

    @property
    def pairs(self) -> int:
        """The price: one pair per link of the route of every opened copy, two if it is purified."""
        length = np.array([len(route.links) for route in self.routes], dtype=np.int64)
        is_open = self.kind == StepKind.OPEN
        return int((length[self.route[is_open]] << self.purified[is_open]).sum())

    def verify(self) -> None:
        """Replay the steps: presence of every operand, and room at every node at every moment.

        Raises:
            ValueError: naming the step and the rule that it breaks.
        """
        _Replay(self).run()


class _Replay:
    def __init__(self, plan: RemotePlan) -> None:
        self.plan = plan
        graph, network = plan.placement.graph, plan.placement.network
        self.graph = graph
        self.cells = [node.cells for node in network.nodes]
        self.comm = [node.comm_qubits for node in network.nodes]
        self.root = plan.placement.start_home.tolist()
        self.copies: list[set[int]] = [set() for _ in range(graph.wires)]
        self.load = np.bincount(self.root, minlength=len(self.cells)).tolist()
        self.routes = plan.routes
        self._verify_routes(network)
        self.operand_start = graph.circuit.operand_start.tolist()
        self.operand_wire = graph.operand_wire.tolist()
        self.operand_level = graph.operand_level.tolist()
        self.executed = bytearray(len(graph.circuit))
        # By wire, the levels that are not done, in order, and how many operations they lack.
        self.to_come: list[dict[int, int]] = [{} for _ in range(graph.wires)]
        for wire, level in zip(self.operand_wire, self.operand_level, strict=True):
            self.to_come[wire][level] = self.to_come[wire].get(level, 0) + 1

    def _verify_routes(self, network: Network) -> None:
        for nodes, links in self.routes:
            ends = [set(network.links[link].between) for link in links]
            if ends != [set(hop) for hop in pairwise(nodes)]:
                raise ValueError("a route does not follow its links")
            for node in nodes[1:-1]:
                repeater = network.nodes[node]
                if repeater.kind != "repeater" or repeater.cells < _HALVES_TO_SWAP:
                    raise ValueError(f"a route swaps at node {repeater.name}, which cannot")

    def run(self) -> None:
        latest = -1  # operation that writes or reads a classical bit
        circuit = self.graph.circuit
        is_classical = (circuit.clbit != ABSENT) | (np.diff(circuit.condition_start) > 0)
        for index, step in enumerate(self.plan.steps()):
            problem = self._apply(step) or self._rounds(step)
            if step.kind is StepKind.OPERATION and is_classical[step.operation]:
                if step.operation < latest:
                    problem = "operations on classical bits are not in program order"
                latest = step.operation
            if problem:
                raise ValueError(f"step {index} ({step.kind.name.lower()}): {problem}")
        if not all(self.executed):
            raise ValueError("the plan does not execute every operation")
        if any(self.copies):
            raise ValueError("a copy is still open at the end")

    def _apply(self, step: Step) -> str | None:
        if step.kind is StepKind.OPEN:
            return self._open(step)
        if step.kind is StepKind.CLOSE:
            return self._close(step)
        if step.kind is StepKind.MOVE:
            return self._move(step)
        return self._operation(step)

    def _open(self, step: Step) -> str | None:
        present = self.copies[step.wire] | {self.root[step.wire]}
        if step.source not in present or step.target in present:
            return "needs a member at the source and none at the target"
        nodes = self.routes[step.route].nodes
        if (nodes[0], nodes[-1]) != (step.source, step.target):
            return "the route does not lead from source to target"
        halves = _HALVES_TO_PURIFY if step.purified else 1
        for node in (step.source, step.target):
            comm = self.comm[node]
            if self.load[node] + halves > self.cells[node] or (comm is not None and comm < halves):
                return f"no free comm qubit at node {node}"
        self.copies[step.wire].add(step.target)
        self.load[step.target] += 1
        return None

    def _rounds(self, step: Step) -> str | None:
        most = _MOST_ROUNDS if step.kind is StepKind.OPEN else 0
        return None if 0 <= step.purified <= most else "has a wrong number of rounds"

    def _close(self, step: Step) -> str | None:
        if step.source not in self.copies[step.wire]:
            return "there is no such copy"
        self.copies[step.wire].remove(step.source)
        self.load[step.source] -= 1
        return None

    def _move(self, step: Step) -> str | None:
        if self.root[step.wire] != step.source or step.target not in self.copies[step.wire]:
            return "needs the root at the source and a copy at the target"
        self.copies[step.wire].remove(step.target)
        self.root[step.wire] = step.target
        self.load[step.source] -= 1
        return None

    def _operation(self, step: Step) -> str | None:
        if self.executed[step.operation]:
            return "is executed a second time"
        self.executed[step.operation] = True
        first, last = self.operand_start[step.operation : step.operation + 2]
        wires = self.operand_wire[first:last]
        for wire, level in zip(wires, self.operand_level[first:last], strict=True):
            levels = self.to_come[wire]
            if next(iter(levels)) != level:
                return f"wire {wire} has operations of an earlier level to come"
            levels[level] -= 1
            if levels[level] == 0:
                del levels[level]
        if step.host == ABSENT:
            return None
        for wire in wires:
            if step.host != self.root[wire] and step.host not in self.copies[wire]:
                return f"wire {wire} is not present at the host"
        return None
