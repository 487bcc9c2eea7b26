"""The documentation as a site: every page has a place, nothing is fetched, nothing is missing.

What needs Sphinx (extra `docs`) is skipped without it.
"""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

import dqc_compiler
from dqc_compiler.cli_explain import diagnostics

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(
    path.relative_to(DOCS).with_suffix("").as_posix()
    for suffix in ("md", "rst", "link")
    for path in DOCS.rglob(f"*.{suffix}")
)

LOCAL = {
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "plain_pages",
    "mathml",
    "openqasm_lexer",
    "diagnostics_page",
}
"""Extensions that read nothing but this repository, and load nothing into a browser."""


@pytest.fixture(scope="module")
def configuration() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "conf.py"))


def build(pages: Path, out: Path) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("sphinx")
    pytest.importorskip("myst_parser")
    pytest.importorskip("furo")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    return subprocess.run(
        [*command, str(pages), str(out)],
        cwd=DOCS.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    done = build(DOCS, out)
    assert (done.returncode, done.stderr) == (0, "")
    return out


def test_every_page_is_in_the_navigation(configuration: dict[str, Any]) -> None:
    patterns = [name for names in configuration["page_groups"].values() for name in names]
    lost = [page for page in PAGES if not any(fnmatchcase(page, pattern) for pattern in patterns)]
    assert lost == ["index"]


def test_nothing_is_configured_that_is_fetched(configuration: dict[str, Any]) -> None:
    assert set(configuration["extensions"]) == LOCAL
    assert configuration["html_math_renderer"] == "mathml"
    assert not any("://" in str(value) for name, value in configuration.items() if name[0] != "_")


def test_the_python_reference_has_every_public_name() -> None:
    text = (DOCS / "reference" / "api.rst").read_text()
    documented = re.findall(
        r"^\.\. auto(?:function|class|exception):: (\w+)(?:\(\))?$", text, re.MULTILINE
    )
    assert sorted(documented) == sorted(dqc_compiler.__all__)


def test_a_browser_loads_nothing_from_elsewhere(site: Path) -> None:
    loads = re.compile(
        r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"([^\"]*)|<link\b[^>]*\bhref=\"([^\"]*)"
    )
    for page in site.rglob("*.html"):
        for match in loads.finditer(page.read_text()):
            assert "//" not in (match[1] or match[2]), f"{page.name}: {match[0]}"
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", style.read_text())


def test_the_page_of_errors_has_every_code(site: Path) -> None:
    text = (site / "reference" / "errors.html").read_text()
    headings = re.findall(r"<h3>(DQC\d+): ", text)
    assert headings == sorted(diagnostics())
    assert text.count(">exit code<") == len(headings)


def test_texts_outside_of_the_documentation_are_pages(site: Path) -> None:
    index = (site / "index.html").read_text()
    readme = (site / "readme.html").read_text()
    assert 'href="readme.html"' in index
    assert 'href="changelog.html"' in index
    assert 'href="reference/bundle.html#the-verdict"' in readme
    assert "README.md" not in index


def test_files_are_captions_and_formulas_are_mathml(site: Path) -> None:
    assert re.search(r"code-block-caption.*ghz/nodes/n0\.qasm", (site / "readme.html").read_text())
    cost_model = (site / "explanation" / "cost-model.html").read_text()
    assert cost_model.count('display="block"') >= 5
    assert "$" not in re.sub(r"<(script|pre|code)\b.*?</\1>", "", cost_model, flags=re.DOTALL)


def test_a_link_that_leads_nowhere_is_noticed(tmp_path: Path) -> None:
    shutil.copytree(DOCS / "_ext", tmp_path / "docs" / "_ext")
    shutil.copy(DOCS / "conf.py", tmp_path / "docs")
    (tmp_path / "docs" / "index.md").write_text("# Map\n\n[lost](nowhere.md)\n")
    done = build(tmp_path / "docs", tmp_path / "out")
    assert done.returncode == 1
    assert "nowhere.md" in done.stderr
