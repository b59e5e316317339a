"""When HydraStrategy leaves a position: each reason on a frame made for it, and none on no view."""

from types import SimpleNamespace

import numpy as np
import pytest
from freqtrade.enums import RunMode
from support.headed import FIVE, headed, position
from support.held import thinking_frame
from support.strategy_world import PAIR

from hydra_quant.adapters.strategy.leaving import FACTS
from hydra_quant.heads import exit_features
from hydra_quant.heads.artefact import Artefact
from hydra_quant.news.gate import NONE
from hydra_quant.regimes.market import REGIMES
from hydra_quant.settings import SIGNALS
from hydra_quant.signals.behavioural import PARTS

ENTRY = 300
TAG = "crowding_fade"  # lasts a day
RANGING, CASCADE = REGIMES.index("ranging"), REGIMES.index("cascade")
UP, DOWN = REGIMES.index("squeeze_long"), REGIMES.index("squeeze_short")


def market(n=700, *, side=1, tag=TAG):
    """Candles in which nothing speaks against a position of this side from `ENTRY` on."""
    frame = thinking_frame(n, 1, 5).assign(
        hydra_others=0.6 * side,
        hydra_atr=1.0,
        hydra_regime=RANGING,
        regime=RANGING,
        hydra_verdict=NONE,
    )
    for part in {part for parts in PARTS.values() for part in parts}:
        frame[f"thesis_{part}"] = 2.0 * side
    frame["signal_confidence"], frame["expected_return"] = 0.8, 0.01
    return frame


@pytest.fixture
def made(tmp_path):
    return headed(tmp_path, mode=RunMode.BACKTEST, hydra={"exits": {"model_lift": 1.5}})


class Held:
    """A position, followed candle by candle as freqtrade would."""

    def __init__(self, made, frame, *, tag=TAG, is_short=False):
        self.made, self.frame = made, frame
        self.trade = position(frame, ENTRY, tag=tag, is_short=is_short)
        made.leaving.see(PAIR, frame)

    def at(self, candles, rate=1.0, seconds=0):
        """Why it is left `candles` after its fill's candle began."""
        began = self.frame["date"].iloc[ENTRY] + FIVE * (1 + candles)
        now = began.to_pydatetime() + FIVE * (seconds / 300)
        return self.made.custom_exit(PAIR, self.trade, now, rate, 0.0)

    def until(self, last):
        """The first candle that it is left on, and why."""
        for candles in range(last + 1):
            if tag := self.at(candles):
                return candles, tag
        return None


def since(frame, after, **columns):
    """`frame` with other values from so many candles after the entry's on."""
    changed = frame.copy()
    for name, value in columns.items():
        changed[name] = changed[name].mask(np.arange(len(frame)) >= ENTRY + after, value)
    return changed


def thesis(value, tag=TAG):
    return {f"thesis_{part}": value for part in PARTS[tag]}


@pytest.mark.parametrize("is_short", [False, True])
def test_a_signal_is_held_as_long_as_it_meant_and_no_longer(made, is_short):
    frame = market(side=-1 if is_short else 1)
    for tag in ("crowding_fade", "liquidation_reversal"):
        lasts = made.settings.signals.holding_minutes[tag] // 5
        assert Held(made, frame, tag=tag, is_short=is_short).until(600) == (lasts, "holding_over")


@pytest.mark.parametrize("is_short", [False, True])
def test_a_broken_thesis_is_left_once_it_has_had_its_time(made, is_short):
    side = -1 if is_short else 1
    frame = since(market(side=side), 20, **thesis(0.4 * side))
    assert Held(made, frame, is_short=is_short).until(60) == (20, "thesis_broken")
    at_once = since(market(side=side), 1, **thesis(-1.0 * side))
    assert Held(made, at_once, is_short=is_short).until(60) == (6, "thesis_broken")  # 30 minutes
    half = since(market(side=side), 1, **thesis(1.0 * side))
    assert Held(made, half, is_short=is_short).until(60) is None


def test_what_is_left_of_a_thesis_is_what_hyperopt_searches(made):
    held = Held(made, since(market(), 20, **thesis(0.8)))
    assert held.until(60) is None
    made.min_health.value = 0.5
    assert held.until(60) == (20, "thesis_broken")


@pytest.mark.parametrize(
    ("is_short", "code", "tag", "left"),
    [
        (False, CASCADE, TAG, True),
        (True, CASCADE, TAG, True),
        (False, CASCADE, "liquidation_reversal", False),  # it was opened for that
        (True, UP, TAG, True),
        (False, UP, TAG, False),
        (False, DOWN, TAG, True),
        (True, DOWN, TAG, False),
        (False, -1, TAG, False),
    ],
)
def test_a_regime_that_turns_against_the_position_ends_it(made, is_short, code, tag, left):
    frame = since(market(side=-1 if is_short else 1), 3, hydra_regime=code)
    found = Held(made, frame, tag=tag, is_short=is_short).until(40)
    assert found == ((3, "regime_turned") if left else None)


def test_a_regime_that_was_there_at_entry_is_no_turn(made):
    frame = market().assign(hydra_regime=CASCADE)
    assert Held(made, frame).until(40) is None


class Asked:
    """Stands for an exit model: sure from a given candle on."""

    def __init__(self, says):
        self.says, self.rows = says, []

    def predict(self, features):
        self.rows.append(features)
        return np.array([self.says])


def with_model(made, says, base_rate=0.4, known_until=0):
    model = Asked(says)
    health = {"base_rate": base_rate}
    names = tuple(exit_features.NAMES)
    found = Artefact("exit", model, 0, known_until, (PAIR,), names, 5, health)
    made.heads._found["exit"] = None, found  # as if it had been read, with no file there now
    made.heads._oldest_ms = 10**13
    return model


def test_the_model_speaks_by_its_lift_and_not_in_the_first_half_hour(made):
    with_model(made, 0.61)
    assert Held(made, market()).until(40) == (6, "exit_model")
    with_model(made, 0.59)  # 1.5 times the base rate of 0.4 is 0.6
    assert Held(made, market()).until(40) is None


def test_the_model_is_asked_about_this_position_now(made):
    model = with_model(made, 0.1)
    frame = market(side=-1)
    Held(made, frame, is_short=True).at(24)
    row = dict(zip(exit_features.NAMES, model.rows[-1][0], strict=True))
    assert row["side"] == -1
    assert row["hours_in_position"] == 2.0
    assert row[f"source_{TAG}"] == 1.0
    opened = frame["open"].iloc[ENTRY + 1]
    assert row["unrealised_pnl"] == pytest.approx(1 - frame["close"].iloc[ENTRY + 24] / opened)
    stop = 2.0 * np.sqrt(24.0) * 1.0 / opened
    assert row["distance_to_stop"] - row["unrealised_pnl"] == pytest.approx(stop)


def test_the_model_does_not_answer_candles_that_it_learned_from(made):
    frame = market()
    learned = round(frame["date"].iloc[ENTRY + 30].timestamp() * 1000)
    with_model(made, 0.9, known_until=learned)
    assert Held(made, frame).until(60) == (30, "exit_model")


@pytest.mark.parametrize("base_rate", [np.nan, 0.0, None])
def test_a_model_whose_base_rate_is_not_known_is_not_believed(made, base_rate):
    with_model(made, 0.9, base_rate)
    if base_rate is None:
        made.heads._found["exit"][1].health.clear()
    assert Held(made, market()).until(40) is None


@pytest.mark.parametrize("is_short", [False, True])
def test_an_entry_by_vote_leaves_when_the_vote_has_faded(made, is_short):
    side = -1 if is_short else 1
    frame = since(market(side=side), 7, hydra_others=-0.1 * side)
    assert Held(made, frame, tag="momentum+trend", is_short=is_short).until(40) == (7, "vote_faded")
    assert Held(made, frame, is_short=is_short).until(40) is None  # a signal has its own reasons
    made.exit_below.value = -0.2
    assert Held(made, frame, tag="momentum+trend", is_short=is_short).until(40) is None


@pytest.mark.parametrize("tag", [TAG, "momentum"])
def test_nothing_is_left_because_something_is_not_known(made, tag):
    unknown = {"hydra_others": np.nan, "hydra_regime": -1, **thesis(np.nan)}
    with_model(made, np.nan)
    held = Held(made, since(market(), 1, **unknown), tag=tag)
    assert held.until(287) is None
    assert held.at(288) == ("holding_over" if tag == TAG else None)


def test_only_closed_candles_decide_whatever_the_price_or_the_second(made):
    frame = since(market(), 20, **thesis(-1.0))
    held = Held(made, frame)
    for rate in (1e-6, 1.0, 1e6):
        assert held.at(19, rate, seconds=299) is None
        assert held.at(20, rate) == "thesis_broken"
    assert held.at(0, seconds=299) is None  # not one candle has closed since the fill


def test_a_decision_needs_no_candle_after_it(made):
    frame = since(market(), 20, **thesis(-1.0))
    held = Held(made, frame)
    whole = [held.at(candles) for candles in range(40)]
    part = []
    for candles in range(40):
        made.leaving.see(PAIR, frame.iloc[: ENTRY + 1 + candles])
        part.append(held.at(candles))
    assert part == whole
    assert any(whole)


def test_an_unknown_pair_is_not_left(made):
    held = Held(made, market())
    made.leaving._pairs.clear()
    assert held.until(40) is None


# --- a position that is older than the candles at hand ------------------------------------------


def recorded(made, frame, **options):
    """What `order_filled` writes for an entry, as JSON that a database would keep."""
    kept = {}
    held = Held(made, frame, **options)
    made.dp._set_cached_df(PAIR, "5m", frame.assign(hydra_reason=0), made.config["candle_type_def"])
    held.trade.set_custom_data = lambda key, value: kept.update({key: value})
    at = frame["date"].iloc[ENTRY] + FIVE
    order = SimpleNamespace(ft_order_side=held.trade.entry_side, order_date_utc=at.to_pydatetime())
    made.order_filled(PAIR, held.trade, order, at.to_pydatetime())
    return held, kept


def test_the_bot_writes_the_facts_down_and_a_backtest_does_not(made, tmp_path):
    _, kept = recorded(made, market())
    assert kept == {}
    bot = headed(tmp_path)
    _, kept = recorded(bot, market())
    facts = kept[FACTS]
    assert facts["source"] == SIGNALS.index(TAG)
    assert facts["side"] == 1
    assert {name for name, value in facts["support"].items() if value == 2.0} == set(PARTS[TAG])


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (thesis(0.4), "thesis_broken"),
        ({"hydra_regime": CASCADE}, "regime_turned"),
        ({}, None),
    ],
)
def test_a_position_older_than_the_candles_leaves_by_the_facts_written_down(
    tmp_path, changes, found
):
    bot = headed(tmp_path)
    frame = market()
    held, kept = recorded(bot, frame)
    later = since(frame, 100, **changes).iloc[ENTRY + 60 :].reset_index(drop=True)
    bot.leaving.see(PAIR, later)
    held.trade.get_custom_data = kept.get
    assert held.at(99) is None
    assert held.at(100) == found
    assert held.at(288) == (found or "holding_over")
    held.trade.get_custom_data = lambda key, default=None: None
    assert held.at(100) is held.at(288) is None  # without a record nothing is known: it stays


def test_a_regime_told_by_a_model_at_entry_is_remembered_with_the_facts(tmp_path):
    """The rule saw a range at entry, the model a cascade: still a cascade is no turn."""
    bot = headed(tmp_path)
    frame = market().assign(hydra_regime=CASCADE)
    held, kept = recorded(bot, frame)
    held.trade.get_custom_data = kept.get
    assert held.at(100) is None
    bot.leaving.see(PAIR, frame.iloc[ENTRY + 60 :].reset_index(drop=True))
    assert held.at(100) is None
