"""Matrices of the gates, for the checks that work on a few qubits."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dqc_compiler.ir.circuit import ONE_QUBIT_GATES
from dqc_compiler.verify.gates import rotation, two_body
from dqc_compiler.verify.rotations import Quaternion, Vector

Tensor = npt.NDArray[np.complex128]

_PAULIS: tuple[Tensor, Tensor, Tensor] = (
    np.array([[0, 1], [1, 0]], dtype=complex),
    np.array([[0, -1j], [1j, 0]], dtype=complex),
    np.array([[1, 0], [0, -1]], dtype=complex),
)


@lru_cache(maxsize=4096)
def gate_tensor(name: str, parameters: tuple[float, ...]) -> Tensor:
    """Matrix of a gate up to global phase, as a tensor: outputs first, then inputs."""
    if name in ONE_QUBIT_GATES:
        return _from_quaternion(rotation(name, parameters))
    if name == "swap":
        return np.eye(4, dtype=complex)[[0, 2, 1, 3]].reshape(2, 2, 2, 2)
    gate = two_body(name, parameters)
    product = np.kron(_pauli(gate.p), _pauli(gate.q))
    coupled = np.cos(gate.angle / 2) * np.eye(4) - 1j * np.sin(gate.angle / 2) * product
    local = np.kron(*(_from_quaternion(q) for q in gate.locals))
    result: Tensor = (local @ coupled).reshape(2, 2, 2, 2)
    return result


def _from_quaternion(q: Quaternion) -> Tensor:
    result: Tensor = q[0] * np.eye(2) - 1j * _pauli((q[1], q[2], q[3]))
    return result


def _pauli(axis: Vector) -> Tensor:
    x, y, z = _PAULIS
    result: Tensor = np.asarray(axis[0] * x + axis[1] * y + axis[2] * z, dtype=np.complex128)
    return result
