"""Load what a bundle says, and compare what its files say about each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from dqc_compiler.diagnostics.core import CompilerError, Place
from dqc_compiler.diagnostics.verify import BrokenGuarantee
from dqc_compiler.formats.binding import with_formulas
from dqc_compiler.formats.flat_qasm import read_flat_qasm
from dqc_compiler.formats.manifest import (
    NETWORK,
    SCHEDULE,
    Manifest,
    listed_parameters,
    program_path,
)
from dqc_compiler.formats.network_file import Network
from dqc_compiler.formats.schedule_file import ScheduleFile
from dqc_compiler.ir.circuit import Circuit
from dqc_compiler.verify.programs import Position, ProgramSet
from dqc_compiler.verify.structure import OUT, channel_ends, peak_comm_qubits


def with_values(original: Circuit, manifest: Manifest) -> Circuit:
    """The circuit with the values of parameters that the manifest says were bound.

    A circuit without parameters may stand for one whose parameters all have values.

    Raises:
        CompilerError: if the parameters are not those of the circuit, or do not have the values
            that their formulas give them.
    """
    listed = listed_parameters(manifest)
    if not original.parameters and all(p.value is not None for p in listed):
        return original
    kept = zip(listed, original.parameters, strict=False)
    _demand(
        len(listed) == len(original.parameters)
        and all(a[:3] == b[:3] and b.value in (None, a.value) for a, b in kept),
        "its parameters are not those of the circuit",
    )
    _demand(with_formulas(listed) == listed, "a parameter has not the value of its formula")
    return original.bound({p.identifier: p.value for p in listed if p.value is not None})


def load_programs(
    directory: Path,
    original: Circuit,
    manifest: Manifest,
    values: Mapping[str, float] | None = None,
) -> ProgramSet:
    """The node programs with the network and all positions.

    Args:
        directory: of the bundle; manifest.json need not be there yet.
        original: the circuit, whose qubits and bits give the order.
        manifest: what the manifest says or is going to say.
        values: of parameters; all others stay parameters.

    Raises:
        CompilerError: if a file cannot be read, or manifest, network and circuit do not speak of
            the same nodes, links, qubits and bits.
    """
    network = Network.parse(load_text(directory, NETWORK), file=NETWORK)
    number = {node.name: index for index, node in enumerate(network.nodes)}
    links = tuple((network.nodes[a].name, network.nodes[b].name) for a, b in _ends(network))
    _demand(list(manifest.nodes) == list(number), "its nodes are not those of network.json")
    _demand(links == manifest.links, "its links are not those of network.json")
    _demand(
        manifest.qubits.keys() == set(original.qubits), "its qubits are not those of the circuit"
    )
    _demand(manifest.clbits.keys() == set(original.clbits), "its bits are not those of the circuit")

    def place(position: Position | tuple[str, int]) -> Position:
        node = number.get(str(position[0]))
        if node is None:
            raise _broken(f"there is no node {position[0]}")
        return node, position[1]

    clbits = (manifest.clbits[name] for name in original.clbits)
    return ProgramSet(
        network=network,
        programs=tuple(
            read_flat_qasm(
                load_text(directory, program_path(name)),
                source=program_path(name),
                values=values,
            )
            for name in number
        ),
        qubits=original.qubits,
        clbit_names=original.clbits,
        start=tuple(place(manifest.qubits[name].start) for name in original.qubits),
        end=tuple(place(manifest.qubits[name].end) for name in original.qubits),
        clbits=tuple(None if bit is None else place(bit) for bit in clbits),
    )


def load_schedule(directory: Path) -> ScheduleFile:
    """The schedule of a bundle.

    Raises:
        CompilerError: if it cannot be read.
    """
    try:
        return ScheduleFile.model_validate_json(load_text(directory, SCHEDULE))
    except ValidationError as error:
        reason = f"{error.error_count()} places do not follow the schema of the schedule"
        place = Place(file=SCHEDULE)
        raise CompilerError(BrokenGuarantee(reason=reason, place=place)) from error


def load_text(directory: Path, name: str) -> str:
    """The text of a file of the bundle.

    Raises:
        CompilerError: if it cannot be read.
    """
    try:
        return (directory / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = f"the file cannot be read as text: {error}"
        raise CompilerError(BrokenGuarantee(reason=reason, place=Place(file=name))) from error


def written_problems(task: ProgramSet, original: Circuit) -> Iterator[str]:
    """Whether exactly the bits that the circuit measures into are somewhere in an `out`."""
    measured = set(original.clbit.tolist())
    for index, (name, place) in enumerate(zip(task.clbit_names, task.clbits, strict=True)):
        if index in measured and place is None:
            yield f"bit {name}: the circuit writes it, but it is nowhere"
        if index not in measured and place is not None:
            where = f"out[{place[1]}] of {task.network.nodes[place[0]].name}"
            yield f"bit {name}: the circuit never writes it, but it is {where}"


def manifest_problems(task: ProgramSet, manifest: Manifest) -> Iterator[str]:
    """What the manifest says about registers, channels and figures, against the programs."""
    channels: dict[str, int] = {}
    links: Counter[int] = Counter()
    for name, program in zip(manifest.nodes, task.programs, strict=True):
        sizes = {
            "data": program.qubit_registers.get("data", 0),
            "comm": program.qubit_registers.get("comm", 0),
            "out": program.bit_registers.get(OUT, 0),
        }
        if sizes != manifest.nodes[name].model_dump():
            yield f"the manifest gives other register sizes for {name} than its program"
        bits = program.bit_registers.items()
        channels |= {register: size for register, size in bits if register != OUT}
        links.update(int(row.parameters[0]) for row in program.statements if row.name == "dqc_epr")
        peak = peak_comm_qubits(program)
        listed = manifest.figures.peak_comm_qubits.get(name)
        if listed is None or peak > listed:
            yield f"{name} uses {peak} comm qubits at once, the report says {listed}"
    if channels.keys() != manifest.channels.keys():
        yield "the manifest lists other channels than the programs use"
    names = [node.name for node in task.network.nodes]
    for register, channel in manifest.channels.items():
        ends = channel_ends(register, task.network)
        said = channel.sender, channel.receivers, channel.size
        size = channels.get(register, 0)
        if ends is None or said != (names[ends[0]], tuple(names[i] for i in ends[1]), size):
            yield f"the manifest describes channel {register} in another way than the programs"
    if sum(links.values()) != 2 * manifest.figures.pairs:
        yield f"the programs use {sum(links.values()) // 2} pairs, not {manifest.figures.pairs}"


def _ends(network: Network) -> Iterator[tuple[int, int]]:
    return (link.between for link in network.links)


def _broken(reason: str) -> CompilerError:
    return CompilerError(BrokenGuarantee(reason=reason, place=Place(file="manifest.json")))


def _demand(condition: object, reason: str) -> None:
    if not condition:
        raise _broken(reason)
