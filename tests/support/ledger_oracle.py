"""freqtrade's own backtester, run in this process on candles and decisions that are put into it.

Nothing of the backtester, of its trades or of its wallet is replaced. What is put in is what it
would have read elsewhere: the exchange's contracts and leverage tiers, candles, funding, and a
strategy's answers.
"""

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pandas as pd
from freqtrade.data.btanalysis import get_tick_size_over_time
from freqtrade.enums import RunMode
from freqtrade.exchange import Exchange
from freqtrade.exchange.binance import Binance
from freqtrade.optimize.backtesting import Backtesting
from freqtrade.persistence import LocalTrade
from pandas import DataFrame, Series
from support.ledger_actions import NOTHING, SIGNALS, Act, Actions, Rules
from support.ledger_market import MINUTE_MS, Market, PairMarket
from support.ledger_trades import OrderRow, Outcome, TradeRow

from hydra_quant.sandbox.market.spec import CONTRACTS

HOUR_S = 3600


def run_freqtrade(market: Market, actions: Actions, rules: Rules) -> Outcome:
    """Backtest the decisions with freqtrade.

    Parameters
    ----------
    market : candles and contracts; pairs are asked in the order in which they are named.
    actions : an entry, exit or adjustment decided at candle t is filled at the open of t + 1.
    rules : the strategy's configuration.

    Returns
    -------
    Outcome
        Rounded only as freqtrade rounds.
    """
    backtesting = _backtesting(market.minutes)
    frames = {pair: p.frame(market.start_ms, market.minutes) for pair, p in market.pairs.items()}
    _open_exchange(backtesting.exchange, market, rules)
    _load(backtesting, market, frames)
    _configure(backtesting, rules)
    strategy = backtesting.strategylist[0]
    strategy.script = Script(market, actions, {pair: len(f) for pair, f in frames.items()})
    backtesting._set_strategy(strategy)
    dates = pd.concat([frame["date"] for frame in frames.values()])
    done = backtesting.backtest(frames, _date(dates.min()), _date(dates.max()))
    trades = tuple(_row(trade.to_json(), market) for trade in LocalTrade.bt_trades)
    return Outcome(trades, done["final_balance"])


def price_ticks(pair: PairMarket, market: Market) -> list[float]:
    """Return the tick that freqtrade uses for a trade opened at each candle."""
    table = pair.frame(market.start_ms, market.minutes)
    if not market.ticks_from_candles:
        return [pair.tick] * len(table)
    ticks = get_tick_size_over_time(table.copy())
    found = [ticks.asof(date) for date in table["date"]]
    return [pair.tick if pd.isna(tick) else float(tick) for tick in found]


class Script:
    """The answers of a strategy, looked up by pair and time."""

    def __init__(self, market: Market, actions: Actions, rows: dict[str, int]) -> None:
        self._start = market.start_ms
        self._width = market.minutes * MINUTE_MS
        self._actions = actions
        self._rows = rows

    def column(self, pair: str, name: str) -> list[Any]:
        """Return one signal or tag of every candle."""
        kind = int if name in SIGNALS else str
        acts = self._actions.get(pair, {})
        return [kind(getattr(acts.get(row, NOTHING), name)) for row in range(self._rows[pair])]

    def decided(self, pair: str, time: datetime) -> Act:
        """Return what was decided at the candle before the one that opens at ``time``."""
        row = (round(time.timestamp() * 1000) - self._start) // self._width - 1
        return self._actions.get(pair, {}).get(row, NOTHING)


@lru_cache
def _backtesting(minutes: int) -> Backtesting:
    """One for each length of candles: building it takes a second, running it milliseconds."""
    config = _config(f"{minutes}m" if minutes < 60 else f"{minutes // 60}h")
    exchange = Binance(config, validate=False)
    exchange._markets = {pair: _contract(pair, PairMarket(())) for pair in CONTRACTS}
    return Backtesting(config, exchange)


def _config(timeframe: str) -> dict[str, Any]:
    return {
        "runmode": RunMode.HYPEROPT,  # the same loop, without a progress bar
        "dry_run": True,
        "strategy": "ScriptedProbe",
        "strategy_path": str(Path(__file__).with_name("strategies")),
        "user_data_dir": Path(gettempdir()),
        "datadir": Path(gettempdir()),
        "timeframe": timeframe,
        "trading_mode": "futures",
        "margin_mode": "isolated",
        "stake_currency": "USDT",
        "stake_amount": 100.0,
        "dry_run_wallet": 1000.0,
        "tradable_balance_ratio": 0.99,
        "max_open_trades": float("inf"),
        "amend_last_stake_amount": False,
        "last_stake_amount_min_ratio": 0.5,
        "fee": 0.0005,
        "entry_pricing": {"price_side": "same"},
        "exit_pricing": {"price_side": "same"},
        "pairlists": [{"method": "StaticPairList", "allow_inactive": True}],
        "exchange": {"name": "binance", "pair_whitelist": list(CONTRACTS), "pair_blacklist": []},
    }


def _contract(name: str, pair: PairMarket) -> dict[str, Any]:
    base = name.split("/")[0]
    return {
        "symbol": name, "base": base, "quote": "USDT", "settle": "USDT",
        "type": "swap", "swap": True, "spot": False, "linear": True, "inverse": False,
        "active": True, "contract": True, "contractSize": 1.0,
        "taker": 0.0005, "maker": 0.0005,
        "precision": {"price": pair.tick, "amount": pair.step},
        "limits": {
            "amount": {"min": pair.min_amount, "max": pair.max_amount},
            "cost": {"min": pair.min_cost, "max": pair.max_cost},
            "leverage": {"min": 1, "max": 150},
        },
    }  # fmt: skip


def _open_exchange(exchange: Exchange, market: Market, rules: Rules) -> None:
    exchange._markets = {name: _contract(name, pair) for name, pair in market.pairs.items()}
    exchange._leverage_tiers = {
        name: [exchange.parse_leverage_tier(_tier(tier)) for tier in pair.tiers]
        for name, pair in market.pairs.items()
    }
    exchange.liquidation_buffer = rules.liquidation_buffer


def _tier(tier: Any) -> dict[str, Any]:
    return {
        "minNotional": tier.min_notional,
        "maxNotional": tier.max_notional,
        "maintenanceMarginRate": tier.rate,
        "maxLeverage": tier.max_leverage,
        "info": {"cum": tier.amount},
    }


def _load(backtesting: Backtesting, market: Market, frames: dict[str, DataFrame]) -> None:
    """What ``Backtesting.load_bt_data`` reads from files."""
    ticks = frames if market.ticks_from_candles else {}
    backtesting.price_pair_prec = {p: get_tick_size_over_time(f.copy()) for p, f in ticks.items()}
    backtesting.available_pairs = list(frames)
    backtesting.funding_fee_timeframe_secs = HOUR_S
    backtesting.futures_data = {name: _funding(pair) for name, pair in market.pairs.items()}


class _Table(dict[str, Series]):
    """Columns that are looked up without the cost of a frame, which is most of a short run."""

    def __init__(self, frame: DataFrame) -> None:
        super().__init__({name: frame[name] for name in frame.columns})
        self.empty = frame.empty
        self.columns = tuple(frame.columns)


def _funding(pair: PairMarket) -> _Table:
    table = DataFrame(pair.funding, columns=["date", "open_fund", "open_mark"])
    table["date"] = pd.to_datetime(table["date"].astype("int64"), unit="ms", utc=True)
    return _Table(Exchange._add_funding_columns(table))


def _configure(backtesting: Backtesting, rules: Rules) -> None:
    said = rules.to_json()
    timeout = said.pop("exit_timeout_minutes")
    said["unfilledtimeout"] = {"unit": "minutes"} | ({"exit": timeout} if timeout else {})
    said["max_open_trades"] = float("inf") if rules.max_open_trades < 0 else rules.max_open_trades
    said["minimal_roi"] = dict(sorted(rules.minimal_roi))
    backtesting.config.update(said)
    strategy = backtesting.strategylist[0]
    for name in said.keys() & set(dir(strategy)):
        setattr(strategy, name, said[name])
    backtesting.fee = rules.fee
    backtesting.trade_id_counter = backtesting.order_id_counter = 0
    backtesting.init_backtest()


def _date(stamp: pd.Timestamp) -> datetime:
    return stamp.to_pydatetime()


def _row(trade: dict[str, Any], market: Market) -> TradeRow:
    same = {name: trade[name] for name in TradeRow.__annotations__ if name in trade}
    orders = tuple(
        OrderRow(
            order["ft_order_side"],
            market.row(order["order_filled_timestamp"]),
            order["safe_price"],
            order["amount"],
            order["funding_fee"] or 0.0,
        )
        for order in trade["orders"]
    )
    opened, closed = market.row(trade["open_timestamp"]), market.row(trade["close_timestamp"])
    return TradeRow(**{**same, "open_row": opened, "close_row": closed, "orders": orders})
