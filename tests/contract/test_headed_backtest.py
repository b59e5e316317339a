"""HydraStrategy with its scorer under ``freqtrade backtesting``, on a memory of the same market."""

import json

import pandas as pd
import pytest
from freqtrade.data.btanalysis import load_backtest_analysis_data, load_backtest_data
from support import warm
from support.bundle import PAIRS, SMALL, Bundle, errors, merge, stem
from support.headed import LIVELY

from hydra_quant.reasons import Reason
from hydra_quant.settings import SIGNALS

pytestmark = pytest.mark.contract

DAYS = ("--timerange", "20250309-20250312")
FIVE = pd.Timedelta(minutes=5)
CHOOSY = {"hydra": {"scorer": {"accept_above": 0.37}}}
OWN = {"thesis_broken", "regime_turned", "holding_over", "exit_model", "vote_faded"}


def run(bundle, memory, **env):
    """Trades and log of one backtest."""
    log = bundle.succeed(
        *("backtesting", "--strategy", "HydraStrategy", *DAYS, "--cache", "none"),
        *("--export", "signals"),
        HYDRA_MEMORY_URL=memory,
        **env,
    )
    results = sorted((bundle.user_data / "backtest_results").glob("*.zip"))
    return load_backtest_data(results[-1], "HydraStrategy"), log


@pytest.fixture(scope="module")
def done(exchange, candles, positioned, tmp_path_factory):
    overlay = merge(merge(SMALL, LIVELY), CHOOSY)
    bundle = Bundle(tmp_path_factory.mktemp("headed"), exchange.port, overlay, candles)
    return bundle, *run(bundle, positioned)


@pytest.fixture(scope="module")
def kept(done):
    """Each pair's reasons, of the days that were traded."""
    bundle, *_ = done
    frames = {
        pair: pd.read_feather(bundle.reasons("HydraStrategy") / f"{stem(pair)}.feather")
        for pair in PAIRS
    }
    begin = pd.Timestamp("2025-03-09", tz="UTC")
    return {pair: frame[frame["date"] >= begin] for pair, frame in frames.items()}


def test_signals_are_traded_under_their_names(done, kept):
    _, trades, log = done
    assert errors(log) == []
    by_signal = trades[trades["enter_tag"].isin(SIGNALS)]
    assert len(by_signal) >= 10
    assert by_signal["enter_tag"].nunique() >= 2
    for trade in trades.itertuples():
        side = kept[trade.pair].set_index("date")["hydra_side"]
        assert side[trade.open_date - FIVE] == (-1 if trade.is_short else 1)


def test_positions_are_left_for_reasons_of_the_thesis(done):
    _, trades, _ = done
    by_signal = trades[trades["enter_tag"].isin(SIGNALS)]
    found = set(by_signal["exit_reason"]) & OWN
    assert len(found) >= 2
    assert "vote_faded" not in found
    assert "exit_signal" not in set(trades["exit_reason"])


def test_reasons_tell_of_signals_that_scored_too_little(kept):
    every = pd.concat(kept.values())
    counts = every["hydra_reason"].map(lambda code: Reason(int(code))).value_counts()
    assert counts[Reason.SCORE_TOO_LOW] > 10
    assert counts[Reason.ENTER] > 10
    assert Reason.WARMING_UP not in counts
    for frame in kept.values():
        assert len(frame) == 3 * 288 + 1  # freqtrade takes the last midnight in
        assert ((frame["hydra_reason"] == Reason.ENTER) == (frame["hydra_side"] != 0)).all()


def test_the_scorer_learned_and_left_its_explanation_and_health(done):
    bundle, *_ = done
    folder = next((bundle.user_data / "models").rglob("backtesting_models"))
    assert len(list(folder.glob("PANEL_*.hydra"))) == 2
    told = [json.loads(path.read_text()) for path in folder.glob("*_explained.json")]
    assert len(told) == 2
    assert all(model["why_rule"] is None for model in told)
    signals = load_backtest_analysis_data(bundle.user_data / "backtest_results", "signals")
    frames = signals["HydraStrategy"]
    for pair in PAIRS:
        frame = frames[pair]
        assert frame["health_by_model"].eq(1).all()
        assert set(frame["health_auc"]) <= {model["health"]["auc"] for model in told}
        entered = frame["signal_side"] != 0
        assert (frame["hydra_score_by"][entered] == 2).all()
        assert (frame["hydra_score"][entered] == frame["&-profitable"][entered]).all()
        assert (frame["hydra_score"][entered] >= 0.37).all()


def test_the_same_run_again_gives_the_same_trades_from_saved_models(done, positioned):
    bundle, first, _ = done
    models = {p: p.stat().st_mtime_ns for p in (bundle.user_data / "models").rglob("*.hydra")}
    again, _ = run(bundle, positioned, **warm.COLD)
    pd.testing.assert_frame_equal(first, again)
    assert len(models) == 2
    assert models == {p: p.stat().st_mtime_ns for p in models}
