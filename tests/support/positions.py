"""Candles with positioning beside them, drawn at random: what signals, regimes and heads read."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.positioning.names import ADDED, LEVELLED

Floats = NDArray[np.float64]
LIQUIDATED = (
    *("long_liquidations_usd", "short_liquidations_usd", "liq_imbalance", "liq_velocity"),
    *("liq_zscore", "liq_velocity_low", "liq_velocity_high"),
)


def crowded_frame(
    n: int, seed: int = 0, candle_minutes: int = 60, *, liquidations: bool = True
) -> DataFrame:
    """Return `n` candles with every column of `positioning.names.ADDED`, oldest first.

    Prices are a random walk with clustered volatility; funding, open interest and ratios are
    autoregressive and know nothing of the future. Levels are the 5 % and 95 % quantiles of the
    whole column (so that signals fire), which only a test may do.
    """
    rng = np.random.default_rng(seed)
    sigma = 0.004 * np.exp(0.5 * _persistent(rng, n, 0.97))
    close = 100 * np.exp(np.cumsum(sigma * rng.standard_normal(n)))
    opened = np.r_[close[:1], close[:-1]]
    spread = np.abs(rng.standard_normal((2, n))) * sigma * close / 2
    funding = 1e-4 + 2e-4 * _persistent(rng, n, 0.95)
    interest = 1e9 * np.exp(0.1 * _persistent(rng, n, 0.99))
    share = 1 / (1 + np.exp(-0.4 - 0.3 * _persistent(rng, n, 0.97)))
    step = max(1, 240 // candle_minutes)
    delta = np.full(n, np.nan)
    delta[step:] = interest[step:] / interest[:-step] - 1
    forced = 1e5 * np.exp(1.5 * rng.standard_normal((2, n)))
    velocity = forced.sum(axis=0) / interest
    every = max(1, 480 // candle_minutes)
    values: dict[str, Floats] = {
        "funding_rate": funding,
        "open_interest": interest / close,
        "open_interest_value": interest,
        "premium_index": 2e-4 * _persistent(rng, n, 0.9),
        "long_share": share,
        "top_position_long_share": 1 / (1 + np.exp(-0.3 * _persistent(rng, n, 0.97))),
        "taker_buy_share": 1 / (1 + np.exp(-0.1 * rng.standard_normal(n))),
        "long_liquidations_usd": forced[0],
        "short_liquidations_usd": forced[1],
        "ob_imbalance": np.tanh(rng.standard_normal(n)),
        "spread_bps": np.exp(rng.standard_normal(n)),
        "bid_depth_usd": 1e7 * np.exp(0.3 * rng.standard_normal(n)),
        "ask_depth_usd": 1e7 * np.exp(0.3 * rng.standard_normal(n)),
        "btc_mvrv_zscore": 2 + _persistent(rng, n, 0.999),
        "btc_sopr": 1 + 0.02 * _persistent(rng, n, 0.99),
        "funding_paid": np.where(np.arange(n) % every == every - 1, funding, 0.0),
        "funding_zscore": _standard(funding),
        "funding_annualized": funding * 3 * 365,
        "funding_momentum": funding - np.r_[np.full(step, np.nan), funding[:-step]],
        "oi_delta_pct": delta,
        "oi_delta_zscore": _standard(delta),
        "oi_zscore": _standard(interest),
        "long_share_zscore": _standard(share),
        "taker_share_zscore": rng.standard_normal(n),
        "premium_zscore": _persistent(rng, n, 0.9),
        "liq_imbalance": (forced[0] - forced[1]) / forced.sum(axis=0),
        "liq_velocity": velocity,
        "liq_zscore": _standard(velocity),
    }
    for name in LEVELLED:
        low, high = np.nanquantile(values[name], (0.05, 0.95))
        values[f"{name}_low"], values[f"{name}_high"] = np.full(n, low), np.full(n, high)
    if not liquidations:
        values |= {name: np.full(n, np.nan) for name in LIQUIDATED}
    candles = {
        "date": pd.date_range("2024-01-01", periods=n, freq=f"{candle_minutes}min", tz="UTC"),
        "open": opened,
        "high": np.maximum(opened, close) + spread[0],
        "low": np.minimum(opened, close) - spread[1],
        "close": close,
        "volume": 1e3 * np.exp(rng.standard_normal(n)),
    }
    return DataFrame(candles | {name: values[name] for name in ADDED})


def _persistent(rng: np.random.Generator, n: int, keep: float) -> Floats:
    """A first-order autoregression of unit variance."""
    noise = rng.standard_normal(n) * np.sqrt(1 - keep**2)
    out = np.empty(n)
    last = rng.standard_normal()
    for t in range(n):
        last = keep * last + noise[t]
        out[t] = last
    return out


def _standard(values: Floats) -> Floats:
    return (values - np.nanmean(values)) / np.nanstd(values)
