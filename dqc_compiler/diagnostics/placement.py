"""Problems of fitting a circuit into a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dqc_compiler.diagnostics.core import Infeasible


@dataclass(frozen=True, kw_only=True)
class NotAllToAll(Infeasible):
    """The network has two nodes without a link between them.

    This version opens every copy over a direct link, so it compiles for all-to-all networks only;
    routes through other nodes and repeaters are not supported yet.
    """

    code: ClassVar[str] = "DQC251"
    title: ClassVar[str] = "the network is not all-to-all"
    message: ClassVar[str] = "nodes {first} and {second} have no link"
    help: ClassVar[str] = (
        "add a link between every two nodes; multi-hop routes are not supported yet"
    )
    first: str
    second: str


@dataclass(frozen=True, kw_only=True)
class NoRoomForMove(Infeasible):
    """A placement moves a qubit to a node whose cells are all taken by other qubits.

    Homes change one at a time, and a node keeps one comm qubit free, so that two full nodes cannot
    exchange qubits.
    """

    code: ClassVar[str] = "DQC252"
    title: ClassVar[str] = "no room for a change of home"
    message: ClassVar[str] = "node {node} has no free comm qubit and no copy that can be closed"
    help: ClassVar[str] = "give the node one more data or comm qubit"
    node: str
