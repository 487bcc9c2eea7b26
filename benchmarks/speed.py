"""Start-up, warm compile and memory of the command, as a user feels them.

    python benchmarks/speed.py

Every figure is the best of three fresh processes; the first run of the compiler, which may fill the
kernel cache, is not counted.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

CIRCUITS = Path(__file__).parent / "circuits"


def timed(arguments: list[str]) -> float:
    """Wall seconds of one `python -m dqc_compiler` call."""
    started = perf_counter()
    subprocess.run(
        [sys.executable, "-m", "dqc_compiler", *arguments], check=True, capture_output=True
    )
    return perf_counter() - started


def compile_seconds(circuit: str, *options: str) -> float:
    """Wall seconds of compiling and verifying one benchmark circuit on four nodes."""
    with tempfile.TemporaryDirectory() as directory:
        path = str(CIRCUITS / f"{circuit}.qasm")
        return timed(["compile", path, "--nodes", "4", "-o", f"{directory}/out", *options])


def main() -> None:
    """Print the figures."""
    compile_seconds("qftns_8")
    print(f"--help                     {min(timed(['--help']) for _ in range(3)):6.2f} s")
    for circuit in ("qftns_32", "qftns_64"):
        best = min(compile_seconds(circuit) for _ in range(3))
        print(f"compile and verify {circuit} {best:5.2f} s")
    kibibytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"peak memory                {kibibytes / 1024:6.0f} MiB")


if __name__ == "__main__":
    main()
