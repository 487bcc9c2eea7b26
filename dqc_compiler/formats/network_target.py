"""A network as a Qiskit backend, and back: `Network.to_backend` and `Network.from_target`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import combinations, permutations, product
from typing import Any, NamedTuple, NoReturn

import networkx
from qiskit.circuit import Delay, IfElseOp, Instruction, Measure, Parameter, Reset
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.providers import BackendV2, Options
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from dqc_compiler import ir
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.diagnostics import network as problem
from dqc_compiler.formats.network_file import Network, network_json
from dqc_compiler.ir.circuit import ONE_QUBIT_GATES, TWO_QUBIT_GATES

LINK = "dqc_epr"
"""The instruction that makes a pair: on a comm qubit of each of two nodes with a link."""

MAX_ENTRIES = 2_000_000
"""Of all instructions of a target together; so many take Qiskit a gigabyte."""

_NS = 1e9  # in a second
_US = 1e6
_SIMILAR = 1e-9  # relative; times in seconds are rounded
_NAME = "the network in the target"

_GATE_TIMES = {1: "gate_1q_ns", 2: "gate_2q_ns"}
_OTHER_TIMES = {
    "measure": "measure_ns",
    **dict.fromkeys(("swap", "reset", "delay", "id", LINK)),  # times of several gates, or none
}
"""Of which key of a node an instruction on so many qubits is an example; of others by name."""

Properties = dict[tuple[int, ...], InstructionProperties]


class NodeQubits(NamedTuple):
    """Physical qubits of one node."""

    data: range
    comm: range

    @property
    def all(self) -> range:
        """Data qubits, then comm qubits."""
        return range(self.data.start, self.comm.stop)


class NetworkTarget(Target):  # type: ignore[misc]
    """A target that knows its network, and the options of compilations for it.

    Qiskit hands stages of its transpiler a target, and nothing else of a backend.
    """

    network: ir.Network
    options: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "network": self.network, "options": self.options}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.network, self.options = state["network"], state["options"]


class NetworkBackend(BackendV2):  # type: ignore[misc]
    """A network as Qiskit sees one: a target, but nothing that could run.

    `network` is what it was made from, `node_qubits` the physical qubits of each node in order, and
    its target has the options of compilations for it.
    """

    def __init__(self, network: ir.Network, options: Any = None) -> None:
        super().__init__(name="dqc_network", description=f"{len(network.nodes)} nodes")
        self.network = network
        self.node_qubits = node_qubits(network)
        self._target = make_target(network, options)

    @property
    def target(self) -> NetworkTarget:
        """What each physical qubit can do, and how long it takes."""
        return self._target

    @property
    def max_circuits(self) -> None:
        """Of one job; there are none."""
        return

    @classmethod
    def _default_options(cls) -> Options:
        return Options()

    def run(self, _run_input: object, **_options: Any) -> NoReturn:
        """A network is a description: it runs nothing.

        Raises:
            CompilerError: always (DQC224).
        """
        raise CompilerError(problem.NetworkDoesNotRun())


def node_qubits(network: ir.Network) -> tuple[NodeQubits, ...]:
    """The physical qubits of each node: data then comm, in order of the nodes.

    Of a node with unlimited comm qubits there are as many as it has links, and at least one.
    """
    degrees = Counter(end for link in network.links for end in link.between)
    found = []
    first = 0
    for index, node in enumerate(network.nodes):
        comm = max(1, degrees[index]) if node.comm_qubits is None else node.comm_qubits
        middle = first + node.data_qubits
        found.append(NodeQubits(range(first, middle), range(middle, middle + comm)))
        first = middle + comm
    return tuple(found)


def make_target(network: ir.Network, options: Any = None) -> NetworkTarget:
    """The target of a network; its description is the network as a JSON network file.

    The options, `pipeline.Options` or None, are only kept with it.

    Raises:
        CompilerError: if it would be too large, or have no qubits (DQC221).
    """
    members = node_qubits(network)
    standard = get_standard_gate_name_mapping()
    singles = {name: standard[name] for name in ONE_QUBIT_GATES}
    singles |= {"measure": Measure(), "reset": Reset()}
    doubles = {name: standard[name] for name in TWO_QUBIT_GATES if name in standard}
    _check_size(network, members, singles=len(singles), doubles=len(doubles))
    qubits = members[-1].all.stop
    target = NetworkTarget(
        description=network_json(network),
        num_qubits=qubits,
        qubit_properties=[
            QubitProperties(t2=node.t2_us / _US)
            for node, own in zip(network.nodes, members, strict=True)
            for _ in own.all
        ],
    )
    target.network, target.options = network, options
    for count, instructions in ((1, singles), (2, doubles)):
        operands = [list(permutations(own.all, count)) for own in members]
        if not any(operands):
            continue
        for name, instruction in instructions.items():
            target.add_instruction(instruction, _inside(name, network, operands))
    target.add_instruction(Delay(Parameter("t")), {(qubit,): None for qubit in range(qubits)})
    target.add_instruction(IfElseOp, name="if_else")
    if network.links:
        target.add_instruction(Instruction(LINK, 2, 0, []), _between(network, members))
    return target


def _inside(
    name: str, network: ir.Network, operands: Iterable[Iterable[tuple[int, ...]]]
) -> Properties:
    """An instruction on these qubits of each node."""
    found: Properties = {}
    for node, own in zip(network.nodes, operands, strict=True):
        duration = _duration_ns(node, name) / _NS
        found |= {qubits: InstructionProperties(duration=duration) for qubits in own}
    return found


def _duration_ns(node: ir.Node, name: str) -> float:
    """As in `costs.time`, which the verifier, and so what reads its networks, must not share."""
    own = {
        "measure": node.measure_ns,
        "reset": node.measure_ns + node.gate_1q_ns,
        "swap": 3 * node.gate_2q_ns,
    }
    return own.get(name, node.gate_2q_ns if name in TWO_QUBIT_GATES else node.gate_1q_ns)


def _between(network: ir.Network, members: Sequence[NodeQubits]) -> Properties:
    """Pairs on every comm qubit of one end of a link and every one of the other."""
    found: Properties = {}
    for link in network.links:
        a, b = link.between
        duration, error = link.mean_generation_ns / _NS, _rounded(1 - link.fidelity)
        found |= {
            qubits: InstructionProperties(duration=duration, error=error)
            for qubits in product(members[a].comm, members[b].comm)
        }
    return found


def _check_size(
    network: ir.Network, members: Sequence[NodeQubits], *, singles: int, doubles: int
) -> None:
    sizes = [len(own.all) for own in members]
    inside = sum(size * (singles + (size - 1) * doubles) for size in sizes)
    comm = [len(own.comm) for own in members]
    entries = inside + sum(comm[a] * comm[b] for a, b in (link.between for link in network.links))
    if not 0 < entries <= MAX_ENTRIES:
        raise CompilerError(problem.TargetSize(entries=entries, most=MAX_ENTRIES))


def read_target(target: Target) -> Network:
    """The network that a target describes.

    A target that `make_target` has made has it in its description, which must agree with the
    instructions. In any other one, nodes are the groups of qubits that two-qubit gates join, comm
    qubits are those of the instruction `dqc_epr`, and each node takes the times of its slowest
    instructions.

    Raises:
        CompilerError: without links (DQC222), if the target can be read in two ways or as no
            network (DQC223), and for everything that is wrong in a network file (DQC204 to DQC216).
    """
    description = target.description or ""
    if description.lstrip().startswith("{"):
        network = Network.parse(description, file=f"{_NAME}'s description")
        _check_agreement(target, make_target(network))
        return network
    return Network.parse(json.dumps(_inferred(target), indent=1), file=f"{_NAME}")


def _check_agreement(target: Target, expected: Target) -> None:
    """Whether what the description says is what the instructions say."""
    remedy = "change the description as well, or set it to None to read the instructions alone"
    if target.num_qubits != expected.num_qubits:
        reason = f"it has {target.num_qubits} qubits, its description {expected.num_qubits}"
        raise _ambiguous(reason, remedy)
    for name in expected.operation_names:
        described = expected[name]
        found = target[name] if name in target.operation_names else {}
        if found.keys() != described.keys():
            reason = f"{name} is not on the qubits that the description says"
            raise _ambiguous(reason, remedy)
        for qubits, properties in described.items():
            for key in ("duration", "error"):
                said, own = (getattr(each, key, None) for each in (properties, found[qubits]))
                if said is not None and not _is_close(said, own):
                    reason = (
                        f"the {key} of {name} on {_shown(qubits)} is {own}, "
                        f"that of the description {said}"
                    )
                    raise _ambiguous(reason, remedy)
    for qubit, (said, own) in enumerate(
        zip(expected.qubit_properties, target.qubit_properties or (), strict=False)
    ):
        if not _is_close(said.t2, own.t2):
            reason = f"t2 of qubit {qubit} is {own.t2}, that of the description {said.t2}"
            raise _ambiguous(reason, remedy)


def _is_close(said: float, found: float | None) -> bool:
    return found is not None and abs(said - found) <= _SIMILAR * abs(said)


def _inferred(target: Target) -> dict[str, Any]:
    """The content of a network file, from instructions alone."""
    pairs = _pairs(target)
    nodes = _nodes(target)
    node_of = {qubit: index for index, own in enumerate(nodes) for qubit in own}
    comm = {qubit for pair in pairs for qubit in pair}
    tables = {}
    for index, (own, times) in enumerate(zip(nodes, _times(target, node_of), strict=True)):
        count = len(comm.intersection(own))
        tables[f"n{index}"] = {
            "kind": "repeater" if count == len(own) > 1 else "qpu",
            "data_qubits": len(own) - count,
            "comm_qubits": count,
            **times,
        }
    return {"schema": 1, "node": tables, "link": _links(pairs, nodes, node_of, comm)}


def _pairs(target: Target) -> dict[tuple[int, int], InstructionProperties | None]:
    """Where `dqc_epr` is."""
    found = dict(target[LINK]) if LINK in target.operation_names else {}
    if not found:
        raise CompilerError(problem.TargetWithoutLinks())
    for qubits in found:
        if qubits is None or len(qubits) != 2:
            where = "all qubits" if qubits is None else _shown(qubits)
            reason = f"{LINK} is on {where}, and joins a comm qubit of each of two nodes"
            raise _ambiguous(reason, "add it with the pairs of qubits that have a link")
    return found


def _nodes(target: Target) -> list[list[int]]:
    """Qubits that two-qubit gates join, in order of their first ones."""
    joined = networkx.empty_graph(target.num_qubits or 0)
    for name in target.operation_names:
        operation = target.operation_from_name(name)
        if name == LINK or isinstance(operation, type):  # control flow, on all qubits
            continue
        for qubits in target[name]:
            if qubits is not None:
                joined.add_edges_from(combinations(qubits, 2))
            elif operation.num_qubits > 1:
                reason = f"{name} is on all qubits, so all would be one node"
                raise _ambiguous(reason, "add it with the pairs of qubits inside of each node")
    nodes = sorted(sorted(own) for own in networkx.connected_components(joined))
    for own in nodes:
        for a, b in combinations(own, 2):
            if not joined.has_edge(a, b):
                reason = f"qubits {a} and {b} are of one node, but have no gate"
                raise _ambiguous(reason, "only all-to-all coupling inside of a node is supported")
    return nodes


def _times(target: Target, node_of: Mapping[int, int]) -> list[dict[str, float]]:
    """Keys of each node in a network file; what the target does not say is left out."""
    slowest: list[dict[str, float]] = [{} for _ in set(node_of.values())]
    for name in target.operation_names:
        for qubits, properties in target[name].items():
            duration = getattr(properties, "duration", None)
            key = _OTHER_TIMES.get(name, _GATE_TIMES.get(len(qubits or ())))
            if duration is not None and key is not None:
                own = slowest[node_of[qubits[0]]]
                own[key] = max(own.get(key, 0.0), _rounded(duration * _NS))
    for qubit, properties in enumerate(target.qubit_properties or ()):
        t2 = getattr(properties, "t2", None)
        if t2 is not None:
            own = slowest[node_of[qubit]]
            own["t2_us"] = min(own.get("t2_us", float("inf")), _rounded(t2 * _US))
    return slowest


def _links(
    pairs: Mapping[tuple[int, int], InstructionProperties | None],
    nodes: Sequence[Sequence[int]],
    node_of: Mapping[int, int],
    comm: Set[int],
) -> list[dict[str, Any]]:
    """The links of a network file, in ascending order of their ends."""
    found: dict[tuple[int, int], set[tuple[float | None, float | None]]] = {}
    for (one, other), properties in pairs.items():
        ends = sorted((node_of[one], node_of[other]))
        if ends[0] == ends[1]:
            reason = f"{LINK} is on qubits {one} and {other}, which gates join to one node"
            raise _ambiguous(reason, "remove these gates, or the link")
        duration, error = (getattr(properties, key, None) for key in ("duration", "error"))
        found.setdefault((ends[0], ends[1]), set()).add((duration, error))
    links = []
    for (a, b), values in sorted(found.items()):
        for one, other in product(sorted(comm & set(nodes[a])), sorted(comm & set(nodes[b]))):
            if (one, other) not in pairs and (other, one) not in pairs:
                reason = f"{LINK} joins n{a} and n{b}, but not their qubits {one} and {other}"
                raise _ambiguous(reason, "every comm qubit of a node serves each of its links")
        if len(values) > 1:
            reason = f"{LINK} between n{a} and n{b} has several durations or errors"
            raise _ambiguous(reason, "give all pairs of qubits of one link the same properties")
        links.append({"between": [f"n{a}", f"n{b}"], **_link_values(*values.pop())})
    return links


def _link_values(duration: float | None, error: float | None) -> dict[str, float]:
    """A pair takes this time in the mean: as one attempt that always succeeds."""
    values: dict[str, float] = {}
    if duration is not None:
        values |= {"attempt_ns": _rounded(duration * _NS), "success_probability": 1.0}
    if error is not None:
        values["fidelity"] = _rounded(1 - error)
    return values


def _rounded(value: float) -> float:
    """Without the digits that units of seconds add."""
    return float(f"{value:.12g}")


def _shown(qubits: Sequence[int]) -> str:
    return f"qubit{'s' if len(qubits) > 1 else ''} {', '.join(map(str, qubits))}"


def _ambiguous(reason: str, remedy: str) -> CompilerError:
    return CompilerError(problem.AmbiguousTarget(reason=reason, remedy=remedy))
