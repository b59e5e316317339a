"""Every network under ``freqtrade backtesting``; two of them on real hourly candles too.

Two processes serve all of it, for freqtrade and torch take seconds to start: one trains, a fresh
one finds what was trained.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from freqtrade.data.btanalysis import load_backtest_analysis_data, load_backtest_data
from support.bundle import PAIRS, SMALL, Bundle, errors, merge, stem, store_candles
from support.several import succeed_all

from hydra_quant.adapters.strategy.teaching import DIRECTION
from hydra_quant.reasons import Reason
from hydra_quant.sandbox.folder import FolderHistory

REAL = Path(os.environ.get("HYDRA_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = pytest.mark.contract

BRIEF = {"mode": "quick", "epochs": 1, "length": 12, "batch": 64, "lr": 0.01, "threads": 1}
# What each calls itself in the log, and options that make it small.
NETS: dict[str, tuple[str, dict[str, Any]]] = {
    "HydraLstmCnn": ("lstm_cnn", {"filters_1": 8, "filters_2": 8, "hidden": 8, "head": 8}),
    "HydraTransformer": ("direction_transformer", {"width": 8, "heads": 2, "layers": 1}),
    "HydraTft": ("tft", {"hidden": 8, "heads": 2, "embedding": 4}),
    "HydraNhits": ("nhits", {"hidden": 16, "pooling": [2, 1], "coarseness": [2, 1]}),
    "HydraGnn": ("graph_attention", {"hidden": 8, "heads": 2, "layers": 1}),
}
VOTING = {
    "vote": {"model_edge": 0.0001},
    "ensemble": {"min_agree": 1, "by_regime": False},
}


class Market(NamedTuple):
    """Tested days, and what a run on this market sets."""

    days: str
    bar: pd.Timedelta
    settings: dict[str, Any]


MARKETS = {
    "sandbox": Market(
        "20250311-20250312",
        pd.Timedelta(minutes=5),
        {"freqai": {"train_period_days": 2, "backtest_period_days": 2}},
    ),
    "real": Market(
        "20250311-20250325",
        pd.Timedelta(hours=1),
        {
            "timeframe": "1h",
            "freqai": {
                "train_period_days": 12,
                "backtest_period_days": 7,
                "feature_parameters": {"include_timeframes": ["1h"]},
            },
        },
    ),
}
# Each pair by itself, and all of them together.
ON_REAL = ("HydraLstmCnn", "HydraGnn")
REAL_MARKS = [
    pytest.mark.real_data,
    pytest.mark.skipif(not REAL.is_dir(), reason=f"no real market data at {REAL}; set HYDRA_DATA"),
]
RAN = [
    *(("sandbox", name) for name in NETS),
    *(pytest.param("real", name, marks=REAL_MARKS) for name in ON_REAL),
]


class Runs:
    """One bundle a market and network, and the command that tests it."""

    def __init__(self, home: Path, port: int, folders: dict[str, Path]) -> None:
        self.bundles = {
            (market, name): Bundle(home / market / name, port, _overlay(market, name), folder)
            for market, folder in folders.items()
            for name in (ON_REAL if market == "real" else NETS)
        }

    def run(self, market: str | None = None) -> dict[tuple[str, str], str]:
        """Run the commands of one market or all, in one fresh process; what each printed."""
        keys = [key for key in self.bundles if market in (None, key[0])]
        said = succeed_all({" ".join(key): self._words(*key) for key in keys})
        return {key: said[" ".join(key)] for key in keys}

    def _words(self, market: str, name: str) -> list[str]:
        words = ("--strategy", "HydraStrategy", "--freqaimodel", name, "--cache", "none")
        more = ("--timerange", MARKETS[market].days, "--export", "signals", "--enable-protections")
        return self.bundles[market, name].command("backtesting", *words, *more)[1:]

    def trades(self, market: str, name: str) -> pd.DataFrame:
        """Trades of the newest result."""
        folder = self.bundles[market, name].user_data / "backtest_results"
        return load_backtest_data(sorted(folder.glob("*.zip"))[-1], "HydraStrategy")

    def models(self, market: str, name: str) -> dict[Path, int]:
        """Saved models, and when each was written."""
        saved = (self.bundles[market, name].user_data / "models").rglob("*.hydra")
        return {path: path.stat().st_mtime_ns for path in saved}


def _overlay(market: str, name: str) -> dict[str, Any]:
    overlay = merge(merge(SMALL, {"freqaimodel": name, "hydra": VOTING}), MARKETS[market].settings)
    overlay["freqai"]["model_training_parameters"] = {**BRIEF, **NETS[name][1]}
    return overlay


@pytest.fixture(scope="module")
def runs(exchange, candles, tmp_path_factory):
    home = tmp_path_factory.mktemp("networks")
    folders = {"sandbox": candles}
    if REAL.is_dir():
        folders["real"] = home / "real_candles"
        span = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 3, 26, tzinfo=UTC)
        store_candles(FolderHistory(REAL), folders["real"], PAIRS, ("1h",), *span)
    return Runs(home, exchange.port, folders)


@pytest.fixture(scope="module")
def said(runs):
    return runs.run()


@pytest.mark.parametrize(("where", "name"), RAN)
def test_a_network_learns_and_answers(runs, said, where, name):
    log = said[where, name]
    assert errors(log) == []
    assert f"{NETS[name][0]} trains on CPU" in log
    assert log.count(f"{NETS[name][0]}: epoch 1/1") == len(runs.models(where, name)) >= 1
    folder = runs.bundles[where, name].user_data / "backtest_results"
    frames = load_backtest_analysis_data(folder, "signals")["HydraStrategy"]
    told = pd.concat(frames[pair] for pair in PAIRS if pair in frames)
    assert len(told) > 3
    assert told["do_predict"].eq(1).all()
    assert told[[*DIRECTION, "health_auc"]].notna().all(axis=None)
    assert told["&-up"].between(0, 1).all()
    assert told["&-up"].nunique() > 3
    assert (told["&-low"] < told["&-high"]).all()


@pytest.mark.parametrize(("where", "name"), RAN)
def test_its_trades_are_explained(runs, said, where, name):
    bundle, bar = runs.bundles[where, name], MARKETS[where].bar
    trades = runs.trades(where, name)
    assert trades["enter_tag"].str.contains("model").sum() >= 3
    for pair, of_pair in trades.groupby("pair"):
        kept = pd.read_feather(bundle.reasons("HydraStrategy") / f"{stem(pair)}.feather")
        rows = kept.set_index("date").loc[of_pair["open_date"] - bar]
        assert rows["hydra_reason"].eq(int(Reason.ENTER)).all()
        assert (rows["hydra_side"].to_numpy() == 1 - 2 * of_pair["is_short"].to_numpy()).all()
        assert of_pair["exit_reason"].ne("").all()


def test_a_fresh_process_loads_every_network_and_trades_the_same(runs, said):
    """Answers are thrown away between the two, so that the weights themselves are asked again."""
    before, models = {}, {}
    for name in NETS:
        before[name], models[name] = runs.trades("sandbox", name), runs.models("sandbox", name)
        folder = runs.bundles["sandbox", name].user_data / "models"
        for answers in folder.rglob("*_predictions.feather"):
            answers.unlink()
    for (_, name), log in runs.run("sandbox").items():
        assert log.count("saved model reused") == len(models[name])
        assert ": epoch" not in log
        assert runs.models("sandbox", name) == models[name]
        pd.testing.assert_frame_equal(runs.trades("sandbox", name), before[name])
