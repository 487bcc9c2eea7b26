"""The report in short: for a terminal and for a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from dqc_compiler.formats.report import Report

_MOST_NODES_SHOWN = 8
_MOST_LINKS_SHOWN = 20
_Row = tuple[str, ...]

_LINKS_HEAD = ("link", "pairs", "fidelity")


def headline(title: str, report: Report) -> str:
    """What was compiled and what it costs, in one line."""
    return f"{title}, pairs {report.pairs}, makespan {time_text(report.makespan_ns.mean)}"


def summary_rows(report: Report) -> dict[str, str]:
    """The figures that are always told together."""
    peaks = report.peak_comm_qubits
    shown = ", ".join(f"{name} {peak}" for name, peak in peaks.items())
    if len(peaks) > _MOST_NODES_SHOWN:
        shown = f"at most {max(peaks.values())} ({len(peaks)} nodes)"
    mean, p95 = (time_text(ns) for ns in (report.makespan_ns.mean, report.makespan_ns.p95))
    return {
        **_pair_rows(report),
        "peak comm qubits": shown,
        "makespan": f"mean {mean}, 95th percentile {p95}",
        **_fidelity_row(report),
    }


def rows_text(rows: dict[str, str]) -> str:
    """One line for each row, the values under each other."""
    return "".join(f"{name:<18}{value}\n" for name, value in rows.items())


def summary_text(title: str, report: Report) -> str:
    """Title, figures, lower bounds and what each link is used for."""
    links = [_LINKS_HEAD, *_link_rows(report)]
    widths = [max(map(len, column)) for column in zip(*links, strict=True)]
    table = [
        "  ".join([cells[0].ljust(widths[0]), *map(str.rjust, cells[1:], widths[1:])]).rstrip()
        for cells in links
    ]
    rows = summary_rows(report) | dict(_bound_rows(report))
    return "\n".join([title, rows_text(rows), *table, *_more_links(report)])


def summary_html(title: str, report: Report) -> str:
    """The same as tables; names of circuits and nodes are text and nothing else."""
    rows = [*summary_rows(report).items(), *_bound_rows(report)]
    return "\n".join(
        [
            "<div>",
            f"<p><b>{escape(title)}</b></p>",
            _table([], rows),
            _table(_LINKS_HEAD, _link_rows(report)),
            *(f"<p>{escape(line)}</p>" for line in _more_links(report)),
            "</div>",
        ]
    )


def time_text(ns: float) -> str:
    """A time with four digits, in the largest unit in which it is not a fraction."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= size:
            return f"{ns / size:.4g} {unit}"
    return f"{ns:.4g} ns"


def _pair_rows(report: Report) -> dict[str, str]:
    """E-bits, and the pairs of links where that is another number; the bound is one on these."""
    bound = _bound_words(report)
    if report.pairs == report.ebits:
        return {"e-bits": f"{report.ebits}{bound}"}
    return {"e-bits": str(report.ebits), "pairs of links": f"{report.pairs}{bound}"}


def _bound_words(report: Report) -> str:
    """How good the number of pairs is, as far as that is proven, and among what."""
    if report.gap is None or report.pairs == 0:
        return ""
    minimum_for, least = report.gap.minimum_for, report.pairs - report.gap.pairs
    if len(minimum_for) == 2:
        return " (proven minimum)"
    if minimum_for:
        proven = {
            "every placement": "no placement takes fewer",
            "every protocol": "proven minimum for these first and last nodes",
        }
        return f" ({proven[minimum_for[0]]})"
    if least == report.lower_bound_pairs:
        return f" (at least {least} for these first and last nodes)"
    return f" (no placement takes fewer than {least})"


def _fidelity_row(report: Report) -> dict[str, str]:
    """The estimate, and what distribution and waiting would leave alone."""
    parts = report.fidelity_estimate
    if report.fidelity is None or parts is None:
        return {}
    shown = (report.fidelity, parts.distribution, parts.waiting)
    # Of less the sampling knows little more than that.
    total, distribution, waiting = (f"{f:.3f}" if f >= 0.01 else "< 0.01" for f in shown)
    return {"fidelity": f"{total} (distribution {distribution}, waiting {waiting})"}


def _bound_rows(report: Report) -> list[tuple[str, str]]:
    """The best lower bound of each kind."""
    best: dict[str, int] = {}
    for bound in report.bounds:
        best[bound.holds_for] = max(bound.pairs, best.get(bound.holds_for, 0))
    words = ", ".join(f"{pairs} for {kind}" for kind, pairs in best.items())
    return [("lower bounds", words)] if words else []


def _link_rows(report: Report) -> list[_Row]:
    return [
        (
            "-".join(link.between),
            str(link.pairs),
            "" if link.fidelity is None else f"{link.fidelity:.3f}",
        )
        for link in report.per_link[:_MOST_LINKS_SHOWN]
    ]


def _more_links(report: Report) -> list[str]:
    more = len(report.per_link) - _MOST_LINKS_SHOWN
    return [f"and {more} more links: see report.per_link"] if more > 0 else []


def _table(head: Sequence[str], rows: Iterable[_Row]) -> str:
    lines = [_line("th", head)] if head else []
    return "\n".join(["<table>", *lines, *(_line("td", row) for row in rows), "</table>"])


def _line(tag: str, cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
