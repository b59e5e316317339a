"""One candle in question after a calm market: what a single behavioural signal reads, by hand."""

import numpy as np
from pandas import DataFrame

BEFORE = 266
NOTHING = {
    "funding_rate": 1e-4,
    "funding_rate_low": -5e-4,
    "funding_rate_high": 5e-4,
    "funding_annualized": 0.1095,
    "funding_momentum": 0.0,
    "oi_delta_pct": 0.0,
    "oi_delta_pct_low": -0.02,
    "oi_delta_pct_high": 0.02,
    "long_share": 0.5,
    "long_share_low": 0.35,
    "long_share_high": 0.65,
    "liq_velocity": 0.0,
    "liq_velocity_low": 0.0,
    "liq_velocity_high": 0.002,
    "liq_imbalance": 0.0,
}


def situation(move: float, **now: float) -> DataFrame:
    """Candles of four hours whose log returns are ±1 % in turn; the last one is `move` usual moves.

    Open is the close before, high and low are the ends of the body; `now` replaces columns of
    `NOTHING` on the last candle (a ``<name>_low`` or ``<name>_high`` on all), and `low` or `high`
    its far end.
    """
    returns = np.r_[np.tile([0.01, -0.01], BEFORE // 2), 0.01 * move]
    close = 100 * np.exp(np.cumsum(returns))
    opened = np.r_[100.0, close[:-1]]
    frame = DataFrame(
        {
            "open": opened,
            "high": np.maximum(opened, close),
            "low": np.minimum(opened, close),
            "close": close,
        }
        | {name: np.full(len(close), value) for name, value in NOTHING.items()}
    )
    for name, value in now.items():
        if name.endswith(("_low", "_high")):
            frame[name] = value
        else:
            frame.loc[len(frame) - 1, name] = value
    return frame
