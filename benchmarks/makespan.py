"""How far planned makespans are from the optimum, and what the scheduler's parts are worth.

    python -m benchmarks.makespan [--seconds 20]

First small programs, whose shortest schedule a mixed-integer program finds: the order of the pairs
on every link, with mean generation times. Then compiled circuits against their longest chain of
statements and messages, which a schedule with unlimited resources attains. Then larger programs,
without prefetching, with it, and with pairs planned just in time. At last the time that 10,000
random runs of about 1000 pairs take.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from time import perf_counter

import numpy as np

from benchmarks.quality import circuit_of
from dqc_compiler.costs.prices import Objective
from dqc_compiler.formats.network_file import Network
from dqc_compiler.ir import DistributedProgram
from dqc_compiler.passes.schedule import ListSchedule
from dqc_compiler.pipeline import Options, compile_circuit
from tests.exact_schedule import exact_ns, random_program


def small_programs() -> Iterator[tuple[str, DistributedProgram]]:
    """Up to ten pairs; delays from much shorter than a generation to much longer."""
    for pairs, channels in ((6, 1), (8, 1), (8, 2), (10, 1)):
        for delay_ns in (10_000.0, 100_000.0, 500_000.0):
            for seed in range(4):
                program = random_program(
                    seed, pairs=pairs, channels=channels, delay_ns=delay_ns, comm=4
                )
                yield f"{pairs} pairs, {channels} ch, {delay_ns / 1000:3g} us, {seed}", program


def compare(*, seconds: float) -> float:
    """Print the list schedule beside the optimum; returns the mean gap of those solved."""
    print("program                       list [us]  exact [us]    gap")
    gaps = []
    for name, program in small_programs():
        found = ListSchedule(in_time=None).run(program).planned_makespan_ns
        best, is_proven = exact_ns(program, seconds=seconds)
        gap = found / best - 1
        if is_proven:
            gaps.append(gap)
        print(
            f"{name:28s} {found / 1000:10.1f} {best / 1000:11.1f} {100 * gap:5.1f}%"
            f"{'' if is_proven else ' or less'}",
            flush=True,
        )
    mean = sum(gaps) / len(gaps)
    print(f"{len(gaps)} solved, mean gap {100 * mean:.1f} %, largest {100 * max(gaps):.1f} %")
    return mean


RESOURCES = ((1, 1), (2, 1), (4, 1), (8, 4), (None, 64), (None, 1000))
CIRCUITS = ("qftns_16", "rca_16", "qaoa3reg_16", "mqt_qnn_16", "qv_16", "cpfrac5_32", "uccsd_8")


def against_bound() -> None:
    """Print the planned makespan as a multiple of the longest chain, for growing resources."""
    names = [f"{'all' if comm is None else comm}, {channels}" for comm, channels in RESOURCES]
    print(f"\n{'comm qubits, channels':24s} " + " ".join(f"{name:>9s}" for name in names))
    for name in CIRCUITS:
        circuit = circuit_of(name)
        nodes = 2 if len(circuit.qubits) == 8 else 4
        ratios = []
        for comm, channels in RESOURCES:
            network = Network.make(
                "all-to-all",
                nodes=nodes,
                data_qubits=len(circuit.qubits) // nodes + 1,
                comm_qubits=comm,
                channels=channels,
            )
            options = Options(preset="fast", minimize=Objective.parse("makespan"))
            schedule = compile_circuit(circuit, network, options=options).schedule
            ratios.append(schedule.planned_makespan_ns / schedule.lower_bound_ns)
        print(f"{name:24s} " + " ".join(f"{ratio:9.2f}" for ratio in ratios), flush=True)


VARIANTS = {
    "without prefetching": ListSchedule(prefetch=False, in_time=None),
    "prefetching": ListSchedule(in_time=None),
    "just in time": ListSchedule(),
}


def ablations() -> None:
    """Print what each variant costs and saves."""
    print("\n                           makespan [us]           age [us]  too old")
    print("comm ch  variant               planned    mean     p95     mean  planned    rate")
    for comm, channels in ((1, 1), (2, 1), (2, 2), (4, 1), (4, 2)):
        for name, variant in VARIANTS.items():
            total = np.zeros(5)
            rate, programs = 0.0, 5
            for seed in range(programs):
                program = random_program(
                    seed, pairs=60, comm=comm, channels=channels, cutoff_us=200.0
                )
                schedule = variant.run(program)
                spread, late = schedule.makespan, schedule.violations
                total += (
                    schedule.planned_makespan_ns,
                    spread.mean,
                    spread.p95,
                    np.nanmean(schedule.pair_age_ns),
                    1000.0 * late.pairs,
                )
                rate += late.pair_rate / programs
            planned, mean, p95, age, late_pairs = total / programs / 1000.0
            print(
                f"{comm:4d} {channels:2d}  {name:20s} {planned:8.0f} {mean:7.0f} {p95:7.0f}"
                f" {age:8.1f} {late_pairs:8.1f} {100 * rate:6.2f}%"
            )


def speed() -> None:
    """Print how long a large program takes."""
    program = random_program(1, pairs=1000, nodes=4, channels=2, cutoff_us=200.0)
    ListSchedule().run(random_program(1, pairs=2))  # loads the kernel
    started = perf_counter()
    schedule = ListSchedule().run(program)
    print(
        f"\n{program.pairs} pairs, {len(program)} statements, {schedule.makespan.shots} runs:"
        f" {perf_counter() - started:.2f} s with planning"
    )


def main() -> int:
    """Print everything; 1 if the mean gap is above 10 %."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="for each exact solution")
    chosen = parser.parse_args()
    gap = compare(seconds=chosen.seconds)
    against_bound()
    ablations()
    speed()
    return int(gap > 0.10)


if __name__ == "__main__":
    sys.exit(main())
