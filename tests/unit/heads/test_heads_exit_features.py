"""Exit features of positions that can be worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame

from hydra_quant.heads.exit_facts import EntryFacts, facts_of, since_entry
from hydra_quant.heads.exit_features import (
    NAMES,
    VOLATILITY_NAMES,
    exit_features,
    liquidation_distance,
    thesis_health,
)
from hydra_quant.heads.exit_market import FEWEST, PART_NAMES, lookback, market_of
from hydra_quant.regimes.market import REGIMES
from hydra_quant.settings import SIGNALS
from hydra_quant.signals.behavioural import PARTS

RANGING, CASCADE = REGIMES.index("ranging"), REGIMES.index("cascade")
SQUEEZE = SIGNALS.index("funding_squeeze")


def frame_of(n=20):
    close = np.full(n, 100.0)
    close[12:] = 102.0
    close[15] = 101.0
    return DataFrame(
        {
            "date": pd.date_range("2024-01-01", periods=n, freq="1h", tz="UTC"),
            "open": np.r_[100.0, close[:-1]],
            "close": close,
            "funding_rate": np.linspace(0.0, 0.0019, n),
            "funding_paid": np.where(np.arange(n) % 4 == 0, 0.001, 0.0),
            "oi_delta_pct": np.linspace(0.0, 0.19, n),
            "liq_velocity": 0.01,
            "cascade_probability": 0.3,
            "volatility_regime": 2.0,
            "regime": np.where(np.arange(n) < 14, RANGING, CASCADE),
            **{f"thesis_{part}": np.where(np.arange(n) < 15, 2.0, 0.5) for part in PART_NAMES},
        }
    )


def position(market, side, entry=12, source=SQUEEZE):
    return facts_of(
        market,
        np.array([entry]),
        side=np.array([side]),
        source=np.array([source]),
        confidence=np.array([0.8]),
        expected_return=np.array([0.02]),
        stop_distance=np.array([0.05]),
        leverage=2.0,
    )


def named(side, source=SQUEEZE, now=15):
    market = market_of(frame_of(), 60)
    facts = position(market, side, source=source)
    hours, funding = since_entry(market, np.array([12]), np.array([now]))
    row = exit_features(market, np.array([now]), facts, hours=hours, funding=funding)[0]
    return dict(zip(NAMES, row, strict=True))


LOST = 1 - 101 / 102  # entered at the open of candle 13, which is 102; now 101


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_row_by_hand(side):
    row = named(side)
    change = np.log(101 / 102)
    # Twelve returns before: one of ln(102/100), one of ln(101/102), ten of nothing.
    moves = np.log(102 / 100) ** 2, change**2
    now, then = np.sqrt(sum(moves) / FEWEST), np.sqrt(moves[0] / FEWEST)
    wanted = {
        "side": side,
        "unrealised_pnl": -side * LOST,
        "hours_in_position": 3.0,
        "distance_to_stop": 0.05 - side * LOST,
        "distance_to_target": 0.02 + side * LOST,
        "distance_to_liquidation": liquidation_distance(side, 2.0) - side * LOST,
        "funding_paid": 0.0,
        "source_funding_squeeze": 1.0,
        "source_crowding_fade": 0.0,
        "original_confidence": 0.8,
        "funding_rate": side * 0.0015,
        "funding_rate_change": side * 0.0003,
        "oi_delta": 0.15,
        "oi_delta_change": 0.03,
        "regime_cascade": 1.0,
        "regime_ranging": 0.0,
        "regime_changed": 1.0,
        "volatility": now,
        "volatility_change": np.log(now / then),
        "volatility_regime": 2.0,
        "return_since_entry": -LOST,
        "return_1h": side * change,
        "return_15m": side * change,
        "cascade_probability": 0.3,
        "liq_velocity": 0.01,
    }
    assert {name: row[name] for name in wanted} == pytest.approx(wanted)
    # Parts that spoke for a long kept a quarter; a short never had their support.
    np.testing.assert_equal(row["thesis_health"], 0.25 if side > 0 else np.nan)


def test_funding_is_what_was_paid_while_held():
    market = market_of(frame_of(), 60)
    for now, paid in ((13, 0.0), (15, 0.0), (16, 0.001), (19, 0.001)):
        assert since_entry(market, np.array([12]), np.array([now]))[1] == pytest.approx(paid)
    assert named(-1.0, now=16)["funding_paid"] == pytest.approx(-0.001)


def test_an_entry_by_vote_has_no_thesis():
    row = named(1.0, source=-1)
    assert all(row[f"source_{name}"] == 0.0 for name in SIGNALS)
    assert np.isnan(row["thesis_health"])


def test_health_counts_the_parts_of_its_own_signal_only():
    frame = frame_of()
    foreign = [f"thesis_{part}" for part in PART_NAMES if part not in PARTS["funding_squeeze"]]
    frame.loc[15:, foreign] = 99.0
    market = market_of(frame, 60)
    assert thesis_health(market, np.array([15]), position(market, 1.0)) == pytest.approx(0.25)
    frame.loc[15:, "thesis_against_funding"] = 2.0  # one of its three parts holds in full
    market = market_of(frame, 60)
    n_parts = len(PARTS["funding_squeeze"])
    wanted = (1 + 0.25 * (n_parts - 1)) / n_parts
    assert thesis_health(market, np.array([15]), position(market, 1.0)) == pytest.approx(wanted)


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("leverage", [1.5, 2.0, 10.0])
def test_at_the_liquidation_price_the_margin_left_is_the_maintenance_margin(side, leverage):
    price = 1.0 - side * liquidation_distance(np.array(side), np.array(leverage))
    margin = 1.0 / leverage + side * (price - 1.0)
    assert margin == pytest.approx(0.005 * price)


def test_names():
    assert len(set(NAMES)) == len(NAMES)
    assert set(VOLATILITY_NAMES) < set(NAMES)


def test_a_record_without_a_fact_does_not_know_it():
    market = market_of(frame_of(), 60)
    record = position(market, 1.0).record()
    for name in ("volatility", "regime", "support"):
        del record[name]
    found = EntryFacts.of_record(record)
    assert np.isnan(found.volatility[0])
    assert found.regime[0] == -1
    assert np.isnan(found.support).all()
    assert found.price[0] == 102.0


def test_the_declared_lookback_is_what_volatility_needs():
    known = np.isfinite(market_of(frame_of(), 60).volatility)
    assert lookback(60) == FEWEST
    assert not known[:FEWEST].any()
    assert known[FEWEST:].all()
