"""The reasons that HYDRA's strategies leave behind in a backtest."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pandas import DataFrame, Timestamp, read_feather

from hydra_quant.labels.regimes import REGIMES
from hydra_quant.news.verdict import ACTIONS
from hydra_quant.reasons import Reason
from hydra_quant.settings import SIGNALS

COLUMNS = ["date", "close", "hydra_vote", "hydra_side", "hydra_reason"]
THOUGHTS = [
    *("signal_source", "signal_side", "hydra_score", "hydra_regime"),
    *("hydra_wanted", "hydra_verdict", "hydra_verdict_confidence", "hydra_gate_share"),
]
_CODES = {
    "hydra_reason": ("reason", {int(reason) for reason in Reason}),
    "signal_source": ("signal", {-1, *range(len(SIGNALS))}),
    "hydra_verdict": ("verdict", {-1, *range(len(ACTIONS))}),
    "hydra_regime": ("regime", {-1, *range(len(REGIMES))}),
}
Denials = Mapping[tuple[str, Timestamp, int], Reason]


class ReasonError(ValueError):
    """A reason file is damaged; the text names the file and the remedy."""


@dataclass(frozen=True)
class ReasonFiles:
    """What a strategy wrote down.

    Attributes
    ----------
    candles : by pair, one row a candle: date (open, UTC), close, ``hydra_vote`` in [-1, 1],
        ``hydra_side`` (+1, -1, 0) and ``hydra_reason`` (:class:`Reason`); where the strategy has
        signals and regimes also ``signal_source`` (index into `SIGNALS`, -1 silent),
        ``signal_side`` (+1, -1, 0), ``hydra_score`` (probability that the signal pays, NaN without
        one) and ``hydra_regime`` (index into `REGIMES`, -1 not known)
    denials : why an entry was refused when its order was due, by pair, time (UTC) and side
    """

    candles: Mapping[str, DataFrame]
    denials: Denials


def read_reasons(userdir: Path, strategy: str, pairs: tuple[str, ...]) -> ReasonFiles | None:
    """Read what a strategy's last exported backtest left below the user directory.

    Returns
    -------
    None when it left nothing: it is not one of HYDRA's voting strategies, or was not exported.

    Raises
    ------
    ReasonError
        When a file is there but cannot be read.
    """
    folder = userdir / "hydra" / "reasons" / strategy
    candles = {}
    for pair in pairs:
        path = folder / f"{pair.replace('/', '_').replace(':', '_')}.feather"
        if path.exists():
            candles[pair] = _read_candles(path)
    return ReasonFiles(candles, _read_denials(folder / "denied.jsonl")) if candles else None


def _read_candles(path: Path) -> DataFrame:
    try:
        frame = read_feather(path)
        for column, (what, known) in _CODES.items():
            if column in frame and not set(frame[column].unique()) <= known:
                raise ValueError(f"unknown {what} number: written by another version")
        return frame[[*COLUMNS, *(name for name in THOUGHTS if name in frame)]]
    except (OSError, ValueError, KeyError) as error:
        raise ReasonError(f"{path}: {error}; run freqtrade backtesting again") from None


def _read_denials(path: Path) -> dict[tuple[str, Timestamp, int], Reason]:
    if not path.exists():
        return {}
    denials: dict[tuple[str, Timestamp, int], Reason] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row: dict[str, Any] = json.loads(line)
            key = (row["pair"], Timestamp(row["time"]), int(row["side"]))
            denials.setdefault(key, Reason(row["reason"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ReasonError(
                f"{path} line {number}: {error}; run freqtrade backtesting again"
            ) from None
    return denials
