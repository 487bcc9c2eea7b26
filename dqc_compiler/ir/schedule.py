"""The schedule: planned times of every statement, pair and message."""

from __future__ import annotations

from dataclasses import dataclass

from dqc_compiler.ir.arrays import Float64, Int32
from dqc_compiler.ir.program import DistributedProgram


@dataclass(frozen=True, slots=True, eq=False)
class Makespan:
    """Distribution of the total time in ns over random pair generation."""

    mean: float
    p50: float
    p95: float
    p99: float
    shots: int


@dataclass(frozen=True, slots=True, eq=False)
class Violations:
    """What is older than the cutoff of its link; all 0 if no link has one.

    `pairs` and `copies` are numbers of the plan. The rates come from random runs: shares of all
    pairs and of all copies that have a cutoff, and of the runs in which there is any.
    """

    pairs_with_cutoff: int = 0
    copies_with_cutoff: int = 0
    pairs: int = 0
    copies: int = 0
    pair_rate: float = 0.0
    copy_rate: float = 0.0
    run_rate: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """Planned times in ns with mean generation times; n statements, in the program's global order.

    Columns, read-only: `start_ns`, `duration_ns` (n,). For the e pairs, in order of their numbers:
    `pair_statements` (e, 2) are the two `dqc_epr` statements, `pair_ready_ns` (e,) when both halves
    exist, `pair_hold_ns` (e,) how long their generation waits on purpose after both comm qubits are
    free, and `pair_age_ns` (e, 2) how long the pair has been ready when each half is used, nan if
    it never is. For the c copies that are closed: `copy_statements` (c, 3) are the `dqc_epr` of the
    half that becomes the copy, the statement that opens it and the one that closes it, and
    `copy_life_ns` (c,) the time between these two. For the m sent bits: `message_statements` (m, 2)
    are the measurement and the first read (ABSENT if nobody reads it) and `message_receiver` (m,),
    one row per receiver. `critical_path` are statement indices from start to end, and
    `planned_peak_comm` (k,) the most comm qubits of each node that are taken at one time.
    """

    program: DistributedProgram
    start_ns: Float64
    duration_ns: Float64
    pair_statements: Int32
    pair_ready_ns: Float64
    pair_hold_ns: Float64
    pair_age_ns: Float64
    copy_statements: Int32
    copy_life_ns: Float64
    message_statements: Int32
    message_receiver: Int32
    critical_path: tuple[int, ...]
    planned_peak_comm: Int32
    planned_makespan_ns: float
    makespan: Makespan
    lower_bound_ns: float = 0.0  # on the planned time and on the mean, with any channels and memory
    violations: Violations = Violations()

    def verify(self) -> None:
        """Check that nothing starts before its qubits are free, its bits are there or its pair is.

        Raises:
            ValueError: naming the statement that starts too early.
        """
        busy: dict[tuple[int, int], float] = {}
        latency = self.program.network.latencies_ns()
        arrival: dict[tuple[int, int], tuple[int, float]] = {}
        starts, durations = self.start_ns.tolist(), self.duration_ns.tolist()
        for index, row in enumerate(self.program.statements()):
            start, end = starts[index], starts[index] + durations[index]
            for qubit in row.qubits:
                if start < busy.get((row.node, qubit), 0.0) - 1e-6:
                    raise ValueError(f"statement {index} starts while its qubit is busy")
                busy[row.node, qubit] = end
            for register, bit, _ in row.condition:
                sender, sent = arrival[register, bit]
                if start < sent + latency[sender][row.node] - 1e-6:
                    raise ValueError(f"statement {index} starts before its bit has arrived")
            if row.writes is not None:
                arrival[row.writes] = (row.node, end)
        for first, second in self.pair_statements.tolist():
            if starts[first] != starts[second] or durations[first] != durations[second]:
                raise ValueError("the two ends of a pair have different times")
