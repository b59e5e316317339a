"""The real strategies, built by freqtrade's resolver and driven candle by candle."""

import logging
import pickle
import sys
from datetime import timedelta
from types import SimpleNamespace

import cloudpickle
import numpy as np
import pytest
from freqtrade.enums import RunMode
from freqtrade.exceptions import OperationalException
from freqtrade.plugins.protectionmanager import ProtectionManager
from freqtrade.strategy import IStrategy
from freqtrade.strategy.hyper import detect_all_parameters
from support.strategy_world import (
    EQUITY,
    PAIR,
    START,
    analyse,
    candles,
    offer,
    strategy,
    trade,
)

from hydra_quant.adapters.strategy.base import MODEL_FEATURES
from hydra_quant.features import catalog
from hydra_quant.reasons import Reason
from hydra_quant.risk.volatility import ATR_BLOCKS
from hydra_quant.signals import momentum

VOTING = ("HydraBaseline", "HydraStrategy")
MINUTES = timedelta(minutes=5)


@pytest.fixture
def baseline(tmp_path):
    return strategy("HydraBaseline", tmp_path)


def predicted(n=600, returns=0.004, seed=1):
    return candles(n, seed).assign(**{"&-return": returns, "do_predict": 1})


# --- what a user and hyperopt can set ------------------------------------------------------------


@pytest.mark.parametrize("name", VOTING)
def test_parameters_start_at_the_users_settings_unrounded(name, tmp_path):
    hydra = {"vote": {"enter_above": 0.555, "exit_below": -0.123}, "risk": {"stop_atr": 2.25}}
    made = strategy(name, tmp_path, hydra=hydra)
    made.ft_load_hyper_params(False)
    assert made.enter_above.value == 0.555
    assert made.exit_below.value == -0.123
    assert made.stop_atr.value == 2.25


def test_each_instance_has_its_own_parameters(tmp_path):
    bold = strategy("HydraBaseline", tmp_path, hydra={"vote": {"enter_above": 0.3}})
    shy = strategy("HydraBaseline", tmp_path, hydra={"vote": {"enter_above": 0.8}})
    bold.enter_above.value = 0.25
    assert (bold.enter_above.value, shy.enter_above.value) == (0.25, 0.8)
    assert type(shy).enter_above.value == 0.5


def test_hyperopt_finds_thresholds_and_stops_and_nothing_else(baseline):
    found = detect_all_parameters(baseline)
    assert {space: set(names) for space, names in found.items()} == {
        "buy": {"enter_above"},
        "sell": {"exit_below", "stop_atr"},
    }
    assert found["buy"]["enter_above"] is baseline.enter_above
    assert detect_all_parameters(type(baseline)).keys() == found.keys()


def test_any_searched_value_is_a_legal_setting(tmp_path):
    parameters = detect_all_parameters(strategy("HydraBaseline", tmp_path))
    enter, leave = parameters["buy"]["enter_above"], parameters["sell"]["exit_below"]
    stop = parameters["sell"]["stop_atr"]
    for at in (enter.low, enter.high):
        for out in (leave.low, leave.high):
            vote = {"enter_above": at, "exit_below": out}
            for atrs in (stop.low, stop.high):
                strategy(
                    "HydraBaseline", tmp_path, hydra={"vote": vote, "risk": {"stop_atr": atrs}}
                )


def test_a_strategy_survives_the_pickling_that_hyperopt_does(tmp_path):
    """By value, the modules of the classes it inherits from, as freqtrade registers them."""
    made = strategy("HydraBaseline", tmp_path, RunMode.HYPEROPT, export="trades", spaces=["buy"])
    made.ft_bot_start()
    made.enter_above.value = 0.7
    bases = [base for base in type(made).__bases__ if base is not IStrategy]
    modules = {sys.modules[base.__module__] for base in bases}
    assert {module.__name__ for module in modules} == {"hydra_quant.adapters.strategy.base"}
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        again = pickle.loads(cloudpickle.dumps(made))
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)
    assert again.enter_above.value == 0.7
    assert again._reasons is None
    frame = candles()
    np.testing.assert_array_equal(
        analyse(again, frame)["hydra_reason"], analyse(made, frame)["hydra_reason"]
    )


@pytest.mark.parametrize(
    ("mode", "export", "kept"),
    [
        (RunMode.BACKTEST, "trades", True),
        (RunMode.BACKTEST, "none", False),
        (RunMode.HYPEROPT, "trades", False),
        (RunMode.WEBSERVER, "trades", False),
        (RunMode.UTIL_NO_EXCHANGE, "trades", False),
        (RunMode.DRY_RUN, "none", True),
        (RunMode.LIVE, "none", True),
    ],
)
def test_reasons_are_kept_for_exported_backtests_and_for_bots(mode, export, kept, tmp_path):
    made = strategy("HydraBaseline", tmp_path, mode, export=export, spaces=["default"])
    made.ft_bot_start()
    analyse(made, candles())
    folder = tmp_path / "hydra" / "reasons" / "HydraBaseline"
    assert (made._reasons is not None) == kept == folder.exists()
    assert bool(kept) == bool(list(folder.glob("*")))


def test_starting_refuses_a_pair_that_the_exchange_does_not_list(baseline):
    markets = {pair: {} for pair in baseline.config["exchange"]["pair_whitelist"][1:]}
    baseline.dp._exchange = SimpleNamespace(markets=markets)
    with pytest.raises(OperationalException, match="does not list BTC/USDT:USDT"):
        baseline.ft_bot_start()


# --- warm-up and determinism ------------------------------------------------------------


@pytest.mark.parametrize("horizon", [1, 12, 40])
def test_startup_is_the_derived_lookback_and_one(horizon, tmp_path):
    config = {"feature_parameters": {"label_period_candles": horizon}, "enabled": False}
    bare = strategy("HydraBaseline", tmp_path)
    bare.config["freqai"] = config
    made = type(bare)(bare.config)
    assert made.startup_candle_count == max(momentum.lookback(), horizon * ATR_BLOCKS) + 1


def test_startup_with_a_model_covers_its_features(tmp_path):
    made = strategy("HydraStrategy", tmp_path)
    assert made.startup_candle_count == catalog.lookback(MODEL_FEATURES) + 1
    assert made.startup_candle_count > strategy("HydraBaseline", tmp_path).startup_candle_count


def test_the_model_sees_features_without_units_only():
    assert len(MODEL_FEATURES) > 50
    assert {catalog.CATALOG[name].scaling for name in MODEL_FEATURES} == {catalog.Scaling(0, 0)}


def test_the_first_candle_after_start_up_is_decided(baseline):
    reasons = analyse(baseline, candles(400))["hydra_reason"].to_numpy()
    warm = baseline.startup_candle_count - 1
    assert (reasons[:warm] == Reason.WARMING_UP).all()
    assert (reasons[warm:] != Reason.WARMING_UP).all()


@pytest.mark.parametrize("name", VOTING)
def test_decisions_come_from_past_candles_alone(name, tmp_path):
    """The prefix law of the whole strategy, entries and exits included."""
    made = strategy(name, tmp_path)
    frame = predicted(500, np.random.default_rng(0).normal(0, 0.003, 500))
    whole = analyse(made, frame)
    columns = ["enter_long", "enter_short", "exit_long", "exit_short", "hydra_reason"]
    for t in (250, 333, 400):
        part = analyse(made, frame.iloc[:t])
        np.testing.assert_array_equal(part[columns], whole[columns].iloc[:t])
        np.testing.assert_allclose(part["hydra_vote"], whole["hydra_vote"].iloc[:t])


def test_a_bot_that_just_started_decides_as_one_that_has_seen_everything(baseline):
    frame = candles(800)
    whole = analyse(baseline, frame)
    fresh = analyse(baseline, frame.tail(baseline.startup_candle_count))
    assert fresh["hydra_reason"].iloc[-1] == whole["hydra_reason"].iloc[-1]
    np.testing.assert_allclose(fresh["hydra_vote"].iloc[-1], whole["hydra_vote"].iloc[-1])
    np.testing.assert_allclose(fresh["hydra_atr"].iloc[-1], whole["hydra_atr"].iloc[-1])


def test_pairs_do_not_touch_each_other(baseline):
    one, other = candles(400, 1), candles(400, 2)
    alone = analyse(baseline, one)
    analyse(baseline, other, "ETH/USDT:USDT")
    assert analyse(baseline, one).equals(alone)


@pytest.mark.parametrize("name", VOTING)
def test_entries_and_reasons_agree(name, tmp_path):
    made = strategy(name, tmp_path)
    done = analyse(made, predicted(3000, np.random.default_rng(3).normal(0, 0.004, 3000)))
    entered = done["hydra_reason"] == Reason.ENTER
    assert entered.sum() > 10
    assert (entered == (done["enter_long"] + done["enter_short"] == 1)).all()
    assert {1, -1} <= set(done["hydra_side"])
    assert done.loc[entered, "enter_tag"].notna().all()


def test_without_a_trusted_prediction_the_model_strategy_stands_aside(tmp_path):
    made = strategy("HydraStrategy", tmp_path)
    done = analyse(made, predicted().assign(do_predict=0))
    assert not done["enter_long"].any()
    assert set(done["hydra_reason"]) == {Reason.WARMING_UP, Reason.NO_PREDICTION}


def test_an_upper_threshold_lets_nothing_in(tmp_path):
    made = strategy("HydraBaseline", tmp_path, hydra={"vote": {"enter_above": 1.0}})
    assert not analyse(made, candles(1000))["enter_long"].any()


# --- one order ------------------------------------------------------------


def test_leverage_is_the_users_within_the_exchanges(baseline):
    call = {"pair": PAIR, "current_time": START, "current_rate": 1.0, "proposed_leverage": 1.0}
    call |= {"entry_tag": None, "side": "long"}
    assert baseline.leverage(**call, max_leverage=20.0) == 2.0
    assert baseline.leverage(**call, max_leverage=1.0) == 1.0


def test_the_stake_loses_the_risk_share_at_the_first_stop(baseline):
    frame = analyse(baseline, candles())
    rate, atr = frame[["close", "hydra_atr"]].iloc[-1]
    amount = baseline.custom_stake_amount(
        pair=PAIR,
        current_time=START,
        current_rate=rate,
        proposed_stake=1.0,
        min_stake=5.0,
        max_stake=EQUITY,
        leverage=2.0,
        entry_tag=None,
        side="long",
    )
    risk = baseline.settings.risk
    lost = amount * 2.0 * risk.stop_atr * atr / rate
    assert lost == pytest.approx(risk.risk_per_trade * EQUITY)


class Position:
    """freqtrade's own stop handling around a strategy, one price at a time."""

    def __init__(self, made, is_short=False, atr=1.0):
        self.made, self.trade, self.now = made, trade(is_short=is_short), START
        self.know_atr(atr)
        self.step(100.0, after_fill=True)

    def know_atr(self, atr):
        offer(self.made, candles(5).assign(hydra_atr=atr))

    def step(self, rate, after_fill=False):
        self.now += MINUTES
        self.made.ft_stoploss_adjust(
            rate,
            self.trade,
            self.now,
            self.trade.calc_profit_ratio(rate),
            0,
            after_fill=after_fill,
        )
        return round(self.trade.stop_loss, 4)

    @property
    def stop(self):
        return round(self.trade.stop_loss, 4)


@pytest.mark.parametrize(
    ("is_short", "path"),
    [
        # price, then the stop that must be in force
        (False, [(101, 98), (101.9, 98), (103, 101.97), (102.5, 101.97), (105, 103.95)]),
        (True, [(99, 102), (98.1, 102), (97, 97.97), (97.5, 97.97), (95, 95.95)]),
    ],
)
def test_atr_stop_on_the_fill_then_a_trailing_stop_that_only_tightens(baseline, is_short, path):
    position = Position(baseline, is_short)
    assert position.stop == (102 if is_short else 98)
    for price, stop in path:
        assert position.step(price) == pytest.approx(stop, abs=1e-4), price


@pytest.mark.parametrize("is_short", [False, True])
def test_another_fill_never_loosens_the_stop(baseline, is_short):
    """A partly filled, cancelled exit is a fill too; freqtrade would take any stop then."""
    position = Position(baseline, is_short)
    tight = position.step(95 if is_short else 105)
    position.know_atr(10.0)
    assert position.step(96 if is_short else 104, after_fill=True) == tight


@pytest.mark.parametrize("is_short", [False, True])
@pytest.mark.parametrize("unknown", [float("nan"), 0.0])
def test_without_an_atr_the_floor_holds_until_there_is_one(baseline, is_short, unknown, caplog):
    floor = 125 if is_short else 75
    with caplog.at_level(logging.WARNING):
        position = Position(baseline, is_short, atr=unknown)
    assert position.stop == floor
    assert "no ATR known" in caplog.text
    assert position.step(100.5) == floor
    position.know_atr(1.0)
    assert position.step(100.2) == (102 if is_short else 98)


def test_without_any_candle_the_floor_holds(baseline):
    """An order that filled while the bot was away is handled before the first candle."""
    position = Position(baseline)
    position.trade = trade()
    baseline.dp.clear_cache()
    assert position.step(100.0, after_fill=True) == 75
    assert position.step(104.0) == pytest.approx(102.96)  # and the trailing stop does not wait


def test_a_stop_that_price_has_already_passed_is_acted_on(baseline):
    position = Position(baseline, atr=float("nan"))
    position.know_atr(1.0)
    assert position.step(97.0) == pytest.approx(97.0, abs=1e-3)


def test_the_atr_stop_is_never_wider_than_the_floor(baseline):
    assert Position(baseline, atr=40.0).stop == 75


def test_the_position_is_left_at_its_stop(baseline):
    position = Position(baseline)
    left = baseline.ft_stoploss_reached(
        current_rate=97.9,
        trade=position.trade,
        current_time=position.now,
        current_profit=position.trade.calc_profit_ratio(97.9),
        force_stoploss=0,
    )
    assert left.exit_flag


# --- the thesis ------------------------------------------------------------


def fill(made, frame, at, side="buy"):
    kept = {}
    held = SimpleNamespace(
        entry_side="buy", set_custom_data=lambda key, value: kept.update({key: value})
    )
    order = SimpleNamespace(ft_order_side=side, order_date_utc=at.to_pydatetime())
    made.order_filled(PAIR, held, order, at.to_pydatetime())
    return kept.get("hydra_entry")


def test_the_thesis_is_of_the_candle_that_had_closed_when_the_order_was_placed(baseline):
    frame = analyse(baseline, candles())
    for row in (300, 599):
        closed = frame["date"].iloc[row] + MINUTES
        for late in (timedelta(0), timedelta(seconds=40), MINUTES - timedelta(seconds=1)):
            found = fill(baseline, frame, closed + late)
            assert found["hydra_vote"] == frame["hydra_vote"].iloc[row]
            assert found["reason"] == Reason(int(frame["hydra_reason"].iloc[row])).label


def test_an_exit_writes_no_thesis_and_neither_does_a_backtest(baseline, tmp_path):
    frame = analyse(baseline, candles())
    at = frame["date"].iloc[-1] + MINUTES
    assert fill(baseline, frame, at, side="sell") is None
    tested = strategy("HydraBaseline", tmp_path, RunMode.BACKTEST)
    assert fill(tested, frame, at) is None


def test_no_thesis_from_candles_after_the_order(baseline):
    frame = analyse(baseline, candles())
    with pytest.raises(ValueError, match="no analysed candle"):
        fill(baseline, frame, frame["date"].iloc[0])


# --- protections ------------------------------------------------------------


@pytest.mark.parametrize("timeframe", ["1m", "5m", "1h", "4h", "1d", "1w"])
def test_protections_are_sane_at_every_timeframe(timeframe, tmp_path):
    made = strategy("HydraBaseline", tmp_path, timeframe=timeframe)
    minutes = {"1m": 1, "5m": 5, "1h": 60, "4h": 240, "1d": 1440, "1w": 10080}[timeframe]
    for protection in made.protections:
        for name, value in protection.items():
            if name.endswith("_candles"):
                assert isinstance(value, int), name
                assert value >= 1, (protection["method"], name)
    by_name = {p["method"]: p for p in made.protections}
    guard, drawdown = by_name["StoplossGuard"], by_name["MaxDrawdown"]
    assert guard["lookback_period_candles"] >= guard["trade_limit"] * made.horizon
    assert guard["lookback_period_candles"] * minutes >= 1440
    assert drawdown["lookback_period_candles"] == max(1440 // minutes, 1)
    assert drawdown["max_allowed_drawdown"] == 0.05
    manager = ProtectionManager(made.config, made.protections)
    assert len(manager._protection_handlers) == 3


# --- the yardstick ------------------------------------------------------------


def test_hold_wants_an_equal_share_of_every_pair_once_and_for_ever(tmp_path):
    made = strategy("HydraHold", tmp_path)
    made.ft_bot_start()
    frame = analyse_hold(made)
    assert frame["enter_long"].all()
    assert not frame["exit_long"].any()
    made.dp._pairlists = SimpleNamespace(whitelist=["A", "B", "C", "D"])
    call = {"pair": PAIR, "current_time": START, "current_rate": 1.0, "proposed_stake": 1.0}
    call |= {"min_stake": 5.0, "leverage": 1.0, "entry_tag": "hold", "side": "long"}
    assert made.custom_stake_amount(**call, max_stake=EQUITY) == pytest.approx(2475.0)
    assert made.custom_stake_amount(**call, max_stake=100.0) == 100.0


def analyse_hold(made):
    frame = made.advise_indicators(candles(50), {"pair": PAIR})
    return made.advise_exit(made.advise_entry(frame, {"pair": PAIR}), {"pair": PAIR})
