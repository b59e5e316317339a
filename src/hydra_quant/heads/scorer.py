"""The signal scorer: how likely a signal is to pay after its costs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads import scorer_health
from hydra_quant.heads.calibration import Calibration, fit_calibration, too_small
from hydra_quant.heads.explain import importances
from hydra_quant.heads.folds import purged_folds
from hydra_quant.heads.orientation import oriented
from hydra_quant.heads.reliability import reliability
from hydra_quant.heads.scorer_baseline import baseline_json
from hydra_quant.heads.scorer_cv import Lesson, Validated, fit_trees, validate
from hydra_quant.heads.scorer_rule import RuleScorer, rule_score
from hydra_quant.heads.scorer_spans import Spans
from hydra_quant.models.rows import Rows
from hydra_quant.models.xgb import Trees, parameters
from hydra_quant.settings import Scorer
from hydra_quant.validation.baseline import Baseline

__all__ = ["DEFAULTS", "RISING", "RuleScorer", "ScorerModel", "fit_scorer", "rule_score"]

Floats = NDArray[np.float64]
FORMAT = "HYDRA-SCORER-1"
# Shallow and slow: signals are few, noisy and overlap.
DEFAULTS: dict[str, Any] = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_depth": 4,
    "eta": 0.05,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "lambda": 5.0,
}
# Where theory says which way: a surer signal that has brought more should not score less, and one
# that first went further against its trades should not score more.
RISING = {"signal_confidence": 1, "expected_return": 1, "expected_adverse_excursion": -1}


class ScorerModel:
    """Gradient-boosted trees whose answer is a calibrated probability.

    Parameters
    ----------
    trees : Trees
    names : the features, in their order
    calibration : from log odds to probability
    health : see `heads.scorer_health`
    explanation : JSON-able: ``names``, ``gain``, ``shap`` (of features as a signal's own side sees
        them, see `heads.orientation`), ``curve`` (out of fold, not calibrated), ``calibration``,
        ``baseline``, ``monotone`` (whether `RISING` was forced); of a continued model (see
        `heads.scorer_resume`) ``continued``
    """

    by_model = True
    why = ""

    def __init__(
        self,
        trees: Trees,
        names: Sequence[str],
        calibration: Calibration,
        health: Mapping[str, float],
        explanation: Mapping[str, Any],
    ) -> None:
        self.trees = trees
        self.names = tuple(names)
        self.calibration = calibration
        self.health = dict(health)
        self.explanation = dict(explanation)

    def predict(self, features: Floats) -> Floats:
        """Return how likely each signal is to pay.

        Parameters
        ----------
        features : array of shape (n_rows, n_features), columns `names`, NaN where not known

        Returns
        -------
        array of shape (n_rows,), 0 to 1. A row's answer does not depend on the other rows.

        Raises
        ------
        ValueError
            When the number of columns is another.
        """
        if features.ndim != 2 or features.shape[1] != len(self.names):
            raise ValueError(f"{features.shape} features: the model takes {len(self.names)} a row")
        return self.calibration.apply(self.trees.log_odds(oriented(features)))

    @property
    def baseline(self) -> Baseline:
        """What its own validation showed: the measure of everything it does later."""
        return Baseline.from_json(self.explanation["baseline"])

    def to_bytes(self) -> bytes:
        """All that it learned: one line of JSON, then the trees as XGBoost's own UBJSON."""
        head = {
            "format": FORMAT,
            "names": self.names,
            "slope": self.calibration.slope,
            "offset": self.calibration.offset,
            "health": {k: v if np.isfinite(v) else None for k, v in self.health.items()},
            "explanation": self.explanation,
        }
        return json.dumps(head).encode() + b"\n" + self.trees.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the model that `to_bytes` was called on.

        Raises
        ------
        ValueError
            When the bytes are damaged or of another format.
        """
        line, _, trees = data.partition(b"\n")
        head = json.loads(line)
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise ValueError(f"no scorer of format {FORMAT}: train again")
        health = {k: np.nan if v is None else v for k, v in head["health"].items()}
        calibration = Calibration(head["slope"], head["offset"])
        booster = Trees.from_bytes(trees)
        return cls(booster, head["names"], calibration, health, head["explanation"])


def fit_scorer(
    rows: Rows,
    later: Rows | None,
    names: Sequence[str],
    *,
    settings: Scorer,
    seed: int,
    params: Mapping[str, Any],
    candle_seconds: int,
    holding_minutes: Mapping[str, int],
) -> ScorerModel | RuleScorer:
    """Fit the scorer to past signals and calibrate it on later ones.

    Parameters
    ----------
    rows : Rows
        Signals with known outcome, one label: 1 where the trade paid after costs, else 0. NaN
        features stay missing. Weights by uniqueness of the outcomes, computed where None.
    later : Rows or None
        Signals after them, for calibration and `health` only. Those that begin before every
        outcome of `rows` is known are left out.
    names : the 49 features
    settings : Scorer
    seed : same seed and rows, same model, bit for bit
    params : XGBoost's parameters over `DEFAULTS`, by any of their names
    candle_seconds : width of a candle
    holding_minutes : how long each signal's trade lasts, by `settings.SIGNALS`

    Returns
    -------
    ScorerModel or RuleScorer
        The rule, with the reason in ``why``, where rows are too few or all of one outcome. The
        figures in ``health`` are those of `scorer_health.HEALTH`: ``auc``, ``brier``, ``ece``,
        ``accuracy`` and ``base_rate`` out of fold and before calibration (of the rule: on all
        rows); ``auc_later`` on `later`; ``brier_later``, ``ece_later`` on the newer half of it,
        calibrated by the older half. Rows count by weight.

    Raises
    ------
    ValueError
        When a parameter is not known.
    """
    given = parameters(params, DEFAULTS, seed)
    spans = Spans.of(names, candle_seconds, holding_minutes)
    known = lesson_of(rows, spans)
    after = after_of(rows, later, spans)
    why, folded = _too_few(known, settings), None
    if not why:
        if settings.monotone:
            given["monotone_constraints"] = tuple(RISING.get(name, 0) for name in names)
        rounds = int(given.get("num_boost_round", settings.rounds))
        folds = purged_folds(rows.times, settings.folds, spans.longest_s)
        folded = validate(known, folds, names, given, rounds)
        why = "" if folded else "its signals lie too close together to be judged in time order"
    if folded is None:
        return _rule(known, after, settings, why)
    trees, _ = fit_trees(known, names, given, folded.trees)
    model = calibrated(trees, names, known, after, folded, settings)
    newest = rows if later is None or not len(later) else later
    known_until_ms = 1000 * (int(newest.times[-1]) + spans.longest_s)
    model.explanation["monotone"] = settings.monotone
    model.explanation["baseline"] = baseline_json(rows, folded, names, settings, known_until_ms)
    return model


@dataclass(frozen=True)
class After:
    """Rows after the training, and which of them are older or newer than its middle."""

    lesson: Lesson
    older: NDArray[np.intp]
    newer: NDArray[np.intp]


def lesson_of(rows: Rows, spans: Spans) -> Lesson:
    """The rows as the trees see them; weights by uniqueness where they have none."""
    weight = spans.weights(rows) if rows.weights is None else rows.weights
    return Lesson(oriented(rows.features), rows.labels[:, 0], weight)


def after_of(rows: Rows, later: Rows | None, spans: Spans) -> After | None:
    """Those of `later` that begin when every outcome of `rows` is known; None for none."""
    if later is None or not len(later) or not len(rows):
        return None
    first = np.searchsorted(later.times, int(rows.times[-1]) + spans.longest_s)
    left = later.take(slice(int(first), None))
    if not len(left):
        return None
    halves = purged_folds(left.times, 1, spans.longest_s)
    none = np.arange(0)
    older, newer = (halves[0].train, halves[0].test) if halves else (none, none)
    return After(lesson_of(left, spans), older, newer)


def _too_few(known: Lesson, settings: Scorer) -> str:
    if len(known.label) < settings.min_samples:
        return (
            f"{len(known.label)} past signals with known outcome, {settings.min_samples} are "
            "wanted (hydra.scorer.min_samples)"
        )
    return "" if known.both() else "all past signals had the same outcome"


def _counts(known: Lesson, after: After | None) -> dict[str, float]:
    return {
        "n_train": float(len(known.label)),
        "n_later": float(len(after.lesson.label)) if after else 0.0,
    }


def _rule(known: Lesson, after: After | None, settings: Scorer, why: str) -> RuleScorer:
    score = rule_score(known.features)
    sure = np.isfinite(score)
    seen = score[sure], known.label[sure], known.weight[sure]
    health = scorer_health.unknown() | _counts(known, after) | {"by_model": 0.0, "trees": 0.0}
    health |= {"calibrated": 0.0, "auc": scorer_health.ranked(*seen)}
    health |= scorer_health.judge(*seen, settings.accept_above)
    if len(seen[1]):
        health["base_rate"] = float(np.average(seen[1], weights=seen[2]))
    return RuleScorer(why, health, {"curve": reliability(*seen).to_dict()})


def calibrated(
    trees: Trees,
    names: Sequence[str],
    known: Lesson,
    after: After | None,
    folded: Validated,
    settings: Scorer,
    base: Calibration | None = None,
) -> ScorerModel:
    """The model of these trees, calibrated on the rows after them, with its health.

    `base` is the calibration to correct, which stands where those rows are too few.
    """
    start = base or Calibration()
    seen = folded.scores, folded.label, folded.weight
    health = scorer_health.unknown() | _counts(known, after)
    health |= {"by_model": 1.0, "calibrated": 0.0, "trees": float(len(trees)), "auc": folded.auc}
    health |= scorer_health.judge(*seen, settings.accept_above)
    health["base_rate"] = float(np.average(folded.label, weights=folded.weight))
    calibration, note = start, "none: no later signals"
    if after is not None:
        raw = start.slope * trees.log_odds(after.lesson.features) + start.offset
        health |= _on_later(raw, after, settings)
        note = too_small(after.lesson.label, after.lesson.weight)
        if not note:
            more = fit_calibration(raw, after.lesson.label, after.lesson.weight)
            slope, offset = more.slope * start.slope, more.slope * start.offset + more.offset
            calibration = Calibration(slope, offset)
            health["calibrated"] = 1.0
    explanation = {
        "names": list(names),
        **importances(trees, known.features, names),
        "curve": reliability(*seen).to_dict(),
        "calibration": note or f"slope {calibration.slope:.4g}, offset {calibration.offset:.4g}",
    }
    return ScorerModel(trees, names, calibration, health, explanation)


def _on_later(raw: Floats, after: After, settings: Scorer) -> dict[str, float]:
    """Rank on all of the later rows; probabilities on their newer half, calibrated by the older."""
    found = {"auc_later": scorer_health.ranked(raw, after.lesson.label, after.lesson.weight)}
    older, newer = after.lesson.take(after.older), after.lesson.take(after.newer)
    if len(newer.label) and not too_small(older.label, older.weight):
        chance = fit_calibration(raw[after.older], older.label, older.weight)
        score = chance.apply(raw[after.newer])
        judged = scorer_health.judge(score, newer.label, newer.weight, settings.accept_above)
        found |= {"brier_later": judged["brier"], "ece_later": judged["ece"]}
    return found
