"""Where the reasons of a run are kept: files under freqtrade's user directory."""

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pandas import DataFrame

from hydra_quant.reasons import Reason

logger = logging.getLogger(__name__)
COLUMNS = ["date", "close", "hydra_vote", "hydra_side", "hydra_reason"]
# Where the strategy has signals, regimes and a gate: what they said of each candle.
THOUGHTS = [
    *("signal_source", "signal_side", "hydra_score", "hydra_regime"),
    *("hydra_wanted", "hydra_verdict", "hydra_verdict_confidence", "hydra_gate_share"),
]
DENIED = "denied.jsonl"


class ReasonLog:
    """Reasons of one strategy's run.

    A backtest rewrites ``FOLDER/PAIR.feather`` (every candle: `COLUMNS`, and those of `THOUGHTS`
    that the frame has) and ``FOLDER/denied.jsonl`` (entries refused when the order was about to be
    placed), and touches nothing else there. A dry or live
    run appends its newest candle's reason and its refusals to ``FOLDER/live-YYYY-MM-DD.jsonl``, a
    candle once, even when the bot restarts within it. ``FOLDER`` is
    ``user_data/hydra/reasons/NAME``.

    Parameters
    ----------
    folder : where the files go
    live : whether candles arrive one at a time

    Notes
    -----
    A live run that cannot write (a full disk) logs an error and goes on: a position's exits matter
    more than its record. A backtest stops.
    """

    def __init__(self, folder: Path, *, live: bool) -> None:
        self.folder = folder
        self.live = live
        folder.mkdir(parents=True, exist_ok=True)
        if live:
            self._written = set(self._newest_rows())
        else:
            for stale in (*folder.glob("*.feather"), folder / DENIED):
                stale.unlink(missing_ok=True)

    def candles(self, pair: str, frame: DataFrame) -> None:
        """Keep the reasons of a pair's candles (backtest: all of them; live: the newest)."""
        if frame.empty:
            return
        if not self.live:
            kept = [*COLUMNS, *(name for name in THOUGHTS if name in frame)]
            frame[kept].reset_index(drop=True).to_feather(self.folder / f"{_stem(pair)}.feather")
            return
        last = frame.iloc[-1]
        key = (pair, last["date"].isoformat())
        if key not in self._written:
            self._written = {kept for kept in self._written if kept[0] != pair} | {key}
            self._append(pair, last["date"], int(last["hydra_side"]), int(last["hydra_reason"]))

    def denial(self, pair: str, time: datetime, side: str, reason: Reason) -> None:
        """Keep a refusal that came after the candle's own decision."""
        self._append(pair, time, 1 if side == "long" else -1, int(reason))

    def _append(self, pair: str, time: datetime, side: int, reason: int) -> None:
        path = self.folder / (f"live-{time:%Y-%m-%d}.jsonl" if self.live else DENIED)
        row = {"time": time.isoformat(), "pair": pair, "side": side, "reason": reason}
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        except OSError as error:
            if not self.live:
                raise
            logger.error("reason of %s not kept: %s", pair, error)

    def _newest_rows(self) -> Iterator[tuple[str, str]]:
        """Pair and time of what the last two days' files hold (at midnight both matter)."""
        for path in sorted(self.folder.glob("live-*.jsonl"))[-2:]:
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    row = json.loads(line)
                    yield row["pair"], row["time"]
                except (ValueError, KeyError, TypeError):  # cut short when the machine went down
                    logger.warning("%s: ignored a damaged line", path)


def _stem(pair: str) -> str:
    return pair.replace("/", "_").replace(":", "_")
