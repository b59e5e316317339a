"""Builds the collectors that a configuration asks for."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from hydra_quant.collectors.collector import Collector, MissingKey, SourceError, Stream
from hydra_quant.memory.store import now_ms
from hydra_quant.settings import Collector as Options

BOOK_LEVELS = 20
Made = Sequence[Collector | Stream]


@dataclass(frozen=True)
class Sources:
    """Who can be asked.

    Attributes
    ----------
    collectors : those that are asked
    streams : those that speak by themselves
    skipped : one line for each source that cannot be asked, which says why
    broken : names of those of them that lack something else than their key
    """

    collectors: tuple[Collector, ...]
    streams: tuple[Stream, ...]
    skipped: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    def close(self, but: Collection[str] = ()) -> None:
        """Let the connections of all collectors go, but those of these sources."""
        for collector in self.collectors:
            if collector.source not in but:
                collector.close()


def build(
    options: Options,
    exchange: Mapping[str, Any],
    names: Sequence[str] | None = None,
    *,
    clock: Callable[[], int] = now_ms,
    environ: Mapping[str, str] | None = None,
) -> Sources:
    """Build the collectors of these sources; a source's module is imported when it is asked for.

    Parameters
    ----------
    options : hydra_quant.settings.Collector
    exchange : freqtrade's ``"exchange"`` section: ``name`` and ``ccxt_config`` of it
    names : which of `hydra_quant.settings.SOURCES`; by default ``options.sources``
    clock : the present, epoch ms
    environ : where keys are looked up; the process's environment by default

    Returns
    -------
    Those that can be asked; that another cannot be does not keep them from it.
    """
    environ = os.environ if environ is None else environ
    config = dict(exchange.get("ccxt_config") or {})
    maker = _Maker(options, str(exchange["name"]), config, clock, environ)
    made: list[Collector | Stream] = []
    skipped: list[str] = []
    broken: list[str] = []
    for name in options.sources if names is None else names:
        try:
            made += getattr(maker, name)()
        except SourceError as error:
            skipped.append(str(error))
            broken += [] if isinstance(error, MissingKey) else [name]
    streams = tuple(cast(Stream, one) for one in made if hasattr(one, "listen"))
    collectors = tuple(one for one in made if not hasattr(one, "listen"))
    return Sources(collectors, streams, tuple(skipped), tuple(broken))


@dataclass(frozen=True)
class _Maker:
    """One method a source, named after it."""

    options: Options
    exchange_id: str
    ccxt_config: dict[str, Any]
    clock: Callable[[], int]
    environ: Mapping[str, str]

    def exchange(self) -> Made:
        from hydra_quant.collectors.exchange import collector_for

        return collector_for(
            self.exchange_id,
            self.ccxt_config,
            period=self.options.period,
            book_levels=BOOK_LEVELS,
            book_poll_ms=self.options.book_poll_seconds * 1000,
        )

    def liquidations(self) -> Made:
        from hydra_quant.collectors.liquidations import LiquidationStream

        return [LiquidationStream(self.exchange_id, self.ccxt_config, clock=self.clock)]

    def coinmetrics(self) -> Made:
        from hydra_quant.collectors.coinmetrics import CoinMetrics

        return [CoinMetrics(**self._address("coinmetrics"))]

    def glassnode(self) -> Made:
        from hydra_quant.collectors.glassnode import Glassnode

        return [Glassnode(self._key("GLASSNODE_KEY"), **self._address("glassnode"))]

    def cryptoquant(self) -> Made:
        from hydra_quant.collectors.cryptoquant import CryptoQuant

        return [CryptoQuant(self._key("CRYPTOQUANT_KEY"), **self._address("cryptoquant"))]

    def cryptocompare(self) -> Made:
        from hydra_quant.collectors.cryptocompare import CryptoCompare

        return [CryptoCompare(self._key("CRYPTOCOMPARE_KEY"), **self._address("cryptocompare"))]

    def rss(self) -> Made:
        from hydra_quant.collectors.rss import Rss

        return [Rss(self.options.feeds, clock=self.clock)]

    def x(self) -> Made:
        from hydra_quant.collectors.x import X

        return [X(self._key("X_BEARER_TOKEN"), clock=self.clock, **self._address("x"))]

    def reddit(self) -> Made:
        from hydra_quant.collectors.reddit import Reddit

        return [
            Reddit(
                self._key("REDDIT_CLIENT_ID"),
                self._key("REDDIT_CLIENT_SECRET"),
                self.options.subreddits,
                **self._address("reddit"),
            )
        ]

    def _key(self, name: str) -> str | None:
        return self.environ.get(f"HYDRA_{name}") or None

    def _address(self, source: str) -> dict[str, Any]:
        found = self.options.base_urls.get(source)
        return {} if found is None else {"base_url": found}
