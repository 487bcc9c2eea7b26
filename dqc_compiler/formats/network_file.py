"""The public `Network`: made, or read from TOML or JSON text, and written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError

from dqc_compiler import ir, topologies
from dqc_compiler.diagnostics import CompilerError, Place
from dqc_compiler.diagnostics import network as problem
from dqc_compiler.diagnostics.usage import FileNotWritten
from dqc_compiler.formats.network_check import parse_network
from dqc_compiler.formats.network_model import (
    EXPECTED,
    MAX_QUBITS,
    LinkEntry,
    NetworkFile,
    NodeEntry,
)

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from dqc_compiler.formats.network_target import NetworkBackend

MAX_BYTES = 64 * 2**20

NODE_VALUES = ("gate_1q_ns", "gate_2q_ns", "measure_ns", "t2_us")
LINK_VALUES = tuple(name for name in LinkEntry.model_fields if name != "between")
"""Keys of a node and of a link that `Network.make` sets for all of them."""


class Network(ir.Network):
    """A network that can be made, read from and written to a file, and shown to Qiskit."""

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a network file.

        Raises:
            CompilerError: with every problem of the file (DQC201 to DQC216).
        """
        return cls.parse(_file_text(Path(path)), file=str(path))

    @classmethod
    def parse(cls, text: str, *, file: str) -> Self:
        """Read the text of a network file; `file` is the name that messages show.

        Raises:
            CompilerError: with every problem of the text.
        """
        content, places = parse_network(text, file=file)
        return cls(*_parts(content), places)

    @classmethod
    def make(
        cls,
        topology: str,
        *,
        data_qubits: int,
        comm_qubits: int | None,
        repeaters_per_link: int = 0,
        repeater_comm_qubits: int | None = 2,
        **parameters: Any,
    ) -> Self:
        """A network with a regular topology: processors n0, n1, ..., then repeaters r0, r1, ...

        Links are in ascending order of their ends. With repeaters on them, each is replaced in its
        place by a chain of links over its repeaters, which come after all other nodes, link by
        link.

        Args:
            topology: "line", "ring", "star", "grid", "torus", "tree", "fat-tree", "all-to-all" or
                "random-regular".
            data_qubits: of each processor, 0 to 1000000.
            comm_qubits: of each processor, None for unlimited; at least 1 if there is a link.
            repeaters_per_link: placed on every link.
            repeater_comm_qubits: of each repeater, None for unlimited; at least 2.
            **parameters: what the topology is made from, and keys of the network file. From the
                first group `nodes`, the number of processors (1 to 1000), and `shape` (rows,
                columns) of a grid or torus, `centre` ("qpu" or "repeater") of a star, `branching`
                and `depth` of a tree, `ports` of a fat-tree's switches, `degree` and `seed` of a
                random regular network. From the second `gate_1q_ns`, `gate_2q_ns`, `measure_ns`
                and `t2_us`, which all nodes have in common, repeaters as well, and `attempt_ns`,
                `success_probability`, `fidelity`, `channels`, `latency_ns` and `cutoff_us`, which
                all links have in common.

        Raises:
            CompilerError: if there is no such network (DQC207, DQC503, DQC521 to DQC524).
            TypeError: if a parameter does not exist.
        """
        unknown = {*parameters} - {*topologies.PARAMETERS, *NODE_VALUES, *LINK_VALUES}
        if unknown:
            raise TypeError(f"make() got an unexpected keyword argument {min(unknown)!r}")
        graph = topologies.make_graph(
            topology,
            {name: parameters.get(name) for name in topologies.PARAMETERS},
            repeaters_per_link=repeaters_per_link,
        )
        least = 1 if graph.links else 0
        counts = [("the number of data qubits", data_qubits, 0)]
        if comm_qubits is not None:
            counts.append(("the number of comm qubits", comm_qubits, least))
        if repeater_comm_qubits is not None:
            counts.append(("the number of a repeater's comm qubits", repeater_comm_qubits, 2))
        for option, count, low in counts:
            topologies.check_whole(option, count, low, MAX_QUBITS)
        node = _checked(NODE_VALUES, parameters, NodeEntry, {"comm_qubits": 0}, "the nodes")
        link = _checked(LINK_VALUES, parameters, LinkEntry, {"between": ["a", "b"]}, "the links")
        qpus = tuple(
            ir.Node(name=f"n{i}", data_qubits=data_qubits, comm_qubits=comm_qubits, **node)
            for i in range(graph.qpus)
        )
        comm = repeater_comm_qubits
        repeaters = tuple(
            ir.Node(name=f"r{i}", kind="repeater", data_qubits=0, comm_qubits=comm, **node)
            for i in range(graph.repeaters)
        )
        return cls(qpus + repeaters, tuple(ir.Link(between=ends, **link) for ends in graph.links))

    @classmethod
    def all_to_all(cls, *, nodes: int, data_qubits: int, comm_qubits: int | None) -> Self:
        """`make("all-to-all", ...)` with the defaults of the network file for all other values.

        Raises:
            CompilerError: if a number is out of range (DQC503).
        """
        return cls.make("all-to-all", nodes=nodes, data_qubits=data_qubits, comm_qubits=comm_qubits)

    def to_backend(self, *, options: Any = None) -> NetworkBackend:
        """This network as a Qiskit backend, whose target says what each physical qubit can do.

        The physical qubits are those of all nodes in order, data qubits before comm qubits; of a
        node with unlimited comm qubits there are as many as it has links. Every two qubits of a
        node have gates, and the comm qubits at the ends of a link have the instruction `dqc_epr`,
        with the mean time of a pair as its duration and 1 - fidelity as its error. Times of a
        target are in seconds. Its description is this network as a JSON network file, and the
        attribute `network` of the backend is this network. It runs nothing.

        Args:
            options: `Options` for circuits that `qiskit.transpile(circuit, backend,
                init_method="dqc", layout_method="dqc")` distributes.

        Raises:
            CompilerError: if the target would be too large, or have no qubits (DQC221).
        """
        from dqc_compiler.formats.network_target import NetworkBackend  # noqa: PLC0415 (Qiskit)

        return NetworkBackend(self, options)

    @classmethod
    def from_target(cls, target: Target) -> Self:
        """The network that a Qiskit target describes.

        `Network.from_target(network.to_backend().target) == network`. In a target that was made
        elsewhere, nodes n0, n1, ... are the groups of qubits that two-qubit gates join, comm
        qubits are those of the instruction `dqc_epr`, and a node without data qubits is a repeater.
        A node takes the times of its slowest instructions and its shortest t2; a pair takes one
        attempt of the duration of `dqc_epr`. What the target does not say is left to the defaults.

        Raises:
            CompilerError: if the target has no links (DQC222), can be read in two ways or as no
                network (DQC223), or as one that no file may hold (DQC201 to DQC216).
        """
        from dqc_compiler.formats.network_target import read_target  # noqa: PLC0415 (Qiskit)

        network = read_target(target)
        return cls(network.nodes, network.links)

    def write(self, path: str | Path) -> None:
        """Write a network file with all defaults filled in: JSON if the name ends in .json.

        Raises:
            CompilerError: if the operating system refuses (DQC511).
        """
        path = Path(path)
        write_text(path, network_json(self) if path.suffix == ".json" else network_toml(self))


def write_text(path: Path, text: str) -> None:
    """Write the text of a network file.

    Raises:
        CompilerError: if the operating system refuses (DQC511).
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        place = Place(file=str(path))
        raise CompilerError(FileNotWritten(reason=_reason(error), place=place)) from error


def network_json(network: ir.Network) -> str:
    """Canonical JSON text of a network, all defaults filled in."""
    return _file_of(network).text()


def network_toml(network: ir.Network) -> str:
    """TOML text of a network, all defaults filled in."""
    content = _file_of(network).model_dump(by_alias=True)
    tables = [f"schema = {content['schema']}"]
    for name, node in content["node"].items():
        tables.append("\n".join([f"[node.{name}]", *_toml_lines(node)]))
    for link in content["link"]:
        tables.append("\n".join(["[[link]]", *_toml_lines(link)]))
    return "\n\n".join(tables) + "\n"


def check_fit(qubits: int, network: ir.Network, *, source: str | None = None) -> None:
    """Check that a circuit of so many qubits, from the file `source`, has a data qubit for each.

    Raises:
        CompilerError: if it has not (DQC217).
    """
    available = network.data_qubits
    if qubits <= available:
        return
    shown = [f"{node.name} {node.data_qubits}" for node in network.nodes if node.data_qubits]
    if len(shown) > 8:
        shown = [*shown[:7], f"{len(shown) - 7} more nodes"]
    raise CompilerError(
        problem.CircuitDoesNotFit(
            place=None if source is None else Place(file=source),
            needed=qubits,
            available=available,
            missing=qubits - available,
            nodes=", ".join(shown) or "no node has any",
        )
    )


def _checked(
    names: Sequence[str],
    parameters: Mapping[str, Any],
    entry: type[NodeEntry | LinkEntry],
    required: Mapping[str, Any],
    where: str,
) -> dict[str, Any]:
    """The parameters of these names that are given, as a node or link of a file holds them."""
    given = {name: parameters[name] for name in names if parameters.get(name) is not None}
    try:
        content = entry.model_validate({**required, **given})
    except ValidationError as error:
        raise CompilerError(
            *(
                problem.NetworkBadValue(
                    where=where, key=key, expected=EXPECTED[key], found=str(given[key])
                )
                for key in dict.fromkeys(str(each["loc"][0]) for each in error.errors())
            )
        ) from None
    return {name: getattr(content, name) for name in given}


def _toml_lines(table: dict[str, Any]) -> list[str]:
    # JSON and TOML write numbers, strings and arrays of strings alike; TOML has no null.
    present = {key: value for key, value in table.items() if value is not None}
    return [f"{key} = {json.dumps(value)}" for key, value in present.items()]


def _file_of(network: ir.Network) -> NetworkFile:
    names = [node.name for node in network.nodes]
    return NetworkFile.model_validate(
        {
            "schema": 1,
            "node": {
                node.name: {
                    "kind": node.kind,
                    "data_qubits": node.data_qubits,
                    "comm_qubits": "unlimited" if node.comm_qubits is None else node.comm_qubits,
                    "gate_1q_ns": node.gate_1q_ns,
                    "gate_2q_ns": node.gate_2q_ns,
                    "measure_ns": node.measure_ns,
                    "t2_us": node.t2_us,
                }
                for node in network.nodes
            },
            "link": [
                {
                    "between": [names[end] for end in link.between],
                    "attempt_ns": link.attempt_ns,
                    "success_probability": link.success_probability,
                    "fidelity": link.fidelity,
                    "channels": link.channels,
                    "latency_ns": link.latency_ns,
                    "cutoff_us": link.cutoff_us,
                }
                for link in network.links
            ],
        }
    )


def _parts(content: NetworkFile) -> tuple[tuple[ir.Node, ...], tuple[ir.Link, ...]]:
    index = {name: position for position, name in enumerate(content.node)}
    nodes = tuple(
        ir.Node(
            name=name,
            kind=node.kind,
            data_qubits=node.data_qubits,
            comm_qubits=None if node.comm_qubits == "unlimited" else node.comm_qubits,
            gate_1q_ns=node.gate_1q_ns,
            gate_2q_ns=node.gate_2q_ns,
            measure_ns=node.measure_ns,
            t2_us=node.t2_us,
        )
        for name, node in content.node.items()
    )
    links = tuple(
        ir.Link(
            between=(index[link.between[0]], index[link.between[1]]),
            attempt_ns=link.attempt_ns,
            success_probability=link.success_probability,
            fidelity=link.fidelity,
            channels=link.channels,
            latency_ns=link.latency_ns,
            cutoff_us=link.cutoff_us,
        )
        for link in content.link
    )
    return nodes, links


def _file_text(path: Path) -> str:
    place = Place(file=str(path))
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = _reason(error)
        raise CompilerError(problem.NetworkUnreadable(reason=reason, place=place)) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        reason = f"is not UTF-8 text (byte {error.start + 1})"
        raise CompilerError(problem.NetworkNotText(reason=reason, place=place)) from error
    defects = {
        "is empty": not text.strip(),
        "holds NUL bytes": "\0" in text,
        f"is larger than {MAX_BYTES // 2**20} MiB": len(data) > MAX_BYTES,
    }
    for reason, found in defects.items():
        if found:
            raise CompilerError(problem.NetworkNotText(reason=reason, place=place))
    return text.replace("\r\n", "\n")


def _reason(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()
