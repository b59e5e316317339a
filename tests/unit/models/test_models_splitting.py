"""Cutting a training window: scikit-learn's sizes, and no label across the cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from hydra_quant.models.splitting import block_lengths, purged_split

SHARES = st.floats(0.05, 0.6)
PANEL = st.lists(st.integers(0, 60), min_size=12, max_size=120).map(sorted)


@given(n=st.integers(20, 5000), share=SHARES)
def test_sizes_are_those_of_sklearn(n: int, share: float) -> None:
    first, second = train_test_split(np.arange(n), shuffle=False, test_size=share)
    assert block_lengths(n, {"test_size": share}) == (len(first), len(second))


@pytest.mark.parametrize(
    "split", [{}, {"train_size": 0.7}, {"test_size": 30}, {"test_size": 0.2, "train_size": 0.5}]
)
@pytest.mark.parametrize("n", [101, 100, 998])
def test_sizes_are_those_of_sklearn_for_every_way_to_say_them(n: int, split: dict) -> None:
    first, second = train_test_split(np.arange(n), shuffle=False, **split)
    assert block_lengths(n, split) == (len(first), len(second))


def test_no_test_block_takes_all() -> None:
    train, test = purged_split(np.arange(9), {"test_size": 0}, purge=3, embargo=2)
    assert (train.tolist(), test.tolist()) == (list(range(9)), [])


def test_a_block_that_would_be_empty_is_an_error() -> None:
    with pytest.raises(ValueError, match="cannot be cut"):
        block_lengths(3, {"test_size": 3})


@given(candles=PANEL, share=SHARES, purge=st.integers(0, 8), embargo=st.integers(0, 5))
def test_no_training_label_reaches_the_test_block(
    candles: list[int], share: float, purge: int, embargo: int
) -> None:
    at = np.array(candles)
    if len(np.unique(at)) < 4:
        return
    train, test = purged_split(at, {"test_size": share}, purge=purge, embargo=embargo)
    if len(train):
        assert at[train].max() + purge + embargo < at[test].min() or purge + embargo == 0
        assert at[train].max() < at[test].min()
    # nothing more than that is lost: what stays out lies in the gap
    lost = np.setdiff1d(np.arange(len(at)), np.concatenate([train, test]))
    assert (at[lost] + purge + embargo >= at[test].min()).all()


@given(candles=PANEL, share=SHARES, purge=st.integers(0, 8), embargo=st.integers(0, 5))
def test_reversed_order_purges_the_test_block_and_waits_out_the_embargo(
    candles: list[int], share: float, purge: int, embargo: int
) -> None:
    at = np.array(candles)
    if len(np.unique(at)) < 4:
        return
    split = {"test_size": share}
    train, test = purged_split(at, split, purge=purge, embargo=embargo, test_first=True)
    times = np.unique(at)
    cut = times[block_lengths(len(times), split)[0]]
    assert (at[train] >= cut + embargo).all()
    assert (at[test] < cut).all()
    assert (at[test] + purge < cut).all() or purge == 0


@given(candles=PANEL, share=SHARES)
def test_pairs_of_one_candle_stay_on_one_side(candles: list[int], share: float) -> None:
    at = np.array(candles)
    if len(np.unique(at)) < 4:
        return
    train, test = purged_split(at, {"test_size": share}, purge=0, embargo=0)
    assert not set(at[train]) & set(at[test])
    assert len(train) + len(test) == len(at)


def test_known_answer() -> None:
    train, test = purged_split(np.arange(20), {"test_size": 0.25}, purge=3, embargo=1)
    assert train.tolist() == list(range(11))  # 11 + 3 + 1 reaches 15, the first test candle
    assert test.tolist() == [15, 16, 17, 18, 19]
