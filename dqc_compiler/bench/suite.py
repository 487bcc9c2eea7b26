"""What is to be measured: the rows of a folder, of a manifest, or of circuits of MQT Bench."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dqc_compiler.bench.manifest import read_manifest
from dqc_compiler.bench.mqt import PREFIX, MqtCircuit, read_mqt
from dqc_compiler.diagnostics import CompilerError, Diagnostic, Place
from dqc_compiler.diagnostics.bench import BadShard, RowNameTwice, SuiteEmpty, SuiteUnreadable
from dqc_compiler.diagnostics.usage import NetworkNotChosen
from dqc_compiler.formats.bench_file import CircuitEntry
from dqc_compiler.formats.network_file import Network
from dqc_compiler.formats.network_made import MadeNetwork
from dqc_compiler.pipeline import Options

_ENDING = ".qasm"
_ROUNDS = 2  # of the preset best: without a number of them it depends on the machine


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What holds for every row that does not say otherwise; network None: there is none."""

    network: Network | MadeNetwork | None
    options: Options


@dataclass(frozen=True, kw_only=True)
class Row:
    """One circuit on one network."""

    name: str
    circuit: Path | MqtCircuit
    network: Network | MadeNetwork
    options: Options


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Rows in their order, with different names."""

    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Shard:
    """Every `count`-th row, from the `index`-th on, which counts from 1."""

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard that `i/n` stands for.

        Raises:
            CompilerError: if it stands for none (DQC561).
        """
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text, re.ASCII)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise CompilerError(BadShard(found=text))
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def of(self, names: Sequence[str]) -> list[str]:
        """The part of these that belongs to the shard."""
        return list(names[self.index - 1 :: self.count])


def read_suite(argument: str, defaults: Defaults) -> Suite:
    """The suite that a command line names.

    Args:
        argument: a folder, a manifest, or `mqt:NAMES@SIZES`.
        defaults: of rows.

    Raises:
        CompilerError: if there is no such suite, or it has no rows (DQC551 to DQC556, DQC562,
            DQC563), with the problems of network files, or if a row has no network (DQC502).
    """
    options = defaults.options
    if options.preset == "best":
        defaults = replace(defaults, options=replace(options, rounds=_ROUNDS))
    path = Path(argument)
    if argument.startswith(PREFIX):
        circuits = read_mqt(argument.removeprefix(PREFIX))
        rows = [_row(str(each), each, defaults, place=None) for each in circuits]
        name = "mqt"
    elif path.is_dir():
        rows = _folder_rows(path, defaults)
        name = path.resolve().name
    else:
        rows = _manifest_rows(path, defaults)
        name = path.stem
    _check_names(rows, argument)
    return Suite(name=name, rows=tuple(rows))


def _folder_rows(folder: Path, defaults: Defaults) -> list[Row]:
    place = Place(file=str(folder))
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == _ENDING)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CompilerError(SuiteUnreadable(reason=reason, place=place)) from error
    if not files:
        reason = f"the folder has no files *{_ENDING}"
        raise CompilerError(SuiteEmpty(reason=reason, place=place))
    return [_row(path.stem, path, defaults, place=None) for path in files]


def _manifest_rows(path: Path, defaults: Defaults) -> list[Row]:
    entries = read_manifest(path)
    if not entries:
        reason = "the manifest has no [[circuit]]"
        raise CompilerError(SuiteEmpty(reason=reason, place=Place(file=str(path))))
    networks = _read_networks(path.parent, [entry for entry, _ in entries])
    rows = []
    for entry, place in entries:
        circuit = _circuit_of(entry, path.parent, place)
        network = defaults.network if entry.network is None else networks[entry.network]
        name = entry.name or (circuit.stem if isinstance(circuit, Path) else str(circuit))
        own = Defaults(network=network, options=_options_of(entry, defaults.options))
        rows.append(_row(name, circuit, own, place=place))
    return rows


def _read_networks(folder: Path, entries: Iterable[CircuitEntry]) -> dict[str, Network]:
    names = dict.fromkeys(entry.network for entry in entries if entry.network is not None)
    return {name: Network.read(folder / name) for name in names}


def _circuit_of(entry: CircuitEntry, folder: Path, place: Place) -> Path | MqtCircuit:
    if entry.mqt is None:
        assert entry.file is not None  # the manifest has been checked
        return folder / entry.file
    (circuit,) = read_mqt(entry.mqt, place=place)
    return circuit


def _options_of(entry: CircuitEntry, options: Options) -> Options:
    preset = entry.preset or options.preset
    return replace(
        options,
        preset=preset,
        rounds=_ROUNDS if preset == "best" else None,
        seed=options.seed if entry.seed is None else entry.seed,
    )


def _row(name: str, circuit: Path | MqtCircuit, own: Defaults, *, place: Place | None) -> Row:
    if own.network is None:
        reason = "no network is given" if place is None else f"no network is given for row {name}"
        raise CompilerError(NetworkNotChosen(reason=reason, place=place))
    return Row(name=name, circuit=circuit, network=own.network, options=own.options)


def _check_names(rows: Sequence[Row], argument: str) -> None:
    names = [row.name for row in rows]
    twice = dict.fromkeys(name for name in names if names.count(name) > 1)
    problems: list[Diagnostic] = [
        RowNameTwice(name=name, place=Place(file=argument)) for name in twice
    ]
    if problems:
        raise CompilerError(*problems)
