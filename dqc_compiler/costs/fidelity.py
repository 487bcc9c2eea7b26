"""What noise makes of pairs: Werner states, storage, chains of links, purification.

A pair that is not |Phi+> is a mixture of the four Bell states, written as the probabilities that I,
X, Y or Z has hit one half of |Phi+> (which half does not matter: the transposed Pauli at the other
half makes the same state). So pairs and errors are the same thing, `Errors`, and all that happens
to a pair on its way multiplies the three numbers `eigenvalues`:

- a fresh pair of fidelity F is a Werner state, all three are w = (4F - 1)/3;
- entanglement swapping of two pairs, with its corrections, adds up their Paulis, so w multiplies;
- storage dephases: the network file gives T2 and nothing else, and T2 is the decay of coherences,
  so a half that is kept for a time t multiplies the eigenvalues of X and Y by exp(-t/T2). There is
  no decay of populations (T1), and depolarising would invent one.

Sources: Werner, Phys. Rev. A 40, 4277 (1989); swapping: Briegel, Duer, Cirac, Zoller, Phys. Rev.
Lett. 81, 5932 (1998), eq. (2) without errors of gates; purification: Bennett et al., Phys. Rev.
Lett. 76, 722 (1996), called BBPSSW here, and Deutsch et al., ibid. 77, 2818 (1996).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import NamedTuple

from dqc_compiler.ir import Link


class Errors(NamedTuple):
    """Probabilities of the four Paulis; as a pair, `i` is its fidelity with |Phi+>."""

    i: float
    x: float
    y: float
    z: float


PERFECT = Errors(1.0, 0.0, 0.0, 0.0)


def werner_parameter(fidelity: float) -> float:
    """W of the Werner state w |Phi+><Phi+| + (1 - w) I/4."""
    return (4.0 * fidelity - 1.0) / 3.0


def werner_fidelity(parameter: float) -> float:
    """Fidelity of the Werner state with parameter w."""
    return (1.0 + 3.0 * parameter) / 4.0


def werner(fidelity: float) -> Errors:
    """A fresh pair: of the three Paulis each is as likely."""
    each = (1.0 - fidelity) / 3.0
    return Errors(fidelity, each, each, each)


def dephased(time_ns: float, t2_us: float) -> Errors:
    """Storage of one qubit: coherences decay as exp(-t/T2)."""
    flipped = (1.0 - exp(-time_ns / (1000.0 * t2_us))) / 2.0
    return Errors(1.0 - flipped, 0.0, 0.0, flipped)


def eigenvalues(errors: Errors) -> tuple[float, float, float]:
    """By how much the errors shrink X, Y and Z; 1 - 2 (probability of a Pauli across)."""
    return (
        1.0 - 2.0 * (errors.y + errors.z),
        1.0 - 2.0 * (errors.x + errors.z),
        1.0 - 2.0 * (errors.x + errors.y),
    )


def combined(errors: Iterable[Errors]) -> Errors:
    """Several independent errors, one after the other; also pairs that are swapped into one."""
    x = y = z = 1.0
    for each in errors:
        shrunk = eigenvalues(each)
        x, y, z = x * shrunk[0], y * shrunk[1], z * shrunk[2]
    return Errors(
        (1.0 + x + y + z) / 4.0,
        (1.0 + x - y - z) / 4.0,
        (1.0 - x + y - z) / 4.0,
        (1.0 - x - y + z) / 4.0,
    )


def chain(links: Sequence[Link]) -> Errors:
    """The end-to-end pair over a route of links, swapped as soon as all pairs are there."""
    return combined(werner(link.fidelity) for link in links)


# -- Purification --------------------------------------------------------------------------------


class Purified(NamedTuple):
    """The pair that is left, and how likely it is that one is left."""

    pair: Errors
    success: float


def purify(kept: Errors, measured: Errors) -> Purified:
    """One round: a CX at both ends from one pair to the other, which is measured; keep if equal.

    With X errors a, b and Z errors c, d of the two pairs, the CXs leave X errors a, a + b and Z
    errors c + d, d. The outcomes differ if a + b is odd, so what is left has the X error a = b and
    the Z error c + d.
    """
    plain = kept.i * measured.i + kept.z * measured.z
    phase = kept.i * measured.z + kept.z * measured.i
    flip = kept.x * measured.x + kept.y * measured.y
    both = kept.x * measured.y + kept.y * measured.x
    success = plain + phase + flip + both
    pair = Errors(plain / success, flip / success, both / success, phase / success)
    return Purified(pair, success)


def twirled(pair: Errors) -> Errors:
    """The Werner state of the same fidelity: random equal rotations of both halves make it."""
    return werner(pair.i)


def bbpssw(fidelity: float) -> tuple[float, float]:
    """Fidelity and success probability of a round of BBPSSW on two pairs of equal fidelity.

    F' = (F^2 + e^2) / p and p = F^2 + 2 F e + 5 e^2 with e = (1 - F)/3.
    """
    result = purify(werner(fidelity), werner(fidelity))
    return result.pair.i, result.success


@dataclass(frozen=True, slots=True)
class Purification:
    """What so many rounds on one link come to: each takes two results of the round before."""

    rounds: int
    fidelity: float
    pairs: float  # in the mean, those of failed rounds too
    time_ns: float  # in the mean


def purification(
    link: Link, rounds: int, *, t2_us: tuple[float, float], round_ns: float
) -> Purification:
    """Mean price and result of nested BBPSSW on one link.

    The pairs come one after the other, so the first of two waits for the second: geometrically many
    attempts for a fresh one, and then for the round, whose heralding messages nobody can do
    without. A failed round begins anew with both its pairs, so it is run 1/p times in the mean, and
    prices are those of two inputs over p (Wald's identity). From the second round on the first
    input is taken to wait for the mean time of the other one. Werner states go into every round.

    Args:
        link: where the pairs come from; further channels, which only save time, are left aside.
        rounds: 0 or more.
        t2_us: of the nodes at its ends.
        round_ns: gates, measurement and the message that says whether to keep the pair.
    """
    rate = sum(1.0 / (1000.0 * t2) for t2 in t2_us)  # both halves: coherences decay as exp(-rate t)
    pair, pairs, time_ns = werner(link.fidelity), 1.0, link.mean_generation_ns
    for number in range(rounds):
        decay = _decay_until_generated(link, rate) if number == 0 else exp(-rate * time_ns)
        flipped = (1.0 - decay) / 2.0
        waited = combined((pair, Errors(1.0 - flipped, 0.0, 0.0, flipped)))
        result = purify(twirled(waited), pair)
        flipped = (1.0 - exp(-rate * round_ns)) / 2.0
        stored = combined((result.pair, Errors(1.0 - flipped, 0.0, 0.0, flipped)))
        pair = twirled(stored)
        pairs = 2.0 * pairs / result.success
        time_ns = (2.0 * time_ns + round_ns) / result.success
    return Purification(rounds, pair.i, pairs, time_ns)


def _decay_until_generated(link: Link, rate: float) -> float:
    """Mean of exp(-rate t) over the time t of a generation, a geometric number of attempts."""
    each = exp(-rate * link.attempt_ns)
    p = link.success_probability
    return p * each / (1.0 - (1.0 - p) * each)


def best_purification(
    choices: Sequence[Purification], *, weight: float, pair_price: float, time_price_per_ns: float
) -> Purification:
    """The rounds that a packet is worth: where weight x (-log F) and the price are least together.

    Between two neighbours that is the rule: purify once more if weight x delta(-log F) is more than
    what the extra pairs and the extra time cost.

    Args:
        choices: the possible numbers of rounds; of equal ones the first.
        weight: how often an error of the pair counts. For the fidelity of the whole computation it
            is 1 whatever the packet serves, because one error spoils the result as much as several.
            Where each gate is judged by itself, as by local observables, it is the number of gates
            served: an X error of the pair hits every partner.
        pair_price: of an extra pair, in units of -log F.
        time_price_per_ns: of a nanosecond, likewise.
    """
    return min(
        choices,
        key=lambda choice: (
            -weight * log(choice.fidelity)
            + pair_price * choice.pairs
            + time_price_per_ns * choice.time_ns
        ),
    )
