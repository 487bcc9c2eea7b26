"""What an upgrade study found, as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dqc_compiler.cli_front import time_unit

if TYPE_CHECKING:
    from dqc_compiler.advice import Advice, Change, Outcome, Row
    from dqc_compiler.ir import Link

_WORDS = {
    "rate": "double rate of {}",
    "channel": "+1 channel on {}",
    "comm qubit": "+1 comm qubit at {}",
    "data qubit": "+1 data qubit at {}",
    "link": "+1 link {}",
}


def advice_table(advice: Advice, *, limit: int) -> str:
    """The network as it is, then one line per upgrade, under a head with units; notes below.

    Args:
        advice: to be shown.
        limit: of the upgrades.
    """
    shown = advice.rows[:limit]
    outcomes = [row.outcome for row in shown] + ([] if advice.base is None else [advice.base])
    unit, size = time_unit(
        max((max(o.planned_makespan_ns, o.makespan.mean) for o in outcomes), default=0.0)
    )
    table: list[tuple[str, ...]] = [
        (
            "upgrade",
            "pairs",
            "e-bits",
            "peak",
            f"planned [{unit}]",
            f"mean [{unit}]",
            "change of pairs",
            "of mean",
        )
    ]
    if advice.base is not None:
        table.append(("(none)", *_figures(advice.base, size), "", ""))
    table += [(_upgrade(row), *_figures(row.outcome, size), *_change(row, advice)) for row in shown]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
        for cells in table
    ]
    notes = list(_notes(advice, limit))
    return "".join(f"{line}\n" for line in [*lines, *([""] if notes else []), *notes])


def _upgrade(row: Row) -> str:
    return _WORDS[row.upgrade.kind].format("-".join(row.upgrade.where))


def _figures(outcome: Outcome, size: float) -> tuple[str, ...]:
    return (
        str(outcome.pairs),
        str(outcome.ebits),
        str(outcome.max_peak_comm_qubits),
        f"{outcome.planned_makespan_ns / size:.3f}",
        f"{outcome.makespan.mean / size:.3f}",
    )


def _change(row: Row, advice: Advice) -> tuple[str, str]:
    change: Change | None = row.change
    if change is None or advice.base is None:
        return "", ""
    mean = advice.base.makespan.mean
    share = 100 * change.mean_makespan_ns / mean if mean else 0.0
    return _signed(change.pairs, ""), _signed(round(share, 1), " %")


def _signed(value: float, unit: str) -> str:
    return f"{value:+}{unit}" if value else "0"


def _notes(advice: Advice, limit: int) -> list[str]:
    notes = []
    if advice.base is None:
        notes.append("The circuit does not fit the network as it is.")
    elif not advice.rows and advice.stopped == "done":
        notes.append("No single upgrade changes anything.")
    if len(advice.rows) > limit:
        notes.append(f"{len(advice.rows) - limit} more upgrades: --limit {len(advice.rows)}")
    shown = advice.rows[:limit]
    link = next((row.upgrade.link for row in shown if row.upgrade.kind == "link"), None)
    if link is not None:
        notes.append(f"A new link has {_properties(link)}.")
    if advice.stopped != "done":
        notes.append(f"Stopped: {advice.stopped}; other upgrades were not tried.")
    return notes


def _properties(link: Link) -> str:
    return (
        f"attempt_ns {link.attempt_ns:g}, success_probability {link.success_probability:g}, "
        f"fidelity {link.fidelity:g}, channels {link.channels}, latency_ns {link.latency_ns:g}"
    )
