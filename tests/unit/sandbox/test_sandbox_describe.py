"""The table of facts: most cells inside for the real thing, few for a market without them."""

import argparse

import pytest

from hydra_quant.sandbox import expected
from hydra_quant.sandbox.describe import add_arguments, run, summary
from hydra_quant.sandbox.market import MarketSpec, SyntheticMarket
from hydra_quant.sandbox.measure import Row, describe


def share_inside(spec: MarketSpec, days: int) -> float:
    rows = [r for r in describe(SyntheticMarket(spec), days) if r.timeframe in ("5m", "1h")]
    return sum(row.inside for row in rows) / len(rows)


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_most_facts_hold_at_5m_and_1h(seed):
    assert share_inside(MarketSpec(seed=seed), 120) >= 0.8


def test_few_facts_hold_without_herds_tides_and_cascades():
    plain = MarketSpec(
        tide_amplitude=0.0,
        herding_amplitudes=(0, 0, 0, 0),
        cascades_per_day=0.0,
        factor_tail=1e6,
        own_tail=1e6,
    )
    assert share_inside(plain, 120) < 0.5


def test_expected_ranges_are_widened_never_narrowed():
    for cell in expected.EXPECTED:
        assert cell.low <= cell.published[0] <= cell.published[1] <= cell.high
    assert len({(cell.fact, cell.timeframe) for cell in expected.EXPECTED}) == len(
        expected.EXPECTED
    )


def test_a_missing_measurement_is_outside():
    assert not Row("fact", "5m", float("nan"), 0.0, 1.0).inside
    assert Row("fact", "5m", 1.0, 0.0, 1.0).inside
    assert summary([Row("a", "5m", 0.5, 0, 1), Row("b", "5m", 2, 0, 1)]) == "5m 1/2"


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


def test_the_command_prints_every_fact_and_the_count(capsys):
    assert run(parse("--days", "20")) == 0
    text = capsys.readouterr().out
    assert "excess kurtosis" in text
    assert "inside: 1m" in text


@pytest.mark.parametrize("words", [("--days", "3"), ("--seed", "-2"), ("--edge", "9")])
def test_a_bad_value_is_one_clear_line(capsys, words):
    assert run(parse(*words)) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert words[0].strip("-") in error
