"""Which parts of a network are alike: permutations of its nodes that change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

from dqc_compiler.ir import Link, Network, Node

Permutation: TypeAlias = tuple[int, ...]
"""Node -> the node that takes its place."""

_MOST_NODES = 32  # of networks that are searched for more than exchanges of a few nodes


def _like(node: Node) -> str:
    return repr(replace(node, name=""))


def _kind(link: Link) -> str:
    return repr(astuple(replace(link, between=(0, 0))))


@dataclass(frozen=True)
class Symmetries:
    """Symmetries of a network, found by refining colours (Weisfeiler and Leman).

    Nodes that are told apart by nothing are matched greedily and the permutation is checked, so
    that what is found is a symmetry, though in strange networks some may be missed.
    """

    network: Network

    @cached_property
    def _nodes(self) -> list[str]:
        return [_like(node) for node in self.network.nodes]

    @cached_property
    def _links(self) -> list[dict[int, str]]:
        """Neighbour -> properties of the link, of each node."""
        found: list[dict[int, str]] = [{} for _ in self.network.nodes]
        for link in self.network.links:
            (a, b), kind = link.between, _kind(link)
            found[a][b] = found[b][a] = kind
        return found

    def between(self, first: Sequence[int], second: Sequence[int]) -> Permutation | None:
        """A symmetry that takes the nodes `first` to `second`, one by one; None if none is found.

        Args:
            first: different nodes.
            second: as many.
        """
        exchange = list(range(len(self._nodes)))
        for start, end in zip(first, second, strict=True):
            other = exchange.index(end)
            exchange[start], exchange[other] = exchange[other], exchange[start]
        if self._holds(exchange):
            return tuple(exchange)
        return self._matched(list(first), list(second)) if self._is_small else None

    @property
    def _is_small(self) -> bool:
        return len(self._nodes) <= _MOST_NODES

    def mark(self, nodes: Sequence[int]) -> tuple[object, ...]:
        """Equal for nodes between which there is a symmetry, whatever their order."""
        likes = sorted(self._nodes[node] for node in nodes)
        degrees = sorted(len(self._links[node]) for node in nodes)
        colours = sorted(self._colours(nodes, is_ordered=False)) if self._is_small else []
        return (*likes, *degrees, *colours)

    def _holds(self, permutation: Sequence[int]) -> bool:
        moved = [node for node, image in enumerate(permutation) if node != image]
        return all(
            self._nodes[node] == self._nodes[permutation[node]]
            and {permutation[other]: kind for other, kind in self._links[node].items()}
            == self._links[permutation[node]]
            for node in moved
        )

    def _matched(self, first: list[int], second: list[int]) -> Permutation | None:
        while True:
            colours, others = self._colours(first), self._colours(second)
            if sorted(colours) != sorted(others):
                return None
            twice = next((c for c in sorted(set(colours)) if colours.count(c) > 1), None)
            if twice is None:
                found = tuple(others.index(colour) for colour in colours)
                return found if self._holds(found) else None
            first.append(colours.index(twice))
            second.append(others.index(twice))

    def _colours(self, marked: Sequence[int], *, is_ordered: bool = True) -> list[int]:
        """The coarsest colours in which nodes of one colour have neighbours of equal colours."""
        signs: list[tuple[Any, ...]] = [(-1, like) for like in self._nodes]
        for number, node in enumerate(marked):
            signs[node] = (number if is_ordered else 0, self._nodes[node])
        count = 0
        while True:
            names = {sign: name for name, sign in enumerate(sorted(set(signs)))}
            colours = [names[sign] for sign in signs]
            if len(names) == count:
                return colours
            count = len(names)
            signs = [
                (colour, *sorted((colours[other], kind) for other, kind in links.items()))
                for colour, links in zip(colours, self._links, strict=True)
            ]
