"""Circuits of MQT Bench, an optional package."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from dqc_compiler.diagnostics import CompilerError, Place
from dqc_compiler.diagnostics.bench import (
    BadMqtSuite,
    MqtBenchNotInstalled,
    MqtCircuitImpossible,
)

PREFIX = "mqt:"
_FORM = re.compile(r"[a-z0-9_]+(,[a-z0-9_]+)*@[1-9][0-9]{0,5}(,[1-9][0-9]{0,5})*", re.ASCII)
_RANDOM = ("graphstate",)  # another circuit in every call, unless it is given a seed
_SEED = 10  # the one that MQT Bench gives to its other circuits


@dataclass(frozen=True)
class MqtCircuit:
    """A circuit that MQT Bench makes."""

    name: str
    size: int

    def __str__(self) -> str:
        return f"{self.name}_{self.size}"

    def make(self) -> Any:
        """The circuit, a Qiskit one, as the algorithm writes it.

        Raises:
            CompilerError: if there is none with this number of qubits (DQC564).
        """
        from mqt.bench import get_benchmark_alg  # noqa: PLC0415  optional

        try:
            if self.name in _RANDOM:
                return get_benchmark_alg(self.name, self.size, seed=_SEED)
            return get_benchmark_alg(self.name, self.size)
        except Exception as error:  # of any kind: each circuit has demands and ways of its own
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            impossible = MqtCircuitImpossible(name=self.name, size=self.size, reason=reason)
            raise CompilerError(impossible) from error


def read_mqt(text: str, *, place: Place | None = None) -> tuple[MqtCircuit, ...]:
    """The circuits that NAMES@SIZES stands for: every name with every size.

    Args:
        text: of the suite, without the prefix.
        place: where it stands.

    Raises:
        CompilerError: if the package is not installed (DQC562) or there is no such circuit
            (DQC563).
    """
    if _FORM.fullmatch(text) is None:
        reason = f"{text!r} is not of the form NAMES@SIZES"
        remedy = "for example mqt:qft,ghz@8,16"
        raise CompilerError(BadMqtSuite(reason=reason, remedy=remedy, place=place))
    names, sizes = (part.split(",") for part in text.split("@"))
    known = _known_names(text, place)
    unknown = [name for name in names if name not in known]
    if unknown:
        reason = f"there is no {', no '.join(unknown)}"
        close = get_close_matches(unknown[0], known, n=3)
        remedy = f"did you mean {' or '.join(close)}?" if close else f"it has {', '.join(known)}"
        raise CompilerError(BadMqtSuite(reason=reason, remedy=remedy, place=place))
    return tuple(MqtCircuit(name, int(size)) for name in names for size in sizes)


def _known_names(text: str, place: Place | None) -> list[str]:
    try:
        from mqt.bench.benchmarks import get_available_benchmark_names  # noqa: PLC0415  optional
    except ImportError as error:
        missing = MqtBenchNotInstalled(found=f"{PREFIX}{text}", place=place)
        raise CompilerError(missing) from error
    return sorted(get_available_benchmark_names())
