"""What every endpoint works with: the listed symbols, what is known now, and the time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra_quant.sandbox.history import History
from hydra_quant.sandbox.venue import query
from hydra_quant.sandbox.venue.clock import Clock
from hydra_quant.sandbox.venue.errors import invalid_symbol
from hydra_quant.sandbox.venue.known import Known
from hydra_quant.sandbox.venue.symbols import symbol_info, symbol_of

Params = Mapping[str, str]


@dataclass(frozen=True)
class Rows:
    """An answer made of rows in time order, which the row faults may distort.

    Parameters
    ----------
    rows : list
        Tuples (candles) or dicts, oldest first.
    series : str
        What the rows are of, e.g. ``'BTCUSDT 5m'``: a row fault hits the same times in every page.
    """

    rows: list[Any]
    series: str


class Desk:
    """The venue's front desk.

    Parameters
    ----------
    history : History
    clock : Clock
    pairs : sequence of str
        Those listed; each must be in the history.
    """

    def __init__(self, history: History, clock: Clock, pairs: Sequence[str]) -> None:
        self.history, self.clock = history, clock
        self.known = Known(history, clock)
        self.pairs = tuple(pairs)
        self.pair_of = {symbol_of(pair): pair for pair in self.pairs}
        self.info = {symbol_of(pair): symbol_info(history, pair) for pair in self.pairs}

    def symbol(self, params: Params, name: str = "symbol") -> str:
        """The mandatory symbol of a request; -1121 where it is not listed."""
        symbol = query.text(params, name)
        if symbol not in self.pair_of:
            raise invalid_symbol()
        return symbol

    def symbols(self, params: Params) -> list[str]:
        """The one symbol asked for, or all of them."""
        return [self.symbol(params)] if params.get("symbol") else list(self.pair_of)

    def now_ms(self) -> int:
        """Venue time, epoch ms."""
        return self.clock.now_ms()

    def price_decimals(self, symbol: str) -> int:
        """Decimals of the symbol's tick."""
        decimals = self.info[symbol]["pricePrecision"]
        assert isinstance(decimals, int)
        return decimals

    def amount_decimals(self, symbol: str) -> int:
        """Decimals of the symbol's amount step."""
        decimals = self.info[symbol]["quantityPrecision"]
        assert isinstance(decimals, int)
        return decimals
