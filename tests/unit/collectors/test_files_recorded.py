"""Files of what somebody recorded live: optional columns, and what a bad one says."""

import pandas as pd
import pytest
from pandas import DataFrame

from hydra_quant.collectors.files import find, import_folder
from hydra_quant.collectors.streams.forced import Forced
from hydra_quant.memory import Memory, Series

MINUTE, HOUR = 60_000, 3_600_000
START = 1_735_689_600_000  # 2025-01-01
PAIR = "BTC/USDT:USDT"


def dates(*after_ms):
    return pd.to_datetime([START + after for after in after_ms], unit="ms", utc=True)


ORDERS = DataFrame({
    "date": dates(100, 2_300), "recorded": dates(2_000, 4_000),
    "side": ["sell", "buy"], "price": [94_000.1, 93_999.0], "amount": [0.5, 0.004],
})  # fmt: skip


def imported(home, name, table):
    path = home / "files" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path)
    with Memory(f"sqlite:///{home}/m.sqlite") as memory:
        return import_folder(memory, home / "files", find(home / "files"))


def rows(home, *series):
    with Memory(f"sqlite:///{home}/m.sqlite") as memory:
        return memory.rows(Series(*series))


def test_forced_orders_have_the_identity_that_a_listener_gives_them(tmp_path):
    assert imported(tmp_path, "liquidations/BTC_USDT_USDT-liquidations", ORDERS).failed == []
    found = rows(tmp_path, "liquidations", "binance", PAIR)
    assert found["known_at"].tolist() == [START + 2_000, START + 4_000]
    heard = Forced(PAIR, START + 100, "sell", 94_000.1, 0.5)
    assert found["item"][0] == heard.item
    assert found[["side", "price", "amount"]].values.tolist() == [
        ["sell", 94_000.1, 0.5],
        ["buy", 93_999.0, 0.004],
    ]


def test_without_a_time_of_recording_the_publication_lag_tells(tmp_path):
    table = DataFrame({"date": dates(0, MINUTE), "messages": [3, 0]})
    imported(tmp_path, "liquidations/BTC_USDT_USDT-listened", table)
    found = rows(tmp_path, "listening", "binance", PAIR, "liquidations", MINUTE)
    assert found["messages"].tolist() == [3, 0]
    assert (found["known_at"] - found["event_time"]).tolist() == [MINUTE, MINUTE]


def test_ratios_are_those_that_the_file_has(tmp_path):
    table = DataFrame({"date": dates(0, HOUR), "long_share": [0.6, None]})
    assert imported(tmp_path, "ratios/BTC_USDT_USDT-1h-ratios", table).failed == []
    found = rows(tmp_path, "ratios", "binance", PAIR, "global_accounts", HOUR)
    assert found[["long_side", "short_side"]].values.tolist() == [[0.6, 0.4]]
    assert (found["known_at"] - found["event_time"]).tolist() == [HOUR + MINUTE]
    assert rows(tmp_path, "ratios", "binance", PAIR, "taker", HOUR).empty


def test_half_a_taker_ratio_is_refused(tmp_path):
    table = DataFrame({"date": dates(0), "taker_buy_volume": [1.0]})
    (line,) = imported(tmp_path, "ratios/BTC_USDT_USDT-5m-ratios", table).failed
    assert "column 'taker_sell_volume' is missing" in line


@pytest.mark.parametrize(
    ("name", "table", "words"),
    [
        (
            "liquidations/BTC_USDT_USDT-liquidations",
            ORDERS.assign(side=["sell", "SHORT"]),
            "column 'side' is 'SHORT' in row 2; write sell",
        ),
        (
            "liquidations/BTC_USDT_USDT-liquidations",
            ORDERS.assign(side=["sell", None]),
            "column 'side' is None in row 2",
        ),
        (
            "liquidations/BTC_USDT_USDT-liquidations",
            ORDERS.drop(columns="price"),
            "column 'price' is missing",
        ),
        (
            "liquidations/BTC_USDT_USDT-liquidations",
            ORDERS.assign(recorded=["2025-01-01T00:00:02Z", "later"]),
            "column 'recorded' is 'later' in row 2; write times like",
        ),
        (
            "liquidations/BTC_USDT_USDT-listened",
            DataFrame({"date": dates(0), "messages": [None]}),
            "column 'messages' is empty in row 1; write 0 for a silent minute",
        ),
        (
            "book/BTC_USDT_USDT-book",
            DataFrame({"date": dates(0), "best_bid": [1.0], "best_ask": [1.1]}),
            "column 'bid_depth' is missing",
        ),
        (
            "ratios/BTC_USDT_USDT-7m-ratios",
            DataFrame({"date": dates(0), "long_share": [0.5]}),
            "expected a name like BTC_USDT_USDT-5m-ratios.parquet",
        ),
    ],
)
def test_a_bad_file_is_one_line_and_stores_nothing(tmp_path, name, table, words):
    (line,) = imported(tmp_path, name, table).failed
    assert words in line
    assert line.startswith(str(tmp_path / "files" / f"{name}.parquet"))
    with Memory(f"sqlite:///{tmp_path}/m.sqlite") as memory:
        assert memory.series() == []


def test_a_ratio_file_without_ratios_is_refused(tmp_path):
    (line,) = imported(
        tmp_path, "ratios/BTC_USDT_USDT-5m-ratios", DataFrame({"date": dates(0), "x": [1.0]})
    ).failed
    assert "column 'long_share' is missing" in line
