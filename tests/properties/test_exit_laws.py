"""Laws of the exit features: no look-ahead, finite memory, one row like many, mirrored markets."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.held import thinking_frame

from hydra_quant.heads.exit_facts import EntryFacts, facts_of, since_entry
from hydra_quant.heads.exit_features import NAMES, exit_features
from hydra_quant.heads.exit_market import PART_NAMES, lookback, market_of
from hydra_quant.regimes.market import REGIMES

LAWFUL = settings(max_examples=25, deadline=None)
N = 300
SEED = st.integers(0, 500)
MINUTES = st.sampled_from([5, 15, 60, 240])
PLAIN = ("side", "return_since_entry")
MIRRORED = {
    "trending_up": "trending_down",
    "trending_down": "trending_up",
    "squeeze_long": "squeeze_short",
    "squeeze_short": "squeeze_long",
}
MIRROR = np.array([REGIMES.index(MIRRORED.get(name, name)) for name in REGIMES])


def held(market, seed, n=40, first=0):
    """Positions at random: entries, candles now, facts."""
    rng = np.random.default_rng(seed)
    entry = rng.integers(first, len(market) - 30, n)
    now = entry + rng.integers(1, 29, n)
    facts = facts_of(
        market,
        entry,
        side=rng.choice([-1.0, 1.0], n),
        source=rng.integers(-1, 5, n),
        confidence=0.5 + rng.random(n) / 2,
        expected_return=0.01 * rng.standard_normal(n),
        stop_distance=0.01 + 0.05 * rng.random(n),
        leverage=1.0 + rng.random(n),
    )
    return entry, now, facts


def rows(market, entry, now, facts):
    hours, funding = since_entry(market, entry, now)
    return exit_features(market, now, facts, hours=hours, funding=funding)


@LAWFUL
@given(seed=SEED, minutes=MINUTES)
def test_what_comes_later_changes_nothing(seed, minutes):
    frame = thinking_frame(N, seed, minutes)
    market = market_of(frame, minutes)
    entry, now, facts = held(market, seed)
    whole = rows(market, entry, now, facts)
    for i in range(0, len(now), 8):
        prefix = market_of(frame.iloc[: now[i] + 1], minutes)
        one = rows(prefix, entry[i : i + 1], now[i : i + 1], facts.take(np.array([i])))
        np.testing.assert_array_equal(one, whole[i : i + 1])


def test_a_feature_of_the_next_candle_would_be_caught():
    frame = thinking_frame(N, 1)
    market = market_of(frame, 60)
    peeking = replace(market, close=np.r_[market.close[1:], np.nan])
    entry, now, facts = held(market, 1)
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(
            rows(peeking, entry, now, facts), rows(market, entry, now, facts)
        )


@LAWFUL
@given(seed=SEED, minutes=MINUTES, cut=st.integers(1, 100))
def test_where_the_frame_begins_changes_nothing(seed, minutes, cut):
    frame = thinking_frame(N, seed, minutes)
    market, shorter = market_of(frame, minutes), market_of(frame.iloc[cut:], minutes)
    entry, now, facts = held(market, seed, first=cut + lookback(minutes))
    again = held(shorter, seed, first=lookback(minutes))  # the same draws, counted from the cut
    np.testing.assert_array_equal(again[0], entry - cut)
    np.testing.assert_array_equal(rows(shorter, *again), rows(market, entry, now, facts))


@LAWFUL
@given(seed=SEED)
def test_one_row_is_the_row_of_the_batch_bit_for_bit(seed):
    market = market_of(thinking_frame(N, seed), 60)
    entry, now, facts = held(market, seed)
    whole = rows(market, entry, now, facts)
    for i in range(len(now)):
        at = np.array([i])
        one = rows(market, entry[at], now[at], facts.take(at))
        assert one.tobytes() == whole[at].tobytes()


@LAWFUL
@given(seed=SEED)
def test_facts_outlive_the_frame_of_their_entry(seed):
    """Facts that went through JSON, hours and funding are all that a later frame needs."""
    frame = thinking_frame(N, seed)
    market = market_of(frame, 60)
    entry, now, facts = held(market, seed, first=100)
    hours, funding = since_entry(market, entry, now)
    whole = exit_features(market, now, facts, hours=hours, funding=funding)
    for i in range(0, len(now), 5):
        at = np.array([i])
        remembered = EntryFacts.of_record(facts.take(at).record())
        for field in fields(EntryFacts):
            np.testing.assert_array_equal(
                getattr(remembered, field.name), getattr(facts.take(at), field.name)
            )
        begins = now[i] - lookback(60)
        late = market_of(frame.iloc[begins:], 60)
        one = exit_features(
            late, now[at] - begins, remembered, hours=hours[at], funding=funding[at]
        )
        np.testing.assert_array_equal(one, whole[at])


@LAWFUL
@given(seed=SEED)
def test_a_mirrored_market_gives_the_other_side_the_mirrored_row(seed):
    """Prices are turned over (1/p), and with them all that speaks for one side."""
    frame = thinking_frame(N, seed)
    parts = [f"thesis_{part}" for part in PART_NAMES]
    turned = frame.assign(
        open=1 / frame["open"],
        close=1 / frame["close"],
        funding_rate=-frame["funding_rate"],
        funding_paid=-frame["funding_paid"],
        regime=MIRROR[frame["regime"]],
        **{part: -frame[part] for part in parts},
    )
    market, mirrored = market_of(frame, 60), market_of(turned, 60)
    entry, now, facts = held(market, seed)
    _, _, other = held(mirrored, seed)
    other = replace(other, side=-facts.side)
    found = dict(zip(NAMES, rows(market, entry, now, facts).T, strict=True))
    mirror = dict(zip(NAMES, rows(mirrored, entry, now, other).T, strict=True))
    for name in REGIMES:
        partner = MIRRORED.get(name, name)
        np.testing.assert_array_equal(
            found[f"regime_{name}"], mirror[f"regime_{partner}"], err_msg=name
        )
    # A simple return r of a price is -r / (1 + r) of its inverse.
    inverse = -found["return_since_entry"] / (1 + found["return_since_entry"])
    np.testing.assert_allclose(mirror["return_since_entry"], inverse, atol=1e-12)
    np.testing.assert_array_equal(mirror["side"], -found["side"])
    gain = mirror["unrealised_pnl"]
    np.testing.assert_allclose(gain, -found["side"] * inverse, atol=1e-12)
    np.testing.assert_allclose(mirror["distance_to_stop"], facts.stop_distance + gain, atol=1e-12)
    np.testing.assert_allclose(mirror["distance_to_target"], facts.expected_return - gain)
    simple = ("unrealised_pnl", "distance_to_stop", "distance_to_target", "distance_to_liquidation")
    for name in set(NAMES) - {*PLAIN, *simple} - {f"regime_{of}" for of in REGIMES}:
        np.testing.assert_allclose(mirror[name], found[name], atol=1e-12, err_msg=name)


@LAWFUL
@given(seed=SEED, factor=st.sampled_from([1e-6, 7.0, 1e5]))
def test_the_unit_of_the_price_does_not_matter(seed, factor):
    frame = thinking_frame(N, seed)
    scaled = frame.assign(open=frame["open"] * factor, close=frame["close"] * factor)
    market, other = market_of(frame, 60), market_of(scaled, 60)
    np.testing.assert_allclose(
        rows(other, *held(other, seed)), rows(market, *held(market, seed)), atol=1e-9
    )


@LAWFUL
@given(
    seed=SEED, column=st.sampled_from(["funding_rate", "funding_paid", "oi_delta_pct", "regime"])
)
def test_a_missing_column_is_never_a_number(seed, column):
    frame = thinking_frame(N, seed)
    market = market_of(frame.drop(columns=column), 60)
    found = dict(zip(NAMES, rows(market, *held(market, seed, first=20)).T, strict=True))
    touched = {
        "funding_rate": {"funding_rate", "funding_rate_change"},
        "funding_paid": {"funding_paid"},
        "oi_delta_pct": {"oi_delta", "oi_delta_change"},
        "regime": {"regime_changed", *(f"regime_{name}" for name in REGIMES)},
    }[column]
    for name, values in found.items():
        if name in touched:
            assert np.isnan(values).all(), name
        elif name != "thesis_health":  # not known for an entry by vote
            assert np.isfinite(values).all(), name
