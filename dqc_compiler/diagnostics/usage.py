"""Problems of commands and calls (DQC501 to DQC599) and defects of the program (DQC901)."""

from __future__ import annotations

from dataclasses import dataclass

from dqc_compiler.diagnostics.core import BadInput, Internal, WriteFailed


@dataclass(frozen=True, kw_only=True)
class BadUsage(BadInput):
    """An option or argument is unknown, missing, or not of its type."""

    code = "DQC501"
    title = "bad usage"
    message = "{reason}"
    help = "{usage}"
    reason: str
    usage: str


@dataclass(frozen=True, kw_only=True)
class NetworkNotChosen(BadInput):
    """The command line names no network, or two.

    A network comes from a file (`--network FILE`) or is made to measure (`--nodes K`). The options
    `--topology`, `--data-qubits` and `--comm-qubits` describe a network that is made.
    """

    code = "DQC502"
    title = "which network?"
    message = "{reason}"
    help = (
        "give either --network FILE, or --nodes K with --topology, --data-qubits and --comm-qubits "
        "if needed"
    )
    reason: str


@dataclass(frozen=True, kw_only=True)
class BadNetworkSize(BadInput):
    """A network cannot be made with this number of nodes or qubits."""

    code = "DQC503"
    title = "bad network size"
    message = "{option} must be {expected}, not {found}"
    help = "choose a number in this range"
    option: str
    expected: str
    found: str


@dataclass(frozen=True, kw_only=True)
class UnknownCode(BadInput):
    """There is no diagnostic with this code."""

    code = "DQC504"
    title = "unknown code"
    message = "there is no diagnostic {found}"
    help = "`dqc explain` lists all of them"
    found: str


@dataclass(frozen=True, kw_only=True)
class OutputFileExists(BadInput):
    """A file that should be written exists already."""

    code = "DQC505"
    title = "the file exists"
    message = "it would be overwritten"
    help = "use --force to replace it, or choose another name"


@dataclass(frozen=True, kw_only=True)
class EngineNotInstalled(BadInput):
    """The chosen search engine needs a package that is not installed.

    `--engine auto` uses all engines that are there and says in report.json which were not. The
    package that the engine `hypergraph` needs comes with the extra `quality`.
    """

    code = "DQC506"
    title = "the engine is not installed"
    message = "--engine {engine} needs the package {package}"
    help = "pip install 'dqc_compiler[quality]', or leave --engine out"
    engine: str
    package: str


@dataclass(frozen=True, kw_only=True)
class FileNotWritten(WriteFailed):
    """The operating system refused to write a file, or what goes to standard output."""

    code = "DQC511"
    title = "output could not be written"
    message = "{reason}"
    help = "make room or choose another place"
    reason: str


@dataclass(frozen=True, kw_only=True)
class ImpossibleTopology(BadInput):
    """No network has this topology and these parameters.

    A ring has three nodes or more, rows and columns of a torus as well, and in a random regular
    network the number of nodes or the degree is even. Parameters that say the same thing twice,
    as the number of nodes and the shape of a grid, have to agree.
    """

    code = "DQC521"
    title = "impossible topology"
    message = "{reason}"
    help = "{remedy}"
    reason: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class TopologyWithoutParameter(BadInput):
    """A parameter was given that this topology does not have.

    It is refused, because it would be ignored: every topology has parameters of its own.
    """

    code = "DQC522"
    title = "parameter of another topology"
    message = "the topology {topology} has no parameter {parameter}"
    help = "leave it out; the parameters of {topology} are: {known}"
    topology: str
    parameter: str
    known: str


@dataclass(frozen=True, kw_only=True)
class TopologyNeedsParameter(BadInput):
    """The size of a network is not given.

    Most topologies need the number of nodes. It can be replaced by the shape of a grid or torus,
    the depth of a tree, or the number of ports of the switches of a fat-tree.
    """

    code = "DQC523"
    title = "the size of the network is missing"
    message = "the topology {topology} needs {parameters}"
    help = "for example nodes = 8; `dqc network make --help` shows all parameters"
    topology: str
    parameters: str


@dataclass(frozen=True, kw_only=True)
class UnknownTopology(BadInput):
    """There is no topology with this name."""

    code = "DQC524"
    title = "unknown topology"
    message = "there is no topology {found!r}"
    help = "choose one of {known}"
    found: str
    known: str


@dataclass(frozen=True, kw_only=True)
class BackendWithoutNetwork(BadInput):
    """Qiskit's transpiler was asked to distribute a circuit, but not told over which network.

    The stages `init_method="dqc"` and `layout_method="dqc"` take it from the backend, which has to
    be one of `Network.to_backend`. Arguments such as `coupling_map` and `basis_gates` hide it.
    """

    code = "DQC531"
    title = "a backend without a network"
    message = "the backend is not one that Network.to_backend has made"
    help = (
        "use backend=network.to_backend(), with Network.from_target(target) if there is only a "
        "target, and leave coupling_map, basis_gates and target out"
    )


@dataclass(frozen=True, kw_only=True)
class StageAlone(BadInput):
    """Of the two stages of Qiskit's transpiler that belong together only one was asked for.

    The first one plans where every qubit is, the second one keeps it there. Another layout would
    move qubits to other nodes, so that gates and pairs would be where there are none.
    """

    code = "DQC532"
    title = "one stage without the other"
    message = '{stage}_method="dqc" needs {other}_method="dqc"'
    help = "give both, or use dqc_compiler.transpile(circuit, network)"
    stage: str
    other: str


@dataclass(frozen=True, kw_only=True)
class LayoutGiven(BadInput):
    """Qiskit's transpiler was told where qubits begin, which the compiler chooses itself."""

    code = "DQC533"
    title = "the layout is chosen by the compiler"
    message = 'initial_layout is given together with layout_method="dqc"'
    help = "leave initial_layout out"


@dataclass(frozen=True, kw_only=True)
class BadAssignment(BadInput):
    """What `dqc bind` was given is not a name, an equals sign and a value."""

    code = "DQC540"
    title = "not a value of a parameter"
    message = "{found!r} is not of the form name=value"
    help = "write for example theta=0.5, or 'theta[0]=pi/2' in quotes"
    found: str


@dataclass(frozen=True, kw_only=True)
class UnknownParameter(BadInput):
    """A value was given for a parameter that the circuit does not have.

    Parameters go by the names that the circuit gives them, or by those that they have in the
    programs; the key `parameters` of the manifest lists both.
    """

    code = "DQC541"
    title = "no such parameter"
    message = "there is no parameter {name}"
    help = "give values to parameters of the circuit: {known}"
    name: str
    known: str


@dataclass(frozen=True, kw_only=True)
class BadParameterValue(BadInput):
    """A value of a parameter is not a finite number.

    It is written as in OpenQASM 3, with numbers, `pi`, + - * / and parentheses.
    """

    code = "DQC542"
    title = "not a finite number"
    message = "{name} cannot be {found}"
    help = "give a finite number, for example 0.5, 1e-3 or pi/2"
    name: str
    found: str


@dataclass(frozen=True, kw_only=True)
class BoundAlready(BadInput):
    """A parameter has a value already, from before or from the same command.

    What was bound cannot be bound again, because the programs do not tell where it was used.
    """

    code = "DQC543"
    title = "parameter has a value already"
    message = "{name} is bound already"
    help = "give each parameter one value; to change it, bind what was compiled without values"
    name: str


@dataclass(frozen=True, kw_only=True)
class FormulaWithoutValue(BadInput):
    """A formula of the circuit has no finite value for the values of its parameters.

    For example one over a parameter that is 0, or the logarithm of a negative one.
    """

    code = "DQC544"
    title = "formula has no value"
    message = "{formula} has no finite value"
    help = "give its parameters other values"
    formula: str


@dataclass(frozen=True, kw_only=True)
class NoNodeProgram(BadInput):
    """A Qiskit circuit cannot be written as the program of one node.

    `dump_program` writes what `load_program` and `Result.programs` make: circuits over the
    registers `data`, `comm`, `out` and channels, whose metadata name the node, with the
    instructions of the dialect "dqc-program 1". They may be changed within these bounds.
    """

    code = "DQC571"
    title = "no program of a node"
    message = "the circuit {name} cannot be written as one: {reason}"
    help = "begin with a circuit of load_program or Result.programs, and keep its registers"
    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class EngineFails(BadInput):
    """A search engine of another package cannot be used.

    Packages register engines in the entry-point group `dqc_compiler.passes`. This one cannot be
    imported, raises an error, or has the same name as one of a third package. The compiler itself
    is not at fault, and `--engine auto` never uses engines of other packages.
    """

    code = "DQC572"
    title = "an engine of another package fails"
    message = "engine {engine}, {origin}: {reason}"
    help = "correct that package, or choose another engine"
    engine: str
    origin: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class EngineAnswer(BadInput):
    """A search engine of another package has answered with something that cannot be used.

    An engine answers with a `Placement` of the segment graph that it was given, on the network that
    it was made for: one home for every segment and one host for every gate, as indices of nodes,
    with as many qubits at a node as it has data qubits, all segments of a wire at one home, and no
    gate at a repeater.
    """

    code = "DQC573"
    title = "the answer of an engine is refused"
    message = "engine {engine}, {origin}, has made no placement that can be used: {reason}"
    help = "correct that package, or choose another engine"
    engine: str
    origin: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class InternalError(Internal):
    """The compiler broke one of its own rules, or met a case that it should have refused.

    This is never the fault of the input. A report with the command, the input files and the
    traceback that the environment variable DQC_TRACEBACK=1 shows helps to correct it.
    """

    code = "DQC901"
    title = "internal error"
    message = "{reason}"
    help = "this is a defect of dqc_compiler; run again with DQC_TRACEBACK=1 and report it"
    reason: str
