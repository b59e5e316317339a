"""HydraLightGBM: gradient-boosted trees, one model for all pairs."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hydra_quant.adapters.freqai import PanelModel
from hydra_quant.models.boosting import BASELINE, BoostedTrees
from hydra_quant.models.rows import Rows

ROWS_A_LEAF = 20  # LightGBM's own default, meant for independent rows


class HydraLightGBM(PanelModel):
    """HYDRA's LightGBM baseline on the pooled rows of all pairs.

    Parameters: the baseline's (31 leaves, rate 0.05, 100 trees, feature fraction 0.9, bagging 0.8
    every 5) with 63 bins a feature and leaves of at least 20 rows for each pair, each replaceable
    in ``freqai.model_training_parameters``. Pairs move together, so that 20 pooled rows may be
    little more than two moments: a leaf must span as much time as it would with one pair.
    """

    defaults: ClassVar[dict[str, Any]] = {**BASELINE, "max_bin": 63}

    def fit_panel(self, train: Rows, test: Rows | None, names: list[str]) -> BoostedTrees:
        """Fit the trees."""
        leaf = {"min_data_in_leaf": ROWS_A_LEAF * len(np.unique(train.pairs))}
        return BoostedTrees.fit(train, test, {**leaf, **self.parameters}, names)

    def predict_panel(self, model: Any, rows: Rows) -> NDArray[np.float64]:
        """Return predictions of shape (n_rows, n_labels)."""
        trees: BoostedTrees = model
        return trees.predict(rows.features)
