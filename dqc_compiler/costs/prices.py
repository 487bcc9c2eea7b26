"""What is to be minimised, and what a pair of each link costs for that."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Self

from dqc_compiler.ir import Link, Network

_UNIT = 64  # of prices that are not plain numbers of pairs: an average pair


@dataclass(frozen=True)
class Objective:
    """Weights of what is minimised: a sum of terms, each counted in average pairs.

    `ebits`: link-level pairs. `makespan`: the planned total time over the mean generation time of
    an average pair. `fidelity`: minus the logarithm of the estimated fidelity over that of an
    average pair.
    """

    ebits: float = 0.0
    makespan: float = 0.0
    fidelity: float = 0.0

    def __post_init__(self) -> None:
        weights = [getattr(self, each.name) for each in fields(self)]
        if not all(math.isfinite(weight) and weight >= 0 for weight in weights):
            raise ValueError("weights have to be finite and not negative")
        if not any(weights):
            raise ValueError("one weight at least has to be above 0")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `ebits`, `makespan`, `fidelity`, or a mix such as `ebits=1,makespan=0.5`.

        Raises:
            ValueError: saying what is wrong.
        """
        names = [each.name for each in fields(cls)]
        weights: dict[str, float] = {}
        for part in text.split(","):
            name, equals, value = (word.strip() for word in part.partition("="))
            if name not in names:
                raise ValueError(f"{name!r} is none of {', '.join(names)}")
            if name in weights:
                raise ValueError(f"{name} has two weights")
            try:
                weights[name] = float(value) if equals else 1.0
            except ValueError:
                raise ValueError(f"the weight of {name}, {value!r}, is not a number") from None
        return cls(**weights)

    @property
    def is_pairs(self) -> bool:
        """Whether only the number of pairs counts."""
        return not self.makespan and not self.fidelity

    def __str__(self) -> str:
        weights = {each.name: getattr(self, each.name) for each in fields(self)}
        given = {name: weight for name, weight in weights.items() if weight}
        if list(given.values()) == [1.0]:
            return next(iter(given))
        return ",".join(f"{name}={weight:g}" for name, weight in given.items())

    def pair_price(self, network: Network) -> float:
        """What a further pair costs in units of -log F; infinite if the fidelity does not count.

        A pair counts once, and takes an average time at most; -log F counts `fidelity` over that of
        an average pair.
        """
        if not self.fidelity:
            return math.inf
        return (self.ebits + self.makespan) * average_loss(network) / self.fidelity

    def link_prices(self, network: Network) -> tuple[int, ...]:
        """What a pair of each link costs: 1 if only pairs count, else 64ths of an average one."""
        if self.is_pairs:
            return (1,) * len(network.links)
        total = self.ebits + self.makespan + self.fidelity
        times = _relative([link.mean_generation_ns for link in network.links])
        losses = _relative([loss(link) for link in network.links])
        return tuple(
            max(1, round(_UNIT * (self.ebits + self.makespan * t + self.fidelity * f) / total))
            for t, f in zip(times, losses, strict=True)
        )


EBITS = Objective(ebits=1.0)
FIDELITY = Objective(fidelity=1.0)


def loss(link: Link) -> float:
    """-log F of a fresh pair."""
    return -math.log(link.fidelity)


def average_time_ns(network: Network) -> float:
    """Mean generation time of a pair, over the links; 1 where there are none, so it may divide."""
    times = [link.mean_generation_ns for link in network.links]
    return sum(times) / len(times) if times else 1.0


def average_loss(network: Network) -> float:
    """-log F of a fresh pair, over the links; 1 where all are perfect, so that it may divide."""
    losses = [loss(link) for link in network.links]
    return sum(losses) / len(losses) if any(losses) else 1.0


def _relative(values: list[float]) -> list[float]:
    """Values over their mean; where that is 0, all are average."""
    mean = sum(values) / len(values) if values else 0.0
    return [value / mean for value in values] if mean > 0 else [1.0] * len(values)


def priced(network: Network, objective: Objective) -> Network:
    """The network whose ways and trees are judged by an objective."""
    if objective.is_pairs:
        return network
    return replace(network, link_prices=objective.link_prices(network), price_unit=_UNIT)
