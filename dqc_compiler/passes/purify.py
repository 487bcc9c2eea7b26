"""Decide which pairs of a plan are purified before they are used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from math import log
from typing import ClassVar

import numpy as np

from dqc_compiler.costs.fidelity import bbpssw, chain
from dqc_compiler.ir import ABSENT, RemotePlan, StepKind
from dqc_compiler.ir.arrays import frozen

_HALVES = 2  # at each end, while a round lasts


def gates_by_open(plan: RemotePlan) -> list[int]:
    """For each step that opens a copy, the gates that use a qubit which came over its pair, (n,).

    That is the copy, a copy of it, or the root that it has become. For other steps it is 0.
    """
    gates = [0] * len(plan)
    parent = [ABSENT] * len(plan)  # the open before it on the way
    wires = plan.placement.graph.wires
    root = [ABSENT] * wires  # the open that brought it to its home
    copies: list[dict[int, int]] = [{} for _ in range(wires)]  # node -> the open that made it
    home = plan.placement.start_home.tolist()
    start = plan.placement.graph.circuit.operand_start.tolist()
    operands = plan.placement.graph.operand_wire.tolist()
    for index, step in enumerate(plan.steps()):
        wire = step.wire
        if step.kind is StepKind.OPEN:
            is_root = step.source == home[wire]
            parent[index] = root[wire] if is_root else copies[wire][step.source]
            copies[wire][step.target] = index
        elif step.kind is StepKind.CLOSE:
            del copies[wire][step.source]
        elif step.kind is StepKind.MOVE:
            home[wire], root[wire] = step.target, copies[wire].pop(step.target)
        elif step.host != ABSENT:
            for member in operands[start[step.operation] : start[step.operation + 1]]:
                is_root = step.host == home[member]
                origin = root[member] if is_root else copies[member][step.host]
                if origin != ABSENT:
                    gates[origin] += 1
    for index in range(len(plan) - 1, -1, -1):
        if parent[index] != ABSENT:
            gates[parent[index]] += gates[index]
    return gates


def crowded_nodes(plan: RemotePlan) -> list[int]:
    """For each step that opens a copy, an end that has no two free comm qubits then, (n,).

    ABSENT if both ends have, and for other steps.
    """
    nodes = plan.placement.network.nodes
    load = np.bincount(plan.placement.start_home, minlength=len(nodes)).tolist()
    found = []
    for step in plan.steps():
        crowded = ABSENT
        for node in (step.source, step.target) if step.kind is StepKind.OPEN else ():
            comm = nodes[node].comm_qubits
            is_full = load[node] + _HALVES > nodes[node].cells
            if crowded == ABSENT and (is_full or (comm is not None and comm < _HALVES)):
                crowded = node
        found.append(crowded)
        if step.kind is StepKind.OPEN:
            load[step.target] += 1
        elif step.kind is not StepKind.OPERATION:
            load[step.source] -= 1
    return found


@dataclass(frozen=True)
class Purify:
    """Purify a pair if that is worth the pairs that it takes, and if there is room.

    It is if (gates that the pair serves) x (gain in -log F) > `pair_price` x (extra pairs). A round
    is run again until it succeeds, so the extra pairs are a mean: 2/p - 1 for each link of the
    route. A round needs a second comm qubit at both ends, but only while the copy is opened, so no
    decision takes room from another one.

    `pair_price` is in units of -log F.
    """

    name: ClassVar[str] = "purify"
    pair_price: float

    def run(self, plan: RemotePlan) -> RemotePlan:
        """Choose the rounds of every open; linear in the number of steps."""
        links = plan.placement.network.links

        @cache
        def worth(route: int) -> tuple[float, float]:
            """Gain of a round and its extra pairs."""
            used = plan.routes[route].links
            before = chain([links[link] for link in used]).i
            after, success = bbpssw(before)
            return log(after / before), len(used) * (2.0 / success - 1.0)

        rounds = [0] * len(plan)
        routes = plan.route.tolist()
        for index, (gates, crowded) in enumerate(
            zip(gates_by_open(plan), crowded_nodes(plan), strict=True)
        ):
            if plan.kind[index] == StepKind.OPEN and crowded == ABSENT:
                gain, extra = worth(routes[index])
                rounds[index] = int(gates * gain > self.pair_price * extra)
        return replace(plan, purified=frozen(rounds, np.int8))
