"""Network files that are refused."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from dqc_compiler.formats.network_file import Network
from tests.errors.refusal import refusal

FILES = sorted(
    path for path in (Path(__file__).parent / "network").iterdir() if path.suffix != ".err"
)


def shown(file: Path, _directory: Path) -> str:
    return refusal(lambda: Network.read(file), directory=file.parent)


CASES = {file.stem: partial(shown, file) for file in FILES}
