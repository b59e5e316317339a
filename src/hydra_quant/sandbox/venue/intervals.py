"""Candle widths: their names, lengths and where their buckets begin."""

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

# Binance USD-M's own list without the calendar month, which has no constant width.
INTERVAL_MS: dict[str, int] = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": HOUR_MS,
    "2h": 2 * HOUR_MS,
    "4h": 4 * HOUR_MS,
    "6h": 6 * HOUR_MS,
    "8h": 8 * HOUR_MS,
    "12h": 12 * HOUR_MS,
    "1d": DAY_MS,
    "3d": 3 * DAY_MS,
    "1w": 7 * DAY_MS,
}

# Statistics under /futures/data know these only.
PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")

# Weeks begin on Monday; 1970-01-01 was a Thursday.
_WEEK_ANCHOR_MS = 4 * DAY_MS


def anchor_ms(interval: str) -> int:
    """Some moment at which a bucket of this width begins, epoch ms."""
    return _WEEK_ANCHOR_MS if interval == "1w" else 0


def bucket_open(at_ms: int, interval: str) -> int:
    """Open time of the candle that contains `at_ms`."""
    width, anchor = INTERVAL_MS[interval], anchor_ms(interval)
    return at_ms - (at_ms - anchor) % width


def finest_first(intervals: tuple[str, ...]) -> list[str]:
    """The known ones among `intervals`, shortest first."""
    return sorted((i for i in intervals if i in INTERVAL_MS), key=INTERVAL_MS.__getitem__)


def divides(fine: str, coarse: str) -> bool:
    """Whether candles of width `coarse` are whole groups of candles of width `fine`."""
    return INTERVAL_MS[coarse] % INTERVAL_MS[fine] == 0 and INTERVAL_MS[fine] < INTERVAL_MS[coarse]
