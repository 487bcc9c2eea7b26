"""The action for GitHub and the job for GitLab: their scripts run as they stand."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from dqc_compiler import cli_bench
from tests.errors.cases_bench import GHZ
from tests.test_docs import Block, blocks

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "how-to" / "guard-costs-in-ci.md"
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
OPTIONS = {word for parameter in cli_bench.run.params for word in parameter.opts}


def block_of(name: str) -> Block:
    return next(each for each in blocks(PAGE) if each.attributes.get("file") == name)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a suite, and `dqc` where the action installs it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "circuits").mkdir()
    (tmp_path / "circuits" / "ghz.qasm").write_text(GHZ)
    program = tmp_path / "runner" / "dqc-bench" / "bin" / "dqc"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dqc_compiler "$@"\n')
    program.chmod(0o755)
    return tmp_path


def run_script(script: str, here: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it as the service does: bash that ends at the first failure, in the repository."""
    places = {"RUNNER_TEMP": str(here / "runner"), "GITHUB_STEP_SUMMARY": str(here / "summary.md")}
    path = f"{here / 'runner' / 'dqc-bench' / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        env={**os.environ, **places, **variables, "PATH": path},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def measure(here: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """The step of the action that measures, with these inputs and the defaults of the others."""
    values = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()}
    assert inputs.keys() <= values.keys()
    values |= inputs
    step = STEPS[-1]
    variables = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: values[match[1]], text)
        for name, text in step["env"].items()
    }
    assert "${{" not in "".join(variables.values())
    return run_script(step["run"], here, **variables)


def test_the_action_is_well_formed() -> None:
    assert {"name", "description", "inputs", "runs"} <= ACTION.keys()
    assert ACTION["runs"]["using"] == "composite"
    for step in STEPS:
        assert ("uses" in step) != ("run" in step)
        assert step.get("shell") == ("bash" if "run" in step else None)
        # Inputs reach scripts in the environment only: nobody can write a command into one.
        assert "${{" not in step.get("run", "")
    for each in ACTION["inputs"].values():
        assert each["description"]
        assert each.get("required", False) == ("default" not in each)


def test_every_input_is_used_and_none_else() -> None:
    used = set(re.findall(r"\$\{\{ inputs\.([\w-]+) \}\}", str(STEPS)))
    assert used == ACTION["inputs"].keys()


def test_the_package_is_installed_from_the_checkout_of_the_action(here: Path) -> None:
    """By what pip is told; that installing works is what the gate in .ci shows."""
    install = next(step for step in STEPS if step["name"].startswith("Install"))
    pip = here / "runner" / "dqc-bench" / "bin" / "pip"
    pip.write_text('#!/bin/sh\necho "$@"\n')
    pip.chmod(0o755)
    python = here / "runner" / "dqc-bench" / "bin" / "python"
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    assert install["env"]["ACTION"] == "${{ github.action_path }}"
    for extras, expected in (("", "/the/action"), ("bench,verify", "/the/action[bench,verify]")):
        done = run_script(install["run"], here, ACTION="/the/action", EXTRAS=extras)
        assert (done.returncode, done.stdout.split()[-1]) == (0, expected)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {"bench", "verify"} <= project["optional-dependencies"].keys()


def test_options_of_the_action_are_those_of_the_command() -> None:
    words = set(re.findall(r"(?<![\w-])--[a-z-]+", STEPS[-1]["run"]))
    assert words <= OPTIONS
    options = {name for name in ACTION["inputs"] if f"--{name}" in words}
    assert ACTION["inputs"].keys() - options == {"suite", "extras", "python-version"}


def test_the_action_measures_and_compares(here: Path) -> None:
    arguments = ["bench", "run", "circuits", "--nodes", "2", "--baseline", "b.json", "--update"]
    command = [str(here / "runner" / "dqc-bench" / "bin" / "dqc"), *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    done = measure(here, suite="circuits", nodes="2", baseline="b.json", jobs="1")
    assert done.returncode == 0, done.stderr
    assert "1 row: 1 same" in done.stdout
    assert ET.parse(here / "dqc-bench.xml").getroot().get("failures") == "0"
    (here / "circuits" / "ghz.qasm").write_text(f"{GHZ}h q[2];\ncx q[2], q[0];\n")
    done = measure(here, suite="circuits", nodes="2", baseline="b.json", junit="other.xml")
    assert done.returncode == 1
    assert "ghz (ebits 1 -> 2" in done.stderr
    assert ET.parse(here / "other.xml").getroot().get("failures") == "1"
    summary = (here / "summary.md").read_text()
    assert summary.count("### dqc bench: circuits") == 2
    assert "1 → 2" in summary


def test_tolerances_are_several_words_and_names_may_have_spaces(here: Path) -> None:
    (here / "circuits").rename(here / "my circuits")
    tolerance = "pairs=5\ndepth=+1 ebits=1%\n"
    done = measure(here, suite="my circuits", nodes="2", topology="line", tolerance=tolerance)
    assert done.returncode == 0, done.stderr
    done = measure(here, suite="my circuits", nodes="2", tolerance="pears=5")
    assert (done.returncode, "DQC560" in done.stderr) == (2, True)
    done = measure(here, suite="my circuits", nodes="2", shard="2/1")
    assert (done.returncode, "DQC561" in done.stderr) == (2, True)


def test_the_workflow_of_the_page_uses_inputs_that_exist(here: Path) -> None:
    workflow = yaml.safe_load(block_of("costs.yml").text)
    (job,) = workflow["jobs"].values()
    inputs = {name: str(value) for name, value in job["steps"][-1]["with"].items()}
    assert job["steps"][-1]["uses"].endswith("/dqc_compiler@v1")
    done = measure(here, **{**inputs, "baseline": ""})
    assert done.returncode == 0, done.stderr


def test_the_job_for_gitlab_runs(here: Path) -> None:
    job = yaml.safe_load(block_of("gitlab-ci.yml").text)["costs"]
    install, command = job["script"]
    assert install == 'pip install "$PACKAGE"'
    update = command.split(" --junit")[0] + " --update"
    assert run_script(update, here).returncode == 0
    done = run_script(command, here)
    assert done.returncode == 0, done.stderr
    assert (here / job["artifacts"]["reports"]["junit"]).exists()
    shards = next(each for each in blocks(PAGE) if "$CI_NODE_INDEX" in each.text)
    done = run_script(shards.text, here, CI_NODE_INDEX="1", CI_NODE_TOTAL="4")
    assert done.returncode == 0, done.stderr


def test_the_gate_of_this_repository_is_the_command_that_it_offers() -> None:
    """And its suite is there as a whole, so that the gate can only fail for its figures."""
    script = (ROOT / ".ci" / "run").read_text().replace("\\\n", " ")
    line = next(each for each in script.splitlines() if "dqc bench run" in each)
    words = shlex.split(line)
    assert {word for word in words if word.startswith("--")} <= OPTIONS
    manifest = ROOT / words[3]
    content = tomllib.loads(manifest.read_text())
    for row in content["circuit"]:
        assert (manifest.parent / row["file"]).is_file()
    for name in ("--network", "--baseline"):
        assert (ROOT / words[words.index(name) + 1]).is_file()
    assert script.rstrip().splitlines()[-1] == 'bash -euc "${commands[1]}"'
