"""Law 5: every candle of a backtest ends in exactly one reason."""

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, DatetimeIndex, Timestamp, concat

from hydra_quant.reasons import Reason
from hydra_quant.report.reason_files import THOUGHTS, Denials, ReasonError, ReasonFiles
from hydra_quant.report.results import Result

SILENT = (Reason.NO_SIGNAL, Reason.WARMING_UP, Reason.NO_PREDICTION, Reason.NO_POSITIONING)
TABLE_COLUMNS = ["count", "share", "signal_share", "longs", "shorts", "followed_bps"]


def explain(result: Result, files: ReasonFiles) -> DataFrame:
    """Find how every candle of the backtest ended.

    A candle that decided to enter becomes, in this order: ``ENTERED`` when a trade in its direction
    opened on the next candle; ``END_OF_DATA`` when there was no next candle that freqtrade still
    trades on; the refusal noted by a gate; ``IN_POSITION``, ``PAIR_LOCKED`` or ``NO_FREE_SLOT``
    where trades and locks prove it; else ``NOT_FILLED``.

    Parameters
    ----------
    result : the backtest
    files : the reasons written by the very same run

    Returns
    -------
    DataFrame of n_pairs * n_candles rows: pair, date, ``side`` (+1, -1, 0: direction of the signal
    where one fires, else of the vote), ``reason`` (:class:`Reason`), ``vote`` in [-1, 1] (NaN
    without one), ``ahead``, the return over the next ``horizon`` candles (fraction; NaN for the
    last ``horizon`` candles), and ``followed``, ``ahead`` in the direction of ``side`` minus the
    round-trip cost (NaN without a signal too); and the columns of
    `hydra_quant.report.reason_files.THOUGHTS` that the strategy wrote.

    Raises
    ------
    ReasonError
        When the reasons cannot belong to this run.
    """
    missing = [pair for pair in result.pairs if pair not in files.candles]
    if missing:
        raise ReasonError(f"no reasons for {', '.join(missing)}: they are from another run")
    if len({tuple(files.candles[pair].columns) for pair in result.pairs}) > 1:
        raise ReasonError("pairs were written by different versions: they are from another run")
    rows = concat([_explain_pair(result, files, pair) for pair in result.pairs], ignore_index=True)
    entered = int((rows["reason"] == Reason.ENTERED).sum())
    if entered != len(result.trades):
        raise ReasonError(
            f"{len(result.trades)} trades, but reasons for {entered}: they are from another run"
        )
    return rows


def tabulate(rows: DataFrame) -> DataFrame:
    """Count how candles ended.

    Parameters
    ----------
    rows : as :func:`explain` returns them

    Returns
    -------
    DataFrame indexed by the reason's label, most frequent first within those without and those with
    a signal. ``count`` and ``share`` (%) of all candles, ``signal_share`` (%) of the candles with
    a signal (NaN without one), ``longs`` and ``shorts`` by direction, and
    ``followed_bps``, the mean of ``followed`` in basis points. Counts add up to ``len(rows)``.
    """
    signal = ~rows["reason"].isin([int(reason) for reason in SILENT])
    groups = rows.assign(long=signal & (rows["side"] > 0), short=signal & (rows["side"] < 0))
    table = groups.groupby("reason").agg(
        count=("side", "size"),
        longs=("long", "sum"),
        shorts=("short", "sum"),
        followed_bps=("followed", "mean"),
    )
    spoken = ~table.index.isin([int(reason) for reason in SILENT])
    table["share"] = 100 * table["count"] / max(len(rows), 1)
    table["signal_share"] = np.where(
        spoken, 100 * table["count"] / max(int(signal.sum()), 1), np.nan
    )
    table["followed_bps"] *= 1e4
    order = np.lexsort((-table["count"].to_numpy(), spoken))
    table.index = [Reason(number).label for number in table.index]
    return table.iloc[order][TABLE_COLUMNS]


def vote_skill(rows: DataFrame) -> float:
    """Rank correlation (Spearman) of the vote with the return that followed, before costs.

    0 is chance. Over all candles with a vote and a known future; neighbours overlap, so it is less
    certain than their number suggests. NaN when nothing varies.
    """
    known = rows[["vote", "ahead"]].dropna()
    if len(known) < 2 or (known.nunique() < 2).any():
        return float("nan")
    return float(known["vote"].rank().corr(known["ahead"].rank()))


def _explain_pair(result: Result, files: ReasonFiles, pair: str) -> DataFrame:
    frame = files.candles[pair]
    dates = DatetimeIndex(frame["date"])
    inside = np.asarray((dates >= result.start) & (dates <= result.end))
    if not inside.any() or dates[0] > result.start or dates[-1] < result.end:
        raise ReasonError(
            f"{pair}: reasons cover {dates.min()} to {dates.max()}, the backtest "
            f"{result.start} to {result.end}: they are from another run"
        )
    own = frame["hydra_reason"].to_numpy()
    opinion = _opinion(frame)
    side = np.where(own == Reason.ENTER, frame["hydra_side"].to_numpy(), opinion)
    vote = frame["hydra_vote"].to_numpy(float)
    ahead = _ahead(frame["close"].to_numpy(float), result.horizon)
    followed = ahead * side - result.round_trip_cost
    followed[np.isin(own, [int(reason) for reason in SILENT])] = np.nan
    reason = own.astype(int)
    due = _next_dates(dates, result)
    judge = _Judge(result, files.denials, pair)
    for row in np.flatnonzero(inside & (own == Reason.ENTER)):
        reason[row] = judge.outcome(due[int(row)], int(side[row]))
    columns = {"side": side, "reason": reason, "vote": vote, "ahead": ahead, "followed": followed}
    thoughts = {name: frame[name].to_numpy() for name in THOUGHTS if name in frame}
    return DataFrame({"pair": pair, "date": dates, **columns, **thoughts})[inside]


def _opinion(frame: DataFrame) -> NDArray[np.int64]:
    """Direction of each candle's signal, or of its vote where none fires."""
    vote: NDArray[np.float64] = np.nan_to_num(frame["hydra_vote"].to_numpy(float))
    voted: NDArray[np.int64] = np.sign(vote).astype(np.int64)
    if "signal_side" not in frame:
        return voted
    side = frame["signal_side"].to_numpy(np.int64)
    return np.where(side != 0, side, voted)


def _ahead(close: NDArray[np.float64], horizon: int) -> NDArray[np.float64]:
    """Return over the next `horizon` candles, fraction; the last `horizon` rows are NaN."""
    out = np.full(len(close), np.nan)
    if len(close) > horizon:
        out[:-horizon] = close[horizon:] / close[:-horizon] - 1
    return out


def _next_dates(dates: DatetimeIndex, result: Result) -> DatetimeIndex:
    """When each candle's order is due: the next candle's open (freqtrade shifts by rows)."""
    return DatetimeIndex(dates[1:].append(DatetimeIndex([dates[-1] + result.candle])))


class _Judge:
    """Says what became of one pair's entry signals."""

    def __init__(self, result: Result, denials: Denials, pair: str) -> None:
        trades, locks = result.trades, result.locks
        self.result, self.denials, self.pair = result, denials, pair
        own = trades[trades["pair"] == pair].sort_values("open_date", kind="stable")
        self.own = list(zip(own["open_date"], own["close_date"], own["side"], strict=True))
        self.opened = DatetimeIndex(own["open_date"], tz="UTC")
        self.entered = {(opened.floor(result.candle), side) for opened, _, side in self.own}
        locked = locks[locks["pair"].isin([pair, "*"])]
        self.locks = list(zip(locked["start"], locked["end"], locked["side"], strict=True))
        ahead = result.pairs[: result.pairs.index(pair)]
        self.all_open = DatetimeIndex(trades["open_date"], tz="UTC")
        self.all_close = DatetimeIndex(trades["close_date"], tz="UTC")
        self.asked_before = trades["pair"].isin(ahead).to_numpy(bool)

    def outcome(self, due: Timestamp, side: int) -> Reason:
        """What became of an order that was due at this time."""
        if (due, side) in self.entered:
            return Reason.ENTERED
        if due >= self.result.end:  # freqtrade opens nothing on the last candle
            return Reason.END_OF_DATA
        if (self.pair, due, side) in self.denials:
            return self.denials[self.pair, due, side]
        if self._in_position(due, side):
            return Reason.IN_POSITION
        if self._locked(due, side):
            return Reason.PAIR_LOCKED
        if self._slots_taken(due) >= self.result.max_open_trades:
            return Reason.NO_FREE_SLOT
        return Reason.NOT_FILLED

    def _in_position(self, due: Timestamp, side: int) -> bool:
        """A trade that closed on this very candle blocks its own direction only (reversal)."""
        before = self.opened.searchsorted(due) - 1
        if before < 0:
            return False
        _, closed, held = self.own[before]
        return bool(closed > due or (closed == due and held == side))

    def _locked(self, due: Timestamp, side: int) -> bool:
        word = "long" if side > 0 else "short"
        return any(start <= due < end and which in ("*", word) for start, end, which in self.locks)

    def _slots_taken(self, due: Timestamp) -> int:
        """Trades that were certainly open when this pair was asked."""
        older = (self.all_open < due) & (self.all_close > due)
        just_now = (self.all_open == due) & (self.all_close > due) & self.asked_before
        return int(np.sum(older | just_now))
