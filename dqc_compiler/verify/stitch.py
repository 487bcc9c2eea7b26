"""Merge the node programs into one computation, in the form that simulators take.

The same form also holds the original circuit, so that every external check compares like with like.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from dqc_compiler.ir.circuit import NOT_UNITARY, Circuit
from dqc_compiler.verify.programs import BitKey, ProgramSet, bit_key, interleave
from dqc_compiler.verify.purification import purifications

Literals = tuple[tuple[int, bool], ...]


class Action(NamedTuple):
    """A gate, `measure`, `reset`, or `pair`: two cells in |0> become a Bell pair."""

    name: str
    cells: tuple[int, ...]
    parameters: tuple[float, ...] = ()
    writes: int | None = None
    condition: Literals = ()


@dataclass(frozen=True, slots=True)
class Computation:
    """Actions on numbered cells and bits; each bit is written once, before it is read.

    Qubit i takes its input at cell `start[i]` and leaves it at `end[i]`; other cells start in |0>.
    Classical bit j of the circuit is bit `clbits[j]`, None if it is never written. An unconditional
    `swap` is no action: it exchanges the numbers of two cells. The two bits of each of `equal`, the
    outcomes of a purification, are meant to agree whatever happens.
    """

    cells: int
    bits: int
    actions: tuple[Action, ...]
    start: tuple[int, ...]
    end: tuple[int, ...]
    clbits: tuple[int | None, ...]
    equal: tuple[tuple[int, int], ...] = ()

    @property
    def measures_or_resets(self) -> bool:
        """Whether anything but gates happens."""
        return any(action.name in ("measure", "reset") for action in self.actions)


def stitch(task: ProgramSet) -> Computation:
    """All node programs as one computation; comm qubits are reused as the programs do.

    Raises:
        CompilerError: with `Deadlock` if the programs stop early.
    """
    offset: list[dict[str, int]] = []
    cells = 0
    for program in task.programs:
        offset.append({})
        for register, size in program.qubit_registers.items():
            offset[-1][register] = cells
            cells += size
    cell_at = list(range(cells))
    bits: dict[BitKey, int] = {}
    actions: list[Action] = []
    for step in interleave(task.programs):
        row = step.statement
        if row.name in ("barrier", "delay", "id"):
            continue
        places = [offset[step.node][register] + index for register, index in row.qubits]
        if row.name == "swap" and not row.condition:
            a, b = places
            cell_at[a], cell_at[b] = cell_at[b], cell_at[a]
            continue
        where = [cell_at[place] for place in places]
        if step.peer_statement is not None:
            register, index = step.peer_statement.qubits[0]
            where.append(cell_at[offset[step.peer][register] + index])
            actions.append(Action("pair", tuple(where)))
            continue
        written = None
        if row.writes is not None:
            written = bits.setdefault(bit_key(step.node, *row.writes), len(bits))
        condition = tuple(
            (bits[bit_key(step.node, register, index)], value)
            for register, index, value in row.condition
        )
        actions.append(Action(row.name, tuple(where), row.parameters, written, condition))
    keys = [None if place is None else bit_key(place[0], "out", place[1]) for place in task.clbits]
    return Computation(
        cells=cells,
        bits=len(bits),
        actions=tuple(actions),
        start=tuple(offset[node]["data"] + index for node, index in task.start),
        end=tuple(cell_at[offset[node]["data"] + index] for node, index in task.end),
        clbits=tuple(None if key is None else bits[key] for key in keys),
        equal=tuple(
            (bits[found.outcomes[0]], bits[found.outcomes[1]]) for found in purifications(task)[0]
        ),
    )


def circuit_computation(circuit: Circuit) -> Computation:
    """A circuit in the same form; every measurement gets a bit of its own."""
    current: list[int | None] = [None] * len(circuit.clbits)
    count = 0
    cell_at = list(range(len(circuit.qubits)))
    actions: list[Action] = []
    for row in circuit.operations():
        if row.name in ("barrier", "delay", "id"):
            continue
        literals = [(current[bit], value) for bit, value in row.condition]
        if any(bit is None and value for bit, value in literals):
            continue  # a bit that was never written is 0
        condition = tuple((bit, value) for bit, value in literals if bit is not None)
        if row.name == "swap" and not condition:
            a, b = row.qubits
            cell_at[a], cell_at[b] = cell_at[b], cell_at[a]
            continue
        written = None
        if row.clbit is not None:
            written = current[row.clbit] = count
            count += 1
        cells = tuple(cell_at[qubit] for qubit in row.qubits)
        actions.append(Action(row.name, cells, row.parameters, written, condition))
    start = tuple(range(len(circuit.qubits)))
    return Computation(len(start), count, tuple(actions), start, tuple(cell_at), tuple(current))


def split_final_measurements(
    computation: Computation,
) -> tuple[Computation, tuple[int | None, ...]]:
    """Take away measurements of the result after which nothing happens to qubit or bit.

    Returns:
        The rest, and for every classical bit the qubit that was measured into it at the end, None
        if there was no such measurement. Such a measurement must be of a qubit at its end.
    """
    wanted = {bit: j for j, bit in enumerate(computation.clbits) if bit is not None}
    read = {bit for action in computation.actions for bit, _ in action.condition}
    qubit_at = {cell: qubit for qubit, cell in enumerate(computation.end)}
    touched: set[int] = set()
    final: list[int | None] = [None] * len(computation.clbits)
    kept: list[Action] = []
    for action in reversed(computation.actions):
        if (
            action.writes is not None
            and action.writes in wanted
            and action.writes not in read
            and action.cells[0] not in touched
            and action.cells[0] in qubit_at
        ):
            final[wanted[action.writes]] = qubit_at[action.cells[0]]
        else:
            kept.append(action)
        touched.update(action.cells)
    clbits = tuple(
        None if final[j] is not None else bit for j, bit in enumerate(computation.clbits)
    )
    return replace(computation, actions=tuple(reversed(kept)), clbits=clbits), tuple(final)


def is_gate(action: Action) -> bool:
    """Whether the action is a gate of the vocabulary."""
    return action.name != "pair" and action.name not in NOT_UNITARY
