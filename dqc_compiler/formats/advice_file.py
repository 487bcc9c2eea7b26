"""What an upgrade study found, as JSON: the output of `dqc network advise --format json`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dqc_compiler.formats.file_model import FileModel
from dqc_compiler.formats.front import MakespanFigures
from dqc_compiler.formats.network_model import LinkEntry
from dqc_compiler.formats.report import SchemaVersion
from dqc_compiler.interruption import Stopped


class OutcomeFigures(FileModel):
    """What the circuit costs on one network."""

    pairs: int = Field(ge=0, description="link-level dqc_epr pairs")
    ebits: int = Field(ge=0, description="end-to-end pairs consumed by gadgets")
    peak_comm_qubits: dict[str, int] = Field(description="node -> most comm qubits in use at once")
    max_peak_comm_qubits: int = Field(ge=0, description="of all nodes")
    planned_makespan_ns: float = Field(description="with mean generation times")
    makespan_ns: MakespanFigures


class ChangeFigures(FileModel):
    """An outcome minus that of the network as it is; what is below 0 is saved."""

    pairs: int
    ebits: int
    max_peak_comm_qubits: int
    planned_makespan_ns: float
    mean_makespan_ns: float


class UpgradeEntry(FileModel):
    """One upgrade and its effect."""

    kind: Literal["rate", "channel", "comm qubit", "data qubit", "link"]
    where: tuple[str, ...] = Field(description="the node, or the two ends of the link")
    link: LinkEntry | None = Field(description="as it is afterwards; null: upgrade of a node")
    outcome: OutcomeFigures
    change: ChangeFigures | None = Field(
        description="null: the circuit does not fit the network as it is"
    )


class AdviceFile(SchemaVersion):
    """Upgrades of a network in order of their effect on one circuit."""

    by: Literal["makespan", "pairs"] = Field(
        description="what decides, the mean makespan or the pairs; the other one where it is equal"
    )
    preset: str = Field(description="of every compilation")
    seed: int = Field(ge=0)
    as_it_is: OutcomeFigures | None = Field(
        description="of the network as it is; null: the circuit does not fit"
    )
    tried: int = Field(ge=0, description="upgrades with an outcome, whether among the rows or not")
    stopped: Stopped = Field(description="why there are no more")
    rows: tuple[UpgradeEntry, ...] = Field(description="the best first")
