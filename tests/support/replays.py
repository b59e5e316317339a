"""Several replays one after the other in one fresh process: freqtrade and torch are loaded once.

Run as a script this file *is* the bots, each in its own virtual time (see `support.replay`).
"""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from support import warm
from support.bundle import COMMAND_WAIT_S, ROOT, Bundle, environment
from support.replay import live

BEGINS = "=== bot "
STOPPED = 130  # as by Ctrl-C


class Life(NamedTuple):
    """A bot's life: where it is at home, and its first and last moment."""

    bundle: Bundle
    start: datetime
    end: datetime


def replay_all(lives: Sequence[Life], strategy: str) -> list[str]:
    """Let bots live one after the other; what each printed, log included.

    Raises
    ------
    AssertionError
        With the end of the output, when one did not stop as by Ctrl-C.
    """
    orders = [_order(life, strategy) for life in lives]
    done = warm.run(
        [sys.executable, str(Path(__file__).resolve()), json.dumps(orders)],
        cwd=ROOT,
        joined=True,
        timeout=COMMAND_WAIT_S * len(orders),
        env=environment(PYTHONPATH=str(ROOT / "tests"), PYTHONUNBUFFERED="1"),
    )
    assert done.returncode == 0, done.stdout[-6000:]
    _, *said = done.stdout.split(BEGINS)
    return said


def _order(life: Life, strategy: str) -> dict[str, object]:
    database = life.bundle.home / "trades.sqlite"
    words = ("trade", "--strategy", strategy, "--db-url", f"sqlite:///{database}")
    return {
        "venue": life.bundle.port,
        "start": life.start.isoformat(),
        "end": life.end.isoformat(),
        "step": True,
        "database": str(database),
        "words": [*words, *life.bundle.configs()],
    }


def main() -> int:
    """``replays.py ORDERS``: the first exit status that is not Ctrl-C's, else 0."""
    for number, order in enumerate(json.loads(sys.argv[1])):
        print(f"{BEGINS}{number}", flush=True)
        try:
            live(order, Path(order["database"]), order["words"])
        except SystemExit as ended:
            if ended.code != STOPPED:
                return int(ended.code or 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
