"""From the pass to the verdict: what fusing records is replayed, and a false record is noticed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from dqc_compiler import Network, Options, compile_circuit
from dqc_compiler.bundles import save_bundle
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.formats.flat_qasm import circuit_from_flat, read_flat_qasm
from dqc_compiler.formats.manifest import Manifest
from dqc_compiler.formats.qasm_text import circuit_text
from dqc_compiler.formats.rewrites import make_rewrites
from dqc_compiler.formats.verdict import Check
from dqc_compiler.ir import Circuit
from dqc_compiler.passes.fuse import Fuse
from dqc_compiler.verify import verify_directory
from dqc_compiler.verify.canonical import circuit_form
from dqc_compiler.verify.compare import first_difference
from dqc_compiler.verify.record import read_record
from dqc_compiler.verify.rewriting import ReplayError, replay
from tests.growth import growth
from tests.strategies import circuits, make_circuit

BENCHMARKS = Path(__file__).parents[1] / "benchmarks" / "circuits"
CIRCUIT = BENCHMARKS / "qaoa3reg_16.qasm"

Steps = list[dict[str, Any]]


def assert_replayed(circuit: Circuit) -> int:
    """Write what fusing did as text, read it, and replay it; returns the number of steps."""
    result = Fuse().run(circuit)
    logical = read_flat_qasm(circuit_text(result.circuit), source="logical.qasm")
    steps = read_record(make_rewrites(result).text(), logical)
    forms = [
        circuit_form(table)
        for table in (replay(circuit, steps), circuit_from_flat(logical, name="logical"))
    ]
    assert first_difference(*forms, circuit.qubits, circuit.clbits) is None
    return len(steps)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(circuits(max_operations=40, clbits=2))
def test_every_record_is_replayed(circuit: Circuit) -> None:
    assert_replayed(circuit)


@pytest.mark.parametrize("name", ["mqt_ae_16", "rca_32", "mqt_multiplier_16", "uccsd_8"])
def test_records_of_benchmark_circuits_are_replayed(name: str) -> None:
    assert assert_replayed(read_circuit(BENCHMARKS / f"{name}.qasm")) > 30


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("rewriting") / "bundle"
    network = Network.parse(
        "schema = 1\n[node.a]\ndata_qubits = 8\ncomm_qubits = 2\n[node.b]\ndata_qubits = 8\n"
        'comm_qubits = 2\n[[link]]\nbetween = ["a", "b"]\n',
        file="network.toml",
    )
    result = compile_circuit(CIRCUIT, network, options=Options(preset="fast"))
    assert result.original.two_qubit_gates == 2 * result.logical.two_qubit_gates == 96
    contents = save_bundle(result, directory)
    assert contents.report.verdict.equivalent is True
    assert contents.report.two_qubit_gates == 48
    return directory


def rewriting_check(bundle: Path, steps: Steps) -> Check:
    (bundle / "rewrites.json").write_text(json.dumps({"schema": 1, "rewrites": steps}))
    manifest = Manifest.model_validate_json((bundle / "manifest.json").read_text())
    verdict = verify_directory(bundle, read_circuit(CIRCUIT), manifest)
    return next(check for check in verdict.checks if check.name == "rewriting")


@pytest.fixture(scope="module")
def steps(bundle: Path) -> Steps:
    found: Steps = json.loads((bundle / "rewrites.json").read_text())["rewrites"]
    return found


def test_the_verdict_says_what_was_replayed(bundle: Path, steps: Steps) -> None:
    check = rewriting_check(bundle, steps)
    assert check.passed is True
    assert "48 rewrites" in check.detail


def skip(steps: Steps) -> None:
    del steps[17]


def drop_outputs(steps: Steps) -> None:
    steps[17]["outputs"] = []


def turn_too_far(steps: Steps) -> None:
    steps[17]["outputs"] = [steps[17]["outputs"][0].replace("rzz(", "rzz(0.001 + ")]


def turn_by_pi_too_far(steps: Steps) -> None:
    steps[17]["outputs"] = [steps[17]["outputs"][0].replace("rzz(", "rzz(pi + ")]


def name_another_operation(steps: Steps) -> None:
    steps[17]["inputs"][1] += 1


def name_what_is_gone(steps: Steps) -> None:
    steps[17]["inputs"] = steps[16]["inputs"]
    steps[17]["place"] = steps[16]["place"]


def leave_out_an_input(steps: Steps) -> None:
    del steps[17]["inputs"][-1]


def move_the_place(steps: Steps) -> None:
    steps[17]["place"] = 0


def name_nothing(steps: Steps) -> None:
    steps[17]["inputs"] = [10**6]


def exchange_the_qubits(steps: Steps) -> None:
    steps[17]["outputs"] = [steps[17]["outputs"][0].replace("rzz", "rzx")]


def forget_all(steps: Steps) -> None:
    steps.clear()


MUTATIONS = (
    skip, drop_outputs, turn_too_far, turn_by_pi_too_far, name_another_operation,
    name_what_is_gone, leave_out_an_input, move_the_place, name_nothing, exchange_the_qubits,
    forget_all,
)  # fmt: skip


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda f: f.__name__)
def test_a_false_record_proves_nothing(
    bundle: Path, steps: Steps, mutate: Callable[[Steps], None]
) -> None:
    changed = json.loads(json.dumps(steps))
    mutate(changed)
    assert not rewriting_check(bundle, changed).passed


def test_inputs_that_cannot_come_together_are_refused() -> None:
    rows = [("cx", (0, 1)), ("h", (0,)), ("cx", (0, 1)), ("h", (0,))]
    circuit = make_circuit(2, rows)
    head = read_flat_qasm(circuit_text(circuit), source="logical.qasm")
    step = {"rule": "fuse", "inputs": [0, 2], "place": 0, "outputs": []}
    with pytest.raises(ReplayError, match="does not commute"):
        replay(circuit, read_record(json.dumps({"schema": 1, "rewrites": [step]}), head))


def test_the_time_of_a_replay_is_linear() -> None:
    def ladder(gates: int) -> None:
        rows: list[tuple[object, ...]] = []
        for i in range(gates // 2):
            a, b = i % 50, (i * 7 + 1) % 50 + 50
            cx = ("cx", (a, b))
            rows += [cx, ("rz", (b,), (0.1 * (i % 30),)), cx, ("h", (a,))]
        assert_replayed(make_circuit(100, rows))

    assert growth(ladder, 300) < 1.4
