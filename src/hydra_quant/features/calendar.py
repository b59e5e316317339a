"""When a candle opened, UTC. Looked up by minute of the week: a candle knows its own hour."""

import math

import numpy as np
from numpy.typing import NDArray

from hydra_quant.features.bars import Bars, shared
from hydra_quant.features.windows import Array

DAY = 24 * 60
WEEK = 7 * DAY
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0

_MINUTE = np.arange(WEEK)
_HOUR = (_MINUTE % DAY // 60).astype(float)
_WEEKDAY = (_MINUTE // DAY).astype(float)
_DAY_ANGLE = 2.0 * math.pi * (_MINUTE % DAY) / DAY
_WEEK_ANGLE = 2.0 * math.pi * _MINUTE / WEEK
_TABLES: dict[str, Array] = {
    "hour": _HOUR,
    "weekday": _WEEKDAY,
    "hour_sin": np.sin(_DAY_ANGLE),
    "hour_cos": np.cos(_DAY_ANGLE),
    "weekday_sin": np.sin(_WEEK_ANGLE),
    "weekday_cos": np.cos(_WEEK_ANGLE),
    "session_asia": (_HOUR < 8).astype(float),
    "session_europe": ((_HOUR >= 8) & (_HOUR < 16)).astype(float),
    "session_us": (_HOUR >= 16).astype(float),
}


@shared
def _minute_of_week(bars: Bars) -> NDArray[np.int64]:
    minutes = bars.minutes + _EPOCH_WEEKDAY * DAY
    return minutes - minutes // WEEK * WEEK


def by_week(bars: Bars, name: str) -> Array:
    """A quantity that repeats every week.

    ``hour`` 0-23 and ``weekday`` 0 (Monday) - 6; ``hour_sin``/``_cos`` go round once a day and
    ``weekday_sin``/``_cos`` once a week, both by the minute; ``session_asia`` 0-8,
    ``session_europe`` 8-16 and ``session_us`` 16-24 o'clock are flags.
    """
    return _TABLES[name][_minute_of_week(bars)]


def day_of_month(bars: Bars) -> Array:
    """Day of the month, 1-31."""
    if not len(bars):
        return np.empty(0)
    days = bars.minutes // DAY
    dates = np.arange(days[0], days[-1] + 1).astype("datetime64[D]")
    of_month = dates - dates.astype("datetime64[M]").astype("datetime64[D]")
    table: Array = of_month.astype(np.float64) + 1.0
    return np.asarray(table[days - days[0]], dtype=np.float64)
