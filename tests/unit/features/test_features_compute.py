"""`catalog.compute`: columns, blocks, and one clear line for candles it cannot use."""

import numpy as np
import pandas as pd
import pytest
from support.laws import BAR_MINUTES, COLUMNS, frame, random_candles

from hydra_quant.features import catalog, compute
from hydra_quant.features.errors import FeatureError

CANDLES = frame(random_candles(1_500))


def features(candles=CANDLES, names=None, bar_minutes=BAR_MINUTES):
    return catalog.compute(candles, names, bar_minutes=bar_minutes)


def test_columns_come_in_the_order_asked_for():
    chosen = ["rsi_14", "hour", "return_5"]
    table = features(names=chosen)
    assert list(table) == chosen
    assert set(table.dtypes) == {np.dtype("float64")}
    pd.testing.assert_frame_equal(table, features()[chosen])


def test_the_index_and_the_input_stay_as_they_are():
    candles = CANDLES.set_index(np.arange(len(CANDLES)) * 3 + 5)
    candles["extra"] = "text"
    before = candles.copy()
    table = features(candles)
    pd.testing.assert_frame_equal(candles, before)
    assert table.index.equals(candles.index)
    assert list(table) == list(catalog.names())


def test_features_of_a_frame_can_be_changed_without_changing_the_candles():
    table = features(names=["channel_high_20", "return_1"])
    table.iloc[:] = 0.0
    assert CANDLES["high"].min() > 0.0


@pytest.mark.parametrize("rows", [1, 17, 1_407, 1_500])
def test_blocks_do_not_show(monkeypatch, rows):
    whole = features()
    monkeypatch.setattr(compute, "BLOCK_ROWS", rows if rows > 1 else 389)
    pd.testing.assert_frame_equal(features(), whole, check_exact=True)


@pytest.mark.parametrize("rows", [0, 1, 2, 30])
def test_short_histories_are_rows_of_nan_not_errors(rows):
    table = features(CANDLES.head(rows))
    assert table.shape == (rows, len(catalog.CATALOG))
    assert table.filter(like="sma_200").isna().all(axis=None)


def test_the_last_lookback_candles_are_enough_for_the_last_row():
    needed = catalog.lookback() + 1
    alone = features(CANDLES.tail(needed)).iloc[-1]
    pd.testing.assert_series_equal(alone, features().iloc[-1], check_exact=True)


def test_lookback_is_the_longest_and_stays_within_what_freqtrade_loads():
    assert catalog.lookback(["return_5", "sma_20"]) == 19
    assert catalog.lookback([]) == 0
    assert catalog.lookback() <= 1_450


def test_names_by_family():
    assert catalog.names(["liquidity"]) == ("amihud", "amihud_20")
    assert set(catalog.names()) == set(catalog.CATALOG)
    assert len(catalog.names()) >= 100
    with pytest.raises(FeatureError, match="no feature family 'nope': there are averages"):
        catalog.names(["nope"])


def test_volatility_is_annualised_by_bar_length():
    five, hour = (features(bar_minutes=m)["realized_volatility_20"] for m in (5, 60))
    np.testing.assert_allclose((five / hour).dropna(), np.sqrt(12.0))
    move = np.log(CANDLES["close"]).diff()
    expected = move.tail(20).std() * np.sqrt(365 * 24 * 12)
    assert five.iloc[-1] == pytest.approx(expected, rel=1e-12)


def test_only_the_columns_needed_are_asked_for():
    assert features(CANDLES[["date", "close"]], ["return_1"]).shape == (1_500, 1)
    with pytest.raises(FeatureError, match="no column 'volume'"):
        features(CANDLES.drop(columns="volume"), ["obv_50"])


@pytest.mark.parametrize("stamp", ["s", "ms", "us", "ns"])
def test_any_time_resolution(stamp):
    candles = CANDLES.assign(date=CANDLES["date"].dt.as_unit(stamp))
    pd.testing.assert_frame_equal(features(candles), features())


MISTAKES = {
    "no date": (lambda f: f.drop(columns="date"), "no column 'date'"),
    "naive date": (lambda f: f.assign(date=f["date"].dt.tz_localize(None)), "not UTC times"),
    "text date": (lambda f: f.assign(date=f["date"].astype(str)), "not UTC times"),
    "other zone": (lambda f: f.assign(date=f["date"].dt.tz_convert("Asia/Tokyo")), "not UTC"),
    "unsorted": (lambda f: f.iloc[[0, 2, 1]], "row 2: .* sort the candles"),
    "duplicate": (lambda f: f.iloc[[0, 1, 1]], "row 2: .* drop duplicates"),
    "missing date": (lambda f: f.assign(date=f["date"].where(f.index != 4)), "row 4 has no date"),
    "text price": (lambda f: f.assign(close="dear"), "column 'close' is .*, not numbers"),
}


@pytest.mark.parametrize(("spoil", "message"), MISTAKES.values(), ids=MISTAKES)
def test_bad_candles_are_one_clear_line(spoil, message):
    with pytest.raises(FeatureError, match=message) as caught:
        features(spoil(CANDLES.head(10)))
    assert "\n" not in str(caught.value)


def test_bad_requests_are_one_clear_line():
    with pytest.raises(FeatureError, match="no feature 'rsi_15': did you mean 'rsi_"):
        features(names=["rsi_15"])
    with pytest.raises(FeatureError, match="'hour' is asked for twice"):
        features(names=["hour", "hour"])
    with pytest.raises(FeatureError, match="bar_minutes is 0"):
        features(bar_minutes=0)


@pytest.mark.parametrize("value", [0.0, -1.0, np.inf, -np.inf, np.nan])
def test_an_impossible_price_counts_as_missing(value):
    candles = CANDLES.copy()
    candles.loc[700, list(COLUMNS)] = value
    missing = CANDLES.copy()
    missing.loc[700, ["open", "high", "low", "close"]] = np.nan
    missing.loc[700, "volume"] = 0.0 if value == 0.0 else np.nan  # no volume is possible
    pd.testing.assert_frame_equal(features(candles), features(missing))
    assert not np.isinf(features(candles).to_numpy()).any()


def test_every_row_says_what_it_is():
    columns = set(COLUMNS)
    for name, row in catalog.CATALOG.items():
        assert row.name == name
        assert row.unit
        assert row.function.__doc__
        assert columns.issuperset(row.needs)
        if row.flat is None:  # only a price level and the calendar have no neutral value
            assert row.scaling == catalog.PRICE or row.family == "calendar"
