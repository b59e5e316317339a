"""What ``hydra-quant collect`` shows: bars and a table on a terminal, plain lines elsewhere."""

from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from hydra_quant.collectors.outcome import Outcome, Progress
from hydra_quant.collectors.polling import SourceStatus
from hydra_quant.memory.series import DAY_MS, HOUR_MS, MINUTE_MS

LINE_EVERY_MS = MINUTE_MS
HANGING_MS = 30_000
NORMAL = "not over yet"  # a bar that is still open is left out, as it should be


def age(milliseconds: int) -> str:
    """A duration as a person says it: 43 s, 12 min, 5.0 h, 3.2 d."""
    if milliseconds < 2 * MINUTE_MS:
        return f"{milliseconds / 1000:.0f} s"
    if milliseconds < 2 * HOUR_MS:
        return f"{milliseconds / MINUTE_MS:.0f} min"
    if milliseconds < 2 * DAY_MS:
        return f"{milliseconds / HOUR_MS:.1f} h"
    return f"{milliseconds / DAY_MS:.1f} d"


# --- once -----------------------------------------------------------------------------------------


class SweepDisplay:
    """Bars on a terminal; elsewhere a line for each series that brought something, or failed."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._bars = Bars(
            TextColumn("{task.fields[source]:<14}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            disable=not console.is_terminal,
        )
        self._ids: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def progress(self, word: Progress) -> None:
        """Move a source's bar."""
        if word.source not in self._ids:
            added = self._bars.add_task("", source=word.source, total=word.total)
            self._ids[word.source] = added
        about = "" if word.series is None else str(word.series).removeprefix(f"{word.source} ")
        self._bars.update(
            self._ids[word.source],
            completed=word.done,
            description=f"{about} {word.share:.0%}" if about else "",
        )

    def report(self, outcome: Outcome) -> None:
        """Say what failed, or brought something new."""
        name = outcome.source if outcome.series is None else str(outcome.series)
        if outcome.state == "done":
            written = outcome.filled.written
            if not self.console.is_terminal and written.new + written.revised:
                self._say(f"{name}: {_counts([outcome])}")
        elif outcome.why:
            self._say(f"{name} {outcome.state}: {outcome.why}")

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        """One line a source."""
        for source in sorted({outcome.source for outcome in outcomes}):
            own = [outcome for outcome in outcomes if outcome.source == source]
            series = sum(outcome.series is not None for outcome in own)
            if series:
                self._say(f"{source}: {series} series, {_counts(own)}")

    def _say(self, line: str) -> None:
        self._bars.console.print(line, highlight=False, markup=False, soft_wrap=True)


def _counts(outcomes: Sequence[Outcome]) -> str:
    new = sum(outcome.filled.written.new for outcome in outcomes)
    revised = sum(outcome.filled.written.revised for outcome in outcomes)
    malformed = sum(outcome.filled.malformed for outcome in outcomes)
    refused: Counter[str] = Counter()
    for outcome in outcomes:
        refused.update(outcome.filled.written.refused)
    parts = [f"{new:,} new rows"] + ([f"{revised:,} corrected"] if revised else [])
    parts += [f"{malformed:,} malformed"] if malformed else []
    parts += [f"{count:,} refused ({why})" for why, count in refused.items() if why != NORMAL]
    if failed := sum(outcome.state == "failed" for outcome in outcomes):
        parts.append(f"{failed} failed")
    return ", ".join(parts)


# --- on and on ------------------------------------------------------------------------------------


def status_cells(status: SourceStatus, now: int) -> tuple[str, ...]:
    """One source as source, state, series, rows, newest, next, last error; `now` in epoch ms."""
    state, next_try, lag = status.state, "", status.lag_ms(now)
    if status.asking_since is not None and now - status.asking_since > HANGING_MS:
        state = f"{state}, no answer for {age(now - status.asking_since)}"
    if status.next_try is not None and status.asking_since is None:
        next_try = f"in {age(max(0, status.next_try - now))}"
    error = ""
    if status.last_error is not None and status.last_error_at is not None:
        error = f"{status.last_error} ({age(now - status.last_error_at)} ago)"
    newest = "" if lag is None else f"{age(max(0, lag))} ago"
    return status.source, state, str(status.series), f"{status.rows:,}", newest, next_try, error


def status_line(status: SourceStatus, now: int) -> str:
    """One source as a line."""
    source, state, series, rows, newest, next_try, error = status_cells(status, now)
    parts = [f"{source}: {state}", f"{series} series", f"{rows} rows"]
    parts += [f"newest {newest}"] if newest else []
    parts += [f"asked again {next_try}"] if next_try else []
    parts += [f"last error: {error}"] if error else []
    return " · ".join(parts)


class FollowDisplay:
    """A table that is kept up to date on a terminal; elsewhere a line for each change."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._said: dict[str, tuple[tuple[object, ...], int, int]] = {}

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, found: Sequence[SourceStatus], now: int) -> None:
        """Show how the sources are at `now` (epoch ms)."""
        if self._live is not None:
            self._live.update(_table(found, now), refresh=True)
            return
        for status in found:
            if self._changed(status, now):
                line = status_line(status, now)
                self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _changed(self, status: SourceStatus, now: int) -> bool:
        """Whether a line is due: another state or error; new rows, once a minute at most."""
        asking = status.asking_since
        hanging = asking is not None and now - asking > HANGING_MS
        mood = (status.state, status.last_error_at, hanging)
        before, rows, said_at = self._said.get(status.source, ((), 0, 0))
        if mood == before and (status.rows == rows or now - said_at < LINE_EVERY_MS):
            return False
        self._said[status.source] = mood, status.rows, now
        return True


def _table(found: Sequence[SourceStatus], now: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("source", "state", "series", "rows", "newest", "asked again", "last error"):
        table.add_column(name, justify="right" if name in ("series", "rows") else "left")
    for status in found:
        table.add_row(*map(Text, status_cells(status, now)))
    return table
