"""The 15 of a sequence: names in order, formulas by hand, unknown inputs, still markets."""

import numpy as np
import pytest
from support.positions import crowded_frame

from hydra_quant.heads.sequence_features import NAMES, PRICES, lookback, sequence_features

OF_CANDLES = (*PRICES, "return", "volatility", "rsi", "macd", "bollinger_position")
GIVEN = ("funding_rate", "oi_delta_pct", "ob_imbalance", "liq_imbalance", "taker_buy_share")


@pytest.fixture(scope="module")
def frame():
    return crowded_frame(700, 2, 60)


def decayed(values, span):
    """The usual exponential average, from the first value on."""
    mean, alpha = values[0], 2.0 / (span + 1.0)
    for value in values[1:]:
        mean += alpha * (value - mean)
    return mean


def test_the_names_are_the_specifications_in_its_order(frame):
    expected = [
        *("open", "high", "low", "close", "volume"),
        *("return", "volatility", "funding_rate", "oi_delta_pct"),
        *("orderbook_imbalance", "liquidation_imbalance"),
        *("rsi", "macd", "bollinger_position", "taker_imbalance"),
    ]
    assert list(NAMES) == expected
    assert len(NAMES) == 15
    assert tuple(expected[:5]) == PRICES
    found = sequence_features(frame, 60)
    assert list(found.columns) == expected
    assert (found.dtypes == np.float64).all()


def test_formulas_on_the_last_candle(frame):
    last = sequence_features(frame, 60).iloc[-1]
    opened, high, low, close, volume = (
        frame[name].to_numpy() for name in ("open", "high", "low", "close", "volume")
    )
    ranges = np.log(np.maximum(high[1:], close[:-1]) / np.minimum(low[1:], close[:-1]))
    unit = np.sqrt((ranges[-20:] ** 2).mean() / (4 * np.log(2)))
    assert last["volatility"] == pytest.approx(unit)
    assert last["open"] == pytest.approx(np.log(opened[-1] / close[-1]) / unit)
    assert last["high"] == pytest.approx(np.log(high[-1] / close[-1]) / unit)
    assert last["low"] == pytest.approx(np.log(low[-1] / close[-1]) / unit)
    assert last["close"] == pytest.approx(np.log(close[-1] / close[-20:].mean()) / unit)
    assert last["volume"] == pytest.approx(np.log(volume[-1] / volume[-20:].mean()))
    assert last["return"] == pytest.approx(np.log(close[-1] / close[-2]))
    slowly = np.sqrt(decayed(ranges**2, 26) / (4 * np.log(2)))
    line = np.log(decayed(close, 12) / decayed(close, 26))
    assert last["macd"] == pytest.approx(line / slowly, rel=1e-3)
    band = 2 * close[-20:].std()
    assert last["bollinger_position"] == pytest.approx((close[-1] - close[-20:].mean()) / band)


def test_what_is_given_is_handed_on(frame):
    found = sequence_features(frame, 60)
    for name, column in (
        *(("funding_rate", "funding_rate"), ("oi_delta_pct", "oi_delta_pct")),
        *(("orderbook_imbalance", "ob_imbalance"), ("liquidation_imbalance", "liq_imbalance")),
    ):
        np.testing.assert_array_equal(found[name], frame[column])
    share = frame["taker_buy_share"].to_numpy()
    expected = (share - (1 - share)) / (share + (1 - share))
    np.testing.assert_allclose(found["taker_imbalance"], expected, atol=1e-15)


def test_a_market_that_only_rises_or_only_falls_is_at_the_ends_of_the_indicators(frame):
    steps = np.exp(0.001 * np.arange(len(frame)))
    for close, sign in ((100 * steps, 1.0), (100 / steps, -1.0)):
        opened = np.r_[close[:1], close[:-1]]
        high, low = np.maximum(opened, close), np.minimum(opened, close)
        last = sequence_features(
            frame.assign(open=opened, high=high, low=low, close=close), 60
        ).iloc[-1]
        assert last["rsi"] == sign
        assert sign * last["macd"] > 1
        assert sign * last["close"] > 1
        assert sign * last["open"] < -1
        assert 0.5 < sign * last["bollinger_position"] < 1


@pytest.mark.parametrize("column", GIVEN)
def test_positioning_that_is_missing_stays_unknown_and_takes_nothing_with_it(frame, column):
    whole = sequence_features(frame, 60)
    holed = frame.copy()
    holed.loc[300:310, column] = np.nan
    holed.loc[400, column] = np.inf
    found = sequence_features(holed, 60)
    (name,) = [name for name in NAMES if not found[name].equals(whole[name])]
    away = np.flatnonzero(found[name].isna() & whole[name].notna())
    assert away.tolist() == [*range(300, 311), 400]
    kept = found[name].notna()
    np.testing.assert_array_equal(found[name][kept], whole[name][kept])
    bare = sequence_features(frame.drop(columns=column), 60)
    assert bare[name].isna().all()
    assert bare.drop(columns=name).equals(whole.drop(columns=name))


def test_candles_alone_make_ten_of_them(frame):
    bare = sequence_features(frame[["open", "high", "low", "close", "volume"]], 60)
    last = bare.iloc[-1]
    assert set(last.index[last.notna()]) == set(OF_CANDLES)


@pytest.mark.parametrize(("column", "value"), [("close", 0.0), ("high", -1.0), ("volume", -1.0)])
def test_an_impossible_candle_is_not_known(frame, column, value):
    holed = frame.copy()
    holed.loc[500, column] = value
    found = sequence_features(holed, 60)
    missing = sequence_features(holed.replace({column: {value: np.nan}}), 60)
    assert found.equals(missing)
    assert np.isnan(found.loc[500, column])
    assert not np.isinf(found.to_numpy()).any()


def test_a_market_at_a_standstill_is_zero(frame):
    still = frame.assign(open=5.1, high=5.1, low=5.1, close=5.1, volume=0.0)
    found = sequence_features(still, 60)[list(OF_CANDLES)].iloc[lookback() :]
    assert (found.to_numpy() == 0).all()


def test_a_candle_without_trades_has_the_least_volume(frame):
    quiet = frame.copy()
    quiet.loc[500, "volume"] = 0.0
    found = sequence_features(quiet, 60)["volume"]
    assert found[500] == pytest.approx(np.log(0.01))
    assert found[20:].min() == found[500]


def test_prices_stay_within_reach_when_the_market_falls_still(frame):
    """One leap, then ticks of a millionth: a unit of closes alone would be next to nothing."""
    rng = np.random.default_rng(4)
    close = 100 * np.exp(1e-6 * rng.standard_normal(len(frame)))
    close[400:] *= 2
    high, low = close * (1 + 1e-7), close * (1 - 1e-7)
    high[450] *= 1.5
    found = sequence_features(frame.assign(open=close, high=high, low=low, close=close), 60)
    sizes = found[list(PRICES)].abs().max()
    assert sizes["high"] > 7
    assert (sizes[["open", "high", "low"]] < 7.45).all()
    assert sizes["close"] < 33
    assert 1 < found["macd"].abs().max() < 3


def test_the_width_of_a_candle_changes_nothing(frame):
    assert sequence_features(frame, 5).equals(sequence_features(frame, 240))


def test_the_frame_is_left_as_it_was(frame):
    before = frame.copy()
    sequence_features(frame, 60)
    assert frame.equals(before)
