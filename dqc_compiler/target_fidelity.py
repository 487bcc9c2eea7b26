"""How a fidelity is reached: pairs purified at lower and lower prices, or what is in the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import floor, log
from typing import NamedTuple

import numpy as np

from dqc_compiler.costs.error_frames import (
    estimate_fidelity,
    fresh_fidelities,
    pair_fidelities,
)
from dqc_compiler.costs.fidelity import bbpssw, chain
from dqc_compiler.costs.prices import average_loss
from dqc_compiler.diagnostics import Place
from dqc_compiler.diagnostics.placement import TargetOutOfReach
from dqc_compiler.ir import (
    ABSENT,
    DistributedProgram,
    Fidelity,
    Network,
    RemotePlan,
    Schedule,
)
from dqc_compiler.ir.arrays import frozen
from dqc_compiler.passes.insert_gadgets import InsertGadgets
from dqc_compiler.passes.purify import Purify, crowded_nodes
from dqc_compiler.passes.schedule import ListSchedule

_PRICES = (4.0, 2.0, 1.0, 0.5, 0.25, 0.125, 0.0)  # of a pair, in losses of an average one
_HALVINGS = 6
_SMALLEST = 1e-12


class Attempt(NamedTuple):
    """A plan and its programs with planned times, without their spread, and their fidelity."""

    plan: RemotePlan
    program: DistributedProgram
    schedule: Schedule
    fidelity: Fidelity
    writer: InsertGadgets  # of the programs


def attempts(first: Attempt, target: float) -> list[Attempt]:
    """Programs with more and more purified pairs, until they reach a fidelity.

    Between the last two prices it may be enough to purify some of the pairs. The last attempt is
    the one with the fewest that reaches the target, if any does.
    """
    tried = [first]
    if first.fidelity.total >= target:
        return tried
    network = first.plan.placement.network
    seen = {first.plan.purified.tobytes()}
    for factor in _PRICES:
        plan = Purify(factor * average_loss(network)).run(first.plan)
        if plan.purified.tobytes() in seen:
            continue
        seen.add(plan.purified.tobytes())
        below, found = tried[-1], _attempt(plan, first.writer)
        tried.append(found)
        if found.fidelity.total >= target:
            tried.append(_with_fewer(below.plan, found, target))
            break
    return tried


def unpurified(attempt: Attempt) -> Attempt:
    """The same plan with no pair purified."""
    plan = attempt.plan
    if not plan.purified.any():
        return attempt
    purified = frozen(np.zeros(len(plan)), np.int8)
    return _attempt(replace(plan, purified=purified), attempt.writer)


def _attempt(plan: RemotePlan, writer: InsertGadgets) -> Attempt:
    program = writer.run(plan)
    schedule = ListSchedule(most_runs=1).run(program)
    return Attempt(plan, program, schedule, estimate_fidelity(schedule), writer)


def _with_fewer(below: RemotePlan, above: Attempt, target: float) -> Attempt:
    """The first of the pairs alone that are purified here and not below, by bisection."""
    added = np.flatnonzero(above.plan.purified > below.purified)
    low, high, best = 0, len(added), above
    for _ in range(_HALVINGS):
        if high - low <= 1:
            break
        middle = (low + high) // 2
        purified = above.plan.purified.copy()
        purified[added[middle:]] = 0
        found = _attempt(replace(above.plan, purified=frozen(purified, np.int8)), above.writer)
        if found.fidelity.total >= target:
            best, high = found, middle
        else:
            low = middle
    return best


def out_of_reach(best: Attempt, target: float, *, source: str | None = None) -> TargetOutOfReach:
    """That the target is not reached, and what stands in the way of the best attempt.

    Args:
        best: of all attempts.
        target: more than its fidelity.
        source: file of the circuit.
    """
    limit, remedy = _limit(best)
    shown = round(best.fidelity.total, 4)
    if shown >= target:
        shown = floor(best.fidelity.total * 1e4) / 1e4
    return TargetOutOfReach(
        place=None if source is None else Place(file=source),
        best=f"{shown:g}",
        target=f"{target:g}",
        limit=limit,
        remedy=remedy,
    )


def _limit(best: Attempt) -> tuple[str, str]:
    """What costs most, waiting or fresh pairs, and what would help."""
    fresh = [-log(each) for each in fresh_fidelities(best.schedule)]
    lost = -sum(map(log, pair_fidelities(best.schedule)[1]))
    share = sum(fresh) / lost if lost > 0 else 0.0
    by_distribution = -log(max(_SMALLEST, best.fidelity.distribution))
    by_waiting = -log(max(_SMALLEST, best.fidelity.waiting)) + (1.0 - share) * by_distribution
    if by_waiting >= share * by_distribution:
        return _waiting(best.schedule)
    return _pairs(best, fresh)


def _waiting(schedule: Schedule) -> tuple[str, str]:
    nodes = schedule.program.network.nodes
    used = sorted({node for node, _ in schedule.program.start.tolist()})
    worst = min((nodes[node] for node in used), key=lambda node: node.t2_us)
    makespan = schedule.planned_makespan_ns / 1000.0
    return (
        f"waiting, with a T2 of {worst.t2_us:g} us at node {worst.name} and a makespan of"
        f" {makespan:.4g} us",
        "give nodes a longer t2_us, or links more success or channels, so that less time passes",
    )


def _pairs(best: Attempt, fresh: list[float]) -> tuple[str, str]:
    network = best.program.network
    used = best.program.link[best.schedule.pair_statements[:, 0]].tolist()
    losses = [0.0] * len(network.links)
    for link, loss in zip(used, fresh, strict=True):
        losses[link] += loss
    worst = losses.index(max(losses))
    link = network.links[worst]
    name = _name(network, worst)
    crowded = _crowded(best.plan, worst)
    if crowded and -log(link.fidelity) * crowded.total() > losses[worst] / 2.0:
        node = network.nodes[crowded.most_common(1)[0][0]].name
        return (
            f"the comm qubits of node {node}, which leave no room to purify {crowded.total()} of"
            f" {used.count(worst)} pairs of link {name}, of fidelity {link.fidelity:g}",
            f"give node {node} more comm qubits",
        )
    return (
        f"the pairs of link {name}, of fidelity {link.fidelity:g}, which is used"
        f" {used.count(worst)} times",
        f"give link {name} a better fidelity",
    )


def _name(network: Network, link: int) -> str:
    first, second = network.links[link].between
    return f"{network.nodes[first].name}-{network.nodes[second].name}"


def _crowded(plan: RemotePlan, link: int) -> Counter[int]:
    """Node -> pairs of the link that are worth a round but find no room for it there."""
    links = plan.placement.network.links
    found: Counter[int] = Counter()
    for node, route in zip(crowded_nodes(plan), plan.route.tolist(), strict=True):
        if node == ABSENT or link not in plan.routes[route].links:
            continue
        before = chain([links[each] for each in plan.routes[route].links]).i
        if bbpssw(before)[0] > before:
            found[node] += 1
    return found
