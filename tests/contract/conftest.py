"""What the contract tests share: candle files written once, and a venue for each test process."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from support import warm
from support.bundle import (
    COMMAND_WAIT_S,
    END,
    EPOCH,
    PAIRS,
    ROOT,
    SEED,
    SMALL,
    Bundle,
    environment,
    merge,
    store_candles,
)
from support.venue import RunningVenue, venue

from hydra_quant.sandbox.market import MarketSpec, SyntheticMarket

MakeBundle = Callable[..., Bundle]


@pytest.fixture(scope="session")
def market() -> SyntheticMarket:
    return SyntheticMarket(MarketSpec(seed=SEED, epoch=EPOCH))


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all processes of this test run share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def candles(shared_folder: Path, market: SyntheticMarket) -> Path:
    """Twelve days of 5m candles of three pairs, as downloaded. Read only."""
    folder = shared_folder / "candles"
    with FileLock(shared_folder / "candles.lock"):
        if not (folder / "complete").exists():
            store_candles(market, folder, PAIRS, ("5m", "1h"), EPOCH, END)
            (folder / "complete").touch()
    return folder


@pytest.fixture(scope="session")
def exchange() -> Iterator[RunningVenue]:
    """A venue that lists the default universe; its clock stands where the candles end."""
    arguments = ("--seed", str(SEED), "--epoch", f"{EPOCH:%Y-%m-%d}", "--now", f"{END:%Y-%m-%d}")
    with venue(*arguments) as running:
        yield running


@pytest.fixture
def bundle(tmp_path: Path, exchange: RunningVenue, candles: Path) -> MakeBundle:
    """Make a bundle on the shared venue and candles: ``bundle({...changes to config.json})``."""

    def make(overlay: dict[str, Any] | None = None, datadir: Path = candles) -> Bundle:
        return Bundle(tmp_path, exchange.port, merge(SMALL, overlay or {}), datadir)

    return make


@pytest.fixture(scope="session")
def positioned(shared_folder: Path) -> str:
    """What a recorder heard in the shared candles' market, by export and import, as an address."""
    folder = shared_folder / "positioned"
    url = f"sqlite:///{folder / 'memory.sqlite'}"
    with FileLock(shared_folder / "positioned.lock"):
        if not (folder / "complete").exists():
            folder.mkdir()
            fill(folder / "recorded", url)
            (folder / "complete").touch()
    return url


def fill(recorded: Path, url: str) -> None:
    """Export the market's positioning and import it, with the real commands."""
    market = (
        "--seed",
        str(SEED),
        "--epoch",
        f"{EPOCH:%Y-%m-%d}",
        "--days",
        str((END - EPOCH).days),
    )
    for words in (
        ("sandbox", "export", *market, "--pairs", *PAIRS, "--to", str(recorded)),
        ("import", str(recorded), "--memory-url", url),
    ):
        done = warm.run(
            [sys.executable, "-m", "hydra_quant.cli", *words],
            cwd=ROOT,
            timeout=COMMAND_WAIT_S,
            env=environment(),
        )
        assert done.returncode == 0, done.stdout + done.stderr
