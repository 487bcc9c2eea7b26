"""What a user gets from a compilation, and does with it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dqc_compiler.compiled import Compiled
from dqc_compiler.formats.bundle_contents import NOT_VERIFIED, Contents
from dqc_compiler.formats.report import EnginesUsed, Report, make_report
from dqc_compiler.formats.summary import headline, summary_html, summary_text

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from rich.text import Text


@dataclass(frozen=True, kw_only=True, repr=False)
class Result(Compiled):
    """Everything that a compilation produced: one circuit, one program per node, their figures.

    `print` shows the figures, a notebook shows them as tables.
    """

    @cached_property
    def circuit(self) -> QuantumCircuit:
        """All node programs as one Qiskit circuit.

        Quantum registers are `<node>_data` and `<node>_comm`; classical ones are those of the
        circuit, and after them the channels between nodes. A pair is the instruction `dqc_epr` on
        its two comm qubits; `decompose("dqc_epr")` makes it out of gates, for a simulator.
        Made once: take a `copy()` before you change it.
        """
        from dqc_compiler.formats.circuit_out import program_circuit  # noqa: PLC0415  rarely needed

        return program_circuit(self.program, global_phase=self.logical.global_phase)

    @cached_property
    def programs(self) -> dict[str, QuantumCircuit]:
        """The program of each node, by its name, as a Qiskit circuit.

        They are what `load_program` reads and `dump_program` writes: registers and metadata are
        those of the OpenQASM 3 text, and half a pair is the opaque instruction `dqc_epr` on a comm
        qubit, with the link and the pair as its parameters. Made once, as `circuit`.
        """
        from dqc_compiler.formats.circuit_out import node_circuits  # noqa: PLC0415  rarely needed

        return node_circuits(self.program)

    @cached_property
    def report(self) -> Report:
        """The figures as they stand in report.json, but for the verdict, which `save` finds."""
        return make_report(
            self.logical,
            self.placement,
            self.program,
            self.schedule,
            bounds=self.bounds,
            fidelity=self.fidelity,
            engines=EnginesUsed(used=self.engines.used, not_installed=self.engines.not_installed),
            verdict=NOT_VERIFIED,
            stopped=self.stopped,
        )

    def save(
        self, directory: str | os.PathLike[str], *, force: bool = False, keep_failed: bool = False
    ) -> Contents:
        """Write the bundle and verify it on the way, as `options.verify` asks.

        Args:
            directory: where the bundle shall be; its parent must exist.
            force: replace a bundle that is there.
            keep_failed: keep a refuted bundle as `<directory>.failed`.

        Returns:
            What was written: `report` and `manifest`, with the verdict, and the texts of `files`.

        Raises:
            CompilerError: if the place is refused (DQC311 to DQC314), the operating system refuses
                to write (DQC321), or verification refutes the programs (DQC331).
        """
        from dqc_compiler.bundles import save_bundle  # noqa: PLC0415  the verifier is large

        return save_bundle(self, Path(directory), force=force, keep_failed=keep_failed)

    def __repr__(self) -> str:
        return f"<Result: {headline(self._title, self.report)}>"

    def __str__(self) -> str:
        return summary_text(self._title, self.report)

    def __rich__(self) -> Text:
        from rich.text import Text  # noqa: PLC0415  only where rich asks for it

        return Text(str(self))

    def _repr_html_(self) -> str:
        return summary_html(self._title, self.report)

    @property
    def _title(self) -> str:
        return f"{self.program.name} on {len(self.network.nodes)} nodes"
