"""``hydra-quant gate report`` on files: what can be said is said, and what is missing is named."""

import json
import shutil
from argparse import ArgumentParser

import numpy as np
import pytest
from pandas import DataFrame, Timedelta, date_range, read_feather
from support.backtest import BTC, CANDLE, ETH, START, at, stats, write_zip

from hydra_quant.commands.gate_report import add_arguments, run
from hydra_quant.commands.opening import InputError
from hydra_quant.memory import Memory, Series
from hydra_quant.news.tape import BACKFILL, KIND
from hydra_quant.news.verdict import ACTIONS
from hydra_quant.settings import SIGNALS

CANDLES = 2000
NAMES = {BTC: "BTC_USDT_USDT", ETH: "ETH_USDT_USDT"}
CONFIG = {
    "timeframe": "5m",
    "exchange": {"name": "binance"},
    "hydra": {
        "news": {"provider": "openai", "model": "m", "backfilled": "all"},
        "signals": {"crowding_fade_minutes": 60},
    },
}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYDRA_MEMORY_URL", raising=False)
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    for pair in (BTC, ETH):
        put_candles(tmp_path, pair)
    return tmp_path


def opens(pair):
    """A walk; every wanted trade below looks one hour into it."""
    rng = np.random.default_rng(len(pair) + ord(pair[0]))
    return 100 * np.exp(np.cumsum(rng.normal(0, 0.003, CANDLES + 400)))


def put_candles(place, pair):
    folder = place / "user_data/data/binance/futures"
    folder.mkdir(parents=True, exist_ok=True)
    dates = date_range(START, periods=CANDLES + 400, freq=CANDLE)
    frame = DataFrame({"date": dates, "open": opens(pair), "close": opens(pair)})
    frame.to_feather(folder / f"{NAMES[pair]}-5m-futures.feather")


def put_backtest(place, strategy="Probe"):
    """Result and reasons: a long wanted every two hours; the gate knows which of them lose."""
    path = write_zip(place / "user_data/backtest_results", {strategy: stats(candles=CANDLES)})
    folder = place / f"user_data/hydra/reasons/{strategy}"
    folder.mkdir(parents=True)
    for pair in (BTC, ETH):
        number = np.arange(CANDLES)
        wanted = (number % 24 == 0).astype(np.int8)
        price = opens(pair)
        loses = price[number + 13] < price[number + 1] * 1.002
        vetoed = (wanted != 0) & loses
        frame = DataFrame(
            {
                "date": date_range(START, periods=CANDLES, freq=CANDLE),
                "close": price[:CANDLES],
                "hydra_vote": 0.0,
                "hydra_side": np.where(vetoed, 0, wanted),
                "hydra_reason": 0,
                "hydra_wanted": wanted,
                "hydra_verdict": np.where(vetoed, ACTIONS.index("bearish"), -1).astype(np.int8),
                "hydra_verdict_confidence": np.int8(-1),
                "hydra_gate_share": np.where(vetoed, 0.0, 1.0),
                "signal_source": np.int8(SIGNALS.index("crowding_fade")),
            }
        )
        frame.to_feather(folder / f"{NAMES[pair]}.feather")
    return path


@pytest.fixture(scope="module")
def taped(tmp_path_factory):
    """A memory with 60 backfilled verdicts on each of two pairs, half an hour apart."""
    path = tmp_path_factory.mktemp("taped") / "memory.sqlite"
    known = [round(at(6 * number).timestamp() * 1000) for number in range(60)]
    rows = DataFrame({"event_time": known, "known_at": known, "made_at": known})
    rows["item"] = [str(number) for number in range(60)]
    rows["action"] = [ACTIONS[number % len(ACTIONS)] for number in range(60)]
    rows["expires_at"] = rows["known_at"] + 3_600_000
    rows = rows.assign(confidence="high", reason="why", provider="openai", model="m", news="[]")
    with Memory(f"sqlite:///{path}") as memory:
        for pair in (BTC, ETH):
            memory.write(Series(KIND, "openai", pair, BACKFILL), rows)
    return path


@pytest.fixture
def tape(place, taped):
    (place / "user_data/hydra").mkdir(parents=True)
    shutil.copy(taped, place / "user_data/hydra/memory.sqlite")


def report(*words):
    parser = ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([*map(str, words)]))


@pytest.mark.usefixtures("tape")
def test_tape_and_backtest_are_both_told(place, capsys):
    put_backtest(place)
    assert report("--json", "gate.json") == 0
    out = capsys.readouterr().out
    for said in (
        "Verdicts: 120 on 2 pairs",
        "120 were made afterwards",
        "Wanted trades of Probe",
        "bearish",
        "Stops, other exits and",
        "Verdict, Probe: the gate chose better than chance",
        "Every figure: gate.json",
    ):
        assert said in " ".join(out.split())
    found = json.loads((place / "gate.json").read_text())
    (probe,) = found["runs"]
    worth, kinds = probe["worth"], {one["what"]: one for one in probe["outcomes"]}
    assert worth["trades"] == kinds["all wanted"]["n"] == worth["entries"] == 2 * 84
    assert worth["touched"] == kinds["bearish"]["n"] == worth["vetoed"]
    assert kinds["bearish"]["hit_rate"]["value"] == 0
    assert kinds["let through"]["hit_rate"]["value"] == 1
    lost = kinds["bearish"]["n"] * kinds["bearish"]["net_bps"]["value"]
    assert probe["marginal"] == pytest.approx(-lost)
    assert worth["p_value"] < 0.02
    assert found["said"]["agreement"]["n"] == 120
    assert found["notes"] == []


def test_a_trade_lasts_as_long_as_its_signal_and_pays_the_costs_of_the_run(place):
    put_backtest(place)
    report("--json", "gate.json")
    kinds = json.loads((place / "gate.json").read_text())["runs"][0]["outcomes"]
    rows = np.arange(0, CANDLES, 24)
    nets = [opens(pair)[rows + 13] / opens(pair)[rows + 1] - 1 - 0.002 for pair in (BTC, ETH)]
    assert kinds[-1]["net_bps"]["value"] == pytest.approx(1e4 * np.mean(nets))


@pytest.mark.usefixtures("tape")
def test_the_same_again_is_the_same_and_the_seed_is_heard(place, capsys):
    put_backtest(place)
    shown = []
    for words in ((), (), ("--seed", "8")):
        report(*words)
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1] != shown[2]


def test_without_a_tape_the_trades_are_still_weighed(place, capsys):
    path = put_backtest(place)
    assert report(path) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Verdict, Probe: the gate chose better" in out
    assert "there is no memory at" in out
    assert "hydra-quant gate backfill" in out
    assert not (place / "user_data/hydra/memory.sqlite").exists()


@pytest.mark.usefixtures("tape")
def test_without_a_backtest_the_verdicts_are_still_told(place, capsys):
    assert report() == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Verdicts: 120 on 2 pairs" in out
    assert "no backtest results; run freqtrade backtesting" in out


def test_with_neither_one_line_says_how_to_get_a_tape(place):
    with pytest.raises(InputError, match="hydra-quant gate backfill") as raised:
        report()
    assert "\n" not in str(raised.value)
    with Memory(f"sqlite:///{place}/empty.sqlite"):
        pass
    with pytest.raises(InputError, match=r"holds no verdicts.*gate backfill"):
        report("--memory-url", f"sqlite:///{place}/empty.sqlite")


@pytest.mark.usefixtures("tape")
def test_verdicts_that_are_not_used_are_not_called_missing(place):
    news = CONFIG["hydra"]["news"]
    for changed, why in (
        ({"backfilled": "after_cutoff"}, r"of 120, the model may have known.*model_cutoff"),
        ({"model": "another"}, "no verdict of the configured model"),
    ):
        written = CONFIG | {"hydra": {"news": news | changed}}
        (place / "config.json").write_text(json.dumps(written))
        with pytest.raises(InputError, match=why):
            report()


@pytest.mark.usefixtures("tape")
def test_reasons_without_the_gate_or_of_another_run_are_named(place, capsys):
    put_backtest(place)
    folder = place / "user_data/hydra/reasons/Probe"
    path = folder / f"{NAMES[BTC]}.feather"
    whole = read_feather(path)
    moved = whole.assign(date=whole["date"] + Timedelta("900D"))
    for frame, why in (
        (whole.drop(columns="hydra_wanted"), "its reasons hold no gate"),
        (moved, "its reasons are of another run"),
    ):
        frame.to_feather(path)
        assert report() == 0
        assert why in " ".join(capsys.readouterr().out.split())
    for left in folder.iterdir():
        left.unlink()
    report()
    assert "no reasons in" in " ".join(capsys.readouterr().out.split())
    path.write_bytes(b"damaged")
    with pytest.raises(InputError, match=r"feather: .*run freqtrade backtesting again"):
        report()


@pytest.mark.usefixtures("tape")
def test_pairs_without_candles_are_left_out_by_name(place, capsys):
    put_backtest(place)
    futures = place / "user_data/data/binance/futures"
    (futures / f"{NAMES[ETH]}-5m-futures.feather").unlink()
    assert report("--json", "gate.json") == 0
    assert f"so left out: {ETH}" in " ".join(capsys.readouterr().out.split())
    found = json.loads((place / "gate.json").read_text())
    assert found["said"]["pairs"] == [BTC]
    assert found["runs"][0]["worth"]["entries"] == 84
    (futures / f"{NAMES[BTC]}-5m-futures.feather").write_bytes(b"damaged")
    with pytest.raises(InputError, match="cannot be read as candles"):
        report()


@pytest.mark.usefixtures("tape")
def test_mistakes_are_named(place):
    with pytest.raises(InputError, match="no such file"):
        report("elsewhere.zip")
    with pytest.raises(InputError, match="--seed is a whole number"):
        report("--seed", "-1")
    with pytest.raises(InputError, match="there is no folder"):
        report("--json", "nowhere/gate.json")
    (place / "config.json").write_text(json.dumps(CONFIG | {"timeframe": "often"}))
    with pytest.raises(InputError, match='timeframe "often" is not known'):
        report()
