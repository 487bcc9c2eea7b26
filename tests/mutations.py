"""Make wrong programs out of right ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from tests.mutations_programs import Case

_ANGLE = re.compile(r"(r[xyz]{1,2}|cp|p)\(([^()]*)\)")
_OTHER_BASIS = {
    "cx": "cz",
    "cy": "cx",
    "cz": "cy",
    "x": "z",
    "z": "x",
    "y": "x",
    "h": "s",
    "s": "sdg",
    "rx": "ry",
    "rz": "rx",
    "rzx": "rzz",
    "rzy": "rzx",
    "rzz": "rzx",
}


def mutants(given: Case) -> Iterator[tuple[str, Case]]:
    """Every small change of one statement, and of what the manifest says; most are wrong."""
    for node, body in given.programs.items():
        statements = list(body)
        for index, statement in enumerate(statements):
            for kind, changed in _changes(statements, index):
                yield f"{kind}: {node} {index} {statement}", given.edited(node, changed)
    yield from _exchanged_messages(given)
    yield from _moved_entries(given)


def _changes(statements: list[str], index: int) -> Iterator[tuple[str, list[str]]]:
    here = statements[index]
    before, after = statements[:index], statements[index + 1 :]
    if " = measure " not in here:
        yield "dropped", [*before, *after]
    if not here.startswith("dqc_epr"):
        yield "twice", [*before, here, here, *after]
    if after:
        yield "exchanged with the next", [*before, after[0], here, *after[1:]]
    for shift in ("0.001", "pi"):
        changed = _ANGLE.sub(rf"\1(\2 + {shift})", here)
        if changed != here:
            yield f"angle off by {shift}", [*before, changed, *after]
    other = _other_basis(here)
    if other is not None:
        yield "in another basis", [*before, other, *after]
    if here.startswith("if"):
        yield "wrong value", [*before, here.replace("])", "] == false)", 1), *after]
        yield "without its condition", [*before, here[here.index("{") + 1 : -1].strip(), *after]
    for qubit in re.findall(r"comm\[\d+\]", here)[:1]:
        yield "comm qubit reset early", [*before, f"reset {qubit};", here, *after]
        for gate in ("x", "z", "h", "s"):
            yield f"stray {gate}", [*before, f"{gate} {qubit};", here, *after]
    for qubit in re.findall(r"data\[\d+\]", here)[:1]:
        for gate in ("x", "z", "h", "s"):
            yield f"stray {gate}", [*before, f"{gate} {qubit};", here, *after]
    for target in re.findall(r"dqc_epr\(\d+, (\d+)\)", here):
        changed = here.replace(f", {target})", f", {int(target) + 1})")
        yield "pair mixed up", [*before, changed, *after]


def _other_basis(statement: str) -> str | None:
    inner = re.search(r"(?:\{ )?\b(\w+)(\([^()]*\))? (?:data|comm)\[", statement)
    if inner is None or inner[1] not in _OTHER_BASIS:
        return None
    start, end = inner.span(1)
    return statement[:start] + _OTHER_BASIS[inner[1]] + statement[end:]


def _exchanged_messages(given: Case) -> Iterator[tuple[str, Case]]:
    """Two bits are taken for each other by their reader or by their sender."""
    for node, body in given.programs.items():
        text = "\n".join(body)
        read = sorted(set(re.findall(r"if \((\w+\[\d+\])", text)))
        sent = sorted(set(re.findall(r"^(\w+_to_\w+\[\d+\]) =", text, re.MULTILINE)))
        for kind, bits in (("read", read), ("sent", sent)):
            for first in range(len(bits)):
                for second in range(first + 1, len(bits)):
                    a, b = bits[first], bits[second]
                    exchanged = text.replace(a, "@").replace(b, a).replace("@", b)
                    changed = given.edited(node, exchanged.splitlines())
                    yield f"messages exchanged: {node} {kind} {a} {b}", changed


def _moved_entries(given: Case) -> Iterator[tuple[str, Case]]:
    for field in ("start", "end", "clbits"):
        entries = list(getattr(given, field))
        for index in range(len(entries) - 1):
            entries[index], entries[index + 1] = entries[index + 1], entries[index]
            yield f"{field} entries exchanged: {index}", replace(given, **{field: tuple(entries)})
            entries[index], entries[index + 1] = entries[index + 1], entries[index]
