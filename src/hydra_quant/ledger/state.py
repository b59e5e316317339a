"""The records that the ledger works on, as NumPy dtypes: one row is one position, wallet or trade.

Rows are passed to the compiled functions and changed in place. Money is in stake currency, amounts
are in base currency, rates are stake currency for one unit of base currency.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Record = Any
"""A row of an array of one of these, as compiled functions get it."""
Table = NDArray[np.void]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

POSITION = np.dtype(
    [
        ("side", np.int8),  # 1 long, -1 short, 0 none
        ("number", np.int32),  # of the trade, counted from 1 in its wallet
        ("tag", np.int32),
        ("opened", np.int64),  # candle of the entry, row number
        ("opened_minute", np.int64),
        ("entries", np.int32),
        ("leverage", np.float64),
        ("amount", np.float64),
        ("held", np.float64),  # amount before it is cut to the step
        (
            "paid",
            np.float64,
        ),  # cost of what is held, at the average price of the entries
        ("average", np.float64),
        ("open_rate", np.float64),
        ("open_value", np.float64),  # with the fee of the entry
        ("stake", np.float64),
        ("bought", np.float64),  # cost of all entries, without fees
        ("outlay", np.float64),  # cost of all entries, with fees
        ("realised", np.float64),  # of all exits so far
        ("counted", np.float64),  # what the wallet knows of it
        ("funding_past", np.float64),  # of all orders
        ("funding_since", np.float64),  # of the orders since the last exit
        ("funding_running", np.float64),  # since the last order
        ("funding", np.float64),  # what profits are computed with
        ("funding_from", np.float64),  # sum of funding before the last order, a unit
        ("stop", np.float64),
        ("stop_share", np.float64),
        ("stop_first", np.float64),
        ("stop_moved", np.bool_),
        ("liquidation", np.float64),
        ("highest", np.float64),
        ("lowest", np.float64),
        ("tick", np.float64),
        ("tick_scale", np.float64),
        (
            "cost_scale",
            np.float64,
        ),  # parts of a unit of money that a price times an amount shows
    ]
)

WALLET = np.dtype(
    [
        ("start", np.float64),
        ("closed", np.float64),  # profit of closed trades
        ("counted", np.float64),  # profit that open trades have realised
        ("tied", np.float64),  # stakes of open trades
        ("open", np.int32),
        ("opened", np.int32),  # trades so far
        ("volume", np.float64),  # value of all orders
        ("fees", np.float64),  # of all orders
        ("funding", np.float64),  # received (below 0: paid) with all orders
        ("trades", np.int64),  # rows written, whether or not there was room
        ("fills", np.int64),
    ]
)

CANDLE = np.dtype(
    [
        ("minute", np.int64),  # of its open, since 1970 UTC
        ("open", np.float64),
        ("high", np.float64),
        ("low", np.float64),
        ("close", np.float64),
        (
            "funding_to",
            np.float64,
        ),  # sum of rate times mark price up to its open, that included
        ("funding_before", np.float64),  # the same without events at its open
        (
            "tick_scale",
            np.float64,
        ),  # prices of its time have this many parts; NaN: not known
        (
            "funding_due",
            np.bool_,
        ),  # whether the backtester looks at funding at its open
    ]
)

ENTER_LONG, ENTER_SHORT, EXIT_LONG, EXIT_SHORT = 1, 2, 4, 8

ORDER = np.dtype(
    [
        ("signals", np.uint8),  # ENTER_LONG | ..., given at the candle before
        ("stake", np.float64),  # of an entry; NaN: what the rules say
        (
            "share",
            np.float64,
        ),  # of what the rules say, to enter and to hold; NaN: all of it
        ("leverage", np.float64),
        (
            "adjust",
            np.float64,
        ),  # stake to add (above 0) or to take out (below) at its open
        ("tag", np.int32),
        ("exit_tag", np.int32),  # -1: none
    ]
)

TRADE = np.dtype(
    [
        ("number", np.int32),
        ("pair", np.int32),
        ("side", np.int8),
        ("tag", np.int32),
        ("opened", np.int64),
        ("closed", np.int64),
        ("open_rate", np.float64),
        ("close_rate", np.float64),
        ("amount", np.float64),
        ("stake", np.float64),
        ("most_stake", np.float64),
        ("leverage", np.float64),
        ("funding", np.float64),
        ("profit", np.float64),
        ("profit_share", np.float64),
        ("stop", np.float64),
        ("stop_first", np.float64),
        ("liquidation", np.float64),
        ("highest", np.float64),
        ("lowest", np.float64),
        ("reason", np.int8),  # index into REASONS
        ("exit_tag", np.int32),
    ]
)

FILL = np.dtype(
    [
        ("number", np.int32),  # of the trade
        ("pair", np.int32),
        ("entry", np.bool_),
        ("row", np.int64),
        ("rate", np.float64),
        ("amount", np.float64),
        ("funding", np.float64),
    ]
)

REASONS = (
    *(
        "exit_signal",
        "stop_loss",
        "trailing_stop_loss",
        "liquidation",
        "roi",
        "partial_exit",
    ),
    "force_exit",
)
EXIT_SIGNAL, STOP_LOSS, TRAILING_STOP, LIQUIDATION, ROI, PARTIAL_EXIT, FORCE_EXIT = range(7)

MARKET = np.dtype(
    [
        ("pair", np.int32),
        ("tick", np.float64),  # price step is tick / tick_scale, both whole numbers
        ("tick_scale", np.float64),
        ("step", np.float64),
        ("step_scale", np.float64),
        ("contract", np.float64),
        ("amount_scale", np.float64),  # parts of a unit that an amount shows
        ("least_amount", np.float64),  # NaN: no limit
        ("least_cost", np.float64),
        ("most_amount", np.float64),
        ("most_cost", np.float64),
        ("taker", np.float64),  # in the liquidation price
        ("binance", np.bool_),  # whose liquidation formula
    ]
)

TIER = np.dtype(
    [
        ("from_notional", np.float64),
        ("to_notional", np.float64),  # NaN: without end
        ("maintenance", np.float64),
        ("deduction", np.float64),
        ("most_leverage", np.float64),
    ]
)

RULES = np.dtype(
    [
        ("fee_open", np.float64),
        ("fee_close", np.float64),
        ("stake", np.float64),  # NaN: an equal share for each trade that may be open
        ("tradable", np.float64),
        ("most_trades", np.float64),  # inf: any number
        ("can_short", np.bool_),
        ("futures", np.bool_),
        ("reserve", np.float64),
        ("liquidation_buffer", np.float64),
        ("stoploss", np.float64),  # share of the margin, positive
        ("trailing", np.bool_),
        ("trailing_positive", np.float64),  # NaN: none
        ("trailing_offset", np.float64),
        ("trailing_only_offset", np.bool_),
        ("use_exit_signal", np.bool_),
        ("exit_profit_only", np.bool_),
        ("exit_profit_offset", np.float64),
        ("ignore_roi_if_entry", np.bool_),
        ("adjusting", np.bool_),
        ("most_additions", np.int32),  # -1: any number
        (
            "resize_beyond",
            np.float64,
        ),  # a share further off than this is put right; NaN: never
        ("stake_floor", np.float64),  # of stakes that come from a share
        ("stake_cap", np.float64),
        ("candle_minutes", np.int64),
    ]
)

ROI_STEP = np.dtype([("minute", np.int64), ("share", np.float64)])


class Ground(NamedTuple):
    """What a pair is traded by.

    Attributes
    ----------
    market : record of `MARKET`
    tiers : array of `TIER`, ascending
    rules : record of `RULES`
    roi : array of `ROI_STEP`, ascending
    """

    market: Record
    tiers: Table
    rules: Record
    roi: Table


class Log(NamedTuple):
    """Where trades and orders are written down, as far as there is room.

    Attributes
    ----------
    trades : array of `TRADE`, written at ``wallet.trades``
    fills : array of `FILL`, written at ``wallet.fills``
    """

    trades: Table
    fills: Table
