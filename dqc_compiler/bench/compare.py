"""Hold what was measured against the baseline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dqc_compiler.bench.running import Outcome
from dqc_compiler.bench.tolerance import EXACT, Tolerance
from dqc_compiler.formats.bench_file import (
    FIGURES,
    BaselineFile,
    BaselineRow,
    BenchFigures,
    ChangedFigure,
    MeasuredRow,
    ReportRow,
    RowStatus,
)

FAILING: frozenset[RowStatus] = frozenset({"worse", "new", "gone", "refuted", "error"})
NOT_ACCEPTABLE: frozenset[RowStatus] = frozenset({"refuted", "error"})
"""What fails even if the baseline is to be written anew."""


def compare(
    outcomes: Iterable[Outcome],
    baseline: BaselineFile | None,
    tolerances: Mapping[str, Tolerance],
    *,
    gone: Sequence[str] = (),
    failing: frozenset[RowStatus] = FAILING,
) -> tuple[ReportRow, ...]:
    """The rows of the report.

    Args:
        outcomes: of the rows of the suite.
        baseline: None: nothing is compared.
        tolerances: by figure; figures without one are held exactly.
        gone: names of rows that are in the baseline only.
        failing: what a row fails for.
    """
    accepted = {} if baseline is None else baseline.rows
    measured = (_row(each, baseline, tolerances, failing) for each in outcomes)
    missing = (_gone(name, accepted[name], failing) for name in gone)
    return (*measured, *missing)


def _row(
    outcome: Outcome,
    baseline: BaselineFile | None,
    tolerances: Mapping[str, Tolerance],
    failing: frozenset[RowStatus],
) -> ReportRow:
    accepted = None if baseline is None else baseline.rows.get(outcome.name)
    measured = outcome.measured
    changed = (
        ()
        if accepted is None or measured is None
        else _changed(accepted.figures, measured.figures, tolerances)
    )
    status = _status(outcome, baseline, changed)
    return ReportRow(
        name=outcome.name,
        status=status,
        fails=status in failing,
        figures=None if measured is None else measured.figures,
        baseline=None if accepted is None else accepted.figures,
        changed=changed,
        notes=_notes(measured, accepted),
        problems=tuple(problem.as_dict() for problem in outcome.problems),
        equivalent=None if measured is None else measured.equivalent,
        seconds=None if measured is None else measured.seconds,
        resumed=outcome.is_resumed,
    )


def _gone(name: str, accepted: BaselineRow, failing: frozenset[RowStatus]) -> ReportRow:
    return ReportRow(
        name=name,
        status="gone",
        fails="gone" in failing,
        figures=None,
        baseline=accepted.figures,
        changed=(),
        notes=("in the baseline, but not in the suite",),
        problems=(),
        equivalent=None,
        seconds=None,
        resumed=False,
    )


def _changed(
    before: BenchFigures, after: BenchFigures, tolerances: Mapping[str, Tolerance]
) -> tuple[ChangedFigure, ...]:
    found = []
    for name in FIGURES:
        old, new = getattr(before, name), getattr(after, name)
        if new < old:
            found.append(ChangedFigure(figure=name, before=old, after=new, verdict="better"))
        elif new > old:
            verdict = "tolerated" if tolerances.get(name, EXACT).accepts(old, new) else "worse"
            found.append(
                ChangedFigure.model_validate(
                    {"figure": name, "before": old, "after": new, "verdict": verdict}
                )
            )
    return tuple(found)


def _status(
    outcome: Outcome, baseline: BaselineFile | None, changed: Sequence[ChangedFigure]
) -> RowStatus:
    """The worst that can be said of a row."""
    if outcome.measured is None:
        return "error"
    if outcome.measured.equivalent is False:
        return "refuted"
    if baseline is None:
        return "measured"
    if outcome.name not in baseline.rows:
        return "new"
    verdicts = {each.verdict for each in changed}
    for verdict in ("worse", "tolerated", "better"):
        if verdict in verdicts:
            return verdict
    return "same"


def _notes(measured: MeasuredRow | None, accepted: BaselineRow | None) -> tuple[str, ...]:
    """What else a reader has to know to understand the figures."""
    if measured is None:
        return ()
    notes = []
    if measured.equivalent is False:
        notes += [f"refuted by {check}" for check in measured.checks]
    if accepted is not None:
        differs = {
            "circuit": measured.circuit != accepted.circuit,
            "network": measured.network != accepted.network,
            "options": measured.options != accepted.options,
        }
        notes += [f"other {name} than in the baseline" for name, found in differs.items() if found]
    return tuple(notes)
