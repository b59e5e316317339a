"""Backtests that name the run their models make, and runs whose models are used untrained."""

import inspect
import logging
import time
from pathlib import Path
from typing import Any

import pandas as pd
from freqtrade.freqai.data_drawer import FEATURE_PIPELINE, LABEL_PIPELINE, METADATA
from freqtrade.freqai.data_kitchen import FreqaiDataKitchen
from freqtrade.freqai.freqai_interface import IFreqaiModel
from freqtrade.strategy.interface import IStrategy

from hydra_quant.adapters.freqai.runs import Entry, Run, open_run, sha256_of
from hydra_quant.adapters.freqai.trained import Trained
from hydra_quant.adapters.freqai.windows import Window
from hydra_quant.models.fingerprint import canonical, digest
from hydra_quant.models.store import Refused, open_bundle

logger = logging.getLogger(__name__)

_FEATURE_CODE = (
    "feature_engineering_expand_all",
    "feature_engineering_expand_basic",
    "feature_engineering_standard",
    "set_freqai_targets",
)


class FrozenRuns(IFreqaiModel):
    """The part of a model that keeps to a run: it never trains while ``hydra.freeze`` is set.

    Attributes
    ----------
    frozen : Run or None
        The run whose models are used; None: models are trained.
    """

    frozen: Run | None = None

    # Given by the classes above this one.

    def describe(self, names: list[str], label_names: list[str]) -> dict[str, Any]:
        """Return everything but the data that a trained model depends on."""
        raise NotImplementedError

    def model_path(self, who: str, window: Window) -> Path:
        """Return where a window's model lies."""
        raise NotImplementedError

    def unpack(self, payload: bytes) -> Trained:
        """Return a stored model."""
        raise NotImplementedError

    def _set_statistics(self, dk: FreqaiDataKitchen, trained: Trained, pair: str) -> None:
        """Tell FreqAI means and deviations of a pair's labels."""
        raise NotImplementedError

    # --- a run that is used ----------------------------------------------------------------

    def freeze(self, asked: str | None) -> None:
        """Keep to a run, if one is asked for.

        Raises
        ------
        OperationalException
            When it is not there, was made with other settings, or one of its files is not the one
            that was backtested.
        """
        self._thawed: dict[Entry, Trained] = {}
        self._kept: dict[str, list[tuple[Window, str]]] = {}
        self._listed: Path | None = None
        if asked is None:
            return
        run = open_run(Path(self.config["user_data_dir"]) / "models", asked)
        run.check(self.describe(run.about["features"], run.about["labels"]))
        self.frozen = run
        logger.info(f"frozen: models of run {run.id} are used as they are, nothing is trained.")

    def made_from(self, who: str, window: Window, wanted: str) -> str:
        """Return what a window's model is made from: `wanted`, or what its frozen file says."""
        if self.frozen is None:
            return wanted
        return self.frozen.read(self._entry(self.frozen, who, window))[0]

    def thaw(self, who: str, window: Window) -> Trained | None:
        """Return the frozen model of a window; None where models are trained."""
        if self.frozen is None:
            return None
        return self._load(self.frozen, self._entry(self.frozen, who, window))

    @staticmethod
    def _entry(run: Run, who: str, window: Window) -> Entry:
        return run.of(who, _ends(window), window.label)

    def _load(self, run: Run, entry: Entry) -> Trained:
        if entry not in self._thawed:
            self._thawed[entry] = self.unpack(run.read(entry)[1])
        return self._thawed[entry]

    def publish_frozen(self, run: Run, who: str, pair: str, dk: FreqaiDataKitchen) -> None:
        """Hand the newest model of a run to FreqAI as this pair's, without a word on disk."""
        entry = run.newest(who)
        trained = self._load(run, entry)
        path = run.folder / entry.file
        dk.data_path, dk.model_filename = path.parent, path.stem
        self._set_statistics(dk, trained, pair)
        dk.data["training_features_list"] = trained.names
        dk.data["label_list"] = trained.label_names
        self.dd.model_dictionary[pair] = trained
        self.dd.pair_dict[pair] = {
            **self.dd.empty_pair_dict,
            "model_filename": path.stem,
            "trained_timestamp": entry.window[2],
            "data_path": str(path.parent),
        }
        self.dd.meta_data_dictionary[pair] = {
            METADATA: dict(dk.data),
            FEATURE_PIPELINE: dk.feature_pipeline,
            LABEL_PIPELINE: dk.label_pipeline,
        }
        logger.info(f"{pair}: answered by {entry.file} of run {run.id} ({entry.sha256[:12]}).")

    def start_scanning(self, *args: Any, **kwargs: Any) -> None:
        """Start FreqAI's training thread, unless a run is frozen."""
        if self.frozen is None:
            super().start_scanning(*args, **kwargs)

    def build_strategy_return_arrays(
        self, dataframe: pd.DataFrame, dk: FreqaiDataKitchen, pair: str, trained_timestamp: int
    ) -> None:
        """As FreqAI does; a frozen model does not expire, whoever froze it meant its age."""
        stamp = trained_timestamp if self.frozen is None else int(time.time())
        super().build_strategy_return_arrays(dataframe, dk, pair, stamp)

    # --- a run that is made ----------------------------------------------------------------

    def begin(self, who: str, strategy: IStrategy, names: list[str], labels: list[str]) -> None:
        """Note that a backtest of `who` begins; a frozen run must fit its features and labels."""
        if self.frozen is not None:
            self.frozen.check_strategy(feature_code(strategy))
            self.frozen.check_columns("features", names)
            self.frozen.check_columns("labels", labels)
        if who in self._kept:
            self._kept, self._listed = {}, None
        self._kept[who] = []

    def note(self, who: str, window: Window, description: str) -> None:
        """Note what a window's answers rest on."""
        self._kept[who].append((window, description))

    def conclude(self, strategy: IStrategy, names: list[str], labels: list[str]) -> None:
        """Name the run that the backtest has made so far, and list its files."""
        if self.frozen is not None or not self.save_backtest_models:
            return
        folder = Path(self.full_path)
        try:
            entries = tuple(
                _stored(folder, self.model_path(who, window), who, window, description)
                for who, kept in sorted(self._kept.items())
                for window, description in kept
            )
        except Refused as refusal:
            logger.warning(f"models of this run: no id, {refusal}.")
            return
        about = self.describe(names, labels)
        run = Run(folder, about, feature_code(strategy), entries)
        is_new = not run.path.exists()
        run.write()
        if self._listed is not None and self._listed != run.path:
            self._listed.unlink(missing_ok=True)  # of the pairs so far
        self._listed = run.path if is_new or self._listed == run.path else None
        logger.info(f"models of this run: {run.id}")


def feature_code(strategy: IStrategy) -> str:
    """Return a hash of the strategy's code for features and labels."""
    return digest(*(inspect.getsource(getattr(type(strategy), name)) for name in _FEATURE_CODE))


def _ends(window: Window) -> tuple[int, int, int]:
    return window.train_start, window.train_stop, window.known_until


def _stored(folder: Path, path: Path, who: str, window: Window, description: str) -> Entry:
    made_from, _ = open_bundle(path)
    if canonical(made_from) != description:
        raise Refused(f"{path} was made from something else")
    return Entry(who, _ends(window), path.relative_to(folder).as_posix(), sha256_of(path))
