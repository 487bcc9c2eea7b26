"""One run of a benchmark: measure, compare, accept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dqc_compiler.bench.baseline import read_baseline, read_replaceable, write_baseline
from dqc_compiler.bench.compare import FAILING, NOT_ACCEPTABLE, compare
from dqc_compiler.bench.running import Outcome, run_rows
from dqc_compiler.bench.state import forget_row
from dqc_compiler.bench.suite import Row, Shard, Suite
from dqc_compiler.bench.tolerance import Tolerance
from dqc_compiler.formats.bench_file import BaselineChange, BaselineFile, BenchReport


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """What is measured, and what it is held against.

    Attributes:
        suite: all of it.
        shard: the part that is measured; None: all.
        baseline: the file; None: nothing is compared.
        is_update: the baseline is written anew, and no figure is too bad for it.
        tolerances: by figure.
        jobs: processes.
        state: directory of finished rows; None: none are kept.
        keeps_state: finished rows stay there when the run is complete.
    """

    suite: Suite
    shard: Shard | None = None
    baseline: Path | None = None
    is_update: bool = False
    tolerances: Mapping[str, Tolerance]
    jobs: int = 1
    state: Path | None = None
    keeps_state: bool = False

    def accepted(self) -> BaselineFile | None:
        """The baseline as it is; None if there is none to compare with.

        Raises:
            CompilerError: if it cannot be read (DQC557 to DQC559).
        """
        if self.baseline is None:
            return None
        return (read_replaceable if self.is_update else read_baseline)(self.baseline)

    def run(self, tell: Callable[[Outcome], None]) -> BenchReport:
        """Measure and compare; with an update write the baseline, unless a row has no figures.

        Args:
            tell: called with each outcome as it comes.

        Raises:
            CompilerError: if the baseline cannot be read (DQC557 to DQC559), or something cannot
                be written (DQC511).
        """
        accepted = self.accepted()
        outcomes = []
        for outcome in run_rows(self._rows(), jobs=self.jobs, state=self.state):
            tell(outcome)
            outcomes.append(outcome)
        rows = compare(
            outcomes,
            accepted,
            self.tolerances,
            gone=self._gone(accepted),
            failing=NOT_ACCEPTABLE if self.is_update else FAILING,
        )
        passed = not any(row.fails for row in rows)
        change = self._update(outcomes, accepted) if self.is_update and passed else None
        if self.state is not None and not self.keeps_state:
            self._forget(outcomes, self.state)
        return BenchReport(
            suite=self.suite.name,
            shard=None if self.shard is None else str(self.shard),
            passed=passed,
            rows=rows,
            updated=change,
        )

    def _rows(self) -> tuple[Row, ...]:
        rows = {row.name: row for row in self.suite.rows}
        names = list(rows) if self.shard is None else self.shard.of(list(rows))
        return tuple(rows[name] for name in names)

    def _gone(self, accepted: BaselineFile | None) -> list[str]:
        """Rows that only the baseline has; of a suite in shards each tells its own."""
        names = {row.name for row in self.suite.rows}
        missing = [] if accepted is None else [n for n in accepted.rows if n not in names]
        return missing if self.shard is None else self.shard.of(missing)

    def _update(
        self, outcomes: list[Outcome], accepted: BaselineFile | None
    ) -> BaselineChange | None:
        rows = {each.name: each.measured.accepted() for each in outcomes if each.measured}
        return None if self.baseline is None else write_baseline(self.baseline, rows, accepted)

    def _forget(self, outcomes: list[Outcome], state: Path) -> None:
        for outcome in outcomes:
            if outcome.key is not None:
                forget_row(state, outcome.key)
        self.keeps_rows()

    def keeps_rows(self) -> bool:
        """Whether there are finished rows to go on with; a directory without any is removed."""
        if self.state is None or not self.state.is_dir():
            return False
        if any(self.state.iterdir()):
            return True
        if not self.keeps_state:
            self.state.rmdir()
        return False
