"""Circuit files that are refused."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.formats.circuit_in import read_circuit

FILES = sorted((Path(__file__).parent / "circuit").glob("*.qasm"))


def shown(file: Path, _directory: Path) -> str:
    """The diagnostics and the exit code: some circuits are bad input, others cannot be compiled."""
    try:
        read_circuit(file)
    except CompilerError as error:
        text = str(error).replace(f"{file.parent}/", "")
        return f"{text}\nexit code {error.exit_code}\n"
    return "accepted\n"


CASES = {file.stem: partial(shown, file) for file in FILES}
