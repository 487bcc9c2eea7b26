"""Read the flat subset of OpenQASM 3 that node programs and logical.qasm are written in.

The grammar is in docs/reference/qasm-dialect.md. A general parser needs minutes for programs of
this size, so this one cuts the text at `;`, `{` and `}`, which is all the structure there is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from dqc_compiler.diagnostics.core import CompilerError, Place
from dqc_compiler.diagnostics.verify import MalformedProgram, RedefinedGate
from dqc_compiler.formats.expressions import evaluate
from dqc_compiler.formats.gate_bodies import implements
from dqc_compiler.ir.angles import Angle, is_fair, parameters_of
from dqc_compiler.ir.circuit import ONE_QUBIT_GATES, TWO_QUBIT_GATES, Circuit, Operation

Bit = tuple[str, int]
"""A qubit or classical bit: register and index."""

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_CHUNK = re.compile(r"[^;{}]*[;{}]")
_VERSION = re.compile(r"OPENQASM\s+3(?:\.0)?\Z")
_INCLUDE = re.compile(r'include\s+"stdgates\.inc"\Z')
_GATE_HEAD = re.compile(r"gate\s+(\w+)\s*(?:\(([^()]*)\))?\s*([\w\s,]+)\Z")
_DECLARATION = re.compile(r"(qubit|bit)(?:\s*\[\s*(\d+)\s*\])?\s+([A-Za-z_]\w*)\Z")
_GATE = re.compile(r"([A-Za-z_]\w*)\s*(?:\((.*)\)\s*|\s)([^()]+)\Z", re.DOTALL)
_MEASURE = re.compile(r"([^=]+?)\s*=\s*measure\s+(.+)\Z", re.DOTALL)
_DELAY = re.compile(r"delay\s*\[\s*(.+?)\s*ns\s*\]\s*(.+)\Z", re.DOTALL)
_IF = re.compile(r"if\s*\(\s*([^()=]+?)\s*(?:==\s*(true|false)\s*)?\)\Z")
_BIT = re.compile(r"([A-Za-z_]\w*)\s*(?:\[\s*(\d+)\s*\])?\Z")
_INPUT = re.compile(r"input\s+float(?:\s*\[\s*64\s*\])?\s+([^\W\d]\w*)\Z")

STANDARD_GATES = frozenset({*ONE_QUBIT_GATES, *TWO_QUBIT_GATES}) - {
    "u",
    "sxdg",
    "rxx",
    "ryy",
    "rzz",
    "rzx",
    "rzy",
}
"""Gates of the vocabulary that the include brings."""

_GATES = ONE_QUBIT_GATES | TWO_QUBIT_GATES | {"dqc_epr": 2}


class FlatStatement(NamedTuple):
    """One statement; `parameters` are radians, ns (`delay`), or link and pair (`dqc_epr`).

    Radians are angles where they depend on inputs that were not given a value.

    `condition` is a conjunction of (register, index, value): one literal per enclosing `if`.
    """

    name: str
    qubits: tuple[Bit, ...]
    parameters: tuple[float, ...] = ()
    writes: Bit | None = None
    condition: tuple[tuple[str, int, bool], ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class FlatProgram:
    """A parsed program: registers with their sizes in order of declaration, and its statements.

    `inputs` are the names of its parameters, whether they were given a value or not.
    """

    source: str
    qubit_registers: dict[str, int]
    bit_registers: dict[str, int]
    statements: tuple[FlatStatement, ...]
    inputs: tuple[str, ...] = ()


def read_flat_qasm(
    text: str, *, source: str, values: Mapping[str, float] | None = None
) -> FlatProgram:
    """Parse a program of the flat subset.

    Args:
        text: the program.
        source: display name of the file, for messages.
        values: of inputs; all others stay parameters.

    Raises:
        CompilerError: with `MalformedProgram` or `RedefinedGate`, naming file and line.
    """
    return _Reader(text, source, values or {}).run()


def circuit_from_flat(program: FlatProgram, *, name: str) -> Circuit:
    """The program as a circuit; qubits and bits keep the order of their declaration.

    Raises:
        CompilerError: with `MalformedProgram` if a statement has no place in a circuit.
    """
    qubits = _flatten(program.qubit_registers)
    bits = _flatten(program.bit_registers)
    rows = []
    for row in program.statements:
        if row.name == "dqc_epr":
            place = Place(file=program.source, line=row.line)
            raise CompilerError(MalformedProgram(place=place, reason="a circuit has no dqc_epr"))
        rows.append(
            Operation(
                row.name,
                tuple(qubits[q] for q in row.qubits),
                row.parameters,
                None if row.writes is None else bits[row.writes],
                tuple((bits[register, index], value) for register, index, value in row.condition),
                row.line,
            )
        )
    qubit_names, bit_names = ([f"{bit[0]}[{bit[1]}]" for bit in table] for table in (qubits, bits))
    return Circuit.from_operations(name, qubit_names, bit_names, rows, source=program.source)


def _flatten(registers: dict[str, int]) -> dict[Bit, int]:
    bits = [(name, index) for name, size in registers.items() for index in range(size)]
    return {bit: position for position, bit in enumerate(bits)}


class _Reader:
    def __init__(self, text: str, source: str, values: Mapping[str, float]) -> None:
        self.source = source
        self.values = values
        self.inputs: dict[str, float] = {}
        self.numbers: dict[str, float | None] = {}
        self.lines = text.split("\n")
        # Comments go first; those over several lines leave their line breaks behind.
        self.text = _COMMENT.sub(lambda found: "\n" * found.group().count("\n"), text)
        self.line = 1
        self.qubits: dict[str, int] = {}
        self.bits: dict[str, int] = {}
        self.gates = {"U"}
        self.statements: list[FlatStatement] = []
        self.condition: tuple[tuple[str, int, bool], ...] = ()
        self.definition: tuple[str, str, str] | None = None  # name, parameters, qubits
        self.body: list[str] = []
        self.known_bits: dict[str, Bit] = {}

    def fail(self, reason: str) -> NoReturn:
        text = self.lines[self.line - 1] if self.line <= len(self.lines) else None
        place = Place(file=self.source, line=self.line, text=text)
        raise CompilerError(MalformedProgram(place=place, reason=reason))

    def run(self) -> FlatProgram:
        position = 0
        next_line = 1
        for index, found in enumerate(_CHUNK.finditer(self.text)):
            chunk = found.group()
            position = found.end()
            body = chunk[:-1].strip()
            self.line = next_line
            if "\n" in chunk:
                next_line += chunk.count("\n")
                self.line += chunk[: len(chunk) - len(chunk.lstrip())].count("\n")
            if index == 0:
                self.version(body, chunk[-1])
            elif chunk[-1] == ";":
                self.statement(body)
            elif chunk[-1] == "{":
                self.open_block(body)
            else:
                self.close_block(body)
        self.line = self.text.rstrip().count("\n") + 1
        if self.text[position:].strip() or not position:
            self.fail("the text ends inside a statement")
        if self.condition or self.definition is not None:
            self.fail("a block is not closed")
        statements = tuple(self.statements)
        return FlatProgram(self.source, self.qubits, self.bits, statements, tuple(self.inputs))

    def version(self, body: str, end: str) -> None:
        if end != ";" or not _VERSION.match(body):
            self.fail("the first statement must be OPENQASM 3.0;")

    def open_block(self, head: str) -> None:
        if self.definition is not None:
            self.fail("a gate body holds gates only")
        if head.startswith("if"):
            self.condition = (*self.condition, self.literal(head))
            return
        found = _GATE_HEAD.match(head)
        if not found or self.condition:
            self.fail("only gate definitions and if (bit) open a block here")
        self.definition = (found[1], found[2] or "", found[3])
        self.body = []

    def literal(self, head: str) -> tuple[str, int, bool]:
        found = _IF.match(head)
        if not found:
            self.fail("a condition is one bit, or one bit == false")
        register, index = self.bit(found[1], self.bits)
        return register, index, found[2] != "false"

    def close_block(self, body: str) -> None:
        if body:
            self.fail("a statement before } lacks its ;")
        if self.definition is not None:
            self.define()
        elif self.condition:
            self.condition = self.condition[:-1]
        else:
            self.fail("there is no block to close")

    def define(self) -> None:
        assert self.definition is not None
        name, parameters, qubits = self.definition
        self.definition = None
        if name not in _GATES or name in self.gates:
            self.fail(f"gate {name} cannot be defined here")
        if not implements(name, _names(parameters), _names(qubits), self.body):
            place = Place(file=self.source, line=self.line)
            raise CompilerError(RedefinedGate(place=place, gate=name))
        self.gates.add(name)

    def statement(self, body: str) -> None:
        if self.definition is not None:
            self.body.append(body)
            return
        found = _GATE.match(body)
        # Most statements are gates; everything else has a keyword in the gate's place.
        if found and found[1] in self.gates:
            self.gate(found[1], found[2], found[3])
        elif self.condition:
            self.fail("the body of an if holds gates only")
        elif body.startswith(("qubit", "bit")):
            self.declare(body)
        elif body.startswith("input"):
            self.input(body)
        elif measured := _MEASURE.match(body):
            qubit = self.bit(measured[2], self.qubits)
            target = self.bit(measured[1], self.bits)
            self.statements.append(FlatStatement("measure", (qubit,), (), target, (), self.line))
        elif found and found[1] in ("reset", "barrier") and found[2] is None:
            self.reset_or_barrier(found[1], found[3])
        elif body == "barrier":
            everything = tuple((name, i) for name, n in self.qubits.items() for i in range(n))
            self.statements.append(FlatStatement("barrier", everything, line=self.line))
        elif delayed := _DELAY.match(body):
            qubit = self.bit(delayed[2], self.qubits)
            time = self.number(delayed[1])
            if parameters_of([time]):
                self.fail("a delay takes a number")
            self.statements.append(FlatStatement("delay", (qubit,), (time,), line=self.line))
        elif _INCLUDE.match(body):
            self.gates |= STANDARD_GATES
        else:
            self.fail("this is not a statement of the flat subset, or its gate is not defined")

    def gate(self, name: str, parameters: str | None, operands: str) -> None:
        values: tuple[float, ...] = ()
        if parameters is not None:
            values = tuple(self.number(part) for part in parameters.split(","))
        qubits = tuple([self.bit(part, self.qubits) for part in operands.split(",")])
        if name == "U":
            name = "u"
        if len(values) != _GATES[name] or len(qubits) != (2 if name in TWO_QUBIT_GATES else 1):
            self.fail(f"wrong number of parameters or qubits for {name}")
        if len(qubits) == 2 and qubits[0] == qubits[1]:
            self.fail(f"{name} uses a qubit twice")
        if name == "swap" and self.condition:
            self.fail("a swap renames qubits and stands outside of any if")
        is_pair = name == "dqc_epr"
        if is_pair and (
            self.condition or parameters_of(values) or any(v < 0 or v % 1 for v in values)
        ):
            self.fail("dqc_epr takes two natural numbers and stands outside of any if")
        self.statements.append(FlatStatement(name, qubits, values, None, self.condition, self.line))

    def declare(self, body: str) -> None:
        found = _DECLARATION.match(body)
        if not found:
            self.fail("a register is declared as qubit[size] name; or bit[size] name;")
        name, size = found[3], int(found[2] or 1)
        if self.is_declared(name) or size < 1:
            self.fail(f"register {name} is empty or declared twice")
        (self.qubits if found[1] == "qubit" else self.bits)[name] = size

    def input(self, body: str) -> None:
        found = _INPUT.match(body)
        if not found:
            self.fail("a parameter is declared as input float[64] name;")
        name = found[1]
        if self.is_declared(name) or name in self.gates or name == "pi":
            self.fail(f"parameter {name} is declared twice, or is the name of something else")
        self.inputs[name] = self.values[name] if name in self.values else Angle.of(name)
        self.numbers.clear()

    def is_declared(self, name: str) -> bool:
        return name in self.qubits or name in self.bits or name in self.inputs

    def reset_or_barrier(self, name: str, operands: str) -> None:
        qubits: list[Bit] = []
        for part in operands.split(","):
            register = part.strip()
            if register in self.qubits:
                qubits += [(register, index) for index in range(self.qubits[register])]
            else:
                qubits.append(self.bit(part, self.qubits))
        if len(set(qubits)) != len(qubits):
            self.fail(f"{name} names a qubit twice")
        groups = [tuple(qubits)] if name == "barrier" else [(qubit,) for qubit in qubits]
        self.statements += [FlatStatement(name, group, line=self.line) for group in groups]

    def bit(self, text: str, registers: dict[str, int]) -> Bit:
        known = self.known_bits.get(text)
        if known is not None and known[0] in registers:
            return known
        found = _BIT.match(text.strip())
        if not found:
            self.fail(f"{text.strip()!r} is not one qubit or bit")
        name, index = found[1], int(found[2] or 0)
        size = registers.get(name)
        if size is None or index >= size or (found[2] is None and size != 1):
            self.fail(f"there is no {text.strip()} among {', '.join(registers) or 'no registers'}")
        self.known_bits[text] = (name, index)
        return name, index

    def number(self, text: str) -> float:
        if text not in self.numbers:
            self.numbers[text] = evaluate(text, self.inputs)
        value = self.numbers[text]
        if value is None:
            self.fail(f"{text.strip()!r} is not a number")
        if isinstance(value, Angle) and not all(is_fair(factor) for _, factor in value.terms):
            self.fail(f"{text.strip()!r} is too small or too large a multiple of a parameter")
        return value


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
