"""How pairs get from one processor to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from dqc_compiler.ir.arrays import Int64


class Route(NamedTuple):
    """A way of one end-to-end pair: two processors, and the repeaters between them that swap."""

    nodes: tuple[int, ...]
    links: tuple[int, ...]  # one fewer; each costs one pair


@dataclass(frozen=True, slots=True, eq=False)
class Routing:
    """Ways between all processors of a network with k nodes.

    Two processors are neighbours if a route joins them, which passes no other processor. Further
    ones are reached from copy to copy, along neighbours that can hold two more qubits.

    Columns, (k, k) int64, ABSENT for repeaters, for nodes that cannot be reached and, but for
    `distance`, on the diagonal:
        route: of neighbours, the index in `routes` of the way from the first to the second.
        distance: what the links between two processors cost (`Network.link_prices`): 1 each, so
            that it counts pairs, unless another objective has priced them.
        towards: the neighbour of the first that is next on the way to the second.
    """

    routes: tuple[Route, ...]
    route: Int64
    distance: Int64
    towards: Int64

    @property
    def is_flat(self) -> bool:
        """Whether every two processors are one link of price 1 apart."""
        return bool((self.distance <= 1).all())
