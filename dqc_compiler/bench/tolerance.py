"""How much worse than the baseline a figure may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.diagnostics.bench import BadTolerance
from dqc_compiler.formats.bench_file import FIGURES

_NUMBER = r"\d{1,15}(?:\.\d{1,15})?"
_FORM = re.compile(rf"(?P<name>\w+)=(?:(?P<percent>{_NUMBER})%?|\+(?P<more>{_NUMBER}))", re.ASCII)


@dataclass(frozen=True)
class Tolerance:
    """So many percent of the baseline's figure, and so much more."""

    percent: float = 0.0
    more: float = 0.0

    def accepts(self, before: float, after: float) -> bool:
        """Whether a figure may become this one."""
        return after - before <= self.more + abs(before) * self.percent / 100.0


EXACT = Tolerance()


def read_tolerances(words: Iterable[str]) -> Mapping[str, Tolerance]:
    """Tolerances by figure, of words such as `pairs=5`, `pairs=5%` and `pairs=+2`.

    Raises:
        CompilerError: with every word that is none (DQC560).
    """
    tolerances: dict[str, Tolerance] = {}
    problems = []
    for word in words:
        match = _FORM.fullmatch(word)
        name = word.split("=", maxsplit=1)[0] if match is None else match["name"]
        reason = None
        if match is None:
            reason = f"{word!r} is not of this form"
        elif name not in FIGURES:
            reason = f"there is no figure {name!r}"
        elif name in tolerances:
            reason = f"{name} is given twice"
        elif match["more"] is not None:
            tolerances[name] = Tolerance(more=float(match["more"]))
        else:
            tolerances[name] = Tolerance(percent=float(match["percent"]))
        if reason is not None:
            problems.append(BadTolerance(reason=reason, figures=", ".join(FIGURES)))
    if problems:
        raise CompilerError(*problems)
    return tolerances
