"""HydraLightGBM: gradient-boosted trees, one model for all pairs."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hydra_quant.adapters.freqai import PanelModel
from hydra_quant.models.boosting import BASELINE, BoostedTrees
from hydra_quant.models.rows import Rows


class HydraLightGBM(PanelModel):
    """HYDRA's LightGBM baseline on the pooled rows of all pairs.

    Parameters: the baseline's (31 leaves, rate 0.05, 100 trees, feature fraction 0.9, bagging 0.8
    every 5) with 63 bins a feature, each replaceable in ``freqai.model_training_parameters``.
    """

    defaults: ClassVar[dict[str, Any]] = {**BASELINE, "max_bin": 63}

    def fit_panel(self, train: Rows, test: Rows | None, names: list[str]) -> BoostedTrees:
        """Fit the trees."""
        return BoostedTrees.fit(train, test, self.parameters, names)

    def predict_panel(self, model: Any, rows: Rows) -> NDArray[np.float64]:
        """Return predictions of shape (n_rows, n_labels)."""
        trees: BoostedTrees = model
        return trees.predict(rows.features)
