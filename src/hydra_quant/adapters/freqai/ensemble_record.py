"""What members said of candles that they had not learned: the record that weighs them."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from hydra_quant.adapters.freqai.member import UP, Floats, Ints, Member, Terms, places_of
from hydra_quant.adapters.freqai.member_prices import closes
from hydra_quant.adapters.freqai.net_rows import Grid
from hydra_quant.models.ensemble.adaptive import recent_weights, window_of
from hydra_quant.models.ensemble.folds import At, Learner, OutOfFold, earlier_folds, out_of_fold
from hydra_quant.models.ensemble.roll import Roll
from hydra_quant.models.rows import Rows

logger = logging.getLogger(__name__)
Split = Callable[[Ints], tuple[At, At]]


@dataclass(frozen=True)
class Lessons:
    """Rows that members learn and tell in folds.

    Attributes
    ----------
    grid, rows : all rows with a known label, by time, then by pair
    folds : how many stretches are told
    reach : candles after its own that a label reads
    gap : further candles between what is learned and what is told
    least : rows that a training needs
    split : cuts rows, by number of candle, into a training block and its purged tail
    terms : of each training
    """

    grid: Grid
    rows: Rows
    folds: int
    reach: int
    gap: int
    least: int
    split: Split
    terms: Terms

    @property
    def candles(self) -> Ints:
        """Row of the grid of each row."""
        return self.grid.row(self.rows.times)


def record_of(lessons: Lessons, members: Mapping[str, Member], roll: Roll) -> OutOfFold | None:
    """Let every member tell each fold from what came before it.

    A member that fails drops out of the roll. None, with a warning, where no fold has enough rows
    before it, or nobody is left.
    """
    candles = lessons.candles
    cut = earlier_folds(candles, lessons.folds, purge=lessons.reach, embargo=lessons.gap)
    cut = [fold for fold in cut if len(fold.learned) >= lessons.least]
    if not cut:
        logger.warning(
            f"ensemble: none of {lessons.folds} folds has {lessons.least} rows before it "
            "(hydra.model.min_training_rows); base weights vote."
        )
        return None
    learners = {name: _learner(lessons, members[name], roll) for name in roll.present}
    up = lessons.rows.labels[:, UP]
    pairs = lessons.rows.pairs.astype(np.int64)
    record = out_of_fold(learners, candles, pairs, up, cut, lessons.reach)
    for name, told in record.told.items():
        if name not in roll.dropped and not members[name].sound(told):
            roll.drop(name, "answers out of fold are NaN")
    kept = record.without({*roll.dropped})
    return kept if kept.told else None


def _learner(lessons: Lessons, member: Member, roll: Roll) -> Learner:
    grid, rows, candles = lessons.grid, lessons.rows, lessons.candles

    def learn(learned: At, asked: At) -> Floats:
        def make() -> Floats:
            train, later = lessons.split(candles[learned])
            block = rows.take(learned)
            tail = block.take(later) if len(later) else None
            model = member.fit(grid, block.take(train), tail, lessons.terms)
            return member.tell(model, grid, places_of(grid, rows.take(asked)))

        told = None
        if member.name not in roll.dropped:
            told = roll.attempt(member.name, "training out of fold", make)
        return np.full(len(asked), np.nan) if told is None else told

    return learn


def weights_now(
    record: OutOfFold,
    grid: Grid,
    base: Mapping[str, float],
    *,
    round_trip_cost: float,
    holding: int,
) -> dict[str, float]:
    """Return the members' weights after the last candle of the record (`recent_weights`)."""
    first, last = int(record.candles.min()), int(record.candles.max())
    told = {}
    for name, answers in record.told.items():
        told[name] = np.full((last - first + 1, len(grid.panel.pairs)), np.nan)
        told[name][record.candles - first, record.pairs] = answers
    minutes = grid.bar // 60
    found = recent_weights(
        told,
        closes(grid)[first : last + 1],
        base,
        candle_minutes=minutes,
        window=window_of(last - first + 1, minutes, holding),
        round_trip_cost=round_trip_cost,
        holding=holding,
    )
    return {name: float(weights[-1]) for name, weights in found.items()}
