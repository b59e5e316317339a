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
from hydra_quant.adapters.freqai.remembered import Remembered
from hydra_quant.adapters.freqai.sequences import SequenceModel
from hydra_quant.adapters.freqai.trained import Trained
from hydra_quant.adapters.freqai.views import EDGES, Together


class HearingModel(SequenceModel):
    """A model whose answer to one pair depends on the others.

    Live, FreqAI asks for one pair at a time: the candles of the others are taken from the data
    provider, which has them before the first pair is asked for. A pair whose newest candle is not
    there takes no part. The first pair that is asked for brings the answers to all; the others
    get theirs from memory, if FreqAI hands over the very features that were reckoned with.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self._asked_by: tuple[IStrategy, FreqaiDataKitchen] | None = None
        self._others: dict[str, tuple[int, PairFrame]] = {}  # and up to which candle
        self._given: dict[str, PairFrame] = {}
        self._remembered = Remembered()

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
        own = self._given[pair] = bare_frame(pair, times, features, trained.names)
        assert self._asked_by is not None  # start_live comes first
        shown = {pair: own}
        for other in self.learners(pair, self._asked_by[0])[1]:
            if other != pair:
                shown[other] = _cut(self._other(other, own), own)
        rows = {name: slice(0, len(frame.times)) for name, frame in shown.items()}
        return self._remembered.answer(
            pair, trained, shown, lambda: self._answer_all(trained, shown, rows)
        )

    def _other(self, pair: str, beside: PairFrame) -> PairFrame:
        """Return another pair's features as FreqAI gave them, or computed once a candle."""
        given = self._given.get(pair)
        if given is not None and given.times[0] <= beside.times[0] and _fits(given, beside):
            return given
        newest = int(beside.times[-1])
        kept = self._others.get(pair)
        if kept is None or kept[0] != newest or kept[1].names != beside.names:
            kept = self._others[pair] = newest, self._computed(pair, beside.names)
        return kept[1]

    def _computed(self, pair: str, names: list[str]) -> PairFrame:
        assert self._asked_by is not None
        strategy, dk = self._asked_by
        candles = strategy.dp.get_pair_dataframe(pair, self.config["timeframe"])
        known = populate(strategy, candles, pair, dk) if len(candles) else candles
        known = known.rename(columns=lambda column: neutral_name(str(column), pair))
        times = open_times(known) if len(known) else np.empty(0, np.int64)
        values = as_matrix(known, names) if len(known) else np.empty((0, len(names)))
        return bare_frame(pair, times, values, names)


def _fits(frame: PairFrame, beside: PairFrame) -> bool:
    """Whether it ends with the same candle and has the same features."""
    return bool(frame.times[-1] == beside.times[-1]) and frame.names == beside.names


def _cut(frame: PairFrame, like: PairFrame) -> PairFrame:
    """Return the candles of a frame from the first to the last of another one's."""
    rows = frame.rows(int(like.times[0]), int(like.times[-1]) + 1)
    return bare_frame(frame.pair, frame.times[rows], frame.features[rows], frame.names)


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
