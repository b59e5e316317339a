"""The rules an agent trades by outside the bot: HydraRLStrategy's and a configuration's."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from hydra_quant.ledger import Market, Rules
from hydra_quant.ledger.state import Table
from hydra_quant.settings import Settings

FEE = 0.0005
STEP = 1e-6


def rules_of(
    config: Mapping[str, Any],
    settings: Settings,
    n_pairs: int,
    candle_minutes: int,
    fee: float | None = None,
) -> Rules:
    """Return how freqtrade's backtester would trade HydraRLStrategy.

    Parameters
    ----------
    config : as read; what it does not say is freqtrade's default, on futures
    settings : whose ``agent`` section counts
    n_pairs : trades that may be open where the configuration names no number
    candle_minutes : int
    fee : of every order, as a share; None takes the configuration's, else `FEE`

    Raises
    ------
    ValueError
        Naming the value that is out of range.
    """
    agent, futures = settings.agent, config.get("trading_mode", "futures") == "futures"
    stake = config.get("stake_amount", "unlimited")
    most = config.get("max_open_trades", n_pairs)
    if fee is None:
        fee = float(config.get("fee") or FEE)
    return Rules(
        fee_open=fee,
        fee_close=fee,
        balance=_balance(config),
        stake_amount=None if stake == "unlimited" else float(stake),
        tradable_balance_ratio=float(config.get("tradable_balance_ratio", 0.99)),
        max_open_trades=most if 0 < most < math.inf else n_pairs,
        can_short=futures,
        futures=futures,
        amount_reserve_percent=float(config.get("amount_reserve_percent", 0.05)),
        liquidation_buffer=float(config.get("liquidation_buffer", 0.05)),
        stoploss=-agent.stoploss,
        position_adjustment_enable=True,
        resize_beyond=agent.resize_beyond,
        candle_minutes=candle_minutes,
    )


def alone(rules: Rules) -> Rules:
    """Return the rules of a wallet that trades one pair at a time, as in training."""
    return rules if rules.stake_amount else replace(rules, max_open_trades=1)


def held(rules: Rules) -> Rules:
    """Return the rules of who buys once: no stop, and nothing is added or taken out."""
    return replace(rules, stoploss=-0.99, position_adjustment_enable=False, resize_beyond=None)


def market_of(candles: Table) -> Market:
    """Return what an exchange would take in a pair, as far as its candles show it.

    The tick is the last digit that prices have; amounts are cut to a millionth, because no file
    says where the exchange cuts them; orders below 5 are not taken, as on Binance's futures.
    """
    scales = candles["tick_scale"][np.isfinite(candles["tick_scale"])]
    return Market(tick=1.0 / float(scales.max(initial=1.0)), step=STEP, least_cost=5.0)


def _balance(config: Mapping[str, Any]) -> float:
    wallet = config.get("dry_run_wallet", 1000.0)
    if isinstance(wallet, Mapping):
        wallet = wallet.get(config.get("stake_currency", "USDT"), 0.0)
    return float(wallet)
