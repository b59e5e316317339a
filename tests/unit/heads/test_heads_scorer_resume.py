"""A stored scorer goes on: it finds what is new, keeps what it knew, and adds nothing for noise."""

import re
from dataclasses import replace

import numpy as np
import pytest
from support.scored import HOLDING, HOUR, PLANTED, signals, trained, truth_of

from hydra_quant.heads import scorer_resume
from hydra_quant.heads.artefact import Artefact
from hydra_quant.heads.orientation import oriented
from hydra_quant.heads.resuming import go_on, since
from hydra_quant.heads.scorer import ScorerModel
from hydra_quant.heads.scorer_features import AT, NAMES
from hydra_quant.heads.scorer_health import HEALTH, ranked
from hydra_quant.heads.scorer_resume import TooLittleNew, continue_scorer
from hydra_quant.heads.scorer_rows import SignalRows
from hydra_quant.settings import Scorer, Settings

N, LATER, NEW = 2000, 2048, 4000  # hours
SECOND = "ob_imbalance"
REACH = 25 * HOUR


@pytest.fixture(scope="module")
def stored() -> ScorerModel:
    return trained(signals(N, 1.0, seed=1), signals(800, 1.0, seed=2, start=LATER), rounds=80)


def both(n: int, seed: int, start: int):
    """Signals whose outcome hangs on a second feature as much as on the first one."""
    rows = signals(n, 0.0, seed=seed, start=start)
    log_odds = truth_of(rows.features) + np.nan_to_num(oriented(rows.features)[:, AT[SECOND]])
    paid = np.random.default_rng(seed + 100).random(n) < 1 / (1 + np.exp(-log_odds))
    return replace(rows, labels=paid.astype(float)[:, None])


def continued(stored, rows, later=None, seed=1, names=NAMES, params=None, **changes) -> ScorerModel:
    return continue_scorer(
        stored, rows, later, names, settings=Scorer(**{"rounds": 60, **changes}), seed=seed,
        params=params or {}, candle_seconds=HOUR, holding_minutes=HOLDING,
    )  # fmt: skip


def auc(model, rows) -> float:
    return ranked(model.predict(rows.features), rows.labels[:, 0], np.ones(len(rows)))


@pytest.fixture(scope="module")
def grown(stored) -> ScorerModel:
    return continued(stored, both(1000, 21, NEW), both(500, 22, NEW + 1048))


def test_what_is_new_is_found_and_what_was_known_is_kept(stored, grown) -> None:
    asked, of_old = both(4000, 23, 20_000), signals(4000, 1.0, seed=9, start=20_000)
    assert auc(grown, asked) > auc(stored, asked) + 0.03
    assert auc(grown, of_old) > 0.65
    told = grown.explanation["continued"]
    assert 0 < told["added"] <= 60
    assert len(grown.trees) == told["stored"] + told["added"]
    assert told["stored"] == len(stored.trees) == stored.health["trees"]
    np.testing.assert_array_equal(
        grown.trees.log_odds(asked.features, len(stored.trees)),
        stored.trees.log_odds(asked.features),
    )
    assert grown.health["auc"] == pytest.approx(auc(grown, asked), abs=0.05)
    assert grown.health["auc_later"] == pytest.approx(auc(grown, asked), abs=0.04)
    assert tuple(grown.health) == HEALTH
    assert (grown.health["n_train"], grown.health["n_later"]) == (N + 1000, 500)


def test_what_new_signals_say_nothing_of_is_kept(stored) -> None:
    """The first feature's feed is silent; when it is back, the old trees still read it."""
    features = both(1000, 21, NEW).features.copy()
    features[:, AT[PLANTED]] = np.nan
    tells = np.nan_to_num(oriented(features)[:, AT[SECOND]])
    paid = np.random.default_rng(8).random(1000) < 1 / (1 + np.exp(-1.5 * tells))
    rows = replace(both(1000, 21, NEW), features=features, labels=paid.astype(float)[:, None])
    of_old, asked = signals(4000, 1.0, seed=9, start=20_000), both(4000, 23, 20_000)
    model, alone = continued(stored, rows), trained(rows, rounds=60)
    assert auc(model, of_old) > 0.62
    assert auc(alone, of_old) < 0.55  # what the same rows tell a model that begins with them
    assert auc(model, asked) > max(auc(stored, asked), auc(alone, asked)) + 0.03


def test_a_world_that_stays_the_same_adds_about_nothing_and_does_no_harm(stored) -> None:
    asked, added = signals(4000, 1.0, seed=9, start=20_000), []
    for seed in (31, 41, 51):
        later = signals(500, 1.0, seed=seed + 1, start=NEW + 648)
        model = continued(stored, signals(600, 1.0, seed=seed, start=NEW), later)
        added.append(model.explanation["continued"]["added"])
        assert auc(model, asked) > auc(stored, asked) - 0.01
        assert model.predict(asked.features).mean() == pytest.approx(0.5, abs=0.06)
    assert sorted(added)[1] == 0


def test_tosses_of_a_coin_add_nothing_to_a_model_of_a_coin(monkeypatch) -> None:
    coin = trained(signals(1500, 0.0, seed=3))
    rows = signals(600, 0.0, seed=4, start=NEW)
    model = continued(coin, rows)
    assert model.explanation["continued"]["added"] == 0
    assert model.trees.to_bytes() == coin.trees.to_bytes()
    assert model.health["n_train"] == coin.health["n_train"]
    # a choice by rows that the trees were grown on would have taken all of them
    everything = np.arange(600)
    leaky = scorer_resume.Fold(everything, everything)
    monkeypatch.setattr(scorer_resume, "purged_folds", lambda *_: [leaky])
    assert continued(coin, rows).explanation["continued"]["added"] > 30


def test_no_more_trees_than_rounds(stored) -> None:
    model = continued(stored, both(1000, 21, NEW), rounds=10)
    assert model.explanation["continued"]["added"] == 10
    fewer = continued(stored, both(1000, 21, NEW), params={"n_estimators": 4})
    assert fewer.explanation["continued"]["added"] == 4


def test_the_same_rows_and_seed_give_the_same_bytes(stored, grown) -> None:
    rows, later = both(1000, 21, NEW), both(500, 22, NEW + 1048)
    content = stored.to_bytes()
    assert continued(stored, rows, later).to_bytes() == grown.to_bytes()
    assert continued(stored, rows, later, seed=2).to_bytes() != grown.to_bytes()
    assert stored.to_bytes() == content
    again = continued(ScorerModel.from_bytes(content), rows, later)
    assert again.to_bytes() == grown.to_bytes()
    assert ScorerModel.from_bytes(grown.to_bytes()).explanation == grown.explanation


def test_calibration_follows_the_newest_signals_or_stays(stored) -> None:
    rows, later = signals(600, 1.0, seed=31, start=NEW), signals(2000, 1.0, seed=5, start=NEW + 648)
    fewer = np.random.default_rng(3).random(len(later)) < 0.5
    later = replace(later, labels=later.labels * fewer[:, None])
    model = continued(stored, rows, later)
    assert model.predict(later.features).mean() == pytest.approx(0.25, abs=0.04)
    kept = continued(stored, rows, later.take(slice(0, 20)))
    assert kept.calibration == stored.calibration
    assert kept.explanation["calibration"].startswith("as stored: ")
    assert kept.health["calibrated"] == 1


def test_the_baseline_is_of_the_new_rows_and_knows_the_old_signals(stored, grown) -> None:
    rows, later = both(1000, 21, NEW), both(500, 22, NEW + 1048)
    found, old = grown.baseline, stored.baseline
    assert found.known_until_ms == 1000 * (int(later.times[-1]) + REACH) > old.known_until_ms
    assert 0 < found.outcomes < len(rows)
    shape, before = found.features[SECOND], old.features[SECOND]
    assert shape.edges == before.edges
    column = rows.features[:, AT[SECOND]]
    unknown = (np.isnan(column).sum() + before.shares[-1] * N) / (N + len(rows))
    assert shape.shares[-1] == pytest.approx(unknown)
    assert sum(shape.shares) == pytest.approx(1)
    assert shape.usual >= before.usual
    moved = rows.features.copy()
    moved[:, AT[SECOND]] += 2.0
    wide = continued(stored, replace(rows, features=moved), later).baseline.features[SECOND]
    assert wide.usual > shape.usual + 0.2


def test_too_few_or_too_close_together(stored) -> None:
    with pytest.raises(TooLittleNew, match=r"99 new signals with known outcome .* 100 are wanted"):
        continued(stored, signals(99, 1.0, seed=1, start=NEW))
    rows = signals(600, 1.0, seed=1)
    with pytest.raises(TooLittleNew, match="too close together"):
        continued(stored, replace(rows, times=np.sort(rows.times % HOUR)))


def test_other_features_or_other_constraints_are_refused(stored) -> None:
    rows = signals(600, 1.0, seed=1, start=NEW)
    with pytest.raises(ValueError, match="other features"):
        continued(stored, rows, names=[*NAMES[1:], NAMES[0]])
    with pytest.raises(ValueError, match=r"hydra\.scorer\.monotone"):
        continued(stored, rows, monotone=True)


def test_constraints_bind_the_trees_that_are_added() -> None:
    column, rows = AT["signal_confidence"], signals(1500, 0.0, seed=11)
    falls = np.random.default_rng(1).random(1500) > (rows.features[:, column] - 0.5) * 2
    rows = replace(rows, labels=falls.astype(float)[:, None])
    grid = np.repeat(signals(1, 0.0, seed=12).features, 50, axis=0)
    grid[:, column] = np.linspace(0.5, 1, 50)
    for monotone in (False, True):
        old = trained(signals(1500, 0.0, seed=10), monotone=monotone)
        new = continued(old, replace(rows, times=rows.times + NEW * HOUR), monotone=monotone)
        falling = (np.diff(new.predict(grid)) < 0).any()
        assert falling != monotone


# --- which rows teach ----------------------------------------------------------------------------


@pytest.mark.parametrize("known_hour", [0, 100, 431, 599, 10_000])
def test_no_row_before_what_is_known_and_none_that_overlap(known_hour) -> None:
    rows = signals(600, 1.0, seed=1)
    found = SignalRows(rows, np.zeros(600), REACH)
    train, later = since(found, known_hour * HOUR * 1000, 0.2)
    for chosen in (train, later):
        assert (rows.times[chosen] >= known_hour * HOUR).all()
    if known_hour < 500:
        assert len(train) > len(later) > 0
        assert rows.times[train[-1]] + REACH <= rows.times[later[0]]
        assert rows.times[train[0]] == rows.times[rows.times >= known_hour * HOUR][0]
    if known_hour > 600:
        assert len(train) == len(later) == 0


def test_other_heads_and_the_rule_say_why_they_cannot() -> None:
    rule = trained(signals(199, 1.0, seed=1))
    for head, model, why in (
        ("regime", None, "a forest does not grow"),
        ("exit", None, "settled on the old data"),
        ("scorer", rule, "the rule, which holds no trees .199 past signals"),
    ):
        old = Artefact(head, model, 0, 1, (), tuple(NAMES), 60)
        said = go_on(old, None, Settings(), known_until_ms=2, later=0.2, seed=1)
        assert isinstance(said, str)
        assert re.search(why, said)
