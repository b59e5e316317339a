"""The features of an open position: of the market now, of its entry, and of what lies between.

One function makes the rows that a model learns from and the one row that a bot asks about. What
has a direction is counted in the position's: a fall of the price is a gain to a short position, and
funding that longs pay is its income. A mirrored market so gives the same row to the other side,
but for ``side`` and ``return_since_entry`` (the market's own), which turn, and for the regimes,
which change places. Open interest has no direction.
"""

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.exit_facts import EntryFacts
from hydra_quant.heads.exit_market import Market
from hydra_quant.regimes.market import REGIMES
from hydra_quant.settings import SIGNALS
from hydra_quant.signals.signal import health

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NAMES: tuple[str, ...] = (
    *("side", "unrealised_pnl", "hours_in_position"),
    *("distance_to_stop", "distance_to_target", "distance_to_liquidation", "funding_paid"),
    "thesis_health",
    *(f"source_{name}" for name in SIGNALS),
    "original_confidence",
    *("funding_rate", "funding_rate_change", "oi_delta", "oi_delta_change"),
    *(f"regime_{name}" for name in REGIMES),
    "regime_changed",
    *("volatility", "volatility_change", "volatility_regime"),
    *("return_since_entry", "return_1h", "return_15m"),
    *("cascade_probability", "liq_velocity"),
)
VOLATILITY_NAMES = ("volatility", "volatility_change", "volatility_regime")
"""What a model that knows volatility alone is given: the yardstick of the exit predictor."""

MAINTENANCE = 0.005
"""Maintenance margin, share of the position: the lowest tier of the majors on Binance is 0.4 to
0.5 %, see its "Leverage & Margin" table."""


def thesis_health(market: Market, now: Ints, facts: EntryFacts) -> Floats:
    """Share of each position's thesis that still holds, shape (n_rows,); see `signal.health`."""
    return health(market.support[:, now], facts.support, facts.side)


def exit_features(
    market: Market, now: Ints, facts: EntryFacts, *, hours: Floats, funding: Floats
) -> Floats:
    """Features of positions at the close of candles `now`.

    Parameters
    ----------
    market : Market
    now : array of shape (n_rows,), row numbers
    facts : EntryFacts of the positions
    hours : array of shape (n_rows,), since entry
    funding : array of shape (n_rows,), fraction that longs paid since entry; `since_entry`
        returns both

    Returns
    -------
    array of shape (n_rows, n_features), columns `NAMES`; NaN where not known. PnL, returns since
    entry, distances (positive: not reached yet) and funding are fractions of the entry price,
    without leverage; ``return_1h`` and ``return_15m`` log returns; ``*_change`` are differences to
    the entry, of volatility the log of the ratio. Uses candles up to `now` only.
    """
    side = facts.side
    market_return = market.close[now] / facts.price - 1.0
    pnl = side * market_return
    regime, changed = _regimes(market.regime[now], facts.regime)
    with np.errstate(divide="ignore", invalid="ignore"):
        wilder = np.log(market.volatility[now] / facts.volatility)
    columns = {
        "side": side,
        "unrealised_pnl": pnl,
        "hours_in_position": hours,
        "distance_to_stop": facts.stop_distance + pnl,
        "distance_to_target": facts.expected_return - pnl,
        "distance_to_liquidation": liquidation_distance(side, facts.leverage) + pnl,
        "funding_paid": side * funding,
        "thesis_health": thesis_health(market, now, facts),
        **{f"source_{name}": facts.source == i for i, name in enumerate(SIGNALS)},
        "original_confidence": facts.confidence,
        "funding_rate": side * market.funding_rate[now],
        "funding_rate_change": side * (market.funding_rate[now] - facts.funding_rate),
        "oi_delta": market.oi_delta[now],
        "oi_delta_change": market.oi_delta[now] - facts.oi_delta,
        **{f"regime_{name}": regime[i] for i, name in enumerate(REGIMES)},
        "regime_changed": changed,
        "volatility": market.volatility[now],
        "volatility_change": np.where(np.isfinite(wilder), wilder, np.nan),
        "volatility_regime": market.volatility_regime[now],
        "return_since_entry": market_return,
        "return_1h": side * market.return_1h[now],
        "return_15m": side * market.return_15m[now],
        "cascade_probability": market.cascade_probability[now],
        "liq_velocity": market.liq_velocity[now],
    }
    return np.stack([columns[name] for name in NAMES], axis=1).astype(np.float64)


def liquidation_distance(side: Floats, leverage: Floats) -> Floats:
    """How far price may go against an isolated position before it is liquidated.

    Solves *margin + PnL = maintenance margin of what the position is worth then* for the price;
    fees and funding are not counted.

    Returns
    -------
    array of the shape of `side`: fraction of the entry price, positive.
    """
    return np.asarray(side * (1.0 - (1.0 - side / leverage) / (1.0 - side * MAINTENANCE)))


def _regimes(now: Ints, entry: Ints) -> tuple[Floats, Floats]:
    """One row a regime, and whether it is another than at entry; NaN where not known."""
    each = (now == np.arange(len(REGIMES))[:, None]).astype(float)
    changed = np.where((now >= 0) & (entry >= 0), now != entry, np.nan)
    return np.where(now >= 0, each, np.nan), changed
