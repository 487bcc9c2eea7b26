"""User-facing errors as data: code, place, cause, help. One file per subject."""

from dqc_compiler.diagnostics.core import (
    BadInput,
    CompilerError,
    Diagnostic,
    Infeasible,
    Internal,
    Place,
    Unproven,
    WriteFailed,
)

__all__ = [
    "BadInput",
    "CompilerError",
    "Diagnostic",
    "Infeasible",
    "Internal",
    "Place",
    "Unproven",
    "WriteFailed",
]
