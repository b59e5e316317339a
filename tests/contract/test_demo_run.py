"""The demo through the real freqtrade: short, interrupted at several moments, and with mistakes."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINKED = ("hydra_strategies", "freqaimodels")
LONGEST_S = 240
pytestmark = pytest.mark.contract


def surface(folder: Path) -> Path:
    """A copy of the repository's surface with shorter training, so that a run takes seconds."""
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    config = json.loads((ROOT / "config.json").read_text())
    config["freqai"] |= {"train_period_days": 3, "backtest_period_days": 1}
    config["exchange"]["pair_whitelist"] = config["exchange"]["pair_whitelist"][:2]
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where no demo has run yet."""
    return surface(tmp_path)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Where a whole demo has run, and what it said."""
    home = surface(tmp_path_factory.mktemp("demo"))
    demo = start(home, "--days", "2", "--port", "0")
    assert seen_running(home)  # the mark is seen: an empty list below means something
    said, _ = demo.communicate(timeout=LONGEST_S)
    assert demo.returncode == 0, said
    assert left_running(home) == []
    return home, said


@pytest.fixture
def filled(ran: tuple[Path, str], tmp_path: Path) -> Path:
    """Where a demo has got as far as its backtests: candles and memory, but nothing learned."""
    home = tmp_path / "filled"
    shutil.copytree(ran[0], home, symlinks=True)
    shutil.rmtree(home / "user_data" / "demo" / "sandbox" / "models")
    return home


def start(home: Path, *words: str) -> subprocess.Popen[str]:
    """The demo as a terminal would start it, marked so that all it starts can be found."""
    return subprocess.Popen(
        [sys.executable, "-m", "hydra_quant.cli", "demo", *words],
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "HYDRA_DEMO_TEST": str(home), "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )


def left_running(home: Path) -> list[str]:
    """Command lines of all processes that inherited the mark."""
    mark = f"HYDRA_DEMO_TEST={home}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def seen_running(home: Path) -> list[str]:
    """The same, as soon as there is one: a process is born before its environment can be read."""
    for _ in range(100):
        if found := left_running(home):
            return found
        time.sleep(0.05)
    return []


def said_until(demo: subprocess.Popen[str], words: str) -> str:
    """Read what the demo says up to a line with these words."""
    assert demo.stdout is not None
    said, limit = "", time.monotonic() + LONGEST_S
    for line in demo.stdout:
        said += line
        if words in line or time.monotonic() > limit:
            return said
    return said


def test_two_runs_and_what_they_leave(ran: tuple[Path, str]) -> None:
    home, said = ran
    for words in (
        "$ hydra-quant venue",
        "$ freqtrade download-data",
        "$ hydra-quant sandbox export",
        "$ hydra-quant import",
        "$ hydra-quant sentiment score",
        "$ hydra-quant gate backfill",
        "$ hydra-quant train exit",
        "$ hydra-quant gate report",
        "Wanted trades of HydraStrategy",
        "--strategy HydraStrategy --freqaimodel HydraSignalScorer",
        "BACKTESTING REPORT",
        "STRATEGY SUMMARY",
        "Reasons of HydraStrategy",
        "Signals of HydraStrategy",
        "Regimes of HydraStrategy",
        "planted weak edge",
        "Where everything lies",
    ):
        assert words in " ".join(said.replace("\\\n", " ").split()), words
    folder = home / "user_data" / "demo" / "sandbox"
    figures = json.loads((folder / "report.json").read_text())
    assert [found["strategy"] for found in figures["strategies"]] == [
        "HydraStrategy",
        "HydraBaseline",
        "HydraHold",
    ]
    # two pairs, two days of 5-minute candles: each candle ended in one reason
    for rows in figures["reasons"].values():
        assert sum(row["count"] for row in rows) == 2 * 2 * 288
    assert figures["notes"] == []
    assert not (home / "user_data" / "data").exists()
    assert (folder / "report.html").stat().st_size > 1_000_000

    candles = sorted((folder / "data").rglob("*.feather"))
    models = sorted((folder / "models").rglob("*.hydra"))
    assert candles
    assert models
    before = [path.read_bytes() for path in candles]
    trained = [path.stat().st_mtime_ns for path in models]
    again = start(home, "--days", "2", "--port", "0")
    said, _ = again.communicate(timeout=LONGEST_S)
    assert again.returncode == 0, said
    assert [path.read_bytes() for path in candles] == before
    assert [path.stat().st_mtime_ns for path in models] == trained  # nothing was trained twice
    second = json.loads((folder / "report.json").read_text())
    assert second["strategies"] == figures["strategies"]  # law 8


@pytest.mark.parametrize(
    ("moment", "wait_s", "signum"),
    [
        ("== Start the local venue", 0.0, signal.SIGINT),
        ("== Start the local venue", 1.0, signal.SIGTERM),
        ("== Download", 0.2, signal.SIGINT),
    ],
)
def test_an_interrupt_leaves_nothing_running(
    home: Path, moment: str, wait_s: float, signum: signal.Signals
) -> None:
    interrupted(home, moment, wait_s, signum)


def test_an_interrupt_while_it_learns_leaves_nothing_running(filled: Path) -> None:
    interrupted(filled, "== Backtest HydraStrategy", 4.0, signal.SIGINT)


def interrupted(home: Path, moment: str, wait_s: float, signum: signal.Signals) -> None:
    """A demo that is interrupted some time after it named the moment says so and ends all."""
    demo = start(home, "--days", "2", "--port", "0")
    assert moment in said_until(demo, moment)
    time.sleep(wait_s)
    demo.send_signal(signum)
    said, _ = demo.communicate(timeout=30)
    assert demo.returncode == 128 + signum
    assert f"Stopped by {signum.name}" in said
    if (home / "user_data" / "demo" / "sandbox").exists():  # not yet at the very first moment
        assert "user_data/demo/sandbox" in said
    assert "Traceback" not in said
    assert left_running(home) == []


def test_a_venue_that_dies_is_named(filled: Path) -> None:
    home = filled
    demo = start(home, "--days", "2", "--port", "0")
    said_until(demo, "== Backtest")
    (venue,) = [
        int(folder.name) for folder in Path("/proc").glob("[0-9]*") if _is_venue(folder, home)
    ]
    os.kill(venue, signal.SIGKILL)
    said, _ = demo.communicate(timeout=30)
    assert demo.returncode == 1
    assert "the local venue stopped" in said
    assert "Traceback" not in said
    assert left_running(home) == []


def _is_venue(folder: Path, home: Path) -> bool:
    with suppress(OSError):
        mark = f"HYDRA_DEMO_TEST={home}".encode()
        words = (folder / "cmdline").read_bytes().split(b"\0")
        return b"venue" in words and mark in (folder / "environ").read_bytes().split(b"\0")
    return False


def test_mistakes_are_one_clear_message(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        demo = start(home, "--port", port)
        said, _ = demo.communicate(timeout=60)
    assert demo.returncode == 2
    assert f"port {port} is in use" in said

    demo = start(home, "--data", "no/such/folder")
    said, _ = demo.communicate(timeout=60)
    assert demo.returncode == 2
    assert said.strip() == (
        "hydra-quant demo: no/such/folder: no such folder; give the folder that holds futures/"
    )
    assert left_running(home) == []


def test_a_step_that_fails_is_named_with_its_log(filled: Path) -> None:
    demo = start(filled, "--days", "2", "--port", "0", "--model", "NoSuchModel")
    said, _ = demo.communicate(timeout=LONGEST_S)
    assert demo.returncode == 1
    assert "NoSuchModel" in said.split("hydra-quant demo:")[1]
    assert "log: user_data/demo/sandbox/logs/" in said
    assert left_running(filled) == []
