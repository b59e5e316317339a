"""Ten candles a trader can check with a pocket calculator: tests/golden/candles.csv."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hydra_quant.features import catalog

GOLDEN = Path(__file__).parents[2] / "golden" / "candles.csv"
EXPECTED = pd.read_csv(GOLDEN, comment="#", skipinitialspace=True)
CANDLES = EXPECTED.assign(
    date=pd.date_range("2024-01-05 21:00", periods=len(EXPECTED), freq="1h", tz="UTC")
)
NAMES = [name for name in EXPECTED if name in catalog.CATALOG]


@pytest.mark.parametrize("name", NAMES)
def test_column(name):
    values = catalog.compute(CANDLES, [name], bar_minutes=60)[name]
    np.testing.assert_allclose(values, EXPECTED[name], atol=5e-5)


def test_the_table_holds_what_it_is_meant_to_show():
    assert len(NAMES) == 12


def test_weighted_averages_by_hand():
    """RSI-9 and ATR-14 of a market that steps: +2 and -1 in turn, range 3, no gaps."""
    step = np.where(np.arange(400) % 2 == 0, 2.0, -1.0)
    close = 100.0 + np.cumsum(step)
    opened = close - step
    high, low = np.maximum(opened, close) + 0.5, np.minimum(opened, close) - 0.5
    candles = CANDLES.iloc[[0]].reindex(range(400)).assign(
        date=pd.date_range("2024-01-01", periods=400, freq="1h", tz="UTC"),
        open=opened, high=high, low=low, close=close, volume=1.0,
    )  # fmt: skip
    table = catalog.compute(candles, ["rsi_9", "atr_14"], bar_minutes=60)
    # Wilder's averages settle on a two-step cycle: x after the step, x·d before it, d = 1 - 1/n.
    up_after_rise, down_after_fall = 2.0 / (1.0 + 8.0 / 9.0), 1.0 / (1.0 + 8.0 / 9.0)
    rsi = 100.0 * up_after_rise / (up_after_rise + down_after_fall * 8.0 / 9.0)
    assert table["rsi_9"].iloc[-2] == pytest.approx(rsi, abs=1e-4)  # row 398 rose
    wide_after_wide = (3.0 + 2.0 * 13.0 / 14.0) / (1.0 + 13.0 / 14.0)  # ranges 3 and 2 in turn
    assert table["atr_14"].iloc[-2] == pytest.approx(wide_after_wide, abs=1e-4)
