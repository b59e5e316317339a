"""What a stored row is about: its kind, its source, its subject."""

from dataclasses import dataclass

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, order=True)
class Series:
    """One line of facts through time; every stored row belongs to exactly one.

    Attributes
    ----------
    kind : str
        A kind of `hydra_quant.memory.kinds.KINDS`, which is also its table's name.
    source : str
        Who said it: ``'binance'``, ``'coinmetrics'``, ``'rss'`` …
    subject : str
        Whom it is about: a pair ``'BTC/USDT:USDT'``, an asset ``'BTC'``, or ``''`` for everything.
    name : str
        Which of its kind: ``'top_positions'``, ``'mvrv_zscore'`` …; ``''`` where there is one.
    period_ms : int
        Width of the bar a row sums up, from its ``event_time`` on; 0 for an instant.
    """

    kind: str
    source: str
    subject: str = ""
    name: str = ""
    period_ms: int = 0

    def __str__(self) -> str:
        parts = (self.source, self.kind, self.name, self.subject)
        return " ".join(part for part in parts if part)
