"""A dry run in virtual time: the real ``freqtrade trade``, whose sleep moves the clocks.

Run as a script this file *is* the bot: freqtrade's own command, one worker method replaced. Time
stands still while the bot works, and its sleep moves it, so that a candle takes as long as the
work in it and a replay gives the same trades on a slow computer as on a fast one.
"""

import json
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import time_machine
from support import warm
from support.bundle import ROOT, Bundle, environment

TRAINING_WAIT_S = 120
RUN_WAIT_S = 240
LOOK_S = 20.0

# One-minute candles and thresholds that trade often; freqtrade and the strategy are as they are.
BUSY: dict[str, Any] = {
    "timeframe": "1m",
    "fiat_display_currency": "",
    "internals": {"process_throttle_secs": 30},
    "freqai": {"enabled": False},
    "hydra": {
        "vote": {"enter_above": 0.35, "speak_above": 0.3, "exit_below": 0.1},
        "gates": {"min_move_costs": 0.0, "max_shock_sigmas": 50.0},
    },
}

Row = dict[str, Any]


def replay(
    bundle: Bundle,
    start: datetime,
    end: datetime,
    strategy: str,
    *options: str,
    step: bool = True,
) -> "Replayed":
    """Let a bot trade from `start` to `end` and stop it as Ctrl-C does.

    The database ``home/trades.sqlite`` is used again if it is there: that is a restart. With `step`
    a collecting bot's followers and its newsroom are asked whenever time moves, else they run by
    themselves. `options` are freqtrade's own.

    Raises
    ------
    AssertionError
        With the end of the bot's log, if it did not stop cleanly.
    """
    order = {"venue": bundle.port, "start": start.isoformat(), "end": end.isoformat()}
    order |= {"step": step}
    first = bundle.home / "first.sqlite"
    database = bundle.home / "trades.sqlite"
    done = warm.run(
        [
            *(sys.executable, str(Path(__file__).resolve()), json.dumps(order), str(database)),
            *("trade", "--strategy", strategy, "--db-url", f"sqlite:///{database}"),
            *(*bundle.configs(), *options),
        ],
        cwd=ROOT,
        timeout=RUN_WAIT_S,
        env=environment(PYTHONPATH=str(ROOT / "tests")),
    )
    log = done.stdout + done.stderr
    assert done.returncode == 130, log[-6000:]
    rounds = json.loads((bundle.home / "rounds.json").read_text())
    took, queued = rounds["took"], rounds["queued"]
    return Replayed(log, took, queued, Trades.read(first), Trades.read(database))


@dataclass(frozen=True)
class Trades:
    """What freqtrade's database holds.

    Attributes
    ----------
    trades, orders, custom : rows by column name, in the order of their ids
    """

    trades: list[Row]
    orders: list[Row]
    custom: list[Row]

    @classmethod
    def read(cls, path: Path) -> "Trades":
        with sqlite3.connect(path) as connection:
            connection.row_factory = sqlite3.Row
            found = [
                [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY id")]
                for table in ("trades", "orders", "trade_custom_data")
            ]
        connection.close()
        return cls(*found)

    @property
    def open(self) -> list[Row]:
        return [trade for trade in self.trades if trade["is_open"]]

    @property
    def closed(self) -> list[Row]:
        return [trade for trade in self.trades if not trade["is_open"]]


@dataclass(frozen=True)
class Replayed:
    """A finished run.

    Attributes
    ----------
    log : everything the bot printed
    rounds : how long each of the bot's rounds of work took, in real seconds
    queued : how much of that it waited for a processor that others had (Linux; else 0)
    first : the database after the bot's first round of work, before time moved
    last : the database it left
    """

    log: str
    rounds: list[float]
    queued: list[float]
    first: Trades
    last: Trades


def reason_rows(folder: Path) -> list[Row]:
    """The rows of a live run's reasons, in the order they were written."""
    files = sorted(folder.glob("live-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


# --- the bot's side --------------------------------------------------------------------------


@dataclass
class VirtualTime:
    """Moves the bot's clock and the venue's together, and ends the run.

    Parameters
    ----------
    traveller : time-machine's
    venue : client of the venue's switches
    end : the run ends with the first sleep that reaches it
    database : copied to ``first.sqlite`` beside it before time first moves
    step : whether what runs beside the bot is asked whenever time moves
    """

    traveller: time_machine.Traveller
    venue: httpx.Client
    end: datetime
    database: Path
    step: bool = True
    moved: bool = field(default=False, init=False)

    def sleep(self, bot: Any, seconds: float) -> None:
        """What the worker's sleep does: time passes, and what runs beside the bot catches up."""
        if not self.moved:
            shutil.copy(self.database, self.database.with_name("first.sqlite"))
            self.moved = True
        wait_for_training(bot)
        for part in parts(seconds, reads_news(bot)):
            self.traveller.shift(part)
            if self.step:
                read_news(bot)
        self.tell_venue()
        if self.step:
            catch_up(bot)
        if datetime.now(UTC) >= self.end:
            raise KeyboardInterrupt

    def tell_venue(self) -> None:
        now_ms = time.time_ns() // 1_000_000
        self.venue.post("/_venue/clock", json={"freeze": now_ms}).raise_for_status()


def wait_for_training(bot: Any) -> None:
    """Hold virtual time while a FreqAI training is due: in real time it would long be done."""
    settings = bot.config.get("freqai", {})
    if not (settings.get("enabled") and hasattr(bot.strategy.freqai, "dd")):
        return
    newest = time.time() - 3600 * settings["live_retrain_hours"]
    give_up = time.monotonic() + TRAINING_WAIT_S
    known = bot.strategy.freqai.dd.pair_dict
    while any(entry["trained_timestamp"] < newest for entry in list(known.values())):
        if time.monotonic() > give_up:
            raise RuntimeError(f"FreqAI did not train within {TRAINING_WAIT_S} s")
        time.sleep(0.05)


def step_followers() -> None:
    """Have followers and newsroom wait to be asked, instead of running in threads."""
    from hydra_quant.adapters.data.beside import Beside
    from hydra_quant.adapters.strategy.newsroom import Newsroom

    Beside._follow = lambda beside: setattr(beside, "_followers", beside.followers())
    Newsroom.start = lambda newsroom: None


def catch_up(bot: Any) -> None:
    """Ask a collecting bot's followers for what has appeared: in real time they would have."""
    beside = getattr(bot.strategy, "beside", None)
    if beside is not None:
        beside._starter.join(TRAINING_WAIT_S)
        beside._followers.poll_once(time.time_ns() // 1_000_000)


def reads_news(bot: Any) -> bool:
    return getattr(bot.strategy, "newsroom", None) is not None


def parts(seconds: float, finely: bool) -> Iterator[float]:
    """A sleep, whole, or in the parts after which a newsroom looks at the clock."""
    while finely and seconds > LOOK_S:
        yield LOOK_S
        seconds -= LOOK_S
    yield seconds


def read_news(bot: Any) -> None:
    """Ask a bot's newsroom for the round that is due: its threads would have looked."""
    newsroom = getattr(bot.strategy, "newsroom", None)
    if newsroom is None:
        return
    now_ms = time.time_ns() // 1_000_000
    newsroom.scoring.step(now_ms)
    if newsroom.desk is not None:
        newsroom.desk.step(now_ms)


def queued_s() -> float:
    """How long this thread has been runnable without a processor so far, in seconds."""
    known = Path("/proc/thread-self/schedstat")  # its CPU time and this, in ns, and how often
    return int(known.read_text().split()[1]) / 1e9 if known.exists() else 0.0


def live(order: Row, database: Path, words: list[str]) -> None:
    """Run freqtrade's command in virtual time, to its end."""
    start, end = (datetime.fromisoformat(order[name]) for name in ("start", "end"))
    with (
        httpx.Client(base_url=f"http://127.0.0.1:{order['venue']}", timeout=60) as venue,
        time_machine.travel(start, tick=False) as traveller,
    ):
        from freqtrade import main as freqtrade
        from freqtrade import worker

        virtual = VirtualTime(traveller, venue, end, database, order["step"])
        virtual.tell_venue()
        if virtual.step:
            step_followers()

        took: list[float] = []
        queued: list[float] = []
        usual = worker.Worker

        class ReplayWorker(usual):
            def _process_running(self) -> None:
                began, waited = time.perf_counter(), queued_s()
                super()._process_running()
                took.append(time.perf_counter() - began)
                queued.append(queued_s() - waited)

            def _sleep(self, sleep_duration: float) -> None:  # type: ignore[override]
                virtual.sleep(self.freqtrade, sleep_duration)

        worker.Worker = ReplayWorker
        try:
            freqtrade.main(words)
        finally:
            worker.Worker = usual
            database.with_name("rounds.json").write_text(
                json.dumps({"took": took, "queued": queued})
            )


def main() -> None:
    """``replay.py ORDER DATABASE trade ...``: freqtrade's command in virtual time."""
    live(json.loads(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])


if __name__ == "__main__":
    main()
