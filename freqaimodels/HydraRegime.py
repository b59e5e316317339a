"""HydraRegime: which of seven regimes the market goes into, one classifier for all pairs."""

from typing import Any, ClassVar

import numpy as np
from freqtrade.exceptions import OperationalException
from numpy.typing import NDArray

from hydra_quant.adapters.freqai import PanelModel
from hydra_quant.heads.boosted import BOOSTED
from hydra_quant.heads.forest import DEFAULTS
from hydra_quant.heads.regime import Later, RegimeModel
from hydra_quant.heads.regime_features import NAMES, usable
from hydra_quant.labels.regimes import REGIMES, window_candles
from hydra_quant.models.rows import Rows
from hydra_quant.models.xgb import parameters

FEATURES = [f"%-{name}" for name in NAMES]
LABELS = [f"&-regime_{name}" for name in REGIMES]
FOREST = {*DEFAULTS, "max_features", "max_samples", "min_samples_split", "criterion"}


class HydraRegime(PanelModel):
    """A random forest (or XGBoost) on the 25 features of HydraStrategy, missing ones as they are.

    Labels are one column a regime (``&-regime_<name>``, 1 or 0); so are predictions, which say what
    the features speak for with all regimes equally likely beforehand. A window purges by the length
    of the labelled window. Settings: ``hydra.regimes``; the classifier's own parameters go into
    ``freqai.model_training_parameters``.
    """

    head: ClassVar[str] = "regime"
    selects: ClassVar[bool] = False
    sections: ClassVar[tuple[str, ...]] = ("signals", "regimes")

    def resolved_parameters(self) -> dict[str, Any]:
        """Return the classifier's parameters: the user's over the defaults."""
        chosen = dict(self.model_training_parameters)
        if self.hydra.regimes.classifier == "xgboost":
            try:
                return parameters(chosen, BOOSTED, self.settings.seed)
            except ValueError as error:
                raise OperationalException(f"freqai.model_training_parameters: {error}") from None
        if unknown := sorted({*chosen} - FOREST):
            raise OperationalException(
                f"freqai.model_training_parameters: {unknown[0]!r} is not among the forest's "
                f"{', '.join(sorted(FOREST))}; remove it"
            )
        return {**DEFAULTS, **chosen}

    def label_reach(self) -> int:
        """Return the candles of the next window (the same window's label reads none)."""
        return window_candles(self.base_tf_seconds // 60, self.hydra.regimes)

    def fit_rows(self, features: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Rows whose volatility is known."""
        if features.shape[1] != len(NAMES):
            raise OperationalException(
                f"{type(self).__name__} reads the {len(NAMES)} features of HydraStrategy; this "
                f"strategy gives {features.shape[1]}."
            )
        return usable(features)

    def fit_panel(self, train: Rows, test: Rows | None, names: list[str]) -> RegimeModel:
        """Fit the classifier, and tell its health from the test block."""
        later = None if test is None else Later(test.features, _codes(test))
        return RegimeModel.fit(
            train.features,
            _codes(train),
            names,
            self.hydra.regimes,
            seed=self.settings.seed,
            later=later,
            params=self.parameters,
        )

    def predict_panel(self, model: Any, rows: Rows) -> NDArray[np.float64]:
        """Return how likely each regime is, shape (n_rows, 7)."""
        told: RegimeModel = model
        return told.predict(rows.features)

    def health_of(self, model: Any) -> dict[str, float]:
        """Return the training's figures, for FreqUI; the same names from every training."""
        known = dict.fromkeys(("macro_f1", "accuracy", "n_later"), np.nan)
        return known | dict(model.health)


def _codes(rows: Rows) -> NDArray[np.int64]:
    """Labels of shape (n_rows,) from one column a regime."""
    return np.asarray(rows.labels.argmax(axis=1), dtype=np.int64)
