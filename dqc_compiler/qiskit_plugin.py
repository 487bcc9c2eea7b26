"""Stages of Qiskit's transpiler: `init_method="dqc"` and `layout_method="dqc"`.

Qiskit imports this module in every transpilation, whether it is used or not, so that the compiler
is imported only when a stage is asked for.
"""

from __future__ import annotations

from qiskit.transpiler.preset_passmanagers.plugin import PassManagerStagePlugin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from qiskit.transpiler import PassManager, PassManagerConfig


class DistributeInit(PassManagerStagePlugin):  # type: ignore[misc]
    """The stage `init`: distributes the circuit over the network of the backend."""

    def pass_manager(
        self,
        pass_manager_config: PassManagerConfig,
        optimization_level: int | None = None,  # noqa: ARG002 (Qiskit gives it by this name)
    ) -> PassManager:
        """The passes of the stage, equal at all levels.

        Raises:
            TranspilerError: if the backend is no network (DQC531), or the layout is left to
                another stage (DQC532).
        """
        from dqc_compiler.transpiling import init_stage  # noqa: PLC0415 (heavy)

        return init_stage(pass_manager_config)


class PinLayout(PassManagerStagePlugin):  # type: ignore[misc]
    """The stage `layout`: leaves every qubit where the stage `init` has put it."""

    def pass_manager(
        self,
        pass_manager_config: PassManagerConfig,
        optimization_level: int | None = None,  # noqa: ARG002 (Qiskit gives it by this name)
    ) -> PassManager:
        """The passes of the stage, equal at all levels.

        Raises:
            TranspilerError: if the backend is no network (DQC531), or the circuit was not
                distributed by the stage `init` (DQC532).
        """
        from dqc_compiler.transpiling import layout_stage  # noqa: PLC0415 (heavy)

        return layout_stage(pass_manager_config)
