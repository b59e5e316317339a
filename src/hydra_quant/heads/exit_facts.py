"""What is remembered of a position from its entry on: facts that survive the frame they came from.

A bot that holds a position for days sees frames in which the entry's candle is gone; a backtest has
all of them. Both make features from the same facts.
"""

from dataclasses import dataclass, fields
from typing import Any, Self

import numba
import numpy as np
from numpy.typing import NDArray

from hydra_quant.heads.exit_market import PART_NAMES, Market
from hydra_quant.settings import SIGNALS
from hydra_quant.signals.behavioural import PARTS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Of each part and signal, whether the signal rests on it; the last column: no signal.
_RESTS = np.array([[part in PARTS[name] for name in SIGNALS] + [False] for part in PART_NAMES])


@dataclass(frozen=True)
class EntryFacts:
    """What is to be remembered of each position from its entry on; NaN where not known.

    Shapes: every field (n_rows,), but ``support`` (n_parts, n_rows).

    Attributes
    ----------
    side : +1 long, -1 short
    price : of the fill, quote currency
    leverage : 1 or more
    stop_distance : of the stop from the fill, fraction of its price, in the price's own terms
    source : index into `settings.SIGNALS`; -1 for an entry by vote
    confidence, expected_return : of the signal; the latter a fraction in its direction
    funding_rate, oi_delta, volatility : of the market, as in `exit_market.Market`
    regime : index into `regimes.market.REGIMES`; -1 where not known
    support : of each of `exit_market.PART_NAMES`, NaN where the signal does not rest on it
    """

    side: Floats
    price: Floats
    leverage: Floats
    stop_distance: Floats
    source: Ints
    confidence: Floats
    expected_return: Floats
    funding_rate: Floats
    oi_delta: Floats
    volatility: Floats
    regime: Ints
    support: Floats

    def take(self, rows: Ints) -> Self:
        """Facts of the chosen positions, in the order asked for."""
        return type(self)(**{f.name: getattr(self, f.name)[..., rows] for f in fields(self)})

    def record(self) -> dict[str, Any]:
        """The first position as plain numbers, for JSON; None where not known."""
        first = {f.name: getattr(self, f.name)[..., 0].tolist() for f in fields(self)}
        first["support"] = dict(zip(PART_NAMES, first["support"], strict=True))
        return {name: _plain(value) for name, value in first.items()}

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> Self:
        """One position from what `record` returned; a fact that is missing is not known."""
        kept = record.get("support") or {}
        values = {f.name: _number(record.get(f.name)) for f in fields(cls)}
        support = np.array([_number(kept.get(part)) for part in PART_NAMES])[:, None]
        whole = {
            name: np.array([-1 if np.isnan(values[name]) else int(values[name])])
            for name in ("source", "regime")
        }
        rest = {name: np.array([value]) for name, value in values.items()}
        return cls(**rest | whole | {"support": support})


def facts_of(
    market: Market,
    entry: Ints,
    *,
    side: Floats,
    source: Ints,
    confidence: Floats,
    expected_return: Floats,
    stop_distance: Floats,
    leverage: Floats | float,
    price: Floats | None = None,
) -> EntryFacts:
    """Facts of positions that the candles `entry` decided, as known at those candles' close.

    Parameters
    ----------
    market : Market
    entry : array of shape (n_rows,), row numbers
    side, source, confidence, expected_return, stop_distance, leverage : as in `EntryFacts`
    price : of the fills, shape (n_rows,); None: the open of the candle after `entry`, which must
        be in the frame
    """
    filled = market.open[entry + 1] if price is None else np.asarray(price, float)
    return EntryFacts(
        side=np.asarray(side, float),
        price=filled,
        leverage=np.broadcast_to(np.asarray(leverage, float), entry.shape),
        stop_distance=np.asarray(stop_distance, float),
        source=np.asarray(source, np.int64),
        confidence=np.asarray(confidence, float),
        expected_return=np.asarray(expected_return, float),
        funding_rate=market.funding_rate[entry],
        oi_delta=market.oi_delta[entry],
        volatility=market.volatility[entry],
        regime=market.regime[entry],
        support=np.where(_RESTS[:, source], market.support[:, entry], np.nan),
    )


def since_entry(market: Market, entry: Ints, now: Ints) -> tuple[Floats, Floats]:
    """Time and funding between entry and now, where both candles are in the frame.

    Returns
    -------
    hours : array of shape (n_rows,), from the close of `entry` to that of `now`
    funding : array of shape (n_rows,), fraction that longs paid from candle entry + 1 through
        `now`; NaN where one of them is not known
    """
    return market.hours[now] - market.hours[entry], _sums(market.funding_paid, entry + 1, now)


@numba.njit(cache=True)
def _sums(values: Floats, first: Ints, last: Ints) -> Floats:
    """Each span summed from its own start, so that no bit depends on where the frame begins."""
    out = np.empty(len(first))
    for row in range(len(first)):
        total = 0.0
        for candle in range(first[row], last[row] + 1):
            total += values[candle]
        out[row] = total
    return out


def _number(value: Any) -> float:
    return float("nan") if value is None or isinstance(value, dict) else float(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and not np.isfinite(value) else value
