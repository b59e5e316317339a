"""What the gate said and what it was worth, as one value."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pandas import DataFrame

from hydra_quant.memory import Memory
from hydra_quant.news.gate_agreement import Agreement, Calls, agree, calls, hear
from hydra_quant.news.gate_outcomes import Outcome, outcomes
from hydra_quant.news.gate_prices import Prices
from hydra_quant.news.gate_trades import candidates, holding_ms, joined
from hydra_quant.news.gate_worth import Worth, worth
from hydra_quant.news.tape import KIND, Tape
from hydra_quant.settings import News, Signals
from hydra_quant.validation.block_bootstrap import Interval

EVER = (0, 2**62)


@dataclass(frozen=True)
class Judging:
    """How the gate is judged: random gates, draws of the bootstrap, and the seed of both."""

    gates: int = 1000
    draws: int = 1000
    seed: int = 7


@dataclass(frozen=True)
class Said:
    """What the tape holds: verdicts of these pairs and times, and what asking took in all."""

    agreement: Agreement
    calls: Calls
    pairs: tuple[str, ...]
    first_ms: int
    last_ms: int


@dataclass(frozen=True)
class Run:
    """One strategy's backtest.

    Attributes
    ----------
    strategy : str
    outcomes : tuple of Outcome
        By what the gate said of the trades that were wanted.
    worth : Worth
    cut : int
        Wanted entries that were left out, since prices end before they do.
    """

    strategy: str
    outcomes: tuple[Outcome, ...]
    worth: Worth
    cut: int


@dataclass(frozen=True)
class GateReport:
    """Everything that the terminal and the file of figures show; parts that cannot be are None."""

    said: Said | None
    runs: tuple[Run, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Every figure as plain values; what is not known is None."""
        runs = [
            {**_plain(run), "marginal": run.worth.marginal, "verdict": run.worth.verdict}
            for run in self.runs
        ]
        return {"said": _plain(self.said), "runs": runs, "notes": list(self.notes)}


def heard_pairs(memory: Memory) -> tuple[str, ...]:
    """Pairs that have verdicts."""
    return tuple(sorted({series.subject for series in memory.series(KIND)}))


def left_out(memory: Memory, pairs: Iterable[str], settings: News) -> int:
    """How many verdicts are not used, as their model may have known what followed."""
    return sum(Tape.read(memory, pair, settings).future for pair in pairs)


def listen(
    memory: Memory,
    prices: Mapping[str, Prices],
    settings: News,
    judging: Judging,
    window_ms: tuple[int, int] = EVER,
) -> Said | None:
    """Read the tape of the pairs that have prices, and hold it against them.

    Parameters
    ----------
    window_ms : from when and before when a verdict became known; without one, what the tape spans

    Returns
    -------
    None where no verdict on these pairs became known then.
    """
    tapes = {pair: Tape.read(memory, pair, settings) for pair in prices}
    known = [at for tape in tapes.values() for at in tape.rows["known_at"]]
    known = [int(at) for at in known if window_ms[0] <= at < window_ms[1]]
    if not known:
        return None
    first, last = min(known), max(known)
    begin, end = (first, last + 1) if window_ms == EVER else window_ms
    heard = {pair: hear(tape, prices[pair], begin, end) for pair, tape in tapes.items()}
    found = agree(heard, judging.draws, judging.seed)
    return Said(found, calls(memory), tuple(prices), first, last)


def weigh(
    strategy: str,
    frames: Mapping[str, DataFrame],
    prices: Mapping[str, Prices],
    signals: Signals,
    *,
    horizon_ms: int,
    cost: float,
    judging: Judging,
) -> Run | None:
    """Weigh the gate on what a strategy wanted.

    Parameters
    ----------
    frames : by pair, what the backtest wrote down: see `hydra_quant.news.gate_trades.candidates`
    prices : of the same pairs
    horizon_ms : how long trades without a signal last
    cost : of a round trip (fraction)

    Returns
    -------
    None where no entry was wanted whose end is known.
    """
    parts = [
        candidates(frame, prices[pair], holding_ms(frame, signals, horizon_ms), cost, number)
        for number, (pair, frame) in enumerate(frames.items())
    ]
    wanted = sum(int((frame["hydra_wanted"] != 0).sum()) for frame in frames.values())
    if not sum(len(part.net) for part in parts):
        return None
    found = joined(parts)
    return Run(
        strategy,
        outcomes(found, judging.draws, judging.seed),
        worth(found, judging.gates, judging.draws, judging.seed),
        wanted - len(found.net),
    )


def _plain(value: Any) -> Any:
    """Dataclasses, intervals and NaN as JSON knows them."""
    if isinstance(value, Interval):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
