"""Add up the parities of ladders node by node, for homes that make the best of that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, NamedTuple

import numpy as np

from dqc_compiler.costs.capacity import capacities, level_shares
from dqc_compiler.gadgets.frames import (
    IDENTITY,
    PAULI_VECTOR,
    Quaternion,
    Vector,
    gate_rotation,
    inverse,
    multiply,
    parallel,
    rotate,
)
from dqc_compiler.gadgets.gates import GATE_AXES
from dqc_compiler.gadgets.ladders import Ladder, find_ladders
from dqc_compiler.gadgets.regrouping import Regrouper
from dqc_compiler.gadgets.wires import Wires
from dqc_compiler.ir import Circuit, Network
from dqc_compiler.ir.arrays import Int32, Int64, frozen, offsets
from dqc_compiler.ir.rewriting import Rewriting

_STARTS = 3  # of the search for homes, the contiguous order first; more gained nothing
_MOST_TRIES, _MOST_WORK = 20_000, 25_000_000  # per start; 0.1 s
_HOT, _COLD = 1.0, 0.1  # pairs
_MOST_NODES = 62  # copies are bits of a signed 64-bit mask
_WIDEST, _MOST_STEPS = 8, 1_000_000  # of the search for hubs; 32 states gained nothing


class _Parity(NamedTuple):
    """A ladder, or a two-qubit gate: what it shares between nodes, in program order."""

    wires: list[int]
    axes: list[int]  # per wire, numbers of axes: new ones whenever the axis has changed
    ladder: Ladder | None


class _Axes:
    """The axes of all wires while the circuit is read, and which wire is at which qubit."""

    def __init__(self, wires: int) -> None:
        self.wire = list(range(wires))
        self.made = 0
        self._frames: list[Quaternion] = [IDENTITY] * wires
        self._last: list[tuple[Vector, int] | None] = [None] * wires

    def turn(self, qubit: int, by: Quaternion) -> None:
        """Note a one-qubit gate."""
        wire = self.wire[qubit]
        self._frames[wire] = multiply(by, self._frames[wire])

    def end(self, qubit: int) -> None:
        """Note an operation after which no axis is the same as before."""
        self._last[self.wire[qubit]] = None

    def exchange(self, a: int, b: int) -> None:
        """Note a swap."""
        self.wire[a], self.wire[b] = self.wire[b], self.wire[a]

    def number(self, qubit: int, letter: str) -> int:
        """The number of a Pauli axis."""
        wire = self.wire[qubit]
        axis = rotate(inverse(self._frames[wire]), PAULI_VECTOR[letter])
        last = self._last[wire]
        if last is None or not parallel(axis, last[0]):
            last = axis, self.made
            self._last[wire] = last
            self.made += 1
        return last[1]


def _parities(table: Wires, ladders: list[Ladder]) -> Iterator[_Parity]:
    """The ladders, contracted to their rotations, and all other two-qubit gates."""
    ladder_of = {ladder.turn[0]: ladder for ladder in ladders}
    members = {index for ladder in ladders for index in ladder.operations}
    axes = _Axes(len(table.circuit.qubits))
    for index, row in enumerate(table.rows):
        ladder = ladder_of.get(index)
        if ladder is None and index in members:
            continue
        if ladder is not None or table.is_gate(index):
            qubits = row.qubits if ladder is None else tuple(ladder.qubits)
            letters = GATE_AXES[row.name] if ladder is None else "Z" * len(qubits)
            numbers = [axes.number(q, pauli) for q, pauli in zip(qubits, letters, strict=True)]
            yield _Parity([axes.wire[q] for q in qubits], numbers, ladder)
        elif table.is_local(index):
            axes.turn(row.qubits[0], gate_rotation(row.name, row.parameters))
        elif row.name == "swap":
            axes.exchange(*row.qubits)
        elif row.name not in ("barrier", "delay"):
            for qubit in row.qubits:
                axes.end(qubit)


class _State(NamedTuple):
    """A choice of hubs so far: its price, where copies of each node's share are, the hubs."""

    price: int
    live: tuple[int, ...]
    hubs: tuple[int, object] | None  # the last one, and those before


def _hubs(parities: list[_Parity], homes: list[int], nodes: int) -> tuple[int, list[int]]:
    """A price and the hub of every parity: the price of `kernels.grouping`, with foresight."""
    width = max(1, min(_WIDEST, _MOST_STEPS // (len(parities) * nodes * nodes)))
    last: dict[int, tuple[tuple[int, int], ...]] = {}
    states = [_State(0, (0,) * nodes, None)]
    for parity in parities:
        shares: dict[int, list[tuple[int, int]]] = {}
        for wire, axis in sorted(zip(parity.wires, parity.axes, strict=True)):
            shares.setdefault(homes[wire], []).append((wire, axis))
        changed = {node for node, share in shares.items() if last.get(node) != tuple(share)}
        last.update({node: tuple(shares[node]) for node in changed})
        following: dict[tuple[int, ...], _State] = {}
        for state in states:
            live = [0 if node in changed else bits for node, bits in enumerate(state.live)]
            for hub in sorted(shares):
                missing = sum(not live[node] >> hub & 1 for node in shares if node != hub)
                then = list(live)
                if len(shares) > 1:
                    for node in shares:
                        then[node] |= 1 << hub
                    then[hub] = 0
                found = _State(state.price + missing, tuple(then), (hub, state.hubs))
                known = following.get(found.live)
                if known is None or found.price < known.price:
                    following[found.live] = found
        states = sorted(following.values(), key=lambda state: state.price)[:width]
    hubs: list[int] = []
    path = states[0].hubs
    while path is not None:
        hubs.append(path[0])
        path = path[1]  # type: ignore[assignment]
    return states[0].price, hubs[::-1]


def _routes(nodes: Iterable[int], hub: int, room: list[int | None]) -> dict[int, int]:
    """For every other node where it sends its share: to the hub, while there is room for copies.

    A node that does not send to the hub sends to one that does, and so on. What finds no room
    anywhere goes to the hub, where copies are closed and opened again.
    """
    sends_to: dict[int, int] = {}
    waiting = [hub]
    others = [node for node in nodes if node != hub]
    others.sort(key=lambda node: -_most(room[node]))
    for target in iter(waiting):  # grows
        # A node that sends its share needs a comm qubit for that.
        free = _most(room[target]) - (target != hub)
        while free > 0 and others:
            node = others.pop(0)
            sends_to[node] = target
            waiting.append(node)
            free -= 1
    return {**sends_to, **dict.fromkeys(others, hub)}


def _most(limit: int | None) -> int:
    return _MOST_NODES if limit is None else limit


def _tree(nodes: dict[int, int], hub: int, room: list[int | None]) -> tuple[int, dict[int, int]]:
    """A root, and parents for all other qubits, given the node of each qubit.

    Every node has a chain, whose last qubit stands for the node. The others' are added to the
    hub's last but one, if it has that many, so that only one `cx` is next to the rotation, and
    fusing makes one gate of the three.
    """
    chains: dict[int, list[int]] = {}
    for qubit in sorted(nodes):
        chains.setdefault(nodes[qubit], []).append(qubit)
    parent = {a: b for chain in chains.values() for a, b in pairwise(chain)}
    joints = {node: chain[-1] for node, chain in chains.items()}
    root = joints[hub]
    if len(chains[hub]) > 1:
        joints[hub] = chains[hub][-2]
    for node, target in _routes(sorted(chains), hub, room).items():
        parent[chains[node][-1]] = joints[target]
    return root, parent


@dataclass(frozen=True, eq=False)
class Regrouping:
    """A circuit with its ladders grouped by node, and the homes for which that was done."""

    rewriting: Rewriting
    homes: Int32  # (w,) of the wires

    def verify(self) -> None:
        """Check the rewriting.

        Raises:
            ValueError: naming the rule that is broken.
        """
        self.rewriting.verify()


@dataclass(frozen=True)
class Regroup:
    """Circuit to regrouping: rotations about products of Z in which each node is touched once.

    A rotation about a product of m Z is written as m-1 `cx` before and after a rotation of one
    qubit. In which order the parity is added up is free: by nodes, it costs one pair less than
    there are nodes, whatever homes the qubits have. Homes are chosen by annealing for that price,
    in which copies of an unchanged share serve again, and then for each ladder the node at which
    the shares come together.

    The circuit keeps its number of two-qubit gates. Whether the result is cheaper than what the
    search finds for the circuit as it was written, with homes that move, is for the caller to see.
    """

    name: ClassVar[str] = "regroup"
    network: Network
    seed: int = 0

    def run(self, circuit: Circuit) -> Regrouping | None:
        """None if the circuit has no rotation about three or more qubits."""
        nodes = len(self.network.nodes)
        if not 2 <= nodes <= _MOST_NODES or len(circuit.qubits) < 3:
            return None
        table = Wires(circuit)
        ladders = find_ladders(table)
        if not ladders:
            return None
        parities = list(_parities(table, ladders))
        found: list[tuple[int, list[int], Int64]] = []
        for start in self._starts(len(circuit.qubits)):
            homes = self._search(parities, start, len(found))
            found.append((*_hubs(parities, homes.tolist(), nodes), homes))
        _, hubs, homes = min(found, key=lambda row: row[0])
        load = np.bincount(homes, minlength=nodes).tolist()
        room = [
            None if node.comm_qubits is None else node.comm_qubits + node.data_qubits - count
            for node, count in zip(self.network.nodes, load, strict=True)
        ]
        regrouper = Regrouper(table)
        for parity, hub in zip(parities, hubs, strict=True):
            if parity.ladder is not None:
                qubits = zip(parity.ladder.qubits, parity.wires, strict=True)
                node_of = {qubit: int(homes[wire]) for qubit, wire in qubits}
                regrouper.shape(parity.ladder, *_tree(node_of, hub, room))
        return Regrouping(regrouper.result(), frozen(homes, np.int32))

    def _starts(self, wires: int) -> Iterator[Int64]:
        """The contiguous order, and random ones."""
        shares = level_shares(self.network, wires)
        yield np.repeat(np.arange(len(shares)), shares)
        seats = np.repeat(np.arange(len(shares)), capacities(self.network))
        for number in range(1, _STARTS):
            order = np.random.SeedSequence((self.seed, number)).generate_state(len(seats))
            yield seats[np.argsort(order, kind="stable")][:wires]

    def _search(self, parities: list[_Parity], start: Int64, number: int) -> Int64:
        from dqc_compiler.kernels.grouping import group_homes  # noqa: PLC0415 (numba)

        axes = [axis for parity in parities for axis in parity.axes]
        keys = np.random.SeedSequence(self.seed).generate_state(max(axes) + 1, np.uint64)
        work = len(axes) + 2 * len(parities) * len(self.network.nodes)
        homes, _ = group_homes(
            offsets(len(parity.axes) for parity in parities).astype(np.int64),
            np.array([wire for parity in parities for wire in parity.wires], dtype=np.int64),
            (keys[axes] >> np.uint64(1)).astype(np.int64),
            start.astype(np.int64),
            capacities(self.network),
            min(_MOST_TRIES, _MOST_WORK // work),
            _HOT,
            _COLD,
            int(np.random.SeedSequence((self.seed, number)).generate_state(1, np.uint64)[0]) | 1,
        )
        result: Int64 = homes
        return result
