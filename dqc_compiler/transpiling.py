"""The compiler as stages of Qiskit's transpiler; `qiskit_plugin` is how Qiskit finds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from qiskit import QuantumCircuit, QuantumRegister
from qiskit.converters import circuit_to_dag, dag_to_circuit
from qiskit.dagcircuit import DAGCircuit
from qiskit.transpiler import (
    AnalysisPass,
    Layout,
    PassManager,
    PassManagerConfig,
    TransformationPass,
    TranspilerError,
    generate_preset_pass_manager,
)
from qiskit.transpiler.passes import ApplyLayout

from dqc_compiler.diagnostics import CompilerError, Diagnostic
from dqc_compiler.diagnostics.usage import BackendWithoutNetwork, LayoutGiven, StageAlone
from dqc_compiler.formats.circuit_expressions import Expressions
from dqc_compiler.formats.circuit_out import append_program, free_name
from dqc_compiler.formats.network_target import NetworkBackend, NetworkTarget, node_qubits
from dqc_compiler.ir import DistributedProgram, Network
from dqc_compiler.pipeline import Options, Result, compile_circuit

STAGE = "dqc"
"""The name of both stages."""

RESULT = "dqc_result"
"""Where the property set has the `Result` of the last circuit."""

_PLACES = "dqc_places"

_Circuits = TypeVar("_Circuits", QuantumCircuit, list[QuantumCircuit])


class DistributionError(TranspilerError):  # type: ignore[misc]
    """A problem of the compiler as Qiskit reports problems; `diagnostics` has it as data."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("\n\n".join(map(str, diagnostics)))
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        return str(self.message)  # Qiskit would escape its line breaks

    def __reduce__(self) -> tuple[type[DistributionError], tuple[Diagnostic, ...]]:
        return type(self), self.diagnostics


def transpile(
    circuits: _Circuits,
    network: Network,
    *,
    options: Options | None = None,
    optimization_level: int = 2,
    **stages: Any,
) -> _Circuits:
    """Distribute circuits over a network, each as one Qiskit circuit over all physical qubits.

    Args:
        circuits: one Qiskit circuit or a list of them.
        network: where they are to run.
        options: see `Options`.
        optimization_level: of Qiskit's passes after the distribution, 0 to 3.
        **stages: other arguments of `qiskit.transpiler.generate_preset_pass_manager`.

    Returns:
        Circuits that have gates between qubits of one node only, and `dqc_epr` on comm qubits of
        two; the backend `network.to_backend()` says which physical qubits these are.

    Raises:
        TranspilerError: if a circuit cannot be distributed, with the diagnostics of the compiler.
        TypeError: if the network is none, such as a backend.
    """
    if not isinstance(network, Network):
        raise TypeError(f"network has to be a Network, not {type(network).__name__}")
    manager = generate_preset_pass_manager(
        optimization_level,
        NetworkBackend(network, options),
        init_method=STAGE,
        layout_method=STAGE,
        **stages,
    )
    # Qiskit would refuse loops and switches here, which the compiler writes out.
    manager.pre_init = None
    given = list(circuits) if isinstance(circuits, tuple) else circuits
    result: _Circuits = manager.run(given)
    return result


def init_stage(config: PassManagerConfig) -> PassManager:
    """The stage that distributes a circuit, and widens it to all physical qubits.

    Raises:
        DistributionError: if the target is not that of a network (DQC531), or the layout is left
            to another stage (DQC532).
    """
    target = _network_target(config)
    if config.layout_method != STAGE:
        raise DistributionError(StageAlone(stage="init", other="layout"))
    return PassManager([Distribute(target.network, target.options)])


def layout_stage(config: PassManagerConfig) -> PassManager:
    """The stage that puts every qubit where `init_stage` has planned it.

    Raises:
        DistributionError: if the target is not that of a network (DQC531), or another stage or
            layout was asked for (DQC532, DQC533).
    """
    _network_target(config)
    if config.init_method != STAGE:
        raise DistributionError(StageAlone(stage="layout", other="init"))
    if config.initial_layout is not None:
        raise DistributionError(LayoutGiven())
    return PassManager([PinQubits(), ApplyLayout(), TellEnds()])


def _network_target(config: PassManagerConfig) -> NetworkTarget:
    if not isinstance(config.target, NetworkTarget):
        raise DistributionError(BackendWithoutNetwork())
    return config.target


class Places(NamedTuple):
    """Physical qubits where the qubits of the circuit start and end."""

    start: tuple[int, ...]
    end: tuple[int, ...]


class Distribute(TransformationPass):  # type: ignore[misc]
    """Replace a circuit by all programs of a network that compute the same, as one circuit."""

    def __init__(self, network: Network, options: Options | None) -> None:
        super().__init__()
        self.machine = _machine(network)
        self.options = options

    def run(self, dag: DAGCircuit) -> DAGCircuit:
        """Distribute the circuit."""
        circuit = dag_to_circuit(dag)
        try:
            result = compile_circuit(circuit, self.machine, options=self.options)
        except CompilerError as error:
            raise DistributionError(*error.diagnostics) from error
        wide, places = _widened(circuit, result)
        self.property_set[RESULT] = result
        self.property_set[_PLACES] = places
        return circuit_to_dag(wide, copy_operations=False)


def _machine(network: Network) -> Network:
    """The network with as many comm qubits as its target has where they are unlimited."""
    nodes = tuple(
        replace(node, comm_qubits=len(own.comm))
        for node, own in zip(network.nodes, node_qubits(network), strict=True)
    )
    return replace(network, nodes=nodes)


def _widened(circuit: QuantumCircuit, result: Result) -> tuple[QuantumCircuit, Places]:
    """The programs over the qubits of the circuit and ancillas, with its registers and bits."""
    program = result.program
    physical = _physical_qubits(program)
    count = sum(len(own.all) for own in node_qubits(program.network))
    ends = (program.start.tolist(), program.end.tolist())
    start, end = (tuple(physical[node][cell] for node, cell in each) for each in ends)
    wide = circuit.copy_empty_like()
    own = {parameter.name: parameter for parameter in circuit.parameters}
    expressions = Expressions(program.parameters, own)
    wide.global_phase = expressions.of(result.logical.global_phase)
    ancillas = count - circuit.num_qubits
    if ancillas:
        wide.add_register(QuantumRegister(ancillas, free_name(wide, "ancilla")))
    qubit_at = dict(zip(_in_order(start, count), wide.qubits, strict=True))
    qubits = [[qubit_at[index] for index in own] for own in physical]
    append_program(wide, program, qubits, circuit.clbits, expressions)
    return wide, Places(start, end)


def _in_order(start: Sequence[int], count: int) -> Sequence[int]:
    """The physical qubits of the qubits of the circuit, then all others, which are ancillas."""
    return (*start, *sorted(set(range(count)).difference(start)))


def _physical_qubits(program: DistributedProgram) -> list[list[int]]:
    """Of each node the physical qubit of each cell of its program."""
    return [
        [*own.data[:data], *own.comm[:comm]]
        for own, data, comm in zip(
            node_qubits(program.network),
            program.data_qubits.tolist(),
            program.comm_qubits.tolist(),
            strict=True,
        )
    ]


class PinQubits(AnalysisPass):  # type: ignore[misc]
    """The layout that `Distribute` has planned.

    No later pass changes it: Qiskit looks for a better one only if the layout was its own.
    """

    def run(self, dag: DAGCircuit) -> None:
        """Set the property `layout`."""
        order = _in_order(self.property_set[_PLACES].start, dag.num_qubits())
        self.property_set["layout"] = Layout(dict(zip(dag.qubits, order, strict=True)))
        for register in dag.qregs.values():
            self.property_set["layout"].add_register(register)
        indices = self.property_set["original_qubit_indices"] or {}
        found = {qubit: index for index, qubit in enumerate(dag.qubits)}
        self.property_set["original_qubit_indices"] = found | indices


class TellEnds(AnalysisPass):  # type: ignore[misc]
    """Tell where qubits end that have moved, as routing does that has moved them."""

    def run(self, dag: DAGCircuit) -> None:
        """Set the property `final_layout`."""
        places: Places = self.property_set[_PLACES]
        if places.start == places.end:
            return
        after = _completed(places, dag.num_qubits())
        self.property_set["final_layout"] = Layout(
            {dag.qubits[before]: place for before, place in enumerate(after)}
        )


def _completed(places: Places, count: int) -> Sequence[int]:
    """For each physical qubit where its content ends; ancillas stay where that is possible."""
    after = dict(zip(places.start, places.end, strict=True))
    free = set(range(count)).difference(places.end)
    after |= {index: index for index in free.difference(after)}
    left = iter(sorted(free.difference(after.values())))
    return [after[index] if index in after else next(left) for index in range(count)]
