"""HydraStrategy candle by candle: who scores, what enters and why, and what a model is taught."""

import logging
import os
import pickle
import sys
from types import SimpleNamespace

import cloudpickle
import numpy as np
import pytest
from freqtrade.enums import RunMode
from freqtrade.strategy import IStrategy
from freqtrade.strategy.hyper import detect_all_parameters
from pandas import isna
from support.headed import (
    CANDLES,
    close_ms,
    crowded,
    decided,
    headed,
    put_regime,
    put_scorer,
    reasons,
)
from support.scored import signals, trained
from support.strategy_world import EQUITY, PAIR, START, candles, offer

from hydra_quant.adapters.strategy.base import MODEL_FEATURES
from hydra_quant.adapters.strategy.judged import BY_FILE, BY_FREQAI, BY_RULE
from hydra_quant.heads import regime_features, scorer_features
from hydra_quant.heads.scorer_rule import rule_score
from hydra_quant.reasons import Reason
from hydra_quant.regimes.market import REGIMES
from hydra_quant.settings import SIGNALS
from hydra_quant.signals.ensemble import heard

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def known():
    return crowded()


@pytest.fixture(scope="module")
def scorer():
    """A real model, and one that turns every signal down."""
    return trained(signals(600, 1.0, 1), min_samples=50)


@pytest.fixture
def made(tmp_path, known):
    return headed(tmp_path, known)


def fires(frame):
    return frame["signal_side"].to_numpy() != 0


# --- what enters ------------------------------------------------------------------------------


def test_each_candle_has_a_reason_and_each_entry_the_name_of_its_signal(made, known):
    done = decided(made, known)
    entered = reasons(done) == Reason.ENTER
    by_signal = entered & fires(done)
    assert by_signal.sum() > 20
    assert (entered == (done["enter_long"] + done["enter_short"] == 1)).all()
    expected = np.array(SIGNALS)[done["signal_source"].to_numpy(int)[by_signal]]
    assert (done["enter_tag"].to_numpy()[by_signal] == expected).all()
    assert (done["hydra_side"].to_numpy()[by_signal] == done["signal_side"][by_signal]).all()
    assert done.loc[~entered, "enter_tag"].isna().all()
    voted = done.loc[entered & ~fires(done), "enter_tag"]
    assert len(voted) > 20
    assert not voted.isin(SIGNALS).any()
    assert set(done.loc[fires(done), "hydra_reason"]) <= {
        *(Reason.WARMING_UP, Reason.LOW_CONFIDENCE, Reason.SCORE_TOO_LOW, Reason.OTHERS_OPPOSE),
        *(Reason.SHOCK_CANDLE, Reason.MOVE_BELOW_COSTS, Reason.ENTER),
    }


def test_a_signal_that_scores_too_little_is_turned_down_and_not_taken_by_vote(known, tmp_path):
    fussy = headed(tmp_path, known, hydra={"scorer": {"accept_above": 1.0}})
    done = decided(fussy, known)
    turned = reasons(done) == Reason.SCORE_TOO_LOW
    assert turned.sum() > 20
    assert (done["hydra_side"][turned] == 0).all()
    certain = done["hydra_score"] == 1.0  # the rule stops at 1
    assert (reasons(done)[fires(done) & ~certain] != Reason.ENTER).all()


def test_the_others_can_keep_a_signal_out(known, tmp_path):
    done = decided(headed(tmp_path, known), known)
    opposed = reasons(done) == Reason.OTHERS_OPPOSE
    against = -done["signal_side"] * done["hydra_others"]
    assert opposed.any()
    assert (against[opposed] > 0.5).all()
    deaf = headed(tmp_path, known, hydra={"ensemble": {"veto_beyond": 1.0}})
    assert not (reasons(decided(deaf, known)) == Reason.OTHERS_OPPOSE).any()


def test_with_an_empty_memory_candles_alone_still_run_and_say_why(tmp_path, known):
    done = decided(headed(tmp_path), known)
    warm = done["hydra_vote"].notna()
    assert not fires(done).any()
    quiet = reasons(done)[warm]
    assert (quiet == Reason.NO_POSITIONING).sum() > 100
    assert not (quiet == Reason.NO_SIGNAL).any()
    entered = reasons(done) == Reason.ENTER
    assert not done.loc[entered, "enter_tag"].isin(SIGNALS).any()


def test_momentum_speaks_in_trends_and_reversion_in_ranges(made, known, tmp_path):
    done = decided(made, known)
    loud = done["hydra_momentum"].abs() >= 0.5
    for name in ("momentum", "mean_reversion"):
        told = heard(name, done["hydra_regime"].to_numpy(), REGIMES)
        assert told.any()
        assert not told.all()
    everywhere = headed(tmp_path, known, hydra={"ensemble": {"by_regime": False}})
    other = decided(everywhere, known)
    silenced = loud & ~heard("momentum", done["hydra_regime"].to_numpy(), REGIMES)
    assert (other["hydra_others"] != done["hydra_others"])[silenced].mean() > 0.9


# --- who scores -------------------------------------------------------------------------------


def test_without_a_model_the_rule_scores(made, known):
    done = decided(made, known)
    rule = rule_score(scorer_features.scorer_features(done, 5).to_numpy(float))
    at = fires(done)
    np.testing.assert_array_equal(done["hydra_score"][at], rule[at])
    assert done.loc[~at, "hydra_score"].isna().all()
    assert (done["hydra_score_by"] == BY_RULE).all()


def test_a_file_scores_candles_that_it_has_not_seen_until_it_is_stale(known, tmp_path, scorer):
    learned = 1500
    put_scorer(tmp_path, close_ms(known, learned), scorer)
    made = headed(tmp_path, known, hydra={"scorer": {"max_age_days": 2}})
    done = decided(made, known)
    row = np.arange(len(done))
    answered = fires(done) & (row > learned) & (row <= learned + 2 * 288)
    assert answered.sum() > 10
    assert (done["hydra_score_by"] == np.where(answered, BY_FILE, BY_RULE)).all()
    features = scorer_features.scorer_features(done, 5).to_numpy(float)
    np.testing.assert_array_equal(done["hydra_score"][answered], scorer.predict(features[answered]))
    stale = fires(done) & (row > learned + 2 * 288)
    assert stale.any()
    np.testing.assert_array_equal(done["hydra_score"][stale], rule_score(features[stale]))


def test_freqai_scores_where_it_answers_and_says_whether_it_was_the_rule(known, tmp_path, scorer):
    put_scorer(tmp_path, close_ms(known, 0), scorer)
    made = headed(tmp_path, known)
    row = np.arange(len(known))
    answers = {
        "&-profitable": 0.61,
        "do_predict": (row >= 2000).astype(int),
        "health_by_model": np.where(row >= 2500, 1.0, 0.0),
    }
    done = decided(made, known, **answers)
    at = fires(done)
    by = done["hydra_score_by"].to_numpy()
    assert (done["hydra_score"][at & (row >= 2000)] == 0.61).all()
    assert (by[at & (row >= 2500)] == BY_FREQAI).all()
    assert (by[at & (row >= 2000) & (row < 2500)] == BY_RULE).all()
    assert (by[at & (row > 0) & (row < 2000)] == BY_FILE).all()


@pytest.mark.parametrize("head", ["scorer", "regime"])
def test_a_damaged_file_is_named_once_and_the_rule_stands_in(known, tmp_path, scorer, head, caplog):
    until = close_ms(known, 100)
    path = (
        put_scorer(tmp_path, until, scorer) if head == "scorer" else put_regime(tmp_path, until, 0)
    )
    path.write_bytes(path.read_bytes()[:-20])
    made = headed(tmp_path, known)
    with caplog.at_level(logging.WARNING):
        done = decided(made, known)
        decided(made, known)
    told = [record.getMessage() for record in caplog.records if str(path) in record.getMessage()]
    assert len(told) == 1
    assert "the rule stands in" in told[0]
    assert (done[f"hydra_{'score' if head == 'scorer' else 'regime'}_by"] == BY_RULE).all()


def test_a_file_that_comes_or_is_replaced_while_the_bot_runs_is_read(known, tmp_path, scorer):
    made = headed(tmp_path, known)
    assert made.heads.get("scorer") is None
    path = put_scorer(tmp_path, close_ms(known, 100), scorer)
    assert made.heads.get("scorer").known_until_ms == close_ms(known, 100)
    before = path.stat().st_mtime_ns
    put_scorer(tmp_path, close_ms(known, 200), scorer)
    os.utime(path, ns=(before + 1, before + 1))
    assert made.heads.get("scorer").known_until_ms == close_ms(known, 200)
    assert made.heads.get("scorer") is made.heads.get("scorer")  # not read without need
    path.unlink()
    assert made.heads.get("scorer") is None


def test_a_file_or_freqai_tells_the_regime_once_the_rule_knows_one(known, tmp_path):
    code = REGIMES.index("squeeze_long")
    put_regime(tmp_path, close_ms(known, 1500), code)
    made = headed(tmp_path, known)
    done = decided(made, known)
    row, ready = np.arange(len(done)), done["regime"].to_numpy() >= 0
    told = ready & (row > 1500)
    assert (done["hydra_regime"][told] == code).all()
    assert (done["hydra_regime_by"] == np.where(told, BY_FILE, BY_RULE)).all()
    assert (done["hydra_regime"][~told] == done["regime"][~told]).all()
    answers = {f"&-regime_{name}": float(name == "cascade") for name in REGIMES}
    done = decided(made, known, do_predict=(row >= 2000).astype(int), **answers)
    by_model = ready & (row >= 2000)
    assert (done["hydra_regime"][by_model] == REGIMES.index("cascade")).all()
    assert (done["hydra_regime_by"][by_model] == BY_FREQAI).all()
    assert (done["hydra_regime_by"][told & (row < 2000)] == BY_FILE).all()


# --- how much ---------------------------------------------------------------------------------


def ask_stake(made, frame, tag):
    return made.custom_stake_amount(
        pair=PAIR, current_time=START, current_rate=float(frame["close"].iloc[-1]),
        proposed_stake=1.0, min_stake=0.0, max_stake=EQUITY, leverage=2.0, entry_tag=tag,
        side="long",
    )  # fmt: skip


def test_the_stake_is_a_share_by_conviction_of_what_the_wider_stop_allows(tmp_path, known):
    hydra = {"risk": {"min_stake": 0.0, "max_position": 0.25, "risk_per_trade": 0.001}}
    made = headed(tmp_path, known, hydra=hydra)
    done = decided(made, known)
    share = float(done["hydra_conviction"].iloc[-1])
    assert 0 < share <= 1
    atr, close = (float(done[name].iloc[-1]) for name in ("hydra_atr", "close"))
    for tag, minutes in (("crowding_fade", 1440), ("liquidation_reversal", 240)):
        stop_atrs = 2.0 * np.sqrt(minutes / 60)
        assert made._stop_atrs(tag) == pytest.approx(stop_atrs)
        lost = ask_stake(made, done, tag) * 2.0 * stop_atrs * atr / close
        assert lost == pytest.approx(share * 0.001 * EQUITY)
    assert made._stop_atrs("momentum") == made._stop_atrs(None) == 2.0


@pytest.mark.parametrize("unknown", [np.nan, 0.0, 1.5])
def test_without_a_known_conviction_nothing_is_bought(tmp_path, known, unknown, caplog):
    made = headed(tmp_path, known, hydra={"risk": {"min_stake": 0.0}})
    done = decided(made, known)
    assert ask_stake(made, done, "crowding_fade") > 0
    made.dp.clear_cache()
    offer(made, done.assign(hydra_conviction=unknown))
    with caplog.at_level(logging.ERROR):
        assert ask_stake(made, done, "crowding_fade") == 0
    assert "no conviction known" in caplog.text


# --- what a model is taught -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "features", "labels"),
    [
        ("score", scorer_features.NAMES, ["&-profitable"]),
        ("regime", regime_features.NAMES, [f"&-regime_{name}" for name in REGIMES]),
        ("return", MODEL_FEATURES, ["&-return"]),
        (None, MODEL_FEATURES, ["&-return"]),
    ],
)
def test_each_head_is_shown_its_features_and_taught_its_label(made, known, head, features, labels):
    made.freqai = SimpleNamespace(**{"head": head} if head else {})
    shown = made.feature_engineering_standard(known[CANDLES], {"pair": PAIR})
    assert [name for name in shown if name.startswith("%")] == [f"%-{name}" for name in features]
    taught = made.set_freqai_targets(shown, {"pair": PAIR})
    assert [name for name in taught if name.startswith("&")] == labels
    assert taught[labels].iloc[-1].isna().all()
    assert taught[labels].notna().any().all()
    assert made._prediction() in ("&-regime_ranging", *labels)
    if head == "score":
        assert taught.loc[~fires(shown), "&-profitable"].isna().all()
        assert set(taught["&-profitable"].dropna()) == {0.0, 1.0}
    if head == "regime":
        assert (taught[labels].dropna().sum(axis=1) == 1).all()


def test_a_model_that_predicts_returns_votes_among_the_others(made, known):
    done = decided(made, known, **{"&-return": 0.01, "do_predict": 1})
    assert (done["hydra_model"] == 1).all()
    assert (done["hydra_weight_model"] > 0).all()
    assert "hydra_model" not in decided(made, known)


# --- laws -------------------------------------------------------------------------------------


def own_columns(frame):
    return [name for name in frame if name.startswith(("hydra_", "signal_", "thesis_", "enter_"))]


def same(left, right, row):
    names = own_columns(left)
    assert names == own_columns(right)
    assert len(names) > 40
    for name in names:
        one, other = left[name].iloc[row], right[name].loc[left.index[row]]
        if name == "enter_tag":
            assert one == other or (isna(one) and isna(other))
        else:
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12, err_msg=name)


def test_no_column_knows_the_candles_after_it(made, known):
    whole = decided(made, known)
    for t in (1500, 2222, 2999):
        same(decided(made, known.iloc[:t]), whole, -1)


def test_a_bot_that_just_started_decides_as_one_that_has_seen_everything(made, known):
    whole = decided(made, known)
    for end in (2500, 3000):
        fresh = decided(made, known.iloc[end - made.startup_candle_count : end])
        same(fresh, whole, -1)
        same(fresh, whole, -2)


def test_these_comparisons_see_a_column_that_peeks(made, known):
    whole = decided(made, known)
    whole["signal_confidence"] = whole["signal_confidence"].shift(-1)
    whole["hydra_shock"] = whole["hydra_shock"].shift(-1)
    with pytest.raises(AssertionError):
        same(decided(made, known.iloc[:2222]), whole, -1)


def test_the_first_candle_after_start_up_is_decided(made, known):
    done = decided(made, known.iloc[: made.startup_candle_count + 20])
    assert (reasons(done)[made.startup_candle_count - 1 :] != Reason.WARMING_UP).all()


# --- hyperopt ---------------------------------------------------------------------------------


def test_hyperopt_finds_the_thresholds_that_signals_meet(made):
    found = {space: set(names) for space, names in detect_all_parameters(made).items()}
    assert found == {
        "buy": {"enter_above", "accept_above", "min_confidence"},
        "sell": {"exit_below", "stop_atr", "min_health"},
    }


def test_parameters_start_at_the_users_settings(tmp_path):
    hydra = {
        "scorer": {"accept_above": 0.555},
        "signals": {"min_confidence": 0.525},
        "exits": {"min_health": 0.123},
    }
    made = headed(tmp_path, hydra=hydra)
    assert made.accept_above.value == 0.555
    assert made.min_confidence.value == 0.525
    assert made.min_health.value == 0.123


def test_it_survives_the_pickling_that_hyperopt_does(tmp_path, known, scorer):
    put_scorer(tmp_path, close_ms(known, 100), scorer)
    made = headed(tmp_path, None, mode=RunMode.HYPEROPT, export="trades", spaces=["buy"])
    before = decided(made, known)
    made.accept_above.value = 0.6
    modules = {sys.modules[b.__module__] for b in type(made).__bases__ if b is not IStrategy}
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        again = pickle.loads(cloudpickle.dumps(made))
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)
    assert again.accept_above.value == 0.6
    assert again.leaving._pairs == again.heads._found == {}
    again.accept_above.value = 0.45
    np.testing.assert_array_equal(reasons(decided(again, known)), reasons(before))


def test_pairs_do_not_touch_each_other(tmp_path):
    made = headed(tmp_path)
    one, other = candles(1600, 1), candles(1600, 2)
    alone = decided(made, one)
    decided(made, other)
    assert decided(made, one).equals(alone)
