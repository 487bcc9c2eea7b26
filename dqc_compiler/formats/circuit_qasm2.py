"""OpenQASM 2 into a Qiskit circuit, with the line of every instruction."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from qiskit import qasm2
from qiskit.circuit import CircuitError

from dqc_compiler.diagnostics.circuit import (
    CircuitSyntax,
    CircuitTooLong,
    InvalidStatement,
    UndefinedName,
)
from dqc_compiler.diagnostics.core import CompilerError, Diagnostic, Place
from dqc_compiler.formats.circuit_text import (
    MAX_BITS,
    MAX_INCLUDES,
    CircuitText,
    Parsed,
    located,
    read_included_text,
)
from dqc_compiler.formats.qasm2_places import (
    Include,
    declarations,
    declared_gates,
    includes,
    instruction_lines,
    without_comments,
    wrong_parameter_count,
)

STANDARD_INCLUDE = "qelib1.inc"

_MESSAGE = re.compile(r"(?P<file>.*?):(?P<line>\d+),(?P<column>\d+): (?P<problem>.*)", re.DOTALL)
_UNDEFINED = re.compile(
    r"'(\w+)' is not defined in this scope"
    r"|cannot use non-builtin custom instruction '(\w+)' before definition"
)
_LONE_EQUALS = re.compile(r"(?<!=)=(?!=)")
_GRAMMAR = re.compile(r"needed|unexpected|expected|doesn't match any valid tokens|unterminated")


def parse_qasm2(source: CircuitText) -> Parsed:
    """Parse OpenQASM 2.

    Returns:
        The circuit, and a line per instruction, or no lines if they are not known for certain.
        Conditions are part of the circuit.

    Raises:
        CompilerError: an include is refused, or the text is not a valid program.
    """
    own_files = _own_files(source)
    text = without_comments(source.text)
    bodies = {name: without_comments(file.text) for name, file in own_files.items()}
    _check_size(source, text)
    for name, body in bodies.items():
        _check_size(own_files[name], body)
    # A file's own definition of a gate counts, not the one that Qiskit has under the same name.
    declared = set[str]().union(*(declared_gates(body) for body in (text, *bodies.values())))
    known = [entry for entry in qasm2.LEGACY_CUSTOM_INSTRUCTIONS if entry.name not in declared]
    try:
        circuit = qasm2.loads(
            source.text,
            include_path=[source.directory] if own_files and source.directory else [],
            custom_instructions=known,
            custom_classical=qasm2.LEGACY_CUSTOM_CLASSICAL,
        )
    except (qasm2.QASM2ParseError, CircuitError) as error:
        raise CompilerError(_reworded(error.message, source, own_files)) from error
    except TypeError as error:  # a wrong number of parameters, which the parser lets through
        _check_parameters(source, text, known)
        problem = InvalidStatement(place=Place(file=source.name), problem=str(error))
        raise CompilerError(problem) from error
    for origin, body in ((source, text), *((own_files[name], bodies[name]) for name in bodies)):
        _check_parameters(origin, body, known)
    lines = instruction_lines(text, bodies.get)
    return Parsed(circuit, lines if len(lines) == len(circuit.data) else [], [], [])


def _own_files(source: CircuitText) -> dict[str, CircuitText]:
    """The files that a circuit includes, by the names it gives them, at any depth.

    They are looked for beside the circuit, also when an included file names them.
    """
    found: dict[str, CircuitText] = {}
    left: list[tuple[CircuitText, Include, tuple[str, ...]]] = [
        (source, include, (source.name,)) for include in _includes(source)
    ]
    visits = 0
    while left:
        origin, include, open_files = left.pop()
        place = origin.place_of(include.offset, width=len(include.file))
        visits += 1
        if visits > MAX_INCLUDES:
            raise CompilerError(
                CircuitTooLong(place=place, limit=MAX_INCLUDES, what="included files")
            )
        if include.file in open_files:
            problem = f"{include.file} includes itself"
            raise CompilerError(InvalidStatement(place=place, problem=problem))
        if include.file not in found:
            try:
                inner = read_included_text(source, include.file, standard=STANDARD_INCLUDE)
            except CompilerError as error:
                raise located(error, place) from error
            found[include.file] = inner
        inner = found[include.file]
        left += [(inner, entry, (*open_files, include.file)) for entry in _includes(inner)]
    return found


def _includes(source: CircuitText) -> list[Include]:
    found = includes(without_comments(source.text))
    return [include for include in found if include.file != STANDARD_INCLUDE]


def _check_size(source: CircuitText, text: str) -> None:
    bits = 0
    for offset, size in declarations(text):
        bits += size
        if bits > MAX_BITS:
            place = source.place_of(offset)
            raise CompilerError(CircuitTooLong(place=place, limit=MAX_BITS, what="bits"))


def _check_parameters(
    source: CircuitText, text: str, known: Iterable[qasm2.CustomInstruction]
) -> None:
    """Check what the parser does not: the number of parameters of the gates Qiskit brings."""
    counts = {"U": 3, "CX": 0} | {entry.name: entry.num_params for entry in known}
    found = wrong_parameter_count(text, counts)
    if found is not None:
        offset, name = found
        problem = f"the number of parameters of {name} is {counts[name]}"
        raise CompilerError(InvalidStatement(place=source.place_of(offset), problem=problem))


def _reworded(message: str, source: CircuitText, own_files: dict[str, CircuitText]) -> Diagnostic:
    match = _MESSAGE.fullmatch(message)
    if match is None:
        return _without_place(message, source)
    # The parser names an included file by the end of its path, and the circuit itself "<input>".
    names = (name for name in own_files if Path(name).name == Path(match["file"]).name)
    origin = own_files.get(next(names, ""), source)
    problem = match["problem"]
    # The end of the text is reported where the last statement begins.
    line = sys.maxsize if "end-of-file" in problem else int(match["line"])
    place = origin.place(line, int(match["column"]) + 1)
    undefined = _UNDEFINED.fullmatch(problem)
    if undefined:
        standard = f'include "{STANDARD_INCLUDE}";'
        name = undefined.group(1) or undefined.group(2)
        return UndefinedName(place=place, name=name, standard=standard)
    if _GRAMMAR.search(problem):
        return CircuitSyntax(place=place, problem=problem)
    return InvalidStatement(place=place, problem=problem)


def _without_place(message: str, source: CircuitText) -> Diagnostic:
    """The few messages in which the parser names no line."""
    lone = _LONE_EQUALS.search(without_comments(source.text))
    if "single equals" in message and lone is not None:
        problem = "a single = means nothing in OpenQASM 2"
        return CircuitSyntax(place=source.place_of(lone.start()), problem=problem)
    return InvalidStatement(place=Place(file=source.name), problem=message)
