"""Models that were trained outside the bot: loaded once, answering only what they did not see."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, DatetimeIndex

from hydra_quant.heads import artefact, exit_features, regime_features, scorer_features
from hydra_quant.heads.artefact import Artefact, Head
from hydra_quant.models.store import Refused
from hydra_quant.regimes.cascade import PRIOR, CascadeModel
from hydra_quant.regimes.cascade_inputs import INPUTS as CASCADE_INPUTS
from hydra_quant.settings import Settings

logger = logging.getLogger(__name__)
NAMES: dict[Head, tuple[str, ...]] = {
    "scorer": tuple(scorer_features.NAMES),
    "regime": tuple(regime_features.NAMES),
    "exit": tuple(exit_features.NAMES),
    "cascade": CASCADE_INPUTS,
}
DAY_MS = 86_400_000


class Heads:
    """The files that ``hydra-quant train`` left in the user's directory.

    Nothing is read before the first candle. A file that is damaged or does not fit is named in the
    log, and the rule stands in for it.

    Parameters
    ----------
    config : freqtrade's configuration
    settings : HYDRA's settings
    minutes : width of a candle
    """

    def __init__(self, config: Mapping[str, Any], settings: Settings, minutes: int) -> None:
        self._folder = Path(config["user_data_dir"])
        self._timeframe = str(config["timeframe"])
        self._minutes = minutes
        self._oldest_ms = settings.scorer.max_age_days * DAY_MS
        # By head, the file's time of change (None: no file) and what it held.
        self._found: dict[Head, tuple[int | None, Artefact | None]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_found": {}}

    def get(self, head: Head) -> Artefact | None:
        """A trained head, or None where there is none that fits; read again when it is replaced."""
        changed = _changed(artefact.default_path(self._folder, head, self._timeframe))
        known = self._found.get(head)
        if known is None or known[0] != changed:
            known = self._found[head] = changed, self._load(head)
        return known[1]

    def answers(self, head: Head, frame: DataFrame) -> NDArray[np.bool_]:
        """Which candles a trained head may answer, shape (n_candles,).

        Those that close after the last one it learned from, while it is not too old.
        """
        found = self.get(head)
        if found is None:
            return np.zeros(len(frame), bool)
        opens = DatetimeIndex(frame["date"]).as_unit("ms").asi8
        closes = opens + self._minutes * 60_000
        return found.may_answer(closes) & (closes - found.known_until_ms <= self._oldest_ms)

    def cascade(self, frame: DataFrame) -> tuple[CascadeModel, NDArray[np.bool_]]:
        """What tells cascades, and which candles it may answer; the others are the prior's."""
        found = self.get("cascade")
        return (PRIOR if found is None else found.model), self.answers("cascade", frame)

    def _load(self, head: Head) -> Artefact | None:
        path = artefact.default_path(self._folder, head, self._timeframe)
        if not path.exists():
            logger.info("no trained %s at %s: the rule stands in", head, path)
            return None
        try:
            found = artefact.load(path, head, names=NAMES[head], candle_minutes=self._minutes)
        except Refused as refusal:
            logger.warning("%s; the rule stands in", refusal)
            return None
        until = np.datetime64(found.known_until_ms, "ms")
        logger.info("%s of %s answers candles that close after %s", head, path, until)
        return found


def _changed(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
