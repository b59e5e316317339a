"""The lesson of a direction: what such a model is shown and taught, and how its answers vote."""

from types import SimpleNamespace

import numpy as np
import pytest
from support.headed import CANDLES, crowded, decided, headed, reasons
from support.strategy_world import PAIR

from hydra_quant.adapters.strategy.teaching import (
    DIRECTION,
    HIGH,
    LOW,
    RETURN,
    UP,
    head_of,
)
from hydra_quant.heads import sequence_features
from hydra_quant.reasons import Reason
from hydra_quant.signals.soft_vote import model_vote

SHOWN = [f"%-{name}" for name in sequence_features.NAMES]


@pytest.fixture(scope="module")
def known():
    return crowded()


@pytest.fixture
def made(tmp_path, known):
    made = headed(tmp_path, known)
    made.freqai = SimpleNamespace(head="direction")
    return made


@pytest.fixture
def taught(made, known):
    shown = made.feature_engineering_standard(known[CANDLES], {"pair": PAIR})
    return made.set_freqai_targets(shown, {"pair": PAIR})


def answers_of(n, seed=5):
    """What a network with quantiles would hand back: sure on some candles, silent on others."""
    rng = np.random.default_rng(seed)
    ahead = 0.004 * rng.standard_normal(n)
    return {
        RETURN: ahead,
        UP: 1.0 / (1.0 + np.exp(-300.0 * ahead)),
        LOW: ahead - 0.01,
        HIGH: ahead + 0.01,
        "do_predict": (rng.random(n) < 0.8).astype(int),
    }


def test_a_model_that_says_so_is_taught_the_direction(made):
    assert head_of(made.freqai) == "direction"
    assert head_of(SimpleNamespace(head="directions")) == "return"
    assert made._prediction() == RETURN
    assert DIRECTION == (RETURN, UP, LOW, HIGH) == ("&-return", "&-up", "&-low", "&-high")


def test_it_is_shown_the_sequence_set(made, known, taught):
    assert [name for name in taught if name.startswith("%")] == SHOWN
    expected = sequence_features.sequence_features(known, 5).add_prefix("%-")
    assert taught[SHOWN].equals(expected)
    assert taught[SHOWN].iloc[made.startup_candle_count :].notna().all().all()
    assert made.startup_candle_count > sequence_features.lookback()


def test_the_labels_come_in_order_and_look_exactly_so_far_ahead(made, known, taught):
    labels = taught[list(DIRECTION)]
    assert [name for name in taught if name.startswith("&")] == list(DIRECTION)
    close, horizon = known["close"].to_numpy(), made.horizon
    ahead = np.log(close[horizon:] / close[:-horizon])
    for name in (RETURN, LOW, HIGH):
        np.testing.assert_allclose(labels[name][:-horizon], ahead, atol=1e-12)
    np.testing.assert_array_equal(labels[UP][:-horizon], (ahead > 0).astype(float))
    assert 0.3 < labels[UP].mean() < 0.7
    assert labels.iloc[-horizon:].isna().all().all()


def test_standing_still_is_no_rise_and_an_unknown_close_no_fall(made, known):
    candles = known[CANDLES].copy()
    candles["close"] = 7.0
    candles.loc[100, "close"] = np.nan
    labels = made.set_freqai_targets(candles, {"pair": PAIR})[list(DIRECTION)]
    silent = np.zeros(len(labels), dtype=bool)
    silent[[100, 100 - made.horizon]] = True
    silent[-made.horizon :] = True
    np.testing.assert_array_equal(labels[UP].isna(), silent)
    assert (labels[~silent] == 0).all().all()


def test_its_return_votes_as_that_of_any_model(made, known):
    answers = answers_of(len(known))
    done = decided(made, known, **answers)
    trusted = answers["do_predict"] == 1
    edge = made.settings.vote.model_edge
    np.testing.assert_array_equal(done["hydra_model"], model_vote(answers[RETURN], trusted, edge))
    whole = trusted & (np.abs(answers[RETURN]) >= edge)
    assert whole.sum() > 500
    assert (done["hydra_model"][whole] == np.sign(answers[RETURN][whole])).all()
    partly = trusted & ~whole
    np.testing.assert_allclose(done["hydra_model"][partly], answers[RETURN][partly] / edge)
    assert (done["hydra_weight_model"] > 0).all()
    for name in (UP, LOW, HIGH):
        np.testing.assert_array_equal(done[name], answers[name])


def test_it_decides_as_a_model_of_the_return_alone_would(made, known):
    answers = answers_of(len(known))
    alone = {name: answers[name] for name in (RETURN, "do_predict")}
    done, other = decided(made, known, **answers), decided(made, known, **alone)
    assert done.drop(columns=[UP, LOW, HIGH]).equals(other)
    entered = reasons(done) == Reason.ENTER
    by_model = entered & done["enter_tag"].str.contains("model", na=False).to_numpy()
    assert by_model.sum() > 20
    assert (done["hydra_side"][by_model] == np.sign(answers[RETURN][by_model])).all()
    reversed_ = decided(made, known, **{**answers, RETURN: -answers[RETURN]})
    assert (done["hydra_side"] != reversed_["hydra_side"]).sum() > 20
