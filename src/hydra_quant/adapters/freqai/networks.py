"""FreqAI models that are networks: windows of a panel in, return, probability and range out."""

import json
import logging
from dataclasses import fields
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
from hydra_quant.models.nets import registry
from hydra_quant.models.nets.windows import Windows
from hydra_quant.models.rows import Rows
from hydra_quant.models.store import Refused
from hydra_quant.models.training import stored
from hydra_quant.models.training.batches import AnyWindows, Graph
from hydra_quant.models.training.fitting import fit
from hydra_quant.models.training.options import Training
from hydra_quant.models.training.progress import LogLines
from hydra_quant.models.training.trained import Arrays
from hydra_quant.models.training.trained import Trained as Network

logger = logging.getLogger(__name__)
_TRAINING = frozenset(field.name for field in fields(Training)) - {"seed", "logs"}


class Packed:
    """Bytes with the method by which FreqAI saves a model."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload

    def save(self, path: Path) -> None:
        """Write them."""
        Path(path).write_bytes(self.payload)


class NetworkModel(PanelModel):
    """One network for all pairs, trained once a window on the sequences of every pair.

    A network learns where the price will be ``label_period_candles`` on, from the last `length`
    candles of the sequence set; what is missing is told to it as missing. It is saved as weights
    and a specification, never as a pickled object.

    Attributes
    ----------
    net : str
        Name of the network in `hydra_quant.models.nets.registry`.
    options, training : dict
        Of the network and of its training, where they differ from the defaults. Both are replaced
        key by key from ``freqai.model_training_parameters``.
    """

    head: ClassVar[str] = "direction"
    net: ClassVar[str]
    options: ClassVar[dict[str, Any]] = {}
    training: ClassVar[dict[str, Any]] = {}

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        # FreqAI keeps so many candles for a live answer, and saves what has a method for it.
        self.CONV_WIDTH: int = max(int(self.freqai_info.get("conv_width", 1)), self.length)
        self.dd.model_type = "pytorch"

    @property
    def length(self) -> int:
        """Candles that an answer looks at."""
        return int(self.parameters["length"])

    def resolved_parameters(self) -> dict[str, Any]:
        """Return the options of the network and of its training in one dict."""
        own = {**self.training, **self.options, **self.derived()}
        given = {**own, **self.model_training_parameters}
        usual = self._usual()
        if unknown := sorted(set(given) - set(usual) - _TRAINING):
            choice = ", ".join(sorted({*usual, *_TRAINING}))
            raise OperationalException(
                f"freqai.model_training_parameters: {unknown[0]!r} is not among {choice}; remove it"
            )
        try:
            if given.get("mode") == "resume":
                raise ValueError('"mode" is "full" or "quick": FreqAI trains each window anew')
            Training(**{key: given[key] for key in given if key in _TRAINING})
        except (TypeError, ValueError) as error:
            raise OperationalException(f"freqai.model_training_parameters: {error}") from None
        return {**usual, **given}

    def derived(self) -> dict[str, Any]:
        """Return options of the network that follow from the configuration: none."""
        return {}

    def _usual(self) -> dict[str, Any]:
        """The network's own options with their defaults; the data tells how wide it is."""
        found = registry.options(self.net, {"features": 1, "horizons": 1})
        return {key: value for key, value in found.items() if key not in ("features", "horizons")}

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
            raise checks.no_rows_error(PANEL, window, 0, self.settings.min_training_rows)
        grid = grid_of(frames, stretch, self.base_tf_seconds)
        taught = self._taught(frames, window, grid)
        if len(taught) < self.settings.min_training_rows:
            raise checks.no_rows_error(PANEL, window, len(taught), self.settings.min_training_rows)
        train, test = self.split(taught.times // self.base_tf_seconds)
        network = self._fit(grid, taught.take(train), taught.take(test) if len(test) else None)
        means, stds = statistics(taught.take(train))
        names = first.names, first.label_names
        return Trained(network, *names, means, stds, None, None, dict(network.health))

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

    def _fit(self, grid: Grid, train: Rows, later: Rows | None) -> Network:
        given = {key: value for key, value in self.parameters.items() if key in _TRAINING}
        options = {key: self.parameters[key] for key in self._usual() if key != "length"}
        windows, targets = self.block(grid, train)
        later_windows, later_targets = (None, None) if later is None else self.block(grid, later)
        return fit(
            self.net,
            options,
            windows,
            targets,
            later_windows,
            later_targets,
            Training(**given, seed=self.settings.seed, logs=self._board(grid)),
            progress=LogLines(self.net, logger),
            stop=lambda: bool(self._stop_event.is_set()) if self.live else False,
            graph=self.graph(grid),
        )

    def _board(self, grid: Grid) -> Path | None:
        """Where TensorBoard finds this training, if it is switched on."""
        if not self.freqai_info.get("activate_tensorboard", False):
            return None
        ends = grid.begins + grid.bar * len(grid.panel)
        return Path(self.full_path) / "tensorboard" / type(self).__name__ / str(ends)

    def block(self, grid: Grid, rows: Rows) -> tuple[AnyWindows, NDArray[np.float64]]:
        """Return windows and the returns that they are to tell, of shape (n, 1)."""
        # Pair after pair: learning from every fourth window then thins candles, not pairs.
        order = np.argsort(rows.pairs, kind="stable")
        at = np.stack([grid.row(rows.times), rows.pairs.astype(np.int64)], axis=1)
        return Windows(grid.panel, self.length, at[order]), rows.labels[order, :1]

    def graph(self, grid: Grid) -> Graph | None:
        """Return what else the network wants for rows of the grid: nothing."""
        return None

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

    @property
    def reach(self) -> int:
        """Candles before its own that an answer depends on."""
        return self.length - 1

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

    def ask(self, network: Network, grid: Grid, places: NDArray[np.int64]) -> Arrays:
        """Answer (row, pair) of the grid, shape (n, 2); arrays of shape (n, 1) and (n, 1, 3)."""
        return network.predict(Windows(grid.panel, self.length, places))

    def _answer(
        self, trained: Trained, pair: str, asked: NDArray[np.bool_], told: Arrays | None
    ) -> Answer:
        found = np.full((len(asked), len(DIRECTION)), np.nan)
        means, stds = trained.statistics(pair)
        if told is not None:
            spread = float(trained.model.scaling["spread"][0])
            found[asked] = columns(told, spread, float(stds[0]))
        answered = complete_rows(found).astype(np.int64)
        return Answer(found, answered, means, stds, np.zeros(len(found)), trained.health)

    def answer_rows(
        self, trained: Trained, features: NDArray[np.float64], times: NDArray[np.int64], pair: str
    ) -> Answer:
        """Answer consecutive candles of one pair (live); the first `length` - 1 stay unanswered."""
        frame = bare_frame(pair, times, features, trained.names)
        return self._answer_all(trained, {pair: frame}, {pair: slice(0, len(times))})[pair]

    # --- stored --------------------------------------------------------------------------------

    def pack(self, trained: Trained) -> bytes:
        """Weights as safetensors behind one line of JSON with everything else."""
        about, payload = stored.parts(trained.model)
        told = {
            "network": json.loads(about),
            "names": trained.names,
            "labels": trained.label_names,
            "means": {pair: of.tolist() for pair, of in trained.means.items()},
            "stds": {pair: of.tolist() for pair, of in trained.stds.items()},
        }
        return json.dumps(told).encode() + b"\n" + payload

    def unpack(self, payload: bytes) -> Trained:
        """What `pack` was given.

        Raises
        ------
        Refused
            When it is damaged or of another network.
        """
        line, _, weights = payload.partition(b"\n")
        try:
            told = json.loads(line)
            means, stds = (
                {pair: np.array(of) for pair, of in told[name].items()}
                for name in ("means", "stds")
            )
            names, labels, about = told["names"], told["labels"], told["network"]
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise Refused(f"a saved {self.net} cannot be read ({error})") from error
        network = Network(
            **stored.fields_of(about, weights, f"the saved {self.net}", name=self.net)
        )
        return Trained(network, names, labels, means, stds, None, None, dict(network.health))

    def save_live(self, trained: Trained, pair: str, dk: FreqaiDataKitchen) -> None:
        """Let FreqAI's drawer save the packed network."""
        self.dd.save_data(Packed(self.pack(trained)), pair, dk)

    def load_live(self, pair: str, path: Path) -> None:
        """Put a saved network where FreqAI looks before it would unpickle one."""
        saved = path.with_name(f"{path.name}_model.zip")
        self.dd.model_dictionary[pair] = self.unpack(saved.read_bytes())
