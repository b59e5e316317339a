"""FreqAI models that look at all pairs of a candle together."""

from typing import Any, ClassVar

import numpy as np
import pandas as pd
from freqtrade.freqai.data_kitchen import FreqaiDataKitchen
from freqtrade.strategy.interface import IStrategy
from numpy.typing import NDArray

from hydra_quant.adapters.freqai.answers import Answer
from hydra_quant.adapters.freqai.frames import (
    PairFrame,
    as_matrix,
    neutral_name,
    open_times,
    populate,
)
from hydra_quant.adapters.freqai.net_rows import bare_frame
from hydra_quant.adapters.freqai.networks import NetworkModel
from hydra_quant.adapters.freqai.sequences import SequenceModel
from hydra_quant.adapters.freqai.trained import Trained
from hydra_quant.adapters.freqai.views import EDGES, Together


class HearingModel(SequenceModel):
    """A model whose answer to one pair depends on the others.

    Live, FreqAI asks for one pair at a time: the candles of the others are taken from the data
    provider, which has them before the first pair is asked for. A pair whose newest candle is not
    there takes no part.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self._asked_by: tuple[IStrategy, FreqaiDataKitchen] | None = None
        self._others: dict[str, tuple[int, PairFrame]] = {}

    @property
    def hears(self) -> bool:
        """Whether the others are needed: yes."""
        return True

    def start_live(
        self,
        dataframe: pd.DataFrame,
        metadata: dict[str, Any],
        strategy: IStrategy,
        dk: FreqaiDataKitchen,
    ) -> FreqaiDataKitchen:
        """Remember who asks: the other pairs' features are computed by the same strategy."""
        self._asked_by = strategy, dk
        return super().start_live(dataframe, metadata, strategy, dk)

    def answer_rows(
        self, trained: Trained, features: NDArray[np.float64], times: NDArray[np.int64], pair: str
    ) -> Answer:
        """Answer consecutive candles of one pair (live), beside all others."""
        if not self.hears:
            return super().answer_rows(trained, features, times, pair)
        frames = {pair: bare_frame(pair, times, features, trained.names)}
        assert self._asked_by is not None  # start_live comes first
        strategy, dk = self._asked_by
        for other in self.learners(pair, strategy)[1]:
            if other != pair:
                frames[other] = self._other(other, strategy, dk, trained.names, int(times[-1]))
        rows = {
            name: frame.rows(int(times[0]), int(times[-1]) + 1) for name, frame in frames.items()
        }
        return self._answer_all(trained, frames, rows)[pair]

    def _other(
        self, pair: str, strategy: IStrategy, dk: FreqaiDataKitchen, names: list[str], newest: int
    ) -> PairFrame:
        """Return another pair's features up to a candle; computed once a candle."""
        kept = self._others.get(pair)
        if kept is None or kept[0] != newest:
            candles = strategy.dp.get_pair_dataframe(pair, self.config["timeframe"])
            known = populate(strategy, candles, pair, dk) if len(candles) else candles
            known = known.rename(columns=lambda column: neutral_name(str(column), pair))
            times = open_times(known) if len(known) else np.empty(0, np.int64)
            values = as_matrix(known, names) if len(known) else np.empty((0, len(names)))
            kept = newest, bare_frame(pair, times, values, names)
            self._others[pair] = kept
        return kept[1]


class GroupedNetworkModel(HearingModel, NetworkModel):
    """A network over the correlation graph of all pairs.

    Attributes
    ----------
    edges : dict
        Of the graph: ``window``, ``threshold``, ``most`` (see `correlation_graphs`).
    """

    edges: ClassVar[dict[str, Any]] = EDGES

    @property
    def view(self) -> Together:
        """How the network looks at the candles: all pairs together."""
        return Together(self.length, self.edges)

    def describe(self, names: list[str], label_names: list[str]) -> dict[str, Any]:
        """Return everything but the data that a trained model depends on, the graph too."""
        return {**super().describe(names, label_names), "edges": self.edges}
