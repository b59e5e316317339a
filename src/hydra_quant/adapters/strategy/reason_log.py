"""Where the reasons of a run are kept: files under freqtrade's user directory."""

import json
import logging
import shutil
from datetime import datetime
from pathlib import Path

from pandas import DataFrame

from hydra_quant.reasons import Reason

logger = logging.getLogger(__name__)
COLUMNS = ["date", "close", "hydra_vote", "hydra_side", "hydra_reason"]


class ReasonLog:
    """Reasons of one strategy's run.

    A backtest rewrites ``FOLDER/PAIR.feather`` (every candle) and ``FOLDER/denied.jsonl`` (entries
    refused when the order was about to be placed). A dry or live run appends its newest candle's
    reason and its refusals to ``FOLDER/live-YYYY-MM-DD.jsonl``; a restart repeats nothing, because
    only a candle that has just closed is written. ``FOLDER`` is ``user_data/hydra/reasons/NAME``.

    Parameters
    ----------
    folder : where the files go
    live : whether candles arrive one at a time
    """

    def __init__(self, folder: Path, *, live: bool) -> None:
        self.folder = folder
        self.live = live
        if not live:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)

    def candles(self, pair: str, frame: DataFrame) -> None:
        """Keep the reasons of a pair's candles (backtest: all of them; live: the newest)."""
        if frame.empty:
            return
        if self.live:
            last = frame.iloc[-1]
            self._append(pair, last["date"], int(last["hydra_side"]), int(last["hydra_reason"]))
        else:
            frame[COLUMNS].reset_index(drop=True).to_feather(self.folder / f"{_stem(pair)}.feather")

    def denial(self, pair: str, time: datetime, side: str, reason: Reason) -> None:
        """Keep a refusal that came after the candle's own decision."""
        self._append(pair, time, 1 if side == "long" else -1, int(reason))

    def _append(self, pair: str, time: datetime, side: int, reason: int) -> None:
        name = f"live-{time:%Y-%m-%d}.jsonl" if self.live else "denied.jsonl"
        row = {"time": time.isoformat(), "pair": pair, "side": side, "reason": reason}
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def _stem(pair: str) -> str:
    return pair.replace("/", "_").replace(":", "_")
