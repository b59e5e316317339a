"""Random markets, decisions and rules to try a ledger on: drawn by hypothesis, or from a seed.

What hypothesis draws is small and shrinks towards flat candles, no decisions and plain rules. What
a seed makes is long and dense, and takes no time to draw.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from hypothesis import strategies as st
from support.ledger_actions import Act, Actions, Rules
from support.ledger_market import HOUR_MS, MINUTE_MS, START_MS, Market, PairMarket, Tier

NAMES = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "DOGE/USDT:USDT")
STEEP = (  # a wallet of a thousand reaches all of them
    Tier(0.0, 500.0, 0.01, 20.0),
    Tier(500.0, 2000.0, 0.025, 10.0, 7.5),
    Tier(2000.0, 50_000.0, 0.05, 5.0, 57.5),
)
CONTRACTS: tuple[tuple[int, dict[str, Any]], ...] = (  # first price in ticks, and the contract
    (1000, {"tick": 0.1, "step": 0.001}),
    (1000, {"tick": 0.1, "step": 0.001, "tiers": STEEP}),
    (16_559, {"tick": 0.00001, "step": 1.0, "min_amount": 1.0}),
    (500_000, {"tick": 0.1, "step": 0.001, "min_cost": 100.0}),
    (2000, {"tick": 0.05, "step": 0.1, "min_amount": 0.1, "min_cost": 20.0, "max_cost": 900.0}),
    (70, {"tick": 1.0, "step": 0.01, "min_amount": 0.02, "max_amount": 30.0}),
)
SIGNALS: tuple[dict[str, bool], ...] = tuple(
    dict.fromkeys(names.split(), True)
    for names in (
        "",
        *["enter_long", "enter_short"] * 2,
        "exit_long",
        "exit_short",
        "exit_long enter_short",
        "exit_short enter_long",
        "exit_long exit_short",
        "enter_long exit_long",
        "enter_long enter_short",
        "enter_short exit_short",
    )
)
ACT: dict[str, tuple[Any, ...]] = {
    "stake": (None, 100.0, 20.0, 333.33, 4.0, 5.1, 5000.0, 0.0),
    "leverage": (1.0, 1.0, 1.0, 2.0, 3.3, 10.0, 25.0, 200.0, 0.5),
    "adjust": (0.0, 50.0, -50.0, 13.37, -10.0, -33.33, 500.0, -100.0, -1000.0),
    "enter_tag": ("", "model"),
    "exit_tag": ("", "tired"),
}
TRAILING: tuple[dict[str, Any], ...] = (
    {},
    {"trailing_stop": True},
    {"trailing_stop": True, "trailing_stop_positive": 0.01},
    {"trailing_stop": True, "trailing_stop_positive": 0.02, "trailing_stop_positive_offset": 0.05},
    {
        "trailing_stop": True,
        "trailing_stop_positive": 0.02,
        "trailing_stop_positive_offset": 0.05,
        "trailing_only_offset_is_reached": True,
    },
    {
        "trailing_stop": True,
        "trailing_stop_positive_offset": 0.03,
        "trailing_only_offset_is_reached": True,
    },
)
RULES: dict[str, tuple[Any, ...]] = {
    "fee": (0.0005, 0.0, 0.002),
    "stoploss": (-0.1, -0.02, -0.05, -0.3, -0.99, -1.0),
    "minimal_roi": (
        (),
        ((0, 0.05),),
        ((0, 0.1), (120, 0.02)),
        ((0, 0.03), (60, 0.01), (180, -0.02)),
        ((0, 10.0), (240, -1.0)),
        ((7, 0.02),),
    ),
    "can_short": (True, False),
    "max_open_trades": (-1, 1, 2, 3),
    "stake_amount": (100.0, 30.0, "unlimited"),
    "dry_run_wallet": (1000.0, 1000.0, 1000.0, 250.0, 60.0),
    "tradable_balance_ratio": (0.99, 0.5, 1.0),
    "position_adjustment_enable": (True, False),
    "max_entry_position_adjustment": (-1, 0, 2),
    "use_exit_signal": (True, False),
    "exit_profit_only": (False, True),
    "exit_profit_offset": (0.0, 0.02),
    "ignore_roi_if_entry_signal": (False, True),
    "liquidation_buffer": (0.05, 0.0, 0.3),
}
CALM, WILD = (20, 4, 1), 350  # thousandths of the price that one part of a candle moves at most


@dataclass(frozen=True)
class Case:
    """Everything a run needs."""

    market: Market
    actions: Actions
    rules: Rules

    def __str__(self) -> str:
        return f"Case(\n  {self.market!r},\n  {self.actions!r},\n  {self.rules!r},\n)"


def shaped(contract: int, moves: Sequence[tuple[int, int, int, int]]) -> PairMarket:
    """Return candles from moves in thousandths: gap before the open, body, wick up, wick down."""
    price, values = CONTRACTS[contract]
    inverse = round(1.0 / values["tick"])
    candles = []
    for gap, body, up, down in moves:
        opened = _moved(price, gap)
        price = _moved(opened, body)
        high, low = _moved(max(opened, price), up), _moved(min(opened, price), -down)
        candles.append(tuple(ticks / inverse for ticks in (opened, high, low, price)))
    return replace(PairMarket(tuple(candles)), **values)


def _moved(ticks: int, thousandths: int) -> int:
    return max(1, ticks + round(ticks * thousandths / 1000))


def funded(pair: PairMarket, market: Market, hours: int, rates: Sequence[int]) -> PairMarket:
    """Add funding every so many hours: these rates, in ten-thousandths, over and over."""
    if not hours:
        return pair
    width, begin = market.minutes * MINUTE_MS, market.start_ms
    events = []
    for row, candle in enumerate(pair.candles):
        at = begin + row * width
        if at % (hours * HOUR_MS) == 0:
            rate = rates[len(events) % len(rates)] / 10_000
            events.append((at, rate, candle[0] * (1 + rate)))
    return replace(pair, funding=tuple(events))


def _built(choose: "Choose", shapes: list[list[tuple[int, int, int, int]]]) -> Market:
    minutes, ahead = choose(((60, 0), (60, 3), (5, 0), (5, 7)))
    start = START_MS + ahead * minutes * MINUTE_MS
    bare = {
        name: shaped(choose(range(len(CONTRACTS))), moves)
        for name, moves in zip(NAMES, shapes, strict=False)
    }
    market = Market(bare, minutes, start, ticks_from_candles=choose((False, False, False, True)))
    hours = choose((0, 1, 8))
    rates = [choose((1, -1, 30, -50, 0)) for _ in range(3)]
    return replace(market, pairs={n: funded(p, market, hours, rates) for n, p in bare.items()})


Choose = Callable[[Sequence[Any]], Any]


def _act(choose: Choose) -> Act:
    return Act(**choose(SIGNALS), **{name: choose(values) for name, values in ACT.items()})


def _rules(choose: Choose) -> Rules:
    return Rules(**choose(TRAILING), **{name: choose(values) for name, values in RULES.items()})


@st.composite
def markets(draw: st.DrawFn, *, candles: int = 30, pairs: int = 2) -> Market:
    """Draw gaps, candles without a body or a range, and wicks through stops and liquidations."""
    size = draw(st.integers(3, candles))
    calm = draw(st.sampled_from(CALM))
    quiet, up = st.integers(-calm, calm), st.integers(0, calm)
    move = st.one_of(quiet, quiet, quiet, st.integers(-WILD, WILD))
    wick = st.one_of(up, up, up, st.integers(0, WILD))
    moves = st.lists(st.tuples(move, move, wick, wick), min_size=size, max_size=size)
    shapes = draw(st.lists(moves, min_size=1, max_size=pairs))
    return _built(lambda values: draw(st.sampled_from(list(values))), shapes)


@st.composite
def actions(draw: st.DrawFn, market: Market) -> Actions:
    """Draw a handful of decisions, and which of them is taken at each candle of any market."""
    choose: Choose = lambda values: draw(st.sampled_from(list(values)))  # noqa: E731
    kinds = [None, *[_act(choose) for _ in range(5)]]
    found: Actions = {}
    for name, pair in market.pairs.items():
        size = len(pair.candles)
        taken = draw(st.lists(st.sampled_from(kinds), min_size=size, max_size=size))
        found[name] = {row: act for row, act in enumerate(taken) if act is not None}
    return found


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    """Draw a configuration that freqtrade accepts."""
    return _rules(lambda values: draw(st.sampled_from(list(values))))


@st.composite
def cases(draw: st.DrawFn, *, candles: int = 30, pairs: int = 2) -> Case:
    """Draw all three."""
    market = draw(markets(candles=candles, pairs=pairs))
    return Case(market, draw(actions(market)), draw(rules()))


def wild_market(seed: int, *, candles: int = 150, pairs: int = 2) -> Market:
    """Return a market that is mostly calm, with a wild candle in twenty and a flat one in ten."""
    random = Random(f"market {seed}")
    calm = random.choice(CALM)

    def move() -> tuple[int, int, int, int]:
        most = WILD if random.random() < 0.05 else calm
        gap = random.randint(-most, most) if random.random() < 0.15 else 0
        wicks = random.randint(0, most), random.randint(0, most)
        return (gap, random.randint(-most, most), *wicks) if random.random() < 0.9 else (0,) * 4

    shapes = [[move() for _ in range(candles)] for _ in range(pairs)]
    return _built(random.choice, shapes)


def wild_actions(market: Market, seed: int, *, share: float = 0.35) -> Actions:
    """Return decisions at this share of the candles of any market."""
    random = Random(f"actions {seed}")
    return {
        name: {row: _act(random.choice) for row in range(len(p.candles)) if random.random() < share}
        for name, p in market.pairs.items()
    }


def wild_rules(seed: int) -> Rules:
    """Return a configuration that freqtrade accepts."""
    return _rules(Random(f"rules {seed}").choice)


def wild(seed: int, *, candles: int = 150, pairs: int = 2) -> Case:
    """Return a long case; the same seed gives the same case."""
    market = wild_market(seed, candles=candles, pairs=pairs)
    return Case(market, wild_actions(market, seed), wild_rules(seed))
