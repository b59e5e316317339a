"""A panel that scores signals: rows without a signal neither teach nor are answered."""

from abc import abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from freqtrade.exceptions import OperationalException
from numpy.typing import NDArray

from hydra_quant.adapters.freqai.frames import PairFrame
from hydra_quant.adapters.freqai.panel import PanelModel
from hydra_quant.adapters.freqai.pool import pool
from hydra_quant.adapters.freqai.trained import Trained
from hydra_quant.adapters.freqai.windows import Window
from hydra_quant.heads.explain import write_explanation, write_tensorboard
from hydra_quant.heads.scorer import DEFAULTS
from hydra_quant.heads.scorer_features import AT, NAMES
from hydra_quant.heads.scorer_health import unknown
from hydra_quant.heads.scorer_rule import RuleScorer
from hydra_quant.heads.scorer_spans import Spans
from hydra_quant.models.rows import Rows
from hydra_quant.models.xgb import parameters

FEATURES = [f"%-{name}" for name in NAMES]
HOUR = 3600


class ScoringModel(PanelModel):
    """Base of signal scorers.

    The strategy teaches ``&-profitable``: 1 where a signal's trade paid after all costs, 0 where it
    did not, NaN where there is no signal. Missing features stay missing. A window purges by the
    longest time that a signal is held, whatever ``label_period_candles`` says. While signals are
    few the rule scores, and ``health_by_model`` is 0.
    """

    head: ClassVar[str] = "score"
    selects: ClassVar[bool] = False
    sections: ClassVar[tuple[str, ...]] = ("signals", "regimes", "scorer", "gates")

    @abstractmethod
    def fit_panel(self, train: Rows, test: Rows | None, names: list[str]) -> Any:
        """Fit a scorer: an object with ``predict``, ``health``, ``explanation``, ``why``."""

    def predict_panel(self, model: Any, rows: Rows) -> NDArray[np.float64]:
        """Return the probability that each signal pays, shape (n_rows, 1)."""
        score: NDArray[np.float64] = model.predict(rows.features)
        return score[:, None]

    def weighed(self, rows: Rows, names: list[str]) -> Rows:
        """Return the rows with FreqAI's recency weights, if any, times their uniqueness.

        Parameters
        ----------
        rows : Rows
        names : features, without ``%-``
        """
        if rows.weights is None:
            return rows  # the scorer weighs by uniqueness itself
        minutes = self.hydra.signals.holding_minutes
        own = Spans.of(names, self.base_tf_seconds, minutes).weights(rows)
        return replace(rows, weights=rows.weights * own)

    def fitting(self) -> dict[str, Any]:
        """What `fit_scorer` wants besides rows and names."""
        return {
            "settings": self.hydra.scorer,
            "seed": self.settings.seed,
            "params": self.model_training_parameters,
            "candle_seconds": self.base_tf_seconds,
            "holding_minutes": self.hydra.signals.holding_minutes,
        }

    def resolved_parameters(self) -> dict[str, Any]:
        """Return XGBoost's parameters: the user's over the defaults."""
        try:
            return parameters(self.model_training_parameters, DEFAULTS, self.settings.seed)
        except ValueError as error:
            raise OperationalException(f"freqai.model_training_parameters: {error}") from None

    def label_reach(self) -> int:
        """Return the longest holding time in candles, and the one candle until it begins."""
        longest = max(self.hydra.signals.holding_minutes.values())
        return max(1, longest * 60 // self.base_tf_seconds) + 1

    def fit_rows(self, features: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Rows with a signal."""
        return np.abs(features[:, AT["signal_direction"]]) == 1  # a NaN is no signal

    def health_of(self, model: Any) -> dict[str, float]:
        """Return the training's figures, for FreqUI."""
        return dict(model.health)

    def train_frames(self, frames: dict[str, PairFrame], window: Window) -> Trained:
        """Train on the pooled signals of `frames`; with hardly any, the rule it is."""
        first = next(iter(frames.values()))
        if first.names != FEATURES:
            raise OperationalException(
                f"{type(self).__name__} scores the signals of HydraStrategy; this strategy gives "
                f"{len(first.names)} features, the first of them {first.names[0]!r}."
            )
        rows = pool(frames, window, self.horizon, self.fit_rows)
        found, least = self._teaching(rows), self.settings.min_training_rows
        if found >= least:
            return super().train_frames(frames, window)
        why = f"{found} past signals with known outcome before the test block, {least} are wanted"
        known = {"by_model": 0.0, "calibrated": 0.0, "trees": 0.0, "n_train": float(found)}
        rule = RuleScorer(f"{why} (hydra.model.min_training_rows)", unknown() | known)
        none = {"": np.full(len(first.label_names), np.nan)}
        names = first.names, first.label_names
        return Trained(rule, *names, none, none, None, None, self.health_of(rule))

    def _teaching(self, rows: Rows) -> int:
        """How many rows are left to learn from when the test block is cut off and purged."""
        try:
            train, _ = self.split(rows.times // self.base_tf_seconds)
        except ValueError:  # too few moments for two blocks
            return 0
        return len(train)

    def explain(self, trained: Trained, folder: Path, stem: str, known_until: int) -> None:
        """Write what the training rests on beside the model, and to TensorBoard if it is on."""
        scorer = trained.model
        write_explanation(folder, stem, scorer.health, scorer.explanation, scorer.why)
        if self.freqai_info.get("activate_tensorboard", False):
            board = Path(self.full_path) / "tensorboard" / type(self).__name__
            write_tensorboard(board, known_until // HOUR, scorer.health, scorer.explanation)
