"""Theorems on folds: training never touches what it is judged on."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra_quant.heads.folds import purged_folds

TIMES = st.lists(st.integers(0, 400), min_size=0, max_size=120).map(
    lambda hours: np.sort(np.array(hours, dtype=np.int64)) * 3600
)


@given(TIMES, st.integers(1, 8), st.integers(1, 30), st.data())
@settings(max_examples=150, deadline=None)
def test_no_outcome_of_a_training_row_is_decided_within_a_test_rows_span(
    times, folds, hours, data
) -> None:
    """A trade lasts up to `hours` from the open after its candle; the purge is one candle more."""
    purge = (hours + 1) * 3600
    lasts = np.array(data.draw(st.lists(st.integers(1, hours), min_size=len(times),
                                        max_size=len(times))), dtype=np.int64)  # fmt: skip
    begins = times + 3600
    ends = begins + lasts * 3600
    for fold in purged_folds(times, folds, purge):
        assert ends[fold.train].max() <= times[fold.test].min()
        assert not np.intersect1d(fold.train, fold.test).size


@given(TIMES, st.integers(1, 8), st.integers(0, 30 * 3600))
@settings(max_examples=150, deadline=None)
def test_folds_go_forward_share_no_row_and_tear_no_candle(times, folds, purge) -> None:
    found = purged_folds(times, folds, purge)
    assert len(found) <= folds
    tested = np.concatenate([fold.test for fold in found] or [np.arange(0)])
    assert (np.diff(tested) > 0).all()
    for fold in found:
        assert (fold.train == np.arange(len(fold.train))).all()
        inside = np.isin(times, times[fold.test])
        np.testing.assert_array_equal(np.flatnonzero(inside), fold.test)
        kept = (times <= times[fold.test[0]] - purge) & (times < times[fold.test[0]])
        np.testing.assert_array_equal(np.flatnonzero(kept), fold.train)


def test_many_candles_fill_every_fold_evenly() -> None:
    times = np.repeat(np.arange(600), 4) * 3600
    found = purged_folds(times, 5, 25 * 3600)
    assert [len(fold.test) for fold in found] == [400] * 5
    assert [len(fold.train) for fold in found] == [(100 * k - 24) * 4 for k in range(1, 6)]
