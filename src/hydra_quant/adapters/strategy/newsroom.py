"""What reads the news beside a trading bot: texts are scored, verdicts asked for, exits told."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from hydra_quant.adapters.data.remembered import lags_of, memory_url
from hydra_quant.memory import Memory
from hydra_quant.news.desk import Desk
from hydra_quant.news.gate import Ruling, decide, is_standing
from hydra_quant.news.providers.build import build
from hydra_quant.news.verdict import Verdict
from hydra_quant.sentiment.following import Scoring
from hydra_quant.settings import Settings

logger = logging.getLogger(__name__)


class Newsroom:
    """Runs in threads of its own; nothing here makes the trading loop wait.

    Parameters
    ----------
    config : freqtrade's configuration
    settings : HYDRA's settings; without a provider nobody is asked, texts are scored all the same
    pairs : whom verdicts are about
    send : freqtrade's ``dp.send_msg``
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        settings: Settings,
        pairs: list[str],
        send: Callable[[str], None],
    ) -> None:
        self._settings, self._send = settings, send
        opening = partial(_open, memory_url(config, settings), lags_of(settings.memory))
        self.scoring = Scoring(opening, settings.sentiment)
        self.desk: Desk | None = None
        if settings.news.provider != "off":
            self.desk = Desk(
                opening, partial(build, settings.news), pairs, settings.news, settings.sentiment
            )

    def start(self) -> None:
        """Begin; the loop has not begun yet, so what takes a second to import is imported here."""
        self.scoring.start()
        if self.desk is not None:
            import_module(self._settings.news.provider)
            self.desk.start()

    def stop(self) -> None:
        """End both, waiting for neither longer than a few seconds."""
        self.scoring.stop()
        if self.desk is not None:
            self.desk.stop()

    def looped(self, pairs: list[str]) -> None:
        """Follow the whitelist, and tell the user of changes to exit; never raises or waits."""
        if self.desk is None:
            return
        self.desk.pairs = tuple(pairs)
        for verdict in self.desk.changed_to_exit():
            try:
                self._send(_told(verdict, follows=self._settings.news.follow_exit))
            except Exception:
                logger.exception("a verdict to exit on %s could not be told", verdict.pair)

    def ruling(self, pair: str, side: int, now_ms: int) -> Ruling | None:
        """What the newest verdict says to an entry now; None where none stands."""
        verdict = None if self.desk is None else self.desk.latest(pair)
        if verdict is None or not is_standing(verdict, now_ms):
            return None
        return decide(verdict, side, now_ms, self._settings.news)


def _open(url: str, lags: Any) -> Memory:
    return Memory(url, lags)


def _told(verdict: Verdict, *, follows: bool) -> str:
    """A message without the model's words: freqtrade logs what it sends."""
    does = "HYDRA leaves its positions" if follows else "HYDRA recommends leaving"
    sources = len(verdict.news)
    return (
        f"{verdict.pair}: the news say exit ({verdict.confidence}, {sources} sources). Entries are "
        f"blocked; {does}."
    )
