"""Read the steps of rewrites.json.

A step is an object with the keys `rule` (a name), `inputs` and `place` (numbers of operations:
those of the original from 0, and every output numbered on from there), and `outputs` (statements in
the form of logical.qasm, with its registers).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dqc_compiler.diagnostics.core import CompilerError, Place
from dqc_compiler.diagnostics.verify import BrokenGuarantee
from dqc_compiler.formats.flat_qasm import FlatProgram, circuit_from_flat, read_flat_qasm
from dqc_compiler.formats.gate_definitions import GATE_DEFINITIONS
from dqc_compiler.formats.manifest import REWRITES
from dqc_compiler.verify.rewriting import Replacement


def read_record(
    text: str, logical: FlatProgram, values: Mapping[str, float] | None = None
) -> list[Replacement]:
    """The steps of a record.

    Args:
        text: of rewrites.json.
        logical: the program whose registers the outputs use.
        values: of the parameters.

    Raises:
        CompilerError: if the text is not such a record.
    """
    try:
        entries: list[dict[str, Any]] = json.loads(text)["rewrites"]
        outputs = [[str(output) for output in entry["outputs"]] for entry in entries]
        heads = [
            (str(entry["rule"]), tuple(int(i) for i in entry["inputs"]), int(entry["place"]))
            for entry in entries
        ]
    except (ValueError, TypeError, KeyError) as error:
        reason = f"this is not a record of rewrites: {error}"
        raise CompilerError(BrokenGuarantee(reason=reason, place=Place(file=REWRITES))) from error
    # One text for all outputs, because the reader is much faster on one long text.
    lines = ["OPENQASM 3.0;", 'include "stdgates.inc";', *GATE_DEFINITIONS.values()]
    inputs = dict.fromkeys((*logical.inputs, *(values or ())))
    lines += [f"input float[64] {name};" for name in inputs]
    lines += [f"qubit[{size}] {name};" for name, size in logical.qubit_registers.items()]
    lines += [output for step in outputs for output in step]
    parsed = read_flat_qasm("\n".join(lines) + "\n", source=REWRITES, values=values)
    rows = iter(circuit_from_flat(parsed, name=REWRITES).operations())
    if len(parsed.statements) != sum(map(len, outputs)):
        reason = "an output is not one statement"
        raise CompilerError(BrokenGuarantee(reason=reason, place=Place(file=REWRITES)))
    return [
        Replacement(rule, inputs, place, tuple(next(rows) for _ in step))
        for (rule, inputs, place), step in zip(heads, outputs, strict=True)
    ]
