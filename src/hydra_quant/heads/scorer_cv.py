"""Cross-validation of the scorer in the order of time: how many trees, and how good they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.calibration import logistic
from hydra_quant.heads.folds import Fold
from hydra_quant.heads.scorer_health import ranked_by_fold
from hydra_quant.models.xgb import Trees

Floats = NDArray[np.float64]
_LEAF_OUTCOMES, _LEAF_SHARE = 10.0, 0.005


@dataclass(frozen=True)
class Lesson:
    """Rows to learn from: features (n_rows, n_features); label (1 or 0) and weight (n_rows,)."""

    features: Floats
    label: Floats
    weight: Floats

    def take(self, where: NDArray[np.intp]) -> "Lesson":
        """Return the chosen rows."""
        return Lesson(self.features[where], self.label[where], self.weight[where])

    def both(self) -> bool:
        """Whether there are rows of either outcome."""
        return bool(0 < self.label.sum() < len(self.label))


@dataclass(frozen=True)
class Validated:
    """What the folds say.

    Attributes
    ----------
    trees : int
        The number that does best on all test blocks.
    scores, label, weight : arrays of shape (n_tested,)
        Out-of-fold probabilities (not calibrated), outcomes and weights, oldest block first.
    auc : float
        Mean of the blocks' own AUCs.
    """

    trees: int
    scores: Floats
    label: Floats
    weight: Floats
    auc: float


def fit_trees(
    lesson: Lesson,
    names: Sequence[str],
    params: Mapping[str, Any],
    rounds: int,
    watched: Lesson | None = None,
    onto: Trees | None = None,
) -> tuple[Trees, Floats]:
    """Fit `rounds` trees, onto others if given; return them and the loss on `watched` after each.

    A leaf holds at least ten independent outcomes, or half a percent of all where that is more.
    XGBoost's ``min_child_weight`` counts weight × p (1 - p), a quarter of the weight at most.
    """
    leaf = max(_LEAF_OUTCOMES, _LEAF_SHARE * float(lesson.weight.sum())) / 4
    seen = None if watched is None else (watched.features, watched.label, watched.weight)
    fit = Trees.fit if onto is None else onto.grown
    return fit(
        lesson.features,
        lesson.label,
        lesson.weight,
        names=names,
        params={"min_child_weight": leaf, **params},
        rounds=rounds,
        watched=seen,
    )


def validate(
    lesson: Lesson,
    folds: Sequence[Fold],
    names: Sequence[str],
    params: Mapping[str, Any],
    rounds: int,
) -> Validated | None:
    """Fit one model a fold and judge it on its test block.

    The number of trees is chosen by log loss. A block is judged with the number that the *other*
    blocks prefer, so that no block's outcomes have a say in its own figures (a single block has
    only itself to ask, and is judged with half of `rounds`).

    Returns
    -------
    Validated or None
        None when no fold has rows of either outcome to learn from.
    """
    blocks, fits, losses = [], [], []
    for fold in folds:
        known, block = lesson.take(fold.train), lesson.take(fold.test)
        if known.both():
            trees, loss = fit_trees(known, names, params, rounds, block)
            blocks.append(block)
            fits.append(trees)
            losses.append(loss)
    if not blocks:
        return None
    weights = np.array([block.weight.sum() for block in blocks])
    table = np.array(losses) * weights[:, None]
    scores = [
        logistic(trees.log_odds(block.features, _best(np.delete(table, number, axis=0), rounds)))
        for number, (trees, block) in enumerate(zip(fits, blocks, strict=True))
    ]
    judged = [(s, b.label, b.weight) for s, b in zip(scores, blocks, strict=True)]
    score, label, weight = (np.concatenate(parts) for parts in zip(*judged, strict=True))
    return Validated(_best(table, rounds), score, label, weight, ranked_by_fold(judged))


def _best(losses: Floats, rounds: int) -> int:
    """Return the number of trees with the least loss over folds of shape (n_folds, rounds)."""
    return int(losses.sum(axis=0).argmin()) + 1 if len(losses) else max(1, rounds // 2)
