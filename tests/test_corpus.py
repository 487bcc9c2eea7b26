"""Benchmark circuits through the whole compiler, as the sweep in benchmarks/ does for all."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.pipeline import Options

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def load_sweep() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sweep", BENCHMARKS / "sweep.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["sweep"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


SWEEP = load_sweep()
FAST = ("cpfrac5_8", "iqp_8", "mctr_8", "mqt_ghz_16", "pauli_8", "qftns_8", "rca_8", "qaoa3reg_16")


@pytest.mark.parametrize("name", FAST)
def test_every_size_and_budget_compiles_and_verifies(name: str) -> None:
    circuit = read_circuit(BENCHMARKS / "circuits" / f"{name}.qasm")
    for case in SWEEP.CASES:
        _, problem = SWEEP.run_case(circuit, case, Options(preset="fast"))
        assert problem is None, case


def test_moving_homes_compile_and_verify() -> None:
    circuit = read_circuit(BENCHMARKS / "circuits" / "qv_8.qasm")
    case = SWEEP.Case(nodes=4, spare=1, comm=2)
    still, _ = SWEEP.run_case(circuit, case, Options(preset="fast", engine="metis"))
    moving, problem = SWEEP.run_case(circuit, case, Options())
    assert problem is None
    assert moving < still
