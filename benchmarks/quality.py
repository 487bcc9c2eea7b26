"""Pairs of every instance of `best_peers.csv`, and the baseline that they are held against.

    python -m benchmarks.quality [--only 'qft*'] [--update]

Run it in the root of the repository. Each instance is compiled with the preset `balanced` for
unlimited, 4 and 2 comm qubits per node; and each circuit with unlimited ones on nodes that have
just enough data qubits, and one more. The programs are verified. `--update` writes the pairs to
`quality_baseline.csv`, after which `git diff` shows what has changed.
`pytest benchmarks/test_quality.py` checks all the demands.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from math import exp, log
from pathlib import Path

from dqc_compiler.bundles import save_bundle
from dqc_compiler.costs.bounds import lower_bound_pairs
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.formats.network_file import Network
from dqc_compiler.ir import Bound, Circuit, Placement
from dqc_compiler.passes.exact import prove
from dqc_compiler.pipeline import compile_circuit

HERE = Path(__file__).parent
BASELINE = HERE / "quality_baseline.csv"
COMM_QUBITS = (None, 4, 2)
SECONDS_FOR_PROOFS = 600.0  # for each instance that does no better than a peer


@dataclass(frozen=True)
class Instance:
    """A circuit on k nodes that are all linked; None: unlimited comm qubits."""

    circuit: str
    nodes: int
    data_qubits: int
    comm_qubits: int | None

    def __str__(self) -> str:
        comm = "unlimited" if self.comm_qubits is None else self.comm_qubits
        return f"{self.circuit} {self.nodes}x{self.data_qubits} comm {comm}"

    def on(self, *, data_qubits: int | None = None, comm_qubits: int | None = None) -> Instance:
        """The same circuit on as many nodes of another size."""
        data = self.data_qubits if data_qubits is None else data_qubits
        return Instance(self.circuit, self.nodes, data, comm_qubits)


@dataclass(frozen=True)
class Row:
    """A row of `best_peers.csv`: the fewest pairs that any peer needs."""

    instance: Instance
    pairs: int
    peer: str


@dataclass(frozen=True)
class Measured:
    """What compiling an instance gave."""

    planned: int  # by the plan
    emitted: int  # dqc_epr statements of all programs, by two
    told: int  # in report.json
    passed: tuple[str, ...]  # checks
    is_equivalent: bool
    search_seconds: float
    placement: Placement

    @property
    def problem(self) -> str | None:
        """What is wrong with the programs, if anything is."""
        if not self.planned == self.emitted == self.told:
            return f"pairs: planned {self.planned}, emitted {self.emitted}, told {self.told}"
        if not self.is_equivalent or "symbolic" not in self.passed:
            return f"not proven; passed are only {', '.join(self.passed)}"
        return None


def peers() -> list[Row]:
    """The rows of `best_peers.csv`."""
    with (HERE / "best_peers.csv").open(encoding="utf-8") as file:
        return [
            Row(
                Instance(row["circuit"], int(row["nodes"]), int(row["data_qubits_per_node"]), None),
                int(row["pairs"]),
                row["peer"],
            )
            for row in csv.DictReader(file)
        ]


@cache
def circuit_of(name: str) -> Circuit:
    """The circuit of the benchmarks with this name."""
    return read_circuit(HERE / "circuits" / f"{name}.qasm")


def full_and_spare(instance: Instance) -> tuple[Instance, Instance]:
    """The circuit on nodes with just enough data qubits, and with one more each."""
    least = -(-len(circuit_of(instance.circuit).qubits) // instance.nodes)
    return instance.on(data_qubits=least), instance.on(data_qubits=least + 1)


def instances() -> list[Instance]:
    """All that are measured, in the order of the baseline; no instance twice."""
    found: dict[Instance, None] = {}
    for row in peers():
        for comm_qubits in COMM_QUBITS:
            found[row.instance.on(comm_qubits=comm_qubits)] = None
    for row in peers():
        found |= dict.fromkeys(full_and_spare(row.instance))
    return list(found)


@cache
def _warm_up() -> None:
    """Load or compile all kernels, which no search is to be charged for."""
    for name in ("qftns_8", "qv_8"):
        for comm_qubits in (None, 2):
            network = Network.all_to_all(nodes=2, data_qubits=5, comm_qubits=comm_qubits)
            compile_circuit(circuit_of(name), network)


@cache
def measure(instance: Instance) -> Measured:
    """Compile and verify, once per process."""
    _warm_up()
    circuit = circuit_of(instance.circuit)
    network = Network.all_to_all(
        nodes=instance.nodes, data_qubits=instance.data_qubits, comm_qubits=instance.comm_qubits
    )
    result = compile_circuit(circuit, network)
    with tempfile.TemporaryDirectory() as directory:
        contents = save_bundle(result, Path(directory) / "out", original=circuit)
        texts = [path.read_text() for path in (Path(directory) / "out" / "nodes").iterdir()]
    halves = sum(line.startswith("dqc_epr(") for text in texts for line in text.split("\n"))
    verdict = contents.report.verdict
    return Measured(
        planned=result.plan.pairs,
        emitted=halves // 2,
        told=contents.report.pairs,
        passed=tuple(check.name for check in verdict.checks if check.passed),
        is_equivalent=verdict.equivalent is True,
        search_seconds=result.seconds["place"],
        placement=result.placement,
    )


def read_baseline() -> dict[Instance, int]:
    """Instance -> pairs."""
    if not BASELINE.exists():
        return {}
    with BASELINE.open(encoding="utf-8") as file:
        return {
            Instance(
                row["circuit"],
                int(row["nodes"]),
                int(row["data_qubits_per_node"]),
                None if row["comm_qubits"] == "unlimited" else int(row["comm_qubits"]),
            ): int(row["pairs"])
            for row in csv.DictReader(file)
        }


def write_baseline(pairs: dict[Instance, int]) -> None:
    """Replace the file; instances keep the order of `instances`."""
    with BASELINE.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["circuit", "nodes", "data_qubits_per_node", "comm_qubits", "pairs"])
        for instance in instances():
            if instance in pairs:
                comm = "unlimited" if instance.comm_qubits is None else instance.comm_qubits
                place = (instance.circuit, instance.nodes, instance.data_qubits, comm)
                table.writerow([*place, pairs[instance]])


@cache
def certificates(instance: Instance) -> tuple[Bound, ...]:
    """The bounds that the pairs of an instance meet, so that they are proven to be the fewest.

    "every placement": no homes, moves and hosts are cheaper, wherever qubits start and end. "every
    protocol": nothing is, with the first and last homes that were found. Minutes for some.
    """
    measured = measure(instance)
    anyone = lower_bound_pairs(measured.placement)
    bounds = [prove(measured.placement, time_limit=SECONDS_FOR_PROOFS)]
    if anyone is not None:
        bounds.append(anyone)
    return tuple(bound for bound in bounds if bound.value == measured.emitted)


def geometric_mean(ratios: Iterable[float]) -> float:
    """Of positive numbers."""
    logs = [log(ratio) for ratio in ratios]
    return exp(sum(logs) / len(logs))


def ratio(pairs: int, reference: int) -> float:
    """How many times as many; where nothing is needed, one pair is as good."""
    return max(pairs, 1) / max(reference, 1)


def table(rows: Iterable[Row]) -> Iterator[str]:
    """Lines for the eye: pairs for all budgets and on full nodes, seconds of the search."""
    yield (
        f"{'circuit':24s} {'nodes':>7s} {'peer':>5s} {'pairs':>6s} {'ratio':>6s}"
        f" {'comm 4':>7s} {'comm 2':>7s} {'full':>6s} {'spare':>6s} {'search s':>9s}"
    )
    for row in rows:
        instance = row.instance
        free, four, two = (measure(instance.on(comm_qubits=comm)) for comm in COMM_QUBITS)
        full, spare = (measure(found).emitted for found in full_and_spare(instance))
        yield (
            f"{instance.circuit:24s} {instance.nodes:3d}x{instance.data_qubits:<3d}"
            f" {row.pairs:5d} {free.emitted:6d} {free.emitted / row.pairs:6.2f}"
            f" {four.emitted:7d} {two.emitted:7d} {full:6d} {spare:6d} {free.search_seconds:9.2f}"
        )


def means(rows: list[Row]) -> dict[str, float]:
    """The figures that are demanded of all rows together."""
    free = [measure(row.instance) for row in rows]
    four = [measure(row.instance.on(comm_qubits=4)) for row in rows]
    sizes = dict.fromkeys(full_and_spare(row.instance) for row in rows)
    return {
        "pairs of those of the best peer": geometric_mean(
            ratio(found.emitted, row.pairs) for found, row in zip(free, rows, strict=True)
        ),
        "pairs with 4 comm qubits of those with unlimited": geometric_mean(
            ratio(a.emitted, b.emitted) for a, b in zip(four, free, strict=True)
        ),
        "pairs on full nodes of those with one spare": geometric_mean(
            ratio(measure(full).emitted, measure(spare).emitted) for full, spare in sizes
        ),
    }


def main() -> int:
    """Print the table; 1 if pairs differ from the baseline or programs are wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", default="*", help="glob over the circuits' names")
    parser.add_argument("--update", action="store_true", help="write the pairs to the baseline")
    arguments = parser.parse_args()
    rows = [row for row in peers() if fnmatch(row.instance.circuit, arguments.only)]
    for line in table(rows):
        print(line, flush=True)
    for name, mean in means(rows).items():
        print(f"{name}: geometric mean {mean:.3f}")
    baseline = read_baseline()
    chosen = [found for found in instances() if fnmatch(found.circuit, arguments.only)]
    found = {instance: measure(instance).emitted for instance in chosen}
    problems = [
        f"{instance}: {measure(instance).problem}"
        for instance in chosen
        if measure(instance).problem is not None
    ]
    if arguments.update and not problems:
        write_baseline(baseline | found)
        return 0
    problems += [
        f"{instance}: {pairs} pairs, {baseline.get(instance)} in the baseline"
        for instance, pairs in found.items()
        if pairs != baseline.get(instance)
    ]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
