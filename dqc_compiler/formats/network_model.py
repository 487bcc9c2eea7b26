"""The schema of the network file, version 1."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from dqc_compiler.formats.file_model import FileModel

MAX_QUBITS = 1_000_000
MAX_NS = 1e15

Count = Annotated[int, Field(ge=0, le=MAX_QUBITS)]
Nanoseconds = Annotated[float, Field(ge=0, le=MAX_NS)]
PositiveNanoseconds = Annotated[float, Field(gt=0, le=MAX_NS)]
PositiveMicroseconds = Annotated[float, Field(gt=0, le=MAX_NS / 1000)]

_TIME = "a finite number of nanoseconds from 0 to 1e15"
EXPECTED = {
    "node": "tables [node.NAME]",
    "link": "tables [[link]]",
    "kind": '"qpu" or "repeater"',
    "data_qubits": f"a whole number from 0 to {MAX_QUBITS}",
    "comm_qubits": f'a whole number from 0 to {MAX_QUBITS}, or "unlimited"',
    "gate_1q_ns": _TIME,
    "gate_2q_ns": _TIME,
    "measure_ns": _TIME,
    "t2_us": "a finite number of microseconds above 0, at most 1e12",
    "between": "an array of two node names",
    "attempt_ns": "a finite number of nanoseconds above 0, at most 1e15",
    "success_probability": "a number from 1e-12 to 1",
    "fidelity": "a number above 0.5, at most 1",
    "channels": f"a whole number from 1 to {MAX_QUBITS}",
    "latency_ns": _TIME,
    "cutoff_us": "a finite number of microseconds above 0, at most 1e12",
}
"""What a value must be, in words: one entry per key of the schema."""


class NodeEntry(FileModel):
    """A quantum processor, or a repeater, which has no data qubits and only swaps."""

    # A repeater needs no data_qubits, a qpu does: two lines of JSON Schema that no type says.
    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"kind": {"const": "repeater"}}, "required": ["kind"]},
            "then": {"properties": {"data_qubits": {"const": 0}}},
            "else": {"required": ["data_qubits"]},
        }
    )

    kind: Literal["qpu", "repeater"] = "qpu"
    data_qubits: Count = Field(default=0, description="qubits that hold program state")
    comm_qubits: Count | Literal["unlimited"] = Field(description="qubits for halves of pairs")
    coupling: Literal["all-to-all"] = Field(
        default="all-to-all", description="which qubits of the node interact directly"
    )
    gate_1q_ns: Nanoseconds = Field(default=30.0, description="duration of a one-qubit gate")
    gate_2q_ns: Nanoseconds = Field(default=100.0, description="duration of a two-qubit gate")
    measure_ns: Nanoseconds = Field(default=500.0, description="duration of a measurement")
    t2_us: PositiveMicroseconds = Field(default=200.0, description="coherence time")


class LinkEntry(FileModel):
    """A quantum channel between two nodes, with its generator of pairs."""

    between: Annotated[list[str], Field(min_length=2, max_length=2)] = Field(
        description="the two nodes; a link works in both directions and is written once"
    )
    attempt_ns: PositiveNanoseconds = Field(
        default=1000.0, description="duration of one heralded generation attempt"
    )
    success_probability: Annotated[float, Field(ge=1e-12, le=1)] = Field(
        default=0.01, description="of one attempt"
    )
    fidelity: Annotated[float, Field(gt=0.5, le=1)] = Field(
        default=0.97, description="of a fresh pair with |Phi+>"
    )
    channels: Annotated[int, Field(ge=1, le=MAX_QUBITS)] = Field(
        default=1, description="attempts in parallel"
    )
    latency_ns: Nanoseconds = Field(default=500.0, description="classical, one way")
    cutoff_us: PositiveMicroseconds | None = Field(
        default=None, description="largest age of a pair; absent: no limit"
    )


class NetworkFile(FileModel):
    """A network file, version 1."""

    schema_version: Literal[1] = Field(alias="schema")
    node: dict[str, NodeEntry] = Field(
        min_length=1, description="node name -> node; [a-z][a-z0-9_]* without __ and _to_"
    )
    link: list[LinkEntry] = Field(default_factory=list)
