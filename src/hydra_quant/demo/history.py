"""The demo on real history from a folder of candle files."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from hydra_quant.collectors.files.layout import RULES
from hydra_quant.demo.errors import DemoError
from hydra_quant.demo.networks import cautioned, training
from hydra_quant.demo.plan import (
    ROOT,
    Plan,
    Range,
    candle_files,
    commands,
    days_after,
    digest_of,
    exit_training,
    remembering,
    venue_overlay,
    venue_server,
    warm_up_days,
)
from hydra_quant.demo.steps import Step
from hydra_quant.sandbox.folder import FolderError, FolderHistory
from hydra_quant.sandbox.venue.files import find_files

TIMEFRAME = "1h"
TRAIN_DAYS = 180
WINDOW_DAYS = 30
HORIZON_CANDLES = 24
MODEL_EDGE = 0.01
TESTED_DAYS = 365
DAY_MS = 86_400_000
BANNER = (
    "Real history from {folder}, served by the local venue. {pairs} pairs that are alive today, "
    "one draw of history; thresholds were chosen beforehand, not fitted to it."
)


def history_plan(
    config: dict[str, Any], data: Path, *, port: int, model: str, days: int | None
) -> Plan:
    """Plan the demo on a folder of candle files.

    Parameters
    ----------
    config : the user's configuration; the universe is theirs
    data : the folder
    port : of the venue
    model : FreqAI model
    days : tested days; None for a year

    Raises
    ------
    DemoError
        When the folder cannot be used, naming what is missing.
    """
    history, universe = _open(data), config["exchange"]["pair_whitelist"]
    pairs, span = choose(history, universe, days)
    folder, name = ROOT / "history", config["exchange"]["name"]
    overlay, settings = venue_overlay(port, folder)
    own = folder / "overlay.json"
    download, backtests = commands(folder, [overlay, own], span, TIMEFRAME, model)
    return Plan(
        folder=folder,
        banner=cautioned(BANNER.format(folder=data, pairs=len(pairs)), model),
        servers=(
            venue_server(folder, "--port", str(port), "--data", str(data), "--pairs", *pairs),
        ),
        download=download,
        filling=_filling(folder, data, [overlay, own], span),
        backtests=backtests,
        needed=tuple(candle_files(folder, name, pairs, TIMEFRAME)),
        source={
            "folder": str(data.resolve()),
            "files": digest_of(list(find_files(data).values()), content=False),
            "range": span.download,
            "pairs": list(pairs),
        },
        settings={**settings, own: run_settings(pairs, model)},
    )


def _filling(folder: Path, data: Path, overlays: Sequence[Path], span: Range) -> tuple[Step, ...]:
    """The memory's part of the folder; freqtrade's own data folder has none."""
    found = any((data / name).is_dir() for name in RULES)
    imports = (remembering(folder, data, overlays),) if found else ()
    return (*imports, exit_training(folder, overlays, span, TIMEFRAME))


def run_settings(pairs: Sequence[str], model: str) -> dict[str, Any]:
    """Return the configuration of a walk-forward run over hourly candles."""
    return {
        "timeframe": TIMEFRAME,
        "exchange": {"pair_whitelist": list(pairs)},
        "freqai": {
            "identifier": "hydra-history",
            "train_period_days": TRAIN_DAYS,
            "backtest_period_days": WINDOW_DAYS,
            "feature_parameters": {
                "label_period_candles": HORIZON_CANDLES,
                "include_timeframes": [TIMEFRAME],
            },
            "model_training_parameters": training(model),
        },
        "hydra": {"vote": {"model_edge": MODEL_EDGE}},
    }


def choose(
    history: FolderHistory, universe: Sequence[str], days: int | None
) -> tuple[tuple[str, ...], Range]:
    """Choose the pairs and the days that the folder can carry.

    The run ends where the first pair ends. Pairs that begin too late for it are left out and named.

    Raises
    ------
    DemoError
        When no pair is left.
    """
    spans = {}
    for pair in universe:
        if pair in history.pairs and TIMEFRAME in history.timeframes(pair):
            spans[pair] = history.span(pair)
    if not spans:
        raise DemoError(
            f"{history.path}: no {TIMEFRAME} candles (or finer) of {', '.join(universe)}; "
            "give a folder with futures/BTC_USDT_USDT-1h.parquet and the like",
            2,
        )
    end = _day(min(stop for _, stop in spans.values()))
    warm_up = warm_up_days(TIMEFRAME, TRAIN_DAYS)
    tested = days or TESTED_DAYS
    begin = days_after(end, -(tested + warm_up))
    pairs = tuple(pair for pair, (start, _) in spans.items() if _day(start + DAY_MS - 1) <= begin)
    if pairs:
        _say_left_out([pair for pair in universe if pair not in pairs], begin, end)
        return pairs, Range(begin, days_after(begin, warm_up), end)
    longest = max(stop - start for start, stop in spans.values()) // DAY_MS
    raise DemoError(
        f"{history.path}: {tested} tested days need {tested + warm_up} days of {TIMEFRAME} candles "
        f"(training and start-up before them); the longest pair has {longest}. Give a longer "
        "history, or fewer --days",
        2,
    )


def _open(data: Path) -> FolderHistory:
    try:
        return FolderHistory(data)
    except FolderError as error:
        raise DemoError(str(error), 2) from None


def _say_left_out(pairs: Sequence[str], begin: date, end: date) -> None:
    if pairs:
        print(f"Left out, no candles from {begin} to {end}: {', '.join(pairs)}")


def _day(time_ms: int) -> date:
    return datetime.fromtimestamp(time_ms / 1000, tz=UTC).date()
