"""Rules as members of an ensemble: the votes of HydraStrategy's classical sources."""

from abc import abstractmethod
from collections.abc import Mapping
from math import isfinite
from typing import Any, ClassVar, NamedTuple

import numpy as np
from freqtrade.exceptions import OperationalException

from hydra_quant.adapters.freqai.member import Floats, Ints, Member, Terms
from hydra_quant.adapters.freqai.member_prices import Prices, prices_of
from hydra_quant.adapters.freqai.net_rows import Grid
from hydra_quant.models.rows import Rows
from hydra_quant.models.store import Refused
from hydra_quant.signals import mean_reversion, momentum

FORMAT = 1
MOST_CANDLES = 1000


class Rule(NamedTuple):
    """What a training leaves: a rule learns nothing, so it is what it was before."""

    name: str
    parameters: dict[str, Any]

    def described(self) -> dict[str, Any]:
        """Return it as it is stored, JSON values."""
        return {"rule": self.name, "format": FORMAT, "parameters": self.parameters}


class RuleMember(Member):
    """A vote in [-1, 1] from prices, told as the probability ``(1 + vote) / 2``."""

    may_be_silent = True
    usual: ClassVar[dict[str, Any]]

    @abstractmethod
    def votes(self, prices: Prices, pair: int) -> Floats:
        """Return the votes of a pair, shape (time,); NaN while warming up."""

    def fit(self, grid: Grid, train: Rows, later: Rows | None, terms: Terms) -> Rule:
        """Learn nothing."""
        return Rule(self.name, dict(self.parameters))

    def tell(self, model: Rule, grid: Grid, places: Ints) -> Floats:
        """Answer each place from its own candle and the `reach` before it."""
        prices = prices_of(grid)
        told = np.full(len(places), np.nan)
        for pair in np.unique(places[:, 1]):
            own = places[:, 1] == pair
            told[own] = self.votes(prices, int(pair))[places[own, 0]]
        return 0.5 * (1.0 + told)

    def pack(self, model: Rule) -> tuple[dict[str, Any], bytes]:
        """Say which rule it is, with which parameters."""
        return model.described(), b""

    def unpack(self, about: Mapping[str, Any], payload: bytes) -> Rule:
        """See that it is this rule with these parameters."""
        wanted = Rule(self.name, dict(self.parameters))
        if dict(about) != wanted.described() or payload:
            raise Refused(f"the saved {self.name} is {dict(about)}, not {wanted.described()}")
        return wanted


class MomentumMember(RuleMember):
    """`signals.momentum`: with the trend, by the close's place in its recent channels."""

    usual: ClassVar[dict[str, Any]] = {"channels": list(momentum.CHANNELS)}

    @property
    def reach(self) -> int:
        """Candles before its own that an answer depends on."""
        return momentum.lookback(self.parameters["channels"])

    def votes(self, prices: Prices, pair: int) -> Floats:
        """Return the votes of a pair, shape (time,); NaN while warming up."""
        high, low, close = (price[:, pair] for price in (prices.high, prices.low, prices.close))
        return momentum.momentum(high, low, close, self.parameters["channels"])


class MeanReversionMember(RuleMember):
    """`signals.mean_reversion`: against the last move, by how far it went."""

    usual: ClassVar[dict[str, Any]] = {
        "window": mean_reversion.WINDOW,
        "full_vote_sigmas": mean_reversion.FULL_VOTE_SIGMAS,
    }

    @property
    def reach(self) -> int:
        """Candles before its own that an answer depends on."""
        return mean_reversion.lookback(self.parameters["window"])

    def votes(self, prices: Prices, pair: int) -> Floats:
        """Return the votes of a pair, shape (time,); NaN while warming up."""
        return mean_reversion.mean_reversion(prices.close[:, pair], **self.parameters)


RULES: dict[str, type[RuleMember]] = {
    "momentum": MomentumMember,
    "mean_reversion": MeanReversionMember,
}


def rule(name: str, given: Mapping[str, Any], where: str) -> RuleMember:
    """Return a rule with its parameters checked.

    Parameters
    ----------
    name : of `RULES`
    given : over what is usual
    where : the key of the configuration that errors name

    Raises
    ------
    OperationalException
        When a parameter is none, or its value is refused.
    """
    kind = RULES[name]
    if unknown := sorted({*given} - {*kind.usual}):
        choice = ", ".join(kind.usual)
        raise OperationalException(f"{where}: {unknown[0]!r} is not among {choice}; remove it")
    found = {**kind.usual, **given}
    for key, value in found.items():
        if said := _WRONG[key](value):
            raise OperationalException(f"{where}: {key} is {value!r}: {said} would be right")
    return kind(name, found)


def _wrong_window(value: object) -> str:
    whole = isinstance(value, int) and not isinstance(value, bool)
    right = whole and 2 <= value <= MOST_CANDLES  # type: ignore[operator]
    return "" if right else f"a number of candles from 2 to {MOST_CANDLES}"


def _wrong_channels(value: object) -> str:
    right = isinstance(value, list) and value and not any(map(_wrong_window, value))
    return "" if right else f"a list of numbers of candles, each from 2 to {MOST_CANDLES},"


def _wrong_sigmas(value: object) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    right = number and isfinite(value) and value > 0  # type: ignore[arg-type,operator]
    return "" if right else "a number above 0"


_WRONG = {
    "channels": _wrong_channels,
    "window": _wrong_window,
    "full_vote_sigmas": _wrong_sigmas,
}
