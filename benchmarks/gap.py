"""How far the search is from the optimum, on 60 small circuits that the exact mode can solve.

    python benchmarks/gap.py [--preset fast|balanced|best] [--only 'qft*'] [--seconds 20]

Unlimited comm qubits. The exact mode starts from what the search found, so it either proves that
nothing is cheaper, finds something that is, or gives up when its time is over: then the optimum is
only known to lie in an interval. `any` is the bound that holds for every protocol whatsoever with
the search's first and last homes.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import combinations
from math import pi
from time import perf_counter

import numpy as np

from dqc_compiler.costs.bounds import lower_bound_pairs
from dqc_compiler.costs.bounds_spreading import find_crowds
from dqc_compiler.costs.ebits import pairs
from dqc_compiler.formats.network_file import Network
from dqc_compiler.ir import Circuit, Operation, Placement, SegmentGraph
from dqc_compiler.passes.exact import solve_exactly
from dqc_compiler.passes.fuse import Fuse
from dqc_compiler.passes.segment import Segment
from dqc_compiler.portfolio import Place

Search = Callable[[SegmentGraph, Network], Placement]
Rows = Iterator[Operation]


def gate(name: str, *qubits: int, angle: float | None = None) -> Operation:
    return Operation(name, qubits, () if angle is None else (angle,))


def qft(qubits: int) -> Rows:
    for q in range(qubits):
        yield gate("h", q)
        for p in range(q + 1, qubits):
            yield gate("cp", p, q, angle=pi / 2 ** (p - q))


def ghz(qubits: int) -> Rows:
    yield gate("h", 0)
    for q in range(qubits - 1):
        yield gate("cx", q, q + 1)


def iqp(qubits: int, seed: int) -> Rows:
    choose = random.Random(seed)
    layer = [gate("h", q) for q in range(qubits)]
    yield from layer
    for p, q in combinations(range(qubits), 2):
        if choose.random() < 0.5:
            yield gate("cp", p, q, angle=choose.uniform(0.1, 3))
    yield from layer


def qaoa_ring(qubits: int) -> Rows:
    """Two layers."""
    yield from (gate("h", q) for q in range(qubits))
    for layer in range(2):
        for q in range(qubits):
            yield gate("rzz", q, (q + 1) % qubits, angle=0.4 + layer)
        yield from (gate("rx", q, angle=0.7 + layer) for q in range(qubits))


def toffoli(a: int, b: int, target: int) -> Rows:
    yield gate("h", target)
    for control, angle in ((b, pi / 2), (b, -pi / 2), (a, pi / 2)):
        yield gate("cp", control, target, angle=angle)
        if control == b:
            yield gate("cx", a, b)
    yield gate("h", target)


def adder(qubits: int) -> Rows:
    """Ripple carry by majorities: a carry, then a bit of either number in turn, then the sum."""
    steps = [(low, low + 1, low + 2) for low in range(0, qubits - 2, 2)]
    for carry, b, a in steps:
        yield gate("cx", a, b)
        yield gate("cx", a, carry)
        yield from toffoli(carry, b, a)
    yield gate("cx", steps[-1][2], qubits - 1)
    for carry, b, a in reversed(steps):
        yield from toffoli(carry, b, a)
        yield gate("cx", a, carry)
        yield gate("cx", carry, b)


def random_gates(qubits: int, count: int, seed: int, *, packs: bool) -> Rows:
    """Two-qubit gates; those that pack are phases with a Hadamard now and then in between."""
    choose = random.Random(seed)
    for _ in range(count):
        a, b = choose.sample(range(qubits), 2)
        yield gate("cp", a, b, angle=choose.uniform(0.1, 3)) if packs else gate("cx", a, b)
        if not packs or choose.random() < 0.3:
            yield gate("h", choose.randrange(qubits))


@dataclass(frozen=True)
class Instance:
    """A circuit on k nodes with just enough data qubits."""

    name: str
    graph: SegmentGraph
    network: Network


def instance(name: str, qubits: int, nodes: int, rows: Rows) -> Instance:
    names = [f"q[{q}]" for q in range(qubits)]
    circuit = Circuit.from_operations(name, names, [], rows)
    circuit.verify()
    graph = Segment().run(Fuse().run(circuit).circuit)
    data = -(-qubits // nodes)
    network = Network.all_to_all(nodes=nodes, data_qubits=data, comm_qubits=None)
    return Instance(f"{name}_{qubits} on {nodes}", graph, network)


def instances() -> Iterator[Instance]:
    for nodes in (2, 3):
        for qubits in (6, 8, 10):
            yield instance("qft", qubits, nodes, qft(qubits))
            yield instance("ghz", qubits, nodes, ghz(qubits))
            yield instance("iqp", qubits, nodes, iqp(qubits, qubits))
            yield instance("qaoa_ring", qubits, nodes, qaoa_ring(qubits))
            yield instance("adder", qubits, nodes, adder(qubits))
            for seed in (1, 2):
                rows = random_gates(qubits, 5 * qubits - 10, seed, packs=True)
                yield instance(f"cp_seed{seed}", qubits, nodes, rows)
            for seed in (1, 2, 3):
                rows = random_gates(qubits, 5 * qubits // 2, seed, packs=False)
                yield instance(f"cx_seed{seed}", qubits, nodes, rows)


def check_capacities(placement: Placement) -> None:
    """The optimum is one among placements with room in every layer: so must the search's be."""
    data = np.array([node.data_qubits for node in placement.network.nodes])
    homes = placement.segment_home
    options: set[frozenset[int]] = {frozenset()}  # which idle wires have moved
    for members, movers in find_crowds(placement.graph, is_static=False).layers:
        fixed = np.bincount(homes[list(members)], minlength=len(data))
        changing = [after for before, after in movers if homes[before] != homes[after]]
        settled = [after for before, after in movers if homes[before] == homes[after]]
        fixed += np.bincount(homes[settled], minlength=len(data))
        following = set()
        for moved in {option & set(changing) for option in options}:
            free = [after for after in changing if after not in moved]
            for count in range(len(free) + 1):
                for more in combinations(free, count):
                    option = moved.union(more)
                    at = [homes[s if s in option else s - 1] for s in changing]
                    if (fixed + np.bincount(at, minlength=len(data)) <= data).all():
                        following.add(option)
        options = following
    if not options:
        raise ValueError("the search exceeds the data qubits of a node")


@dataclass(frozen=True)
class Row:
    """What one instance showed; the optimum lies in [low, best]."""

    found: int
    low: int
    best: int

    @property
    def is_closed(self) -> bool:
        """Whether the optimum is known."""
        return self.low == self.best

    @property
    def gap(self) -> float:
        """Pairs that the search needs too many, as a share of the best known."""
        return self.found / self.best - 1 if self.best else float(self.found)


def measure(case: Instance, search: Search, *, seconds: float) -> Row:
    """Run both and print one line."""
    placement = search(case.graph, case.network)
    placement.verify()
    check_capacities(placement)
    started = perf_counter()
    solution = solve_exactly(case.graph, case.network, time_limit=seconds, known=placement)
    took = perf_counter() - started
    row = Row(pairs(placement), solution.lower_bound, pairs(solution.placement))
    bound = lower_bound_pairs(placement)
    if bound is not None and not bound.allows(row.found):
        raise ValueError(f"{case.name}: {row.found} pairs, but {bound}")
    optimum = str(row.best) if row.is_closed else f"{row.low}..{row.best}"
    print(
        f"{case.name:18s} {case.graph.gates:5d} {case.graph.segments:8d}"
        f" {'-' if bound is None else bound.value:>4} {optimum:>8s} {row.found:6d}"
        f" {100 * row.gap:5.0f}%{'' if row.is_closed else ' or more':8s} {took:5.1f}",
        flush=True,
    )
    return row


def compare(search: Search, *, pattern: str = "*", seconds: float = 20.0) -> list[Row]:
    """Print the table and its summary for any search."""
    print("circuit            gates segments  any  optimum search   gap        seconds")
    cases = [case for case in instances() if fnmatch(case.name, pattern)]
    rows = [measure(case, search, seconds=seconds) for case in cases]
    closed = [row for row in rows if row.is_closed]
    hit = [row for row in closed if row.found == row.best]
    print(f"{len(closed)} of {len(rows)} solved within {seconds:g} s each; of these", end=" ")
    mean = sum(row.gap for row in closed) / max(1, len(closed))
    print(
        f"{len(hit)} optimal in the search ({100 * len(hit) / max(1, len(closed)):.0f} %),", end=" "
    )
    print(f"mean gap {100 * mean:.1f} %")
    return rows


def main() -> int:
    """Print the table; 1 if a search of the pipeline claims the impossible."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--preset", default="balanced", choices=["fast", "balanced", "best"])
    parser.add_argument("--only", default="*", help="glob over the names of the instances")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each exact solution")
    chosen = parser.parse_args()

    def search(graph: SegmentGraph, network: Network) -> Placement:
        return Place(network=network, preset=chosen.preset).run(graph)

    try:
        compare(search, pattern=chosen.only, seconds=chosen.seconds)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
