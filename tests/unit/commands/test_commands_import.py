"""``hydra-quant import``: what every file becomes, and what a bad one says."""

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame
from support.market_files import DAY, HOUR, START_MS, chain, dates, folder, put

from hydra_quant import collectors
from hydra_quant.cli import main
from hydra_quant.memory import Memory, Series

BTC = "BTC/USDT:USDT"
QUARTER = 15 * 60_000
FUNDING_FILE = "funding/BTC_USDT_USDT-funding.parquet"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to import and the address of an empty store."""
    monkeypatch.delenv("HYDRA_MEMORY_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    return folder(tmp_path / "data"), f"sqlite:///{tmp_path}/memory.sqlite"


def run(place, *more):
    return main(["import", str(place[0]), "--memory-url", place[1], *more])


def rows(place, *series, **columns):
    with Memory(place[1]) as memory:
        return memory.rows(Series(*series), **columns)


def test_every_file_becomes_facts_known_by_its_rule(place, capsys):
    assert run(place) == 0
    out = capsys.readouterr()
    assert "1 candle files are left to freqtrade" in out.out
    assert out.err == ""
    minute = 60_000
    # series, first event, first known
    expected = [
        (("funding", "binance", BTC), 0, minute),
        (("open_interest", "bybit", BTC, "", HOUR), 0, HOUR + minute),
        (("ratios", "bybit", BTC, "global_accounts", 4 * HOUR), 0, 4 * HOUR + minute),
        (("ratios", "binance", BTC, "taker", QUARTER), -QUARTER, minute),
        (("book_snapshots", "binance", BTC, "within_1pct", QUARTER), -QUARTER, 0),
        (("onchain_metrics", "coinmetrics", "BTC", "mvrv", DAY), 0, DAY + 12 * HOUR),
        (("onchain_metrics", "coinmetrics", "BTC", "exchange_netflow", DAY), 0, 2 * DAY),
        (("indices", "alternative.me", "BTC", "fear_greed", DAY), 0, DAY + 12 * HOUR),
        (("indices", "google", "LTC", "google_trend", DAY), DAY, 2 * DAY + 12 * HOUR),
        (("indices", "macro", "", "spx", DAY), 0, DAY + 12 * HOUR),
        (("news", "set_a"), 0, DAY),
        (("sentiment_scores", "set_a", "", "data set"), 0, DAY),
        (("news", "set_b"), 11 * HOUR + 182_000, 11 * HOUR + 482_000),
    ]
    for series, event, known in expected:
        found = rows(place, *series)
        assert len(found) > 0, series
        first = found.iloc[0]
        assert (first["event_time"], first["known_at"]) == (START_MS + event, START_MS + known), (
            series
        )


def test_values_are_those_of_the_files(place):
    assert run(place) == 0
    oi = rows(place, "open_interest", "bybit", BTC, "", HOUR)
    assert oi["contracts"].tolist() == [1000.0 + hour for hour in range(24)]
    # bybit/ fills the four hours that oi/ lacks; only oi/ knows their value
    assert oi["value"].isna().tolist() == [True] * 4 + [False] * 20
    # the rate is carried from hour to hour: a settlement is one in eight
    assert rows(place, "funding", "bybit", BTC)["rate"].tolist() == [1e-4, 1e-4, 2e-4]
    book = rows(place, "book_snapshots", "binance", BTC, "within_1pct", QUARTER)
    # at the close of the hour that ends at the stamp: none before the first, then hours 7 and 15
    assert np.isnan(book["bid_depth"].iloc[0])
    assert book["bid_depth"].tolist()[1:] == [11 * 60_007.0, 12 * 60_015.0]
    assert book["imbalance"].tolist() == [0.1, -0.2, 0.3]
    taker = rows(place, "ratios", "binance", BTC, "taker", QUARTER)
    assert taker["long_side"].tolist() == [5, 6, 7]
    long = rows(place, "ratios", "bybit", BTC, "global_accounts", 4 * HOUR)
    assert (long["long_side"] + long["short_side"]).tolist() == [1.0] * 6
    news = rows(place, "news", "set_a")
    assert news["symbols"].tolist() == ['["BTC"]', '["BTC"]']
    assert rows(place, "news", "set_b")["symbols"].tolist() == ["[]"]
    scores = rows(place, "sentiment_scores", "set_a", "", "data set")
    assert scores["item"].tolist() == ["news:" + item for item in news["item"]]
    assert scores["score"].tolist() == [0.5, -0.25]


def test_the_zscore_looks_back_only_and_needs_all_caps_there_were(place):
    assert run(place) == 0
    metric = ("onchain_metrics", "coinmetrics", "BTC", "mvrv_zscore", DAY)
    assert len(rows(place, *metric)) == 0  # these caps begin in 2024
    first = pd.Timestamp("2012-01-01", tz="UTC")
    table = chain(start=first)
    put(place[0] / "onchain/BTC-coinmetrics-1d.parquet", table)
    assert run(place) == 0
    z = rows(place, *metric)
    day, caps = 9, table["market_cap_usd"]
    truth = (caps[day] - 5e11) / np.std(caps[: day + 1], ddof=1)
    first_ms = first.value // 10**6
    found = z[z["event_time"] == first_ms + day * DAY]["value"].item()
    assert found == pytest.approx(truth, rel=1e-12)
    assert z["event_time"].min() == first_ms + DAY  # one day has no deviation


def test_realised_cap_follows_from_mvrv_where_it_is_missing(place):
    table = chain().drop(columns="realized_cap_usd")
    put(place[0] / "onchain/BTC-coinmetrics-1d.parquet", table)
    assert run(place) == 0
    found = rows(place, "onchain_metrics", "coinmetrics", "BTC", "realized_cap", DAY)
    assert found["value"].tolist() == pytest.approx([5e11] * 20)


def test_the_weekly_mean_has_a_value_after_seven_days_without_a_hole(place):
    put(place[0] / "onchain/BTC-coinmetrics-1d.parquet", chain().drop(index=[8]))
    assert run(place) == 0
    mean = rows(place, "onchain_metrics", "coinmetrics", "BTC", "exchange_netflow_7d_mean", DAY)
    days = ((mean["event_time"] - START_MS) // DAY).tolist()
    assert days == [6, 7, 15, 16, 17, 18, 19]
    assert mean["value"].iloc[0] == pytest.approx(10 + 3)


def test_importing_again_says_nothing_new_and_another_vintage_is_kept_beside(place, capsys):
    assert run(place) == 0
    with Memory(place[1]) as memory:
        before = memory.extents()
    capsys.readouterr()
    assert run(place) == 0
    assert "nothing new" in capsys.readouterr().out
    with Memory(place[1]) as memory:
        assert memory.extents() == before
    later = chain()
    later.loc[4, "exchange_inflow_btc"] += 5
    put(place[0] / "onchain/BTC-coinmetrics-1d.parquet", later)
    assert run(place) == 0
    # inflow, net flow, and the five means that hold the day (the first is of day 7)
    assert "0 new and 7 revised rows" in capsys.readouterr().out
    flow = rows(place, "onchain_metrics", "coinmetrics", "BTC", "exchange_netflow", DAY)
    both = flow[flow["event_time"] == START_MS + 4 * DAY]
    assert both["value"].tolist() == [14.0, 19.0]
    assert both["known_at"].iloc[0] == START_MS + 6 * DAY
    assert pd.Timestamp.now("UTC").value // 10**6 - both["known_at"].iloc[1] < HOUR


@pytest.mark.parametrize(
    ("name", "break_it", "says"),
    [
        (FUNDING_FILE, lambda path: path.write_bytes(path.read_bytes()[:90]), "not a readable"),
        (
            FUNDING_FILE,
            lambda path: put(path, DataFrame({"date": dates(2, "8h"), "rate": [0.1, 0.2]})),
            "column 'funding_rate' is missing; there are: date, rate",
        ),
        (
            FUNDING_FILE,
            lambda path: put(path, DataFrame({"date": dates(1, "8h"), "funding_rate": ["x"]})),
            "column 'funding_rate' is 'x' in row 1; expected a number",
        ),
        (
            FUNDING_FILE,
            lambda path: put(path, DataFrame({"date": [1, 2], "funding_rate": [0.1, 0.2]})),
            "column 'date' holds numbers",
        ),
        (
            "sentiment/fear_greed-1d.csv",
            lambda path: path.write_text("date,fear_greed\nyesterday,4\n"),
            "column 'date' is 'yesterday' in row 1",
        ),
        (
            "sentiment/fear_greed-1d.csv",
            lambda path: path.write_text(""),
            "not a readable csv file",
        ),
        (
            "oi/BTC_USDT_USDT-1h-oi.parquet",
            lambda path: put(path, DataFrame({"date": [], "open_interest": []})),
            "no rows",
        ),
        (
            FUNDING_FILE,
            lambda path: path.rename(path.with_name("BTCUSDT-funding.parquet")),
            "BTCUSDT-funding.parquet: the name tells no pair; expected a name like BTC_USDT_USDT",
        ),
        (
            "news/headlines.parquet",
            lambda path: put(path, DataFrame({"date": dates(1, "D"), "title": [None],
                                              "source": ["a"]})),
            "column 'title' is empty in row 1",
        ),
    ],
)  # fmt: skip
def test_a_bad_file_is_named_and_the_others_go_on(place, capsys, name, break_it, says):
    break_it(place[0] / name)
    assert run(place) == 2
    err = capsys.readouterr().err.splitlines()
    folder_name = name.partition("/")[0]
    told = [line for line in err if f"/{folder_name}/" in line and says in line]
    assert told, err
    assert all(line.startswith("hydra-quant import: ") for line in err)
    with Memory(place[1]) as memory:
        assert len({extent.series.kind for extent in memory.extents()}) >= 6


def test_a_folder_without_anything_to_import_is_one_line(tmp_path, capsys):
    url = f"sqlite:///{tmp_path}/memory.sqlite"
    for name, says in (("nowhere", "no such folder"), (".", "nothing to import")):
        assert main(["import", str(tmp_path / name), "--memory-url", url]) == 2
        err = capsys.readouterr().err
        assert says in err
        assert err.count("\n") == 1


def test_a_source_of_ones_own(place):
    assert run(place, "--source", "okx") == 0
    with Memory(place[1]) as memory:
        assert {extent.series.source for extent in memory.extents()} == {"okx"}


def test_the_configuration_names_the_store_and_the_lags(place, tmp_path, monkeypatch):
    config = tmp_path / "config.json"
    config.write_text(
        f'{{ // as freqtrade reads it\n"hydra": {{"memory_url": "{place[1]}",'
        ' "memory": {"lag_minutes": {"funding": 30,}},},}'
    )
    assert main(["import", str(place[0]), "-c", str(config)]) == 0
    assert rows(place, "funding", "binance", BTC)["known_at"].iloc[0] == START_MS + HOUR / 2
    # the environment counts more, the option most
    other, third = (f"sqlite:///{tmp_path}/{name}.sqlite" for name in ("other", "third"))
    monkeypatch.setenv("HYDRA_MEMORY_URL", other)
    assert main(["import", str(place[0]), "-c", str(config)]) == 0
    assert (tmp_path / "other.sqlite").exists()
    assert main(["import", str(place[0]), "-c", str(config), "--memory-url", third]) == 0
    assert (tmp_path / "third.sqlite").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not a configuration file"),
        ("[]", "expected an object"),
        ('{"hydra": {"memry": 1}}', 'unknown key "hydra.memry"'),
        ('{"hydra": {"memory_url": "nonsense"}}', "the memory's address is not one"),
        ('{"hydra": {"memory_url": "mysql+nothing://x:secret@y/z"}}', "write sqlite:///"),
        ('{"hydra": {"memory_url": "postgresql://x:secret@127.0.0.1:1/z"}}', "127.0.0.1:1/z"),
    ],
)
def test_a_wrong_configuration_is_one_line(place, tmp_path, capsys, text, says):
    config = tmp_path / "config.json"
    config.write_text(text)
    assert main(["import", str(place[0]), "-c", str(config)]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1
    assert "secret" not in err


def test_an_interruption_leaves_whole_pages_and_the_next_import_goes_on(place, monkeypatch, capsys):
    importing = collectors.files.importing
    monkeypatch.setattr(importing, "PAGE", 5)
    write, calls = Memory.write, []

    def interrupted(self, series, page, *more):
        calls.append(series)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return write(self, series, page, *more)

    monkeypatch.setattr(Memory, "write", interrupted)
    assert run(place) == 130
    monkeypatch.setattr(Memory, "write", write)
    with Memory(place[1]) as memory:
        stored = sum(extent.rows for extent in memory.extents())
    assert stored == 5 + 4 + 5 + 5  # both pages of funding, two of open interest
    assert run(place) == 0
    assert f"{stored} rows were there already" in capsys.readouterr().out
