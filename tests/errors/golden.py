"""Error messages as people see them, each beside the case that provokes it.

A case runs into a problem, given an empty directory, and returns what is shown; the cases of a
subject are in `cases_<subject>.py`. What a case must show stands in `<subject>/<case>.err`, beside
its input if that is a file. To accept new wording run `python -m tests.errors.golden --update` in
the root of the repository, and review the difference.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.errors import (
    cases_bench,
    cases_bundle,
    cases_circuit,
    cases_network,
    cases_placement,
    cases_target,
    cases_usage,
    cases_verify,
)

ROOT = Path(__file__).parent
SUBJECTS: dict[str, Mapping[str, Callable[[Path], str]]] = {
    "bench": cases_bench.CASES,
    "bundle": cases_bundle.CASES,
    "circuit": cases_circuit.CASES,
    "network": cases_network.CASES,
    "placement": cases_placement.CASES,
    "target": cases_target.CASES,
    "usage": cases_usage.CASES,
    "verify": cases_verify.CASES,
}


def expected_file(subject: str, case: str) -> Path:
    """The file that holds what a case must show."""
    return ROOT / subject / f"{case}.err"


def main() -> None:
    """Show which messages differ from their files, or accept them all."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--update", action="store_true", help="write the .err files")
    update = parser.parse_args().update
    for subject, cases in SUBJECTS.items():
        for case, provoke in cases.items():
            with tempfile.TemporaryDirectory() as directory:
                shown = provoke(Path(directory))
            file = expected_file(subject, case)
            if file.exists() and file.read_text(encoding="utf-8") == shown:
                continue
            if update:
                file.parent.mkdir(exist_ok=True)
                file.write_text(shown, encoding="utf-8")
            print(f"{'written' if update else 'differs'}: {file}")


if __name__ == "__main__":
    main()
