"""What runs beside a trading bot: followers that collect, and a recorder of its decisions."""

import logging
from collections.abc import Mapping
from threading import Event, Thread
from time import monotonic
from typing import Any

from freqtrade.exchange import timeframe_to_msecs
from freqtrade.persistence import Trade
from pandas import DataFrame

from hydra_quant.adapters.data.recording import Recorder, decision_notes, portfolio_note
from hydra_quant.adapters.data.remembered import lags_of, memory_url
from hydra_quant.collectors.following import Followers
from hydra_quant.collectors.registry import build
from hydra_quant.memory import Memory, Series
from hydra_quant.memory.series import DAY_MS
from hydra_quant.settings import Settings

logger = logging.getLogger(__name__)


class Beside:
    """Collects and records while the bot trades; the trading loop never waits for it.

    Parameters
    ----------
    config : freqtrade's configuration
    settings : HYDRA's settings
    pairs : what is collected
    timeframe : width of the strategy's candles
    """

    def __init__(
        self, config: Mapping[str, Any], settings: Settings, pairs: list[str], timeframe: str
    ) -> None:
        self._config, self._settings, self._pairs = config, settings, pairs
        self._candle_ms = timeframe_to_msecs(timeframe)
        self._recorder = Recorder(self._open)
        self._stop = Event()
        self._followers: Followers | None = None
        self._starter = Thread(target=self._follow, name="follow", daemon=True)
        self._looped = -1

    @property
    def bot(self) -> str:
        """The name under which decisions are kept."""
        return str(self._config.get("bot_name") or "hydra")

    def start(self) -> None:
        """Begin to record and to collect; returns at once."""
        self._recorder.start()
        self._starter.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End both, waiting no longer than `timeout_s` for each."""
        self._stop.set()
        limit = monotonic() + timeout_s
        if self._starter.is_alive():
            self._starter.join(timeout_s)
        if self._followers is not None:
            hanging = self._followers.stop(max(0.1, limit - monotonic()))
            if hanging:
                logger.warning("not waited for: %s", ", ".join(hanging))
        if lost := self._recorder.stop(timeout_s):
            logger.error("%d decision(s) of the bot were not kept in the memory", lost)

    def decided(self, pair: str, frame: DataFrame, strategy: str, prediction: str) -> None:
        """Keep the decision of a frame's newest candle; never raises."""
        try:
            notes = decision_notes(
                pair,
                frame.iloc[-1],
                bot=self.bot,
                strategy=strategy,
                candle_ms=self._candle_ms,
                prediction=prediction,
            )
            for series, row in notes:
                self._recorder.note(series, row)
        except Exception:
            logger.exception("decision on %s not kept", pair)

    def note(self, series: Series, row: Mapping[str, Any]) -> None:
        """Keep one row of the memory; returns at once."""
        self._recorder.note(series, row)

    def looped(self, now_ms: int, wallets: Any) -> None:
        """Keep what the bot is worth, once a candle; never raises."""
        candle = now_ms // self._candle_ms
        if candle == self._looped:
            return
        self._looped = candle
        try:
            stakes, trades = Trade.total_open_trades_stakes(), Trade.get_open_trade_count()
            self._recorder.note(*portfolio_note(self.bot, now_ms, wallets, stakes, trades))
        except Exception:
            logger.exception("the bot's balance was not kept")

    def _follow(self) -> None:
        try:
            followers = self.followers()
        except Exception:
            logger.exception("HYDRA cannot collect; the bot trades on")
            return
        self._followers = followers
        if not self._stop.is_set():
            followers.start()

    def followers(self) -> Followers:
        """Make the followers that the settings ask for, not yet started."""
        memory = self._open()
        built = build(self._settings.collector, self._config["exchange"], clock=memory.clock)
        for line in built.skipped:
            logger.warning("not collected: %s", line)
        history = self._settings.collector.history_days * DAY_MS
        return Followers(memory, built.collectors, built.streams, self._pairs, history_ms=history)

    def _open(self) -> Memory:
        url = memory_url(self._config, self._settings)
        return Memory(url, lags_of(self._settings.memory))
