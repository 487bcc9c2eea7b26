"""OpenQASM 2 into a Qiskit circuit, with the line of every instruction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from qiskit import QuantumCircuit, qasm2
from qiskit.circuit import CircuitError

from dqc_compiler.diagnostics.circuit import (
    CircuitSyntax,
    CircuitTooLong,
    InvalidStatement,
    UndefinedName,
)
from dqc_compiler.diagnostics.core import CompilerError, Diagnostic, Place
from dqc_compiler.formats.circuit_conditions import Cube
from dqc_compiler.formats.circuit_text import CircuitText, located, read_included_text
from dqc_compiler.formats.qasm2_places import (
    declared_bits,
    declared_gates,
    includes,
    instruction_lines,
    without_comments,
)

MAX_BITS = 1_000_000
STANDARD_INCLUDE = "qelib1.inc"

_MESSAGE = re.compile(r"\"?(?P<file>.*?):(?P<line>\d+),(?P<column>\d+): (?P<problem>.*?)\"?")
_UNDEFINED = re.compile(r"'(\w+)' is not defined in this scope")
_GRAMMAR = re.compile(r"needed|unexpected|expected|doesn't match any valid tokens|unterminated")


def parse_qasm2(source: CircuitText) -> tuple[QuantumCircuit, list[int], list[Cube]]:
    """Parse OpenQASM 2.

    Returns:
        The circuit, a line per instruction or no lines if they are not known for certain, and an
        empty list: conditions are part of the circuit.

    Raises:
        CompilerError: an include is refused, or the text is not a valid program.
    """
    texts = {source.name: without_comments(source.text)}
    own_files = dict(_included_files(source, (source.name,)))
    texts |= {name: without_comments(text.text) for name, text in own_files.items()}
    bits = sum(declared_bits(text) for text in texts.values())
    if bits > MAX_BITS:
        raise CompilerError(
            CircuitTooLong(place=Place(file=source.name), limit=MAX_BITS, what="bits")
        )
    # A file's own definition of a gate counts, not the one that Qiskit has under the same name.
    declared = set[str]().union(*(declared_gates(text) for text in texts.values()))
    known = [entry for entry in qasm2.LEGACY_CUSTOM_INSTRUCTIONS if entry.name not in declared]
    try:
        circuit = qasm2.loads(
            source.text,
            include_path=[source.directory] if own_files and source.directory else [],
            custom_instructions=known,
            custom_classical=qasm2.LEGACY_CUSTOM_CLASSICAL,
        )
    except (qasm2.QASM2ParseError, CircuitError) as error:
        raise CompilerError(_reworded(str(error), source, own_files)) from error
    lines = instruction_lines(
        texts[source.name], lambda name: texts[name] if name in own_files else None
    )
    return circuit, lines if len(lines) == len(circuit.data) else [], []


def _included_files(
    source: CircuitText, open_files: tuple[str, ...]
) -> Iterator[tuple[str, CircuitText]]:
    """The files that a circuit includes, by the names it gives them, at any depth.

    They are looked for beside the circuit, also when an included file names them.
    """
    for include in includes(without_comments(source.text)):
        if include.file == STANDARD_INCLUDE:
            continue
        place = source.place_of(include.offset)
        try:
            inner = read_included_text(source, include.file, standard=STANDARD_INCLUDE)
        except CompilerError as error:
            raise located(error, place) from error
        if include.file in open_files:
            problem = f"{include.file} includes itself"
            raise CompilerError(InvalidStatement(place=place, problem=problem))
        yield include.file, inner
        yield from _included_files(inner, (*open_files, include.file))


def _reworded(message: str, source: CircuitText, own_files: dict[str, CircuitText]) -> Diagnostic:
    match = _MESSAGE.fullmatch(message)
    if match is None:
        return InvalidStatement(place=Place(file=source.name), problem=message.strip('"'))
    # The parser names included files by their path, and the circuit itself "<input>".
    origin = own_files.get(Path(match["file"]).name, source)
    place = origin.place(int(match["line"]), int(match["column"]) + 1)
    problem = match["problem"].replace('\\"', '"')
    undefined = _UNDEFINED.fullmatch(problem)
    if undefined:
        return UndefinedName(
            place=place, name=undefined.group(1), standard=f'include "{STANDARD_INCLUDE}";'
        )
    if _GRAMMAR.search(problem):
        return CircuitSyntax(place=place, problem=problem)
    return InvalidStatement(place=place, problem=problem)
