"""What a user gets from a compilation, and does with it."""

from __future__ import annotations

import os
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING

from qiskit.circuit import Parameter

from dqc_compiler.compiled import Compiled
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.formats.binding import bind_parameters
from dqc_compiler.formats.bundle_contents import NOT_VERIFIED, Contents
from dqc_compiler.formats.report import EnginesUsed, Report, make_report
from dqc_compiler.formats.summary import headline, summary_html, summary_text
from dqc_compiler.options import check_number

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

    def bind(self, values: Mapping[str | Parameter, float]) -> Result:
        """The same with values of parameters; nothing is compiled again.

        Args:
            values: finite numbers, by the names of parameters or by Qiskit's objects. Parameters
                without a value stay parameters.

        Raises:
            TypeError: if a key is no parameter, or a value no number.
            ValueError: if there is no such parameter, it has a value already, or a value or what a
                formula makes of it is not finite.
        """
        given: dict[str, float] = {}
        for key, value in values.items():
            if not isinstance(key, str | Parameter):
                raise TypeError(f"a key has to be a name or a Parameter, not {reprlib.repr(key)}")
            name = key if isinstance(key, str) else key.name
            check_number(name, value, Real, "a finite number")
            if name in given:
                raise ValueError(f"{name} has two values")
            try:
                given[name] = float(value)
            except OverflowError:
                raise ValueError(f"{name} has to be a finite number") from None
        try:
            parameters = bind_parameters(self.original.parameters, given)
        except CompilerError as error:
            first = error.diagnostics[0]
            raise ValueError(f"{first.message_text}; {first.help_text}") from None
        known = {p.identifier: p.value for p in parameters if p.value is not None}
        rewriting = self.rewriting.bound(known)
        graph = replace(self.placement.graph, circuit=rewriting.circuit)
        placement = replace(self.placement, graph=graph)
        program = self.program.bound(known)
        return replace(
            self,
            rewriting=rewriting,
            placement=placement,
            plan=replace(self.plan, placement=placement),
            program=program,
            schedule=replace(self.schedule, program=program),
        )

    @cached_property
    def report(self) -> Report:
        """The figures as they stand in report.json, but for the verdict, which `save` finds."""
        return make_report(
            self.logical,
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
