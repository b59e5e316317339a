"""The synthetic market: a `History` that is a pure function of its spec."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from .blocks import Blocks, day_range
from .book import orders, price_inside
from .forced import forced_orders, no_orders
from .frames import WIDTHS, decimal, fold_prices, fold_sum, frame, minutes_of, times
from .rng import hashed_uniforms
from .spec import CONTRACTS, DAY_MS, MINUTE_MS, MarketSpec
from .state import SLOTS

Array = NDArray[np.float64]
SLOT_MS = DAY_MS // SLOTS
FUNDING_MS = DAY_MS // 3
_MARK, _TRADES = 101, 202


class SyntheticMarket:
    """Eight perpetuals that behave like the real ones where it was measured, and are made up.

    Parameters
    ----------
    spec : what to generate; the same spec gives the same history on every run.

    Notes
    -----
    Days are generated the first time something in them is asked for and kept (about 330 kB a day
    for eight pairs); asking for more never changes what was there. Nothing looks at a clock: a live
    venue bounds its questions by its own. All candles returned are complete, also the one that
    contains ``end_ms``. Unless ``spec.horizon_days`` ends the market, ``span`` ends where
    generation stands, which is its one answer that grows; call ``extend`` to move it on.

    How prices come about: a common factor and own Student-t shocks, scaled by volatility that
    follows slow cycles, a ladder of herding processes (Kirman's recruitment at four speeds, in the
    spirit of Franke and Westerhoff) and the hour of day; liquidation cascades as a Hawkes process
    fed by built-up leverage; a leverage ladder that turns each move into forced orders and lost
    open interest. The slow volatility cycles repeat after 60 days, shifted by the seed: that keeps
    the facts of a few months from depending on it too much, and is more regular than real markets.

    At ``edge = 0`` direction is unpredictable but for two crumbs. Alts receive a fifth of the
    factor one to three minutes late (``PairSpec.lag``; without that, correlations cannot rise with
    the timeframe), and inside a rare crash the fall takes 40 minutes.
    """

    def __init__(self, spec: MarketSpec | None = None) -> None:
        self.spec = spec or MarketSpec()
        self.name = f"synthetic-{self.spec.seed}"
        self.pairs = self.spec.pairs
        self._blocks = Blocks(self.spec)

    def span(self, pair: str) -> tuple[int, int]:
        """First candle's open and the end of what exists so far (at least one day), in ms."""
        self._row(pair)
        self._blocks.extend(1)
        days = self.spec.horizon_days or len(self._blocks)
        return self.spec.epoch_ms, self.spec.epoch_ms + days * DAY_MS

    def extend(self, end_ms: int) -> None:
        """Generate everything before ``end_ms`` now, e.g. at start-up of a live venue."""
        self._blocks.extend(self._days(self.spec.epoch_ms, end_ms)[1])

    def timeframes(self, pair: str) -> tuple[str, ...]:
        """Every width that divides a day, from one minute."""
        self._row(pair)
        return tuple(WIDTHS)

    def candles(self, pair: str, timeframe: str, start_ms: int, end_ms: int) -> DataFrame:
        """See `History.candles`; prices are multiples of the tick, volume is never zero."""
        row, width = self._row(pair), minutes_of(timeframe)
        first, ticks, volume, share = self._minutes(row, width, start_ms, end_ms)
        contract = CONTRACTS[pair]
        base = np.maximum(np.rint(volume / contract.step), 1.0).astype(np.int64)
        taker = np.rint(base * share).astype(np.int64)
        # Turnover at the mean of open, high, low and close, in quarters of step times tick: whole
        # numbers, so that every column adds up and prints as an exact decimal.
        quarters = base * ticks.sum(axis=0, dtype=np.int64)
        quote = decimal(quarters / 4.0, contract.step * contract.tick)
        noise = hashed_uniforms(self.spec.seed, _TRADES + row, times(first, 1, base.size))
        trades = np.maximum(np.rint(quote / (1500.0 + 2000.0 * noise)), 1.0).astype(np.int64)
        columns: dict[str, Any] = dict(fold_prices(decimal(ticks, contract.tick), width))
        columns["volume"] = decimal(fold_sum(base, width), contract.step)
        turnover = fold_sum(quarters, width) / 4.0
        columns["quote_volume"] = decimal(turnover, contract.step * contract.tick)
        columns["trades"] = fold_sum(trades, width)
        columns["taker_buy_volume"] = decimal(fold_sum(taker, width), contract.step)
        return frame(times(first, width, columns["open"].size), columns)

    def mark(self, pair: str, timeframe: str, start_ms: int, end_ms: int) -> DataFrame:
        """See `History.mark`; within a few basis points of the last price at every minute."""
        row, width = self._row(pair), minutes_of(timeframe)
        first, ticks, _, _ = self._minutes(row, width, start_ms, end_ms)
        prices = decimal(ticks, CONTRACTS[pair].tick)
        minute = times(first, 1, ticks.shape[1]) // MINUTE_MS
        basis = 1.0 + 2e-4 * (
            hashed_uniforms(self.spec.seed, _MARK + row, np.append(minute, minute[-1:] + 1)) - 0.5
        )
        prices[0] *= basis[:-1][: minute.size]
        prices[3] *= basis[1:][: minute.size]
        prices[1] = np.maximum(np.maximum(prices[0], prices[3]), prices[1] * (1 - 0.5e-4))
        prices[2] = np.minimum(np.minimum(prices[0], prices[3]), prices[2] * (1 + 0.5e-4))
        columns = fold_prices(np.round(prices, 8), width)
        return frame(times(first, width, columns["open"].size), columns)

    def funding(self, pair: str, start_ms: int, end_ms: int) -> DataFrame:
        """See `History.funding`; settlements at 00:00, 08:00 and 16:00 UTC."""
        time_ms, (rate,) = self._snapshots(pair, FUNDING_MS, start_ms, end_ms, "funding")
        return frame(time_ms, {"rate": np.round(rate, 8)})

    def open_interest(self, pair: str, timeframe: str, start_ms: int, end_ms: int) -> DataFrame:
        """See `History.open_interest`; at the open of each candle, hence known at that moment."""
        time_ms, (contracts,) = self._slots(pair, timeframe, start_ms, end_ms, "open_interest")
        contract, ticks = CONTRACTS[pair], self._open_ticks(pair, time_ms)
        units = np.rint(contracts / contract.step)
        value = decimal(units * ticks, contract.step * contract.tick)
        return frame(time_ms, {"contracts": decimal(units, contract.step), "value": value})

    def ratios(self, pair: str, timeframe: str, start_ms: int, end_ms: int) -> DataFrame:
        """See `History.ratios`; shares at ``time_ms``, taker volumes of the candle ending there."""
        time_ms, shares = self._slots(pair, timeframe, start_ms, end_ms, "long_share")
        names = ("long_share", "top_account_long_share", "top_position_long_share")
        columns = dict(zip(names, np.round(shares, 4), strict=True))
        width_ms = minutes_of(timeframe) * MINUTE_MS
        buy, sell = np.full(time_ms.size, np.nan), np.full(time_ms.size, np.nan)
        if time_ms.size:
            bars = self.candles(pair, timeframe, int(time_ms[0]) - width_ms, int(time_ms[-1]))
            taken = bars["taker_buy_volume"].to_numpy()
            buy[buy.size - taken.size :] = taken
            step = CONTRACTS[pair].step
            units = np.rint((bars["volume"].to_numpy() - taken) / step)
            sell[sell.size - taken.size :] = decimal(units, step)
        return frame(time_ms, {**columns, "taker_buy_volume": buy, "taker_sell_volume": sell})

    def liquidations(self, pair: str, start_ms: int, end_ms: int) -> DataFrame:
        """See `History.liquidations`; what a minute took down, split into single orders."""
        row = self._row(pair)
        first, last = self._days(start_ms, end_ms)
        days = self._blocks.days(first, last)
        if not days:
            return no_orders()
        begin = self.spec.epoch_ms + first * DAY_MS
        taken = _join([day.liquidated[row] for day in days])
        ticks = _join([day.prices[row] for day in days])
        table = forced_orders(CONTRACTS[pair], taken, ticks, begin, self.spec.seed, row)
        inside = (table["time_ms"] >= start_ms) & (table["time_ms"] < end_ms)
        return table[inside].reset_index(drop=True)

    def price_at(self, pair: str, at_ms: int) -> float:
        """Return the last price at ``at_ms``, on the tick grid, within its one-minute candle."""
        price = price_inside(self._candle(pair, at_ms), self.spec.seed, self._row(pair), at_ms)
        tick = CONTRACTS[pair].tick
        return float(decimal(np.rint(np.array(price / tick)), tick))

    def book(self, pair: str, at_ms: int, levels: int) -> tuple[Array, Array]:
        """See `History.book`; empty outside the market's span."""
        row = self._row(pair)
        recent = self.candles(pair, "1m", at_ms - 30 * MINUTE_MS, at_ms - MINUTE_MS)
        if levels < 1 or not self._covers(at_ms):
            return np.empty((0, 2)), np.empty((0, 2))
        quiet = CONTRACTS[pair].volatility
        spread = np.log(recent["high"] / recent["low"]).mean() / 1.6 if len(recent) else quiet
        price = self.price_at(pair, at_ms)
        return orders(
            CONTRACTS[pair], price, float(spread / quiet), self.spec.seed, row, at_ms, levels
        )

    def _row(self, pair: str) -> int:
        if pair not in self.pairs:
            raise KeyError(f"{pair!r} is not in this market: {', '.join(self.pairs)}")
        return self.pairs.index(pair)

    def _limit(self, end_ms: int) -> int:
        days = self.spec.horizon_days
        return end_ms if days is None else min(end_ms, self.spec.epoch_ms + days * DAY_MS)

    def _covers(self, at_ms: int) -> bool:
        return self.spec.epoch_ms <= at_ms < self._limit(at_ms + 1)

    def _days(self, start_ms: int, end_ms: int) -> tuple[int, int]:
        return day_range(self.spec.epoch_ms, start_ms, self._limit(end_ms))

    def _candle(self, pair: str, at_ms: int) -> Array:
        if not self._covers(at_ms):
            raise ValueError(f"{pair} has no price at {at_ms}: the market covers {self.span(pair)}")
        minute = at_ms - at_ms % MINUTE_MS
        _, ticks, _, _ = self._minutes(self._row(pair), 1, minute, minute + 1)
        return np.asarray(decimal(ticks, CONTRACTS[pair].tick)[:, 0])

    def _open_ticks(self, pair: str, time_ms: NDArray[np.int64]) -> NDArray[np.int64]:
        """Price at the given minutes, in ticks."""
        if not time_ms.size:
            return np.empty(0, np.int64)
        first, ticks, _, _ = self._minutes(
            self._row(pair), 1, int(time_ms[0]), int(time_ms[-1]) + 1
        )
        return np.asarray(ticks[0, (time_ms - first) // MINUTE_MS], np.int64)

    def _minutes(
        self, row: int, width: int, start_ms: int, end_ms: int
    ) -> tuple[int, NDArray[np.int32], Array, Array]:
        """Minutes of all ``width``-wide candles that open in the interval: first open, ticks,
        volume, taker share."""
        span_ms = width * MINUTE_MS
        begin = max(-(-start_ms // span_ms) * span_ms, self.spec.epoch_ms)
        end = max(-(-self._limit(end_ms) // span_ms) * span_ms, begin)
        first, last = day_range(self.spec.epoch_ms, begin, end)
        days = self._blocks.days(first, last)
        skip = (begin - self.spec.epoch_ms) // MINUTE_MS - first * 1440
        cut = slice(skip, skip + (end - begin) // MINUTE_MS)
        if not days:
            return begin, np.empty((4, 0), np.int32), np.empty(0), np.empty(0)
        ticks = _join([day.prices[row] for day in days])[:, cut]
        volume = _join([day.volume[row] for day in days])[cut].astype(np.float64)
        share = _join([day.taker_share[row] for day in days])[cut].astype(np.float64)
        return begin, ticks, volume, share

    def _snapshots(
        self, pair: str, step_ms: int, start_ms: int, end_ms: int, field: str
    ) -> tuple[NDArray[np.int64], Array]:
        """Points of a regular series in the interval: times and values of shape (series, n)."""
        row = self._row(pair)
        first, last = self._days(start_ms, end_ms)
        days = self._blocks.days(first, last)
        if not days:
            width = 3 if field == "long_share" else 1
            return np.empty(0, np.int64), np.empty((width, 0))
        values = np.atleast_2d(_join([getattr(day, field)[row] for day in days])).astype(np.float64)
        begin = self.spec.epoch_ms + first * DAY_MS
        time_ms = begin + np.arange(values.shape[1], dtype=np.int64) * step_ms
        inside = (time_ms >= start_ms) & (time_ms < self._limit(end_ms))
        return time_ms[inside], values[:, inside]

    def _slots(
        self, pair: str, timeframe: str, start_ms: int, end_ms: int, field: str
    ) -> tuple[NDArray[np.int64], Array]:
        minutes = minutes_of(timeframe)
        if minutes % 5:
            raise ValueError(
                f"timeframe {timeframe!r}: snapshots are taken every 5m, ask for 5m or wider"
            )
        time_ms, values = self._snapshots(pair, SLOT_MS, start_ms, end_ms, field)
        on_grid = time_ms % (minutes * MINUTE_MS) == 0
        return time_ms[on_grid], values[:, on_grid]


def _join(parts: list[NDArray[np.generic]]) -> NDArray[Any]:
    return np.concatenate(parts, axis=-1)
