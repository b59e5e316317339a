"""What the agent's strategy makes of a target: side, size, and nothing where there is none."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from support.strategy_world import EQUITY, PAIR, analyse, candles, strategy, trade

from hydra_quant.adapters.strategy.teaching import TARGET
from hydra_quant.reasons import Reason
from hydra_quant.rl.desk import ask

AGENT = {"act_beyond": 0.3, "resize_beyond": 0.2, "stoploss": 0.1, "leverage": 2.0}
WANTED = [0.9, 0.3, -0.3, -0.31, 0.0, 1.0, -1.0, np.nan, 0.5]
SURE = [1, 1, 1, 1, 1, 1, 1, 1, 0]
SIGNALS = ("enter_long", "enter_short", "exit_long", "exit_short")


@pytest.fixture
def made(tmp_path: Any) -> Any:
    return strategy("HydraRLStrategy", tmp_path, datadir=tmp_path, hydra={"agent": AGENT})


def _told(made: Any, wanted: list[float], sure: list[int] | None = None) -> Any:
    frame = candles(len(wanted))
    answers = {TARGET: wanted, "do_predict": sure or [1] * len(wanted)}
    return analyse(made, frame.assign(**answers))


def test_signals_are_those_that_the_environment_trades(made: Any) -> None:
    told = _told(made, WANTED, SURE)
    for row, (wanted, sure) in enumerate(zip(WANTED, SURE, strict=True)):
        order = _Order()
        ask.py_func(order, wanted if sure else np.nan, 0.3, 2.0, True)
        bits = sum(int(told[name].iloc[row]) << at for at, name in enumerate(SIGNALS))
        assert bits == order.signals, (row, wanted)


class _Order:
    """An order, for the Python behind the compiled function."""

    signals, share, leverage = -1, 0.0, 0.0


def test_without_an_answer_nothing_is_done_and_the_reason_is_kept(made: Any) -> None:
    told = _told(made, WANTED, SURE)
    for row in (7, 8):
        assert told.loc[row, list(SIGNALS)].eq(0).all()
        assert told.loc[row, "hydra_reason"] == Reason.NO_PREDICTION
    assert told["hydra_reason"].iloc[0] == Reason.ENTER
    assert told["hydra_reason"].iloc[1] == Reason.BELOW_THRESHOLD


def test_where_shorts_are_not_allowed_a_short_target_is_to_be_out(made: Any) -> None:
    made.can_short = False
    told = _told(made, [-1.0, 0.8])
    assert told["enter_short"].tolist() == [0, 0]
    assert told["exit_long"].tolist() == [1, 0]
    assert told["hydra_reason"].tolist() == [Reason.SIDE_OFF, Reason.ENTER]


@pytest.mark.parametrize(("wanted", "stake"), [(0.5, 500.0), (-0.8, 800.0), (np.nan, 0.0)])
def test_the_stake_is_the_share_that_is_wanted(made: Any, wanted: float, stake: float) -> None:
    frame = _told(made, [0.1, 0.1, wanted])
    now = frame["date"].iloc[-1] + timedelta(minutes=5)
    side = "short" if wanted < 0 else "long"
    found = made.custom_stake_amount(PAIR, now, 100.0, 1000.0, 5.0, 9e9, 2.0, "agent", side)
    assert found == pytest.approx(stake)


@pytest.mark.parametrize(
    ("wanted", "missing"),
    [(1.0, "all"), (-1.0, None), (0.2, None), (np.nan, None), (0.45, None)],
)
def test_a_stake_far_from_the_target_is_put_right(
    made: Any, wanted: float, missing: str | None
) -> None:
    """500 are held; a whole stake is an eighth of the wallet, 1250."""
    frame = _told(made, [0.1, 0.1, wanted])
    now = (frame["date"].iloc[-1] + timedelta(minutes=5)).to_pydatetime()
    found = made.adjust_trade_position(trade(), now, 100.0, 0.0, 5.0, 9e9, 100.0, 100.0, 0.0, 0.0)
    assert found == (pytest.approx(EQUITY / 8 - 500.0) if missing else None)


def test_leverage_and_stop_are_the_agents(made: Any) -> None:
    assert made.stoploss == -0.1
    assert made.protections == []
    assert made.leverage(PAIR, None, 100.0, 1.0, 20.0, None, "long") == 2.0
    assert made.leverage(PAIR, None, 100.0, 1.0, 1.5, None, "long") == 1.5
