"""What a behavioural signal says of each candle, and how much of it still holds later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MOST_EXCESS = 3.0
"""Standard deviations beyond which an input adds no more confidence: the past of these quantities
has fat tails, and one wild input should not speak for the others."""


@dataclass(frozen=True)
class Signal:
    """One source's word on every candle.

    Attributes
    ----------
    side : NDArray of shape (n_candles,), int8
        +1 long, -1 short, 0 silent.
    confidence : NDArray of shape (n_candles,)
        0.5 at the threshold, rising towards 1 with distance from it; 0 where silent.
    known : NDArray of shape (n_candles,), bool
        Where every input was known; False means silent for want of data.
    holding_minutes : int
        How long the trade is meant to last.
    thesis : Mapping of str to NDArray of shape (n_candles,)
        What the signal rests on, on every candle, as *support*: positive speaks for a long
        position, negative for a short one, 0 for neither; NaN where not known. In standard
        deviations of the quantity's own past.
    expected_return, expected_adverse : NDArray of shape (n_candles,), or None
        Mean outcome of this signal's past trades in its direction (fraction, before costs), and
        how far they went against it (fraction, not negative); None until `outcomes` fills them.
    """

    side: NDArray[np.int8]
    confidence: Floats
    known: Bools
    holding_minutes: int
    thesis: Mapping[str, Floats]
    expected_return: Floats | None = None
    expected_adverse: Floats | None = None


def confidence_of(*excesses: Floats) -> Floats:
    """Confidence of a signal whose inputs are so far beyond their thresholds.

    Parameters
    ----------
    excesses : arrays of shape (n_candles,), in standard deviations of each input's own past; below
        0 counts as 0, above `MOST_EXCESS` as that

    Returns
    -------
    array of shape (n_candles,): ``1 - exp(-mean excess) / 2``, 0.5 at the thresholds; NaN where an
    excess is.
    """
    mean = np.mean([np.clip(excess, 0.0, MOST_EXCESS) for excess in excesses], axis=0)
    return np.asarray(1.0 - 0.5 * np.exp(-mean))


def speak(
    longs: Bools,
    shorts: Bools,
    *,
    inputs: Sequence[Floats],
    excesses: Sequence[Floats],
    holding_minutes: int,
    thesis: Mapping[str, Floats],
) -> Signal:
    """Put a signal together: silent, and known to be so or not, wherever it does not fire.

    Parameters
    ----------
    longs, shorts : arrays of shape (n_candles,), never both true
        Where the conditions of a long and of a short hold.
    inputs : arrays of shape (n_candles,)
        All that the conditions read; where one is not finite, the signal is silent and not known.
    excesses : arrays of shape (n_candles,)
        For `confidence_of`.
    """
    known = np.all(np.isfinite(inputs), axis=0)
    side = np.where(known, longs.astype(np.int8) - shorts.astype(np.int8), 0).astype(np.int8)
    confidence = np.where(side != 0, confidence_of(*excesses), 0.0)
    return Signal(side, confidence, known, holding_minutes, dict(thesis))


def health(support_now: Floats, support_at_entry: Floats, side: Floats) -> Floats:
    """Share of a thesis that still holds.

    Parameters
    ----------
    support_now, support_at_entry : arrays of shape (n_parts, ...), signed as `Signal.thesis`
    side : array broadcastable to shape (...), +1 long, -1 short

    Returns
    -------
    array of shape (...), 0 to 1: the mean over the parts of what is left of each part's support;
    a part that did not support the entry, or is not known now, does not count; NaN where none does.
    """
    now, entry = support_now * side, support_at_entry * side
    counts = (entry > 0) & np.isfinite(now)
    left = np.clip(now / np.where(counts, entry, 1.0), 0.0, 1.0)
    n_parts = counts.sum(axis=0)
    total = np.where(counts, left, 0.0).sum(axis=0)
    return np.where(n_parts > 0, total / np.maximum(n_parts, 1), np.nan)
