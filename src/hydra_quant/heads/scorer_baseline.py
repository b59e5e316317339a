"""The scorer's baseline: what a monitor holds everything against that the model does later."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from hydra_quant.heads.scorer_cv import Validated
from hydra_quant.models.rows import Rows
from hydra_quant.regimes.market import REGIMES
from hydra_quant.settings import Scorer
from hydra_quant.validation.baseline import Baseline, Shape, baseline_of
from hydra_quant.validation.stability import psi, shares_in

Floats = NDArray[np.float64]


def baseline_json(
    rows: Rows,
    folded: Validated,
    names: Sequence[str],
    settings: Scorer,
    known_until_ms: int,
    before: tuple[Baseline, int] | None = None,
) -> dict[str, Any]:
    """The folds' answers, and what the signals looked like, as JSON.

    Parameters
    ----------
    rows : the signals that were learned from
    folded : what the folds say about them
    names : of the features
    settings : Scorer
    known_until_ms : newest moment that the model may have learned from
    before : of a model that went on: the baseline until now, and of how many signals. The signals
        of both are pooled, because the model knows both; accuracy is that of `folded` alone.
    """
    features = DataFrame(rows.features, columns=list(names))
    found = baseline_of(
        features,
        folded.scores,
        folded.label,
        _regimes(rows, names),
        threshold=settings.accept_above,
        known_until_ms=known_until_ms,
    )
    if before is not None:
        found = _pooled(*before, found, features)
    plain: dict[str, Any] = json.loads(json.dumps(found.as_json()))  # as it comes back from bytes
    return plain


def _regimes(rows: Rows, names: Sequence[str]) -> NDArray[np.str_]:
    each = rows.features[:, [list(names).index(f"regime_{name}") for name in REGIMES]]
    at = np.where((each == 1).any(axis=1), each.argmax(axis=1), -1)
    return np.array([*REGIMES, ""])[at]


def _pooled(old: Baseline, n_old: int, new: Baseline, features: DataFrame) -> Baseline:
    """`new`, with the distributions of both.

    The bins are the old ones. That either part differs from the pool is usual from now on: the
    model has learned from both, so no later part that looks like one of them is foreign to it.
    """
    n_new = len(features)
    shapes = {
        name: _shape(shape, n_old, features[name].to_numpy(float), new.features[name])
        for name, shape in old.features.items()
        if name in new.features
    }
    known = sorted({*old.regimes, *new.regimes})
    was, now = (np.array([part.regimes.get(name, 0.0) for name in known]) for part in (old, new))
    pool = _mean(was, n_old, now, n_new)
    usual = max(old.regime_usual, new.regime_usual, *_distances(pool, was, now))
    return replace(
        new,
        features={**new.features, **shapes},
        regimes=dict(zip(known, pool.tolist(), strict=True)),
        regime_usual=usual,
        known_until_ms=max(old.known_until_ms or 0, new.known_until_ms or 0),
    )


def _shape(old: Shape, n_old: int, values: Floats, new: Shape) -> Shape:
    was, now = np.array(old.shares), shares_in(values, np.array(old.edges))
    pool = _mean(was, n_old, now, len(values))
    usual = max(old.usual, new.usual, *_distances(pool, was, now))
    return Shape(old.edges, tuple(pool.tolist()), usual)


def _mean(was: Floats, n_old: int, now: Floats, n_new: int) -> Floats:
    return np.asarray((n_old * was + n_new * now) / (n_old + n_new))


def _distances(pool: Floats, was: Floats, now: Floats) -> tuple[float, ...]:
    return (psi(pool, was), psi(pool, now)) if len(pool) else (0.0,)
