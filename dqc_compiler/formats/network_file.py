"""The network file: TOML or JSON text to and from `Network`."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any, Self

from dqc_compiler import ir
from dqc_compiler.diagnostics import CompilerError, Place
from dqc_compiler.diagnostics import network as problem
from dqc_compiler.diagnostics.usage import BadNetworkSize, FileNotWritten
from dqc_compiler.formats.network_check import parse_network
from dqc_compiler.formats.network_model import MAX_QUBITS, NetworkFile

MAX_NODES = 1_000
MAX_BYTES = 64 * 2**20


class Network(ir.Network):
    """A network that can be read from and written to a file."""

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
    def all_to_all(cls, *, nodes: int, data_qubits: int, comm_qubits: int | None) -> Self:
        """Nodes n0, n1, ... with a link between every two; all other values are the defaults.

        Args:
            nodes: from 1 to 1000.
            data_qubits: per node.
            comm_qubits: per node, None for unlimited; with more than one node at least 1.

        Raises:
            CompilerError: if a number is out of range (DQC503).
        """
        least = 1 if nodes > 1 else 0
        _check_size("the number of nodes", nodes, 1, MAX_NODES)
        _check_size("the number of data qubits", data_qubits, 0, MAX_QUBITS)
        _check_size("the number of comm qubits", comm_qubits, least, MAX_QUBITS)
        return cls(
            tuple(
                ir.Node(name=f"n{i}", data_qubits=data_qubits, comm_qubits=comm_qubits)
                for i in range(nodes)
            ),
            tuple(ir.Link(between=pair) for pair in combinations(range(nodes), 2)),
        )

    def write(self, path: str | Path) -> None:
        """Write a network file with all defaults filled in: JSON if the name ends in .json.

        Raises:
            CompilerError: if the operating system refuses (DQC511).
        """
        path = Path(path)
        text = network_json(self) if path.suffix == ".json" else network_toml(self)
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


def _check_size(option: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        expected = f"from {low} to {high}"
        raise CompilerError(BadNetworkSize(option=option, expected=expected, found=str(value)))


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
