"""The whole real data set: imported twice, looked at, verified; what is found is true."""

import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hydra_quant.cli import main
from hydra_quant.memory import Memory, Series
from hydra_quant.memory.enrich import Reading, as_of
from hydra_quant.memory.series import DAY_MS, HOUR_MS

REAL = Path(os.environ.get("HYDRA_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = [
    pytest.mark.contract,
    pytest.mark.real_data,
    pytest.mark.skipif(not REAL.is_dir(), reason=f"no real market data at {REAL}; set HYDRA_DATA"),
]
BTC = "BTC/USDT:USDT"
# Seen on one market alone, by hand: the other market's candle of that hour did not go there.
OUTLIERS = {
    ("futures/ADA_USDT_USDT-1h.parquet", "2020-02-28T17:00:00+00:00"),  # 0.0229; spot low 0.0476
    ("futures/BTC_USDT_USDT-30m.parquet", "2019-09-15T01:30:00+00:00"),  # 10 025; spot low 10 312
    ("futures/ETH_USDT_USDT-1h.parquet", "2019-12-08T15:00:00+00:00"),  # 156.25; spot high 151.50
    # before the perpetuals were listed: back within the hour at usual volume
    ("spot/DOGE_USDT-1h.parquet", "2020-02-20T18:00:00+00:00"),
    ("spot/ETH_USDT-1h.parquet", "2019-04-27T03:00:00+00:00"),
    ("spot/LTC_USDT-1h.parquet", "2018-06-19T13:00:00+00:00"),
    ("spot/XRP_USDT-1h.parquet", "2018-06-24T13:00:00+00:00"),
}
CRASHES = ("2020-03-12", "2021-05-19", "2022-11-08", "2023-08-17", "2024-08-05", "2025-02-03")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Address of a store that holds everything."""
    path = tmp_path_factory.mktemp("real")
    url = f"sqlite:///{path}/memory.sqlite"
    assert main(["import", str(REAL), "--memory-url", url]) == 0
    return url


@pytest.fixture(scope="module")
def verified(store, tmp_path_factory):
    """What verify says."""
    path = tmp_path_factory.mktemp("verified") / "findings.json"
    args = ["--memory-url", store, "--datadir", str(REAL), "--json", str(path)]
    assert main(["memory", "verify", *args]) == 1
    return json.loads(path.read_text())


def test_importing_again_changes_nothing(store, capsys):
    with Memory(store) as memory:
        before = memory.extents()
    assert sum(extent.facts for extent in before) > 600_000
    assert {extent.rows - extent.facts for extent in before} == {0}
    assert main(["import", str(REAL), "--memory-url", store]) == 0
    assert "nothing new" in capsys.readouterr().out
    with Memory(store) as memory:
        assert memory.extents() == before


def test_values_are_the_files(store):
    with Memory(store) as memory:
        interest = memory.rows(Series("open_interest", "bybit", BTC, "", HOUR_MS))
        mvrv = memory.rows(Series("onchain_metrics", "coinmetrics", "BTC", "mvrv", DAY_MS))
        news = memory.rows(Series("news", "cryptotrade_gnews_2023"))
    truth = pd.read_parquet(REAL / "oi/BTC_USDT_USDT-1h-oi.parquet")
    stored = interest.set_index("event_time").loc[truth["date"].astype("int64")]
    assert stored["contracts"].tolist() == truth["open_interest"].tolist()
    assert stored["value"].tolist() == truth["open_interest_value"].tolist()
    assert mvrv["value"].tolist() == pd.read_parquet(
        REAL / "onchain/BTC-coinmetrics-1d.parquet", columns=["mvrv"]
    )["mvrv"].tolist()  # fmt: skip
    # midnight in California: a day, not a time
    day_only = news["event_time"] % DAY_MS == 7 * HOUR_MS
    assert day_only.sum() > 4000
    assert (news["known_at"] - news["event_time"])[day_only].unique().tolist() == [DAY_MS]


def test_the_zscore_is_high_at_tops_and_low_at_bottoms(store):
    with Memory(store) as memory:
        metric = Series("onchain_metrics", "coinmetrics", "BTC", "mvrv_zscore", DAY_MS)
        z = memory.rows(metric).set_index("event_time")["value"]
    z.index = pd.to_datetime(z.index, unit="ms")
    assert z["2013":"2021"].groupby(z["2013":"2021"].index.year).max()[[2013, 2017]].min() > 5
    assert z["2018-12-15"] < 0.2
    assert z["2022-11-21"] < 0.2


def test_candles_see_no_value_before_it_was_known(store):
    dates = pd.date_range("2024-03-14", "2024-03-15", freq="5min", tz="UTC").as_unit("ms")
    frame = pd.DataFrame({"date": dates})
    truth = pd.read_parquet(REAL / "oi/BTC_USDT_USDT-1h-oi.parquet").set_index("date")
    with Memory(store) as memory:
        reading = Reading(5 * 60_000)
        seen = as_of(memory, frame, BTC, ["open_interest", "btc_mvrv"], reading)
    closes = dates + pd.Timedelta("5min")
    # the bar that was over a minute before the close
    bar = (closes - pd.Timedelta("61min")).floor("h")
    assert seen["open_interest"].tolist() == truth.loc[bar, "open_interest"].tolist()
    assert seen["btc_mvrv"].nunique() == 2  # at noon the day before last gives way


def test_status_names_every_series(store, capsys):
    assert main(["memory", "status", "--json", "--memory-url", store]) == 0
    found = json.loads(capsys.readouterr().out)["series"]
    kinds = Counter(line["kind"] for line in found)
    assert kinds["open_interest"] == 9
    assert kinds["funding"] == 9 + 7
    assert kinds["ratios"] == 5 + 4
    funding = [line["gaps"] for line in found if line["kind"] == "funding"]
    assert funding == [0] * 16
    assert all(line["revised"] == 0 for line in found)


def test_facts_are_clean_but_for_true_findings(verified):
    facts = [one for one in verified["findings"] if ".parquet" not in one["where"]]
    assert {one["check"] for one in facts} == {"gap", "stuck", "stopped"}
    stopped = sorted(one["where"].split()[-1] for one in facts if one["check"] == "stopped")
    assert stopped == ["DOGE/USDT:USDT", "ETH/USDT:USDT", "XRP/USDT:USDT"]  # their taker files end
    stuck = {one["last"][:4] for one in facts if one["check"] == "stuck"}
    assert stuck == {"2012"}  # exchanges before their addresses were known: zeros
    gaps = {one["where"] for one in facts if one["check"] == "gap"}
    assert {where.split()[1] for where in gaps} == {"book_snapshots", "indices", "open_interest"}


def test_candle_gaps_are_the_spot_markets_outages(verified):
    gaps = [one for one in verified["findings"] if one["check"] == "gap"]
    files = {one["where"] for one in gaps if ".parquet" in one["where"]}
    assert files
    assert all(where.startswith("spot/") for where in files)
    outage = [one for one in gaps if one["first"].startswith("2018-02-08")]
    assert {one["what"] for one in outage} == {"33 candles missing"}
    checks = {one["check"] for one in verified["findings"] if ".parquet" in one["where"]}
    assert checks == {"gap", "wick outlier", "too thin"}


def test_prices_that_one_market_alone_saw_are_the_only_outliers(verified):
    found = [one for one in verified["findings"] if one["check"] == "wick outlier"]
    assert {(one["where"], one["first"]) for one in found} == OUTLIERS


@pytest.mark.parametrize("day", CRASHES)
def test_a_crash_is_a_real_move(verified, day):
    moves = [move for move in verified["moves"] if move["time"].startswith(day)]
    assert len({move["pair"].partition(":")[0] for move in moves}) >= 2
    assert {move["side"] for move in moves} >= {"down"}
    assert max(move["size"] for move in moves) > 0.01
    outliers = [one for one in verified["findings"] if one["check"] == "wick outlier"]
    assert not [one for one in outliers if one["first"].startswith(day)]


def test_a_wick_forged_into_real_candles_is_found(tmp_path):
    (tmp_path / "futures").mkdir()
    for pair in ("BTC", "ETH", "SOL", "XRP"):
        candles = pd.read_parquet(REAL / f"futures/{pair}_USDT_USDT-15m.parquet")
        candles = candles[candles["date"] >= "2025-05-01"].reset_index(drop=True)
        if pair == "SOL":
            calm = candles.index[candles["date"] == "2025-06-15 04:30+00:00"][0]
            body = candles.loc[calm, ["open", "close"]].min()
            candles.loc[calm, "low"] = 0.93 * body
        candles.to_parquet(tmp_path / f"futures/{pair}_USDT_USDT-15m.parquet")
    path = tmp_path / "findings.json"
    args = ["--userdir", str(tmp_path), "--datadir", str(tmp_path), "--json", str(path)]
    assert main(["memory", "verify", *args]) == 1
    (found,) = json.loads(path.read_text())["findings"]
    assert (found["check"], found["first"][:16]) == ("wick outlier", "2025-06-15T04:30")
    assert "wick down of 7.0 %" in found["what"]
    assert np.isclose(found["count"], 1)
