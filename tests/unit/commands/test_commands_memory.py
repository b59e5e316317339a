"""``hydra-quant memory status`` and ``verify``: what they say of a store and of candles."""

import json

import pytest
from pandas import DataFrame, Timestamp, date_range
from sqlalchemy import text
from support.market_files import HOUR, START_MS, folder, put

from hydra_quant.cli import main
from hydra_quant.memory import Memory, Series
from hydra_quant.memory.columns import NAMES

BTC = "BTC/USDT:USDT"
INTEREST = Series("open_interest", "bybit", BTC, "", HOUR)


@pytest.fixture(autouse=True)
def nobodys_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("HYDRA_MEMORY_URL", raising=False)
    monkeypatch.delenv("HYDRA_GLASSNODE_KEY", raising=False)
    monkeypatch.chdir(tmp_path)


def address(tmp_path):
    return f"sqlite:///{tmp_path}/memory.sqlite"


def hourly(hours, **values):
    return DataFrame({"event_time": [START_MS + HOUR * hour for hour in hours], **values})


def fill(tmp_path, hours=range(48)):
    with Memory(address(tmp_path)) as memory:
        memory.write(INTEREST, hourly(hours, contracts=[float(hour) for hour in hours]))
    return address(tmp_path)


def candles(path, skip=()):
    dates = date_range(Timestamp(START_MS, unit="ms", tz="UTC"), periods=60, freq="h")
    rows = DataFrame({"date": dates.as_unit("ms")})
    prices = dict.fromkeys(("open", "close"), 100.0) | {"high": 101.0, "low": 99.0, "volume": 1e6}
    return put(path, rows.assign(**prices).drop(index=list(skip)).reset_index(drop=True))


def test_status_of_a_store_that_is_not_there_says_how_to_fill_it_and_makes_none(tmp_path, capsys):
    assert main(["memory", "status", "--userdir", str(tmp_path / "user_data")]) == 0
    out = capsys.readouterr().out
    assert "there is no memory at sqlite:///" in out
    assert "hydra-quant collect" in out
    assert not (tmp_path / "user_data").exists()


def test_status_of_an_empty_store_says_how_to_fill_it(tmp_path, capsys):
    Memory(address(tmp_path)).close()
    assert main(["memory", "status", "--memory-url", address(tmp_path)]) == 0
    assert "is empty; fill it: hydra-quant collect" in capsys.readouterr().out
    assert main(["memory", "status", "--json", "--memory-url", address(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["series"] == []


def test_status_shows_ends_gaps_revisions_and_age(tmp_path, capsys):
    url = fill(tmp_path, [hour for hour in range(48) if hour not in (10, 20, 21)])
    with Memory(url) as memory:
        memory.write(INTEREST, hourly([47], contracts=[9.0]))
        news = Series("news", "rss", "", "feed")
        memory.write(news, hourly([1, 9], item=["a", "b"], title=["A", "B"]))
    assert main(["memory", "status", "--memory-url", url]) == 0
    out = capsys.readouterr().out
    line = next(line for line in out.splitlines() if BTC in line)
    assert line.split()[-8:-3] == ["2024-03-02", "23:00", "45", "1", "2"]
    assert "(3)" in line
    assert next(line for line in out.splitlines() if " rss " in line).split()[-3] == "-"
    assert "47 facts in 2 series" in out


def test_status_as_json_holds_the_same(tmp_path, capsys):
    url = fill(tmp_path, [0, 1, 2, 3, 7])
    assert main(["memory", "status", "--json", "--memory-url", url]) == 0
    (found,) = json.loads(capsys.readouterr().out)["series"]
    now = Timestamp.now("UTC").value // 10**6
    assert abs(found.pop("age_ms") - (now - START_MS - 8 * HOUR)) < 10 * 60_000
    assert Timestamp(found.pop("collected_at")).value // 10**6 == pytest.approx(now, abs=600_000)
    assert found == {
        "source": "bybit", "kind": "open_interest", "name": "", "subject": BTC,
        "period_ms": HOUR, "first": "2024-03-01T00:00:00+00:00",
        "last": "2024-03-01T07:00:00+00:00", "facts": 5, "revised": 0, "gaps": 1, "missing": 3,
        "served": "n/a",
    }  # fmt: skip


def test_status_asks_how_far_back_a_source_serves_only_when_told_to(tmp_path, capsys):
    url = fill(tmp_path)
    metric = Series("onchain_metrics", "coinmetrics", "BTC", "mvrv", 24 * HOUR)
    with Memory(url) as memory:
        memory.write(metric, hourly([0], value=[2.0]))
    sources = {"sources": ["coinmetrics", "glassnode"]}
    hydra = {"memory_url": url, "collector": sources}
    (tmp_path / "config.json").write_text(json.dumps({"hydra": hydra}))
    for options, served in (([], {"n/a"}), (["--served"], {"n/a", "all"})):
        assert main(["memory", "status", "--json", *options]) == 0
        out = capsys.readouterr()
        found = {line["kind"]: line["served"] for line in json.loads(out.out)["series"]}
        assert set(found.values()) == served
        assert found["open_interest"] == "n/a"
    assert "HYDRA_GLASSNODE_KEY" in out.err


def test_a_sound_store_and_sound_candles_are_clean(tmp_path, capsys):
    url = fill(tmp_path)
    candles(tmp_path / "data/BTC_USDT-1h.feather.parquet").rename(tmp_path / "BTC.parquet")
    candles(tmp_path / "candles/BTC_USDT-1h.parquet")
    args = ["--memory-url", url, "--datadir", str(tmp_path / "candles")]
    assert main(["memory", "verify", *args]) == 0
    out = capsys.readouterr()
    assert "nothing found: clean" in out.out
    assert "60 candles in 1 files" in out.out
    assert out.err == ""


def test_an_imported_folder_is_clean(tmp_path, capsys):
    place = folder(tmp_path / "data")
    assert main(["import", str(place), "--memory-url", address(tmp_path)]) == 0
    assert main(["memory", "verify", "--memory-url", address(tmp_path)]) == 0
    assert "clean" in capsys.readouterr().out


def test_every_finding_is_named_and_nothing_is_repaired(tmp_path, capsys):
    url = fill(tmp_path, [hour for hour in range(48) if hour != 10])
    with Memory(url) as memory, memory.engine.begin() as connection:
        early = "UPDATE open_interest SET known_at = 5 WHERE event_time = :time"
        connection.execute(text(early), {"time": START_MS + 30 * HOUR})
        again = (
            "INSERT INTO open_interest SELECT series_id, event_time, known_at + 1, collected_at,"
            " contracts, value FROM open_interest WHERE event_time = :time"
        )
        connection.execute(text(again), {"time": START_MS + 20 * HOUR})
        connection.execute(text("UPDATE open_interest SET contracts = -1 WHERE contracts = 40"))
    candles(tmp_path / "data/futures/BTC_USDT_USDT-1h-futures.parquet", skip=[30])
    report = tmp_path / "out" / "findings.json"
    args = ["--memory-url", url, "--datadir", str(tmp_path / "data"), "--json", str(report)]
    before = (tmp_path / "memory.sqlite").read_bytes()
    assert main(["memory", "verify", *args]) == 1
    out = capsys.readouterr().out
    assert "gap: bybit open_interest BTC/USDT:USDT" in out
    assert "5 findings" in out
    found = json.loads(report.read_text())["findings"]
    places = [(one["check"], one["where"], one["first"]) for one in found]
    series, file = f"bybit open_interest {BTC}", "futures/BTC_USDT_USDT-1h-futures.parquet"
    assert places == [
        ("gap", series, "2024-03-01T09:00:00+00:00"),
        ("known too early", series, "2024-03-02T06:00:00+00:00"),
        ("duplicate", series, "2024-03-01T20:00:00+00:00"),
        ("out of range", series, "2024-03-02T16:00:00+00:00"),
        ("gap", file, "2024-03-02T06:00:00+00:00"),
    ]
    assert (tmp_path / "memory.sqlite").read_bytes() == before


def test_many_findings_of_a_kind_are_cut_to_three_unless_asked_for(tmp_path, capsys):
    url = fill(tmp_path, [hour for hour in range(48) if hour not in (5, 10, 15, 20, 25)])
    assert main(["memory", "verify", "--memory-url", url]) == 1
    short = capsys.readouterr().out
    assert "(5 times)" in short
    assert short.count("1 missing") == 3
    assert main(["memory", "verify", "--memory-url", url, "--all"]) == 1
    assert capsys.readouterr().out.count("1 missing") == 5


def test_candles_alone_can_be_verified(tmp_path, capsys):
    candles(tmp_path / "data/BTC_USDT-1h.parquet")
    args = ["--userdir", str(tmp_path / "none"), "--datadir", str(tmp_path / "data")]
    assert main(["memory", "verify", *args]) == 0
    assert "only candles are checked" in capsys.readouterr().out


def test_the_configuration_tells_where_the_candles_are(tmp_path, capsys):
    candles(tmp_path / "user_data/data/binance/BTC_USDT-1h.parquet", skip=[30])
    config = tmp_path / "config.json"
    config.write_text('{"exchange": {"name": "binance"}}')
    args = ["--userdir", str(tmp_path / "user_data"), "-c", str(config)]
    assert main(["memory", "verify", *args]) == 1
    assert "binance/BTC_USDT-1h.parquet" in capsys.readouterr().out
    assert main(["memory", "verify"]) == 1  # where freqtrade itself would look


def test_a_configuration_that_freqtrade_would_read_counts_without_being_named(tmp_path, capsys):
    url = fill(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"hydra": {"memory_url": url}}))
    assert main(["memory", "status"]) == 0
    assert "48 facts in 1 series" in capsys.readouterr().out
    (tmp_path / "user_data").mkdir()
    (tmp_path / "user_data/config.json").write_text("{}")
    assert main(["memory", "status"]) == 0
    assert "there is no memory" in capsys.readouterr().out


def test_thresholds_are_options(tmp_path, capsys):
    url = fill(tmp_path)
    assert main(["memory", "verify", "--memory-url", url, "--max-age", "1"]) == 1
    assert "h old, more than 1" in capsys.readouterr().out
    candles(tmp_path / "data/BTC_USDT-1h.parquet")
    args = ["--memory-url", url, "--datadir", str(tmp_path / "data"), "--quote-volume", "1e15"]
    dates = date_range(Timestamp(START_MS, unit="ms", tz="UTC"), periods=200, freq="h")
    rows = DataFrame({"date": dates.as_unit("ms"), "volume": 1e6})
    put(tmp_path / "data/BTC_USDT-1h.parquet",
        rows.assign(open=100.0, high=101.0, low=99.0, close=100.0))  # fmt: skip
    assert main(["memory", "verify", *args]) == 1
    assert "too thin: data/BTC_USDT-1h.parquet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["verify", "--userdir", "{tmp}/none"], "and no --datadir; fill it with hydra-quant"),
        (["verify", "--userdir", "{tmp}", "--datadir", "{tmp}"], "no candle files"),
        (["verify", "--userdir", "{tmp}", "--datadir", "{tmp}/none"], "no such folder"),
        (["status", "--memory-url", "nonsense"], "the memory's address is not one"),
        (["status", "-c", "{tmp}/none.json"], "none.json: No such file or directory"),
        (["status", "--memory-url", "sqlite:///{tmp}/text.sqlite"], "file is not a database"),
    ],
)
def test_a_mistake_in_the_input_is_one_line(tmp_path, capsys, args, says):
    (tmp_path / "text.sqlite").write_text("this is no database, only some text" * 30)
    assert main(["memory", *(arg.replace("{tmp}", str(tmp_path)) for arg in args)]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("number", ["0", "-1", "inf", "many"])
def test_a_threshold_is_a_number_above_zero(number, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["memory", "verify", "--amihud", number])
    assert stopped.value.code == 2
    assert f"--amihud: {number} is not a number above zero" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["import"], ["memory", "status"], ["memory", "verify"]])
def test_help_teaches_by_example(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--help"])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    assert f"  hydra-quant {' '.join(command)} " in out
    assert "HYDRA_MEMORY_URL" in out


def test_the_commands_speak_to_postgresql_and_hide_its_password(postgres_url, tmp_path, capsys):
    place = folder(tmp_path / "data")
    url = postgres_url.replace("://postgres", "://postgres:secret", 1)
    assert "secret" in url
    for expected in ("new and 0 revised rows", "nothing new"):
        assert main(["import", str(place), "--memory-url", url]) == 0
        out = capsys.readouterr().out
        assert expected in out
        assert "secret" not in out
    assert main(["memory", "status", "--memory-url", url]) == 0
    out = capsys.readouterr().out
    assert "open_interest 1h" in out
    assert "secret" not in out
    assert main(["memory", "verify", "--memory-url", url]) == 0


def test_every_column_is_listed_with_its_unit_lag_and_limit(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["memory", "columns"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(NAMES)
    (netflow,) = [line for line in lines if line.startswith("btc_exchange_netflow ")]
    assert netflow.split()[1:] == ["BTC", "1", "d", "4", "d", "no"]
