"""What an agent is paid for a candle, as small parts that can be added up.

Every part is a difference ``after - before`` of a number that hangs on the path of the equity
since the episode began, or a cost. So, whatever the agent does:

- to be out of the market pays exactly 0, after losses too;
- a fee taken out of a candle's equity never raises that candle's reward;
- the rewards of an episode sum to at most 0 where it ended without profit: there is no cycle of
  actions that pays. (Ratios of Sharpe and Sortino over a moving window lack this: resting
  after a loss lets them rise.)
"""

from collections.abc import Callable, Mapping

import numpy as np

from hydra_quant.ledger.state import Floats
from hydra_quant.rl.moments import LEAST, Kept, Mask, Moment, Reward, deepest, gained
from hydra_quant.rl.ratios import Calmar, DifferentialSharpe, Sortino

__all__ = [
    "REWARDS",
    "Calmar",
    "DifferentialSharpe",
    "DrawdownPenalty",
    "LogEquity",
    "Mixture",
    "Moment",
    "Reward",
    "Sortino",
    "TurnoverPenalty",
    "usual",
]


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


class DrawdownPenalty(Kept):
    """Minus what the candle has deepened the deepest drawdown of the episode by.

    Drawdown as the log of peak over equity.
    """

    _names = ("deepest",)

    def __call__(self, moment: Moment) -> Floats:
        """Return the reward, shape (n,), never above 0."""
        return 0.0 - self._paid("deepest", deepest(self._of("deepest", moment.equity), moment))


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
