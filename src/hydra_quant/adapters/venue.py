"""What freqtrade knows of exchange and strategy, in the ledger's words."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from freqtrade.data.history import load_pair_history
from freqtrade.enums import CandleType, TradingMode
from freqtrade.exceptions import OperationalException
from freqtrade.exchange import Binance, Exchange, timeframe_to_minutes
from freqtrade.strategy.interface import IStrategy
from numpy.typing import NDArray

from hydra_quant.adapters.freqai.frames import open_times
from hydra_quant.ledger import Market, Rules, Tier

logger = logging.getLogger(__name__)
PRICE_TICK = 4  # ccxt: precision is given as the smallest step, not as a number of digits
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Funding:
    """When funding was paid (milliseconds since 1970 UTC), and what a long of one unit paid."""

    times: Ints
    paid: Floats


def rules_of(strategy: IStrategy, config: Mapping[str, Any], **more: Any) -> Rules:
    """Return how freqtrade's backtester would trade this strategy.

    Parameters
    ----------
    strategy, config : as loaded
    **more : fields of `Rules` that freqtrade has no name for

    Raises
    ------
    OperationalException
        When the strategy does what the ledger does not know, or a value is out of range.
    """
    _refuse_callbacks(strategy)
    futures = config.get("trading_mode") == TradingMode.FUTURES
    stake = config["stake_amount"]
    most = config.get("max_open_trades", -1)
    if stake == "unlimited" and not 0 < most < inf:
        raise OperationalException(
            f'config key "max_open_trades" is {most}: with an unlimited stake_amount an agent '
            "needs a number above 0, which says how large a whole stake is."
        )
    fee = fee_of(strategy, config)
    names = (
        *("stoploss", "trailing_stop", "trailing_stop_positive", "trailing_stop_positive_offset"),
        *("trailing_only_offset_is_reached", "use_exit_signal", "exit_profit_only"),
        *("exit_profit_offset", "ignore_roi_if_entry_signal", "position_adjustment_enable"),
        "max_entry_position_adjustment",
    )
    try:
        return Rules(
            **{name: getattr(strategy, name) for name in names},
            **more,
            fee_open=fee,
            fee_close=fee,
            balance=starting_balance(config),
            stake_amount=None if stake == "unlimited" else float(stake),
            tradable_balance_ratio=float(config.get("tradable_balance_ratio", 0.99)),
            max_open_trades=most,
            can_short=bool(strategy.can_short) and futures,
            futures=futures,
            amount_reserve_percent=float(config.get("amount_reserve_percent", 0.05)),
            liquidation_buffer=float(config.get("liquidation_buffer", 0.05)),
            minimal_roi={int(minute): share for minute, share in strategy.minimal_roi.items()},
            candle_minutes=_minutes(strategy),
        )
    except ValueError as error:
        raise OperationalException(f"an agent cannot be trained by these rules: {error}") from None


def _minutes(strategy: IStrategy) -> int:
    return timeframe_to_minutes(strategy.timeframe)


def _refuse_callbacks(strategy: IStrategy) -> None:
    """Stops and rates that a strategy computes itself are not the ledger's."""
    for flag in ("use_custom_stoploss", "use_custom_roi"):
        if getattr(strategy, flag, False):
            raise OperationalException(
                f"{type(strategy).__name__}.{flag} is true: an agent's environment does not know "
                "what the strategy would answer. Set it to False."
            )


def starting_balance(config: Mapping[str, Any]) -> float:
    """Return the stake currency that a backtest or dry run begins with."""
    wallet = config.get("dry_run_wallet", 1000.0)
    if isinstance(wallet, Mapping):
        wallet = wallet.get(config["stake_currency"], 0.0)
    return float(wallet)


def fee_of(strategy: IStrategy, config: Mapping[str, Any]) -> float:
    """Return the fee that a backtest takes of every order: the configured, or the worse one."""
    if config.get("fee") is not None:
        return float(config["fee"])
    exchange: Exchange = strategy.dp._exchange
    symbol = strategy.dp.current_whitelist()[0]
    fees = [exchange.get_fee(symbol=symbol, taker_or_maker=kind) for kind in ("taker", "maker")]
    return max(fee for fee in fees if fee is not None)


def market_of(exchange: Exchange, pair: str) -> Market:
    """Return what an exchange takes in one pair.

    Raises
    ------
    OperationalException
        When it counts significant digits, which no market of ours does.
    """
    market = exchange.markets[pair]
    precision, limits = market["precision"], market["limits"]
    tiers = tuple(
        Tier(
            tier["minNotional"],
            tier["maxNotional"],
            tier["maintenanceMarginRate"],
            tier["maintAmt"] or 0.0,
            tier["maxLeverage"],
        )
        for tier in exchange._leverage_tiers.get(pair, ())
    )
    return Market(
        tick=_step(precision["price"], exchange.precision_mode_price, pair),
        step=_step(precision["amount"], exchange.precisionMode, pair),
        contract=float(market.get("contractSize") or 1.0),
        least_amount=limits["amount"]["min"],
        most_amount=limits["amount"]["max"],
        least_cost=limits["cost"]["min"],
        most_cost=limits["cost"]["max"],
        taker=float(market.get("taker") or 0.001),
        binance=isinstance(exchange, Binance),
        tiers=tiers or (Tier(),),
    )


def _step(precision: float | None, mode: int, pair: str) -> float:
    if precision is None:
        return 1e-8
    if mode == PRICE_TICK:
        return float(precision)
    if mode == 2:  # digits after the point
        return float(10.0 ** -int(precision))
    raise OperationalException(
        f"{pair}: its exchange counts significant digits, which is not known."
    )


def funding_of(strategy: IStrategy, config: Mapping[str, Any], pair: str) -> Funding:
    """Return the funding of a pair that lies in the data folder, as a backtest pays it.

    Without any, nothing is paid, and a line in the log says so.
    """
    exchange: Exchange = strategy.dp._exchange
    none = Funding(np.empty(0, np.int64), np.empty(0))
    if config.get("trading_mode") != TradingMode.FUTURES:
        return none
    kinds = (
        ("funding_fee_timeframe", CandleType.FUNDING_RATE),
        ("mark_ohlcv_timeframe", CandleType.from_string(exchange.get_option("mark_ohlcv_price"))),
    )
    rates, mark = (
        load_pair_history(
            pair=pair,
            timeframe=exchange.get_option(timeframe),
            datadir=config["datadir"],
            fill_up_missing=kind is not CandleType.FUNDING_RATE,
            data_format=config["dataformat_ohlcv"],
            candle_type=kind,
        )
        for timeframe, kind in kinds
    )
    if rates.empty or mark.empty:
        logger.warning(f"{pair}: no funding rates or mark prices; the agent learns without them.")
        return none
    both = exchange.combine_funding_and_mark(
        rates, mark, config.get("futures_funding_rate", None)
    ).sort_values("date")
    return Funding(1000 * open_times(both), (both["open_fund"] * both["open_mark"]).to_numpy(float))
