"""Rotations as unit quaternions, in plain Python floats.

A one-qubit unitary w - i (x X + y Y + z Z) is the quaternion (w, x, y, z), up to global phase; it
turns the Pauli v.sigma into (R v).sigma. Tuples beat arrays here: the objects are tiny, and there
are a few per gate.
"""

from __future__ import annotations

from math import cos, hypot, sin, sqrt

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

X: Vector = (1.0, 0.0, 0.0)
Y: Vector = (0.0, 1.0, 0.0)
Z: Vector = (0.0, 0.0, 1.0)
IDENTITY: Quaternion = (1.0, 0.0, 0.0, 0.0)
FLIP: Quaternion = (0.0, 1.0, 0.0, 0.0)
"""The Pauli X."""
PHASE: Quaternion = (0.0, 0.0, 0.0, 1.0)
"""The Pauli Z."""
HADAMARD: Quaternion = (0.0, sqrt(0.5), 0.0, sqrt(0.5))

AXIS_TOLERANCE = 1e-8
"""Two unit vectors closer than this are the same axis.

Frames are products of up to millions of rotations, each exact to 1e-16; products drift by less than
1e-10 over that length. Gates whose axes differ on purpose differ by far more.
"""


def multiply(a: Quaternion, b: Quaternion) -> Quaternion:
    """The rotation `a` after the rotation `b`."""
    aw, ax, ay, az = a
    bw, bx, by, bz = b
    return (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


def inverse(q: Quaternion) -> Quaternion:
    """The inverse rotation."""
    return (q[0], -q[1], -q[2], -q[3])


def conjugate(q: Quaternion) -> Quaternion:
    """The complex conjugate of the unitary: only Y changes its sign."""
    return (q[0], -q[1], q[2], -q[3])


def normalise(q: Quaternion) -> Quaternion:
    """`q` with unit norm."""
    w, x, y, z = q
    scale = 1.0 / sqrt(w * w + x * x + y * y + z * z)
    return (w * scale, x * scale, y * scale, z * scale)


def turn(q: Quaternion, v: Vector) -> Vector:
    """R v."""
    w, x, y, z = q
    vx, vy, vz = v
    tx, ty, tz = 2 * (y * vz - z * vy), 2 * (z * vx - x * vz), 2 * (x * vy - y * vx)
    return (
        vx + w * tx + y * tz - z * ty,
        vy + w * ty + z * tx - x * tz,
        vz + w * tz + x * ty - y * tx,
    )


def turn_back(q: Quaternion, v: Vector) -> Vector:
    """R^-1 v."""
    return turn((q[0], -q[1], -q[2], -q[3]), v)


def about(axis: Vector, angle: float) -> Quaternion:
    """The rotation exp(-i angle/2 axis.sigma)."""
    s = sin(angle / 2)
    return (cos(angle / 2), s * axis[0], s * axis[1], s * axis[2])


def half_turn(axis: Vector) -> Quaternion:
    """The rotation by pi about a unit vector: the Pauli axis.sigma."""
    return (0.0, *axis)


def half_turn_from_z(axis: Vector) -> Quaternion:
    """The half turn that maps Z to `axis`, about the line half-way between the two."""
    x, y, z = axis[0], axis[1], axis[2] + 1.0
    length = hypot(x, y, z)
    if length < AXIS_TOLERANCE:
        return FLIP
    return (0.0, x / length, y / length, z / length)


def negate(v: Vector) -> Vector:
    """-v."""
    return (-v[0], -v[1], -v[2])


def same(a: Vector, b: Vector, tolerance: float = AXIS_TOLERANCE) -> bool:
    """Whether two vectors agree in every component."""
    return (
        abs(a[0] - b[0]) < tolerance
        and abs(a[1] - b[1]) < tolerance
        and abs(a[2] - b[2]) < tolerance
    )


def distance(a: Quaternion, b: Quaternion) -> float:
    """Largest difference of a component between two rotations; q and -q are the same rotation."""
    plus = max(abs(s - t) for s, t in zip(a, b, strict=True))
    minus = max(abs(s + t) for s, t in zip(a, b, strict=True))
    return min(plus, minus)
