"""Problems of fitting a circuit into a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dqc_compiler.diagnostics.core import Infeasible


@dataclass(frozen=True, kw_only=True)
class NotAllToAll(Infeasible):
    """The network has two nodes without a link between them.

    This version opens every copy over a direct link, so it compiles for all-to-all networks only;
    routes through other nodes and repeaters are not supported yet.
    """

    code: ClassVar[str] = "DQC251"
    title: ClassVar[str] = "the network is not all-to-all"
    message: ClassVar[str] = "nodes {first} and {second} have no link"
    help: ClassVar[str] = (
        "add a link between every two nodes; multi-hop routes are not supported yet"
    )
    first: str
    second: str
