"""Mistakes that stop the start: one clear line each."""

import pytest
from freqtrade.exceptions import ConfigurationError, OperationalException
from support.strategy_world import strategy

from hydra_quant.adapters.parsing import parse_settings
from hydra_quant.adapters.strategy.startup import (
    DEFAULT_HORIZON,
    parse_horizon,
    require_listed,
    require_voices,
)
from hydra_quant.settings import Settings, Vote

LISTED = {"BTC/USDT:USDT": {}, "ETH/USDT:USDT": {}, "BTC/USDT": {}}


def horizon(value):
    return {"freqai": {"feature_parameters": {"label_period_candles": value}}}


def test_settings_come_through():
    assert parse_settings({}) == Settings()
    assert parse_settings({"hydra": {"risk": {"leverage": 1.5}}}).risk.leverage == 1.5


def test_a_mistake_in_the_settings_is_an_error_that_ends_with_a_status():
    with pytest.raises(OperationalException, match="did you mean") as caught:
        parse_settings({"hydra": {"risk": {"stop_art": 2.0}}})
    assert not isinstance(caught.value, ConfigurationError)  # which would end with status 0
    assert "hydra.risk.stop_art" in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("name", ["HydraBaseline", "HydraStrategy"])
def test_freqtrade_reports_it_while_loading_the_strategy(name, tmp_path):
    with pytest.raises(OperationalException, match=r"hydra\.vote\.enter_abov"):
        strategy(name, tmp_path, hydra={"vote": {"enter_abov": 0.5}})


def spot(name, home, *pairs):
    return strategy(
        name, home, trading_mode="spot", exchange={"name": "binance", "pair_whitelist": [*pairs]}
    )


@pytest.mark.parametrize("name", ["HydraBaseline", "HydraStrategy", "HydraRLStrategy"])
def test_on_a_spot_market_the_long_side_is_traded(name, tmp_path, caplog):
    assert strategy(name, tmp_path).can_short
    with caplog.at_level("INFO"):
        assert not spot(name, tmp_path, "BTC/USDT", ".*/USDT:USDT").can_short
    assert caplog.text.count("no shorts on a spot market") == 1


def test_the_pairs_of_futures_on_a_spot_market_are_named(tmp_path):
    with pytest.raises(OperationalException, match="a spot pair is written ETH/USDT; ") as caught:
        spot("HydraRLStrategy", tmp_path, "BTC/USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")
    assert "but ETH/USDT:USDT, SOL/USDT:USDT in" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("config", "wanted"), [({}, DEFAULT_HORIZON), (horizon(1), 1)])
def test_horizon(config, wanted):
    assert parse_horizon(config) == wanted


@pytest.mark.parametrize("value", [0, -1, 2.5, "12", None, True])
def test_a_horizon_that_is_no_number_of_candles_is_named(value):
    with pytest.raises(OperationalException, match="label_period_candles") as caught:
        parse_horizon(horizon(value))
    assert repr(value) in str(caught.value)


def test_rules_without_weight_cannot_trade_alone():
    mute = Vote(momentum_weight=0, mean_reversion_weight=0)
    require_voices(mute, with_model=True)
    require_voices(Vote(momentum_weight=0), with_model=False)
    with pytest.raises(OperationalException, match="would never trade"):
        require_voices(mute, with_model=False)


@pytest.mark.parametrize("wanted", [[], ["BTC/USDT:USDT"], [".*/USDT:USDT"], ["BTC/.*", "E(T)H.+"]])
def test_listed_pairs_and_patterns_pass(wanted):
    require_listed(wanted, LISTED, "binance")


def test_pairs_that_are_not_listed_are_all_named_with_the_remedy():
    wanted = ["BTC/USDT:USDT", "LUNA/USDT:USDT", "ETH/USDT"]
    with pytest.raises(OperationalException) as caught:
        require_listed(wanted, LISTED, "binance")
    text = str(caught.value)
    assert text.startswith("binance does not list LUNA/USDT:USDT, ETH/USDT:")
    assert "pair_whitelist" in text
    assert "list-pairs" in text
