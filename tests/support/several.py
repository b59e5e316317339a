"""Several ``freqtrade`` commands one after the other in one fresh process: imports are paid once.

Run as a script this file calls freqtrade's own entry point with each command line in turn.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from support.bundle import COMMAND_WAIT_S, ROOT, environment

BEGINS = "=== command: "


def succeed_all(commands: Mapping[str, Sequence[str]], **env: str) -> dict[str, str]:
    """Run commands that must all end well; what each printed, log included, by its name.

    Parameters
    ----------
    commands : words after ``freqtrade``, by a name for the command

    Raises
    ------
    AssertionError
        With the end of the output, when one did not end with exit status 0.
    """
    done = subprocess.run(
        [sys.executable, str(Path(__file__).resolve()), json.dumps(commands)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=COMMAND_WAIT_S * len(commands),
        env=environment(PYTHONPATH=str(ROOT / "tests"), PYTHONUNBUFFERED="1", **env),
    )
    assert done.returncode == 0, done.stdout[-6000:]
    _, *parts = done.stdout.split(BEGINS)
    said = dict(part.split("\n", 1) for part in parts)
    assert list(said) == list(commands), done.stdout[-6000:]
    return said


def main() -> int:
    """``several.py COMMANDS``: the first exit status that is not 0, else 0."""
    from freqtrade import main as freqtrade

    for name, words in json.loads(sys.argv[1]).items():
        print(f"{BEGINS}{name}", flush=True)
        try:
            freqtrade.main(list(words))
        except SystemExit as ended:
            if ended.code:
                return int(ended.code)
        logging.getLogger().handlers.clear()  # freqtrade adds its own once a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
