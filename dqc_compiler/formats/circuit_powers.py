"""Large powers of gates, whose rounding does not grow with the exponent where it need not."""

from __future__ import annotations

import math

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, ParameterExpression
from qiskit.circuit.library import UnitaryGate
from qiskit.quantum_info import Operator
from qiskit_qasm3_import import ConversionError
from scipy.linalg import schur

from dqc_compiler.ir.arrays import Float64

_PLAIN = 1000  # exponents up to which multiplying matrices loses next to nothing
_LARGEST = 10**9  # of a gate with phases that are known to 1e-16 only
_STEPS = 192  # of half a turn: phases of gates without angles are multiples of pi/64 or pi/3
_STEP_TOLERANCE = 1e-11  # of a step


def power_of(gate: Gate, exponent: float) -> Gate:
    """A gate, so many times in a row.

    Raises:
        ConversionError: the exponent is so large that the result is lost in rounding.
    """
    is_whole = math.isfinite(exponent) and exponent == int(exponent)
    has_own_way = bool(gate.params) and type(gate).power is not Gate.power
    if is_whole and abs(exponent) <= _PLAIN and not has_own_way and _is_symbolic(gate):
        return _repeated(gate, int(exponent))
    if not is_whole or abs(exponent) <= _PLAIN or has_own_way:
        return gate.power(exponent)
    # The triangular matrix of a unitary one is diagonal.
    triangle, basis = schur(Operator(gate).data, output="complex")
    phases = _turned(np.angle(np.diag(triangle)), int(exponent))
    matrix = (basis * np.exp(1j * phases)) @ basis.conj().T
    return UnitaryGate(matrix, label=f"{gate.name}^{exponent}")


def _is_symbolic(gate: Gate) -> bool:
    return any(isinstance(p, ParameterExpression) and p.parameters for p in gate.params)


def _repeated(gate: Gate, count: int) -> Gate:
    """A gate without a matrix, because its angles are not known."""
    body = QuantumCircuit(gate.num_qubits)
    for _ in range(abs(count)):
        body.append(gate if count > 0 else gate.inverse(), body.qubits)
    found = Gate(f"{gate.name}^{count}", gate.num_qubits, gate.params)
    found.definition = body
    return found


def _turned(phases: Float64, exponent: int) -> Float64:
    """Each phase so many times, between 0 and a turn."""
    steps = phases * (_STEPS / math.pi)
    whole = np.rint(steps)
    if np.abs(steps - whole).max() < _STEP_TOLERANCE:
        exact = [int(step) * exponent % (2 * _STEPS) for step in whole]
        return np.array(exact) * (math.pi / _STEPS)
    if abs(exponent) > _LARGEST:
        problem = f"powers of more than {_LARGEST} are not supported for gates with other angles"
        raise ConversionError(problem)
    return np.remainder(phases * exponent, 2 * math.pi)
