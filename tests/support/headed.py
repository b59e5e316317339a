"""HydraStrategy on frames whose positioning is given, and trained heads small enough for a test."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from freqtrade.persistence import LocalTrade
from numpy.typing import NDArray
from pandas import DataFrame
from support.positions import crowded_frame
from support.strategy_world import PAIR, analyse, strategy, trade

from hydra_quant.heads import artefact, regime_features, scorer_features
from hydra_quant.heads.artefact import Artefact, default_path
from hydra_quant.heads.regime import RegimeModel
from hydra_quant.positioning.names import ADDED
from hydra_quant.settings import Regimes

CANDLES = ["date", "open", "high", "low", "close", "volume"]
FIVE = timedelta(minutes=5)
# Signals that fire often, last an hour, and teach quickly: the sandbox has few days in a test.
LIVELY: dict[str, Any] = {
    "freqaimodel": "HydraSignalScorer",
    "hydra": {
        "ensemble": {"min_agree": 2, "by_regime": True},
        "signals": {
            **{"history_days": 7, "quantile": 0.7, "min_confidence": 0.3, "outcome_candles": 200},
            **{"funding_squeeze_minutes": 60, "liquidation_reversal_minutes": 60},
            **{"oi_divergence_minutes": 60, "crowding_fade_minutes": 90},
            "funding_carry_minutes": 90,
        },
        "scorer": {"min_samples": 60, "rounds": 10, "folds": 2},
        "exits": {"min_minutes": 10, "min_health": 0.5},
        "gates": {"min_move_costs": 0.0, "max_shock_sigmas": 50.0},
        "risk": {"min_stake": 0.0},
    },
}


def headed(home: Path, known: DataFrame | None = None, **changes: Any) -> Any:
    """HydraStrategy whose memory holds the positioning of `known`; None: an empty memory."""
    made = strategy("HydraStrategy", home, **{"datadir": home, **changes})
    if known is not None:
        by_date = known.set_index("date")[list(ADDED)]

        def positioning(frame: DataFrame, pair: str) -> DataFrame:
            return by_date.loc[frame["date"]].set_index(frame.index)

        made.remembered.positioning = positioning
    return made


def decided(made: Any, frame: DataFrame, **answers: Any) -> DataFrame:
    """The strategy's frame; `answers` are columns that FreqAI would hand back."""
    return analyse(made, frame[CANDLES].assign(**answers))


def crowded(n: int = 3000, seed: int = 3) -> DataFrame:
    return crowded_frame(n, seed, 5)


def close_ms(frame: DataFrame, row: int) -> int:
    """When a 5m candle closes."""
    return round((frame["date"].iloc[row] + FIVE).timestamp() * 1000)


def put_regime(home: Path, known_until_ms: int, code: int) -> Path:
    """A regime file that always tells the same regime."""
    names = tuple(regime_features.NAMES)
    rows = np.zeros((40, len(names)))
    model = RegimeModel.fit(rows, np.full(40, code), names, Regimes(), seed=1)
    return _put(home, "regime", model, known_until_ms, names)


def put_scorer(home: Path, known_until_ms: int, model: Any) -> Path:
    return _put(home, "scorer", model, known_until_ms, tuple(scorer_features.NAMES))


def _put(home: Path, head: Any, model: Any, known_until_ms: int, names: tuple[str, ...]) -> Path:
    path = default_path(home, head, "5m")
    artefact.save(path, Artefact(head, model, 0, known_until_ms, (PAIR,), names, 5))
    return path


def position(frame: DataFrame, row: int, *, tag: str | None, is_short: bool) -> LocalTrade:
    """A position that the candle `row` decided and the next one's open filled."""
    made = trade(is_short=is_short, rate=float(frame["open"].iloc[row + 1]))
    made.open_date = (frame["date"].iloc[row] + FIVE).to_pydatetime()
    made.enter_tag = tag
    return made


def reasons(frame: DataFrame) -> NDArray[np.int64]:
    return frame["hydra_reason"].to_numpy(np.int64)
