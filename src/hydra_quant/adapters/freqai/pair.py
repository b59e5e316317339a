"""One model a pair: FreqAI's own plan with lean plumbing and the same predictions, bit for bit."""

import logging
import time
from abc import abstractmethod
from typing import Any

import numpy as np
import pandas as pd
from freqtrade.exceptions import OperationalException
from freqtrade.freqai.data_kitchen import FreqaiDataKitchen
from freqtrade.strategy.interface import IStrategy
from numpy.typing import NDArray

from hydra_quant.adapters.freqai import checks
from hydra_quant.adapters.freqai.answers import Answer, AnswerBook, Answers
from hydra_quant.adapters.freqai.base import HydraFreqaiModel
from hydra_quant.adapters.freqai.frames import PairFrame, complete_rows
from hydra_quant.adapters.freqai.pool import mean_and_std, usable
from hydra_quant.adapters.freqai.sieve import FilteringSieve, PlainSieve, wants_filters
from hydra_quant.adapters.freqai.trained import Trained
from hydra_quant.adapters.freqai.windows import Window
from hydra_quant.models.fingerprint import canonical, digest
from hydra_quant.models.rows import Rows
from hydra_quant.models.scaling import RangeScaler
from hydra_quant.models.store import fingerprint

logger = logging.getLogger(__name__)

Array = NDArray[np.float64]


class PairModel(HydraFreqaiModel):
    """Trains one model a pair and window.

    With ``hydra.model.purge_candles: 0`` and the same parameters, `HydraLightGBMPair` predicts
    exactly what FreqAI's ``LightGBMRegressor`` predicts. What differs on purpose: labels never
    reach beyond the window's end whatever the strategy's label does, rows at the train/test cut
    are purged, ``do_predict`` is 0 (and the prediction NaN) where a feature is missing, the last
    candle is answered, and an error in training stops the run.
    """

    @abstractmethod
    def fit_pair(self, train: Rows, test: Rows | None, names: list[str]) -> Any:
        """Fit one pair's model.

        Parameters
        ----------
        train : Rows
            Features and labels scaled to (−1, 1); weights set.
        test : Rows or None
            The later block; None when ``test_size`` is 0.
        names : list of str, n_features
        """

    @abstractmethod
    def predict_pair(self, model: Any, features: Array) -> Array:
        """Return scaled predictions of shape (n_rows, n_labels) for (n_rows, n_features)."""

    def start_backtesting(
        self,
        dataframe: pd.DataFrame,
        metadata: dict[str, Any],
        dk: FreqaiDataKitchen,
        strategy: IStrategy,
    ) -> FreqaiDataKitchen:
        """Answer every candle of one pair's backtest, window by window."""
        self.pair_it += 1
        pair = metadata["pair"]
        frame = self.frame_of(strategy, dataframe, pair, dk)
        windows = self.windows(dk, frame)
        if checks.begins_too_late(frame, windows[0]):
            raise self.late_history(frame, windows[0])
        answers = Answers(len(frame.times), frame.label_names)
        book = self.answer_book(pair, frame.label_names)
        common, begun = self.describe(frame.names, frame.label_names), time.time()
        told = strategy, frame.neutral().names, frame.label_names
        self.begin(pair, *told)
        for window in windows:
            rows = frame.rows(window.answer_start, window.answer_stop)
            if rows.start < rows.stop:
                answers.put(rows, self._answer_window(frame, window, rows, common, book))
                who = f"{pair} ({self.pair_it}/{self.total_pairs})"
                self.report(who, window, begun, rows.stop - rows.start)
        book.save()
        self.hand_back(dk, frame, answers)
        self.conclude(*told)
        return dk

    def _answer_window(
        self,
        frame: PairFrame,
        window: Window,
        rows: slice,
        common: dict[str, Any],
        book: AnswerBook,
    ) -> Answer:
        pair = frame.pair
        description = canonical(
            {
                **common,
                "window": [window.train_start, window.train_stop, window.known_until],
                "data": {pair: self.training_hash(frame, window)},
            }
        )
        description = self.made_from(pair, window, description)
        self.note(pair, window, description)
        mark = digest(fingerprint(description), frame.hash_of(rows))
        stored = self.look_up(book, pair, window, mark)
        if stored is None:
            trained = self.obtain(
                pair,
                window,
                description,
                lambda: self.train_frames({pair: frame}, window),
            )
            rows_of = frame.features[rows], frame.times[rows]
            stored = {pair: self.answer_rows(trained, *rows_of, pair)}
        book.put(window.answer_start, mark, {pair: frame.times[rows]}, stored)
        return stored[pair]

    def train_frames(self, frames: dict[str, PairFrame], window: Window) -> Trained:
        """Train on the one pair's candles in `window`."""
        (frame,) = frames.values()
        used = usable(frame, window, self.horizon)
        wanted = self.settings.min_training_rows
        if len(used) < wanted:
            raise checks.no_rows_error(frame.pair, window, len(used), wanted)
        train, test = self.split(used.astype(np.int64))
        weights = self.recency_weights(len(used))
        return self._fit_blocks(frame, used, weights, train, test)

    def _fit_blocks(
        self,
        frame: PairFrame,
        used: NDArray[np.intp],
        weights: Array,
        train: NDArray[np.intp],
        test: NDArray[np.intp],
    ) -> Trained:
        labels = rows_at(frame.labels, used[train])
        means, stds = mean_and_std(labels)
        try:
            sieve, features, scaled, kept = self._sift(
                frame.names, rows_at(frame.features, used[train]), labels, weights[train]
            )
        except ValueError as error:
            raise OperationalException(f"{frame.pair}: {error}.") from None
        target = RangeScaler.fit(scaled, drop_constant=False)
        block = self._rows(frame, used[train], features, target.apply(scaled), kept)
        checked = self._test_rows(frame, used[test], weights[test], sieve, target)
        model = self.fit_pair(block, checked, sieve.names(frame.names))
        return Trained(
            model, frame.names, frame.label_names, {"": means}, {"": stds}, sieve, target
        )

    def _test_rows(
        self,
        frame: PairFrame,
        at: NDArray[np.intp],
        weights: Array,
        sieve: PlainSieve | FilteringSieve,
        target: RangeScaler,
    ) -> Rows | None:
        """Return the test block as the model sees it, or None if there is none."""
        if not len(at):
            return None
        values, passed, _ = sieve.apply(rows_at(frame.features, at))
        labels = target.apply(rows_at(frame.labels, at))
        rows = self._rows(frame, at, values, labels, weights)
        return rows if passed.all() else rows.take(np.flatnonzero(passed))

    def _sift(
        self, names: list[str], features: Array, labels: Array, weights: Array
    ) -> tuple[PlainSieve | FilteringSieve, Array, Array, Array]:
        if wants_filters(self.ft_params):
            return FilteringSieve.fit(self.define_data_pipeline, names, features, labels, weights)
        return PlainSieve.fit(features, labels, weights)

    @staticmethod
    def _rows(
        frame: PairFrame, at: NDArray[np.intp], features: Array, labels: Array, weights: Array
    ) -> Rows:
        times = frame.times[at] if len(at) == len(features) else np.zeros(len(features), np.int64)
        pairs = np.zeros(len(features), dtype=np.int16)
        return Rows(features, labels, times, pairs, (frame.pair,), weights)

    def answer_rows(
        self, trained: Trained, features: Array, times: NDArray[np.int64], pair: str
    ) -> Answer:
        """Return predictions in the label's unit for rows of shape (n_rows, n_features)."""
        assert trained.sieve is not None
        assert trained.target is not None
        complete = complete_rows(features)
        whole = features if complete.all() else np.where(complete[:, None], features, 0.0)
        values, passed, index = trained.sieve.apply(whole)
        predictions = trained.target.undo(self.predict_pair(trained.model, values))
        predictions[~complete] = np.nan
        means, stds = trained.statistics(pair)
        return Answer(predictions, np.where(complete, passed, 0), means, stds, index)

    def learners(self, pair: str, strategy: IStrategy) -> tuple[str, list[str]]:
        """Return the pair itself: it learns from and answers no other."""
        return pair, [pair]


def rows_at(values: Array, at: NDArray[np.intp]) -> Array:
    """Return rows at ascending positions: a view where they are neighbours, as they mostly are."""
    if len(at) and at[-1] - at[0] == len(at) - 1:
        return values[at[0] : at[-1] + 1]
    return values[at]
