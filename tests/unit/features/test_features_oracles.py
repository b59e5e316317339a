"""The catalog against pandas (every column) and TA-Lib (every indicator it knows)."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import talib
from support.laws import BAR_MINUTES, frame, random_candles

from hydra_quant.features import catalog
from hydra_quant.features.decay import SEED_MEMORY

CANDLES = random_candles(4_000, seed=3)
TABLE = catalog.compute(frame(CANDLES), bar_minutes=BAR_MINUTES)
O, H, L, C, V = (CANDLES[name] for name in ("open", "high", "low", "close", "volume"))  # noqa: E741

EXACT = 1e-8
SEEDED = 100 * SEED_MEMORY
"""Recursive oracles remember their start; a feature is a difference of such averages."""


def _pandas_table():
    path = Path(__file__).parents[3] / "bench" / "pandas_features.py"
    spec = importlib.util.spec_from_file_location("pandas_features", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pandas_features(frame(CANDLES), BAR_MINUTES)


PANDAS = _pandas_table()
RECURSIVE = ("ema", "macd", "rsi", "atr", "adx", "di_14", "force_index_ema")


def allowed(name):
    """Difference allowed, in standard deviations of the feature."""
    return SEEDED if any(part in name for part in RECURSIVE) else EXACT


def test_pandas_knows_every_column():
    assert set(PANDAS) == set(TABLE)


@pytest.mark.parametrize("name", list(TABLE))
def test_agrees_with_pandas(name):
    ours, theirs = TABLE[name].to_numpy(), PANDAS[name].to_numpy()
    lookback = catalog.CATALOG[name].lookback
    assert np.isfinite(theirs[lookback:]).all()
    atol = allowed(name) * np.nanstd(ours)
    np.testing.assert_allclose(ours[lookback:], theirs[lookback:], rtol=0.0, atol=atol)


def talib_columns():
    macd, signal, histogram = talib.MACD(C, 12, 26, 9)
    slow_k, slow_d = talib.STOCH(H, L, C, 14, 3, 0, 3, 0)
    upper, middle, lower = talib.BBANDS(C, 20, 2.0, 2.0)
    columns = {
        "atr_14": talib.ATR(H, L, C, 14),
        "adx_14": talib.ADX(H, L, C, 14),
        "plus_di_14": talib.PLUS_DI(H, L, C, 14),
        "minus_di_14": talib.MINUS_DI(H, L, C, 14),
        "macd": macd,
        "macd_signal": signal,
        "macd_histogram": histogram,
        "stochastic_k": slow_k,
        "stochastic_d": slow_d,
        "williams_r_14": talib.WILLR(H, L, C, 14),
        "bollinger_width_20": (upper - lower) / middle,
        "bollinger_position_20": (C - lower) / (upper - lower),
        "obv_50": talib.OBV(C, V) - np.r_[np.full(50, np.nan), talib.OBV(C, V)[:-50]],
    }
    for n in (9, 14, 21):
        columns[f"rsi_{n}"] = talib.RSI(C, n)
    for n in (5, 10, 20):
        columns[f"roc_{n}"] = talib.ROC(C, n)
    for n in (5, 10, 20, 50, 200):
        columns |= {f"sma_{n}": talib.SMA(C, n), f"ema_{n}": talib.EMA(C, n)}
    for n in (20, 50):
        columns |= {f"channel_high_{n}": talib.MAX(H, n), f"channel_low_{n}": talib.MIN(L, n)}
    for n in (20, 60):
        columns[f"slope_{n}"] = talib.LINEARREG_SLOPE(C, n) / C
        columns[f"slope_residual_{n}"] = 1.0 - talib.LINEARREG(C, n) / C
    return columns


@pytest.mark.parametrize(("name", "theirs"), talib_columns().items(), ids=talib_columns())
def test_agrees_with_talib(name, theirs):
    ours = TABLE[name].to_numpy()
    rows = slice(max(catalog.CATALOG[name].lookback, 1_000), None)  # TA-Lib's own seeds have faded
    atol = allowed(name) * np.nanstd(ours)
    np.testing.assert_allclose(ours[rows], theirs[rows], rtol=0.0, atol=atol)


def test_the_oracle_would_notice_a_window_off_by_one():
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(TABLE["sma_20"][60:], talib.SMA(C, 21)[60:], rtol=1e-6)
