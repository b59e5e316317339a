"""As-of on arrays: ties, corrections, windows. Its laws are in tests/properties."""

import numpy as np

from hydra_quant.memory.as_of import NEVER, age, latest, pick, replaced_at, sum_between


def ints(*values):
    return np.array(values, dtype=np.int64)


def test_a_late_correction_of_an_old_event_hides_no_newer_one():
    event, known = ints(1, 2, 1, 2), ints(1, 2, 5, 7)
    assert latest(event, known, ints(0, 1, 2, 5, 7)).tolist() == [-1, 0, 1, 1, 3]


def test_of_rows_that_agree_in_both_times_the_one_further_down_holds():
    assert latest(ints(1, 1), ints(2, 2), ints(2)).tolist() == [1]


def test_of_events_published_together_the_newest_holds():
    assert latest(ints(5, 3, 4), ints(6, 6, 6), ints(5, 6)).tolist() == [-1, 0]


def test_closes_in_any_order():
    event, known = ints(1, 2), ints(1, 2)
    assert latest(event, known, ints(3, 0, 1)).tolist() == [1, -1, 0]


def test_a_missing_value_that_is_known_stays_missing():
    assert np.isnan(pick(np.array([1.0, np.nan]), ints(1)))[0]


def test_age_counts_from_the_event():
    np.testing.assert_array_equal(
        age(ints(10, 20), ints(1, 0, -1), ints(25, 25, 25)), [5, 15, np.nan]
    )


def test_a_revision_holds_until_the_next_of_its_fact():
    assert replaced_at(ints(7, 8, 7, 7), ints(1, 2, 9, 4)).tolist() == [4, NEVER, NEVER, 9]
    assert replaced_at(ints(), ints()).tolist() == []


def test_sums_by_window():
    windows = ints(0, 10, 30), ints(10, 20, 40), ints(15, 25, 45)
    event, known = ints(-1, 0, 9, 10, 20, 29, 31), ints(0, 1, 16, 11, 21, 30, 45)
    amount = 2.0 ** np.arange(7)
    forever = np.full(7, NEVER)
    assert sum_between(event, amount, (known, forever), windows).tolist() == [2.0, 8.0, 64.0]


def test_sums_without_windows_or_rows():
    none = ints()
    assert sum_between(ints(1), np.ones(1), (ints(1), ints(NEVER)), (none, none, none)).size == 0
    windows = ints(0), ints(1), ints(1)
    assert sum_between(none, none.astype(float), (none, none), windows).tolist() == [0.0]
