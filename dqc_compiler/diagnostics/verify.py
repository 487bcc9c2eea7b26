"""Diagnostics of node programs and of their verification."""

from __future__ import annotations

from dataclasses import dataclass

from dqc_compiler.diagnostics.core import BadInput, Unproven


@dataclass(frozen=True, kw_only=True)
class MalformedProgram(BadInput):
    """A program does not follow the grammar of the flat OpenQASM 3 subset.

    Node programs and `logical.qasm` use a small part of OpenQASM 3: a version line, one include,
    gate definitions, registers, and a list of gates, `reset`, `measure`, `if` with one bit,
    `barrier` and `delay`. The grammar is in docs/reference/qasm-dialect.md.
    """

    code = "DQC401"
    title = "Malformed program"
    message = "{reason}"
    help = "Compare the statement with the grammar in docs/reference/qasm-dialect.md."

    reason: str


@dataclass(frozen=True, kw_only=True)
class RedefinedGate(BadInput):
    """A gate definition does not implement the gate that its name stands for.

    Readers of a program go by the names of the gates. A file may bring definitions of gates that
    stdgates.inc lacks, so that other tools can load it, but a definition that does something else
    would make the file mean two things.
    """

    code = "DQC402"
    title = "Gate definition does not match its name"
    message = "the body of {gate!r} does not implement that gate"
    help = "Rename the gate, or restore its definition."

    gate: str


@dataclass(frozen=True, kw_only=True)
class Deadlock(Unproven):
    """The node programs stop before their end: every node waits for another one.

    A node waits when it reads a bit that has not been measured yet, and at `dqc_epr` until the
    peer has reached the same pair. If no node can go on, the programs deadlock under every timing.
    """

    code = "DQC403"
    title = "Node programs deadlock"
    message = "no node can go on: {positions}"
    help = "Reorder the statements so that each wait is preceded by what it waits for."

    positions: str


@dataclass(frozen=True, kw_only=True)
class BrokenGuarantee(Unproven):
    """A static guarantee of the bundle does not hold.

    Every bit has one sender and is written once, every pair has two ends, the wait-for graph has no
    cycle, registers and comm qubits fit the network, and the schedule respects causality.
    """

    code = "DQC404"
    title = "Broken guarantee"
    message = "{reason}"
    help = "The bundle was changed after it was written, or its writer is at fault: compile again."

    reason: str


@dataclass(frozen=True, kw_only=True)
class NotRecognised(Unproven):
    """The symbolic machine does not know what a statement does to the logical state.

    The machine follows copies, teleports and entanglement swaps. It refuses every operation whose
    effect it cannot state exactly: a copy used before its correction, a gate that does not commute
    with the axis of an open copy, a pair measured without having been used, and so on.
    """

    code = "DQC405"
    title = "Statement is not a step of a known gadget"
    message = "node {node}: {reason}"
    help = "A correct program never does this; compile again, or simulate it to see the effect."

    node: str
    reason: str
