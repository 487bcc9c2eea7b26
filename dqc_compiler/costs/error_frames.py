"""The fidelity of a distributed program: where the errors of its pairs and of waiting end up.

What is estimated is the entanglement fidelity: every qubit of the circuit begins as half of a
maximally entangled pair whose other half stays perfect, and at the end all of them, with the bits
that were measured, are compared with what the circuit without noise makes of them. All noise is
Pauli noise (`costs.fidelity`), so it is a mixture of programs with certain Paulis in certain
places. With probability P0 none of them happens, and

    F = P0 + (1 - P0) f

where f is the mean of |tr(U* V)|^2 / d^2 over the other programs V of the mixture. P0 is a product;
f is small, and found by sampling: Paulis that happen are carried through all later statements, and
count as none if at the end no qubit and no bit of the result shows one. That is exact for Clifford
programs, of which f is a probability.

A rotation by an angle t about P turns an error E across P into cos(t) E + i sin(t) P E. Here it
becomes one or the other, with probabilities cos^2 and sin^2. For one error and one rotation that
is exact, |tr|^2 being cos^2; left out is how several rotations interfere. A copy with an X error
that serves a gate of a small angle therefore does little harm, as it is. Of bits on which anything
but a correction depends each value is taken to be as likely as the other.

A round of purification is run again until its outcomes agree, so what counts are the runs in which
they do. Whether they agree depends on the errors of fresh pairs alone: storage makes phase errors,
which no outcome shows. So the pair that is kept enters with what `purify` leaves of two fresh pairs
of its route, the one that is sacrificed as a perfect one, and storage of both as anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import cos, exp, log1p, pi, sin
from random import Random

import numpy as np

from dqc_compiler.costs.fidelity import PERFECT, Errors, combined, dephased, purify, werner
from dqc_compiler.ir import GadgetKind, Schedule, Statement
from dqc_compiler.ir.arrays import frozen
from dqc_compiler.ir.fidelity import Fidelity

_FEWEST_SHOTS, _MOST_SHOTS = 2048, 16_384
_MOST_WORK = 2**26  # shots x statements, about half a second
_CERTAIN = 1e-12
_DIGITS = 9  # significant ones; the last bits of sums and exponentials differ between processors

_FACTORS: dict[str, tuple[tuple[str, float], ...]] = {
    "x": (("X", 1.0),),
    "y": (("Y", 1.0),),
    "z": (("Z", 1.0),),
    "s": (("Z", 0.5),),
    "sdg": (("Z", 0.5),),
    "t": (("Z", 0.25),),
    "tdg": (("Z", 0.25),),
    "sx": (("X", 0.5),),
    "sxdg": (("X", 0.5),),
    "h": (("Z", 0.5), ("X", 0.5), ("Z", 0.5)),
    "p": (("Z", 1.0),),
    "rx": (("X", 1.0),),
    "ry": (("Y", 1.0),),
    "rz": (("Z", 1.0),),
    "cx": (("ZX", 0.5), ("ZI", 0.5), ("IX", 0.5)),
    "cy": (("ZY", 0.5), ("ZI", 0.5), ("IY", 0.5)),
    "cz": (("ZZ", 0.5), ("ZI", 0.5), ("IZ", 0.5)),
    "cp": (("ZZ", 0.5), ("ZI", 0.5), ("IZ", 0.5)),
    "crx": (("ZX", 0.5), ("IX", 0.5)),
    "cry": (("ZY", 0.5), ("IY", 0.5)),
    "crz": (("ZZ", 0.5), ("IZ", 0.5)),
    "rxx": (("XX", 1.0),),
    "ryy": (("YY", 1.0),),
    "rzz": (("ZZ", 1.0),),
    "rzx": (("ZX", 1.0),),
    "rzy": (("ZY", 1.0),),
    "swap": (("XX", 0.5), ("YY", 0.5), ("ZZ", 0.5)),
}
"""Gate -> rotations in order of time: Pauli, and angle as a multiple of its parameter, or of pi.

Only sin^2 of the angles is ever used, so signs are left out.
"""

_KEEPS_Z = frozenset({"x", "y"})  # a phase error before is one after, up to a sign
_PAULI_GATES = frozenset({"x", "y", "z"})

Factors = tuple[tuple[str, float], ...]


def _factors(name: str, parameters: tuple[float, ...]) -> Factors:
    """Paulis and angles of a gate."""
    if name == "u":
        theta, phi, lam = parameters
        return (("Z", lam), ("Y", theta), ("Z", phi))
    angle = parameters[0] if parameters else pi
    return tuple((pauli, factor * angle) for pauli, factor in _FACTORS.get(name, ()))


@lru_cache(maxsize=256)  # asked for every cell of every gate
def _is_across_z(name: str, position: int) -> bool:
    """Whether a phase error of an operand is another error after the gate."""
    factors = _factors(name, (0.0,) * 3)
    return name not in _KEEPS_Z and any(paulis[position] not in "IZ" for paulis, _ in factors)


def _parts(name: str, parameters: tuple[float, ...], factors: Factors) -> Iterator[Factors]:
    """Paulis of a gate as a sum, with their weights, where it is not made of commuting rotations.

    The gate itself, as an error, is each of its Paulis with the square of its coefficient.
    """
    if name == "h":
        yield (("X", 0.5), ("Z", 0.5))
    elif name == "u":
        theta, phi, lam = parameters
        even, odd = cos(theta / 2) ** 2, sin(theta / 2) ** 2
        yield (
            ("X", odd * sin((phi - lam) / 2) ** 2),
            ("Y", odd * cos((phi - lam) / 2) ** 2),
            ("Z", even * sin((phi + lam) / 2) ** 2),
        )
    else:
        yield from (((paulis, sin(angle / 2) ** 2),) for paulis, angle in factors)


class _Sampler:
    """Sets of shots, as the bits of whole numbers."""

    def __init__(self, shots: int, seed: int) -> None:
        self.shots = shots
        self.every = (1 << shots) - 1
        self._random = np.random.default_rng(seed)
        self._chance = Random(seed)  # much faster for single numbers and for bits
        self._to_next = self._chance.expovariate(1.0)

    def some(self, probability: float) -> int:
        """A random set that holds each shot with this probability."""
        if probability < _CERTAIN:
            return 0
        if probability > 1.0 - _CERTAIN:
            return self.every
        if probability < 0.01:
            return self._few(probability)
        if abs(probability - 0.5) < _CERTAIN:
            return self._chance.getrandbits(self.shots)
        hit = np.packbits(self._random.random(self.shots) < probability)
        return int.from_bytes(hit.tobytes(), "little")

    def _few(self, probability: float) -> int:
        """The same in time that grows with the shots that are hit.

        A Poisson number of flips, of mean m, is odd with probability (1 - exp(-2m))/2. All flips
        are events of one Poisson process, of which each call uses up a stretch.
        """
        stretch = -log1p(-2.0 * probability) / 2.0 * self.shots
        result = 0
        while self._to_next < stretch:
            result ^= 1 << self._chance.randrange(self.shots)
            self._to_next += self._chance.expovariate(1.0)
        self._to_next -= stretch
        return result


class _Frames:
    """All shots at once: the Pauli that has hit each cell, and the bits that are wrong."""

    def __init__(self, cells: int, sampler: _Sampler) -> None:
        self.x = [0] * cells
        self.z = [0] * cells
        self.wrong: dict[tuple[int, int], int] = {}  # bit -> shots in which it is flipped
        self.value: dict[tuple[int, int], int] = {}  # bit -> its value without noise, if it matters
        self.hit = 0  # shots in which any error has happened
        self.sampler = sampler

    def error(self, cell: int, errors: Errors) -> None:
        """A random Pauli on a cell."""
        if errors.x == errors.y == 0.0:
            self._flip("Z", (cell,), self._noted(self.sampler.some(errors.z)))
            return
        any_error = 1.0 - errors.i
        parts = tuple((pauli, errors[i] / any_error) for i, pauli in enumerate("XYZ", 1))
        self._one_of(parts, (cell,), self._noted(self.sampler.some(any_error)))

    def _noted(self, shots: int) -> int:
        self.hit |= shots
        return shots

    def _flip(self, paulis: str, cells: tuple[int, ...], shots: int) -> None:
        for pauli, cell in zip(paulis, cells, strict=True):
            if pauli in "XY":
                self.x[cell] ^= shots
            if pauli in "ZY":
                self.z[cell] ^= shots

    def _across(self, paulis: str, cells: tuple[int, ...]) -> int:
        """Shots whose error does not commute with a Pauli."""
        across = 0
        for pauli, cell in zip(paulis, cells, strict=True):
            if pauli in "XY":
                across ^= self.z[cell]
            if pauli in "ZY":
                across ^= self.x[cell]
        return across

    def gate(self, row: Statement, cells: tuple[int, ...], factors: Factors) -> None:
        """Carry the errors through a gate; a wrong condition makes an error of the gate itself."""
        done, differs = self.sampler.every, 0
        if row.condition:
            done, differs = self._executed(row)
        if row.name == "swap" and not row.condition:
            a, b = cells
            self.x[a], self.x[b] = self.x[b], self.x[a]
            self.z[a], self.z[b] = self.z[b], self.z[a]
            return
        for paulis, angle in factors:
            turned = self._across(paulis, cells) & done
            if turned:
                self._flip(paulis, cells, turned & self.sampler.some(sin(angle) ** 2))
        if differs:
            for parts in _parts(row.name, row.parameters, factors):
                self._one_of(parts, cells, differs)

    def _one_of(self, parts: Factors, cells: tuple[int, ...], shots: int) -> None:
        """One of several Paulis with their probabilities, or none."""
        left = 1.0
        for paulis, probability in parts:
            chosen = shots & self.sampler.some(probability / left) if left > _CERTAIN else 0
            self._flip(paulis, cells, chosen)
            shots, left = shots & ~chosen, left - probability

    def _executed(self, row: Statement) -> tuple[int, int]:
        """Shots that execute a gate, and those that should and do not or the other way round."""
        if len(row.condition) == 1 and row.name in _PAULI_GATES:
            register, bit, _ = row.condition[0]
            return 0, self.wrong[register, bit]  # Paulis leave every error as it is
        right = done = self.sampler.every
        for register, bit, wanted in row.condition:
            key = (register, bit)
            if key not in self.value:
                self.value[key] = self.sampler.some(0.5)
            value = self.value[key] if wanted else self.sampler.every ^ self.value[key]
            right &= value
            done &= value ^ self.wrong[key]
        return done, right ^ done

    def measure(self, cell: int, bit: tuple[int, int]) -> None:
        """An X error is read as a wrong bit; the phase is gone, and so are errors of it."""
        self.wrong[bit] = self.x[cell]
        self.z[cell] = 0

    def clear(self, cell: int) -> None:
        """The cell begins anew."""
        self.x[cell] = self.z[cell] = 0


class _Run:
    """One sampling, with the noise of some of the cells."""

    def __init__(
        self, schedule: Schedule, sampler: _Sampler, *, waiting: bool, distribution: bool
    ) -> None:
        self.program = schedule.program
        self.schedule = schedule
        self.is_on = {True: waiting, False: distribution}
        nodes = self.program.network.nodes
        sizes = (self.program.data_qubits + self.program.comm_qubits).tolist()
        self.first = np.cumsum([0, *sizes]).tolist()
        self.data = self.program.data_qubits.tolist()
        cells = self.first[-1]
        self.t2 = [node.t2_us for node, size in zip(nodes, sizes, strict=True) for _ in range(size)]
        self.clock: list[float | None] = [None] * cells  # None: in a state that cannot dephase
        self.ages = [[0.0, 0.0] for _ in range(cells)]  # ns as comm and as data qubit, not yet hit
        self.frames = _Frames(cells, sampler)
        self.fresh = _fresh_pairs(schedule)
        self.log_none = 0.0

    def run(self) -> tuple[float, float]:
        """The fidelity, and the probability that no error happens."""
        for node, cell in self.program.start.tolist():
            self.clock[self.first[node] + cell] = 0.0
        starts, durations = self.schedule.start_ns.tolist(), self.schedule.duration_ns.tolist()
        met: set[tuple[int, int]] = set()
        for row, start, lasting in zip(self.program.statements(), starts, durations, strict=True):
            cells = tuple(self.first[row.node] + qubit for qubit in row.qubits)
            if row.name in ("barrier", "delay", "id"):
                continue
            if row.name == "dqc_epr":
                self._half(row, cells[0], start + lasting, is_last=(row.link, row.pair) in met)
                met.add((row.link, row.pair))
            elif row.name == "reset":
                self._forget(cells[0])
                self.frames.clear(cells[0])
            elif row.name == "measure":
                assert row.writes is not None
                self._forget(cells[0])
                self.frames.measure(cells[0], row.writes)
            else:
                self._gate(row, cells, start)
        return self._result()

    def _half(self, row: Statement, cell: int, ready: float, *, is_last: bool) -> None:
        self._forget(cell)
        self.frames.clear(cell)
        self.clock[cell] = ready
        if is_last:
            self._error(cell, self.fresh[row.pair], waiting=False)

    def _gate(self, row: Statement, cells: tuple[int, ...], start: float) -> None:
        factors = _factors(row.name, row.parameters)
        for position, cell in enumerate(cells):
            is_data = row.qubits[position] < self.data[row.node]
            self._grow_older(cell, start, is_data=is_data)
            if _is_across_z(row.name, position):
                self._dephase(cell)
        self.frames.gate(row, cells, factors)

    def _grow_older(self, cell: int, now: float, *, is_data: bool) -> None:
        since = self.clock[cell]
        if since is not None:
            self.ages[cell][is_data] += now - since
        self.clock[cell] = now

    def _forget(self, cell: int) -> None:
        """Phases of a cell do not matter any more."""
        self.clock[cell] = None
        self.ages[cell] = [0.0, 0.0]

    def _dephase(self, cell: int) -> None:
        for is_data, age in enumerate(self.ages[cell]):
            if age > 0.0:
                self._error(cell, dephased(age, self.t2[cell]), waiting=bool(is_data))
        self.ages[cell] = [0.0, 0.0]

    def _error(self, cell: int, errors: Errors, *, waiting: bool) -> None:
        if self.is_on[waiting] and errors.i < 1.0:
            self.frames.error(cell, errors)
            self.log_none += log1p(errors.i - 1.0)

    def _result(self) -> tuple[float, float]:
        ends = [self.first[node] + cell for node, cell in self.program.end.tolist()]
        bad = 0
        for cell in ends:
            if self.clock[cell] is not None:
                self._grow_older(cell, self.schedule.planned_makespan_ns, is_data=True)
                self._dephase(cell)
            bad |= self.frames.x[cell] | self.frames.z[cell]
        outs = self._outs()
        for node, bit in self.program.clbits.tolist():
            if (node, bit) in outs:
                bad |= self.frames.wrong.get(outs[node, bit], 0)
        none = exp(self.log_none)
        hit = self.frames.hit
        harmless = (hit & ~bad).bit_count() / hit.bit_count() if hit else 0.0
        return none + (1.0 - none) * harmless, none

    def _outs(self) -> dict[tuple[int, int], tuple[int, int]]:
        """(node, index in its `out`) -> (register, bit)."""
        return {
            (register.sender, bit): (number, bit)
            for number, register in enumerate(self.program.registers)
            if not register.receivers
            for bit in range(register.size)
        }


def pair_fidelities(schedule: Schedule) -> tuple[list[float], list[float]]:
    """Of every pair, in order of its number: the fidelity when it is used, and of its gadget.

    A half is stored from the moment at which the pair is ready. The pair is used when the first
    statement acts on either half. What it is used for, the copy or the qubit that is teleported,
    suffers from storage as long as it stays in the comm qubits of its two halves: until each is
    measured, or its contents move to another qubit. The fidelity of a gadget is the probability
    that no Pauli is left over then, whatever gates it serves. After a round of purification that is
    a figure of all pairs of both routes together: each one that is kept has an equal share, so that
    their product is it, and the sacrificed ones have 1.
    """
    program, network = schedule.program, schedule.program.network
    pairs = schedule.pair_statements.tolist()
    ready = schedule.pair_ready_ns.tolist()
    used: list[list[float]] = [[] for _ in pairs]
    lives: list[list[Errors]] = [[] for _ in pairs]
    held: dict[tuple[int, int], int] = {}
    fresh: set[tuple[int, int]] = set()
    number = {statement: pair for pair, ends in enumerate(pairs) for statement in ends}
    starts = schedule.start_ns.tolist()

    def leave(cell: tuple[int, int], now: float) -> None:
        pair = held.pop(cell, None)
        if pair is not None:
            lives[pair].append(dephased(now - ready[pair], network.nodes[cell[0]].t2_us))

    for index, row in enumerate(program.statements()):
        if row.name in ("barrier", "delay", "id"):
            continue
        for qubit in row.qubits:
            cell = (row.node, qubit)
            if cell in fresh:
                used[held[cell]].append(starts[index])
                fresh.discard(cell)
            if row.name in ("measure", "reset", "swap"):
                leave(cell, starts[index])
            elif row.name == "dqc_epr":
                leave(cell, starts[index])
                held[cell] = number[index]
                fresh.add(cell)
    for cell in list(held):
        leave(cell, schedule.planned_makespan_ns)
    at_use, gadgets = [], []
    for pair, ends in enumerate(pairs):
        link = network.links[int(program.link[ends[0]])]
        moment = min(used[pair], default=schedule.planned_makespan_ns)
        stored = [
            dephased(moment - ready[pair], network.nodes[int(program.node[end])].t2_us)
            for end in ends
        ]
        at_use.append(combined((werner(link.fidelity), *stored)).i)
        gadgets.append(combined((werner(link.fidelity), *lives[pair])).i)
    errors = _fresh_pairs(schedule)
    for kept, sacrificed in _rounds(schedule):
        both = (*kept, *sacrificed)
        stored = [each for pair in both for each in lives[pair]]
        total = combined((*(errors[pair] for pair in both), *stored)).i
        for pair in both:
            gadgets[pair] = total ** (1.0 / len(kept)) if pair in kept else 1.0
    return at_use, gadgets


def fresh_fidelities(schedule: Schedule) -> list[float]:
    """The fidelities of gadgets, as in `pair_fidelities`, if nothing were stored."""
    errors = _fresh_pairs(schedule)
    found = [each.i for each in errors]
    for kept, _ in _rounds(schedule):
        share = errors[kept[0]].i ** (1.0 / len(kept))
        for pair in kept:
            found[pair] = share
    return found


def _rounds(schedule: Schedule) -> list[tuple[list[int], list[int]]]:
    """The numbers of the pairs that are kept and of those that are sacrificed, for each round."""
    program = schedule.program
    pairs_of: dict[int, list[int]] = {}
    for pair, gadget in enumerate(program.gadget[schedule.pair_statements[:, 0]].tolist()):
        pairs_of.setdefault(gadget, []).append(pair)
    rounds = np.flatnonzero(program.gadget_kind == GadgetKind.PURIFY).tolist()
    return [(pairs_of[gadget - 1], pairs_of[gadget]) for gadget in rounds]


def _fresh_pairs(schedule: Schedule) -> list[Errors]:
    """What each pair adds to the errors before it is stored, in order of the numbers of pairs."""
    program = schedule.program
    links = program.network.links
    fresh = [
        werner(links[link].fidelity)
        for link in program.link[schedule.pair_statements[:, 0]].tolist()
    ]
    for kept, sacrificed in _rounds(schedule):
        one, other = (combined(fresh[pair] for pair in pairs) for pairs in (kept, sacrificed))
        for pair in (*kept, *sacrificed):
            fresh[pair] = PERFECT
        fresh[kept[0]] = purify(one, other).pair
    return fresh


def estimate_fidelity(schedule: Schedule, *, seed: int = 0) -> Fidelity:
    """The fidelity of a scheduled program with its circuit; linear in the number of statements.

    Args:
        schedule: planned times of every statement.
        seed: of the random errors.
    """
    affordable = _MOST_WORK // max(1, len(schedule.program))
    shots = max(_FEWEST_SHOTS, min(_MOST_SHOTS, affordable // 8 * 8))

    def sample(*, waiting: bool, distribution: bool) -> tuple[float, float]:
        sampler = _Sampler(shots, seed)
        found, none = _Run(schedule, sampler, waiting=waiting, distribution=distribution).run()
        return _rounded(found), _rounded(none)

    distribution, undistributed = sample(waiting=False, distribution=True)
    waiting, undisturbed = sample(waiting=True, distribution=False)
    if min(distribution, waiting) < 1.0 / shots:
        # Not one sample was good: of both kinds of errors together none would be. That saves a
        # third of the time for long programs.
        total = at_least = _rounded(undistributed * undisturbed)
    else:
        total, at_least = sample(waiting=True, distribution=True)
    at_use, gadgets = pair_fidelities(schedule)
    return Fidelity(
        # No error is likelier than not, so more of them make nothing better; samples may say so.
        total=min(total, distribution, waiting),
        distribution=distribution,
        waiting=waiting,
        at_least=at_least,
        shots=shots,
        pair_at_use=frozen([_rounded(each) for each in at_use], np.float64),
        gadget=frozen([_rounded(each) for each in gadgets], np.float64),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
