"""The exit predictor: how likely leaving an open position now beats holding it."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from hydra_quant.heads.calibration import logistic
from hydra_quant.heads.exit_features import NAMES, VOLATILITY_NAMES
from hydra_quant.heads.platt import platt
from hydra_quant.models.boosting import BASELINE, BoostedTrees, parameters
from hydra_quant.models.rows import Rows
from hydra_quant.validation.scores import Ranking, auc

Floats = NDArray[np.float64]
FORMAT = 1
# Leaves are large because neighbouring rows are alike: a position's candles, and its neighbours'.
DEFAULTS: dict[str, Any] = {
    **BASELINE,
    "objective": "binary",
    "num_iterations": 300,
    "min_data_in_leaf": 200,
    "early_stopping_round": 20,
}
MIN_ROWS = 1000
MIN_OF_EACH = 50


class ExitModel:
    """Gradient-boosted trees whose answer is calibrated on rows they did not see.

    Parameters
    ----------
    trees : BoostedTrees of one binary label
    names : the features, in their order
    slope, offset : the probability is the logistic of ``slope * raw score + offset`` (Platt 1999)
    health : see `fit_exit`
    """

    def __init__(
        self,
        trees: BoostedTrees,
        names: Sequence[str],
        *,
        slope: float = 1.0,
        offset: float = 0.0,
        health: Mapping[str, float] | None = None,
    ) -> None:
        self.trees = trees
        self.names = tuple(names)
        self.slope = slope
        self.offset = offset
        self.health = dict(health or {})

    def predict(self, features: Floats) -> Floats:
        """Probability that leaving now beats holding.

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
        return np.asarray(logistic(self.slope * raw_score(self.trees, features) + self.offset))

    def to_bytes(self) -> bytes:
        """All that it learned, as JSON around LightGBM's own text."""
        return orjson.dumps(
            {
                "format": FORMAT,
                "names": self.names,
                "slope": self.slope,
                "offset": self.offset,
                "health": self.health,
                "trees": self.trees.texts,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes, names: Sequence[str] = NAMES) -> Self:
        """The model that `to_bytes` was called on.

        Raises
        ------
        ValueError
            When the bytes are damaged, of another format, or for other features than `names`.
        """
        found = orjson.loads(data)
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise ValueError(f"no exit model of format {FORMAT}: train it again")
        if tuple(found["names"]) != tuple(names):
            raise ValueError("the exit model was trained on other features: train it again")
        health = {n: float("nan") if v is None else v for n, v in found["health"].items()}
        calibration = {"slope": found["slope"], "offset": found["offset"]}
        return cls(BoostedTrees(found["trees"]), found["names"], health=health, **calibration)


def fit_exit(
    train: Rows,
    later: Rows | None,
    names: Sequence[str] = NAMES,
    *,
    seed: int,
    reach_s: int,
    params: Mapping[str, Any] | None = None,
) -> ExitModel:
    """Fit the exit predictor.

    Parameters
    ----------
    train : Rows with one label, 0 or 1, and `names` as features; NaN features are allowed
    later : Rows after them, which `train` does not overlap; None: no early stop, calibration or
        health. Their first half stops the training and calibrates, the second one, less the rows
        whose outcome the first half saw, tells the model's health.
    names : the features
    seed : same seed, same model
    reach_s : from a row's time to when its label is known, seconds
    params : LightGBM's, over `DEFAULTS`

    Returns
    -------
    ExitModel
        Its ``health``: ``auc``, ``brier``, ``volatility_auc`` and ``volatility_brier`` (the same
        trees on `VOLATILITY_NAMES` alone), ``constant_brier`` (the training's base rate), and
        ``base_rate`` of the judged rows, ``n_train``, ``n_later``; NaN where not known.

    Raises
    ------
    ValueError
        Too few rows, or too few of one kind.
    """
    _require(train.labels[:, 0])
    calibrating, judged = _halves(later, reach_s)
    model = fit_plain(train, calibrating, names, seed=seed, params=params)
    wanted = [names.index(name) for name in VOLATILITY_NAMES if name in names]
    model.health = {"n_train": float(len(train)), "n_later": float(len(later) if later else 0)}
    answers = None
    if judged is not None and len(judged):
        narrow = _columns(train, wanted), _columns(calibrating, wanted)
        alone = fit_plain(*narrow, [names[i] for i in wanted], seed=seed, params=params)
        answers = model.predict(judged.features), alone.predict(judged.features[:, wanted])
    model.health |= _health(answers, judged, float(train.labels.mean()))
    return model


def fit_plain(
    train: Rows,
    calibrating: Rows | None,
    names: Sequence[str],
    *,
    seed: int,
    params: Mapping[str, Any] | None = None,
) -> ExitModel:
    """Fit and calibrate, without asking how good it is; parameters as in `fit_exit`."""
    usable = calibrating if calibrating is not None and _both(calibrating.labels[:, 0]) else None
    merged = parameters(params or {}, DEFAULTS, seed)
    if usable is None:
        merged.pop("early_stopping_round", None)
    trees = BoostedTrees.fit(train, usable, merged, list(names))
    if usable is None:
        return ExitModel(trees, names)
    slope, offset = platt(raw_score(trees, usable.features), usable.labels[:, 0], usable.weights)
    return ExitModel(trees, names, slope=slope, offset=offset)


def raw_score(trees: BoostedTrees, features: Floats) -> Floats:
    """Sum of the trees' leaves, shape (n_rows,): the log odds before calibration."""
    if not len(features):
        return np.empty(0)
    return np.asarray(trees.boosters[0].predict(features, raw_score=True, num_threads=1))


def _halves(later: Rows | None, reach_s: int) -> tuple[Rows | None, Rows | None]:
    """Older rows to calibrate with, younger ones that begin when those outcomes are known."""
    if later is None or not len(later):
        return None, None
    turn = int(later.times[len(later) // 2])
    known, begins = np.searchsorted(later.times, (turn - reach_s, turn), side="left")
    return later.take(slice(0, int(known))), later.take(slice(int(begins), None))


def _columns(rows: Rows | None, columns: Sequence[int]) -> Any:
    if rows is None:
        return None
    narrow = rows.features[:, list(columns)]
    return Rows(narrow, rows.labels, rows.times, rows.pairs, rows.universe, rows.weights)


def _health(
    answers: tuple[Floats, Floats] | None, judged: Rows | None, constant: float
) -> dict[str, float]:
    keys = ("auc", "brier", "volatility_auc", "volatility_brier", "constant_brier", "base_rate")
    if answers is None or judged is None:
        return dict.fromkeys(keys, float("nan"))
    label = judged.labels[:, 0]
    weight = np.ones(len(label)) if judged.weights is None else judged.weights
    ranked = [float(auc(Ranking.of(answer), label, weight)) for answer in answers]
    missed = [float(np.average((p - label) ** 2, weights=weight)) for p in (*answers, constant)]
    base_rate = float(np.average(label, weights=weight))
    return dict(zip(keys, (ranked[0], missed[0], ranked[1], *missed[1:], base_rate), strict=True))


def _both(label: Floats) -> bool:
    return bool(min(label.sum(), (1 - label).sum()) >= MIN_OF_EACH)


def _require(label: Floats) -> None:
    if len(label) < MIN_ROWS or not _both(label):
        raise ValueError(
            f"{len(label)} rows of positions, {int(label.sum())} of them better left: the exit "
            f"model needs {MIN_ROWS} and {MIN_OF_EACH} of each kind; give it more history"
        )
