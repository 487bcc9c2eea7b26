"""Pairs against the best figure that any public peer reaches (`best_peers.csv`).

    python benchmarks/peers.py [--only 'qft*']

Unlimited comm qubits, as the peers assume. Two columns: static homes with the pair cover, where
every gate stays at a home of its operands; and what the compiler emits. Prints geometric means.
"""

from __future__ import annotations

import argparse
import csv
from fnmatch import fnmatch
from math import exp, log
from pathlib import Path
from time import perf_counter

from dqc_compiler.costs import ebits
from dqc_compiler.engines import CHOICES
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.formats.network_file import Network
from dqc_compiler.passes.cover import Cover
from dqc_compiler.passes.refine import Refine
from dqc_compiler.pipeline import Options, compile_circuit
from dqc_compiler.portfolio import Place

HERE = Path(__file__).parent


def main() -> None:
    """Print one line per instance and the two means."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", default="*", help="glob over the circuits' names")
    parser.add_argument("--preset", default="balanced", choices=["fast", "balanced", "best"])
    parser.add_argument("--engine", default="auto", choices=CHOICES)
    arguments = parser.parse_args()
    only, options = arguments.only, Options(preset=arguments.preset, engine=arguments.engine)
    logs: list[tuple[float, float]] = []
    with (HERE / "best_peers.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if fnmatch(row["circuit"], only)]
    print(f"{'circuit':28s} nodes data  peer  cover  emitted  ratio  seconds")
    for row in rows:
        circuit = read_circuit(HERE / "circuits" / f"{row['circuit']}.qasm")
        nodes, data, peer = (int(row[key]) for key in ("nodes", "data_qubits_per_node", "pairs"))
        network = Network.all_to_all(nodes=nodes, data_qubits=data, comm_qubits=None)
        started = perf_counter()
        result = compile_circuit(circuit, network, options=options)
        seconds = perf_counter() - started
        graph = result.placement.graph
        starts = Place(network=network, engine=arguments.engine).starts(graph)
        refined = [Refine().run(start) for start in starts]
        cover = min(ebits.pairs(Cover().run(placement)) for placement in refined)
        emitted = result.program.pairs
        logs.append((log(cover / peer), log(emitted / peer)))
        print(
            f"{row['circuit']:28s} {nodes:5d} {data:4d} {peer:5d} {cover:6d} {emitted:8d}"
            f" {emitted / peer:6.2f} {seconds:8.2f}",
            flush=True,
        )
    means = [exp(sum(column) / len(logs)) for column in zip(*logs, strict=True)]
    print(f"geometric means over {len(logs)}: cover {means[0]:.3f}, emitted {means[1]:.3f}")


if __name__ == "__main__":
    main()
