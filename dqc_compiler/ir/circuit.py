"""The circuit: a flat, read-only table of operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from dqc_compiler.ir.angles import Angle, Parameter, Symbols, evaluated, parameters_of
from dqc_compiler.ir.arrays import Float64, Int8, Int16, Int32, frozen, offsets

ABSENT = -1  # in integer columns: this row has no such entry

ONE_QUBIT_GATES: dict[str, int] = {  # name -> number of angles
    "id": 0, "x": 0, "y": 0, "z": 0, "h": 0, "s": 0, "sdg": 0, "t": 0, "tdg": 0, "sx": 0,
    "sxdg": 0, "p": 1, "rx": 1, "ry": 1, "rz": 1, "u": 3,
}  # fmt: skip
TWO_QUBIT_GATES: dict[str, int] = {
    "cx": 0, "cy": 0, "cz": 0, "cp": 1, "crx": 1, "cry": 1, "crz": 1,
    "rxx": 1, "ryy": 1, "rzz": 1, "rzx": 1, "rzy": 1, "swap": 0,
}  # fmt: skip
NOT_UNITARY: dict[str, int] = {"measure": 0, "reset": 0, "barrier": 0, "delay": 1, "dqc_epr": 2}
"""Other statements: `delay` takes nanoseconds, `dqc_epr` (node programs only) link and pair."""

PARAMETER_COUNT = ONE_QUBIT_GATES | TWO_QUBIT_GATES | NOT_UNITARY
NAMES: tuple[str, ...] = tuple(PARAMETER_COUNT)
OPCODE: dict[str, int] = {name: code for code, name in enumerate(NAMES)}
"""The vocabulary shared by circuits and node programs. Readers decompose everything else."""


class Operation(NamedTuple):
    """One row of a circuit.

    `condition` is a conjunction of (classical bit, value); empty means unconditional.
    `parameters` are angles (`ir.angles`) where they depend on parameters of the circuit.
    `line` is the line of the source text, 0 if unknown.
    """

    name: str
    qubits: tuple[int, ...]
    parameters: tuple[float, ...] = ()
    clbit: int | None = None
    condition: tuple[tuple[int, bool], ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Circuit:
    """A circuit over named qubits and classical bits, n operations in program order.

    Columns, all read-only: `opcode` (n,) indexes `NAMES`; `operand` holds the qubits of row i at
    `operand_start[i]:operand_start[i+1]`; `parameter` likewise (radians; ns for `delay`), with
    `symbol` as an index into `angles` for those that depend on `parameters`; `clbit` (n,) is the
    bit that a `measure` writes, else ABSENT; `condition_bit` / `condition_value` with
    `condition_start` (n+1,) are conjunctions; `source_line` (n,) counts from 1, 0 if unknown.

    `parameters` are the inputs, whether a gate depends on them (still) or not.
    """

    name: str
    qubits: tuple[str, ...]
    clbits: tuple[str, ...]
    opcode: Int16
    operand_start: Int32
    operand: Int32
    parameter_start: Int32
    parameter: Float64
    symbol: Int32
    clbit: Int32
    condition_start: Int32
    condition_bit: Int32
    condition_value: Int8
    source_line: Int32
    angles: tuple[Angle, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    global_phase: float = 0.0
    source: str | None = field(default=None, compare=False)  # file name, for messages only

    @classmethod
    def from_operations(
        cls,
        name: str,
        qubits: Iterable[str],
        clbits: Iterable[str],
        operations: Iterable[Operation],
        *,
        parameters: Iterable[Parameter] = (),
        global_phase: float = 0.0,
        source: str | None = None,
    ) -> Circuit:
        """Build the columns from rows.

        Parameters that are not among the given ones come after them, under their identifiers.
        """
        rows = list(operations)
        symbols = Symbols.of([p for row in rows for p in row.parameters])
        known = {parameter.identifier: parameter for parameter in parameters}
        for identifier in parameters_of((*symbols.angles, global_phase)):
            known.setdefault(identifier, Parameter(identifier, identifier))
        conditions = [pair for row in rows for pair in row.condition]
        return cls(
            name=name,
            qubits=tuple(qubits),
            clbits=tuple(clbits),
            opcode=frozen([OPCODE[row.name] for row in rows], np.int16),
            operand_start=offsets(len(row.qubits) for row in rows),
            operand=frozen([q for row in rows for q in row.qubits], np.int32),
            parameter_start=offsets(len(row.parameters) for row in rows),
            **symbols._asdict(),
            clbit=frozen([ABSENT if row.clbit is None else row.clbit for row in rows], np.int32),
            condition_start=offsets(len(row.condition) for row in rows),
            condition_bit=frozen([bit for bit, _ in conditions], np.int32),
            condition_value=frozen([int(value) for _, value in conditions], np.int8),
            source_line=frozen([row.line for row in rows], np.int32),
            parameters=tuple(known.values()),
            global_phase=global_phase,
            source=source,
        )

    def __len__(self) -> int:
        return len(self.opcode)

    def operations(self) -> Iterator[Operation]:
        """The rows in program order."""
        operand, operand_start = self.operand.tolist(), self.operand_start.tolist()
        parameter, parameter_start = self.symbols.rows(), self.parameter_start.tolist()
        bits, values = self.condition_bit.tolist(), self.condition_value.tolist()
        condition_start = self.condition_start.tolist()
        rows = zip(
            self.opcode.tolist(), self.clbit.tolist(), self.source_line.tolist(), strict=True
        )
        for i, (code, clbit, line) in enumerate(rows):
            first, last = condition_start[i], condition_start[i + 1]
            yield Operation(
                NAMES[code],
                tuple(operand[operand_start[i] : operand_start[i + 1]]),
                tuple(parameter[parameter_start[i] : parameter_start[i + 1]]),
                None if clbit == ABSENT else clbit,
                tuple((bits[j], bool(values[j])) for j in range(first, last)),
                line,
            )

    @property
    def symbols(self) -> Symbols:
        """The columns of parameters."""
        return Symbols(self.parameter, self.symbol, self.angles)

    def bound(self, values: Mapping[str, float]) -> Circuit:
        """With values of parameters, by identifier; the others stay parameters."""
        if not self.parameters:
            return self
        return replace(
            self,
            **self.symbols.bound(values)._asdict(),
            parameters=tuple([parameter.bound(values) for parameter in self.parameters]),
            global_phase=evaluated(self.global_phase, values),
        )

    @property
    def free_parameters(self) -> tuple[str, ...]:
        """Identifiers of the parameters without a value."""
        return tuple([p.identifier for p in self.parameters if p.value is None])

    @property
    def two_qubit_gates(self) -> int:
        """Number of two-qubit gates, swaps included."""
        codes = [OPCODE[name] for name in TWO_QUBIT_GATES]
        return int(np.isin(self.opcode, codes).sum())

    def verify(self) -> None:
        """Check the table's own consistency.

        Raises:
            ValueError: naming the rule that is broken.
        """
        n = len(self)
        for name in ("clbit", "source_line"):
            if len(getattr(self, name)) != n:
                raise ValueError(f"column {name} does not have one entry per operation")
        for start, values in (
            (self.operand_start, self.operand),
            (self.parameter_start, self.parameter),
            (self.condition_start, self.condition_bit),
            (self.condition_start, self.condition_value),
        ):
            if len(start) != n + 1 or start[0] != 0 or start[-1] != len(values):
                raise ValueError("offsets do not span their values")
            if n and (np.diff(start) < 0).any():
                raise ValueError("offsets decrease")
        if len(set(self.qubits)) != len(self.qubits) or len(set(self.clbits)) != len(self.clbits):
            raise ValueError("qubit or classical bit names repeat")
        if not np.isfinite(self.parameter).all():
            raise ValueError("a parameter is not finite")
        _verify_symbols(self)
        for index, row in enumerate(self.operations()):
            _verify_row(index, row, len(self.qubits), len(self.clbits))


def _verify_symbols(circuit: Circuit) -> None:
    if len(circuit.symbol) != len(circuit.parameter):
        raise ValueError("column symbol does not have one entry per parameter")
    used = parameters_of((*circuit.angles, circuit.global_phase))
    if not set(circuit.free_parameters).issuperset(used):
        raise ValueError("an angle depends on a parameter that the circuit does not have")


def _verify_row(index: int, row: Operation, qubits: int, clbits: int) -> None:
    if row.name == "dqc_epr":
        raise ValueError(f"operation {index}: dqc_epr belongs to node programs only")
    if row.name != "barrier":
        arity = 2 if row.name in TWO_QUBIT_GATES else 1
        if len(row.qubits) != arity:
            raise ValueError(f"operation {index}: {row.name} takes {arity} qubits")
    if len(row.parameters) != PARAMETER_COUNT[row.name]:
        raise ValueError(f"operation {index}: wrong number of parameters for {row.name}")
    if row.name in NOT_UNITARY and parameters_of(row.parameters):
        raise ValueError(f"operation {index}: {row.name} needs a number")
    if len(set(row.qubits)) != len(row.qubits):
        raise ValueError(f"operation {index}: a qubit appears twice")
    if any(not 0 <= q < qubits for q in row.qubits):
        raise ValueError(f"operation {index}: no such qubit")
    if (row.name == "measure") != (row.clbit is not None):
        raise ValueError(f"operation {index}: measure, and nothing else, writes a classical bit")
    if row.clbit is not None and not 0 <= row.clbit < clbits:
        raise ValueError(f"operation {index}: no such classical bit")
    if any(not 0 <= bit < clbits for bit, _ in row.condition):
        raise ValueError(f"operation {index}: condition on a bit that does not exist")
    # A swap is a relabelling, which no node can undo at run time.
    if row.condition and (row.name in NOT_UNITARY or row.name == "swap"):
        raise ValueError(f"operation {index}: {row.name} cannot be conditional")
