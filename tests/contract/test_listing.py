"""What freqtrade's own list commands find in the scanned folders: everything, whole."""

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FREQTRADE = Path(sys.executable).parent / "freqtrade"
WAIT_S = 120

LISTINGS = {
    "strategies": ("list-strategies", "--strategy-path", "hydra_strategies"),
    "models": ("list-freqaimodels", "--freqaimodel-path", "freqaimodels"),
    "losses": ("list-hyperoptloss", "--hyperopt-path", "user_data/hyperopts"),
}

pytestmark = pytest.mark.contract


def listing(home, command, option, folder):
    """Run freqtrade's command; its output and, by file name, the cells of each row of its table."""
    # The list of losses looks into the user directory only, whatever --hyperopt-path says.
    shutil.copytree(ROOT / "user_data" / "hyperopts", home / "hyperopts", dirs_exist_ok=True)
    done = subprocess.run(
        [FREQTRADE, command, option, folder, "-c", "config.json", "--userdir", home],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        env={**os.environ, "COLUMNS": "250", "OMP_NUM_THREADS": "1", "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cells = [re.findall(r"[^│|]+", line) for line in done.stdout.splitlines() if "│" in line]
    rows = [[cell.strip() for cell in row] for row in cells]
    return done.stdout + done.stderr, {row[1]: row for row in rows}


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    """The listing of a kind, made once."""
    return cache(lambda kind: listing(tmp_path_factory.mktemp(kind), *LISTINGS[kind]))


@pytest.mark.parametrize("kind", LISTINGS)
def test_every_file_is_listed_and_loads(kind, listed):
    output, rows = listed(kind)
    folder = LISTINGS[kind][-1]
    files = sorted(path.name for path in (ROOT / folder).glob("*.py"))
    assert files
    for name in files:
        assert rows[name][0] == Path(name).stem
        assert rows[name][2] == "OK"
    # freqtrade names a file that it could not import, and goes on.
    ours = [line for line in output.splitlines() if "Could not import" in line and folder in line]
    assert not ours
    assert "Traceback" not in output


def test_hyperopt_parameters_are_listed_for_the_voting_strategies_only(listed):
    _, rows = listed("strategies")
    shown = {row[0]: (row[3], row[4], row[5]) for row in rows.values()}
    assert shown == {
        "HydraBaseline": ("Yes", "1", "2"),
        "HydraHold": ("No", "0", "0"),
        "HydraRLStrategy": ("No", "0", "0"),
        "HydraStrategy": ("Yes", "3", "3"),
    }


def test_a_file_that_does_not_load_would_be_noticed(tmp_path):
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "Broken.py").write_text(
        "from freqtrade.strategy import IStrategy\nimport no_such_module\n\n\n"
        "class Broken(IStrategy):\n    pass\n"
    )
    output, rows = listing(tmp_path, "list-strategies", "--strategy-path", str(folder))
    assert rows["Broken.py"][2] == "LOAD FAILED"
    assert "Could not import" in output
