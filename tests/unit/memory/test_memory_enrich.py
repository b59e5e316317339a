"""Candles of every shape joined with facts of every source."""

import numpy as np
import pandas as pd
import pytest
from support.remembering import MINUTE, PAIR, T0, candles, empty_memory, joined

from hydra_quant.memory import Series, StoreError

HOUR = 60 * MINUTE
PREMIUM = Series("premium_index", "binance", PAIR, period_ms=5 * MINUTE)
OPEN = Series("open_interest", "binance", PAIR)
HEARD = Series("listening", "binance", PAIR, "liquidations", MINUTE)


@pytest.fixture
def memory():
    with empty_memory() as kept:
        yield kept


def write(memory, series, value, *minutes, **values):
    event = T0 + MINUTE * np.array(minutes, dtype=np.int64)
    columns = {value: np.arange(1.0, len(minutes) + 1), **values}
    return memory.write(series, pd.DataFrame({"event_time": event, **columns}))


def test_an_unknown_column_names_the_nearest(memory):
    with pytest.raises(StoreError, match='no column "open_intrest"; did you mean "open_interest"'):
        joined(memory, candles(1), "open_intrest")
    with pytest.raises(StoreError, match="known: long_share, "):
        joined(memory, candles(1), "xyz")


@pytest.mark.parametrize("n", [0, 3])
def test_without_facts_every_column_is_there_and_missing(memory, n):
    found = joined(memory, candles(n), "open_interest", "long_liquidations_usd")
    expected = ["open_interest", "open_interest_age", "long_liquidations_usd"]
    assert list(found.columns) == expected
    assert len(found) == n
    assert found.isna().all(axis=None)
    assert (found.dtypes == np.float64).all()


@pytest.mark.parametrize(
    "shape",
    [
        lambda frame: frame.assign(date=frame["date"].dt.tz_localize(None)),
        lambda frame: frame.assign(date=frame["date"].dt.as_unit("ns")),
        lambda frame: frame.assign(date=frame["date"].dt.as_unit("s")),
        lambda frame: frame.assign(date=frame["date"].dt.tz_convert("Asia/Tokyo")),
        lambda frame: frame.iloc[::-1],
        lambda frame: frame.sample(frac=1, random_state=3),
        lambda frame: pd.concat([frame, frame]),
        lambda frame: frame.set_index(np.zeros(len(frame))),
        lambda frame: frame.drop(index=[2, 3]),
    ],
)
def test_candles_of_any_zone_unit_order_and_index(memory, shape):
    write(memory, OPEN, "contracts", *range(0, 40, 5))
    write(memory, HEARD, "messages", *range(-1, 25))
    columns = ("open_interest", "short_liquidations_usd")
    frame = candles(8)
    plain = joined(memory, frame, *columns).set_index(frame["date"])
    other = shape(frame)
    found = joined(memory, other, *columns)
    assert found.index.equals(other.index)
    asked = pd.DatetimeIndex(other["date"]).as_unit("ms")
    asked = asked.tz_convert("UTC") if asked.tz else asked.tz_localize("UTC")
    np.testing.assert_array_equal(found, plain.loc[frame["date"]].reindex(asked))
    assert np.isfinite(plain["short_liquidations_usd"]).sum() == 5


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"close": [1.0]}),
        pd.DataFrame({"date": [T0]}),
        pd.DataFrame({"date": pd.to_datetime([None], utc=True)}),
        pd.DataFrame({"date": ["2025-06-15"]}),
    ],
)
def test_candles_without_open_times_are_refused(memory, frame):
    with pytest.raises(StoreError, match='candles need a "date" column of dates'):
        joined(memory, frame, "open_interest")


def test_a_bar_is_known_when_it_is_over_and_published(memory):
    write(memory, PREMIUM, "close", 0, 5, close=[0.1, 0.2])
    found = joined(memory, candles(4), "premium_index")
    np.testing.assert_array_equal(found["premium_index"], [np.nan, 0.1, 0.2, 0.2])


def test_a_fact_about_an_hour_holds_until_the_next(memory):
    """It is older than half an hour before it can be read."""
    series = Series("ratios", "okx", PAIR, "taker", HOUR)
    write(memory, series, "long_side", 0, 60, short_side=1.0)
    found = joined(memory, candles(60), "taker_buy_share")
    assert np.isfinite(found["taker_buy_share"][12:48]).all()
    assert found["taker_buy_share"][:12].isna().all()
    assert found["taker_buy_share"][48:].isna().all()
    strict = {"taker_buy_share": HOUR}
    assert (
        joined(memory, candles(48), "taker_buy_share", max_age_ms=strict)["taker_buy_share"]
        .isna()
        .all()
    )


def test_named_sources_come_first_then_the_finer_width(memory):
    for source, period, level in (("okx", 5, 1.0), ("binance", 60, 2.0), ("binance", 5, 3.0)):
        series = Series("open_interest", source, PAIR, period_ms=period * MINUTE)
        write(memory, series, "contracts", 0, contracts=level)
    frame = candles(1, start=T0 + 65 * MINUTE)
    limits = {"open_interest": 2 * HOUR}

    def value(*sources):
        found = joined(memory, frame, "open_interest", sources=sources, max_age_ms=limits)
        return found["open_interest"].item()

    assert [value(), value("binance"), value("okx"), value("bybit")] == [3.0, 3.0, 1.0, 3.0]


def test_facts_from_elsewhere_join_those_of_the_memory(memory):
    write(memory, OPEN, "contracts", 10)
    elsewhere = pd.DataFrame(
        {
            "event_time": T0 + MINUTE * np.array([5, 20]),
            # nobody can know at 0 what happens at 20
            "known_at": T0 + MINUTE * np.array([5, 0]),
            "contracts": [50.0, 70.0],
        }
    )
    found = joined(memory, candles(5), "open_interest", extra={OPEN: elsewhere})
    np.testing.assert_array_equal(found["open_interest"], [50.0, 50.0, 1.0, 70.0, 70.0])
    other = Series("funding", "binance", PAIR)
    facts = {other: elsewhere.rename(columns={"contracts": "rate"})}
    found = joined(memory, candles(2), "funding_rate", extra=facts)
    np.testing.assert_array_equal(found["funding_rate"], [50.0, 50.0])
    found = joined(memory, candles(2), "funding_rate", extra={other: facts[other].iloc[:0]})
    assert found["funding_rate"].isna().all()


def test_metrics_of_bitcoin_stand_beside_every_pair(memory):
    write(memory, Series("onchain_metrics", "coinmetrics", "BTC", "mvrv", 24 * HOUR), "value", 0)
    frame = candles(1, start=T0 + 36 * HOUR - 5 * MINUTE)
    assert joined(memory, frame, "btc_mvrv")["btc_mvrv"].item() == 1.0


def test_orders_heard_by_one_source_are_not_mixed_with_the_silence_of_another(memory):
    write(memory, HEARD, "messages", *range(-1, 30))
    order = {"event_time": [T0 + MINUTE], "item": ["1"], "side": ["sell"]}
    order |= {"price": [2.0], "amount": [3.0]}
    longs = "long_liquidations_usd"
    memory.write(Series("liquidations", "bybit", PAIR), pd.DataFrame(order))
    assert joined(memory, candles(3), longs)[longs].tolist() == [0.0, 0.0, 0.0]
    memory.write(Series("liquidations", "binance", PAIR), pd.DataFrame(order))
    assert joined(memory, candles(3), longs)[longs].tolist() == [6.0, 0.0, 0.0]


def test_a_minute_heard_twice_does_not_stand_for_one_unheard(memory):
    write(memory, HEARD, "messages", 4, 5, 6, 7)
    write(memory, HEARD, "messages", 7, messages=9)  # of another listener
    longs = "long_liquidations_usd"
    assert joined(memory, candles(2), longs)[longs].isna().all()
    write(memory, HEARD, "messages", 8)
    memory.clock.now += 1
    assert joined(memory, candles(2), longs)[longs].tolist()[1:] == [0.0]


def test_flows_of_a_day_and_of_an_hour_are_different_columns(memory):
    for width, value in ((24 * HOUR, 240.0), (HOUR, 7.0)):
        flow = Series("onchain_metrics", "glassnode", "BTC", "exchange_netflow", width)
        row = pd.DataFrame({"event_time": [T0 - 10 * 24 * HOUR], "value": [value]})
        known = row.assign(known_at=T0 - 9 * 24 * HOUR, event_time=T0 - 2 * 24 * HOUR)
        memory.write(flow, known)
    names = ("btc_exchange_netflow", "btc_exchange_netflow_hourly")
    found = joined(memory, candles(2), *names)
    assert [found[name].iloc[-1] for name in names] == [240.0, 7.0]
