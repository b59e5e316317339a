"""What was thought of the news at each candle's close: verdicts of the tape, and the mood."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, DatetimeIndex

from hydra_quant.adapters.data.remembered import LIVE_MODES, Remembered
from hydra_quant.memory.series import DAY_MS, MINUTE_MS
from hydra_quant.news.gate import NONE
from hydra_quant.news.tape import Tape
from hydra_quant.news.verdict import Verdict
from hydra_quant.sentiment.column import sentiment_at
from hydra_quant.settings import Settings

logger = logging.getLogger(__name__)
VERDICT, CONFIDENCE = "hydra_verdict", "hydra_verdict_confidence"
MOOD = ("sentiment", "sentiment_texts", "sentiment_by")
# No verdict stands longer than two days, and none is about news much older than its answer.
REACH_MS = 3 * DAY_MS


class Heard:
    """Joins candles with the verdicts and the mood that were known at their close.

    Parameters
    ----------
    config : freqtrade's configuration
    settings : HYDRA's settings
    remembered : opens and reads the memory
    minutes : width of a candle
    """

    def __init__(
        self, config: Mapping[str, Any], settings: Settings, remembered: Remembered, minutes: int
    ) -> None:
        self._live = config.get("runmode") in LIVE_MODES
        self._settings, self._remembered = settings, remembered
        self._candle_ms = minutes * MINUTE_MS
        self._tapes: dict[str, Tape] = {}
        self._said: set[str] = set()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_tapes": {}}

    @property
    def gates(self) -> bool:
        """Whether entries are gated at all."""
        return self._settings.news.provider != "off"

    def verdicts(self, frame: DataFrame, pair: str) -> DataFrame:
        """The verdict that stood at each candle's close, by the frame's index.

        Returns
        -------
        DataFrame
            ``hydra_verdict`` and ``hydra_verdict_confidence``: indices into `verdict.ACTIONS` and
            `verdict.CONFIDENCES`, `NONE` where no verdict stood, where there is no gate, and live
            where the memory cannot be read (the gate then rules as without an analysis).

        Raises
        ------
        OperationalException
            In a backtest, when the memory cannot be read.
        """
        names = [VERDICT, CONFIDENCE]
        if not self.gates or frame.empty:
            return DataFrame(NONE, index=frame.index, columns=names, dtype=np.int8)
        closes = closes_ms(frame, self._candle_ms)

        def read() -> DataFrame:
            tape = Tape.read(
                self._remembered.open(),
                pair,
                self._settings.news,
                int(closes.min()) - REACH_MS,
                int(closes.max()) + 1,
            )
            self._tapes[pair] = tape
            return DataFrame(
                dict(zip(names, tape.codes(tape.at(closes)), strict=True)), index=frame.index
            )

        found = self._remembered.read(read, frame, names)
        self._say_what_is_missing(pair)
        return found.fillna(NONE).astype(np.int8)

    def verdict_at(self, pair: str, time_ms: int) -> Verdict | None:
        """The verdict that stood at a time among those last read for the pair."""
        tape = self._tapes.get(pair)
        return None if tape is None else tape.standing(pair, time_ms)

    def mood(self, frame: DataFrame, pair: str) -> DataFrame:
        """`sentiment_at` each candle's close: the columns of `MOOD`, by the frame's index.

        Raises
        ------
        OperationalException
            In a backtest, when the memory cannot be read.
        """
        if frame.empty:
            return DataFrame(index=frame.index, columns=list(MOOD), dtype=float)
        closes = closes_ms(frame, self._candle_ms)

        def read() -> DataFrame:
            memory = self._remembered.open()
            return sentiment_at(memory, pair, closes, self._settings.sentiment)

        found = self._remembered.read(lambda: read().set_index(frame.index), frame, list(MOOD))
        return found[list(MOOD)]

    def _say_what_is_missing(self, pair: str) -> None:
        """Log once which verdicts a backtest does not use, or that there are none."""
        tape = self._tapes.get(pair)
        if self._live or tape is None:
            return
        if tape.future:
            self._say(
                "future",
                "verdicts about times that their model may know are not used (%s: %d of them); "
                'hydra.news.backfilled "all" uses them',
                *(pair, tape.future),
            )
        elif not len(tape.rows):
            self._say(
                pair,
                "%s: no verdict on the tape for these candles; hydra-quant gate backfill makes "
                "them",
                pair,
            )

    def _say(self, once: str, what: str, *values: object) -> None:
        if once not in self._said:
            self._said.add(once)
            logger.warning(what, *values)


def closes_ms(frame: DataFrame, candle_ms: int) -> NDArray[np.int64]:
    """When each candle closes, epoch ms, shape (n_candles,)."""
    opens: NDArray[np.int64] = DatetimeIndex(frame["date"]).as_unit("ms").asi8
    return opens + candle_ms
