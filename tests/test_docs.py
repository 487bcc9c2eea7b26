"""The README and the documentation are executed as they stand.

The info string of a code block says what it is:

- `console`: lines after `$ ` are run in order, and what follows each is what it prints.
- `pycon`: an interpreter session.
- `sh`: a command that sets up an environment first; its last part is run here, and the next block
  is what it prints.
- `LANGUAGE file=NAME`: the reader saves it under this name; it is there for the rest of the page.
- `LANGUAGE from=NAME`: what this file holds at that point of the page, or a part of it.
- `text`: nothing is claimed that could be run.

In expected output `...` stands for anything. A page is one session in one directory, which starts
with the examples. Commands run in this process, where that is the same: importing the compiler anew
for every one would take minutes. To accept new output run `python -m tests.test_docs` in the root
of the repository, and review the difference.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import doctest
import inspect
import io
import itertools
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, get_args

import click
import pytest

import dqc_compiler
from dqc_compiler import cli, diagnostics
from dqc_compiler.bench import compare
from dqc_compiler.cli_terminal import execute
from dqc_compiler.diagnostics import bundle, network, placement
from dqc_compiler.formats import (
    bench_file,
    cutoffs,
    manifest,
    network_model,
    report,
    report_bounds,
    rewrites,
    schedule_file,
    verdict,
)
from dqc_compiler.formats.file_model import FileModel

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
REFERENCE = ROOT / "docs" / "reference"
ENGINES = ("mtkahypar", "stim", "qiskit_aer", "mqt.qcec", "mqt.bench", "mqt.bench.benchmarks")
FENCE = re.compile(r"^```(\S*)[ ]*([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A fenced code block."""

    language: str
    attributes: dict[str, str]
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    found = []
    for match in FENCE.finditer(text):
        attributes = dict(word.split("=", 1) for word in match[2].split())
        line = text[: match.start()].count("\n") + 2
        found.append(Block(match[1], attributes, match[3], line))
    assert text.count("\n```") + text.startswith("```") == 2 * len(found), "an unpaired fence"
    return found


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return FENCE.sub("", page.read_text())


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


# --- Everything that can run is run ---------------------------------------------------------------


class Shown(NamedTuple):
    """Something that a page shows, and what there is instead."""

    where: str
    before: str  # the text of the page right before what is shown
    wanted: str
    found: str
    holds: bool


@contextlib.contextmanager
def desk(directory: Path) -> Iterator[None]:
    """Work in a directory with the examples, on a machine without the optional engines."""
    shutil.copytree(ROOT / "examples", directory / "examples")
    with contextlib.chdir(directory), pytest.MonkeyPatch.context() as patch:
        for engine in ENGINES:
            patch.setitem(sys.modules, engine, None)
        yield


def replay(page: Path) -> Iterator[Shown]:
    """Go through a page from top to bottom, in the current directory."""
    names: dict[str, Any] = {}
    exit_code = 0
    found = blocks(page)
    for block, following in itertools.zip_longest(found, found[1:]):
        where = f"{name_of(page)}:{block.line}"
        if "file" in block.attributes:
            Path(block.attributes["file"]).write_text(block.text)
        elif "from" in block.attributes:
            text = Path(block.attributes["from"]).read_text()
            yield Shown(where, "\n", block.text, text, shows(text, block.text))
        elif block.language == "console":
            for line, wanted in commands(block):
                printed, exit_code = run(line, exit_code)
                holds = matches(printed, wanted)
                yield Shown(f"{where}: {line}", f"$ {line}\n", wanted, printed, holds)
        elif block.language == "sh":
            for line in setup_commands(block):
                assert following is not None
                printed, exit_code = run(line, exit_code)
                holds = matches(printed, following.text)
                yield Shown(f"{where}: {line}", "```text\n", following.text, printed, holds)
        elif block.language == "pycon":
            problem = python_problem(block, names, where)
            yield Shown(where, "", "", problem, not problem)
        else:
            assert block.language == "text", f"{where}: what is this block?"


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Each command of a console block with the lines that follow it."""
    parts = re.split(r"^\$ (.*)\n", block.text, flags=re.MULTILINE)
    assert parts[0] == "", "a console block starts with a command"
    yield from zip(parts[1::2], parts[2::2], strict=True)


def setup_commands(block: Block) -> Iterator[str]:
    """What is left of commands that make an environment and install the package first.

    The gate in .ci runs them as a whole; running the tests in a test would not end.
    """
    for line in block.text.splitlines():
        make, install, use = line.split(" && ")
        assert make == "python3 -m venv .venv"
        assert re.fullmatch(r"\.venv/bin/pip install (\.|'\.\[(\w+)\]')", install)
        if use != ".venv/bin/pytest":
            yield use.removeprefix(".venv/bin/")


def run(line: str, last_exit_code: int) -> tuple[str, int]:
    """Run a command line: what it prints on both streams, and its exit code."""
    words = shlex.split(line)
    if line == "echo $?":
        return f"{last_exit_code}\n", 0
    if words[0] not in ("dqc", "dqc-compile"):
        done = subprocess.run(
            ["bash", "-c", line],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout, done.returncode
    command = cli.dqc if words[0] == "dqc" else cli.compile_
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        exit_code = execute(command, words[0], words[1:])
    return printed.getvalue(), exit_code


def python_problem(block: Block, names: dict[str, Any], where: str) -> str:
    """Run an interpreter session; what differs in it."""
    parser = doctest.DocTestParser()
    test = parser.get_doctest(block.text, names, where, where, block.line - 1)
    assert test.examples, f"{where}: nothing to run"
    problems: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    runner.run(test, out=problems.append, clear_globs=False)
    names.update(test.globs)
    return "".join(problems)


def matches(found: str, wanted: str) -> bool:
    """Whether a text is as it is shown, where `...` stands for anything."""
    pattern = re.escape(wanted.rstrip()).replace(r"\.\.\.", ".*")
    return re.fullmatch(pattern, found.rstrip(), re.DOTALL) is not None


def shows(file: str, excerpt: str) -> bool:
    """Whether whole consecutive lines of a file are as they are shown."""
    pattern = r"^" + re.escape(excerpt.rstrip()).replace(r"\.\.\.", ".*") + r"$"
    return re.search(pattern, file, re.DOTALL | re.MULTILINE) is not None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_shows_is_what_happens(page: Path, tmp_path: Path) -> None:
    with desk(tmp_path / "desk"):
        for shown in replay(page):
            if not shown.holds:
                lines = shown.wanted.splitlines(), shown.found.splitlines()
                difference = difflib.unified_diff(*lines, "page", "found", lineterm="")
                pytest.fail("\n".join([shown.where, *difference]), pytrace=False)


def update(page: Path) -> None:
    """Accept what commands print now, and programs that are shown as a whole.

    Output with `...` and parts of files are left to the author.
    """
    text = page.read_text()
    with tempfile.TemporaryDirectory() as directory, desk(Path(directory) / "desk"):
        for shown in replay(page):
            is_part = shown.before == "\n" and not shown.wanted.startswith("OPENQASM")
            if shown.holds:
                continue
            if "..." in shown.wanted or is_part or not shown.before:
                print(f"to be changed by hand: {shown.where}")
                continue
            text = text.replace(shown.before + shown.wanted, shown.before + shown.found, 1)
            print(f"updated: {shown.where}")
    page.write_text(text)


def test_the_readme_has_the_two_commands_of_the_gate() -> None:
    lines = [
        line for line in PAGES[0].read_text().splitlines() if line.startswith("python3 -m venv")
    ]
    assert lines == [
        "python3 -m venv .venv && .venv/bin/pip install . && "
        ".venv/bin/dqc-compile examples/qft_16.qasm --nodes 4 -o out",
        "python3 -m venv .venv && .venv/bin/pip install '.[test]' && .venv/bin/pytest",
    ]


def test_the_readme_explains_every_statement_of_its_programs() -> None:
    explained: dict[str, list[str]] = {"n0": [], "n1": []}
    for node, cell, _ in (row for row in rows(PAGES[0].read_text()) if len(row) == 3):
        statements = [part.strip() for part in re.split(r"(?<=[;}])(?!\s*})", code(cell))]
        for name in explained if node == "both" else [node]:
            explained[name] += [statement for statement in statements if statement]
    for block in blocks(PAGES[0]):
        if "from" not in block.attributes:
            continue
        node = Path(block.attributes["from"]).stem
        body = re.findall(r"^(?!OPENQASM|include|//|qubit|bit).+$", block.text, re.MULTILINE)
        assert [line for line in body if not line.startswith("out")] == explained[node][:-1]
        assert explained[node][-1].startswith("out[0] = measure")
        del explained[node]
    assert explained == {}


@pytest.mark.parametrize(
    ("found", "wanted"),
    [("a 1 b\n", "a 2 b\n"), ("a\nb\n", "a\n"), ("", "a\n"), ("a.c\n", "abc\n"), ("a b", "... c")],
)
def test_output_that_differs_is_noticed(found: str, wanted: str) -> None:
    assert not matches(found, wanted)
    assert not shows(found, wanted.replace("a\n", "c\n"))
    assert matches(found, found)
    assert matches(f"{found}x", "...x")


# --- Links ----------------------------------------------------------------------------------------

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """Anchors of the headings, as code hosts make them."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(plain.strip().replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(prose(page)):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), f"{name_of(page)} links to {target}"
        assert other.is_relative_to(ROOT), f"{target} leaves the repository"
        assert not anchor or anchor in anchors(other), f"{name_of(page)}: no heading {target}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_of_the_repository_that_are_named_exist(page: Path) -> None:
    roots = "examples|docs|tests|benchmarks|dqc_compiler"
    for name in re.findall(rf"`((?:{roots})/[\w./-]*)`", prose(page)):
        assert (ROOT / name).exists(), f"{name_of(page)} speaks of {name}"


def test_the_map_names_every_page() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link).resolve() for link in LINK.findall(prose(index))}
    assert set(PAGES) - {index} <= linked


# --- Tables against the code ----------------------------------------------------------------------


def section(page: Path, heading: str) -> str:
    """The part of a page from a heading to the next of the same or a higher level."""
    text = page.read_text()
    level = heading.split(" ", maxsplit=1)[0]
    start = text.index(f"\n{heading}\n") + 1
    end = re.search(rf"^#{{1,{len(level)}}} ", text[start + len(heading) :], re.MULTILINE)
    return text[start : start + len(heading) + end.start()] if end else text[start:]


def rows(text: str) -> list[list[str]]:
    """Cells of all table rows, without the heads."""
    found = []
    for table in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        lines = table.splitlines()
        assert re.fullmatch(r"[|\- :]+", lines[1])
        found += [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]
        ]
    return found


def code(cell: str) -> str:
    """The first piece of code in a cell."""
    match = re.search(r"`([^`]+)`", cell)
    return match[1].replace(r"\|", "|") if match else ""


def commands_of(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    for word, child in getattr(command, "commands", {}).items():
        yield from commands_of(child, f"{name} {word}")


COMMANDS = dict(commands_of(cli.dqc, "dqc"))


def option_words(option: click.Parameter) -> str:
    """An option as `--help` writes it, without the type of a plain number."""
    context = click.Context(click.Command("x"))
    value = "" if getattr(option, "is_flag", False) else " " + option.make_metavar(context)
    return ", ".join(option.opts) + value.replace("INTEGER RANGE", "S")


def options(command: click.Command) -> dict[str, click.Option]:
    return {
        option_words(parameter): parameter
        for parameter in command.params
        if isinstance(parameter, click.Option)
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_the_reference_lists_the_options_that_help_shows(name: str) -> None:
    """Options in order of `--help`, and their defaults; `--help` itself is explained once."""
    found = rows(section(REFERENCE / "command-line.md", f"## `{name}`"))
    command = COMMANDS[name]
    expected = options(command)
    assert [code(row[0]) for row in found if code(row[0]).startswith("-")] == list(expected)
    for row in found:
        option = expected.get(code(row[0]))
        if option is None:
            continue
        default = option.default if isinstance(option.default, (str, int)) else None
        shown = code(row[1]) if len(row) > 2 else ""
        if default is not None and not option.is_flag:
            assert shown == str(default), f"{name}: default of {code(row[0])}"
        named = re.search(r"\[default: ([^\]]*)\]", option.help or "")
        if named:
            assert row[1].strip("`") == named[1], f"{name}: default of {code(row[0])}"


def test_the_table_of_the_readme_is_part_of_help() -> None:
    shown = [code(row[0]) for row in rows(PAGES[0].read_text())]
    found = [word for word in shown if word.startswith("-")]
    assert len(found) > 4
    assert set(found) <= set(options(cli.compile_))


def test_exit_codes_are_those_of_the_families() -> None:
    listed = {
        int(code(row[0])) for row in rows(section(REFERENCE / "command-line.md", "## Exit codes"))
    }
    families = (
        diagnostics.Infeasible,
        diagnostics.BadInput,
        diagnostics.Unproven,
        diagnostics.Internal,
        diagnostics.WriteFailed,
    )
    assert listed == {0, 130, *(family.exit_code for family in families)}


def test_the_reference_names_what_the_package_exports() -> None:
    page = REFERENCE / "python.md"
    text = page.read_text()
    table = text[: text.index("\n## ")]
    named = {
        found[1] for row in rows(table) for found in re.finditer(r"`(\w+)(?:\([^`]*\))?`", row[0])
    }
    assert named == set(dqc_compiler.__all__)
    fields = {field.name for field in dataclasses.fields(dqc_compiler.Result)}
    own = {name for name in vars(dqc_compiler.Result) if not name.startswith("_")} - fields
    shown = {
        found[1]
        for row in rows(section(page, "## Result"))
        for found in re.finditer(r"`(\w+)(?:\([^`]*\))?`", row[0])
    }
    assert shown == fields | own | {"original", "logical"}
    arguments = [code(row[0]) for row in rows(section(page, "## Compile"))]
    assert set(arguments) == set(inspect.signature(dqc_compiler.compile_circuit).parameters)


def key_names(model: type[FileModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


NETWORK_TABLES = {
    "## The file": network_model.NetworkFile,
    "## Nodes": network_model.NodeEntry,
    "## Links": network_model.LinkEntry,
}


@pytest.mark.parametrize("heading", NETWORK_TABLES)
def test_every_key_of_a_network_file_is_in_the_reference(heading: str) -> None:
    model = NETWORK_TABLES[heading]
    found = rows(section(REFERENCE / "network-file.md", heading))
    assert [code(row[0]) for row in found] == key_names(model)
    for row, field in zip(found, model.model_fields.values(), strict=True):
        if field.is_required() or field.default is None or field.default_factory is not None:
            continue
        default = f'"{field.default}"' if isinstance(field.default, str) else str(field.default)
        # A repeater alone may leave out data_qubits; a processor has no default.
        assert code(row[2]) == default or row[2].startswith("required"), row


def codes(module: ModuleType) -> set[str]:
    kinds = [value for value in vars(module).values() if isinstance(value, type)]
    return {kind.code for kind in kinds if "code" in vars(kind)}


def test_the_references_list_the_problems_of_their_files() -> None:
    listed = {code(row[0]) for row in rows((REFERENCE / "network-file.md").read_text())}
    found = {word for word in listed if word.startswith("DQC")}
    assert found == codes(network) | codes(placement)
    listed = {code(row[0]) for row in rows((REFERENCE / "bundle.md").read_text())}
    assert {word for word in listed if word.startswith("DQC")} == codes(bundle)


BUNDLE_TABLES = {
    "## manifest.json": [
        manifest.Manifest,
        manifest.Compiler,
        manifest.Inputs,
        manifest.Registers,
        manifest.Channel,
        manifest.QubitPositions,
        manifest.ManifestParameter,
    ],
    "## schedule.json": [
        schedule_file.ScheduleFile,
        schedule_file.PairEntry,
        schedule_file.PairEnd,
        schedule_file.CopyEntry,
        cutoffs.CutoffViolations,
        schedule_file.Message,
        schedule_file.PurificationEntry,
        schedule_file.Outcome,
        schedule_file.PlannedMakespan,
    ],
    "## report.json": [
        report.Report,
        report.MakespanFigures,
        report.LinkFigures,
        report.NodeFigures,
        report.FidelityFigures,
        report.GadgetFigures,
        report.EnginesUsed,
        report.FrontEntry,
        report_bounds.GapFigures,
        report_bounds.BoundFigures,
    ],
    "## rewrites.json": [rewrites.Rewrites, rewrites.Rewrite],
    "## The verdict": [verdict.Verdict, verdict.Check],
}


@pytest.mark.parametrize("heading", BUNDLE_TABLES)
def test_every_key_of_a_bundle_is_in_the_reference(heading: str) -> None:
    found = {code(row[0]) for row in rows(section(REFERENCE / "bundle.md", heading))}
    expected = {key for model in BUNDLE_TABLES[heading] for key in key_names(model)}
    assert found == expected


BENCH_TABLES = {
    "## A manifest": [bench_file.SuiteFile, bench_file.CircuitEntry],
    "## What is compared": [bench_file.BenchFigures],
    "## Anywhere else": [bench_file.BenchReport, bench_file.ReportRow],
}


@pytest.mark.parametrize("heading", BENCH_TABLES)
def test_every_key_of_a_benchmark_is_in_its_page(heading: str) -> None:
    page = ROOT / "docs" / "how-to" / "guard-costs-in-ci.md"
    found = {
        word for row in rows(section(page, heading)) for word in re.findall(r"`(\w+)`", row[0])
    }
    expected = {key for model in BENCH_TABLES[heading] for key in key_names(model)}
    assert found == expected - {"circuit"}


def test_every_status_of_a_row_is_in_its_page() -> None:
    page = ROOT / "docs" / "how-to" / "guard-costs-in-ci.md"
    found = {code(row[0]): bool(row[1]) for row in rows(section(page, "## When a row fails"))}
    assert found.keys() == set(get_args(bench_file.RowStatus))
    assert {status for status, fails in found.items() if fails} == compare.FAILING


if __name__ == "__main__":
    for each in PAGES:
        update(each)
