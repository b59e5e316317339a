"""A gate that fails denies the trade, whatever else goes wrong; freqtrade would let it in."""

import json
import logging
from datetime import timedelta

import pytest
from freqtrade.strategy.strategy_wrapper import strategy_safe_wrapper
from support.strategy_world import PAIR, analyse, candles, failing, strategy

from hydra_quant.adapters.strategy.fail_closed import fail_closed
from hydra_quant.reasons import Reason


@pytest.fixture
def made(tmp_path):
    made = strategy("HydraBaseline", tmp_path)
    made.ft_bot_start()
    frame = analyse(made, candles())
    made.now = (frame["date"].iloc[-1] + timedelta(minutes=5)).to_pydatetime()
    made.price = float(frame["close"].iloc[-1])
    return made


def confirm(made, **changes):
    """Ask as freqtrade asks: through its own wrapper, which says yes when a callback raises."""
    call = {
        "pair": PAIR,
        "order_type": "limit",
        "amount": 1.0,
        "rate": made.price,
        "time_in_force": "GTC",
        "current_time": made.now,
        "entry_tag": "momentum",
        "side": "long",
    }
    asked = strategy_safe_wrapper(made.confirm_trade_entry, default_retval=True)
    return asked(**{**call, **changes})


def stake(made, **changes):
    call = {
        "pair": PAIR,
        "current_time": made.now,
        "current_rate": made.price,
        "proposed_stake": 1234.0,
        "min_stake": 5.0,
        "max_stake": 9000.0,
        "leverage": 2.0,
        "entry_tag": "momentum",
        "side": "short",
    }
    asked = strategy_safe_wrapper(made.custom_stake_amount, default_retval=1234.0)
    return asked(**{**call, **changes})


def denials(made):
    rows = [
        json.loads(line)
        for path in made._reasons.folder.glob("live-*.jsonl")
        for line in path.read_text().splitlines()
    ]
    return [(r["pair"], r["side"], Reason(r["reason"])) for r in rows]


def test_a_healthy_gate_confirms_and_sizes(made):
    assert confirm(made) is True
    assert 100 <= stake(made) <= 1250


@pytest.mark.parametrize("error", [ValueError("x"), RuntimeError("x"), KeyError("x"), TypeError()])
@pytest.mark.parametrize("gate", [confirm, stake])
def test_an_exception_denies_is_logged_and_noted(made, gate, error, caplog):
    side = 1 if gate is confirm else -1
    with failing(made, "_last_candle", error), caplog.at_level(logging.ERROR):
        answer = gate(made)
    assert answer == 0
    assert answer is False or gate is stake
    assert denials(made)[-1] == (PAIR, side, Reason.GATE_FAILED)
    (record,) = [r for r in caplog.records if "denied" in r.message]
    assert PAIR in record.message
    assert record.exc_info


@pytest.mark.parametrize("gate", [confirm, stake])
def test_denies_even_when_the_note_of_the_failure_fails(made, gate, caplog):
    with (
        failing(made, "_last_candle", ValueError("first")),
        failing(made, "note_denial", OSError("disk full")),
    ):
        assert gate(made) == 0
    assert "could not be noted" in caplog.text


def test_a_refusal_whose_note_fails_stays_a_refusal(made):
    with failing(made, "note_denial", OSError("disk full")):
        assert confirm(made, rate=2 * made.price) is False


@pytest.mark.parametrize("gate", [confirm, stake])
def test_a_pair_without_analysed_candles_is_denied(made, gate):
    assert gate(made, pair="ETH/USDT:USDT") == 0


def test_an_unknown_atr_is_no_stake(made):
    frame = candles().assign(hydra_atr=float("nan"))
    made.dp._set_cached_df(PAIR, "5m", frame, made.config["candle_type_def"])
    assert stake(made) == 0.0


def test_called_without_keywords_it_still_denies():
    class Owner:
        def note_denial(self, *args):
            raise AssertionError("there is nothing to note it under")

        @fail_closed(denied=False)
        def gate(self, pair):
            raise ValueError

    assert Owner().gate(PAIR) is False


def test_the_wrapper_alone_would_have_let_it_through(made):
    """What the decorator is for."""
    open_gate = type(made).confirm_trade_entry.__wrapped__
    with failing(made, "_last_candle", ValueError("x")):
        asked = strategy_safe_wrapper(open_gate, default_retval=True)
        assert asked(made, pair=PAIR, current_time=made.now, side="long") is True


@pytest.mark.parametrize(
    ("dearer", "minutes", "reason"),
    [(1.02, 0, Reason.PRICE_DRIFTED), (1.0, 11, Reason.DATA_STALE)],
)
def test_a_stale_candle_or_a_drifted_price_is_denied(made, dearer, minutes, reason):
    late = made.now + timedelta(minutes=minutes)
    assert confirm(made, rate=dearer * made.price, current_time=late) is False
    assert denials(made)[-1] == (PAIR, 1, reason)


@pytest.mark.parametrize(
    "changes", [{"max_stake": 50.0}, {"min_stake": 8000.0}, {"max_stake": 0.0}]
)
def test_a_stake_too_small_for_us_or_for_the_exchange_is_none(made, changes):
    assert stake(made, **changes) == 0.0
    assert denials(made)[-1] == (PAIR, -1, Reason.STAKE_TOO_SMALL)
