"""FreqAI models that look at sequences: windows of a panel in, return, probability, range out."""

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from freqtrade.exceptions import OperationalException
from freqtrade.freqai.data_kitchen import FreqaiDataKitchen
from numpy.typing import NDArray

from hydra_quant.adapters.freqai import checks
from hydra_quant.adapters.freqai.answers import Answer
from hydra_quant.adapters.freqai.frames import PairFrame, complete_rows
from hydra_quant.adapters.freqai.net_rows import Grid, bare_frame, columns, grid_of, reaching_back
from hydra_quant.adapters.freqai.panel import PANEL, PanelModel
from hydra_quant.adapters.freqai.pool import statistics, usable
from hydra_quant.adapters.freqai.trained import Trained
from hydra_quant.adapters.freqai.windows import Window
from hydra_quant.adapters.strategy.teaching import DIRECTION
from hydra_quant.models.fingerprint import digest
from hydra_quant.models.rows import Rows
from hydra_quant.models.training.trained import Arrays


class Packed:
    """Bytes with the method by which FreqAI saves a model."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload

    def save(self, path: Path) -> None:
        """Write them."""
        Path(path).write_bytes(self.payload)


class SequenceModel(PanelModel):
    """Learns and answers the direction head from the last candles of every pair.

    What is missing in a candle is told to the model as missing. What a subclass trains has a
    mapping ``health``, is saved by its own `pack`, and is never a pickled object.
    """

    head: ClassVar[str] = "direction"
    selects: ClassVar[bool] = False

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        # FreqAI keeps so many candles for a live answer, and saves what has a method for it.
        self.CONV_WIDTH: int = max(int(self.freqai_info.get("conv_width", 1)), self.reach + 1)
        self.dd.model_type = "pytorch"
        self._loaded: tuple[str, Trained] | None = None

    @property
    @abstractmethod
    def reach(self) -> int:
        """Candles before its own that an answer depends on."""

    @abstractmethod
    def _fit(self, grid: Grid, train: Rows, later: Rows | None) -> Any:
        """Train on rows of the grid; `later` is the purged block after them, or None."""

    @abstractmethod
    def ask(self, model: Any, grid: Grid, places: NDArray[np.int64]) -> Arrays:
        """Answer (row, pair) of the grid, shape (n, 2).

        Returns
        -------
        dict with ``probability`` of shape (n, 1), and ``quantiles`` (n, 1, 3) where there are any.
        """

    @abstractmethod
    def spread(self, model: Any) -> float:
        """Size of a usual return of those that were learned from."""

    # --- training --------------------------------------------------------------------------

    def train_frames(self, frames: dict[str, PairFrame], window: Window) -> Trained:
        """Train on the sequences of `frames` in `window`."""
        first = next(iter(frames.values()))
        if tuple(first.label_names) != DIRECTION:
            raise OperationalException(
                f"{type(self).__name__} learns {', '.join(DIRECTION)} of HydraStrategy; this "
                f"strategy teaches {', '.join(first.label_names)}."
            )
        stretch = {n: f.rows(window.train_start, window.train_stop) for n, f in frames.items()}
        if all(rows.stop <= rows.start for rows in stretch.values()):
            raise self._too_few(window, 0)
        grid = grid_of(frames, stretch, self.base_tf_seconds)
        taught = self._taught(frames, window, grid)
        if len(taught) < self.settings.min_training_rows:
            raise self._too_few(window, len(taught))
        train, test = self.split(taught.times // self.base_tf_seconds)
        model = self._fit(grid, taught.take(train), taught.take(test) if len(test) else None)
        means, stds = statistics(taught.take(train))
        names = first.names, first.label_names
        return Trained(model, *names, means, stds, None, None, dict(model.health))

    def _too_few(self, window: Window, found: int) -> OperationalException:
        wanted = self.settings.min_training_rows
        return checks.no_rows_error(PANEL, window, found, wanted, behind=self.reach)

    def _taught(self, frames: dict[str, PairFrame], window: Window, grid: Grid) -> Rows:
        """Rows with a known label and a whole sequence behind them, by time, then by pair."""
        parts = []
        for code, pair in enumerate(grid.panel.pairs):
            frame = frames[pair]
            at = usable(frame, window, self.horizon, self.fit_rows)
            at = at[grid.row(frame.times[at]) >= self.reach]
            parts.append((frame.times[at], np.full(len(at), code, np.int16), frame.labels[at]))
        times, pairs, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.argsort(times, kind="stable")
        none = np.empty((len(order), 0))
        return Rows(none, labels[order], times[order], pairs[order], grid.panel.pairs)

    def fit_panel(self, train: Rows, test: Rows | None, names: list[str]) -> Any:
        """Not used: a network learns from sequences (`train_frames`)."""
        raise OperationalException("a network is trained on sequences, not on rows.")

    def predict_panel(self, model: Any, rows: Rows) -> NDArray[np.float64]:
        """Not used: a network answers sequences (`answer_rows`)."""
        raise OperationalException("a network answers sequences, not rows.")

    # --- answering -------------------------------------------------------------------------

    def fit_rows(self, features: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Rows whose prices are known; whatever else is missing is masked."""
        return complete_rows(features[:, :5])

    def seen(self, rows: slice) -> slice:
        """Rows that the answers to these rows depend on."""
        return reaching_back(rows, self.reach)

    def _answer_all(
        self, trained: Trained, frames: dict[str, PairFrame], rows: dict[str, slice]
    ) -> dict[str, Answer]:
        grid = grid_of(
            frames, {name: self.seen(rows[name]) for name in frames}, self.base_tf_seconds
        )
        at = {name: grid.row(frame.times[rows[name]]) for name, frame in frames.items()}
        asked = {
            name: self.fit_rows(frame.features[rows[name]]) & (at[name] >= self.reach)
            for name, frame in frames.items()
        }
        pairs = grid.panel.pairs
        places = [
            np.stack([at[name][asked[name]], np.full(asked[name].sum(), code)], axis=1)
            for code, name in enumerate(pairs)
        ]
        told = self.ask(trained.model, grid, np.concatenate(places).astype(np.int64))
        ends = np.cumsum([len(place) for place in places])
        parts = {
            name: {key: values[end - len(place) : end] for key, values in told.items()}
            for name, end, place in zip(pairs, ends, places, strict=True)
        }
        return {name: self._answer(trained, name, asked[name], parts.get(name)) for name in frames}

    def _answer(
        self, trained: Trained, pair: str, asked: NDArray[np.bool_], told: Arrays | None
    ) -> Answer:
        found = np.full((len(asked), len(DIRECTION)), np.nan)
        means, stds = trained.statistics(pair)
        if told is not None:
            found[asked] = columns(told, self.spread(trained.model), float(stds[0]))
        answered = complete_rows(found).astype(np.int64)
        return Answer(found, answered, means, stds, np.zeros(len(found)), trained.health)

    def answer_rows(
        self, trained: Trained, features: NDArray[np.float64], times: NDArray[np.int64], pair: str
    ) -> Answer:
        """Answer consecutive candles of one pair (live); the first `length` - 1 stay unanswered."""
        frame = bare_frame(pair, times, features, trained.names)
        return self._answer_all(trained, {pair: frame}, {pair: slice(0, len(times))})[pair]

    # --- live ----------------------------------------------------------------------------------

    def save_live(self, trained: Trained, pair: str, dk: FreqaiDataKitchen) -> None:
        """Let FreqAI's drawer save the packed model."""
        self.dd.save_data(Packed(self.pack(trained)), pair, dk)

    def load_live(self, pair: str, path: Path) -> None:
        """Put a saved model where FreqAI looks before it would unpickle one; all pairs share it."""
        payload = path.with_name(f"{path.name}_model.zip").read_bytes()
        of = digest(payload)
        if self._loaded is None or self._loaded[0] != of:
            self._loaded = of, self.unpack(payload)
        self.dd.model_dictionary[pair] = self._loaded[1]
