"""Gradient-boosted trees (XGBoost): parameters, a repeatable fit, trees that survive saving."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from hydra_quant.models.threads import quiet_openmp

Floats = NDArray[np.float64]
# One thread: the sums of a histogram depend on how many threads added them up.
REPEATABLE: dict[str, Any] = {"nthread": 1, "verbosity": 0}
ALIASES = {
    "learning_rate": "eta",
    "min_split_loss": "gamma",
    "reg_lambda": "lambda",
    "reg_alpha": "alpha",
    "n_estimators": "num_boost_round",
    "random_state": "seed",
    "n_jobs": "nthread",
}
CHANGEABLE = (
    *("eta", "gamma", "lambda", "alpha", "num_boost_round", "seed", "max_depth", "max_leaves"),
    *("min_child_weight", "max_delta_step", "subsample", "colsample_bytree", "colsample_bylevel"),
    *("colsample_bynode", "max_bin", "grow_policy", "scale_pos_weight", "nthread"),
)

_CHECKSUM = hashlib.sha256().digest_size

quiet_openmp()


def parameters(chosen: Mapping[str, Any], defaults: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Merge a user's XGBoost parameters over the defaults.

    Parameters
    ----------
    chosen : Mapping
        FreqAI's ``model_training_parameters``: `CHANGEABLE`, or scikit-learn's names for them.
    defaults : Mapping
        By XGBoost's own names.
    seed : int
        Used unless the user gives one.

    Raises
    ------
    ValueError
        When a name is not known, or two names of one parameter differ.
    """
    named: dict[str, Any] = {}
    for key, value in chosen.items():
        name = ALIASES.get(key, key)
        if name not in CHANGEABLE:
            raise ValueError(f"{key!r} is not among XGBoost's {', '.join(sorted(CHANGEABLE))}")
        if named.get(name, value) != value:
            raise ValueError(f"{key!r} and another name of {name!r} differ: {named[name]}, {value}")
        named[name] = value
    return {**defaults, **REPEATABLE, "seed": seed, **named}


class Trees:
    """A fitted booster.

    Parameters
    ----------
    booster : xgboost.Booster
    """

    def __init__(self, booster: xgboost.Booster) -> None:
        booster.set_param({"nthread": 1})
        self.booster = booster

    @classmethod
    def fit(
        cls,
        features: Floats,
        label: Floats,
        weight: Floats,
        *,
        names: Sequence[str],
        params: Mapping[str, Any],
        rounds: int,
        watched: tuple[Floats, Floats, Floats] | None = None,
    ) -> "tuple[Trees, Floats]":
        """Fit `rounds` trees.

        Parameters
        ----------
        features : array of shape (n_rows, n_features); NaN is a missing value to the trees
        label, weight : arrays of shape (n_rows,)
        names : of the features
        params : as `parameters` returns them
        rounds : number of trees
        watched : features, label and weight of further rows to follow the fit on

        Returns
        -------
        trees : Trees
        loss : array of shape (rounds,)
            Weighted log loss on `watched` after each tree; empty without it.
        """
        data = _matrix(features, names, label, weight, int(params.get("max_bin", 256)))
        return _boosted(data, names, params, rounds, watched, None)

    def grown(
        self,
        features: Floats,
        label: Floats,
        weight: Floats,
        *,
        names: Sequence[str],
        params: Mapping[str, Any],
        rounds: int,
        watched: tuple[Floats, Floats, Floats] | None = None,
    ) -> "tuple[Trees, Floats]":
        """Return these trees and `rounds` more that are fitted to what these ones miss.

        These trees stay as they are. Parameters and returns as in `fit`: the loss is that after
        each of the new trees. The new ones start from the base value of the first training.

        Raises
        ------
        ValueError
            When the features have other names than those of the first training.
        """
        # Not a QuantileDMatrix: it would answer the old trees' splits by the new rows' bins.
        data = xgboost.DMatrix(features, label, weight=weight, feature_names=list(names), nthread=1)
        # As saved: a booster that was trained in this process would not be seeded again.
        onto = bytearray(self.booster.save_raw("ubj"))
        return _boosted(data, names, params, rounds, watched, onto)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Trees":
        """Return the trees that `to_bytes` wrote.

        Raises
        ------
        ValueError
            When they are damaged.
        """
        checksum, raw = data[:_CHECKSUM], data[_CHECKSUM:]
        if hashlib.sha256(raw).digest() != checksum:  # damaged ones would abort the process
            raise ValueError("these trees cannot be read (they do not match their checksum)")
        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(bytearray(raw))
        return cls(booster)

    def to_bytes(self) -> bytes:
        """Return a SHA-256 and the trees as XGBoost's own UBJSON: same trees, same bytes."""
        raw = bytes(self.booster.save_raw("ubj"))
        return hashlib.sha256(raw).digest() + raw

    def __len__(self) -> int:
        return int(self.booster.num_boosted_rounds())

    def log_odds(self, features: Floats, trees: int = 0) -> Floats:
        """Return the sum of leaves of shape (n_rows,); `trees` 0: of all trees."""
        if not len(features):
            return np.empty(0)
        found = self.booster.inplace_predict(
            features, iteration_range=(0, trees), predict_type="margin", validate_features=False
        )
        return np.asarray(found, dtype=np.float64)

    def gain(self, names: Sequence[str]) -> Floats:
        """Return the mean loss reduction of each feature's splits; 0 where it has none."""
        found = self.booster.get_score(importance_type="gain")
        return np.array([found.get(name, 0.0) for name in names], dtype=np.float64)

    def contributions(self, features: Floats, names: Sequence[str]) -> Floats:
        """Return SHAP values of shape (n_rows, n_features), in log odds (XGBoost's own TreeSHAP).

        They and the base value, which is left out, add up to `log_odds` (Lundberg et al. 2020).
        """
        data = xgboost.DMatrix(features, feature_names=list(names), nthread=1)
        return np.asarray(self.booster.predict(data, pred_contribs=True), dtype=float)[:, :-1]

    def __getstate__(self) -> dict[str, bytes]:
        return {"trees": self.to_bytes()}

    def __setstate__(self, state: dict[str, bytes]) -> None:
        self.booster = Trees.from_bytes(state["trees"]).booster


def _boosted(
    data: xgboost.DMatrix,
    names: Sequence[str],
    params: Mapping[str, Any],
    rounds: int,
    watched: tuple[Floats, Floats, Floats] | None,
    onto: bytearray | None,
) -> tuple[Trees, Floats]:
    given = {k: v for k, v in params.items() if k != "num_boost_round"}
    history: dict[str, dict[str, list[float]]] = {}
    watch = []
    if watched is not None:
        held = xgboost.DMatrix(
            watched[0], watched[1], weight=watched[2], feature_names=list(names), nthread=1
        )
        watch = [(held, "held")]
        given["eval_metric"] = "logloss"
    booster = xgboost.train(
        given, data, rounds, evals=watch, evals_result=history, verbose_eval=False, xgb_model=onto
    )
    loss = history["held"]["logloss"] if watched is not None else []
    return Trees(booster), np.asarray(loss, dtype=np.float64)


def _matrix(
    features: Floats, names: Sequence[str], label: Floats, weight: Floats, bins: int
) -> xgboost.DMatrix:
    return xgboost.QuantileDMatrix(
        features, label, weight=weight, feature_names=list(names), max_bin=bins, nthread=1
    )
