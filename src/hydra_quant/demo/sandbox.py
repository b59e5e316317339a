"""The demo on the synthetic market."""

from collections.abc import Sequence
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

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
    shared_options,
    venue_overlay,
    venue_server,
    warm_up_days,
)
from hydra_quant.demo.served import Server
from hydra_quant.demo.steps import Step

EPOCH = date(2025, 1, 1)
TESTED_DAYS = 28
EDGE = 1.0
READ_EVERY = 60  # minutes
# The exit predictor is trained once, before the tested days, and asked through all of them.
KEEP: dict[str, Any] = {"hydra": {"scorer": {"max_age_days": 60}}}
BANNER = (
    "The market is synthetic and has a planted weak edge (hydra-quant venue --edge {edge}), "
    "smaller than what a trade costs. What to look for is a rank correlation of the vote above "
    "zero: the plumbing from candle to order works. Profit or loss here is no evidence of anything "
    "in a real market."
)


def sandbox_plan(
    config: dict[str, Any],
    *,
    port: int,
    reader: int,
    model: str,
    days: int | None,
    seed: int,
) -> Plan:
    """Plan the demo on the synthetic market.

    Parameters
    ----------
    config : the user's configuration: pairs, timeframe and training length are theirs
    port : of the venue
    reader : port of the language model's stand-in
    model : FreqAI model
    days : tested days; None for four weeks
    seed : of the market
    """
    folder = ROOT / "sandbox"
    timeframe, pairs = config["timeframe"], config["exchange"]["pair_whitelist"]
    test = days_after(EPOCH, warm_up_days(timeframe, config["freqai"]["train_period_days"]))
    span = Range(EPOCH, test, days_after(test, days or TESTED_DAYS))
    overlay, settings = venue_overlay(port, folder)
    own = folder / "overlay.json"
    overlays = [overlay, own]
    download, backtests = commands(folder, overlays, span, timeframe, model)
    return Plan(
        folder=folder,
        banner=cautioned(BANNER.format(edge=EDGE), model),
        servers=(
            venue_server(
                folder,
                *("--port", str(port), "--seed", str(seed), "--edge", str(EDGE)),
                *("--epoch", EPOCH.isoformat(), "--now", span.end.isoformat()),
            ),
            _reader(folder, reader),
        ),
        download=download,
        filling=(
            _recording(folder, span, seed),
            remembering(folder, folder / "recorded", overlays),
            _scoring(folder, overlays),
            _reading(folder, overlays, span),
            exit_training(folder, overlays, span, timeframe),
        ),
        backtests=backtests,
        needed=tuple(candle_files(folder, config["exchange"]["name"], pairs, timeframe)),
        source={
            "market": _market_code(),
            "seed": seed,
            "edge": EDGE,
            "range": span.download,
            "timeframe": timeframe,
        },
        settings={**settings, own: _settings(reader, model)},
        after=(_worth(folder, overlays),),
    )


def _settings(reader: int, model: str) -> dict[str, Any]:
    """What the run sets: the exit model's age, whom the gate asks, and how long networks learn."""
    news = {
        "provider": "openai",
        "model": "sandbox-reader",
        "base_url": f"http://127.0.0.1:{reader}/v1",
        "model_cutoff": (EPOCH - timedelta(days=1)).isoformat(),
        "every_minutes": READ_EVERY,
        "valid_minutes": READ_EVERY,
    }
    hydra = {"hydra": {**KEEP["hydra"], "news": news}}
    briefly = {"freqai": {"model_training_parameters": training(model)}}
    return hydra | (briefly if training(model) else {})


def _reader(folder: Path, port: int) -> Server:
    """The language model's stand-in, which judges by key words."""
    argv = ("hydra-quant", "sandbox", "llm", "--port", str(port))
    return Server("language model", argv, "language model ready on ", folder / "logs" / "llm.log")


def _scoring(folder: Path, overlays: Sequence[Path]) -> Step:
    return Step(
        "score",
        "Score the mood of headlines and posts, with the lexicon that needs no download",
        ("hydra-quant", "sentiment", "score", *shared_options(folder, overlays)),
        folder / "logs" / "sentiment.log",
        "nothing",
    )


def _reading(folder: Path, overlays: Sequence[Path], days: Range) -> Step:
    """Verdicts on the tested days' news, each from what was known at its time."""
    span = ("--from", days.test.isoformat(), "--to", days.end.isoformat())
    budget = ("--max-calls", str(2 * (days.end - days.test).days * 24 * 60 // READ_EVERY))
    return Step(
        "backfill",
        "Ask the language model about the tested days' news, time by time, onto the tape",
        ("hydra-quant", "gate", "backfill", *shared_options(folder, overlays), *span, *budget),
        folder / "logs" / "backfill.log",
        "nothing",
    )


def _worth(folder: Path, overlays: Sequence[Path]) -> Step:
    return Step(
        "gate report",
        "What the gate said, and what each block earned or cost",
        ("hydra-quant", "gate", "report", *shared_options(folder, overlays)),
        folder / "logs" / "gate-report.log",
    )


def _recording(folder: Path, days: Range, seed: int) -> Step:
    """What a recorder that had listened all the time would have: no venue serves it afterwards."""
    market = ("--seed", str(seed), "--edge", str(EDGE), "--epoch", days.begin.isoformat())
    length = ("--days", str((days.end - days.begin).days), "--to", str(folder / "recorded"))
    return Step(
        "record",
        "Record the market's positioning, as a bot that had listened would have",
        ("hydra-quant", "sandbox", "export", *market, *length),
        folder / "logs" / "record.log",
        "nothing",
    )


def _market_code() -> str:
    """A hash of the sandbox: other code, other candles, news or verdicts."""
    found = find_spec("hydra_quant.sandbox")
    assert found is not None
    assert found.origin is not None
    return digest_of(list(Path(found.origin).parent.rglob("*.py")), content=True)
