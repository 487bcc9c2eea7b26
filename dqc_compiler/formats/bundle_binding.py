"""Put values of parameters into a bundle: into its texts, without compiling anything again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from dqc_compiler.formats.binding import bind_parameters
from dqc_compiler.formats.bundle_contents import Contents, digest
from dqc_compiler.formats.bundle_in import Bundle
from dqc_compiler.formats.expressions import evaluate
from dqc_compiler.formats.manifest import (
    LOGICAL,
    NETWORK,
    REWRITES,
    SCHEDULE,
    ManifestParameter,
    listed_parameters,
    program_path,
)
from dqc_compiler.formats.qasm_text import angle_text
from dqc_compiler.formats.verdict import Check, Verdict
from dqc_compiler.ir.angles import Angle, Parameter, evaluated

_INPUT = re.compile(r"^input float\[64\] (\w+);\n", re.MULTILINE)
_ARGUMENTS = re.compile(r"(?<=[\w])\([^()\n]+\)")  # of gates; conditions come after a space
_NAME = re.compile(r"[^\W\d]\w*")


def bound_contents(bundle: Bundle, given: Mapping[str, float]) -> Contents:
    """What a bundle holds when parameters have values; its other parameters stay inputs.

    The figures stay those of the bundle, which hold for all values. So does its verdict, with one
    line about what was done here.

    Args:
        bundle: whose files are as they were written.
        given: values by the names of parameters.

    Raises:
        CompilerError: if the values are not those of parameters without one (DQC541 to DQC544).
    """
    before = listed_parameters(bundle.manifest)
    parameters = bind_parameters(before, given)
    free = {p.identifier for p in before if p.value is None}
    values = {
        p.identifier: p.value for p in parameters if p.value is not None and p.identifier in free
    }
    writer = _Writer(free, values)
    files = {program_path(name): writer.text(text) for name, text in bundle.programs.items()}
    files[LOGICAL] = writer.text(bundle.logical)
    files[REWRITES] = bundle.rewrites.model_copy(
        update={
            "rewrites": tuple(
                step.model_copy(update={"outputs": tuple(map(writer.statement, step.outputs))})
                for step in bundle.rewrites.rewrites
            )
        }
    ).text()
    files |= {path: bundle.texts[path] for path in (NETWORK, SCHEDULE)}
    manifest = bundle.manifest.model_copy(
        update={
            "parameters": {
                p.identifier: ManifestParameter(name=p.name, formula=p.formula, value=p.value)
                for p in parameters
            },
            "files": {path: digest(text.encode()) for path, text in files.items()},
        }
    )
    verdict = _with_binding(bundle.manifest.verdict, parameters, values)
    contents = Contents(files=files, report=bundle.report, manifest=manifest)
    return contents.with_verdict(verdict)


def _with_binding(
    verdict: Verdict, parameters: Sequence[Parameter], values: Mapping[str, float]
) -> Verdict:
    bound = ", ".join(
        f"{p.name} = {angle_text(values[p.identifier])}"
        for p in parameters
        if p.identifier in values and p.formula is None
    )
    detail = f"not checked again: {bound} put into programs to which the other checks apply"
    check = Check(name="binding", passed=None, detail=detail)
    return verdict.model_copy(update={"checks": (*verdict.checks, check)})


class _Writer:
    """Rewrites texts of our own writers, one statement a line.

    Args:
        free: identifiers of all parameters that texts may use.
        values: of those that go.
    """

    def __init__(self, free: set[str], values: Mapping[str, float]) -> None:
        self._values = values
        self._symbols = {name: Angle.of(name) for name in free}
        self._known: dict[str, str] = {}

    def text(self, text: str) -> str:
        """A program."""
        declared = _INPUT.search(text)
        if declared is None:
            return text
        # What stands before, definitions of gates, has parameters of its own.
        head, body = text[: declared.start()], text[declared.start() :]
        return head + self.statement(_INPUT.sub(self._declaration, body))

    def statement(self, text: str) -> str:
        """Statements."""
        return _ARGUMENTS.sub(self._arguments, text)

    def _declaration(self, found: re.Match[str]) -> str:
        return "" if found[1] in self._values else found[0]

    def _arguments(self, found: re.Match[str]) -> str:
        text = found[0]
        if text not in self._known:
            names = set(_NAME.findall(text))
            self._known[text] = text if names.isdisjoint(self._values) else self._bound(text)
        return self._known[text]

    def _bound(self, text: str) -> str:
        angles = [evaluate(part.strip(), self._symbols) for part in text[1:-1].split(",")]
        assert None not in angles  # or the programs would not have been verified
        texts = [angle_text(evaluated(a, self._values)) for a in angles if a is not None]
        return f"({', '.join(texts)})"
