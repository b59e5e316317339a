"""What a configuration and an exchange say, as frozen values checked once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf, nan
from typing import Any

import numpy as np

from hydra_quant.ledger.state import MARKET, ROI_STEP, RULES, TIER, Table


@dataclass(frozen=True)
class Rules:
    """How trades are opened, sized and closed; names and meanings are freqtrade's.

    Attributes
    ----------
    fee_open, fee_close : float
        Share of the order's value: the taker's, the maker's, or one of each.
    balance : float
        Stake currency in the wallet at first.
    stake_amount : float or None
        Of an entry whose order names none; None: an equal share for each trade that may be open.
    tradable_balance_ratio : float
    max_open_trades : float
        -1 for any number.
    can_short, futures : bool
        Futures have funding, leverage and isolated margin; spot has none of them.
    amount_reserve_percent, liquidation_buffer : float
    stoploss : float
        Share of the margin, negative, as in a strategy.
    trailing_stop, trailing_only_offset_is_reached : bool
    trailing_stop_positive : float or None
    trailing_stop_positive_offset : float
    minimal_roi : mapping of minutes to share of the margin
    use_exit_signal, exit_profit_only, ignore_roi_if_entry_signal : bool
    exit_profit_offset : float
    position_adjustment_enable : bool
    max_entry_position_adjustment : int
        -1 for any number.
    resize_beyond : float or None
        An order's ``share`` is kept up while the trade is open: where the stake is further from it
        than this share of a whole stake, it is added to or reduced. None: only entries follow it.
    stake_floor, stake_cap : float
        Least and largest stake that a share gives.
    candle_minutes : int

    Raises
    ------
    ValueError
        Naming the value that is out of range.
    """

    fee_open: float = 0.0005
    fee_close: float = 0.0005
    balance: float = 1000.0
    stake_amount: float | None = None
    tradable_balance_ratio: float = 0.99
    max_open_trades: float = 1
    can_short: bool = True
    futures: bool = True
    amount_reserve_percent: float = 0.05
    liquidation_buffer: float = 0.05
    stoploss: float = -0.99
    trailing_stop: bool = False
    trailing_stop_positive: float | None = None
    trailing_stop_positive_offset: float = 0.0
    trailing_only_offset_is_reached: bool = False
    minimal_roi: Mapping[int, float] = field(default_factory=dict)
    use_exit_signal: bool = True
    exit_profit_only: bool = False
    exit_profit_offset: float = 0.0
    ignore_roi_if_entry_signal: bool = False
    position_adjustment_enable: bool = False
    max_entry_position_adjustment: int = -1
    resize_beyond: float | None = None
    stake_floor: float = 0.0
    stake_cap: float = inf
    candle_minutes: int = 60

    def __post_init__(self) -> None:
        bounds: dict[str, tuple[float, float]] = {
            "fee_open": (0.0, 0.1),
            "fee_close": (0.0, 0.1),
            "balance": (0.0, inf),
            "tradable_balance_ratio": (0.0, 1.0),
            "stoploss": (-1.0, -1e-9),
            "candle_minutes": (1, inf),
        }
        for name, (least, most) in bounds.items():
            if not least <= (value := getattr(self, name)) <= most:
                raise ValueError(f"{name} is {value}: from {least} to {most} would be right")
        if self.can_short and not self.futures:
            raise ValueError("can_short is true: shorts need futures")

    def record(self) -> Table:
        """Return the rules as an array of one `RULES` record."""
        share = self.trailing_stop_positive
        most = self.max_open_trades
        values = (
            *(self.fee_open, self.fee_close),
            nan if self.stake_amount is None else self.stake_amount,
            self.tradable_balance_ratio,
            inf if most == -1 else most,
            *(self.can_short, self.futures),
            *(self.amount_reserve_percent, self.liquidation_buffer),
            *(abs(self.stoploss), self.trailing_stop, nan if share is None else share),
            *(self.trailing_stop_positive_offset, self.trailing_only_offset_is_reached),
            *(self.use_exit_signal, self.exit_profit_only, self.exit_profit_offset),
            self.ignore_roi_if_entry_signal,
            *(self.position_adjustment_enable, self.max_entry_position_adjustment),
            nan if self.resize_beyond is None else self.resize_beyond,
            *(self.stake_floor, self.stake_cap),
            self.candle_minutes,
        )
        return np.array([values], dtype=RULES)

    def roi(self) -> Table:
        """Return the ROI table as an array of `ROI_STEP`, ascending."""
        steps = sorted((int(minute), share) for minute, share in self.minimal_roi.items())
        return np.array(steps, dtype=ROI_STEP)


@dataclass(frozen=True)
class Tier:
    """A step of an exchange's leverage table: up to which position, how much margin."""

    from_notional: float = 0.0
    to_notional: float | None = None
    maintenance: float = 0.005
    deduction: float = 0.0
    most_leverage: float = 20.0


@dataclass(frozen=True)
class Market:
    """What an exchange takes in one pair.

    Attributes
    ----------
    tick, step : float
        Of price and amount (of contracts, if they are not of size 1).
    contract : float
        Base currency in a contract.
    least_amount, most_amount, least_cost, most_cost : float or None
    taker : float
        Fee in the liquidation price.
    binance : bool
        Whether liquidation follows Binance's formula.
    tiers : tuple of Tier, ascending
    """

    tick: float = 0.01
    step: float = 0.001
    contract: float = 1.0
    least_amount: float | None = None
    most_amount: float | None = None
    least_cost: float | None = None
    most_cost: float | None = None
    taker: float = 0.0005
    binance: bool = False
    tiers: tuple[Tier, ...] = (Tier(),)

    def __post_init__(self) -> None:
        for name in ("tick", "step", "contract"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be above 0")
        if not self.tiers:
            raise ValueError("tiers are missing: at least one is needed")


def _whole(step: float) -> tuple[float, float]:
    """A step as whole units over a power of ten."""
    exact = Decimal(repr(step))
    digits = max(0, -int(exact.as_tuple().exponent))
    return float(int(exact.scaleb(digits))), float(10**digits)


def _limit(value: float | None) -> float:
    return nan if value is None else value


def market_records(markets: tuple[Market, ...]) -> tuple[Table, Table]:
    """Return markets as `MARKET` records, and their tiers of shape (pair, tier).

    Tiers are filled up with copies of the last one: they change nothing.
    """
    width = max(len(market.tiers) for market in markets)
    tiers = np.zeros((len(markets), width), dtype=TIER)
    records: list[tuple[Any, ...]] = []
    for pair, market in enumerate(markets):
        limits = map(
            _limit,
            (
                market.least_amount,
                market.least_cost,
                market.most_amount,
                market.most_cost,
            ),
        )
        steps = *_whole(market.tick), *_whole(market.step)
        scale = steps[-1] * _whole(market.contract)[1]
        rest = market.taker, market.binance
        records.append((pair, *steps, market.contract, scale, *limits, *rest))
        for at in range(width):
            tier = market.tiers[min(at, len(market.tiers) - 1)]
            tiers[pair, at] = (
                *(tier.from_notional, _limit(tier.to_notional), tier.maintenance),
                *(tier.deduction, tier.most_leverage),
            )
    return np.array(records, dtype=MARKET), tiers
