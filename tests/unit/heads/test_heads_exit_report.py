"""The report on the exit model: figures of planted causes, and what it may not have seen."""

import json

import numpy as np
import pytest

from hydra_quant.heads.exit_features import NAMES, VOLATILITY_NAMES
from hydra_quant.heads.exit_report import KEYS, Judging, TooFew, judge, measured
from hydra_quant.heads.exit_rows import ExitRows
from hydra_quant.models.rows import Rows

HOUR = 3600
FAST = Judging(folds=2, draws=100, block_days=5)


def planted(by, n=9000, seed=0, strength=2.0):
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n, len(NAMES)))
    score = strength * sum(features[:, NAMES.index(name)] for name in by) - 1.0
    label = (rng.random(n) < 1 / (1 + np.exp(-score))).astype(float)
    times = np.arange(n, dtype=np.int64) // 2 * HOUR
    pairs = (np.arange(n) % 2).astype(np.int16)
    rows = Rows(features, label[:, None], times, pairs, ("BTC", "ETH"), np.ones(n))
    return ExitRows(rows, np.arange(n) // 10, 2 * HOUR)


@pytest.fixture(scope="module")
def report():
    return judge(planted(("unrealised_pnl", "volatility")), 60, FAST)


def test_a_cause_beside_volatility_is_told_from_it(report):
    figures = report.whole.figures
    assert figures["auc_over_volatility"].low > 0.05
    assert figures["brier_over_volatility"].low > 0
    assert figures["brier_over_constant"].low > 0
    assert report.verdict.startswith("the exit model knows more than volatility")


def test_where_volatility_is_all_there_is_nothing_more_is_claimed():
    found = judge(planted(VOLATILITY_NAMES[:1]), 60, FAST)
    assert "knows more" not in found.verdict
    assert found.whole.figures["volatility_auc"].value > 0.8


def test_each_figure_lies_in_its_interval_and_adds_up(report):
    for part in (report.whole, *report.folds, *report.by_pair.values()):
        for name in KEYS:
            figure = part.figures[name]
            assert figure.low <= figure.value <= figure.high, name
        values = {name: part.figures[name].value for name in KEYS}
        gain = values["auc"] - values["volatility_auc"]
        assert values["auc_over_volatility"] == pytest.approx(gain)
        gain = values["volatility_brier"] - values["brier"]
        assert values["brier_over_volatility"] == pytest.approx(gain)


def test_every_row_after_the_first_stretch_is_tested_once(report):
    assert report.n_rows == 9000
    assert report.whole.n == pytest.approx(0.6 * 9000, abs=2)
    assert sum(part.n for part in report.folds) == report.whole.n
    assert sum(part.n for part in report.by_pair.values()) == report.whole.n
    assert set(report.by_pair) == {"BTC", "ETH"}


def test_what_happens_in_a_test_block_does_not_reach_its_own_answers():
    """Turned outcomes in the last block turn its AUC; the models had not seen them."""
    honest = planted(("unrealised_pnl",))
    labels = honest.rows.labels.copy()
    labels[6300:] = 1 - labels[6300:]
    rows = honest.rows
    turned = Rows(rows.features, labels, rows.times, rows.pairs, rows.universe, rows.weights)
    before = judge(honest, 60, FAST)
    after = judge(ExitRows(turned, honest.position, honest.reach_s), 60, FAST)
    assert after.folds[0] == before.folds[0]
    was, is_ = (found.folds[1].figures["auc"].value for found in (before, after))
    assert is_ == pytest.approx(1 - was)


def test_shuffled_outcomes_give_chance():
    data = planted(("unrealised_pnl",))
    rows, order = data.rows, np.random.default_rng(5).permutation(9000)
    mixed = Rows(rows.features, rows.labels[order], rows.times, rows.pairs, rows.universe)
    figures = judge(ExitRows(mixed, data.position, data.reach_s), 60, FAST).whole.figures
    assert figures["auc"].value == pytest.approx(0.5, abs=0.03)
    assert figures["auc"].low < 0.5 < figures["auc"].high


def test_figures_by_hand():
    label = np.array([1.0, 0.0, 1.0, 0.0])
    model = np.array([0.9, 0.1, 0.4, 0.6])
    found = measured(model, np.full(4, 0.5), np.full(4, 0.25), label)(np.ones((1, 4)))
    assert found["auc"][0] == 0.75
    assert found["volatility_auc"][0] == 0.5
    assert found["brier"][0] == pytest.approx((0.01 + 0.01 + 0.36 + 0.36) / 4)
    assert found["constant_brier"][0] == pytest.approx((0.5625 + 0.0625) / 2)
    assert found["base_rate"][0] == 0.5
    assert set(found) == set(KEYS)


def test_json_is_plain(report):
    found = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert found["auc"]["value"] == pytest.approx(report.whole.figures["auc"].value)
    assert found["pairs"]["BTC"]["n"] == report.by_pair["BTC"].n
    assert len(found["folds"]) == 2


@pytest.mark.parametrize("n", [0, 300])
def test_too_few_rows_are_said(n):
    with pytest.raises(TooFew, match=f"{n} candles of positions.*give more history"):
        judge(planted(("unrealised_pnl",), n=n), 60, FAST)
