"""The alpha set: one row a feature, and the only list of them.

A row added here is offered to every model and is held to every law by the tests. ``startup`` counts
are derived from :func:`lookback`, never typed in. :func:`compute` turns candles into columns.
"""

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches

import pandas as pd

from hydra_quant.features import (
    averages,
    balance,
    calendar,
    candle_shape,
    channels,
    comovement,
    distribution,
    flow,
    liquidity,
    momentum,
    regression,
    returns,
    series,
    volatility,
)
from hydra_quant.features.compute import compute_rows
from hydra_quant.features.decay import ema_rows, wilder_rows
from hydra_quant.features.errors import FeatureError
from hydra_quant.features.feature import Feature, Scaling
from hydra_quant.features.windows import Array

__all__ = ["CATALOG", "Feature", "FeatureError", "Scaling", "compute", "lookback", "names"]

FREE, PRICE, VOLUME, VALUE = Scaling(0, 0), Scaling(1, 0), Scaling(0, 1), Scaling(1, 1)

O, H, L, C, V = (("open",), ("high",), ("low",), ("close",), ("volume",))  # noqa: E741
RANGE, BAR = H + L + C, O + H + L + C

RETURN_ROWS = (1, 5, 10, 20, 60)
AVERAGE_ROWS = (5, 10, 20, 50, 200)
CHANNEL_ROWS = (20, 50)
VOLUME_ROWS = (5, 10, 20)
VOLATILITY_ROWS = (10, 20, 30, 60)
ALPHA_ROWS = (20, 60)  # windows of the Alpha158 families
OBV_ROWS = 50
MACD = (12, 26, 9)
PARTS = ("body", "upper_wick", "lower_wick", "shift")

Table = Iterator[Feature]


def _rows(
    pattern: str,
    function: Callable[..., Array],
    parameters: Iterable[int | str | tuple[int | str, ...]],
    needs: tuple[str, ...],
    lookback: Callable[..., int] | int,
    unit: str,
    scaling: Scaling = FREE,
    flat: float | None = 0.0,
) -> Table:
    """One row per set of parameters; `pattern` and `lookback` take the parameters."""
    family = function.__module__.rpartition(".")[2]
    for given in parameters:
        chosen = given if isinstance(given, tuple) else (given,)
        rows = lookback if isinstance(lookback, int) else lookback(*chosen)
        name = pattern.format(*chosen)
        yield Feature(name, function, chosen, needs, rows, unit, family, scaling, flat)


def _one(
    name: str,
    function: Callable[..., Array],
    needs: tuple[str, ...],
    lookback: int,
    unit: str,
    scaling: Scaling = FREE,
    flat: float | None = 0.0,
    parameters: tuple[int | str, ...] = (),
) -> Table:
    return _rows(name, function, [parameters], needs, lookback, unit, scaling, flat)


def _itself(n: int) -> int:
    """Looks at the close `n` candles ago."""
    return n


def _window(n: int, *_: object) -> int:
    """Looks at `n` candles, this one included."""
    return n - 1


def _ema(span: int) -> int:
    return ema_rows(span) - 1


def _wilder(period: int) -> int:
    """Wilder's smoothing of a quantity that looks at the previous candle."""
    return wilder_rows(period)


def _returns() -> Table:
    yield from _rows("return_{}", series.simple_return, RETURN_ROWS, C, _itself, "share")
    yield from _rows("log_return_{}", series.log_return, RETURN_ROWS, C, _itself, "log")
    yield from _rows("roc_{}", returns.roc, (5, 10, 20), C, _itself, "%")


def _averages() -> Table:
    own, against = averages.sma, averages.price_vs_sma
    yield from _rows("sma_{}", own, AVERAGE_ROWS, C, _window, "quote", PRICE, None)
    yield from _rows("ema_{}", averages.ema, AVERAGE_ROWS, C, _ema, "quote", PRICE, None)
    yield from _rows("price_vs_sma_{}", against, AVERAGE_ROWS, C, _window, "share")
    yield from _rows("price_vs_ema_{}", averages.price_vs_ema, AVERAGE_ROWS, C, _ema, "share")
    vwap = averages.price_vs_vwap
    yield from _rows("price_vs_vwap_{}", vwap, CHANNEL_ROWS, RANGE + V, _window, "share")


def _channels() -> Table:
    high, low, position = series.highest, series.lowest, channels.position
    yield from _rows("channel_high_{}", high, CHANNEL_ROWS, H, _window, "quote", PRICE, None)
    yield from _rows("channel_low_{}", low, CHANNEL_ROWS, L, _window, "quote", PRICE, None)
    yield from _rows("channel_position_{}", position, CHANNEL_ROWS, RANGE, _window, "0-1", flat=0.5)
    yield from _rows("williams_r_{}", channels.williams_r, [14], RANGE, _window, "-100-0", flat=-50)
    yield from _one(
        "stochastic_k", channels.stochastic_k, RANGE, 15, "0-100", flat=50.0, parameters=(14, 3)
    )
    yield from _one(
        "stochastic_d", channels.stochastic_d, RANGE, 17, "0-100", flat=50.0, parameters=(14, 3, 3)
    )


def _flow() -> Table:
    yield from _rows(
        "volume_ratio_{}", flow.volume_ratio, VOLUME_ROWS, V, _window, "times", flat=1.0
    )
    yield from _rows("obv_{}", flow.obv, [OBV_ROWS], C + V, _itself, "base", VOLUME)
    yield from _rows(
        "obv_{}_ema_{}", flow.obv_ema, [(OBV_ROWS, 10)], C + V, OBV_ROWS + _ema(10), "base", VOLUME
    )
    yield from _one("volume_x_return", flow.volume_return, C + V, 1, "base", VOLUME)
    yield from _one("force_index", flow.force_index, C + V, 1, "quote value", VALUE)
    yield from _rows(
        "force_index_ema_{}", flow.force_index_ema, [13], C + V, ema_rows(13), "quote value", VALUE
    )
    yield from _one("bar_imbalance", flow.bar_imbalance, O + C + V, 0, "base", VOLUME)
    yield from _rows(
        "bar_imbalance_sum_{}", flow.bar_imbalance_sum, [10], O + C + V, _window, "base", VOLUME
    )


def _volatility() -> Table:
    realized, yearly = volatility.realized, "share a year"
    yield from _rows("realized_volatility_{}", realized, VOLATILITY_ROWS, C, _itself, yearly)
    yield from _rows("parkinson_{}", volatility.parkinson, (10, 20), H + L, _window, yearly)
    yield from _rows("vol_of_vol_{}", volatility.vol_of_vol, [20], C, 10 + 20 - 1, yearly)
    yield from _rows("atr_{}", volatility.atr, [14], RANGE, _wilder, "quote", PRICE)
    yield from _rows("atr_share_{}", volatility.atr_share, [14], RANGE, _wilder, "share")
    yield from _rows("bollinger_width_{}", volatility.bollinger_width, [20], C, _window, "share")
    position = volatility.bollinger_position
    yield from _rows("bollinger_position_{}", position, [20], C, _window, "0-1", flat=0.5)
    yield from _one("high_low_spread", volatility.spread, RANGE, 0, "share")
    yield from _rows("high_low_spread_{}", volatility.spread_mean, [20], RANGE, _window, "share")


def _liquidity() -> Table:
    unit, scaling = "log per million quote", Scaling(-1, -1)
    yield from _one("amihud", liquidity.amihud, C + V, 1, unit, scaling)
    yield from _rows("amihud_{}", liquidity.amihud_mean, [20], C + V, _itself, unit, scaling)


def _momentum() -> Table:
    slow, signal = _ema(MACD[1]), _ema(MACD[1]) + _ema(MACD[2])
    yield from _rows("rsi_{}", momentum.rsi, (9, 14, 21), C, _wilder, "0-100", flat=50.0)
    yield from _one("macd", momentum.macd, C, slow, "quote", PRICE, parameters=MACD[:2])
    yield from _one("macd_signal", momentum.macd_signal, C, signal, "quote", PRICE, parameters=MACD)
    yield from _one(
        "macd_histogram", momentum.macd_histogram, C, signal, "quote", PRICE, parameters=MACD
    )
    yield from _rows("plus_di_{}", momentum.plus_di, [14], RANGE, _wilder, "0-100")
    yield from _rows("minus_di_{}", momentum.minus_di, [14], RANGE, _wilder, "0-100")
    yield from _rows("adx_{}", momentum.adx, [14], H + L, 2 * wilder_rows(14) - 1, "0-100")


def _calendar() -> Table:
    units = {
        "hour": "0-23",
        "weekday": "0-6, Monday 0",
        "hour_sin": "-1-1",
        "hour_cos": "-1-1",
        "weekday_sin": "-1-1",
        "weekday_cos": "-1-1",
        "session_asia": "flag",
        "session_europe": "flag",
        "session_us": "flag",
    }
    for name, unit in units.items():
        yield from _rows("{}", calendar.by_week, [name], (), 0, unit, flat=None)
    yield from _one("day_of_month", calendar.day_of_month, (), 0, "1-31", flat=None)


def _candle_shape() -> Table:
    yield from _rows("{}_of_open", candle_shape.of_open, PARTS, BAR, 0, "share")
    yield from _rows("{}_of_range", candle_shape.of_range, PARTS, BAR, 0, "-1-1")


def _regression() -> Table:
    yield from _rows("slope_{}", regression.slope, ALPHA_ROWS, C, _window, "share a candle")
    yield from _rows("slope_fit_{}", regression.fit, ALPHA_ROWS, C, _window, "0-1")
    yield from _rows("slope_residual_{}", regression.residual, ALPHA_ROWS, C, _window, "share")
    yield from _rows("close_std_{}", regression.close_std, ALPHA_ROWS, C, _window, "share")


def _distribution() -> Table:
    age, quantile = "candles", distribution.quantile
    for side in distribution.SHARES:
        chosen = [(rows, side) for rows in ALPHA_ROWS]
        yield from _rows("{1}_quantile_{0}", quantile, chosen, C, _window, "share")
    yield from _rows("rank_{}", distribution.rank, ALPHA_ROWS, C, _window, "0-1", flat=0.5)
    yield from _rows(
        "bars_since_high_{}", distribution.bars_since_high, ALPHA_ROWS, H, _window, age
    )
    yield from _rows("bars_since_low_{}", distribution.bars_since_low, ALPHA_ROWS, L, _window, age)


def _balance() -> Table:
    yield from _rows("up_share_{}", balance.up_share, ALPHA_ROWS, C, _itself, "0-1")
    yield from _rows("down_share_{}", balance.down_share, ALPHA_ROWS, C, _itself, "0-1")
    yield from _rows("gain_share_{}", balance.gain_share, ALPHA_ROWS, C, _itself, "0-1", flat=0.5)
    gains = balance.volume_gain_share
    yield from _rows("volume_gain_share_{}", gains, ALPHA_ROWS, V, _itself, "0-1", flat=0.5)
    yield from _rows("volume_cv_{}", balance.volume_cv, ALPHA_ROWS, V, _window, "times")
    yield from _rows("impact_cv_{}", balance.impact_cv, ALPHA_ROWS, C + V, _itself, "times")


def _comovement() -> Table:
    together, changes = comovement.price_volume, comovement.return_volume
    yield from _rows("price_volume_corr_{}", together, ALPHA_ROWS, C + V, _window, "-1-1")
    yield from _rows("return_volume_corr_{}", changes, ALPHA_ROWS, C + V, _itself, "-1-1")


_TABLES = (
    _returns, _averages, _channels, _flow, _volatility, _liquidity, _momentum, _calendar,
    _candle_shape, _regression, _distribution, _balance, _comovement,
)  # fmt: skip

CATALOG: dict[str, Feature] = {row.name: row for table in _TABLES for row in table()}
"""Every feature by name, in the order of its columns."""


def names(families: Iterable[str] | None = None) -> tuple[str, ...]:
    """Names of all features, or of those in `families`, in catalog order.

    Raises
    ------
    FeatureError
        A family that does not exist.
    """
    if families is None:
        return tuple(CATALOG)
    wanted, known = set(families), {row.family for row in CATALOG.values()}
    if unknown := sorted(wanted - known):
        raise FeatureError(
            f"no feature family {unknown[0]!r}: there are {', '.join(sorted(known))}"
        )
    return tuple(name for name, row in CATALOG.items() if row.family in wanted)


def lookback(names: Iterable[str] | None = None) -> int:
    """Candles before the first row on which all of `names` (default: all) have a value.

    Raises
    ------
    FeatureError
        A name that is not in the catalog.
    """
    return max((row.lookback for row in rows(names)), default=0)


def rows(names: Iterable[str] | None = None) -> tuple[Feature, ...]:
    """Catalog rows of `names` (default: all), in that order.

    Raises
    ------
    FeatureError
        A name that is not in the catalog, or one given twice.
    """
    wanted = tuple(CATALOG) if names is None else tuple(names)
    for name in wanted:
        if name not in CATALOG:
            near = get_close_matches(name, CATALOG, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "see hydra_quant.features.catalog"
            raise FeatureError(f"no feature {name!r}: {hint}")
        if wanted.count(name) > 1:
            raise FeatureError(f"feature {name!r} is asked for twice: name it once")
    return tuple(CATALOG[name] for name in wanted)


def compute(
    frame: pd.DataFrame, names: Iterable[str] | None = None, *, bar_minutes: float
) -> pd.DataFrame:
    """Features of one pair's candles.

    Parameters
    ----------
    frame : candles, oldest first: ``date`` (UTC, opening time), and of ``open high low close``
        (quote currency) and ``volume`` (base currency) those that the features need; other columns
        are ignored, nothing is changed
    names : features to compute; default all
    bar_minutes : length of a candle in minutes; annualises volatility over 365 days

    Returns
    -------
    float64 frame with the index of `frame` and exactly the columns `names`, in that order. The
    first ``CATALOG[name].lookback`` rows of a column are NaN. A row depends on its own candle and
    on ``lookback`` candles before it and on nothing else: more history does not change it by one
    bit. A NaN candle makes NaN at most the rows that look back at it. A price that is not positive
    and an infinite or negative value count as NaN; there is never an infinite result.

    Raises
    ------
    FeatureError
        Missing column, dates not UTC or not strictly increasing, unknown name.
    """
    return compute_rows(frame, rows(names), bar_minutes)
