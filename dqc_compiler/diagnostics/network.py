"""Problems of network files, and of circuits that do not fit their network (DQC201 to DQC299)."""

from __future__ import annotations

from dataclasses import dataclass

from dqc_compiler.diagnostics.core import BadInput, Infeasible


@dataclass(frozen=True, kw_only=True)
class NetworkUnreadable(BadInput):
    """The network file could not be opened.

    The path does not exist, is a directory, or may not be read by this user. The reason is the one
    that the operating system gave.
    """

    code = "DQC201"
    title = "the network file cannot be read"
    message = "{reason}"
    help = "check the path; `dqc network make` writes a network file to start from"
    reason: str


@dataclass(frozen=True, kw_only=True)
class NetworkNotText(BadInput):
    """The network file is empty, is not UTF-8 text, or is far larger than any network.

    A network file is a TOML or JSON text. This is found before any parser sees the content.
    """

    code = "DQC202"
    title = "not a network file"
    message = "the file {reason}"
    help = "a network file is TOML or JSON text; `dqc network make` writes one to start from"
    reason: str


@dataclass(frozen=True, kw_only=True)
class NetworkSyntax(BadInput):
    """The text breaks the rules of TOML (or of JSON).

    A file whose name ends in .json, or whose text starts with a brace, is read as JSON, any other
    one as TOML. A table or key that is written twice is a syntax error in both.
    """

    code = "DQC203"
    title = "syntax error in the network file"
    message = "not valid {language}: {reason}"
    help = "{remedy}"
    language: str
    reason: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class NetworkSchemaUnknown(BadInput):
    """The file says that it follows a version of the network schema that this program cannot read.

    The first key of every network file is `schema`. Version 1 is the only one so far; a file with a
    higher number was made for a newer release of the compiler.
    """

    code = "DQC204"
    title = "unknown schema version"
    message = "schema = {found}, but this version reads schema = 1"
    help = "write schema = 1, or use the release of dqc_compiler that the file was made for"
    found: str


@dataclass(frozen=True, kw_only=True)
class NetworkUnknownKey(BadInput):
    """A table of the network file has a key that the schema does not know.

    Unknown keys are refused, because a misspelt `comm_qubits` or `cutoff_us` would otherwise be
    ignored without a word. `dqc schema network` prints all keys.
    """

    code = "DQC205"
    title = "unknown key"
    message = "{where} has no key {key!r}"
    help = "{remedy}"
    where: str
    key: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class NetworkMissingKey(BadInput):
    """A required key is absent.

    Required are `schema`, at least one node, `comm_qubits` for every node, `data_qubits` for every
    node that is not a repeater, and `between` for every link. All other keys have defaults.
    """

    code = "DQC206"
    title = "missing key"
    message = "{where} needs {key}"
    help = "add {key} = {example}"
    where: str
    key: str
    example: str


@dataclass(frozen=True, kw_only=True)
class NetworkBadValue(BadInput):
    """A value has the wrong type or lies outside of its range.

    Times are finite and not negative. A success probability lies in [1e-12, 1]: with less, a pair
    takes longer than any clock can count. A fidelity lies above 1/2: a pair with the usual
    isotropic noise and a fidelity of 1/2 or less with |Phi+> holds no entanglement at all, so
    nothing that is built from it can be a quantum operation between the nodes.
    """

    code = "DQC207"
    title = "bad value"
    message = "{key} must be {expected}, not {found}"
    help = "change this value of {where}; `dqc schema network` prints all types and ranges"
    where: str
    key: str
    expected: str
    found: str


@dataclass(frozen=True, kw_only=True)
class NetworkBadName(BadInput):
    """A node's name cannot be part of register and file names.

    Node programs have registers called `<sender>_to_<receivers>` with receivers joined by two
    underscores. They can be taken apart again only if no name contains `__` or `_to_` or ends in
    `_` or `_to`. Names are lower-case so that files differ on every file system.
    """

    code = "DQC208"
    title = "bad node name"
    message = "{name!r} {reason}"
    help = (
        "use at most 64 of a-z, 0-9 and single underscores, a letter first; for example {example}"
    )
    name: str
    reason: str
    example: str


@dataclass(frozen=True, kw_only=True)
class NetworkWithoutNodes(BadInput):
    """The file describes no node, so there is nothing to compile for."""

    code = "DQC209"
    title = "no nodes"
    message = "the network has no nodes"
    help = "add a table [node.NAME] with data_qubits and comm_qubits for every processor"


@dataclass(frozen=True, kw_only=True)
class TooFewCommQubits(BadInput):
    """A node cannot take part in the network with the comm qubits that it has.

    A processor with a link needs one comm qubit for its half of a pair; a repeater needs two,
    because swapping joins two halves.
    """

    code = "DQC210"
    title = "too few comm qubits"
    message = "{kind} {node} has comm_qubits = {found} and needs at least {needed}"
    help = "raise comm_qubits{remedy}"
    node: str
    kind: str
    found: int
    needed: int
    remedy: str


@dataclass(frozen=True, kw_only=True)
class CutoffTooShort(BadInput):
    """A link's cutoff is shorter than one attempt to generate a pair.

    While another pair is made, nothing that was made before lives long enough to be used with it.
    """

    code = "DQC218"
    title = "a cutoff shorter than any generation"
    message = "link {a}-{b} has cutoff_us = {found}, and one attempt takes {attempt} ns"
    help = "raise cutoff_us above attempt_ns / 1000, or leave it out"
    a: str
    b: str
    found: str
    attempt: str


@dataclass(frozen=True, kw_only=True)
class RepeaterWithData(BadInput):
    """A repeater was given data qubits.

    A repeater holds no program state: it only swaps. A node with data qubits is a `qpu`.
    """

    code = "DQC211"
    title = "repeater with data qubits"
    message = "repeater {node} has data_qubits = {found}"
    help = 'remove data_qubits, or remove kind = "repeater"'
    node: str
    found: int


@dataclass(frozen=True, kw_only=True)
class UnknownLinkEnd(BadInput):
    """A link ends at a node that the file does not describe."""

    code = "DQC212"
    title = "link to a node that does not exist"
    message = "there is no node {name!r}"
    help = "{remedy}"
    name: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class SelfLink(BadInput):
    """Both ends of a link are the same node.

    Qubits of one node interact by local gates; a link always joins two nodes.
    """

    code = "DQC213"
    title = "link from a node to itself"
    message = "both ends are {node}"
    help = "name two different nodes, or remove this link"
    node: str


@dataclass(frozen=True, kw_only=True)
class DuplicateLink(BadInput):
    """Two links join the same two nodes.

    A link works in both directions and is written once. Several generators between the same two
    nodes are one link with `channels` greater than 1.
    """

    code = "DQC214"
    title = "link written twice"
    message = "{a} and {b} already have a link{first_place}"
    help = "remove one of the two; parallel generators are one link with channels = 2 or more"
    a: str
    b: str
    first_place: str


@dataclass(frozen=True, kw_only=True)
class Disconnected(BadInput):
    """Some nodes cannot be reached from others over links.

    The message names the parts of the network that no link joins. One circuit cannot be
    distributed over parts that share no entanglement.
    """

    code = "DQC215"
    title = "disconnected network"
    message = "no link joins {parts}"
    help = "add a [[link]] between these groups of nodes, or remove the nodes that are not needed"
    parts: str


@dataclass(frozen=True, kw_only=True)
class NetworkNotSupported(BadInput):
    """The file uses a key that is planned, but not read yet.

    Every two qubits of a node are taken to interact directly, and every gate is taken to be
    native. Values that say otherwise are refused, because they would be ignored.
    """

    code = "DQC216"
    title = "not supported yet"
    message = "{key} = {found} is not supported yet"
    help = "{remedy}"
    key: str
    found: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class CircuitDoesNotFit(Infeasible):
    """The network has fewer data qubits than the circuit has qubits.

    Every qubit of the circuit lives in a data qubit of some node from the start, idle ones too.
    Comm qubits do not count: each node keeps them for halves of pairs. Repeaters have none.
    """

    code = "DQC217"
    title = "the circuit does not fit the network"
    message = "the circuit has {needed} qubits, the network {available} data qubits ({nodes})"
    help = "add nodes or data qubits: {missing} more are needed"
    needed: int
    available: int
    missing: int
    nodes: str


@dataclass(frozen=True, kw_only=True)
class TargetSize(BadInput):
    """The network has no qubits, or so many that its Qiskit target would not fit into memory.

    A target lists every instruction for every pair of qubits of a node, so its size grows with the
    square of the qubits of the largest node.
    """

    code = "DQC221"
    title = "no target of this size"
    message = "the target would have {entries} entries; from 1 to {most} are possible"
    help = "use fewer qubits per node"
    entries: int
    most: int


@dataclass(frozen=True, kw_only=True)
class TargetWithoutLinks(BadInput):
    """The Qiskit target describes one device, not a network.

    Links are instructions of a target: `dqc_epr` makes a pair on a comm qubit of each of two nodes.
    """

    code = "DQC222"
    title = "target without links"
    message = "the target has no instruction dqc_epr"
    help = "add it with the pairs of comm qubits that have a link, or make the network with Network"


@dataclass(frozen=True, kw_only=True)
class AmbiguousTarget(BadInput):
    """The Qiskit target can be read in two ways, or not as a network.

    Nodes are groups of qubits that gates join, and every two qubits of a node have a gate. Links
    join nodes, with the same properties for each comm qubit of one and each of the other. The
    target of a network has the network in its description, which must agree with the instructions.
    """

    code = "DQC223"
    title = "the target is not clearly a network"
    message = "{reason}"
    help = "{remedy}"
    reason: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class NetworkDoesNotRun(BadInput):
    """A circuit was sent to the backend that describes a network.

    The backend tells Qiskit what a network looks like. It has no processors behind it, and no
    simulator.
    """

    code = "DQC224"
    title = "a network runs nothing"
    message = "this backend only describes a network"
    help = "compile the circuit for the network; the bundle has a program for every node"
