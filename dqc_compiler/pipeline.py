"""The compiler as a recipe: which passes run, in which order, on what."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from qiskit.passmanager import GenericPass, MultiStagePassManager

from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.formats.network_file import check_fit
from dqc_compiler.ir import (
    Circuit,
    DistributedProgram,
    Network,
    Placement,
    RemotePlan,
    Schedule,
    SegmentGraph,
)
from dqc_compiler.passes.burst import Burst
from dqc_compiler.passes.cover import Cover
from dqc_compiler.passes.insert_gadgets import InsertGadgets
from dqc_compiler.passes.partition_contiguous import PartitionContiguous
from dqc_compiler.passes.partition_metis import PartitionMetis
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.refine import Refine
from dqc_compiler.passes.schedule import ListSchedule
from dqc_compiler.passes.segment import Segment

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_METIS_SEEDS = 2  # a third gained less than one per cent on the benchmark circuits
_BURST_WINDOWS = (8, 64)  # gates; no single window is best, and more than two gain little


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a user may choose. Equal inputs, options and version give equal bytes."""

    seed: int = 0
    verify: Literal["auto", "all", "off"] = "auto"


@dataclass(frozen=True, kw_only=True)
class Result:
    """Everything that a compilation produced."""

    circuit: Circuit  # as it was distributed
    network: Network
    placement: Placement
    plan: RemotePlan
    program: DistributedProgram
    schedule: Schedule
    options: Options
    seconds: dict[str, float] = field(compare=False)  # pass name -> wall time
    lower_bound_pairs: float | None = None  # no certificate is computed yet


class Step(Protocol):
    """A pass: a name and a `run` from one IR type to the next."""

    @property
    def name(self) -> str:
        """What callbacks and timings call it."""

    def run(self, ir: Any, /) -> Any:
        """Transform the IR."""


class _Task(GenericPass):  # type: ignore[misc]
    """One pass as a task of Qiskit's pass manager; what it returns is checked before it goes on."""

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step = step

    def name(self) -> str:
        return str(self.step.name)

    def run(self, passmanager_ir: Any) -> Any:
        result = self.step.run(passmanager_ir)
        result.verify()
        return result


@dataclass(frozen=True)
class Place:
    """Segment graph to placement: the cheapest of a few starts, priced as it will be emitted.

    Every start is partitioned and refined. Hosts that are best without a memory limit keep many
    copies open for long; where comm qubits are few, hosts that make short visits compete with them,
    and the plan, which knows every visit, decides.
    """

    name: ClassVar[str] = "place"
    network: Network
    seed: int = 0

    def run(self, graph: SegmentGraph) -> Placement:
        """Try all candidates; ties go to the earlier one."""
        return min(self.candidates(graph), key=lambda candidate: PlanVisits().run(candidate).pairs)

    def candidates(self, graph: SegmentGraph) -> list[Placement]:
        """All placements that compete."""
        return [
            candidate
            for number, start in enumerate(self._starts(graph))
            for candidate in self._candidates(start, self.seed * (_METIS_SEEDS + 1) + number)
        ]

    def _starts(self, graph: SegmentGraph) -> list[Placement]:
        seeds = [self.seed * _METIS_SEEDS + i for i in range(_METIS_SEEDS)]
        metis = [PartitionMetis(network=self.network, seed=seed).run(graph) for seed in seeds]
        return [PartitionContiguous(network=self.network).run(graph), *metis]

    def _candidates(self, start: Placement, seed: int) -> list[Placement]:
        refined = Refine(seed=seed).run(Cover().run(start))
        candidates = [refined, Cover().run(refined)]
        if any(node.comm_qubits is not None for node in self.network.nodes):
            homes = (start, refined)
            candidates += [Burst(window=w).run(p) for w in _BURST_WINDOWS for p in homes]
        return candidates


def stages(network: Network, options: Options) -> MultiStagePassManager[Circuit, Schedule]:
    """The compiler's stages; assign to an attribute to replace one."""
    return MultiStagePassManager(
        segment=_Task(Segment()),
        place=_Task(Place(network=network, seed=options.seed)),
        plan=_Task(PlanVisits()),
        insert=_Task(InsertGadgets()),
        schedule=_Task(ListSchedule()),
    )


def compile_circuit(
    circuit: Circuit | QuantumCircuit | str | os.PathLike[str],
    network: Network,
    *,
    options: Options | None = None,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """Distribute a circuit over a network.

    Args:
        circuit: the IR, a Qiskit circuit, or the path of an OpenQASM 2 or 3 file.
        network: where it is to run; all-to-all.
        options: see `Options`.
        progress: called with the name of each pass that has finished.

    Raises:
        CompilerError: with the diagnostics of the reader, or if the circuit does not fit.
    """
    chosen = options or Options()
    logical = circuit if isinstance(circuit, Circuit) else read_circuit(circuit)
    check_fit(len(logical.qubits), network)
    made: dict[str, Any] = {}
    seconds: dict[str, float] = {}

    def keep(*, task: Any, passmanager_ir: Any, running_time: float, **_: Any) -> None:
        made[task.name()] = passmanager_ir
        seconds[task.name()] = running_time
        if progress is not None:
            progress(task.name())

    stages(network, chosen).run(logical, callback=keep)
    return Result(
        circuit=logical,
        network=network,
        placement=made["place"],
        plan=made["plan-visits"],
        program=made["insert-gadgets"],
        schedule=made["schedule"],
        options=chosen,
        seconds=seconds,
    )
