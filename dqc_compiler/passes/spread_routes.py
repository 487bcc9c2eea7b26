"""Send pairs over links that are less busy, where there is a choice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from dqc_compiler.costs.routes import ways_between
from dqc_compiler.ir import Network, RemotePlan, Route, StepKind
from dqc_compiler.ir.arrays import frozen

_MOST_WAYS = 16  # between two processors, in order of their length


class _Traffic:
    """How long each link, and each repeater's memory, is taken by the pairs so far, in ns."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.links = [0.0] * len(network.links)
        self.repeaters = [0.0] * len(network.nodes)
        self.share = [link.mean_generation_ns / link.channels for link in network.links]

    def _held(self, route: Route) -> list[tuple[int, float]]:
        """Repeaters of a route, and for how much of their memory's time it takes them."""
        slowest = max(self.network.links[link].mean_generation_ns for link in route.links)
        held = []
        for node in route.nodes[1:-1]:
            comm = self.network.nodes[node].comm_qubits
            held.append((node, 0.0 if comm is None else slowest * 2 / comm))
        return held

    def busiest(self, route: Route) -> tuple[float, float]:
        """The most time on one link or repeater with one more pair, and that on all together."""
        times = [self.links[link] + self.share[link] for link in route.links]
        times += [self.repeaters[node] + time for node, time in self._held(route)]
        return max(times), sum(times)

    def take(self, route: Route) -> None:
        """Send a pair."""
        for link in route.links:
            self.links[link] += self.share[link]
        for node, time in self._held(route):
            self.repeaters[node] += time


@dataclass(frozen=True)
class SpreadRoutes:
    """Remote plan to remote plan: the same copies, over other chains of repeaters.

    Pairs are sent in the order of the plan, each over the way on which the busiest link or repeater
    is least busy with it; ties go to the one that is less busy on the whole, and then to the one
    that routing prefers. Ways are those with the fewest links that cost no more than the given one
    (`Network.link_prices`), so the price of the plan stays what it is; with a `detour`, also those
    with up to so many more links, whatever they cost.
    """

    name: ClassVar[str] = "spread-routes"
    detour: int = 0

    def run(self, plan: RemotePlan) -> RemotePlan:
        """Choose a route for every opened copy; the plan itself if there is no choice."""
        network = plan.placement.network
        if all(len(route.links) == 1 for route in plan.routes) and not self.detour:
            return plan
        traffic, routes = _Traffic(network), list(plan.routes)
        number = {route: index for index, route in enumerate(routes)}
        choices: dict[int, list[int]] = {}
        chosen = plan.route.copy()
        for index in np.flatnonzero(plan.kind == StepKind.OPEN).tolist():
            given = int(plan.route[index])
            if given not in choices:
                found = [routes[given], *self._others(network, routes[given])]
                for route in found:
                    if route not in number:
                        number[route] = len(routes)
                        routes.append(route)
                choices[given] = [number[route] for route in found]
            options = choices[given]
            best = min(options, key=lambda each: traffic.busiest(routes[each]))
            traffic.take(routes[best])
            chosen[index] = best
        return replace(plan, routes=tuple(routes), route=frozen(chosen, np.int32))

    def _others(self, network: Network, route: Route) -> list[Route]:
        ends = route.nodes[0], route.nodes[-1]
        ways = ways_between(network, *ends, most=_MOST_WAYS, detour=self.detour)
        prices = network.link_prices or (1,) * len(network.links)

        def price(way: Route) -> int:
            return sum(prices[link] for link in way.links)

        most = price(route)
        return [way for way in ways if way != route and (self.detour or price(way) <= most)]
