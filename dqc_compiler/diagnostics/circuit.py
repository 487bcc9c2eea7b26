"""Everything that can be wrong with a circuit that is to be read: DQC101 to DQC199.

Codes below DQC140 are faults of the input, codes from there on are limits of the compiler.
"""

from __future__ import annotations

from dataclasses import dataclass

from dqc_compiler.diagnostics.core import BadInput, Infeasible


@dataclass(frozen=True, kw_only=True)
class CircuitNotFound(BadInput):
    """There is no file at the path that was given as the circuit.

    Relative paths start at the current directory. A single `-` reads standard input.
    """

    code = "DQC101"
    title = "no such circuit file"
    message = "there is no file at this path"
    help = "check the path; use - to read the circuit from standard input"


@dataclass(frozen=True, kw_only=True)
class CircuitNotAFile(BadInput):
    """The path that was given as the circuit is a directory, a device or a pipe.

    Only regular files are opened by path, because their size is known before they are read. Text
    from a pipe can be given on standard input, with `-` as the circuit.
    """

    code = "DQC102"
    title = "circuit is not a file"
    message = "this is {kind}, not a regular file"
    help = "name an OpenQASM file, or use - to read from standard input"

    kind: str


@dataclass(frozen=True, kw_only=True)
class CircuitUnreadable(BadInput):
    """The operating system refused to open or read the circuit file."""

    code = "DQC103"
    title = "circuit cannot be read"
    message = "the operating system says: {reason}"
    help = "check the permissions of the file and of the directories above it"

    reason: str


@dataclass(frozen=True, kw_only=True)
class EmptyCircuitFile(BadInput):
    """The circuit has no statement: it is empty, or holds only spaces and comments."""

    code = "DQC104"
    title = "circuit is empty"
    message = "there is no statement in it"
    help = "an OpenQASM circuit starts with a line such as OPENQASM 3.0;"


@dataclass(frozen=True, kw_only=True)
class CircuitTooLarge(BadInput):
    """The circuit file is larger than the compiler is prepared to read.

    The limit protects against reading something that is not a circuit. It is far above what a
    circuit that can be compiled takes.
    """

    code = "DQC105"
    title = "circuit file is too large"
    message = "it has {size} bytes, the limit is {limit}"
    help = "check that this is the file you mean"

    size: int
    limit: int


@dataclass(frozen=True, kw_only=True)
class CircuitNotText(BadInput):
    """The file contains control characters that no text has, so it is a binary file.

    A file saved as UTF-16 looks binary too: save it as UTF-8.
    """

    code = "DQC106"
    title = "circuit is not text"
    message = "byte {offset} is {byte}, which does not occur in text"
    help = "a circuit is OpenQASM 2 or 3 source text in UTF-8"

    offset: int
    byte: str


@dataclass(frozen=True, kw_only=True)
class CircuitNotUtf8(BadInput):
    """The file is text, but in another encoding than UTF-8."""

    code = "DQC107"
    title = "circuit is not UTF-8"
    message = "byte {offset} is {byte}, which is not valid UTF-8 there"
    help = "save the file as UTF-8"

    offset: int
    byte: str


@dataclass(frozen=True, kw_only=True)
class NotACircuit(BadInput):
    """The text does not begin like an OpenQASM program.

    A program begins with its version, or, where the version line is left out, with an include, a
    declaration or a gate definition. Comments may come first.
    """

    code = "DQC108"
    title = "not an OpenQASM circuit"
    message = "an OpenQASM program does not start with {found}"
    help = "the first statement should be OPENQASM 2.0; or OPENQASM 3.0;"

    found: str


@dataclass(frozen=True, kw_only=True)
class UnsupportedVersion(BadInput):
    """The version line names a version of OpenQASM other than 2.0 and 3."""

    code = "DQC109"
    title = "unknown OpenQASM version"
    message = "version {version} cannot be read"
    help = "the versions that can be read are 2.0, 3.0 and 3.1"

    version: str


@dataclass(frozen=True, kw_only=True)
class CircuitSyntax(BadInput):
    """The text breaks the grammar of its OpenQASM version.

    The place is where the parser noticed. When a semicolon or bracket is missing, that is one word
    after the place where it should have been, often on the next line.
    """

    code = "DQC110"
    title = "syntax error"
    message = "{problem}"
    help = "look here and just before for a missing or extra ; , ( ) [ ] {{ or }}"

    problem: str


@dataclass(frozen=True, kw_only=True)
class UndefinedName(BadInput):
    """A gate, register or constant is used that was not defined before.

    The usual gates are defined by `include "qelib1.inc";` in OpenQASM 2 and by
    `include "stdgates.inc";` in OpenQASM 3. The latter is a short list: gates such as `rzz`, `sxdg`
    or `iswap` need a `gate` definition of their own in the file.
    """

    code = "DQC111"
    title = "name is not defined"
    message = "{name} is not defined before this line"
    help = "check the spelling; gates come from {standard} or from a gate definition above"

    name: str
    standard: str


@dataclass(frozen=True, kw_only=True)
class InvalidStatement(BadInput):
    """The statement is grammatical but means nothing.

    For example an index beyond the end of its register, one qubit twice in a gate, or a wrong
    number of parameters.
    """

    code = "DQC112"
    title = "invalid statement"
    message = "{problem}"
    help = "correct this statement"

    problem: str


@dataclass(frozen=True, kw_only=True)
class IncludeRefused(BadInput):
    """An `include` names a file outside the directory of the circuit.

    A circuit may come from anywhere, so it may only include what lies beside it: no absolute path,
    no `..` that leads out, no symbolic link that does. A circuit from standard input has no
    directory and may include only the standard files.
    """

    code = "DQC113"
    title = "include is refused"
    message = "{file} is outside the directory of the circuit"
    help = "put the included file beside the circuit, or paste its text into the circuit"

    file: str


@dataclass(frozen=True, kw_only=True)
class IncludeNotFound(BadInput):
    """An `include` names a file that does not exist in the directory of the circuit."""

    code = "DQC114"
    title = "included file not found"
    message = "there is no file {file} beside the circuit"
    help = "check the name; {standard} is built in and needs no file"

    file: str
    standard: str


@dataclass(frozen=True, kw_only=True)
class NoQubits(BadInput):
    """The circuit declares no qubit, so there is nothing to distribute."""

    code = "DQC115"
    title = "circuit has no qubits"
    message = "no qubit is declared"
    help = "declare a register, such as qubit[2] q; (OpenQASM 3) or qreg q[2]; (OpenQASM 2)"


@dataclass(frozen=True, kw_only=True)
class NonFiniteParameter(BadInput):
    """A gate's angle is infinite or not a number, usually because an expression overflows."""

    code = "DQC116"
    title = "parameter is not a finite number"
    message = "a parameter of {gate} is {value}"
    help = "give every angle a finite value"

    gate: str
    value: str


@dataclass(frozen=True, kw_only=True)
class UnboundParameter(Infeasible):
    """A parameter without a value is used where a number is needed.

    Angles of gates may depend on parameters: `input float theta;` in OpenQASM 3, `Parameter` in
    Qiskit. Times of delays, sizes, loops, conditions, powers and numbers of controls may not, nor
    gates that Qiskit can only define for numbers. In OpenQASM 3 replace the input by
    `const float theta = 0.5;`, in Qiskit call `circuit.assign_parameters` first.
    """

    code = "DQC140"
    title = "parameter has no value"
    message = "the value of {name} is needed here, but not known"
    help = "bind it first: a const declaration in OpenQASM 3, assign_parameters in Qiskit"

    name: str


@dataclass(frozen=True, kw_only=True)
class UnsupportedConstruct(Infeasible):
    """The circuit uses a part of the language that cannot be distributed.

    What can be read: gates of any kind and size with modifiers, measurement, reset, barrier, delay,
    `if`, `else` and `switch` on measured bits, `for` over constants, `box`, `const` and `let`. What
    cannot: anything whose length is decided while the circuit runs (`while`, `break`), classical
    variables and assignments, subroutines, calibrations and pragmas.
    """

    code = "DQC141"
    title = "unsupported construct"
    message = "{construct} cannot be distributed"
    help = "rewrite the circuit without it; dqc explain DQC141 lists what can be read"

    construct: str


@dataclass(frozen=True, kw_only=True)
class ConditionalOperation(Infeasible):
    """A measurement, reset or delay stands under a condition.

    Node programs condition gates only, so that every message is sent exactly once whatever was
    measured.
    """

    code = "DQC142"
    title = "only gates can be conditional"
    message = "{operation} stands under a condition"
    help = "move it out of the if; a reset can be a measurement before the if and an x inside it"

    operation: str


@dataclass(frozen=True, kw_only=True)
class ConditionTooComplex(Infeasible):
    """A condition splits into too many cases.

    Every condition is written as separate cases, each of which fixes some bits, and the conditional
    gates are repeated for each of them. Comparing two registers of six bits already has 64 cases.
    """

    code = "DQC143"
    title = "condition has too many cases"
    message = "it splits into more than {limit} cases"
    help = "split the condition, or compare with a constant"

    limit: int


@dataclass(frozen=True, kw_only=True)
class UnsupportedCondition(Infeasible):
    """A condition is not built from measured bits and constants.

    What can be read: bits, comparisons of bits and registers with each other and with integer
    constants, and `!`, `~`, `&&`, `||`, `&`, `|`, `^` of these.
    """

    code = "DQC144"
    title = "unsupported condition"
    message = "{part} cannot be used in a condition"
    help = "build the condition from measured bits, constants, comparisons and ! && || ^"

    part: str


@dataclass(frozen=True, kw_only=True)
class DelayWithoutUnit(Infeasible):
    """A delay is not a number of seconds.

    The unit `dt` is one sample of a particular device, and the nodes of a network need not share
    one. A stretch has no length until a device is chosen.
    """

    code = "DQC145"
    title = "delay is not in units of time"
    message = "the delay is given {how}"
    help = "write the delay in ns, us, ms or s"

    how: str


@dataclass(frozen=True, kw_only=True)
class OpaqueOperation(Infeasible):
    """An operation has no definition, so that nobody can say what it does.

    For example an `opaque` gate of OpenQASM 2, or a Qiskit instruction without a definition.
    """

    code = "DQC146"
    title = "operation has no definition"
    message = "{name} is not defined in terms of known gates"
    help = "define it as a gate, or remove it"

    name: str


@dataclass(frozen=True, kw_only=True)
class CircuitTooLong(Infeasible):
    """The circuit has too many operations or bits after loops and definitions are written out.

    A few lines can stand for billions of gates: loops, and gates that call gates twice, many levels
    deep.
    """

    code = "DQC147"
    title = "circuit is too long"
    message = "it has more than {limit} {what}"
    help = "compile a smaller circuit, or cut it into several"

    limit: int
    what: str


@dataclass(frozen=True, kw_only=True)
class NestedTooDeeply(Infeasible):
    """Brackets, blocks or definitions are nested so deeply that they cannot be followed."""

    code = "DQC148"
    title = "nested too deeply"
    message = "the nesting of brackets, blocks or definitions is too deep to follow"
    help = "write it with fewer levels"


@dataclass(frozen=True, kw_only=True)
class UnsupportedStatement(Infeasible):
    """A statement of OpenQASM 3 uses a type, function or form that is not understood.

    The statement may well be valid. The functions that are understood are sin, cos, tan, arcsin,
    arccos, arctan, exp, log, sqrt, floor, ceiling, mod and pow, besides + - * / ** and %, of
    constants and of the parameters of a gate. Powers of a gate go up to 1000000000, and further
    if its eigenvalues are simple fractions of a turn, as those of h and cx are.
    """

    code = "DQC149"
    title = "unsupported statement"
    message = "{problem}"
    help = "write it in another way; dqc explain DQC141 lists what can be read"

    problem: str
