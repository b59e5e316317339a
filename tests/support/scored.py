"""Signals with outcomes, made up: what a scorer can find in them is known."""

import numpy as np

from hydra_quant.heads.scorer import RuleScorer, ScorerModel, fit_scorer
from hydra_quant.heads.scorer_features import AT, NAMES
from hydra_quant.models.rows import Rows
from hydra_quant.settings import SIGNALS, Scorer, Signals

HOUR = 3600
HOLDING = Signals().holding_minutes
PAIRS = ("ADA", "BTC", "ETH", "SOL")
PLANTED = "funding_rate_zscore"


def signals(n: int, planted: float, seed: int, start: int = 0) -> Rows:
    """Rows of `n` signals, about one an hour, of four pairs.

    Parameters
    ----------
    planted : how much one feature, in the signal's direction, tells of the outcome, in log odds a
        standard deviation; 0: the outcomes are tosses of a coin
    start : hour of the first row
    """
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, len(NAMES)))
    features[rng.random(features.shape) < 0.05] = np.nan
    features[:, AT["signal_direction"]] = rng.choice([-1, 1], n)
    features[:, AT["signal_confidence"]] = rng.uniform(0.5, 1, n)
    first = AT["signal_source_funding_squeeze"]
    features[:, first : first + len(SIGNALS)] = np.eye(len(SIGNALS))[rng.integers(0, 5, n)]
    chance = 1 / (1 + np.exp(-planted * truth_of(features)))
    paid = (rng.random(n) < chance).astype(float)
    times = np.sort(start + rng.integers(0, n, n)) * HOUR
    pairs = rng.integers(0, len(PAIRS), n).astype(np.int16)
    return Rows(features, paid[:, None], times, pairs, PAIRS)


def truth_of(features):
    """What tells of the outcome: the planted feature as the signal's side sees it."""
    return features[:, AT["signal_direction"]] * np.nan_to_num(features[:, AT[PLANTED]])


def trained(
    rows: Rows, later: Rows | None = None, seed: int = 1, params: dict | None = None, **changes
) -> ScorerModel | RuleScorer:
    """`fit_scorer` with few trees, on hourly candles."""
    settings = Scorer(**{"rounds": 30, **changes})
    return fit_scorer(
        rows, later, NAMES, settings=settings, seed=seed, params=params or {},
        candle_seconds=HOUR, holding_minutes=HOLDING,
    )  # fmt: skip
