"""A stored scorer goes on: more trees onto those it has, learned from signals that came since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.calibration import Calibration, logistic
from hydra_quant.heads.folds import Fold, purged_folds
from hydra_quant.heads.scorer import DEFAULTS, RISING, ScorerModel, after_of, calibrated, lesson_of
from hydra_quant.heads.scorer_baseline import baseline_json
from hydra_quant.heads.scorer_cv import Lesson, Validated, fit_trees
from hydra_quant.heads.scorer_health import ranked_by_fold
from hydra_quant.heads.scorer_spans import Spans
from hydra_quant.models.rows import Rows
from hydra_quant.models.xgb import Trees, parameters
from hydra_quant.settings import Scorer
from hydra_quant.validation.baseline import Baseline

Floats = NDArray[np.float64]
# Below this many new signals, or a fifth of what a first training wants, nothing can be told.
MIN_NEW, NEW_SHARE = 100, 0.2


class TooLittleNew(Exception):
    """Too few signals came since the model was stored; the text says how many are wanted."""


@dataclass(frozen=True)
class _Tried:
    """One fold: the stored trees and as many more as may be, and how they do on its test block."""

    trees: Trees
    stored: int
    block: Lesson
    losses: Floats

    def score(self, added: int) -> Floats:
        """Probabilities on the block by the stored trees and the first `added` others."""
        return logistic(self.trees.log_odds(self.block.features, self.stored + added))

    def loss(self, added: int) -> Floats:
        """Log loss of each row, shape (n_rows,)."""
        return _log_loss(self.score(added), self.block.label)


def enough(count: int, settings: Scorer) -> None:
    """Refuse to go on with fewer new signals than anything could be told from.

    Raises
    ------
    TooLittleNew
    """
    least = max(MIN_NEW, round(NEW_SHARE * settings.min_samples))
    if count < least:
        raise TooLittleNew(
            f"{count} new signals with known outcome to learn from, {least} are wanted"
        )


def why_not(stored: Any, names: Sequence[str], settings: Scorer) -> str:
    """Return in words why a stored scorer cannot go on; empty where it can."""
    if not isinstance(stored, ScorerModel):
        return f"what is stored is the rule, which holds no trees ({stored.why})"
    if stored.names != tuple(names):
        return "the stored scorer learned from other features"
    if bool(stored.explanation.get("monotone")) != settings.monotone:
        return "hydra.scorer.monotone is not what the stored trees were grown with"
    return ""


def continue_scorer(
    stored: ScorerModel,
    rows: Rows,
    later: Rows | None,
    names: Sequence[str],
    *,
    settings: Scorer,
    seed: int,
    params: Mapping[str, Any],
    candle_seconds: int,
    holding_minutes: Mapping[str, int],
) -> ScorerModel:
    """Grow a stored scorer on signals that it has not learned from.

    How many trees are added, from none to ``settings.rounds``, is chosen by log loss on test
    blocks of the new rows alone, each after the rows that its trees were grown on (purged); none,
    unless they gain more than one standard error of the gain over the stored trees (the rule of
    Breiman et al. 1984, ch. 3). Every figure of health rests on rows that neither the stored
    trees nor those added before them have seen.

    Parameters
    ----------
    stored : ScorerModel; it stays as it is
    rows, later : as in `fit_scorer`, all of them after the last outcome that `stored` knows.
        `later` corrects the stored calibration, which stands where they are too few.
    names : the features, those of `stored`
    settings, seed, params, candle_seconds, holding_minutes : as in `fit_scorer`

    Returns
    -------
    ScorerModel
        Its ``explanation["continued"]`` has ``stored`` and ``added`` trees and ``signals``, the
        number of new ones; ``health["n_train"]`` counts the signals of all its trainings.

    Raises
    ------
    TooLittleNew
        When `rows` are too few, or lie too close together to be judged in the order of time.
    ValueError
        When the features are not those of `stored`, or a parameter is not known.
    """
    if why := why_not(stored, names, settings):
        raise ValueError(why)
    enough(len(rows) + (0 if later is None else len(later)), settings)
    given = parameters(params, DEFAULTS, seed)
    if settings.monotone:
        given["monotone_constraints"] = tuple(RISING.get(name, 0) for name in names)
    spans = Spans.of(names, candle_seconds, holding_minutes)
    folds = purged_folds(rows.times, settings.folds, spans.longest_s)
    rounds = int(given.get("num_boost_round", settings.rounds))
    known = lesson_of(rows, spans)
    folded = _validate(stored.trees, known, folds, names, given, rounds) if folds else None
    if folded is None:
        raise TooLittleNew("the new signals lie too close together to be judged in time order")
    trees = stored.trees
    if folded.trees:
        trees, _ = fit_trees(known, names, given, folded.trees, onto=stored.trees)
    after = after_of(rows, later, spans)
    # A slope of 0 would hide from the new signals that the scores rank.
    base = stored.calibration if stored.calibration.slope > 0 else Calibration()
    model = calibrated(trees, names, known, after, folded, settings, base)
    if not model.health["calibrated"]:
        model.explanation["calibration"] = f"as stored: {model.explanation['calibration']}"
        model.health["calibrated"] = stored.health.get("calibrated", 0.0)
    taught = len(rows) if folded.trees else 0
    learned = int(stored.health["n_train"])
    model.health["n_train"] = float(learned + taught)
    newest = rows if later is None or not len(later) else later
    until_ms = 1000 * (int(newest.times[-1]) + spans.longest_s)
    old = stored.explanation.get("baseline")
    before = None if old is None else (Baseline.from_json(old), learned)
    model.explanation |= {
        "monotone": settings.monotone,
        "baseline": baseline_json(rows, folded, names, settings, until_ms, before),
        "continued": {
            "stored": len(stored.trees),
            "added": folded.trees,
            "signals": len(rows),
        },
    }
    return model


def _validate(
    stored: Trees,
    lesson: Lesson,
    folds: Sequence[Fold],
    names: Sequence[str],
    params: Mapping[str, Any],
    rounds: int,
) -> Validated | None:
    """As `scorer_cv.validate`; its ``trees`` are those to add. A single block gets none."""
    tried = []
    for fold in folds:
        known, block = lesson.take(fold.train), lesson.take(fold.test)
        if known.both():
            trees, losses = fit_trees(known, names, params, rounds, block, stored)
            loss = _log_loss(logistic(stored.log_odds(block.features)), block.label)
            start = np.average(loss, weights=block.weight)
            tried.append(_Tried(trees, len(stored), block, np.r_[start, losses]))
    if not tried:
        return None
    judged = [
        (one.score(_worth([*tried[:number], *tried[number + 1 :]])), one.block.label)
        for number, one in enumerate(tried)
    ]
    by_block = [(*pair, one.block.weight) for pair, one in zip(judged, tried, strict=True)]
    score, label, weight = (np.concatenate(parts) for parts in zip(*by_block, strict=True))
    return Validated(_worth(tried), score, label, weight, ranked_by_fold(by_block))


def _worth(tried: Sequence[_Tried]) -> int:
    """How many trees to add by these blocks; 0 unless they gain more than a standard error."""
    if not tried:
        return 0
    table = [one.losses * one.block.weight.sum() for one in tried]
    best = int(np.sum(table, axis=0).argmin())
    gain = np.concatenate([one.loss(0) - one.loss(best) for one in tried])
    weight = np.concatenate([one.block.weight for one in tried])
    mean = np.average(gain, weights=weight)
    # The weights are shares of independent outcomes: their sum is how many there are.
    error = np.sqrt(np.average((gain - mean) ** 2, weights=weight) / weight.sum())
    return best if mean > error else 0


def _log_loss(score: Floats, label: Floats) -> Floats:
    sure = np.clip(score, 1e-12, 1 - 1e-12)
    return np.asarray(-(label * np.log(sure) + (1 - label) * np.log1p(-sure)))
