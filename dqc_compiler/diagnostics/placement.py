"""Problems of fitting a circuit into a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dqc_compiler.diagnostics.core import Infeasible


@dataclass(frozen=True, kw_only=True)
class NoPassage(Infeasible):
    """Two processors cannot reach each other, because nodes between them are too full.

    A pair passes a node that can hold a half of each of two links: a node with two comm qubits, or
    with one and a data qubit to spare. Links that join the two are there, or the network would have
    been refused as disconnected.
    """

    code: ClassVar[str] = "DQC251"
    title: ClassVar[str] = "no pair can pass a full node"
    message: ClassVar[str] = (
        "nodes {first} and {second} can only be joined through {node}, which has no room for it"
    )
    help: ClassVar[str] = (
        "give {node} a second comm qubit, or one more data qubit than the circuit needs,"
        " or add a link that goes around it"
    )
    first: str
    second: str
    node: str
