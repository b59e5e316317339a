"""Replayed positions: which candles they live to see, and what stands beside each."""

import numpy as np
import pytest
from support.held import thinking_frame

from hydra_quant.heads.exit_facts import facts_of, since_entry
from hydra_quant.heads.exit_features import NAMES, exit_features
from hydra_quant.heads.exit_market import market_of
from hydra_quant.heads.exit_rows import exit_rows
from hydra_quant.labels.exits import exit_label
from hydra_quant.risk.volatility import horizon_atr
from hydra_quant.settings import Settings

HORIZON = 4
WARM = 60  # the ATR's blocks
HOLDING = 8


def column(data, name):
    return data.rows.features[:, NAMES.index(name)]


def quiet_frame(n=120, signals=(), minutes=60):
    """Candles that hardly move, with signals of eight candles' holding at the rows given."""
    frame = thinking_frame(n, 0, minutes, often=0.0)
    close = 100 + 0.1 * np.sin(np.arange(n))
    frame = frame.assign(open=np.r_[close[:1], close[:-1]], close=close)
    frame = frame.assign(
        high=frame[["open", "close"]].max(axis=1) + 0.1,
        low=frame[["open", "close"]].min(axis=1) - 0.1,
        signal_holding_minutes=float(HOLDING * minutes),
        signal_confidence=0.8,
        expected_return=0.01,
    )
    for row, side, source in signals:
        frame.loc[row, ["signal_side", "signal_source"]] = side, source
    return frame


def replay(frame, **changed):
    return exit_rows({"BTC": frame}, Settings(), 60, horizon=HORIZON, **changed)


def candles_of(data, frame):
    return (data.rows.times - frame["date"].iloc[0].timestamp()) // 3600


def test_a_position_lives_until_its_holding_is_over():
    frame = quiet_frame(signals=[(WARM, 1, 0)])
    data = replay(frame)
    assert candles_of(data, frame).tolist() == list(range(WARM + 1, WARM + 1 + HOLDING))
    assert column(data, "hours_in_position").tolist() == list(range(1, HOLDING + 1))
    assert (column(data, "source_funding_squeeze") == 1).all()
    assert (column(data, "side") == 1).all()
    assert data.reach_s == 2 * 3600


@pytest.mark.parametrize(("side", "extreme", "sign"), [(1, "low", -1), (-1, "high", 1)])
def test_a_touched_stop_ends_it_before_that_candle(side, extreme, sign):
    frame = quiet_frame(signals=[(WARM, side, 0)])
    atr = horizon_atr(*(frame[c].to_numpy() for c in ("high", "low", "close")), HORIZON)[WARM]
    away = Settings().risk.stop_atr * atr * np.sqrt(HOLDING / HORIZON)
    price = frame.loc[WARM + 1, "open"]
    frame.loc[WARM + 4, extreme] = price + sign * away * 0.999
    assert len(replay(frame)) == HOLDING
    frame.loc[WARM + 4, extreme] = price + sign * away * 1.001
    data = replay(frame)
    assert candles_of(data, frame).tolist() == [WARM + 1, WARM + 2, WARM + 3]
    np.testing.assert_allclose(
        column(data, "distance_to_stop") - column(data, "unrealised_pnl"), away / price
    )


def test_a_signal_that_stays_on_is_entered_again_after_a_quarter_of_its_holding():
    on = [(row, 1, 0) for row in range(WARM, WARM + 6)]
    data = replay(quiet_frame(signals=on))
    assert len(np.unique(data.position)) == 3  # rows 60, 62, 64
    other_side = [(row, -side, 0) if row % 2 else (row, side, 0) for row, side, _ in on]
    assert len(np.unique(replay(quiet_frame(signals=other_side)).position)) == 6


def test_unsure_signals_and_those_without_a_fill_or_a_stop_are_not_entered():
    frame = quiet_frame(signals=[(5, 1, 0), (WARM, 1, 0), (WARM + 20, -1, 1), (119, 1, 2)])
    frame.loc[WARM, "signal_confidence"] = 0.4
    data = replay(frame)
    assert (column(data, "side") == -1).all()
    assert len(data) == HOLDING


def test_rows_end_where_their_label_is_not_known():
    frame = quiet_frame(signals=[(115, 1, 0)])
    assert candles_of(replay(frame), frame).tolist() == [116, 117, 118]


def test_labels_and_features_are_those_of_the_position():
    frame = thinking_frame(600, 3, often=0.05)
    data = replay(frame)
    market = market_of(frame, 60)
    now = candles_of(data, frame).astype(int)
    entry = now - column(data, "hours_in_position").astype(int)
    price = market.open[entry + 1]
    side = column(data, "side")
    prices = (frame[name].to_numpy() for name in ("high", "low", "close"))
    wanted = exit_label(*prices, now=now, side=side, entry_price=price, horizon=1)
    np.testing.assert_array_equal(data.rows.labels[:, 0], wanted)
    np.testing.assert_array_equal(side, frame["signal_side"].to_numpy()[entry])
    facts = facts_of(
        market,
        entry,
        side=side,
        source=frame["signal_source"].to_numpy(np.int64)[entry],
        confidence=frame["signal_confidence"].to_numpy()[entry],
        expected_return=frame["expected_return"].to_numpy()[entry],
        stop_distance=column(data, "distance_to_stop") - column(data, "unrealised_pnl"),
        leverage=Settings().risk.leverage,
    )
    hours, funding = since_entry(market, entry, now)
    again = exit_features(market, now, facts, hours=hours, funding=funding)
    np.testing.assert_allclose(again, data.rows.features, atol=1e-15)


def test_pairs_are_merged_by_time_and_positions_stay_apart():
    frames = {name: thinking_frame(400, seed) for seed, name in enumerate(("ETH", "BTC"))}
    data = exit_rows(frames, Settings(), 60, horizon=HORIZON)
    assert data.rows.universe == ("BTC", "ETH")
    stamps = list(zip(data.rows.times, data.rows.pairs, strict=True))
    assert stamps == sorted(stamps)
    for position in np.unique(data.position):
        assert len(np.unique(data.rows.pairs[data.position == position])) == 1
    alone = exit_rows({"BTC": frames["BTC"]}, Settings(), 60, horizon=HORIZON)
    assert (data.rows.pairs == 0).sum() == len(alone)


def test_fewer_rows_are_thinned_over_all_ages():
    frame = thinking_frame(3000, 1)
    every, some = replay(frame), replay(frame, max_rows=1500)
    assert len(every) > 3500
    assert 1000 < len(some) <= 1600
    whole = {row.tobytes() for row in every.rows.features}
    assert all(row.tobytes() in whole for row in some.rows.features)
    ages = np.unique(column(some, "hours_in_position"))
    np.testing.assert_array_equal(ages, np.unique(column(every, "hours_in_position")))


def test_rows_that_share_their_future_share_their_weight():
    one = replay(quiet_frame(signals=[(WARM, 1, 0)]))
    np.testing.assert_allclose(one.rows.weights, 1.0)
    two = replay(quiet_frame(signals=[(WARM, 1, 0), (WARM, 1, 0), (WARM + 2, -1, 1)]))
    weights = two.rows.weights[two.position == 0]
    np.testing.assert_allclose(weights, [1, 1, *[0.5] * 6])


def test_no_signal_at_all_gives_no_rows():
    data = replay(quiet_frame())
    assert len(data) == 0
    assert data.rows.features.shape == (0, len(NAMES))
