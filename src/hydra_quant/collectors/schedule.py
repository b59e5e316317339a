"""When a source is asked next: soon after there may be something new, later after a failure."""

from random import Random

from hydra_quant.collectors.collector import Task
from hydra_quant.memory.series import MINUTE_MS

SOON_MS = 5_000  # a venue's figures are there some seconds after the period's end
FIRST_BACKOFF_MS = 5_000
LONGEST_BACKOFF_MS = 10 * MINUTE_MS
SECOND_LOOK_POLLS = 10


def next_poll(task: Task, lag_ms: int, now: int) -> int:
    """The first regular time after `now` (epoch ms) to ask for a task.

    Times are whole multiples of ``poll_ms`` since the epoch, where periods end, and a little more:
    a row is then stored before its rule (end of the period and publication lag) says it is known.
    What has only a present is taken shortly *before*, so that it is known when a candle closes.
    """
    if task.reach_ms == 0:
        shift = -min(SOON_MS, task.poll_ms // 4)
    else:
        shift = min(SOON_MS, task.poll_ms // 4, lag_ms // 4)
    return (now - shift) // task.poll_ms * task.poll_ms + task.poll_ms + shift


def after_success(task: Task, lag_ms: int, now: int, newest: int | None, news: bool) -> int:
    """When to ask again (epoch ms) after an answer at `now`.

    Parameters
    ----------
    task : Task
    lag_ms : publication lag of its series
    now : when it was asked
    newest : event time of the newest stored fact, None when there is none
    news : whether the answer held something new

    Returns
    -------
    The next regular time; the first one after the present period where its predecessor's row is
    there; earlier, a few times until the lag is over, where it is not there yet.
    """
    regular = next_poll(task, lag_ms, now)
    width = task.series.period_ms
    if width:
        ended = now // width * width
        there = newest is not None and newest >= ended - width
        regular = max(regular, next_poll(task, lag_ms, ended + width)) if there else regular
    else:
        # Nobody knows when an instant is due: a second look only where polls are far apart.
        ended = now // task.poll_ms * task.poll_ms
        there = news or task.poll_ms < SECOND_LOOK_POLLS * lag_ms
    if there or task.reach_ms == 0 or now >= ended + lag_ms:
        return regular
    return min(regular, now + max(SOON_MS, lag_ms // 4))


def backoff(failures: int, random: Random) -> int:
    """Milliseconds to wait after so many failures in a row: doubled each time, half of it jitter.

    Returns
    -------
    Between 50 % and 100 % of 5 s, 10 s, 20 s … and at most 10 minutes.
    """
    whole = min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS << min(failures - 1, 20))
    return round(whole * (0.5 + 0.5 * random.random()))
