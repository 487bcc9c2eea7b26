"""Pages that are plain Markdown become pages of a site.

- A code block `LANGUAGE file=NAME` or `LANGUAGE from=NAME` gets the name as its caption.
- A file `PAGE.link` holds the path of a text outside of the documentation, and is its page. Links
  to that text from anywhere lead to this page.
- The navigation is the configuration's `page_groups`; the map of the documentation stays a list.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from sphinx.application import Sphinx

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n.*?^```$", re.DOTALL | re.MULTILINE)
_NAMED = re.compile(r"(?P<language>\S+) (?:file|from)=(?P<name>\S+)")
_TARGET = re.compile(r"(?<=\]\()(?![a-z]+:|#)(?P<path>[^)\s#]+)")


def set_up_page(app: Sphinx, name: str, content: list[str]) -> None:
    """What Sphinx reads instead of the file of a page (event `source-read`)."""
    page = app.env.doc2path(name)
    if page.suffix == ".rst":
        return
    place, text = page, content[0]
    if page.suffix == ".link":
        place = _linked(page)
        text = place.read_text(encoding="utf-8")
        app.env.note_dependency(str(place))
    text = _with_links(text, place.parent, page.parent, Path(app.srcdir))
    if name == app.config.root_doc:
        text += navigation(app.config.page_groups, app.env.found_docs)
    content[0] = text


def _linked(page: Path) -> Path:
    return (page.parent / page.read_text(encoding="utf-8").strip()).resolve()


def _with_links(text: str, written_in: Path, shown_in: Path, pages: Path) -> str:
    """A text with captions, and with links that hold where it is shown."""
    links = {_linked(page): page for page in pages.rglob("*.link")}

    def moved(match: re.Match[str]) -> str:
        target = (written_in / match["path"]).resolve()
        return os.path.relpath(links.get(target, target), shown_in)

    parts, end = [], 0
    for fence in _FENCE.finditer(text):
        parts += [_TARGET.sub(moved, text[end : fence.start()]), with_caption(fence)]
        end = fence.end()
    return "".join([*parts, _TARGET.sub(moved, text[end:])])


def with_caption(fence: re.Match[str]) -> str:
    """A code block as Sphinx knows it, with the name of its file."""
    named = _NAMED.fullmatch(fence["info"])
    if named is None:
        return fence[0]
    text = fence[0].partition("\n")[2]
    head = f"```{{code-block}} {named['language']}\n:caption: {named['name']}\n"
    return (
        f"{head}:force:\n{text}" if "..." in text else head + text
    )  # no lexer knows what is left out


def navigation(groups: dict[str, list[str]], pages: set[str]) -> str:
    """The directives that put all pages into the navigation."""
    found = []
    for caption, names in groups.items():
        there = [name for name in names if "*" in name or name in pages]
        lines = [":hidden:", ":glob:", f":caption: {caption}", "", *there]
        found.append("\n```{toctree}\n" + "\n".join(lines) + "\n```\n")
    return "".join(found)


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the rules to a build."""
    app.add_config_value("page_groups", {}, "env", dict)
    app.connect("source-read", set_up_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
