"""Rows to be judged: what follows them, from when, and what may teach before them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.planted_material import HOUR_MS, WARM, planted

from hydra_quant.heads.dataset import Dataset
from hydra_quant.heads.models.material import Material, material, of_dataset
from hydra_quant.heads.models.plan import QUICK, Plan, TooFew, cut
from hydra_quant.heads.sequence_features import NAMES, sequence_features


def flat(rows=1200, pairs=2, *, minutes=60, delay=1, begins=(0, 0)):
    """Random walks with one feature that is known once the pair has begun."""
    rng = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(0.01 * rng.normal(size=(rows, pairs)), axis=0))
    values = np.ones((rows, pairs, 1))
    for pair, begin in enumerate(begins):
        close[:begin, pair] = np.nan
        values[:begin, pair] = np.nan
    opens = minutes * 60_000 * np.arange(rows, dtype=np.int64)
    names = tuple("ABCDEFGH"[:pairs])
    return material(values, close, opens, names, ("x",), candle_minutes=minutes, delay=delay), close


@pytest.mark.parametrize(("minutes", "delay"), [(60, 1), (60, 0), (60, 3), (240, 1), (30, 2)])
def test_returns_begin_after_the_delay(minutes, delay):
    data, close = flat(minutes=minutes, delay=delay)
    assert data.hours == ((4, 24) if minutes == 240 else (1, 4, 24))
    row, pair = 400, 1
    for horizon, step in enumerate(data.steps):
        wanted = np.log(close[row + delay + step, pair] / close[row + delay, pair])
        assert data.targets[row, pair, horizon] == pytest.approx(wanted, rel=1e-12)
        assert np.isnan(data.targets[-delay - step :, :, horizon]).all()
        assert not np.isnan(data.targets[: -delay - step, :, horizon]).any()
    moves = np.diff(np.log(close[:, pair]))
    begin = row + delay
    variance = np.log((moves[begin : begin + data.steps[-1]] ** 2).sum())
    assert data.ahead[row, pair] == pytest.approx(variance)
    day = 1440 // minutes
    for column, days in enumerate((1, 7, 30)):
        if row >= days * day:
            wanted = np.log((moves[row - days * day : row] ** 2).sum() / days)
            assert data.variances[row, pair, column] == pytest.approx(wanted)


def test_what_a_row_is_told_does_not_depend_on_later_prices():
    data, close = flat()
    changed = close.copy()
    changed[801:] *= 3.0
    other = material(data.values, changed, data.opens_ms, data.pairs, data.names)
    np.testing.assert_array_equal(other.returns[:801], data.returns[:801])
    np.testing.assert_array_equal(other.variances[:801], data.variances[:801])
    assert other.targets[799, 0, 0] == pytest.approx(data.targets[799, 0, 0] + np.log(3))


def test_a_pair_is_judged_when_it_has_been_there_for_a_month():
    data, _ = flat(begins=(0, 300))
    at = data.rows()
    assert at[at[:, 1] == 0][0, 0] == WARM
    assert at[at[:, 1] == 1][0, 0] == WARM + 300
    assert at[-1, 0] == len(data.values) - 1 - 25
    assert (np.diff(at[:, 0]) >= 0).all()
    hidden = data.values.copy()
    hidden[900, 0] = np.nan
    assert [900, 0] not in replace(data, values=hidden).rows().tolist()
    assert not np.isnan(data.variances[at[:, 0], at[:, 1]]).any()


def reaches(data, at, windows):
    """Seconds by which the slowest outcome of each earlier row is known before the later ones."""
    width = data.opens_ms[1] - data.opens_ms[0]
    slowest = data.delay + data.steps[-1]
    slack = []
    for window in windows:
        for early, late in ((window.train, window.later), (window.later, window.test)):
            last, first = at[early, 0].max(), at[late, 0].min()
            # The candle whose close is the last price of the outcome is over, before it begins.
            slack.append((data.opens_ms[first] - data.opens_ms[last + slowest] - width) // width)
    return slack


@settings(max_examples=30, deadline=None)
@given(
    minutes=st.sampled_from([60, 120, 240]),
    delay=st.integers(0, 3),
    late=st.integers(0, 200),
    plan=st.builds(
        Plan,
        windows=st.integers(1, 4),
        first=st.floats(0.3, 0.6),
        later=st.floats(0.1, 0.4),
        train_days=st.sampled_from([None, 20, 40]),
        stride=st.integers(1, 5),
    ),
)
def test_no_outcome_of_training_reaches_what_is_judged(minutes, delay, late, plan):
    data, _ = flat(2400, minutes=minutes, delay=delay, begins=(0, late))
    at, windows = cut(data, plan)
    assert min(reaches(data, at, windows)) >= 0
    tested = np.concatenate([window.test for window in windows])
    assert len(np.unique(tested)) == len(tested)
    for window in windows:
        assert len({*window.train, *window.later} & {*window.test}) == 0
        assert (at[window.train, 0] % plan.stride == 0).all()
        assert (at[window.later, 0] % plan.stride == 0).all()
        assert len(window.test) == np.isin(at[:, 0], np.unique(at[window.test, 0])).sum()


def test_without_the_purge_outcomes_would_reach_it(monkeypatch):
    monkeypatch.setattr(Material, "purge_s", 0)
    data, _ = flat(2400)
    assert max(reaches(data, *cut(data, Plan()))) < 0


def test_a_purge_two_candles_too_short_is_seen(monkeypatch):
    data, _ = flat(2400)
    enough = data.purge_s
    monkeypatch.setattr(Material, "purge_s", enough - 2 * 3600)
    assert min(reaches(data, *cut(data, Plan()))) == -1  # cuts lie between candles


def test_quick_cuts_the_newest_days():
    rows = 24 * 400
    data, _ = flat(rows, 1, begins=(0,))
    at, windows = cut(data, QUICK)
    days = [round((w.end_s - w.begin_s) / 86_400) for w in windows]
    assert days == [60, 60]
    first = data.opens_ms[at[windows[0].train[0], 0]] // 1000
    assert round((windows[0].begin_s - first) / 86_400) == 180
    assert windows[-1].test[-1] == len(at) - 1
    second = data.opens_ms[at[windows[1].train[0], 0]] // 1000
    assert round((windows[1].begin_s - second) / 86_400) == 180


def test_too_little_history_is_said():
    data, _ = flat(WARM + 60)
    with pytest.raises(TooFew, match="give more history"):
        cut(data, Plan())
    with pytest.raises(TooFew, match="0 rows of 2 pairs with 24 h after them and 30 days before"):
        cut(flat(WARM)[0], QUICK)
    with pytest.raises(ValueError, match="480 minutes do not make up 4 hours"):
        flat(minutes=480)


def test_frames_are_put_on_one_grid():
    rng = np.random.default_rng(2)

    def frame(begin, rows):
        close = 100 * np.exp(np.cumsum(0.01 * rng.normal(size=rows)))
        dates = pd.date_range("2024-01-01", periods=rows, freq="h", tz="UTC", unit="ms")
        dates = dates + pd.Timedelta(hours=begin)
        prices = {"open": close, "high": close * 1.01, "low": close * 0.99, "close": close}
        return pd.DataFrame({"date": dates, **prices, "volume": 1.0})

    frames = {"A": frame(0, 900), "B": frame(50, 900)}
    told = []
    data = of_dataset(Dataset(frames, 60, ("a note",)), told=lambda what, done: told.append(what))
    assert data.values.shape == (950, 2, 15)
    assert data.names == NAMES
    assert data.notes == ("a note",)
    assert told == ["features of A", "features of B"]
    np.testing.assert_array_equal(np.diff(data.opens_ms), HOUR_MS)
    assert data.opens_ms[0] == pd.Timestamp("2024-01-01").value // 10**6
    np.testing.assert_allclose(
        data.values[50:, 1], sequence_features(frames["B"], 60).to_numpy(), rtol=1e-6
    )
    assert np.isnan(data.values[:50, 1]).all()
    assert np.isnan(data.values[900:, 0]).all()
    assert data.returns[60, 1] == pytest.approx(np.log(frames["B"]["close"]).diff().iloc[10])


def test_shuffled_outcomes_are_the_same_ones_elsewhere():
    data = planted()
    other = data.shuffled(3)
    at = data.rows()
    before, after = (d.targets[at[:, 0], at[:, 1]] for d in (data, other))
    np.testing.assert_array_equal(np.sort(before, axis=0), np.sort(after, axis=0))
    assert (before != after).any(axis=1).mean() > 0.99
    np.testing.assert_array_equal(other.values, data.values)
    np.testing.assert_array_equal(data.shuffled(3).targets, other.targets)
