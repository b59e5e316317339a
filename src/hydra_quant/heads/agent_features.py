"""What an agent sees of a candle: the sequence set, and what HYDRA thinks of the market.

Prices and indicators must be known. Where positioning or a thought is not, its value is 0 and a
column beside it says so.
"""

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.heads import sequence_features
from hydra_quant.regimes.market import REGIMES

Floats = NDArray[np.float64]

POSITIONING = (
    *("funding_rate", "oi_delta_pct", "orderbook_imbalance", "liquidation_imbalance"),
    "taker_imbalance",
)
MARKET = tuple(name for name in sequence_features.NAMES if name not in POSITIONING)
THOUGHTS = ("cascade_probability", "volatility_regime", "signal", "score")
"""``signal``: side times confidence of the strongest signal, 0 where none fires; ``score``: side
times how much better than even its chances are, -1 to 1."""

NAMES = (
    *MARKET,
    *POSITIONING,
    *THOUGHTS,
    *(f"known_{name}" for name in (*POSITIONING, *THOUGHTS)),
    *(f"regime_{name}" for name in REGIMES),
)
"""In the order in which an agent is given them."""


def agent_features(frame: DataFrame, candle_minutes: int) -> DataFrame:
    """The features of every candle.

    Parameters
    ----------
    frame : DataFrame
        A thinking frame as `sequence_features` wants it, with `heads.think.THOUGHTS` and
        ``hydra_score`` (NaN where no signal fires).
    candle_minutes : int

    Returns
    -------
    DataFrame with the frame's index and the columns `NAMES`, float64
        NaN only where a price or an indicator is not known. ``regime_*``: 1 for the market's
        regime, all 0 while it is not known. A row uses itself and the rows that the frame's own
        columns and `sequence_features.lookback` need.
    """
    sequence = sequence_features.sequence_features(frame, candle_minutes)
    thoughts = _thoughts(frame)
    found: dict[str, Floats] = {name: sequence[name].to_numpy(float) for name in MARKET}
    optional = {name: sequence[name].to_numpy(float) for name in POSITIONING} | thoughts
    found |= {name: np.where(np.isfinite(x), x, 0.0) for name, x in optional.items()}
    found |= {f"known_{name}": np.isfinite(x).astype(float) for name, x in optional.items()}
    regime = frame["regime"].to_numpy()
    found |= {f"regime_{name}": (regime == at).astype(float) for at, name in enumerate(REGIMES)}
    return DataFrame({name: found[name] for name in NAMES}, index=frame.index)


def lookback() -> int:
    """Candles before its own that a row uses, beside those of the frame's columns."""
    return sequence_features.lookback()


def _thoughts(frame: DataFrame) -> dict[str, Floats]:
    side = frame["signal_side"].to_numpy(float)
    heard = frame["signal_known"].to_numpy(bool)
    confidence = np.where(side == 0, 0.0, frame["signal_confidence"].to_numpy(float))
    score = np.where(side == 0, 0.5, frame["hydra_score"].to_numpy(float))
    return {
        "cascade_probability": frame["cascade_probability"].to_numpy(float),
        "volatility_regime": frame["volatility_regime"].to_numpy(float),
        "signal": np.where(heard, side * confidence, np.nan),
        "score": np.where(heard, side * (2.0 * score - 1.0), np.nan),
    }
