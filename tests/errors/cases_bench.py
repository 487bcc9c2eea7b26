"""Benchmarks that are refused, and rows that fail."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from dqc_compiler import cli
from dqc_compiler.cli_terminal import execute

GHZ = """\
OPENQASM 3.0;
include "stdgates.inc";
qubit[4] q;
h q[0];
cx q[0], q[1];
cx q[1], q[2];
cx q[2], q[3];
"""
BROKEN = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nhh q[0];\n'
ROW = '[[circuit]]\nfile = "circuits/ghz.qasm"\n'

RUN = ("bench", "run")
MADE = ("--nodes", "2", "--preset", "fast")
FOLDER = (*RUN, "circuits", *MADE)

TEXTS = {
    "circuits/ghz.qasm": GHZ,
    "broken/a.qasm": GHZ,
    "broken/b.qasm": BROKEN,
    "nothing/notes.txt": "no circuits\n",
    "suite.toml": f"schema = 1\n{ROW}",
    "empty.toml": "schema = 1\n",
    "syntax.toml": "schema = 1\n[[circuit]\n",
    "schema_2.toml": f"schema = 2\n{ROW}",
    "no_schema.toml": ROW,
    "keys.toml": f'schema = 1\nsuite = "x"\n{ROW}sede = 3\n[[circuit]]\nname = "both"\n'
    'file = "a.qasm"\nmqt = "qft@4"\n[[circuit]]\nfile = "a.qasm"\npreset = "slow"\nseed = -1\n',
    "twice.toml": f"schema = 1\n{ROW}{ROW}",
    "many.toml": 'schema = 1\n[[circuit]]\nmqt = "qft,ghz@4"\n',
    "network.toml": f'schema = 1\n{ROW}network = "nowhere.toml"\n',
    "schema_7.json": '{"schema": 7, "format": "dqc-bench-baseline", "rows": {}}\n',
    "other.json": '{"schema": 1}\n',
    "broken.json": '{"schema": 1,\n<<<<<<<\n',
    "keyless.json": '{"schema": 1, "format": "dqc-bench-baseline", "rows": {}}\n',
    "bare.json": '{"schema": 1, "format": "dqc-bench-baseline", "versions": {}, "rows": {}}\n',
}

COMMANDS = {
    "no_suite": (*RUN, "circuit", *MADE),
    "empty_folder": (*RUN, "nothing", *MADE),
    "empty_manifest": (*RUN, "empty.toml", *MADE),
    "manifest_syntax": (*RUN, "syntax.toml", *MADE),
    "manifest_schema": (*RUN, "schema_2.toml", *MADE),
    "manifest_without_schema": (*RUN, "no_schema.toml", *MADE),
    "manifest_keys": (*RUN, "keys.toml", *MADE),
    "names_twice": (*RUN, "twice.toml", *MADE),
    "many_mqt_circuits_in_a_row": (*RUN, "many.toml", *MADE),
    "network_of_a_row": (*RUN, "network.toml"),
    "no_network": (*RUN, "suite.toml"),
    "no_nodes": (*RUN, "circuits", "--nodes", "0"),
    "ring_of_two": (*FOLDER, "--topology", "ring"),
    "topology_without_nodes": (*RUN, "circuits", "--topology", "ring"),
    "no_baseline": (*FOLDER, "--baseline", "baseline.json"),
    "baseline_schema": (*FOLDER, "--baseline", "schema_7.json"),
    "baseline_of_something_else": (*FOLDER, "--baseline", "other.json"),
    "something_else_is_not_replaced": (*FOLDER, "--baseline", "other.json", "--update"),
    "baseline_syntax": (*FOLDER, "--baseline", "broken.json"),
    "baseline_keys": (*FOLDER, "--baseline", "keyless.json"),
    "update_without_baseline": (*FOLDER, "--update"),
    "update_of_a_shard": (*FOLDER, "--baseline", "b.json", "--update", "--shard", "1/2"),
    "tolerance": (
        *FOLDER,
        *("--tolerance", "pairs", "--tolerance", "seconds=5", "--tolerance", "pairs=-1"),
        *("--tolerance", "ebits=1", "--tolerance", "ebits=+1"),
    ),
    "shard": (*FOLDER, "--shard", "5/4"),
    "no_jobs": (*FOLDER, "--jobs", "0"),
    "mqt_not_installed": (*RUN, "mqt:qft@4", *MADE),
    "mqt_form": (*RUN, "mqt:qft,ghz", *MADE),
    "mqt_name": (*RUN, "mqt:qtf,ghz@4", *MADE),
    "junit_without_directory": (*FOLDER, "--junit", "no/such/junit.xml"),
    "junit_is_a_device": (*FOLDER, "--junit", "/dev/null"),
    "suite_without_name": (*RUN, "", *MADE),
    "state_is_a_file": (*FOLDER, "--state", "suite.toml"),
    "circuit_that_cannot_be_read": (*RUN, "broken", *MADE),
    "new_row": (*FOLDER, "--baseline", "bare.json"),
    "update_with_a_broken_row": (*RUN, "broken", *MADE, "--baseline", "b.json", "--update"),
}
"""Arguments of `dqc`, in a directory with the texts above."""


def run(arguments: tuple[str, ...], directory: Path) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command in a prepared directory."""
    for name, text in TEXTS.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.chdir(directory),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        if arguments == COMMANDS["mqt_not_installed"]:
            patch.setitem(sys.modules, "mqt.bench.benchmarks", None)
        code = execute(cli.dqc, "dqc", list(arguments))
    return code, out.getvalue(), err.getvalue()


def shown(arguments: tuple[str, ...], directory: Path) -> str:
    return run(arguments, directory)[2]


CASES: dict[str, Callable[[Path], str]] = {
    case: partial(shown, arguments) for case, arguments in COMMANDS.items()
}
