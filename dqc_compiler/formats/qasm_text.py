"""Write circuits and node programs as flat OpenQASM 3, one statement a line."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

from dqc_compiler.formats.gate_definitions import GATE_DEFINITIONS
from dqc_compiler.ir import Circuit, DistributedProgram, Parameter, Register
from dqc_compiler.ir.angles import Angle, parameters_of

_DENOMINATORS = (1, 2, 3, 4, 6, 8, 16, 32, 64)
_RESERVED_WORDS = (
    "OPENQASM include defcalgrammar def cal defcal gate extern box let break continue if else "
    "end return for while in switch case default pragma input output const readonly mutable "
    "qreg qubit creg bool bit int uint float angle complex array void duration stretch gphase "
    "inv pow ctrl negctrl dim durationof delay reset measure barrier true false im pi tau "
    "euler U CX p x y z h s sdg t tdg sx sxdg rx ry rz cx cy cz cp crx cry crz ch swap ccx "
    "cswap cu phase cphase id u1 u2 u3 rxx ryy rzz rzx rzy dqc_epr data comm out sin cos tan "
    "arcsin arccos arctan exp log sqrt ceiling floor mod popcount rotl rotr real imag sizeof "
)
RESERVED = frozenset(_RESERVED_WORDS.split())
"""Words that cannot name a register: keywords, built-in functions and constants, gates, ours."""


_HEADING = re.compile(
    r'^// dqc-program 1: node (\S+) of "(.*)"((?:; link \d+ = [^\s;-]+-[^\s;-]+)*)$', re.MULTILINE
)
_LINK = re.compile(r"; link (\d+) = ([^\s;-]+)-([^\s;-]+)")


@dataclass(frozen=True, slots=True)
class Heading:
    """What the first comment of a node's program says: whose it is, and between whom links are."""

    node: str
    circuit: str
    links: Mapping[int, tuple[str, str]]

    def __str__(self) -> str:
        links = (f"link {number} = {a}-{b}" for number, (a, b) in self.links.items())
        return "; ".join([f'dqc-program 1: node {self.node} of "{self.circuit}"', *links])

    @classmethod
    def find(cls, text: str) -> Heading | None:
        """The heading of a program, None if it has none."""
        found = _HEADING.search(text)
        if found is None:
            return None
        links = {int(number): (a, b) for number, a, b in _LINK.findall(found[3])}
        return cls(found[1], found[2], links)

    def metadata(self, registers: Iterable[str]) -> dict[str, Any]:
        """The same, and the channels among these registers, as data that JSON can hold."""
        channels = {}
        for name in registers:
            sender, between, receivers = name.partition("_to_")
            if between:
                channels[name] = {"from": sender, "to": receivers.split("__")}
        links = [{"link": number, "between": [*ends]} for number, ends in self.links.items()]
        return {
            "dqc_program": 1,
            "node": self.node,
            "circuit": self.circuit,
            "links": links,
            "channels": channels,
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> Heading:
        """The heading that has this metadata.

        Raises:
            KeyError, TypeError, ValueError: if none has.
        """
        if metadata["dqc_program"] != 1:
            raise ValueError("another version")
        links = {int(each["link"]): tuple(map(str, each["between"])) for each in metadata["links"]}
        found = cls(metadata["node"], metadata["circuit"], links)  # type: ignore[arg-type]
        if cls.find(f"// {found}") != found:
            raise ValueError("names that no heading can hold")
        return found


@lru_cache(maxsize=65536)
def angle_text(value: float) -> str:
    """`value` as an expression that evaluates to exactly the same double.

    Multiples of pi by small fractions are written as such where that is exact; people read these.
    An angle that depends on parameters becomes an expression with exactly the same coefficients.
    """
    if isinstance(value, Angle):
        return _affine_text(value)
    for denominator in _DENOMINATORS:
        numerator = round(value * denominator / math.pi)
        if numerator and abs(numerator) < 1000 and numerator * math.pi / denominator == value:
            sign = "-" if numerator < 0 else ""
            factor = "" if abs(numerator) == 1 else f"{abs(numerator)}*"
            divisor = "" if denominator == 1 else f"/{denominator}"
            return f"{sign}{factor}pi{divisor}"
    return repr(float(value))


def _affine_text(angle: Angle) -> str:
    """Terms in order of their names, and the constant."""
    parts = [(factor < 0, _term_text(abs(factor), name)) for name, factor in angle.terms]
    if angle.constant:
        parts.append((angle.constant < 0, angle_text(abs(angle.constant))))
    (is_negative, first), *others = parts
    text = f"-{first}" if is_negative else first
    return text + "".join(f" {'-' if sign else '+'} {part}" for sign, part in others)


def _term_text(factor: float, name: str) -> str:
    if factor == 1:
        return name
    divisor = round(1 / factor) if factor >= 1e-3 else 0
    if divisor > 1 and 1 / divisor == factor:
        return f"{name}/{divisor}"
    number = f"{factor:.0f}" if factor < 1e6 and factor == round(factor) else angle_text(factor)
    return f"{number}*{name}"


def statement_text(
    name: str,
    qubits: Sequence[str],
    parameters: Sequence[float] = (),
    *,
    target: str | None = None,
    condition: Iterable[tuple[str, bool]] = (),
) -> str:
    """One statement, wrapped into an `if` per literal of its condition."""
    if name == "measure":
        text = f"{target} = measure {qubits[0]};"
    elif name == "delay":
        text = f"delay[{parameters[0]!r}ns] {qubits[0]};"
    else:
        word = "U" if name == "u" else name
        angles = f"({', '.join(map(angle_text, parameters))})" if parameters else ""
        text = f"{word}{angles} {', '.join(qubits)};"
    for bit, value in reversed(list(condition)):
        text = f"if ({bit}) {{ {text} }}" if value else f"if ({bit} == false) {{ {text} }}"
    return text


def _inputs(parameters: Iterable[Parameter], used: Iterable[str]) -> list[str]:
    """The declarations of the parameters that a program uses, in order of the circuit."""
    names = set(used)
    return [f"input float[64] {p.identifier};" for p in parameters if p.identifier in names]


def header(comments: Iterable[str], used: set[str]) -> list[str]:
    """The first lines: version, include, comments, and definitions of the gates that need one."""
    definitions = [GATE_DEFINITIONS[name] for name in GATE_DEFINITIONS if name in used]
    notes = [f"// {line}" for line in comments]
    return ["OPENQASM 3.0;", 'include "stdgates.inc";', *notes, *definitions]


def _registers(
    names: Sequence[str], fallback: str, taken: frozenset[str] = frozenset()
) -> list[tuple[str, int]]:
    """Group "name[0]", "name[1]", ... into (register, size); a loose bit is a register of its own.

    Names that are not in such an order become one register called `fallback`, because the order of
    the bits is what the file has to keep. Names that are reserved or `taken` get a trailing `_`.
    """
    groups: list[tuple[str, int]] = []
    for base, members in groupby(names, key=lambda name: name.split("[", maxsplit=1)[0]):
        found = list(members)
        if found not in ([base], [f"{base}[{i}]" for i in range(len(found))]):
            return [(fallback, len(names))]
        groups.append((base + "_" * (base in RESERVED or base in taken), len(found)))
    if len({base for base, _ in groups}) != len(groups):
        return [(fallback, len(names))]
    return groups


def register_names(qubits: Sequence[str], clbits: Sequence[str]) -> list[str]:
    """What the registers of a circuit are called in logical.qasm, those of qubits first."""
    found = [name for name, _ in _registers(qubits, "q_")]
    return found + [name for name, _ in _registers(clbits, "c_", frozenset(found))]


def qubit_names(circuit: Circuit) -> list[str]:
    """What the circuit's qubits are called in logical.qasm."""
    return [f"{name}[{i}]" for name, size in _registers(circuit.qubits, "q_") for i in range(size)]


def circuit_text(circuit: Circuit) -> str:
    """logical.qasm: the circuit that was distributed, in the flat subset of OpenQASM 3."""
    qubit_registers = _registers(circuit.qubits, "q_")
    taken = frozenset(name for name, _ in qubit_registers)
    clbit_registers = _registers(circuit.clbits, "c_", taken)
    qubits = qubit_names(circuit)
    clbits = [f"{name}[{i}]" for name, size in clbit_registers for i in range(size)]
    lines = []
    used: set[str] = set()
    for row in circuit.operations():
        used.add(row.name)
        lines.append(
            statement_text(
                row.name,
                [qubits[q] for q in row.qubits],
                row.parameters,
                target=None if row.clbit is None else clbits[row.clbit],
                condition=[(clbits[bit], value) for bit, value in row.condition],
            )
        )
    declarations = _inputs(circuit.parameters, parameters_of(circuit.angles))
    declarations += [f"qubit[{size}] {name};" for name, size in qubit_registers]
    declarations += [f"bit[{size}] {name};" for name, size in clbit_registers]
    head = header([f'the circuit "{circuit.name}" as it was distributed'], used)
    return "\n".join([*head, *declarations, *lines]) + "\n"


def program_texts(program: DistributedProgram) -> tuple[str, ...]:
    """The programs of all nodes in network order, in "dqc-program 1"."""
    nodes = range(len(program.network.nodes))
    cell_names = [_cell_names(program, node) for node in nodes]
    register_names = [program.register_name(r) for r in range(len(program.registers))]
    lines: list[list[str]] = [[] for _ in nodes]
    used: list[set[str]] = [set() for _ in nodes]
    inputs: list[set[str]] = [set() for _ in nodes]
    for row in program.statements():
        used[row.node].add(row.name)
        if program.angles:
            inputs[row.node].update(parameters_of(row.parameters))
        parameters: Sequence[float] = row.parameters
        names = [cell_names[row.node](q) for q in row.qubits]
        if row.name == "dqc_epr":
            lines[row.node].append(f"dqc_epr({row.link}, {row.pair}) {names[0]};")
            continue
        target = None
        if row.writes is not None:
            target = f"{register_names[row.writes[0]]}[{row.writes[1]}]"
        condition = [(f"{register_names[r]}[{i}]", value) for r, i, value in row.condition]
        lines[row.node].append(
            statement_text(row.name, names, parameters, target=target, condition=condition)
        )
    links = links_at(program)
    names_of_nodes = [entry.name for entry in program.network.nodes]
    return tuple(
        "\n".join(
            [
                *header(
                    [str(Heading(names_of_nodes[node], program.name, links[node]))], used[node]
                ),
                *_inputs(program.parameters, inputs[node]),
                *_declarations(program, node, register_names),
                *lines[node],
            ]
        )
        + "\n"
        for node in nodes
    )


def _cell_names(program: DistributedProgram, node: int) -> Callable[[int], str]:
    data = int(program.data_qubits[node])
    return lambda cell: f"data[{cell}]" if cell < data else f"comm[{cell - data}]"


def links_at(program: DistributedProgram) -> list[dict[int, tuple[str, str]]]:
    """For each node the links that end there, by number, as names of their ends."""
    names = [entry.name for entry in program.network.nodes]
    links: list[dict[int, tuple[str, str]]] = [{} for _ in names]
    for index, (a, b) in enumerate(link.between for link in program.network.links):
        for node in (a, b):
            links[node][index] = names[a], names[b]
    return links


def _declarations(
    program: DistributedProgram, node: int, register_names: Sequence[str]
) -> list[str]:
    lines = []
    if program.data_qubits[node]:
        lines.append(f"qubit[{program.data_qubits[node]}] data;")
    if program.comm_qubits[node]:
        lines.append(f"qubit[{program.comm_qubits[node]}] comm;")
    for name, register in zip(register_names, program.registers, strict=True):
        if _is_used_at(register, node):
            lines.append(f"bit[{register.size}] {name};")
    return lines


def _is_used_at(register: Register, node: int) -> bool:
    return node == register.sender or node in register.receivers
