"""Derivative series, edges of the span and refusals of the synthetic market."""

from datetime import UTC, datetime

import numpy as np
import pytest

from hydra_quant.sandbox.market import CONTRACTS, MarketSpec, SyntheticMarket
from hydra_quant.sandbox.market.forced import forced_orders
from hydra_quant.sandbox.market.spec import DAY_MS, MINUTE_MS

BTC = "BTC/USDT:USDT"
EPOCH = MarketSpec().epoch_ms
HOUR_MS = 60 * MINUTE_MS
MARKET = SyntheticMarket(MarketSpec(seed=11, horizon_days=40))


def test_history_starts_at_the_epoch_and_ends_at_the_horizon():
    assert MARKET.span(BTC) == (EPOCH, EPOCH + 40 * DAY_MS)
    bars = MARKET.candles(BTC, "4h", EPOCH - 9 * DAY_MS, EPOCH + 90 * DAY_MS)
    assert len(bars) == 40 * 6
    assert bars["time_ms"].iloc[0] == EPOCH
    assert bars["open"].iloc[0] == 93500.0


def test_an_open_ended_market_grows_when_asked():
    market = SyntheticMarket(MarketSpec(seed=11))
    assert market.span(BTC) == (EPOCH, EPOCH + DAY_MS)
    market.extend(EPOCH + 2 * DAY_MS + 1)
    assert market.span(BTC) == (EPOCH, EPOCH + 3 * DAY_MS)


@pytest.mark.parametrize(
    "span", [(EPOCH - DAY_MS, EPOCH), (EPOCH, EPOCH), (EPOCH + 40 * DAY_MS, EPOCH + 41 * DAY_MS)]
)
def test_outside_the_span_there_are_columns_but_no_rows(span):
    frames = [
        MARKET.candles(BTC, "5m", *span),
        MARKET.mark(BTC, "5m", *span),
        MARKET.funding(BTC, *span),
        MARKET.open_interest(BTC, "5m", *span),
        MARKET.ratios(BTC, "5m", *span),
        MARKET.liquidations(BTC, *span),
    ]
    assert [len(frame) for frame in frames] == [0] * 6
    assert all(frame.columns[0] == "time_ms" for frame in frames)
    assert list(frames[5].columns) == ["time_ms", "side", "price", "amount"]


def test_funding_settles_every_eight_hours():
    rates = MARKET.funding(BTC, EPOCH, EPOCH + 40 * DAY_MS)
    np.testing.assert_array_equal(rates["time_ms"], EPOCH + 8 * HOUR_MS * np.arange(120))
    assert rates["rate"].abs().max() <= 0.0075


def test_taker_volume_is_the_candle_before_the_snapshot():
    ratios = MARKET.ratios(BTC, "1h", EPOCH + DAY_MS, EPOCH + 2 * DAY_MS)
    bars = MARKET.candles(BTC, "1h", EPOCH + DAY_MS - HOUR_MS, EPOCH + 2 * DAY_MS - HOUR_MS)
    np.testing.assert_array_equal(ratios["taker_buy_volume"], bars["taker_buy_volume"])
    shares = ratios[["long_share", "top_account_long_share", "top_position_long_share"]]
    assert ((shares > 0) & (shares < 1)).all().all()
    first = MARKET.ratios(BTC, "1h", EPOCH, EPOCH + HOUR_MS)
    assert first["taker_buy_volume"].isna().all()


def test_taker_volume_leans_with_the_move():
    bars = MARKET.candles(BTC, "5m", EPOCH, EPOCH + 20 * DAY_MS)
    share = bars["taker_buy_volume"] / bars["volume"] - 0.5
    assert np.corrcoef(share, np.sign(bars["close"] - bars["open"]))[0, 1] > 0.3


def test_forced_orders_lie_on_the_path_and_sell_into_falls():
    orders = MARKET.liquidations(BTC, EPOCH, EPOCH + 20 * DAY_MS)
    bars = MARKET.candles(BTC, "1m", EPOCH, EPOCH + 20 * DAY_MS).set_index("time_ms")
    minute = bars.loc[orders["time_ms"] - orders["time_ms"] % MINUTE_MS]
    assert len(orders) > 100
    assert (orders["price"].to_numpy() <= minute["high"].to_numpy() * (1 + 1e-9)).all()
    assert (orders["price"].to_numpy() >= minute["low"].to_numpy() * (1 - 1e-9)).all()
    sells = (orders["side"] == "sell").to_numpy()
    assert (minute["low"] < minute["open"])[sells].all()
    assert (minute["high"] > minute["open"])[~sells].all()
    assert (np.diff(orders["time_ms"]) >= 0).all()


@pytest.mark.parametrize("pair", ["BTC/USDT:USDT", "DOGE/USDT:USDT", "XRP/USDT:USDT"])
def test_forced_orders_are_whole_steps_that_add_up(pair):
    contract = CONTRACTS[pair]
    taken = np.array([[0.0, 3.26, 7000.04, contract.step], [0.0, 0.0, 40.0, 90000.0]], np.float32)
    ticks = np.tile(np.array([[1000], [1010], [990], [1005]], np.int32), (1, 4))
    table = forced_orders(contract, taken, ticks, EPOCH, seed=1, row=0)
    units = table["amount"] / contract.step
    np.testing.assert_allclose(units, np.rint(units), rtol=1e-9)
    assert (table["amount"] == table["amount"].round(6)).all()
    assert (units > 0.5).all()
    minute = (table["time_ms"] - EPOCH) // MINUTE_MS
    for side, name in enumerate(("sell", "buy")):
        chosen = table["side"] == name
        total = np.bincount(minute[chosen], table["amount"][chosen], minlength=4)
        wanted = np.where(taken[side] >= contract.step, taken[side], 0.0)
        np.testing.assert_allclose(total, wanted, atol=0.5001 * contract.step, rtol=1e-6)


def test_positions_print_as_exact_decimals():
    held = MARKET.open_interest(BTC, "1h", EPOCH, EPOCH + DAY_MS)
    ratios = MARKET.ratios(BTC, "1h", EPOCH + DAY_MS, EPOCH + 2 * DAY_MS)
    for values in (held["contracts"], ratios["taker_sell_volume"], ratios["taker_buy_volume"]):
        assert values.tolist() == [float(f"{value:.3f}") for value in values]
    assert held["value"].tolist() == [float(f"{value:.4f}") for value in held["value"]]
    orders = MARKET.liquidations(BTC, EPOCH, EPOCH + 5 * DAY_MS)
    assert orders["amount"].tolist() == [float(f"{value:.3f}") for value in orders["amount"]]


def test_open_interest_falls_where_longs_are_liquidated():
    held = MARKET.open_interest(BTC, "1h", EPOCH, EPOCH + 40 * DAY_MS)
    orders = MARKET.liquidations(BTC, EPOCH, EPOCH + 40 * DAY_MS)
    assert (held["contracts"] > 0).all()
    hour = (orders["time_ms"] - EPOCH) // HOUR_MS
    taken = np.bincount(hour, orders["amount"], minlength=40 * 24)[:-1]
    change = np.diff(held["contracts"])
    worst = np.argsort(taken)[-10:]
    assert change[worst].mean() < -0.3 * taken[worst].mean()


def test_a_crash_takes_a_large_part_of_open_interest():
    market = SyntheticMarket(MarketSpec(seed=3, crash_per_year=200.0, horizon_days=10))
    held = market.open_interest("DOGE/USDT:USDT", "4h", EPOCH, EPOCH + 10 * DAY_MS)["contracts"]
    assert held.pct_change().min() < -0.15


def test_a_subset_of_pairs_without_bitcoin_works():
    market = SyntheticMarket(MarketSpec(pairs=("ADA/USDT:USDT",), edge=1.0))
    assert len(market.candles("ADA/USDT:USDT", "1h", EPOCH, EPOCH + DAY_MS)) == 24
    with pytest.raises(KeyError, match="BTC"):
        market.candles(BTC, "1h", EPOCH, EPOCH + DAY_MS)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": -1}, "seed"),
        ({"edge": 1.5}, "edge"),
        ({"edge": float("nan")}, "edge"),
        ({"epoch": datetime(2025, 1, 1, 5, tzinfo=UTC)}, "epoch"),
        ({"epoch": datetime(2025, 1, 1)}, "epoch"),
        ({"pairs": ("BTC/USDT",)}, "pairs"),
        ({"pairs": ()}, "pairs"),
        ({"horizon_days": 0}, "horizon_days"),
        ({"branching": 1.0}, "branching"),
        ({"herding_minutes": (5.0,)}, "herding_minutes"),
        ({"herding_minutes": (1.0, 90.0, 800.0, 4000.0)}, "herding_minutes"),
        ({"tide_phases": (0.0,)}, "tide_phases"),
    ],
)
def test_a_spec_that_cannot_be_honoured_names_the_field(change, named):
    with pytest.raises(ValueError, match=named):
        MarketSpec(**change)


def test_unknown_timeframes_are_named():
    with pytest.raises(ValueError, match="7m"):
        MARKET.candles(BTC, "7m", EPOCH, EPOCH + DAY_MS)
    with pytest.raises(ValueError, match="1m"):
        MARKET.open_interest(BTC, "1m", EPOCH, EPOCH + DAY_MS)
