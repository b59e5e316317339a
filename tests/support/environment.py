"""The environment of the commands that tests run."""

import os

# As the tests were started: what libraries set when they are imported is not for commands.
STARTED = dict(os.environ)
OURS = ("HYDRA_", "FREQTRADE__", "PYTEST_")


def environment(**more: str) -> dict[str, str]:
    """One thread a process, tables as wide as they need, and what a test sets for HYDRA."""
    kept = {name: value for name, value in STARTED.items() if not name.startswith(OURS)}
    ours = {name: value for name, value in os.environ.items() if name.startswith(OURS)}
    return {**kept, **ours, "OMP_NUM_THREADS": "1", "COLUMNS": "200", **more}
