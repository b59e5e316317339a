"""Who asked for what: request counts, unknown paths, and the request weight limit."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hydra_quant.sandbox.venue.faults import names_of

# Distinct unknown paths remembered by name, so that a scan cannot fill the memory.
UNKNOWN_KEPT = 200

# Binance's published weights: up to this limit, this weight.
_BY_LIMIT = {
    "klines": ((99, 1), (499, 2), (1000, 5), (1500, 10)),
    "depth": ((50, 2), (100, 5), (500, 10), (1000, 20)),
}
_KLINES = ("klines", "continuousKlines", "markPriceKlines")
_PLAIN = {"ticker/24hr": (1, 40), "ticker/bookTicker": (2, 5), "ticker/price": (1, 2)}


def weight_of(path: str, params: Mapping[str, str]) -> int:
    """Request weight as Binance counts it; 0 for ``/futures/data``, which has its own limit."""
    whole, name = names_of(path)
    if whole.startswith("futures/data"):
        return 0
    if name in _PLAIN:
        return _PLAIN[name][0 if params.get("symbol") else 1]
    steps = _BY_LIMIT["klines" if name in _KLINES else name] if _stepped(name) else ()
    asked = int(params.get("limit", "") or 500) if params.get("limit", "500").isdigit() else 500
    return next((weight for most, weight in steps if asked <= most), 1)


def _stepped(name: str) -> bool:
    return name in _KLINES or name in _BY_LIMIT


@dataclass
class Traffic:
    """Counts of a running venue.

    Parameters
    ----------
    weight_limit : int
        Request weight allowed in a minute of real time; 0: no limit.
    source : callable
        Real time, seconds.
    """

    weight_limit: int = 0
    source: Callable[[], float] = time.time
    requests: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    refused: int = 0

    def __post_init__(self) -> None:
        self._minute, self.used_weight = -1, 0

    def count_unknown(self, what: str) -> None:
        """Remember a request that nothing answers; beyond `UNKNOWN_KEPT` names under ``others``."""
        kept = what in self.unknown or len(self.unknown) < UNKNOWN_KEPT
        self.unknown[what if kept else "others"] += 1

    def admit(self, path: str, params: Mapping[str, str]) -> int:
        """Count a request.

        Returns
        -------
        int
            0 when it may pass, else the seconds to wait until the minute is over.
        """
        self.requests[path] += 1
        now = self.source()
        if int(now // 60) != self._minute:
            self._minute, self.used_weight = int(now // 60), 0
        self.used_weight += weight_of(path, params)
        if not self.weight_limit or self.used_weight <= self.weight_limit:
            return 0
        self.refused += 1
        return max(1, int(60 - now % 60))
