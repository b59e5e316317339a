"""A small model of models: which member is worth hearing, learned out of fold."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from hydra_quant.models.ensemble.folds import OutOfFold
from hydra_quant.models.ensemble.vote import Told, present_weights, soft
from hydra_quant.models.ensemble.weights import shares

Floats = NDArray[np.float64]
RIDGE = 10.0
"""The weights are believed to lie 0.3 around the base weights: one over its root."""
LEAST_ROWS = 50
"""Candles whose labels do not overlap."""
MOST_ODDS = 4.0
"""Log odds beyond it count no more: one loud member's slip must not outweigh the rest."""


@dataclass(frozen=True)
class Blend:
    """Weights on the members' log odds.

    Attributes
    ----------
    weights : by member, not negative
    offset : log odds
    learned : whether they were learned; else they are the base weights
    why : why they were not
    """

    weights: Mapping[str, float]
    offset: float = 0.0
    learned: bool = True
    why: str = ""

    def probability(self, told: Told) -> Floats:
        """Return the joint probability of a rise, shape (n,).

        The members that answer take over the weight of those that do not. Where none of them
        was given any weight, they count evenly; NaN where nobody answers.
        """
        if not self.learned:
            return soft(told, self.weights).probability
        names = sorted(told)
        total = sum(self.weights[name] for name in sorted(self.weights))
        used = present_weights(told, self.weights)
        odds = np.sum([used[n] * np.nan_to_num(log_odds(told[n])) for n in names], axis=0)
        heard = np.sum([used[name] for name in names], axis=0) > 0
        even = soft(told, dict.fromkeys(names, 1.0)).probability
        return np.where(heard, expit(self.offset + total * odds), even)

    def shares(self) -> dict[str, float]:
        """Return the weights scaled to sum to 1."""
        return shares(self.weights, self.weights)


def log_odds(probability: Floats) -> Floats:
    """Return ``ln(p / (1 - p))`` within ±`MOST_ODDS`; NaN stays NaN."""
    least = float(expit(-MOST_ODDS))
    return np.asarray(logit(np.clip(probability, least, 1.0 - least)))


def learn(
    record: OutOfFold,
    base: Mapping[str, float],
    *,
    horizon: int,
    ridge: float = RIDGE,
    least_rows: int = LEAST_ROWS,
) -> Blend:
    """Fit a ridge-regularised logistic regression on the members' log odds, weights not negative.

    Minimises ``n · mean log loss + ridge / 2 · (Σ (w - w0)² + offset²)`` with the base weights w0
    (summing to 1): without evidence the base vote is kept. Rows of one candle move together and
    labels of neighbouring candles overlap, so n is the number of candles over the `horizon`.
    Stacking: D. Wolpert, Stacked generalization (1992); weights that are not negative: L. Breiman,
    Stacked regressions (1996).

    Parameters
    ----------
    record : what members said of rows that they had not learned; others cannot be handed over
    base : by member
    horizon : candles that a label spans
    ridge : above 0
    least_rows : of n above

    Returns
    -------
    Blend. The base weights, and why, where rows are too few or all ended alike.
    """
    names = sorted(record.told)
    start = shares({name: base[name] for name in names}, names)
    odds = np.column_stack([log_odds(record.told[name]) for name in names])
    known = np.isfinite(odds).all(axis=1)
    odds, up = odds[known], record.up[known]
    count = len(np.unique(record.candles[known])) / horizon
    if count < least_rows:
        return Blend(start, 0.0, False, f"{count:.0f} independent candles, {least_rows} are needed")
    if up.min() == up.max():
        return Blend(start, 0.0, False, "all rows ended alike")
    found = _fitted(odds, up, np.array([start[name] for name in names]), count, ridge)
    return Blend(dict(zip(names, found[:-1].tolist(), strict=True)), float(found[-1]))


def _fitted(odds: Floats, up: Floats, start: Floats, count: float, ridge: float) -> Floats:
    """Weights and offset; the sum is convex, so that there is one minimum."""
    design = np.column_stack([odds, np.ones(len(odds))])
    prior = np.append(start, 0.0)

    def loss(theta: Floats) -> tuple[float, Floats]:
        z, away = design @ theta, theta - prior
        miss = (np.logaddexp(0.0, z) - up * z).mean()
        slope = design.T @ (expit(z) - up) / len(up)
        return count * miss + 0.5 * ridge * float(away @ away), count * slope + ridge * away

    bounds = [(0.0, None)] * len(start) + [(None, None)]
    return np.asarray(minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=bounds).x)
