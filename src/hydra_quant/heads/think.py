"""From candles with positioning to what HYDRA thinks of them: state, signals, regime."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.regimes import cascade, market, volatility
from hydra_quant.regimes.cascade import PRIOR, Bools, CascadeModel
from hydra_quant.settings import Settings
from hydra_quant.signals import behavioural
from hydra_quant.signals.signal import Signal

Floats = NDArray[np.float64]
THOUGHTS = (
    *("volatility_regime", "cascade_probability", "cascade_alarm"),
    *("signal_source", "signal_side"),
    *("signal_confidence", "expected_return", "expected_adverse_excursion"),
    *("signal_holding_minutes", "signal_known", "regime"),
)


def think(
    frame: DataFrame,
    settings: Settings,
    candle_minutes: int,
    model: CascadeModel = PRIOR,
    answers: Bools | None = None,
) -> DataFrame:
    """What HYDRA thinks of each candle.

    Parameters
    ----------
    frame : DataFrame
        Candles (date, open, high, low, close, volume), oldest first, with the columns of
        `positioning.names.ADDED`; a column that is missing counts as not known.
    settings : Settings
    candle_minutes : int
    model : CascadeModel
        Tells the probability of a cascade.
    answers : array of shape (n_candles,)
        Which candles that model may answer (those that it did not learn from); the others get the
        prior's probability. None: all.

    Returns
    -------
    DataFrame with the frame's index
        `THOUGHTS` and ``thesis_<part>`` for every part that a signal rests on. ``signal_source``
        is an index into `settings.SIGNALS` (-1: silent), ``regime`` one into
        `regimes.market.REGIMES` (-1: warming up). Each row uses that row and older ones only.
    """
    close = frame["close"].to_numpy(float)
    frame = frame.assign(volatility_regime=volatility.volatility_regime(close, settings.regimes))
    told = cascade.told(frame, candle_minutes, model, answers)
    frame = frame.assign(cascade_probability=told.probability, cascade_alarm=told.alarm)
    signals = behavioural.fire(frame, settings.signals, candle_minutes)
    chosen = behavioural.strongest(signals)
    added = {
        "volatility_regime": frame["volatility_regime"].to_numpy(float),
        "cascade_probability": told.probability,
        "cascade_alarm": told.alarm,
        "signal_source": chosen.source,
        "signal_side": chosen.side,
        "signal_confidence": chosen.confidence,
        "expected_return": chosen.expected_return,
        "expected_adverse_excursion": chosen.expected_adverse,
        "signal_holding_minutes": chosen.holding_minutes,
        "signal_known": chosen.known,
        "regime": market.rule_regime(frame, settings.regimes, settings.signals),
        **{f"thesis_{part}": support for part, support in _theses(signals)},
    }
    return DataFrame(added, index=frame.index)


def lookback(settings: Settings, candle_minutes: int) -> int:
    """Leading candles that the thoughts of a candle depend on."""
    return max(
        volatility.lookback(settings.regimes),
        cascade.lookback(candle_minutes),
        behavioural.lookback(settings.signals, candle_minutes),
        market.lookback(settings.regimes, settings.signals, candle_minutes),
    )


def _theses(signals: dict[str, Signal]) -> Iterator[tuple[str, Floats]]:
    """Every part once; signals that share a part mean the same by it."""
    parts: dict[str, Floats] = {}
    for signal in signals.values():
        parts.update(signal.thesis)
    yield from sorted(parts.items())
