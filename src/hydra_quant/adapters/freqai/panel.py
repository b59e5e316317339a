"""One model for all pairs: trained once a window on pooled rows, then asked for each pair."""

import logging
import time
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
from freqtrade.exceptions import OperationalException
from freqtrade.freqai.data_kitchen import FreqaiDataKitchen
from freqtrade.strategy.interface import IStrategy
from numpy.typing import NDArray

from hydra_quant.adapters.freqai import checks
from hydra_quant.adapters.freqai.answers import Answer, AnswerBook, Answers
from hydra_quant.adapters.freqai.base import HydraFreqaiModel
from hydra_quant.adapters.freqai.causal import Search, chosen
from hydra_quant.adapters.freqai.frames import PairFrame, candle_hash, complete_rows
from hydra_quant.adapters.freqai.pool import agreeing, asked_rows, pool, scatter, statistics
from hydra_quant.adapters.freqai.sieve import FILTER_KEYS, wants_filters
from hydra_quant.adapters.freqai.trained import Trained
from hydra_quant.adapters.freqai.windows import Window, day
from hydra_quant.models.causal import Selection, write_network
from hydra_quant.models.fingerprint import canonical, digest
from hydra_quant.models.rows import Rows
from hydra_quant.models.store import fingerprint

logger = logging.getLogger(__name__)

PANEL = "PANEL"


@dataclass(frozen=True)
class Solved:
    """One backtest of the whole panel: everything later pairs are answered from.

    Attributes
    ----------
    key : tuple of str
        Timerange and universe it was made for.
    candles : dict of str to str
        Hash of each pair's candles.
    frames : dict of str to PairFrame
        Without their arrays.
    answers : dict of str to Answers
    """

    key: tuple[str, ...]
    candles: dict[str, str]
    frames: dict[str, PairFrame]
    answers: dict[str, Answers]


class Before(NamedTuple):
    """The model of the window before: the hash of what it is made from, and how to get it."""

    mark: str
    trained: Callable[[], Trained]


class PanelModel(HydraFreqaiModel):
    """Trains one model a window on the rows of every pair, and answers each pair from it.

    The universe is ``hydra.model.panel_pairs``, or the whitelist, sorted and frozen for the run. A
    pair without usable rows in a window does not contribute to it, and is answered all the same.
    Features should mean the same for every pair (free of price scale). They are computed from
    freqtrade's own candles by the strategy's feature_engineering functions: columns that
    ``populate_indicators`` adds before calling FreqAI exist for the pair in hand only.

    Under ``freqtrade lookahead-analysis``, which reduces the whitelist to one pair, set
    ``panel_pairs``: a pool that changes with the whitelist changes every prediction.
    """

    selects: ClassVar[bool] = True

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        if wants_filters(self.ft_params):
            raise OperationalException(
                "freqai.feature_parameters: a panel model takes features as they are; remove "
                f"{', '.join(key for key in FILTER_KEYS if self.ft_params.get(key))}."
            )
        self._solved: Solved | None = None

    @abstractmethod
    def fit_panel(self, train: Rows, test: Rows | None, names: list[str]) -> Any:
        """Fit the pooled model.

        Parameters
        ----------
        train : Rows
            ``features (n_rows, n_features)`` and ``labels (n_rows, n_labels)`` unscaled, aligned by
            ``times (n_rows,)`` and ``pairs (n_rows,)``: sorted by time, then by pair, so that the
            rows of one time are neighbours. A pair may be absent at a time. A model that needs
            scaled input learns its scaling from these rows and keeps it.
        test : Rows or None
            The later block; None when ``test_size`` is 0.
        names : list of str, n_features

        Returns
        -------
        Any
            The model; must survive pickling.
        """

    @abstractmethod
    def predict_panel(self, model: Any, rows: Rows) -> NDArray[np.float64]:
        """Answer rows of one or more pairs.

        Parameters
        ----------
        model : Any
            What `fit_panel` returned.
        rows : Rows
            Ordered as in `fit_panel`, labels of width 0. In a backtest every pair of a window
            comes in one call; live, one pair a call.

        Returns
        -------
        NDArray of shape (n_rows, n_labels)
            In the label's own unit. The answer to a row must depend on that row and on rows of the
            same or earlier times only.
        """

    def fit_rows(self, features: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which rows can be learned from and answered, shape (n_rows,): those without a NaN.

        A model that takes missing values says here which rows mean something to it.
        """
        return complete_rows(features)

    def seen(self, rows: slice) -> slice:
        """Return the rows that the answers to `rows` depend on: themselves alone."""
        return rows

    def health_of(self, model: Any) -> dict[str, float]:
        """Figures about a fitted model for FreqUI (``health_<name>``): none."""
        return {}

    # --- backtest --------------------------------------------------------------------------

    def start_backtesting(
        self,
        dataframe: pd.DataFrame,
        metadata: dict[str, Any],
        dk: FreqaiDataKitchen,
        strategy: IStrategy,
    ) -> FreqaiDataKitchen:
        """Train all windows when the first pair asks; answer later pairs from them."""
        self.pair_it += 1
        pair = metadata["pair"]
        key = (str(self.config["timerange"]), *self.universe())
        if self._solved is None or self._solved.key != key or pair not in self._solved.answers:
            self._solved = self._solve(key, dataframe, pair, dk, strategy)
        solved = self._solved
        if solved.candles[pair] != candle_hash(dataframe):
            raise OperationalException(
                f"{pair}: the candles handed to FreqAI are not those of the data folder, from "
                "which a panel model learns every pair: let populate_indicators call "
                "self.freqai.start before it changes rows or prices."
            )
        self.hand_back(dk, _on_own_frame(solved.frames[pair], dataframe), solved.answers[pair])
        return dk

    def universe(self) -> list[str]:
        """Return the pairs to learn from, sorted."""
        return sorted(self.settings.panel_pairs or self.config["exchange"]["pair_whitelist"])

    def _solve(
        self,
        key: tuple[str, ...],
        dataframe: pd.DataFrame,
        pair: str,
        dk: FreqaiDataKitchen,
        strategy: IStrategy,
    ) -> Solved:
        frames, candles = self._frames(dataframe, pair, dk, strategy)
        windows = self.windows(dk, frames[pair])
        self._check_history(frames, windows[0])
        answers = {name: Answers(len(f.times), f.label_names) for name, f in frames.items()}
        book = self.answer_book(PANEL, frames[pair].label_names)
        names = frames[pair].names, frames[pair].label_names
        self.begin(PANEL, strategy, *names)
        common, begun = self.describe(*names), time.time()
        before: Before | None = None
        for window in windows:
            found, model = self._solve_window(frames, window, common, book, before)
            before = model if self.continual_learning else None
            for name, (rows, answer) in found.items():
                answers[name].put(rows, answer)
            n_rows = sum(rows.stop - rows.start for rows, _ in found.values())
            self.report(f"{PANEL} of {len(frames)} pairs", window, begun, n_rows)
        book.save()
        self.conclude(strategy, *names)
        bare = {name: frame.without_arrays() for name, frame in frames.items()}
        return Solved(key, candles, bare, answers)

    def _frames(
        self, dataframe: pd.DataFrame, pair: str, dk: FreqaiDataKitchen, strategy: IStrategy
    ) -> tuple[dict[str, PairFrame], dict[str, str]]:
        """Return frames and candle hashes of every pair that has candles, in sorted order."""
        frames, candles = {}, {}
        for name in sorted({*self.universe(), *self.config["exchange"]["pair_whitelist"], pair}):
            data = dataframe
            if name != pair:
                data = strategy.dp.get_pair_dataframe(name, self.config["timeframe"])
            if len(data) == 0:
                logger.warning(f"{name}: no candles, it does not contribute to the panel.")
                continue
            candles[name] = candle_hash(data)
            frames[name] = self.frame_of(strategy, data, name, dk).neutral()
        return agreeing(frames), candles

    def _check_history(self, frames: dict[str, PairFrame], first: Window) -> None:
        learners = self._learners(frames)
        late = [f for f in learners.values() if checks.begins_too_late(f, first)]
        if len(late) == len(learners):
            raise self.late_history(min(late, key=lambda f: int(f.times[0])), first)
        for frame in late:
            logger.warning(
                f"{frame.pair}: candles begin at {day(frame.times[0])}, after the first training "
                "window does; it contributes from then on."
            )

    def _learners(self, frames: dict[str, PairFrame]) -> dict[str, PairFrame]:
        return {name: frames[name] for name in self.universe() if name in frames}

    def _solve_window(
        self,
        frames: dict[str, PairFrame],
        window: Window,
        common: dict[str, Any],
        book: AnswerBook,
        before: Before | None,
    ) -> tuple[dict[str, tuple[slice, Answer]], Before]:
        """Answer one window for every pair: its rows in the pair's frame, and the answer.

        The model is trained, or read, when it is asked for: here where no answers are stored, or
        by a later window that goes on from it.
        """
        learners = self._learners(frames)
        rows = {n: f.rows(window.answer_start, window.answer_stop) for n, f in frames.items()}
        description = canonical(
            {
                **common,
                "window": [window.train_start, window.train_stop, window.known_until],
                "data": {name: self.training_hash(f, window) for name, f in learners.items()},
                **({"after": before and before.mark} if self.continual_learning else {}),
            }
        )
        description = self.made_from(PANEL, window, description)
        self.note(PANEL, window, description)

        @cache
        def trained() -> Trained:
            return self.obtain(
                PANEL,
                window,
                description,
                lambda: self.train_after(learners, window, before and before.trained()),
            )

        asked = {name: frame.hash_of(self.seen(rows[name])) for name, frame in frames.items()}
        mark = digest(fingerprint(description), canonical(asked))
        found = self.look_up(book, PANEL, window, mark)
        if found is None:
            found = self._answer_all(trained(), frames, rows)
        times = {name: frame.times[rows[name]] for name, frame in frames.items()}
        book.put(window.answer_start, mark, times, found)
        answered = {name: (rows[name], found[name]) for name in frames}
        return answered, Before(fingerprint(description), trained)

    def _answer_all(
        self, trained: Trained, frames: dict[str, PairFrame], rows: dict[str, slice]
    ) -> dict[str, Answer]:
        times = {name: frame.times[rows[name]] for name, frame in frames.items()}
        first = next(iter(frames.values()))
        read = _places(trained.names, first.names)
        features = {name: frame.features[rows[name]][:, read] for name, frame in frames.items()}
        asked, places = asked_rows(features, times, self.fit_rows)
        predictions = self.predict_panel(trained.model, asked)
        return scatter(predictions, asked, places, times, trained)

    # --- both ------------------------------------------------------------------------------

    def train_frames(self, frames: dict[str, PairFrame], window: Window) -> Trained:
        """Train on the pooled rows of `frames` in `window`."""
        rows = pool(frames, window, self.horizon, self.fit_rows)
        if len(rows) < self.settings.min_training_rows:
            raise checks.no_rows_error(PANEL, window, len(rows), self.settings.min_training_rows)
        train, test = self.split(rows.times // self.base_tf_seconds)
        if self.ft_params.get("weight_factor", 0) > 0:
            rows = replace(rows, weights=self.recency_weights(len(rows)))
        block, later = rows.take(train), rows.take(test) if len(test) else None
        first = next(iter(frames.values()))
        selection = self._chosen(frames, block, window)
        names = first.names
        if selection is not None and selection.kept:
            names = [name for name in names if name in selection.kept]
            read = _places(names, first.names)
            block = replace(block, features=block.features[:, read])
            if later is not None:
                later = replace(later, features=later.features[:, read])
        model = self.fit_panel(block, later, names)
        means, stds = statistics(block)
        health = self.health_of(model)
        return Trained(model, names, first.label_names, means, stds, None, None, health, selection)

    def _chosen(
        self, frames: dict[str, PairFrame], block: Rows, window: Window
    ) -> Selection | None:
        """Return what drives the label in the training rows; None: it is not asked for."""
        settings = self.hydra.causal
        if not settings.enabled:
            return None
        folder = Path(self.full_path) / "causal"
        search = Search(settings, self.horizon, self.base_tf_seconds, self.settings.seed, folder)
        selection = chosen(frames, block, search)
        if selection.kept:
            logger.info(f"{PANEL}, window {window.label}: {selection.line()}")
        else:
            why = next(iter(selection.why.values()), "")
            logger.warning(
                f"{PANEL}, window {window.label}: {selection.line()} All are kept ({why})."
            )
        return selection

    def explain(self, trained: Trained, folder: Path, stem: str, known_until: int) -> None:
        """Draw what drives the label beside the model, if that was searched."""
        if trained.selection is not None:
            target = ", ".join(trained.label_names)
            write_network(trained.selection, folder / f"{stem}_causal.svg", target)

    def answer_rows(
        self, trained: Trained, features: NDArray[np.float64], times: NDArray[np.int64], pair: str
    ) -> Answer:
        """Answer consecutive candles of one pair (live)."""
        asked, places = asked_rows({pair: features}, {pair: times}, self.fit_rows)
        predictions = self.predict_panel(trained.model, asked)
        return scatter(predictions, asked, places, {pair: times}, trained)[pair]

    # --- live ------------------------------------------------------------------------------

    def learners(self, pair: str, strategy: IStrategy) -> tuple[str, list[str]]:
        """Return the panel's name and its pairs: the universe, and whatever else is traded."""
        return PANEL, sorted({*self.universe(), *strategy.dp.current_whitelist(), pair})

    def start_live(
        self,
        dataframe: pd.DataFrame,
        metadata: dict[str, Any],
        strategy: IStrategy,
        dk: FreqaiDataKitchen,
    ) -> FreqaiDataKitchen:
        """Let a pair that was added later use the panel's model; then as every model."""
        self._adopt(metadata["pair"])
        return super().start_live(dataframe, metadata, strategy, dk)

    def _adopt(self, pair: str) -> None:
        (filename, _) = self.dd.get_pair_dict_info(pair)
        known = [v for v in self.dd.pair_dict.values() if v["model_filename"]]
        if not filename and known:
            newest = max(known, key=lambda entry: entry["trained_timestamp"])
            self.dd.pair_dict[pair] = newest.copy()
            logger.info(f"{pair}: answered by the panel's model {newest['model_filename']}.")


def _places(names: list[str], among: list[str]) -> slice | list[int]:
    """Return where columns stand among others: all of them without a copy, as they mostly are."""
    return slice(None) if names == among else [among.index(name) for name in names]


def _on_own_frame(frame: PairFrame, dataframe: pd.DataFrame) -> PairFrame:
    """Return the frame with every column of the pair's own dataframe in `plain`.

    A pair solved in advance was solved on bare candles: what freqtrade or ``populate_indicators``
    had added to its frame is not lost, and every pair comes back with the same columns.
    """
    own, more = dataframe.reset_index(drop=True), frame.plain.reset_index(drop=True)
    added = [name for name in more.columns if name not in own.columns]
    return replace(frame, plain=pd.concat([own, more[added]], axis=1))
