"""Error messages as people see them: each input beside the text that it must produce.

An input `tests/errors/<subject>/<case>.<ending>` stands beside `<case>.err`. To accept new wording
run `python tests/errors/golden.py --update` and review the difference.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from dqc_compiler.diagnostics.core import CompilerError
from dqc_compiler.formats.circuit_in import read_circuit

ROOT = Path(__file__).parent
SUBJECTS: dict[str, tuple[str, Callable[[Path], object]]] = {"circuit": (".qasm", read_circuit)}
"""Ending of the inputs of each subject, and what reads one."""


def cases() -> Iterator[tuple[str, Path]]:
    """Subject and input of every case."""
    for subject, (ending, _) in SUBJECTS.items():
        for path in sorted((ROOT / subject).glob(f"*{ending}")):
            yield subject, path


def shown(subject: str, path: Path) -> str:
    """What is shown for an input, with file names instead of paths, and the exit code."""
    _, read = SUBJECTS[subject]
    try:
        read(path)
    except CompilerError as error:
        text = str(error).replace(f"{path.parent}/", "")
        return f"{text}\nexit code {error.exit_code}\n"
    return "accepted\n"


def main() -> None:
    """Compare all cases with their files, or rewrite the files."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--update", action="store_true", help="write the .err files")
    update = parser.parse_args().update
    for subject, path in cases():
        expected = path.with_suffix(".err")
        text = shown(subject, path)
        if update:
            expected.write_text(text, encoding="utf-8")
        elif not expected.exists() or expected.read_text(encoding="utf-8") != text:
            print(f"differs: {expected}")


if __name__ == "__main__":
    main()
