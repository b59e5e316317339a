"""Liquidation reversal: forced orders have pushed price away, and they are running out."""

import numpy as np
from pandas import DataFrame

from hydra_quant.features.windows import window_max, window_min
from hydra_quant.settings import Signals
from hydra_quant.signals.levels import column, score
from hydra_quant.signals.price import move_sigmas, retraced, span_candles
from hydra_quant.signals.signal import Floats, Signal, speak

PARTS = ("against_liquidations", "against_move")
LOPSIDED = 0.5
"""Imbalance of liquidations beyond which one side is wiped out: three quarters of the volume."""

DISPLACED_SIGMAS = 2.0
"""How far price must have been pushed, in its own usual moves over `delta_minutes`."""

OFF_THE_EXTREME = 1 / 3
"""Share of the span's range that the close has won back when the push is over."""

NO_VELOCITY = 1e-9
"""Keeps the logarithm finite where an hour saw no liquidation at all (share of open interest)."""


def liquidation_reversal(frame: DataFrame, settings: Signals, candle_minutes: int) -> Signal:
    """Trade against a burst of liquidations once it ebbs.

    Fires long where liquidations over open interest are beyond their upper level, at least three
    quarters of them hit longs, price fell over `delta_minutes` by more than two of its usual
    moves, and the burst ebbs: it is below its own peak of that span, or the close has come back
    by a third of the span's range. Short in the mirrored market. Silent without liquidations.

    Why it should pay: a liquidation engine sells whatever the price is, so the move overshoots for
    want of patient buyers and comes back when the pressure ends: price pressure of forced sales
    (Coval & Stafford 2007, "Asset Fire Sales (and Purchases) in Equity Markets"), and the
    return that liquidity providers earn for taking the other side (Nagel 2012, "Evaporating
    Liquidity"). It waits for the ebb, because liquidations beget liquidations.

    Parameters
    ----------
    frame : DataFrame
        Reads high, low, close, liq_imbalance and liq_velocity with its levels.
    settings : Signals
    candle_minutes : int

    Returns
    -------
    Signal
        The thesis rests on `PARTS`: the strongest burst of the last `delta_minutes`, and the move
        that is still to be undone (what price has taken back no longer supports the trade). An
        e-fold of velocity beyond its level counts as one deviation, because the sizes of bursts
        are spread out like a lognormal.
    """
    span = span_candles(settings, candle_minutes)
    high, low, close = (column(frame, name) for name in ("high", "low", "close"))
    imbalance, velocity = column(frame, "liq_imbalance"), column(frame, "liq_velocity")
    level = column(frame, "liq_velocity_high")
    move = move_sigmas(close, span)

    burst = velocity > level
    receding = velocity < window_max(velocity, max(span, 2))
    from_low, from_high = retraced(high, low, close, span)
    longs_hit = (imbalance > LOPSIDED) & (move < -DISPLACED_SIGMAS)
    shorts_hit = (imbalance < -LOPSIDED) & (move > DISPLACED_SIGMAS)
    folds = np.log(np.maximum(velocity, NO_VELOCITY) / np.maximum(level, NO_VELOCITY))
    return speak(
        longs=burst & longs_hit & (receding | (from_low >= OFF_THE_EXTREME)),
        shorts=burst & shorts_hit & (receding | (from_high >= OFF_THE_EXTREME)),
        inputs=(velocity, level, imbalance, move, from_low),
        excesses=(folds, np.abs(move) - DISPLACED_SIGMAS),
        holding_minutes=settings.liquidation_reversal_minutes,
        thesis={
            "against_liquidations": _strongest(
                imbalance * np.maximum(score(frame, "liq_velocity"), 0.0), span
            ),
            "against_move": -move,
        },
    )


def _strongest(signed: Floats, span: int) -> Floats:
    """The value furthest from 0 of the last `span` candles; 0 where both sides were hit alike."""
    up, down = window_max(signed, span), window_min(signed, span)
    return np.where(up > -down, up, np.where(up < -down, down, 0.0 * (up + down)))
