"""How good a ranking is on windows that were not learned from."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]


def auc(score: NDArray[np.floating], target: NDArray[np.floating]) -> Floats:
    """Return the area under the ROC curve at each horizon.

    The share of (up, not up) pairs that `score` puts in the right order, ties counting one half:
    the Mann-Whitney statistic (Hanley & McNeil 1982).

    Parameters
    ----------
    score : array of shape (n, horizons)
    target : array of shape (n, horizons)
        Returns; up is above 0, NaN is not known and left out.

    Returns
    -------
    array of shape (horizons,)
        NaN where only one of the two is there.
    """
    pairs = zip(score.T, target.T, strict=True)
    return np.array([_auc(s[~np.isnan(t)], t[~np.isnan(t)] > 0) for s, t in pairs], dtype=float)


def _auc(score: NDArray[np.floating], up: NDArray[np.bool_]) -> float:
    ups, others = int(up.sum()), int((~up).sum())
    if not ups or not others:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[up].sum() - ups * (ups + 1) / 2) / (ups * others))
