"""Gates that an OpenQASM 3 file defines, as gates of Qiskit's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from openqasm3 import ast
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Parameter, ParameterExpression
from qiskit.exceptions import QiskitError

NOT_BOUND = (QiskitError, ArithmeticError, TypeError, ValueError, RuntimeError)
"""What Qiskit raises where an angle cannot be put in."""


class FileGate(Gate):  # type: ignore[misc]
    """A gate that the file defines; all its calls share the declaration.

    The definition is looked up by the angles and never stored in the gate: binding the parameters
    of a circuit writes into stored definitions, which would change those of other calls, while
    copies of definitions that call others twice double at every level.
    """

    def __init__(self, declaration: Declaration, parameters: Sequence[Any]) -> None:
        super().__init__(declaration.name, declaration.num_qubits, list(parameters))
        self.declaration = declaration

    @property
    def definition(self) -> QuantumCircuit:
        """The declaration's, with these angles."""
        return self.declaration.definition(tuple(self.params))

    @definition.setter
    def definition(self, _: None) -> None:
        """Qiskit's constructor clears the definition; there is none to clear."""

    def inverse(self, annotated: bool = False) -> Gate:
        """The inverse of the definition; Qiskit's own way reads the stored one."""
        plain = Gate(self.name, self.num_qubits, self.params)
        plain.definition = self.definition.copy()
        return plain.inverse(annotated)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> FileGate:
        return FileGate(self.declaration, self.params)


class Declaration:
    """Makes the calls of a gate that the file defines, binding each set of angles once.

    Args:
        node: the declaration as it was parsed; it says in which order calls give the angles.
        body: the gate's circuit, None if it cannot be written down without knowing the angles. Its
            own list of parameters is no guide to the calls: it is sorted by name and leaves out
            those that are not used.
        evaluate: makes the circuit from the syntax tree for the angles of one call.
    """

    def __init__(
        self,
        node: ast.QuantumGateDefinition,
        body: QuantumCircuit | None,
        evaluate: Callable[[Sequence[Any]], QuantumCircuit],
    ) -> None:
        self.name = node.name.name
        self.num_qubits = len(node.qubits)
        self._evaluate = evaluate
        names = [argument.name for argument in node.arguments]
        used = () if body is None else [s for s in body.parameters if s.name in names]
        # Under names that no parameter of a caller has, or Qiskit would refuse to bind them.
        own = {symbol: Parameter(f"{symbol.name} of {self.name}") for symbol in used}
        self._body = body.assign_parameters(own) if body is not None and own else body
        by_name = {symbol.name: parameter for symbol, parameter in own.items()}
        self._parameters = [by_name.get(name) for name in names]
        self._definitions: dict[tuple[Any, ...], QuantumCircuit] = {}

    def __call__(self, *parameters: Any) -> Gate:
        """A call with these angles."""
        return FileGate(self, parameters)

    def definition(self, parameters: tuple[Any, ...]) -> QuantumCircuit:
        """The body with these angles; shared, so nobody may change it."""
        if parameters not in self._definitions:
            self._definitions[parameters] = self._bound(parameters)
        return self._definitions[parameters]

    def _bound(self, parameters: tuple[Any, ...]) -> QuantumCircuit:
        if self._body is not None:
            pairs = zip(self._parameters, parameters, strict=True)
            try:
                return self._body.assign_parameters({p: v for p, v in pairs if p is not None})
            except NOT_BOUND:
                pass  # a value that is not finite or not real; evaluating says where
        return self._evaluate([_value(parameter) for parameter in parameters])


def _value(angle: Any) -> Any:
    """An angle of a call as a number, if it is one."""
    if isinstance(angle, ParameterExpression) and angle.parameters:
        return angle
    return float(angle)
