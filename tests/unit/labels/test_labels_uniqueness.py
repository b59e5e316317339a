"""Weights of overlapping labels: known answers, a plain count, and laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra_quant.labels.errors import LabelError
from hydra_quant.labels.uniqueness import uniqueness

LAWFUL = settings(max_examples=80, deadline=None)
SPANS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 12), st.integers(0, 2)), min_size=1, max_size=40
)


def columns(spans):
    start, length, group = (np.array(values, dtype=np.int64) for values in zip(*spans, strict=True))
    return start, start + length, group


def by_count(start, stop, group):
    """López de Prado's definition, time by time."""
    found = []
    for first, last, own in zip(start, stop, group, strict=True):
        shares = []
        for time in range(first, last):
            alive = (start <= time) & (time < stop) & (group == own)
            shares.append(1.0 / alive.sum())
        found.append(np.mean(shares))
    return np.array(found)


def test_known_answers():
    # three candles alone, then two shared with the second, which has two more of its own
    found = uniqueness(np.array([0, 3, 10]), np.array([5, 7, 12]), np.zeros(3, dtype=int))
    np.testing.assert_allclose(found, [(3 + 2 / 2) / 5, (2 / 2 + 2) / 4, 1.0])


def test_labels_that_touch_do_not_overlap():
    found = uniqueness(np.array([0, 5]), np.array([5, 9]), np.zeros(2, dtype=int))
    np.testing.assert_array_equal(found, [1.0, 1.0])


def test_the_same_label_over_and_over_counts_as_one():
    found = uniqueness(np.full(8, 3), np.full(8, 9), np.zeros(8, dtype=int))
    assert found.sum() == pytest.approx(1.0)


def test_pairs_do_not_share():
    start, stop = np.array([0, 0, 0]), np.array([4, 4, 4])
    np.testing.assert_allclose(uniqueness(start, stop, np.array([0, 1, 1])), [1.0, 0.5, 0.5])


@LAWFUL
@given(spans=SPANS)
def test_the_same_as_counting_time_by_time(spans):
    found = uniqueness(*columns(spans))
    np.testing.assert_allclose(found, by_count(*columns(spans)), rtol=1e-12)
    assert ((found > 0) & (found <= 1)).all()


@LAWFUL
@given(spans=SPANS, scale=st.sampled_from([60, 14_400]), seed=st.integers(0, 99))
def test_units_and_order_do_not_matter(spans, scale, seed):
    start, stop, group = columns(spans)
    order = np.random.default_rng(seed).permutation(len(start))
    epoch = 1_700_000_000
    seconds = uniqueness(
        epoch + scale * start[order], epoch + scale * stop[order], group[order].astype(np.int16)
    )
    np.testing.assert_allclose(seconds, uniqueness(start, stop, group)[order], rtol=1e-9)


@LAWFUL
@given(spans=SPANS)
def test_weights_add_up_to_the_time_that_anyone_saw(spans):
    start, stop, group = columns(spans)
    seen = {
        (own, time)
        for first, last, own in zip(start, stop, group, strict=True)
        for time in range(first, last)
    }
    total = (uniqueness(start, stop, group) * (stop - start)).sum()
    assert total == pytest.approx(len(seen))


@LAWFUL
@given(spans=SPANS, one=st.tuples(st.integers(0, 40), st.integers(1, 12), st.integers(0, 2)))
def test_another_label_never_makes_one_more_unique(spans, one):
    before = uniqueness(*columns(spans))
    after = uniqueness(*columns([*spans, one]))[:-1]
    assert (after <= before + 1e-12).all()


def test_without_labels_there_are_no_weights():
    none = np.empty(0, dtype=np.int64)
    assert uniqueness(none, none, none).shape == (0,)


def test_an_empty_span_is_refused():
    with pytest.raises(LabelError, match="label 1 spans 4 to 4"):
        uniqueness(np.array([0, 4]), np.array([2, 4]), np.zeros(2, dtype=int))
