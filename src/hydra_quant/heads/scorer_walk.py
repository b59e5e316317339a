"""Walk the scorer and its rivals forward over a folder's signals."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hydra_quant.heads.dataset import Told, silent
from hydra_quant.heads.scorer import RuleScorer, ScorerModel, fit_scorer, rule_score
from hydra_quant.heads.scorer_features import NAMES
from hydra_quant.heads.scorer_rows import SignalRows
from hydra_quant.heads.windows import Window, walk_forward
from hydra_quant.models.rows import Rows
from hydra_quant.settings import Settings

Floats = NDArray[np.float64]
# In the order in which they are shown; the first is judged, the others are its rivals.
SCORERS = ("scorer", "logistic", "rule", "constant")


@dataclass(frozen=True)
class Step:
    """What one window trained on, and whether a model came out of it."""

    window: Window
    by_model: bool
    why: str


@dataclass(frozen=True)
class Walked:
    """Signals that were scored by what was learned before them.

    Attributes
    ----------
    tested : SignalRows
    step : NDArray of shape (n_rows,)
        Which of `steps` scored a row.
    scores : dict of NDArray of shape (n_rows,)
        Probability that the trade pays, by each of `SCORERS`.
    steps : list of Step, oldest first
    """

    tested: SignalRows
    step: NDArray[np.intp]
    scores: dict[str, Floats]
    steps: list[Step]


def train_scorer(
    signals: SignalRows,
    train: NDArray[np.intp],
    later: NDArray[np.intp],
    settings: Settings,
    *,
    candle_minutes: int,
    seed: int,
    params: dict[str, Any] | None = None,
) -> ScorerModel | RuleScorer:
    """Fit the scorer to rows `train`, calibrated on rows `later`: as every command trains it."""
    return fit_scorer(
        signals.rows.take(train),
        signals.rows.take(later) if len(later) else None,
        NAMES,
        settings=settings.scorer,
        seed=seed,
        params=params or {},
        candle_seconds=60 * candle_minutes,
        holding_minutes=settings.signals.holding_minutes,
    )


def walk(
    signals: SignalRows,
    settings: Settings,
    *,
    candle_minutes: int,
    folds: int,
    first: float,
    later: float,
    seed: int,
    span_s: int | None = None,
    told: Told = silent,
) -> Walked:
    """Score each signal after the first training stretch by models of earlier ones.

    Parameters
    ----------
    signals : SignalRows
    settings : Settings
    candle_minutes : width of the candles
    folds, first, later, span_s : as `heads.windows.walk_forward`
    seed : of every fit
    told : progress

    Returns
    -------
    Walked
        Without rows when no signal lies after the first training stretch.
    """
    times = signals.rows.times
    windows = list(
        walk_forward(
            times, folds=folds, purge_s=signals.slowest_s, first=first, later=later, span_s=span_s
        )
    )
    steps: list[Step] = []
    found: dict[str, list[Floats]] = {name: [] for name in SCORERS}
    for number, window in enumerate(windows):
        told(f"training {number + 1} of {len(windows)}", number / len(windows))
        model = train_scorer(
            signals, window.train, window.later, settings, candle_minutes=candle_minutes, seed=seed
        )
        steps.append(Step(window, model.by_model, model.why))
        known = signals.rows.take(np.r_[window.train, window.later])
        asked = signals.rows.features[window.test]
        found["scorer"].append(model.predict(asked))
        found["logistic"].append(logistic(known)(asked))
        found["rule"].append(rule_score(asked))
        found["constant"].append(np.full(len(asked), base_rate(known)))
    told("", 1.0)
    tested = np.concatenate([window.test for window in windows] or [np.arange(0)])
    return Walked(
        replace(signals, rows=signals.rows.take(tested), net=signals.net[tested]),
        np.repeat(np.arange(len(windows)), [len(window.test) for window in windows]),
        {name: np.concatenate(parts or [np.empty(0)]) for name, parts in found.items()},
        steps,
    )


def base_rate(known: Rows) -> float:
    """Share of the rows that paid, by weight; one half where there is none."""
    paid = known.labels[:, 0]
    return float(np.average(paid, weights=known.weights)) if len(known) else 0.5


def logistic(known: Rows) -> Callable[[Floats], Floats]:
    """Fit a logistic regression to the same rows, weights and features.

    Missing values become the median, with a flag beside them; L2 of scikit-learn's default
    strength on standardised columns. The base rate where there is but one class.
    """
    paid = known.labels[:, 0]
    if len(np.unique(paid)) < 2:
        rate = base_rate(known)
        return lambda features: np.full(len(features), rate)
    model = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(max_iter=1000),
    )
    model.fit(known.features, paid, logisticregression__sample_weight=known.weights)
    return lambda features: np.asarray(model.predict_proba(features)[:, 1])
