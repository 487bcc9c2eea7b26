"""Turn homes and hosts into a global sequence that fits every node's memory at every moment."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.diagnostics.placement import NotAllToAll
from dqc_compiler.ir import Network, Placement, RemotePlan, Step, StepKind

_NEVER = 1 << 60


def _all_to_all_links(network: Network) -> list[list[int]]:
    """Number of the link between any two processors, [k][k].

    Raises:
        CompilerError: NotAllToAll, if two of them have no link.
    """
    k = len(network.nodes)
    table = [[-1] * k for _ in range(k)]
    for index, link in enumerate(network.links):
        a, b = link.between
        table[a][b] = table[b][a] = index
    qpus = [index for index, node in enumerate(network.nodes) if node.kind == "qpu"]
    for a, b in combinations(qpus, 2):
        if table[a][b] < 0:
            first, second = network.nodes[a].name, network.nodes[b].name
            raise CompilerError(NotAllToAll(first=first, second=second))
    return table


class _Planner:
    """The state of all nodes while the circuit is walked through once."""

    def __init__(self, placement: Placement) -> None:
        self.placement = placement
        graph, network = placement.graph, placement.network
        self.nodes = network.nodes
        self.links = _all_to_all_links(network)
        self.home: list[int] = placement.segment_home.tolist()
        self.host: list[int] = placement.gate_host.tolist()
        self.gate_segments: list[list[int]] = graph.gate_segments.tolist()
        self.segment_wire: list[int] = graph.segment_wire.tolist()
        self.cells: list[float] = [node.cells for node in network.nodes]
        self.data = [node.data_qubits for node in network.nodes]
        self.limited = any(node.comm_qubits is not None for node in network.nodes)
        self.segment: list[int] = graph.wire_segments[:-1].tolist()  # current segment of each wire
        self.root: list[int] = placement.start_home.tolist()
        self.copies: list[set[int]] = [set() for _ in range(graph.wires)]
        self.visitors: list[set[int]] = [set() for _ in self.nodes]  # wires with a copy there
        self.roots: list[int] = [self.root.count(node) for node in range(len(self.nodes))]
        self.load = list(self.roots)  # roots and copies
        self.restless: list[set[int]] = [set() for _ in self.nodes]  # wires that want to leave
        self.uses = self._uses()
        self.last_gate = {s: gate for gate, pair in enumerate(self.gate_segments) for s in pair}
        self.gate = -1  # the gate that is being executed
        self.steps: list[Step] = []

    def _uses(self) -> dict[tuple[int, int], list[int]]:
        """Gates, ascending, that each (segment, node away from home) is planned to serve."""
        uses: dict[tuple[int, int], list[int]] = defaultdict(list)
        for gate, pair in enumerate(self.gate_segments):
            for segment in pair:
                if self.host[gate] != self.home[segment]:
                    uses[segment, self.host[gate]].append(gate)
        return uses

    def run(self) -> RemotePlan:
        graph = self.placement.graph
        gate_of_operation = {op: gate for gate, op in enumerate(graph.gate_operation.tolist())}
        for operation in range(len(graph.circuit)):
            gate = gate_of_operation.get(operation)
            if gate is None:
                self.steps.append(Step(StepKind.OPERATION, operation))
            else:
                self._execute(gate, operation)
        self._bring_home()
        return RemotePlan.from_steps(self.placement, self.steps)

    def _execute(self, gate: int, operation: int) -> None:
        self.gate = gate
        segments = self.gate_segments[gate]
        wires = [self.segment_wire[s] for s in segments]
        for wire, segment in zip(wires, segments, strict=True):
            self._enter(wire, segment)
        host = self._choose_host(gate, wires)
        for wire in wires:
            if not self._is_present(wire, host):
                self._open(wire, host, keep=wires)
        self.steps.append(Step(StepKind.OPERATION, operation, host=host))
        for wire, segment in zip(wires, segments, strict=True):
            self._leave(wire, segment, gate)

    def _is_present(self, wire: int, node: int) -> bool:
        return self.root[wire] == node or node in self.copies[wire]

    def _enter(self, wire: int, segment: int) -> None:
        """Make `segment` the current one, with the root at its home if there is room."""
        if self.segment[wire] == segment:
            return
        self.segment[wire] = segment
        home, root = self.home[segment], self.root[wire]
        if home != root and not self._move_if_possible(wire, home):
            self._stay(segment, root)
        self.restless[root].discard(wire)

    def _stay(self, segment: int, root: int) -> None:
        """Plan for a segment that has to live at `root`: what its home was to host, it visits."""
        planned = self.home[segment]
        self.home[segment] = root
        for gate in range(self.gate, self.last_gate[segment] + 1):
            if segment in self.gate_segments[gate] and self.host[gate] == planned:
                self.uses[segment, planned].append(gate)

    def _leave(self, wire: int, segment: int, gate: int) -> None:
        """Close the copies that serve no later gate; take a home change that is free now."""
        for node in sorted(self.copies[wire]):
            if self._next_use(segment, node) == _NEVER:
                next_home = self._next_home(wire, segment)
                if gate == self.last_gate[segment] and node == next_home:
                    continue
                self._close(wire, node)
        next_home = self._next_home(wire, segment)
        if gate != self.last_gate[segment] or next_home == self.root[wire]:
            return
        self.restless[self.root[wire]].add(wire)
        if next_home in self.copies[wire] and not self._move_if_possible(wire, next_home):
            self._close(wire, next_home)

    def _next_home(self, wire: int, segment: int) -> int:
        is_last = segment + 1 == self.placement.graph.wire_segments[wire + 1]
        return self.root[wire] if is_last else self.home[segment + 1]

    def _next_use(self, segment: int, node: int) -> int:
        """The next gate after the current one that a copy serves, or its use as the next home."""
        gates = self.uses.get((segment, node), ())
        position = bisect_right(gates, self.gate)
        if position < len(gates):
            return gates[position]
        wire = self.segment_wire[segment]
        is_next_home = node != self.root[wire] and self._next_home(wire, segment) == node
        return self.last_gate[segment] + 1 if is_next_home else _NEVER

    def _choose_host(self, gate: int, wires: list[int]) -> int:
        """The planned host, unless memory is short and another node serves better.

        A gate whose operands happen to be together elsewhere costs nothing there; and a node that
        cannot hold the copies which a third party needs hands the gate to an operand's home.
        """
        planned = self.host[gate]
        if not self.limited or all(self._is_present(wire, planned) for wire in wires):
            return planned
        homes = [self.root[wire] for wire in wires]
        for node in [*homes, *sorted(self.copies[wires[0]] & self.copies[wires[1]])]:
            if all(self._is_present(wire, node) for wire in wires):
                return node
        missing = sum(not self._is_present(wire, planned) for wire in wires)
        if self._room(planned, keep=wires) >= missing:
            return planned
        return max(homes, key=lambda node: self._room(node, keep=wires))

    def _room(self, node: int, *, keep: list[int]) -> float:
        """Cells that are free, or would be after closing every copy not of a wire in `keep`."""
        closable = sum(wire not in keep for wire in self.visitors[node])
        return self.cells[node] - self.load[node] + closable

    def _make_room(self, node: int, *, keep: list[int]) -> bool:
        """Close the copies with the furthest next use until one more cell is free."""
        while self.load[node] + 1 > self.cells[node]:
            closable = [wire for wire in self.visitors[node] if wire not in keep]
            if not closable:
                return False
            self._close(
                max(closable, key=lambda w: (self._next_use(self.segment[w], node), w)), node
            )
        return True

    def _open(self, wire: int, target: int, *, keep: list[int]) -> None:
        source = self.root[wire]
        for node in (source, target):
            if not self._make_room(node, keep=keep):
                raise ValueError(f"no free comm qubit at node {self.nodes[node].name}")
        link = self.links[source][target]
        self.steps.append(Step(StepKind.OPEN, wire=wire, source=source, target=target, link=link))
        self.copies[wire].add(target)
        self.visitors[target].add(wire)
        self.load[target] += 1

    def _close(self, wire: int, node: int) -> None:
        self.steps.append(Step(StepKind.CLOSE, wire=wire, source=node))
        self._forget(wire, node)
        self.load[node] -= 1

    def _move_if_possible(self, wire: int, target: int) -> bool:
        """Move a root, after wires that want to leave the target anyway, unless it is too full.

        A node keeps one comm qubit that holds no root, or it could neither send nor receive.
        """
        if self.roots[target] >= self.data[target]:
            self._let_leave(target, keep=wire)
        if self.roots[target] + 1 > self.cells[target] - 1:
            return False
        self._move(wire, target)
        return True

    def _let_leave(self, node: int, *, keep: int) -> None:
        """Move restless wires away from a node while its roots exceed its data qubits."""
        for wire in sorted(self.restless[node] - {keep}):
            target = self._next_home(wire, self.segment[wire])
            if self.roots[node] >= self.data[node] and self.roots[target] + 1 < self.cells[target]:
                self._move(wire, target)

    def _move(self, wire: int, target: int) -> None:
        if target not in self.copies[wire]:
            self._open(wire, target, keep=[wire])
        source = self.root[wire]
        self.steps.append(Step(StepKind.MOVE, wire=wire, source=source, target=target))
        self._forget(wire, target)
        self.root[wire] = target
        self.load[source] -= 1
        self.roots[source] -= 1
        self.roots[target] += 1
        self.restless[source].discard(wire)

    def _bring_home(self) -> None:
        """At the end every root needs a data qubit; a node with too many gives some away."""
        for wire in range(len(self.root)):
            node = self.root[wire]
            if self.roots[node] > self.data[node]:
                free = [p for p in range(len(self.nodes)) if self.roots[p] < self.data[p]]
                self._move(wire, free[0])

    def _forget(self, wire: int, node: int) -> None:
        self.copies[wire].remove(node)
        self.visitors[node].remove(wire)


@dataclass(frozen=True)
class PlanVisits:
    """Placement to remote plan, in plain program order.

    A copy is opened right before the first gate that needs it and closed right after the last.
    When the next gadget does not fit, copies at the node are closed, furthest next use first
    (Belady's rule), and opened again later: each visit costs one pair. What always remains is
    open, gate, close, which fits with one comm qubit per node; that is the termination argument.

    A root moves right before the first gate of the segment that wants it elsewhere, earlier if a
    copy is there anyway or others need its place. If the new home has no room, the root stays where
    it is for that segment and visits instead.
    """

    name: ClassVar[str] = "plan-visits"

    def run(self, placement: Placement) -> RemotePlan:
        """Walk the circuit once.

        Raises:
            CompilerError: NotAllToAll.
        """
        return _Planner(placement).run()
