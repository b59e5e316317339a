"""What sentiment confirmed by volume said hour by hour, and what followed in its direction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.memory.series import HOUR_MS
from hydra_quant.sentiment.headlines import HOURS, returns_after
from hydra_quant.sentiment.rank import BLOCK_S
from hydra_quant.settings import Sentiment
from hydra_quant.signals.sentiment_volume import VARIANTS, volume_change
from hydra_quant.validation.block_bootstrap import Interval, intervals

Floats = NDArray[np.float64]
COST = 0.001
"""Round trip that each signal pays: 10 bp."""
ANY_HOUR = "long, any hour"


@dataclass(frozen=True)
class Spoken:
    """One way to trade on it.

    Attributes
    ----------
    long, short : int
        Hours in which it is a signal.
    share : float
        Of the hours that have a sentiment.
    net_bp : dict of Interval by hours held
        Mean return in its direction after costs, basis points.
    """

    long: int
    short: int
    share: float
    net_bp: Mapping[int, Interval]

    def as_json(self) -> dict[str, Any]:
        """Plain values; what is not known is null."""
        net = {
            f"net_bp_{hours}h": {
                key: value if np.isfinite(value) else None for key, value in of._asdict().items()
            }
            for hours, of in self.net_bp.items()
        }
        return {"long": self.long, "short": self.short, "share": self.share, **net}


def hours_of(candles: DataFrame, sentiment: Floats) -> DataFrame:
    """A pair's hours with a sentiment: close (epoch ms), mood, change of volume, what followed.

    Parameters
    ----------
    candles : hourly, oldest first, without holes
    sentiment : array of shape (n_candles,), as of each close
    """
    closes = pd.DatetimeIndex(candles["date"]).as_unit("ms").asi8 + HOUR_MS
    change = volume_change(candles["volume"].to_numpy(float), 60)
    _, returns = returns_after(closes, candles)
    rows = DataFrame({"close": closes, "sentiment": sentiment, "change": change, **returns})
    return rows[rows["sentiment"].notna() & rows["change"].notna()]


def spoken(hours: DataFrame, settings: Sentiment, *, draws: int, seed: int) -> dict[str, Spoken]:
    """Both variants and, to compare, being long in every hour that has a sentiment."""
    mood, change = hours["sentiment"].to_numpy(float), hours["change"].to_numpy(float)
    found = {}
    for name, variant in VARIANTS.items():
        value = variant(mood, change, settings)
        side = np.where(np.abs(value) > settings.signal_beyond, np.sign(value), 0.0)
        found[name] = _measure(hours, side, draws, seed)
    found[ANY_HOUR] = _measure(hours, np.ones(len(hours)), draws, seed)
    return found


def _measure(hours: DataFrame, side: Floats, draws: int, seed: int) -> Spoken:
    net = {
        held: _mean(
            side * hours[f"return_{held}h"].to_numpy(float) - COST, side, hours, draws, seed
        )
        for held in HOURS
    }
    share = float((side != 0).mean()) if len(side) else 0.0
    return Spoken(int((side > 0).sum()), int((side < 0).sum()), share, net)


def _mean(net: Floats, side: Floats, hours: DataFrame, draws: int, seed: int) -> Interval:
    """In basis points, over weeks drawn again."""
    taken = (side != 0) & np.isfinite(net)
    if not taken.any():
        return Interval(np.nan, np.nan, np.nan)
    earned = 1e4 * net[taken]
    return intervals(
        lambda weight: {"mean": weight @ earned / weight.sum(axis=-1)},
        hours["close"].to_numpy(np.int64)[taken] // 1000,
        block_seconds=BLOCK_S, draws=draws, seed=seed,
    )["mean"]  # fmt: skip
