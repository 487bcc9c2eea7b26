"""The primitives, open and close, for every Pauli axis, and what else copies survive.

An open copies the root of a segment whose axis is the Pauli P onto the far half b of a pair; a copy
is always in Z form: |i> at b goes with the eigenvector of P with eigenvalue (-1)^i at the root. A
close takes a copy, or the root itself, out of the class again. Each is a list of local statements
(gate, qubits); the measurement that follows and the correction it asks for are named below.

    open    sender: `couple`, m = measure a         receiver: `receive`, if (m) x b
    close   copy's node: `close_copy`, k = measure  root: if (k) P root
    move    root's node: `close_root`, k = measure  copy's node: `leave_z_form`, if (k) P b
    embed   root's node: the gate itself            each copy's node: `follow`
    swap    repeater: `bell_basis`, z, x = measure  far end: if (x) x b, if (z) z b
    purify  each end: `compare`, m = measure        all: wait for the m that others have measured

Source: Eisert, Jacobs, Papadopoulos, Plenio, Phys. Rev. A 62, 052317 (2000), for P = Z; the forms
for X and Y and the move follow by conjugation and are proven outcome by outcome in the tests.
"""

from __future__ import annotations

LocalGates = list[tuple[str, tuple[int, ...]]]


def couple(member: int, half: int, pauli: str) -> LocalGates:
    """Before the sender measures its `half`; `member` is the root (axis `pauli`) or a copy ("Z").

    For Z the parity of member and half is read directly; for X and Y a controlled Pauli writes the
    phase onto the half, which is then read in the X basis.
    """
    if pauli == "Z":
        return [("cx", (member, half))]
    return [(f"c{pauli.lower()}", (half, member)), ("h", (half,))]


def couple_turned(root: int, half: int, pauli: str) -> LocalGates:
    """`couple` for a root of axis `pauli`, turned so that the other half is in Z form at once.

    Where repeaters swap, a half may be measured before the far end receives: then it is a copy that
    is passed on and closed, which takes its Z form. The far end only has to correct.
    """
    turn: dict[str, tuple[str, ...]] = {"Z": (), "X": ("h",), "Y": ("sdg", "h")}
    back: dict[str, tuple[str, ...]] = {"Z": (), "X": ("h",), "Y": ("h", "s")}
    before: LocalGates = [(name, (root,)) for name in turn[pauli]]
    behind: LocalGates = [(name, (root,)) for name in back[pauli]]
    return [*before, *couple(root, half, "Z"), *behind]


def receive(half: int, pauli: str) -> LocalGates:
    """At the receiver, before its correction `x`."""
    return [] if pauli == "Z" else [("h", (half,))]


def close_copy(copy: int) -> LocalGates:
    """Before the copy is measured."""
    return [("h", (copy,))]


def close_root(root: int, pauli: str) -> LocalGates:
    """Before the root is measured in a basis that tells nothing about its axis."""
    return [("h", (root,))] if pauli == "Z" else []


def leave_z_form(copy: int, pauli: str, *, is_flipped: bool) -> LocalGates:
    """Turn a copy into a root of axis `pauli`; `is_flipped`: its Z has the opposite sign."""
    unflip: LocalGates = [("x", (copy,))] if is_flipped else []
    rest: dict[str, LocalGates] = {
        "Z": [],
        "X": [("h", (copy,))],
        "Y": [("h", (copy,)), ("s", (copy,))],
    }
    return unflip + rest[pauli]


def follow(copy: int, partner: int, pauli: str) -> LocalGates:
    """What an embedded gate does to a copy: X of the copy, controlled by the gate's other qubit.

    A controlled Pauli C(M, K) of a root, about an axis M orthogonal to the copies' axis N, and a
    `partner` about K: M exchanges N's eigenvectors, which are |0> and |1> at a copy. So copies
    survive the gate if each of them is exchanged under the same control. The angle between M and
    the copies' X is a phase, which the root's own gate has already given.

    Args:
        copy: the copy.
        partner: a member of the other qubit at the copy's node.
        pauli: K at `partner`; "Z" if that is a copy.
    """
    if pauli == "Z":
        return [("cx", (partner, copy))]
    # C(X, K) is C(K, X): a named gate once the copy's X is turned into Z.
    return [("h", (copy,)), (f"c{pauli.lower()}", (copy, partner)), ("h", (copy,))]


def bell_basis(arriving: int, leaving: int) -> LocalGates:
    """At a repeater, before it measures `arriving` (the bit of Z) and `leaving` (that of X).

    They are halves of two pairs, of which then the other halves are one. Source: Zukowski,
    Zeilinger, Horne, Ekert, Phys. Rev. Lett. 71, 4287 (1993).
    """
    return [("cx", (arriving, leaving)), ("h", (arriving,))]


def compare(kept: int, sacrificed: int) -> LocalGates:
    """At both ends of two pairs, before the halves of the second one are measured.

    An X error of either pair makes the two outcomes differ; of two perfect pairs they are equal,
    and the first one is as before. Source: Bennett et al., Phys. Rev. Lett. 76, 722 (1996).
    """
    return [("cx", (kept, sacrificed))]
