"""Walk-forward windows: what teaches is known before what it is asked, whatever the times."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_quant.heads.windows import before, walk_forward

HOUR = 3600
times_of = st.lists(st.integers(0, 5000), min_size=1, max_size=300).map(
    lambda hours: np.sort(np.array(hours, dtype=np.int64)) * HOUR
)


@given(
    times=times_of,
    folds=st.integers(1, 8),
    purge=st.integers(1, 200),
    first=st.floats(0.1, 0.9),
    later=st.floats(0.05, 0.5),
    span=st.one_of(st.none(), st.integers(50, 2000)),
)
def test_windows_never_overlap(times, folds, purge, first, later, span):
    span_s = None if span is None else span * HOUR
    windows = list(
        walk_forward(
            times, folds=folds, purge_s=purge * HOUR, first=first, later=later, span_s=span_s
        )
    )
    tested = np.concatenate([window.test for window in windows] or [np.arange(0)])
    assert (np.diff(tested) > 0).all()  # every row at most once, in order
    for window in windows:
        known_by = times[window.train] + purge * HOUR
        if len(window.later):
            assert (known_by <= times[window.later].min()).all()
            assert (times[window.later] + purge * HOUR <= window.begin_s).all()
        assert (known_by <= window.begin_s).all()
        assert (times[window.test] >= window.begin_s).all()
        assert (times[window.test] < window.end_s).all()
        if span_s is not None and len(window.train):
            assert times[window.train].min() >= window.begin_s - span_s
    if windows:
        assert tested[-1] == len(times) - 1  # the newest is judged
        after = times >= windows[0].begin_s
        assert len(tested) == after.sum()


def test_hourly_rows_are_cut_where_the_text_says():
    times = np.arange(1000, dtype=np.int64) * HOUR
    (window, *rest) = walk_forward(times, folds=3, purge_s=10 * HOUR, first=0.4, later=0.25)
    assert len(rest) == 2
    assert window.begin_s == int(0.4 * (999 * HOUR + 1))
    assert window.train.tolist() == list(range(290))  # row 289 is known at hour 299 of 299.7
    assert window.later.tolist() == list(range(300, 390))
    assert window.test[0] == 400
    assert (rest[1].train[0], rest[1].test[-1]) == (0, 999)


def test_a_row_that_is_known_too_late_would_be_seen():
    """The law above fails when outcomes take longer than was said."""
    times = np.arange(500, dtype=np.int64) * HOUR
    train, later = before(times, 400 * HOUR, purge_s=5 * HOUR, later=0.2)
    assert (times[train] + 5 * HOUR <= times[later].min()).all()
    assert (times[train] + 24 * HOUR > times[later].min()).any()


def test_no_rows_no_windows():
    nothing = np.array([], dtype=np.int64)
    assert list(walk_forward(nothing, folds=3, purge_s=HOUR)) == []
    train, later = before(nothing, 10, purge_s=1, later=0.2)
    assert (len(train), len(later)) == (0, 0)


@pytest.mark.parametrize("hours", [[5], [5, 5, 5]])
def test_a_single_moment_is_tested_untaught(hours):
    times = np.array(hours, dtype=np.int64) * HOUR
    (window,) = walk_forward(times, folds=4, purge_s=HOUR)
    assert len(window.train) == len(window.later) == 0
    assert len(window.test) == len(hours)
