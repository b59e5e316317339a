"""What stands beside the networks: trees, logistic regression, persistence, a constant, HAR."""

from collections.abc import Callable
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hydra_quant.heads.models.answers import Answer, silent
from hydra_quant.heads.models.material import Material
from hydra_quant.heads.models.volatility import along, fit_line
from hydra_quant.heads.windows import Window
from hydra_quant.models.rows import Rows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Says = Callable[[Floats], Floats]
# From features (n, k), whether the price rose (n,) and a seed, to what says probabilities.
Learner = Callable[[Floats, Floats, tuple[str, ...], int], Says]
DIRECTION = ("lightgbm", "logistic", "persistence", "constant")
VOLATILITY = ("har", "volatility_persistence")
# Only these and the networks depend on the seed.
SEEDED = ("lightgbm",)


def answer(name: str, data: Material, at: Ints, window: Window, seed: int) -> Answer:
    """Train one of `DIRECTION` or `VOLATILITY` on a window and ask it.

    Parameters
    ----------
    name : of the model
    data : Material
    at : (row, pair) of every row that can be judged
    window : rows of `at`
    seed : of what depends on chance
    """
    if name in VOLATILITY:
        return _variance(name, data, at, window)
    if name == "persistence":
        return _persistence(data, at, window)
    return _learned(LEARNERS[name], data, at, window, seed)


def _learned(learner: Learner, data: Material, at: Ints, window: Window, seed: int) -> Answer:
    train, later, test = (at[part] for part in (window.train, window.later, window.test))
    told = silent(len(later), len(test), len(data.hours))
    inputs = [data.values[part[:, 0], part[:, 1]].astype(float) for part in (train, later, test)]
    returns = data.targets[train[:, 0], train[:, 1]]
    seconds = taken = 0.0
    for horizon in range(len(data.hours)):
        since = perf_counter()
        says = learner(inputs[0], (returns[:, horizon] > 0).astype(float), data.names, seed)
        seconds += perf_counter() - since
        told.tail[:, horizon] = says(inputs[1])
        since = perf_counter()
        told.score[:, horizon] = says(inputs[2])
        taken += perf_counter() - since
    return Answer(
        told.tail, told.score, told.median, told.volatility, seconds, 1e3 * taken / len(test)
    )


def logistic(features: Floats, up: Floats, names: tuple[str, ...], seed: int) -> Says:
    """Logistic regression on standardised columns; missing values: the median, and a flag.

    L2 of scikit-learn's default strength. The base rate where there is but one class.
    """
    if len(np.unique(up)) < 2:
        return constant(features, up, names, seed)
    model = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(max_iter=1000),
    )
    model.fit(features, up)
    return lambda asked: np.asarray(model.predict_proba(asked)[:, 1]) if len(asked) else np.empty(0)


def lightgbm(features: Floats, up: Floats, names: tuple[str, ...], seed: int) -> Says:
    """HYDRA's usual trees, for log loss; a missing value goes its own way at every split."""
    from hydra_quant.models.boosting import BASELINE, BoostedTrees, parameters

    params = parameters({}, {**BASELINE, "objective": "binary"}, seed)
    zeros = np.zeros(len(up), dtype=np.int64)
    rows = Rows(features, up[:, None], zeros, zeros.astype(np.int16), ("all",))
    trees = BoostedTrees.fit(rows, None, params, list(names))
    return lambda asked: trees.predict(asked)[:, 0]


def constant(features: Floats, up: Floats, names: tuple[str, ...], seed: int) -> Says:
    """The share that rose in training, for every row."""
    rate = float(up.mean()) if len(up) else 0.5
    return lambda asked: np.full(len(asked), rate)


LEARNERS: dict[str, Learner] = {"lightgbm": lightgbm, "logistic": logistic, "constant": constant}


def _persistence(data: Material, at: Ints, window: Window) -> Answer:
    """The sign of the last return over the same span goes on, as often as it did in training."""
    train, later, test = (at[part] for part in (window.train, window.later, window.test))
    told = silent(len(later), len(test), len(data.hours))
    known = np.nancumsum(data.returns, axis=0)
    for horizon, step in enumerate(data.steps):
        past = np.zeros_like(known)
        past[step:] = known[step:] - known[:-step]
        sign = np.sign(np.round(past, 12))
        after = data.targets[train[:, 0], train[:, 1], horizon]
        before = sign[train[:, 0], train[:, 1]]
        moved = before != 0
        went_on = float(np.mean((after > 0)[moved] == (before > 0)[moved])) if moved.any() else 0.5
        # Persistence that never was is still persistence: it may be useless, but not turned round.
        edge = max(went_on - 0.5, 1e-6)
        told.tail[:, horizon] = 0.5 + edge * sign[later[:, 0], later[:, 1]]
        told.score[:, horizon] = 0.5 + edge * sign[test[:, 0], test[:, 1]]
    return told


def _variance(name: str, data: Material, at: Ints, window: Window) -> Answer:
    train, later, test = (at[part] for part in (window.train, window.later, window.test))
    told = silent(len(later), len(test), len(data.hours))
    asked = data.variances[test[:, 0], test[:, 1]]
    if name == "volatility_persistence":
        told.volatility[:] = asked[:, 0]
        return told
    since = perf_counter()
    line = fit_line(data.variances[train[:, 0], train[:, 1]], data.ahead[train[:, 0], train[:, 1]])
    seconds = perf_counter() - since
    since = perf_counter()
    told.volatility[:] = along(line, asked)
    taken = 1e3 * (perf_counter() - since) / len(test)
    return Answer(told.tail, told.score, told.median, told.volatility, seconds, taken)
