"""Rewards for growth over its risk, as differences of a ratio of the whole episode so far."""

import numpy as np

from hydra_quant.ledger.state import Floats
from hydra_quant.rl.moments import Kept, Moment, deepest, gained, grown


class _Ratio(Kept):
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


class Calmar(Kept):
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
