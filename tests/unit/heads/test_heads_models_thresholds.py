"""Fixed thresholds: who is beyond them, who is sure enough, and what their trades earn."""

from dataclasses import replace

import numpy as np
import pytest
from support.planted_material import planted

from hydra_quant.heads.models.answers import Answer, silent
from hydra_quant.heads.models.plan import Plan
from hydra_quant.heads.models.report import as_json, measured
from hydra_quant.heads.models.scored import RULE_HOURS, Judging
from hydra_quant.heads.models.thresholds import THRESHOLDS
from hydra_quant.heads.models.walk import Asked, Walked, walk

JUDGING = Judging(draws=60, block_days=5)


def said(score, median=None):
    """An answer at one horizon to as many rows as there are scores."""
    quiet = silent(1, len(score), 1)
    column = np.array(score, dtype=float)[:, None]
    middle = quiet.median if median is None else np.array(median, dtype=float)[:, None]
    return Answer(quiet.tail, column, middle, quiet.volatility, 0.0, 0.0)


def test_a_probability_acts_beyond_its_thresholds_and_when_sure():
    rule, answer = THRESHOLDS["probability"], said([0.10, 0.34, 0.36, 0.65, 0.66, 0.84, 0.86])
    np.testing.assert_array_equal(
        rule.sides(answer, 0, sure=False), [-1, -1, 0, 0, 1, 1, 1]
    )  # .65 itself is not beyond .65
    np.testing.assert_array_equal(rule.sides(answer, 0), [-1, 0, 0, 0, 0, 0, 1])


def test_a_median_acts_beyond_two_per_cent_and_when_the_probability_is_sure():
    rule = THRESHOLDS["median"]
    returns = [0.0203, 0.0195, -0.0199, -0.0203, 0.03, np.nan]
    answer = said([0.9, 0.9, 0.1, 0.19, 0.79, 0.99], np.log1p(returns))
    np.testing.assert_array_equal(rule.sides(answer, 0, sure=False), [1, 0, 0, -1, 1, 0])
    np.testing.assert_array_equal(rule.sides(answer, 0), [1, 0, 0, -1, 0, 0])


def test_a_rule_is_known_where_the_model_says_what_it_reads():
    assert THRESHOLDS["probability"].known(said([0.5]), 0)
    assert not THRESHOLDS["median"].known(said([0.5]), 0)
    assert THRESHOLDS["median"].known(said([0.5], [0.0]), 0)
    assert not THRESHOLDS["probability"].known(said([np.nan]), 0)


@pytest.fixture(scope="module")
def walked():
    return walk(planted(1300), Plan(windows=2, first=0.5), Asked(nets=(), seeds=1))


def answered(walked: Walked, *scores):
    """The same walk in which logistic regression says, of each seed, what is given here."""
    seeds, begin = [], 0
    for score in scores:
        answers, begin = [], 0
        for answer in walked.answers["logistic"][0]:
            part = score[begin : begin + len(answer.score)]
            answers.append(replace(answer, score=np.repeat(part[:, None], 3, axis=1)))
            begin += len(part)
        seeds.append(answers)
    return replace(walked, answers={**walked.answers, "lightgbm": seeds})


def rows_of(walked):
    at = walked.at[np.concatenate([window.test for window in walked.windows])]
    return walked.data.targets[at[:, 0], at[:, 1], walked.data.hours.index(RULE_HOURS)]


def test_shares_and_earnings_by_hand(walked):
    returns = rows_of(walked)
    score = np.full(len(returns), 0.5)
    score[::10], score[5::10], score[1::10] = 0.9, 0.05, 0.7
    report = measured(answered(walked, score), JUDGING)
    found = report.models["lightgbm"].fixed
    assert set(found) == {"probability"}
    n = len(returns)
    long, short = len(score[::10]), len(score[5::10])
    assert found["probability"]["beyond"].value == pytest.approx(
        (long + short + len(score[1::10])) / n
    )
    assert found["probability"]["share"].value == pytest.approx((long + short) / n)
    simple = np.expm1(returns)
    earned = np.concatenate([simple[::10], -simple[5::10]]) - JUDGING.cost
    assert found["probability"]["net_bp"].value == pytest.approx(1e4 * earned.mean())
    assert np.isfinite(found["probability"]["net_bp"].low)
    assert report.models["har"].fixed == {}
    plain = as_json(report)["models"]["lightgbm"]["thresholds"]["probability"]
    assert set(plain) == {"beyond", "share", "net_bp"}
    assert plain["share"]["value"] == found["probability"]["share"].value


def test_no_interval_of_earnings_where_a_draw_may_hold_no_trade(walked):
    score = np.full(len(rows_of(walked)), 0.5)
    score[:3] = 0.99
    one = measured(answered(walked, score), JUDGING).models["lightgbm"].fixed["probability"]
    assert one["share"].value == pytest.approx(3 / len(score))
    assert np.isfinite(one["net_bp"].value)
    assert np.isnan([one["net_bp"].low, one["net_bp"].high]).all()
    none = measured(answered(walked, 0 * score + 0.5), JUDGING).models["lightgbm"].fixed
    assert none["probability"]["share"].value == 0.0
    assert np.isnan(none["probability"]["net_bp"].value)
