"""Smoke benchmark: every circuit, at every size and budget, compiles, fits and verifies.

    python benchmarks/sweep.py [--only 'qft*'] [--verify auto|all] [--preset fast|balanced]

One process with warm kernels. Each case writes its bundle into a temporary directory, as the
command does, and is checked there. Prints one line per circuit; exits with 1 if anything failed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from dqc_compiler.bundles import save_bundle
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.formats.circuit_in import read_circuit
from dqc_compiler.formats.network_file import Network
from dqc_compiler.ir import Circuit
from dqc_compiler.pipeline import Options, compile_circuit

CIRCUITS = Path(__file__).parent / "circuits"


@dataclass(frozen=True)
class Case:
    """One network for a circuit: k nodes, spare data qubits per node, comm qubits per node."""

    nodes: int
    spare: int
    comm: int | None

    def network(self, qubits: int) -> Network:
        """All-to-all, ceil(n/k) data qubits per node plus the spare ones."""
        data = -(-qubits // self.nodes) + self.spare
        return Network.all_to_all(nodes=self.nodes, data_qubits=data, comm_qubits=self.comm)


CASES = tuple(Case(k, spare, comm) for k in (2, 4) for spare in (0, 1) for comm in (1, 2, None))


def run_case(circuit: Circuit, case: Case, options: Options) -> tuple[int, str | None]:
    """(pairs, what went wrong if anything did)."""
    network = case.network(len(circuit.qubits))
    try:
        result = compile_circuit(circuit, network, options=options)
        with tempfile.TemporaryDirectory() as directory:
            contents = save_bundle(result, Path(directory) / "out", original=circuit)
    except CompilerError as error:
        return -1, str(error).splitlines()[0]
    pairs, report = result.program.pairs, contents.report
    if not report.verdict.equivalent:
        return pairs, f"verdict {report.verdict.equivalent}"
    if not pairs == result.plan.pairs == report.pairs:
        return pairs, f"pairs: planned {result.plan.pairs}, emitted {pairs}, told {report.pairs}"
    peak = max(report.peak_comm_qubits.values())
    if case.comm is not None and peak > case.comm:
        return pairs, f"needs {peak} comm qubits of {case.comm}"
    return pairs, None


def sweep(pattern: str, options: Options) -> Iterator[tuple[str, Case, int, str | None]]:
    """All cases of all circuits that match."""
    for path in sorted(CIRCUITS.glob(f"{pattern}.qasm")):
        circuit = read_circuit(path)
        for case in CASES:
            yield (path.stem, case, *run_case(circuit, case, options))


def main() -> int:
    """Print the table; 1 if a case failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", default="*", help="glob over the circuits' names")
    parser.add_argument("--verify", default="auto", choices=["auto", "all"])
    parser.add_argument("--preset", default="balanced", choices=["fast", "balanced"])
    arguments = parser.parse_args()
    options = Options(preset=arguments.preset, verify=arguments.verify)
    heads = [f"{c.nodes}+{c.spare}/{'inf' if c.comm is None else c.comm}" for c in CASES]
    print(f"{'nodes+spare/comm':32s}" + "".join(f"{head:>8s}" for head in heads))
    failures: list[str] = []
    rows: dict[str, list[int]] = {}
    started = perf_counter()
    for name, case, pairs, problem in sweep(arguments.only, options):
        rows.setdefault(name, []).append(pairs)
        if problem is not None:
            failures.append(f"{name} {case}: {problem}")
        if len(rows[name]) == len(CASES):
            print(f"{name:32s}" + "".join(f"{p:8d}" for p in rows[name]), flush=True)
    cases = sum(map(len, rows.values()))
    print(f"{cases - len(failures)} of {cases} cases passed in {perf_counter() - started:.0f} s")
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
