"""Trades as freqtrade reports them, with candles by number instead of dates."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OrderRow:
    """One filled order: its candle, rate, amount and the funding since the order before it."""

    side: str
    row: int
    rate: float
    amount: float
    funding_fee: float


@dataclass(frozen=True)
class TradeRow:
    """One trade as freqtrade reports it, with candles by number instead of dates."""

    pair: str
    is_short: bool
    open_row: int
    close_row: int
    open_rate: float
    close_rate: float
    amount: float
    stake_amount: float
    max_stake_amount: float
    leverage: float
    fee_open: float
    fee_close: float
    funding_fees: float
    profit_abs: float
    profit_ratio: float
    exit_reason: str
    enter_tag: str
    stop_loss_abs: float
    initial_stop_loss_abs: float
    liquidation_price: float | None
    min_rate: float | None  # None: closed before freqtrade looked at a candle
    max_rate: float | None
    orders: tuple[OrderRow, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """All trades, in the order of their closing, and the wallet at the end."""

    trades: tuple[TradeRow, ...]
    final_balance: float
