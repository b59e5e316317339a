"""Where in a market the strategy finds most to do: a replay that trades whatever market it is."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from support.bundle import EPOCH

from hydra_quant.adapters.strategy.columns import add_votes, read_vote
from hydra_quant.risk.gates import decide
from hydra_quant.sandbox.history import History
from hydra_quant.settings import Settings

WARM_DAYS = 3
HORIZON = 12


def busiest_hour(market: History, config: dict[str, Any], minutes: int, days: int = 3) -> datetime:
    """Full hour from which the rules enter most often on their rarer side, in 1m candles.

    Parameters
    ----------
    market : the history the bot will live in; from its fourth day on
    config : with the ``"hydra"`` section that the bot will have
    minutes : how long the bot will run
    days : how many to look through
    """
    hours = [WARM_DAYS * 1440 + 60 * hour for hour in range(24 * days)]
    sides = np.stack([_sides(market, pair, config, WARM_DAYS + days + 1) for pair in market.pairs])
    entered = np.diff(sides, prepend=0, axis=1) * (sides != 0)
    scores = [_rarer_side(entered[:, begin : begin + minutes]) for begin in hours]
    return EPOCH + timedelta(minutes=hours[int(np.argmax(scores))])


def _rarer_side(entered: NDArray[np.int8]) -> int:
    return min(int((entered > 0).sum()), int((entered < 0).sum()))


def _sides(market: History, pair: str, config: dict[str, Any], days: int) -> NDArray[np.int8]:
    begin = round(EPOCH.timestamp() * 1000)
    frame = market.candles(pair, "1m", begin, begin + days * 86_400_000)
    frame["date"] = pd.to_datetime(frame["time_ms"], unit="ms", utc=True)
    settings = Settings.parse(config)
    frame = add_votes(frame, horizon=HORIZON, settings=settings.vote, with_model=False)
    return decide(
        read_vote(frame),
        trusted=None,
        shock=frame["hydra_shock"].to_numpy(),
        usual_move=(frame["hydra_atr"] / frame["close"]).to_numpy(),
        can_short=True,
        settings=settings.vote,
        gates=settings.gates,
    ).side
