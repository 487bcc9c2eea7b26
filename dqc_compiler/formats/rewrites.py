"""The record of how the original circuit became `logical.qasm`."""

from __future__ import annotations

from pydantic import Field

from dqc_compiler.formats.file_model import FileModel
from dqc_compiler.formats.qasm_text import qubit_names, statement_text
from dqc_compiler.formats.report import SchemaVersion
from dqc_compiler.ir.rewriting import Rewriting


class Rewrite(FileModel):
    """One replacement of operations by others that do the same to at most four qubits."""

    rule: str = Field(
        description="name of the rule: fuse, merge, unfold, swap, lift, lower, flip or cancel"
    )
    inputs: tuple[int, ...] = Field(
        description="operations that are replaced: those of the original from 0, outputs from there"
    )
    place: int = Field(description="the input to which the others are moved")
    outputs: tuple[str, ...] = Field(description="statements of logical.qasm, at that place")


class Rewrites(SchemaVersion):
    """`rewrites.json`; empty if nothing was rewritten."""

    rewrites: tuple[Rewrite, ...] = ()


def make_rewrites(rewriting: Rewriting) -> Rewrites:
    """The file's contents for the steps from an original to the circuit that was distributed."""
    names = qubit_names(rewriting.circuit)
    return Rewrites(
        rewrites=tuple(
            Rewrite(
                rule=step.rule,
                inputs=step.inputs,
                place=step.place,
                outputs=tuple(
                    statement_text(row.name, [names[q] for q in row.qubits], row.parameters)
                    for row in step.outputs
                ),
            )
            for step in rewriting.steps
        )
    )
