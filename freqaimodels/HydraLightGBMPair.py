"""HydraLightGBMPair: gradient-boosted trees, one model a pair."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra_quant.adapters.freqai import PairModel
from hydra_quant.models.boosting import BoostedTrees
from hydra_quant.models.rows import Rows


class HydraLightGBMPair(PairModel):
    """HYDRA's LightGBM baseline, one model a pair.

    The model to use with ``freqtrade lookahead-analysis``, which looks at one pair at a time.
    Parameters: the baseline's (31 leaves, rate 0.05, 100 trees, feature fraction 0.9, bagging 0.8
    every 5), each replaceable in ``freqai.model_training_parameters``.
    """

    def fit_pair(self, train: Rows, test: Rows | None, names: list[str]) -> BoostedTrees:
        """Fit the trees."""
        return BoostedTrees.fit(train, test, self.parameters, names)

    def predict_pair(self, model: Any, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return scaled predictions of shape (n_rows, n_labels)."""
        trees: BoostedTrees = model
        return trees.predict(features)
