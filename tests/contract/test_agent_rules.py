"""An agent that is trained outside the bot trades by the rules that the bot would trade by."""

from dataclasses import fields

import pytest
from freqtrade.enums import RunMode
from support.strategy_world import strategy

from hydra_quant.adapters.venue import rules_of
from hydra_quant.heads.agents import terms
from hydra_quant.settings import Settings

CASES = {
    "config.json": {},
    "a fixed stake": {"stake_amount": 150.0, "max_open_trades": 3},
    "a wallet by currency": {"dry_run_wallet": {"USDT": 4321.0, "BTC": 1.0}},
    "other reserves": {
        "amount_reserve_percent": 0.1, "liquidation_buffer": 0.02, "tradable_balance_ratio": 0.5,
    },
    "a spot market": {
        "trading_mode": "spot", "exchange": {"name": "binance", "pair_whitelist": ["BTC/USDT"]},
    },
    "an agent of its own": {
        "hydra": {"agent": {"stoploss": 0.1, "resize_beyond": 0.5, "act_beyond": 0.1}}
    },
}  # fmt: skip


@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
def test_both_sets_of_rules_are_the_same(tmp_path, changes):
    bot = strategy("HydraRLStrategy", tmp_path, RunMode.BACKTEST, fee=0.0007, **changes)
    settings = Settings.parse(bot.config)
    theirs = rules_of(bot, bot.config, resize_beyond=settings.agent.resize_beyond)
    ours = terms.rules_of(bot.config, settings, 8, 5)
    for field in fields(theirs):
        assert getattr(ours, field.name) == getattr(theirs, field.name), field.name
