"""Gradient-boosted trees (LightGBM): HYDRA's defaults, a fit, and a model that survives saving."""

from collections.abc import Mapping
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from hydra_quant.models.rows import Rows
from hydra_quant.models.threads import default_threads

# The baseline: 31 leaves, rate 0.05, 100 trees, feature fraction 0.9, bagging 0.8 every 5.
BASELINE: dict[str, Any] = {
    "objective": "regression",
    "num_iterations": 100,
    "num_leaves": 31,
    "learning_rate": 0.05,
    "feature_fraction": 0.9,
    "bagging_fraction": 0.8,
    "bagging_freq": 5,
}
# The same trees on every run and machine, whatever the number of threads.
REPEATABLE: dict[str, Any] = {"deterministic": True, "force_row_wise": True, "verbosity": -1}

# LightGBM's other names for what is set above, so that a user's choice replaces a default
# instead of standing beside it.
_ALIASES: dict[str, frozenset[str]] = {
    "objective": frozenset({"objective_type", "app", "application", "loss"}),
    "num_iterations": frozenset(
        {"num_iteration", "n_iter", "num_tree", "num_trees", "num_round", "num_rounds"}
        | {"nrounds", "num_boost_round", "n_estimators", "max_iter"}
    ),
    "num_leaves": frozenset({"num_leaf", "max_leaves", "max_leaf", "max_leaf_nodes"}),
    "learning_rate": frozenset({"shrinkage_rate", "eta"}),
    "feature_fraction": frozenset({"sub_feature", "colsample_bytree"}),
    "bagging_fraction": frozenset({"sub_row", "subsample", "bagging"}),
    "bagging_freq": frozenset({"subsample_freq"}),
    "min_data_in_leaf": frozenset(
        {"min_data_per_leaf", "min_data", "min_child_samples", "min_samples_leaf"}
    ),
    "verbosity": frozenset({"verbose"}),
    "seed": frozenset({"random_seed", "random_state"}),
    "num_threads": frozenset({"num_thread", "nthread", "nthreads", "n_jobs"}),
    "force_row_wise": frozenset({"force_col_wise"}),
    "early_stopping_round": frozenset(
        {"early_stopping_rounds", "early_stopping", "n_iter_no_change"}
    ),
}
_CANONICAL = {alias: name for name, aliases in _ALIASES.items() for alias in aliases}
_CANONICAL.pop("force_col_wise")  # the opposite of force_row_wise, not another name for it


def parameters(
    chosen: Mapping[str, Any], defaults: Mapping[str, Any], seed: int, threads: int | None = None
) -> dict[str, Any]:
    """Merge a user's LightGBM parameters over the defaults.

    Parameters
    ----------
    chosen : Mapping
        FreqAI's ``model_training_parameters``; any of LightGBM's names for a parameter.
    defaults : Mapping
        By LightGBM's main names; used where the user says nothing.
    seed : int
        Used unless the user gives one.
    threads : int, optional
        Used unless the user gives a number; by default `threads.default_threads`.

    Raises
    ------
    ValueError
        When two names of one parameter are given with different values.
    """
    named: dict[str, Any] = {}
    for key, value in chosen.items():
        name = _CANONICAL.get(key, key)
        if named.get(name, value) != value:
            raise ValueError(f"{key!r} and another name of {name!r} differ: {named[name]}, {value}")
        named[name] = value
    base = {**defaults, **REPEATABLE, "seed": seed, "num_threads": threads or default_threads()}
    if named.get("force_col_wise"):
        base.pop("force_row_wise")
    if named.get("num_threads", 1) in (None, 0, -1):
        named.pop("num_threads")
    return {**base, **named}


class BoostedTrees:
    """One LightGBM booster a label.

    Saved as LightGBM's own text, so that it reloads in another process and is readable.

    Parameters
    ----------
    texts : list of str
        Boosters as LightGBM writes them, in the order of the labels.
    """

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self.boosters = [lightgbm.Booster(model_str=text) for text in texts]

    @classmethod
    def fit(
        cls, train: Rows, test: Rows | None, params: Mapping[str, Any], names: list[str]
    ) -> "BoostedTrees":
        """Fit one booster for each column of ``train.labels``.

        Parameters
        ----------
        train : Rows
        test : Rows or None
            Only looked at when `params` ask for early stopping.
        params : Mapping
            As `parameters` returns them.
        names : list of str, n_features
            Names of the feature columns.
        """
        n_labels = train.labels.shape[1]
        return cls([_fit_one(train, test, params, names, column) for column in range(n_labels)])

    def predict(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return predictions of shape (n_rows, n_labels) for (n_rows, n_features)."""
        if not len(features):
            return np.empty((0, len(self.boosters)))
        return np.column_stack([b.predict(features, num_threads=1) for b in self.boosters])

    def __getstate__(self) -> dict[str, Any]:
        return {"texts": self.texts}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["texts"])  # type: ignore[misc]


def _fit_one(
    train: Rows, test: Rows | None, params: Mapping[str, Any], names: list[str], column: int
) -> str:
    params = dict(params)
    rounds = params.pop("num_iterations")
    data = lightgbm.Dataset(
        train.features, train.labels[:, column], weight=train.weights, feature_name=names
    )
    watched = []
    if test is not None and len(test) and params.get("early_stopping_round"):
        watched = [data.create_valid(test.features, test.labels[:, column], weight=test.weights)]
    booster = lightgbm.train(
        params, data, num_boost_round=rounds, valid_sets=watched, keep_training_booster=True
    )
    text: str = booster.model_to_string()
    return text
