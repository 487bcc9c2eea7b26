"""The front of a compilation, a part of the report: what other numbers of comm qubits cost."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from dqc_compiler.formats.file_model import FileModel
from dqc_compiler.interruption import Stopped


class MakespanFigures(FileModel):
    """Total time in ns, over random pair generation."""

    mean: float
    p50: float
    p95: float
    p99: float


class FrontEntry(FileModel):
    """The best programs that were found for one budget of comm qubits."""

    comm_qubits: int | None = Field(
        description="limit of every node that has no smaller one; null: no limit but the network's"
    )
    pairs: int = Field(ge=0, description="link-level dqc_epr pairs")
    peak_comm_qubits: dict[str, int] = Field(description="node -> most comm qubits in use at once")
    max_peak_comm_qubits: int = Field(ge=0, description="of all processors")
    makespan_ns: MakespanFigures
    on_front: bool = Field(
        description="no other entry is as good in pairs, max_peak_comm_qubits and mean makespan, "
        "and better in one of them or, if all are equal, earlier"
    )
    in_bundle: bool = Field(description="the programs of the bundle")
    equivalent: bool | None = Field(description="true: proven; null: not proven")
    stopped: Stopped = Field(description="why the search for this budget has ended")

    @property
    def figures(self) -> tuple[int, int, float]:
        """What is traded against each other, each the better the smaller."""
        return self.pairs, self.max_peak_comm_qubits, self.makespan_ns.mean


def on_front(points: Sequence[tuple[float, ...]]) -> list[bool]:
    """Which points no other is as good as everywhere and better than somewhere; equals: the first.

    Args:
        points: the smaller a coordinate, the better.
    """

    def is_beaten(index: int) -> bool:
        return any(
            all(a <= b for a, b in zip(other, points[index], strict=True))
            and (other != points[index] or number < index)
            for number, other in enumerate(points)
            if number != index
        )

    return [not is_beaten(index) for index in range(len(points))]
