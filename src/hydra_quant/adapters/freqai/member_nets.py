"""Networks as members of an ensemble."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from hydra_quant.adapters.freqai import net_options
from hydra_quant.adapters.freqai.member import Floats, Ints, Member, Terms
from hydra_quant.adapters.freqai.net_rows import Grid
from hydra_quant.adapters.freqai.views import Alone, Together, View
from hydra_quant.models.nets import registry
from hydra_quant.models.rows import Rows
from hydra_quant.models.store import Refused
from hydra_quant.models.training import fitting, stored
from hydra_quant.models.training.options import Training
from hydra_quant.models.training.progress import LogLines
from hydra_quant.models.training.trained import Trained as Network

logger = logging.getLogger(__name__)


class NetMember(Member):
    """A network of `registry.NETS`."""

    @property
    def view(self) -> View:
        """How it looks at the grid."""
        length = int(self.parameters["length"])
        return Together(length) if self.hears else Alone(length)

    @property
    def reach(self) -> int:
        """Candles before its own that an answer depends on."""
        return self.view.reach

    @property
    def hears(self) -> bool:
        """Whether it looks at all pairs together."""
        return self.name in registry.GROUPED

    def fit(self, grid: Grid, train: Rows, later: Rows | None, terms: Terms) -> Network:
        """Train the network."""
        view = self.view
        options, training = net_options.parted(self.name, self.parameters)
        windows, targets = view.block(grid, train)
        later_windows, later_targets = (None, None) if later is None else view.block(grid, later)
        logs = terms.logs and terms.logs / self.name
        return fitting.fit(
            self.name,
            options,
            windows,
            targets,
            later_windows,
            later_targets,
            Training(**training, seed=terms.seed, logs=logs),
            progress=LogLines(self.name, logger),
            stop=terms.stop,
            graph=view.graph(grid),
        )

    def tell(self, model: Network, grid: Grid, places: Ints) -> Floats:
        """Answer each place."""
        told = self.view.ask(model, grid, places)["probability"]
        return np.asarray(told[:, 0], dtype=np.float64)

    def pack(self, model: Network) -> tuple[dict[str, Any], bytes]:
        """Specification, and weights as safetensors."""
        about, payload = stored.parts(model)
        return json.loads(about), payload

    def unpack(self, about: Mapping[str, Any], payload: bytes) -> Network:
        """Read the weights back and see that they fit their network."""
        found = Network(
            **stored.fields_of(about, payload, f"the saved {self.name}", name=self.name)
        )
        if found.sha256 != about["sha256"]:
            raise Refused(f"the saved {self.name} holds other weights than it says")
        found.net()
        return found
