"""The 25 of the regime classifier: names in order, formulas by hand, unknown inputs, the past."""

import numpy as np
import pytest
from support.positions import crowded_frame

from hydra_quant.heads.regime_features import NAMES, lookback, regime_features, span, usable

READY = lookback(60)
OF_CANDLES = (*NAMES[:15], "volume_zscore")


def thinking(n=1100, seed=2, minutes=60):
    return crowded_frame(n, seed, minutes).assign(cascade_probability=0.02)


def test_the_names_are_the_specifications_in_its_order():
    expected = [
        *("return_1h", "return_4h", "return_24h", "sma_20_slope", "sma_50_slope"),
        *("price_vs_sma_20", "price_vs_sma_50", "adx_14", "volatility_5m", "volatility_1h"),
        *("volatility_24h", "volatility_zscore", "atr_14", "atr_zscore", "bollinger_width"),
        *("funding_rate", "funding_zscore", "oi_delta_pct", "oi_zscore", "long_short_ratio"),
        *("liq_velocity", "liq_imbalance", "cascade_probability", "volume_zscore"),
        "cvd_momentum",
    ]
    assert list(NAMES) == expected
    assert len(NAMES) == 25
    assert list(regime_features(thinking(), 60).columns) == expected


def test_formulas_on_the_last_candle():
    frame = thinking()
    last = regime_features(frame, 60).iloc[-1]
    close, volume = frame["close"].to_numpy(), frame["volume"].to_numpy()
    moves = np.diff(np.log(close))
    assert last["return_4h"] == pytest.approx(np.log(close[-1] / close[-5]))
    assert last["return_24h"] == pytest.approx(moves[-24:].sum())
    assert last["volatility_24h"] == pytest.approx(np.sqrt((moves[-24:] ** 2).mean()))
    assert last["volatility_5m"] == last["volatility_1h"] == pytest.approx(abs(moves[-1]))
    sma = [close[len(close) - back - 20 : len(close) - back].mean() for back in (0, 5)]
    assert last["sma_20_slope"] == pytest.approx(np.log(sma[0] / sma[1]))
    assert last["price_vs_sma_20"] == pytest.approx(close[-1] / sma[0] - 1)
    logs = np.log1p(volume[-480:])
    assert last["volume_zscore"] == pytest.approx((logs[-1] - logs.mean()) / logs.std())
    bought = frame["taker_buy_share"].to_numpy()[-20:]
    delta = ((2 * bought - 1) * volume[-20:]).sum() / volume[-20:].sum()
    assert last["cvd_momentum"] == pytest.approx(delta)
    share = frame["long_share"].iloc[-1]
    assert last["long_short_ratio"] == pytest.approx(share / (1 - share))
    assert last["funding_zscore"] == frame["funding_zscore"].iloc[-1]


def test_spans_are_whole_candles():
    assert [span(1440, m) for m in (1, 5, 60, 240, 1440)] == [900, 288, 24, 6, 1]
    assert span(5, 240) == 1
    for minutes in (1, 5, 15, 60, 240):
        assert lookback(minutes) <= 1400


@pytest.mark.parametrize("minutes", [5, 60, 240])
def test_known_after_the_lookback(minutes):
    frame = thinking(lookback(minutes) + 60, minutes=minutes)
    features = regime_features(frame, minutes)
    assert np.isfinite(features.iloc[lookback(minutes) :].to_numpy()).all()


def test_the_future_and_what_came_before_the_lookback_change_nothing():
    frame = thinking()
    whole = regime_features(frame, 60).to_numpy()
    np.testing.assert_array_equal(regime_features(frame[:900], 60).to_numpy(), whole[:900])
    later = regime_features(frame[200:].reset_index(drop=True), 60).to_numpy()
    np.testing.assert_array_equal(later[READY:], whole[200 + READY :])


def test_without_positioning_only_candles_speak_and_rows_stay_usable():
    bare = thinking()[["date", "open", "high", "low", "close", "volume"]]
    features = regime_features(bare, 60)
    known = features.columns[features.iloc[-1].notna()]
    assert tuple(known) == OF_CANDLES
    mask = usable(features.to_numpy())
    assert mask[24:].all()
    assert not mask[:24].any()


def test_a_market_that_never_moves_has_finite_features():
    frame = thinking().assign(open=5.0, high=5.0, low=5.0, close=5.0, volume=0.0)
    features = regime_features(frame, 60).iloc[READY:]
    assert np.isfinite(features.to_numpy()).all()
    assert (features["volatility_zscore"] == 0).all()
    assert (features["cvd_momentum"] == 0).all()
