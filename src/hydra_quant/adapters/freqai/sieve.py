"""Feature scaling and FreqAI's optional outlier filters, on arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from datasieve.pipeline import Pipeline
from numpy.typing import NDArray

from hydra_quant.models.scaling import RangeScaler

# feature_parameters that ask FreqAI for more than constant filter and scaling.
FILTER_KEYS = (
    "principal_component_analysis",
    "use_SVM_to_remove_outliers",
    "DI_threshold",
    "use_DBSCAN_to_remove_outliers",
    "noise_standard_deviation",
)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PlainSieve:
    """Constant columns out, the rest to (−1, 1): what FreqAI does unless told more."""

    scaler: RangeScaler

    @classmethod
    def fit(
        cls, features: Array, labels: Array, weights: Array
    ) -> tuple[Self, Array, Array, Array]:
        """Return the fitted sieve and the scaled features, labels and weights it lets through."""
        scaler = RangeScaler.fit(features)
        return cls(scaler), scaler.apply(features), labels, weights

    def apply(self, features: Array) -> tuple[Array, NDArray[np.int64], Array]:
        """Return scaled features, 1 for each row let through, and zeros for the outlier index."""
        n_rows = len(features)
        return self.scaler.apply(features), np.ones(n_rows, dtype=np.int64), np.zeros(n_rows)

    def names(self, names: list[str]) -> list[str]:
        """Return the names of the columns that come out."""
        return [name for name, kept in zip(names, self.scaler.kept, strict=True) if kept]


@dataclass(frozen=True)
class FilteringSieve:
    """FreqAI's own datasieve pipeline with the filters the user asked for."""

    pipeline: Pipeline
    given: list[str]
    width: int

    @classmethod
    def fit(
        cls,
        define: Callable[[], Pipeline],
        names: list[str],
        features: Array,
        labels: Array,
        weights: Array,
    ) -> tuple[Self, Array, Array, Array]:
        """Return the fitted pipeline and what it lets through (rows may be fewer)."""
        pipeline = define()
        # datasieve's constant filter works on named columns only
        found, kept, weights = pipeline.fit_transform(
            pd.DataFrame(features, columns=names), pd.DataFrame(labels), weights
        )
        values, labels = found.to_numpy(np.float64), kept.to_numpy(np.float64)
        return cls(pipeline, names, values.shape[1]), values, labels, weights

    def apply(self, features: Array) -> tuple[Array, NDArray[np.int64], Array]:
        """Return filtered features, 1 for each row let through, and the outlier index."""
        frame = pd.DataFrame(features, columns=self.given)
        values, passed, _ = self.pipeline.transform(frame, outlier_check=True)
        index = np.zeros(len(features))
        if "di" in self.pipeline:
            index = np.asarray(self.pipeline["di"].di_values, dtype=np.float64)
        return values.to_numpy(np.float64), np.asarray(passed, dtype=np.int64), index

    def names(self, names: list[str]) -> list[str]:
        """Return neutral names: principal components have none of their own."""
        return [f"column_{number}" for number in range(self.width)]


def wants_filters(feature_parameters: dict[str, Any]) -> bool:
    """Return whether any of FreqAI's optional filters is switched on."""
    return any(feature_parameters.get(key) for key in FILTER_KEYS)
