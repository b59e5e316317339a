"""The five behavioural signals together: what fires, what it should bring, which one to take."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.settings import SIGNALS, Signals
from hydra_quant.signals import (
    crowding_fade,
    funding_carry,
    funding_squeeze,
    liquidation_reversal,
    oi_divergence,
    outcomes,
)
from hydra_quant.signals.signal import Bools, Floats, Signal

Generator = Callable[[DataFrame, Signals, int], Signal]

GENERATORS: dict[str, Generator] = {
    "funding_squeeze": funding_squeeze.funding_squeeze,
    "liquidation_reversal": liquidation_reversal.liquidation_reversal,
    "oi_divergence": oi_divergence.oi_divergence,
    "crowding_fade": crowding_fade.crowding_fade,
    "funding_carry": funding_carry.funding_carry,
}
PARTS: dict[str, tuple[str, ...]] = {
    "funding_squeeze": funding_squeeze.PARTS,
    "liquidation_reversal": liquidation_reversal.PARTS,
    "oi_divergence": oi_divergence.PARTS,
    "crowding_fade": crowding_fade.PARTS,
    "funding_carry": funding_carry.PARTS,
}
"""Which parts of the thesis each signal rests on; signals that share a part mean the same by it."""


class Strongest(NamedTuple):
    """The signal to take on each candle.

    Shapes: every field (n_candles,). ``source`` is an index into `settings.SIGNALS`, -1 where all
    are silent; there ``side`` and ``confidence`` are 0 and the rest NaN. ``known`` tells whether at
    least one generator had its inputs.
    """

    source: NDArray[np.int8]
    side: NDArray[np.int8]
    confidence: Floats
    expected_return: Floats
    expected_adverse: Floats
    holding_minutes: Floats
    known: Bools


def fire(frame: DataFrame, settings: Signals, candle_minutes: int) -> dict[str, Signal]:
    """All five signals on every candle, with what they should bring.

    Parameters
    ----------
    frame : DataFrame
        Candles (open, high, low, close), oldest first, with the columns of
        `positioning.names.ADDED`; a column that is missing counts as not known.
    settings : Signals
    candle_minutes : int

    Returns
    -------
    dict of Signal in the order of `settings.SIGNALS`
        A name in `settings.off` is there too, and silent; its thesis goes on. Each row uses that
        row and the `lookback` before it only.

    Raises
    ------
    SettingsError
        When `settings.delta_minutes` is more candles than are remembered.
    """
    fired = {name: GENERATORS[name](frame, settings, candle_minutes) for name in SIGNALS}
    fired |= {name: _silenced(fired[name]) for name in settings.off}
    return outcomes.expect(fired, frame, settings, candle_minutes)


def strongest(signals: Mapping[str, Signal]) -> Strongest:
    """The most confident signal of each candle; among equals the first in `settings.SIGNALS`.

    Parameters
    ----------
    signals : what `fire` returns
    """
    each = [signals[name] for name in SIGNALS]
    confidence = np.stack([signal.confidence for signal in each])
    first = confidence.argmax(axis=0)  # the earlier of equals
    silent = confidence.max(axis=0, initial=0.0) == 0

    def taken(values: list[Floats]) -> Floats:
        return np.where(silent, np.nan, np.choose(first, values))

    return Strongest(
        source=np.where(silent, -1, first).astype(np.int8),
        side=np.where(silent, 0, np.choose(first, [s.side for s in each])).astype(np.int8),
        confidence=confidence.max(axis=0, initial=0.0),
        expected_return=taken([_filled(signal.expected_return, signal) for signal in each]),
        expected_adverse=taken([_filled(signal.expected_adverse, signal) for signal in each]),
        holding_minutes=taken([np.full(len(s.side), float(s.holding_minutes)) for s in each]),
        known=np.any([signal.known for signal in each], axis=0),
    )


def lookback(settings: Signals, candle_minutes: int) -> int:
    """Leading candles that a candle's signals and expectations depend on, at most 1400."""
    return outcomes.reach(settings, candle_minutes).memory


def _silenced(signal: Signal) -> Signal:
    return replace(
        signal, side=np.zeros_like(signal.side), confidence=np.zeros_like(signal.confidence)
    )


def _filled(values: Floats | None, signal: Signal) -> Floats:
    return np.full(len(signal.side), np.nan) if values is None else values
