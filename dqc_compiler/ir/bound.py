"""A proven lower bound on pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["every protocol", "every placement", "fixed homes"]


@dataclass(frozen=True, slots=True)
class Bound:
    """No fewer than `value` pairs are possible, by an argument called `method`.

    `scope` says for what: "every protocol" with the placement's first and last homes, "every
    placement" of this circuit's segments on this network, or those with "fixed homes".
    """

    value: int
    method: str
    scope: Scope

    def allows(self, pairs: int) -> bool:
        """Whether a program that claims to need `pairs` pairs is not refuted."""
        return pairs >= self.value
