"""Small correct node programs, one per way of sharing a qubit, written by hand."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from dqc_compiler.formats.flat_qasm import circuit_from_flat, read_flat_qasm
from dqc_compiler.formats.gate_definitions import GATE_DEFINITIONS
from dqc_compiler.ir import Circuit, Link, Network, Node
from dqc_compiler.verify.programs import ProgramSet


@dataclass(frozen=True)
class Case:
    """A circuit and programs for it: statements per node, without declarations."""

    name: str
    circuit: tuple[str, ...]
    programs: dict[str, tuple[str, ...]]
    start: tuple[tuple[str, int], ...]
    end: tuple[tuple[str, int], ...]
    clbits: tuple[tuple[str, int] | None, ...] = ()

    def edited(self, node: str, statements: list[str]) -> Case:
        return replace(self, programs=self.programs | {node: tuple(statements)})


def lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines() if line.strip())


def case(name, circuit, start, end=None, clbits=(), **programs) -> Case:
    """Programs and circuit as blocks of text, positions as "a0 b1"."""

    def positions(text):
        return tuple((word.rstrip("0123456789"), int(re.sub(r"\D", "", word))) for word in text)

    start_positions = positions(start.split())
    return Case(
        name,
        lines(circuit),
        {node: lines(text) for node, text in programs.items()},
        start_positions,
        start_positions if end is None else positions(end.split()),
        positions(clbits),
    )


def circuit_of(given: Case) -> Circuit:
    body = "\n".join(given.circuit)
    bits = [int(index) for index in re.findall(r"\bc\[(\d+)\]", body)]
    declared = f"bit[{max(bits) + 1}] c;\n" if bits else ""
    text = (
        f'OPENQASM 3.0;\ninclude "stdgates.inc";\n{definitions(body)}'
        f"qubit[{len(given.start)}] q;\n{declared}{body}\n"
    )
    return circuit_from_flat(read_flat_qasm(text, source="circuit.qasm"), name=given.name)


def definitions(body: str) -> str:
    used = set(re.findall(r"\b\w+\b", body))
    return "".join(text + "\n" for name, text in GATE_DEFINITIONS.items() if name in used)


def network_of(given: Case) -> Network:
    """All-to-all, links in order of pairs of nodes, with as many qubits as the programs use."""
    names = list(given.programs)
    nodes = []
    for name, body in given.programs.items():
        data, comm = (_size(register, body) for register in ("data", "comm"))
        for node, index in (*given.start, *given.end):
            data = max(data, index + 1) if node == name else data
        nodes.append(Node(name=name, data_qubits=data, comm_qubits=comm))
    ends = [(a, b) for a in range(len(names)) for b in range(a + 1, len(names))]
    return Network(tuple(nodes), tuple(Link(between=pair) for pair in ends))


def _size(register: str, body) -> int:
    found = re.findall(rf"\b{register}\[(\d+)\]", "\n".join(body))
    return max((int(index) + 1 for index in found), default=0)


def texts_of(given: Case) -> tuple[str, ...]:
    """Complete node programs."""
    everything = [line for body in given.programs.values() for line in body]
    channels = sorted(set(re.findall(r"\b\w+_to_\w+\b", "\n".join(everything))))
    network = network_of(given)
    texts = []
    for node, (name, body) in zip(network.nodes, given.programs.items(), strict=True):
        head = ["OPENQASM 3.0;", 'include "stdgates.inc";', definitions("\n".join(body)).strip()]
        for register, size in (("data", node.data_qubits), ("comm", node.comm_qubits)):
            head += [f"qubit[{size}] {register};"] if size else []
        out = _size("out", body)
        head += [f"bit[{out}] out;"] if out else []
        for channel in channels:
            sender, receivers = channel.split("_to_")
            if name == sender or name in receivers.split("__"):
                head.append(f"bit[{_size(channel, everything)}] {channel};")
        texts.append("\n".join([*head, *body]) + "\n")
    return tuple(texts)


def task_of(given: Case) -> ProgramSet:
    network = network_of(given)
    number = {node.name: index for index, node in enumerate(network.nodes)}
    programs = tuple(
        read_flat_qasm(text, source=f"nodes/{node.name}.qasm")
        for node, text in zip(network.nodes, texts_of(given), strict=True)
    )
    circuit = circuit_of(given)

    def place(position):
        return None if position is None else (number[position[0]], position[1])

    clbits = [place(position) for position in given.clbits]
    return ProgramSet(
        network=network,
        programs=programs,
        qubits=circuit.qubits,
        clbit_names=circuit.clbits,
        start=tuple(map(place, given.start)),
        end=tuple(map(place, given.end)),
        clbits=tuple(clbits),
    )


def _open(axis: str, root: str, *, link: int, pair: int, comm: int = 0, bit: str) -> str:
    """The sender's part: a copy of a root of axis X, Y or Z."""
    return f"""
        reset comm[{comm}];
        dqc_epr({link}, {pair}) comm[{comm}];
        c{axis.lower()} comm[{comm}], {root};
        h comm[{comm}];
        {bit} = measure comm[{comm}];
    """


def _receive(*, link: int, pair: int, comm: int = 0, bit: str) -> str:
    return f"""
        reset comm[{comm}];
        dqc_epr({link}, {pair}) comm[{comm}];
        h comm[{comm}];
        if ({bit}) {{ x comm[{comm}]; }}
    """


def _close(*, comm: int = 0, bit: str) -> str:
    return f"""
        h comm[{comm}];
        {bit} = measure comm[{comm}];
    """


def _packet(axis: str) -> Case:
    turn = {"X": "rx", "Y": "ry", "Z": "rz"}[axis]
    # The root of axis P takes part as P, so the circuit has gates P(x)Q and the copy Z(x)Q.
    gates = {
        "X": ("rxx(0.7)", "rzx(-1.1)"),
        "Y": ("ryy(0.7)", "rzy(-1.1)"),
        "Z": ("rzx(0.7)", "rzz(-1.1)"),
    }
    first, second = gates[axis]
    local = {
        "X": ("rzx(0.7)", "rzz(-1.1)"),
        "Y": ("rzy(0.7)", "rzz(-1.1)"),
        "Z": ("rzx(0.7)", "rzz(-1.1)"),
    }
    order = "q[0], q[1]" if axis == "Z" else "q[1], q[0]"
    return case(
        f"packet {axis}",
        f"""
        u_before
        {first} q[0], q[1];
        {turn}(0.4) q[0];
        {second} {order};
        """.replace("u_before", "U(0.3, 0.5, -0.8) q[0];"),
        "a0 b0",
        a="U(0.3, 0.5, -0.8) data[0];"
        + _open(axis, "data[0]", link=0, pair=0, bit="a_to_b[0]")
        + f"{turn}(0.4) data[0];\nif (b_to_a[0]) {{ {axis.lower()} data[0]; }}",
        b=_receive(link=0, pair=0, bit="a_to_b[0]")
        + f"{local[axis][0]} comm[0], data[0];\n{local[axis][1]} comm[0], data[0];"
        + _close(bit="b_to_a[0]"),
    )


CASES: tuple[Case, ...] = (
    _packet("X"),
    _packet("Y"),
    _packet("Z"),
    case(
        "both copies at a third node",
        "h q[0];\ncp(0.9) q[0], q[1];\nrx(0.2) q[0];",
        "a0 b0",
        a="h data[0];"
        + _open("Z", "data[0]", link=1, pair=0, bit="a_to_c[0]")
        + "if (c_to_a[0]) { z data[0]; }\nrx(0.2) data[0];",
        b=_open("Z", "data[0]", link=2, pair=1, bit="b_to_c[0]") + "if (c_to_b[0]) { z data[0]; }",
        c=_receive(link=1, pair=0, bit="a_to_c[0]")
        + _receive(link=2, pair=1, comm=1, bit="b_to_c[0]")
        + "cp(0.9) comm[0], comm[1];"
        + _close(bit="c_to_a[0]")
        + _close(comm=1, bit="c_to_b[0]"),
    ),
    case(
        "teleport",
        "U(0.3, 0.5, -0.8) q[0];\nry(0.4) q[0];\ncx q[0], q[1];",
        "a0 b0",
        "b1 b0",
        a="U(0.3, 0.5, -0.8) data[0];"
        + _open("Z", "data[0]", link=0, pair=0, bit="a_to_b[0]")
        + "h data[0];\na_to_b[1] = measure data[0];",
        b=_receive(link=0, pair=0, bit="a_to_b[0]")
        + """
        if (a_to_b[1]) { z comm[0]; }
        swap comm[0], data[1];
        ry(0.4) data[1];
        cx data[1], data[0];
        """,
    ),
    case(
        "free home change Y",
        "ryy(0.6) q[0], q[1];\nU(0.4, 0.2, 0.9) q[0];\ncz q[0], q[1];",
        "a0 b0",
        "b1 b0",
        a=_open("Y", "data[0]", link=0, pair=0, bit="a_to_b[0]") + "a_to_b[1] = measure data[0];",
        b=_receive(link=0, pair=0, bit="a_to_b[0]")
        + """
        rzy(0.6) comm[0], data[0];
        if (a_to_b[1]) { z comm[0]; }
        h comm[0];
        s comm[0];
        swap comm[0], data[1];
        U(0.4, 0.2, 0.9) data[1];
        cz data[1], data[0];
        """,
    ),
    case(
        "free home change X",
        "rxx(0.6) q[0], q[1];\nU(0.4, 0.2, 0.9) q[0];\ncz q[0], q[1];",
        "a0 b0",
        "b1 b0",
        a=_open("X", "data[0]", link=0, pair=0, bit="a_to_b[0]") + "a_to_b[1] = measure data[0];",
        b=_receive(link=0, pair=0, bit="a_to_b[0]")
        + """
        rzx(0.6) comm[0], data[0];
        if (a_to_b[1]) { z comm[0]; }
        h comm[0];
        swap comm[0], data[1];
        U(0.4, 0.2, 0.9) data[1];
        cz data[1], data[0];
        """,
    ),
    case(
        "move while a copy at b lives",
        "cz q[0], q[1];\ncp(0.3) q[0], q[2];\nrzz(0.8) q[0], q[1];\nh q[0];\ncx q[0], q[2];",
        "a0 b0 c0",
        "c1 b0 c0",
        a=_open("Z", "data[0]", link=0, pair=0, bit="a_to_b[0]")
        + _open("Z", "data[0]", link=1, pair=1, bit="a_to_c[0]")
        + "h data[0];\na_to_c[1] = measure data[0];",
        b=_receive(link=0, pair=0, bit="a_to_b[0]")
        + "cz comm[0], data[0];\nrzz(0.8) comm[0], data[0];"
        + _close(bit="b_to_c[0]"),
        c=_receive(link=1, pair=1, bit="a_to_c[0]")
        + """
        if (a_to_c[1]) { z comm[0]; }
        swap data[1], comm[0];
        cp(0.3) data[1], data[0];
        if (b_to_c[0]) { z data[1]; }
        h data[1];
        cx data[1], data[0];
        """,
    ),
    case(
        "cat tree",
        "h q[0];\ncz q[0], q[1];\ncp(0.3) q[0], q[2];\nh q[0];",
        "a0 m0 b0",
        a="h data[0];"
        + _open("Z", "data[0]", link=0, pair=0, bit="a_to_m__b[0]")
        + "if (m_to_a[0]) { z data[0]; }\nif (b_to_a[0]) { z data[0]; }\nh data[0];",
        m="""
        reset comm[0];
        dqc_epr(0, 0) comm[0];
        h comm[0];
        reset comm[1];
        dqc_epr(2, 1) comm[1];
        cx comm[0], comm[1];
        m_to_b[0] = measure comm[1];
        if (a_to_m__b[0]) { x comm[0]; }
        cz comm[0], data[0];
        """
        + _close(bit="m_to_a[0]"),
        b="""
        reset comm[0];
        dqc_epr(2, 1) comm[0];
        if (a_to_m__b[0]) { x comm[0]; }
        if (m_to_b[0]) { x comm[0]; }
        cp(0.3) comm[0], data[0];
        """
        + _close(bit="b_to_a[0]"),
    ),
    case(
        "entanglement swap",
        "rzx(0.7) q[0], q[1];\nh q[0];",
        "a0 b0",
        a=_open("Z", "data[0]", link=1, pair=0, bit="a_to_b[0]")
        + "if (b_to_a[0]) { z data[0]; }\nh data[0];",
        b="""
        reset comm[0];
        dqc_epr(2, 1) comm[0];
        if (r_to_b[1]) { x comm[0]; }
        if (r_to_b[0]) { z comm[0]; }
        h comm[0];
        if (a_to_b[0]) { x comm[0]; }
        rzx(0.7) comm[0], data[0];
        """
        + _close(bit="b_to_a[0]"),
        r="""
        reset comm[0];
        dqc_epr(1, 0) comm[0];
        reset comm[1];
        dqc_epr(2, 1) comm[1];
        cx comm[0], comm[1];
        h comm[0];
        r_to_b[0] = measure comm[0];
        r_to_b[1] = measure comm[1];
        """,
    ),
    case(
        "purified packet",
        "rzz(0.7) q[0], q[1];\nh q[0];",
        "a0 b0",
        a="""
        reset comm[0];
        dqc_epr(0, 0) comm[0];
        reset comm[1];
        dqc_epr(0, 1) comm[1];
        cx comm[0], comm[1];
        a_to_b[0] = measure comm[1];
        if (b_to_a[0]) { id comm[0]; }
        cz comm[0], data[0];
        h comm[0];
        a_to_b[1] = measure comm[0];
        if (b_to_a[1]) { z data[0]; }
        h data[0];
        """,
        b="""
        reset comm[0];
        dqc_epr(0, 0) comm[0];
        reset comm[1];
        dqc_epr(0, 1) comm[1];
        cx comm[0], comm[1];
        b_to_a[0] = measure comm[1];
        if (a_to_b[0]) { id comm[0]; }
        h comm[0];
        if (a_to_b[1]) { x comm[0]; }
        rzz(0.7) comm[0], data[0];
        """
        + _close(bit="b_to_a[1]"),
    ),
    case(
        "X inside a segment",
        "cp(0.5) q[0], q[1];\nx q[0];\ncp(0.9) q[0], q[1];\nh q[0];",
        "a0 b0",
        a=_open("Z", "data[0]", link=0, pair=0, bit="a_to_b[0]")
        + "x data[0];\nif (b_to_a[0]) { z data[0]; }\nh data[0];",
        b=_receive(link=0, pair=0, bit="a_to_b[0]")
        + "cp(0.5) comm[0], data[0];\nx comm[0];\ncp(0.9) comm[0], data[0];"
        + _close(bit="b_to_a[0]"),
    ),
    case(
        "remote swap with one comm qubit each",
        "cx q[0], q[1];\ncx q[1], q[0];\ncx q[0], q[1];\nrx(0.3) q[0];",
        "a0 b0",
        a=_open("Z", "data[0]", link=0, pair=0, bit="a_to_b[0]")
        + "if (b_to_a[0]) { z data[0]; }"
        + _open("X", "data[0]", link=0, pair=1, bit="a_to_b[1]")
        + "if (b_to_a[1]) { x data[0]; }"
        + _open("Z", "data[0]", link=0, pair=2, bit="a_to_b[2]")
        + "if (b_to_a[2]) { z data[0]; }\nrx(0.3) data[0];",
        b=_receive(link=0, pair=0, bit="a_to_b[0]")
        + "cx comm[0], data[0];"
        + _close(bit="b_to_a[0]")
        + _receive(link=0, pair=1, bit="a_to_b[1]")
        + "cz comm[0], data[0];"
        + _close(bit="b_to_a[1]")
        + _receive(link=0, pair=2, bit="a_to_b[2]")
        + "cx comm[0], data[0];"
        + _close(bit="b_to_a[2]"),
    ),
    case(
        "measurement, condition and reset",
        """
        h q[0];
        cx q[0], q[1];
        c[0] = measure q[0];
        if (c[0]) { x q[1]; }
        ry(0.3) q[1];
        c[1] = measure q[1];
        reset q[0];
        if (c[0]) { if (c[1] == false) { rx(0.4) q[0]; } }
        """,
        "a0 b0",
        clbits=("a0", "b0"),
        a="h data[0];"
        + _open("Z", "data[0]", link=0, pair=0, bit="a_to_b[0]")
        + """
        if (b_to_a[0]) { z data[0]; }
        out[0] = measure data[0];
        a_to_b[1] = measure data[0];
        reset data[0];
        if (a_to_b[1]) { if (b_to_a[1] == false) { rx(0.4) data[0]; } }
        """,
        b=_receive(link=0, pair=0, bit="a_to_b[0]")
        + "cx comm[0], data[0];"
        + _close(bit="b_to_a[0]")
        + """
        if (a_to_b[1]) { x data[0]; }
        ry(0.3) data[0];
        out[0] = measure data[0];
        b_to_a[1] = measure data[0];
        """,
    ),
    case(
        "embedded gate",
        """
        rzz(0.7) q[0], q[1];
        h q[0];
        cz q[0], q[1];
        h q[0];
        rzz(-1.9) q[0], q[1];
        ry(0.4) q[0];
        """,
        "a0 b0",
        a=_open("Z", "data[0]", link=0, pair=0, bit="a_to_b[0]")
        + _receive(link=0, pair=1, comm=1, bit="b_to_a[0]")
        + "h data[0];\ncz data[0], comm[1];\nh data[0];"
        + _close(comm=1, bit="a_to_b[1]")
        + "if (b_to_a[1]) { z data[0]; }\nry(0.4) data[0];",
        b=_receive(link=0, pair=0, bit="a_to_b[0]")
        + "rzz(0.7) comm[0], data[0];"
        + _open("Z", "data[0]", link=0, pair=1, comm=1, bit="b_to_a[0]")
        + "cx data[0], comm[0];\nrzz(-1.9) comm[0], data[0];\nif (a_to_b[1]) { z data[0]; }"
        + _close(bit="b_to_a[1]"),
    ),
    case(
        "two embedded gates that do not commute",
        "rzz(0.7) q[0], q[1];\ncx q[1], q[0];\ncy q[1], q[0];\ncp(-1.9) q[0], q[1];\nrx(0.4) q[0];",
        "a0 b0",
        a=_open("Z", "data[0]", link=0, pair=0, bit="a_to_b[0]")
        + _receive(link=0, pair=1, comm=1, bit="b_to_a[0]")
        + "cx comm[1], data[0];\ncy comm[1], data[0];"
        + _close(comm=1, bit="a_to_b[1]")
        + "if (b_to_a[1]) { z data[0]; }\nrx(0.4) data[0];",
        b=_receive(link=0, pair=0, bit="a_to_b[0]")
        + "rzz(0.7) comm[0], data[0];"
        + _open("Z", "data[0]", link=0, pair=1, comm=1, bit="b_to_a[0]")
        + """
        cx data[0], comm[0];
        cx data[0], comm[0];
        cp(-1.9) comm[0], data[0];
        if (a_to_b[1]) { z data[0]; }
        """
        + _close(bit="b_to_a[1]"),
    ),
    case(
        "correction owed through an embedded gate",
        "cz q[0], q[2];\ncx q[1], q[0];\nrzz(0.7) q[0], q[1];\nrx(0.4) q[0];\nrx(0.5) q[1];",
        "a0 b0 c0",
        a=_open("Z", "data[0]", link=0, pair=0, bit="a_to_b[0]")
        + _open("Z", "data[0]", link=1, pair=1, bit="a_to_c[0]")
        + _receive(link=0, pair=2, comm=1, bit="b_to_a[0]")
        + "cx comm[1], data[0];"
        + _close(comm=1, bit="a_to_b[1]")
        + "if (c_to_a__b[0]) { z data[0]; }\nif (b_to_a[1]) { z data[0]; }\nrx(0.4) data[0];",
        b=_receive(link=0, pair=0, bit="a_to_b[0]")
        + _open("Z", "data[0]", link=0, pair=2, comm=1, bit="b_to_a[0]")
        + """
        cx data[0], comm[0];
        rzz(0.7) comm[0], data[0];
        if (a_to_b[1]) { z data[0]; }
        if (c_to_a__b[0]) { z data[0]; }
        rx(0.5) data[0];
        """
        + _close(bit="b_to_a[1]"),
        c=_receive(link=1, pair=1, bit="a_to_c[0]")
        + "cz comm[0], data[0];"
        + _close(bit="c_to_a__b[0]"),
    ),
)

LARGER_CASES: tuple[Case, ...] = (
    case(
        "embedded gate of three members",
        "rzx(0.7) q[2], q[0];\ncx q[0], q[1];\nrzx(-1.9) q[2], q[0];\nU(0.4, 0.2, 0.9) q[0];",
        "a0 b0 c0",
        a=_open("X", "data[0]", link=0, pair=0, bit="a_to_b[0]")
        + _open("X", "data[0]", link=1, pair=1, bit="a_to_c[0]")
        + _receive(link=0, pair=2, bit="b_to_a[0]")
        + "cz data[0], comm[0];"
        + _close(bit="a_to_b[1]")
        + """
        if (b_to_a[1]) { x data[0]; }
        if (c_to_a[0]) { x data[0]; }
        U(0.4, 0.2, 0.9) data[0];
        """,
        b=_receive(link=0, pair=0, bit="a_to_b[0]")
        + _open("X", "data[0]", link=0, pair=2, comm=1, bit="b_to_a[0]")
        + _open("X", "data[0]", link=2, pair=3, comm=1, bit="b_to_c[0]")
        + "h comm[0];\ncx comm[0], data[0];\nh comm[0];"
        + _close(bit="b_to_a[1]")
        + "if (a_to_b[1]) { x data[0]; }\nif (c_to_b[0]) { x data[0]; }",
        c=_receive(link=1, pair=1, bit="a_to_c[0]")
        + "rzz(0.7) data[0], comm[0];"
        + _receive(link=2, pair=3, comm=1, bit="b_to_c[0]")
        + "cx comm[1], comm[0];\nrzz(-1.9) data[0], comm[0];"
        + _close(bit="c_to_a[0]")
        + _close(comm=1, bit="c_to_b[0]"),
    ),
)
"""Too many qubits to follow all their mutants."""
