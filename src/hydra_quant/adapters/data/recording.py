"""What a live bot decided and what it was worth, written to the memory beside the trading loop."""

import logging
from collections.abc import Callable, Mapping
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any

from pandas import DataFrame
from pandas import Series as Row
from sqlalchemy.exc import SQLAlchemyError

from hydra_quant.memory import Memory, Series, StoreError
from hydra_quant.reasons import Reason

logger = logging.getLogger(__name__)
WAITING_MOST = 20_000  # rows; a day of eight pairs on 5m candles is 4 600
RETRY_S = 5.0
Note = tuple[Series, dict[str, Any]]


class Recorder:
    """Takes notes from the trading loop and writes them in a thread of its own.

    A note never waits: when the database does not answer, notes are kept until it does, and beyond
    `WAITING_MOST` the newest are dropped with one error in the log.

    Parameters
    ----------
    open_memory : callable
        Opens the memory, in the recorder's thread.
    """

    def __init__(self, open_memory: Callable[[], Memory]) -> None:
        self._open_memory = open_memory
        self._notes: Queue[Note] = Queue(WAITING_MOST)
        self._stop = Event()
        self._held: list[Note] = []
        self._failed = False
        self._dropped = 0
        self._thread = Thread(target=self._run, name="record", daemon=True)

    def start(self) -> None:
        """Begin to write; returns at once."""
        self._thread.start()

    def note(self, series: Series, row: Mapping[str, Any]) -> None:
        """Keep one row (``event_time`` in epoch ms and values of the kind); returns at once."""
        try:
            self._notes.put_nowait((series, dict(row)))
        except Full:
            if not self._dropped:
                logger.error("the memory does not answer: what the bot decides is not kept")
            self._dropped += 1

    def stop(self, timeout_s: float = 5.0) -> int:
        """Write what is waiting, for at most `timeout_s`; how many notes were lost."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return self._dropped + len(self._held) + self._notes.qsize()

    def _run(self) -> None:
        memory: Memory | None = None
        while not self._done():
            try:
                self._held = self._held or self._next()
                memory = memory or self._open_memory()
                for series, rows in _by_series(self._held).items():
                    # known to whoever reads the memory when it is written, not when it was due
                    memory.write(series, DataFrame(rows), following_since=0)
            except (SQLAlchemyError, StoreError, OSError) as error:
                (logger.debug if self._failed else logger.error)(
                    "what the bot decides waits for the memory: %s", error
                )
                self._failed = True
                if self._stop.is_set():
                    break
                self._stop.wait(RETRY_S)
            else:
                self._held, self._failed = [], False
        if memory is not None:
            memory.close()

    def _done(self) -> bool:
        return self._stop.is_set() and not self._held and self._notes.empty()

    def _next(self) -> list[Note]:
        """What is waiting, or what comes within half a second."""
        try:
            found = [self._notes.get(timeout=0.05 if self._stop.is_set() else 0.5)]
        except Empty:
            return []
        while not self._notes.empty():
            found.append(self._notes.get_nowait())
        return found


def _by_series(notes: list[Note]) -> dict[Series, list[dict[str, Any]]]:
    grouped: dict[Series, list[dict[str, Any]]] = {}
    for series, row in notes:
        grouped.setdefault(series, []).append(row)
    return grouped


def decision_notes(
    pair: str, candle: Row, *, bot: str, strategy: str, candle_ms: int, prediction: str
) -> list[Note]:
    """Signal of a candle, and the model's answer where there is one, as rows of the memory.

    Parameters
    ----------
    pair : ``'BTC/USDT:USDT'``
    candle : a decided row of a strategy's frame
    bot, strategy : who decided
    candle_ms : width of the candle
    prediction : the model's column
    """
    time = int(candle["date"].timestamp() * 1000)
    vote, reason = float(candle["hydra_vote"]), Reason(int(candle["hydra_reason"]))
    signal = {
        "event_time": time,
        "side": int(candle["hydra_side"]),
        "confidence": min(abs(vote), 1.0),
        "reason": int(reason),
        "tag": candle.get("enter_tag"),
    }
    found: list[Note] = [(Series("signals", bot, pair, strategy, candle_ms), signal)]
    if prediction in candle.index:
        answer = {
            "event_time": time,
            "value": float(candle[prediction]),
            "trusted": int(candle["do_predict"] == 1),
        }
        found.append((Series("predictions", bot, pair, prediction, candle_ms), answer))
    return found


def portfolio_note(bot: str, time_ms: int, wallets: Any, at_stake: float, trades: int) -> Note:
    """A bot's money (stake currency) at a time, as a row of the memory."""
    equity = float(wallets.get_total_stake_amount())
    row = {
        "event_time": time_ms,
        "equity": equity,
        "free": float(wallets.get_available_stake_amount()),
        "at_stake": float(at_stake),
        "open_trades": trades,
    }
    return Series("portfolio_state", bot, "", "account"), row
