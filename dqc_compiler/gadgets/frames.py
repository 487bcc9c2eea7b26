"""Frames: how one-qubit gates turn the Pauli axes of a qubit.

A one-qubit unitary acts on the Bloch sphere as a rotation, kept here as a unit quaternion
(w, x, y, z) = (cos t/2, n sin t/2). Quaternions cost half the multiplications of 3x3 matrices and
renormalise with one division, which matters because products over a long circuit drift.
"""

from __future__ import annotations

from functools import lru_cache
from math import cos, pi, sin, sqrt

Quaternion = tuple[float, float, float, float]
Vector = tuple[float, float, float]

IDENTITY: Quaternion = (1.0, 0.0, 0.0, 0.0)
PAULI_VECTOR: dict[str, Vector] = {"X": (1.0, 0.0, 0.0), "Y": (0.0, 1.0, 0.0), "Z": (0.0, 0.0, 1.0)}
AXIS_TOLERANCE = 1e-9
"""Two axes are one if they agree within this in every component (up to the common sign)."""


def rotation(axis: Vector, angle: float) -> Quaternion:
    """Rotation by `angle` (radians) about the unit vector `axis`: exp(-i angle/2 axis.sigma)."""
    s = sin(angle / 2)
    return (cos(angle / 2), axis[0] * s, axis[1] * s, axis[2] * s)


def multiply(a: Quaternion, b: Quaternion) -> Quaternion:
    """The rotation that does `b` first and then `a`, renormalised."""
    aw, ax, ay, az = a
    bw, bx, by, bz = b
    w = aw * bw - ax * bx - ay * by - az * bz
    x = aw * bx + ax * bw + ay * bz - az * by
    y = aw * by - ax * bz + ay * bw + az * bx
    z = aw * bz + ax * by - ay * bx + az * bw
    scale = 1.0 / sqrt(w * w + x * x + y * y + z * z)
    return (w * scale, x * scale, y * scale, z * scale)


def inverse(a: Quaternion) -> Quaternion:
    """The opposite rotation."""
    return (a[0], -a[1], -a[2], -a[3])


def rotate(a: Quaternion, v: Vector) -> Vector:
    """The vector `v` turned by `a`."""
    w, x, y, z = a
    # v + 2 w (u x v) + 2 u x (u x v) with u = (x, y, z)
    cx, cy, cz = y * v[2] - z * v[1], z * v[0] - x * v[2], x * v[1] - y * v[0]
    return (
        v[0] + 2.0 * (w * cx + y * cz - z * cy),
        v[1] + 2.0 * (w * cy + z * cx - x * cz),
        v[2] + 2.0 * (w * cz + x * cy - y * cx),
    )


def parallel(a: Vector, b: Vector) -> int:
    """+1 if the unit vectors are equal, -1 if opposite, 0 otherwise (AXIS_TOLERANCE)."""
    sign = 1 if a[0] * b[0] + a[1] * b[1] + a[2] * b[2] > 0 else -1
    gap = max(abs(a[0] - sign * b[0]), abs(a[1] - sign * b[1]), abs(a[2] - sign * b[2]))
    return sign if gap < AXIS_TOLERANCE else 0


def pauli_letter(v: Vector) -> tuple[str, int] | None:
    """("X" | "Y" | "Z", sign) if the unit vector is plus or minus a Pauli axis."""
    for letter, axis in PAULI_VECTOR.items():
        sign = parallel(v, axis)
        if sign:
            return letter, sign
    return None


_X, _Y, _Z = (PAULI_VECTOR[letter] for letter in "XYZ")
_DIAGONAL_XZ: Vector = (1 / sqrt(2), 0.0, 1 / sqrt(2))
_FIXED: dict[str, Quaternion] = {
    "id": IDENTITY,
    "x": rotation(_X, pi),
    "y": rotation(_Y, pi),
    "z": rotation(_Z, pi),
    "h": rotation(_DIAGONAL_XZ, pi),
    "s": rotation(_Z, pi / 2),
    "sdg": rotation(_Z, -pi / 2),
    "t": rotation(_Z, pi / 4),
    "tdg": rotation(_Z, -pi / 4),
    "sx": rotation(_X, pi / 2),
    "sxdg": rotation(_X, -pi / 2),
}
_ABOUT: dict[str, Vector] = {"p": _Z, "rz": _Z, "rx": _X, "ry": _Y}


@lru_cache(maxsize=65536)
def gate_rotation(name: str, parameters: tuple[float, ...]) -> Quaternion:
    """Rotation of a one-qubit gate of the vocabulary; KeyError for any other name."""
    if name in _FIXED:
        return _FIXED[name]
    if name == "u":
        theta, phi, lam = parameters
        return multiply(rotation(_Z, phi), multiply(rotation(_Y, theta), rotation(_Z, lam)))
    return rotation(_ABOUT[name], parameters[0])
