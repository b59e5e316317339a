"""Dry-run and live: train, publish to FreqAI's drawer, never load what is stale or damaged."""

import hashlib
import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from freqtrade.configuration import TimeRange
from freqtrade.exceptions import OperationalException
from freqtrade.freqai.data_drawer import FEATURE_PIPELINE, LABEL_PIPELINE, METADATA
from freqtrade.freqai.data_kitchen import FreqaiDataKitchen
from freqtrade.strategy.interface import IStrategy
from numpy.typing import NDArray

from hydra_quant.adapters.freqai.answers import Answer
from hydra_quant.adapters.freqai.frames import (
    PairFrame,
    as_matrix,
    build_frame,
    neutral_name,
    open_times,
)
from hydra_quant.adapters.freqai.frozen import FrozenRuns, feature_code
from hydra_quant.adapters.freqai.trained import Trained
from hydra_quant.adapters.freqai.windows import Window
from hydra_quant.models.fingerprint import canonical, digest
from hydra_quant.models.store import Refused

logger = logging.getLogger(__name__)


class LiveTraining(FrozenRuns):
    """The part of a model that FreqAI's scanner thread and bot loop call."""

    horizon: int
    _verified: set[str]

    # Given by the classes above this one.

    def train_frames(self, frames: dict[str, PairFrame], window: Window) -> Trained:
        """Train on the given pairs' frames."""
        raise NotImplementedError

    def train_after(
        self, frames: dict[str, PairFrame], window: Window, before: Trained | None
    ) -> Trained:
        """Train as `train_frames`; a model that can goes on from `before`."""
        raise NotImplementedError

    def answer_rows(
        self, trained: Trained, features: NDArray[np.float64], times: NDArray[np.int64], pair: str
    ) -> Answer:
        """Answer consecutive candles of one pair."""
        raise NotImplementedError

    def explain(self, trained: Trained, folder: Path, stem: str, known_until: int) -> None:
        """Write what a user may want to know about a training beside its model."""
        raise NotImplementedError

    def learners(self, pair: str, strategy: IStrategy) -> tuple[str, list[str]]:
        """Return the name a model is stored under and the pairs it learns from and answers."""
        raise NotImplementedError

    # --- training --------------------------------------------------------------------------

    def extract_data_and_train_model(
        self,
        new_trained_timerange: TimeRange,
        pair: str,
        strategy: IStrategy,
        dk: FreqaiDataKitchen,
        data_load_timerange: TimeRange,
    ) -> None:
        """Train for `pair` (a panel: for every pair at once) and publish the model."""
        if self.frozen is not None:
            logger.info(f"{pair}: not trained, run {self.frozen.id} is frozen.")
            return
        who, pairs = self.learners(pair, strategy)
        frames = {}
        for name in pairs:
            frame = self._training_frame(name, strategy, dk, data_load_timerange)
            if frame is not None:
                frames[name] = frame
        if not frames:
            raise OperationalException(f"{who}: no candles to train on yet.")
        stop = int(new_trained_timerange.stopts)
        buffered = dk.buffer_timerange(new_trained_timerange.copy())
        known = max(int(f.times[-1]) for f in frames.values()) + 1
        window = Window(1, 1, int(buffered.startts), int(buffered.stopts), known, known, None)
        trained = self.train_after(frames, window, self._in_use(pairs))
        self._publish(who, pairs, trained, stop, dk, strategy)
        self.dd.purge_old_models()

    def _in_use(self, pairs: list[str]) -> Trained | None:
        """Return the model that a continued training starts from; None: from chance."""
        if not self.continual_learning:
            return None
        known = [p for p in pairs if p in self.dd.model_dictionary and p in self.dd.pair_dict]
        newest = max(
            known, key=lambda p: int(self.dd.pair_dict[p]["trained_timestamp"]), default=None
        )
        found: Trained | None = None if newest is None else self.dd.model_dictionary[newest]
        return found

    def _training_frame(
        self, pair: str, strategy: IStrategy, dk: FreqaiDataKitchen, timerange: TimeRange
    ) -> PairFrame | None:
        timeframe = self.config["timeframe"]
        if len(self.dd.historic_data.get(pair, {}).get(timeframe, ())) == 0:
            logger.warning(f"{pair}: no candles yet, it does not contribute to this training.")
            return None
        corr, base = self.dd.get_base_and_corr_dataframes(timerange, pair, dk)
        base = {name: _with_times(frame) for name, frame in base.items()}
        corr = {
            other: {name: _with_times(frame) for name, frame in frames.items()}
            for other, frames in corr.items()
        }
        return build_frame(
            strategy, base[timeframe], pair, dk, horizon=self.horizon, base=base, corr=corr
        ).neutral()

    def _publish(
        self,
        who: str,
        pairs: list[str],
        trained: Trained,
        stamp: int,
        dk: FreqaiDataKitchen,
        strategy: IStrategy,
    ) -> None:
        """Save the model once and hand it to every pair it answers."""
        name = who.replace("/", "_").replace(":", "_")
        dk.data_path = Path(self.full_path) / f"sub-train-{name}_{stamp}"
        dk.model_filename = f"hydra_{name.lower()}_{stamp}"
        dk.training_features_list, dk.label_list = trained.names, trained.label_names
        dk.data_dictionary = {
            "train_features": pd.DataFrame(columns=trained.names),
            "train_dates": pd.DataFrame(),
        }
        self._set_statistics(dk, trained, pairs[0])
        for pair in pairs:
            self.dd.get_pair_dict_info(pair)
        self.dd.pair_dict[pairs[0]]["trained_timestamp"] = stamp
        self.save_live(trained, pairs[0], dk)
        _seal(dk.data_path, dk.model_filename, self.live_spec(strategy))
        # after the seal: a user may do with the explanation as they like
        self.explain(trained, dk.data_path, dk.model_filename, stamp)
        for pair in pairs:
            self.dd.model_dictionary[pair] = trained
            self.dd.pair_dict[pair] = {
                **self.dd.empty_pair_dict,
                "model_filename": dk.model_filename,
                "trained_timestamp": stamp,
                "data_path": str(dk.data_path),
            }
            self.dd.meta_data_dictionary[pair] = {
                METADATA: dict(dk.data),
                FEATURE_PIPELINE: dk.feature_pipeline,
                LABEL_PIPELINE: dk.label_pipeline,
            }
            self._verified.add(pair)
        self.dd.save_drawer_to_disk()
        logger.info(
            f"{who}: model of {len(pairs)} pair(s) trained and saved in {dk.data_path.name}."
        )

    def save_live(self, trained: Trained, pair: str, dk: FreqaiDataKitchen) -> None:
        """Save the model and what belongs to it, as FreqAI does."""
        self.dd.save_data(trained, pair, dk)

    def load_live(self, pair: str, path: Path) -> None:
        """Load a saved model that has been found whole: left to FreqAI.

        Parameters
        ----------
        pair : whom it answers
        path : folder and beginning of the name of its files
        """

    def _set_statistics(self, dk: FreqaiDataKitchen, trained: Trained, pair: str) -> None:
        means, stds = trained.statistics(pair)
        dk.data["labels_mean"] = dict(zip(trained.label_names, means.tolist(), strict=True))
        dk.data["labels_std"] = dict(zip(trained.label_names, stds.tolist(), strict=True))

    # --- answering -------------------------------------------------------------------------

    def start_live(
        self,
        dataframe: pd.DataFrame,
        metadata: dict[str, Any],
        strategy: IStrategy,
        dk: FreqaiDataKitchen,
    ) -> FreqaiDataKitchen:
        """Refuse a stale or damaged saved model first (or take the frozen one); then as FreqAI."""
        pair = metadata["pair"]
        if self.frozen is None:
            self._verify(pair, strategy)
        elif pair not in self._verified:
            self.frozen.check_strategy(feature_code(strategy))
            self.publish_frozen(self.frozen, self.learners(pair, strategy)[0], pair, dk)
            self._verified.add(pair)
        return super().start_live(dataframe, metadata, strategy, dk)

    def predict(
        self, unfiltered_df: pd.DataFrame, dk: FreqaiDataKitchen, **kwargs: Any
    ) -> tuple[pd.DataFrame, NDArray[np.int_]]:
        """Answer the given candles of ``dk.pair`` with the loaded model.

        Returns
        -------
        predictions : pd.DataFrame, one column a label, rows as in `unfiltered_df`
            NaN where a feature is missing.
        do_predict : NDArray of int, 1 where answered
        """
        trained: Trained = self.model
        self._check_columns(unfiltered_df, dk.pair)
        features = _features(unfiltered_df, trained, dk.pair)
        answer = self.answer_rows(trained, features, open_times(unfiltered_df), dk.pair)
        dk.DI_values, dk.do_predict = answer.outlier_index, answer.do_predict
        dk.label_list, dk.training_features_list = trained.label_names, trained.names
        self._set_statistics(dk, trained, dk.pair)
        health = {f"health_{name}": value for name, value in answer.health.items()}
        dk.data["extra_returns_per_train"] = {
            **dk.data.get("extra_returns_per_train", {}),
            **health,
        }
        self._make_room(dk.pair, health)
        return pd.DataFrame(answer.predictions, columns=trained.label_names), answer.do_predict

    def _check_columns(self, dataframe: pd.DataFrame, pair: str) -> None:
        if self.frozen is not None:
            names = [neutral_name(str(c), pair) for c in dataframe.columns if "%" in str(c)]
            self.frozen.check_columns("features", names)

    def _make_room(self, pair: str, columns: Iterable[str]) -> None:
        """Add columns that predictions kept from an earlier model lack: FreqAI only fills them."""
        kept = self.dd.historic_predictions.get(pair)
        if kept is not None:
            for name in columns:
                if name not in kept:
                    kept[name] = np.nan

    def train(
        self, unfiltered_df: pd.DataFrame, pair: str, dk: FreqaiDataKitchen, **kwargs: Any
    ) -> Any:
        """Not used: training starts in `extract_data_and_train_model` and `start_backtesting`."""
        raise OperationalException(
            "HYDRA's models train on arrays; call extract_data_and_train_model."
        )

    def fit(self, data_dictionary: dict[str, Any], dk: FreqaiDataKitchen, **kwargs: Any) -> Any:
        """Not used: see `train`."""
        raise OperationalException("HYDRA's models are fitted through fit_pair or fit_panel.")

    # --- stale or damaged files ------------------------------------------------------------

    def live_spec(self, strategy: IStrategy) -> str:
        """Return a hash of what a saved live model depends on besides its data."""
        return digest(canonical(self.describe([], [])), feature_code(strategy))

    def _verify(self, pair: str, strategy: IStrategy) -> None:
        if pair in self._verified:
            return
        self._verified.add(pair)
        known = self.dd.pair_dict.get(pair)
        if not known or not known["model_filename"]:
            return
        folder, name = Path(known["data_path"]), known["model_filename"]
        reason = _why_refused(folder, name, self.live_spec(strategy))
        if not reason:
            try:
                self.load_live(pair, folder / name)
            except (Refused, OSError) as error:
                reason = str(error)
        if reason:
            logger.warning(f"{pair}: saved model refused, {reason}; training again.")
            self.dd.pair_dict[pair] = self.dd.empty_pair_dict.copy()

    @staticmethod
    def set_aside_damaged_files(config: dict[str, Any]) -> None:
        """Rename the drawer's JSON files that cannot be read, so that FreqAI starts afresh."""
        identifier = str(config.get("freqai", {}).get("identifier", "no_id_provided"))
        folder = Path(config["user_data_dir"]) / "models" / identifier
        for name in ("pair_dictionary.json", "global_metadata.json"):
            path = folder / name
            if not path.is_file():
                continue
            try:
                readable = isinstance(json.loads(path.read_text()), dict)
            except ValueError:
                readable = False
            if not readable:
                path.replace(path.with_suffix(".damaged"))
                logger.warning(
                    f"{path} is damaged: set aside as {name[:-5]}.damaged, starting afresh."
                )


def _with_times(frame: pd.DataFrame) -> pd.DataFrame:
    """Return candles whose dates are times again.

    FreqAI joins candles from disk with those that arrive; their two notions of UTC differ, and
    pandas then keeps single objects instead of a column of times.
    """
    if frame["date"].dtype != object:
        return frame
    return frame.assign(date=pd.to_datetime(frame["date"], utc=True))


def _features(dataframe: pd.DataFrame, trained: Trained, pair: str) -> NDArray[np.float64]:
    cleaned = dataframe.rename(columns=lambda c: neutral_name(str(c), pair))
    names = [neutral_name(name, pair) for name in trained.names]
    missing = [name for name in names if name not in cleaned.columns]
    if missing:
        raise OperationalException(
            f"{pair}: the strategy no longer gives {len(missing)} feature(s) the saved model was "
            f"trained on ({', '.join(missing[:3])}). Change freqai.identifier or restore them."
        )
    return as_matrix(cleaned, names)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sealed_files(folder: Path, name: str) -> list[Path]:
    return sorted(p for p in folder.glob(f"{name}_*") if p.name != f"{name}_hydra.json")


def _seal(folder: Path, name: str, spec: str) -> None:
    """Write what the saved files were made from and their checksums beside them."""
    files = {path.name: _sha256(path) for path in _sealed_files(folder, name)}
    (folder / f"{name}_hydra.json").write_text(json.dumps({"spec": spec, "files": files}))


def _why_refused(folder: Path, name: str, spec: str) -> str | None:
    """Return why a saved model must not be used, or None."""
    try:
        seal = json.loads((folder / f"{name}_hydra.json").read_text())
        files: dict[str, str] = seal["files"]
    except (OSError, ValueError, KeyError):
        return f"{folder.name} has no readable seal"
    if seal.get("spec") != spec:
        return "features, labels, parameters, code or package versions have changed since"
    for file, checksum in files.items():
        if not (folder / file).is_file() or _sha256(folder / file) != checksum:
            return f"{file} is damaged or missing"
    return None
