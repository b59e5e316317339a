"""Where the reasons of a run are kept: files under freqtrade's user directory."""

import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Any

from pandas import DataFrame

from hydra_quant.reasons import Reason

logger = logging.getLogger(__name__)
COLUMNS = ["date", "close", "hydra_vote", "hydra_side", "hydra_reason"]


class ReasonLog:
    """Reasons of one strategy's run.

    A backtest rewrites ``FOLDER/PAIR.feather`` (every candle) and ``FOLDER/denied.jsonl`` (entries
    refused when the order was about to be placed). A dry or live run appends its newest candle's
    reason and its refusals to ``FOLDER/live-YYYY-MM-DD.jsonl``; a restart within a candle repeats
    nothing, because what was already written is read first. Neither touches the other's files.
    ``FOLDER`` is ``user_data/hydra/reasons/NAME``.

    Parameters
    ----------
    folder : where the files go
    live : whether candles arrive one at a time
    """

    def __init__(self, folder: Path, *, live: bool) -> None:
        self.folder = folder
        self.live = live
        folder.mkdir(parents=True, exist_ok=True)
        if not live:
            for path in (*folder.glob("*.feather"), folder / "denied.jsonl"):
                path.unlink(missing_ok=True)
        self._newest = _newest_candles(folder) if live else {}

    def candles(self, pair: str, frame: DataFrame) -> None:
        """Keep the reasons of a pair's candles (backtest: all of them; live: the newest)."""
        if frame.empty:
            return
        if self.live:
            self._candle(pair, frame.iloc[-1])
        else:
            frame[COLUMNS].reset_index(drop=True).to_feather(self.folder / f"{_stem(pair)}.feather")

    def denial(self, pair: str, time: datetime, side: str, reason: Reason) -> None:
        """Keep a refusal that came after the candle's own decision."""
        self._append(pair, time, 1 if side == "long" else -1, int(reason))

    def _candle(self, pair: str, last: Any) -> None:
        time: datetime = last["date"]
        if pair in self._newest and time <= self._newest[pair]:
            return
        self._append(pair, time, int(last["hydra_side"]), int(last["hydra_reason"]))
        self._newest[pair] = time

    def _append(self, pair: str, time: datetime, side: int, reason: int) -> None:
        name = f"live-{time:%Y-%m-%d}.jsonl" if self.live else "denied.jsonl"
        row = {"time": time.isoformat(), "pair": pair, "side": side, "reason": reason}
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def _newest_candles(folder: Path) -> dict[str, datetime]:
    """Time of each pair's newest candle in the last two days' files (midnight may lie between)."""
    newest: dict[str, datetime] = {}
    for path in sorted(folder.glob("live-*.jsonl"))[-2:]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                pair, time = row["pair"], datetime.fromisoformat(row["time"])
                of_candle = row["reason"] <= Reason.ENTER
            except (ValueError, KeyError, TypeError):
                logger.warning("%s, line %d is damaged and left as it is", path, number)
                continue
            if of_candle:
                newest[pair] = max(time, newest.get(pair, time))
    return newest


def _stem(pair: str) -> str:
    return pair.replace("/", "_").replace(":", "_")
