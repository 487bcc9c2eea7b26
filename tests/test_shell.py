"""Comfort in a shell: completion, progress, and what passes have made."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dqc_compiler import Network, Objective, Options, cli, compile_circuit, engines
from dqc_compiler.cli_completion import PROGRAMS, SHELLS
from dqc_compiler.cli_terminal import Terminal, execute
from dqc_compiler.formats.table_text import table_text
from dqc_compiler.passes import PASSES

EXAMPLE = Path(__file__).parents[1] / "examples" / "qft_16.qasm"
CIRCUIT = """\
OPENQASM 3.0;
include "stdgates.inc";
qubit[4] q;
bit[2] c;
cx q[0], q[2];
cx q[1], q[3];
h q[2];
cp(0.5) q[0], q[3];
c[0] = measure q[0];
if (c[0]) { x q[1]; }
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "small.qasm").write_text(CIRCUIT)
    (tmp_path / "smaller").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def dqc(*arguments: str) -> int:
    return execute(cli.dqc, "dqc", list(arguments))


# -- completion --------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_complete_both_commands(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert dqc("completion", shell) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    for variable in ("_DQC_COMPLETE", "_DQC_COMPILE_COMPLETE"):
        assert f"{variable}={shell}_complete" in shown.out
    found = shutil.which(shell)
    if found is not None:  # the shell itself reads it
        command = [found, "--no-execute" if shell == "fish" else "-n"]
        done = subprocess.run(command, input=shown.out, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


BASH = """\
source <(dqc completion bash)
COMP_WORDS=({words})
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
compopt() {{ local IFS=' '; echo "compopt $*"; }}
function_of() {{ complete -p "$1" | sed 's/.*-F \\([^ ]*\\).*/\\1/'; }}
"$(function_of "${{COMP_WORDS[0]}}")" "${{COMP_WORDS[0]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(words: str, directory: Path) -> list[str]:
    """What bash offers when the last of these words is to be completed."""
    tools = directory / "tools"
    tools.mkdir(exist_ok=True)
    for name in PROGRAMS:
        main = "main" if name == "dqc" else "main_compile"
        code = f"from dqc_compiler.entry import {main}; {main}()"
        (tools / name).write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
        (tools / name).chmod(0o755)
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH.format(words=words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("dqc comp", ["compile", "completion"]),
        ("dqc network ma", ["make"]),
        ("dqc compile --pre", ["--preset"]),
        ("dqc compile --preset b", ["balanced", "best"]),
        ("dqc compile --minimize makespan --dump-after se", ["segment"]),
        ("dqc-compile --engine h", ["hub", "hypergraph"]),
        ("dqc-compile --topology r", ["ring", "random-regular"]),
        ("dqc explain dqc57", ["DQC571", "DQC572", "DQC573"]),
        ("dqc schema re", ["report", "rewrites"]),
        ("dqc-compile sm", ["compopt -o default", ""]),
        ("dqc-compile --network sm", ["compopt -o default", ""]),
        ("dqc verify sm", ["compopt -o dirnames", ""]),
        ("dqc-compile small.qasm -o sm", ["compopt -o dirnames", ""]),
    ],
)
def test_bash_completes(here: Path, words: str, wanted: list[str]) -> None:
    assert completed(words, here) == wanted


# -- progress ----------------------------------------------------------------------------------


SMALL = ("small.qasm", "--nodes", "2", "--force")
SLOW = """
import time
from dqc_compiler import cli
from dqc_compiler.cli_terminal import run
from dqc_compiler.passes.segment import Segment
before = Segment.run
def slow(self, circuit):
    time.sleep({seconds})
    return before(self, circuit)
Segment.run = slow
run(cli.compile_, "dqc-compile")
"""


def watched(directory: Path, seconds: float, **variables: str) -> SimpleNamespace:
    """A compilation whose pass `segment` takes so long, with a terminal as standard error."""
    here, there = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    running = subprocess.Popen(
        [sys.executable, "-c", SLOW.format(seconds=seconds), *SMALL],
        stdout=subprocess.PIPE,
        stderr=there,
        cwd=directory,
        env={**environment, "TERM": "xterm", "COLUMNS": "80", **variables},
    )
    os.close(there)
    shown = b""
    while True:
        try:
            part = os.read(here, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(here)
    assert running.stdout is not None
    out = running.stdout.read()
    running.stdout.close()
    assert running.wait(60) == 0
    return SimpleNamespace(out=out.decode(), err=shown.decode())


def test_a_person_sees_the_current_pass_and_the_time(here: Path) -> None:
    slow = watched(here, 2.5)
    assert re.search(r"segment .*0:00:0[1-9]", slow.err)
    assert "\x1b[36m" in slow.err or "\x1b[3" in slow.err
    assert slow.err.endswith(("\x1b[2K", "\x1b[?25h", "\x1b[1A"))  # the line is gone
    assert slow.out.startswith("e-bits")
    assert "\x1b" not in slow.out


def test_progress_honours_the_terminal(here: Path) -> None:
    plain = watched(here, 2.5, NO_COLOR="1")
    assert "segment" in plain.err
    assert re.search(r"\x1b\[[0-9;]*3[0-7]m", plain.err) is None
    assert watched(here, 2.5, TERM="dumb").err == ""


def test_nothing_is_shown_that_nobody_watches(here: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SLOW.format(seconds=1.5), *SMALL],
        capture_output=True,
        text=True,
        cwd=here,
        env={**os.environ, "FORCE_COLOR": "1", "TERM": "xterm"},
        check=True,
    )
    assert done.stderr == ""
    assert "\x1b" not in done.stdout


def test_what_is_quick_shows_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second is waited for."""
    here, there = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(there, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with Terminal().progress("read") as show:
            show("fuse")
        stream.flush()
        os.set_blocking(here, False)
        with pytest.raises(BlockingIOError):
            os.read(here, 1)
        with Terminal().progress("read") as show:
            show("fuse")
            time.sleep(1.3)
        assert "fuse" in os.read(here, 4096).decode()
    os.close(here)


# -- what passes have made ---------------------------------------------------------------------


def test_the_list_of_passes_is_what_runs() -> None:
    network = Network.make("line", nodes=2, data_qubits=8, comm_qubits=2)
    options = Options(preset="fast", minimize=Objective.parse("fidelity"))
    begun: list[str] = []
    made: dict[str, Any] = {}
    compile_circuit(
        EXAMPLE, network, options=options, progress=begun.append, inspect=made.__setitem__
    )
    assert list(dict.fromkeys(name for name in begun if name in PASSES)) == list(PASSES)
    assert list(made) == list(PASSES)[1:]  # there are no ladders in this circuit
    for name, table in made.items():
        assert len(table_text(table).splitlines()) > 10, name


def test_passes_and_engines_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert dqc("compile", "--list-passes") == 0
    listed = re.findall(r"^  ([\w-]+) +\w", capsys.readouterr().out, re.MULTILINE)
    assert listed == [*PASSES, *engines.CHOICES]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("fuse", ["// 0 rewrites", "cp(0.5) q[0], q[3];", "if (c[0]) { x q[1]; }"]),
        (
            "segment",
            ["5 segments, 3 gates between them", "segment 2 of q[2]: axis (1, 0, 0), gates 0"],
        ),
        ("place", ["segment 0 of q[0]: home n1", "gate 3: host n1"]),
        (
            "plan-visits",
            ["8 steps, 1 e-bits, 1 pairs", "3 open q[3]: n0 to n1 over link 0", "7 operation 5"],
        ),
        ("insert-gadgets", ["n0: dqc_epr(0, 0) comm[0];", "n1: cp(0.5) data[0], comm[0];"]),
        ("schedule", ["planned makespan 103290 ns", "100 +30 ns  n1: h data[1];"]),
    ],
)
def test_what_a_pass_has_made_goes_to_standard_error(
    here: Path, capsys: pytest.CaptureFixture[str], name: str, lines: list[str]
) -> None:
    assert dqc("compile", "small.qasm", "--nodes", "2", "--dump-after", name) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("e-bits")
    head, *rest = shown.err.splitlines()
    assert head == f"--- after {name}"
    assert [line for line in lines if line not in rest] == []
    assert "---" not in "".join(rest)


def test_copies_and_moves_are_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--nodes", "4", "--topology", "line", "--dump-after", "join-visits")
    assert dqc("compile", "small.qasm", *arguments, "--dump-after", "cut-visits") == 0
    first, second = re.split("^--- after .*\n", capsys.readouterr().err, flags=re.MULTILINE)[1:]
    assert first == second  # there is nothing to cut
    assert re.search(r"^\d+ open q\[\d\]: n\d to n\d over link \d$", first, re.MULTILINE)
    assert re.search(r"^\d+ close q\[\d\] at n\d$", first, re.MULTILINE)


def test_what_a_pass_has_made_as_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--dump-after", "place", "--dump-after", "fuse", "--diagnostics", "json")
    assert dqc("compile", "small.qasm", "--nodes", "2", *arguments) == 0
    found = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [each["pass"] for each in found] == ["fuse", "place"]
    assert found[1]["made"].startswith("segment 0 of q[0]: home n1\n")


def test_what_is_no_table_has_no_text() -> None:
    with pytest.raises(TypeError, match="int is no table of a pass"):
        table_text(5)


@pytest.mark.parametrize("command", [("--explain", "dqc214"), ("compile", "--explain", "DQC214")])
def test_codes_are_explained_by_an_option(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert dqc("explain", "DQC214") == 0
    wanted = capsys.readouterr().out
    assert dqc(*command) == 0
    assert capsys.readouterr().out == wanted
