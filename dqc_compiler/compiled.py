"""What the passes have made of one circuit; `result` is how a user gets it."""

from __future__ import annotations

from dataclasses import dataclass, field

from dqc_compiler.engines import Chosen
from dqc_compiler.interruption import Stopped
from dqc_compiler.ir import (
    Bound,
    Circuit,
    DistributedProgram,
    Fidelity,
    Network,
    Placement,
    RemotePlan,
    Schedule,
)
from dqc_compiler.ir.rewriting import Rewriting
from dqc_compiler.options import Options


@dataclass(frozen=True, kw_only=True, repr=False)
class Compiled:
    """The tables of all passes, and what is known about them."""

    rewriting: Rewriting  # what went in, and what was distributed
    network: Network
    placement: Placement
    plan: RemotePlan
    program: DistributedProgram
    schedule: Schedule
    options: Options
    seconds: dict[str, float] = field(compare=False)  # pass name -> wall time
    bounds: tuple[Bound, ...] = ()  # what is known about fewer pairs
    fidelity: Fidelity | None = None  # None: it is not estimated
    engines: Chosen = field(default_factory=Chosen)  # where the search began
    stopped: Stopped = "done"  # why the search has ended

    @property
    def original(self) -> Circuit:
        """The circuit that went in."""
        return self.rewriting.original

    @property
    def logical(self) -> Circuit:
        """The circuit as it was distributed, after fusing: what logical.qasm holds."""
        return self.rewriting.circuit
