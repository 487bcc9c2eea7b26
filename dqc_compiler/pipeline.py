"""The compiler as a recipe: which passes run, in which order, on what."""

from __future__ import annotations

import os
import reprlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, overload

from qiskit.passmanager import GenericPass, MultiStagePassManager

from dqc_compiler.batch import compile_each, counted, default_jobs
from dqc_compiler.costs.bounds import find_bounds
from dqc_compiler.costs.error_frames import estimate_fidelity
from dqc_compiler.costs.prices import FIDELITY, priced
from dqc_compiler.costs.routes import open_passages
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.engines import AUTO, choose
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.formats.network_file import check_fit
from dqc_compiler.garbage import collection_paused
from dqc_compiler.interruption import Interruption, Patience
from dqc_compiler.ir import Circuit, Network, Schedule, SegmentGraph
from dqc_compiler.ir.arrays import Int32
from dqc_compiler.ir.rewriting import Rewriting
from dqc_compiler.options import MAX_SEED, Options
from dqc_compiler.passes.fuse import Fuse
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.regroup import Regroup, Regrouping
from dqc_compiler.passes.schedule import ListSchedule
from dqc_compiler.passes.segment import Segment
from dqc_compiler.passes.spread_routes import SpreadRoutes
from dqc_compiler.planning import (
    JoinAndGiveBack,
    MeetCutoffs,
    PurifyIfWorth,
    Valuation,
    writer,
)
from dqc_compiler.portfolio import Place
from dqc_compiler.result import Result
from dqc_compiler.target_fidelity import Attempt, attempts, out_of_reach, unpurified

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["MAX_SEED", "Options", "Result", "Step", "Task", "compile_circuit", "stages"]

_CLEARLY = 0.95  # of the cost of the other circuit; closer ones have changed places


class Step(Protocol):
    """A pass: a name and a `run` from one IR type to the next."""

    @property
    def name(self) -> str:
        """What callbacks and timings call it."""

    def run(self, ir: Any, /) -> Any:
        """Transform the IR."""


class Task(GenericPass):  # type: ignore[misc]
    """One pass as a task of Qiskit's pass manager; what it returns is checked before it goes on.

    Args:
        step: the pass.
        begun: called with its name when it begins.
    """

    def __init__(self, step: Step, begun: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self.step = step
        self.begun = begun

    def name(self) -> str:
        """What callbacks and timings call it."""
        return str(self.step.name)

    def run(self, passmanager_ir: Any) -> Any:
        """Run the pass.

        Raises:
            ValueError: naming the pass, and the rule that its table breaks.
        """
        if self.begun is not None:
            self.begun(self.name())
        result = self.step.run(passmanager_ir)
        try:
            result.verify()
        except ValueError as error:
            raise ValueError(f"after {self.name()}: {error}") from error
        return result


@dataclass(frozen=True)
class _SegmentFused:
    """The segments of what fusing has left."""

    name: ClassVar[str] = Segment.name

    def run(self, rewriting: Rewriting) -> SegmentGraph:
        return Segment().run(rewriting.circuit)


@dataclass(frozen=True)
class _FuseRegrouped:
    """The fused circuit, with what was done to it before."""

    regrouping: Regrouping
    name: ClassVar[str] = Fuse.name

    def run(self, _: Circuit) -> Rewriting:
        rewriting = self.regrouping.rewriting
        return rewriting.then(Fuse().run(rewriting.circuit))


def stages(
    network: Network,
    options: Options,
    *,
    opened: Network | None = None,
    patience: Patience | None = None,
    regrouping: Regrouping | None = None,
    begun: Callable[[str], None] | None = None,
) -> MultiStagePassManager[Circuit, Schedule]:
    """The compiler's stages; assign to an attribute to replace one.

    Args:
        network: where the circuit is to run.
        options: see `Options`.
        opened: the network in which every two processors can reach each other, of
            `costs.routes.open_passages`; by default the network itself.
        patience: tells afterwards why the search has ended; by default that of the options.
        regrouping: of the circuit, to be compiled instead of it.
        begun: called with the name of each pass when it begins.
    """
    homes = None if regrouping is None else regrouping.homes
    opened = opened or network
    valuation = Valuation(network, options.minimize)
    steps: dict[str, Step] = {
        "fuse": Fuse() if regrouping is None else _FuseRegrouped(regrouping),
        "segment": _SegmentFused(),
        "place": _place(network, opened, options, patience, homes),
        "plan": PlanVisits(),
        "spread": SpreadRoutes(),  # before the network is given back, without its prices
        "join": JoinAndGiveBack(network),
        "cut": MeetCutoffs(options.minimize),
        **({"purify": PurifyIfWorth(valuation)} if options.minimize.fidelity else {}),
        "insert": writer(options.minimize),
        "schedule": ListSchedule(),
    }
    return MultiStagePassManager(**{stage: Task(step, begun) for stage, step in steps.items()})


def _place(
    network: Network,
    opened: Network,
    options: Options,
    patience: Patience | None,
    homes: Int32 | None,
) -> Place:
    return Place(
        network=opened,
        valuation=Valuation(network, options.minimize),
        seed=options.seed,
        preset=options.preset,
        patience=patience or Patience(options.time_limit),
        rounds=options.rounds,
        engine=options.engine,
        homes=homes,
    )


@dataclass
class _Compilation:
    """What the passes have made, and how long they took."""

    original: Circuit
    network: Network
    passages: Network
    options: Options
    patience: Patience
    progress: Callable[[str], None] | None
    inspect: Callable[[str, Any], None] | None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def opened(self) -> Network:
        """The network whose ways are judged by the objective."""
        return priced(self.passages, self.options.minimize)

    def run(self) -> Result:
        """Compile the circuit, so that it reaches the target."""
        result = self.search()
        target, interruption = self.options.target_fidelity, self.patience.interruption
        if target is not None:
            result = self.reach(target, result)
        with self.step("bound"):
            bounds = find_bounds(result.placement)
        stopped = "interrupted" if interruption.has_come else self.patience.stopped
        return replace(result, bounds=bounds, stopped=stopped)

    def search(self) -> Result:
        """Compile the circuit, and again with its ladders regrouped; the first one wins ties."""
        circuits = self.worthwhile(self.regrouped())
        seconds = self.patience.seconds
        if seconds is not None:
            self.patience.seconds = seconds / len(circuits)
        result = self.compile(circuits[0])
        again = (self.compile(each) for each in circuits[1:])
        for other in self.patience.interruption.stops(again):
            result = min(result, other, key=self.cost)
        self.patience.seconds = seconds
        with self.step("fidelity"):
            fidelity = estimate_fidelity(result.schedule)
        return replace(result, fidelity=fidelity)

    def worthwhile(self, regrouping: Regrouping | None) -> tuple[Regrouping | None, ...]:
        """The circuit and the regrouped one, or only one of them if that is clearly better.

        `balanced` searches for a second, and not for two where a tenth of one is enough to tell.
        """
        if regrouping is None:
            return (None,)
        if self.options.preset != "balanced":
            return (None, regrouping)
        options = replace(self.options, preset="fast", time_limit=None)
        patience = Patience(None, self.patience.interruption)
        quick = replace(self, options=options, patience=patience)
        tried = (quick.cost(quick.compile(each)) for each in (None, regrouping))
        costs = list(self.patience.interruption.stops(tried))
        if len(costs) < 2:  # interrupted: what can still be had quickly is the circuit itself
            return (None,)
        own, other = costs
        if own < _CLEARLY * other:
            return (None,)
        return (regrouping,) if other < _CLEARLY * own else (None, regrouping)

    def cost(self, result: Result) -> float:
        """What regrouped and other circuits are compared by."""
        objective = self.options.minimize
        if objective.is_pairs:
            return result.program.pairs
        return Valuation(self.network, objective).cost_of(result.schedule)

    def reach(self, target: float, result: Result) -> Result:
        """The cheapest result that reaches a fidelity, of this one and one that minimises the loss.

        Of each the one counts that reaches it first when more and more pairs are purified.

        Raises:
            CompilerError: if none does (DQC252).
        """
        tried: list[tuple[Result, Attempt]] = []
        reached: list[tuple[Result, Attempt]] = []

        def purify(made: Result, *, anew: bool) -> None:
            assert made.fidelity is not None
            first = Attempt(
                made.plan,
                made.program,
                made.schedule,
                made.fidelity,
                writer(made.options.minimize),
            )
            with self.step("purify"):
                made_better = [
                    (made, each) for each in attempts(unpurified(first) if anew else first, target)
                ]
            tried.extend(made_better)
            if made_better[-1][1].fidelity.total >= target:
                reached.append(made_better[-1])

        interruption = self.patience.interruption
        with interruption.noted():
            purify(result, anew=False)
        if not tried[0][1].fidelity.total >= target and self.options.minimize != FIDELITY:
            other = replace(self, options=replace(self.options, minimize=FIDELITY))
            for made in interruption.stops(each.search() for each in (other,)):
                purify(replace(made, options=self.options), anew=True)
        if not reached:
            _, best = max(tried, key=lambda pair: pair[1].fidelity.total)
            raise CompilerError(out_of_reach(best, target, source=self.original.source))
        valuation = Valuation(self.network, self.options.minimize)
        made, best = min(reached, key=lambda pair: valuation.cost_of(pair[1].schedule))
        if best.plan is made.plan:
            return made
        with self.step("schedule"):
            schedule = ListSchedule().run(best.program)
        for name, table in (
            ("purify", best.plan),
            ("insert-gadgets", best.program),
            ("schedule", schedule),
        ):
            self.show(name, table)
        return replace(
            made, plan=best.plan, program=best.program, schedule=schedule, fidelity=best.fidelity
        )

    def regrouped(self) -> Regrouping | None:
        """The circuit with other ladders, unless it has none, or the user has chosen a start."""
        if self.options.engine != AUTO:
            return None
        with self.step(Regroup.name):
            found = Regroup(network=self.opened, seed=self.options.seed).run(self.original)
            if found is not None:
                found.verify()
                self.show(Regroup.name, found.rewriting)
        return found

    def compile(self, regrouping: Regrouping | None) -> Result:
        """Run all passes, but for the bounds."""
        made: dict[str, Any] = {}

        def keep(*, task: Any, passmanager_ir: Any, running_time: float, **_: Any) -> None:
            made[task.name()] = passmanager_ir
            self.note(task.name(), running_time)
            self.show(task.name(), passmanager_ir)

        network, opened = self.network, self.opened
        options, patience = self.options, self.patience
        manager = stages(
            network,
            options,
            opened=opened,
            patience=patience,
            regrouping=regrouping,
            begun=self.progress,
        )
        manager.run(self.original, callback=keep)
        homes = None if regrouping is None else regrouping.homes
        return Result(
            rewriting=made["fuse"],
            network=network,
            placement=made["cut-visits"].placement,
            plan=made.get(PurifyIfWorth.name, made["cut-visits"]),
            program=made["insert-gadgets"],
            schedule=made["schedule"],
            options=options,
            seconds=self.seconds,
            engines=_place(network, opened, options, patience, homes).engines_used(made["segment"]),
        )

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Tell that something begins, and take its time."""
        if self.progress is not None:
            self.progress(name)
        started = perf_counter()
        yield
        self.note(name, perf_counter() - started)

    def note(self, name: str, duration: float) -> None:
        self.seconds[name] = self.seconds.get(name, 0.0) + duration

    def show(self, name: str, table: Any) -> None:
        if self.inspect is not None:
            self.inspect(name, table)


@overload
def compile_circuit(
    circuit: Circuit | QuantumCircuit | str | os.PathLike[str],
    network: Network,
    *,
    options: Options | None = None,
    progress: Callable[[str], None] | None = None,
    inspect: Callable[[str, Any], None] | None = None,
    interruption: Interruption | None = None,
) -> Result: ...


@overload
def compile_circuit(
    circuit: Sequence[Circuit | QuantumCircuit | str | os.PathLike[str]],
    network: Network,
    *,
    options: Options | None = None,
    progress: Callable[[str], None] | None = None,
    jobs: int | None = None,
) -> list[Result]: ...


def compile_circuit(
    circuit: Any,
    network: Network,
    *,
    options: Options | None = None,
    progress: Callable[[str], None] | None = None,
    inspect: Callable[[str, Any], None] | None = None,
    interruption: Interruption | None = None,
    jobs: int | None = None,
) -> Result | list[Result]:
    """Distribute a circuit over a network, or each circuit of a list.

    Args:
        circuit: the IR, a Qiskit circuit, or the path of an OpenQASM 2 or 3 file; or a list or
            tuple of these.
        network: where it is to run; connected.
        options: see `Options`.
        progress: called with the name of each pass that begins, in this process; of a list with
            the name of each circuit that is done, in order.
        inspect: called with the name of each pass and the table that it has made; of one circuit
            only.
        interruption: ends the search early, with the best result so far, while it listens; of one
            circuit only.
        jobs: how many circuits of a list are compiled at the same time, each in a process of its
            own; 1: in this process. By default one per core, but with the preset "best", which
            uses all cores for every circuit, 1.

    Returns:
        The result, or a list of them in the order of the circuits, each equal to that of the
        circuit alone.

    Raises:
        CompilerError: with the diagnostics of the reader, if the circuit does not fit, if no pair
            can pass a full node, if the target fidelity is not reached, or if the chosen engine is
            not installed. Of a list the first error in its order, with a note which circuit it is.
        TypeError: if an argument is nothing of the kind.
        ValueError: if `jobs` is below 1.
    """
    chosen = Options() if options is None else options
    for name, value, kind in (("network", network, Network), ("options", chosen, Options)):
        if not isinstance(value, kind):
            raise TypeError(f"{name} has to be of type {kind.__name__}, not {reprlib.repr(value)}")
    choose(chosen.engine)
    if not isinstance(circuit, list | tuple):
        if jobs is not None:
            raise TypeError("jobs belongs to a list of circuits")
        return _compile_one(
            _read(circuit),
            network,
            chosen,
            progress=progress,
            inspect=inspect,
            interruption=interruption,
        )
    if inspect is not None or interruption is not None:
        raise TypeError("inspect and interruption belong to a single circuit")
    originals = []
    for number, given in enumerate(circuit):
        with counted(number, len(circuit), getattr(given, "name", given)):
            originals.append(_read(given))
    return compile_each(
        _compile_one,
        originals,
        (network, chosen),
        jobs=default_jobs(chosen.preset) if jobs is None else jobs,
        progress=progress,
    )


def _read(circuit: Circuit | QuantumCircuit | str | os.PathLike[str]) -> Circuit:
    return circuit if isinstance(circuit, Circuit) else read_circuit(circuit)


@collection_paused()
def _compile_one(
    original: Circuit,
    network: Network,
    options: Options,
    *,
    progress: Callable[[str], None] | None = None,
    inspect: Callable[[str, Any], None] | None = None,
    interruption: Interruption | None = None,
) -> Result:
    check_fit(len(original.qubits), network, source=original.source)
    passages = open_passages(network, len(original.qubits))
    limit = None if options.preset == "fast" else options.time_limit  # `fast` is always finished
    patience = Patience(limit, interruption or Interruption())
    return _Compilation(original, network, passages, options, patience, progress, inspect).run()
