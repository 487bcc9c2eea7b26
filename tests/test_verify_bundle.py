"""Verification of a directory: it reads what is there, believes nothing, and writes nothing."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import dqc_compiler.verify
from dqc_compiler.formats.bundle_contents import Contents
from dqc_compiler.formats.manifest import Manifest
from dqc_compiler.formats.verdict import Verdict
from dqc_compiler.ir import Circuit
from dqc_compiler.verify import verify_directory
from tests.mutations_emitted import bundle_contents, random_circuit
from tests.strategies import make_circuit

CIRCUIT = random_circuit(11, qubits=6, gates=40, clbits=2)


@pytest.fixture(scope="module")
def contents() -> Contents:
    return bundle_contents(CIRCUIT, 11, nodes=3, comm=1)


@pytest.fixture
def bundle(contents: Contents, tmp_path: Path) -> Path:
    """The files that exist when a bundle is verified for the first time."""
    write_files(contents, tmp_path)
    return tmp_path


def write_files(contents: Contents, directory: Path) -> None:
    for name, text in contents.files.items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def edited_manifest(contents: Contents, change: Callable[[dict], None]) -> Manifest:
    content = json.loads(contents.manifest.text())
    change(content)
    return Manifest.model_validate_json(json.dumps(content))


def failed(verdict: Verdict) -> list[str]:
    return [check.name for check in verdict.checks if check.passed is False]


def test_a_right_bundle(contents: Contents, bundle: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in bundle.rglob("*")}
    verdict = verify_directory(bundle, CIRCUIT, contents.manifest)
    assert verdict.equivalent is True
    passed = [check.name for check in verdict.checks if check.passed]
    assert passed[:4] == ["structure", "schedule", "symbolic", "rewriting"]
    assert {path: path.stat().st_mtime_ns for path in bundle.rglob("*")} == before


@pytest.mark.parametrize("level", ["auto", "all"])
def test_another_circuit(contents: Contents, bundle: Path, level: str) -> None:
    rows = list(CIRCUIT.operations())
    index = next(i for i, row in enumerate(rows) if row.parameters and len(row.qubits) == 2)
    angle = rows[index].parameters[0]
    rows[index] = rows[index]._replace(parameters=(angle + 1e-3,))
    other = Circuit.from_operations("other", CIRCUIT.qubits, CIRCUIT.clbits, rows)
    verdict = verify_directory(bundle, other, contents.manifest, level=level)
    assert verdict.equivalent is False
    assert "rewriting" in failed(verdict)


def spoil_program(bundle: Path) -> None:
    path = bundle / "nodes" / "n1.qasm"
    lines = path.read_text().splitlines(keepends=True)
    index = next(i for i, line in enumerate(lines) if line.startswith("if"))
    path.write_text("".join(lines[:index] + lines[index + 1 :]))


def spoil_syntax(bundle: Path) -> None:
    (bundle / "nodes" / "n0.qasm").write_text("OPENQASM 3.0;\nfoo;\n")


def spoil_encoding(bundle: Path) -> None:
    (bundle / "nodes" / "n0.qasm").write_bytes(b"\xff\xfe")


def remove_program(bundle: Path) -> None:
    (bundle / "nodes" / "n2.qasm").unlink()


def spoil_logical(bundle: Path) -> None:
    path = bundle / "logical.qasm"
    path.write_text(path.read_text() + "x q[0];\n")


def shrink_logical(bundle: Path) -> None:
    (bundle / "logical.qasm").write_text("OPENQASM 3.0;\nqubit[1] q;\n")


def spoil_schedule(bundle: Path) -> None:
    content = json.loads((bundle / "schedule.json").read_text())
    times = content["operations"]["n0"]
    times[-1][0] = 0.0
    (bundle / "schedule.json").write_text(json.dumps(content))


def break_schedule(bundle: Path) -> None:
    (bundle / "schedule.json").write_text("{}")


def reduce_network(bundle: Path) -> None:
    content = json.loads((bundle / "network.json").read_text())
    content["node"]["n0"]["data_qubits"] = 1
    (bundle / "network.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (spoil_program, "structure"),  # the schedule has one statement too many; see below
        (spoil_syntax, "structure"),
        (spoil_encoding, "structure"),
        (remove_program, "structure"),
        (spoil_logical, "symbolic"),
        (shrink_logical, "symbolic"),
        (spoil_schedule, "schedule"),
        (break_schedule, "structure"),
        (reduce_network, "structure"),
    ],
)
def test_a_spoilt_file(
    contents: Contents, bundle: Path, spoil: Callable[[Path], None], check: str
) -> None:
    spoil(bundle)
    verdict = verify_directory(bundle, CIRCUIT, contents.manifest)
    assert verdict.equivalent is False
    wanted = "schedule" if spoil is spoil_program else check
    assert wanted in failed(verdict)


def exchange_ends(content: dict) -> None:
    first, second = (content["qubits"][name] for name in ("q[0]", "q[1]"))
    first["end"], second["end"] = second["end"], first["end"]


def exchange_starts(content: dict) -> None:
    first, second = (content["qubits"][name] for name in ("q[0]", "q[1]"))
    first["start"], second["start"] = second["start"], first["start"]


def exchange_bits(content: dict) -> None:
    bits = content["clbits"]
    bits["c[0]"], bits["c[1]"] = bits["c[1]"], bits["c[0]"]


def forget_bit(content: dict) -> None:
    content["clbits"]["c[0]"] = None


def claim_fewer_pairs(content: dict) -> None:
    content["figures"]["pairs"] -= 1


def claim_fewer_comm_qubits(content: dict) -> None:
    content["figures"]["peak_comm_qubits"]["n0"] = 0


def claim_larger_register(content: dict) -> None:
    content["nodes"]["n0"]["data"] += 1


def rename_channel_end(content: dict) -> None:
    channel = next(iter(content["channels"].values()))
    channel["from"], channel["to"][0] = channel["to"][0], channel["from"]


def forget_channel(content: dict) -> None:
    content["channels"].popitem()


def exchange_links(content: dict) -> None:
    content["links"] = content["links"][::-1]


def rename_qubit(content: dict) -> None:
    content["qubits"]["p[0]"] = content["qubits"].pop("q[0]")


def unknown_node(content: dict) -> None:
    content["qubits"]["q[0]"]["end"][0] = "n9"


@pytest.mark.parametrize(
    "change",
    [
        exchange_ends,
        exchange_starts,
        exchange_bits,
        forget_bit,
        claim_fewer_pairs,
        claim_fewer_comm_qubits,
        claim_larger_register,
        rename_channel_end,
        forget_channel,
        exchange_links,
        rename_qubit,
        unknown_node,
    ],
)
def test_a_wrong_manifest(contents: Contents, bundle: Path, change: Callable[[dict], None]) -> None:
    manifest = edited_manifest(contents, change)
    assert verify_directory(bundle, CIRCUIT, manifest).equivalent is False


CONSTANTS = make_circuit(
    3,
    [
        *[("reset", (q,)) for q in range(3)],
        ("measure", (0,), (), 0),
        ("measure", (1,), (), 2),
        ("measure", (2,), (), 0),
        *[("h", (q,)) for q in range(3)],
    ],
    4,
)
"""Every value is 0; c[0] is written twice, c[1] and c[3] are never written."""


def exchange_constants(content: dict) -> None:
    bits = content["clbits"]
    bits["c[0]"], bits["c[2]"] = bits["c[2]"], bits["c[0]"]


def forget_constant(content: dict) -> None:
    content["clbits"]["c[0]"] = None


def write_another_bit(content: dict) -> None:
    bits = content["clbits"]
    bits["c[1]"], bits["c[0]"] = bits["c[0]"], None


def write_one_bit_more(content: dict) -> None:
    content["clbits"]["c[3]"] = content["clbits"].pop("c[2]")
    content["clbits"]["c[2]"] = None


def take_the_first_writer(content: dict) -> None:
    content["clbits"]["c[0]"] = overwritten(content)


def overwritten(content: dict) -> list:
    """The measurement into c[0] that the second one makes void."""
    used = [place for place in content["clbits"].values() if place is not None]
    places = [[name, k] for name, node in content["nodes"].items() for k in range(node["out"])]
    (left,) = [place for place in places if place not in used]
    return left


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (exchange_constants, "symbolic"),
        (take_the_first_writer, "symbolic"),
        (forget_constant, "structure"),
        (write_another_bit, "structure"),
        (write_one_bit_more, "structure"),
    ],
)
@pytest.mark.parametrize("level", ["auto", "all"])
def test_a_bit_is_a_measurement_and_not_a_value(
    tmp_path: Path, change: Callable[[dict], None], check: str, level: str
) -> None:
    contents = bundle_contents(CONSTANTS, 3, nodes=2, comm=1)
    write_files(contents, tmp_path)
    right = verify_directory(tmp_path, CONSTANTS, contents.manifest, level=level)
    assert right.equivalent is True
    verdict = verify_directory(tmp_path, CONSTANTS, edited_manifest(contents, change), level=level)
    assert verdict.equivalent is False
    assert failed(verdict) == [check]


@pytest.mark.parametrize("entry", ["start", "end", "bit"])
@pytest.mark.parametrize("place", ["first", ["n0", -1], ["n0", 99], ["n1", 10**30], ["n9", 0]])
def test_positions_exist_and_are_taken_once(
    contents: Contents, bundle: Path, entry: str, place: str | list
) -> None:
    def change(content: dict) -> None:
        others, key = (
            (content["clbits"], "c[1]") if entry == "bit" else (content["qubits"]["q[1]"], entry)
        )
        first = content["clbits"]["c[0]"] if entry == "bit" else content["qubits"]["q[0]"][entry]
        others[key] = first if place == "first" else place

    verdict = verify_directory(bundle, CIRCUIT, edited_manifest(contents, change))
    assert verdict.equivalent is False
    assert failed(verdict) == ["structure"]


def test_the_verifier_shares_nothing_with_the_compiler() -> None:
    """By name in its files, and in a process that imports it."""
    allowed = ("dqc_compiler.diagnostics", "dqc_compiler.formats", "dqc_compiler.ir")
    folder = Path(dqc_compiler.verify.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.module if isinstance(node, ast.ImportFrom) else None
            if name is not None and name.startswith("dqc_compiler"):
                assert name.startswith((*allowed, "dqc_compiler.verify")), (path.name, name)


def test_importing_the_verifier_is_cheap() -> None:
    code = (
        "import sys, dqc_compiler.verify;"
        "heavy = {'qiskit', 'qiskit_aer', 'stim', 'mqt', 'numba', 'dqc_compiler.passes'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
