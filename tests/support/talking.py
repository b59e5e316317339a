"""Synthetic markets that go another way or show the future: what would be said of them."""

HOUR_MS = 3_600_000
CLOSES_MS = {"1m": 60_000, "30m": 1_800_000}


class Like:
    """A market as it is."""

    def __init__(self, market):
        self.market = market

    def __getattr__(self, name):
        return getattr(self.market, name)


class Bent(Like):
    """Goes another way: prices of candles that had not closed by a time are 30 % higher, and no
    order is forced after it."""

    def __init__(self, market, from_ms):
        super().__init__(market)
        self.from_ms = from_ms

    def candles(self, pair, timeframe, start_ms, end_ms):
        table = self.market.candles(pair, timeframe, start_ms, end_ms)
        later = table["time_ms"] + CLOSES_MS[timeframe] > self.from_ms
        table.loc[later, ["high", "low", "close"]] *= 1.3
        return table

    def liquidations(self, pair, start_ms, end_ms):
        return self.market.liquidations(pair, start_ms, min(end_ms, self.from_ms))


class Peeking(Like):
    """Shows the close of four hours later: who reads it knows the future."""

    def candles(self, pair, timeframe, start_ms, end_ms):
        table = self.market.candles(pair, timeframe, start_ms, end_ms)
        later = self.market.candles(pair, timeframe, start_ms, end_ms + 4 * HOUR_MS)
        ahead = len(later) - len(table)
        table["close"] = later["close"].to_numpy()[ahead:]
        return table
