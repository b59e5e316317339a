"""Boosted classes (XGBoost), and the one class where there is no other, as `forest.Forest` is."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BOOSTED: dict[str, Any] = {
    "max_depth": 6,
    "eta": 0.1,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "min_child_weight": 5.0,
    "tree_method": "hist",
}
BOOSTED_ROUNDS = 100


class Boosted:
    """XGBoost's softmax over the classes, stored as its own JSON.

    Parameters
    ----------
    raw : bytes, as XGBoost writes a model
    """

    def __init__(self, raw: bytes) -> None:
        import xgboost  # takes a second to load, and most bots answer with a forest

        self.raw, self._xgboost = raw, xgboost
        self.booster = xgboost.Booster(model_file=bytearray(raw))

    def __reduce__(self) -> tuple[type["Boosted"], tuple[bytes]]:
        return Boosted, (self.raw,)

    @classmethod
    def fit(cls, features: Floats, classes: Ints, *, seed: int, params: Mapping[str, Any]) -> Self:
        """Learn with classes weighted to be equally frequent; as `Forest.fit`."""
        import xgboost

        chosen = {**BOOSTED, "nthread": 1, **params}  # sums of a histogram depend on threads
        rounds = int(chosen.pop("num_boost_round", BOOSTED_ROUNDS))
        counts = np.bincount(classes)
        weight = len(classes) / (len(counts) * counts[classes])
        data = xgboost.DMatrix(features, classes, weight=weight)
        fixed = {"objective": "multi:softprob", "num_class": len(counts), "seed": seed}
        return cls(bytes(xgboost.train({**chosen, **fixed}, data, rounds).save_raw("json")))

    def predict(self, features: Floats) -> Floats:
        """Probabilities of shape (n_rows, n_classes)."""
        answer = self.booster.predict(self._xgboost.DMatrix(features))
        return np.asarray(answer, dtype=np.float64).reshape(len(features), -1)

    def to_bytes(self) -> bytes:
        """The model as XGBoost wrote it."""
        return self.raw

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read `to_bytes` back."""
        return cls(data)


class Constant:
    """The one class that there was to learn from."""

    def predict(self, features: Floats) -> Floats:
        """Ones of shape (n_rows, 1)."""
        return np.ones((len(features), 1))

    def to_bytes(self) -> bytes:
        """Nothing was learned."""
        return b""

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read `to_bytes` back."""
        return cls()
