"""The cascade head: rows, honest figures, an alarm on the prior's scale, and who may answer."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.cascade_folder import burst_frame
from support.positions import crowded_frame

from hydra_quant.heads import cascade_report, cascade_rows
from hydra_quant.heads.artefact import Artefact, load, save
from hydra_quant.heads.cascade_report import Judging
from hydra_quant.heads.exit_market import market_of
from hydra_quant.heads.regime_features import regime_features
from hydra_quant.heads.scorer_features import scorer_features
from hydra_quant.heads.think import think
from hydra_quant.models.store import Refused
from hydra_quant.regimes import cascade
from hydra_quant.regimes.cascade import PRIOR, CascadeModel
from hydra_quant.regimes.cascade_fit import on_prior_scale
from hydra_quant.regimes.cascade_inputs import INPUTS, cascade_inputs
from hydra_quant.regimes.market import REGIMES
from hydra_quant.settings import Settings

SETTINGS = Settings()
HOUR_S = 3600
# Says a tenth of the prior's odds: calibrated, it would never pass one half.
TIMID = CascadeModel(
    means=PRIOR.means,
    scales=PRIOR.scales,
    weights=(0.45, 0.3, 0.3, 0.2, 0.1, 0.1, 0.1),
    missing=PRIOR.missing,
    intercept=-8.0,
)


@pytest.fixture(scope="module")
def rows():
    frames = {f"{coin}/USDT:USDT": burst_frame(3000, seed) for seed, coin in enumerate("CAB")}
    return cascade_rows.cascade_rows(frames, 60)


def split(rows, share=0.7):
    times = rows.rows.times
    turn = int(np.quantile(times, share))
    return np.flatnonzero(times + rows.reach_s <= turn), np.flatnonzero(times >= turn)


def inputs_of(seed=3, n=4000):
    """Inputs among which the prior alarms now and then."""
    inputs = np.random.default_rng(seed).standard_normal((n, len(INPUTS)))
    inputs[:, 0] = np.abs(inputs[:, 0]) * 3
    inputs[::5, 2] = np.nan
    return inputs


def test_rows_stand_in_the_order_of_time_with_known_outcomes(rows):
    assert rows.rows.universe == ("A/USDT:USDT", "B/USDT:USDT", "C/USDT:USDT")
    assert (np.diff(rows.rows.times) >= 0).all()
    together = np.diff(rows.rows.times) == 0
    assert (np.diff(rows.rows.pairs)[together] > 0).all()
    assert np.isin(rows.label, (0.0, 1.0)).all()
    assert np.isfinite(rows.rows.features[:, :2]).all()
    assert rows.reach_s == 3 * HOUR_S
    start = pd.Timestamp("2024-01-01", tz="UTC").value // 10**9
    assert rows.rows.times[-1] == start + (3000 - 3) * HOUR_S  # the last two have no outcome


def test_no_label_looks_beyond_its_reach(rows):
    frame = burst_frame(3000, 1)  # seed 1 is A's
    changed = frame.copy()
    at = 2000
    changed.loc[at:, "close"] *= 1.2
    changed.loc[at:, "open_interest"] *= 0.1
    first = int(frame["date"].iloc[at].timestamp())  # the first candle that is another one
    found, other = (cascade_rows.cascade_rows({"A": one}, 60) for one in (frame, changed))
    # it closes an hour after it opens: what is known by its open knows nothing of it
    known = found.rows.times + found.reach_s <= first
    np.testing.assert_array_equal(found.label[known], other.label[: known.sum()])
    early = found.rows.times + found.reach_s <= first + 2 * HOUR_S
    assert (found.label[early] != other.label[: early.sum()]).any()


def test_health_is_of_rows_that_neither_taught_nor_calibrated(rows):
    train, later = split(rows)
    model = cascade_rows.fit(rows, train, later, 0.5)
    middle = (rows.rows.times[later][0] + rows.rows.times[later][-1]) // 2
    tested = later[rows.rows.times[later] >= middle]
    assert model.calibrated
    assert model.health["n_tested"] == len(tested)
    assert model.health["base_rate"] == pytest.approx(rows.label[train].mean())
    assert model.health["auc"] > 0.7
    assert model.health["brier"] < model.health["brier_constant"]
    assert model.health["ece"] < 0.02
    turned = rows.rows.labels.copy()
    turned[tested] = 1 - turned[tested]
    wrong = replace(rows, rows=replace(rows.rows, labels=turned))
    assert cascade_rows.fit(wrong, train, later, 0.5).health["auc"] < 0.3
    # the tested outcomes calibrate what is stored, and only that
    kept = cascade_rows.fit(wrong, train, later, 0.5)
    assert (kept.weights, kept.intercept) == (model.weights, model.intercept)


def test_too_few_cascades_are_said_in_numbers(rows):
    train, later = split(rows, 0.02)
    assert cascade_rows.fit(rows, train, later, 0.5) is None
    line = cascade_rows.too_few(rows, train)
    assert line.startswith(f"{rows.label[train].sum():.0f} candles before a cascade among ")
    assert "20 are needed; give more history or pairs" in line
    bare = cascade_rows.cascade_rows({"A": burst_frame(900, 1)[["date", "close"]]}, 60)
    assert "told by open interest" in cascade_rows.too_few(bare, np.arange(0))


@pytest.mark.parametrize("above", [0.02, 0.3, 0.5, 0.9])
def test_as_many_alarms_as_the_prior_gives(above):
    inputs = inputs_of()
    model = on_prior_scale(TIMID, inputs, above)
    wanted = (PRIOR.predict(inputs) > above).sum()
    assert wanted > 0
    assert abs((model.alarm(inputs) > above).sum() - wanted) <= 1
    assert (TIMID.alarm(inputs) > above).sum() < wanted / 2  # unscaled it is not comparable
    np.testing.assert_array_equal(model.predict(inputs), TIMID.predict(inputs))
    if above >= 0.3:
        middles = [np.median(found) for found in (model.alarm(inputs), PRIOR.predict(inputs))]
        assert middles[0] == pytest.approx(middles[1], rel=1e-6)


def test_where_the_prior_never_alarms_nobody_does():
    inputs = np.abs(inputs_of()) * 0.1
    assert PRIOR.predict(inputs).max() < 0.5
    assert on_prior_scale(TIMID, inputs, 0.5).alarm(inputs).max() <= 0.5 + 1e-12


def test_the_priors_alarm_is_its_probability():
    np.testing.assert_array_equal(PRIOR.alarm(inputs_of()), PRIOR.predict(inputs_of()))


@pytest.fixture(scope="module")
def frame():
    return crowded_frame(1400, 3)


@pytest.fixture(scope="module")
def scaled(frame):
    return on_prior_scale(TIMID, cascade_inputs(frame, 60), 0.5)


def known_after(frame):
    return (frame["date"] >= pd.Timestamp("2024-02-20", tz="UTC")).to_numpy()


def test_thinking_takes_the_model_where_it_may_answer_and_the_prior_elsewhere(frame, scaled):
    mask = known_after(frame)
    mixed, prior = think(frame, SETTINGS, 60, scaled, mask), think(frame, SETTINGS, 60)
    fitted = think(frame, SETTINGS, 60, scaled)
    for name in ("cascade_probability", "cascade_alarm"):
        np.testing.assert_array_equal(mixed[name][mask], fitted[name][mask])
        np.testing.assert_array_equal(mixed[name][~mask], prior[name][~mask])
        assert (mixed[name][mask] != prior[name][mask]).any()
    np.testing.assert_array_equal(prior["cascade_alarm"], prior["cascade_probability"])
    pd.testing.assert_frame_equal(mixed[~mask], prior[~mask])


def test_the_future_changes_no_thought_behind_a_mask(frame, scaled):
    whole = think(frame, SETTINGS, 60, scaled, known_after(frame))
    for n in (1100, 1250, 1399):
        part = frame.iloc[:n]
        cut = think(part, SETTINGS, 60, scaled, known_after(part))
        pd.testing.assert_frame_equal(cut, whole.iloc[:n])
        # a mask that depends on where the frame ends would be seen
        moved = think(part, SETTINGS, 60, scaled, np.arange(n) >= n - 200)
        assert not moved["cascade_alarm"].equals(whole["cascade_alarm"].iloc[:n])


def test_a_violent_hour_is_a_cascade_by_either_model(scaled):
    frame = crowded_frame(1400, 3)
    frame.loc[1399, "close"] *= 0.8
    frame.loc[1399, ["oi_delta_zscore", "liq_zscore"]] = -4.0, 5.0
    for mask in (np.zeros(1400, bool), np.ones(1400, bool)):
        found = think(frame, SETTINGS, 60, scaled, mask)
        assert found["regime"].iloc[-1] == REGIMES.index("cascade")
    assert found["cascade_probability"].iloc[-1] < SETTINGS.regimes.cascade_above


def test_heads_go_on_seeing_the_scale_that_they_learned(frame, scaled):
    thinking = frame.join(think(frame, SETTINGS, 60, scaled))
    alarm = thinking["cascade_alarm"].to_numpy()
    assert (alarm[600:] != thinking["cascade_probability"].to_numpy()[600:]).any()
    for found in (scorer_features(thinking, 60), regime_features(thinking, 60)):
        np.testing.assert_array_equal(found["cascade_probability"], alarm)
    np.testing.assert_array_equal(market_of(thinking, 60).cascade_probability, alarm)
    before = thinking.drop(columns="cascade_alarm")
    np.testing.assert_array_equal(cascade.alarm_of(before), before["cascade_probability"])


def test_an_artefact_comes_back_and_answers_no_candle_that_it_knows(tmp_path, rows):
    model = cascade_rows.fit(rows, *split(rows), 0.5)
    until = 1_720_000_000_000
    path = tmp_path / "cascade-1h.hydra"
    save(path, Artefact("cascade", model, 0, until, ("A",), INPUTS, 60, dict(model.health)))
    found = load(path, "cascade", names=INPUTS, candle_minutes=60)
    assert found.model == model
    assert found.model.to_bytes() == model.to_bytes()
    assert b"pickle" not in path.read_bytes()
    assert found.health["auc"] == model.health["auc"]
    closes = np.array([until - 1, until, until + 1])
    assert found.may_answer(closes).tolist() == [False, False, True]
    with pytest.raises(Refused, match="holds a cascade head, not a regime"):
        load(path, "regime")
    with pytest.raises(Refused, match="train again: hydra-quant train cascade"):
        load(path, "cascade", candle_minutes=5)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"[1]", "not an object"),
        (b"{}", "fitted to other inputs"),
        (b"no json", "Expecting value"),
        (PRIOR.to_bytes().replace(b'"alarm_slope": 1.0', b'"alarm_slope": 0.0'), "above 0"),
        (PRIOR.to_bytes().replace(b'"alarm_offset"', b'"other"'), "alarm_offset"),
    ],
)
def test_bytes_that_are_no_model_are_refused(data, line):
    assert data != PRIOR.to_bytes()
    with pytest.raises(ValueError, match=line):
        CascadeModel.from_bytes(data)


def test_a_walk_answers_later_rows_only_and_ranks_what_can_be_ranked(rows):
    report = cascade_report.judge(rows, 0.5, 60, Judging(folds=2, draws=40))
    assert len(report.folds) == 2
    assert report.n < 0.7 * report.n_rows
    assert report.whole["fitted_auc"].value > 0.7
    assert report.whole["brier_gain"].low > 0
    assert "Brier better than the constant" in report.verdict
    shuffled = np.random.default_rng(1).permutation(rows.rows.labels)
    luck = replace(rows, rows=replace(rows.rows, labels=shuffled))
    nothing = cascade_report.judge(luck, 0.5, 60, Judging(folds=2, draws=40))
    assert nothing.whole["fitted_auc"].value < 0.6
    assert "Brier better" not in nothing.verdict
