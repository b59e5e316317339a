"""Forged wicks are outliers, crashes are moves: planted both ways."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hydra_quant.validation.market.candle_files import CandleFile, Candles
from hydra_quant.validation.market.wicks import WickLimits, find_wicks

HOUR = 3_600_000
ROWS, AT = 600, 400
START = 1_704_067_200_000


def pair(name: str, seed: int, market: str = "futures", timeframe: str = "1h") -> Candles:
    """A calm market: hourly moves of half a percent, volume of about a hundred."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(0.005 * random.standard_normal(ROWS)))
    open_ = np.concatenate([[100.0], close[:-1]])
    high = np.maximum(open_, close) * (1 + 0.002 * random.random(ROWS))
    low = np.minimum(open_, close) * (1 - 0.002 * random.random(ROWS))
    volume = 100 * np.exp(0.3 * random.standard_normal(ROWS))
    file = CandleFile(Path(f"{market}/{name}.parquet"), f"{name}/USDT", market, timeframe)
    times = START + file.width_ms * np.arange(ROWS)
    volume = np.full(ROWS, np.nan) if market == "mark" else volume
    return Candles(file, times, open_, high, low, close, volume)


def spike(candles: Candles, size: float, volume: float = 1.0, at: int = AT) -> Candles:
    """A wick down (size < 0) or up at one candle, and its volume in usual ones."""
    high, low, traded = candles.high.copy(), candles.low.copy(), candles.volume.copy()
    if size < 0:
        low[at] = min(candles.open[at], candles.close[at]) * (1 + size)
    else:
        high[at] = max(candles.open[at], candles.close[at]) * (1 + size)
    traded[at] = 100 * volume if candles.file.market != "mark" else np.nan
    return replace(candles, high=high, low=low, volume=traded)


def calm(count: int = 5) -> list[Candles]:
    return [pair(name, seed) for seed, name in enumerate("ABCDE"[:count])]


def judged(group, limits=WickLimits()):  # noqa: B008
    return [
        (wick.file.pair, wick.side, wick.confirmed_by)
        for wick in find_wicks(group, limits)
        if wick.time_ms == START + AT * group[0].file.width_ms
    ]


def test_a_calm_market_has_no_extreme_wicks():
    assert find_wicks(calm(), WickLimits()) == []


@pytest.mark.parametrize("size", [-0.25, -0.08, 0.06, 0.25])
def test_a_wick_that_nobody_else_saw_at_usual_volume_is_an_outlier(size):
    first, *others = calm()
    found = judged([spike(first, size), *others])
    assert found == [("A/USDT", "up" if size > 0 else "down", "")]


@pytest.mark.parametrize(("volume", "by"), [(2.0, ""), (5.0, "volume")])
def test_volume_makes_it_a_move(volume, by):
    first, *others = calm()
    assert judged([spike(first, -0.1, volume), *others]) == [("A/USDT", "down", by)]


@pytest.mark.parametrize(("with_it", "by"), [(0, ""), (1, ""), (2, "other pairs")])
def test_a_third_of_the_other_pairs_makes_it_a_move(with_it, by):
    first, *others = calm()
    moved = [spike(other, -0.08) for other in others[:with_it]]
    found = judged([spike(first, -0.1), *moved, *others[with_it:]])
    assert found[0] == ("A/USDT", "down", by)


@pytest.mark.parametrize(
    ("market", "size", "by"),
    [("spot", -0.06, "other market"), ("mark", -0.06, "other market"), ("spot", -0.04, "")],
)
def test_the_pairs_other_market_makes_it_a_move_when_it_went_half_as_far(market, size, by):
    first, *others = calm()
    other = spike(pair("A", 0, market), size)
    found = judged([spike(first, -0.1), other, *others])
    assert found[0] == ("A/USDT", "down", by)
    # in the other direction it confirms nothing
    against = spike(pair("A", 0, market), 0.06)
    assert judged([spike(first, -0.1), against, *others])[0] == ("A/USDT", "down", "")


def test_other_pairs_of_another_market_do_not_count():
    first, *others = calm()
    spot = [spike(pair(name, 9, "spot"), -0.08, 9.0) for name in "BCDE"]
    assert judged([spike(first, -0.1), *others, *spot])[0] == ("A/USDT", "down", "")


def test_a_crash_of_all_pairs_is_a_move_in_each():
    group = [spike(candles, -0.12, volume=2.0) for candles in calm()]
    assert judged(group) == [(f"{name}/USDT", "down", "other pairs") for name in "ABCDE"]


def test_a_pair_alone_is_judged_by_its_volume():
    (alone,) = calm(1)
    assert judged([spike(alone, -0.1)]) == [("A/USDT", "down", "")]
    assert judged([spike(alone, -0.1, 8.0)]) == [("A/USDT", "down", "volume")]


def test_wide_candles_are_usual_in_a_crash():
    (alone,) = calm(1)
    low = alone.low.copy()
    low[AT - 5 : AT] *= 0.9
    assert judged([spike(replace(alone, low=low), -0.15)]) == []
    assert judged([spike(alone, -0.15)]) != []


def test_judging_looks_back_only():
    group = [spike(pair("A", 0), -0.1), *calm()[1:]]
    whole = [wick for wick in find_wicks(group, WickLimits()) if wick.time_ms <= START + AT * HOUR]
    rows = np.arange(AT + 1)
    assert find_wicks([one.take(rows) for one in group], WickLimits()) == whole != []


def test_pairs_without_a_candle_at_that_time_are_no_witnesses():
    first, *others = calm()
    moved = spike(others[0], -0.08)
    away = [other.take(np.arange(ROWS) != AT) for other in others[1:]]
    assert judged([spike(first, -0.1), moved, *away])[0] == ("A/USDT", "down", "other pairs")


def test_thresholds_are_options():
    first, *others = calm()
    group = [spike(first, -0.1, 2.0), *others]
    assert judged(group, WickLimits(multiple=100)) == []
    assert judged(group, WickLimits(floor=0.2)) == []
    assert judged(group, WickLimits(volume=1.5))[0][2] == "volume"


def test_a_finding_says_how_far_and_at_what_volume():
    first, *others = calm()
    (wick,) = find_wicks([spike(first, -0.2, 2.0), *others], WickLimits())
    assert "wick down of 20.0 %" in wick.as_finding().what
    assert "usual volume" in wick.as_finding().what
    assert wick.as_json()["pair"] == "A/USDT"


def test_usual_is_the_median_of_the_week_before_without_the_candle_itself():
    first, *others = calm()
    spiked = spike(first, -0.2, 2.0)
    (wick,) = find_wicks([spiked, *others], WickLimits())
    week = slice(AT - 168, AT)
    spread = np.log(spiked.high / spiked.low)
    assert wick.multiple == pytest.approx(wick.size / np.median(spread[week]), rel=1e-12)
    assert wick.volume == pytest.approx(200 / np.median(spiked.volume[week]), rel=1e-12)
