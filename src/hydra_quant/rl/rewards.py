"""What an agent is paid for a candle, as small parts that can be added up.

Every part is a difference ``after - before`` of a number that hangs on the path of the equity
since the episode began, or a cost. So, whatever the agent does:

- to be out of the market pays exactly 0, after losses too;
- a fee taken out of a candle's equity never raises that candle's reward;
- the rewards of an episode sum to at most 0 where it ended without profit: there is no cycle of
  actions that pays. (Ratios of Sharpe and Sortino over a moving window lack this: resting
  after a loss lets them rise.)

Logs of equity are those of equity over the start, which is held above a millionth.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from hydra_quant.ledger.state import Floats

Mask = NDArray[np.bool_]
LEAST = 1e-6


@dataclass(frozen=True, eq=False, slots=True)
class Moment:
    """One candle of n episodes; arrays of shape (n,), stake currency.

    Attributes
    ----------
    start : at the beginning of the episode
    equity_before, equity : at the close of the candle before, and of this one
    peak_before, peak : highest equity so far
    fees, volume, funding : of this candle's orders: paid, their value, received (below 0: paid)
    """

    start: Floats
    equity_before: Floats
    equity: Floats
    peak_before: Floats
    peak: Floats
    fees: Floats
    volume: Floats
    funding: Floats


class Reward(Protocol):
    """Pays n episodes for a candle."""

    def reset(self, mask: Mask) -> None:
        """Begin anew where `mask`, shape (n,)."""
        ...

    def __call__(self, moment: Moment) -> Floats:
        """Return the reward, shape (n,)."""
        ...


def grown(moment: Moment) -> Floats:
    """Return the log of equity over its start."""
    found: Floats = np.log(np.maximum(moment.equity / moment.start, LEAST))
    return found


def gained(moment: Moment) -> Floats:
    """Return the change of the log of equity; exactly 0 where equity has not changed."""
    least = LEAST * moment.start
    now, then = np.maximum(moment.equity, least), np.maximum(moment.equity_before, least)
    found: Floats = np.log(now / then)
    return found


class LogEquity:
    """The change of the log of equity, net of fees and funding."""

    def reset(self, mask: Mask) -> None:
        """Nothing is kept."""

    def __call__(self, moment: Moment) -> Floats:
        """Return the reward, shape (n,)."""
        return gained(moment)


class TurnoverPenalty:
    """Minus the value of the candle's orders, as a share of the equity before it."""

    def reset(self, mask: Mask) -> None:
        """Nothing is kept."""

    def __call__(self, moment: Moment) -> Floats:
        """Return the reward, shape (n,), never above 0."""
        before = np.maximum(moment.equity_before, LEAST * moment.start)
        found: Floats = 0.0 - moment.volume / before
        return found


class _Kept:
    """Numbers kept for each episode, 0 at its beginning."""

    _names: ClassVar[tuple[str, ...]]

    def __init__(self) -> None:
        self._numbers: dict[str, Floats] = {}

    def reset(self, mask: Mask) -> None:
        """Begin anew where `mask`, shape (n,)."""
        for name in self._names:
            values = self._numbers.get(name)
            if values is None or values.shape != mask.shape:
                self._numbers[name] = np.zeros(mask.shape)
            else:
                values[mask] = 0.0

    def _of(self, name: str, like: Floats) -> Floats:
        if name not in self._numbers:
            self.reset(np.ones(like.shape, dtype=np.bool_))
        return self._numbers[name]

    def _paid(self, name: str, now: Floats) -> Floats:
        """Keep a number; return what it has grown by."""
        grown = now - self._of(name, now)
        self._numbers[name] = now
        return grown


class DrawdownPenalty(_Kept):
    """Minus what the candle has deepened the deepest drawdown of the episode by.

    Drawdown as the log of peak over equity.
    """

    _names = ("deepest",)

    def __call__(self, moment: Moment) -> Floats:
        """Return the reward, shape (n,), never above 0."""
        return 0.0 - self._paid("deepest", deepest(self._of("deepest", moment.equity), moment))


def deepest(before: Floats, moment: Moment) -> Floats:
    """Return the deepest drawdown so far, as the log of peak over equity."""
    equity = np.maximum(moment.equity, LEAST * moment.start)
    found: Floats = np.maximum(before, np.log(moment.peak / equity))
    return found


class _Ratio(_Kept):
    """The growth so far over a risk, where above 0; over the risk of the beginning, where below.

    A loss is not divided by its own risk: more risk would make it look smaller (Israelsen 2005,
    *A refinement to the Sharpe ratio and information ratio*).
    """

    _names = ("risk", "ratio")

    def __init__(self, eta: float, typical: float) -> None:
        super().__init__()
        if not (0.0 < eta <= 1.0 and typical > 0.0):
            raise ValueError(f"eta is {eta}, typical is {typical}: (0, 1] and above 0 are right")
        self._prior = typical**2 / eta

    def __call__(self, moment: Moment) -> Floats:
        """Return the reward, shape (n,)."""
        gain, growth = gained(moment), grown(moment)
        risk = self._of("risk", gain)
        risk = risk + self._risk(gain, growth - gain, risk + self._prior)
        self._numbers["risk"] = risk
        risk = np.where(growth > 0.0, risk + self._prior, self._prior)
        return self._paid("ratio", growth / np.sqrt(risk))

    def _risk(self, gain: Floats, growth: Floats, risk: Floats) -> Floats:
        raise NotImplementedError


class DifferentialSharpe(_Ratio):
    """What the candle adds to the Sharpe ratio of the episode so far, not of a moving window.

    ``growth / sqrt(typical ** 2 / eta + sum of squared log returns)``: the sum of returns over its
    own size, which is the Sharpe ratio about 0 times the root of the number of candles. Moody and
    Saffell (2001, *Learning to trade via direct reinforcement*) take the derivative of a
    moving ratio instead, which pays for resting after losses. A gain so large that it would lower
    the ratio counts as risk only up to there.

    Parameters
    ----------
    eta : one over the candles of usual size that are taken to have come before
    typical : usual size of a candle's log return
    """

    def __init__(self, eta: float = 0.01, typical: float = 0.01) -> None:
        super().__init__(eta, typical)

    def _risk(self, gain: Floats, growth: Floats, risk: Floats) -> Floats:
        # the ratio falls with the gain beyond risk / growth
        most = np.divide(risk, growth, out=np.full_like(risk, np.inf), where=growth > 0.0)
        found: Floats = np.minimum(gain, most) ** 2
        return found


class Sortino(_Ratio):
    """As `DifferentialSharpe`, where only losses are risk.

    Parameters
    ----------
    eta : one over the candles of usual size that are taken to have come before
    typical : usual size of a candle's log loss
    """

    def __init__(self, eta: float = 0.01, typical: float = 0.01) -> None:
        super().__init__(eta, typical)

    def _risk(self, gain: Floats, growth: Floats, risk: Floats) -> Floats:
        found: Floats = np.minimum(gain, 0.0) ** 2
        return found


class Calmar(_Kept):
    """What the candle adds to growth over the deepest drawdown, both as logs.

    Parameters
    ----------
    typical : a drawdown below which it does not count
    """

    _names = ("deepest", "ratio")

    def __init__(self, typical: float = 0.1) -> None:
        super().__init__()
        if not typical > 0.0:
            raise ValueError(f"typical is {typical}: above 0 is right")
        self._typical = typical

    def __call__(self, moment: Moment) -> Floats:
        """Return the reward, shape (n,)."""
        growth = grown(moment)
        depth = deepest(self._of("deepest", growth), moment)
        self._numbers["deepest"] = depth
        over = np.where(growth > 0.0, np.maximum(depth, self._typical), self._typical)
        return self._paid("ratio", growth / over)


class Mixture:
    """A sum of rewards.

    Parameters
    ----------
    parts : mapping of rewards to their weights, at least 0
    """

    def __init__(self, parts: Mapping[Reward, float]) -> None:
        self._parts = dict(parts)
        for part, weight in self._parts.items():
            if not (0.0 <= weight < np.inf):
                raise ValueError(f"the weight of {type(part).__name__} is {weight}: 0 or more")

    def reset(self, mask: Mask) -> None:
        """Begin anew where `mask`, shape (n,)."""
        for part in self._parts:
            part.reset(mask)

    def __call__(self, moment: Moment) -> Floats:
        """Return the reward, shape (n,)."""
        found = np.zeros(len(moment.equity))
        for part, weight in self._parts.items():
            found += weight * part(moment)
        return found


def usual() -> Mixture:
    """Return profit less costs, a penalty for drawdown, and a part of the Sharpe ratio."""
    return Mixture(
        {
            LogEquity(): 1.0,
            TurnoverPenalty(): 0.0001,
            DrawdownPenalty(): 0.5,
            DifferentialSharpe(): 0.05,
        }
    )


REWARDS: dict[str, Callable[[], Reward]] = {
    "log_equity": LogEquity,
    "sharpe": DifferentialSharpe,
    "sortino": Sortino,
    "calmar": Calmar,
    "mixture": usual,
}
"""By the name a configuration gives."""
