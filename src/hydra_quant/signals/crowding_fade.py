"""Crowding fade: nearly everybody is on one side, and price no longer rewards them."""

import numpy as np
from pandas import DataFrame

from hydra_quant.settings import Signals
from hydra_quant.signals.levels import LEVEL_SIGMAS, column, score
from hydra_quant.signals.price import move_sigmas, span_candles
from hydra_quant.signals.signal import Floats, Signal, speak

PARTS = ("against_crowd", "with_move")
FULL_LEAN = 0.05
"""Distance of the large accounts' share from one half that counts as one more deviation."""


def crowding_fade(frame: DataFrame, settings: Signals, candle_minutes: int) -> Signal:
    """Trade against the side that most accounts are on, once price has stopped going their way.

    Fires short where the share of accounts that are long is beyond its upper level and price did
    not rise over `delta_minutes`; long where the share is below its lower level and price did not
    fall. Large accounts on the other side (`top_position_long_share`) add confidence; where they
    are not known they add none.

    Why it should pay: the share counts accounts, not money, so it tells what small traders do.
    They buy what has their attention and hold on to losers (Barber & Odean 2008, "All That
    Glitters"; Odean 1998, "Are Investors Reluctant to Realize Their Losses?"). What they crowd
    into goes their way for weeks and the other way after (Barber, Odean & Zhu 2009, "Do Retail
    Trades Move Markets?", on stocks), hence the wait until price has stopped: when all have bought,
    nobody is left to buy.

    Parameters
    ----------
    frame : DataFrame
        Reads close, long_share with its levels and, if there, top_position_long_share.
    settings : Signals
    candle_minutes : int

    Returns
    -------
    Signal
        The thesis rests on `PARTS`: how one-sided the accounts are, and the move against them.
    """
    crowd, share = score(frame, "long_share"), column(frame, "long_share")
    low, high = column(frame, "long_share_low"), column(frame, "long_share_high")
    move = move_sigmas(column(frame, "close"), span_candles(settings, candle_minutes))

    one_sided = np.abs(crowd) - LEVEL_SIGMAS + _opposed(frame, crowd)
    return speak(
        longs=(share < low) & (move >= 0),
        shorts=(share > high) & (move <= 0),
        inputs=(share, crowd, move),
        excesses=(one_sided, np.abs(move)),
        holding_minutes=settings.crowding_fade_minutes,
        thesis={"against_crowd": -crowd, "with_move": move},
    )


def _opposed(frame: DataFrame, crowd: Floats) -> Floats:
    """How clearly large accounts lean against the crowd, 0 to 1; 0 where they are not known."""
    lean = (column(frame, "top_position_long_share") - 0.5) / FULL_LEAN
    return np.asarray(np.clip(np.nan_to_num(-np.sign(crowd) * lean, nan=0.0), 0.0, 1.0))
