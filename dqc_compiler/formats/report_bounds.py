"""The part of the report that says how far a result can be from the least number of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from dqc_compiler.formats.file_model import FileModel
from dqc_compiler.ir.bound import Bound, Scope

if TYPE_CHECKING:
    from dqc_compiler.formats.report import Report

STATEMENTS: dict[Scope, str] = {
    "every protocol": "every protocol of local operations, classical messages and pairs on the"
    " links, with each qubit at its first node at the start and at its last node at the end, and"
    " any memory, takes at least so many pairs to carry out logical.qasm exactly",
    "every placement": "every choice of homes, moves and hosts for logical.qasm in which no node is"
    " home to more qubits than it has data qubits takes at least so many pairs, with any number of"
    " comm qubits",
    "fixed homes": "with these homes and every gate at the home of one of its qubits, copies of"
    " segments take at least so many pairs; gates at other nodes, or moves, may take fewer",
}
"""What each kind of bound says."""


class BoundFigures(FileModel):
    """A proven lower bound on the pairs of a class of programs."""

    holds_for: Scope = Field(description="the class, in short")
    pairs: int = Field(ge=0)
    method: str = Field(description="of the proof")
    statement: str = Field(description="what is proven, in words")


class GapFigures(FileModel):
    """The distance to the larger bound for every protocol or every placement."""

    pairs: int = Field(ge=0, description="pairs above the bound")
    share: float = Field(ge=0, le=1, description="the same as a share of all pairs")
    minimum_for: tuple[Literal["every protocol", "every placement"], ...] = Field(
        description="the classes of programs among which none takes fewer pairs than this one"
    )


def bound_figures(bounds: Sequence[Bound]) -> tuple[BoundFigures, ...]:
    """All bounds with the words for what they say."""
    return tuple(
        BoundFigures(
            holds_for=bound.scope,
            pairs=bound.value,
            method=bound.method,
            statement=STATEMENTS[bound.scope],
        )
        for bound in bounds
    )


def lower_bound(bounds: Sequence[Bound]) -> int | None:
    """The bound for every protocol, None if there is none."""
    return next((bound.value for bound in bounds if bound.scope == "every protocol"), None)


def gap_figures(pairs: int, bounds: Sequence[Bound]) -> GapFigures | None:
    """The distance of `pairs` to the bounds, None if these say nothing."""
    if pairs == 0:
        return GapFigures(pairs=0, share=0.0, minimum_for=("every protocol", "every placement"))
    values: dict[Literal["every protocol", "every placement"], int] = {}
    for bound in bounds:
        if bound.scope != "fixed homes":
            values[bound.scope] = bound.value
    best = max(values.values(), default=0)
    if best == 0:
        return None
    return GapFigures(
        pairs=pairs - best,
        share=round(1 - best / pairs, 6),
        minimum_for=tuple(scope for scope, value in values.items() if value == pairs),
    )


def bounds_agree(report: Report) -> bool:
    """Whether the bounds in a report allow its pairs, and its other figures follow from them.

    The bounds themselves are not proven again.
    """
    bounds = [Bound(found.pairs, found.method, found.holds_for) for found in report.bounds]
    is_allowed = all(bound.allows(report.pairs) for bound in bounds if bound.scope != "fixed homes")
    return (
        is_allowed
        and report.lower_bound_pairs == lower_bound(bounds)
        and report.gap == gap_figures(report.pairs, bounds)
    )
