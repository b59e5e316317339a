"""What both kinds of model share: settings, fingerprints, stored models, the frame handed back."""

import inspect
import logging
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from freqtrade.exceptions import OperationalException
from freqtrade.freqai.data_kitchen import FreqaiDataKitchen
from freqtrade.freqai.freqai_interface import IFreqaiModel
from freqtrade.strategy.interface import IStrategy
from numpy.typing import NDArray

import hydra_quant.models
from hydra_quant.adapters.freqai import checks
from hydra_quant.adapters.freqai.answers import Answer, AnswerBook, Answers, attach
from hydra_quant.adapters.freqai.frames import PairFrame, build_frame
from hydra_quant.adapters.freqai.live import LiveTraining
from hydra_quant.adapters.freqai.sieve import FILTER_KEYS
from hydra_quant.adapters.freqai.trained import Trained
from hydra_quant.adapters.freqai.windows import Window, list_windows
from hydra_quant.adapters.parsing import parse_settings
from hydra_quant.models.boosting import BASELINE, parameters
from hydra_quant.models.fingerprint import code_digest, digest, versions
from hydra_quant.models.splitting import purged_split
from hydra_quant.models.store import Refused, read_bundle, write_bundle

logger = logging.getLogger(__name__)

_LIBRARY = Path(hydra_quant.models.__file__).parents[1]
# What a prediction goes through: from the memory's columns to the trees.
_ROOMS = tuple(
    _LIBRARY / room
    for room in (
        "features",
        "models",
        "adapters/freqai",
        "positioning",
        "regimes",
        "signals",
        "labels",
        "heads",
    )
)
_PACKAGES = (
    *("hydra-quant", "freqtrade", "lightgbm", "xgboost", "numpy", "pandas", "scikit-learn"),
    *("datasieve", "torch", "torch-geometric", "tigramite"),
)
# feature_parameters that shape the training rows beyond what the data's own hash shows.
_ROW_KEYS = (*FILTER_KEYS, "weight_factor", "reverse_train_test_order", "svm_params")


class HydraFreqaiModel(LiveTraining, IFreqaiModel):
    """Base of `PairModel` and `PanelModel`.

    Attributes
    ----------
    defaults : dict
        LightGBM parameters used where ``freqai.model_training_parameters`` says nothing. Models of
        another kind override `resolved_parameters` instead.
    head : str
        What the strategy teaches: a ``"return"``, the ``"score"`` of signals, a ``"regime"`` or a
        ``"direction"`` (return, rise and range).
    sections : tuple of str
        Sections of HYDRA's settings that features or labels of this head depend on.
    continues : bool
        Whether a training can go on from an earlier one (``freqai.continual_learning``).
    selects : bool
        Whether features can be chosen for it causally (``hydra.causal``).
    """

    defaults: dict[str, Any] = BASELINE
    head: ClassVar[str] = "return"
    sections: ClassVar[tuple[str, ...]] = ()
    continues: ClassVar[bool] = False
    selects: ClassVar[bool] = False

    def __init__(self, config: dict[str, Any]) -> None:
        checks.check_freqai(config.get("freqai", {}), type(self).__name__, self.continues)
        self.set_aside_damaged_files(config)
        super().__init__(config)
        self.hydra = parse_settings(config)
        self.settings = self.hydra.model
        self.horizon: int = self.label_reach()
        self.purge: int = (
            self.horizon if self.settings.purge_candles is None else self.settings.purge_candles
        )
        self.parameters = self.resolved_parameters()
        self._verified: set[str] = set()
        checks.check_causal(self.hydra.causal.enabled, type(self).__name__, self.selects)
        self.freeze(self.hydra.freeze)

    def train_after(
        self, frames: dict[str, PairFrame], window: Window, before: Trained | None
    ) -> Trained:
        """Train as `train_frames`: this model does not go on from another."""
        return self.train_frames(frames, window)

    def label_reach(self) -> int:
        """How many candles after its own a label may read: ``label_period_candles``."""
        return int(self.ft_params["label_period_candles"])

    def explain(self, trained: Trained, folder: Path, stem: str, known_until: int) -> None:
        """Write what a user may want to know about a training beside its model: nothing.

        Parameters
        ----------
        trained : Trained
        folder, stem : where the model lies, and the beginning of its name
        known_until : end of what it knew, seconds since 1970 UTC
        """

    def resolved_parameters(self) -> dict[str, Any]:
        """Return the model's parameters: the user's over the defaults, with seed and threads."""
        try:
            return parameters(self.model_training_parameters, self.defaults, self.settings.seed)
        except ValueError as error:
            raise OperationalException(f"freqai.model_training_parameters: {error}") from None

    # --- what a result depends on ----------------------------------------------------------

    def describe(self, names: list[str], label_names: list[str]) -> dict[str, Any]:
        """Return everything but the data that a trained model depends on, JSON-able.

        The number of threads is left out: it does not change the trees.
        """
        split = {k: v for k, v in self.data_split_parameters.items() if k != "shuffle"}
        return {
            "model": type(self).__qualname__,
            "model_code": _source_digest(type(self)),
            "code": digest(*(code_digest(room) for room in _ROOMS)),
            "versions": versions(_PACKAGES),
            "parameters": {k: v for k, v in self.parameters.items() if k != "num_threads"},
            "seed": self.settings.seed,
            "continual_learning": bool(self.continual_learning),
            "causal": self.hydra.causal.model_dump() if self.hydra.causal.enabled else None,
            "features": names,
            "labels": label_names,
            "label_period_candles": self.horizon,
            "purge_candles": self.purge,
            "embargo_candles": self.settings.embargo_candles,
            "min_training_rows": self.settings.min_training_rows,
            "data_split_parameters": split,
            "feature_parameters": {key: self.ft_params.get(key) for key in _ROW_KEYS},
            "timeframe": self.config["timeframe"],
            "settings": {
                name: getattr(self.hydra, name).model_dump(mode="json") for name in self.sections
            },
        }

    # --- rows ------------------------------------------------------------------------------

    def split(self, candles: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the row numbers of the training and the test block (see `purged_split`)."""
        return purged_split(
            candles,
            self.data_split_parameters,
            purge=self.purge,
            embargo=self.settings.embargo_candles,
            test_first=bool(self.ft_params.get("reverse_train_test_order", False)),
        )

    def recency_weights(self, n_rows: int) -> NDArray[np.float64]:
        """Return FreqAI's sample weights: ones, or by ``weight_factor`` more for later rows."""
        factor = self.ft_params.get("weight_factor", 0)
        if factor <= 0:
            return np.ones(n_rows)
        weights: NDArray[np.float64] = np.exp(-np.arange(n_rows) / (factor * n_rows))[::-1]
        return weights

    # --- backtest --------------------------------------------------------------------------

    def frame_of(
        self,
        strategy: IStrategy,
        dataframe: pd.DataFrame,
        pair: str,
        dk: FreqaiDataKitchen,
    ) -> PairFrame:
        """Return one pair's features and labels over the whole frame (see `build_frame`)."""
        return build_frame(strategy, dataframe, pair, dk, horizon=self.horizon)

    def windows(self, dk: FreqaiDataKitchen, frame: PairFrame) -> list[Window]:
        """Return the windows of this backtest."""
        buffer = int(self.ft_params.get("buffer_train_data_candles", 0)) * self.base_tf_seconds
        return list_windows(dk, int(frame.times[-1]), buffer)

    def training_hash(self, frame: PairFrame, window: Window) -> str:
        """Return a hash of a pair's candles to learn from: features, and labels known in time."""
        learned = frame.rows(window.train_start, window.train_stop)
        return frame.hash_of(learned, frame.position(window.known_until) - self.horizon)

    def late_history(self, frame: PairFrame, window: Window) -> OperationalException:
        """Return the error for a pair whose candles begin after the first training window."""
        return checks.late_history_error(
            frame,
            window,
            timeframe=self.config["timeframe"],
            bar=self.base_tf_seconds,
            startup=int(self.config.get("startup_candle_count", 0)),
            length_days=self.freqai_info["train_period_days"],
        )

    def hand_back(self, dk: FreqaiDataKitchen, frame: PairFrame, answers: Answers) -> None:
        """Give the strategy its frame with the answers beside it."""
        dk.label_list, dk.training_features_list = frame.label_names, frame.names
        extra = dk.data["extra_returns_per_train"]
        columns = answers.columns(bool(self.ft_params.get("DI_threshold", 0)), extra)
        if self.freqai_info.get("fit_live_predictions_candles", 0):
            columns = self._with_running_statistics(dk, columns)
        dk.return_dataframe = attach(frame.plain, columns)

    def _with_running_statistics(
        self, dk: FreqaiDataKitchen, columns: pd.DataFrame
    ) -> pd.DataFrame:
        """Let FreqAI replace means and deviations by those of the latest predictions."""
        dk.full_df = columns.fillna(0.0)
        dk.data.setdefault("labels_mean", {})
        dk.data.setdefault("labels_std", {})
        self.backtesting_fit_live_predictions(dk)
        statistics = [c for c in dk.full_df.columns if c.endswith(("_mean", "_std"))]
        columns[statistics] = dk.full_df[statistics]
        dk.full_df = pd.DataFrame()
        return columns

    # --- stored models and answers ---------------------------------------------------------

    def model_path(self, who: str, window: Window) -> Path:
        """Return where a window's model lies: the whole pair is in the name, not its base only."""
        folder = Path(self.full_path) / "backtesting_models"
        return folder / f"{slug(who)}_{window.known_until}.hydra"

    def obtain(
        self,
        who: str,
        window: Window,
        description: str,
        train: Callable[[], Trained],
    ) -> Trained:
        """Return the stored model if it was made from `description`, else train and store one.

        Whatever goes wrong in training stops the run: a backtest of models that do not exist would
        look like one of models that never see a reason to trade.
        """
        if (frozen := self.thaw(who, window)) is not None:
            return frozen
        path = self.model_path(who, window)
        try:
            stored = read_bundle(path, description)
            found = None if stored is None else self.unpack(stored)
        except Refused as refusal:
            logger.warning(f"{who}, window {window.label}: {refusal}; training again.")
            found = None
        if found is not None:
            logger.info(f"{who}, window {window.label}: saved model reused.")
            return found
        trained = train()
        if self.save_backtest_models:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bundle(path, self.pack(trained), description)
            self.explain(trained, path.parent, path.stem, window.known_until)
        return trained

    def pack(self, trained: Trained) -> bytes:
        """Return a trained model as it is stored in a bundle, whose checksum guards it."""
        return pickle.dumps(trained)

    def unpack(self, payload: bytes) -> Trained:
        """Return what `pack` was given.

        Raises
        ------
        Refused
            When it is of another kind.
        """
        found: Trained = pickle.loads(payload)
        return found

    def answer_book(self, who: str, label_names: list[str]) -> AnswerBook:
        """Return the stored answers of `who` (a pair or the panel), empty if they are damaged."""
        folder = Path(self.full_path) / "backtesting_predictions"
        book = AnswerBook(folder / f"hydra_{slug(who)}_predictions.feather", label_names)
        try:
            book.load()
        except Refused as refusal:
            logger.warning(f"{who}: {refusal}; predicting again.")
        return book

    def look_up(
        self, book: AnswerBook, who: str, window: Window, mark: str
    ) -> dict[str, Answer] | None:
        """Return a window's stored answers by pair, or None if they must be made (again)."""
        try:
            return book.find(window.answer_start, mark)
        except Refused as refusal:
            logger.warning(f"{who}, window {window.label}: {refusal}; predicting again.")
            return None

    # --- progress --------------------------------------------------------------------------

    def report(self, who: str, window: Window, begun: float, rows: int) -> None:
        """Log how far the windows are and how long the rest will take."""
        left = (time.time() - begun) / window.number * (window.count - window.number)
        logger.info(
            f"{who}: window {window.number}/{window.count} learned from {window.label}, "
            f"answered {rows} candles; about {left:.0f} s left"
        )


def slug(who: str) -> str:
    """Return a pair as a file name that no other pair shares (BTC/USDT:USDT → BTC_USDT_USDT)."""
    return who.replace("/", "_").replace(":", "_")


def _source_digest(model: type) -> str:
    """Return a hash of the file that defines the model class and of its name."""
    path = getattr(model, "__file__", None)
    if path is None:
        try:
            path = inspect.getsourcefile(model)
        except (TypeError, OSError):
            path = None
    return digest(model.__qualname__, Path(path).read_bytes() if path else b"")
