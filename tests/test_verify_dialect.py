"""The worked examples of the dialect page do what the page says."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import openqasm3
import pytest

from dqc_compiler.formats.flat_qasm import circuit_from_flat, read_flat_qasm
from dqc_compiler.ir import Circuit, Link, Network, Node
from dqc_compiler.verify import verify_programs
from dqc_compiler.verify.programs import ProgramSet
from tests.mutations_oracle import agree, of_circuit, of_programs

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "qasm-dialect.md"


@cache
def files() -> dict[str, str]:
    blocks = re.findall(
        r"^```\w+ file=(\S+)\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE
    )
    return dict(blocks)


EXAMPLES = sorted(name.removesuffix(".json") for name in files() if name.endswith(".json"))


def load(example: str) -> tuple[ProgramSet, Circuit]:
    said = json.loads(files()[f"{example}.json"])
    programs = {
        name.split(".")[1]: read_flat_qasm(text, source=name)
        for name, text in files().items()
        if name.startswith(f"{example}.") and name.endswith(".qasm")
    }
    circuit = circuit_from_flat(programs.pop("circuit"), name=example)
    number = {name: index for index, name in enumerate(programs)}
    nodes = tuple(
        Node(
            name=name,
            data_qubits=program.qubit_registers.get("data", 0),
            comm_qubits=program.qubit_registers["comm"],
        )
        for name, program in programs.items()
    )
    links = tuple(Link(between=(number[a], number[b])) for a, b in said["links"])
    positions = [said["qubits"][name] for name in circuit.qubits]
    task = ProgramSet(
        network=Network(nodes, links),
        programs=tuple(programs.values()),
        qubits=circuit.qubits,
        clbit_names=circuit.clbits,
        start=tuple((number[p["start"][0]], p["start"][1]) for p in positions),
        end=tuple((number[p["end"][0]], p["end"][1]) for p in positions),
        clbits=tuple((number[n], i) for n, i in (said["clbits"][b] for b in circuit.clbits)),
    )
    return task, circuit


def test_the_page_has_the_five_examples() -> None:
    assert EXAMPLES == ["packet", "purification", "swap", "teleport", "tree"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_proven(example: str) -> None:
    task, circuit = load(example)
    verdict = verify_programs(task, circuit, level="all")
    assert verdict.equivalent is True
    assert {check.name for check in verdict.checks if check.passed} >= {"structure", "symbolic"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_right_on_every_outcome(example: str) -> None:
    task, circuit = load(example)
    assert agree(of_circuit(circuit), of_programs(task))


@pytest.mark.parametrize("name", sorted(n for n in files() if n.endswith(".qasm")))
def test_the_reference_parser_reads_every_program(name: str) -> None:
    assert openqasm3.parse(files()[name]).statements
