"""FreqAI models that are networks: windows of a panel in, return, probability and range out."""

import json
import logging
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from freqtrade.exceptions import OperationalException
from numpy.typing import NDArray

from hydra_quant.adapters.freqai import net_options
from hydra_quant.adapters.freqai.frames import PairFrame
from hydra_quant.adapters.freqai.net_rows import Grid
from hydra_quant.adapters.freqai.sequences import SequenceModel
from hydra_quant.adapters.freqai.trained import Trained
from hydra_quant.adapters.freqai.views import Alone, View
from hydra_quant.adapters.freqai.windows import Window
from hydra_quant.models.rows import Rows
from hydra_quant.models.store import Refused
from hydra_quant.models.training import stored
from hydra_quant.models.training.fitting import fit
from hydra_quant.models.training.loop import Diverged
from hydra_quant.models.training.options import Training
from hydra_quant.models.training.progress import LogLines
from hydra_quant.models.training.trained import Arrays
from hydra_quant.models.training.trained import Trained as Network

logger = logging.getLogger(__name__)


class NetworkModel(SequenceModel):
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

    net: ClassVar[str]
    options: ClassVar[dict[str, Any]] = {}
    training: ClassVar[dict[str, Any]] = {}
    continues: ClassVar[bool] = True
    _before: Network | None = None

    @property
    def length(self) -> int:
        """Candles that an answer looks at."""
        return int(self.parameters["length"])

    def resolved_parameters(self) -> dict[str, Any]:
        """Return the options of the network and of its training in one dict."""
        own = {**self.training, **self.options, **self.derived()}
        return net_options.resolved(self.net, {**own, **self.model_training_parameters})

    def derived(self) -> dict[str, Any]:
        """Return options of the network that follow from the configuration: none."""
        return {}

    @property
    def reach(self) -> int:
        """Candles before its own that an answer depends on."""
        return self.view.reach

    @property
    def view(self) -> View:
        """How the network looks at the candles: each pair by itself."""
        return Alone(self.length)

    # --- training --------------------------------------------------------------------------

    def train_after(
        self, frames: dict[str, PairFrame], window: Window, before: Trained | None
    ) -> Trained:
        """Train from the weights of `before`, its scaling of the features included."""
        self._before = None if before is None else before.model
        try:
            return self.train_frames(frames, window)
        finally:
            self._before = None

    def _fit(self, grid: Grid, train: Rows, later: Rows | None) -> Network:
        options, training = net_options.parted(self.net, self.parameters)
        windows, targets = self.view.block(grid, train)
        later_windows, later_targets = (
            (None, None) if later is None else self.view.block(grid, later)
        )
        try:
            return fit(
                self.net,
                options,
                windows,
                targets,
                later_windows,
                later_targets,
                Training(**training, seed=self.settings.seed, logs=self._board(grid)),
                start_from=self._before,
                progress=LogLines(self.net, logger),
                stop=lambda: bool(self._stop_event.is_set()) if self.live else False,
                graph=self.view.graph(grid),
            )
        except Diverged as error:
            raise OperationalException(
                f"{error}; a smaller lr in freqai.model_training_parameters may help."
            ) from None

    def _board(self, grid: Grid) -> Path | None:
        """Where TensorBoard finds this training, if it is switched on."""
        if not self.freqai_info.get("activate_tensorboard", False):
            return None
        ends = grid.begins + grid.bar * len(grid.panel)
        return Path(self.full_path) / "tensorboard" / type(self).__name__ / str(ends)

    # --- answering -------------------------------------------------------------------------

    def ask(self, model: Network, grid: Grid, places: NDArray[np.int64]) -> Arrays:
        """Answer (row, pair) of the grid, shape (n, 2); arrays of shape (n, 1) and (n, 1, 3)."""
        return self.view.ask(model, grid, places)

    def spread(self, model: Network) -> float:
        """Size of a usual return of those that were learned from."""
        return float(model.scaling["spread"][0])

    # --- stored -------------------------------------------------------------------------------

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
