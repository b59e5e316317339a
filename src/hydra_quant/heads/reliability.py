"""The reliability curve: what was predicted against what came, bin by bin."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Z95 = 1.959963984540054


@dataclass(frozen=True)
class Curve:
    """One entry a bin, all arrays of shape (n_bins,); NaN where a bin is empty.

    Attributes
    ----------
    low, high : edges of the bin; a probability on an edge belongs to the bin above it
    count : rows
    weight : their weight: about how many independent outcomes they are
    predicted : mean probability
    observed : share that came true
    least, most : 95 % interval of that share (Wilson 1927, with the weight as number of trials)
    """

    low: Floats
    high: Floats
    count: Floats
    weight: Floats
    predicted: Floats
    observed: Floats
    least: Floats
    most: Floats

    def to_dict(self) -> dict[str, list[float | None]]:
        """Return the curve as lists for JSON; None for NaN."""
        return {
            name: [float(v) if np.isfinite(v) else None for v in values]
            for name, values in asdict(self).items()
        }


def reliability(score: Floats, paid: Floats, weight: Floats, bins: int = 10) -> Curve:
    """Return the curve of probabilities against outcomes.

    Parameters
    ----------
    score, paid, weight : arrays of shape (n_rows,): probability, outcome (1 or 0), weight
    bins : of equal width over 0 to 1
    """
    number = np.clip((score * bins).astype(np.intp), 0, bins - 1)
    count = np.bincount(number, minlength=bins).astype(np.float64)
    total = np.bincount(number, weight, bins).astype(np.float64)
    some = np.where(total > 0, total, np.nan)
    observed = np.bincount(number, weight * paid, bins) / some
    edges = np.arange(bins + 1) / bins
    least, most = wilson(observed, some)
    predicted = np.bincount(number, weight * score, bins) / some
    return Curve(edges[:-1], edges[1:], count, total, predicted, observed, least, most)


def wilson(share: Floats, trials: Floats, z: float = Z95) -> tuple[Floats, Floats]:
    """Return Wilson's interval of a share in so many trials (Wilson 1927); NaN stays NaN."""
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / (1 + z**2 / trials)
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)
