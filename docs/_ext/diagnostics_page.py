"""The directive `diagnostics`: every problem that the compiler can report."""

from __future__ import annotations

import inspect
import re
from itertools import groupby

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from dqc_compiler.cli_explain import diagnostics
from dqc_compiler.diagnostics import Diagnostic

_FAMILIES = {
    "DQC1": "Circuits",
    "DQC2": "Networks, and circuits that do not fit theirs",
    "DQC3": "Bundles",
    "DQC4": "Node programs and their verification",
    "DQC5": "Usage",
    "DQC9": "Defects of the compiler",
}


def page_lines() -> list[str]:
    """The problems in order of codes, as reStructuredText."""
    found = sorted(diagnostics().items())
    lines: list[str] = []
    for family, entries in groupby(found, key=lambda entry: entry[0][:4]):
        lines += [_FAMILIES[family], "-" * 60, ""]
        for code, kind in entries:
            lines += _entry(code, kind)
    return lines


def _entry(code: str, kind: type[Diagnostic]) -> list[str]:
    heading = f"{code}: {kind.title}"
    explanation = as_rst(inspect.getdoc(kind) or "").splitlines()
    facts = [f":message: ``{kind.message}``", f":help: ``{kind.help}``"]
    return [
        f".. _{code}:", "", heading, "~" * len(heading), "", *explanation, "",
        *facts, f":exit code: {kind.exit_code}", "",
    ]  # fmt: skip


def as_rst(text: str) -> str:
    """A plain text with code in backticks."""
    parts = text.split("`")
    return "".join(
        f"``{part}``" if index % 2 else re.sub(r"[*_|\\]", r"\\\g<0>", part)
        for index, part in enumerate(parts)
    )


class Diagnostics(SphinxDirective):
    """All problems with their causes and remedies."""

    def run(self) -> list[nodes.Node]:
        """The sections of the page."""
        self.content = StringList(page_lines(), source="dqc_compiler.diagnostics")
        return self.parse_content_to_nodes(allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive to a build."""
    app.add_directive("diagnostics", Diagnostics)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
