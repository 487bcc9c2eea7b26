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


@dataclass(frozen=True, kw_only=True)
class TargetOutOfReach(Infeasible):
    """No programs were found whose estimated fidelity is the target of `--target-fidelity`.

    What counts is `fidelity` of report.json, the estimate of the whole computation. Pairs were
    purified at lower and lower prices, and the circuit was compiled once more with `--minimize
    fidelity`. The best of all these programs are told about, and nothing is written. Most of their
    loss comes from the fresh pairs of one link; or from waiting, of data qubits and of pairs and
    copies; or from pairs that could not be purified because comm qubits were in use.
    """

    code: ClassVar[str] = "DQC252"
    title: ClassVar[str] = "the target fidelity is out of reach"
    message: ClassVar[str] = (
        "the best fidelity that was found is {best}, the target is {target}; what limits it most:"
        " {limit}"
    )
    help: ClassVar[str] = "aim lower, or {remedy}"
    best: str
    target: str
    limit: str
    remedy: str
