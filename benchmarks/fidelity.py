"""The estimate of the fidelity beside a simulation of the noisy programs.

    python -m benchmarks.fidelity [--shots 20000] [--only fourier]

Run it in the root of the repository; it takes some minutes. Each circuit of `tests/noisy_oracle.py`
is compiled for pairs of several fidelities, without other noise and with dephasing. Printed are the
probability of no error at all, the estimate, the simulated fidelity with its standard error, and
the difference in percentage points.
"""

from __future__ import annotations

import argparse
from math import sqrt

from dqc_compiler.costs.error_frames import estimate_fidelity
from tests.noisy_oracle import CASES, NO_DECAY_US, simulated_fidelity

NOISE = (
    (0.9, NO_DECAY_US),
    (0.93, NO_DECAY_US),
    (0.97, NO_DECAY_US),
    (0.99, NO_DECAY_US),
    (0.999, NO_DECAY_US),
    (0.9, 4000.0),
    (0.97, 4000.0),
    (0.999, 4000.0),
    (0.97, 1000.0),
)
"""Fidelity of pairs, and T2 in us; a pair takes 100 us."""

SEED_STEP = 10_000_000
"""Shot i of the simulator has the seed `seed + i`: nearby seeds share most of their shots."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=20_000)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    print(f"{'circuit':22}{'pairs':>6}{'F':>7}{'T2 us':>8}{'none':>8}{'estimate':>10}", end="")
    print(f"{'simulated':>17}{'difference':>12}")
    worst, row = 0.0, 0
    for name, case in CASES.items():
        if chosen.only not in name:
            continue
        for fidelity, t2_us in NOISE:
            schedule = case.schedule(fidelity=fidelity, t2_us=t2_us)
            found = estimate_fidelity(schedule)
            row += 1
            simulated = simulated_fidelity(
                case.circuit, schedule, shots=chosen.shots, seed=row * SEED_STEP
            )
            error = sqrt(simulated * (1 - simulated) / chosen.shots)
            difference = 100 * (found.total - simulated)
            worst = max(worst, abs(difference))
            shown = "-" if t2_us == NO_DECAY_US else f"{t2_us:g}"
            print(
                f"{name:22}{schedule.program.pairs:6}{fidelity:7}{shown:>8}{found.at_least:8.4f}"
                f"{found.total:10.4f}{simulated:9.4f} ± {error:.4f}{difference:+12.2f}",
                flush=True,
            )
    print(f"largest difference: {worst:.2f} percentage points")


if __name__ == "__main__":
    main()
