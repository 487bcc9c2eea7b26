"""How one circuit became another one: replacements of a few operations at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dqc_compiler.ir.angles import evaluated
from dqc_compiler.ir.circuit import Circuit, Operation


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One replacement; operations have numbers that never change.

    The operations of the original are numbered from 0; every rewrite numbers its outputs on from
    there, in order. All other inputs are moved to the one called `place` (which needs that they
    commute with what they pass), and the outputs take its position in the program order. Inputs
    and outputs are the same unitary up to a global phase.
    """

    rule: str
    inputs: tuple[int, ...]  # ascending in the program order
    place: int
    outputs: tuple[Operation, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Rewriting:
    """A circuit, the circuit that it was made from, and every step on the way."""

    original: Circuit
    circuit: Circuit
    steps: tuple[Rewrite, ...] = ()

    def then(self, following: Rewriting) -> Rewriting:
        """This, and then what was done to its circuit, as one; the numbers are this one's."""
        numbers = self._in_program_order()
        made = len(self.original) + sum(len(step.outputs) for step in self.steps)
        numbers += range(made, made + sum(len(step.outputs) for step in following.steps))
        steps = [
            Rewrite(
                step.rule,
                tuple([numbers[index] for index in step.inputs]),
                numbers[step.place],
                step.outputs,
            )
            for step in following.steps
        ]
        return Rewriting(self.original, following.circuit, (*self.steps, *steps))

    def bound(self, values: Mapping[str, float]) -> Rewriting:
        """With values of parameters, by identifier; the others stay parameters."""

        def with_values(row: Operation) -> Operation:
            return row._replace(parameters=tuple([evaluated(p, values) for p in row.parameters]))

        steps = [replace(s, outputs=tuple(map(with_values, s.outputs))) for s in self.steps]
        return Rewriting(self.original.bound(values), self.circuit.bound(values), tuple(steps))

    def _in_program_order(self) -> list[int]:
        """The numbers of the operations of `circuit`."""
        gone: set[int] = set()
        successors: dict[int, range] = {}
        made = len(self.original)
        for step in self.steps:
            gone.update(step.inputs)
            successors[step.place] = range(made, made := made + len(step.outputs))
        found: list[int] = []
        stack = list(reversed(range(len(self.original))))
        while stack:
            operation = stack.pop()
            if operation not in gone:
                found.append(operation)
            stack += reversed(successors.get(operation, ()))
        return found

    def verify(self) -> None:
        """Check the two tables and the numbers of the steps.

        Raises:
            ValueError: naming the rule that is broken.
        """
        self.circuit.verify()
        if (self.original.qubits, self.original.clbits) != (
            self.circuit.qubits,
            self.circuit.clbits,
        ):
            raise ValueError("the circuit has other qubits or bits than the original")
        alive = [True] * len(self.original)
        for index, step in enumerate(self.steps):
            if step.place not in step.inputs:
                raise ValueError(f"rewrite {index}: its place is not one of its inputs")
            for operation in step.inputs:
                if not 0 <= operation < len(alive) or not alive[operation]:
                    raise ValueError(f"rewrite {index}: there is no operation {operation}")
                alive[operation] = False
            alive += [True] * len(step.outputs)
        if sum(alive) != len(self.circuit):
            raise ValueError("the circuit has another length than its rewrites leave")
