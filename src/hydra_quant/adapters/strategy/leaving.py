"""When an open position is left: what the entry rested on, held against the candles since."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from freqtrade.persistence import Trade
from numpy.typing import NDArray
from pandas import DataFrame, DatetimeIndex

from hydra_quant.adapters.data.heard import VERDICT
from hydra_quant.adapters.strategy.gated import opened_by
from hydra_quant.adapters.strategy.heads import Heads
from hydra_quant.heads.artefact import Artefact
from hydra_quant.heads.exit_facts import EntryFacts, facts_of, since_entry
from hydra_quant.heads.exit_features import exit_features, thesis_health
from hydra_quant.heads.exit_market import Market, market_of
from hydra_quant.news.verdict import ACTIONS
from hydra_quant.regimes.market import REGIMES
from hydra_quant.risk.leaving import Position, leave
from hydra_quant.settings import SIGNALS, Settings

FACTS, TOLD = "hydra_facts", "regime_told"
VOTE_FADED, GATE_EXIT = "vote_faded", "gate_exit"
NAN = float("nan")


@dataclass(frozen=True)
class _Seen:
    """One pair's analysed candles, as arrays that are read a row at a time."""

    market: Market
    closes_ms: NDArray[np.int64]
    confidence: NDArray[np.float64]
    expected_return: NDArray[np.float64]
    others: NDArray[np.float64]
    atr: NDArray[np.float64]
    regime: NDArray[np.int64]
    says_exit: NDArray[np.bool_]
    exit: Artefact | None
    answers: NDArray[np.bool_]

    def row_at(self, time: datetime) -> int:
        """Row of the last candle that had closed at a time (UTC); -1 before the first."""
        at = int(time.timestamp() * 1000)
        return int(np.searchsorted(self.closes_ms, at, side="right")) - 1


class Leaving:
    """Follows every position from its entry's thesis to the exit that it deserves.

    A decision is a function of the candles that have closed, never of the price in between: a
    backtest and a bot that sees the same candles leave on the same one, for the same reason.

    Parameters
    ----------
    settings : HYDRA's settings
    heads : models trained outside the bot
    minutes : width of a candle
    """

    def __init__(self, settings: Settings, heads: Heads, minutes: int) -> None:
        self._settings, self._heads, self._minutes = settings, heads, minutes
        self._pairs: dict[str, _Seen] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pairs": {}}

    def see(self, pair: str, frame: DataFrame) -> None:
        """Take a pair's analysed candles; each row is read only once its candle has closed."""
        opens = DatetimeIndex(frame["date"]).as_unit("ms").asi8
        self._pairs[pair] = _Seen(
            market=market_of(frame, self._minutes),
            closes_ms=opens + self._minutes * 60_000,
            confidence=frame["signal_confidence"].to_numpy(float),
            expected_return=frame["expected_return"].to_numpy(float),
            others=frame["hydra_others"].to_numpy(float),
            atr=frame["hydra_atr"].to_numpy(float),
            regime=frame["hydra_regime"].to_numpy(np.int64),
            says_exit=frame[VERDICT].to_numpy() == ACTIONS.index("exit"),
            exit=self._heads.get("exit"),
            answers=self._heads.answers("exit", frame),
        )

    def facts(self, trade: Trade, stop_atrs: float) -> EntryFacts | None:
        """What a position's entry rested on; None when its candle is not among those seen."""
        seen = self._pairs.get(trade.pair)
        entry = -1 if seen is None else seen.row_at(trade.open_date_utc)
        if seen is None or entry < 0:
            return None
        source = _source(trade)
        atr = seen.atr[entry]
        return facts_of(
            seen.market,
            np.array([entry]),
            side=np.array([-1.0 if trade.is_short else 1.0]),
            source=np.array([source]),
            confidence=np.array([seen.confidence[entry] if source >= 0 else NAN]),
            expected_return=np.array([seen.expected_return[entry] if source >= 0 else NAN]),
            stop_distance=np.array([stop_atrs * atr / trade.open_rate]),
            leverage=float(trade.leverage),
            price=np.array([trade.open_rate]),
        )

    def record(self, trade: Trade, stop_atrs: float) -> dict[str, Any] | None:
        """What is to be written down at a position's entry, as plain numbers.

        The facts, and the regime that was told then: by a model it may be another than the rule's,
        which is the one among the facts.
        """
        facts, seen = self.facts(trade, stop_atrs), self._pairs.get(trade.pair)
        if facts is None or seen is None:
            return None
        return {**facts.record(), TOLD: int(seen.regime[seen.row_at(trade.open_date_utc)])}

    def decide(
        self,
        trade: Trade,
        time: datetime,
        *,
        stop_atrs: float,
        exit_below: float,
        min_health: float,
    ) -> str | None:
        """Why a position is left now, as freqtrade's ``exit_tag``; None to stay.

        Parameters
        ----------
        trade : the open position
        time : the clock (UTC)
        stop_atrs : distance of its first stop, ATRs of the label horizon
        exit_below : an entry by vote leaves when the vote for its side falls to this
        min_health : share of the thesis below which it counts as broken
        """
        seen = self._pairs.get(trade.pair)
        if seen is None:
            return None
        facts = self.facts(trade, stop_atrs) or _recorded(trade)
        if facts is None:
            return None
        entry, now = seen.row_at(trade.open_date_utc), seen.row_at(time)
        if now <= entry:  # no candle has closed since
            return None
        if self._settings.news.follow_exit and seen.says_exit[now]:
            return GATE_EXIT
        side, source = int(facts.side[0]), int(facts.source[0])
        if source < 0:
            faded = side * seen.others[now] <= exit_below  # NaN compares False: no exit on no view
            return VOTE_FADED if faded else None
        hours, funding = self._since(seen, entry, now, trade)
        position = Position(
            minutes=60 * float(hours[0]),
            holding_minutes=self._settings.signals.holding_minutes[SIGNALS[source]],
            side=side,
            opened_by=SIGNALS[source],
            health=float(thesis_health(seen.market, np.array([now]), facts)[0]),
            regime=_regime(seen.regime[now]),
            regime_at_entry=_regime(_told_at_entry(seen, entry, trade)),
            lift=self._lift(seen, now, facts, hours, funding),
        )
        exits = self._settings.exits.model_copy(update={"min_health": min_health})
        return leave(position, exits)

    def _since(
        self, seen: _Seen, entry: int, now: int, trade: Trade
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if entry >= 0:
            return since_entry(seen.market, np.array([entry]), np.array([now]))
        begun = trade.open_date_utc.timestamp() / 3600
        return np.array([seen.market.hours[now] - begun]), np.array([NAN])

    def _lift(
        self,
        seen: _Seen,
        now: int,
        facts: EntryFacts,
        hours: NDArray[np.float64],
        funding: NDArray[np.float64],
    ) -> float:
        found = seen.exit  # the one whose candles `answers` tells; another may have come since
        if found is None or not seen.answers[now]:
            return NAN
        row = exit_features(seen.market, np.array([now]), facts, hours=hours, funding=funding)
        often = found.health.get("base_rate", NAN)
        return float(found.model.predict(row)[0]) / often if often > 0 else NAN


def _source(trade: Trade) -> int:
    """The signal that opened a position: index into `SIGNALS`, -1 for an entry by vote."""
    name = opened_by(trade.enter_tag)
    return SIGNALS.index(name) if name in SIGNALS else -1


def _regime(code: int) -> str | None:
    return REGIMES[code] if code >= 0 else None


def _record(trade: Trade) -> dict[str, Any]:
    """What was written down at the entry, for a position older than the candles at hand."""
    record = trade.get_custom_data(FACTS)
    return record if isinstance(record, dict) else {}


def _recorded(trade: Trade) -> EntryFacts | None:
    record = _record(trade)
    return EntryFacts.of_record(record) if record else None


def _told_at_entry(seen: _Seen, entry: int, trade: Trade) -> int:
    """Regime as it was told at the entry's candle, -1 where that is not known."""
    return int(seen.regime[entry] if entry >= 0 else _record(trade).get(TOLD, -1))
