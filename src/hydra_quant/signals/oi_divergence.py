"""Open-interest divergence: price moved because positions were closed, not opened."""

import numpy as np
from pandas import DataFrame

from hydra_quant.settings import Signals
from hydra_quant.signals.levels import LEVEL_SIGMAS, column, score
from hydra_quant.signals.price import move_sigmas, span_candles
from hydra_quant.signals.signal import Signal, speak

PARTS = ("interest_behind_move", "against_move")
UNUSUAL_SIGMAS = 1.0
"""How far price must have moved, in its own usual moves over `delta_minutes`."""


def oi_divergence(frame: DataFrame, settings: Signals, candle_minutes: int) -> Signal:
    """Fade a move that open interest did not follow.

    Fires against the move of the last `delta_minutes` where it is beyond its usual size while open
    interest fell beyond its lower level.

    Why it should pay: open interest counts contracts held. When it falls in a rise, shorts are
    buying back, when it falls in a decline, longs are selling out; either is done when they are,
    and no new money holds the price there. Open interest as a measure of who is committed:
    Hong & Yogo (2012), "What does futures market interest tell us about the macroeconomy and
    asset prices?"; moves made by liquidity demand rather than by information revert:
    Campbell, Grossman & Wang (1993), "Trading Volume and Serial Correlation in Stock Returns".

    Parameters
    ----------
    frame : DataFrame
        Reads close and oi_delta_pct with its levels.
    settings : Signals
    candle_minutes : int

    Returns
    -------
    Signal
        The thesis rests on `PARTS`: open interest's change behind the move's direction, and the
        move that is still to be undone.
    """
    interest, delta = score(frame, "oi_delta_pct"), column(frame, "oi_delta_pct")
    low = column(frame, "oi_delta_pct_low")
    move = move_sigmas(column(frame, "close"), span_candles(settings, candle_minutes))

    closing = (delta < low) & (delta < 0)
    return speak(
        longs=closing & (move < -UNUSUAL_SIGMAS),
        shorts=closing & (move > UNUSUAL_SIGMAS),
        inputs=(delta, interest, move),
        excesses=(-interest - LEVEL_SIGMAS, np.abs(move) - UNUSUAL_SIGMAS),
        holding_minutes=settings.oi_divergence_minutes,
        thesis={
            "interest_behind_move": np.sign(move) * interest,
            "against_move": -move,
        },
    )
