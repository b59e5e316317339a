"""A random forest as plain arrays: learned by scikit-learn, stored and answered without it."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numba
import numpy as np
from numpy.typing import NDArray

from hydra_quant.models.threads import default_threads

Floats = NDArray[np.float64]

DEFAULTS: dict[str, Any] = {"n_estimators": 200, "max_depth": 10, "min_samples_leaf": 50}
ROWS_A_TREE = 25_000
"""Most rows that a tree draws: neighbouring windows overlap, so more tell it little, and time of
training stays bounded."""


@dataclass(frozen=True)
class Forest:
    """Trees of one forest, one after the other.

    Attributes
    ----------
    feature, left, right : arrays of shape (n_nodes,), int32
        Which feature a node asks for, and where it goes on; leaves have ``left`` -1.
    threshold : array of shape (n_nodes,), float64
        Values up to it (in single precision, as scikit-learn has them) go left.
    missing_left : array of shape (n_nodes,), bool
        Whether a missing value goes left.
    value : array of shape (n_nodes, n_classes), float32
        Share of each class at a node, by weight.
    roots : array of shape (n_trees,), int32
    """

    feature: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    threshold: Floats
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float32]
    roots: NDArray[np.int32]

    @classmethod
    def fit(
        cls,
        features: Floats,
        classes: NDArray[np.int64],
        *,
        seed: int,
        params: Mapping[str, Any] | None = None,
    ) -> Self:
        """Learn a forest with classes weighted to be equally frequent.

        Parameters
        ----------
        features : array of shape (n_rows, n_features), NaN where not known
        classes : array of shape (n_rows,), 0 to n_classes - 1, each at least once
        seed : same seed, same forest, whatever the number of threads
        params : of scikit-learn's RandomForestClassifier, over `DEFAULTS`
        """
        from sklearn.ensemble import RandomForestClassifier  # answering does without

        chosen = {"max_samples": min(len(classes), ROWS_A_TREE), **DEFAULTS, **(params or {})}
        forest = RandomForestClassifier(
            class_weight="balanced", random_state=seed, n_jobs=default_threads(), **chosen
        ).fit(features, classes)
        trees = [tree.tree_ for tree in forest.estimators_]
        roots = np.cumsum([0, *[tree.node_count for tree in trees[:-1]]])
        pieces = zip(trees, roots, strict=True)
        moved = [(_moved(t.children_left, at), _moved(t.children_right, at)) for t, at in pieces]
        return cls(
            np.concatenate([tree.feature for tree in trees]).astype(np.int32),
            np.concatenate([left for left, _ in moved]),
            np.concatenate([right for _, right in moved]),
            np.concatenate([tree.threshold for tree in trees]),
            np.concatenate([tree.missing_go_to_left for tree in trees]).astype(np.bool_),
            np.concatenate([_shares(tree.value[:, 0, :]) for tree in trees]),
            roots.astype(np.int32),
        )

    def predict(self, features: Floats) -> Floats:
        """Mean share of each class over the trees, shape (n_rows, n_classes)."""
        out = np.zeros((len(features), self.value.shape[1]))
        single = np.ascontiguousarray(features, dtype=np.float32)
        _answer(
            single, self.feature, self.left, self.right, self.threshold, self.missing_left,
            self.value, self.roots, out,
        )  # fmt: skip
        return out

    def to_bytes(self) -> bytes:
        """The arrays as NumPy stores them, compressed."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **vars(self))
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read `to_bytes` back; a file that holds anything but arrays is refused."""
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            forest = cls(**{name: found[name] for name in cls.__dataclass_fields__})
        forest.check()
        return forest

    def check(self) -> None:
        """Raise ValueError where a branch would lead astray: compiled code does not look."""
        n = len(self.feature)
        if {len(a) for a in (self.left, self.right, self.threshold, self.value)} != {n}:
            raise ValueError("the forest is damaged: its arrays have different lengths")
        inner = np.flatnonzero(self.left >= 0)
        onward = np.r_[self.left[inner], self.right[inner]]
        # children come after their parent, so that every walk ends
        if (onward <= np.tile(inner, 2)).any() or (np.r_[onward, self.roots] >= n).any():
            raise ValueError("the forest is damaged: a branch leads nowhere")
        if (self.feature[inner] < 0).any() or (self.roots < 0).any():
            raise ValueError("the forest is damaged: a branch asks for no feature")


def _moved(children: NDArray[np.int64], at: int) -> NDArray[np.int32]:
    return np.where(children < 0, -1, children + at).astype(np.int32)


def _shares(value: Floats) -> NDArray[np.float32]:
    return np.asarray(value / value.sum(axis=1, keepdims=True), dtype=np.float32)


@numba.njit(cache=True)
def _answer(
    features: NDArray[np.float32],
    feature: NDArray[np.int32],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    threshold: Floats,
    missing_left: NDArray[np.bool_],
    value: NDArray[np.float32],
    roots: NDArray[np.int32],
    out: Floats,
) -> None:
    for row in range(len(features)):
        for root in roots:
            node = root
            while left[node] >= 0:
                asked = features[row, feature[node]]
                goes_left = missing_left[node] if np.isnan(asked) else asked <= threshold[node]
                node = left[node] if goes_left else right[node]
            out[row] += value[node]
        out[row] /= len(roots)
