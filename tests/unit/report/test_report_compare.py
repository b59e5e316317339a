"""Verdicts: an edge is named when it is there, and not when it is luck."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.backtest import BTC, closes, result, stats, trade, write_zip

from hydra_quant.report.bootstrap import mean_interval
from hydra_quant.report.compare import compare, judge
from hydra_quant.report.equity import build_equity
from hydra_quant.report.measures import Measures, measure
from hydra_quant.report.results import read_results

NOISE = np.random.default_rng(5).normal(0, 0.01, 365)


@pytest.fixture
def measures(tmp_path: Path) -> Measures:
    found = result(tmp_path, trade(0, 4))
    return measure(found, build_equity(found, {BTC: closes()}))


def test_interval_covers_the_true_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    inside = 0
    for _ in range(200):
        got = mean_interval(rng.normal(0.001, 0.01, 200), draws=400)
        inside += got.low <= 0.001 <= got.high
    assert 0.88 <= inside / 200 <= 0.99


def test_blocks_keep_dependence_that_single_days_would_lose() -> None:
    """Persistent returns make the mean less certain; shuffled days would not show it."""
    rng = np.random.default_rng(3)
    shocks = rng.normal(0, 0.01, 1000)
    persistent = np.convolve(shocks, np.full(10, 0.1), mode="valid")
    shuffled = rng.permutation(persistent)
    blocks, single = mean_interval(persistent), mean_interval(shuffled)
    assert blocks.high - blocks.low > 1.5 * (single.high - single.low)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-0.1, 0.1), min_size=2, max_size=60), st.floats(-0.05, 0.05))
def test_interval_moves_with_the_data_and_holds_the_mean(values: list[float], shift: float) -> None:
    daily = np.array(values)
    got, moved = mean_interval(daily, draws=200), mean_interval(daily + shift, draws=200)
    assert moved == pytest.approx([bound + shift for bound in got], abs=1e-9)
    assert got == mean_interval(daily, draws=200)  # seeded
    assert daily.min() - 1e-12 <= got.low <= got.high <= daily.max() + 1e-12


def test_too_few_days_have_no_interval() -> None:
    assert np.isnan(mean_interval(np.array([0.01])).low)
    assert np.isnan(mean_interval(np.array([])).mean)


@pytest.mark.parametrize(
    ("drift", "edge", "words"),
    [
        (0.004, True, "shows an edge in this one history"),
        (0.0, False, "within noise"),
        (-0.004, False, "worse by more than noise explains"),
    ],
)
def test_verdict_against_a_flat_yardstick(
    measures: Measures, drift: float, edge: bool, words: str
) -> None:
    got = judge(measures, NOISE + drift, "HydraHold", np.zeros(365))
    assert got.edge is edge
    assert words in got.sentence
    assert "HydraHold" in got.sentence


def test_beating_a_falling_market_by_standing_aside_is_no_edge(measures: Measures) -> None:
    got = judge(measures, np.zeros(365), "HydraHold", NOISE - 0.004)
    assert got.difference is not None
    assert got.difference.low > 0
    assert not got.edge


def test_profit_below_a_rising_market_is_no_edge(measures: Measures) -> None:
    got = judge(measures, NOISE / 10 + 0.001, "HydraHold", np.full(365, 0.003))
    assert got.own.low > 0
    assert not got.edge


def test_few_days_and_no_trades_never_show_an_edge(measures: Measures, tmp_path: Path) -> None:
    short = judge(measures, np.full(10, 0.01), None, None)
    assert not short.edge
    assert "say nothing either way" in short.sentence
    idle = result(tmp_path / "idle")
    none = judge(measure(idle, build_equity(idle, {})), np.full(60, 0.01), None, None)
    assert not none.edge
    assert "did not trade" in none.sentence


def both(folder: Path, **second: Any) -> tuple[Any, Any]:
    one = stats([trade(0, 4)])
    two = stats([trade(1, 8)], **second)
    results = read_results(write_zip(folder, {"Mine": one, "HydraHold": two}))
    return results, [build_equity(found, {BTC: closes()}) for found in results]


def test_the_yardstick_is_measured_but_not_judged(tmp_path: Path) -> None:
    got = compare(*both(tmp_path))
    assert [found.strategy for found in got.measures] == ["Mine", "HydraHold"]
    assert [(v.strategy, v.yardstick) for v in got.verdicts] == [("Mine", "HydraHold")]
    alone = compare(*both(tmp_path), yardstick="Nothing")
    assert [v.yardstick for v in alone.verdicts] == [None, None]


def test_different_candles_are_not_compared(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Mine covers 5m candles of 2 pairs"):
        compare(*both(tmp_path, candles=41))
