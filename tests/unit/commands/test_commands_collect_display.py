"""What a person reads while collecting."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from hydra_quant.collectors.filling import Filled
from hydra_quant.collectors.outcome import Outcome, Progress
from hydra_quant.collectors.polling import SourceStatus
from hydra_quant.commands.collect_display import FollowDisplay, SweepDisplay, age, status_line
from hydra_quant.memory import Series, Written
from hydra_quant.memory.series import HOUR_MS, MINUTE_MS

NOW = 1_750_000_000_000
TAKER = Series("ratios", "binance", "BTC/USDT:USDT", "taker", 5 * MINUTE_MS)
GOOD = SourceStatus(
    "binance", "following", 9, 1234, NOW - 5_000, next_try=NOW + 20_000, newest=NOW - 43_000
)


def console(terminal=False):
    return Console(file=StringIO(), width=200, force_terminal=terminal)


def done(new, **refused):
    counts = {"not over yet": 1, **refused}
    return Outcome("binance", TAKER, "done", Filled(Written(new, 2, 0, counts), malformed=3))


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0 s"), (43_000, "43 s"), (12 * MINUTE_MS, "12 min"), (5 * HOUR_MS, "5.0 h")],
)
def test_ages(milliseconds, text):
    assert age(milliseconds) == text


def test_days():
    assert age(77 * HOUR_MS) == "3.2 d"


def test_plain_lines_name_what_came_and_what_failed():
    out = console()
    with SweepDisplay(out) as display:
        display.progress(Progress("binance", 0, 2, 0.5, TAKER))
        outcomes = [done(288), Outcome("rss", None, "failed", why="answered 503")]
        outcomes.append(Outcome("binance", replace(TAKER, name="top_accounts"), "done"))
        for outcome in outcomes:
            display.report(outcome)
    display.summary(outcomes)
    assert out.file.getvalue().splitlines() == [
        "binance ratios taker BTC/USDT:USDT: 288 new rows, 2 corrected, 3 malformed",
        "rss failed: answered 503",
        "binance: 2 series, 288 new rows, 2 corrected, 3 malformed",
    ]


def test_what_is_refused_is_named_but_an_open_bar_is_not():
    out = console()
    display = SweepDisplay(out)
    display.summary([done(1, **{"rate out of range": 4})])
    assert "4 refused (rate out of range)" in out.file.getvalue()
    assert "not over yet" not in out.file.getvalue()


def test_a_terminal_gets_bars_and_only_the_failures_as_lines():
    out = console(terminal=True)
    with SweepDisplay(out) as display:
        display.progress(Progress("binance", 1, 4, 0.25, TAKER))
        display.report(done(288))
        display.report(Outcome("binance", TAKER, "failed", why="answered 503"))
        display.progress(Progress("binance", 4, 4, 0.0, None))
    shown = out.file.getvalue()
    assert "4/4" in shown
    assert "binance ratios taker BTC/USDT:USDT failed: answered 503" in shown
    assert "288 new" not in shown


def test_a_status_says_how_old_the_newest_fact_is_and_when_it_is_asked_again():
    assert status_line(GOOD, NOW) == (
        "binance: following · 9 series · 1,234 rows · newest 43 s ago · asked again in 20 s"
    )


def test_a_status_says_what_went_wrong_and_who_does_not_answer():
    failing = replace(GOOD, state="failing", last_error="answered 503", last_error_at=NOW - 9_000)
    assert status_line(failing, NOW).endswith("last error: answered 503 (9 s ago)")
    hanging = replace(GOOD, asking_since=NOW - 3 * MINUTE_MS)
    assert "binance: following, no answer for 3 min" in status_line(hanging, NOW)
    assert "no answer" not in status_line(replace(GOOD, asking_since=NOW - 5_000), NOW)


def test_without_a_terminal_a_line_comes_with_each_change():
    out = console()
    failed = replace(GOOD, state="failing", last_error="answered 503", last_error_at=NOW)
    more = replace(GOOD, rows=1300)
    with FollowDisplay(out) as display:
        for status, seconds in (
            *((GOOD, 0), (GOOD, 1)),  # nothing new to say
            *((failed, 2), (failed, 3)),
            *((GOOD, 4), (more, 5), (more, 70)),  # new rows: a minute later
        ):
            display.show([status], NOW + seconds * 1000)
    lines = out.file.getvalue().splitlines()
    assert [line.split(" · ")[0] for line in lines] == [
        *("binance: following", "binance: failing"),
        *("binance: following", "binance: following"),
    ]
    assert "1,300 rows" in lines[-1]


def test_a_terminal_gets_a_table():
    out = console(terminal=True)
    with FollowDisplay(out) as display:
        failed = replace(GOOD, source="rss", last_error="said [/red]", last_error_at=NOW)
        display.show([GOOD, failed], NOW)
    shown = out.file.getvalue()
    assert all(
        word in shown
        for word in ("source", "asked again", "binance", "rss", "43 s ago", "said [/red]")
    )
