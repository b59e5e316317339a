"""The demo on the synthetic market."""

from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

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
    warm_up_days,
)
from hydra_quant.demo.steps import Step

EPOCH = date(2025, 1, 1)
TESTED_DAYS = 28
EDGE = 1.0
# The exit predictor is trained once, before the tested days, and asked through all of them.
KEEP: dict[str, Any] = {"hydra": {"scorer": {"max_age_days": 60}}}
BANNER = (
    "The market is synthetic and has a planted weak edge (hydra-quant venue --edge {edge}), "
    "smaller than what a trade costs. What to look for is a rank correlation of the vote above "
    "zero: the plumbing from candle to order works. Profit or loss here is no evidence of anything "
    "in a real market."
)


def sandbox_plan(
    config: dict[str, Any], *, port: int, model: str, days: int | None, seed: int
) -> Plan:
    """Plan the demo on the synthetic market.

    Parameters
    ----------
    config : the user's configuration: pairs, timeframe and training length are theirs
    port : of the venue
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
        banner=BANNER.format(edge=EDGE),
        venue=(
            *("hydra-quant", "venue", "--port", str(port), "--seed", str(seed)),
            *("--edge", str(EDGE), "--epoch", EPOCH.isoformat(), "--now", span.end.isoformat()),
        ),
        download=download,
        filling=(
            _recording(folder, span, seed),
            remembering(folder, folder / "recorded", overlays),
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
        settings={**settings, own: KEEP},
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
    """A hash of the generator: other code, other candles."""
    found = find_spec("hydra_quant.sandbox.market")
    assert found is not None
    assert found.origin is not None
    return digest_of(list(Path(found.origin).parent.glob("*.py")), content=True)
