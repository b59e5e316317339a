"""Steps: typed as a user would, shown as asked, kept whole, and failing loudly."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hydra_quant.demo.errors import DemoError
from hydra_quant.demo.live import LogReader
from hydra_quant.demo.processes import Children
from hydra_quant.demo.steps import Step, run_step, typed

STAMP = "2026-01-01 00:00:00,000 - freqtrade.x - "
REPORT = "print('REPORT'); print('STRATEGY SUMMARY'); print('table')"


def step(tmp_path: Path, code: str, show: str = "all") -> Step:
    return Step("name", "Title", (sys.executable, "-c", code), tmp_path / "logs" / "x.log", show)


def play(one: Step) -> float:
    with Children() as children:
        return run_step(one, children, lambda: None)


@given(
    st.lists(st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=1), min_size=1)
)
@example(["word" * 5] * 6 + ["-option"])  # long enough to be folded
@settings(deadline=None)
def test_what_is_printed_can_be_pasted(argv: list[str]) -> None:
    """Into a shell: a folded line goes on after its backslash."""
    shell = subprocess.run(
        ["sh", "-c", f"printf '%s\\0' {typed(argv)}"], capture_output=True, text=False, check=True
    )
    assert shell.stdout.decode().split("\0")[:-1] == argv


def test_long_commands_are_folded() -> None:
    argv = [
        "freqtrade",
        "backtesting",
        *(word for n in range(12) for word in (f"--option-{n}", "v")),
    ]
    assert len(typed(argv).splitlines()) > 1
    assert max(map(len, typed(argv).splitlines())) < 100


@pytest.mark.parametrize(
    ("show", "seen", "unseen"),
    [
        ("all", ["REPORT", "table"], []),
        ("summary", ["SUMMARY", "table"], ["REPORT"]),
        ("nothing", [], ["\nREPORT", "\ntable"]),
    ],
)
def test_report_is_shown_as_asked_and_the_log_has_everything(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    show: str,
    seen: list[str],
    unseen: list[str],
) -> None:
    noise = f"import sys; print('{STAMP}INFO - noise', file=sys.stderr); "
    one = step(tmp_path, noise + REPORT, show)
    play(one)
    said = capsys.readouterr().out.split("\n$ ", 1)[1].split("\n", 1)[1]
    assert all(word in said for word in seen)
    assert not any(word in "\n" + said for word in unseen)
    assert "noise" not in said
    assert {"REPORT", "table", f"{STAMP}INFO - noise"} <= set(one.log.read_text().splitlines())


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            "import sys; print('last words', file=sys.stderr); sys.exit(3)",
            ["status 3", "last words"],
        ),
        # freqtrade ends some configuration errors with exit status 0
        (
            f"import sys; print('''{STAMP}ERROR - bad\nkey''', file=sys.stderr)",
            ["reported an error", "bad key"],
        ),
    ],
)
def test_failure_names_command_errors_and_log(tmp_path: Path, code: str, words: list[str]) -> None:
    one = step(tmp_path, code)
    with pytest.raises(DemoError) as error:
        play(one)
    for word in [*words, typed(one.argv), str(one.log)]:
        assert word in str(error.value)
    assert error.value.status == 1


def test_an_optional_step_that_fails_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = step(tmp_path, "import sys; print('too little', file=sys.stderr); sys.exit(2)")
    with pytest.raises(DemoError):
        play(one)
    play(replace(one, optional=True))
    assert "left out: too little" in capsys.readouterr().out


def test_a_dying_venue_stops_the_step(tmp_path: Path) -> None:
    def watch() -> None:
        raise DemoError("the local venue stopped")

    one = step(tmp_path, "import time; time.sleep(60)")
    with pytest.raises(DemoError, match="venue stopped"), Children() as children:
        run_step(one, children, watch)


def test_a_grandchild_that_holds_the_pipe_does_not_hold_the_demo(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys;"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print('done')"
    )
    assert play(step(tmp_path, code)) < 30


def test_log_reader_puts_wrapped_messages_together() -> None:
    reader = LogReader()
    for line in (
        f"{STAMP}WARNING - one",
        f"{STAMP}ERROR - two",
        "  wrapped",
        f"{STAMP}INFO - three",
    ):
        reader.feed(line)
    assert list(reader.errors) == ["two wrapped"]
    assert (reader.news, reader.warnings) == ("three", 1)


def test_silent_work_is_named_after_what_it_is() -> None:
    reader = LogReader()
    for line in (
        f"{STAMP}INFO - Using resolved protection MaxDrawdown from",
        "'/somewhere/x.py'...",
    ):
        reader.feed(line)
        assert reader.news == "trading the candles ..."
    reader.feed(f"{STAMP}INFO - PANEL: window 2/4")
    reader.feed("about 9 s left")
    assert reader.news == "PANEL: window 2/4 about 9 s left"
