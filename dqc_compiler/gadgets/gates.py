"""Two-qubit gates by their axes, and what becomes of them when an operand is a copy.

Every two-qubit gate of the vocabulary (except `swap`, which is a relabelling) is
exp(-i t/2 P(x)Q), times rotations of the operands about P and Q themselves. A copy is always in Z
form, so a gate that has a copy for an operand uses Z in place of that operand's Pauli.
"""

from __future__ import annotations

GATE_AXES: dict[str, tuple[str, str]] = {
    "cx": ("Z", "X"), "cy": ("Z", "Y"), "cz": ("Z", "Z"), "cp": ("Z", "Z"),
    "crx": ("Z", "X"), "cry": ("Z", "Y"), "crz": ("Z", "Z"),
    "rxx": ("X", "X"), "ryy": ("Y", "Y"), "rzz": ("Z", "Z"), "rzx": ("Z", "X"), "rzy": ("Z", "Y"),
}  # fmt: skip

_CONTROLLED_PAULI = {"X": "cx", "Y": "cy", "Z": "cz"}
_CONTROLLED_ROTATION = {"X": "crx", "Y": "cry", "Z": "crz"}
_ROTATION = {
    ("X", "X"): "rxx", ("Y", "Y"): "ryy", ("Z", "Z"): "rzz", ("Z", "X"): "rzx", ("Z", "Y"): "rzy",
}  # fmt: skip


def at_host(name: str, is_copy: tuple[bool, bool]) -> tuple[str, bool]:
    """The gate that acts on members at a host as `name` acts on the two roots.

    Args:
        name: a gate of `GATE_AXES`.
        is_copy: for each operand, whether the member at the host is a copy (Z form).

    Returns:
        The name of the gate with the same parameters, and whether its operands change places.
    """
    first, second = (
        "Z" if copied else letter for letter, copied in zip(GATE_AXES[name], is_copy, strict=True)
    )
    if name in ("cx", "cy", "cz"):
        return _CONTROLLED_PAULI[second], False
    if name in ("crx", "cry", "crz"):
        return _CONTROLLED_ROTATION[second], False
    if name == "cp":
        return name, False
    if (first, second) in _ROTATION:
        return _ROTATION[first, second], False
    return _ROTATION[second, first], True
