"""The distributed program: one statement list per node, kept as one global sequence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from dqc_compiler.ir.angles import Angle, Parameter, Symbols
from dqc_compiler.ir.arrays import Float64, Int8, Int16, Int32, frozen, offsets
from dqc_compiler.ir.circuit import ABSENT, NAMES, OPCODE
from dqc_compiler.ir.network import Network


class GadgetKind(IntEnum):
    """What a gadget does; each consumes one pair or closes what a pair opened.

    A PURIFY consumes a pair to purify the one that the OPEN right before it consumes.
    """

    OPEN = 0
    CLOSE = 1
    MOVE = 2
    PURIFY = 3


class Register(NamedTuple):
    """A classical register: `out` of a node (no receivers), or a channel."""

    sender: int
    receivers: tuple[int, ...]
    size: int


class Statement(NamedTuple):
    """One statement of one node's program.

    `qubits` are cells of the node: 0 .. data-1 are `data`, then follows `comm`. `writes` is
    the (register, index) that a `measure` writes, `condition` a conjunction of (register, index,
    value).
    `link` and `pair` belong to `dqc_epr`; `operation` is the row of the circuit that this statement
    executes; `gadget` numbers the gadget that it is a part of.
    """

    node: int
    name: str
    qubits: tuple[int, ...]
    parameters: tuple[float, ...] = ()
    writes: tuple[int, int] | None = None
    condition: tuple[tuple[int, int, bool], ...] = ()
    link: int = ABSENT
    pair: int = ABSENT
    operation: int = ABSENT
    gadget: int = ABSENT


@dataclass(frozen=True, eq=False)
class DistributedProgram:
    """All statements in global order; a node's program is the projection onto `node`.

    Columns, n statements, read-only and named like the fields of `Statement`; `writes` (n, 2) is
    ABSENT where nothing is written, `condition` (c, 3) holds register, index and value. `symbol`,
    `angles` and `parameters` are as in `Circuit`.

    `gadget_kind` (m,) and `gadget_wire` (m,) describe the gadgets; `served` (m,) is how many remote
    gates an opened copy served, and `remote_gates` how many of the circuit used one. Sizes:
    `data_qubits`, `comm_qubits` (k,) are the declared registers, `peak_comm` (k,) the most comm
    qubits in use at one moment. `start`, `end` (w, 2) are (node, cell) of every qubit of the
    circuit, and `clbits` (b, 2) (node, index in `out`) of every classical bit, ABSENT if it is
    never written. `purified` (p, 2) are the success probability of every PURIFY and the fidelity of
    the pair that it leaves.
    """

    network: Network
    name: str
    qubits: tuple[str, ...]
    clbit_names: tuple[str, ...]
    registers: tuple[Register, ...]
    node: Int16
    opcode: Int16
    qubit_start: Int32
    qubit: Int32
    parameter_start: Int32
    parameter: Float64
    symbol: Int32
    angles: tuple[Angle, ...]
    writes: Int32
    condition_start: Int32
    condition: Int32
    link: Int32
    pair: Int32
    operation: Int32
    gadget: Int32
    gadget_kind: Int8
    gadget_wire: Int32
    served: Int32
    data_qubits: Int32
    comm_qubits: Int32
    peak_comm: Int32
    start: Int32
    end: Int32
    clbits: Int32
    purified: Float64 = field(default_factory=lambda: frozen([], np.float64, columns=2))
    parameters: tuple[Parameter, ...] = ()
    remote_gates: int = 0

    @staticmethod
    def columns(statements: Iterable[Statement]) -> dict[str, Any]:
        """The statement columns of the table, by name."""
        rows = list(statements)
        none = (ABSENT, ABSENT)
        return {
            "node": frozen([row.node for row in rows], np.int16),
            "opcode": frozen([OPCODE[row.name] for row in rows], np.int16),
            "qubit_start": offsets(len(row.qubits) for row in rows),
            "qubit": frozen([q for row in rows for q in row.qubits], np.int32),
            "parameter_start": offsets(len(row.parameters) for row in rows),
            **Symbols.of([p for row in rows for p in row.parameters])._asdict(),
            "writes": frozen([row.writes or none for row in rows], np.int32, columns=2),
            "condition_start": offsets(len(row.condition) for row in rows),
            "condition": frozen([c for row in rows for c in row.condition], np.int32, columns=3),
            "link": frozen([row.link for row in rows], np.int32),
            "pair": frozen([row.pair for row in rows], np.int32),
            "operation": frozen([row.operation for row in rows], np.int32),
            "gadget": frozen([row.gadget for row in rows], np.int32),
        }

    def __len__(self) -> int:
        return len(self.node)

    def statements(self) -> Iterator[Statement]:
        """All statements in global order."""
        return iter(self._rows)

    @cached_property
    def _rows(self) -> tuple[Statement, ...]:
        """Read once: the checks, the schedule and the estimates all walk through them."""
        return tuple(self._read())

    def _read(self) -> Iterator[Statement]:
        qubit, qubit_start = self.qubit.tolist(), self.qubit_start.tolist()
        parameter, parameter_start = self.symbols.rows(), self.parameter_start.tolist()
        conditions = [(r, i, bool(v)) for r, i, v in self.condition.tolist()]
        condition_start = self.condition_start.tolist()
        rows = zip(
            self.node.tolist(),
            self.opcode.tolist(),
            self.writes.tolist(),
            self.link.tolist(),
            self.pair.tolist(),
            self.operation.tolist(),
            self.gadget.tolist(),
            strict=True,
        )
        for i, (node, code, writes, link, pair, operation, gadget) in enumerate(rows):
            yield Statement(
                node,
                NAMES[code],
                tuple(qubit[qubit_start[i] : qubit_start[i + 1]]),
                tuple(parameter[parameter_start[i] : parameter_start[i + 1]]),
                None if writes[0] == ABSENT else (writes[0], writes[1]),
                tuple(conditions[condition_start[i] : condition_start[i + 1]]),
                link,
                pair,
                operation,
                gadget,
            )

    @property
    def symbols(self) -> Symbols:
        """The columns of parameters."""
        return Symbols(self.parameter, self.symbol, self.angles)

    def bound(self, values: Mapping[str, float]) -> DistributedProgram:
        """With values of parameters, by identifier; the others stay parameters."""
        return replace(
            self,
            **self.symbols.bound(values)._asdict(),
            parameters=tuple([parameter.bound(values) for parameter in self.parameters]),
        )

    def register_name(self, register: int) -> str:
        """`out`, or `<sender>_to_<receivers>` with the receivers in network order."""
        entry = self.registers[register]
        if not entry.receivers:
            return "out"
        names = [self.network.nodes[node].name for node in sorted(entry.receivers)]
        return f"{self.network.nodes[entry.sender].name}_to_{'__'.join(names)}"

    @property
    def pairs(self) -> int:
        """Link-level pairs, counted from the `dqc_epr` statements (two per pair)."""
        return int((self.opcode == OPCODE["dqc_epr"]).sum()) // 2

    @property
    def messages(self) -> int:
        """Number of bits that are sent from one node to others."""
        return sum(register.size for register in self.registers if register.receivers)

    def verify(self) -> None:
        """Check cells, registers, single assignment and the two ends of every pair.

        Raises:
            ValueError: naming the statement and the rule that it breaks.
        """
        cells = (self.data_qubits + self.comm_qubits).tolist()
        written: set[tuple[int, int]] = set()
        ends: dict[tuple[int, int], list[int]] = {}
        for index, row in enumerate(self.statements()):
            if any(not 0 <= q < cells[row.node] for q in row.qubits):
                raise ValueError(f"statement {index}: no such cell at node {row.node}")
            if row.writes is not None:
                self._verify_write(index, row, written)
            for register, bit, _ in row.condition:
                if (register, bit) not in written:
                    raise ValueError(f"statement {index}: reads a bit before it is written")
                entry = self.registers[register]
                if row.node != entry.sender and row.node not in entry.receivers:
                    raise ValueError(f"statement {index}: reads a bit that is not sent to it")
            if row.name == "dqc_epr":
                if row.qubits[0] < self.data_qubits[row.node]:
                    raise ValueError(f"statement {index}: a pair's half belongs in a comm qubit")
                ends.setdefault((row.link, row.pair), []).append(row.node)
        for (link, pair), nodes in ends.items():
            if sorted(nodes) != sorted(self.network.links[link].between):
                raise ValueError(f"pair {pair}: its ends are not the ends of link {link}")
        for node, limit in enumerate(self.network.nodes):
            if limit.comm_qubits is not None and self.peak_comm[node] > limit.comm_qubits:
                raise ValueError(f"node {limit.name} needs more comm qubits than it has")

    def _verify_write(self, index: int, row: Statement, written: set[tuple[int, int]]) -> None:
        assert row.writes is not None
        register, bit = row.writes
        if row.writes in written:
            raise ValueError(f"statement {index}: writes a bit a second time")
        if self.registers[register].sender != row.node or not bit < self.registers[register].size:
            raise ValueError(f"statement {index}: writes a bit that is not its own")
        written.add((register, bit))
