"""News: one item a window, sizes spread evenly, paths that end where they should."""

import numpy as np
import pytest

from hydra_quant.sandbox.market import MarketSpec
from hydra_quant.sandbox.market.news import NEWS_MINUTES, learn, news_of


@pytest.mark.parametrize("seed", range(6))
def test_every_window_holds_exactly_one_item(seed):
    spec = MarketSpec(seed=seed, news_days=7)
    items = np.array([news_of(spec, block)[0] >= 0 for block in range(-70, 700)])
    np.testing.assert_array_equal(items.reshape(-1, 7).sum(axis=1), 1)


@pytest.mark.parametrize("seed", range(6))
def test_any_eight_consecutive_items_hold_small_and_large_ones(seed):
    spec = MarketSpec(seed=seed, news_days=1)
    sizes = np.abs([news_of(spec, block)[1] for block in range(400)])
    assert sizes.min() >= spec.news_size
    windows = np.lib.stride_tricks.sliding_window_view(sizes, 8)
    middle = np.median(sizes)
    assert (windows > middle).sum(axis=1).min() >= 3
    assert (windows < middle).sum(axis=1).min() >= 3


def test_no_news_where_its_size_is_zero():
    spec = MarketSpec(news_size=0.0)
    assert {news_of(spec, block) for block in range(50)} == {(-1, 0.0)}


@pytest.mark.parametrize("size", [80.0, -120.0])
def test_a_move_ends_at_its_size_and_then_stops(size):
    shocks = np.random.default_rng(1).standard_normal(NEWS_MINUTES + 5)
    news = np.array([NEWS_MINUTES, 0.0, size])
    moves = np.array([learn(news, shock) for shock in shocks])
    assert moves[:NEWS_MINUTES].sum() == pytest.approx(size)
    np.testing.assert_array_equal(moves[NEWS_MINUTES:], 0.0)
    assert np.abs(moves).max() < abs(size)
