"""What a user may choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal, get_args

from dqc_compiler.costs.prices import EBITS, Objective
from dqc_compiler.engines import AUTO, CHOICES, choices

Preset = Literal["fast", "balanced", "best"]
Verify = Literal["auto", "all", "off"]
MAX_SEED = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a user may choose. Equal inputs, options and version give equal bytes.

    Attributes:
        seed: of every random choice, 0 to 2147483647.
        preset: how much is searched, "fast", "balanced" or "best".
        time_limit: seconds for the search, finite and above 0, or None; the result then depends
            on the machine. The preset "fast" is always finished.
        rounds: of the preset "best", 0 or more, and of no other; None: until the time limit, or
            one per core.
        engine: where the search begins: "auto", or one of `dqc compile --list-passes`, engines of
            other packages included.
        minimize: what is to be small; by default the number of pairs.
        target_fidelity: that the estimate of the whole computation has to reach, between 0 and 1,
            or None; pairs are purified for it, and of what reaches it the cheapest is taken.
        verify: which checks are made of a saved bundle, "auto", "all" or "off".

    Raises:
        TypeError: if a value is of another type.
        ValueError: if a value is none of these.
    """

    seed: int = 0
    preset: Preset = "balanced"
    time_limit: float | None = None
    rounds: int | None = None
    engine: str = AUTO
    minimize: Objective = EBITS
    target_fidelity: float | None = None
    verify: Verify = "auto"

    def __post_init__(self) -> None:
        check_number("seed", self.seed, int, f"a whole number from 0 to {MAX_SEED}")
        if not 0 <= self.seed <= MAX_SEED:
            raise ValueError(f"seed has to be from 0 to {MAX_SEED}, not {self.seed}")
        _check_choice("preset", self.preset, get_args(Preset))
        if self.engine not in CHOICES:  # otherwise there is no need to look at other packages
            _check_choice("engine", self.engine, choices())
        _check_choice("verify", self.verify, get_args(Verify))
        if not isinstance(self.minimize, Objective):
            raise TypeError(f"minimize has to be an Objective, not {self.minimize!r}")
        if self.target_fidelity is not None:
            expected = "a number between 0 and 1, or None"
            check_number("target_fidelity", self.target_fidelity, (int, float), expected)
            if not 0.0 < self.target_fidelity < 1.0:
                raise ValueError(
                    f"target_fidelity has to be {expected}, not {self.target_fidelity}"
                )
        if self.time_limit is not None:
            expected = "a finite number of seconds above 0, or None"
            check_number("time_limit", self.time_limit, (int, float), expected)
            if not (self.time_limit > 0 and isfinite(self.time_limit)):
                raise ValueError(f"time_limit has to be {expected}, not {self.time_limit}")
        if self.rounds is not None:
            check_number("rounds", self.rounds, int, "a whole number, or None")
            if self.rounds < 0:
                raise ValueError(f"rounds has to be 0 or more, or None, not {self.rounds}")
            if self.preset != "best":
                raise ValueError(f"rounds belongs to the preset 'best', not {self.preset!r}")


def _check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    if value not in choices:
        kind = ValueError if isinstance(value, str) else TypeError
        known = ", ".join(map(repr, choices))
        raise kind(f"{name} has to be one of {known}, not {value!r}")


def check_number(name: str, value: object, kinds: type | tuple[type, ...], expected: str) -> None:
    """Raise a TypeError that says what was expected, if a value is of another type."""
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise TypeError(f"{name} has to be {expected}, not {value!r}")
