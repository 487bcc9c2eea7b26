"""Seconds that the search takes, and how they grow with the circuit; one process, warm kernels.

    python -m benchmarks.search_time [--only rows|large|growth]

Run it in the root of the repository. `rows`: the circuits of `best_peers.csv` with 32 qubits.
`large`: phases between 96 qubits on 12 nodes. `growth`: the preset `fast`, from 1,000 to 100,000
two-qubit gates, and the exponent a of seconds ~ gates^a. Unlimited comm qubits. Search is the stage
`place`; all is everything up to the schedule. Seconds are of the wall.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from math import log, pi

import numpy as np

from benchmarks.quality import circuit_of, peers
from dqc_compiler.formats.network_file import Network
from dqc_compiler.ir import Circuit, Operation
from dqc_compiler.options import Preset
from dqc_compiler.pipeline import Options, Result, compile_circuit

GATES = (1_000, 3_000, 10_000, 30_000, 100_000)
PRESETS: tuple[Preset, ...] = ("fast", "balanced")


def layers_of_phases(qubits: int, *, share: float, seed: int) -> Iterator[Operation]:
    """Endless layers, as in the circuits `cpfrac`.

    In each, a share of the qubits is paired at random for controlled phases by random angles; the
    others get Hadamards.
    """
    choose = random.Random(seed)
    while True:
        paired = [q for q in range(qubits) if choose.random() < share]
        yield from (Operation("h", (q,)) for q in range(qubits) if q not in paired)
        choose.shuffle(paired)
        for a, b in zip(paired[::2], paired[1::2], strict=False):
            yield Operation("cp", (a, b), (choose.uniform(0, pi),))


def phases(qubits: int, gates: int, *, share: float, seed: int = 1) -> Circuit:
    """The first layers, up to the given number of controlled phases."""
    rows: list[Operation] = []
    for row in layers_of_phases(qubits, share=share, seed=seed):
        rows.append(row)
        gates -= row.name == "cp"
        if gates == 0:
            break
    names = [f"q[{q}]" for q in range(qubits)]
    return Circuit.from_operations(f"cpfrac_{qubits}", names, [], rows)


def compiled(circuit: Circuit, nodes: int, data: int, preset: Preset) -> Result:
    """On nodes that are all linked, with unlimited comm qubits."""
    network = Network.all_to_all(nodes=nodes, data_qubits=data, comm_qubits=None)
    return compile_circuit(circuit, network, options=Options(preset=preset))


def warm_up() -> None:
    """Load or compile the kernels."""
    for preset in PRESETS:
        for name in ("qftns_8", "qv_8"):
            compiled(circuit_of(name), 2, 4, preset)


def print_case(name: str, circuit: Circuit, nodes: int, data: int) -> None:
    """Pairs and seconds of both presets."""
    line = f"{name:24s} {nodes:3d}x{data:<3d}"
    for preset in PRESETS:
        result = compiled(circuit, nodes, data, preset)
        seconds = result.seconds
        line += f" {result.plan.pairs:6d} {seconds['place']:8.2f} {sum(seconds.values()):8.2f}"
    print(line, flush=True)


def print_heads() -> None:
    print(f"{'':32s} {'fast':>14s} {'balanced':>24s}")
    print(f"{'circuit':24s} {'nodes':7s}" + f" {'pairs':>6s} {'search s':>8s} {'all s':>8s}" * 2)


def print_rows() -> None:
    for row in peers():
        circuit = circuit_of(row.instance.circuit)
        if len(circuit.qubits) == 32:
            print_case(circuit.name, circuit, row.instance.nodes, row.instance.data_qubits)


def print_large() -> None:
    gates = round(0.45 * 96 * 96)  # as many layers as qubits, like the smaller ones of its kind
    print_case("cpfrac9_96", phases(96, gates, share=0.9), 12, 8)


def print_growth() -> None:
    """The exponents are slopes of a least-squares fit of the logarithms."""
    print(f"{'gates':>8s} {'pairs':>7s} {'search s':>9s} {'all s':>8s}   fast, 32 qubits, 4x8")
    logs = []
    for gates in GATES:
        result = compiled(phases(32, gates, share=0.9), 4, 8, "fast")
        search, everything = result.seconds["place"], sum(result.seconds.values())
        logs.append((log(gates), log(search), log(everything)))
        print(f"{gates:8d} {result.plan.pairs:7d} {search:9.2f} {everything:8.2f}", flush=True)
    size, *times = np.array(logs).T
    search_slope, all_slope = (float(np.polyfit(size, column, 1)[0]) for column in times)
    print(f"seconds grow like gates^{search_slope:.2f} (search), gates^{all_slope:.2f} (all)")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", choices=["rows", "large", "growth"])
    only = parser.parse_args().only
    warm_up()
    if only != "growth":
        print_heads()
    if only in (None, "rows"):
        print_rows()
    if only in (None, "large"):
        print_large()
    if only in (None, "growth"):
        print_growth()


if __name__ == "__main__":
    main()
