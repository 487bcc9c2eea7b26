"""The compiler as a recipe: which passes run, in which order, on what."""

from __future__ import annotations

import os
import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from numbers import Real
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, get_args

from qiskit.circuit import Parameter
from qiskit.passmanager import GenericPass, MultiStagePassManager

from dqc_compiler.costs.bounds import find_bounds
from dqc_compiler.costs.error_frames import estimate_fidelity
from dqc_compiler.costs.prices import EBITS, FIDELITY, Objective, priced
from dqc_compiler.costs.routes import open_passages
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.engines import AUTO, CHOICES, Chosen, choose
from dqc_compiler.formats.binding import bind_parameters
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.formats.network_file import check_fit
from dqc_compiler.garbage import collection_paused
from dqc_compiler.interruption import Interruption, Patience, Stopped
from dqc_compiler.ir import (
    Bound,
    Circuit,
    DistributedProgram,
    Fidelity,
    Network,
    Placement,
    RemotePlan,
    Schedule,
    SegmentGraph,
)
from dqc_compiler.ir.arrays import Int32
from dqc_compiler.ir.rewriting import Rewriting
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
from dqc_compiler.portfolio import Place, Preset
from dqc_compiler.target_fidelity import Attempt, attempts, out_of_reach, unpurified

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


Verify = Literal["auto", "all", "off"]
_CLEARLY = 0.95  # of the cost of the other circuit; closer ones have changed places
MAX_SEED = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a user may choose. Equal inputs, options and version give equal bytes.

    Attributes:
        seed: of every random choice, 0 to 2147483647.
        preset: how much is searched, "fast", "balanced" or "best".
        time_limit: seconds for the search, finite and above 0, or None; the result then depends
            on the machine. The preset "fast" is always finished.
        rounds: of the preset "best", 0 or more, and of no other; None: until the time limit, or
            one per core.
        engine: where the search begins, one of `engines.CHOICES`.
        minimize: what is to be small; by default the number of pairs.
        target_fidelity: that the estimate of the whole computation has to reach, between 0 and 1,
            or None; pairs are purified for it, and of what reaches it the cheapest is taken.
        verify: which checks are made of a saved bundle, "auto", "all" or "off".

    Raises:
        TypeError: if a value is of another type.
        ValueError: if a value is none of these.
    """

    seed: int = 0
    preset: Preset = "balanced"
    time_limit: float | None = None
    rounds: int | None = None
    engine: str = AUTO
    minimize: Objective = EBITS
    target_fidelity: float | None = None
    verify: Verify = "auto"

    def __post_init__(self) -> None:
        _check_number("seed", self.seed, int, f"a whole number from 0 to {MAX_SEED}")
        if not 0 <= self.seed <= MAX_SEED:
            raise ValueError(f"seed has to be from 0 to {MAX_SEED}, not {self.seed}")
        _check_choice("preset", self.preset, get_args(Preset))
        _check_choice("engine", self.engine, CHOICES)
        _check_choice("verify", self.verify, get_args(Verify))
        if not isinstance(self.minimize, Objective):
            raise TypeError(f"minimize has to be an Objective, not {self.minimize!r}")
        if self.target_fidelity is not None:
            expected = "a number between 0 and 1, or None"
            _check_number("target_fidelity", self.target_fidelity, (int, float), expected)
            if not 0.0 < self.target_fidelity < 1.0:
                raise ValueError(
                    f"target_fidelity has to be {expected}, not {self.target_fidelity}"
                )
        if self.time_limit is not None:
            expected = "a finite number of seconds above 0, or None"
            _check_number("time_limit", self.time_limit, (int, float), expected)
            if not (self.time_limit > 0 and isfinite(self.time_limit)):
                raise ValueError(f"time_limit has to be {expected}, not {self.time_limit}")
        if self.rounds is not None:
            _check_number("rounds", self.rounds, int, "a whole number, or None")
            if self.rounds < 0:
                raise ValueError(f"rounds has to be 0 or more, or None, not {self.rounds}")
            if self.preset != "best":
                raise ValueError(f"rounds belongs to the preset 'best', not {self.preset!r}")


def _check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    if value not in choices:
        kind = ValueError if isinstance(value, str) else TypeError
        known = ", ".join(map(repr, choices))
        raise kind(f"{name} has to be one of {known}, not {value!r}")


def _check_number(name: str, value: object, kinds: type | tuple[type, ...], expected: str) -> None:
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise TypeError(f"{name} has to be {expected}, not {value!r}")


@dataclass(frozen=True, kw_only=True)
class Result:
    """Everything that a compilation produced."""

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
    def circuit(self) -> Circuit:
        """The circuit as it was distributed, after fusing."""
        return self.rewriting.circuit

    def bind(self, values: Mapping[str | Parameter, float]) -> Result:
        """The same with values of parameters; nothing is compiled again.

        Args:
            values: finite numbers, by the names of parameters or by Qiskit's objects. Parameters
                without a value stay parameters.

        Raises:
            TypeError: if a key is no parameter, or a value no number.
            ValueError: if there is no such parameter, it has a value already, or a value or what a
                formula makes of it is not finite.
        """
        given: dict[str, float] = {}
        for key, value in values.items():
            if not isinstance(key, str | Parameter):
                raise TypeError(f"a key has to be a name or a Parameter, not {reprlib.repr(key)}")
            name = key if isinstance(key, str) else key.name
            _check_number(name, value, Real, "a finite number")
            if name in given:
                raise ValueError(f"{name} has two values")
            given[name] = float(value)
        try:
            parameters = bind_parameters(self.original.parameters, given)
        except CompilerError as error:
            first = error.diagnostics[0]
            raise ValueError(f"{first.message_text}; {first.help_text}") from None
        known = {p.identifier: p.value for p in parameters if p.value is not None}
        rewriting = self.rewriting.bound(known)
        graph = replace(self.placement.graph, circuit=rewriting.circuit)
        placement = replace(self.placement, graph=graph)
        program = self.program.bound(known)
        return replace(
            self,
            rewriting=rewriting,
            placement=placement,
            plan=replace(self.plan, placement=placement),
            program=program,
            schedule=replace(self.schedule, program=program),
        )

    def to_qiskit(self) -> QuantumCircuit:
        """All node programs as one Qiskit circuit.

        Quantum registers are `<node>_data` and `<node>_comm`; classical ones are those of the
        circuit, and after them the channels between nodes. A pair is the instruction `dqc_epr` on
        its two comm qubits; `decompose("dqc_epr")` makes it out of gates, for a simulator.
        Parameters without a value are Qiskit's, by the names that the circuit gives them.
        """
        from dqc_compiler.formats.circuit_out import program_circuit  # noqa: PLC0415  rarely needed

        return program_circuit(self.program, global_phase=self.circuit.global_phase)

    @property
    def programs(self) -> dict[str, QuantumCircuit]:
        """The program of each node, by its name, as a Qiskit circuit.

        Registers are those of the OpenQASM 3 text. Half a pair is the opaque instruction `dqc_epr`
        on a comm qubit, with the link and the pair as its parameters.
        """
        from dqc_compiler.formats.circuit_out import node_circuits  # noqa: PLC0415  rarely needed

        return node_circuits(self.program)


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
) -> MultiStagePassManager[Circuit, Schedule]:
    """The compiler's stages; assign to an attribute to replace one.

    Args:
        network: where the circuit is to run.
        options: see `Options`.
        opened: the network in which every two processors can reach each other, of
            `costs.routes.open_passages`; by default the network itself.
        patience: tells afterwards why the search has ended; by default that of the options.
        regrouping: of the circuit, to be compiled instead of it.
    """
    homes = None if regrouping is None else regrouping.homes
    opened = opened or network
    valuation = Valuation(network, options.minimize)
    return MultiStagePassManager(
        fuse=_Task(Fuse() if regrouping is None else _FuseRegrouped(regrouping)),
        segment=_Task(_SegmentFused()),
        place=_Task(_place(network, opened, options, patience, homes)),
        plan=_Task(PlanVisits()),
        spread=_Task(SpreadRoutes()),  # before the network is given back, without its prices
        join=_Task(JoinAndGiveBack(network)),
        cut=_Task(MeetCutoffs(options.minimize)),
        **({"purify": _Task(PurifyIfWorth(valuation))} if options.minimize.fidelity else {}),
        insert=_Task(writer(options.minimize)),
        schedule=_Task(ListSchedule()),
    )


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
        started = perf_counter()
        bounds = find_bounds(result.placement)
        self.note("bound", perf_counter() - started)
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
        started = perf_counter()
        fidelity = estimate_fidelity(result.schedule)
        self.note("fidelity", perf_counter() - started)
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
        own, other = (quick.cost(quick.compile(each)) for each in (None, regrouping))
        if own < _CLEARLY * other:
            return (None,)
        return (regrouping,) if other < _CLEARLY * own else (None, regrouping)

    def cost(self, result: Result) -> float:
        """What regrouped and other circuits are compared by: pairs, unless they buy fidelity."""
        objective = self.options.minimize
        if not objective.fidelity:
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
            started = perf_counter()
            first = Attempt(
                made.plan,
                made.program,
                made.schedule,
                made.fidelity,
                writer(made.options.minimize),
            )
            made_better = [
                (made, each) for each in attempts(unpurified(first) if anew else first, target)
            ]
            tried.extend(made_better)
            if made_better[-1][1].fidelity.total >= target:
                reached.append(made_better[-1])
            self.note("purify", perf_counter() - started)

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
        schedule = ListSchedule().run(best.program)
        return replace(
            made, plan=best.plan, program=best.program, schedule=schedule, fidelity=best.fidelity
        )

    def regrouped(self) -> Regrouping | None:
        """The circuit with other ladders, unless it has none, or the user has chosen a start."""
        if self.options.engine != AUTO:
            return None
        started = perf_counter()
        found = Regroup(network=self.opened, seed=self.options.seed).run(self.original)
        if found is not None:
            found.verify()
            self.note(Regroup.name, perf_counter() - started)
        return found

    def compile(self, regrouping: Regrouping | None) -> Result:
        """Run all passes, but for the bounds."""
        made: dict[str, Any] = {}

        def keep(*, task: Any, passmanager_ir: Any, running_time: float, **_: Any) -> None:
            made[task.name()] = passmanager_ir
            self.note(task.name(), running_time)

        network, opened = self.network, self.opened
        options, patience = self.options, self.patience
        manager = stages(network, options, opened=opened, patience=patience, regrouping=regrouping)
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

    def note(self, name: str, duration: float) -> None:
        self.seconds[name] = self.seconds.get(name, 0.0) + duration
        if self.progress is not None:
            self.progress(name)


@collection_paused()
def compile_circuit(
    circuit: Circuit | QuantumCircuit | str | os.PathLike[str],
    network: Network,
    *,
    options: Options | None = None,
    progress: Callable[[str], None] | None = None,
    interruption: Interruption | None = None,
) -> Result:
    """Distribute a circuit over a network.

    Args:
        circuit: the IR, a Qiskit circuit, or the path of an OpenQASM 2 or 3 file.
        network: where it is to run; connected.
        options: see `Options`.
        progress: called with the name of each pass that has finished.
        interruption: ends the search early, with the best result so far, while it listens.

    Raises:
        CompilerError: with the diagnostics of the reader, if the circuit does not fit, if no pair
            can pass a full node, if the target fidelity is not reached, or if the chosen engine is
            not installed.
        TypeError: if an argument is nothing of the kind.
    """
    chosen = Options() if options is None else options
    for name, value, kind in (("network", network, Network), ("options", chosen, Options)):
        if not isinstance(value, kind):
            raise TypeError(f"{name} has to be of type {kind.__name__}, not {reprlib.repr(value)}")
    choose(chosen.engine)
    original = circuit if isinstance(circuit, Circuit) else read_circuit(circuit)
    check_fit(len(original.qubits), network, source=original.source)
    passages = open_passages(network, len(original.qubits))
    limit = None if chosen.preset == "fast" else chosen.time_limit  # `fast` is always finished
    patience = Patience(limit, interruption or Interruption())
    return _Compilation(original, network, passages, chosen, patience, progress).run()
