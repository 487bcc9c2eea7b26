"""Distributed quantum compiler: one circuit in, one verified program per node out.

The public names are imported on first use, so that `import dqc_compiler` and the help of the
command line do not pay for Qiskit and numba.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # `typing` takes a while, in which the command could not answer a signal
if TYPE_CHECKING:
    from typing import Any

    from dqc_compiler.advice import Advice, advise
    from dqc_compiler.bundles import save_bundle, verify_bundle
    from dqc_compiler.costs.prices import Objective
    from dqc_compiler.diagnostics import CompilerError
    from dqc_compiler.formats.bundle_in import read_bundle
    from dqc_compiler.formats.network_file import Network
    from dqc_compiler.formats.node_program import dump_program, load_program
    from dqc_compiler.options import Options
    from dqc_compiler.pipeline import compile_circuit
    from dqc_compiler.rebinding import bind_bundle
    from dqc_compiler.result import Result
    from dqc_compiler.transpiling import transpile

__all__ = [
    "Advice",
    "CompilerError",
    "Network",
    "Objective",
    "Options",
    "Result",
    "advise",
    "bind_bundle",
    "compile_circuit",
    "dump_program",
    "load_program",
    "read_bundle",
    "save_bundle",
    "transpile",
    "verify_bundle",
]

_HOME = {
    "Advice": "dqc_compiler.advice",
    "CompilerError": "dqc_compiler.diagnostics",
    "Network": "dqc_compiler.formats.network_file",
    "Objective": "dqc_compiler.costs.prices",
    "Options": "dqc_compiler.options",
    "Result": "dqc_compiler.result",
    "advise": "dqc_compiler.advice",
    "bind_bundle": "dqc_compiler.rebinding",
    "compile_circuit": "dqc_compiler.pipeline",
    "dump_program": "dqc_compiler.formats.node_program",
    "load_program": "dqc_compiler.formats.node_program",
    "read_bundle": "dqc_compiler.formats.bundle_in",
    "save_bundle": "dqc_compiler.bundles",
    "transpile": "dqc_compiler.transpiling",
    "verify_bundle": "dqc_compiler.bundles",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
