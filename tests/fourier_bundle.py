"""A bundle to look at and to damage: three nodes, a condition, a bit that is never written."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

from dqc_compiler.formats.bundle_contents import Contents, make_contents
from dqc_compiler.formats.bundle_out import write_bundle
from dqc_compiler.formats.network_file import Network
from dqc_compiler.formats.verdict import Check, Verdict
from dqc_compiler.ir import Circuit, Operation
from dqc_compiler.ir.bound import Bound
from dqc_compiler.pipeline import Options, compile_circuit

PROVEN = Verdict(equivalent=True, checks=(Check(name="symbolic", passed=True, detail="equal"),))

NETWORK = """\
schema = 1
node.a = { data_qubits = 2, comm_qubits = 1 }
node.b = { data_qubits = 3, comm_qubits = "unlimited", measure_ns = 700.0 }
node.c = { data_qubits = 2, comm_qubits = 2 }
[[link]]
between = ["b", "a"]
cutoff_us = 300.0
[[link]]
between = ["b", "c"]
fidelity = 0.9
[[link]]
between = ["a", "c"]
"""


def circuit() -> Circuit:
    """A Fourier transform with one idle qubit, one condition, and one bit that is never written."""
    size = 6
    rows = []
    for i in range(size):
        rows.append(Operation("h", (i,)))
        rows += [Operation("cp", (j, i), (math.pi / 2 ** (j - i),)) for j in range(i + 1, size)]
    rows += [Operation("measure", (0,), clbit=0)]
    rows += [Operation("x", (5,), condition=((0, True),))]
    rows += [Operation("measure", (i,), clbit=i) for i in range(1, size)]
    qubits = [*(f"q[{i}]" for i in range(size)), "_bit0"]
    clbits = [*(f"c[{i}]" for i in range(size)), "never"]
    return Circuit.from_operations("fourier", qubits, clbits, rows)


def make(*, seed: int = 0) -> Contents:
    network = Network.parse(NETWORK, file="net.toml")
    result = compile_circuit(circuit(), network, options=Options(seed=seed))
    return make_contents(
        logical=result.logical,
        program=result.program,
        schedule=result.schedule,
        bounds=[Bound(3, "by hand", "every protocol")],
        fidelity=result.fidelity,
        seed=seed,
        options={"verify": "off"},
    )


@cache
def contents() -> Contents:
    """What `make` makes, made once."""
    return make()


def write(directory: Path) -> None:
    """Write the bundle."""
    write_bundle(directory, contents(), verify=lambda *_: PROVEN)
