"""HydraSignalScorer: how likely a behavioural signal is to pay after its costs, for all pairs."""

from typing import Any

from hydra_quant.adapters.freqai import ScoringModel
from hydra_quant.heads.scorer import fit_scorer
from hydra_quant.models.rows import Rows


class HydraSignalScorer(ScoringModel):
    """XGBoost on the 49 features of signals, pooled over pairs; the rule while signals are few.

    Settings: ``hydra.scorer``; XGBoost's own parameters go into
    ``freqai.model_training_parameters``.
    """

    def fit_panel(self, train: Rows, test: Rows | None, names: list[str]) -> Any:
        """Fit the trees to past signals and calibrate them on later ones."""
        plain = [name.removeprefix("%-") for name in names]
        return fit_scorer(self.weighed(train, plain), test, plain, **self.fitting())
