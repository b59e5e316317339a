"""The venue's clock."""

import pytest

from hydra_quant.sandbox.venue.clock import (
    Clock,
    ClockError,
    duration_ms,
    iso,
    moment_ms,
    parse_clock,
)

REAL = 1_700_000_000_000
END = 1_751_328_000_000


def parsed(text):
    return parse_clock(text, END, lambda: REAL)


@pytest.mark.parametrize(
    ("text", "now", "mode"),
    [
        ("real", REAL, "real"),
        ("end", END, "frozen"),
        ("2025-06-30", 1_751_241_600_000, "frozen"),
        ("2025-06-30T12:00", 1_751_284_800_000, "frozen"),
        ("2025-06-30T14:00+02:00", 1_751_284_800_000, "frozen"),
        ("from:2025-06-30T12:00", 1_751_284_800_000, "shifted"),
        ("from:end", END, "shifted"),
        ("-3d", REAL - 3 * 86_400_000, "shifted"),
        ("+90s", REAL + 90_000, "shifted"),
    ],
)
def test_what_now_means(text, now, mode):
    clock = parsed(text)
    assert (clock.now_ms(), clock.mode) == (now, mode)


@pytest.mark.parametrize("text", ["", "yesterday", "-3", "+h", "from:", "2025-13-01"])
def test_a_moment_that_cannot_be_read_is_named(text):
    with pytest.raises(ClockError) as error:
        parsed(text)
    assert "\n" not in str(error.value)
    assert "e.g." in str(error.value)


def test_a_frozen_clock_stands_until_moved_and_a_running_one_runs():
    time = [REAL]
    clock = Clock(source=lambda: time[0])
    clock.freeze(END)
    time[0] += 5_000
    assert clock.now_ms() == END
    clock.advance(1_000)
    assert clock.now_ms() == END + 1_000
    clock.run_from(END)
    time[0] += 5_000
    assert clock.now_ms() == END + 5_000
    clock.advance(-5_000)
    assert clock.now_ms() == END


def test_durations_and_dates():
    assert [duration_ms(t) for t in ("250ms", "2m", "1w")] == [250, 120_000, 604_800_000]
    assert iso(moment_ms("2025-06-30T23:00:01")) == "2025-06-30 23:00:01Z"
