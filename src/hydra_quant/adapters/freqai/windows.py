"""The sliding windows of a backtest: learn on one stretch, answer the next."""

from dataclasses import dataclass
from datetime import UTC, datetime

from freqtrade.freqai.data_kitchen import FreqaiDataKitchen

DAY = 86400


@dataclass(frozen=True)
class Window:
    """One training stretch and the candles its model answers; seconds since 1970 UTC.

    Attributes
    ----------
    number, count : int
        1-based position among all windows.
    train_start, train_stop : int
        Candles with ``train_start <= open time < train_stop`` are learned from.
    known_until : int
        Labels may read candles that open before this (the window's end before any
        ``buffer_train_data_candles``).
    answer_start : int
    answer_stop : int or None
        None: to the last candle there is, including the one that opens when the timerange ends.
    """

    number: int
    count: int
    train_start: int
    train_stop: int
    known_until: int
    answer_start: int
    answer_stop: int | None

    @property
    def label(self) -> str:
        """Days learned from, for log lines."""
        return f"{day(self.train_start)} to {day(self.train_stop)}"


def day(time: float) -> str:
    """Return a time (seconds since 1970 UTC) as text, without the hour at midnight."""
    moment = datetime.fromtimestamp(time, tz=UTC)
    return moment.strftime("%Y-%m-%d" if moment.hour == moment.minute == 0 else "%Y-%m-%d %H:%M")


def list_windows(dk: FreqaiDataKitchen, last_candle: int, buffer_seconds: int) -> list[Window]:
    """Return FreqAI's own windows, and one more where the last candle needs it.

    FreqAI answers candles before the end of the timerange only, so the very last one stays
    unanswered and every look-ahead analysis stumbles over it. Here the last window is open-ended.
    If the last candle opens exactly where a further window would begin, that window is added: the
    candle gets the answer that a longer backtest would give it.

    Parameters
    ----------
    dk : FreqaiDataKitchen
        Holds the training and backtest ranges.
    last_candle : int
        Open time of the last candle to answer, seconds since 1970 UTC.
    buffer_seconds : int
        ``buffer_train_data_candles`` in seconds, cut off both ends of each training stretch.
    """
    period = int(dk.freqai_config["backtest_period_days"] * DAY)
    length = int(dk.freqai_config["train_period_days"]) * DAY
    starts = [int(answered.startts) for answered in dk.backtesting_timeranges]
    if last_candle >= starts[-1] + period:
        starts.append(starts[-1] + period)
    stops: list[int | None] = [*starts[1:], None]
    return [
        Window(
            number=number,
            count=len(starts),
            train_start=start - length + buffer_seconds,
            train_stop=start - buffer_seconds,
            known_until=start,
            answer_start=start,
            answer_stop=stop,
        )
        for number, (start, stop) in enumerate(zip(starts, stops, strict=True), 1)
    ]
