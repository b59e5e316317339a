"""From votes to one reason a candle, and the last look before an order."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from hydra_quant.reasons import Reason
from hydra_quant.risk.gates import check_entry, decide
from hydra_quant.settings import Gates, Vote
from hydra_quant.signals.soft_vote import SoftVote

NAN = np.nan
CLOSE_TIME = datetime(2025, 3, 1, 12, 5, tzinfo=UTC)
CANDLE = timedelta(minutes=5)


def one(total=0.8, agree=1, oppose=0, trusted=None, shock=1.0, usual=0.01, short=True, **more):
    decision = decide(
        SoftVote(np.array([total]), np.array([agree]), np.array([oppose])),
        trusted=None if trusted is None else np.array([trusted]),
        shock=np.array([shock]),
        usual_move=np.array([usual]),
        can_short=short,
        settings=Vote(),
        gates=Gates(),
        **more,
    )
    return int(decision.side[0]), Reason(int(decision.reason[0]))


@pytest.mark.parametrize(
    ("given", "side", "reason"),
    [
        ({}, 1, Reason.ENTER),
        ({"total": -0.8}, -1, Reason.ENTER),
        ({"total": 0.5}, 1, Reason.ENTER),
        ({"total": 0.49}, 0, Reason.BELOW_THRESHOLD),
        ({"total": 0.49, "oppose": 1}, 0, Reason.SOURCES_DISAGREE),
        ({"total": 0.0, "agree": 0, "oppose": 2}, 0, Reason.SOURCES_DISAGREE),
        ({"total": 0.3, "agree": 0}, 0, Reason.NO_SIGNAL),
        ({"total": 0.6, "agree": 0}, 1, Reason.ENTER),
        ({"total": -0.8, "short": False}, 0, Reason.SIDE_OFF),
        ({"total": NAN}, 0, Reason.WARMING_UP),
        ({"shock": NAN}, 0, Reason.WARMING_UP),
        ({"usual": NAN}, 0, Reason.WARMING_UP),
        ({"trusted": False}, 0, Reason.NO_PREDICTION),
        ({"trusted": True}, 1, Reason.ENTER),
        ({"shock": 6.0}, 1, Reason.ENTER),
        ({"shock": 6.1}, 0, Reason.SHOCK_CANDLE),
        ({"shock": np.inf}, 0, Reason.SHOCK_CANDLE),
        ({"usual": 0.002}, 1, Reason.ENTER),
        ({"usual": 0.0019}, 0, Reason.MOVE_BELOW_COSTS),
        ({"enter_above": 0.9}, 0, Reason.BELOW_THRESHOLD),
    ],
)
def test_table_of_decisions(given, side, reason):
    assert one(**given) == (side, reason)


def look(rate=100.0, close=100.0, late=timedelta(0)):
    return check_entry(
        rate=rate,
        signal_close=close,
        candle_close_time=CLOSE_TIME,
        now=CLOSE_TIME + late,
        candle=CANDLE,
        gates=Gates(),
    )


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, Reason.ENTERED),
        ({"late": 2 * CANDLE}, Reason.ENTERED),
        ({"late": 2 * CANDLE + timedelta(seconds=1)}, Reason.DATA_STALE),
        ({"late": -timedelta(seconds=1)}, Reason.DATA_STALE),
        ({"rate": 100.99}, Reason.ENTERED),
        ({"rate": 99.01}, Reason.ENTERED),
        ({"rate": 101.01}, Reason.PRICE_DRIFTED),
        ({"rate": 98.99}, Reason.PRICE_DRIFTED),
        ({"rate": NAN}, Reason.PRICE_DRIFTED),
        ({"rate": np.inf}, Reason.PRICE_DRIFTED),
        ({"rate": 0.0}, Reason.PRICE_DRIFTED),
        ({"rate": -100.0}, Reason.PRICE_DRIFTED),
        ({"close": NAN}, Reason.PRICE_DRIFTED),
    ],
)
def test_table_of_last_looks(given, reason):
    assert look(**given) is reason
