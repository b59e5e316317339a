"""Plans: enough data before the first tested day, one source of candles, clear refusals."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pandas import DataFrame, date_range

from hydra_quant.demo.command import prepare
from hydra_quant.demo.errors import DemoError
from hydra_quant.demo.history import history_plan
from hydra_quant.demo.plan import Plan, Range, free_port, read_config, warm_up_days
from hydra_quant.demo.sandbox import sandbox_plan
from hydra_quant.features import catalog
from hydra_quant.settings import Settings

ROOT = Path(__file__).parents[3]
PAIRS = ["BTC/USDT:USDT", "ETH/USDT:USDT"]


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """The real configuration, in a folder of its own."""
    found = read_config(ROOT / "config.json")
    monkeypatch.chdir(tmp_path)
    return found


def sandbox(config: dict[str, Any], **options: Any) -> Plan:
    given = {
        "port": 8300,
        "reader": 8400,
        "model": "HydraLightGBM",
        "days": None,
        "seed": 7,
    } | options
    return sandbox_plan(config, **given)


def write_candles(folder: Path, pair: str, begin: str, days: int) -> None:
    (folder / "futures").mkdir(parents=True, exist_ok=True)
    dates = date_range(begin, periods=24 * days, freq="1h", tz="UTC")
    prices = {
        name: np.full(len(dates), 100.0) for name in ("open", "high", "low", "close", "volume")
    }
    stem = pair.replace("/", "_").replace(":", "_")
    DataFrame({"date": dates, **prices}).to_parquet(folder / "futures" / f"{stem}-1h.parquet")


def history(config: dict[str, Any], folder: Path, days: int | None = None) -> Plan:
    return history_plan(config, folder, port=8300, model="HydraLightGBM", days=days)


@pytest.mark.parametrize(("timeframe", "train"), [("5m", 30), ("1h", 180), ("1m", 5)])
def test_warm_up_covers_training_and_start_up(timeframe: str, train: int) -> None:
    minutes = {"5m": 5, "1h": 60, "1m": 1}[timeframe]
    days = warm_up_days(timeframe, train)
    assert (days - train) * 1440 >= (catalog.lookback() + 1) * minutes
    assert (days - train - 1) * 1440 < (catalog.lookback() + 2) * minutes  # and not a day more


def test_sandbox_never_leaves_its_own_folder(config: dict[str, Any]) -> None:
    plan = sandbox(config)
    for step in (plan.download, *plan.filling[1:], *plan.backtests, *plan.after):
        assert step.argv[step.argv.index("--userdir") + 1] == "user_data/demo/sandbox"
        assert step.log.is_relative_to("user_data/demo/sandbox")
    assert all(path.is_relative_to("user_data/demo") for path in plan.settings)
    assert plan.folder == Path("user_data/demo/sandbox")


def test_sandbox_says_that_the_edge_is_planted_and_plants_it(config: dict[str, Any]) -> None:
    plan = sandbox(config)
    venue = plan.servers[0].argv
    edge = venue[venue.index("--edge") + 1]
    assert float(edge) > 0
    assert f"--edge {edge}" in plan.banner
    assert "no evidence" in plan.banner


def test_the_gate_asks_the_stand_in_about_the_tested_days_only(config: dict[str, Any]) -> None:
    plan = sandbox(config, reader=8477)
    _, model = plan.servers
    assert model.argv[-2:] == ("--port", "8477")
    (news,) = (made["hydra"]["news"] for made in plan.settings.values() if "hydra" in made)
    assert Settings.parse({"hydra": {"news": news}}).news.base_url == "http://127.0.0.1:8477/v1"
    (backfill,) = (step.argv for step in plan.filling if step.name == "backfill")
    days = plan.backtests[0].argv[plan.backtests[0].argv.index("--timerange") + 1]
    begin, end = (backfill[backfill.index(word) + 1] for word in ("--from", "--to"))
    assert f"{begin}-{end}".replace("-", "") == days.replace("-", "")
    assert date.fromisoformat(news["model_cutoff"]) < date.fromisoformat(begin)
    tested = (date.fromisoformat(end) - date.fromisoformat(begin)).days
    rounds = tested * 24 * 60 // news["every_minutes"]
    assert int(backfill[backfill.index("--max-calls") + 1]) >= rounds


def test_backtests_use_the_plain_command_with_the_protections_of_live(
    config: dict[str, Any],
) -> None:
    main, rivals = sandbox(config, model="Other").backtests
    for argv in (main.argv, rivals.argv):
        assert argv[:2] == ("freqtrade", "backtesting")
        assert "--enable-protections" in argv
        assert argv[argv.index("--cache") + 1] == "none"
    assert main.argv[main.argv.index("--freqaimodel") + 1] == "Other"
    assert "--timerange" in main.argv
    spans = {argv[argv.index("--timerange") + 1] for argv in (main.argv, rivals.argv)}
    assert len(spans) == 1


def test_another_port_gets_an_overlay_of_its_own(config: dict[str, Any]) -> None:
    plan = sandbox(config, port=8399)
    (path,) = (path for path in plan.settings if path.name == "venue.json")
    assert "127.0.0.1:8399" in json.dumps(plan.settings[path])
    assert str(path) in plan.download.argv
    assert free_port(8399) == 8399
    assert 1024 < free_port(0) < 65536


def test_history_walks_forward_over_a_year(config: dict[str, Any], tmp_path: Path) -> None:
    for pair in PAIRS:
        write_candles(tmp_path / "real", pair, "2023-01-01", 800)
    plan = history(config, tmp_path / "real")
    end = date(2025, 3, 11)
    span = Range(date(2023, 7, 15), date(2024, 3, 11), end)
    assert (span.end - span.test).days == 365
    assert span.backtest in plan.backtests[0].argv
    own = plan.settings[plan.folder / "overlay.json"]
    assert own["exchange"]["pair_whitelist"] == PAIRS
    freqai = own["freqai"]
    assert (freqai["train_period_days"], freqai["backtest_period_days"]) == (180, 30)
    assert Settings.parse(own).vote.model_edge == 0.01
    assert plan.folder / "overlay.json" in {Path(word) for word in plan.download.argv}


def test_a_pair_that_begins_too_late_is_left_out_and_named(
    config: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_candles(tmp_path / "real", PAIRS[0], "2023-01-01", 800)
    write_candles(tmp_path / "real", PAIRS[1], "2024-12-01", 100)
    plan = history(config, tmp_path / "real")
    assert plan.settings[plan.folder / "overlay.json"]["exchange"]["pair_whitelist"] == PAIRS[:1]
    assert PAIRS[1] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: None, "no such folder"),
        (lambda folder: folder.mkdir(), "no candle files"),
        (lambda folder: write_candles(folder, "LTC/USDT:USDT", "2023-01-01", 800), "no 1h candles"),
        (lambda folder: write_candles(folder, PAIRS[0], "2025-01-01", 90), "Give a longer history"),
    ],
)
def test_an_unusable_folder_is_one_line(
    config: dict[str, Any], tmp_path: Path, make: Any, words: str
) -> None:
    make(tmp_path / "real")
    with pytest.raises(DemoError, match=words) as error:
        history(config, tmp_path / "real")
    assert error.value.status == 2
    assert "\n" not in str(error.value)
    assert str(tmp_path / "real") in str(error.value)


def test_configuration_is_read_as_freqtrade_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"timeframe": "5m", // mine\n}')
    assert read_config(path) == {"timeframe": "5m"}
    path.write_text('{"timeframe": ')
    with pytest.raises(DemoError, match=r"config\.json"):
        read_config(path)
    with pytest.raises(DemoError, match="HYDRA's own folder"):
        read_config(tmp_path / "none.json")


def test_candles_are_kept_for_the_same_source_only(config: dict[str, Any]) -> None:
    """Half a download, another seed or other days: thrown away; the same again: kept."""
    plan = sandbox(config)
    candle = plan.folder / "data" / "binance" / "futures" / "x.feather"

    def kept(other: Plan, stamped: str = json.dumps(plan.source)) -> bool:
        candle.parent.mkdir(parents=True, exist_ok=True)
        candle.touch()
        if stamped:
            (plan.folder / "source.json").write_text(stamped)
        stamp, same = prepare(other)
        assert same == candle.exists()
        assert not stamp.exists()  # until a download has ended, nobody may trust the candles
        return candle.exists()

    assert kept(plan)
    assert kept(sandbox(config, model="Other"))
    assert not kept(plan, stamped="")
    assert not kept(plan, stamped='{"half": ')
    assert not kept(sandbox(config, seed=8))
    assert not kept(sandbox(config, days=3))


def test_changed_files_are_another_source(config: dict[str, Any], tmp_path: Path) -> None:
    write_candles(tmp_path / "real", PAIRS[0], "2023-01-01", 800)
    first = history(config, tmp_path / "real").source
    assert history(config, tmp_path / "real").source == first
    write_candles(tmp_path / "real", PAIRS[0], "2023-01-01", 800)
    assert history(config, tmp_path / "real").source != first
