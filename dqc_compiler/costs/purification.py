"""What a round of purification makes of pairs, and how likely it is to leave one.

Pairs are Werner states: of fidelity F with |Phi+>, and of (1 - F)/3 with each other Bell state.
"""

from __future__ import annotations

from collections.abc import Iterable

from dqc_compiler.ir import Link


def chain_fidelity(links: Iterable[Link]) -> float:
    """Fidelity of the end-to-end pair over a route.

    When pairs are swapped, w = (4F - 1)/3 multiplies. Source: Briegel et al., Phys. Rev. Lett. 81,
    5932 (1998).
    """
    parameter = 1.0
    for link in links:
        parameter *= (4.0 * link.fidelity - 1.0) / 3.0
    return (1.0 + 3.0 * parameter) / 4.0


def bbpssw(fidelity: float) -> tuple[float, float]:
    """Fidelity and success probability of a round of BBPSSW on two pairs of equal fidelity.

    Source: Bennett et al., Phys. Rev. Lett. 76, 722 (1996), eq. (7).
    """
    error = (1.0 - fidelity) / 3.0
    success = fidelity**2 + 2.0 * fidelity * error + 5.0 * error**2
    return (fidelity**2 + error**2) / success, success
