"""Pairs, makespans and seconds on networks where not every two nodes share a link.

    python -m benchmarks.networks [--only peers|routes|large]

Run it in the root of the repository. `peers`: the rows of `network_peers.csv`, lines and grids with
unlimited comm qubits, preset `balanced`; all programs are verified. `routes`: fat trees, with pairs
spread over their links and without. `large`: 2,000 qubits with 100,000 two-qubit gates on a fat
tree of 64 hosts, preset `fast`. Pairs are those of all links; seconds are of the wall.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import isqrt
from pathlib import Path
from time import perf_counter

from benchmarks.quality import circuit_of, geometric_mean
from dqc_compiler.bundles import verify_result
from dqc_compiler.formats.network_file import Network
from dqc_compiler.ir import Circuit, Operation
from dqc_compiler.passes.insert_gadgets import InsertGadgets
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.schedule import ListSchedule
from dqc_compiler.passes.spread_routes import SpreadRoutes
from dqc_compiler.pipeline import Options, Result, compile_circuit

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Row:
    """A row of `network_peers.csv`: the fewest pairs that any peer needs."""

    circuit: str
    topology: str
    nodes: int
    data_qubits: int
    pairs: int
    peer: str

    def __str__(self) -> str:
        return f"{self.circuit} {self.topology} {self.nodes}x{self.data_qubits}"

    def network(self) -> Network:
        """With unlimited comm qubits, which no peer limits."""
        if self.topology == "grid":
            side = isqrt(self.nodes)
            shape = (side, side)
            return Network.make("grid", shape=shape, data_qubits=self.data_qubits, comm_qubits=None)
        return Network.make(
            self.topology, nodes=self.nodes, data_qubits=self.data_qubits, comm_qubits=None
        )


def peers() -> list[Row]:
    """The rows of `network_peers.csv`."""
    with (HERE / "network_peers.csv").open(encoding="utf-8") as file:
        return [
            Row(
                row["circuit"],
                row["topology"],
                int(row["nodes"]),
                int(row["data_qubits_per_node"]),
                int(row["pairs"]),
                row["peer"],
            )
            for row in csv.DictReader(file)
        ]


@cache
def compiled(row: Row) -> Result:
    """The row's circuit on its network, once per process."""
    return compile_circuit(circuit_of(row.circuit), row.network())


def is_proven(row: Row) -> bool:
    """Whether the programs are equivalent by the symbolic proof, and cost what was planned."""
    result = compiled(row)
    verdict = verify_result(result)
    passed = {check.name for check in verdict.checks if check.passed}
    is_priced = result.plan.pairs == result.program.pairs
    return verdict.equivalent is True and "symbolic" in passed and is_priced


def ratio(row: Row) -> float:
    """Pairs over the best peer's."""
    return max(1, compiled(row).program.pairs) / row.pairs


def peer_lines() -> Iterator[str]:
    """A line per row, and their mean."""
    rows = peers()
    for row in rows:
        result = compiled(row)
        proof = "proven" if is_proven(row) else "NOT PROVEN"
        yield (
            f"{row!s:36s} {row.pairs:4d} {row.peer:11s} {result.program.pairs:4d}"
            f" {ratio(row):5.2f} {result.seconds['place']:6.2f} s {proof}"
        )
    yield f"geometric mean of {len(rows)}: {geometric_mean(map(ratio, rows)):.3f}"


def fat_trees() -> Iterator[tuple[str, Network]]:
    """With few and many comm qubits at the switches."""
    for hosts, data in ((8, 4), (16, 2)):
        for comm in (2, 8):
            network = Network.make(
                "fat-tree",
                nodes=hosts,
                data_qubits=data,
                comm_qubits=4,
                repeater_comm_qubits=comm,
            )
            yield f"{hosts} hosts, {comm} comm qubits per switch", network


def makespans(circuit: str, network: Network) -> tuple[float, float]:
    """Mean makespans in ns: every pair over the first shortest way, and spread over all."""
    placement = compile_circuit(
        circuit_of(circuit), network, options=Options(preset="fast")
    ).placement
    plan = PlanVisits().run(placement)
    plans = (plan, SpreadRoutes().run(plan))
    first, spread = (ListSchedule().run(InsertGadgets().run(each)).makespan.mean for each in plans)
    return first, spread


def route_lines() -> Iterator[str]:
    """A line per network and circuit."""
    for name, network in fat_trees():
        for circuit in ("qftns_32", "cpfrac5_32"):
            first, spread = makespans(circuit, network)
            yield (
                f"{name:34s} {circuit:12s} one way {first / 1e6:7.2f} ms,"
                f" spread {spread / 1e6:7.2f} ms, {100 * (spread / first - 1):+.0f} %"
            )


def large_circuit(*, qubits: int = 2000, gates: int = 100_000, far: float = 0.1) -> Circuit:
    """Phases between qubits at most 40 apart, but for a share of them, and Hadamards."""
    choose = random.Random(1)
    rows: list[Operation] = []
    for _ in range(gates):
        a = choose.randrange(qubits)
        b = choose.randrange(qubits) if choose.random() < far else a + choose.randint(1, 40)
        rows.append(Operation("cp", (a, (b if b != a else a + 1) % qubits), (choose.random(),)))
        if choose.random() < 0.5:
            rows.append(Operation("h", (choose.randrange(qubits),)))
    names = [f"q[{i}]" for i in range(qubits)]
    return Circuit.from_operations("large", names, [], rows)


def large_lines() -> Iterator[str]:
    """One compilation, kernels loaded."""
    network = Network.make("fat-tree", nodes=64, data_qubits=32, comm_qubits=4)
    compile_circuit(circuit_of("qftns_8"), network, options=Options(preset="fast"))
    circuit = large_circuit()
    started = perf_counter()
    result = compile_circuit(circuit, network, options=Options(preset="fast"))
    seconds = perf_counter() - started
    parts = ", ".join(f"{name} {s:.1f}" for name, s in result.seconds.items() if s > 0.5)
    yield (
        f"{len(network.nodes)} nodes, {circuit.two_qubit_gates} gates: {result.program.pairs}"
        f" pairs, {result.plan.ebits} e-bits, {seconds:.1f} s ({parts})"
    )


PARTS = {"peers": peer_lines, "routes": route_lines, "large": large_lines}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", choices=PARTS)
    arguments = parser.parse_args()
    for name, lines in PARTS.items():
        if arguments.only in (None, name):
            for line in lines():
                print(line, flush=True)


if __name__ == "__main__":
    main()
