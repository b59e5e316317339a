"""backtesting, hyperopt, lookahead-analysis and recursive-analysis through the real command.

Twelve days of 5m candles of three pairs; the configuration is config.json with shorter training.
"""

import csv
import json
import math
import re

import pandas as pd
import pytest
from freqtrade.data.btanalysis import load_backtest_data
from support import warm
from support.bundle import END, PAIRS, ROOT, SMALL, Bundle, stem

from hydra_quant.reasons import Reason

pytestmark = pytest.mark.contract

DAYS = ("--timerange", "20250309-20250313")
FIVE_MINUTES = pd.Timedelta(minutes=5)
ANALYSED = str(ROOT / "tests" / "support" / "analysed")
NO_MODEL = {"freqai": {"enabled": False}}


# --- backtesting --------------------------------------------------------------------------------


def run_backtest(bundle, strategy, **env):
    """Trades of a strategy's backtest."""
    words = ("--strategy", strategy, *DAYS, "--export", "trades", "--cache", "none")
    bundle.succeed("backtesting", *words, **env)
    results = sorted((bundle.user_data / "backtest_results").glob("*.zip"))
    return load_backtest_data(results[-1], strategy)


@pytest.fixture(scope="module")
def backtested(exchange, candles, tmp_path_factory):
    """Bundle and trades of a strategy, run once each."""
    done = {}

    def run(strategy):
        if strategy not in done:
            home = tmp_path_factory.mktemp(strategy)
            bundle = Bundle(home, exchange.port, SMALL, candles)
            done[strategy] = bundle, run_backtest(bundle, strategy)
        return done[strategy]

    return run


@pytest.mark.parametrize("strategy", ["HydraBaseline", "HydraStrategy"])
def test_every_candle_has_its_reason_and_every_trade_an_entry_signal(backtested, strategy):
    bundle, trades = backtested(strategy)
    assert len(trades) >= 10
    assert set(trades["pair"]) == set(PAIRS)
    assert set(trades["is_short"]) == {True, False}
    assert trades["enter_tag"].str.contains("momentum|mean_reversion|model|trend|joint").all()
    for pair in PAIRS:
        kept = pd.read_feather(bundle.reasons(strategy) / f"{stem(pair)}.feather")
        inside = kept[kept["date"] >= pd.Timestamp("2025-03-09", tz="UTC")]
        assert len(inside) == 4 * 288
        assert inside["date"].iloc[-1] == pd.Timestamp(END) - FIVE_MINUTES
        assert set(inside["hydra_reason"]) <= {int(reason) for reason in Reason}
        assert not (inside["hydra_reason"] == Reason.WARMING_UP).any()
        assert ((inside["hydra_reason"] == Reason.ENTER) == (inside["hydra_side"] != 0)).all()
        signal = kept.set_index("date")["hydra_side"]
        for trade in trades[trades["pair"] == pair].itertuples():
            assert signal[trade.open_date - FIVE_MINUTES] == (-1 if trade.is_short else 1)


def test_only_the_model_speaks_of_predictions(backtested):
    bundle, trades = backtested("HydraStrategy")
    assert trades["enter_tag"].str.contains("model").any()
    _, plain = backtested("HydraBaseline")
    assert not plain["enter_tag"].str.contains("model").any()
    kept = pd.read_feather(bundle.reasons("HydraStrategy") / f"{stem(PAIRS[0])}.feather")
    silent = kept.loc[kept["hydra_reason"] == Reason.NO_PREDICTION, "date"]
    assert silent.empty or silent.max() < pd.Timestamp("2025-03-09", tz="UTC")


def test_holding_buys_each_pair_once_at_the_start_and_keeps_it(backtested):
    _, trades = backtested("HydraHold")
    assert sorted(trades["pair"]) == sorted(PAIRS)
    assert (trades["open_date"] == pd.Timestamp("2025-03-09 00:05", tz="UTC")).all()
    assert set(trades["exit_reason"]) == {"force_exit"}
    assert set(trades["leverage"]) == {1.0}
    assert trades["stake_amount"].sum() == pytest.approx(0.99 * 10_000, rel=0.02)


def test_the_same_run_again_gives_the_same_trades_from_saved_models(backtested):
    bundle, first = backtested("HydraStrategy")
    models = bundle.user_data / "models"
    saved = {p: p.stat().st_mtime_ns for p in models.rglob("*.hydra")}
    assert len(saved) == 2
    again = run_backtest(bundle, "HydraStrategy", **warm.COLD)
    pd.testing.assert_frame_equal(first, again)
    assert saved == {p: p.stat().st_mtime_ns for p in models.rglob("*.hydra")}


# --- hyperopt -----------------------------------------------------------------------------------


VOTES = {"enter_above", "exit_below", "stop_atr"}
SEARCHED = {
    "HydraBaseline": VOTES,
    "HydraStrategy": VOTES | {"accept_above", "min_confidence", "min_health"},
}


@pytest.mark.parametrize(("strategy", "jobs"), [("HydraBaseline", "1"), ("HydraStrategy", "2")])
def test_hyperopt_searches_thresholds_and_stops_alone_or_in_two_processes(bundle, strategy, jobs):
    made = bundle()
    before = sorted((ROOT / "hydra_strategies").iterdir())
    made.succeed(
        *("hyperopt", "--strategy", strategy, "--timerange", "20250309-20250311"),
        *("--spaces", "buy", "sell"),
        *("-e", "3", "-j", jobs, "--hyperopt-loss", "HydraLoss", "--random-state", "7"),
        "--disable-param-export",
    )
    (kept,) = (made.user_data / "hyperopt_results").glob("*.fthypt")
    epochs = [json.loads(line) for line in kept.read_text().splitlines()]
    assert len(epochs) == 3
    for epoch in epochs:
        assert set(epoch["params_dict"]) == SEARCHED[strategy]
        assert 0.2 <= epoch["params_dict"]["enter_above"] <= 0.9
        assert math.isfinite(epoch["loss"])
    assert len({epoch["loss"] for epoch in epochs}) > 1
    assert sum(epoch["results_metrics"]["total_trades"] for epoch in epochs) > 0
    assert sorted((ROOT / "hydra_strategies").iterdir()) == before


# --- lookahead-analysis -------------------------------------------------------------------------


def lookahead(made, strategy, *more):
    """What freqtrade found: signals looked at, biased entries and exits, biased columns."""
    report = made.home / "lookahead.csv"
    made.succeed(
        *("lookahead-analysis", "--strategy", strategy, "--timerange", "20250309-20250311"),
        *("--minimum-trade-amount", "4", "--targeted-trade-amount", "5", *more),
        *("--lookahead-analysis-exportfilename", str(report)),
    )
    (row,) = csv.DictReader(report.read_text().splitlines())
    columns = {name for name in row["biased_indicators"].split(",") if name}
    counts = [int(row[f"{n}_signals"]) for n in ("total", "biased_entry", "biased_exit")]
    return counts, columns


CLEAN = [5, 0, 0]


def test_the_rules_do_not_look_ahead(bundle):
    assert lookahead(bundle(NO_MODEL), "HydraBaseline") == (CLEAN, set())


def test_no_feature_of_the_catalog_looks_ahead(bundle):
    found = lookahead(bundle(NO_MODEL), "AlphaColumns", "--strategy-path", ANALYSED)
    assert found == (CLEAN, set())


@pytest.mark.parametrize("model", ["HydraLightGBMPair", "HydraLightGBM"])
def test_the_model_does_not_look_ahead(bundle, model):
    """No exception is made for FreqAI's own columns.

    Stock FreqAI's ``&-`` columns are flagged in any strategy, because it never predicts the last
    candle, which freqtrade's own note under the table says to ignore. HYDRA's models answer that
    candle too, so even ``&-return`` must be clean. The panel learns from a universe frozen by
    ``panel_pairs``: the analysis reduces the whitelist to one pair, which would be another model.
    """
    frozen = {"hydra": {"model": {"panel_pairs": list(PAIRS)}}}
    made = bundle(frozen if model == "HydraLightGBM" else {})
    assert lookahead(made, "HydraStrategy", "--freqaimodel", model) == (CLEAN, set())


def test_a_vote_that_peeks_is_found(bundle):
    (total, entries, exits), columns = lookahead(
        bundle(NO_MODEL), "PeekingVote", "--strategy-path", ANALYSED
    )
    assert total == 5
    assert entries + exits > 0
    assert "hydra_vote" in columns


def test_a_feature_that_peeks_is_found_through_the_model(bundle):
    _, columns = lookahead(
        bundle(),
        "PeekingFeature",
        "--strategy-path",
        ANALYSED,
        "--freqaimodel",
        "HydraLightGBMPair",
    )
    assert {"hydra_model", "hydra_vote"} <= columns


# --- recursive-analysis -------------------------------------------------------------------------


def recursion(made, strategy, short, *more):
    """Columns that differ from a long history's at `short` start-up candles, and at the strategy's.

    A finding is a difference of 0.001 % or more, or a number where the other has none. FreqAI is
    switched off: it would load its training days as well, and every start-up would be long enough.
    """
    out = made.succeed(
        *("recursive-analysis", "--strategy", strategy, "--timerange", "20250308-20250313"),
        *("--startup-candle", str(short), *more),
    )
    assert "No lookahead bias on indicators found." in out
    rows = re.findall(r"│\s+(\S+) │\s+(\S+) │\s+(\S+) │", out)
    assert re.search(rf"┃\s+{short} ┃\s+\d+ \(from strategy\) ┃", out), out[-3000:]
    return ({name for name, *values in rows if differs(values[i])} for i in (0, 1))


def differs(shown):
    return shown != "-" and not abs(float(shown.rstrip("%"))) < 0.001


def test_a_difference_is_a_finding_from_a_thousandth_of_a_percent():
    shown = ("-", "0.000%", "-0.000%", "0.001%", "-0.331%", "nan%")
    assert [differs(text) for text in shown] == [False, False, False, True, True, True]


@pytest.mark.parametrize(("strategy", "short"), [("HydraBaseline", 150), ("AlphaColumns", 1000)])
def test_columns_need_no_more_than_the_start_up_they_ask_for(bundle, strategy, short):
    path = ("--strategy-path", ANALYSED) if strategy == "AlphaColumns" else ()
    too_short, own = recursion(bundle(NO_MODEL), strategy, short, *path)
    assert too_short  # the analysis sees a start-up that does not suffice
    assert own == set()


def test_a_column_that_never_forgets_is_found(bundle):
    _, own = recursion(bundle(NO_MODEL), "EndlessMemory", 150, "--strategy-path", ANALYSED)
    assert own == {"slow_average"}
