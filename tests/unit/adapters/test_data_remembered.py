"""The strategy's view of the memory: columns in backtest and live, honest when there is nothing."""

import logging
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from freqtrade.enums import RunMode
from freqtrade.exceptions import OperationalException
from pandas import DataFrame
from support import crowd
from support.strategy_world import PAIR, START, analyse, candles, config, offer, strategy

from hydra_quant.adapters.data.remembered import Remembered, column_names
from hydra_quant.memory import Memory, Series
from hydra_quant.positioning import enrich
from hydra_quant.positioning.names import ADDED
from hydra_quant.settings import Settings

MINUTE = 60_000
FIVE = 5 * MINUTE
BEGIN = round(START.timestamp() * 1000)
TAKER = Series("ratios", "binance", PAIR, "taker", FIVE)
FUNDING = Series("funding", "binance", PAIR)


def remembered(home: Path, mode: RunMode = RunMode.BACKTEST, **memory: object) -> Remembered:
    hydra = {"memory": memory}
    made = config(home, mode, hydra=hydra, datadir=home / "data")
    return Remembered(made, Settings.parse({"hydra": hydra}), "5m")


def fill(home: Path, rows: int = 50) -> None:
    times = BEGIN + FIVE * np.arange(rows)
    with Memory(f"sqlite:///{home / 'hydra' / 'memory.sqlite'}") as memory:
        bought = np.linspace(0.2, 0.8, rows)
        frame = DataFrame({"event_time": times, "long_side": bought, "short_side": 1 - bought})
        memory.write(TAKER, frame)


def store_funding(home: Path, rates: dict[int, float]) -> None:
    folder = home / "data" / "futures"
    folder.mkdir(parents=True)
    dates = pd.to_datetime([BEGIN + minute * MINUTE for minute in rates], unit="ms", utc=True)
    frame = DataFrame({"date": dates, "funding_rate": list(rates.values())})
    frame.to_feather(folder / "BTC_USDT_USDT-1h-funding_rate.feather")


def test_a_statistic_shows_one_bar_and_its_lag_after_its_start(tmp_path):
    fill(tmp_path)
    seen = remembered(tmp_path, columns=["taker_buy_share"]).columns(candles(10), PAIR)
    # closes 00:05, 00:10 …; the bar of 00:00 is over at 00:05, and readable a minute later
    expected = [np.nan, *np.linspace(0.2, 0.8, 50)[:9]]
    np.testing.assert_allclose(seen["taker_buy_share"], expected)
    np.testing.assert_allclose(seen["taker_buy_share_age"], [np.nan, *[10.0] * 9])


def test_no_columns_open_no_memory(tmp_path):
    frame = remembered(tmp_path).columns(candles(5), PAIR)
    assert list(frame.columns) == []
    assert not (tmp_path / "hydra").exists()


def test_a_backtest_reads_freqtrades_own_funding_file(tmp_path):
    store_funding(tmp_path, {0: 1e-4, 20: -2e-4})
    seen = remembered(tmp_path, columns=["funding_rate"]).columns(candles(6), PAIR)
    # settled at 00:20, readable at 00:21: the candle that closes at 00:25 is the first to know
    np.testing.assert_allclose(seen["funding_rate"], [1e-4] * 4 + [-2e-4] * 2)


def test_files_and_memory_are_one_series(tmp_path):
    store_funding(tmp_path, {0: 1e-4})
    with Memory(f"sqlite:///{tmp_path / 'hydra' / 'memory.sqlite'}") as memory:
        rows = DataFrame({"event_time": [BEGIN + 20 * MINUTE], "rate": [-2e-4]})
        memory.write(FUNDING, rows)
    seen = remembered(tmp_path, columns=["funding_rate"]).columns(candles(6), PAIR)
    np.testing.assert_allclose(seen["funding_rate"], [1e-4] * 4 + [-2e-4] * 2)


def test_a_live_bot_reads_the_memory_alone(tmp_path):
    store_funding(tmp_path, {0: 1e-4})
    live = remembered(tmp_path, RunMode.DRY_RUN, columns=["funding_rate"])
    assert live.columns(candles(6), PAIR)["funding_rate"].isna().all()


def test_what_is_missing_is_said_once_a_pair(tmp_path, caplog):
    empty = remembered(tmp_path, columns=["long_share", "btc_mvrv"])
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            empty.columns(candles(5), PAIR)
    (record,) = caplog.records
    assert "long_share, btc_mvrv" in record.getMessage()
    assert "hydra-quant collect" in record.getMessage()


def broken(home: Path) -> None:
    (home / "hydra").mkdir()
    (home / "hydra" / "memory.sqlite").write_text("no database, whatever its name says")


def test_live_a_broken_memory_empties_the_columns_and_is_logged_once(tmp_path, caplog):
    broken(tmp_path)
    live = remembered(tmp_path, RunMode.DRY_RUN, columns=["taker_buy_share", "funding_rate"])
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            seen = live.columns(candles(5), PAIR)
    assert list(seen.columns) == column_names(live.names)
    assert seen.isna().all(axis=None)
    assert len(caplog.records) == 1


def test_a_backtest_on_a_broken_memory_stops(tmp_path):
    broken(tmp_path)
    with pytest.raises(OperationalException, match="memory cannot be read"):
        remembered(tmp_path, columns=["funding_rate"]).columns(candles(5), PAIR)


@pytest.mark.parametrize(
    ("memory", "words"),
    [
        ({"columns": ["fundng_rate"]}, 'did you mean "funding_rate"?'),
        ({"max_age_minutes": {"long_shar": 5}}, 'did you mean "long_share"?'),
        ({"max_age_minutes": {"long_liquidations_usd": 5}}, "have no age"),
    ],
)
def test_an_unknown_column_is_refused_at_the_start(tmp_path, memory, words):
    with pytest.raises(OperationalException, match=r"hydra\.memory") as caught:
        remembered(tmp_path, **memory)
    assert words in str(caught.value)


def test_limits_and_lags_are_the_users(tmp_path):
    fill(tmp_path, rows=2)
    strict = remembered(
        tmp_path, columns=["taker_buy_share"], max_age_minutes={"taker_buy_share": 10}
    )
    assert np.isfinite(strict.columns(candles(6), PAIR)["taker_buy_share"]).tolist() == [
        *(False, True, True),
        *(False, False, False),
    ]
    slow = remembered(tmp_path, columns=["funding_rate"], lag_minutes={"funding": 9})
    store_funding(tmp_path, {0: 1e-4})
    assert slow.columns(candles(3), PAIR)["funding_rate"].isna().tolist() == [True, False, False]


def test_it_survives_being_copied_to_another_process(tmp_path):
    fill(tmp_path)
    made = remembered(tmp_path, columns=["taker_buy_share"])
    before = made.columns(candles(10), PAIR)
    pd.testing.assert_frame_equal(
        pickle.loads(pickle.dumps(made)).columns(candles(10), PAIR), before
    )


def test_a_model_sees_comparable_columns_with_a_flag_and_no_hole(tmp_path):
    fill(tmp_path, rows=3)
    made = remembered(tmp_path, columns=["taker_buy_share", "open_interest"])
    features = made.features(candles(20), PAIR)
    assert list(features.columns) == ["%-taker_buy_share", "%-taker_buy_share_known"]
    known = features["%-taker_buy_share_known"] == 1
    assert known.any()
    assert (~known).any()
    assert (features.loc[~known, "%-taker_buy_share"] == 0).all()
    assert np.isfinite(features).all(axis=None)


def test_a_strategy_has_the_columns_and_keeps_them_with_its_trades(tmp_path):
    fill(tmp_path, rows=600)
    hydra = {"memory": {"columns": ["taker_buy_share"]}}
    made = strategy("HydraBaseline", tmp_path, RunMode.BACKTEST, hydra=hydra, datadir=tmp_path)
    frame = analyse(made, candles())
    assert frame["taker_buy_share"].notna().sum() > 500
    offer(made, frame)
    from hydra_quant.adapters.strategy.columns import thesis

    kept = thesis(frame.iloc[-1], made.settings.memory.columns)
    assert kept["taker_buy_share"] == pytest.approx(float(frame["taker_buy_share"].iloc[-1]))


# --- positioning ---------------------------------------------------------------------------------


def crowded(home: Path, mode: RunMode) -> Remembered:
    """Nine days of positioning before the first candle, and one beside them."""
    with Memory(f"sqlite:///{home / 'hydra' / 'memory.sqlite'}") as memory:
        crowd.store(memory, crowd.crowd(10, start=BEGIN - 9 * crowd.DAY))
    hydra = {"signals": {"history_days": 7}}
    made = config(home, mode, hydra=hydra, datadir=home / "data")
    return Remembered(made, Settings.parse({"hydra": hydra}), "5m")


def test_positioning_is_the_same_in_a_backtest_and_live(tmp_path):
    backtest = crowded(tmp_path, RunMode.BACKTEST)
    live = remembered(tmp_path, RunMode.DRY_RUN)
    live._settings = backtest._settings
    whole = backtest.positioning(candles(100), PAIR)
    assert list(whole.columns) == list(ADDED)
    assert whole["funding_zscore"].notna().all()
    for end in range(60, 90):  # candle by candle, over two turns of the hour
        seen = live.positioning(candles(100).iloc[end - 50 : end], PAIR)
        pd.testing.assert_frame_equal(seen, whole.iloc[end - 50 : end])


def test_live_the_past_is_read_once_an_hour(tmp_path, monkeypatch):
    live = crowded(tmp_path, RunMode.DRY_RUN)
    read = []
    past_of = enrich.past_of
    monkeypatch.setattr(enrich, "past_of", lambda *about: read.append(1) or past_of(*about))
    for end in range(60, 84):
        live.positioning(candles(100).iloc[end - 50 : end], PAIR)
    assert len(read) == 2


def test_live_a_past_that_is_still_arriving_is_read_again(tmp_path):
    facts = crowd.crowd(10, start=BEGIN - 9 * crowd.DAY)
    newest = {name: rows[rows["event_time"] >= BEGIN] for name, rows in facts.items()}
    live = remembered(tmp_path, RunMode.DRY_RUN)
    frame = candles(50)
    with Memory(f"sqlite:///{tmp_path / 'hydra' / 'memory.sqlite'}") as memory:
        crowd.store(memory, newest)
        first = live.positioning(frame, PAIR)
        crowd.store(memory, facts)
    assert first["oi_zscore"].isna().all()
    with Memory(f"sqlite:///{tmp_path / 'hydra' / 'memory.sqlite'}") as memory:
        expected = enrich.added(memory, frame, PAIR, live._reading, live._settings.signals)
    pd.testing.assert_frame_equal(live.positioning(frame, PAIR), expected)


def test_positioning_asks_for_no_configured_columns_and_says_what_is_missing(tmp_path, caplog):
    empty = remembered(tmp_path, RunMode.DRY_RUN)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            seen = empty.positioning(candles(5), PAIR)
    assert seen.isna().all(axis=None)
    (record,) = caplog.records
    assert "funding_rate, open_interest" in record.getMessage()


def test_positioning_of_a_broken_memory_is_empty_live_and_stops_a_backtest(tmp_path, caplog):
    broken(tmp_path)
    with caplog.at_level(logging.WARNING):
        seen = remembered(tmp_path, RunMode.LIVE).positioning(candles(5), PAIR)
    assert list(seen.columns) == list(ADDED)
    assert seen.isna().all(axis=None)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    with pytest.raises(OperationalException, match="memory cannot be read"):
        remembered(tmp_path).positioning(candles(5), PAIR)


def test_positioning_survives_being_copied_to_another_process(tmp_path):
    live = crowded(tmp_path, RunMode.DRY_RUN)
    before = live.positioning(candles(50), PAIR)
    copy = pickle.loads(pickle.dumps(live))
    pd.testing.assert_frame_equal(copy.positioning(candles(50), PAIR), before)
