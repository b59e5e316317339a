"""Candle files are checked before freqtrade fills their holes or drops a pair."""

import numpy as np
import pandas as pd
import pytest
from freqtrade.data.converter import ohlcv_fill_up_missing_data
from freqtrade.enums import CandleType, RunMode
from freqtrade.exceptions import OperationalException
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra_quant.adapters.strategy.data_check import (
    check_candles,
    longest_hole,
    require_candles,
)

PAIR = "BTC/USDT:USDT"
START = pd.Timestamp("2025-03-01", tz="UTC")
few = settings(max_examples=30, deadline=None)
# freqtrade's own filling uses what pandas 3.1 deprecates
freqtrade_fills = pytest.mark.filterwarnings("ignore:The inplace keyword")


def candles(missing=(), n=60):
    close = 100 + np.sin(np.arange(n))
    frame = pd.DataFrame(
        {
            "date": pd.date_range(START, periods=n, freq="5min"),
            "open": close - 0.1,
            "high": close + 0.2,
            "low": close - 0.3,
            "close": close,
            "volume": 10.0,
        }
    )
    return frame.drop(index=list(missing)).reset_index(drop=True)


def runs(missing):
    """Lengths of runs of consecutive numbers, by the definition."""
    lengths, last = [], None
    for number in sorted(missing):
        if last is not None and number == last + 1:
            lengths[-1] += 1
        else:
            lengths.append(1)
        last = number
    return lengths


@freqtrade_fills
@few
@given(st.sets(st.integers(1, 58)))
def test_the_longest_hole_is_the_longest_run_that_freqtrade_fills(missing):
    filled = ohlcv_fill_up_missing_data(candles(missing), "5m", PAIR, CandleType.FUTURES)
    assert len(filled) == 60
    assert longest_hole(filled, 60) == max(runs(missing), default=0)


@freqtrade_fills
@few
@given(st.sets(st.integers(1, 58)), st.integers(1, 60))
def test_only_the_candles_looked_back_on_count(missing, back):
    filled = ohlcv_fill_up_missing_data(candles(missing), "5m", PAIR, CandleType.FUTURES)
    inside = {number for number in missing if number >= 60 - back}
    assert longest_hole(filled, back) == max(runs(inside), default=0)


def test_a_quiet_market_is_no_hole():
    still = candles().assign(open=100.0, high=100.0, low=100.0, close=100.0)
    assert longest_hole(still, 60) == 0
    untraded = candles().assign(volume=0.0)
    assert longest_hole(untraded, 60) == 0


@pytest.fixture
def folder(tmp_path):
    """freqtrade's folder, to which `put` stores candles."""
    (tmp_path / "futures").mkdir()

    def put(frame, pair="BTC_USDT_USDT"):
        path = tmp_path / "futures" / f"{pair}-5m-futures.feather"
        frame.to_feather(path)
        return path

    return put


def config(tmp_path, **changes):
    return {
        "runmode": RunMode.BACKTEST,
        "datadir": tmp_path,
        "dataformat_ohlcv": "feather",
        "candle_type_def": CandleType.FUTURES,
        "exchange": {"pair_whitelist": [PAIR]},
        **changes,
    }


def check(settings, startup=0, train_days=0, max_gap=3):
    check_candles(settings, timeframe="5m", startup=startup, train_days=train_days, max_gap=max_gap)


def span(first, last):
    """A timerange over candles numbered from START."""
    return "-".join(
        f"{(START + number * pd.Timedelta('5min')).timestamp():.0f}" for number in (first, last)
    )


@few
@given(missing=st.sets(st.integers(1, 58), min_size=1), max_gap=st.integers(0, 8))
def test_a_file_is_refused_exactly_when_a_hole_is_longer_than_allowed(
    tmp_path_factory, missing, max_gap
):
    root = tmp_path_factory.mktemp("candles")
    (root / "futures").mkdir()
    candles(missing).to_feather(root / "futures" / "BTC_USDT_USDT-5m-futures.feather")
    if max(runs(missing)) <= max_gap:
        check(config(root), max_gap=max_gap)
    else:
        with pytest.raises(OperationalException, match=rf"{max(runs(missing))} candle\(s\) of BTC"):
            check(config(root), max_gap=max_gap)


def test_holes_outside_what_a_run_uses_do_not_matter(folder, tmp_path):
    folder(candles(range(20, 30)))
    check(config(tmp_path, timerange=span(30, 59)))
    check(config(tmp_path, timerange=span(0, 19)))
    for startup in (0, 10):
        refused = config(tmp_path, timerange=span(29 + startup, 59))
        with pytest.raises(OperationalException, match="from 2025-03-01 01:40 to 2025-03-01 02:25"):
            check(refused, startup=startup + 10)
    with pytest.raises(OperationalException, match="missing"):
        check(config(tmp_path, timerange=span(30, 59)), train_days=1)


def test_the_line_names_file_pair_place_limit_and_remedy(folder, tmp_path):
    path = folder(candles(range(20, 30)))
    with pytest.raises(OperationalException) as told:
        check(config(tmp_path))
    line = str(told.value)
    assert "\n" not in line
    for part in (
        str(path),
        PAIR,
        "10 candle(s)",
        "hydra.gates.max_gap_candles (3)",
        "download-data",
    ):
        assert part in line


@pytest.mark.parametrize(
    ("column", "value"), [("open", 0.0), ("low", -1.0), ("close", np.nan), ("high", np.inf)]
)
def test_an_impossible_price_is_refused_with_its_time(folder, tmp_path, column, value):
    frame = candles()
    frame.loc[7, column] = value
    path = folder(frame)
    before = path.read_bytes()
    with pytest.raises(OperationalException, match="candle of 2025-03-01 00:35 has no price"):
        check(config(tmp_path))
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no candles", b"ARROW1\0\0 and then nothing"])
def test_an_unreadable_file_is_refused_in_one_line(folder, tmp_path, content):
    folder(candles()).write_bytes(content)
    with pytest.raises(OperationalException, match="not a readable candle file") as told:
        check(config(tmp_path))
    assert "\n" not in str(told.value)


def test_other_modes_other_formats_and_patterns_are_left_alone(folder, tmp_path):
    folder(candles(range(20, 30)))
    check(config(tmp_path, runmode=RunMode.DRY_RUN))
    check(config(tmp_path, dataformat_ohlcv="json"))
    check(config(tmp_path, exchange={"pair_whitelist": [".*/USDT:USDT"]}))
    check(config(tmp_path, exchange={"pair_whitelist": [PAIR], "pair_blacklist": [PAIR]}))
    with pytest.raises(OperationalException):
        check(config(tmp_path, runmode=RunMode.HYPEROPT))


def test_a_pair_without_a_file_is_named_with_the_command_that_brings_it(folder, tmp_path):
    folder(candles())
    require_candles(config(tmp_path), "5m")
    both = config(tmp_path, exchange={"pair_whitelist": [PAIR, "ETH/USDT:USDT"]})
    check(both)
    with pytest.raises(
        OperationalException, match=r"no 5m candles of ETH/USDT:USDT in .*--pairs ETH"
    ):
        require_candles(both, "5m")
