"""Funding squeeze: a crowd that pays dearly for a position that is losing."""

import numpy as np
from pandas import DataFrame

from hydra_quant.settings import Signals
from hydra_quant.signals.levels import LEVEL_SIGMAS, column, score
from hydra_quant.signals.price import move_sigmas, span_candles
from hydra_quant.signals.signal import Signal, speak

PARTS = ("against_funding", "interest_behind_move", "with_move")
BUILDING_SIGMAS = 1.0
"""How far open interest must have grown beyond its usual change."""


def funding_squeeze(frame: DataFrame, settings: Signals, candle_minutes: int) -> Signal:
    """Trade against a crowd that pays extreme funding, adds to its position and is under water.

    Fires short where funding is positive and beyond its upper level (longs pay), open interest grew
    over `delta_minutes` by more than a deviation beyond its usual change, and price fell
    meanwhile; long in the mirrored market.

    Why it should pay: a perpetual's funding is what its crowded side pays to hold leverage
    (He, Manela, Ross & von Wachter 2022, "Fundamentals of Perpetual Futures"). New positions at a
    loss that also cost carry sit close to their margin, and closing them pushes price further
    the way it already goes: the loss spiral of Brunnermeier & Pedersen (2009), "Market Liquidity
    and Funding Liquidity".

    Parameters
    ----------
    frame : DataFrame
        Reads close, funding_rate and oi_delta_pct with their levels.
    settings : Signals
    candle_minutes : int

    Returns
    -------
    Signal
        The thesis rests on `PARTS`: funding beyond the middle of its levels (against the payers),
        open interest's change behind the move's direction, and the move itself.
    """
    funding, low, high = (column(frame, f"funding_rate{end}") for end in ("", "_low", "_high"))
    interest, delta = score(frame, "oi_delta_pct"), column(frame, "oi_delta_pct")
    move = move_sigmas(column(frame, "close"), span_candles(settings, candle_minutes))
    paying = score(frame, "funding_rate")

    building = (delta > 0) & (interest > BUILDING_SIGMAS)
    longs_pay, shorts_pay = (funding > high) & (funding > 0), (funding < low) & (funding < 0)
    return speak(
        longs=shorts_pay & building & (move > 0),
        shorts=longs_pay & building & (move < 0),
        inputs=(funding, paying, delta, interest, move),
        excesses=(np.abs(paying) - LEVEL_SIGMAS, interest - BUILDING_SIGMAS, np.abs(move)),
        holding_minutes=settings.funding_squeeze_minutes,
        thesis={
            "against_funding": -paying,
            "interest_behind_move": np.sign(move) * interest,
            "with_move": move,
        },
    )
