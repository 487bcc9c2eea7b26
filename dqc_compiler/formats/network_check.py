"""Checks of a network file: every problem of a text in one go, each with its place."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any, TypeGuard

from pydantic import ValidationError

from dqc_compiler.diagnostics import CompilerError, Diagnostic, Place
from dqc_compiler.diagnostics import network as problem
from dqc_compiler.formats.network_model import EXPECTED, LinkEntry, NetworkFile, NodeEntry
from dqc_compiler.formats.places import KeyPath, Places, Span, find_places

MAX_NAME = 64
LONGEST_SHOWN_LINE = 160
_ATTEMPT_NS: float = LinkEntry.model_fields["attempt_ns"].default

_EXAMPLES = {
    "schema": "1",
    "data_qubits": "8",
    "comm_qubits": "2",
    "between": '["alice", "bob"]',
}

_SYNTAX_REMEDY = {
    "TOML": "every line is [node.NAME], [[link]], or a key, an equals sign and a value",
    "JSON": 'the file is one object: {"schema": 1, "node": {...}, "link": [...]}',
}


def parse_network(text: str, *, file: str) -> tuple[NetworkFile, tuple[Place, ...]]:
    """The checked content of a network file and the place of each node in it.

    Args:
        text: of the file.
        file: the name that messages show.

    Raises:
        CompilerError: with every problem of the text (DQC203 to DQC216).
    """
    raw = _load(text, file)
    report = _Report(text, file)
    _check_version(raw, report)
    _check_shape(raw, report)
    _check_nodes(raw, report)
    _check_links(raw, report)
    report.raise_if_any()
    content = NetworkFile.model_validate(raw)
    return content, tuple(report.key(("node", name)) for name in content.node)


def _load(text: str, file: str) -> dict[str, Any]:
    """The file's tables, not checked yet."""
    is_json = text.lstrip().startswith("{") or Path(file).suffix == ".json"
    language = "JSON" if is_json else "TOML"
    is_repeating = False

    def table(entries: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal is_repeating
        made = dict(entries)
        is_repeating = is_repeating or len(made) < len(entries)
        return made

    try:
        raw = json.loads(text, object_pairs_hook=table) if is_json else tomllib.loads(text)
    except RecursionError as error:
        reason = "nested too deeply"
        raise CompilerError(_syntax_error(text, file, language, reason, None)) from error
    except json.JSONDecodeError as error:
        span = Span(error.lineno, error.colno, 1)
        diagnostic = _syntax_error(text, file, language, error.msg.lower(), span)
        raise CompilerError(diagnostic) from error
    except ValueError as error:  # tomllib's own error is a ValueError, as are its oversized numbers
        diagnostic = _toml_error(str(error), text, file)
        raise CompilerError(diagnostic) from error
    if not isinstance(raw, dict):
        reason = "the file is not an object"
        raise CompilerError(_syntax_error(text, file, language, reason, Span(1, 1, 1)))
    if is_repeating:
        path, span = find_places(text).repeated[0]
        reason = f"{path[-1]!r} is written twice"
        raise CompilerError(_syntax_error(text, file, language, reason, span))
    return raw


def _toml_error(message: str, text: str, file: str) -> problem.NetworkSyntax:
    match = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message, re.DOTALL)
    if match:
        span = Span(int(match[2]), int(match[3]), 1)
        return _syntax_error(text, file, "TOML", _own_words(match[1]), span)
    last = text.rstrip().split("\n")
    end = Span(len(last), len(last[-1]) + 1, 1) if "(at end of document)" in message else None
    reason = _own_words(message.removesuffix(" (at end of document)"))
    return _syntax_error(text, file, "TOML", reason, end)


def _own_words(words: str) -> str:
    # tomllib names a table by its tuple of keys.
    named = re.sub(r"\(('[^)]*')\)", lambda m: ".".join(re.findall(r"'(.*?)'", m[1])), words)
    return named[:1].lower() + named[1:]


def _syntax_error(
    text: str, file: str, language: str, reason: str, span: Span | None
) -> problem.NetworkSyntax:
    return problem.NetworkSyntax(
        language=language,
        reason=reason,
        remedy=_SYNTAX_REMEDY[language],
        place=_place(file, text.split("\n"), span),
    )


def _place(file: str, lines: list[str], span: Span | None) -> Place:
    if span is None or span.line > len(lines):
        return Place(file=file)
    source = lines[span.line - 1]
    if len(source) > LONGEST_SHOWN_LINE:
        return Place(file=file, line=span.line, column=span.column)
    return Place(file=file, line=span.line, column=span.column, text=source, width=span.width)


class _Report:
    """Problems found so far, each with the place that it is about."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.text = text
        self.found: list[Diagnostic] = []

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def places(self) -> Places:
        """Not before there is a problem: large networks take seconds."""
        return find_places(self.text)

    def key(self, path: KeyPath) -> Place:
        return _place(self.file, self.lines, self.places.key(path))

    def value(self, path: KeyPath) -> Place:
        return _place(self.file, self.lines, self.places.value(path))

    def add(self, diagnostic: Diagnostic) -> None:
        self.found.append(diagnostic)

    def raise_if_any(self) -> None:
        def line(diagnostic: Diagnostic) -> int:
            return (diagnostic.place.line or 0) if diagnostic.place else 0

        if self.found:
            raise CompilerError(*sorted(self.found, key=line))


def _check_version(raw: dict[str, Any], report: _Report) -> None:
    version = raw.get("schema", 1)
    if version != 1 or isinstance(version, (bool, float)):
        # Another version has other rules: nothing else that could be said here would be reliable.
        place = report.value(("schema",))
        report.add(problem.NetworkSchemaUnknown(found=_shown(version), place=place))
        report.raise_if_any()


def _check_shape(raw: dict[str, Any], report: _Report) -> None:
    """Types, ranges, unknown and missing keys."""
    try:
        NetworkFile.model_validate(raw)
    except ValidationError as error:
        seen: set[KeyPath] = set()
        for entry in error.errors(include_url=False, include_context=False):
            path = _known_part(raw, entry["loc"], missing=entry["type"] == "missing")
            if path not in seen:  # a union reports each of its members
                seen.add(path)
                report.add(_shape_problem(raw, path, entry["type"], report))


def _known_part(raw: dict[str, Any], location: KeyPath, *, missing: bool) -> KeyPath:
    """`location` up to the last thing that is in the file, or the first that is missing."""
    path: KeyPath = ()
    value: Any = raw
    for step in location:
        inside = (isinstance(value, dict) and step in value) or (
            isinstance(value, list) and isinstance(step, int) and step < len(value)
        )
        if not inside:
            return (*path, step) if missing else path
        path, value = (*path, step), value[step]
    return path


def _shape_problem(raw: dict[str, Any], path: KeyPath, kind: str, report: _Report) -> Diagnostic:
    key = str(path[-1])
    where = _where(raw, path)
    if path == ("node",) and kind in ("missing", "too_short"):
        return problem.NetworkWithoutNodes(place=report.key(path))
    if kind == "missing":
        return problem.NetworkMissingKey(
            where=where, key=key, example=_EXAMPLES[key], place=report.key(path[:-1])
        )
    value = _at(raw, path)
    if key in ("coupling", "basis_gates") and path[0] == "node" and len(path) == 3:
        remedy = 'write "all-to-all" or remove the key' if key == "coupling" else "remove the key"
        return problem.NetworkNotSupported(
            key=key, found=_shown(value), remedy=remedy, place=report.value(path)
        )
    if kind == "extra_forbidden":
        remedy = _key_remedy(key, path)
        return problem.NetworkUnknownKey(
            where=where, key=key, remedy=remedy, place=report.key(path)
        )
    named = next((str(step) for step in reversed(path) if step in EXPECTED), "")
    expected = EXPECTED[named]
    if len(path) == 2:  # a node or a link as a whole
        key, expected = where, "a table"
    elif isinstance(path[-1], int):
        key = named
        value = _at(raw, path[:-1])
    return problem.NetworkBadValue(
        where=where, key=key, expected=expected, found=_shown(value), place=report.value(path)
    )


def _at(raw: dict[str, Any], path: KeyPath) -> Any:
    value: Any = raw
    for step in path:
        value = value[step]
    return value


def _shown(value: object) -> str:
    """A value as the user could have written it, cut to a readable length."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, int) and value.bit_length() > 128:
        return "a number of that size"
    text = json.dumps(value, default=str)
    if isinstance(value, float):
        text = text.replace("Infinity", "inf").replace("NaN", "nan")
    return text if len(text) <= 60 else text[:57] + "..."


def _where(raw: dict[str, Any], path: KeyPath) -> str:
    """The node or link that a path leads into, in words."""
    if len(path) < 2:
        return "the file"
    if path[0] == "node":
        return f"node {_word(str(path[1]))}"
    if path[0] == "link" and isinstance(path[1], int):
        link = _at(raw, path[:2])
        ends = _ends(link)
        return f"link {path[1] + 1}" + (f" ({_word(ends[0])}-{_word(ends[1])})" if ends else "")
    return "the file"


def _key_remedy(key: str, path: KeyPath) -> str:
    known = ["schema", "node", "link"]
    if len(path) > 2:
        known = list((NodeEntry if path[0] == "node" else LinkEntry).model_fields)
    close = difflib.get_close_matches(key, known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"remove it; the keys here are {', '.join(known)}"


def _nodes(raw: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The nodes that are tables."""
    nodes = raw.get("node")
    items = nodes.items() if isinstance(nodes, dict) else ()
    return {name: node for name, node in items if isinstance(node, dict)}


def _ends(link: object) -> tuple[str, str] | None:
    """The two names of a link that has two names."""
    ends = link.get("between") if isinstance(link, dict) else None
    if isinstance(ends, list) and len(ends) == 2 and all(isinstance(end, str) for end in ends):
        return ends[0], ends[1]
    return None


def _check_nodes(raw: dict[str, Any], report: _Report) -> None:
    linked = _linked_names(raw)
    for name, node in _nodes(raw).items():
        _check_name(name, report)
        _check_qubits(name, node, report, has_link=name in linked)


def _linked_names(raw: dict[str, Any]) -> set[str]:
    links = raw.get("link")
    pairs = [_ends(link) for link in links] if isinstance(links, list) else []
    return {end for pair in pairs if pair for end in pair}


def _check_name(name: str, report: _Report) -> None:
    reason = _name_problem(name)
    if reason:
        place = report.key(("node", name))
        report.add(
            problem.NetworkBadName(name=name, reason=reason, example=_good_name(name), place=place)
        )


def _check_qubits(name: str, node: dict[str, Any], report: _Report, *, has_link: bool) -> None:
    """Data qubits where they belong, and enough comm qubits."""
    path: KeyPath = ("node", name)
    data, comm = node.get("data_qubits"), node.get("comm_qubits")
    repeater = node.get("kind") == "repeater"
    if data is None and not repeater:
        where, example = f"node {_word(name)}", _EXAMPLES["data_qubits"]
        report.add(
            problem.NetworkMissingKey(
                where=where, key="data_qubits", example=example, place=report.key(path)
            )
        )
    if repeater and _is_count(data) and data:
        place = report.value((*path, "data_qubits"))
        report.add(problem.RepeaterWithData(node=_word(name), found=data, place=place))
    needed = 2 if repeater else int(has_link)
    if _is_count(comm) and comm < needed:
        report.add(
            problem.TooFewCommQubits(
                node=_word(name),
                kind="repeater" if repeater else "node",
                found=comm,
                needed=needed,
                remedy="" if repeater else ", or remove the links of this node",
                place=report.value((*path, "comm_qubits")),
            )
        )


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _word(name: str) -> str:
    """A node's name, quoted unless it is a plain word."""
    return name if re.fullmatch(r"\w+", name, re.ASCII) else ascii(name)


def _name_problem(name: str) -> str | None:
    if not name:
        return "is empty"
    if len(name) > MAX_NAME:
        return f"is longer than {MAX_NAME} characters"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        return "is not made of a-z, 0-9 and _ with a letter first"
    # The register a_to_b__c is read back by its first _to_ and its __.
    for part in ("__", "_to_"):
        if part in name:
            return f"contains {part}"
    for part in ("_to", "_"):
        if name.endswith(part):
            return f"ends in {part}"
    return None


def _good_name(name: str) -> str:
    """A permitted name that resembles `name`."""
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word and word != "to"]
    candidate = "_".join(words)[: MAX_NAME // 2].strip("_")
    if not candidate[:1].isalpha():
        candidate = f"n{candidate}"
    return candidate if _name_problem(candidate) is None else "n0"


def _check_links(raw: dict[str, Any], report: _Report) -> None:
    nodes = _nodes(raw)
    links = raw.get("link", [])
    if not isinstance(links, list) or not nodes:
        return
    first: dict[frozenset[str], int] = {}
    joined: list[tuple[str, str]] = []
    # What is no table, or names no two nodes, may be what joins the parts.
    is_readable = len(nodes) == len(raw["node"])
    for position, link in enumerate(links):
        ends = _ends(link)
        if ends is None:
            is_readable = False
            continue
        found = _link_problems(position, ends, nodes, first, report)
        for diagnostic in found:
            report.add(diagnostic)
        if not found:
            first[frozenset(ends)] = position
        joined.append((_meant(ends[0], nodes), _meant(ends[1], nodes)))
        _check_cutoff(position, link, ends, report)
    if is_readable:
        _check_connected(list(nodes), joined, report)


def _check_cutoff(
    position: int, link: dict[str, Any], ends: tuple[str, str], report: _Report
) -> None:
    """A pair that is too old before its second half can be heralded is never of use."""
    cutoff, attempt = link.get("cutoff_us"), link.get("attempt_ns", _ATTEMPT_NS)
    if _is_number(cutoff) and _is_number(attempt) and 0 < 1000.0 * cutoff < attempt:
        report.add(
            problem.CutoffTooShort(
                a=_word(ends[0]),
                b=_word(ends[1]),
                found=f"{cutoff:g}",
                attempt=f"{attempt:g}",
                place=report.value(("link", position, "cutoff_us")),
            )
        )


def _link_problems(
    position: int,
    ends: tuple[str, str],
    nodes: Iterable[str],
    first: dict[frozenset[str], int],
    report: _Report,
) -> list[Diagnostic]:
    path: KeyPath = ("link", position, "between")
    unknown = [side for side, name in enumerate(ends) if name not in nodes]
    if unknown:
        return [_unknown_end(ends[side], nodes, report.value((*path, side))) for side in unknown]
    a, b = ends
    if a == b:
        return [problem.SelfLink(node=_word(a), place=report.value(path))]
    earlier = first.get(frozenset(ends))
    if earlier is None:
        return []
    line = report.key(("link", earlier)).line
    first_place = f" (line {line})" if line else ""
    place = report.value(path)
    return [problem.DuplicateLink(a=_word(a), b=_word(b), first_place=first_place, place=place)]


def _unknown_end(name: str, nodes: Iterable[str], place: Place) -> problem.UnknownLinkEnd:
    meant = _meant(name, nodes)
    remedy = (
        f"add a table [node.{name}], or remove the link"
        if meant == name
        else f"did you mean {meant}?"
    )
    return problem.UnknownLinkEnd(name=name, remedy=remedy, place=place)


def _meant(name: str, nodes: Iterable[str]) -> str:
    """The node that resembles a name most; the name itself if none does."""
    return next(iter(difflib.get_close_matches(name, nodes, n=1)), name)


def _check_connected(names: list[str], links: Sequence[tuple[str, str]], report: _Report) -> None:
    """Whether links join all nodes, also over nodes that are not in the file yet."""
    group = {name: name for name in [*names, *(end for link in links for end in link)]}

    def root(name: str) -> str:
        while group[name] != name:
            group[name] = group[group[name]]
            name = group[name]
        return name

    for a, b in links:
        group[root(b)] = root(a)
    parts: dict[str, list[str]] = {}
    for name in names:
        parts.setdefault(root(name), []).append(name)
    if len(parts) > 1:
        shown = [_shown_part(part) for part in list(parts.values())[:4]]
        more = ["..."] if len(parts) > 4 else []
        second = next(iter(list(parts.values())[1]))
        place = report.key(("node", second))
        report.add(problem.Disconnected(parts=" and ".join([*shown, *more]), place=place))


def _shown_part(names: list[str]) -> str:
    words = [_word(name) for name in names]
    shown = words if len(words) <= 6 else [*words[:5], f"{len(names) - 5} more"]
    return "{" + ", ".join(shown) + "}"
