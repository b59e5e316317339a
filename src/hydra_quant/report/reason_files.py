"""The reasons that HYDRA's strategies leave behind in a backtest."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pandas import DataFrame, Timestamp, read_feather

from hydra_quant.reasons import Reason

COLUMNS = ["date", "close", "hydra_vote", "hydra_side", "hydra_reason"]
Denials = Mapping[tuple[str, Timestamp, int], Reason]


class ReasonError(ValueError):
    """A reason file is damaged; the text names the file and the remedy."""


@dataclass(frozen=True)
class ReasonFiles:
    """What a strategy wrote down.

    Attributes
    ----------
    candles : by pair, one row a candle: date (open, UTC), close, ``hydra_vote`` in [-1, 1],
        ``hydra_side`` (+1, -1, 0) and ``hydra_reason`` (:class:`Reason`)
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
        frame = read_feather(path, columns=COLUMNS)
        known = {int(reason) for reason in Reason}
        if not set(frame["hydra_reason"].unique()) <= known:
            raise ValueError("unknown reason number: written by another version")
        return frame
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
